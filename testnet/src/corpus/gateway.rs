//! The gateway that a device reports to, as far as it answers: how often it tells the device to
//! report. The decision is the product's own function.

use super::Heard;
use super::chance::Chance;
use jiaolian_schema::fence::{Fence, Fences};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::watch::{Ground, Numbers, Pace, Spans, Word};
use std::sync::Arc;

/// How long an answer takes to the device, minutes.
const WAY_MINUTES: (f64, f64) = (0.02, 0.05);

/// The gateway of one device.
pub(super) struct Gateway<'a> {
    person: &'a str,
    fences: Fences,
    permits: &'a [Permit],
    numbers: Numbers,
    interval_ms: i64,
    pace: Pace,
}

/// A time in which a device reports quicker, as it was told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// When it heard of it, and when it ends, ms UTC.
    from: i64,
    until: i64,
    interval_ms: i64,
}

impl<'a> Gateway<'a> {
    pub(super) fn new(
        person: &'a str,
        fences: &[Fence],
        permits: &'a [Permit],
        interval_ms: i64,
    ) -> Self {
        Self {
            person,
            fences: Fences::new(fences.iter().cloned().map(Arc::new)),
            permits,
            numbers: Numbers::default(),
            interval_ms,
            pace: Pace::default(),
        }
    }

    /// What the device is told after a report of its moment.
    pub(super) fn hear(&mut self, heard: &Heard, chance: &mut Chance) -> Option<Told> {
        let (bound, down) = (Spans::always(), Spans::default());
        let ground = Ground {
            fences: &self.fences,
            permits: self.permits,
            numbers: &self.numbers,
            interval_ms: Some(self.interval_ms),
            bound: &bound,
            down: &down,
        };
        let word = Word {
            time: heard.time,
            point: heard.point,
            signs: heard.signs,
        };
        let heard_at = heard.received_at;
        let quick = self.pace.hear(self.person, &word, heard_at, &ground)?;
        let (low, high) = WAY_MINUTES;
        let from = heard_at + chance.minutes(low, high);
        Some(Told {
            from,
            until: from + quick.for_ms,
            interval_ms: quick.interval_ms,
        })
    }
}

impl Told {
    /// This one, begun when an earlier one did that it goes on with.
    pub(super) fn after(self, known: Option<Self>) -> Self {
        let known = known.filter(|known| self.from <= known.until);
        let from = known.map_or(self.from, |known| known.from);
        Self { from, ..self }
    }

    /// The interval that it puts in force at an instant, ms; none before it came and after its end.
    pub(super) fn interval_at(&self, time: i64) -> Option<i64> {
        (self.from..self.until)
            .contains(&time)
            .then_some(self.interval_ms)
    }
}
