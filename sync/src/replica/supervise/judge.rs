//! Judging again: from the state of the day before, or from all that is kept, whenever the set that
//! decides has changed.

use super::super::Replica;
use super::alarm::{afterwards, cause_code};
use super::watched::Watched;
use crate::store::{Store, StoreError};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::fence::{Fence, FenceKind, Fences};
use jiaolian_schema::fix::{DAY_MS, Fix};
use jiaolian_schema::id::{AlarmId, PersonCode};
use jiaolian_schema::watch::{
    AlarmChange, AlarmKind, Change, Clearing, Step, Transition, Violation, WatchState, match_alarms,
};
use std::collections::BTreeSet;

/// How far back a changed fence or permit is judged, ms. What is older stands as it was judged.
const AGAIN_MS: i64 = 100 * DAY_MS;
/// Fixes read at once.
const FIXES_AT_ONCE: usize = 4_096;

impl<S: Store> Replica<S> {
    /// Judges stored fixes again, from before a late one or from the beginning. Gives alarms raised
    /// and withdrawn.
    pub(super) fn judge_again(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        late: Option<i64>,
    ) -> Result<(Vec<AlarmId>, Vec<AlarmId>), StoreError> {
        let (mut since, mut violations, mut changes) = self.compare(person, watched, late)?;
        // Of a violation that was open already only its beginning is known, and an alarm tells its
        // proof: from before that beginning then.
        while let Some(begun) = unproved(&violations, &changes) {
            (since, violations, changes) = self.compare(person, watched, Some(begun))?;
        }
        let (mut raised, mut withdrawn) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                AlarmChange::Stands { alarm, violation } => {
                    let cleared = violations[violation].cleared.as_ref();
                    let until = cleared.map(|clearing| clearing.time);
                    watched.note(AlarmId(alarm), until);
                }
                AlarmChange::Withdraw { alarm, cause } => {
                    if self.withdraw(AlarmId(alarm), cause_code(cause)) {
                        withdrawn.push(AlarmId(alarm));
                    }
                }
                AlarmChange::Merge { alarm, .. } => {
                    if self.withdraw(AlarmId(alarm), "rejudged") {
                        withdrawn.push(AlarmId(alarm));
                    }
                }
                AlarmChange::RaiseRetrospective { alarm, violation } => {
                    let violation = &violations[violation];
                    let cause = afterwards(violation, alarm);
                    raised.extend(cause.and_then(|c| self.raise(person, watched, &c)));
                    let cleared = violation.cleared.as_ref();
                    let until = cleared.map(|clearing| clearing.time);
                    watched.note(AlarmId(alarm), until);
                }
            }
        }
        if std::mem::take(&mut self.desk.unsigned) {
            watched.owe(since);
        } else if watched.owed.is_some_and(|owed| since <= owed) {
            watched.owed = None;
        }
        Ok((raised, withdrawn))
    }

    /// Computes violations from before an instant on, and matches the alarms that stand with them.
    fn compare(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        late: Option<i64>,
    ) -> Result<(i64, Vec<Violation>, Vec<AlarmChange>), StoreError> {
        let (since, state) = starting_point(watched, late, self.now);
        watched.marks.retain(|mark| mark.time < since);
        watched.marked = true;
        let mut violations = open_violations(&state, &watched.fences);
        let open: BTreeSet<String> = state.open().map(|(fence, _, _)| fence.to_owned()).collect();
        watched.state = state;
        let transitions = self.step_through(person, watched, since)?;
        gather(&mut violations, transitions);
        let alarms = self.standing_alarms(person, watched, (since, &open));
        let changes = match_alarms(&person.to_hex(), &violations, &alarms, &watched.permits);
        Ok((since, violations, changes))
    }

    fn step_through(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        since: i64,
    ) -> Result<Vec<Transition>, StoreError> {
        let mut transitions = Vec::new();
        let mut from = since;
        loop {
            let fixes = self.fixes(person, from, i64::MAX, FIXES_AT_ONCE)?;
            let full = fixes.len() == FIXES_AT_ONCE;
            let last = fixes.last().map_or(from, |fix| fix.point.time);
            // Rivals of one instant are judged together: the better one first (R8).
            let whole = full && fixes.first().is_some_and(|fix| fix.point.time < last);
            let mut page: Vec<_> = fixes.into_iter().filter(|fix| fix.judged).collect();
            if whole {
                page.retain(|fix| fix.point.time < last);
            }
            page.sort_by_key(|fix| fix.point.order());
            for stored in page {
                let fix = Fix {
                    person: stored.person,
                    point: stored.point,
                };
                watched.mark(fix.point.time);
                let step = watched.state.step(&fix, &watched.fences, &watched.permits);
                if let Step::Used(decided) = step {
                    transitions.extend(decided);
                }
            }
            if !full {
                return Ok(transitions);
            }
            from = if whole { last } else { last + 1 };
        }
    }
}

/// The beginning of the earliest violation that is to be raised and whose points were not gathered.
fn unproved(violations: &[Violation], changes: &[AlarmChange]) -> Option<i64> {
    let raised = changes.iter().filter_map(|change| match change {
        AlarmChange::RaiseRetrospective { violation, .. } => violations.get(*violation),
        _ => None,
    });
    let bare = raised.filter(|violation| violation.evidence.is_empty());
    bare.map(|violation| violation.time).min()
}

/// The state that does not yet know what changed, and the instant from which fixes are stepped
/// through.
fn starting_point(watched: &Watched, late: Option<i64>, now: i64) -> (i64, WatchState) {
    let marks = watched.marks.iter().rev();
    let before = late.and_then(|late| marks.clone().find(|mark| mark.time < late).cloned());
    match before {
        Some(mark) => (mark.time + 1, mark.state),
        None => (now - AGAIN_MS, WatchState::default()),
    }
}

fn open_violations(state: &WatchState, fences: &Fences) -> Vec<Violation> {
    let change = |id: &str| {
        let fence = fences.iter().find(|fence| fence.id() == id);
        match fence.map(Fence::kind) {
            Some(FenceKind::KeepOut) => Change::Enter,
            _ => Change::Exit,
        }
    };
    let open = state.open().map(|(fence, time, deciding)| Violation {
        fence: fence.to_owned(),
        change: change(fence),
        time,
        decided_at: time,
        deciding,
        evidence: Vec::new(),
        cleared: None,
    });
    open.collect()
}

/// Violations from decisions: each begins with an exit or entry and ends with the clear that names
/// it.
fn gather(violations: &mut Vec<Violation>, transitions: Vec<Transition>) {
    for transition in transitions {
        if let Some(AlarmKind::Exit | AlarmKind::Enter) = AlarmKind::of(transition.change) {
            violations.push(Violation {
                fence: transition.fence,
                change: transition.change,
                time: transition.time,
                decided_at: transition.decided_at,
                deciding: transition.deciding,
                evidence: transition.evidence,
                cleared: None,
            });
        } else if let Some(deciding) = transition.closes {
            let mut same = violations.iter_mut();
            let violation = same.find(|v| v.deciding == deciding && v.fence == transition.fence);
            if let Some(violation) = violation {
                violation.cleared = Some(Clearing {
                    change: transition.change,
                    time: transition.time,
                    decided_at: transition.decided_at,
                    evidence: transition.evidence,
                });
            }
        }
    }
}

/// Fences and permits are what the watch needs before all else of a case.
pub(in crate::replica) fn is_watched(fact: &Fact) -> bool {
    match &fact.what {
        What::Amend { open, .. } => open.is_some(),
        What::Apply { span, .. } => span.is_some(),
        _ => false,
    }
}
