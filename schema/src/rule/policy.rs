//! Numbers that an authority may set by signed policy; these are the values before it speaks.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::RulePack;
use super::text::keyed;

/// One number of policy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// The number.
    pub n: u32,
    /// What it counts.
    pub unit: String,
    /// Smallest value a signed policy may set.
    pub min: u32,
    /// Largest value a signed policy may set.
    pub max: u32,
    /// What it is for.
    pub purpose: String,
    /// Law, measure or design default.
    pub source: String,
    /// True if it was read in the official text.
    pub verified: bool,
}

impl RulePack {
    /// Days without a superior after which decisions stop, and after which contests end (C).
    pub fn stale_days(&self) -> u32 {
        self.policy("stale_days").map_or(7, |policy| policy.n)
    }

    /// How long an office keeps a case that it may hold no more, days.
    pub fn moved_keep_days(&self) -> u32 {
        self.policy("moved_keep_days").map_or(5, |policy| policy.n)
    }

    /// How long a node's log stays after it was filed above, days.
    pub fn audit_keep_days(&self) -> u32 {
        self.policy("audit_keep_days")
            .map_or(1_096, |policy| policy.n)
    }

    /// After how many minutes without word from an office its alarms go to the county's duty desk.
    pub fn duty_takeover_minutes(&self) -> u32 {
        self.policy("duty_takeover_minutes")
            .map_or(5, |policy| policy.n)
    }

    /// How long a person's positions stay after their day, days.
    pub fn track_keep_days(&self) -> u32 {
        self.policy("track_keep_days")
            .map_or(183, |policy| policy.n)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    policy: Vec<Policy>,
}

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Policy>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let outside = file
        .policy
        .iter()
        .find(|policy| !(policy.min..=policy.max).contains(&policy.n));
    if let Some(Policy {
        id, n, min, max, ..
    }) = outside
    {
        return Err(format!("policy {id:?} lies in {min}..={max}, found {n}"));
    }
    keyed(file.policy, |policy| &policy.id)
}
