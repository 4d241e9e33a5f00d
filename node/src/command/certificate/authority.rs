//! The authority's side: made once at the county, off-line ever after, used to sign for a node.

use super::super::desk::{Bench, Desk};
use super::super::secret::Source;
use super::super::work::{Who, Work};
use super::super::{Done, Refusal, cost, now_ms, read_bounded};
use super::file::{read_authority, write_new};
use crate::certificate::{
    ASK_BYTES_MAX, Ask, AuthorityFile, CERTIFICATE_DAYS, CertificateError, Scope, digits,
};
use crate::home::Home;
use crate::store::CACHE_MIB_DEFAULT;
use clap::Args;
use jiaolian_schema::act::Vouch;
use jiaolian_schema::hold::Moment;
use jiaolian_schema::id::{EnvelopeId, OfficeId, hex};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What passphrases are asked for under.
const AUTHORITY: &str = "签发机构文件";

/// `jiaolian certificate ca`.
#[derive(Debug, Args)]
pub struct Ca {
    /// The county's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of its keeper.
    #[arg(long = "as")]
    keeper: String,
    /// Where to write the authority, best on a USB stick.
    #[arg(long)]
    out: PathBuf,
    /// A domain that it may sign for, with all below; comes once or more.
    #[arg(long = "domain", default_value = "jiaolian.internal")]
    domains: Vec<String>,
    /// Address ranges beside the private ones, `address/bits`.
    #[arg(long = "subnet")]
    subnets: Vec<String>,
    /// Reason or document number.
    #[arg(long, default_value = "")]
    document: String,
    /// Read two passphrases from standard input, one a line: the keeper's, then the authority's.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Ca {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let scope = Scope::new(&self.domains, &self.subnets)?;
        let mut bench = Bench::open(&self.dir, &self.keeper, self.passphrase_stdin)?;
        let mut desk = bench.desk();
        let words = Source::new(self.passphrase_stdin).ask_new(AUTHORITY)?;
        let file = found(&mut desk, scope, &words, &self.document)?;
        write_new(&self.out, &file.to_bytes())?;
        desk.settle()?;
        bench.close()?;
        let (out, said) = (self.out.display().to_string(), digits(&file.fingerprint()));
        let line = format!("已建立签发机构 {out}，指纹 {said}，并已写入名册。请离线保管。");
        let data = json!({
            "authority": out, "fingerprint": hex(&file.fingerprint()), "digits": said,
            "until": file.until,
        });
        Ok(Done { line, data })
    }
}

/// Makes an authority and vouches for it; durable once the desk settles.
pub(super) fn found(
    desk: &mut Desk<'_>,
    scope: Scope,
    passphrase: &str,
    document: &str,
) -> Result<AuthorityFile, Refusal> {
    let identity = &desk.home.identity;
    let name = format!("{} 局域网证书", identity.name);
    let cost = cost(identity.drill);
    let file = AuthorityFile::make(&name, scope, (cost, passphrase), now_ms())?;
    let own = identity.office_id();
    let vouch = Vouch {
        authority: Some(file.fingerprint()),
        replaces: Vec::new(),
        document: document.to_owned(),
    };
    let roster = desk.replica.roster(own);
    desk.sign(roster, vouch.into())?;
    Ok(file)
}

/// `jiaolian certificate distrust`.
#[derive(Debug, Args)]
pub struct Distrust {
    /// The data directory of the county, or of an office above.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of its keeper.
    #[arg(long = "as")]
    keeper: String,
    /// Fingerprint of the authority, hexadecimal or in digits.
    #[arg(long)]
    fingerprint: String,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Read the keeper's passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Work for Distrust {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::numbered(&self.keeper, self.passphrase_stdin))
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let own = desk.home.identity.office_id();
        let mut ids: Vec<EnvelopeId> = Vec::new();
        for office in desk
            .replica
            .authority()
            .offices()
            .as_of(desk.now)
            .subtree(own)
        {
            let vouchings = desk.replica.authority().vouchings(office);
            let named = vouchings
                .iter()
                .filter(|(_, vouch)| vouch.authority.is_some_and(|it| self.names(&it)));
            ids.extend(named.map(|(id, _)| *id));
        }
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Err(Refusal::data(format!(
                "no authority with the fingerprint {:?} is vouched for here",
                self.fingerprint
            )));
        }
        let vouch = Vouch {
            authority: None,
            replaces: ids,
            document: self.reason.clone(),
        };
        let roster = desk.replica.roster(own);
        desk.sign(roster, vouch.into())?;
        desk.settle()?;
        Ok(Done {
            line: "已停用该签发机构，各机关收到后不再使用它签发的证书。".to_owned(),
            data: json!({ "fingerprint": self.fingerprint }),
        })
    }
}

impl Distrust {
    fn names(&self, fingerprint: &[u8; 32]) -> bool {
        let plain = |text: &str| -> String {
            let kept = text.chars().filter(char::is_ascii_alphanumeric);
            kept.map(|c| c.to_ascii_lowercase()).collect()
        };
        let asked = plain(&self.fingerprint);
        asked == hex(fingerprint) || asked == plain(&digits(fingerprint))
    }
}

/// `jiaolian certificate issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// The authority.
    #[arg(long)]
    ca: PathBuf,
    /// What the node asks for.
    #[arg(long)]
    request: PathBuf,
    /// Where to write the certificate.
    #[arg(long)]
    out: PathBuf,
    /// The county's data directory: the request must then be by a node that its roster names.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Read the authority's passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Issue {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let file = read_authority(&self.ca)?;
        let ask = Ask::parse(&read_bounded(&self.request, ASK_BYTES_MAX)?)?;
        if let Some(dir) = &self.dir {
            let (home, store) = Home::open(dir, CACHE_MIB_DEFAULT)?;
            check_asker(&home.replica(&store)?, home.identity.office_id(), &ask)?;
        }
        let words = Source::new(self.passphrase_stdin).ask(AUTHORITY)?;
        let issued = file.issue(&words, &ask, now_ms())?;
        write_new(&self.out, &issued.to_bytes())?;
        let out = self.out.display().to_string();
        let checked = if self.dir.is_some() {
            "已核对名册"
        } else {
            "未核对名册，请确认申请确实来自该机关"
        };
        let names = ask.names.join(" ");
        let line = format!(
            "已为 {} 签发证书({names})，有效 {CERTIFICATE_DAYS} 天，{checked}。请把 {out} 带回该机关。",
            ask.name
        );
        let data = json!({
            "office": ask.office, "name": ask.name, "names": ask.names, "certificate": out,
            "until": issued.until, "roster_checked": self.dir.is_some(),
        });
        Ok(Done { line, data })
    }
}

/// A node at or below the county asks, by the key that the roster names.
pub(super) fn check_asker(
    replica: &jiaolian_sync::Replica<crate::store::StoreReader>,
    own: OfficeId,
    ask: &Ask,
) -> Result<(), Refusal> {
    let (office, author) = (ask.office_id()?, ask.author()?);
    let authority = replica.authority();
    let endpoints = authority.endpoints();
    let is_node = endpoints.values().any(|seat| seat.author == author);
    let today = Moment::at(now_ms());
    if is_node && authority.offices().stood_over(own, office, today) {
        return Ok(());
    }
    Err(CertificateError::Unsigned.into())
}
