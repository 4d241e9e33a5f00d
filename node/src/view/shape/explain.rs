//! What made an alarm, fix by fix (`docs/explain.md`).

use super::{Coded, FixShape};
use crate::http::text::Text;
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// By which rules it was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleShape {
    /// Rules of the watch.
    pub watch: String,
    /// Rule pack of this office, hexadecimal.
    pub pack: String,
}

/// The stretch of time that is explained, ms UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainWindow {
    /// First instant.
    pub from: i64,
    /// First instant after it.
    pub to: i64,
    /// Whether every stored report of it is here.
    pub whole: bool,
}

/// A fix and what it was to the fence.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a yes or no of its own"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainedFix {
    /// The fix.
    #[serde(flatten)]
    pub fix: FixShape,
    /// `fine` or `coarse`.
    pub grade: String,
    /// Whether the watch used it.
    pub used: bool,
    /// Why not: `inaccurate`, `double`, `rival`, `jump`, `skewed`.
    pub unused: Option<String>,
    /// Whether the fence bound it.
    pub bound: bool,
    /// Why not: `permit`, `schedule`, `version`.
    pub unbound: Option<String>,
    /// The fence's version that counted.
    pub fence_version: Option<u32>,
    /// Signed distance to the fence's edge, + outside, mm.
    pub distance_mm: Option<i64>,
    /// Whether it is farther than is told.
    pub beyond: bool,
    /// `core`, `candidate`, `neutral`, `back` or `clear`.
    pub verdict: Option<String>,
    /// Whether it is one of the run that decided.
    pub counts: bool,
    /// Whether it decided.
    pub decides: bool,
    /// One sentence.
    pub why: Text,
}

/// A permit that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplainedPermit {
    /// From, ms UTC.
    pub from: i64,
    /// To, inclusive, ms UTC.
    pub to: i64,
    /// It covers nothing before, ms UTC.
    pub signed: Option<i64>,
    /// It covers nothing from then on, ms UTC.
    pub revoked: Option<i64>,
    /// The one fence that it lifts.
    pub fence: Option<String>,
    /// The area as a GeoJSON feature.
    #[schema(value_type = Object)]
    pub area: Option<Json>,
    /// How many of the fixes it covers.
    pub covers: u64,
}

/// What the device said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainedSignal {
    /// Device time, ms UTC.
    pub at: i64,
    /// Time it came, ms UTC.
    pub received_at: i64,
    /// Whether it came live.
    pub live: bool,
    /// Only what it said.
    pub signs: BTreeMap<String, bool>,
    /// Charge, per cent.
    pub battery_percent: Option<u8>,
}

/// What judging anew comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DecisionShape {
    /// `exit`, `enter`, `suspect` or `device`.
    pub event: String,
    /// The fence; empty where it is about the device.
    pub fence: String,
    /// First report of the run that decided, ms UTC.
    pub time: i64,
    /// The report that decided, ms UTC.
    pub decided_at: i64,
    /// What decided, hexadecimal.
    pub fix: String,
}

/// An alarm explained.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplainShape {
    /// Id as in the path, hexadecimal.
    pub id: String,
    /// The alarm's name, the same at every gateway, hexadecimal.
    pub alarm: String,
    /// The person's code, hexadecimal.
    pub person: String,
    /// Kind.
    pub kind: Coded,
    /// 1 to 4, as it was raised.
    pub severity: u8,
    /// Found among late reports.
    pub retrospective: bool,
    /// When it was raised, ms UTC.
    pub raised_at: i64,
    /// When it began, ms UTC.
    pub time: i64,
    /// When it was decided, ms UTC.
    pub decided_at: i64,
    /// Rules.
    pub rules: RuleShape,
    /// Window.
    pub window: ExplainWindow,
    /// The fence's version that counted, as a GeoJSON feature.
    #[schema(value_type = Object)]
    pub fence: Option<Json>,
    /// Permits of the person.
    pub permits: Vec<ExplainedPermit>,
    /// Fixes in the order of their times.
    pub fixes: Vec<ExplainedFix>,
    /// What the device said.
    pub signals: Vec<ExplainedSignal>,
    /// What judging anew comes to.
    pub decision: Option<DecisionShape>,
    /// Whether that is what the alarm says; none for kinds that a window does not decide.
    pub agrees: Option<bool>,
    /// What differs.
    pub differs: Vec<Text>,
}
