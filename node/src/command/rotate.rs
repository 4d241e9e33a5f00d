//! `jiaolian rotate`: a new epoch for the keys of case files, so that whoever left reads nothing that
//! is written from here on. Everybody who stays is given it without being asked for a passphrase.

use super::secret::{Source, open_ring};
use super::{Done, EXIT_DATA, EXIT_IO, Refusal, cost};
use crate::home::Home;
use crate::key::{KeyRing, TurnError, numbers, turn};
use crate::seal::CaseSecret;
use crate::store::{CACHE_MIB_DEFAULT, DiskStore, Resealing};
use clap::Args;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// `jiaolian rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of a person who is enrolled here and stays.
    #[arg(long = "as")]
    by: String,
    /// Staff number of a person whose ring is taken away; comes once or more.
    #[arg(long = "remove")]
    leave: Vec<String>,
    /// Read the passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Rotate {
    pub(super) fn run(&self) -> Result<Done, Refusal> {
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let leave = self.leavers(&store)?;
        let keys = KeyRing::new(cost(home.identity.drill));
        let source = Source::new(self.passphrase_stdin);
        let words = source.ask(&self.by)?;
        let opened = open_ring(&store.reader(), &keys, &self.by, &words)?;
        let next = CaseSecret::after(opened.case_secret.public());
        let refused = |error: &dyn std::fmt::Display| Refusal::new(EXIT_IO, error.to_string());
        store
            .unlock(opened.case_secret)
            .map_err(|error| refused(&error))?;
        store
            .commit(opened.renewed.as_slice())
            .map_err(|error| refused(&error))?;
        let rows = turn(&store, &next, &leave).map_err(|error| match error {
            TurnError::Unreachable(_) => Refusal::new(EXIT_DATA, error),
            TurnError::Store(error) => refused(&error),
        })?;
        store
            .turn_epoch(&next, &rows)
            .map_err(|error| refused(&error))?;
        let mut at = Resealing::default();
        while !store.reseal(&mut at).map_err(|error| refused(&error))? {}
        let epoch = next.public().epoch();
        Ok(Done {
            line: format!(
                "案件密钥已更换为第 {epoch} 期，停用 {} 人的密钥环，旧数据已重新加密。",
                leave.len()
            ),
            data: json!({ "epoch": epoch, "removed": leave, "whole": at.is_whole() }),
        })
    }

    /// Whose rings go. The one who does it stays: somebody must be able to open what is written next.
    fn leavers(&self, store: &DiskStore) -> Result<BTreeSet<String>, Refusal> {
        let known = numbers(store).map_err(|error| Refusal::new(EXIT_IO, error))?;
        for number in &self.leave {
            if !known.contains(number) {
                return Err(Refusal::data(format!(
                    "nobody with the staff number {number} has a ring here"
                )));
            }
            if *number == self.by {
                return Err(Refusal::data(format!(
                    "{number} can't take the own ring away"
                )));
            }
        }
        Ok(self.leave.iter().cloned().collect())
    }
}
