//! A report of a device, from the gateway into the store and the person's watch.

use super::super::Replica;
use super::newest::Newest;
use super::silence::is_silent;
use super::watched::Watched;
use super::whence::Whence;
use super::{
    Judged, LIVE_SKEW_MS, Report, ReportError, ReportOutcome, StoredFix, StoredSignal, stored,
};
use crate::effect::Event;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::canon;
use jiaolian_schema::fix::{Fix, Point};
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::signal::{Signal, Signs};
use jiaolian_schema::watch::{AlarmKind, Change, Transition, Word};

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

    /// Takes in a device's report of which nobody knows by which way it came.
    pub fn hear_device(
        &mut self,
        report: &Report,
        received_at: i64,
    ) -> Result<ReportOutcome, ReportError> {
        self.hear_device_by(report, received_at, &Whence::default())
    }

    /// Takes in a device's report, and by which way it came.
    pub fn hear_device_by(
        &mut self,
        report: &Report,
        received_at: i64,
        whence: &Whence,
    ) -> Result<ReportOutcome, ReportError> {
        self.turn_clock(received_at);
        let unknown = || ReportError::UnknownPerson(report.person.clone());
        let person = PersonCode::from_hex(&report.person).ok_or_else(unknown)?;
        if !self.desk.people.contains_key(&person) {
            return Err(unknown());
        }
        let time = report.time;
        let mut watched = self.watch_of(person)?;
        if !self.is_bound_now(&watched, report, received_at) {
            self.desk.watched.insert(person, watched);
            return Err(ReportError::Unbound { person, time });
        }
        let told = (*whence != Whence::default()).then(|| whence.clone());
        let before = std::mem::replace(&mut watched.whence, told);
        let outcome = self.take_report(person, &mut watched, report, received_at);
        if !matches!(&outcome, Ok(outcome) if outcome.judged != Judged::Double) {
            watched.whence = before;
        }
        self.desk.watched.insert(person, watched);
        self.settle();
        Ok(outcome?)
    }

    /// Whether a decision binds a report. A device whose clock is wrong is bound by the time at which
    /// it is heard; where nobody can tell whose clock is wrong, by either.
    fn is_bound_now(&self, watched: &Watched, report: &Report, received_at: i64) -> bool {
        let now = self.true_time(received_at);
        if !report.live || (report.time - now).abs() <= LIVE_SKEW_MS {
            return watched.is_bound(report.time);
        }
        let unsure = self.desk.ahead_ms.is_none();
        watched.is_bound(now) || (unsure && watched.is_bound(report.time))
    }

    fn take_report(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        report: &Report,
        received_at: i64,
    ) -> Result<ReportOutcome, StoreError> {
        let mut outcome = ReportOutcome {
            judged: Judged::Double,
            raised: Vec::new(),
            withdrawn: Vec::new(),
        };
        let Some(signs) = self.news_of(person, watched, report)? else {
            return Ok(outcome);
        };
        let timely = !report.live || self.is_timely(person, report.time, received_at);
        let heard_at = if timely {
            report.time
        } else {
            self.true_time(received_at)
        };
        let bound = watched.ground.binds(report.time) || watched.ground.binds(heard_at);
        let of_phone = watched.is_phone(&report.terminal) || !bound;
        let judged = timely && !of_phone;
        if let Some(point) = report.point {
            let fix = StoredFix {
                person: report.person.clone(),
                point,
                received_at,
                live: report.live,
                judged,
                signs: (!signs.is_none()).then_some(signs),
            };
            self.put_fix(person, &fix);
            watched.newest.reach(point.time);
            if timely {
                watched.seen(&point, received_at);
            }
        }
        let mut word = Word {
            time: heard_at,
            point: report.point.filter(|_| timely),
            signs,
        };
        if report.point.is_none() || (!timely && !of_phone) {
            let signal = StoredSignal {
                signal: Signal {
                    person: report.person.clone(),
                    terminal: report.terminal.clone(),
                    time: heard_at,
                    signs,
                },
                received_at,
                live: report.live,
                judged: !of_phone,
                doubted: (!timely).then_some(report.time),
                placed: report.point.is_some(),
            };
            self.put_signal(person, &signal);
            word = signal.word();
        }
        if !timely {
            watched.doubt(heard_at);
        }
        if of_phone {
            outcome.judged = Judged::Said;
        } else {
            self.hear_word(person, watched, (&word, report.live), &mut outcome)?;
            if !timely {
                outcome.judged = Judged::Skewed;
            }
        }
        self.desk.unsaved.insert(person);
        self.publish(Event::Watched { person });
        Ok(outcome)
    }

    /// What a report says, with what a copy of it said that was here before; none where it says
    /// nothing more than that.
    fn news_of(
        &self,
        person: PersonCode,
        watched: &mut Watched,
        report: &Report,
    ) -> Result<Option<Signs>, StoreError> {
        let Some(point) = report.point else {
            let signal = Signal {
                person: report.person.clone(),
                terminal: report.terminal.clone(),
                time: report.time,
                signs: report.signs,
            };
            let key = stored::fix_key(person, report.time, signal.id());
            let known = self.disk.get(Table::Signal, &key)?;
            return Ok(known.is_none().then_some(report.signs));
        };
        self.ask_newest(person, watched)?;
        let known = if watched.newest.is_before(point.time) {
            None
        } else {
            let key = stored::fix_key(person, point.time, point.id(&report.person));
            self.disk.get(Table::Fix, &key)?
        };
        let Some(known) = known else {
            let packed = self.is_packed(person, &point)?;
            return Ok((!packed).then_some(report.signs));
        };
        let known = minicbor::decode::<StoredFix>(&known).ok();
        let signs = known.and_then(|fix| fix.signs).unwrap_or_default();
        let both = signs.and(report.signs);
        Ok((both != signs).then_some(both))
    }

    /// Finds out how late the latest position is that lies stored row by row.
    fn ask_newest(&self, person: PersonCode, watched: &mut Watched) -> Result<(), StoreError> {
        if watched.newest != Newest::Unasked {
            return Ok(());
        }
        let last = watched.last().map_or(i64::MIN, |(point, _)| point.time);
        let after = stored::fix_prefix(person, last.saturating_add(1));
        let end = stored::fix_prefix(person, i64::MAX);
        let later = self.disk.range(Table::Fix, &after, &end, 1)?;
        watched.newest = if later.is_empty() {
            Newest::At(last)
        } else {
            Newest::Unknown
        };
        Ok(())
    }

    /// The watch hears a report that was stored.
    fn hear_word(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        (word, live): (&Word, bool),
        outcome: &mut ReportOutcome,
    ) -> Result<(), StoreError> {
        watched.mark(word.time);
        let numbers = self.desk.numbers.clone();
        let ground = watched
            .ground
            .on(&numbers, &watched.permits, &self.desk.down);
        let Some(hearing) = watched.state.hear(&person.to_hex(), word, &ground) else {
            outcome.judged = Judged::Again;
            return self.hear_again(person, watched, word.time, outcome);
        };
        outcome.judged = match (hearing.unused, word.point) {
            (Some(cause), _) => Judged::Unused(cause),
            (None, Some(_)) => Judged::Next,
            (None, None) => Judged::Said,
        };
        if let Some(since) = watched.silent.take() {
            let ends = |t: &Transition| t.kind == AlarmKind::NoSignal && t.time == since;
            if !hearing.transitions.iter().any(ends) {
                if is_silent(&self.lapse_of(watched, self.true_now())) {
                    watched.silent = Some(since);
                } else {
                    return self.hear_again(person, watched, since, outcome);
                }
            }
        }
        for transition in &hearing.transitions {
            let worsens = transition.change == Change::Worsen;
            if !worsens && self.is_told_otherwise(person, watched, transition) {
                return self.hear_again(person, watched, transition.time, outcome);
            }
            let retrospective = match transition.kind.fence_kind() {
                Some(_) => !live,
                None => ends_too(&hearing.transitions, transition),
            };
            outcome
                .raised
                .extend(self.decide(person, watched, transition, retrospective));
            if std::mem::take(&mut self.desk.unsigned) {
                watched.owe(transition.time);
            }
        }
        Ok(())
    }

    fn hear_again(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        since: i64,
        outcome: &mut ReportOutcome,
    ) -> Result<(), StoreError> {
        let (raised, withdrawn) = self.judge_again(person, watched, Some(since))?;
        outcome.raised.extend(raised);
        outcome.withdrawn.extend(withdrawn);
        Ok(())
    }

    pub(super) fn put_fix(&mut self, person: PersonCode, fix: &StoredFix) {
        let point: &Point = &fix.point;
        let key = stored::fix_key(person, point.time, point.id(&fix.person));
        if fix.judged {
            let now = self.true_now();
            self.desk.crowds.note(point.time, now);
        }
        self.disk.put(Table::Fix, &key, canon::encode(fix));
    }

    pub(super) fn put_signal(&mut self, person: PersonCode, stored: &StoredSignal) {
        let key = stored::fix_key(person, stored.signal.time, stored.signal.id());
        self.disk.put(Table::Signal, &key, canon::encode(stored));
    }
}

/// Whether what a decision begins is over by another of the same report.
fn ends_too(all: &[Transition], begun: &Transition) -> bool {
    let of_it = |t: &Transition| t.began_by == Some(begun.deciding) && t.kind == begun.kind;
    all.iter().any(|t| of_it(t) && t.change.is_clear())
}
