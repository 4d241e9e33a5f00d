//! Alarms of the watch: raised once under one name at every gateway, withdrawn with the cause where
//! the set of fixes,
//! fences and permits no longer bears them out.

use super::super::{Draft, Payload, Replica};
use super::watched::Watched;
use crate::store::Store;
use jiaolian_schema::act::{Act, Raise, Step};
use jiaolian_schema::canon;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::fix::Point;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, PersonCode};
use jiaolian_schema::watch::{
    AlarmKind, Change, StandingAlarm, Transition, Violation, WithdrawalCause, alarm_id,
};
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;

/// Left a keep-in fence: code and severity of `rules/alarm_kind.toml`.
const GEO_OUT: (&str, u8) = ("GEO_OUT", 2);
/// Entered a keep-out fence: code and severity of `rules/alarm_kind.toml`.
const GEO_IN: (&str, u8) = ("GEO_IN", 1);
/// Severity of a suspicion (`watch.md` R17), and of nothing else that is raised at once.
const SUSPECT_SEVERITY: u8 = 3;
/// The lowest severity.
const SEVERITY_MAX: u8 = 4;
/// Event by which the node withdraws an alarm.
pub(super) const WITHDRAW: &str = "withdraw";

/// What this node knows of an alarm beside its acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in crate::replica) struct AlarmNote {
    /// When its violation ended, ms UTC.
    #[n(0)]
    pub(super) until: Option<i64>,
}

/// What is to be raised.
pub(super) struct Cause<'a> {
    pub(super) fence: &'a str,
    pub(super) kind: AlarmKind,
    pub(super) time: i64,
    pub(super) decided_at: i64,
    pub(super) alarm: AlarmId,
    pub(super) evidence: &'a [Point],
    pub(super) retrospective: bool,
}

impl<S: Store> Replica<S> {
    /// What a decision of the watch does: raises an alarm that is not yet here, or closes the
    /// violation of one.
    pub(super) fn decide(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        transition: &Transition,
        live: bool,
    ) -> Option<AlarmId> {
        let fence = transition.fence.as_str();
        let Some(kind) = AlarmKind::of(transition.change) else {
            self.close(person, watched, transition);
            return None;
        };
        let alarm = AlarmId(alarm_id(&person.to_hex(), fence, kind, transition.deciding));
        let cause = Cause {
            fence,
            kind,
            time: transition.time,
            decided_at: transition.decided_at,
            alarm,
            evidence: &transition.evidence,
            retrospective: !live,
        };
        self.raise(person, watched, &cause)
    }

    /// Whether alarms of another name bear on a decision, so that all of them must be matched (R19):
    /// another gateway, with other fixes, told of this violation first, or what told of a violation
    /// that ends now may belong to a later one.
    pub(super) fn is_told_otherwise(
        &self,
        person: PersonCode,
        watched: &Watched,
        transition: &Transition,
    ) -> bool {
        let fence = &transition.fence;
        let name = |kind, deciding| AlarmId(alarm_id(&person.to_hex(), fence, kind, deciding));
        match (AlarmKind::of(transition.change), transition.closes) {
            (Some(AlarmKind::Suspect), _) | (None, None) => false,
            (Some(kind), _) => {
                let own = name(kind, transition.deciding);
                let since = (transition.time, &BTreeSet::new());
                let others = self.standing_alarms(person, watched, since).into_iter();
                let mut others = others.filter(|alarm| alarm.id != own.0);
                others.any(|alarm| alarm.fence == *fence && alarm.kind == kind)
            }
            (None, Some(deciding)) => {
                let kinds = [AlarmKind::Exit, AlarmKind::Enter];
                let mut names = kinds.map(|kind| name(kind, deciding)).into_iter();
                !names.any(|name| self.standing_dossier(name).is_some())
            }
        }
    }

    fn close(&mut self, person: PersonCode, watched: &mut Watched, transition: &Transition) {
        let Some(deciding) = transition.closes else {
            return;
        };
        for kind in [AlarmKind::Exit, AlarmKind::Enter] {
            let name = alarm_id(&person.to_hex(), &transition.fence, kind, deciding);
            if self.desk.alarms.contains_key(&AlarmId(name)) {
                watched.note(AlarmId(name), Some(transition.time));
            }
        }
    }

    /// Raises an alarm, unless it stands already under its name.
    pub(super) fn raise(
        &mut self,
        person: PersonCode,
        watched: &mut Watched,
        cause: &Cause<'_>,
    ) -> Option<AlarmId> {
        if self.standing_dossier(cause.alarm).is_some() {
            return None;
        }
        let case = *watched.cases.get(cause.fence)?;
        let row = self.rows.get(&case)?;
        let (code, severity) = match cause.kind {
            AlarmKind::Exit => GEO_OUT,
            AlarmKind::Enter => GEO_IN,
            AlarmKind::Suspect => (GEO_OUT.0, SUSPECT_SEVERITY),
        };
        let lowered = severity + u8::from(cause.retrospective);
        let raise = Raise {
            alarm: cause.alarm,
            case,
            office: row.place,
            person,
            kind: code.to_owned(),
            severity: lowered.min(SEVERITY_MAX),
            fence: cause.fence.to_owned(),
            time: cause.time,
            decided_at: cause.decided_at,
            retrospective: u8::from(cause.retrospective),
            evidence: canon::encode(&cause.evidence.to_vec()),
        };
        self.sign_as_node(None, raise.into())?;
        watched.note(cause.alarm, None);
        Some(cause.alarm)
    }

    /// Withdraws an alarm that this node raised.
    pub(super) fn withdraw(&mut self, alarm: AlarmId, cause: &str) -> bool {
        let Some((dossier, raise)) = self.standing_dossier(alarm) else {
            return false;
        };
        let own = self.node.as_ref().map(|node| node.seat.author);
        if own != Some(raise.author) {
            return false;
        }
        let fields = [("cause".to_owned(), cause.into())].into();
        let step = Step {
            matter: raise.id,
            event: WITHDRAW.to_owned(),
            replaces: Vec::new(),
            section: None,
            fields,
            span: None,
        };
        self.sign_as_node(Some(dossier), step.into()).is_some()
    }

    fn sign_as_node(&mut self, dossier: Option<DossierId>, act: Act) -> Option<EnvelopeId> {
        let Some(node) = self.node.take() else {
            self.desk.unsigned = true;
            return None;
        };
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.fresh()[..16]);
        let payload = Payload::Act(act);
        let draft = Draft { dossier, payload };
        let elsewhere = self.desk.elsewhere.clone();
        // A clock that is behind keeps officers from signing, never an alarm: it is later than the
        // newest receipt anyhow.
        let newest = self.newest_time_for(node.seat.author);
        let at = newest.map_or(self.now, |newest| newest.max(self.now));
        let signed = self.sign_quietly(&*node.signer, node.seat, &draft, at, salt);
        self.desk.unsigned |= signed.is_err();
        // What this gateway itself says is no news from another.
        self.desk.elsewhere = elsewhere;
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

    fn may_sign_as_node(&self) -> bool {
        self.node.as_ref().is_some_and(|node| {
            let newest = self.newest_time_for(node.seat.author);
            let at = newest.map_or(self.now, |newest| newest.max(self.now));
            let key = (node.signer.suite(), &*node.signer.public_key());
            self.check_seat(key, &node.seat, at).is_ok()
        })
    }

    /// The dossier of an alarm that stands, and the act that raised it: of several gateways', the
    /// one not withdrawn.
    fn standing_dossier(&self, alarm: AlarmId) -> Option<(DossierId, Fact)> {
        let dossiers = self.desk.alarms.get(&alarm)?;
        dossiers.iter().find_map(|dossier| {
            let facts = self.load_facts(*dossier).ok()?;
            let withdrawn = facts
                .values()
                .any(|fact| matches!(&fact.what, What::Step { event, .. } if event == WITHDRAW));
            let raise = facts.get(&EnvelopeId(dossier.0))?.clone();
            (!withdrawn).then_some((*dossier, raise))
        })
    }

    /// A person's alarms that stand, as the watch compares them with violations, from an instant on
    /// at which these fences had a violation open. An alarm decided before it, of which nothing was
    /// open any more, stands for nothing later.
    pub(super) fn standing_alarms(
        &self,
        person: PersonCode,
        watched: &Watched,
        (since, open): (i64, &BTreeSet<String>),
    ) -> Vec<StandingAlarm> {
        let alarms = self.desk.of.get(&person).into_iter().flatten();
        let standing = alarms.filter_map(|alarm| {
            let (_, fact) = self.standing_dossier(*alarm)?;
            let What::Raise(raise) = fact.what else {
                return None;
            };
            let suspect = raise.severity == SUSPECT_SEVERITY && raise.retrospective == 0;
            let kind = match raise.kind.as_str() {
                _ if suspect => AlarmKind::Suspect,
                code if code == GEO_OUT.0 => AlarmKind::Exit,
                code if code == GEO_IN.0 => AlarmKind::Enter,
                _ => return None,
            };
            let until = watched.notes.get(alarm).and_then(|note| note.until);
            let goes_on = until.map_or(open.contains(&raise.fence), |until| until >= since);
            if raise.decided_at < since && !goes_on {
                return None;
            }
            Some(StandingAlarm {
                id: alarm.0,
                fence: raise.fence,
                kind,
                time: raise.time,
                until,
                evidence: minicbor::decode(&raise.evidence).unwrap_or_default(),
            })
        });
        standing.collect()
    }
}

/// Words of the rules for why an alarm is withdrawn.
pub(super) fn cause_code(cause: WithdrawalCause) -> &'static str {
    match cause {
        WithdrawalCause::PermitLate => "permit_late",
        WithdrawalCause::FixLate => "rejudged",
    }
}

/// What raises a violation afterwards.
pub(super) fn afterwards(violation: &Violation, alarm: [u8; 32]) -> Option<Cause<'_>> {
    let kind = match violation.change {
        Change::Exit => AlarmKind::Exit,
        Change::Enter => AlarmKind::Enter,
        _ => return None,
    };
    Some(Cause {
        fence: &violation.fence,
        kind,
        time: violation.time,
        decided_at: violation.decided_at,
        alarm: AlarmId(alarm),
        evidence: &violation.evidence,
        retrospective: true,
    })
}
