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
        let common = self.over_old_and_new(&steps);
        let filed = |id: EnvelopeId| match self.opinion.state(id) {
            State::Good { .. } => self.opinion.filed_with(id, common?),
            _ => None,
        };
        let (mut found, mut services) = (Vec::new(), Vec::new());
        for mut step in steps {
            // No office outranks another here: only the earlier filing counts.
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

    /// The lowest office strictly above the old one that is or stands above each that registers.
    fn over_old_and_new(&self, steps: &[Candidate]) -> Option<OfficeId> {
        let offices = &self.opinion.offices;
        let new: BTreeSet<OfficeId> = steps
            .iter()
            .filter(|step| step.value == Value::Approve)
            .map(|step| step.office)
            .collect();
        let mut over = offices.path(self.opened.0).into_iter();
        over.find(|upper| {
            *upper != self.opened.0 && new.iter().all(|office| offices.covers(*upper, *office))
        })
    }

    /// Good services with what they served.
    pub(super) fn served(&self) -> Vec<(EnvelopeId, EnvelopeId)> {
        let serves = self.papers.values().filter_map(|paper| match paper.act() {
            Some((_, Act::Serve(act))) => Some((paper.id, act.decision)),
            _ => None,
        });
        let good = |id: EnvelopeId| matches!(self.opinion.state(id), State::Good { .. });
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
