//! What can still be done about a signed act: take it back, correct it, serve it; and how that is
//! shown, the value that was signed beside the corrected one.

use super::act::{form_of, signer, table_of};
use super::label::{display, display_or_none, text};
use super::shape::{ChangeLine, Correction, OfferShape};
use super::text::may_edit;
use super::{Viewer, form};
use crate::http::error::{ApiError, ApiResult, FieldFault};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::act::{Act, Correct, Serve, Withdraw};
use jiaolian_schema::desk::{File, Filed, Offer, OfferField, Tone, changed_since};
use jiaolian_schema::fact::What;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::SlotStanding;
use jiaolian_schema::value::{Fields, Value as Wire};
use jiaolian_schema::workflow::{Field, FieldType, Label, Workflow, write_wire};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Name of the field that holds why.
const REASON: &str = "reason";
const REASON_CHARS_MAX: u32 = 200;

/// What this person may still do about an act of a case: its author takes it back while nobody went
/// on from it; after that it is corrected by those who keep the case, at the author's office or above.
pub fn offer(node: &Node, viewer: &Viewer, file: &File, entry: &Filed) -> Option<Offer> {
    let id = entry.fact.id;
    let by = entry.by.as_ref()?;
    let closed = file.kind != DossierKind::Case
        || !entry.state.is_good()
        || file.standing.is_withdrawn(id)
        || !matches!(entry.fact.what, What::Apply { .. } | What::Step { .. });
    if closed {
        return None;
    }
    let own = by.person == viewer.person;
    if own && file.standing.unfollowed.contains(&id) {
        return Some(plain("withdraw", id, vec![reason()]));
    }
    let over = node.offices().covers(viewer.office, by.office);
    if !(own || over && may_edit(node, viewer, file)) {
        return None;
    }
    let (table, event) = said_by(node, file, entry)?;
    let mut fields = fields_of(table, &event);
    fields.push(reason());
    Some(plain("correct", id, fields))
}

/// Decisions in force that nobody has served yet are served by those who keep the case.
pub fn serve_offers(node: &Node, viewer: &Viewer, file: &File, matter: EnvelopeId) -> Vec<Offer> {
    let standing = file.standing.matters.get(&matter);
    let keeps = may_edit(node, viewer, file);
    let Some(standing) = standing.filter(|matter| keeps && !matter.withdrawn) else {
        return Vec::new();
    };
    let decided = standing.slots.values().filter_map(|slot| match slot {
        SlotStanding::Stands { ids, .. } => ids.first().copied(),
        _ => None,
    });
    let unserved = decided.filter(|id| !is_served(file, *id));
    let fields = || {
        let note = FieldType::Text { chars_max: 500 };
        vec![
            field("served_on", FieldType::Date, true),
            field("note", note, false),
        ]
    };
    unserved.map(|id| plain("serve", id, fields())).collect()
}

fn is_served(file: &File, decision: EnvelopeId) -> bool {
    let mut good = file.good();
    good.any(|entry| matches!(entry.fact.what, What::Serve { decision: of } if of == decision))
}

/// The act that an offer of this module signs, by its event; none for other events.
pub fn act(
    node: &Node,
    viewer: &Viewer,
    file: &File,
    event: &str,
    filled: &Map<String, Json>,
) -> Option<ApiResult<Act>> {
    let (kind, id) = event.split_once(':')?;
    if !["withdraw", "correct", "serve"].contains(&kind) {
        return None;
    }
    let gone = || ApiError::new("offer_gone");
    let found = EnvelopeId::from_hex(id).and_then(|id| file.find(id));
    let Some(entry) = found else {
        return Some(Err(gone()));
    };
    let offered = match (&entry.fact.what, kind) {
        (What::Step { matter, .. }, "serve") => serve_offers(node, viewer, file, *matter)
            .into_iter()
            .find(|offer| offer.event == event),
        _ => offer(node, viewer, file, entry).filter(|offer| offer.event == event),
    };
    let Some(offered) = offered else {
        return Some(Err(gone()));
    };
    Some(
        form::read(&node.counties, &offered, filled).and_then(|form| {
            let id = entry.fact.id;
            let mut fields = wire_of(&form);
            let why = fields.remove(REASON);
            let why = why.and_then(|why| why.as_text().map(str::to_owned));
            let reason = why.unwrap_or_default();
            match kind {
                "withdraw" => Ok(Withdraw { act: id, reason }.into()),
                "serve" => Ok(Serve {
                    decision: id,
                    fields,
                }
                .into()),
                _ => correct(node, file, entry, fields, reason).map(Act::from),
            }
        }),
    )
}

fn wire_of(filled: &form::Filled) -> Fields {
    let values = filled.form.iter();
    values
        .map(|(name, value)| (name.clone(), write_wire(value)))
        .collect()
}

/// Puts the values that were signed into the form of a correction.
pub fn fill(node: &Node, file: &File, entry: &Filed, shape: &mut OfferShape) {
    let Some((table, event)) = said_by(node, file, entry) else {
        return;
    };
    let signed = form_of(table, &event, entry);
    for field in shape.fields.iter_mut().filter(|field| field.name != REASON) {
        field.default = signed.get(&field.name).map(form::wire);
    }
}

/// Only what is different is a correction, and there must be some. A yes or no that was left out
/// was no.
fn correct(
    node: &Node,
    file: &File,
    entry: &Filed,
    mut fields: Fields,
    reason: String,
) -> ApiResult<Correct> {
    if let Some((table, event)) = said_by(node, file, entry) {
        let signed = form_of(table, &event, entry);
        fields.retain(|name, value| match signed.get(name).map(write_wire) {
            Some(before) => before != *value,
            None => !is_no(table, name, value),
        });
    }
    if fields.is_empty() {
        let fault = FieldFault::said("same", words("mend", "same"));
        return Err(ApiError::fields(BTreeMap::from([(REASON.into(), fault)])));
    }
    let act = entry.fact.id;
    Ok(Correct {
        act,
        fields,
        reason,
    })
}

fn is_no(table: &Workflow, name: &str, value: &Wire) -> bool {
    let kind = table.field(name).map(|field| &field.kind);
    matches!(kind, Some(FieldType::Bool)) && *value == Wire::Int(0)
}

/// The table and the event by which an application or a step is read.
fn said_by<'a>(node: &'a Node, file: &File, entry: &Filed) -> Option<(&'a Workflow, String)> {
    match &entry.fact.what {
        What::Apply { .. } => {
            let table = table_of(node, file, entry.fact.id)?;
            Some((table, table.opening().id.clone()))
        }
        What::Step { matter, event, .. } => Some((table_of(node, file, *matter)?, event.clone())),
        _ => None,
    }
}

/// What an event fills in, without areas: a drawn area is drawn anew by a new application.
fn fields_of(table: &Workflow, event: &str) -> Vec<OfferField> {
    let Ok(event) = table.find_event(event) else {
        return Vec::new();
    };
    let mut names: Vec<&String> = event.needs.iter().chain(&event.takes).collect();
    names.dedup();
    let fields = names.into_iter().filter_map(|name| table.field(name));
    fields
        .filter(|field| field.id != REASON && !matches!(field.kind, FieldType::Area { .. }))
        .map(|field| OfferField {
            field: field.clone(),
            required: false,
        })
        .collect()
}

fn plain(kind: &str, id: EnvelopeId, fields: Vec<OfferField>) -> Offer {
    Offer {
        event: format!("{kind}:{id}"),
        label: label(kind),
        tone: Tone::Plain,
        decision: false,
        light: false,
        blocked: None,
        settles: Vec::new(),
        fields,
    }
}

fn reason() -> OfferField {
    let kind = FieldType::Text {
        chars_max: REASON_CHARS_MAX,
    };
    field(REASON, kind, true)
}

fn field(id: &str, kind: FieldType, required: bool) -> OfferField {
    let field = Field {
        id: id.into(),
        label: label(id),
        kind,
    };
    OfferField { field, required }
}

fn label(key: &str) -> Label {
    let Text { zh, en } = words("mend", key);
    Label { zh, en }
}

/// What was corrected in an act, each correction that counts.
pub fn corrections(node: &Node, file: &File, entry: &Filed) -> Vec<Correction> {
    let ids = file.standing.corrections.get(&entry.fact.id);
    let filed = ids.into_iter().flatten().filter_map(|id| file.find(*id));
    let correction = |by: &Filed| {
        let Some(Act::Correct(correct)) = &by.act else {
            return None;
        };
        Some(Correction {
            signer: signer(node, by),
            claimed_at: by.fact.at,
            reason: correct.reason.clone(),
            lines: lines(node, file, entry, &correct.fields),
        })
    };
    filed.filter_map(correction).collect()
}

/// The values of an act that a correction names, as signed and as they should have been.
pub fn lines(node: &Node, file: &File, entry: &Filed, fields: &Fields) -> Vec<ChangeLine> {
    let Some((table, event)) = said_by(node, file, entry) else {
        return Vec::new();
    };
    let signed = form_of(table, &event, entry);
    let line = |(name, wire): (&String, _)| {
        let field = table.field(name)?;
        let after = field.read_value(wire).ok()?;
        Some(ChangeLine {
            label: text(&field.label),
            before: display_or_none(field, signed.get(name)),
            after: display(field, &after),
        })
    };
    fields.iter().filter_map(line).collect()
}

/// Fields that a decision rests on and that changed after it (批准后有修改).
pub fn changed(node: &Node, file: &File, entry: &Filed) -> Vec<ChangeLine> {
    let stands = |id: EnvelopeId| {
        let slots = file.standing.matters.values();
        let mut slots = slots.flat_map(|matter| matter.slots.values());
        slots.any(|slot| slot.in_force().is_some_and(|(ids, _)| ids.contains(&id)))
    };
    if !stands(entry.fact.id) {
        return Vec::new();
    }
    let line = |changed: jiaolian_schema::desk::Changed| {
        let field = &node.rules.case_field(&changed.name)?.field;
        Some(ChangeLine {
            label: text(&field.label),
            before: display_or_none(field, changed.before.as_ref()),
            after: display_or_none(field, changed.now.as_ref()),
        })
    };
    let all = changed_since(file, &node.rules, entry);
    all.into_iter().filter_map(line).collect()
}

/// Whether a decision in force of a case rests on something that changed since.
pub fn is_changed(node: &Node, file: &File) -> bool {
    file.good().any(|entry| {
        matches!(entry.fact.what, What::Step { .. }) && !changed(node, file, entry).is_empty()
    })
}
