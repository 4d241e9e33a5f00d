//! The state of a matter is a fold over its counting acts and the slots that stand.

use std::collections::BTreeMap;

use super::Workflow;
use super::due::{Due, Reminder};
use super::field::FieldError;
use super::guard::{MatterContext, MatterFacts};
use super::sign::{RuleError, SignRule, Signer};
use super::table::{Event, Path};
use super::value::{Form, Id};
use crate::calendar::civil_of;
use crate::rule::RulePack;

/// One counting act of a matter: the one that opens it, or a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Id of the act.
    pub id: Id,
    /// Name of the event.
    pub event: String,
    /// Who signed.
    pub by: Signer,
    /// When it was signed, as far as that stands; milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// What was filled in.
    pub form: Form,
}

/// What rivals contend for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Name in the table.
    pub name: String,
    /// The request it answers, where a matter can have several.
    pub about: Option<Id>,
}

/// How a slot stands; a slot that is not listed is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotOutcome {
    /// These acts stand; where several agree, any of them carries it.
    Stands(Vec<Id>),
    /// Contradictory decisions; the state stays as before them.
    Conflicted(Vec<Id>),
}

/// Why an act has no effect on the state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreReason {
    /// The signer may not sign it.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The form is not the event's.
    #[error("form: {0}")]
    Form(FieldError),
    /// The matter was not in a state in which it can happen.
    #[error("{event:?} does not happen in state {state:?}")]
    Turn {
        /// The event.
        event: String,
        /// The state the matter was in.
        state: String,
    },
    /// Another decision stands, or none yet.
    #[error("another decision stands, or the slot is open")]
    Overruled,
    /// Contradictory decisions await a ruling.
    #[error("contradictory decisions await a ruling")]
    Conflicted,
}

/// An act without effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Id of the act.
    pub id: Id,
    /// Why.
    pub reason: IgnoreReason,
}

/// What can be signed next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventOffer {
    /// Name of the event.
    pub event: String,
    /// Who may sign, the usual signer first.
    pub who: Vec<SignRule>,
    /// Fields that must be filled in.
    pub needs: Vec<String>,
    /// Fields that may be filled in.
    pub takes: Vec<String>,
}

/// A state that begins by itself if nothing is signed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// First instant of the state, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The state.
    pub state: String,
    /// What can be signed then.
    pub next: Vec<EventOffer>,
}

/// How a matter stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterState {
    /// State after the last counting act.
    pub state: String,
    /// When it was entered, milliseconds since 1970 UTC.
    pub since_ms: i64,
    /// True if nothing is owed any more.
    pub ended: bool,
    /// States to come by themselves, in order of time.
    pub ahead: Vec<Timed>,
    /// Everything filled in.
    pub facts: MatterFacts,
    /// Deadlines of this state and of those ahead.
    pub due: Vec<Due>,
    /// What can be signed next.
    pub next: Vec<EventOffer>,
    /// Reminders of this state and of those ahead.
    pub reminders: Vec<Reminder>,
    /// Hints that block nothing, as text keys.
    pub warnings: Vec<String>,
    /// Slots with contradictory decisions.
    pub conflicts: Vec<Slot>,
    /// Acts without effect.
    pub ignored: Vec<Ignored>,
}

impl MatterState {
    /// The state at `now_ms` if nothing more is signed.
    pub fn at(&self, now_ms: i64) -> &str {
        let passed = self.ahead.iter().take_while(|timed| timed.at_ms <= now_ms);
        passed.last().map_or(&self.state, |timed| &timed.state)
    }

    /// What can be signed at `now_ms`.
    pub fn next_at(&self, now_ms: i64) -> &[EventOffer] {
        let passed = self.ahead.iter().take_while(|timed| timed.at_ms <= now_ms);
        passed.last().map_or(&self.next, |timed| &timed.next)
    }
}

/// The matter while it is folded.
pub(super) struct Fold<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) pack: &'a RulePack,
    pub(super) state: String,
    pub(super) since_ms: i64,
    pub(super) facts: MatterFacts,
    pub(super) happened: BTreeMap<String, i64>,
    warnings: Vec<String>,
    conflicts: Vec<Slot>,
    ignored: Vec<Ignored>,
}

impl Workflow {
    /// The facts a guard would read for a further act with this form.
    pub fn facts(
        &self,
        pack: &RulePack,
        matter: &[Step],
        slots: &BTreeMap<Slot, SlotOutcome>,
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
        facts.on = Some(civil_of(at_ms).date());
        facts
    }

    /// Folds a matter: `apply` opened it, `steps` are its counting acts in a causal order.
    pub fn run(
        &self,
        pack: &RulePack,
        apply: &Step,
        steps: &[Step],
        slots: &BTreeMap<Slot, SlotOutcome>,
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
        slots: &BTreeMap<Slot, SlotOutcome>,
    ) -> Result<(), IgnoreReason> {
        let workflow = self.workflow;
        let event = workflow.find_event(&step.event)?;
        let facts = self.facts_with(step);
        if let Some(error) = workflow
            .check_form(&event.id, &step.form, &facts)
            .into_iter()
            .next()
        {
            return Err(IgnoreReason::Form(error));
        }
        workflow.may_sign(&event.id, &step.by, &facts)?;
        self.ask_slot(step, slots)?;
        let path = self.path_of(event, step, &facts)?;
        self.happen(event, path, step, facts);
        Ok(())
    }

    fn facts_with(&self, step: &Step) -> MatterFacts {
        let mut facts = self.facts.clone();
        facts.form.lay(&step.form);
        facts.on = Some(civil_of(step.at_ms).date());
        facts
    }

    fn ask_slot(
        &mut self,
        step: &Step,
        slots: &BTreeMap<Slot, SlotOutcome>,
    ) -> Result<(), IgnoreReason> {
        let Some(slot) = self.workflow.slot(&step.event, &step.form) else {
            return Ok(());
        };
        match slots.get(&slot) {
            Some(SlotOutcome::Stands(ids)) if ids.contains(&step.id) => Ok(()),
            Some(SlotOutcome::Conflicted(_)) => {
                if !self.conflicts.contains(&slot) {
                    self.conflicts.push(slot);
                }
                Err(IgnoreReason::Conflicted)
            }
            _ => Err(IgnoreReason::Overruled),
        }
    }

    fn path_of<'e>(
        &self,
        event: &'e Event,
        step: &Step,
        facts: &MatterFacts,
    ) -> Result<&'e Path, IgnoreReason> {
        let opens = self.state.is_empty();
        for path in event.path.iter().filter(|path| path.fits(&step.by)) {
            let here = if opens {
                event.start
            } else {
                path.from.contains(&self.state)
            };
            let holds = self
                .workflow
                .failing(&path.when, facts)
                .map_err(RuleError::from)?;
            if here && holds.is_none() {
                return Ok(path);
            }
        }
        Err(IgnoreReason::Turn {
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
        let offers = |state: &str| self.offers(state);
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

    fn offers(&self, state: &str) -> Vec<EventOffer> {
        let mut offers = Vec::new();
        for event in &self.workflow.table().event {
            let mut who: Vec<SignRule> = Vec::new();
            for path in event
                .path
                .iter()
                .filter(|path| path.from.iter().any(|from| from == state))
            {
                // A condition on what is still to be filled in leaves the offer open.
                if matches!(self.workflow.failing(&path.when, &self.facts), Ok(Some(_))) {
                    continue;
                }
                who.extend(path.sign.iter().cloned());
            }
            if !who.is_empty() {
                let needs = self.workflow.needs_of(event, &self.facts);
                offers.push(EventOffer {
                    event: event.id.clone(),
                    who,
                    needs: needs.into_iter().map(str::to_owned).collect(),
                    takes: event.takes.clone(),
                });
            }
        }
        offers
    }
}
