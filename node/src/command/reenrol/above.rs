//! The office above: what waits, and the answer.

use super::super::desk::Desk;
use super::super::work::{Who, Work, write_out};
use super::super::{Done, EXIT_IO, Refusal, read_bounded};
use crate::reenrol::{self, CARRIED_BYTES_MAX, Reply};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

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

impl Work for List {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let own = desk.home.identity.office_id();
        let waiting = reenrol::waiting(desk.replica, own, desk.now);
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

impl Work for Answer {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::numbered(&self.keeper, self.passphrase_stdin))
    }

    fn read(&self) -> Result<Vec<u8>, Refusal> {
        let read = |path: &PathBuf| read_bounded(path, CARRIED_BYTES_MAX);
        self.request.as_ref().map_or_else(|| Ok(Vec::new()), read)
    }

    fn work(&self, desk: &mut Desk<'_>, input: &[u8]) -> Result<Done, Refusal> {
        let (own, now) = (desk.home.identity.office_id(), desk.now);
        let carried = if self.request.is_some() {
            let line = String::from_utf8_lossy(input).into_owned();
            let read = reenrol::read_carried(desk.replica, &line);
            Some(read.map_err(Refusal::data)?)
        } else {
            None
        };
        let found = reenrol::find(desk.replica, (own, now), carried, &self.code);
        let waits = found.map_err(Refusal::data)?;
        let roster = desk.replica.roster(waits.ask.office);
        let acts = reenrol::acts(desk.replica, &waits, now);
        if desk.foresee(&acts)?.answer_to(&waits.ask).is_none() {
            return Err(Refusal::data(format!(
                "{} was not given enough to appoint {} at {}",
                self.keeper, waits.ask.staff_number, waits.office_name
            )));
        }
        for act in acts {
            desk.sign(roster, act)?;
        }
        desk.settle()?;
        if self.out.is_some() {
            let reply = Reply::new(desk.replica, waits.ask.office);
            let reply = reply.map_err(|error| Refusal::new(EXIT_IO, error))?;
            desk.file = Some(reply.to_bytes());
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

    fn keep(&self, file: &[u8]) -> Result<(), Refusal> {
        let write = |out: &PathBuf| write_out(out, file, EXIT_IO);
        self.out.as_ref().map_or(Ok(()), write)
    }
}
