//! How often a device should report: quicker while its person is about to break a fence's rule or
//! has begun to, so that the fixes which R14 counts come at once, and no longer than that, for the
//! battery's sake.
//!
//! No verdict depends on it. A gateway asks it after each live report and passes on what it says;
//! a device that can't obey is watched all the same, later.

use super::sieve::SPEED_MM_PER_MS_MAX;
use super::{Ground, Word, binding};
use crate::fence::{Fence, FenceKind};
use crate::fix::{Grade, Point};
use crate::geo::farther_than;
use crate::signal::Sign;

/// Beyond this from where a candidate begins nobody is near, mm.
const REACH_MM: i64 = 2_000_000;
/// A device that refused is not asked again for so long, ms.
const REFUSED_MS: i64 = 24 * 3_600_000;

/// When a device is to report quicker, of `rules/alarm_kind.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PaceBar {
    /// Between two quick reports, ms.
    pub(super) interval_ms: i64,
    /// For how long each time, ms.
    pub(super) hold_ms: i64,
    /// For one reason at most so long, ms; then not until there was none for `rest_ms`.
    pub(super) longest_ms: i64,
    /// See [`Self::longest_ms`].
    pub(super) rest_ms: i64,
    /// So near to where a candidate begins, mm.
    pub(super) near_mm: i64,
    /// Or there within this time by the way somebody is heading, ms.
    pub(super) ahead_ms: i64,
    /// Reports no farther apart are those of a device in motion, ms.
    pub(super) gap_ms: i64,
    /// Not with a charge below, per cent, unless it is being charged.
    pub(super) battery_percent: u32,
}

/// What a device is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quick {
    /// Between two reports, ms.
    pub interval_ms: i64,
    /// For how long from now on, ms.
    pub for_ms: i64,
}

/// Why a device should report quicker; the graver is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// A fence's rule may be broken before the next report comes.
    Near,
    /// It is broken, as far as one fix can say.
    Beyond,
}

/// A time in which there is a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spell {
    cause: Cause,
    since: i64,
    last: i64,
}

/// What is remembered of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pace {
    last: Option<Point>,
    spell: Option<Spell>,
    /// Until when it was told to be quick, ms UTC.
    quick_until: Option<i64>,
    refused_until: Option<i64>,
}

impl Pace {
    /// Takes the device's next report, heard at an instant, ms UTC by the clock that reports are
    /// judged by. Some: tell the device this now.
    pub fn hear(
        &mut self,
        person: &str,
        word: &Word,
        heard_at: i64,
        ground: &Ground<'_>,
    ) -> Option<Quick> {
        let bar = &ground.numbers.pace;
        let is_old = self.last.is_some_and(|last| word.time <= last.time);
        let is_bound = ground.bound.around(word.time).is_some();
        let is_of_now = (heard_at - word.time).abs() <= bar.ahead_ms;
        if is_old || !is_of_now || !is_bound {
            return None;
        }
        let cause = match word.point.filter(Point::is_accurate_enough) {
            Some(point) => {
                let before = self.last.replace(point);
                let cause = cause(person, word, (before.as_ref(), &point), ground);
                cause.or_else(|| {
                    self.unseen(heard_at)
                        .filter(|_| point.grade() == Grade::Coarse)
                })
            }
            None => self
                .unseen(heard_at)
                .or_else(|| self.waits(person, word, ground)),
        };
        self.note(cause, heard_at, bar);
        let spell = self.spell.filter(|spell| spell.last == heard_at)?;
        let is_tired = heard_at - spell.since >= bar.longest_ms;
        let is_told = self
            .quick_until
            .is_some_and(|until| until - heard_at > bar.hold_ms / 2);
        let is_deaf = self.refused_until.is_some_and(|until| heard_at < until);
        if is_tired || is_told || is_deaf || is_empty(word, bar) {
            return None;
        }
        self.quick_until = Some(heard_at + bar.hold_ms);
        Some(Quick {
            interval_ms: bar.interval_ms,
            for_ms: bar.hold_ms,
        })
    }

    /// The device refused what it was told last.
    pub fn refuse(&mut self) {
        let until = self.quick_until.take();
        self.refused_until = until
            .map(|until| until + REFUSED_MS)
            .max(self.refused_until);
    }

    /// Who was beyond a fence and can't be seen well is not back for that.
    fn unseen(&self, heard_at: i64) -> Option<Cause> {
        let is_quick = self.quick_until.is_some_and(|until| heard_at <= until);
        let spell = self.spell.filter(|spell| spell.cause == Cause::Beyond);
        spell.filter(|_| is_quick).map(|spell| spell.cause)
    }

    /// Who was seen last where a fence will soon forbid it is taken to be there still.
    fn waits(&self, person: &str, word: &Word, ground: &Ground<'_>) -> Option<Cause> {
        let point = Point {
            time: word.time,
            ..self.last?
        };
        cause(person, word, (None, &point), ground)
    }

    fn note(&mut self, cause: Option<Cause>, at: i64, bar: &PaceBar) {
        self.spell = self.spell.filter(|spell| at - spell.last <= bar.rest_ms);
        let Some(cause) = cause else {
            return;
        };
        let known = self.spell.filter(|spell| spell.cause >= cause);
        let begun = Spell {
            cause,
            since: at,
            last: at,
        };
        self.spell = Some(Spell {
            last: at,
            ..known.unwrap_or(begun)
        });
    }
}

fn is_empty(word: &Word, bar: &PaceBar) -> bool {
    let is_low = |percent: u8| u32::from(percent) < bar.battery_percent;
    word.signs.battery().is_some_and(is_low) && word.signs.says(Sign::Charging) != Some(true)
}

/// The gravest reason of all fences: those that bind now, and those that will before a device at
/// rest reports again.
fn cause(
    person: &str,
    word: &Word,
    (before, point): (Option<&Point>, &Point),
    ground: &Ground<'_>,
) -> Option<Cause> {
    let bar = &ground.numbers.pace;
    let binds = |id: &str, fence: Option<&Fence>, point: &Point| {
        binding(id, fence, person, point, ground.permits).is_ok()
    };
    if before.is_some_and(|before| is_jump(before, point)) {
        return None;
    }
    // A position that wanders while the device lies still is an error under a roof: to look at it
    // more often would only make more of it. A rule that has just begun to bind needs no motion.
    let moving = before.filter(|before| is_moving(word, before, bar));
    let counts = |id: &str, fence: Option<&Fence>| {
        let is_new = before.is_some_and(|before| !binds(id, fence, before));
        (is_new || moving.is_some()) && binds(id, fence, point)
    };
    let now = ground.fences.at(point.time);
    let now = now.filter(|(id, fence)| counts(id, *fence));
    let now = now.filter_map(|(_, fence)| cause_of(fence?, (moving, point), bar));
    let later = Point {
        time: point.time + ground.numbers.interval_or(ground.interval_ms),
        ..*point
    };
    let soon = ground.fences.at(later.time);
    let soon = soon.filter(|(id, fence)| binds(id, *fence, &later) && !binds(id, *fence, point));
    let soon = soon.filter_map(|(_, fence)| {
        let is_out = fence?.verdict_of(&later).is_candidate();
        is_out.then_some(Cause::Near)
    });
    now.chain(soon).max()
}

/// R9, by the last report alone: what has jumped is believed where the next one agrees.
fn is_jump(before: &Point, point: &Point) -> bool {
    let passed = point.time.saturating_sub(before.time);
    let spare_mm = i64::from(before.accuracy_mm) + i64::from(point.accuracy_mm);
    let far_mm = SPEED_MM_PER_MS_MAX
        .saturating_mul(passed)
        .saturating_add(spare_mm);
    farther_than(before.at, point.at, far_mm)
}

fn is_moving(word: &Word, before: &Point, bar: &PaceBar) -> bool {
    let is_still = word.signs.says(Sign::Still) == Some(true);
    !is_still && word.time - before.time <= bar.gap_ms
}

fn cause_of(
    fence: &Fence,
    (before, point): (Option<&Point>, &Point),
    bar: &PaceBar,
) -> Option<Cause> {
    if fence.verdict_of(point).is_candidate() {
        return Some(Cause::Beyond);
    }
    // A rough position is near to everything.
    let gap = gap_mm(fence, point).filter(|_| point.grade() == Grade::Fine)?;
    let heads = |before: &Point| heads(fence, (before, point), gap, bar);
    let is_near = gap <= bar.near_mm || before.is_some_and(heads);
    is_near.then_some(Cause::Near)
}

/// Whether somebody who goes on as between two fixes is a candidate within the time ahead.
fn heads(fence: &Fence, (before, point): (&Point, &Point), gap: i64, bar: &PaceBar) -> bool {
    let closed = gap_mm(fence, before).unwrap_or(REACH_MM) - gap;
    let passed = point.time - before.time;
    before.grade() == Grade::Fine && closed > 0 && gap * passed <= closed * bar.ahead_ms
}

/// How far a place is from being a candidate of R12, mm; none where that is far.
fn gap_mm(fence: &Fence, point: &Point) -> Option<i64> {
    let (a, b) = (i64::from(point.accuracy_mm), i64::from(fence.buffer_mm()));
    let limit = REACH_MM + a + b;
    let distance = fence.distance(point.at, u32::try_from(limit).unwrap_or(u32::MAX));
    let d = distance.whole_mm();
    let gap = match fence.kind() {
        FenceKind::KeepIn => b + a - d,
        FenceKind::KeepOut => d - (b - a),
    };
    (gap < REACH_MM).then_some(gap)
}
