//! `jiaolian status`: how a node is, from outside: asked over HTTP where it runs, read from its
//! directory where it does not.

use super::{Done, EXIT_CONFIG, EXIT_UNAVAILABLE, Refusal};
use crate::certificate::Stored;
use crate::config::Config;
use crate::home::{CONFIG_FILE, Home, HomeError};
use crate::http::lan::Lan;
use crate::identity::Identity;
use crate::platform;
use crate::store::{CACHE_MIB_DEFAULT, StoreReader};
use clap::Args;
use jiaolian_schema::hold::DossierKind;
use jiaolian_sync::{DossierRow, Replica};
use serde_json::{Value as Json, json};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for a running node's answer, s.
const ANSWER_WAIT_S: u64 = 5;
/// Longest answer read, bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// `jiaolian status`.
#[derive(Debug, Args)]
pub struct Status {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Status {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let config = Config::load(&self.dir.join(CONFIG_FILE))
            .map_err(|error| Refusal::new(EXIT_CONFIG, error))?;
        let identity = Identity::read(&self.dir).map_err(HomeError::from)?;
        let mut data = json!({
            "office": identity.office, "name": identity.name, "code": identity.code,
            "tier": identity.tier, "drill": identity.drill, "joined": identity.root.is_some(),
        });
        let open_swap = platform::open_swap();
        let warnings: Vec<_> = open_swap
            .iter()
            .map(|area| platform::swap_sentence(area))
            .collect();
        data["warnings"] = json!(warnings);
        match Home::open(&self.dir, CACHE_MIB_DEFAULT) {
            Ok((home, store)) => {
                data["running"] = json!(false);
                if identity.root.is_some() {
                    let replica = home.replica(&store)?;
                    let of = |kind| {
                        replica
                            .dossiers()
                            .filter(|(_, row)| row.kind == kind && !is_hidden(&replica, row))
                            .count()
                    };
                    data["cases"] = json!(of(DossierKind::Case));
                    data["alarms"] = json!(of(DossierKind::Alarm));
                    data["refused"] = json!(replica.refused_count());
                    data["certificate"] = certificate(&home, &replica);
                }
            }
            Err(HomeError::Held(_)) => {
                data["running"] = json!(true);
                data["ready"] = ask(config.http.bind, "/readyz")?;
                data["health"] = ask(config.http.bind, "/healthz")?;
                data["certificate"] = ask(config.http.bind, "/api/v1/certificate")?;
            }
            Err(error) => return Err(error.into()),
        }
        let line = [vec![self.line(&data)], warnings].concat().join("\n");
        Ok(Done { line, data })
    }

    fn line(&self, data: &Json) -> String {
        let joined = if data["joined"] == true {
            "已加入"
        } else {
            "未加入"
        };
        let name = data["name"].as_str().unwrap_or_default();
        let note = data["certificate"]["note"]["zh"].as_str();
        let note = note.map(|note| format!("。{note}")).unwrap_or_default();
        if data["running"] == true {
            let locked = if data["ready"]["locked"] == true {
                "案件未解锁，等待有人登录"
            } else {
                "案件已解锁"
            };
            return format!("{name}: 运行中，{joined}，{locked}{note}");
        }
        let cases = data["cases"].as_u64().unwrap_or(0);
        let alarms = data["alarms"].as_u64().unwrap_or(0);
        format!(
            "{name}: 未运行，{joined}，案件 {cases} 件，报警 {alarms} 条({}){note}",
            self.dir.display()
        )
    }
}

/// The certificate of the local network, as a node that does not run would show it.
fn certificate(home: &Home, replica: &Replica<StoreReader>) -> Json {
    let office = home.identity.office_id();
    let lan = Lan::new(Stored::open(home.dir(), &home.ops, office), false);
    let now = super::now_ms();
    if let Some(fingerprint) = lan.fingerprint() {
        lan.judge(replica.authority().is_vouched(office, &fingerprint), now);
    }
    json!({
        "state": lan.shut().map_or("open", |shut| shut.word()),
        "until": lan.until(), "note": lan.notice(now).map(|(_, note)| note),
    })
}

/// Whoever asks has not signed in, so minors and sealed cases are in no number.
fn is_hidden(replica: &Replica<StoreReader>, row: &DossierRow) -> bool {
    let hidden = |row: &DossierRow| row.minor == 1 || row.sealed == Some(1);
    let case = row.case.and_then(|case| replica.dossier(case));
    hidden(row) || case.is_some_and(hidden)
}

/// One GET over a plain socket to a node on this machine.
fn ask(address: SocketAddr, path: &str) -> Result<Json, Refusal> {
    let silent = |error: std::io::Error| {
        Refusal::new(
            EXIT_UNAVAILABLE,
            format!("the node at {address} does not answer: {error}"),
        )
    };
    let wait = Some(Duration::from_secs(ANSWER_WAIT_S));
    let mut stream = TcpStream::connect(address).map_err(silent)?;
    stream.set_read_timeout(wait).map_err(silent)?;
    let ask = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).map_err(silent)?;
    let mut answer = String::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_string(&mut answer)
        .map_err(silent)?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body)
        .map_err(|error| Refusal::new(EXIT_UNAVAILABLE, format!("{address}{path}: {error}")))
}
