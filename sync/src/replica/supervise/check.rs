//! Check-ins: what a phone answers is stored and judged by the plan of its case, and the clock tells
//! what was not answered. A place that comes with one is that of a moment and no part of any track.
//!
//! The rules are K1 to K14 of `docs/checkin.md`. Only the node of the office that the plan names asks
//! and judges. Everybody asked stands in an index by the instant at which the clock next decides
//! something of them, so a tick looks at those only whose instant has come.

mod judge;
mod keep;
mod plan;

pub(super) use plan::{AskedOf, Known};

use super::super::Replica;
use super::stored;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::canon;
use jiaolian_schema::checkin::{CheckIn, Duty, Face, Numbers};
use jiaolian_schema::device::Regime;
use jiaolian_schema::fix::{DAY_MS, Point, SHANGHAI_AHEAD_MS};
use jiaolian_schema::id::{AlarmId, PersonCode};
use jiaolian_schema::signal::Signs;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Most check-ins of one day of a person that are kept; nobody who is asked has reason for more.
const OF_A_DAY_MAX: usize = 200;
/// Most check-ins that are judged together, the oldest first.
const JUDGED_MAX: usize = 64 * OF_A_DAY_MAX;
/// What prompts are drawn from, in `Table::Local`.
const SECRET: &[u8] = b"prompts";

/// A check-in as a phone says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckInReport {
    /// Whose.
    pub person: PersonCode,
    /// Number of the phone that is bound and was let in.
    pub terminal: String,
    /// Number of the phone on which it was made, as the application says.
    pub phone: String,
    /// Device time, ms UTC.
    pub at: i64,
    /// Where; none where the phone has no position.
    pub point: Option<Point>,
    /// What was seen; none where nobody was.
    pub face: Option<Face>,
    /// What the phone says of itself.
    pub signs: Signs,
}

/// What became of a check-in. It is durable once the next `Store` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckInOutcome {
    /// It was here before.
    pub double: bool,
    /// Whether this node is the one that asks the person. Where it is not, what it stores answers
    /// nothing.
    pub asked: bool,
    /// Alarms that it raised.
    pub raised: Vec<AlarmId>,
}

/// Why a check-in is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckInError {
    /// No phone of that number is bound to the person at that time.
    #[error("no phone {terminal:?} of person {person} is bound at {at}")]
    Unbound {
        /// Whose.
        person: PersonCode,
        /// The number.
        terminal: String,
        /// The check-in's time, ms UTC.
        at: i64,
    },
    /// Too many.
    #[error("at most {OF_A_DAY_MAX} check-ins of a day are kept: {0}")]
    Many(usize),
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What supervision keeps of check-ins in memory.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// None before the shell gave it: then this node asks nobody.
    secret: Option<[u8; 32]>,
    /// None only in a desk that is not yet made.
    numbers: Option<Numbers>,
    /// When the clock next decides something of a person, ms UTC.
    due: BTreeSet<(i64, PersonCode)>,
    due_of: BTreeMap<PersonCode, i64>,
    sweep: keep::Sweep,
}

impl Checks {
    pub(super) fn new(numbers: Numbers) -> Self {
        let numbers = Some(numbers);
        Self {
            numbers,
            ..Self::default()
        }
    }

    /// Whether nobody is asked here.
    pub(super) fn is_idle(&self) -> bool {
        self.due.is_empty()
    }

    /// Puts a person where the clock finds them next.
    pub(super) fn schedule(&mut self, person: PersonCode, due: Option<i64>) {
        let before = match due {
            Some(due) => self.due_of.insert(person, due),
            None => self.due_of.remove(&person),
        };
        if let Some(before) = before {
            self.due.remove(&(before, person));
        }
        self.due.extend(due.map(|due| (due, person)));
    }

    /// What a person is judged by may have changed.
    pub(super) fn look_again(&mut self, person: PersonCode) {
        if self.due_of.contains_key(&person) {
            self.schedule(person, Some(i64::MIN));
        }
    }

    /// What was due by another clock may be due now.
    pub(super) fn look_at_everybody(&mut self) {
        for person in self.due_of.keys().copied().collect::<Vec<_>>() {
            self.schedule(person, Some(i64::MIN));
        }
    }
}

impl<S: Store> Replica<S> {
    /// Lets this node ask for check-ins. Prompts are drawn from a secret that never leaves it: the
    /// one it has, or at first this one, fresh entropy.
    pub fn ask_check_ins(&mut self, fresh: [u8; 32]) -> Result<(), StoreError> {
        let known = self.disk.get(Table::Local, SECRET)?;
        let known = known.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        if known.is_none() {
            self.disk.put(Table::Local, SECRET, fresh.to_vec());
        }
        self.desk.checks.secret = Some(known.unwrap_or(fresh));
        Ok(())
    }

    /// Takes in a check-in.
    pub fn hear_check_in(
        &mut self,
        report: &CheckInReport,
        received_at: i64,
    ) -> Result<CheckInOutcome, CheckInError> {
        self.turn_clock(received_at);
        let person = report.person;
        if !self.desk.people.contains_key(&person) {
            return Err(unbound(report));
        }
        let mut watched = self.watch_of(person)?;
        let heard = self.take_check_in(report, &mut watched, received_at);
        self.save_watch(person, &mut watched);
        self.desk.watched.insert(person, watched);
        self.settle();
        heard
    }

    fn take_check_in(
        &mut self,
        report: &CheckInReport,
        watched: &mut super::Watched,
        received_at: i64,
    ) -> Result<CheckInOutcome, CheckInError> {
        let (person, at) = (report.person, report.at);
        let held = watched.held(&report.terminal, at);
        if held.is_none_or(|device| device.regime != Regime::Phone) {
            return Err(unbound(report));
        }
        let mut outcome = CheckInOutcome {
            double: false,
            asked: self.asks(watched),
            raised: Vec::new(),
        };
        let check_in = CheckIn {
            at,
            received_at: self.true_time(received_at),
            terminal: report.phone.clone(),
            point: report.point,
            face: report.face,
            signs: report.signs,
        };
        let key = stored::fix_key(person, at, check_in.id(&person.to_hex()));
        if self.disk.get(Table::CheckIn, &key)?.is_some() {
            outcome.double = true;
            return Ok(outcome);
        }
        let day = (at + SHANGHAI_AHEAD_MS).div_euclid(DAY_MS) * DAY_MS - SHANGHAI_AHEAD_MS;
        let of_day = self.check_ins(person, day, day + DAY_MS, OF_A_DAY_MAX)?;
        if of_day.len() >= OF_A_DAY_MAX {
            return Err(CheckInError::Many(of_day.len() + 1));
        }
        self.disk
            .put(Table::CheckIn, &key, canon::encode(&check_in));
        if outcome.asked {
            outcome.raised = self.judge_check_ins(person, watched)?;
        }
        Ok(outcome)
    }

    /// Stored check-ins of a person with `from <= device time < to`, ms UTC, in order, at most
    /// `limit`.
    pub fn check_ins(
        &self,
        person: PersonCode,
        from: i64,
        to: i64,
        limit: usize,
    ) -> Result<Vec<CheckIn>, StoreError> {
        let (lo, hi) = (
            stored::fix_prefix(person, from),
            stored::fix_prefix(person, to),
        );
        let rows = self.disk.range(Table::CheckIn, &lo, &hi, limit)?;
        let check_ins = rows.iter().map(|(_, value)| minicbor::decode(value).ok());
        Ok(check_ins.flatten().collect())
    }

    /// What a person owes at this instant, ms UTC, and has not answered: never what is to come. None
    /// where this node does not ask the person.
    pub fn check_ins_due(
        &mut self,
        person: PersonCode,
        now: i64,
    ) -> Result<Option<Vec<Duty>>, StoreError> {
        self.turn_clock(now);
        let mut watched = self.watch_of(person)?;
        let due = self.due_now(person, &watched);
        if watched.marked {
            self.save_watch(person, &mut watched);
        }
        self.desk.watched.insert(person, watched);
        due
    }

    fn due_now(
        &self,
        person: PersonCode,
        watched: &super::Watched,
    ) -> Result<Option<Vec<Duty>>, StoreError> {
        let now = self.true_now();
        let hex = person.to_hex();
        let Some(asked) = self.asked(&hex, watched) else {
            return Ok(None);
        };
        let check_ins = self.check_ins(person, now - 2 * DAY_MS, now + DAY_MS, JUDGED_MAX)?;
        Ok(Some(asked.due(&check_ins, now)))
    }
}

fn unbound(report: &CheckInReport) -> CheckInError {
    CheckInError::Unbound {
        person: report.person,
        terminal: report.terminal.clone(),
        at: report.at,
    }
}
