//! One matter: its steps with what became of each, its slots, service and reliance (rule 37).

use super::grant::{self, Grant};
use super::reader::Reader;
use super::rule::Verdict;
use super::slot::{Folded, SlotKey, SlotStanding, SlotValue, UNFILED};
use crate::act::Span;
use crate::authority::State;
use crate::fact::{Fact, What};
use crate::id::{AuthorId, EnvelopeId, OfficeId, PersonId};
use std::collections::{BTreeMap, BTreeSet};

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A good step that decides nothing.
    Recorded,
    /// A decision in force, or on the side that stands.
    Live,
    /// A decision that a later one replaced, or that a higher office's overrides.
    Replaced,
    /// A decision that came after another was settled: 未采用, 此前已有决定.
    Late,
    /// A decision that contradicts another of the same rank.
    Conflicted,
    /// A good decision whose signer was not competent.
    NotCompetent,
    /// Waiting or void, or a step of an application that was taken back.
    NoEffect,
    /// Taken back by its author before anybody went on from it.
    Withdrawn,
}

/// One step of a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepStanding {
    /// The envelope.
    pub id: EnvelopeId,
    /// Event of the workflow's table.
    pub event: String,
    /// Who signed.
    pub author: AuthorId,
    /// The person, where the cited appointment is here.
    pub person: Option<PersonId>,
    /// The office, where the cited appointment is here.
    pub office: Option<OfficeId>,
    /// How it stands.
    pub state: State,
    /// Claimed time moved into the provable window, ms UTC.
    pub at: i64,
    /// What became of it.
    pub outcome: Outcome,
}

/// One matter of a case, or the closed loop of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterStanding {
    /// The `Apply` or the `Raise`.
    pub id: EnvelopeId,
    /// How that act itself stands.
    pub state: State,
    /// Workflow of the rules; `alarm` for an alarm.
    pub workflow: String,
    /// Version of its table.
    pub version: u16,
    /// Days asked for.
    pub span: Option<Span>,
    /// Area asked for, in the byte form of a permit's area.
    pub area: Option<Vec<u8>>,
    /// Steps, each after those that it had seen.
    pub steps: Vec<StepStanding>,
    /// Decided steps by name.
    pub slots: BTreeMap<String, SlotStanding>,
    /// Rule 37: the person may rely on a favourable decision that no longer stands.
    pub reliance: bool,
    /// Whether a decision that stands was served.
    pub served: bool,
    /// What is granted, or was and still counts for the past.
    pub grant: Option<Grant>,
    /// Whether the application was taken back: the matter is at its end.
    pub withdrawn: bool,
}

impl Reader<'_> {
    /// Every matter whose opening act is here and complete.
    pub(super) fn matters(&self) -> BTreeMap<EnvelopeId, MatterStanding> {
        let openers = self.entries.iter().map(|entry| entry.fact);
        openers
            .filter_map(|fact| Some((fact.id, self.matter(fact)?)))
            .collect()
    }

    fn matter(&self, opener: &Fact) -> Option<MatterStanding> {
        let (workflow, version) = self.workflow(opener.id)?;
        let (span, area) = match &opener.what {
            What::Apply { span, area, .. } => (*span, area.clone()),
            _ => (None, None),
        };
        let slots: BTreeMap<String, (&SlotKey, Folded)> = self
            .steps_of(opener.id)
            .map(|(key, step)| (step.to_owned(), (key, self.fold_slot(key, None))))
            .collect();
        let relied: Vec<EnvelopeId> = slots
            .values()
            .flat_map(|(key, folded)| self.relied_on(key, folded))
            .collect();
        Some(MatterStanding {
            id: opener.id,
            state: self.state_of(opener),
            workflow: workflow.to_owned(),
            version,
            span,
            area,
            steps: self.step_standings(opener.id, &slots),
            reliance: !relied.is_empty(),
            served: slots.values().any(|(_, folded)| {
                let tips = in_force_ids(&folded.standing);
                tips.iter().any(|id| self.serve_time(*id).is_some())
            }),
            grant: self.grant(opener.id, &slots, &relied),
            withdrawn: self.gone.contains(&opener.id),
            slots: slots
                .into_iter()
                .map(|(step, (_, folded))| (step, folded.standing))
                .collect(),
        })
    }

    fn step_standings(
        &self,
        matter: EnvelopeId,
        slots: &BTreeMap<String, (&SlotKey, Folded)>,
    ) -> Vec<StepStanding> {
        let of_matter = self
            .facts
            .values()
            .filter(|fact| matches!(&fact.what, What::Step { matter: of, .. } if *of == matter));
        let mut steps: Vec<(u32, StepStanding)> = of_matter
            .map(|fact| (self.past_size(fact), self.step_standing(fact, slots)))
            .collect();
        steps.sort_by_key(|(size, step)| (*size, step.at, step.id));
        steps.into_iter().map(|(_, step)| step).collect()
    }

    /// What an incomplete envelope had seen isn't known; it comes last.
    fn past_size(&self, fact: &Fact) -> u32 {
        let entry = self.by_id.get(&fact.id).map(|index| &self.entries[*index]);
        entry.map_or(u32::MAX, |entry| entry.past.size())
    }

    fn step_standing(
        &self,
        fact: &Fact,
        slots: &BTreeMap<String, (&SlotKey, Folded)>,
    ) -> StepStanding {
        let appoint = fact
            .appointment
            .and_then(|id| self.authority.appointment(id));
        let event = match &fact.what {
            What::Step { event, .. } => event.clone(),
            _ => String::new(),
        };
        StepStanding {
            id: fact.id,
            event,
            author: fact.author,
            person: appoint.map(|appoint| appoint.person),
            office: appoint.map(|appoint| appoint.office),
            state: self.state_of(fact),
            at: self.authority.window(fact).clamp(fact.at),
            outcome: self.outcome(fact, slots),
        }
    }

    fn outcome(&self, fact: &Fact, slots: &BTreeMap<String, (&SlotKey, Folded)>) -> Outcome {
        let Some(&index) = self.by_id.get(&fact.id) else {
            return Outcome::NoEffect;
        };
        if !self.entries[index].state.is_good() {
            return Outcome::NoEffect;
        }
        if self.gone.contains(&fact.id) {
            return Outcome::Withdrawn;
        }
        if self.is_gone(index, &self.gone) {
            return Outcome::NoEffect;
        }
        let Some((SlotKey::Step(_, step), _)) = self.slot_value(index) else {
            return Outcome::Recorded;
        };
        if !self.is_candidate(index) {
            return Outcome::NotCompetent;
        }
        let Some((_, folded)) = slots.get(step) else {
            return Outcome::NoEffect;
        };
        if folded.late.contains(&fact.id) {
            return Outcome::Late;
        }
        if in_force_ids(&folded.standing).contains(&fact.id) {
            return Outcome::Live;
        }
        match &folded.standing {
            SlotStanding::Conflicted { tips, .. } if tips.contains(&fact.id) => Outcome::Conflicted,
            _ if !folded.filed.contains_key(&fact.id) => Outcome::NoEffect,
            _ => Outcome::Replaced,
        }
    }

    /// The earliest good service of a decision: its claimed time moved into its window.
    fn serve_time(&self, decision: EnvelopeId) -> Option<i64> {
        self.serves(decision)
            .map(|index| self.entries[index].claimed)
            .min()
    }

    fn serves(&self, decision: EnvelopeId) -> impl Iterator<Item = usize> + '_ {
        let entries = self.entries.iter().enumerate();
        entries
            .filter(move |(_, entry)| {
                matches!(entry.fact.what, What::Serve { decision: of } if of == decision)
                    && entry.state.is_good()
            })
            .map(|(index, _)| index)
    }

    /// Served favourable decisions of a slot that does not stand with their value and that the person
    /// may rely on.
    fn relied_on(&self, key: &SlotKey, folded: &Folded) -> Vec<EnvelopeId> {
        let (standing, holds) = match &folded.standing {
            SlotStanding::Stands { ids, value, .. } => (ids.as_slice(), Some(value)),
            _ => (&[][..], None),
        };
        if standing.iter().any(|id| self.serve_time(*id).is_some()) {
            return Vec::new();
        }
        let favourable = self.on_slot(key).iter().copied().filter(|index| {
            self.is_favourable(*index)
                && self.was_competent(*index)
                && !self.is_gone(*index, &self.gone)
                && !matches!(self.entries[*index].state, State::Void(_))
                && self.slot_value(*index).map(|(_, value)| value) != holds
        });
        favourable
            .filter(|index| {
                let contrary = self.contrary_to(key, *index);
                self.serves(self.entries[*index].fact.id)
                    .any(|serve| !self.is_barred(serve, &contrary, folded))
            })
            .map(|index| self.entries[index].fact.id)
            .collect()
    }

    /// Candidates of a slot with another value than an entry's.
    fn contrary_to(&self, key: &SlotKey, index: usize) -> BTreeSet<usize> {
        let own = self.slot_value(index);
        self.on_slot(key)
            .iter()
            .copied()
            .filter(|other| self.is_candidate(*other) && self.slot_value(*other) != own)
            .collect()
    }

    /// A contrary decision in the serve's past, or filed C before the serve was filed. An unfiled
    /// serve counts.
    fn is_barred(&self, serve: usize, contrary: &BTreeSet<usize>, folded: &Folded) -> bool {
        let serve = &self.entries[serve];
        contrary.iter().any(|index| {
            let id = self.entries[*index].fact.id;
            let filed = folded.filed.get(&id).copied().unwrap_or(UNFILED);
            let long_before = serve.filed().is_some_and(|served| {
                filed != UNFILED && filed.saturating_add(self.contest_ms()) <= served
            });
            serve.past.contains(*index) || long_before
        })
    }

    fn is_favourable(&self, index: usize) -> bool {
        let What::Step { matter, event, .. } = &self.entries[index].fact.what else {
            return false;
        };
        self.decision(*matter, event)
            .is_some_and(|decision| !decision.restrictive)
    }

    fn approves(&self, index: usize) -> bool {
        let value = self.slot_value(index).map(|(_, value)| value);
        value == Some(&SlotValue::Verdict(Verdict::Approve))
    }

    /// What is granted: an approval in force or relied on; or one that a standing refusal replaced,
    /// until then.
    fn grant(
        &self,
        matter: EnvelopeId,
        slots: &BTreeMap<String, (&SlotKey, Folded)>,
        relied: &[EnvelopeId],
    ) -> Option<Grant> {
        let span = grant::span_in_the_end(self, matter, None)?;
        let grants = |id: &EnvelopeId| self.grants(*id);
        let in_force = slots
            .values()
            .flat_map(|(_, folded)| in_force_ids(&folded.standing))
            .chain(relied)
            .copied()
            .find(grants);
        let (decision, revoked_at) = match in_force {
            Some(decision) => (decision, None),
            None => self.revoked_grant(slots)?,
        };
        let signed_at = self.entries[*self.by_id.get(&decision)?].claimed;
        Some(Grant {
            decision,
            first_day: span.first_day,
            last_day: span.last_day,
            signed_at,
            revoked_at,
        })
    }

    /// Whether a step is an approval of what was applied for, not of an extension.
    fn grants(&self, id: EnvelopeId) -> bool {
        self.by_id.get(&id).is_some_and(|index| {
            self.approves(*index)
                && self.is_favourable(*index)
                && matches!(
                    self.entries[*index].fact.what,
                    What::Step { span: None, .. }
                )
        })
    }

    /// An approval that a standing refusal names: it counted until the refusal, or until that was
    /// served. One that its author took back counted until then.
    fn revoked_grant(
        &self,
        slots: &BTreeMap<String, (&SlotKey, Folded)>,
    ) -> Option<(EnvelopeId, Option<i64>)> {
        slots
            .values()
            .find_map(|(_, folded)| {
                let refusals = in_force_ids(&folded.standing);
                let refusal = refusals
                    .iter()
                    .filter_map(|id| self.by_id.get(id))
                    .map(|index| &self.entries[*index])
                    .find(|entry| entry.replaces().iter().any(|id| self.grants(*id)))?;
                let approval = refusal
                    .replaces()
                    .iter()
                    .copied()
                    .find(|id| self.grants(*id) && folded.filed.contains_key(id))?;
                let end = match self.serve_time(approval) {
                    Some(_) => self.serve_time(refusal.fact.id),
                    None => None,
                };
                Some((approval, Some(end.unwrap_or(refusal.claimed))))
            })
            .or_else(|| self.withdrawn_grant(slots))
    }

    fn withdrawn_grant(
        &self,
        slots: &BTreeMap<String, (&SlotKey, Folded)>,
    ) -> Option<(EnvelopeId, Option<i64>)> {
        let acts = slots.values().flat_map(|(key, _)| self.on_slot(key));
        let taken = acts.copied().filter(|index| {
            let entry = &self.entries[*index];
            entry.state.is_good() && self.was_competent(*index) && self.grants(entry.fact.id)
        });
        taken
            .filter_map(|index| Some((self.entries[index].fact.id, self.gone_since(index)?)))
            .map(|(id, since)| (id, Some(since)))
            .next()
    }
}

fn in_force_ids(standing: &SlotStanding) -> &[EnvelopeId] {
    standing.in_force().map_or(&[], |(ids, _)| ids)
}
