//! Protected fields of a case: the value in force, rivals, and the form that changes it.

use super::label::{display_or_none, kind_word, standing, text};
use super::shape::{OfferShape, ProtectedField, Rival};
use super::{Viewer, act, form};
use crate::owner::Node;
use jiaolian_schema::desk::{File, field_entry};
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::rule::{CaseField, RulePack};
use jiaolian_schema::workflow::Value;
use serde_json::Value as Json;

/// The value that one rival gave a field.
pub(super) fn value_of_rival(
    file: &File,
    rules: &RulePack,
    name: &str,
    act: EnvelopeId,
) -> Option<Value> {
    let rivals = field_entry(file, rules, name).rivals;
    let found = rivals.into_iter().find(|(id, _)| *id == act)?;
    found.1
}

pub(super) fn protected(
    node: &Node,
    viewer: &Viewer,
    file: &File,
    mut amends: Vec<OfferShape>,
) -> Vec<ProtectedField> {
    let names = node.rules.case_fields().filter(|rule| !rule.many);
    let mut rows: Vec<(&CaseField, String)> =
        names.map(|rule| (rule, rule.field.id.clone())).collect();
    rows.sort_by_key(|(rule, _)| rule.number);
    let row = |(rule, name): (&CaseField, String)| {
        let entry = field_entry(file, &node.rules, &name);
        let event = format!("amend:{name}");
        let at = amends.iter().position(|offer| offer.event == event);
        let amend = at.map(|at| amends.swap_remove(at));
        let amend = amend.map(|mut offer| {
            offer.fields[0].default = entry.value.as_ref().map(form::wire);
            offer
        });
        let rivals = entry.rivals.iter().filter_map(|(id, value)| {
            Some(Rival {
                value: value.as_ref().map_or(Json::Null, form::wire),
                display: display_or_none(&rule.field, value.as_ref()),
                act: act::act_shape(node, viewer, file, *id)?,
            })
        });
        let rivals: Vec<_> = rivals.collect();
        let standing = match entry.act.and_then(|id| file.find(id)) {
            _ if !rivals.is_empty() => Some(standing("conflicted", Some("field"), None)),
            Some(filed) => Some(act::standing_in(node, file, filed)),
            None => None,
        };
        ProtectedField {
            label: text(&rule.field.label),
            kind: kind_word(&rule.field.kind).into(),
            value: entry.value.as_ref().map_or(Json::Null, form::wire),
            display: display_or_none(&rule.field, entry.value.as_ref()),
            standing,
            rivals,
            amend,
            name,
        }
    };
    rows.into_iter().map(row).collect()
}
