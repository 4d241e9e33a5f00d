//! `jiaolian export`: a case, a matter or an alarm as one file of evidence, made by an officer at a
//! node that does not run; a running one gives the same file from its pages.

use super::secret::{Source, open_ring};
use super::{Done, EXIT_CANNOT_CREATE, EXIT_IO, EXIT_NO_PERMISSION, Refusal, cost, now_ms};
use crate::event::Events;
use crate::home::Home;
use crate::key::KeyRing;
use crate::metric::Metrics;
use crate::owner::{Node, Own as _, Parts};
use crate::platform;
use crate::seal::entropy;
use crate::store::CACHE_MIB_DEFAULT;
use crate::view::bundle::{Wanted, bundle};
use crate::view::{County, Viewer, case, seat};
use clap::Args;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::Sign as _;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// `jiaolian export`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["case", "matter", "alarm"])))]
pub struct Export {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of the officer who makes it.
    #[arg(long = "as")]
    officer: String,
    /// The case: its id in hexadecimal, or its case number.
    #[arg(long)]
    case: Option<String>,
    /// The matter: its id in hexadecimal.
    #[arg(long)]
    matter: Option<String>,
    /// The alarm: its id in hexadecimal.
    #[arg(long)]
    alarm: Option<String>,
    /// What it is for: duty, alarm, search, inspection, complaint or court; written down.
    #[arg(long)]
    purpose: String,
    /// Where the file goes.
    #[arg(long)]
    out: PathBuf,
    /// Read the officer's passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Export {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let (mut node, viewer, home) = self.open()?;
        let wanted = self.wanted(&mut node, &viewer)?;
        let made = bundle(&mut node, &viewer, wanted, &self.purpose);
        let (_, bytes) = made.map_err(|error| refuse(&error))?;
        node.replica.flush_log(now_ms(), entropy());
        // The row of the export is durable before the file is.
        node.settle()
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        drop((node, home));
        platform::write_atomically(&self.out, &bytes).map_err(|error| {
            Refusal::new(
                EXIT_CANNOT_CREATE,
                format!("{}: {error}", self.out.display()),
            )
        })?;
        let out = self.out.display().to_string();
        Ok(Done {
            line: format!(
                "证据已写入 {out}，{} 字节。任何人可用 `jiaolian verify {out}` 查验。",
                bytes.len()
            ),
            data: json!({ "file": out, "bytes": bytes.len() }),
        })
    }

    /// The node as its officer has it at the desk, without links.
    fn open(&self) -> Result<(Node, Viewer, Home), Refusal> {
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let keys = KeyRing::new(cost(home.identity.drill));
        let source = Source::new(self.passphrase_stdin);
        let words = source.ask(&self.officer)?;
        let opened = open_ring(&store.reader(), &keys, &self.officer, &words)?;
        let replica = home.replica(&store)?;
        let mut node = Node::new(Parts {
            replica,
            store,
            links: None,
            rules: Arc::new(RulePack::builtin()),
            counties: Arc::new(County::demo()),
            events: Arc::new(Events::new(now_ms())),
            metrics: Arc::new(Metrics::default()),
            office: home.identity.office_id(),
            demo: home.identity.drill,
            clock: Arc::new(now_ms),
            tip: None,
        });
        let key = opened.key.public_key();
        let viewer = seat::find(&node, &self.officer, &key, now_ms());
        let viewer = viewer.filter(|viewer| seat::reads_cases(&node, viewer));
        let viewer = viewer.ok_or_else(|| {
            Refusal::new(
                EXIT_NO_PERMISSION,
                format!("{} has no seat here that reads cases", self.officer),
            )
        })?;
        node.unlock(opened.case_secret)
            .map_err(|error| refuse(&error))?;
        Ok((node, viewer, home))
    }

    fn wanted(&self, node: &mut Node, viewer: &Viewer) -> Result<Wanted, Refusal> {
        let no_id = |what: &str, text: &str| {
            Refusal::data(format!(
                "no {what} with the id {text:?} can be shown to you"
            ))
        };
        if let Some(text) = &self.matter {
            let id = EnvelopeId::from_hex(text).ok_or_else(|| no_id("matter", text))?;
            return Ok(Wanted::Matter(id));
        }
        if let Some(text) = &self.alarm {
            let id = DossierId::from_hex(text).ok_or_else(|| no_id("alarm", text))?;
            return Ok(Wanted::Alarm(id));
        }
        let text = self.case.as_deref().unwrap_or_default();
        if let Some(id) = DossierId::from_hex(text) {
            return Ok(Wanted::Case(id));
        }
        let query = case::CaseQuery {
            q: text.to_owned(),
            ..case::CaseQuery::default()
        };
        let rows = case::list(node, viewer, &query).into_iter();
        let mut numbered = rows.filter(|row| row.case.no == text);
        match (numbered.next(), numbered.next()) {
            (Some(row), None) => {
                let id = DossierId::from_hex(&row.case.id);
                id.map(Wanted::Case).ok_or_else(|| no_id("case", text))
            }
            (Some(_), Some(_)) => Err(Refusal::data(format!(
                "two cases have the number {text:?}: give the id"
            ))),
            _ => Err(no_id("case", text)),
        }
    }
}

fn refuse(error: &crate::http::error::ApiError) -> Refusal {
    let status = match error.code() {
        "not_allowed" | "purpose_needed" => EXIT_NO_PERMISSION,
        "store_failed" => EXIT_IO,
        _ => super::EXIT_DATA,
    };
    Refusal::new(status, error.sentence())
}
