//! The office above: what waits, and the answer.

use super::super::desk::Desk;
use super::super::{Done, EXIT_IO, Refusal, now_ms, read_bounded};
use crate::home::Home;
use crate::platform;
use crate::reenrol::{self, CARRIED_BYTES_MAX, Reply};
use crate::store::CACHE_MIB_DEFAULT;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `jiaolian reenrol list`.
#[derive(Debug, Args)]
pub struct List {
    /// The data directory of the office above.
    #[arg(long)]
    dir: PathBuf,
    /// Answer in JSON.
    #[arg(long)]
    pub(in super::super) json: bool,
}

impl List {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let replica = home.replica(&store)?;
        let waiting = reenrol::waiting(&replica, home.identity.office_id(), now_ms());
        let rows: Vec<_> = waiting
            .iter()
            .map(|waits| {
                json!({
                    "office": waits.office_name, "name": waits.name,
                    "staff_number": waits.ask.staff_number, "at": waits.at,
                })
            })
            .collect();
        let names: Vec<String> = waiting
            .iter()
            .map(|waits| {
                format!(
                    "{} {}({})",
                    waits.office_name, waits.name, waits.ask.staff_number
                )
            })
            .collect();
        Ok(Done {
            line: format!("等待答复的申请 {} 件。{}", rows.len(), names.join("、")),
            data: json!({ "items": rows }),
        })
    }
}

/// `jiaolian reenrol answer`.
#[derive(Debug, Args)]
pub struct Answer {
    /// The data directory of the office above.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of its keeper.
    #[arg(long = "as")]
    keeper: String,
    /// The code as the officer reads it over the telephone.
    #[arg(long)]
    code: String,
    /// The request, where it came by hand.
    #[arg(long)]
    request: Option<PathBuf>,
    /// Where to write the answer, for a desk without a link.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Read the keeper's passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(in super::super) json: bool,
}

impl Answer {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let mut desk = Desk::open(&self.dir, &self.keeper, self.passphrase_stdin)?;
        let (own, now) = (desk.home.identity.office_id(), now_ms());
        let carried = match &self.request {
            None => None,
            Some(path) => {
                let bytes = read_bounded(path, CARRIED_BYTES_MAX)?;
                let line = String::from_utf8_lossy(&bytes).into_owned();
                let read = reenrol::read_carried(&desk.replica, &line);
                Some(read.map_err(Refusal::data)?)
            }
        };
        let found = reenrol::find(&desk.replica, (own, now), carried, &self.code);
        let waits = found.map_err(Refusal::data)?;
        let roster = desk.replica.roster(waits.ask.office);
        for act in reenrol::acts(&desk.replica, &waits, now) {
            desk.sign(roster, act)?;
        }
        if desk.replica.authority().answer_to(&waits.ask).is_none() {
            return Err(Refusal::data(format!(
                "{} was not given enough to appoint {} at {}",
                self.keeper, waits.ask.staff_number, waits.office_name
            )));
        }
        desk.settle()?;
        if let Some(out) = &self.out {
            let reply = Reply::new(&desk.replica, waits.ask.office);
            let reply = reply.map_err(|error| Refusal::new(EXIT_IO, error))?;
            platform::write_atomically(out, &reply.to_bytes())
                .map_err(|error| Refusal::new(EXIT_IO, format!("{}: {error}", out.display())))?;
        }
        let line = format!(
            "已为 {} {}({})任命新密钥，原密钥停用。",
            waits.office_name, waits.name, waits.ask.staff_number
        );
        let data = json!({
            "office": waits.office_name, "name": waits.name,
            "staff_number": waits.ask.staff_number,
            "answer": self.out.as_ref().map(|out| out.display().to_string()),
        });
        Ok(Done { line, data })
    }
}
