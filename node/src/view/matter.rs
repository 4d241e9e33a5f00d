//! Matters: their list, their page, their sections, and what a further act would mean.

use super::label::{
    delivery, display, due_shape, rule_text, span_text, standing, standing_of, state_coded, text,
};
use super::shape::{
    ActShape, Coded, DueShape, FieldValue, MatterPage, MatterRow, PathStep, ReminderAt, SlotShape,
    StandingShape,
};
use super::{Viewer, act, case, form, mend, quarrel, section};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::desk::{
    DeskMatter, File, RECORD_WORKFLOW, matter_of, matter_offers, matters_of,
};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::{SlotStanding, SlotValue, Verdict};
use jiaolian_schema::workflow::{DateSpan, Form, Workflow};
use std::sync::Arc;

/// Filters of the list.
#[derive(Debug, Clone, Default)]
pub struct MatterQuery {
    /// Workflow; none for all.
    pub workflow: String,
    /// `open`, `closed` or `all`.
    pub state: String,
    /// Only those that this person can go on with.
    pub mine: bool,
    /// Matches the person's name, the number, the summary.
    pub q: String,
}

/// The case of a matter that this person may see.
pub fn find(node: &mut Node, viewer: &Viewer, id: EnvelopeId) -> ApiResult<Arc<File>> {
    let dossier = node.store.reader().dossier_of_body(id).ok().flatten();
    let dossier = dossier.ok_or(ApiError::not_found())?;
    let file = case::find(node, viewer, dossier)?;
    let entry = file.find(id).ok_or(ApiError::not_found())?;
    if matches!(entry.fact.what, What::Apply { .. }) {
        Ok(file)
    } else {
        Err(ApiError::not_found())
    }
}

/// One matter, run by its table.
pub fn run(node: &Node, file: &File, id: EnvelopeId) -> Option<DeskMatter> {
    matter_of(file, node.authority(), &node.rules, id, node.now())
}

/// All matters of a dossier.
pub fn all(node: &Node, file: &File) -> Vec<DeskMatter> {
    matters_of(file, node.authority(), &node.rules, node.now())
}

/// Whether a matter is a record, which is shown elsewhere.
fn is_record(matter: &DeskMatter) -> bool {
    matter.workflow.0 == RECORD_WORKFLOW
}

/// Rows of all matters of a case, newest first.
pub fn rows_of(node: &mut Node, viewer: &Viewer, file: &File) -> Vec<MatterRow> {
    let matters = all(node, file);
    let rows = matters.iter().rev().filter(|matter| !is_record(matter));
    rows.map(|matter| row(node, viewer, file, matter)).collect()
}

/// The list, filtered, by the next deadline.
pub fn list(node: &mut Node, viewer: &Viewer, query: &MatterQuery) -> Vec<MatterRow> {
    let mut rows = Vec::new();
    for file in case::visible(node, viewer) {
        for matter in all(node, &file).iter().filter(|matter| !is_record(matter)) {
            let fits = query.workflow.is_empty() || matter.workflow.0 == query.workflow;
            let open = match query.state.as_str() {
                "closed" => matter.state.ended,
                "all" => true,
                _ => !matter.state.ended,
            };
            if fits && open {
                rows.push(row(node, viewer, &file, matter));
            }
        }
    }
    let q = query.q.trim();
    rows.retain(|row| {
        let found =
            row.case.name.contains(q) || row.case.no.contains(q) || row.summary.zh.contains(q);
        (!query.mine || row.mine) && found
    });
    rows.sort_by_key(|row| {
        (
            row.due.as_ref().map_or(i64::MAX, |due| due.at),
            -row.updated_at,
        )
    });
    rows
}

/// One matter in a list.
pub fn row(node: &Node, viewer: &Viewer, file: &File, matter: &DeskMatter) -> MatterRow {
    let now = node.now();
    let table = matter.table(&node.rules);
    let title = table.map_or_else(
        || Text::plain(&matter.workflow.0),
        |t| text(&t.table().title),
    );
    let state = table.map_or_else(
        || Coded::new(matter.state.at(now), Text::plain(matter.state.at(now))),
        |table| state_of(table, matter, now),
    );
    let signer = case::signer(node, viewer, file);
    let offers = matter_offers(&node.rules, matter, &signer, now);
    let acts = matter
        .acts
        .iter()
        .filter_map(|id| file.find(*id))
        .map(|entry| entry.fact.at);
    MatterRow {
        id: matter.id.to_hex(),
        workflow: matter.workflow.0.clone(),
        title,
        case: case::case_ref(node, file),
        summary: table
            .map(|table| summary(table, matter))
            .unwrap_or_default(),
        level: level(node, matter),
        due: dues(node, matter).into_iter().min_by_key(|due| due.at),
        standing: standing_of_matter(file, matter),
        mine: offers
            .iter()
            .any(|offer| offer.blocked.is_none() && is_work(&offer.event)),
        changed: is_changed(node, file, matter),
        updated_at: acts.max().unwrap_or(0),
        state,
    }
}

/// Whether a decision in force rests on something that changed after it.
fn is_changed(node: &Node, file: &File, matter: &DeskMatter) -> bool {
    let decided = matter.acts.iter().filter_map(|id| file.find(*id));
    let mut changes = decided.map(|entry| mend::changed(node, file, entry));
    changes.any(|lines| !lines.is_empty())
}

/// To withdraw or to note something is always possible and waits for nobody.
fn is_work(event: &str) -> bool {
    ![
        "withdraw",
        "supervise",
        "ask_assistance",
        "circulate",
        "extend",
    ]
    .contains(&event)
}

/// The state at a time; a conflict goes before it.
fn state_of(table: &Workflow, matter: &DeskMatter, now: i64) -> Coded {
    if matter.withdrawn {
        return Coded::new("WITHDRAWN", words("standing", "withdrawn"));
    }
    if !matter.state.conflicts.is_empty() {
        return Coded::new("CONFLICT", words("standing", "conflicted_step"));
    }
    state_coded(table, matter.state.at(now))
}

/// What is asked for on one line: days, place, purpose.
fn summary(table: &Workflow, matter: &DeskMatter) -> Text {
    let form = &matter.state.facts.form;
    let mut parts: Vec<Text> = Vec::new();
    if let Some(span) = span(form) {
        parts.push(span_text(span.first, span.last));
        parts.push(words("word", "days").fill(&[&span.days().to_string()]));
    }
    for name in ["destination", "purpose"] {
        if let (Some(field), Some(value)) = (table.field(name), form.get(name)) {
            parts.push(display(field, value));
        }
    }
    let join =
        |pick: fn(&Text) -> &str, with: &str| parts.iter().map(pick).collect::<Vec<_>>().join(with);
    Text::new(join(|text| &text.zh, "，"), join(|text| &text.en, ", "))
}

fn span(form: &Form) -> Option<DateSpan> {
    Some(DateSpan {
        first: form.date("from")?,
        last: form.date("to")?,
    })
}

/// Who decides.
fn level(node: &Node, matter: &DeskMatter) -> Option<Coded> {
    let (name, version) = (matter.workflow.0.as_str(), matter.workflow.1);
    let sum = node
        .rules
        .leave_sum((name, version), ("from", "to"), &matter.state.facts)?;
    let level = sum.level.as_str();
    Some(Coded::new(
        level,
        rule_text(&node.rules, &format!("level.{level}")),
    ))
}

/// How a matter stands: a conflict, a reliance, its decision, or else its newest act.
fn standing_of_matter(file: &File, matter: &DeskMatter) -> StandingShape {
    let mut slots = matter.slots.values();
    if slots.any(|slot| matches!(slot, SlotStanding::Conflicted { .. })) {
        return standing("conflicted", Some("step"), None);
    }
    if matter.reliance {
        return standing("reliance", None, None);
    }
    let newest = matter.acts.last().and_then(|id| file.find(*id));
    newest.map_or_else(
        || standing("unfiled", None, None),
        |entry| standing_of(entry.state),
    )
}

/// Deadlines that run now.
pub fn dues(node: &Node, matter: &DeskMatter) -> Vec<DueShape> {
    let now = node.now();
    let state = matter.state.at(now);
    let running = matter.state.due.iter().filter(|due| due.state == state);
    running
        .map(|due| due_shape(&node.rules, due, now))
        .collect()
}

/// Deadlines of all matters of a dossier, the nearest first.
pub fn dues_of(node: &Node, file: &File) -> Vec<DueShape> {
    let mut dues: Vec<_> = all(node, file).iter().flat_map(|m| dues(node, m)).collect();
    dues.sort_by_key(|due| due.at);
    dues
}

/// The page of a matter.
pub fn page(
    node: &mut Node,
    viewer: &Viewer,
    file: &File,
    id: EnvelopeId,
) -> ApiResult<MatterPage> {
    let now = node.now();
    let rules = Arc::clone(&node.rules);
    let matter = run(node, file, id).ok_or(ApiError::not_found())?;
    let table = matter.table(&rules).ok_or(ApiError::not_found())?;
    let signer = case::signer(node, viewer, file);
    let shown = section::section(node, file, &matter);
    let post = format!("/api/v1/matters/{id}/events");
    let refs = section::candidates(node, viewer, file);
    let offers = matter_offers(&rules, &matter, &signer, now);
    let serves = mend::serve_offers(node, viewer, file, id);
    let offers = offers.iter().chain(&serves).map(|offer| {
        let section = offer.decision.then_some(&shown);
        let mut shape = form::offer_shape(node, offer, &post, section, &refs);
        quarrel::dress(node, file, Some(&matter), offer, &mut shape);
        shape
    });
    Ok(MatterPage {
        matter: row(node, viewer, file, &matter),
        form: form_values(table, &matter.form),
        facts: section::facts(node, table, &matter.state.facts),
        steps: steps(node, viewer, file, id),
        slots: slots(node, viewer, file, table, &matter),
        path: path(table, matter.state.at(now)),
        dues: dues(node, &matter),
        reminders: reminders(node, &matter),
        offers: offers.collect(),
        delivery: delivery(node, file.id),
    })
}

fn reminders(node: &Node, matter: &DeskMatter) -> Vec<ReminderAt> {
    let shape = |reminder: &jiaolian_schema::workflow::Reminder| ReminderAt {
        at: reminder.at_ms,
        label: rule_text(&node.rules, &reminder.text),
    };
    matter.state.reminders.iter().map(shape).collect()
}

/// Every act of a matter, those without effect too.
pub fn steps(node: &Node, viewer: &Viewer, file: &File, id: EnvelopeId) -> Vec<ActShape> {
    let is_of = |act: EnvelopeId| {
        let what = file.find(act).map(|entry| &entry.fact.what);
        act == id || matches!(what, Some(What::Step { matter, .. }) if *matter == id)
    };
    let mine = file.filed.iter().filter(|entry| match &entry.fact.what {
        What::Serve { decision: act } | What::Withdraw { act } | What::Correct { act, .. } => {
            is_of(*act)
        }
        _ => is_of(entry.fact.id),
    });
    mine.filter_map(|entry| act::mendable_shape(node, viewer, file, entry.fact.id))
        .collect()
}

/// A filled form in the table's order.
pub fn form_values(table: &Workflow, form: &Form) -> Vec<FieldValue> {
    let value = |field: &jiaolian_schema::workflow::Field| {
        let value = form.get(&field.id)?;
        Some(FieldValue {
            name: field.id.clone(),
            label: text(&field.label),
            kind: super::label::kind_word(&field.kind).into(),
            value: form::wire(value),
            display: display(field, value),
        })
    };
    table.table().field.iter().filter_map(value).collect()
}

fn slots(
    node: &Node,
    viewer: &Viewer,
    file: &File,
    table: &Workflow,
    matter: &DeskMatter,
) -> Vec<SlotShape> {
    let shape = |(name, slot): (&String, &SlotStanding)| {
        let value = slot.in_force().map(|(_, value)| match value {
            SlotValue::Verdict(Verdict::Approve) => Coded::new("approve", words("slot", "approve")),
            _ => Coded::new("refuse", words("slot", "refuse")),
        });
        let tips = slot.tips().first().and_then(|id| file.find(*id));
        let (standing, rivals) = match slot {
            SlotStanding::Open => (None, Vec::new()),
            SlotStanding::Stands { .. } => (tips.map(|entry| standing_of(entry.state)), Vec::new()),
            SlotStanding::Conflicted { tips, .. } => {
                let acts = tips
                    .iter()
                    .filter_map(|id| act::act_shape(node, viewer, file, *id));
                (
                    Some(standing("conflicted", Some("step"), None)),
                    acts.collect(),
                )
            }
        };
        let event = table.table().event.iter().find(|event| {
            event
                .decision
                .as_ref()
                .is_some_and(|decision| decision.slot == *name)
        });
        let label = event.map_or_else(|| Text::plain(name), |event| text(&event.label));
        let contested = matches!(slot, SlotStanding::Conflicted { .. });
        SlotShape {
            name: name.clone(),
            label,
            value,
            standing,
            rivals,
            notice: contested.then(|| quarrel::meanwhile(matter, slot)),
            changed: tips
                .map(|entry| mend::changed(node, file, entry))
                .unwrap_or_default(),
        }
    };
    matter.slots.iter().map(shape).collect()
}

/// The usual road with the place where the matter is; a state beside the road is added at its end.
pub fn path(table: &Workflow, state: &str) -> Vec<PathStep> {
    let road = &table.table().road;
    let here = road.iter().position(|stop| stop == state);
    let step = |(at, code): (usize, &String)| {
        let coded = state_coded(table, code);
        PathStep {
            code: coded.code,
            label: coded.label,
            done: here.is_some_and(|here| at < here),
            current: here == Some(at),
        }
    };
    let mut path: Vec<_> = road.iter().enumerate().map(step).collect();
    if here.is_none() {
        let coded = state_coded(table, state);
        path.push(PathStep {
            code: coded.code,
            label: coded.label,
            done: false,
            current: true,
        });
    }
    path
}
