//! Rule 38: who is responsible after a release, by registrations and by cancels that were served.

use super::State;
use super::case::{BATON, Desk, Place};
use super::law::Value;
use super::slot::Candidate;
use crate::act::Act;
use crate::id::{EnvelopeId, OfficeId};
use std::collections::BTreeSet;

impl Desk<'_> {
    /// Rule 38: a cancel counts by its first service, which stands in its place; filed is what the
    /// common superior filed.
    pub(super) fn batons(
        &self,
        steps: Vec<Candidate>,
        within: Option<&BTreeSet<EnvelopeId>>,
    ) -> Vec<Candidate> {
        let old = self.opened.0;
        let new: Vec<OfficeId> = steps
            .iter()
            .filter(|step| step.value == Value::Approve)
            .map(|step| step.office)
            .collect();
        let filed = |id: EnvelopeId| match self.state(id) {
            State::Good { .. } => {
                let said = self.opinion.said(self.papers[&id]);
                self.opinion
                    .filed_with(id, self.common(&new, old, said.at)?)
            }
            _ => None,
        };
        let (mut found, mut services) = (Vec::new(), Vec::new());
        for mut step in steps {
            // Rule 38 knows a tie and no higher office.
            step.depth = 0;
            if step.value == Value::Approve {
                step.filed = filed(step.id);
                found.push(step);
                continue;
            }
            let served = self.served().into_iter();
            let of_this = served.filter(|(serve, decision)| {
                *decision == step.id && within.is_none_or(|within| within.contains(serve))
            });
            let first =
                of_this.min_by_key(|(serve, _)| (filed(*serve).unwrap_or(i64::MAX), *serve));
            if let Some((serve, _)) = first {
                step.filed = filed(serve);
                step.past.clone_from(&self.pasts[&serve]);
                services.push((step.id, serve));
                found.push(step);
            }
        }
        // A cancel is seen by whoever saw the service by which it counts.
        for step in &mut found {
            for (cancel, serve) in &services {
                if step.past.contains(serve) {
                    step.past.insert(*cancel);
                } else {
                    step.past.remove(cancel);
                }
            }
        }
        found
    }

    /// the lowest office that stood strictly above the old one at an instant and stood above each
    /// that registers, or is it.
    fn common(&self, new: &[OfficeId], old: OfficeId, at: i64) -> Option<OfficeId> {
        let offices = self.opinion.offices();
        let ladders: Vec<Vec<OfficeId>> = new
            .iter()
            .map(|office| offices.ladder(*office, at))
            .collect();
        let over = offices.ladder(old, at).into_iter().skip(1);
        let mut known = over.filter(|id| offices.get(*id).is_some());
        known.find(|id| ladders.iter().all(|ladder| ladder.contains(id)))
    }

    /// Good services with what they served.
    pub(super) fn served(&self) -> Vec<(EnvelopeId, EnvelopeId)> {
        let serves = self.papers.values().filter_map(|paper| match paper.act() {
            Some((_, Act::Serve(act))) => Some((paper.id, act.decision)),
            _ => None,
        });
        let good = |id: EnvelopeId| matches!(self.state(id), State::Good { .. });
        serves.filter(|(id, _)| good(*id)).collect()
    }

    /// Whether an act is a cancel that nobody served.
    pub(super) fn is_unserved(&self, id: EnvelopeId) -> bool {
        let served = self.served().into_iter();
        let is_cancel = self.on.get(&id).is_some_and(|(place, value)| {
            matches!(place, Place::Step(_, slot) if slot == BATON) && *value == Value::Refuse
        });
        is_cancel
            && !served
                .map(|(_, decision)| decision)
                .any(|served| served == id)
    }
}
