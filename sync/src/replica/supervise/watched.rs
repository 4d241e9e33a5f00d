//! One person under watch: fences, permits and devices as the case says, the state of the watch,
//! and what is stored of it.

use super::super::Replica;
use super::alarm::AlarmNote;
use super::check::{AskedOf, Known};
use super::ground::{Grounds, basis};
use super::newest::Newest;
use super::whence::Whence;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::canon;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fence::Fence;
use jiaolian_schema::fix::{DAY_MS, Point};
use jiaolian_schema::id::{AlarmId, DossierId, PersonCode};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::standing::DeviceUse;
use jiaolian_schema::watch::{AlarmKind, Terms, WatchState};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// States of earlier days that are kept, so that a late fix is judged from the day before it.
const MARKS_MAX: usize = 8;

/// The state before the first fix of a day.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Mark {
    #[n(0)]
    pub(super) time: i64,
    #[n(1)]
    pub(super) state: WatchState,
}

/// One row of `Table::Watch`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct WatchRow {
    #[n(0)]
    state: WatchState,
    #[n(1)]
    last: Option<(Point, i64)>,
    /// SHA-256 over the fences and permits that the state was judged by.
    #[cbor(n(2), with = "minicbor::bytes")]
    basis: Option<[u8; 32]>,
    /// Since when alarms are owed that could not be signed, ms UTC.
    #[n(3)]
    owed: Option<i64>,
    /// When the clock may next decide something, ms UTC.
    #[n(4)]
    due: Option<i64>,
    /// Since when somebody is silent of whom that was told, ms UTC.
    #[n(5)]
    silent: Option<i64>,
    /// Since when there are reports whose time was not believed, ms UTC.
    #[n(6)]
    doubted: Option<i64>,
    /// By which way the device was last heard.
    #[n(9)]
    whence: Option<Whence>,
}

/// The other row of a person, which few fixes change. Its key is the person's and one zero byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct MarkRow {
    #[n(0)]
    marks: Vec<Mark>,
    #[n(1)]
    notes: Vec<(AlarmId, AlarmNote)>,
    /// Since when plans and phones are known, by their bytes.
    #[n(2)]
    known: Option<Vec<Known>>,
}

/// A person under watch.
#[derive(Debug, Clone, Default)]
pub(in crate::replica) struct Watched {
    epoch: u64,
    seqs: Vec<u64>,
    pub(super) ground: Grounds,
    /// Which case set a fence.
    pub(super) cases: BTreeMap<String, DossierId>,
    /// The first case that bound a band, which alarms about the device follow.
    pub(super) band_case: Option<DossierId>,
    pub(super) permits: Vec<Permit>,
    pub(super) devices: BTreeMap<String, Device>,
    /// When the law lets a band watch the person.
    pub(super) uses: Vec<DeviceUse>,
    /// By what the person is asked to check in.
    pub(super) asked: AskedOf,
    pub(super) state: WatchState,
    pub(super) marks: Vec<Mark>,
    pub(super) notes: BTreeMap<AlarmId, AlarmNote>,
    /// Whether marks or notes are to be written.
    pub(super) marked: bool,
    /// Since when alarms are owed that could not be signed, ms UTC.
    pub(super) owed: Option<i64>,
    /// Since when the person is silent, where that was told, ms UTC.
    pub(super) silent: Option<i64>,
    /// Since when there are reports whose time was not believed, ms UTC.
    pub(super) doubted: Option<i64>,
    /// By which way the device was last heard.
    pub(super) whence: Option<Whence>,
    pub(super) newest: Newest,
    last: Option<(Point, i64)>,
    basis: Option<[u8; 32]>,
}

/// What a page shows of a person under watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchView {
    /// The newest fix by device time, and when it came, ms UTC.
    pub last: Option<(Point, i64)>,
    /// Fences with a violation open, with the time at which it began, ms UTC.
    pub open: Vec<(String, i64)>,
    /// What is the matter with the device, with the time at which it began, ms UTC.
    pub worn: Vec<(AlarmKind, i64)>,
    /// When a decision bound a band, `[from, until)`, ms UTC.
    pub bound: Vec<(i64, i64)>,
    /// What the bindings say of the device in those spans.
    pub terms: Vec<Terms>,
    /// Alarms raised here, with the end of their violation, ms UTC; none while it lasts.
    pub until: BTreeMap<AlarmId, Option<i64>>,
    /// By which way the device was last heard before each of them, where it is known.
    pub whence: BTreeMap<AlarmId, Whence>,
    /// Devices bound, by terminal.
    pub devices: BTreeMap<String, Device>,
    /// Fences in their versions.
    pub fences: Vec<Fence>,
    /// Leaves as the watch knows them.
    pub permits: Vec<Permit>,
}

impl Watched {
    pub(super) fn is_bound(&self, time: i64) -> bool {
        let is_used = || self.uses.iter().any(|used| used.holds(time));
        let mut bound = self.devices.values().filter(|device| device.holds(time));
        bound.any(|device| device.regime == Regime::Phone || is_used())
    }

    /// A binding as far as it holds around an instant, ms UTC. A band is bound no longer than the
    /// decision to use it lets it be; a phone needs none, and only answers checks.
    pub(super) fn held(&self, terminal: &str, time: i64) -> Option<Device> {
        let device = self.devices.get(terminal).filter(|one| one.holds(time))?;
        if device.regime == Regime::Phone {
            return Some(device.clone());
        }
        let used = self.uses.iter().find(|used| used.holds(time))?;
        Some(Device {
            from: device.from.max(used.from),
            until: device.until.min(used.until - 1),
            ..device.clone()
        })
    }

    /// Whether a device gives single checks only.
    pub(super) fn is_phone(&self, terminal: &str) -> bool {
        let device = self.devices.get(terminal);
        device.is_some_and(|device| device.regime == Regime::Phone)
    }

    /// The cases are read again when they are asked for next.
    pub(super) fn read_again(&mut self) {
        self.seqs.clear();
    }

    /// A report came whose time is not believed.
    pub(super) fn doubt(&mut self, heard_at: i64) {
        self.doubted = Some(self.doubted.map_or(heard_at, |since| since.min(heard_at)));
    }

    pub(super) fn note(&mut self, alarm: AlarmId, until: Option<i64>) {
        self.notes.entry(alarm).or_default().until = until;
        self.marked = true;
    }

    pub(super) fn note_whence(&mut self, alarm: AlarmId) {
        if let (Some(note), Some(whence)) = (self.notes.get_mut(&alarm), &self.whence) {
            note.whence = Some(whence.clone());
            self.marked = true;
        }
    }

    /// Something decided since that instant could not be signed.
    pub(super) fn owe(&mut self, since: i64) {
        self.owed = Some(self.owed.map_or(since, |owed| owed.min(since)));
    }

    pub(super) fn last(&self) -> Option<(Point, i64)> {
        self.last
    }

    pub(super) fn seen(&mut self, point: &Point, received_at: i64) {
        if self.last.is_none_or(|(last, _)| last.time <= point.time) {
            self.last = Some((*point, received_at));
        }
    }

    /// Keeps the state before the first fix of a day.
    pub(super) fn mark(&mut self, next: i64) {
        let day = |time: i64| time.div_euclid(DAY_MS);
        if let Some(time) = self.state.judged_until()
            && day(time) < day(next)
        {
            let state = self.state.clone();
            self.marks.push(Mark { time, state });
            if self.marks.len() > MARKS_MAX {
                self.marks.remove(0);
            }
            self.marked = true;
        }
    }
}

fn mark_key(person: PersonCode) -> Vec<u8> {
    [person.0.as_slice(), &[0]].concat()
}

impl<S: Store> Replica<S> {
    /// A person's watch, as the cases say now. Where fences or permits are others than those it was
    /// judged by, the stored
    /// fixes are judged again.
    pub(super) fn watch_of(&mut self, person: PersonCode) -> Result<Watched, StoreError> {
        let mut watched = match self.desk.watched.remove(&person) {
            Some(watched) => watched,
            None => self.load_watch(person)?,
        };
        if self.seqs_of(person).eq(watched.seqs.iter().copied())
            && watched.epoch == self.desk.epoch
            && !watched.seqs.is_empty()
        {
            return Ok(watched);
        }
        let bound = (!watched.seqs.is_empty()).then(|| watched.ground.bound.clone());
        // What was heard must not go with a disk that refuses now.
        if self.desk.unsaved.remove(&person) {
            self.save_watch(person, &mut watched);
        }
        let cases = self.desk.people.get(&person).cloned().unwrap_or_default();
        let seqs: Vec<u64> = self.seqs_of(person).collect();
        (watched.seqs, watched.epoch) = (seqs, self.desk.epoch);
        self.read_cases(person, &mut watched, cases.iter().copied());
        if let Some(bound) = bound.filter(|bound| *bound != watched.ground.bound) {
            let now = self.true_now();
            self.desk
                .crowds
                .note_bound(&bound, &watched.ground.bound, now);
        }
        let basis = basis(&watched);
        if watched.basis != Some(basis) {
            let judged = watched.basis.replace(basis).is_some();
            if judged {
                self.judge_again(person, &mut watched, None)?;
            }
            self.desk.checks.look_again(person);
            self.save_watch(person, &mut watched);
        }
        Ok(watched)
    }

    /// How far each case of a person has come here.
    fn seqs_of(&self, person: PersonCode) -> impl Iterator<Item = u64> {
        let cases = self.desk.people.get(&person).into_iter().flatten();
        cases.map(|case| self.rows.get(case).map_or(0, |row| row.seq))
    }

    /// Who is under watch and whose alarms are owed, learnt at the start.
    pub(in crate::replica) fn note_watch_row(&mut self, key: &[u8], value: &[u8]) {
        let row = minicbor::decode::<WatchRow>(value).ok();
        let Some((person, row)) = PersonCode::from_slice(key).zip(row) else {
            return;
        };
        self.desk.behind.insert(person);
        if row.owed.is_some() {
            self.desk.owed.insert(person);
        }
        if row.doubted.is_some() {
            self.desk.doubted.insert(person);
        }
        self.desk.schedule(person, row.due);
    }

    fn load_watch(&self, person: PersonCode) -> Result<Watched, StoreError> {
        let row = self.disk.get(Table::Watch, &person.0)?;
        // A row of another form is as one judged by other fences: all is judged again.
        let other_form = WatchRow {
            basis: row.is_some().then_some([0; 32]),
            ..WatchRow::default()
        };
        let row: WatchRow = row
            .and_then(|bytes| minicbor::decode(&bytes).ok())
            .unwrap_or(other_form);
        let marks = self.disk.get(Table::Watch, &mark_key(person))?;
        let marks: MarkRow = marks
            .and_then(|bytes| minicbor::decode(&bytes).ok())
            .unwrap_or_default();
        Ok(Watched {
            state: row.state,
            marks: marks.marks,
            notes: marks.notes.into_iter().collect(),
            asked: AskedOf::knowing(marks.known.unwrap_or_default()),
            last: row.last,
            basis: row.basis,
            owed: row.owed,
            silent: row.silent,
            doubted: row.doubted,
            whence: row.whence,
            ..Watched::default()
        })
    }

    /// Rows of whoever was heard since the last call: one a person, however many reports came.
    pub(in crate::replica) fn save_unsaved(&mut self) {
        while let Some(person) = self.desk.unsaved.pop_first() {
            if let Some(mut watched) = self.desk.watched.remove(&person) {
                self.save_watch(person, &mut watched);
                self.desk.watched.insert(person, watched);
            }
        }
    }

    pub(super) fn save_watch(&mut self, person: PersonCode, watched: &mut Watched) {
        let due = self.due_of(watched);
        self.desk.schedule(person, due);
        let row = WatchRow {
            state: watched.state.clone(),
            last: watched.last,
            basis: watched.basis,
            owed: watched.owed,
            due,
            silent: watched.silent,
            doubted: watched.doubted,
            whence: watched.whence.clone(),
        };
        if watched.doubted.is_some() {
            self.desk.doubted.insert(person);
        }
        if watched.owed.is_some() {
            self.desk.owed.insert(person);
        } else {
            self.desk.owed.remove(&person);
        }
        self.disk.put(Table::Watch, &person.0, canon::encode(&row));
        if std::mem::take(&mut watched.marked) {
            let row = MarkRow {
                marks: watched.marks.clone(),
                notes: watched.notes.clone().into_iter().collect(),
                known: Some(watched.asked.known()).filter(|known| !known.is_empty()),
            };
            self.disk
                .put(Table::Watch, &mark_key(person), canon::encode(&row));
        }
    }

    /// What is known of a person under watch; none where no case here is of that person.
    pub fn watch(&mut self, person: PersonCode) -> Option<WatchView> {
        self.desk.people.get(&person)?;
        let watched = self.watch_of(person).ok()?;
        let open = watched.state.open().into_iter();
        let (open, worn): (Vec<_>, Vec<_>) = open.partition(|c| !c.about.is_empty());
        let mut worn: Vec<_> = worn.into_iter().map(|c| (c.kind, c.time)).collect();
        worn.extend(watched.silent.map(|since| (AlarmKind::NoSignal, since)));
        let notes = watched.notes.iter();
        let whence = notes.filter_map(|(alarm, note)| Some((*alarm, note.whence.clone()?)));
        let view = WatchView {
            last: watched.last,
            open: open.into_iter().map(|c| (c.about, c.time)).collect(),
            worn,
            bound: watched.ground.bound.iter().collect(),
            terms: watched.ground.bound.terms().to_vec(),
            until: watched
                .notes
                .iter()
                .map(|(alarm, note)| (*alarm, note.until))
                .chain(self.late_notes(person))
                .collect(),
            whence: whence.collect(),
            devices: watched.devices.clone(),
            fences: watched.ground.fences.iter().cloned().collect(),
            permits: watched.permits.clone(),
        };
        self.desk.watched.insert(person, watched);
        Some(view)
    }
}
