//! The node's side: a key that never leaves it, a request that goes to the county by hand, a
//! certificate that comes back.

use super::super::{Done, Refusal, now_ms, read_bounded};
use super::file::{listen_at, write};
use crate::certificate::{
    Ask as Request, CERTIFICATE_BYTES_MAX, Issued, LAN_KEY_FILE, LanKey, Stored, digits,
};
use crate::home::Home;
use crate::store::{CACHE_MIB_DEFAULT, DiskStore};
use clap::Args;
use jiaolian_schema::envelope::Duty;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `jiaolian certificate ask`.
#[derive(Debug, Args)]
pub struct Ask {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// A DNS name or address of this node on its local network; comes once or more.
    #[arg(long = "name", required = true)]
    names: Vec<String>,
    /// Where to write the request.
    #[arg(long)]
    out: PathBuf,
    /// Draw a new key also where there is one: the old one may have been seen. The certificate
    /// that is installed is of no use then.
    #[arg(long)]
    new_key: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Ask {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let (home, _store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let request = request(&home, &self.names, self.new_key)?;
        write(&self.out, request.to_text().as_bytes())?;
        let out = self.out.display().to_string();
        Ok(Done {
            line: format!("请把证书申请 {out} 交给县局。"),
            data: json!({ "request": out, "names": self.names }),
        })
    }
}

/// A request under the node's key for pages, drawn where there is none.
pub(super) fn request(home: &Home, names: &[String], new: bool) -> Result<Request, Refusal> {
    let path = home.dir().join(LAN_KEY_FILE);
    let key = if path.exists() && !new {
        LanKey::open(&path, &home.ops)?
    } else {
        let key = LanKey::generate()?;
        key.write(&path, &home.ops)?;
        key
    };
    let signer = home.signer(Duty::Staff);
    let office = (home.identity.office_id(), home.identity.name.as_str());
    Ok(Request::new(office, &signer, &key, names)?)
}

/// `jiaolian certificate install`.
#[derive(Debug, Args)]
pub struct Install {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// The certificate.
    #[arg(long)]
    file: PathBuf,
    /// Where to serve the local network, `ip:port`; none leaves the configuration as it is.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Install {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let issued = Issued::parse(&read_bounded(&self.file, CERTIFICATE_BYTES_MAX)?)?;
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let issued = install(&home, &store, issued, self.listen)?;
        Ok(done(&issued, self.listen))
    }
}

/// Checks a certificate as `run` will and puts it beside the key.
pub(super) fn install(
    home: &Home,
    store: &DiskStore,
    issued: Issued,
    listen: Option<SocketAddr>,
) -> Result<Issued, Refusal> {
    let own = home.identity.office_id();
    let key = LanKey::open(&home.dir().join(LAN_KEY_FILE), &home.ops)?;
    let stored = Stored::new(issued, &key, own)?;
    stored.issued.holds(now_ms())?;
    let replica = home.replica(store)?;
    let fingerprint = stored.issued.fingerprint();
    if !replica.authority().is_vouched(own, &fingerprint) {
        let vouchings = replica.authority().vouchings(own);
        let known = vouchings.values().filter_map(|vouch| vouch.authority);
        let known: Vec<String> = known.map(|known| digits(&known)).collect();
        return Err(Refusal::data(format!(
            "no keeper of this office or above vouches for the authority {}; the roster here names {}",
            digits(&fingerprint),
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        )));
    }
    stored.issued.write(home.dir())?;
    if let Some(address) = listen {
        listen_at(home.dir(), address)?;
    }
    Ok(stored.issued)
}

/// What people do next.
pub(super) fn done(issued: &Issued, listen: Option<SocketAddr>) -> Done {
    let said = digits(&issued.fingerprint());
    let urls: Vec<String> = listen
        .into_iter()
        .map(|at| format!("https://{at}/"))
        .collect();
    let line = format!(
        "证书已安装({})。其他电脑先在本机页面下载并安装签发机构证书，核对指纹 {said}，再打开 {}",
        issued.names.join(" "),
        urls.first().map_or("本机的局域网地址", String::as_str),
    );
    let data = json!({
        "names": issued.names, "until": issued.until, "digits": said, "open": urls.first(),
    });
    Done { line, data }
}
