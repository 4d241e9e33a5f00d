//! The watch: whether a person kept to the fences and what the device says of itself, as a pure
//! function of the set of reports.
//!
//! A [`WatchState`] takes reports one by one in the order of their times and says what they decide.
//! A report that comes late changes the set: [`rejudge`] and [`judge`] compute again from stored
//! reports, and [`match_alarms`] says what that does to alarms already raised. The rules R1 to R25
//! and D1 to D13 (`docs/watch-device.md`) are cited by number where they hold.

mod alarm;
mod batch;
mod clock;
mod decision;
mod guard;
mod heard;
mod kind;
mod number;
mod open;
mod pace;
mod run;
mod sieve;
mod span;
mod wear;

use std::borrow::Borrow;

use minicbor::{Decode, Encode};

use crate::fence::{Fence, FenceKind, Fences};
use crate::fix::{Fix, Point};
use crate::permit::Permit;
use crate::signal::Signs;
use guard::{Guard, Manner, Turn};
use heard::Heard;
use sieve::{Sieve, Sifted};
use wear::{Said, Wear};

pub use alarm::{AlarmChange, AlarmId, StandingAlarm, WithdrawalCause, alarm_id, match_alarms};
pub use batch::{Clearing, Condition, Event, EventKind, Judgement, events, gather, judge, rejudge};
pub use clock::{
    CLOCK_AGREE_MS, CLOCK_DEVICES_MIN, CLOCK_FAULT_MS, ClockReport, NodeClock, judge_clock,
    judge_clock_ahead,
};
pub use decision::{Change, Transition};
pub use kind::AlarmKind;
pub use number::Numbers;
pub use pace::{Pace, Quick};
pub use span::{Spans, Terms};

/// A report as the watch hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// Device time, ms since 1970; the point's where there is one.
    pub time: i64,
    /// Where the device was, where it knew.
    pub point: Option<Point>,
    /// What it says of itself.
    pub signs: Signs,
}

/// By what a person's reports are judged.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Fences in all their versions.
    pub fences: &'a Fences,
    /// Permits; those of other people do not matter.
    pub permits: &'a [Permit],
    /// Numbers of the rules.
    pub numbers: &'a Numbers,
    /// How often the device reports where no binding in `bound` says, ms; none is the rules' own.
    pub interval_ms: Option<i64>,
    /// When a decision bound a band to the person: outside nothing that a device says counts.
    pub bound: &'a Spans,
    /// When the node did not run: then nobody was silent.
    pub down: &'a Spans,
}

impl Ground<'_> {
    /// How long the device may be silent after an instant at which it was heard, or missed first,
    /// ms: by the longest interval of the bindings that hold then (D7).
    fn silent_after_ms(&self, time: i64) -> i64 {
        let usual_ms = self.numbers.usual_interval_ms();
        let said = self.bound.terms_at(time);
        let longest = said
            .map(|terms| terms.interval_ms.unwrap_or(usual_ms))
            .max();
        self.numbers.silent_after_ms(longest.or(self.interval_ms))
    }

    fn measure(&self, time: i64) -> Measure<'_> {
        Measure {
            numbers: self.numbers,
            is_grave: self.bound.is_grave(time),
        }
    }
}

/// What the rules demand beyond R1 to R25.
#[derive(Debug, Clone, Copy)]
struct Measure<'a> {
    numbers: &'a Numbers,
    is_grave: bool,
}

/// What a report in its turn came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearing {
    /// Why its position is not used, where it brought one that is not.
    pub unused: Option<Unused>,
    /// What is decided, by it and by the time that passed before it.
    pub transitions: Vec<Transition>,
}

/// What one person's fixes have come to: enough to judge the next one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct WatchState {
    #[n(0)]
    sieve: Sieve,
    /// Sorted by fence; a fence of which nothing is to be remembered has none.
    #[n(1)]
    guards: Vec<Guard>,
    #[n(2)]
    wear: Wear,
}

/// What a fix came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It was used, and decided this.
    Used(Vec<Transition>),
    /// It was not used and changes nothing.
    Unused(Unused),
    /// It comes before, or in the place of, one already judged: judge the person's stored fixes
    /// again.
    Late,
}

/// Why a fix is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unused {
    /// Accuracy above 500 m (R7).
    Inaccurate,
    /// The last fix once more (R7).
    Double,
    /// A better fix of the same instant was used (R8).
    Rival,
    /// Too far from the last used fix for the time between (R9).
    Jump,
}

impl WatchState {
    /// A state that knows nothing of what came before an instant, ms since 1970: who is bound since
    /// before it is missed only once heard.
    pub fn since(floor: i64) -> Self {
        Self {
            wear: Wear::since(floor),
            ..Self::default()
        }
    }

    /// Takes the person's next fix by R1 to R25 alone: no role of a fence, no leave for another
    /// place and no device. `permits` may hold those of other people.
    ///
    /// `fences` must be the same set for all fixes of one judgement; which version binds is decided
    /// by the fix's time.
    pub fn step(&mut self, fix: &Fix, fences: &Fences, permits: &[Permit]) -> Step {
        self.step_point(&fix.person, &fix.point, (fences, permits, None))
    }

    /// Takes the person's next report. None: it comes before, or in the place of, one already
    /// judged; judge the person's stored reports again.
    pub fn hear(&mut self, person: &str, word: &Word, ground: &Ground<'_>) -> Option<Hearing> {
        let heard = Heard {
            time: word.time,
            signs: word.signs,
            placed: word.point.is_some_and(|point| point.is_accurate_enough()),
        };
        let late = word
            .point
            .as_ref()
            .is_some_and(|point| self.sieve.is_late(point));
        if late || self.sieve.last().is_some_and(|last| word.time < last.time) {
            return None;
        }
        let points = word.point.as_slice();
        match self.wear.last().filter(|last| word.time <= last.time) {
            Some(last) if word.time < last.time || heard.adds_to(last) => None,
            Some(_) => Some(self.sift_again(person, points, ground)),
            None => Some(self.hear_all(person, points, heard, ground)),
        }
    }

    /// Takes all reports of the person's next instant at once, in any order.
    pub fn hear_instant(&mut self, person: &str, words: &[Word], ground: &Ground<'_>) -> Hearing {
        let mut points: Vec<Point> = words.iter().filter_map(|word| word.point).collect();
        points.sort_unstable_by_key(Point::order);
        let signs = words.iter().map(|word| word.signs);
        let heard = Heard {
            time: words.first().map_or(i64::MIN, |word| word.time),
            signs: signs.fold(Signs::NONE, Signs::and),
            placed: points.iter().any(Point::is_accurate_enough),
        };
        self.hear_all(person, &points, heard, ground)
    }

    /// What the clock alone decides between the last report and `now`, ms since 1970: it stands
    /// only until the next report.
    pub fn lapse(&self, now: i64, ground: &Ground<'_>) -> Vec<Transition> {
        let seen = self.sieve.used().copied();
        self.wear.lapse(now, ground, seen).decided
    }

    /// The next instant after `now` at which the clock may decide more, ms since 1970.
    pub fn due_after(&self, now: i64, ground: &Ground<'_>) -> Option<i64> {
        self.wear.due_after(now, ground)
    }

    fn hear_all(
        &mut self,
        person: &str,
        points: &[Point],
        heard: Heard,
        ground: &Ground<'_>,
    ) -> Hearing {
        let before = self.sieve.used().copied();
        let passed = self.wear.pass(heard.time, ground, before).decided;
        let mut hearing = self.sift_again(person, points, ground);
        let said = Said {
            heard,
            jumped: hearing.unused == Some(Unused::Jump),
            seen: self.sieve.used().copied(),
        };
        if ground.bound.around(heard.time).is_some() {
            let decided = self.wear.hear(&said, ground.numbers);
            hearing.transitions.extend(decided);
        } else {
            self.wear.note(heard);
        }
        hearing.transitions.splice(0..0, passed);
        hearing
    }

    fn sift_again(&mut self, person: &str, points: &[Point], ground: &Ground<'_>) -> Hearing {
        let mut hearing = Hearing {
            unused: None,
            transitions: Vec::new(),
        };
        for point in points {
            let measure = ground.measure(point.time);
            let by = (ground.fences, ground.permits, Some(measure));
            match self.step_point(person, point, by) {
                Step::Used(decided) => hearing.transitions.extend(decided),
                Step::Unused(cause) if hearing.unused != Some(Unused::Jump) => {
                    hearing.unused = Some(cause);
                }
                Step::Unused(_) | Step::Late => {}
            }
        }
        hearing
    }

    fn step_point(
        &mut self,
        person: &str,
        point: &Point,
        (fences, permits, measure): (&Fences, &[impl Borrow<Permit>], Option<Measure<'_>>),
    ) -> Step {
        match self.sieve.sift(point) {
            Sifted::Late => return Step::Late,
            Sifted::Unused(cause) => return Step::Unused(cause),
            Sifted::Used => {}
        }
        let mut transitions = Vec::new();
        let mut next = 0;
        let kept = self.guards.iter().map(|guard| guard.fence.as_str());
        let mattering = fences.mattering(point.at, kept);
        for (id, fence) in fences.mattering_at(&mattering, point.time) {
            while self
                .guards
                .get(next)
                .is_some_and(|guard| guard.fence.as_str() < id)
            {
                let turn = self.guards[next].release(Change::ClearUnbound, point);
                self.settle(&mut next, turn, person, point, &mut transitions);
            }
            let has_guard = self.guards.get(next).is_some_and(|guard| guard.fence == id);
            if !has_guard && !begins(id, fence, person, point, permits) {
                continue;
            }
            if !has_guard {
                self.guards.insert(next, Guard::new(id));
            }
            let guard = &mut self.guards[next];
            let mut turn = match binding(id, fence, person, point, permits) {
                Ok(fence) => {
                    let manner = Manner::of(fence, measure);
                    guard.judge(&manner, fence.verdict_of(point), point)
                }
                Err(cause) => guard.release(cause, point),
            };
            let turned = turn.as_mut().filter(|_| measure.is_some());
            if let Some(turn) = turned.filter(|t| is_away(t, id, person, point, permits)) {
                turn.turn_away();
            }
            self.settle(&mut next, turn, person, point, &mut transitions);
        }
        while next < self.guards.len() {
            let turn = self.guards[next].release(Change::ClearUnbound, point);
            self.settle(&mut next, turn, person, point, &mut transitions);
        }
        Step::Used(transitions)
    }

    /// The latest instant judged, ms since 1970; a report before it is late.
    pub fn judged_until(&self) -> Option<i64> {
        let fix = self.sieve.last().map(|point| point.time);
        fix.max(self.wear.last().map(|heard| heard.time))
    }

    /// The conditions that are open after the last report, without the points that prove them. A
    /// silence is none of them: the clock decides it.
    pub fn open(&self) -> Vec<Condition> {
        let guards = self.guards.iter();
        let broken = guards.filter_map(|guard| Some(guard.open.as_ref()?.condition(&guard.fence)));
        let worn = self.wear.open().map(|open| open.condition(""));
        broken.chain(worn).collect()
    }

    /// Records what a guard decided and moves on, dropping a guard with nothing to remember.
    fn settle(
        &mut self,
        next: &mut usize,
        turn: Option<Turn>,
        person: &str,
        point: &Point,
        transitions: &mut Vec<Transition>,
    ) {
        let guard = &mut self.guards[*next];
        if let Some(turn) = turn {
            transitions.push(turn.record(guard, person, point));
        }
        if guard.is_idle() {
            self.guards.remove(*next);
        } else {
            *next += 1;
        }
    }
}

/// The fence if it binds this point (R11), otherwise how its violation would close.
fn binding<'a>(
    id: &str,
    fence: Option<&'a Fence>,
    person: &str,
    point: &Point,
    permits: &[impl Borrow<Permit>],
) -> Result<&'a Fence, Change> {
    let fence = fence.filter(|fence| fence.schedule().is_in_force(point.time));
    let fence = fence.ok_or(Change::ClearUnbound)?;
    let covers =
        |permit: &Permit| permit.person == person && permit.covers(id, fence.kind(), point);
    if permits.iter().map(Borrow::borrow).any(covers) {
        Err(Change::ClearPermitted)
    } else {
        Ok(fence)
    }
}

/// Whether a point gives a fence without a guard something to remember.
fn begins(
    id: &str,
    fence: Option<&Fence>,
    person: &str,
    point: &Point,
    permits: &[impl Borrow<Permit>],
) -> bool {
    fence.is_some_and(|fence| fence.verdict_of(point).is_candidate())
        && binding(id, fence, person, point, permits).is_ok()
}

/// Whether an exit is one under a leave for another place (D11).
fn is_away(
    turn: &Turn,
    id: &str,
    person: &str,
    point: &Point,
    permits: &[impl Borrow<Permit>],
) -> bool {
    let lifts = |permit: &Permit| {
        permit.person == person && permit.lifts(id, FenceKind::KeepIn, point.time)
    };
    (turn.kind, turn.change) == (AlarmKind::Exit, Change::Begin)
        && permits.iter().map(Borrow::borrow).any(lifts)
}
