//! What the clock decides: who has been silent for too long, and what the node's own clock is worth.
//!
//! Everybody under watch stands in an index by the instant at which the clock may next decide
//! something of them, so a tick looks at those only whose instant has come.

use super::super::Replica;
use super::watched::Watched;
use super::{Desk, LIVE_SKEW_MS, StoredFix};
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::canon;
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::watch::{AlarmKind, Change, NodeClock, Spans, Transition, judge_clock_ahead};

/// People of whom the clock decides with one tick.
const SILENT_AT_ONCE: usize = 64;
/// People whose doubted reports are looked at again with one tick.
const TRUSTED_AT_ONCE: usize = 16;
/// Reports by which the node's clock is judged.
const CLOCK_REPORTS: usize = 64;
/// How often the node notes that it runs, ms.
const ALIVE_MS: i64 = 60_000;
/// Outages that are remembered, the newest.
const OUTAGES_MAX: usize = 256;
/// Rows looked at again at once.
const DOUBTED_AT_ONCE: usize = 4_096;
/// When the node was last seen to run by its own clock, ms UTC, and how far that was ahead, ms, in
/// `Table::Local`.
const ALIVE: &[u8] = b"alive";
/// When it did not run, in `Table::Local`.
const OUTAGES: &[u8] = b"outages";

impl Desk {
    /// Puts a person where the clock finds them next.
    pub(super) fn schedule(&mut self, person: PersonCode, due: Option<i64>) {
        let before = match due {
            Some(due) => self.due_of.insert(person, due),
            None => self.due_of.remove(&person),
        };
        if before == due {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, person));
        }
        self.due.extend(due.map(|due| (due, person)));
    }
}

impl<S: Store> Replica<S> {
    /// Spans `[from, until)` in which this node did not run, ms UTC, beside those that it found by
    /// itself. Nobody was silent then.
    pub fn set_outages(&mut self, outages: impl IntoIterator<Item = (i64, i64)>) {
        self.desk.down = Spans::new(self.desk.down.iter().chain(outages));
    }

    /// Spans `[from, until)` in which this node did not run, as far as it remembers, ms UTC.
    pub fn outages(&self) -> Vec<(i64, i64)> {
        self.desk.down.iter().collect()
    }

    /// The time by the node's clock, set right where the devices agree that it is wrong, ms UTC.
    pub fn true_now(&self) -> i64 {
        self.true_time(self.now)
    }

    pub(super) fn true_time(&self, received_at: i64) -> i64 {
        match self.desk.ahead_ms {
            Some(ahead_ms) => received_at.saturating_sub(ahead_ms),
            None => received_at,
        }
    }

    /// What was remembered of outages, at the start.
    pub(in crate::replica) fn read_outages(&mut self) -> Result<(), StoreError> {
        let alive = self.disk.get(Table::Local, ALIVE)?;
        self.desk.alive = alive.and_then(|bytes| minicbor::decode(&bytes).ok());
        let down = self.disk.get(Table::Local, OUTAGES)?;
        let down: Option<Vec<(i64, i64)>> = down.and_then(|b| minicbor::decode(&b).ok());
        self.desk.down = Spans::new(down.unwrap_or_default());
        Ok(())
    }

    /// Time passes from `before` to `now`. A step longer than any pause between two verbs is one
    /// in which the node did not run, or its clock was set: either way nobody was silent in it.
    pub(in crate::replica) fn note_time(&mut self, before: i64, now: i64) {
        let running = (before != 0).then_some((before, self.desk.ahead_ms));
        let Some((before, ahead_ms)) = running.or(self.desk.alive) else {
            return;
        };
        if (now - before).abs() <= LIVE_SKEW_MS {
            return;
        }
        self.look_at_everybody();
        // What devices said of the clock was said of another.
        self.desk.clock.clear();
        self.desk.ahead_ms = None;
        if now > before {
            // Whether the clock is still wrong nobody knows yet: too long rather than too short.
            let ahead_ms = ahead_ms.unwrap_or(0);
            let span = (before - ahead_ms, now.max(now - ahead_ms));
            let mut down: Vec<(i64, i64)> = self.desk.down.iter().chain([span]).collect();
            let surplus = down.len().saturating_sub(OUTAGES_MAX);
            down.drain(..surplus);
            if !self.desk.due.is_empty() || !self.desk.checks.is_idle() {
                self.disk.put(Table::Local, OUTAGES, canon::encode(&down));
            }
            self.desk.down = Spans::new(down);
        }
    }

    /// Whether a live report's time fits the node's clock, or the devices agree that the clock is
    /// wrong.
    pub(super) fn is_timely(&mut self, person: PersonCode, time: i64, received_at: i64) -> bool {
        let clock = &mut self.desk.clock;
        clock.retain(|(other, _)| *other != person);
        clock.push_back((person, received_at.saturating_sub(time)));
        while clock.len() > CLOCK_REPORTS {
            clock.pop_front();
        }
        let before = self.desk.ahead_ms.unwrap_or(0);
        self.desk.ahead_ms = match self.node_clock() {
            NodeClock::Untrusted { ahead_ms } => Some(ahead_ms),
            NodeClock::Trusted => Some(0),
            NodeClock::Unknown => None,
        };
        if (self.desk.ahead_ms.unwrap_or(0) - before).abs() > LIVE_SKEW_MS {
            self.look_at_everybody();
        }
        self.forget_outages_to_come(self.true_time(received_at));
        (time - self.true_time(received_at)).abs() <= LIVE_SKEW_MS
    }

    /// A clock that was set far ahead looked like an outage that is not over yet: none is in time to
    /// come, and everybody is looked at again.
    fn forget_outages_to_come(&mut self, now: i64) {
        let last = self.desk.down.iter().last();
        if self.desk.ahead_ms.is_none() || last.is_none_or(|(_, until)| until <= now) {
            return;
        }
        let past = self
            .desk
            .down
            .iter()
            .map(|(from, until)| (from, until.min(now)));
        self.desk.down = Spans::new(past);
        self.look_at_everybody();
    }

    /// What was due by another clock may be due now.
    fn look_at_everybody(&mut self) {
        for person in self.desk.due_of.keys().copied().collect::<Vec<_>>() {
            self.desk.schedule(person, Some(i64::MIN));
        }
        self.desk.checks.look_at_everybody();
        self.desk.late.look_at_told();
    }

    /// What recent live reports say of this node's clock.
    pub fn node_clock(&self) -> NodeClock {
        let ahead = self.desk.clock.iter().map(|(_, ahead_ms)| *ahead_ms);
        judge_clock_ahead(ahead.collect())
    }

    /// What the clock decides of a person after the last report.
    pub(super) fn lapse_of(&self, watched: &Watched, now: i64) -> Vec<Transition> {
        let (numbers, down) = (&self.desk.numbers, &self.desk.down);
        let ground = watched.ground.on(numbers, &watched.permits, down);
        watched.state.lapse(now, &ground)
    }

    /// When the clock may next decide something of a person; at once where a silence is not told.
    pub(super) fn due_of(&self, watched: &Watched) -> Option<i64> {
        let now = self.true_now();
        if watched.silent.is_none() && is_silent(&self.lapse_of(watched, now)) {
            return Some(now);
        }
        let (numbers, down) = (&self.desk.numbers, &self.desk.down);
        let ground = watched.ground.on(numbers, &watched.permits, down);
        watched.state.due_after(now, &ground)
    }

    /// Who has been silent for too long is told of.
    pub(in crate::replica) fn follow_silence(&mut self) {
        if self.desk.due.is_empty() {
            return;
        }
        self.note_alive();
        let now = self.true_now();
        for _ in 0..SILENT_AT_ONCE {
            let Some((due, person)) = self.desk.due.first().copied() else {
                return;
            };
            if due > now {
                return;
            }
            self.desk.schedule(person, None);
            let Ok(mut watched) = self.watch_of(person) else {
                // A disk that refuses is asked again.
                self.desk.schedule(person, Some(now + ALIVE_MS));
                return;
            };
            self.tell_lapse(person, &mut watched, now);
            self.save_watch(person, &mut watched);
            self.desk.watched.insert(person, watched);
        }
    }

    /// Notes once a minute that the node runs.
    pub(super) fn note_alive(&mut self) {
        let noted = |(at, _): (i64, _)| (0..ALIVE_MS).contains(&(self.now - at));
        if !self.desk.alive.is_some_and(noted) {
            let alive = (self.now, self.desk.ahead_ms);
            self.desk.alive = Some(alive);
            self.disk.put(Table::Local, ALIVE, canon::encode(&alive));
        }
    }

    fn tell_lapse(&mut self, person: PersonCode, watched: &mut Watched, now: i64) {
        let lapse = self.lapse_of(watched, now);
        for transition in &lapse {
            let worsens = transition.change == Change::Worsen;
            if !worsens && self.is_told_otherwise(person, watched, transition) {
                let judged = self.judge_again(person, watched, Some(transition.time));
                if judged.is_err() {
                    watched.owe(transition.time);
                }
                return;
            }
            self.decide(person, watched, transition, false);
            if std::mem::take(&mut self.desk.unsigned) {
                watched.owe(transition.time);
            }
        }
        watched.silent = silent_since(&lapse);
    }

    /// Reports whose time was not believed are looked at again once the devices agree on what the
    /// node's clock is worth.
    pub(in crate::replica) fn follow_trust(&mut self) {
        let Some(ahead_ms) = self.desk.ahead_ms else {
            return;
        };
        for _ in 0..TRUSTED_AT_ONCE {
            let Some(person) = self.desk.doubted.pop_first() else {
                return;
            };
            let Ok(mut watched) = self.watch_of(person) else {
                return;
            };
            if self.trust(person, &mut watched, ahead_ms).is_err() {
                self.desk.doubted.insert(person);
                return;
            }
            self.save_watch(person, &mut watched);
            self.desk.watched.insert(person, watched);
        }
    }

    fn trust(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        ahead_ms: i64,
    ) -> Result<(), StoreError> {
        let Some(since) = watched.doubted.take() else {
            return Ok(());
        };
        let fits = |time: i64, received_at: i64| {
            (time - received_at.saturating_sub(ahead_ms)).abs() <= LIVE_SKEW_MS
        };
        let mut earliest = None;
        let mut note = |time: i64| earliest = Some(earliest.map_or(time, |e: i64| e.min(time)));
        let signals = self.signals(person, since, i64::MAX, DOUBTED_AT_ONCE)?;
        for mut signal in signals {
            let Some(said) = signal
                .doubted
                .filter(|said| fits(*said, signal.received_at))
            else {
                continue;
            };
            note(signal.signal.time.min(said));
            signal.judged = false;
            self.put_signal(person, &signal);
            if signal.placed {
                let fixes = self.fixes(person, said, said + 1, DOUBTED_AT_ONCE)?;
                let doubted = |fix: &StoredFix| fix.live && !fix.judged;
                for mut fix in fixes.into_iter().filter(doubted) {
                    fix.judged = true;
                    self.put_fix(person, &fix);
                }
            } else {
                signal.signal.time = said;
                (signal.judged, signal.doubted) = (true, None);
                self.put_signal(person, &signal);
            }
        }
        if earliest.is_some() {
            self.judge_again(person, watched, earliest)?;
        }
        Ok(())
    }
}

/// Whether what the clock decided leaves somebody silent.
pub(super) fn is_silent(lapse: &[Transition]) -> bool {
    silent_since(lapse).is_some()
}

fn silent_since(lapse: &[Transition]) -> Option<i64> {
    let mut of_silence = lapse.iter().filter(|t| t.kind == AlarmKind::NoSignal);
    let last = of_silence.clone().next_back()?;
    let begun = of_silence.rfind(|t| t.change == Change::Begin)?;
    (!last.change.is_clear()).then_some(begun.time)
}
