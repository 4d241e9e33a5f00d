//! What the node does and did not do: when it ran, and which alarms it must look at again because a clock
//! passes, somebody took them, or a line went down. The rules are `schema::duty`'s.

use super::Node;
use super::call::{CallRow, Mark, Name};
use crate::event::Change;
use crate::notify::Way;
use crate::view::{alarm, incident};
use jiaolian_schema::act::Raise;
use jiaolian_schema::canon;
use jiaolian_schema::desk::File;
use jiaolian_schema::duty::{Beat, Book, Calls, HandList, Here, Outage, Run, Seen, calls, outages};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId, sha256};
use jiaolian_sync::{LinkStatus, Store as _, StoreError, Table, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Notify;

/// Kind of a row that tells when the node ran.
const RUN: u8 = 1;
/// Kind of a row that tells of a call.
pub(super) const CALL: u8 = 2;
/// Kind of a row that holds a list that was handed over.
pub(super) const LIST: u8 = 3;
/// Most alarms looked at in one tick, so that no answer waits for all of them.
const LOOKS_A_TICK: usize = 32;
const MINUTE_MS: i64 = 60_000;
/// How long rows stay, ms: as long as the table says.
const KEEP_MS: i64 = 400 * 24 * 3_600_000;
/// Most rows let go of at one start.
const FORGOTTEN_MAX: usize = 10_000;
/// Rows read at a time.
pub(super) const ROWS_AT_ONCE: usize = 1_000;
/// The tier whose duty desk answers for offices below: the county.
const DESK_TIER: u8 = 2;
/// An office whose node was never heard is not reached, since ever.
const NEVER_HEARD: i64 = 0;

/// What the owner keeps of it in memory.
#[derive(Debug, Default)]
pub(super) struct DutyDesk {
    run: Option<Run>,
    book: Option<Arc<Book>>,
    /// Alarms to look at now.
    unlooked: BTreeSet<DossierId>,
    /// Alarms to look at again, at an instant or never, ms UTC. Those that owe nothing any more are not
    /// here.
    open: BTreeMap<DossierId, Option<i64>>,
    pub(super) ways: Vec<Way>,
    pub(super) always: bool,
    pub(super) wake: Arc<Notify>,
    /// Calls that wait.
    pub(super) waiting: BTreeMap<Name, CallRow>,
    /// Every call that was ever made or given up, so that none is made twice.
    pub(super) done: BTreeSet<Name>,
    /// For which alarm, step and round somebody was told, and by which way.
    pub(super) told: BTreeSet<Mark>,
    /// Calls that were made and that no act tells of yet.
    pub(super) unsigned: BTreeSet<Name>,
}

impl Node {
    /// By which ways this node tells people who are not at a page; `always` at any hour.
    pub fn set_ways(&mut self, ways: Vec<Way>, always: bool) {
        self.duty.ways = ways;
        self.duty.always = always;
    }

    /// What wakes the ways when something is owed.
    pub fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.duty.wake)
    }

    /// Reads what was owed when the node last ran, and begins a run. Every alarm is looked at once.
    pub fn begin_duty(&mut self) -> Result<(), StoreError> {
        self.forget_old_rows()?;
        self.read_calls()?;
        let now = self.now();
        self.save_run(Run::begin(now));
        self.duty.unlooked = self.dossiers(DossierKind::Alarm).into_iter().collect();
        Ok(())
    }

    /// The node was told to stop.
    pub fn end_duty(&mut self) {
        if let Some(run) = self.duty.run.take() {
            let stopped = run.stop(self.now());
            self.save_run(stopped);
        }
    }

    /// When no node ran here, in `from..=to`, ms UTC; until now the present one runs.
    pub fn outages(&self, from: i64, to: i64) -> Result<Vec<Outage>, StoreError> {
        let mut runs = Vec::new();
        self.each_duty_row((RUN, i64::MIN), |_, value| {
            runs.extend(minicbor::decode::<Run>(value).ok());
        })?;
        if let Some(run) = self.duty.run {
            let alive = self.now().max(run.alive);
            runs.push(Run { alive, ..run });
        }
        Ok(outages(&runs, from, to))
    }

    fn save_run(&mut self, run: Run) {
        self.duty.run = Some(run);
        let key = duty_key(RUN, run.started, &[]);
        self.put_duty(key, Some(canon::encode(&run)));
    }

    /// Time passes.
    pub(super) fn tick_duty(&mut self) {
        let now = self.now();
        match self.duty.run.map(|run| run.beat(now)) {
            Some(Beat::On(run) | Beat::Anew(run)) => self.save_run(run),
            Some(Beat::Soon) => {}
            // A node that no run was begun for looks at nothing: a test, or a tool.
            None => return,
        }
        let due = |at: &Option<i64>| at.is_some_and(|at| at <= now);
        let passed = self.duty.open.iter().filter(|(_, at)| due(at));
        let passed: Vec<DossierId> = passed.map(|(id, _)| *id).collect();
        self.duty.unlooked.extend(passed);
        let links = if self.duty.unlooked.is_empty() {
            Vec::new()
        } else {
            self.replica.links()
        };
        for _ in 0..LOOKS_A_TICK {
            let Some(id) = self.duty.unlooked.pop_first() else {
                break;
            };
            self.look_at_alarm(id, &links, now);
        }
        self.sign_told();
    }

    /// An alarm is to be looked at again.
    pub(super) fn look_again(&mut self, dossier: DossierId) {
        if self.duty.run.is_some() {
            self.duty.unlooked.insert(dossier);
        }
    }

    /// A line went up or down: whoever answers for an open alarm may be out of reach now.
    pub(super) fn lines_changed(&mut self) {
        let open: Vec<DossierId> = self.duty.open.keys().copied().collect();
        self.duty.unlooked.extend(open);
    }

    /// Lists, staff or superiors may be others.
    pub fn forget_book(&mut self) {
        self.duty.book = None;
        self.lines_changed();
    }

    /// Lists and staff of the own office and those above it; up to the county, which answers for them, of
    /// those below too.
    pub fn book(&mut self) -> Arc<Book> {
        if let Some(book) = &self.duty.book {
            return Arc::clone(book);
        }
        let (known, own) = (self.offices(), self.office);
        let tier = known.get(own).map_or(0, |office| office.tier);
        let asked = known
            .iter()
            .map(|(id, _)| id)
            .filter(|id| known.covers(*id, own) || (tier <= DESK_TIER && known.covers(own, *id)));
        let asked: Vec<OfficeId> = asked.collect();
        let rosters: BTreeMap<OfficeId, BTreeMap<EnvelopeId, Fact>> = asked
            .into_iter()
            .map(|office| (office, self.roster_facts(office)))
            .collect();
        let read = Book::read((self.authority(), &self.rules), &rosters);
        let book = Arc::new(read);
        self.duty.book = Some(Arc::clone(&book));
        book
    }

    /// What the roster of an office holds; nothing where it is not here.
    pub fn roster_facts(&self, office: OfficeId) -> BTreeMap<EnvelopeId, Fact> {
        let roster = self.replica.roster(office);
        let facts = roster.and_then(|roster| self.replica.facts(roster).ok());
        facts.unwrap_or_default()
    }

    fn look_at_alarm(&mut self, id: DossierId, links: &[LinkStatus], now: i64) {
        self.duty.open.remove(&id);
        let is_alarm = self
            .replica
            .dossier(id)
            .is_some_and(|row| row.kind == DossierKind::Alarm);
        let Some(file) = self.file(id).filter(|_| is_alarm) else {
            return;
        };
        let Some(desk) = incident::handling(self, &file) else {
            return;
        };
        let taken = alarm::claim(self, &file).is_some();
        let raise = alarm::raise_of(&file);
        let seen = Seen {
            office: file.place,
            raised_at: file.opening().map_or(now, |entry| entry.fact.at),
            severity: alarm::severity(self, &file),
            graver_at: raise.and_then(|raise| self.graver_at(raise, now)),
            retrospective: raise.is_none_or(|raise| raise.retrospective == 1),
            taken,
            told: times(&file, "notify") > 0,
            ended: desk.state.ended,
            dues: &desk.state.due,
        };
        let (book, here) = (self.book(), self.here(links, file.place));
        let rules = Arc::clone(&self.rules);
        let Calls { owed, look_at } = calls(&rules, &book, &seen, &here, now);
        if !(seen.ended || seen.retrospective) {
            self.duty.open.insert(id, look_at);
        }
        let round = u32::try_from(times(&file, "reopen")).unwrap_or(u32::MAX);
        self.give_up_calls(&seen, id, &owed);
        for one in owed {
            self.owe(&file, seen.severity, round, one);
        }
    }

    /// When an alarm that goes on becomes graver next.
    fn graver_at(&self, raise: &Raise, now: i64) -> Option<i64> {
        let minutes = u32::try_from((now - raise.time).max(0) / MINUTE_MS).unwrap_or(u32::MAX);
        let kind = self.rules.alarm_kind(&raise.kind)?;
        let after = kind.graver_after(minutes)?;
        Some(raise.time + i64::from(after) * MINUTE_MS)
    }

    /// What this node is, and whether it can reach others.
    fn here(&self, links: &[LinkStatus], of: OfficeId) -> Here {
        let ups = links.iter().filter(|link| link.up_since.is_some());
        let own: BTreeSet<OfficeId> = ups.map(|link| link.office).collect();
        let heard = links
            .iter()
            .filter(|link| link.office == of)
            .filter_map(|link| link.heard_at)
            .max();
        Here {
            office: self.office,
            always: self.duty.always,
            linked: !own.is_empty(),
            cut_since: (of != self.office && !own.contains(&of))
                .then(|| heard.unwrap_or(NEVER_HEARD)),
        }
    }

    /// Pages are told that a clock passed.
    pub(super) fn tell_pages(&self, alarm: DossierId) {
        self.events.publish(Change::AlarmChanged(alarm));
    }

    pub(super) fn put_duty(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.put(Write {
            table: Table::Duty,
            key,
            value,
        });
    }

    /// Rows of one kind from a time on, ms UTC, oldest first.
    pub(super) fn each_duty_row(
        &self,
        (kind, since): (u8, i64),
        mut take: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), StoreError> {
        let (mut from, to, reader) = (duty_key(kind, since, &[]), [kind + 1], self.store.reader());
        loop {
            let rows = reader.range(Table::Duty, &from, &to, ROWS_AT_ONCE)?;
            for (key, value) in &rows {
                take(key, value);
            }
            let Some((last, _)) = rows.last().filter(|_| rows.len() == ROWS_AT_ONCE) else {
                return Ok(());
            };
            from = [last.as_slice(), &[0]].concat();
        }
    }

    /// Keeps a list that is handed over.
    pub fn keep_list(&mut self, hash: &[u8; 32], at: i64, bytes: Vec<u8>) {
        self.put_duty(duty_key(LIST, at, hash), Some(bytes));
    }

    /// The list of a hash, where it lies here unaltered.
    pub fn kept_list(&self, hash: &[u8; 32]) -> Result<Option<HandList>, StoreError> {
        let mut found = None;
        self.each_duty_row((LIST, i64::MIN), |key, value| {
            if key.ends_with(hash) && sha256(&[value]) == *hash {
                found = minicbor::decode(value).ok();
            }
        })?;
        Ok(found)
    }

    /// By which ways this node tells people.
    pub fn ways(&self) -> &[Way] {
        &self.duty.ways
    }

    fn forget_old_rows(&mut self) -> Result<(), StoreError> {
        let before = self.now() - KEEP_MS;
        for kind in [RUN, CALL, LIST] {
            let (from, to) = (vec![kind], duty_key(kind, before, &[]));
            let reader = self.store.reader();
            for (key, _) in reader.range(Table::Duty, &from, &to, FORGOTTEN_MAX)? {
                self.put_duty(key, None);
            }
        }
        Ok(())
    }
}

/// How many steps of an event an alarm has.
fn times(file: &File, name: &str) -> usize {
    let steps = file.steps(file.id.into());
    steps
        .filter(|entry| matches!(&entry.fact.what, What::Step { event, .. } if event == name))
        .count()
}

/// Kind, time with its sign flipped, name.
pub(super) fn duty_key(kind: u8, time: i64, name: &[u8]) -> Vec<u8> {
    let time = (time as u64 ^ 1 << 63).to_be_bytes();
    [&[kind], &time[..], name].concat()
}
