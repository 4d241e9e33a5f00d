//! Judging a whole set of reports at once, for `replay` and after a late report (R18).

use std::collections::BTreeMap;

use super::{AlarmKind, Change, Ground, Step, Transition, WatchState, Word};
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

/// A stretch of time [time, clear) in which something was so that an alarm tells of: a person broke
/// a fence's rule, or something is the matter with the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Of which kind.
    pub kind: AlarmKind,
    /// The fence's id; empty where it is about the device.
    pub about: String,
    /// When it began, ms since 1970.
    pub time: i64,
    /// The report that decided it, ms since 1970; for a silence the instant at which it was one.
    pub decided_at: i64,
    /// What decided it: the fix, or the instant.
    pub deciding: FixId,
    /// How grave it grew, where that is graver than its kind; milder for a silence in a blind spot.
    pub graver: Option<u8>,
    /// The points that prove it.
    pub evidence: Vec<Point>,
    /// How it ended, if it did.
    pub cleared: Option<Clearing>,
}

/// The end of a condition.
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

/// All that a person's reports come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// The state after the last report, for the next.
    pub state: WatchState,
    /// Every decision, in the order of the reports that decided; what the clock decided after the
    /// last report comes last.
    pub transitions: Vec<Transition>,
    /// The conditions, by what decided them.
    pub conditions: Vec<Condition>,
}

/// Judges one person's reports, in any order and with doubles, up to the instant `now`, ms since
/// 1970 (D1).
pub fn judge(person: &str, words: &[Word], ground: &Ground<'_>, now: i64) -> Judgement {
    let mut sorted = words.to_vec();
    sorted.sort_by_key(|word| word.time);
    let mut judged = Judgement::default();
    for instant in sorted.chunk_by(|a, b| a.time == b.time) {
        let hearing = judged.state.hear_instant(person, instant, ground);
        judged.transitions.extend(hearing.transitions);
    }
    judged.transitions.extend(judged.state.lapse(now, ground));
    gather(&mut judged.conditions, &judged.transitions);
    judged
}

/// Judges one person's points by R1 to R25 alone, in any order and with doubles.
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
        if let Step::Used(decided) = state.step_point(person, point, (fences, permits, None)) {
            transitions.extend(decided);
        }
    }
    let mut conditions = Vec::new();
    gather(&mut conditions, &transitions);
    Judgement {
        state,
        transitions,
        conditions,
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
    let kind = match (decided.change, decided.kind) {
        (Change::Begin, AlarmKind::Exit) => EventKind::Exit,
        (Change::Begin, AlarmKind::Enter) => EventKind::Enter,
        (change, _) if change.is_clear() => EventKind::Clear,
        _ => return None,
    };
    Some(Event {
        person: person.to_owned(),
        decided_at: decided.decided_at,
        fence: decided.about.clone(),
        kind,
        time: decided.time,
    })
}

/// Adds what decisions come to, in their order, to conditions that were open before.
pub fn gather(conditions: &mut Vec<Condition>, transitions: &[Transition]) {
    for decided in transitions {
        if decided.change == Change::Begin {
            conditions.extend(decided.begun());
            continue;
        }
        let of_it = |condition: &&mut Condition| {
            Some(condition.deciding) == decided.began_by
                && (condition.kind, &condition.about) == (decided.kind, &decided.about)
        };
        let Some(condition) = conditions.iter_mut().rev().find(of_it) else {
            continue;
        };
        condition.graver = decided.graver;
        if decided.change.is_clear() {
            condition.cleared = Some(Clearing {
                change: decided.change,
                time: decided.time,
                decided_at: decided.decided_at,
                evidence: decided.evidence.clone(),
            });
        }
    }
}
