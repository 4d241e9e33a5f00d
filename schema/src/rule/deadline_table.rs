//! The deadlines of law by id: how long, from what, owed by whom, and where that is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::text::keyed;
use crate::deadline::{Period, Roll, Unit};

/// One deadline of law.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Its id, such as `TR_REPLY`.
    pub id: String,
    /// How many units.
    pub n: u32,
    /// What is counted.
    pub unit: Unit,
    /// True if it is counted back from the start (so much before it).
    #[serde(default)]
    pub before: bool,
    /// What happens on a rest day.
    pub roll: Roll,
    /// What starts it.
    pub starts: String,
    /// Who owes it.
    pub obliged: String,
    /// Law, measure or design default.
    pub source: String,
    /// True if it was read in the official text.
    pub verified: bool,
}

impl Deadline {
    /// Its length.
    pub fn period(&self) -> Period {
        Period {
            n: self.n,
            unit: self.unit,
            roll: self.roll,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    deadline: Vec<Deadline>,
}

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Deadline>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    keyed(file.deadline, |deadline| &deadline.id)
}
