//! Two decisions or two amendments that contradict one another: both sides with who, when and why,
//! and what holds until somebody settles it.

use super::act::{note_of, signer, window};
use super::form::wire;
use super::label::{display_or_none, text};
use super::protected::value_of_rival;
use super::shape::{OfferShape, Side};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::desk::{DeskMatter, File, Filed, Offer, field_entry};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::{SlotStanding, SlotValue, Verdict};
use serde_json::Value as Json;

/// Puts both sides of a quarrel, and what holds meanwhile, beside an offer that settles it.
pub(super) fn dress(
    node: &Node,
    file: &File,
    matter: Option<&DeskMatter>,
    offer: &Offer,
    shape: &mut OfferShape,
) {
    if offer.settles.is_empty() {
        return;
    }
    let key = if matter.is_some() { "rule" } else { "check" };
    shape.label = words("quarrel", key).fill_texts(&[&shape.label]);
    let sides = offer.settles.iter().filter_map(|id| side(node, file, *id));
    shape.rivals = sides.collect();
    shape.notice = match matter {
        Some(matter) => conflicted_slot(matter, &offer.settles).map(|slot| meanwhile(matter, slot)),
        None => field_meanwhile(node, file, offer),
    };
}

fn conflicted_slot<'a>(matter: &'a DeskMatter, ids: &[EnvelopeId]) -> Option<&'a SlotStanding> {
    let mut slots = matter.slots.values();
    slots.find(|slot| matches!(slot, SlotStanding::Conflicted { .. }) && slot.tips() == ids)
}

/// What holds while decisions contradict one another: the state before, and what a person may rely
/// on (rules 35 and 37).
pub(super) fn meanwhile(matter: &DeskMatter, slot: &SlotStanding) -> Text {
    let before = match slot.in_force() {
        None => words("quarrel", "undecided"),
        Some((_, SlotValue::Verdict(Verdict::Approve))) => words("slot", "approve"),
        Some(_) => words("slot", "refuse"),
    };
    let holds = words("quarrel", "meanwhile").fill_texts(&[&before]);
    let relied = words(
        "quarrel",
        if matter.reliance {
            "relied"
        } else {
            "unrelied"
        },
    );
    words("quarrel", "both").fill_texts(&[&holds, &relied])
}

fn field_meanwhile(node: &Node, file: &File, offer: &Offer) -> Option<Text> {
    let name = offer.event.strip_prefix("amend:")?;
    let field = &node.rules.case_field(name)?.field;
    let entry = field_entry(file, &node.rules, name);
    let value = display_or_none(field, entry.value.as_ref());
    Some(words("quarrel", "field").fill_texts(&[&value]))
}

/// One side, as it stands beside the other.
fn side(node: &Node, file: &File, id: EnvelopeId) -> Option<Side> {
    let entry = file.find(id)?;
    let (value, display) = said(node, file, entry)?;
    Some(Side {
        id: id.to_hex(),
        value,
        display,
        signer: signer(node, entry),
        claimed_at: entry.fact.at,
        window: window(node, entry),
        note: note_of(node, file, entry),
    })
}

fn said(node: &Node, file: &File, entry: &Filed) -> Option<(Json, Text)> {
    match &entry.fact.what {
        What::Amend { field, .. } => {
            let rule = node.rules.case_field(field)?;
            let value = value_of_rival(file, &node.rules, field, entry.fact.id);
            let json = value.as_ref().map_or(Json::Null, wire);
            Some((json, display_or_none(&rule.field, value.as_ref())))
        }
        What::Step { matter, event, .. } => {
            let table = super::act::table_of(node, file, *matter)?;
            let label = text(&table.find_event(event).ok()?.label);
            Some((Json::String(event.clone()), label))
        }
        _ => None,
    }
}
