//! Matters of a dossier, run by their tables over the acts that take effect.

use super::field::value_of;
use super::file::{Capacity, File, Filed};
use super::ground::contested;
use crate::act::Act;
use crate::authority::Authority;
use crate::fact::What;
use crate::id::EnvelopeId;
use crate::rule::RulePack;
use crate::standing::{Grant, SlotStanding};
use crate::workflow::{
    ActForm, DateSpan, Form, Label, MatterContext, MatterState, SlotOutcome, Step, Value, Workflow,
    date_of_day,
};
use std::collections::BTreeMap;

/// Version of the table by which alarms are handled.
pub const ALARM_WORKFLOW: (&str, u16) = ("alarm", 1);

/// One matter with its state.
#[derive(Debug, Clone)]
pub struct DeskMatter {
    /// The act that opened it.
    pub id: EnvelopeId,
    /// Its table and version.
    pub workflow: (String, u16),
    /// How it stands.
    pub state: MatterState,
    /// How its slots stand.
    pub slots: BTreeMap<String, SlotStanding>,
    /// Its counting acts in causal order, the opening one first.
    pub acts: Vec<EnvelopeId>,
    /// What the application filled in.
    pub form: Form,
    /// Whether a served decision may be relied on though it no longer stands.
    pub reliance: bool,
    /// Whether its author took the application back: the matter is at its end.
    pub withdrawn: bool,
    /// A protected field that its decisions rest on and that is contested.
    pub contested: Option<Label>,
    /// Who signed the decisions that contradict one another, by slot.
    pub rivals: BTreeMap<String, Vec<Capacity>>,
}

impl DeskMatter {
    /// Its table.
    pub fn table<'a>(&self, rules: &'a RulePack) -> Option<&'a Workflow> {
        rules.workflow(&self.workflow.0, self.workflow.1).ok()
    }
}

/// Workflow and version of the act that opens a matter; none for other acts.
pub fn cause_of(entry: &Filed) -> Option<(String, u16)> {
    match &entry.fact.what {
        What::Apply {
            workflow, version, ..
        } => Some((workflow.clone(), *version)),
        What::Raise(_) => Some((ALARM_WORKFLOW.0.to_owned(), ALARM_WORKFLOW.1)),
        _ => None,
    }
}

/// All matters of a dossier whose opening act takes effect and whose table is known, in causal
/// order.
pub fn matters_of(
    file: &File,
    authority: &Authority,
    rules: &RulePack,
    now_ms: i64,
) -> Vec<DeskMatter> {
    let matter = |entry| run(file, authority, rules, entry, cause_of(entry)?, now_ms);
    file.good().filter_map(matter).collect()
}

/// One matter of a dossier.
pub fn matter_of(
    file: &File,
    authority: &Authority,
    rules: &RulePack,
    id: EnvelopeId,
    now_ms: i64,
) -> Option<DeskMatter> {
    let entry = file.find(id).filter(|entry| entry.state.is_good())?;
    run(file, authority, rules, entry, cause_of(entry)?, now_ms)
}

/// Days of other leaves that are granted, as the fold counts them.
pub fn granted_leaves(file: &File, but: Option<EnvelopeId>) -> Vec<DateSpan> {
    let others = file.standing.matters.values();
    let others = others.filter(|matter| matter.workflow == "leave" && Some(matter.id) != but);
    let grants = others
        .filter_map(|matter| matter.grant)
        .filter(|g| g.revoked_at.is_none());
    let span = |grant: Grant| {
        let (first, last) = (date_of_day(grant.first_day)?, date_of_day(grant.last_day)?);
        Some(DateSpan { first, last })
    };
    grants.filter_map(span).collect()
}

fn run(
    file: &File,
    authority: &Authority,
    rules: &RulePack,
    opening: &Filed,
    (name, version): (String, u16),
    now_ms: i64,
) -> Option<DeskMatter> {
    let workflow = rules.workflow(&name, version).ok()?;
    let apply = step_of(file, authority, workflow, opening)?;
    let entries: Vec<&Filed> = file.steps(opening.fact.id).collect();
    let steps: Vec<Step> = entries
        .iter()
        .filter_map(|entry| step_of(file, authority, workflow, entry))
        .collect();
    let standing = file.standing.matters.get(&opening.fact.id);
    let slots = standing
        .map(|standing| standing.slots.clone())
        .unwrap_or_default();
    let entrusted = workflow
        .entrustment()
        .is_some_and(|action| authority.entrusted(file.place, action, now_ms));
    let granted_leaves = granted_leaves(file, Some(opening.fact.id));
    let context = MatterContext {
        entrusted,
        granted_leaves,
        days_together: None,
    };
    let withdrawn = standing.is_some_and(|standing| standing.withdrawn);
    let mut state = workflow.run(rules, &apply, &steps, &outcomes(&slots), &context);
    if withdrawn {
        state = ended(state);
    }
    let mut acts = vec![opening.fact.id];
    acts.extend(entries.iter().map(|entry| entry.fact.id));
    Some(DeskMatter {
        id: opening.fact.id,
        workflow: (name, version),
        state,
        rivals: rivals(file, &slots),
        slots,
        acts,
        form: apply.form,
        reliance: standing.is_some_and(|standing| standing.reliance),
        withdrawn,
        contested: contested(file, rules, workflow),
    })
}

/// Nothing is owed or offered any more.
fn ended(state: MatterState) -> MatterState {
    MatterState {
        ended: true,
        ahead: Vec::new(),
        due: Vec::new(),
        next: Vec::new(),
        reminders: Vec::new(),
        ..state
    }
}

fn rivals(file: &File, slots: &BTreeMap<String, SlotStanding>) -> BTreeMap<String, Vec<Capacity>> {
    let signers = |tips: &[EnvelopeId]| {
        let signed = tips.iter().filter_map(|id| file.find(*id));
        signed.filter_map(|entry| entry.by.clone()).collect()
    };
    let conflicted = slots.iter().filter_map(|(name, slot)| match slot {
        SlotStanding::Conflicted { tips, .. } => Some((name.clone(), signers(tips))),
        _ => None,
    });
    conflicted.collect()
}

fn outcomes(slots: &BTreeMap<String, SlotStanding>) -> BTreeMap<String, SlotOutcome> {
    let outcome = |slot: &SlotStanding| match slot {
        SlotStanding::Open => None,
        SlotStanding::Stands { ids, .. } => Some(SlotOutcome::Stands(ids.clone())),
        SlotStanding::Conflicted { tips, .. } => Some(SlotOutcome::Conflicted(tips.clone())),
    };
    slots
        .iter()
        .filter_map(|(name, slot)| Some((name.clone(), outcome(slot)?)))
        .collect()
}

fn step_of(file: &File, authority: &Authority, table: &Workflow, entry: &Filed) -> Option<Step> {
    let by = file.signer_of(authority, entry)?;
    let (event, form, replaces) = match &entry.fact.what {
        What::Raise(raise) => (
            table.opening().id.clone(),
            Form::of_raise(raise),
            Vec::new(),
        ),
        What::Apply { span, area, .. } => {
            let fields = match &entry.act {
                Some(Act::Apply(apply)) => apply.fields.clone(),
                _ => BTreeMap::new(),
            };
            let event = table.opening().id.clone();
            let act = ActForm {
                fields,
                span: *span,
                area: area.clone(),
            };
            let form = table.read_act(&event, &act).0;
            (event, form, Vec::new())
        }
        What::Step {
            event,
            span,
            replaces,
            ..
        } => {
            let fields = match &entry.act {
                Some(Act::Step(step)) => step.fields.clone(),
                _ => BTreeMap::new(),
            };
            let act = ActForm {
                fields,
                span: *span,
                area: None,
            };
            (
                event.clone(),
                table.read_act(event, &act).0,
                replaces.clone(),
            )
        }
        _ => return None,
    };
    Some(Step {
        id: entry.fact.id,
        event,
        by,
        at_ms: entry.fact.at,
        form,
        replaces,
    })
}

/// The name of the person of a case, as its protected field has it.
pub fn name_of(file: &File, rules: &RulePack) -> Option<String> {
    match value_of(file, rules, "name")? {
        Value::Text(name) => Some(name),
        _ => None,
    }
}
