//! Alarms of the watch: raised once under one name at every gateway, withdrawn with the cause where
//! the set of reports, fences and permits no longer bears them out.

use super::super::{Draft, Payload, Replica};
use super::StoredFix;
use super::watched::Watched;
use super::whence::Whence;
use crate::store::Store;
use jiaolian_schema::act::{Act, Raise, Step};
use jiaolian_schema::canon;
use jiaolian_schema::checkin::is_of_check_in;
use jiaolian_schema::fix::Point;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, PersonCode};
use jiaolian_schema::value::Fields;
use jiaolian_schema::watch::{AlarmKind, Change, Condition, Transition, alarm_id};
use minicbor::{Decode, Encode};

/// Severity of a suspicion (`watch.md` R17).
const SUSPECT_SEVERITY: u8 = 3;
/// The lowest severity.
const SEVERITY_MAX: u8 = 4;
/// Fixes among which one is looked for that can be used.
const FILLING_FIXES: usize = 256;
/// Event by which the node withdraws an alarm.
pub(super) const WITHDRAW: &str = "withdraw";
/// Event by which an alarm that needs nobody closes itself.
pub(super) const CLOSE_ITSELF: &str = "close_itself";
/// Event by which an alarm grows graver.
const WORSEN: &str = "worsen";

/// What this node knows of an alarm beside its acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in crate::replica) struct AlarmNote {
    /// When its condition ended, ms UTC.
    #[n(0)]
    pub(super) until: Option<i64>,
    /// How grave this node last said that it is; none where it said nothing since it was raised.
    #[n(1)]
    pub(super) graver: Option<u8>,
    /// By which way the device was last heard before it was raised.
    #[n(2)]
    pub(super) whence: Option<Whence>,
}

/// What is to be raised.
pub(super) struct Cause<'a> {
    pub(super) about: &'a str,
    pub(super) kind: AlarmKind,
    pub(super) graver: Option<u8>,
    pub(super) time: i64,
    pub(super) decided_at: i64,
    pub(super) alarm: AlarmId,
    pub(super) evidence: &'a [Point],
    pub(super) retrospective: bool,
}

impl<S: Store> Replica<S> {
    /// What a decision of the watch does: raises an alarm that is not yet here, or ends or worsens
    /// the condition of one.
    pub(super) fn decide(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        transition: &Transition,
        retrospective: bool,
    ) -> Option<AlarmId> {
        let deciding = transition.began_by.unwrap_or(transition.deciding);
        let (about, kind) = (transition.about.as_str(), transition.kind);
        let alarm = AlarmId(alarm_id(&person.to_hex(), about, kind, deciding));
        match transition.change {
            Change::Begin => {
                let cause = Cause {
                    about,
                    kind,
                    graver: transition.graver,
                    time: transition.time,
                    decided_at: transition.decided_at,
                    alarm,
                    evidence: &transition.evidence,
                    retrospective,
                };
                return self.raise(person, watched, &cause);
            }
            Change::Worsen => self.worsen(watched, (alarm, kind), transition.graver),
            _ if self.desk.alarms.contains_key(&alarm) => {
                watched.note(alarm, Some(transition.time));
                self.recover(alarm, kind);
            }
            _ => {}
        }
        None
    }

    /// Raises an alarm, unless it stands already under its name.
    pub(super) fn raise(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        cause: &Cause<'_>,
    ) -> Option<AlarmId> {
        if self.told(cause.alarm).is_some() {
            return None;
        }
        let case = match cause.about {
            about if is_of_check_in(cause.kind, about) => watched.asked.case?,
            "" => watched.band_case?,
            fence => *watched.cases.get(fence)?,
        };
        let row = self.rows.get(&case)?;
        let severity = match cause.kind {
            AlarmKind::Suspect => SUSPECT_SEVERITY,
            kind => cause.graver.unwrap_or(self.desk.numbers.severity(kind)),
        };
        let lowered = severity + u8::from(cause.retrospective);
        let raise = Raise {
            alarm: cause.alarm,
            case,
            office: row.place,
            person,
            kind: cause.kind.code().to_owned(),
            severity: lowered.min(SEVERITY_MAX),
            fence: cause.about.to_owned(),
            time: cause.time,
            decided_at: cause.decided_at,
            retrospective: u8::from(cause.retrospective),
            evidence: canon::encode(&cause.evidence.to_vec()),
        };
        self.sign_as_node(None, raise.into())?;
        watched.notes.insert(cause.alarm, AlarmNote::default());
        watched.marked = true;
        watched.note_whence(cause.alarm);
        Some(cause.alarm)
    }

    /// Withdraws an alarm that this node raised.
    pub(super) fn withdraw(&mut self, alarm: AlarmId, cause: &str) -> bool {
        self.tell(alarm, WITHDRAW, [("cause".to_owned(), cause.into())].into())
    }

    /// Says of an alarm that it is graver now. How a silence grows the rules say by themselves.
    pub(super) fn worsen(
        &mut self,
        watched: &mut Watched,
        (alarm, kind): (AlarmId, AlarmKind),
        graver: Option<u8>,
    ) {
        let told = self.told(alarm).filter(|_| kind != AlarmKind::NoSignal);
        let (Some(told), Some(severity)) = (told, graver) else {
            return;
        };
        let note = watched.notes.get(&alarm).cloned().unwrap_or_default();
        let before = match note.graver {
            Some(before) => before,
            // It was said before this node noted how grave.
            None if told.events.contains(WORSEN) => return,
            None => told.raise.severity,
        };
        if severity < before && told.raise.retrospective == 0 {
            let said = [("severity".to_owned(), i64::from(severity).into())];
            if self.tell(alarm, WORSEN, said.into()) {
                let graver = Some(severity);
                watched.notes.insert(alarm, AlarmNote { graver, ..note });
                watched.marked = true;
            }
        }
    }

    /// A battery that is charged needs nobody.
    pub(super) fn recover(&mut self, alarm: AlarmId, kind: AlarmKind) {
        let told = self.told(alarm).filter(|_| kind == AlarmKind::LowBatt);
        if told.is_some_and(|told| !told.events.contains(CLOSE_ITSELF)) {
            self.close_itself(alarm, "recovered");
        }
    }

    /// Late reports fill a silence (D10). True where the alarm no longer stands.
    pub(super) fn fill(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        alarm: AlarmId,
        conditions: &[Condition],
    ) -> bool {
        let Some(told) = self.told(alarm) else {
            return false;
        };
        let until = watched.notes.get(&alarm).and_then(|note| note.until);
        let (time, decided_at) = (told.raise.time, told.raise.decided_at);
        if until == Some(decided_at) {
            // It was left to people before; a silence that ended did so later than it was decided.
            return false;
        }
        let until = until.unwrap_or(self.true_now());
        let numbers = &self.desk.numbers;
        let grown = numbers.severity_of_silence_raised(told.raise.severity, until - time);
        let severity = match told.raise.retrospective {
            0 => told.raise.severity.min(grown),
            _ => told.raise.severity,
        };
        let breaks = |condition: &Condition| {
            let end = condition
                .cleared
                .as_ref()
                .map_or(i64::MAX, |cleared| cleared.time);
            condition.kind.fence_kind().is_some() && condition.time < until && time < end
        };
        let filled = self.fixes(person, time + 1, decided_at + 1, FILLING_FIXES);
        let placed = |fix: &StoredFix| fix.judged && fix.point.is_accurate_enough();
        let filled = filled.is_ok_and(|fixes| fixes.iter().any(placed));
        let inside = filled && !conditions.iter().any(breaks);
        if severity < 3 {
            watched.note(alarm, Some(decided_at));
            false
        } else if inside {
            self.close_itself(alarm, "weak_signal")
        } else {
            self.withdraw(alarm, "rejudged")
        }
    }

    fn close_itself(&mut self, alarm: AlarmId, cause: &str) -> bool {
        self.tell(
            alarm,
            CLOSE_ITSELF,
            [("cause".to_owned(), cause.into())].into(),
        )
    }

    /// Signs an event of an alarm that this node raised.
    fn tell(&mut self, alarm: AlarmId, event: &str, fields: Fields) -> bool {
        let Some(told) = self.told(alarm) else {
            return false;
        };
        let own = self.node.as_ref().map(|node| node.seat.author);
        if own != Some(told.act.author) {
            return false;
        }
        let step = Step {
            matter: told.act.id,
            event: event.to_owned(),
            replaces: Vec::new(),
            section: None,
            fields,
            span: None,
        };
        self.sign_as_node(Some(told.dossier), step.into()).is_some()
    }

    pub(super) fn sign_as_node(
        &mut self,
        dossier: Option<DossierId>,
        act: Act,
    ) -> Option<EnvelopeId> {
        let Some(node) = self.node.take() else {
            self.desk.unsigned = true;
            return None;
        };
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.fresh()[..16]);
        let payload = Payload::Act(act);
        let draft = Draft { dossier, payload };
        let elsewhere = self.desk.elsewhere.clone();
        let gathered = self.desk.crowds.elsewhere.clone();
        // A clock that is behind keeps officers from signing, never an alarm: it is later than the
        // newest receipt anyhow.
        let newest = self.newest_time_for(node.seat.author);
        let at = newest.map_or(self.now, |newest| newest.max(self.now));
        let signed = self.sign_quietly(&*node.signer, node.seat, &draft, at, salt);
        self.desk.unsigned |= signed.is_err();
        // What this gateway itself says is no news from another.
        self.desk.elsewhere = elsewhere;
        self.desk.crowds.elsewhere = gathered;
        self.node = Some(node);
        signed.ok()
    }

    /// Alarms that could not be signed when they were decided are signed as soon as they can be.
    pub(in crate::replica) fn pay_alarms(&mut self) {
        if !self.may_sign_as_node() {
            return;
        }
        for person in self.desk.owed.clone() {
            let Ok(mut watched) = self.watch_of(person) else {
                continue;
            };
            if let Some(since) = watched.owed
                && self.judge_again(person, &mut watched, Some(since)).is_ok()
            {
                self.save_watch(person, &mut watched);
            }
            self.desk.watched.insert(person, watched);
        }
    }

    pub(super) fn may_sign_as_node(&self) -> bool {
        self.node.as_ref().is_some_and(|node| {
            let newest = self.newest_time_for(node.seat.author);
            let at = newest.map_or(self.now, |newest| newest.max(self.now));
            let key = (node.signer.suite(), &*node.signer.public_key());
            self.check_seat(key, &node.seat, at).is_ok()
        })
    }
}
