//! Supervision: a position report becomes a stored fix, a step of the person's watch and, where it
//! decides one, an alarm,
//! all in one batch. What arrives late, and permits and fences that arrive late, make the stored
//! fixes be judged again.

mod alarm;
mod judge;
mod known;
mod watched;

pub(super) use judge::is_watched;
pub(super) use watched::fix_prefix;
pub use watched::{StoredFix, StoredSignal, WatchView};

use super::Replica;
use crate::effect::Event;
use crate::store::{Store, StoreError, Table};
use alarm::WITHDRAW;
use jiaolian_schema::act::Raise;
use jiaolian_schema::canon;
use jiaolian_schema::device::{DEVICE_FIELD, Device, FENCE_FIELD};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::fix::{Fix, Point};
use jiaolian_schema::id::{AlarmId, DossierId, PersonCode};
use jiaolian_schema::signal::{Signal, Signs};
use jiaolian_schema::watch::{ClockReport, NodeClock, Step, Unused, judge_clock};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use thiserror::Error;
use watched::Watched;

/// A live fix farther than this from the time of receipt, ms, is stored and not judged, unless it
/// is the node that is
/// wrong (`watch.md` R4).
pub const LIVE_SKEW_MS: i64 = 5 * 60_000;
/// People whose permits are read again with one tick.
const FOLLOWED_AT_ONCE: usize = 16;
/// Reports by which the node's clock is judged.
const CLOCK_REPORTS: usize = 64;

/// Why a report is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReportError {
    /// Nobody here has the code.
    #[error("no case here is of person {0}")]
    UnknownPerson(String),
    /// No device is bound to the person at that time.
    #[error("no device of person {person} is bound at {time}")]
    Unbound {
        /// Whose.
        person: PersonCode,
        /// The report's time, ms UTC.
        time: i64,
    },
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a device said at one instant: where it was, what it says of itself, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The person's code, as hexadecimal digits.
    pub person: String,
    /// Number of the device.
    pub terminal: String,
    /// Device time, ms UTC.
    pub time: i64,
    /// Where; its time is the report's. None where it has no position.
    pub point: Option<Point>,
    /// What it says of itself.
    pub signs: Signs,
    /// A report of now, not one that waited on the device.
    pub live: bool,
}

/// What a report came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It was here before.
    Double,
    /// The next fix of the person's watch.
    Next,
    /// Not used by the watch.
    Unused(Unused),
    /// It came late: the person's fixes were judged again.
    Again,
    /// Stored only: its time is too far from the node's clock.
    Skewed,
    /// Stored: it has no position.
    Said,
}

/// What became of a report. It is durable once the next `Store` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportOutcome {
    /// What it came to.
    pub judged: Judged,
    /// Alarms that it raised.
    pub raised: Vec<AlarmId>,
    /// Alarms that it withdrew.
    pub withdrawn: Vec<AlarmId>,
}

/// What supervision keeps in memory.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Cases of a person.
    people: BTreeMap<PersonCode, BTreeSet<DossierId>>,
    /// Cases that bind a device.
    devices: BTreeMap<String, BTreeSet<DossierId>>,
    /// Dossiers of an alarm: one from each gateway that raised it.
    alarms: BTreeMap<AlarmId, BTreeSet<DossierId>>,
    /// Alarms of a person.
    of: BTreeMap<PersonCode, BTreeSet<AlarmId>>,
    watched: BTreeMap<PersonCode, Watched>,
    news: BTreeSet<PersonCode>,
    /// People of whom another gateway raised or withdrew an alarm, with the time of the earliest.
    elsewhere: BTreeMap<PersonCode, i64>,
    /// People whose permits may read otherwise since the roster or a receipt changed, and up to
    /// which change that was asked.
    behind: BTreeSet<PersonCode>,
    followed: u64,
    /// People of whom alarms are owed that could not be signed.
    owed: BTreeSet<PersonCode>,
    /// Something of the watch could not be signed just now.
    unsigned: bool,
    epoch: u64,
    clock: VecDeque<(String, i64, i64)>,
    known: known::KnownFences,
}

impl Desk {
    /// Forgets dossiers of a person; true where nothing of the person is left.
    pub(super) fn forget(&mut self, person: PersonCode, dossiers: &BTreeSet<DossierId>) -> bool {
        for lists in [
            self.devices.values_mut().collect::<Vec<_>>(),
            self.alarms.values_mut().collect(),
        ]
        .into_iter()
        .flatten()
        {
            lists.retain(|dossier| !dossiers.contains(dossier));
        }
        self.alarms.retain(|_, of| !of.is_empty());
        let known = &self.alarms;
        if let Some(alarms) = self.of.get_mut(&person) {
            alarms.retain(|alarm| known.contains_key(alarm));
        }
        self.watched.remove(&person);
        let left = self.people.get_mut(&person).is_some_and(|cases| {
            cases.retain(|case| !dossiers.contains(case));
            !cases.is_empty()
        });
        if left {
            self.news.insert(person);
            return false;
        }
        self.people.remove(&person);
        self.of.remove(&person);
        self.news.remove(&person);
        self.elsewhere.remove(&person);
        self.behind.remove(&person);
        self.owed.remove(&person);
        true
    }
}

impl<S: Store> Replica<S> {
    /// Takes in a position of which the device says nothing more. `live` tells a report of now from
    /// one that waited on the device.
    pub fn report(
        &mut self,
        fix: &Fix,
        received_at: i64,
        live: bool,
    ) -> Result<ReportOutcome, ReportError> {
        let report = Report {
            person: fix.person.clone(),
            terminal: String::new(),
            time: fix.point.time,
            point: Some(fix.point),
            signs: Signs::NONE,
            live,
        };
        self.hear_device(&report, received_at)
    }

    /// Takes in a device's report.
    pub fn hear_device(
        &mut self,
        report: &Report,
        received_at: i64,
    ) -> Result<ReportOutcome, ReportError> {
        self.turn_clock(received_at);
        let unknown = || ReportError::UnknownPerson(report.person.clone());
        let person = PersonCode::from_hex(&report.person).ok_or_else(unknown)?;
        if !self.desk.people.contains_key(&person) {
            return Err(unknown());
        }
        let time = report.time;
        let mut watched = self.watch_of(person)?;
        if !watched.is_bound(time) {
            self.desk.watched.insert(person, watched);
            return Err(ReportError::Unbound { person, time });
        }
        let outcome = match report.point {
            Some(point) => self.take_fix(person, &mut watched, (report, point), received_at),
            None => self.take_signal(person, report, received_at),
        };
        self.desk.watched.insert(person, watched);
        self.settle();
        outcome
    }

    fn take_signal(
        &mut self,
        person: PersonCode,
        report: &Report,
        received_at: i64,
    ) -> Result<ReportOutcome, ReportError> {
        let mut outcome = ReportOutcome {
            judged: Judged::Double,
            raised: Vec::new(),
            withdrawn: Vec::new(),
        };
        let signal = Signal {
            person: report.person.clone(),
            terminal: report.terminal.clone(),
            time: report.time,
            signs: report.signs,
        };
        let key = watched::fix_key(person, signal.time, signal.id());
        if self.disk.get(Table::Signal, &key)?.is_some() {
            return Ok(outcome);
        }
        let stored = StoredSignal {
            signal,
            received_at,
            live: report.live,
        };
        self.disk.put(Table::Signal, &key, canon::encode(&stored));
        outcome.judged = Judged::Said;
        Ok(outcome)
    }

    fn take_fix(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        (report, point): (&Report, Point),
        received_at: i64,
    ) -> Result<ReportOutcome, ReportError> {
        let live = report.live;
        let fix = &Fix {
            person: person.to_hex(),
            point,
        };
        let mut outcome = ReportOutcome {
            judged: Judged::Double,
            raised: Vec::new(),
            withdrawn: Vec::new(),
        };
        let key = watched::fix_key(person, fix.point.time, fix.id());
        if self.disk.get(Table::Fix, &key)?.is_some() || self.is_packed(person, &fix.point)? {
            return Ok(outcome);
        }
        let judged = !live || self.is_timely(&fix.person, fix.point.time, received_at);
        let stored = StoredFix {
            person: fix.person.clone(),
            point: fix.point,
            received_at,
            live,
            judged,
            signs: (!report.signs.is_none()).then_some(report.signs),
        };
        self.disk.put(Table::Fix, &key, canon::encode(&stored));
        if !judged {
            outcome.judged = Judged::Skewed;
            return Ok(outcome);
        }
        watched.seen(&fix.point, received_at);
        watched.mark(fix.point.time);
        let step = watched.state.step(fix, &watched.fences, &watched.permits);
        match step {
            Step::Used(transitions) => {
                outcome.judged = Judged::Next;
                for transition in &transitions {
                    if self.is_told_otherwise(person, watched, transition) {
                        let since = Some(transition.time);
                        let (raised, withdrawn) = self.judge_again(person, watched, since)?;
                        outcome.raised.extend(raised);
                        outcome.withdrawn.extend(withdrawn);
                        break;
                    }
                    let raised = self.decide(person, watched, transition, live);
                    outcome.raised.extend(raised);
                    if std::mem::take(&mut self.desk.unsigned) {
                        watched.owe(transition.time);
                    }
                }
            }
            Step::Unused(cause) => outcome.judged = Judged::Unused(cause),
            Step::Late => {
                outcome.judged = Judged::Again;
                let (raised, withdrawn) =
                    self.judge_again(person, watched, Some(fix.point.time))?;
                (outcome.raised, outcome.withdrawn) = (raised, withdrawn);
            }
        }
        self.save_watch(person, watched);
        self.publish(Event::Watched { person });
        Ok(outcome)
    }

    /// Whether a live report's time fits the node's clock, or the devices agree that the clock is
    /// wrong.
    fn is_timely(&mut self, device: &str, time: i64, received_at: i64) -> bool {
        let clock = &mut self.desk.clock;
        clock.retain(|(other, _, _)| other != device);
        clock.push_back((device.to_owned(), time, received_at));
        while clock.len() > CLOCK_REPORTS {
            clock.pop_front();
        }
        let true_time = match self.node_clock() {
            NodeClock::Untrusted { ahead_ms } => received_at - ahead_ms,
            NodeClock::Trusted | NodeClock::Unknown => received_at,
        };
        (time - true_time).abs() <= LIVE_SKEW_MS
    }

    /// What recent live reports say of this node's clock.
    pub fn node_clock(&self) -> NodeClock {
        let reports: Vec<ClockReport<'_>> = self
            .desk
            .clock
            .iter()
            .map(|(device, device_time, receive_time)| ClockReport {
                device,
                device_time: *device_time,
                receive_time: *receive_time,
            })
            .collect();
        judge_clock(&reports)
    }

    /// Cases here of a person, ascending.
    pub fn cases_of(&self, person: PersonCode) -> impl Iterator<Item = DossierId> {
        self.desk.people.get(&person).into_iter().flatten().copied()
    }

    /// Whose a device is at an instant, ms UTC, and by which binding.
    pub fn bound(&mut self, terminal: &str, time: i64) -> Option<(PersonCode, Device)> {
        let cases: Vec<DossierId> = self.desk.devices.get(terminal)?.iter().copied().collect();
        for case in cases {
            let Some(person) = self.rows.get(&case).and_then(|row| row.person) else {
                continue;
            };
            let Ok(watched) = self.watch_of(person) else {
                continue;
            };
            let device = watched.devices.get(terminal).cloned();
            self.desk.watched.insert(person, watched);
            if let Some(device) = device.filter(|device| device.holds(time)) {
                return Some((person, device));
            }
        }
        None
    }

    /// Judges anew whoever got another fence, permit or device.
    pub(super) fn follow_watched(&mut self) {
        while let Some(person) = self.desk.news.pop_first() {
            let stored = self.disk.get(Table::Watch, &person.0);
            let watches = matches!(stored, Ok(Some(_))) || self.desk.watched.contains_key(&person);
            if let Some(watched) = watches.then(|| self.watch_of(person).ok()).flatten() {
                self.desk.watched.insert(person, watched);
            }
        }
        while let Some((person, time)) = self.desk.elsewhere.pop_first() {
            self.follow_elsewhere(person, time);
        }
    }

    /// What was signed may stand otherwise: permits are read again.
    pub(super) fn watch_anew(&mut self) {
        self.desk.epoch += 1;
    }

    /// A receipt or the roster may move a permit's beginning or take it away: everybody under watch
    /// is asked again in time, a few with each tick, whether a device still reports or not.
    pub(super) fn follow_epoch(&mut self) {
        if self.desk.followed != self.desk.epoch {
            self.desk.followed = self.desk.epoch;
            let people = self.desk.watched.keys().copied();
            self.desk.behind.extend(people);
        }
        for _ in 0..FOLLOWED_AT_ONCE {
            let Some(person) = self.desk.behind.pop_first() else {
                return;
            };
            if let Ok(watched) = self.watch_of(person) {
                self.desk.watched.insert(person, watched);
            }
        }
    }

    /// Another gateway raised or withdrew an alarm of a person whom this one watches too: of two
    /// alarms for one violation one goes, and a violation left without any gets one (R19).
    fn follow_elsewhere(&mut self, person: PersonCode, time: i64) {
        if !matches!(self.disk.get(Table::Watch, &person.0), Ok(Some(_))) {
            return;
        }
        if let Ok(mut watched) = self.watch_of(person) {
            let judged = self.judge_again(person, &mut watched, Some(time));
            if judged.is_ok() {
                self.save_watch(person, &mut watched);
            }
            self.desk.watched.insert(person, watched);
        }
    }

    /// What was followed before the node stopped needs no following at its start.
    pub(super) fn forget_watch_news(&mut self) {
        self.desk.news.clear();
        self.desk.elsewhere.clear();
    }

    fn note_elsewhere(&mut self, raise: &Raise) {
        let earliest = self.desk.elsewhere.entry(raise.person);
        let earliest = earliest.or_insert(raise.time);
        *earliest = (*earliest).min(raise.time);
    }

    /// Keeps the lists by person, device and alarm, and notes who must be judged again.
    pub(super) fn note_watched(&mut self, fact: &Fact) {
        let row = self.rows.get(&fact.dossier);
        let person = row.and_then(|row| row.person);
        match (&fact.what, person) {
            (What::Open { .. }, Some(person)) => {
                let cases = self.desk.people.entry(person).or_default();
                cases.insert(fact.dossier);
            }
            (What::Raise(raise), _) => {
                let dossiers = self.desk.alarms.entry(raise.alarm).or_default();
                dossiers.insert(fact.dossier);
                let alarms = self.desk.of.entry(raise.person).or_default();
                alarms.insert(raise.alarm);
                self.note_elsewhere(raise);
            }
            (What::Step { event, .. }, Some(_)) if event == WITHDRAW => {
                let opening = self.fact_of(fact.dossier, fact.dossier.into());
                if let Some(What::Raise(raise)) = opening.map(|opening| opening.what) {
                    self.note_elsewhere(&raise);
                }
            }
            (What::Amend { field, .. }, Some(person)) => {
                if let Some(terminal) = field.strip_prefix(DEVICE_FIELD) {
                    let cases = self.desk.devices.entry(terminal.to_owned()).or_default();
                    cases.insert(fact.dossier);
                }
                if field.starts_with(DEVICE_FIELD) || field.starts_with(FENCE_FIELD) {
                    self.desk.news.insert(person);
                }
            }
            (What::Step { .. } | What::Serve { .. } | What::Withdraw { .. }, Some(person))
                if row.is_some_and(|row| row.alarm.is_none()) =>
            {
                self.desk.news.insert(person);
            }
            (What::Roster(_) | What::Receipt(_), _) => self.watch_anew(),
            _ => {}
        }
    }
}
