//! Alarms that stand here, as acts say, and as the watch compares them with conditions.

use super::super::Replica;
use super::alarm::{CLOSE_ITSELF, WITHDRAW};
use super::watched::Watched;
use crate::store::Store;
use jiaolian_schema::act::Raise;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, PersonCode};
use jiaolian_schema::watch::{AlarmKind, Change, StandingAlarm, Transition, alarm_id};
use std::collections::BTreeSet;

/// An alarm that stands here.
pub(super) struct Told {
    pub(super) dossier: DossierId,
    pub(super) raise: Raise,
    pub(super) act: Fact,
    pub(super) events: BTreeSet<String>,
}

impl Told {
    /// What the watch raised; none where somebody else did, of another kind.
    fn kind(&self, suspect_from: u8) -> Option<AlarmKind> {
        let kind = AlarmKind::named(&self.raise.kind)?;
        let mildest = suspect_from + self.raise.retrospective;
        if kind == AlarmKind::Exit && self.raise.severity > mildest {
            return Some(AlarmKind::Suspect);
        }
        Some(kind)
    }
}

impl<S: Store> Replica<S> {
    /// Whether alarms of another name bear on a decision, so that all of them must be matched (R19):
    /// another gateway, with other reports, told of this condition first, or what told of a
    /// condition that ends now may belong to a later one.
    pub(super) fn is_told_otherwise(
        &self,
        person: PersonCode,
        watched: &Watched,
        transition: &Transition,
    ) -> bool {
        let (about, kind) = (&transition.about, transition.kind);
        let deciding = transition.began_by.unwrap_or(transition.deciding);
        let own = AlarmId(alarm_id(&person.to_hex(), about, kind, deciding));
        match transition.change {
            _ if kind == AlarmKind::Suspect => false,
            Change::Begin => {
                let since = (transition.time, &BTreeSet::new());
                let others = self.standing_alarms(person, watched, since).into_iter();
                let mut others = others.filter(|alarm| alarm.id != own.0);
                others.any(|alarm| alarm.about == *about && alarm.kind == kind)
            }
            _ => self.told(own).is_none(),
        }
    }

    /// An alarm that stands: of several gateways', one that was neither withdrawn nor, as a silence
    /// that was filled, closed by itself.
    pub(super) fn told(&self, alarm: AlarmId) -> Option<Told> {
        let dossiers = self.desk.alarms.get(&alarm)?;
        dossiers.iter().find_map(|dossier| {
            let facts = self.load_facts(*dossier).ok()?;
            let steps = facts.values().filter_map(|fact| match &fact.what {
                What::Step { event, .. } => Some(event.clone()),
                _ => None,
            });
            let events: BTreeSet<String> = steps.collect();
            let act = facts.get(&EnvelopeId(dossier.0))?.clone();
            let What::Raise(raise) = act.what.clone() else {
                return None;
            };
            let filled = raise.kind == AlarmKind::NoSignal.code();
            let gone = events.contains(WITHDRAW) || (filled && events.contains(CLOSE_ITSELF));
            let dossier = *dossier;
            (!gone).then_some(Told {
                dossier,
                raise,
                act,
                events,
            })
        })
    }

    /// A person's alarms that stand, as the watch compares them with conditions, from an instant on
    /// at which these were open. An alarm decided before it, of which nothing was open any more,
    /// stands for nothing later.
    pub(super) fn standing_alarms(
        &self,
        person: PersonCode,
        watched: &Watched,
        (since, open): (i64, &BTreeSet<(AlarmKind, String)>),
    ) -> Vec<StandingAlarm> {
        let alarms = self.desk.of.get(&person).into_iter().flatten();
        let suspect_from = self.desk.numbers.severity(AlarmKind::Exit);
        let standing = alarms.filter_map(|alarm| {
            let told = self.told(*alarm)?;
            let kind = told.kind(suspect_from)?;
            let raise = told.raise;
            let until = watched.notes.get(alarm).and_then(|note| note.until);
            let is_open = || open.contains(&(kind, raise.fence.clone()));
            let goes_on = until.map_or_else(is_open, |until| until >= since);
            if raise.decided_at < since && !goes_on {
                return None;
            }
            Some(StandingAlarm {
                id: alarm.0,
                about: raise.fence,
                kind,
                time: raise.time,
                until,
                evidence: minicbor::decode(&raise.evidence).unwrap_or_default(),
            })
        });
        standing.collect()
    }
}
