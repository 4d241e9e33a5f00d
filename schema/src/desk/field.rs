//! Protected fields: the value in force, rivals that contradict it, and what an amendment replaces.

use super::file::{File, Filed};
use crate::act::{Act, Amend};
use crate::fact::What;
use crate::id::EnvelopeId;
use crate::rule::{CaseField, RulePack};
use crate::standing::SlotStanding;
use crate::workflow::Value;

/// One protected field of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldEntry {
    /// Its full name, `id/name` where there are several.
    pub name: String,
    /// The value in force; none where it is not set or can't be read.
    pub value: Option<Value>,
    /// The amendment in force; the opening act where the value came with it.
    pub act: Option<EnvelopeId>,
    /// The amendments that contradict one another; empty without a conflict.
    pub rivals: Vec<(EnvelopeId, Option<Value>)>,
    /// What a further amendment takes the place of, ascending.
    pub replaces: Vec<EnvelopeId>,
}

/// How one protected field stands.
pub fn field_entry(file: &File, rules: &RulePack, name: &str) -> FieldEntry {
    let rule = rules.case_field(name);
    let read = |id: &EnvelopeId| rule.and_then(|rule| read_amend(file, rule, *id));
    let mut entry = FieldEntry {
        name: name.to_owned(),
        value: None,
        act: None,
        rivals: Vec::new(),
        replaces: Vec::new(),
    };
    match file.standing.fields.get(name) {
        Some(SlotStanding::Stands { ids, .. }) => {
            entry.act = ids.first().copied();
            entry.value = ids.first().and_then(read);
            entry.replaces.clone_from(ids);
        }
        Some(SlotStanding::Conflicted { tips, in_force }) => {
            let standing = in_force.as_ref().and_then(|before| before.ids.first());
            entry.act = standing.copied();
            entry.value = standing.and_then(read);
            entry.rivals = tips.iter().map(|id| (*id, read(id))).collect();
            entry.replaces.clone_from(tips);
        }
        Some(SlotStanding::Open) | None => {}
    }
    if entry.act.is_none()
        && let Some(value) = rule.and_then(|rule| opened_with(file, rule, name))
    {
        entry.act = Some(file.id.into());
        entry.value = Some(value);
    }
    entry.replaces.sort_unstable();
    entry
}

/// The value in force of one protected field.
pub fn value_of(file: &File, rules: &RulePack, name: &str) -> Option<Value> {
    field_entry(file, rules, name).value
}

/// The amendment that sets a field; none for the value takes it away.
pub fn amend_of(entry: &FieldEntry, value: Option<&Value>) -> Amend {
    Amend {
        field: entry.name.clone(),
        replaces: entry.replaces.clone(),
        value: value.map(CaseField::encode).unwrap_or_default(),
    }
}

/// The value that one act gave a field, be it in force or not.
pub(super) fn value_in(
    file: &File,
    rule: &CaseField,
    name: &str,
    act: EnvelopeId,
) -> Option<Value> {
    if act == EnvelopeId::from(file.id) {
        opened_with(file, rule, name)
    } else {
        read_amend(file, rule, act)
    }
}

fn read_amend(file: &File, rule: &CaseField, id: EnvelopeId) -> Option<Value> {
    let Filed { act, fact, .. } = file.find(id)?;
    let bytes = match (act, &fact.what) {
        (Some(Act::Amend(amend)), _) => &amend.value,
        (
            None,
            What::Amend {
                open: Some(open), ..
            },
        ) => open,
        _ => return None,
    };
    rule.decode(bytes).ok().flatten()
}

fn opened_with(file: &File, rule: &CaseField, name: &str) -> Option<Value> {
    let Some(Act::Open(open)) = &file.opening()?.act else {
        return None;
    };
    rule.field.read_value(open.fields.get(name)?).ok()
}
