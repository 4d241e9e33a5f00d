//! Every supervised second is accounted for: a person's civil day as compliant, violation, or unknown
//! with the cause, 86,400 seconds always.
//!
//! The rules T1 to T9 are those of `docs/tally.md`. A second is what its first instant is; no arrival
//! order, connection or clock enters beside the instant up to which things are known.

mod paint;
mod read;

use crate::fence::{Fence, FenceKind, Fences};
use crate::fix::{DAY_MS, Point, SHANGHAI_AHEAD_MS, Source};
use crate::geo::Coord;
use crate::permit::Permit;
use crate::rule::RulePack;
use paint::Painting;

pub use read::{reports_of, rules_broken};

/// Seconds of a civil day in Shanghai, which knows no daylight saving.
pub const DAY_SECONDS: u32 = 86_400;
/// Kind of alarm whose numbers say how long a report vouches (T4).
const SILENCE_KIND: &str = "NO_SIGNAL";

/// A stretch of time: from an instant up to, not including, another; ms UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First instant.
    pub from: i64,
    /// First instant after it.
    pub to: i64,
}

impl Span {
    /// Whether an instant lies within.
    pub const fn holds(self, time: i64) -> bool {
        self.from <= time && time < self.to
    }
}

/// What a report gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// A fix that the watch used: it vouches for the place.
    Used(Coord),
    /// Life, but no place: no position, or one that the watch did not use.
    Placeless,
    /// A fix that was not judged because its time does not fit the node's.
    Skewed,
}

/// One report of a person's device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Report {
    /// Device time, ms UTC.
    pub time: i64,
    /// What it gave.
    pub word: Word,
    /// It said that it is being switched off.
    pub off: bool,
}

/// A stretch in which a rule was broken: a [`crate::watch::Condition`] of a fence, or a strap that was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The fence; empty where none is concerned.
    pub fence: String,
    /// When; an open end is `i64::MAX`.
    pub span: Span,
}

/// Why a second is unknown, in the order in which one cause goes before another (T6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It is still to come, or nothing of it is known yet.
    Ahead,
    /// No decision and no binding was in force: nobody was to know.
    NoBasis,
    /// The device had said that it is being switched off.
    DeviceOff,
    /// The office's own node did not run.
    Outage,
    /// The node ran and its gateway took no reports.
    Gateway,
    /// The node's or the device's time could not be trusted.
    Clock,
    /// The device was heard, without a place.
    NoPlace,
    /// Nothing was heard.
    NoSignal,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 8] = [
        Self::Ahead,
        Self::NoBasis,
        Self::DeviceOff,
        Self::Outage,
        Self::Gateway,
        Self::Clock,
        Self::NoPlace,
        Self::NoSignal,
    ];

    /// Its name in files and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::NoBasis => "no_basis",
            Self::DeviceOff => "device_off",
            Self::Outage => "outage",
            Self::Gateway => "gateway",
            Self::Clock => "clock",
            Self::NoPlace => "no_place",
            Self::NoSignal => "no_signal",
        }
    }
}

/// What a second was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Second {
    /// A used fix vouches for it and no violation holds it.
    Compliant,
    /// A violation holds it.
    Violation,
    /// Nobody can tell.
    Unknown(Cause),
}

/// All that a day is counted from; reports and spans in any order, doubled or not.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The person's code, as in the permits.
    pub person: &'a str,
    /// The person's reports; of the day before too, as far as they reach into the day.
    pub reports: &'a [Report],
    /// Violations.
    pub broken: &'a [Broken],
    /// When a decision was in force and a device bound.
    pub bound: &'a [Span],
    /// When the node did not run.
    pub outages: &'a [Span],
    /// When its gateway took nothing.
    pub gateway_down: &'a [Span],
    /// When its clock could not be trusted.
    pub clock: &'a [Span],
    /// Fences in their versions.
    pub fences: &'a Fences,
    /// Leaves.
    pub permits: &'a [Permit],
    /// How long a report vouches, ms (T4).
    pub reach_ms: i64,
    /// Up to when things are known, ms UTC.
    pub until: i64,
}

/// A stretch of equal seconds, in seconds after midnight in Shanghai.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// First second.
    pub from: u32,
    /// First second after it, at most 86,400.
    pub to: u32,
    /// What they were.
    pub what: Second,
}

/// A day, whole: its stretches touch one another and hold every second once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Days since 1970 in Shanghai.
    pub day: i32,
    /// Stretches in order; two that touch differ.
    pub stretches: Vec<Stretch>,
}

impl Tally {
    /// How many seconds were so.
    pub fn seconds(&self, what: Second) -> u32 {
        let of = self.stretches.iter().filter(|stretch| stretch.what == what);
        of.map(|stretch| stretch.to - stretch.from).sum()
    }

    /// What the second of that number was; none past the day.
    pub fn at(&self, second: u32) -> Option<Second> {
        let after = self
            .stretches
            .partition_point(|stretch| stretch.to <= second);
        self.stretches.get(after).map(|stretch| stretch.what)
    }
}

/// First instant of a civil day of Shanghai, given in days since 1970; ms UTC.
pub fn midnight(day: i32) -> i64 {
    i64::from(day) * DAY_MS - SHANGHAI_AHEAD_MS
}

/// How long a report vouches by the rules, for a device that reports so often; ms (T4).
pub fn reach_ms(rules: &RulePack, interval_ms: i64) -> i64 {
    let number = |name: &str| {
        let kind = rules.alarm_kind(SILENCE_KIND);
        let number = kind.and_then(|kind| kind.parameter.get(name).copied());
        number.map_or(0, i64::from)
    };
    let silent_ms = number("silent_minutes") * 60_000;
    interval_ms
        .saturating_mul(number("intervals"))
        .max(silent_ms)
}

/// Counts a day.
pub fn tally(day: i32, inputs: &Inputs<'_>) -> Tally {
    let mut painting = Painting::new(midnight(day));
    let reports = in_order(inputs.reports);
    // What is painted later goes before what was painted earlier (T6).
    for (index, report) in reports.iter().enumerate() {
        let next = reports.get(index + 1).map_or(i64::MAX, |next| next.time);
        let end = report.time.saturating_add(inputs.reach_ms);
        let span = Span {
            from: report.time,
            to: end,
        };
        match report.word {
            Word::Placeless => painting.under(span, Second::Unknown(Cause::NoPlace)),
            Word::Skewed => painting.under(span, Second::Unknown(Cause::Clock)),
            Word::Used(_) => {}
        }
        let off = Span {
            from: report.time,
            to: next,
        };
        if report.off {
            painting.under(off, Second::Unknown(Cause::DeviceOff));
        }
    }
    for (spans, cause) in [
        (inputs.clock, Cause::Clock),
        (inputs.gateway_down, Cause::Gateway),
        (inputs.outages, Cause::Outage),
    ] {
        for span in spans {
            painting.under(*span, Second::Unknown(cause));
        }
    }
    for span in vouched(&reports, inputs.reach_ms) {
        painting.over(span, |_| Some(Second::Compliant));
    }
    for broken in inputs.broken {
        painting.over(broken.span, |time| {
            let is_lifted = is_lifted(broken, time, &reports, inputs);
            (!is_lifted).then_some(Second::Violation)
        });
    }
    painting.outside(inputs.bound, Second::Unknown(Cause::NoBasis));
    let known = Span {
        from: i64::MIN,
        to: inputs.until,
    };
    painting.outside(&[known], Second::Unknown(Cause::Ahead));
    painting.tally(day)
}

/// Ascending by time, one an instant: of several the one that gives most, off where any says so.
fn in_order(reports: &[Report]) -> Vec<Report> {
    let mut sorted = reports.to_vec();
    sorted.sort_unstable();
    let mut merged: Vec<Report> = Vec::new();
    for report in sorted {
        match merged.last_mut().filter(|last| last.time == report.time) {
            Some(last) => last.off |= report.off,
            None => merged.push(report),
        }
    }
    merged
}

/// What used fixes vouch for: each up to its reach, and no farther than the next word of another
/// kind that takes it back (T3).
fn vouched(reports: &[Report], reach_ms: i64) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut taken_back = i64::MAX;
    for report in reports.iter().rev() {
        if report.off {
            taken_back = report.time;
        }
        if let Word::Used(_) = report.word {
            spans.push(Span {
                from: report.time,
                to: report.time.saturating_add(reach_ms).min(taken_back),
            });
        }
    }
    spans
}

/// Whether a violation does not count at an instant: its fence is not in force, or a permit covers
/// the place that the last used fix gave (T5).
fn is_lifted(broken: &Broken, time: i64, reports: &[Report], inputs: &Inputs<'_>) -> bool {
    let all = inputs.fences.iter();
    let versions: Vec<&Fence> = all.filter(|fence| fence.id() == broken.fence).collect();
    if versions.is_empty() {
        return false;
    }
    let valid = versions
        .into_iter()
        .filter(|fence| fence.valid().holds(time));
    let version = valid.max_by_key(|fence| fence.version());
    let Some(fence) = version.filter(|fence| fence.schedule().is_in_force(time)) else {
        return true;
    };
    place_at(reports, time).is_some_and(|at| is_permitted(broken, fence.kind(), (time, at), inputs))
}

fn is_permitted(
    broken: &Broken,
    kind: FenceKind,
    (time, at): (i64, Coord),
    inputs: &Inputs<'_>,
) -> bool {
    let point = Point::new(time, at, None, Source::Gnss);
    let mut permits = inputs.permits.iter();
    permits
        .any(|permit| permit.person == inputs.person && permit.covers(&broken.fence, kind, &point))
}

/// The place of the last used fix up to an instant.
fn place_at(reports: &[Report], time: i64) -> Option<Coord> {
    let until = reports.partition_point(|report| report.time <= time);
    reports[..until]
        .iter()
        .rev()
        .find_map(|report| match report.word {
            Word::Used(at) => Some(at),
            Word::Placeless | Word::Skewed => None,
        })
}
