//! Gatherings: the fixes of all people under watch are looked at together, a quarter of an hour at a
//! time and not before it is over. What comes late makes that day be judged again
//! (`docs/gather.md`, G7 to G10).

mod crowd;
mod day;

use super::super::Replica;
use crate::store::{Store, StoreError, Table};
pub(super) use crowd::Crowds;
use day::{Day, Read, Reading};
use jiaolian_schema::act::{Act, Raise};
use jiaolian_schema::canon;
use jiaolian_schema::fix::Point;
pub(super) use jiaolian_schema::gather::Numbers as GatherNumbers;
use jiaolian_schema::gather::{GatherAlarm, GatherChange, Gathering, alarm_of, match_gatherings};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, PersonCode, hex, sha256};
use jiaolian_schema::standing::SlotValue;
use std::collections::BTreeMap;

/// Found so long after it was one, ms, a gathering is judged afterwards.
const AFTERWARDS_MS: i64 = 60 * 60_000;
/// Batches of people read with one tick.
const BATCHES_AT_ONCE: usize = 32;
/// Most fixes of one person in one chunk.
const POINTS_MAX: usize = 2_048;
/// Most fixes that prove one person's part.
const PROOF_MAX: usize = 8;
/// The lowest severity.
const SEVERITY_MAX: u8 = 4;
/// Which day is judged up to when, and which are to be judged again, in `Table::Local`.
const GATHERINGS: &[u8] = b"gatherings";
/// The kind in the rules.
pub(super) const GATHER: &str = "GATHER";
/// The field by which people of one household are known.
const HOME_FIELD: &str = "home_address";

impl<S: Store> Replica<S> {
    /// Areas in which people may meet: offices, schools, hospitals, sites of activities (G2).
    pub fn set_gathering_sites(&mut self, sites: Vec<Shape>) {
        self.desk.crowds.sites = sites;
    }

    /// What was still to be judged when the node stopped.
    pub(in crate::replica) fn read_crowds(&mut self) -> Result<(), StoreError> {
        let row = self.disk.get(Table::Local, GATHERINGS)?;
        self.desk.crowds.kept = row.and_then(|bytes| minicbor::decode(&bytes).ok());
        Ok(())
    }

    /// Looks at a part of what is over and was not judged, or is to be judged again.
    pub(in crate::replica) fn follow_gatherings(&mut self) {
        let Some(numbers) = self.desk.crowds.numbers.filter(|_| self.may_sign_as_node()) else {
            return;
        };
        let now = self.true_now();
        let reading = self.desk.crowds.reading.take();
        let Some(mut reading) = reading.or_else(|| self.desk.crowds.next(now)) else {
            return;
        };
        match self.read_on(&mut reading, &numbers) {
            Ok(true) => self.judge_chunk(&reading, &numbers),
            // A disk that refuses is asked again.
            Ok(false) | Err(_) => self.desk.crowds.reading = Some(reading),
        }
    }

    /// Reads some more people's fixes; true once everybody's are read.
    fn read_on(
        &mut self,
        reading: &mut Reading,
        numbers: &GatherNumbers,
    ) -> Result<bool, StoreError> {
        for _ in 0..BATCHES_AT_ONCE {
            let people = self.watched_after(reading.after)?;
            let all = people.is_empty();
            for person in people {
                match self.read_person(person, reading, numbers) {
                    // One damaged row keeps nobody else from being looked at.
                    Ok(()) | Err(StoreError::Damaged(_)) => reading.after = Some(person),
                    Err(error) => return Err(error),
                }
            }
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_person(
        &mut self,
        person: PersonCode,
        reading: &mut Reading,
        numbers: &GatherNumbers,
    ) -> Result<(), StoreError> {
        let from = reading.from - numbers.hold_ms;
        let watched = self.watch_of(person)?;
        let bound = watched.ground.bound.clone();
        let is_seen = watched.last().is_some_and(|(last, _)| last.time >= from);
        self.desk.watched.insert(person, watched);
        if !is_seen {
            return Ok(());
        }
        let fixes = self.fixes(person, from, reading.to, POINTS_MAX)?;
        let points = fixes.iter().filter(|fix| fix.judged).map(|fix| fix.point);
        let points: Vec<Point> = points
            .filter(|point| bound.around(point.time).is_some())
            .collect();
        if !points.is_empty() {
            reading.read.push(Read {
                person: person.to_hex(),
                household: self.household(person),
                points,
            });
        }
        Ok(())
    }

    /// The household of a person, by the address in the case; none where nobody wrote it, or case
    /// files are closed and it was never amended.
    fn household(&mut self, person: PersonCode) -> Option<String> {
        let cases: Vec<DossierId> = self.cases_of(person).collect();
        let seqs = cases
            .iter()
            .filter_map(|case| Some(self.rows.get(case)?.seq));
        let seq = seqs.max().unwrap_or(0);
        let known = self.desk.crowds.households.get(&person);
        if let Some((_, household)) = known.filter(|(at, _)| *at == seq) {
            return household.clone();
        }
        let mut found = None;
        for case in cases {
            match self.address(case) {
                Ok(address) => found = found.or(address),
                // Asked again when case files are open.
                Err(_) => return None,
            }
        }
        let household = found.map(|hash| hex(&hash));
        let row = (seq, household.clone());
        self.desk.crowds.households.insert(person, row);
        household
    }

    /// SHA-256 of the address in a case; none where there is none.
    fn address(&mut self, case: DossierId) -> Result<Option<[u8; 32]>, StoreError> {
        let standing = self.stand(case);
        let slot = standing
            .as_ref()
            .and_then(|standing| standing.fields.get(HOME_FIELD));
        if let Some((_, SlotValue::Field { hash, .. })) = slot.and_then(|slot| slot.in_force()) {
            // An empty value took it away.
            return Ok((*hash != sha256(&[&[]])).then_some(*hash));
        }
        let body = self.body(EnvelopeId(case.0))?;
        let act = body.and_then(|body| Act::from_payload(&body.payload).ok());
        let Some((_, Act::Open(open))) = act else {
            return Ok(None);
        };
        let field = open.fields.get(HOME_FIELD);
        Ok(field.map(|field| sha256(&[&canon::encode(field)])))
    }

    fn judge_chunk(&mut self, reading: &Reading, numbers: &GatherNumbers) {
        let crowds = &mut self.desk.crowds;
        let is_today = crowds
            .today
            .as_ref()
            .is_some_and(|day| day.begin == reading.day);
        let place = if is_today {
            &mut crowds.today
        } else {
            &mut crowds.again
        };
        let Some(mut day) = place.take().filter(|day| day.until == reading.from) else {
            return;
        };
        day.step(reading, &crowds.sites, numbers);
        self.match_day(&day, is_today, numbers);
        let crowds = &mut self.desk.crowds;
        if is_today {
            crowds.today = Some(day);
        } else if day.until < day.end() {
            crowds.again = Some(day);
        }
        let row = crowds.row();
        if crowds.kept.as_ref() != Some(&row) {
            self.disk.put(Table::Local, GATHERINGS, canon::encode(&row));
            self.desk.crowds.kept = Some(row);
        }
    }

    /// Raises and withdraws what the gatherings of a day ask for, as far as it is judged.
    fn match_day(&mut self, day: &Day, is_today: bool, numbers: &GatherNumbers) {
        let gatherings = day.gatherings();
        let alarms = self.gathered(day);
        let known: BTreeMap<[u8; 32], &GatherAlarm> =
            alarms.iter().map(|alarm| (alarm.id, alarm)).collect();
        for change in match_gatherings(&gatherings, &alarms) {
            let (time, done) = match change {
                GatherChange::Stands { alarm, gathering } => {
                    let person = &known[&alarm].person;
                    self.note_gathered(person, AlarmId(alarm), gatherings[gathering].until);
                    continue;
                }
                GatherChange::Withdraw { alarm } => {
                    self.withdraw(AlarmId(alarm), "rejudged");
                    (known[&alarm].time, Ok(()))
                }
                GatherChange::Raise {
                    person,
                    about,
                    gathering,
                } => {
                    let gathering = &gatherings[gathering];
                    let raised = self.raise_gathered(&person, &about, gathering, numbers);
                    (gathering.time, raised)
                }
            };
            if done.is_err() | std::mem::take(&mut self.desk.unsigned) {
                self.desk.crowds.owe(day, is_today, time);
            }
        }
    }

    /// Alarms of a day's gatherings that stand, as far as the day is judged.
    fn gathered(&self, day: &Day) -> Vec<GatherAlarm> {
        let named = self.desk.crowds.alarms_of(day).into_iter();
        let standing = named.filter_map(|alarm| {
            let raise = self.told(alarm)?.raise;
            let is_judged = raise.time >= day.begin && raise.decided_at <= day.until;
            is_judged.then(|| GatherAlarm {
                id: alarm.0,
                person: raise.person.to_hex(),
                about: raise.fence,
                time: raise.time,
                decided_at: raise.decided_at,
            })
        });
        standing.collect()
    }

    /// When a gathering ended is kept with its alarms.
    fn note_gathered(&mut self, person: &str, alarm: AlarmId, until: Option<i64>) {
        let person = PersonCode::from_hex(person);
        let Some((person, mut watched)) = person.and_then(|p| Some((p, self.watch_of(p).ok()?)))
        else {
            return;
        };
        if watched
            .notes
            .get(&alarm)
            .is_none_or(|note| note.until != until)
        {
            watched.note(alarm, until);
            self.save_watch(person, &mut watched);
        }
        self.desk.watched.insert(person, watched);
    }

    fn raise_gathered(
        &mut self,
        person: &str,
        about: &str,
        gathering: &Gathering,
        numbers: &GatherNumbers,
    ) -> Result<(), StoreError> {
        let Some(code) = PersonCode::from_hex(person) else {
            return Ok(());
        };
        let watched = self.watch_of(code)?;
        let case = watched.band_case;
        self.desk.watched.insert(code, watched);
        let place = case.and_then(|case| Some((case, self.rows.get(&case)?.place)));
        let Some((case, office)) = place else {
            return Ok(());
        };
        let from = gathering.time - numbers.hold_ms;
        let fixes = self.fixes(code, from, gathering.decided_at, POINTS_MAX)?;
        let points = fixes.iter().filter(|fix| fix.judged).map(|fix| fix.point);
        let fine = points.filter(|point| point.accuracy_mm <= numbers.accuracy_mm_max);
        let fine: Vec<Point> = fine.collect();
        let apart = fine.len().div_ceil(PROOF_MAX).max(1);
        let proof: Vec<Point> = fine.into_iter().step_by(apart).collect();
        let is_late = self.true_now() - gathering.decided_at > AFTERWARDS_MS;
        let alarm = AlarmId(alarm_of(about, person));
        let raise = Raise {
            alarm,
            case,
            office,
            person: code,
            kind: GATHER.to_owned(),
            severity: (numbers.severity + u8::from(is_late)).min(SEVERITY_MAX),
            fence: about.to_owned(),
            time: gathering.time,
            decided_at: gathering.decided_at,
            retrospective: u8::from(is_late),
            evidence: canon::encode(&proof),
        };
        self.sign_as_node(None, raise.into());
        self.note_gathered(person, alarm, gathering.until);
        Ok(())
    }
}
