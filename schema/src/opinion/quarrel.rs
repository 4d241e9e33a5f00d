//! Withdrawals (rules Q1 to Q5): which acts of a matter count as not taken.

use super::State;
use super::case::Desk;
use super::paper::Paper;
use crate::act::Act;
use crate::id::EnvelopeId;
use std::collections::BTreeSet;

/// The workflow whose entries are kept as they were signed.
const RECORD: &str = "record";

impl Desk<'_> {
    /// Acts of a matter that count as not taken, as far as `within` knows: withdrawn steps, and all
    /// steps of a withdrawn application, itself included.
    pub(super) fn not_taken(
        &self,
        matter: EnvelopeId,
        within: Option<&BTreeSet<EnvelopeId>>,
    ) -> BTreeSet<EnvelopeId> {
        let Some((_, Act::Apply(apply))) = self.papers.get(&matter).and_then(|p| p.act()) else {
            return BTreeSet::new();
        };
        if apply.workflow == RECORD {
            return BTreeSet::new();
        }
        let steps = self.steps_of(matter);
        let mut order: Vec<EnvelopeId> = steps.iter().copied().chain([matter]).collect();
        // Next steps lie after what they go on from, so the last come first.
        order.sort_by_key(|id| std::cmp::Reverse((self.past(*id).len(), *id)));
        let mut withdrawn = BTreeSet::new();
        for id in order {
            if self.is_withdrawn(id, matter, &withdrawn, within) {
                withdrawn.insert(id);
            }
        }
        if withdrawn.contains(&matter) {
            withdrawn.extend(steps);
        }
        withdrawn
    }

    /// Q1: whether some withdrawal of an act counts.
    fn is_withdrawn(
        &self,
        act: EnvelopeId,
        matter: EnvelopeId,
        withdrawn: &BTreeSet<EnvelopeId>,
        within: Option<&BTreeSet<EnvelopeId>>,
    ) -> bool {
        let known = |id: &EnvelopeId| within.is_none_or(|within| within.contains(id));
        let person = self.person(act);
        let mut back = self.papers.values().filter(|paper| match paper.act() {
            Some((_, Act::Withdraw(withdraw))) => {
                withdraw.act == act
                    && known(&paper.id)
                    && matches!(self.state(paper.id), State::Good { .. })
                    && self.past(paper.id).contains(&act)
                    && person.is_some()
                    && self.person(paper.id) == person
            }
            _ => false,
        });
        let next: Vec<&Paper> = self
            .papers
            .values()
            .copied()
            .filter(|paper| known(&paper.id) && self.is_next(paper, act, matter, withdrawn))
            .collect();
        back.any(|back| !next.iter().any(|next| self.stands_against(next, back)))
    }

    /// Q3: whether an envelope goes on from an act.
    fn is_next(
        &self,
        paper: &Paper,
        act: EnvelopeId,
        matter: EnvelopeId,
        withdrawn: &BTreeSet<EnvelopeId>,
    ) -> bool {
        let good = matches!(self.state(paper.id), State::Good { .. });
        let step = |id: EnvelopeId| match self.papers.get(&id).and_then(|p| p.act()) {
            Some((_, Act::Step(step))) => step.matter == matter && !withdrawn.contains(&id),
            _ => false,
        };
        let on = match paper.act() {
            Some((_, Act::Step(_))) => {
                let decides = self.competent.get(&paper.id);
                step(paper.id) && decides.is_none_or(|ground| ground.broken.is_none())
            }
            Some((_, Act::Serve(serve))) => step(serve.decision),
            _ => false,
        };
        good && on && self.past(paper.id).contains(&act)
    }

    /// Q4: whether a next step stands against a withdrawal.
    fn stands_against(&self, next: &Paper, back: &Paper) -> bool {
        if self.past(next.id).contains(&back.id) {
            return false;
        }
        let filed = |paper: &Paper| match self.state(paper.id) {
            State::Good { filed } => filed,
            _ => None,
        };
        let is_serve = matches!(next.act(), Some((_, Act::Serve(_))));
        let Some(back_at) = filed(back).filter(|_| !self.past(back.id).contains(&next.id)) else {
            return true;
        };
        match filed(next) {
            Some(next_at) => back_at.saturating_add(self.stale_ms) > next_at,
            None => is_serve,
        }
    }
}
