//! Second thoughts: somebody takes back what they signed, or corrects what was signed at their
//! office, while others may have gone on from it elsewhere.

use crate::sim::plan::OFFICES;
use crate::sim::world::World;
use jiaolian_schema::act::{Act, Correct, Withdraw};
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId};
use std::collections::BTreeMap;

impl World {
    /// Takes back or corrects one act of a leave that one of `people` signed here.
    pub(super) fn regret(&mut self, at: usize, people: &[&'static str]) {
        let signed = self.signed_here(at, people);
        let Some((case, act, who)) = self.dice.pick(&signed).copied() else {
            return;
        };
        let reason = "r".to_owned();
        let regretted: Act = if self.dice.chance(500) {
            Withdraw { act, reason }.into()
        } else {
            let fields = [("note".to_owned(), "n2".into())].into();
            Correct {
                act,
                fields,
                reason,
            }
            .into()
        };
        self.act(at, who, Some(case), regretted);
    }

    /// Applications and steps of leaves by somebody of an office, as far as its node knows them.
    fn signed_here(
        &mut self,
        at: usize,
        people: &[&'static str],
    ) -> Vec<(DossierId, EnvelopeId, &'static str)> {
        let seat = |who: &&'static str| {
            let name = format!("{}-{who}", OFFICES[at].0);
            (self.seats[&name].author, *who)
        };
        let authors: BTreeMap<AuthorId, &'static str> = people.iter().map(seat).collect();
        let mut found = Vec::new();
        for case in self.own_cases(at) {
            let Some(standing) = self.standing(at, case) else {
                continue;
            };
            let leaves = standing.matters.values();
            let leaves = leaves.filter(|matter| matter.workflow == "leave");
            let acts = leaves.flat_map(|matter| {
                let steps = matter.steps.iter().map(|step| step.id);
                std::iter::once(matter.id).chain(steps)
            });
            let replica = self.nodes[at].replica.as_ref();
            let author = |id| Some(replica?.fact(case, id)?.author);
            found.extend(acts.filter_map(|id| Some((case, id, *authors.get(&author(id)?)?))));
        }
        found
    }
}
