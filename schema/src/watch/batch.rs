//! Judging a whole set of fixes at once, for `replay` and after a late fix (R18).

use std::collections::BTreeMap;

use super::{Change, Step, Transition, WatchState};
use crate::fence::Fences;
use crate::fix::{Fix, FixId, Point};
use crate::permit::Permit;

/// What happened to a person at a fence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The person's code.
    pub person: String,
    /// The fix that decided, ms since 1970.
    pub decided_at: i64,
    /// The fence's id.
    pub fence: String,
    /// What happened.
    pub kind: EventKind,
    /// First fix of the run that decided, ms since 1970.
    pub time: i64,
}

/// Kinds of events that `replay` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Left a `keep_in` fence.
    Exit,
    /// Entered a `keep_out` fence.
    Enter,
    /// The violation is closed.
    Clear,
}

impl EventKind {
    /// The word of the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::Enter => "enter",
            Self::Clear => "clear",
        }
    }
}

/// A stretch of time in which a person broke a fence's rule: [time, clear).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The fence's id.
    pub fence: String,
    /// [`Change::Exit`] or [`Change::Enter`].
    pub change: Change,
    /// When it began, ms since 1970.
    pub time: i64,
    /// The fix that decided it, ms since 1970.
    pub decided_at: i64,
    /// The fix that decided it.
    pub deciding: FixId,
    /// The points that prove it.
    pub evidence: Vec<Point>,
    /// How it ended, if it did.
    pub cleared: Option<Clearing>,
}

/// The end of a violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearing {
    /// The clear that was decided.
    pub change: Change,
    /// When it ended, ms since 1970.
    pub time: i64,
    /// The fix that decided it, ms since 1970.
    pub decided_at: i64,
    /// The points that prove it.
    pub evidence: Vec<Point>,
}

/// All that a person's fixes come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// The state after the last fix, for the next.
    pub state: WatchState,
    /// Every decision, in the order of the fixes that decided.
    pub transitions: Vec<Transition>,
    /// The violations, by the fix that decided them.
    pub violations: Vec<Violation>,
}

/// Judges one person's points, in any order and with doubles.
pub fn rejudge(person: &str, points: &[Point], fences: &Fences, permits: &[Permit]) -> Judgement {
    let permits: Vec<&Permit> = permits
        .iter()
        .filter(|permit| permit.person == person)
        .collect();
    judge_all(person, points.to_vec(), fences, &permits)
}

fn judge_all(
    person: &str,
    mut points: Vec<Point>,
    fences: &Fences,
    permits: &[&Permit],
) -> Judgement {
    points.sort_unstable_by_key(Point::order);
    let mut state = WatchState::default();
    let mut transitions = Vec::new();
    for point in &points {
        if let Step::Used(decided) = state.step_point(person, point, fences, permits) {
            transitions.extend(decided);
        }
    }
    let violations = violations(&transitions);
    Judgement {
        state,
        transitions,
        violations,
    }
}

/// The events of everybody's fixes, sorted by person, deciding time and fence (R25).
pub fn events(fixes: &[Fix], fences: &Fences, permits: &[Permit]) -> Vec<Event> {
    let mut people: BTreeMap<&str, (Vec<Point>, Vec<&Permit>)> = BTreeMap::new();
    for fix in fixes {
        people.entry(&fix.person).or_default().0.push(fix.point);
    }
    for permit in permits {
        people.entry(&permit.person).or_default().1.push(permit);
    }
    let mut events = Vec::new();
    for (person, (points, permits)) in people {
        let judged = judge_all(person, points, fences, &permits);
        events.extend(
            judged
                .transitions
                .iter()
                .filter_map(|decided| event(person, decided)),
        );
    }
    events.sort();
    events
}

fn event(person: &str, decided: &Transition) -> Option<Event> {
    let kind = match decided.change {
        Change::Exit => EventKind::Exit,
        Change::Enter => EventKind::Enter,
        Change::ClearReturned | Change::ClearPermitted | Change::ClearUnbound => EventKind::Clear,
        Change::Suspect => return None,
    };
    Some(Event {
        person: person.to_owned(),
        decided_at: decided.decided_at,
        fence: decided.fence.clone(),
        kind,
        time: decided.time,
    })
}

fn violations(transitions: &[Transition]) -> Vec<Violation> {
    let mut violations: Vec<Violation> = Vec::new();
    for decided in transitions {
        if decided.change.is_clear() {
            let closes = |violation: &&mut Violation| {
                Some(violation.deciding) == decided.closes && violation.fence == decided.fence
            };
            if let Some(violation) = violations.iter_mut().rev().find(closes) {
                violation.cleared = Some(Clearing {
                    change: decided.change,
                    time: decided.time,
                    decided_at: decided.decided_at,
                    evidence: decided.evidence.clone(),
                });
            }
        } else if decided.change != Change::Suspect {
            violations.push(Violation {
                fence: decided.fence.clone(),
                change: decided.change,
                time: decided.time,
                decided_at: decided.decided_at,
                deciding: decided.deciding,
                evidence: decided.evidence.clone(),
                cleared: None,
            });
        }
    }
    violations
}
