//! The numbers of `rules/alarm_kind.toml` by which the watch judges.

use std::collections::BTreeMap;

use super::AlarmKind;
use super::pace::PaceBar;
use crate::rule;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const METRE_MM: i64 = 1_000;

/// How many fixes over what span decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) count: u32,
    pub(super) span_ms: i64,
}

/// When a battery is low, per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LowBattery {
    pub(super) percent: u32,
    pub(super) percent_low: u32,
    pub(super) hysteresis: u32,
    pub(super) severity_low: u8,
}

/// When a device is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FaultBar {
    pub(super) jumps: u32,
    pub(super) quiet_ms: i64,
    pub(super) repeats: u32,
    pub(super) severity_repeated: u8,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    severity: BTreeMap<AlarmKind, u8>,
    pub(super) night: Bar,
    pub(super) person: Bar,
    pub(super) far_mm: i64,
    pub(super) severity_far: u8,
    pub(super) severity_grave: u8,
    pub(super) apart_ms: i64,
    pub(super) off_percent: u32,
    pub(super) battery: LowBattery,
    pub(super) unplaced_ms: i64,
    severity_blind: u8,
    silent_ms: i64,
    intervals: i64,
    interval_ms: i64,
    pub(super) worsen: Vec<(i64, u8)>,
    pub(super) fault: FaultBar,
    pub(super) pace: PaceBar,
}

impl Default for Numbers {
    /// Those that ship with the program.
    fn default() -> Self {
        rule::builtin_numbers().clone()
    }
}

impl Numbers {
    /// Reads them from kinds by code; what is missing is named.
    pub(crate) fn read(kinds: &BTreeMap<String, rule::AlarmKind>) -> Result<Self, String> {
        let find = |code: &str| kinds.get(code).ok_or(format!("no kind {code}"));
        let number = |code: &str, name: &str| {
            let number = find(code)?.parameter.get(name).copied();
            number.ok_or(format!("{code} has no parameter {name}"))
        };
        let times =
            |code: &str, name: &str, unit: i64| number(code, name).map(|n| i64::from(n) * unit);
        let severity = |code: &str, name: &str| {
            let found = number(code, name)?;
            let known = u8::try_from(found).ok().filter(|s| (1..=4).contains(s));
            known.ok_or(format!("{name} of {code} lies in 1..=4, found {found}"))
        };
        let bar = |code: &str| {
            let count = number(code, "candidates")?;
            let span_ms = times(code, "dwell_seconds", SECOND_MS)?;
            Ok::<_, String>(Bar { count, span_ms })
        };
        let severities = AlarmKind::ALL.into_iter();
        let severities = severities.map(|kind| Ok((kind, find(kind.code())?.severity)));
        let worsen = find("NO_SIGNAL")?.worsen.iter();
        let worsen = worsen.map(|step| (i64::from(step.after_minutes) * MINUTE_MS, step.severity));
        let mut worsen: Vec<(i64, u8)> = worsen.collect();
        worsen.sort_unstable();
        Ok(Self {
            severity: severities.collect::<Result<_, String>>()?,
            night: bar("NIGHT_OUT")?,
            person: bar("NEAR_PERSON")?,
            far_mm: times("GEO_OUT", "far_metres", METRE_MM)?,
            severity_far: severity("GEO_OUT", "severity_far")?,
            severity_grave: severity("GEO_OUT", "severity_g5")?,
            apart_ms: times("SEPARATION", "dwell_seconds", SECOND_MS)?,
            off_percent: number("POWER_OFF", "battery_percent_min")?,
            battery: LowBattery {
                percent: number("LOW_BATT", "battery_percent")?,
                percent_low: number("LOW_BATT", "battery_percent_low")?,
                hysteresis: number("LOW_BATT", "hysteresis_percent")?,
                severity_low: severity("LOW_BATT", "severity_low")?,
            },
            unplaced_ms: times("SILENT", "without_fix_minutes", MINUTE_MS)?,
            severity_blind: severity("NO_SIGNAL", "severity_blind")?,
            silent_ms: times("NO_SIGNAL", "silent_minutes", MINUTE_MS)?,
            intervals: times("NO_SIGNAL", "intervals", 1)?,
            interval_ms: times("NO_SIGNAL", "interval_seconds", SECOND_MS)?,
            worsen,
            fault: FaultBar {
                jumps: number("DEV_FAULT", "jumps")?,
                quiet_ms: times("DEV_FAULT", "quiet_minutes", MINUTE_MS)?,
                repeats: number("DEV_FAULT", "repeats")?,
                severity_repeated: severity("DEV_FAULT", "severity_repeated")?,
            },
            pace: PaceBar {
                interval_ms: times("GEO_OUT", "quick_seconds", SECOND_MS)?,
                hold_ms: times("GEO_OUT", "quick_for_seconds", SECOND_MS)?,
                longest_ms: times("GEO_OUT", "quick_longest_seconds", SECOND_MS)?,
                rest_ms: times("GEO_OUT", "quick_rest_seconds", SECOND_MS)?,
                near_mm: times("GEO_OUT", "quick_metres", METRE_MM)?,
                ahead_ms: times("GEO_OUT", "quick_ahead_seconds", SECOND_MS)?,
                gap_ms: times("GEO_OUT", "quick_gap_seconds", SECOND_MS)?,
                battery_percent: number("GEO_OUT", "quick_battery_percent_min")?,
            },
        })
    }

    /// The severity with which a kind begins.
    pub fn severity(&self, kind: AlarmKind) -> u8 {
        self.severity.get(&kind).copied().unwrap_or(1)
    }

    /// How often a device reports at rest; none is the rules' own, ms.
    pub(super) fn interval_or(&self, interval_ms: Option<i64>) -> i64 {
        interval_ms.unwrap_or(self.interval_ms)
    }

    /// How long a device may be silent that reports every `interval_ms`; none is the rules' own.
    pub fn silent_after_ms(&self, interval_ms: Option<i64>) -> i64 {
        let interval_ms = interval_ms.unwrap_or(self.interval_ms);
        self.silent_ms
            .max(self.intervals.saturating_mul(interval_ms))
    }

    /// How often a device reports whose binding does not say, ms.
    pub(super) fn usual_interval_ms(&self) -> i64 {
        self.interval_ms
    }

    /// The severity of a silence that has lasted so long, ms, and was raised with one: one that
    /// began in a blind spot is milder up to the last step (D13).
    pub fn severity_of_silence_raised(&self, raised: u8, lasted_ms: i64) -> u8 {
        if raised > self.severity(AlarmKind::NoSignal) {
            self.severity_of_blind_silence(lasted_ms)
        } else {
            self.severity_of_silence(lasted_ms)
        }
    }

    /// The severity of a silence in a blind spot that has lasted so long, ms.
    pub(super) fn severity_of_blind_silence(&self, lasted_ms: i64) -> u8 {
        let last = self.worsen.last().filter(|(after, _)| *after <= lasted_ms);
        last.map_or(self.severity_blind, |(_, severity)| *severity)
    }

    /// The severity of a silence that has lasted so long, ms.
    pub fn severity_of_silence(&self, lasted_ms: i64) -> u8 {
        let base = self.severity(AlarmKind::NoSignal);
        let passed = self.worsen.iter().filter(|(after, _)| *after <= lasted_ms);
        passed
            .map(|(_, severity)| *severity)
            .min()
            .unwrap_or(base)
            .min(base)
    }
}
