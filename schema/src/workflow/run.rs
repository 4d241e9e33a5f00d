//! The state of a matter is a fold over its counting acts and the slots that stand.

use std::collections::{BTreeMap, BTreeSet};

use super::Workflow;
use super::guard::{MatterContext, MatterFacts};
use super::matter::{IgnoreReason, Ignored, MatterState, SlotOutcome, Step, Timed};
use super::sign::RuleError;
use super::table::{Event, Path};
use super::value::Form;
use crate::id::EnvelopeId;
use crate::rule::RulePack;

/// The matter while it is folded.
pub(super) struct Fold<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) pack: &'a RulePack,
    pub(super) state: String,
    pub(super) since_ms: i64,
    pub(super) facts: MatterFacts,
    pub(super) happened: BTreeMap<String, i64>,
    standing: BTreeSet<EnvelopeId>,
    warnings: Vec<String>,
    conflicts: Vec<String>,
    ignored: Vec<Ignored>,
}

impl Workflow {
    /// The facts a guard would read for a further act with this form.
    pub fn facts(
        &self,
        pack: &RulePack,
        matter: &[Step],
        slots: &BTreeMap<String, SlotOutcome>,
        context: &MatterContext,
        (form, at_ms): (&Form, i64),
    ) -> MatterFacts {
        let mut facts = match matter.split_first() {
            Some((apply, steps)) => self.run(pack, apply, steps, slots, context).facts,
            None => MatterFacts {
                context: context.clone(),
                ..MatterFacts::default()
            },
        };
        facts.form.lay(form);
        self.facts_at(pack, &facts, at_ms)
    }

    /// The decisions that take effect: those that stand, and those about another request that a
    /// standing one took the place of.
    fn standing(
        &self,
        steps: &[Step],
        slots: &BTreeMap<String, SlotOutcome>,
    ) -> BTreeSet<EnvelopeId> {
        let find = |id: &EnvelopeId| steps.iter().find(|step| step.id == *id);
        let mut found = BTreeSet::new();
        let mut open: Vec<EnvelopeId> = Vec::new();
        for outcome in slots.values() {
            if let SlotOutcome::Stands(ids) = outcome {
                open.extend(ids);
            }
        }
        while let Some(id) = open.pop() {
            let Some(step) = find(&id).filter(|_| found.insert(id)) else {
                continue;
            };
            let renews = self
                .decision(&step.event)
                .and_then(|decision| decision.renews.as_ref());
            let Some(field) = renews else { continue };
            let about = |step: &Step| step.form.date(field);
            let earlier = step.replaces.iter().filter_map(find);
            open.extend(
                earlier
                    .filter(|old| about(old) != about(step))
                    .map(|old| old.id),
            );
        }
        found
    }

    /// Folds a matter: `apply` opened it, `steps` are its counting acts in a causal order.
    ///
    /// A decision that stands was found competent by the fold and is not judged again here; leaves
    /// granted after it would change the level under its feet. `context.granted_leaves` holds the
    /// leaves granted before this matter's decision.
    pub fn run(
        &self,
        pack: &RulePack,
        apply: &Step,
        steps: &[Step],
        slots: &BTreeMap<String, SlotOutcome>,
        context: &MatterContext,
    ) -> MatterState {
        let mut fold = Fold {
            workflow: self,
            pack,
            state: String::new(),
            since_ms: apply.at_ms,
            facts: MatterFacts {
                context: context.clone(),
                ..MatterFacts::default()
            },
            happened: BTreeMap::new(),
            standing: self.standing(steps, slots),
            warnings: Vec::new(),
            conflicts: Vec::new(),
            ignored: Vec::new(),
        };
        for step in std::iter::once(apply).chain(steps) {
            fold.pass_time(step.at_ms);
            if let Err(reason) = fold.take(step, slots) {
                fold.ignored.push(Ignored {
                    id: step.id,
                    reason,
                });
            }
        }
        fold.finish()
    }
}

impl Fold<'_> {
    fn take(
        &mut self,
        step: &Step,
        slots: &BTreeMap<String, SlotOutcome>,
    ) -> Result<(), IgnoreReason> {
        let workflow = self.workflow;
        let event = workflow.find_event(&step.event)?;
        let facts = self.facts_with(step);
        workflow
            .check_whole(event, &facts)
            .map_err(IgnoreReason::Form)?;
        match &event.decision {
            Some(decision) => self.ask_slot(&decision.slot, step, slots)?,
            None => workflow.may_sign(&event.id, &step.by, &facts)?,
        }
        let path = self.path_of(event, step, &facts)?;
        self.happen(event, path, step, facts);
        Ok(())
    }

    fn facts_with(&self, step: &Step) -> MatterFacts {
        let mut facts = self.facts.clone();
        facts.form.lay(&step.form);
        self.workflow.facts_at(self.pack, &facts, step.at_ms)
    }

    fn ask_slot(
        &mut self,
        slot: &str,
        step: &Step,
        slots: &BTreeMap<String, SlotOutcome>,
    ) -> Result<(), IgnoreReason> {
        if self.standing.contains(&step.id) {
            return Ok(());
        }
        let Some(SlotOutcome::Conflicted(_)) = slots.get(slot) else {
            return Err(IgnoreReason::Overruled);
        };
        if !self.conflicts.iter().any(|known| known == slot) {
            self.conflicts.push(slot.to_owned());
        }
        Err(IgnoreReason::Conflicted)
    }

    fn path_of<'e>(
        &self,
        event: &'e Event,
        step: &Step,
        facts: &MatterFacts,
    ) -> Result<&'e Path, IgnoreReason> {
        let opens = self.state.is_empty();
        let awaited = self.workflow.is_awaited(event, &self.facts);
        let decides = event.decision.is_some();
        // Rule Q9: who rules on a quarrel from above is of no level that the table names.
        let rules = decides && step.replaces.len() > 1;
        let mut ruled = None;
        for path in event.path.iter().filter(|_| awaited) {
            let here = if opens {
                event.start
            } else {
                path.starts_in(&self.state)
            };
            let failing = || {
                self.workflow
                    .failing(&path.when, facts)
                    .map_err(RuleError::from)
            };
            if here && path.fits(&step.by) && (decides || failing()?.is_none()) {
                return Ok(path);
            }
            if here && rules {
                ruled = ruled.or(Some(path));
            }
        }
        ruled.ok_or_else(|| IgnoreReason::Turn {
            event: event.id.clone(),
            state: self.state.clone(),
        })
    }

    fn happen(&mut self, event: &Event, path: &Path, step: &Step, facts: MatterFacts) {
        for warning in &self.workflow.table().warning {
            let holds = || matches!(self.workflow.failing(&warning.when, &facts), Ok(None));
            if warning.event == event.id && holds() {
                self.warnings.push(warning.text.clone());
            }
        }
        self.facts = facts;
        for (to, from) in &event.sets {
            if let Some(value) = step.form.get(from).cloned() {
                self.facts.form.set(to, value);
            }
        }
        self.facts.signed.push((event.id.clone(), step.by.person));
        self.happened.insert(event.id.clone(), step.at_ms);
        if let Some(next) = &path.next {
            self.state.clone_from(next);
            self.since_ms = step.at_ms;
        }
    }

    /// Moves through the states that end by themselves up to `now_ms`.
    fn pass_time(&mut self, now_ms: i64) {
        let passed = self.timed_ahead();
        for (at_ms, state) in passed.into_iter().take_while(|(at_ms, _)| *at_ms <= now_ms) {
            self.state = state;
            self.since_ms = at_ms;
        }
    }

    fn finish(self) -> MatterState {
        let ahead = self.timed_ahead();
        let offers = |state: &str| self.workflow.offers(state, &self.facts);
        let (due, reminders) = self.clocks(&ahead);
        let ended = self
            .workflow
            .find_state(&self.state)
            .is_some_and(|state| state.end);
        MatterState {
            next: offers(&self.state),
            ahead: ahead
                .iter()
                .map(|(at_ms, state)| Timed {
                    at_ms: *at_ms,
                    state: state.clone(),
                    next: offers(state),
                })
                .collect(),
            due,
            reminders,
            ended,
            state: self.state,
            since_ms: self.since_ms,
            facts: self.facts,
            warnings: self.warnings,
            conflicts: self.conflicts,
            ignored: self.ignored,
        }
    }
}
