//! Alarms that acts and the clock make: not back from a leave, a report overdue, nobody appeared, found
//! lost (`docs/late.md`).
//!
//! Everybody of whom something may become late stands in an index by that instant, so a tick looks
//! at those only whose instant has come and at those of whom an act came. The node of the
//! responsible office tells at that instant; that of the office right above it tells some minutes
//! later what is not told by then.

use super::super::Replica;
use super::alarm::AlarmNote;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::act::Raise;
use jiaolian_schema::canon;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::fix::{DAY_MS, Point};
use jiaolian_schema::id::{AlarmId, DossierId, OfficeId, PersonCode};
use jiaolian_schema::late::{Kept, Late, LateRules, bears_on, is_finding, lateness, lost};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// People looked at with one tick.
const LATE_AT_ONCE: usize = 32;
/// What ended longer ago and was not told then is not told any more, ms.
const LOOK_BACK_MS: i64 = 100 * DAY_MS;
/// When what could not be read or signed is tried again, ms.
const AGAIN_MS: i64 = 60_000;
/// The mildest severity.
const SEVERITY_MAX: u8 = 4;

/// What is kept in memory of it.
#[derive(Debug, Default)]
pub(super) struct LateDesk {
    rules: Arc<LateRules>,
    /// People of whom an act came since they were looked at.
    news: BTreeSet<PersonCode>,
    due: BTreeSet<(i64, PersonCode)>,
    due_of: BTreeMap<PersonCode, i64>,
    /// Everybody who was looked at, and those of whom something was told.
    known: BTreeSet<PersonCode>,
    told: BTreeSet<PersonCode>,
    /// Alarms in which somebody said that the person is lost.
    found: BTreeMap<PersonCode, BTreeSet<DossierId>>,
    followed: u64,
    /// Somebody may have lost or gained the right to have signed what was signed.
    roster_news: bool,
}

/// One row of `Table::Late`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct LateRow {
    /// When something may become late next, ms UTC.
    #[n(0)]
    due: Option<i64>,
    /// Up to which change of this node the acts were read.
    #[n(1)]
    seen: u64,
    /// Alarms that stand for something late, with its end.
    #[n(2)]
    notes: Vec<(AlarmId, AlarmNote)>,
}

/// Something of a case that is or will be late.
struct Owed {
    case: DossierId,
    place: OfficeId,
    /// How long after its beginning this node tells, ms.
    after_ms: i64,
    late: Late,
}

/// What the acts of a person come to at this node.
#[derive(Default)]
struct Reading {
    owed: Vec<Owed>,
    kept: BTreeMap<AlarmId, Kept>,
    /// Cases of which this node tells.
    cases: BTreeSet<DossierId>,
}

impl LateDesk {
    pub(super) fn new(rules: LateRules) -> Self {
        Self {
            rules: Arc::new(rules),
            ..Self::default()
        }
    }

    /// The node starts: who was looked at before it stopped, rows will say.
    pub(super) fn begin(&mut self) {
        self.roster_news = false;
    }

    /// What was told by another clock is looked at again.
    pub(super) fn look_at_told(&mut self) {
        self.news.extend(self.told.iter().copied());
    }

    pub(super) fn forget(&mut self, person: PersonCode) {
        self.schedule(person, None);
        self.news.remove(&person);
        self.known.remove(&person);
        self.told.remove(&person);
        self.found.remove(&person);
    }

    pub(super) fn let_go(&mut self, person: PersonCode, dossiers: &BTreeSet<DossierId>) {
        if let Some(found) = self.found.get_mut(&person) {
            found.retain(|alarm| !dossiers.contains(alarm));
        }
        if self.known.contains(&person) {
            self.news.insert(person);
        }
    }

    fn schedule(&mut self, person: PersonCode, due: Option<i64>) {
        let before = match due {
            Some(due) => self.due_of.insert(person, due),
            None => self.due_of.remove(&person),
        };
        if let Some(before) = before {
            self.due.remove(&(before, person));
        }
        self.due.extend(due.map(|due| (due, person)));
    }

    fn next(&mut self, now: i64) -> Option<PersonCode> {
        let due = self.due.first().filter(|(due, _)| *due <= now);
        let due = due.map(|(_, person)| *person);
        due.or_else(|| self.news.pop_first())
    }
}

impl<S: Store> Replica<S> {
    /// Notes whose acts are to be read again.
    pub(super) fn note_late(&mut self, fact: &Fact) {
        self.desk.late.roster_news |= matches!(fact.what, What::Roster(_));
        let row = self.rows.get(&fact.dossier);
        let Some((row, person)) = row.and_then(|row| Some((row, row.person?))) else {
            return;
        };
        let is_alarm = row.alarm.is_some();
        if !bears_on(&fact.what, is_alarm) {
            return;
        }
        let late = &mut self.desk.late;
        if is_alarm && is_finding(&fact.what) {
            let found = late.found.entry(person).or_default();
            found.insert(fact.dossier);
        }
        let found = late.found.get(&person);
        if !is_alarm || found.is_some_and(|found| found.contains(&fact.dossier)) {
            late.news.insert(person);
        }
    }

    /// Who was looked at before the node stopped, and when something may become late.
    pub(in crate::replica) fn note_late_row(&mut self, key: &[u8], value: &[u8]) {
        let row = minicbor::decode::<LateRow>(value).ok();
        let Some((person, row)) = PersonCode::from_slice(key).zip(row) else {
            return;
        };
        let found = self.desk.late.found.get(&person);
        let cases = self.desk.people.get(&person);
        let mut dossiers = cases.into_iter().chain(found).flatten();
        let changed = dossiers.any(|id| self.rows.get(id).is_some_and(|one| one.seq > row.seen));
        let late = &mut self.desk.late;
        if !changed {
            late.news.remove(&person);
        }
        late.note(person, &row);
        late.schedule(person, row.due);
    }

    /// Alarms that stand for something late of a person, with its end, ms UTC.
    pub(super) fn late_notes(&self, person: PersonCode) -> Vec<(AlarmId, Option<i64>)> {
        let notes = self.late_row(person).unwrap_or_default().notes;
        let ends = notes.into_iter().map(|(alarm, note)| (alarm, note.until));
        ends.collect()
    }

    /// Who is late is told of.
    pub(in crate::replica) fn follow_late(&mut self) {
        if self.desk.late.followed != self.desk.epoch {
            // A receipt proves when something was signed: what was told may not stand any more.
            self.desk.late.followed = self.desk.epoch;
            self.desk.late.look_at_told();
        }
        if std::mem::take(&mut self.desk.late.roster_news) {
            let known = self.desk.late.known.iter().copied();
            self.desk.late.news.extend(known);
        }
        let now = self.true_now();
        for _ in 0..LATE_AT_ONCE {
            let Some(person) = self.desk.late.next(now) else {
                return;
            };
            self.desk.late.news.remove(&person);
            if self.look_at(person, now).is_err() {
                self.desk.late.schedule(person, Some(now + AGAIN_MS));
                return;
            }
        }
    }

    fn look_at(&mut self, person: PersonCode, now: i64) -> Result<(), StoreError> {
        let before = self.late_row(person)?;
        let seen = self.seq;
        let reading = self.read_lateness(person)?;
        let mut row = LateRow {
            seen,
            ..LateRow::default()
        };
        let mut signed = true;
        for owed in &reading.owed {
            let due = owed.late.since.saturating_add(owed.after_ms);
            if due > now {
                row.due = Some(row.due.map_or(due, |next: i64| next.min(due)));
                continue;
            }
            let (alarm, until) = (owed.late.alarm(person), owed.late.until);
            let fresh = until.is_none_or(|until| until > now.saturating_sub(LOOK_BACK_MS));
            if fresh {
                signed &= self.tell_late(person, owed, alarm);
                let note = AlarmNote {
                    until,
                    ..AlarmNote::default()
                };
                row.notes.push((alarm, note));
            }
        }
        for (alarm, note) in &before.notes {
            let stands = row.notes.iter().any(|(other, _)| other == alarm);
            if !stands && !self.take_back(*alarm, &reading) {
                row.notes.push((*alarm, note.clone()));
            }
        }
        if !signed {
            row.due = Some(now + AGAIN_MS);
        }
        self.desk.late.note(person, &row);
        self.desk.late.schedule(person, row.due);
        if row != before {
            self.disk.put(Table::Late, &person.0, canon::encode(&row));
        }
        Ok(())
    }

    /// What is or will be late of a person, of whose cases this node tells.
    fn read_lateness(&mut self, person: PersonCode) -> Result<Reading, StoreError> {
        let mut reading = Reading::default();
        let rules = Arc::clone(&self.desk.late.rules);
        let cases = self.desk.people.get(&person).cloned().unwrap_or_default();
        for case in cases {
            let Some((place, after_ms)) = self.tells_of(case, &rules) else {
                continue;
            };
            let facts = self.load_facts(case)?;
            let Some(standing) = self.stand(case) else {
                continue;
            };
            reading.cases.insert(case);
            let found = lateness(&standing, &facts, &self.authority, &rules);
            let owed = |late| Owed {
                case,
                place,
                after_ms,
                late,
            };
            reading.owed.extend(found.late.into_iter().map(owed));
            let kept = found.kept.into_iter();
            reading
                .kept
                .extend(kept.map(|(late, cause)| (late.alarm(person), cause)));
        }
        let found = self.desk.late.found.get(&person).cloned();
        for alarm in found.into_iter().flatten() {
            let case = self.rows.get(&alarm).and_then(|row| row.case);
            let told = case.and_then(|case| Some((case, self.tells_of(case, &rules)?)));
            let Some((case, (place, after_ms))) = told else {
                continue;
            };
            let late = self.stand(alarm).and_then(|standing| lost(&standing));
            reading.owed.extend(late.map(|late| Owed {
                case,
                place,
                after_ms,
                late,
            }));
        }
        Ok(reading)
    }

    /// The responsible office of a case, and how long after the beginning of something late this
    /// node tells of it, ms; none where it is not for this node to tell.
    fn tells_of(&self, case: DossierId, rules: &LateRules) -> Option<(OfficeId, i64)> {
        let place = self.rows.get(&case)?.place;
        if place == self.office {
            return Some((place, 0));
        }
        let above = self.tree.get(place)?.parent?;
        (above == self.office).then_some((place, rules.takeover_ms()))
    }

    /// Raises what nobody told. False where it could not be signed.
    fn tell_late(&mut self, person: PersonCode, owed: &Owed, alarm: AlarmId) -> bool {
        let others = owed.after_ms > 0 && self.desk.alarms.contains_key(&alarm);
        if others || self.told(alarm).is_some() {
            return true;
        }
        let late = &owed.late;
        let retrospective = u8::from(late.until.is_some());
        let severity = self.desk.late.rules.severity(late.kind) + retrospective;
        let raise = Raise {
            alarm,
            case: owed.case,
            office: owed.place,
            person,
            kind: late.kind.code().to_owned(),
            severity: severity.min(SEVERITY_MAX),
            fence: String::new(),
            time: late.since,
            decided_at: late.since,
            retrospective,
            evidence: canon::encode(&Vec::<Point>::new()),
        };
        let signed = self.sign_as_node(None, raise.into()).is_some();
        // It is tried again here, not with the watch.
        self.desk.unsigned = false;
        signed
    }

    /// Withdraws an alarm of which the acts say nothing any more. False where that has to wait.
    fn take_back(&mut self, alarm: AlarmId, reading: &Reading) -> bool {
        let Some(told) = self.told(alarm) else {
            return true;
        };
        if !reading.cases.contains(&told.raise.case) {
            // The case went to another office, and what was told with it.
            return true;
        }
        let cause = match reading.kept.get(&alarm) {
            Some(Kept::Reported) => "reported_late",
            Some(Kept::Extended) => "permit_late",
            None => "rejudged",
        };
        self.withdraw(alarm, cause);
        !std::mem::take(&mut self.desk.unsigned)
    }

    fn late_row(&self, person: PersonCode) -> Result<LateRow, StoreError> {
        let row = self.disk.get(Table::Late, &person.0)?;
        Ok(row
            .and_then(|bytes| minicbor::decode(&bytes).ok())
            .unwrap_or_default())
    }
}

impl LateDesk {
    fn note(&mut self, person: PersonCode, row: &LateRow) {
        self.known.insert(person);
        if row.notes.is_empty() {
            self.told.remove(&person);
        } else {
            self.told.insert(person);
        }
    }
}
