//! Kinds of alarm: how grave, whom to tell, how fast, and the numbers that raise them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::text::keyed;
use crate::deadline::{Period, Roll, Unit};

/// Gravest severity; 4 is the mildest.
const SEVERITY_MAX: u8 = 4;

/// Which of the two regimes of supervision raises it; they never mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// Continuous points of a positioning device under a valid decision.
    Band,
    /// Point checks only.
    Phone,
    /// Either, or neither.
    Any,
}

/// A span of time within which an alarm is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    /// How many units.
    pub n: u32,
    /// What is counted.
    pub unit: Unit,
}

impl Sla {
    /// As a period; nothing rolls, working days end on working days by themselves.
    pub fn period(self) -> Period {
        Period {
            n: self.n,
            unit: self.unit,
            roll: Roll::None,
        }
    }
}

/// When a higher tier hears of an alarm that is not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// The tier, 2 county to 5 ministry.
    pub tier: u8,
    /// Minutes after it was raised.
    pub after_minutes: u32,
}

/// When an alarm that goes on becomes graver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worsening {
    /// The severity from then on.
    pub severity: u8,
    /// Minutes after it began.
    pub after_minutes: u32,
}

/// One kind of alarm.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmKind {
    /// Its code, such as `GEO_OUT`.
    pub code: String,
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
    /// 1 red, 2 orange, 3 yellow, 4 blue, when it is raised.
    pub severity: u8,
    /// Which regime raises it.
    pub regime: Regime,
    /// Numbers of the raising condition; the unit is the end of the name.
    #[serde(default)]
    pub parameter: BTreeMap<String, u32>,
    /// Roles told first.
    pub tell: Vec<String>,
    /// Minutes until somebody has seen it.
    #[serde(default)]
    pub ack_minutes: Option<u32>,
    /// Until it is handled.
    #[serde(default)]
    pub handle: Option<Sla>,
    /// When higher tiers hear of it.
    #[serde(default)]
    pub escalate: Vec<Escalation>,
    /// When it becomes graver.
    #[serde(default)]
    pub worsen: Vec<Worsening>,
    /// True if the system may close it when the condition has passed.
    #[serde(default)]
    pub closes_itself: bool,
    /// True if closing it as false needs the picture of points and zones.
    #[serde(default)]
    pub geometry: bool,
    /// Codes of deployed systems that mean the same.
    #[serde(default)]
    pub maps: String,
    /// Law, measure or design default.
    pub source: String,
    /// True if the numbers were read in an official text.
    pub verified: bool,
}

impl AlarmKind {
    /// Severity once the watch said of an alarm that it grew graver: the parameter `severity_…`.
    pub fn severity_worsened(&self) -> u8 {
        let named = self.parameter.iter();
        let graver = named.filter(|(name, _)| name.starts_with("severity_"));
        let graver = graver.filter_map(|(_, severity)| u8::try_from(*severity).ok());
        graver.min().unwrap_or(self.severity).min(self.severity)
    }

    /// After how many minutes an alarm that began `minutes` ago becomes graver next.
    pub fn graver_after(&self, minutes: u32) -> Option<u32> {
        let ahead = self.worsen.iter().map(|worse| worse.after_minutes);
        ahead.filter(|after| *after > minutes).min()
    }

    /// Severity of an alarm that was raised with one and began `minutes` ago. What was raised milder
    /// than its kind (a silence in a blind spot, D13) grows by the last step only.
    pub fn severity_grown(&self, raised: u8, minutes: u32) -> u8 {
        if raised <= self.severity {
            return self.severity_after(minutes).min(raised);
        }
        let last = self.worsen.iter().max_by_key(|worse| worse.after_minutes);
        let last = last.filter(|worse| worse.after_minutes <= minutes);
        last.map_or(raised, |worse| worse.severity.min(raised))
    }

    /// Severity of an alarm that began `minutes` ago.
    pub fn severity_after(&self, minutes: u32) -> u8 {
        let passed = self
            .worsen
            .iter()
            .filter(|worse| worse.after_minutes <= minutes);
        passed
            .map(|worse| worse.severity)
            .min()
            .unwrap_or(self.severity)
            .min(self.severity)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    kind: Vec<AlarmKind>,
}

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, AlarmKind>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    for kind in &file.kind {
        let worse = kind.worsen.iter().map(|worse| worse.severity);
        if let Some(found) = worse
            .chain([kind.severity])
            .find(|found| !(1..=SEVERITY_MAX).contains(found))
        {
            return Err(format!(
                "severity lies in 1..=4, found {found} in {}",
                kind.code
            ));
        }
    }
    keyed(file.kind, |kind| &kind.code)
}
