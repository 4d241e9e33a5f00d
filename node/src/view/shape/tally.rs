//! A day, second by second (`docs/tally.md`).

use super::CaseRef;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How many seconds were so; all together 86,400.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TallySeconds {
    /// Kept.
    pub compliant: u32,
    /// Broken.
    pub violation: u32,
    /// By cause: `ahead`, `no_basis`, `device_off`, `outage`, `gateway`, `clock`, `no_place`,
    /// `no_signal`.
    pub unknown: BTreeMap<String, u32>,
}

/// A stretch of equal seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TallyStretch {
    /// First second after midnight in Shanghai.
    pub from: u32,
    /// First second after it.
    pub to: u32,
    /// `compliant`, `violation` or `unknown`.
    pub what: String,
    /// Of what is unknown, the cause.
    pub cause: Option<String>,
}

/// A person's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TallyShape {
    /// The case.
    pub case: CaseRef,
    /// The civil day in Shanghai.
    pub day: String,
    /// Up to when things are known, ms UTC.
    pub until: i64,
    /// Sums.
    pub seconds: TallySeconds,
    /// Stretches in order, which hold every second once.
    pub stretches: Vec<TallyStretch>,
}
