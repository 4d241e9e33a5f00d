//! Judging again: from the state of the day before, or from all that is kept, whenever the set that
//! decides has changed.

use super::super::Replica;
use super::alarm::Cause;
use super::watched::Watched;
use crate::store::{Store, StoreError};
use jiaolian_schema::checkin::is_of_check_in;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::fix::DAY_MS;
use jiaolian_schema::id::{AlarmId, PersonCode};
use jiaolian_schema::signal::Signs;
use jiaolian_schema::watch::{
    AlarmChange, AlarmKind, Condition, Transition, WatchState, WithdrawalCause, Word, gather,
    match_alarms,
};
use std::collections::BTreeSet;

/// How far back a changed fence or permit is judged, ms. What is older stands as it was judged.
const AGAIN_MS: i64 = 100 * DAY_MS;
/// Reports read at once.
const REPORTS_AT_ONCE: usize = 4_096;

/// What judging from an instant on came to.
struct Compared {
    since: i64,
    conditions: Vec<Condition>,
    /// How many of them were open before, so that what proves them was not gathered.
    bare: usize,
    changes: Vec<AlarmChange>,
}

impl<S: Store> Replica<S> {
    /// Judges stored reports again, from before a late one or from the beginning. Gives alarms
    /// raised and withdrawn.
    pub(super) fn judge_again(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        late: Option<i64>,
    ) -> Result<(Vec<AlarmId>, Vec<AlarmId>), StoreError> {
        let mut compared = self.compare(person, watched, late)?;
        // Of a condition that was open already only its beginning is known, and an alarm tells its
        // proof: from before that beginning then.
        while let Some(begun) = unproved(&compared) {
            compared = self.compare(person, watched, Some(begun))?;
        }
        let Compared {
            since,
            conditions,
            changes,
            ..
        } = compared;
        let (mut raised, mut withdrawn) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                AlarmChange::Stands { alarm, condition } => {
                    self.stand_for(watched, AlarmId(alarm), &conditions[condition]);
                }
                AlarmChange::Withdraw { alarm, cause } => {
                    let alarm = AlarmId(alarm);
                    let gone = if cause == WithdrawalCause::Filled {
                        self.fill(person, watched, alarm, &conditions)
                    } else {
                        self.withdraw(alarm, cause_code(cause))
                    };
                    withdrawn.extend(gone.then_some(alarm));
                }
                AlarmChange::Merge { alarm, .. } => {
                    if self.withdraw(AlarmId(alarm), "rejudged") {
                        withdrawn.push(AlarmId(alarm));
                    }
                }
                AlarmChange::Raise { alarm, condition } => {
                    let condition = &conditions[condition];
                    let cause = afterwards(condition, alarm);
                    raised.extend(self.raise(person, watched, &cause));
                    self.stand_for(watched, AlarmId(alarm), condition);
                }
            }
        }
        let silent = |c: &&Condition| c.kind == AlarmKind::NoSignal && c.cleared.is_none();
        watched.silent = conditions.iter().find(silent).map(|c| c.time);
        if std::mem::take(&mut self.desk.unsigned) {
            watched.owe(since);
        } else if watched.owed.is_some_and(|owed| since <= owed) {
            watched.owed = None;
        }
        Ok((raised, withdrawn))
    }

    fn stand_for(&mut self, watched: &mut Watched, alarm: AlarmId, condition: &Condition) {
        let until = condition.cleared.as_ref().map(|clearing| clearing.time);
        watched.note(alarm, until);
        self.worsen(watched, (alarm, condition.kind), condition.graver);
        if until.is_some() {
            self.recover(alarm, condition.kind);
        }
    }

    /// Computes conditions from before an instant on, up to now, and matches the alarms that stand
    /// with them.
    fn compare(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        late: Option<i64>,
    ) -> Result<Compared, StoreError> {
        let now = self.true_now();
        let (since, state) = starting_point(watched, late, now);
        watched.marks.retain(|mark| mark.time < since);
        watched.marked = true;
        let mut conditions = state.open();
        let bare = conditions.len();
        let open: BTreeSet<_> = conditions
            .iter()
            .map(|c| (c.kind, c.about.clone()))
            .collect();
        watched.state = state;
        let mut transitions = self.step_through(person, watched, since)?;
        transitions.extend(self.lapse_of(watched, now));
        gather(&mut conditions, &transitions);
        let mut alarms = self.standing_alarms(person, watched, (since, &open));
        alarms.retain(|alarm| !is_of_check_in(alarm.kind, &alarm.about));
        let changes = match_alarms(&person.to_hex(), &conditions, &alarms, &watched.permits);
        Ok(Compared {
            since,
            conditions,
            bare,
            changes,
        })
    }

    fn step_through(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        since: i64,
    ) -> Result<Vec<Transition>, StoreError> {
        let (hex, numbers) = (person.to_hex(), self.desk.numbers.clone());
        let mut transitions = Vec::new();
        let mut from = Some(since);
        while let Some(begin) = from {
            let (words, next) = self.words(person, begin)?;
            for instant in words.chunk_by(|a, b| a.time == b.time) {
                watched.mark(instant[0].time);
                let ground = watched
                    .ground
                    .on(&numbers, &watched.permits, &self.desk.down);
                let hearing = watched.state.hear_instant(&hex, instant, &ground);
                transitions.extend(hearing.transitions);
            }
            from = next;
        }
        Ok(transitions)
    }

    /// Judged reports of a person from an instant on, sorted by time, those of one instant all
    /// together; and from where to read on, where there may be more.
    fn words(&self, person: PersonCode, from: i64) -> Result<(Vec<Word>, Option<i64>), StoreError> {
        let fixes = self.fixes(person, from, i64::MAX, REPORTS_AT_ONCE)?;
        let signals = self.signals(person, from, i64::MAX, REPORTS_AT_ONCE)?;
        let last = |full: bool, time: Option<i64>| time.filter(|_| full);
        let cuts = [
            last(
                fixes.len() == REPORTS_AT_ONCE,
                fixes.last().map(|f| f.point.time),
            ),
            last(
                signals.len() == REPORTS_AT_ONCE,
                signals.last().map(|s| s.signal.time),
            ),
        ];
        // Reports of one instant are judged together; one with more than are read at once is cut.
        let cut = cuts.into_iter().flatten().min();
        let cut = cut.map(|cut| if cut > from { cut } else { from + 1 });
        let placed = fixes.into_iter().filter(|fix| fix.judged).map(|fix| Word {
            time: fix.point.time,
            point: Some(fix.point),
            signs: fix.signs.unwrap_or(Signs::NONE),
        });
        let said = signals.into_iter().filter(|signal| signal.judged);
        let said = said.map(|stored| stored.word());
        let mut words: Vec<Word> = placed
            .chain(said)
            .filter(|word| cut.is_none_or(|cut| word.time < cut))
            .collect();
        words.sort_by_key(|word| word.time);
        Ok((words, cut))
    }
}

/// The beginning of the earliest condition that is to be raised and whose points were not gathered.
fn unproved(compared: &Compared) -> Option<i64> {
    let raised = compared.changes.iter().filter_map(|change| match change {
        AlarmChange::Raise { condition, .. } => Some(*condition),
        _ => None,
    });
    let bare = raised.filter(|at| *at < compared.bare);
    bare.map(|at| compared.conditions[at].time).min()
}

/// The state that does not yet know what changed, and the instant from which reports are stepped
/// through.
fn starting_point(watched: &Watched, late: Option<i64>, now: i64) -> (i64, WatchState) {
    let marks = watched.marks.iter().rev();
    let before = late.and_then(|late| marks.clone().find(|mark| mark.time < late).cloned());
    match before {
        Some(mark) => (mark.time + 1, mark.state),
        None => (now - AGAIN_MS, WatchState::since(now - AGAIN_MS)),
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

/// Words of the rules for why an alarm is withdrawn.
fn cause_code(cause: WithdrawalCause) -> &'static str {
    match cause {
        WithdrawalCause::PermitLate => "permit_late",
        WithdrawalCause::FixLate | WithdrawalCause::Filled => "rejudged",
    }
}

/// What raises a condition afterwards (D10).
fn afterwards(condition: &Condition, alarm: [u8; 32]) -> Cause<'_> {
    Cause {
        about: &condition.about,
        kind: condition.kind,
        graver: condition.graver,
        time: condition.time,
        decided_at: condition.decided_at,
        alarm: AlarmId(alarm),
        evidence: &condition.evidence,
        retrospective: condition.kind.fence_kind().is_some() || condition.cleared.is_some(),
    }
}
