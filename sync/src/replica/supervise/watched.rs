//! One person under watch: fences, permits and devices as the case says, the state of the watch,
//! and what is stored of it.

use super::super::Replica;
use super::alarm::AlarmNote;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::canon;
use jiaolian_schema::device::{DEVICE_FIELD, Device, FENCE_FIELD};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::fence::{Fence, Fences, Validity};
use jiaolian_schema::fix::{DAY_MS, FixId, Point, SHANGHAI_AHEAD_MS};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, PersonCode};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::signal::{Signal, Signs};
use jiaolian_schema::standing::{GrantedPermit, SlotStanding, SlotValue, permits};
use jiaolian_schema::watch::WatchState;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::sync::Arc;

/// States of earlier days that are kept, so that a late fix is judged from the day before it.
const MARKS_MAX: usize = 8;

/// One row of `Table::Fix`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StoredFix {
    /// The person's code, as hexadecimal digits.
    #[n(0)]
    pub person: String,
    /// Where and when, by the device.
    #[n(1)]
    pub point: Point,
    /// When it came, ms UTC of the node.
    #[n(2)]
    pub received_at: i64,
    /// Whether it was a report of that moment.
    #[n(3)]
    pub live: bool,
    /// Whether the watch judges it.
    #[n(4)]
    pub judged: bool,
    /// What the device said of itself with it; none where it said nothing.
    #[n(5)]
    pub signs: Option<Signs>,
}

/// One row of `Table::Signal`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StoredSignal {
    /// What the device said.
    #[n(0)]
    pub signal: Signal,
    /// When it came, ms UTC of the node.
    #[n(1)]
    pub received_at: i64,
    /// Whether it was a report of that moment.
    #[n(2)]
    pub live: bool,
}

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
}

/// The other row of a person, which few fixes change. Its key is the person's and one zero byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct MarkRow {
    #[n(0)]
    marks: Vec<Mark>,
    #[n(1)]
    notes: Vec<(AlarmId, AlarmNote)>,
}

/// A person under watch.
#[derive(Debug, Clone, Default)]
pub(in crate::replica) struct Watched {
    epoch: u64,
    seqs: Vec<u64>,
    pub(super) fences: Fences,
    /// Which case set a fence.
    pub(super) cases: BTreeMap<String, DossierId>,
    pub(super) permits: Vec<Permit>,
    pub(super) devices: BTreeMap<String, Device>,
    pub(super) state: WatchState,
    pub(super) marks: Vec<Mark>,
    pub(super) notes: BTreeMap<AlarmId, AlarmNote>,
    /// Whether marks or notes are to be written.
    pub(super) marked: bool,
    /// Since when alarms are owed that could not be signed, ms UTC.
    pub(super) owed: Option<i64>,
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
    /// Alarms raised here, with the end of their violation, ms UTC; none while it lasts.
    pub until: BTreeMap<AlarmId, Option<i64>>,
    /// Devices bound, by terminal.
    pub devices: BTreeMap<String, Device>,
    /// Fences in their versions.
    pub fences: Vec<Fence>,
    /// Leaves as the watch knows them.
    pub permits: Vec<Permit>,
}

impl Watched {
    pub(super) fn is_bound(&self, time: i64) -> bool {
        self.devices.values().any(|device| device.holds(time))
    }

    pub(super) fn note(&mut self, alarm: AlarmId, until: Option<i64>) {
        self.notes.insert(alarm, AlarmNote { until });
        self.marked = true;
    }

    /// Something decided since that instant could not be signed.
    pub(super) fn owe(&mut self, since: i64) {
        self.owed = Some(self.owed.map_or(since, |owed| owed.min(since)));
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

/// Key of a fix: person, device time in ascending order of its bytes, id.
pub(super) fn fix_key(person: PersonCode, time: i64, id: FixId) -> Vec<u8> {
    let mut key = fix_prefix(person, time);
    key.extend_from_slice(&id);
    key
}

pub(in crate::replica) fn fix_prefix(person: PersonCode, time: i64) -> Vec<u8> {
    let mut key = person.0.to_vec();
    key.extend_from_slice(&((time as u64) ^ (1 << 63)).to_be_bytes());
    key
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
        let cases = self.desk.people.get(&person).cloned().unwrap_or_default();
        let seq = |case: &DossierId| self.rows.get(case).map_or(0, |row| row.seq);
        let seqs: Vec<u64> = cases.iter().map(seq).collect();
        if watched.seqs == seqs && watched.epoch == self.desk.epoch && !seqs.is_empty() {
            return Ok(watched);
        }
        (watched.seqs, watched.epoch) = (seqs, self.desk.epoch);
        self.read_cases(person, &mut watched, cases.iter().copied());
        let basis = basis(&watched);
        if watched.basis != Some(basis) {
            let judged = watched.basis.replace(basis).is_some();
            if judged {
                self.judge_again(person, &mut watched, None)?;
            }
            self.save_watch(person, &mut watched);
        }
        Ok(watched)
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
    }

    fn load_watch(&self, person: PersonCode) -> Result<Watched, StoreError> {
        let row = self.disk.get(Table::Watch, &person.0)?;
        let row: WatchRow = row
            .and_then(|bytes| minicbor::decode(&bytes).ok())
            .unwrap_or_default();
        let marks = self.disk.get(Table::Watch, &mark_key(person))?;
        let marks: MarkRow = marks
            .and_then(|bytes| minicbor::decode(&bytes).ok())
            .unwrap_or_default();
        Ok(Watched {
            state: row.state,
            marks: marks.marks,
            notes: marks.notes.into_iter().collect(),
            last: row.last,
            basis: row.basis,
            owed: row.owed,
            ..Watched::default()
        })
    }

    pub(super) fn save_watch(&mut self, person: PersonCode, watched: &mut Watched) {
        let row = WatchRow {
            state: watched.state.clone(),
            last: watched.last,
            basis: watched.basis,
            owed: watched.owed,
        };
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
            };
            self.disk
                .put(Table::Watch, &mark_key(person), canon::encode(&row));
        }
    }

    fn read_cases(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        cases: impl Iterator<Item = DossierId>,
    ) {
        let mut fences = Vec::new();
        watched.cases.clear();
        watched.permits.clear();
        watched.devices.clear();
        for case in cases {
            let (Some(standing), Ok(facts)) = (self.stand(case), self.load_facts(case)) else {
                continue;
            };
            for (name, slot) in &standing.fields {
                if let Some(id) = name.strip_prefix(FENCE_FIELD) {
                    let versions = self.fence_versions(&facts, slot);
                    fences.extend(versions.into_iter().map(Arc::new));
                    watched.cases.entry(id.to_owned()).or_insert(case);
                }
                if let Some(terminal) = name.strip_prefix(DEVICE_FIELD)
                    && let Some(device) = open_value(slot).and_then(|b| minicbor::decode(b).ok())
                {
                    watched.devices.insert(terminal.to_owned(), device);
                }
            }
            let granted = permits(&standing);
            let granted = granted.iter().filter_map(|granted| permit(person, granted));
            watched.permits.extend(granted);
        }
        watched.fences = Fences::new(fences);
    }

    /// All values that a fence's field had in one line, each from its signing on; taking it away
    /// ends them.
    fn fence_versions(
        &mut self,
        facts: &BTreeMap<EnvelopeId, Fact>,
        slot: &SlotStanding,
    ) -> Vec<Fence> {
        let (mut line, mut next) = (Vec::new(), slot.in_force().map(|(ids, _)| ids.to_vec()));
        while let Some(fact) = next
            .take()
            .and_then(|ids| ids.first().and_then(|id| facts.get(id)))
        {
            let What::Amend { replaces, open, .. } = &fact.what else {
                break;
            };
            let at = self.authority.window(fact).clamp(fact.at);
            line.push((at, open.clone().unwrap_or_default()));
            next = (!replaces.is_empty() && line.len() < 1_000).then(|| replaces.clone());
        }
        line.reverse();
        let mut fences: Vec<Fence> = Vec::new();
        for (version, (at, bytes)) in (1..).zip(line) {
            match self.desk.known.read(&bytes) {
                Some(fence) => {
                    let valid = fence.valid();
                    let from = Some(valid.from.map_or(at, |from| from.max(at)));
                    let until = valid.until;
                    fences.push(fence.with_version(version, Validity { from, until }));
                }
                None => fences = fences.into_iter().map(|fence| ended(fence, at)).collect(),
            }
        }
        fences
    }

    /// What is known of a person under watch; none where no case here is of that person.
    pub fn watch(&mut self, person: PersonCode) -> Option<WatchView> {
        self.desk.people.get(&person)?;
        let watched = self.watch_of(person).ok()?;
        let open = watched.state.open();
        let view = WatchView {
            last: watched.last,
            open: open
                .map(|(fence, time, _)| (fence.to_owned(), time))
                .collect(),
            until: watched
                .notes
                .iter()
                .map(|(alarm, note)| (*alarm, note.until))
                .collect(),
            devices: watched.devices.clone(),
            fences: watched.fences.iter().cloned().collect(),
            permits: watched.permits.clone(),
        };
        self.desk.watched.insert(person, watched);
        Some(view)
    }

    /// Stored fixes of a person with `from <= device time < to`, ms UTC, in order, at most `limit`.
    pub fn fixes(
        &self,
        person: PersonCode,
        from: i64,
        to: i64,
        limit: usize,
    ) -> Result<Vec<StoredFix>, StoreError> {
        self.positions(person, (from, to), limit)
    }

    /// Stored reports without a position of a person with `from <= device time < to`, ms UTC, in
    /// order, at most `limit`.
    pub fn signals(
        &self,
        person: PersonCode,
        from: i64,
        to: i64,
        limit: usize,
    ) -> Result<Vec<StoredSignal>, StoreError> {
        let (lo, hi) = (fix_prefix(person, from), fix_prefix(person, to));
        let rows = self.disk.range(Table::Signal, &lo, &hi, limit)?;
        let signals = rows.iter().map(|(_, value)| minicbor::decode(value).ok());
        Ok(signals.flatten().collect())
    }
}

fn open_value(slot: &SlotStanding) -> Option<&[u8]> {
    match slot.in_force()?.1 {
        SlotValue::Field { open, .. } => open.as_deref(),
        _ => None,
    }
}

fn ended(fence: Fence, at: i64) -> Fence {
    let valid = fence.valid();
    let until = Some(valid.until.map_or(at, |until| until.min(at)));
    let version = fence.version();
    let from = valid.from;
    fence.with_version(version, Validity { from, until })
}

/// A leave of civil days in Asia/Shanghai; one whose area can't be read covers nothing.
fn permit(person: PersonCode, granted: &GrantedPermit) -> Option<Permit> {
    let area: Option<Shape> = match &granted.area {
        Some(bytes) => Some(minicbor::decode(bytes).ok()?),
        None => None,
    };
    let midnight = |day: i32| i64::from(day) * DAY_MS - SHANGHAI_AHEAD_MS;
    Some(Permit {
        person: person.to_hex(),
        from: midnight(granted.first_day),
        to: midnight(granted.last_day) + DAY_MS - 1,
        area,
        fence: None,
        signed: Some(granted.signed_at),
        revoked: granted.revoked_at,
    })
}

/// What the watch judges by, in few bytes.
fn basis(watched: &Watched) -> [u8; 32] {
    let fences: Vec<&Fence> = watched.fences.iter().collect();
    let bytes = [canon::encode(&fences), canon::encode(&watched.permits)].concat();
    jiaolian_schema::id::sha256(&[&bytes])
}
