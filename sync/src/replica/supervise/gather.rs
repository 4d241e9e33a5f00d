//! Gatherings: the fixes of all people under watch are looked at together, a quarter of an hour at a
//! time and not before it is over. What comes late makes that day be judged again
//! (`docs/gather.md`, G7 to G10).

use super::super::Replica;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::act::{Act, Raise};
use jiaolian_schema::canon;
use jiaolian_schema::fix::{DAY_MS, Point};
pub(super) use jiaolian_schema::gather::Numbers as GatherNumbers;
use jiaolian_schema::gather::{
    Crowd, GatherAlarm, GatherChange, Gathering, Presence, SLICE_MS, alarm_of, day_of,
    match_gatherings,
};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, PersonCode, hex, sha256};
use jiaolian_schema::standing::SlotValue;
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;

/// Slices that are looked at together: so much of everybody's fixes is in memory at once.
const CHUNK_MS: i64 = 15 * SLICE_MS;
/// Slices are looked at so long after they are over, ms: reports are on their way for a while.
const LAG_MS: i64 = 2 * 60_000;
/// How far back late reports make a day be judged again, ms.
const AGAIN_MS: i64 = 30 * DAY_MS;
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

/// What is kept in memory of it.
#[derive(Debug, Default)]
pub(super) struct Crowds {
    numbers: Option<GatherNumbers>,
    /// Areas that are not looked at.
    sites: Vec<Shape>,
    today: Option<Day>,
    again: Option<Day>,
    /// Days to judge again, by their first instants, ms UTC.
    days: BTreeSet<i64>,
    /// The earliest instant of today that is to be judged again, ms UTC.
    late: Option<i64>,
    reading: Option<Reading>,
    /// Alarms of gatherings, by when these began.
    alarms: BTreeSet<(i64, AlarmId)>,
    /// When gatherings began of which another gateway said something.
    pub(super) elsewhere: BTreeSet<i64>,
    kept: Option<CrowdRow>,
}

/// The row of `Table::Local`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct CrowdRow {
    #[n(0)]
    begin: i64,
    #[n(1)]
    days: Vec<i64>,
}

/// A day of gatherings, judged up to an instant.
#[derive(Debug, Clone)]
struct Day {
    begin: i64,
    until: i64,
    crowd: Crowd,
    ended: Vec<Gathering>,
    /// How it stood before each chunk.
    marks: Vec<(i64, Crowd, usize)>,
}

/// A chunk while everybody's fixes are read.
#[derive(Debug)]
struct Reading {
    day: i64,
    from: i64,
    to: i64,
    after: Option<PersonCode>,
    read: Vec<Read>,
}

#[derive(Debug)]
struct Read {
    person: String,
    household: Option<String>,
    points: Vec<Point>,
}

impl Day {
    fn new(begin: i64) -> Self {
        Self {
            begin,
            until: begin,
            crowd: Crowd::default(),
            ended: Vec::new(),
            marks: Vec::new(),
        }
    }

    fn end(&self) -> i64 {
        self.begin + DAY_MS
    }

    /// Forgets what was judged from an instant on.
    fn rewind(&mut self, late: i64) {
        while self.until > late
            && let Some((until, crowd, ended)) = self.marks.pop()
        {
            (self.until, self.crowd) = (until, crowd);
            self.ended.truncate(ended);
        }
    }

    fn reading(&self) -> Reading {
        Reading {
            day: self.begin,
            from: self.until,
            to: self.until + CHUNK_MS,
            after: None,
            read: Vec::new(),
        }
    }

    fn step(&mut self, reading: &Reading, sites: &[Shape], numbers: &GatherNumbers) {
        let presences: Vec<Presence<'_>> = reading.read.iter().map(Read::presence).collect();
        let mark = (self.until, self.crowd.clone(), self.ended.len());
        self.marks.push(mark);
        let span = (reading.from, reading.to);
        let left_out = |at| sites.iter().any(|site| site.holds(at));
        let ended = self.crowd.step(&presences, left_out, span, numbers);
        self.ended.extend(ended);
        self.until = reading.to;
    }

    fn gatherings(&self) -> Vec<Gathering> {
        let mut all = self.ended.clone();
        all.extend(self.crowd.going());
        all.sort();
        all
    }
}

impl Read {
    fn presence(&self) -> Presence<'_> {
        Presence {
            person: &self.person,
            household: self.household.as_deref(),
            points: &self.points,
            called: &[],
        }
    }
}

impl Crowds {
    pub(super) fn new(numbers: Option<GatherNumbers>) -> Self {
        Self {
            numbers,
            ..Self::default()
        }
    }

    /// A fix of that instant is new, or counts otherwise than before. One that nobody has looked for
    /// yet changes nothing.
    pub(super) fn note(&mut self, time: i64, now: i64) {
        let Some(numbers) = self.numbers.filter(|_| time >= now - AGAIN_MS) else {
            return;
        };
        for time in [time, time.saturating_add(numbers.hold_ms)] {
            match &self.today {
                Some(today) if time >= today.begin => {
                    let reading = self.reading.as_ref().filter(|read| read.day == today.begin);
                    let seen = reading.map_or(today.until, |reading| reading.to);
                    if time < seen {
                        self.late = Some(self.late.map_or(time, |late| late.min(time)));
                    }
                }
                _ => {
                    self.days.insert(day_of(time));
                }
            }
        }
    }

    pub(super) fn note_alarm(&mut self, raise: &Raise) {
        self.alarms.insert((raise.time, raise.alarm));
    }

    /// Which chunk is read next; none while nothing is over that was not judged.
    fn next(&mut self, now: i64) -> Option<Reading> {
        let over = now - LAG_MS;
        self.begin_day(day_of(over));
        for time in std::mem::take(&mut self.elsewhere) {
            self.note(time, now);
        }
        let late = self.late.take();
        let today = self.today.as_mut()?;
        if let Some(late) = late {
            today.rewind(late);
        }
        if today.until + CHUNK_MS <= over.min(today.end()) {
            return Some(today.reading());
        }
        let (begin, oldest) = (today.begin, day_of(now - AGAIN_MS));
        while self.again.is_none() {
            let day = self.days.pop_first()?;
            self.again = (oldest..begin).contains(&day).then(|| Day::new(day));
        }
        self.again.as_ref().map(Day::reading)
    }

    fn begin_day(&mut self, day: i64) {
        let Some(today) = &self.today else {
            // What came in while the node stopped, and what it had not judged when it did.
            let kept = self.kept.take().unwrap_or_default();
            self.days.extend(kept.days);
            let oldest = kept.begin.max(day - AGAIN_MS);
            let missed = (1..).map(|back| day - back * DAY_MS);
            if kept.begin != 0 {
                self.days
                    .extend(missed.take_while(|begin| *begin >= oldest));
            }
            self.today = Some(Day::new(day));
            return;
        };
        if today.begin > day {
            // The clock was ahead.
            self.today = Some(Day::new(day));
        } else if today.begin < day && today.until >= today.end() {
            self.today = Some(Day::new(today.end()));
        }
    }

    fn row(&self) -> CrowdRow {
        let again = self.again.as_ref().map(|day| day.begin);
        CrowdRow {
            begin: self.today.as_ref().map_or(0, |day| day.begin),
            days: self.days.iter().copied().chain(again).collect(),
        }
    }
}

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
                self.read_person(person, reading, numbers)?;
                reading.after = Some(person);
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
        cases.into_iter().find_map(|case| {
            let standing = self.stand(case)?;
            let slot = standing.fields.get(HOME_FIELD);
            let amended = match slot.and_then(|slot| slot.in_force()) {
                Some((_, SlotValue::Field { hash, .. })) => Some(*hash),
                _ => None,
            };
            let hash = amended.or_else(|| self.address_opened_with(case))?;
            (hash != sha256(&[&[]])).then(|| hex(&hash))
        })
    }

    fn address_opened_with(&self, case: DossierId) -> Option<[u8; 32]> {
        let body = self.body(EnvelopeId(case.0)).ok()??;
        let Ok((_, Act::Open(open))) = Act::from_payload(&body.payload) else {
            return None;
        };
        let field = open.fields.get(HOME_FIELD)?;
        Some(sha256(&[&canon::encode(field)]))
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
        self.match_day(&day, numbers);
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
    fn match_day(&mut self, day: &Day, numbers: &GatherNumbers) {
        let gatherings = day.gatherings();
        let first = AlarmId([0; 32]);
        let named = self
            .desk
            .crowds
            .alarms
            .range((day.begin, first)..(day.end(), first));
        let named: Vec<AlarmId> = named.map(|(_, alarm)| *alarm).collect();
        let alarms = named.into_iter().filter_map(|alarm| {
            let raise = self.told(alarm)?.raise;
            (raise.decided_at <= day.until).then(|| GatherAlarm {
                id: alarm.0,
                person: raise.person.to_hex(),
                about: raise.fence,
                time: raise.time,
                decided_at: raise.decided_at,
            })
        });
        let alarms: Vec<GatherAlarm> = alarms.collect();
        for change in match_gatherings(&gatherings, &alarms) {
            match change {
                GatherChange::Stands { alarm, gathering } => {
                    let stands = alarms.iter().find(|known| known.id == alarm);
                    let until = gatherings[gathering].until;
                    if let Some(known) = stands {
                        self.note_gathered(&known.person, AlarmId(alarm), until);
                    }
                }
                GatherChange::Withdraw { alarm } => {
                    self.withdraw(AlarmId(alarm), "rejudged");
                }
                GatherChange::Raise {
                    person,
                    about,
                    gathering,
                } => {
                    let gathering = &gatherings[gathering];
                    let raised = self.raise_gathered(&person, &about, gathering, numbers);
                    if raised.is_err() || std::mem::take(&mut self.desk.unsigned) {
                        let now = self.true_now();
                        self.desk.crowds.days.insert(day.begin);
                        self.desk.crowds.note(gathering.time, now);
                    }
                }
            }
        }
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
