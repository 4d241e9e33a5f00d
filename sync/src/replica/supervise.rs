//! Supervision: a device's report is stored, becomes a step of the person's watch and, where it
//! decides one, an alarm, all in one batch. What arrives late, and permits and fences that arrive
//! late, make the stored reports be judged again; of silence the clock decides.

mod alarm;
mod check;
mod gather;
mod ground;
mod hear;
mod judge;
mod known;
mod late;
mod newest;
mod pace;
mod position;
mod report;
mod silence;
mod stored;
mod told;
mod watched;
mod whence;

pub use check::{CheckInError, CheckInOutcome, CheckInReport};
pub(super) use judge::is_watched;
pub use position::LastSeen;
pub use report::{Judged, Report, ReportError, ReportOutcome};
pub(super) use stored::fix_prefix;
pub use stored::{StoredFix, StoredSignal};
pub use watched::WatchView;
pub use whence::Whence;

use super::Replica;
use crate::store::{Store, Table};
use alarm::{CLOSE_ITSELF, WITHDRAW};
use jiaolian_schema::act::Raise;
use jiaolian_schema::checkin::CHECK_IN_FIELD;
use jiaolian_schema::device::{DEVICE_FIELD, Device, FENCE_FIELD};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::id::{AlarmId, DossierId, PersonCode};
use jiaolian_schema::standing::SlotRules;
use jiaolian_schema::watch::{Numbers, Spans};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use watched::Watched;

/// A live fix farther than this from the time of receipt, ms, is stored and not judged, unless it
/// is the node that is
/// wrong (`watch.md` R4).
pub const LIVE_SKEW_MS: i64 = 5 * 60_000;
/// People whose permits are read again with one tick.
const FOLLOWED_AT_ONCE: usize = 16;

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
    /// Of them, those whose row says less than is known here.
    unsaved: BTreeSet<PersonCode>,
    news: BTreeSet<PersonCode>,
    /// People with a band that this node is to hear: missed though it never was.
    expected: BTreeSet<PersonCode>,
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
    /// Whose live reports came last, one of each, and how far the node's clock was ahead of them, ms;
    /// and how far it is ahead where they agree.
    clock: VecDeque<(PersonCode, i64)>,
    ahead_ms: Option<i64>,
    /// People with reports whose time was not believed.
    doubted: BTreeSet<PersonCode>,
    /// When the clock may next decide something of a person, ms UTC.
    due: BTreeSet<(i64, PersonCode)>,
    due_of: BTreeMap<PersonCode, i64>,
    /// When this node did not run, and when it last noted that it does, by its own clock, with how
    /// far that was ahead, ms.
    down: Spans,
    alive: Option<(i64, Option<i64>)>,
    numbers: Arc<Numbers>,
    known: known::KnownFences,
    checks: check::Checks,
    late: late::LateDesk,
    crowds: gather::Crowds,
}

impl Desk {
    pub(super) fn new(rules: &dyn SlotRules) -> Self {
        Self {
            numbers: Arc::new(rules.watch_numbers()),
            checks: check::Checks::new(rules.check_in_numbers()),
            late: late::LateDesk::new(rules.late_rules()),
            crowds: gather::Crowds::new(rules.gather_numbers()),
            ..Self::default()
        }
    }

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
        self.late.let_go(person, dossiers);
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
        self.expected.remove(&person);
        self.elsewhere.remove(&person);
        self.behind.remove(&person);
        self.owed.remove(&person);
        self.doubted.remove(&person);
        self.crowds.forget(person);
        self.schedule(person, None);
        self.checks.schedule(person, None);
        self.late.forget(person);
        true
    }
}

impl<S: Store> Replica<S> {
    /// Cases here of a person, ascending.
    pub fn cases_of(&self, person: PersonCode) -> impl Iterator<Item = DossierId> {
        self.desk.people.get(&person).into_iter().flatten().copied()
    }

    /// Whose a device is at an instant, ms UTC, and by which binding, as far as the law lets it be
    /// used around that instant.
    pub fn bound(&mut self, terminal: &str, time: i64) -> Option<(PersonCode, Device)> {
        let cases: Vec<DossierId> = self.desk.devices.get(terminal)?.iter().copied().collect();
        for case in cases {
            let Some(person) = self.rows.get(&case).and_then(|row| row.person) else {
                continue;
            };
            let Ok(watched) = self.watch_of(person) else {
                continue;
            };
            let device = watched.held(terminal, time);
            self.desk.watched.insert(person, watched);
            if let Some(device) = device {
                return Some((person, device));
            }
        }
        None
    }

    /// Every binding of a device that stands, ended or not, with the person whose it is.
    pub fn bindings(&mut self, terminal: &str) -> Vec<(PersonCode, Device)> {
        let cases = self.desk.devices.get(terminal);
        let cases: Vec<DossierId> = cases.into_iter().flatten().copied().collect();
        let mut found = Vec::new();
        for case in cases {
            let person = self.rows.get(&case).and_then(|row| row.person);
            let Some((person, watched)) = person.and_then(|p| Some((p, self.watch_of(p).ok()?)))
            else {
                continue;
            };
            let device = watched.devices.get(terminal).cloned();
            found.extend(device.map(|device| (person, device)));
            self.desk.watched.insert(person, watched);
        }
        found
    }

    /// Judges anew whoever got another fence, permit or device.
    pub(super) fn follow_watched(&mut self) {
        while let Some(person) = self.desk.news.pop_first() {
            let stored = self.disk.get(Table::Watch, &person.0);
            let watches = matches!(stored, Ok(Some(_)))
                || self.desk.watched.contains_key(&person)
                || self.desk.expected.contains(&person);
            if let Some(watched) = watches.then(|| self.watch_of(person).ok()).flatten() {
                self.desk.watched.insert(person, watched);
            }
            self.desk.checks.look_again(person);
        }
        while let Some((person, time)) = self.desk.elsewhere.pop_first() {
            self.follow_elsewhere(person, time);
        }
    }

    /// What the clock decides of people: silence, check-ins, what is late, gatherings.
    pub(super) fn follow_clock(&mut self) {
        self.follow_silence();
        self.follow_check_ins();
        self.follow_late();
        self.pay_alarms();
        self.follow_gatherings();
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
        self.save_unsaved();
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
        self.desk.late.begin();
        // Whoever is expected may have no row yet.
        let expected = self.desk.expected.iter().copied();
        self.desk.behind.extend(expected);
        self.desk.crowds.elsewhere.clear();
    }

    fn note_elsewhere(&mut self, raise: &Raise) {
        if raise.kind == gather::GATHER {
            self.desk.crowds.elsewhere.insert(raise.time);
            return;
        }
        let earliest = self.desk.elsewhere.entry(raise.person);
        let earliest = earliest.or_insert(raise.time);
        *earliest = (*earliest).min(raise.time);
    }

    /// Keeps the lists by person, device and alarm, and notes who must be judged again.
    pub(super) fn note_watched(&mut self, fact: &Fact) {
        self.note_late(fact);
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
                if raise.kind == gather::GATHER {
                    self.desk.crowds.note_alarm(raise);
                }
                self.note_elsewhere(raise);
            }
            (What::Step { event, .. }, Some(_))
                if [WITHDRAW, CLOSE_ITSELF].contains(&event.as_str()) =>
            {
                let opening = self.fact_of(fact.dossier, fact.dossier.into());
                if let Some(What::Raise(raise)) = opening.map(|opening| opening.what) {
                    self.note_elsewhere(&raise);
                }
            }
            (What::Amend { field, open, .. }, Some(person)) => {
                if field.starts_with(CHECK_IN_FIELD) {
                    self.note_plan(person, open.as_deref().unwrap_or_default());
                }
                if let Some(terminal) = field.strip_prefix(DEVICE_FIELD) {
                    let device = open.as_deref();
                    let device = device.and_then(|b| minicbor::decode::<Device>(b).ok());
                    if device.is_some_and(|device| device.heard_at == Some(self.office)) {
                        self.desk.expected.insert(person);
                    }
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
