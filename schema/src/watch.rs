//! The watch: whether a person kept to the fences, as a pure function of the set of fixes.
//!
//! A [`WatchState`] takes fixes one by one in the order of their times and says what they decide. A
//! fix that
//! comes late changes the set: [`rejudge`] computes again from stored fixes, and [`match_alarms`]
//! says what that does to alarms already raised. The rules R1 to R25 are cited by number where they
//! hold.

mod alarm;
mod batch;
mod clock;
mod guard;
mod run;
mod sieve;

use std::borrow::Borrow;

use minicbor::{Decode, Encode};

use crate::fence::{Fence, Fences};
use crate::fix::{Fix, FixId, Point};
use crate::permit::Permit;
use guard::{Guard, Turn};
use sieve::{Sieve, Sifted};

pub use alarm::{
    AlarmChange, AlarmId, AlarmKind, StandingAlarm, WithdrawalCause, alarm_id, match_alarms,
};
pub use batch::{Clearing, Event, EventKind, Judgement, Violation, events, rejudge};
pub use clock::{
    CLOCK_AGREE_MS, CLOCK_DEVICES_MIN, CLOCK_FAULT_MS, ClockReport, NodeClock, judge_clock,
};

/// What one person's fixes have come to: enough to judge the next one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct WatchState {
    #[n(0)]
    sieve: Sieve,
    /// Sorted by fence; a fence of which nothing is to be remembered has none.
    #[n(1)]
    guards: Vec<Guard>,
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

/// A decision about a person and a fence.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Transition {
    /// The fence's id.
    #[n(0)]
    pub fence: String,
    /// What was decided.
    #[n(1)]
    pub change: Change,
    /// First fix of the run that decided (R16), ms since 1970.
    #[n(2)]
    pub time: i64,
    /// The fix that decided, ms since 1970.
    #[n(3)]
    pub decided_at: i64,
    /// The fix that decided.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub deciding: FixId,
    /// The few points that prove it: first, last but one and last of the run.
    #[n(5)]
    pub evidence: Vec<Point>,
    /// For a clear: the fix that decided the violation it closes.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub closes: Option<FixId>,
}

/// What a [`Transition`] decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Change {
    /// Left a `keep_in` fence.
    #[n(0)]
    Exit,
    /// Entered a `keep_out` fence.
    #[n(1)]
    Enter,
    /// Came back: the violation is closed.
    #[n(2)]
    ClearReturned,
    /// A permit covers the person: the violation is closed.
    #[n(3)]
    ClearPermitted,
    /// The fence is no longer in force: the violation is closed.
    #[n(4)]
    ClearUnbound,
    /// Coarse fixes make a violation likely (R17); raises and closes nothing.
    #[n(5)]
    Suspect,
}

impl Change {
    /// Whether it closes a violation.
    pub const fn is_clear(self) -> bool {
        matches!(
            self,
            Self::ClearReturned | Self::ClearPermitted | Self::ClearUnbound
        )
    }
}

impl WatchState {
    /// Takes the person's next fix. `permits` may hold those of other people.
    ///
    /// `fences` must be the same set for all fixes of one judgement; which version binds is decided
    /// by the
    /// fix's time.
    pub fn step(&mut self, fix: &Fix, fences: &Fences, permits: &[Permit]) -> Step {
        self.step_point(&fix.person, &fix.point, fences, permits)
    }

    fn step_point(
        &mut self,
        person: &str,
        point: &Point,
        fences: &Fences,
        permits: &[impl Borrow<Permit>],
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
            let turn = match binding(id, fence, person, point, permits) {
                Ok(fence) => guard.judge(fence.kind(), fence.verdict_of(point), point),
                Err(cause) => guard.release(cause, point),
            };
            self.settle(&mut next, turn, person, point, &mut transitions);
        }
        while next < self.guards.len() {
            let turn = self.guards[next].release(Change::ClearUnbound, point);
            self.settle(&mut next, turn, person, point, &mut transitions);
        }
        Step::Used(transitions)
    }

    /// The latest instant judged, ms since 1970; a fix before it is late.
    pub fn judged_until(&self) -> Option<i64> {
        self.sieve.last().map(|point| point.time)
    }

    /// Fences with a violation open, with its time and the id of the fix that decided it.
    pub fn open(&self) -> impl Iterator<Item = (&str, i64, FixId)> {
        self.guards.iter().filter_map(|guard| {
            guard
                .open
                .as_ref()
                .map(|open| (guard.fence.as_str(), open.time, open.deciding))
        })
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
