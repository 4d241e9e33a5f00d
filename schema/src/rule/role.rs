//! Roles are named in appointments and in workflow tables; this says what each one is.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::text::keyed;

/// What the keys of a role may do at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// Appoints, revokes and endorses.
    Keeper,
    /// Signs receipts.
    Witness,
    /// Records, prepares and decides.
    Staff,
    /// A device or a node that reports what it measured or judged.
    Machine,
    /// People without an office: they apply, explain and confirm.
    Party,
    /// Another authority: its documents come in and go out.
    Partner,
}

/// One role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one column of the table"
)]
pub struct Role {
    /// Its id, as in appointments.
    pub id: String,
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
    /// Tiers at which it is given, 1 township to 5 ministry; empty outside the offices.
    pub tiers: Vec<u8>,
    /// What its keys may do at all.
    pub duty: Duty,
    /// True if it leads its office, so that it may rule on quarrels there.
    #[serde(default)]
    pub head: bool,
    /// True if it may read the content of cases in its subtree.
    #[serde(default)]
    pub reads_cases: bool,
    /// True if it reads the logs of its office and of those below.
    #[serde(default)]
    pub audits: bool,
    /// True if whoever holds it writes nothing, whatever else they hold.
    #[serde(default)]
    pub reads_only: bool,
    /// True if it works on minors' cases too.
    #[serde(default)]
    pub minors: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    role: Vec<Role>,
}

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Role>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    keyed(file.role, |role| &role.id)
}
