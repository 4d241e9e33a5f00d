//! Rule 37: whether a person served may rely on a decision that no longer stands.

use super::State;
use super::case::Desk;
use super::slot::{Slot, Weighed};
use crate::act::Act;
use crate::id::EnvelopeId;
use std::collections::BTreeMap;

impl Desk<'_> {
    /// Whether some favourable decision of the matter may be relied on.
    pub(super) fn relies(&self, matter: EnvelopeId, slots: &BTreeMap<String, Weighed>) -> bool {
        let served = self.served();
        slots.iter().any(|(name, weighed)| {
            let standing = standing_ids(&weighed.slot);
            let newest_is_served = served.iter().any(|(_, served)| standing.contains(served));
            let mut serves = served.iter();
            !newest_is_served
                && serves.any(|(serve, decision)| {
                    self.is_favourable(matter, name, *decision)
                        && !self.still_holds(*decision, &weighed.slot)
                        && !self.was_contradicted(matter, name, *serve, *decision)
                })
        })
    }

    /// Whether the slot stands with the decision's value, be it by another act.
    fn still_holds(&self, decision: EnvelopeId, slot: &Slot) -> bool {
        let value = self.place_of(decision).map(|(_, value)| value);
        match slot {
            Slot::Stands(held) => Some(&held.value) == value,
            _ => false,
        }
    }

    /// A favourable decision on the slot by a competent signer that is not void.
    fn is_favourable(&self, matter: EnvelopeId, slot: &str, decision: EnvelopeId) -> bool {
        let Some((_, Act::Step(step))) = self.papers.get(&decision).and_then(|paper| paper.act())
        else {
            return false;
        };
        let Some((workflow, _)) = self.applied(matter) else {
            return false;
        };
        let ruling = self.law.ruling(workflow, &step.event);
        let favourable = ruling.is_some_and(|ruling| ruling.slot == slot && !ruling.restrictive);
        let ground = self.competent.get(&decision);
        favourable
            && step.matter == matter
            && ground.is_some_and(|ground| ground.broken.is_none())
            && !matches!(self.state(decision), State::Void(_))
            && !self.not_taken(matter, None).contains(&decision)
    }

    /// Whether whoever served knew of a contrary candidate, or it had been filed C days before.
    fn was_contradicted(
        &self,
        matter: EnvelopeId,
        slot: &str,
        serve: EnvelopeId,
        decision: EnvelopeId,
    ) -> bool {
        let value = self.place_of(decision).map(|(_, value)| value);
        let served_at = match self.state(serve) {
            State::Good { filed } => filed,
            _ => None,
        };
        let contrary = self.candidates_of(matter, slot).into_iter();
        let mut contrary = contrary.filter(|other| Some(&other.value) != value);
        contrary.any(|other| {
            let long_before = match (other.filed, served_at) {
                (Some(filed), Some(served)) => filed.saturating_add(self.stale_ms) <= served,
                _ => false,
            };
            self.past(serve).contains(&other.id) || long_before
        })
    }
}

/// The decisions that stand.
fn standing_ids(slot: &Slot) -> &[EnvelopeId] {
    match slot {
        Slot::Stands(held) => &held.ids,
        _ => &[],
    }
}
