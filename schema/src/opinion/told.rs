//! What a dossier comes to once its slots are weighed: fields, matters, and what became of each act.

use super::State;
use super::case::{ALARM, CaseOpinion, Decided, Desk, MatterOpinion, Place};
use super::slot::{Slot, Weighed};
use crate::act::Act;
use crate::id::EnvelopeId;
use std::collections::{BTreeMap, BTreeSet};

impl Desk<'_> {
    pub(super) fn tell(&self) -> CaseOpinion {
        let mut decided = BTreeMap::new();
        let mut fields = BTreeMap::new();
        let places: BTreeSet<&Place> = self.on.values().map(|(place, _)| place).collect();
        for place in places {
            let weighed = self.weigh(place, None);
            self.tell_acts(place, &weighed, &mut decided);
            if let Place::Field(name) = place {
                fields.insert(name.clone(), weighed.slot);
            }
        }
        let opening = self.papers.keys().filter(|id| self.applied(**id).is_some());
        let matters = opening.map(|id| (*id, self.matter(*id))).collect();
        let unknown = self
            .papers
            .values()
            .filter(|paper| matches!(paper.act(), Some((_, Act::Unknown { .. }))))
            .any(|paper| matches!(self.state(paper.id), State::Good { .. }));
        let consults = self
            .on
            .iter()
            .filter(|(_, (on, _))| matches!(on, Place::Consult(_)));
        let stands = |id: &EnvelopeId| decided.get(id) == Some(&Decided::Stands);
        let consults = consults.map(|(id, _)| *id).filter(stands).collect();
        CaseOpinion {
            seal: self.weigh(&Place::Seal, None).slot,
            consults,
            place: self.place(None),
            minor: self.opened.1,
            fields,
            matters,
            decided,
            unknown,
        }
    }

    fn matter(&self, id: EnvelopeId) -> MatterOpinion {
        let (workflow, _) = self.applied(id).unwrap_or((ALARM, None));
        let slots = self.slots(id, None);
        MatterOpinion {
            workflow: workflow.0.to_owned(),
            version: workflow.1,
            reliance: self.relies(id, &slots),
            slots: slots
                .into_iter()
                .map(|(name, weighed)| (name, weighed.slot))
                .collect(),
        }
    }

    fn tell_acts(
        &self,
        place: &Place,
        weighed: &Weighed,
        decided: &mut BTreeMap<EnvelopeId, Decided>,
    ) {
        for (id, _) in self.on.iter().filter(|(_, (on, _))| on == place) {
            let state = self.state(*id);
            let broken = self.competent.get(id).and_then(|ground| ground.broken);
            let held = |slot: &Slot| match slot {
                _ if slot.in_force().is_some_and(|held| held.ids.contains(id)) => {
                    Some(Decided::Stands)
                }
                Slot::Conflicted { tips, .. } if tips.contains(id) => Some(Decided::Conflicted),
                _ => None,
            };
            let fate = match (state, broken) {
                (State::Waiting(_) | State::Void(_), _) => Decided::NoEffect(state),
                (_, Some(broken)) => Decided::Incompetent(broken),
                _ if self.is_gone(place, *id) => Decided::Withdrawn,
                _ if weighed.late.contains(id) => Decided::Late,
                _ if self.is_unserved(*id) => Decided::Unserved,
                _ => held(&weighed.slot).unwrap_or(Decided::Replaced),
            };
            decided.insert(*id, fate);
        }
    }
}
