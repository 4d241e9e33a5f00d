//! The protected fields on which a decision rests: contested ones block it, and one that changed
//! afterwards is shown beside it (批准后有修改).

use super::field::{FieldEntry, field_entry, value_in};
use super::file::{Capacity, File, Filed};
use super::section::Section;
use crate::act::Act;
use crate::canon;
use crate::id::EnvelopeId;
use crate::rule::RulePack;
use crate::workflow::{Label, Relation, RuleError, Signer, Value, Workflow};
use minicbor::{Decode, Encode};

/// One protected field as it was when a decision was signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ground {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// The acts that set the value in force, ascending; the opening of the case where the value came
    /// with it.
    #[n(1)]
    pub acts: Vec<EnvelopeId>,
}

/// A field that changed after a decision that rests on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its name.
    pub name: String,
    /// The value that the decision rests on.
    pub before: Option<Value>,
    /// The value in force.
    pub now: Option<Value>,
    /// The act that set it.
    pub act: Option<EnvelopeId>,
}

/// The fields on which decisions of a table rest, with their values in force.
pub fn grounds_of(file: &File, rules: &RulePack, table: &Workflow) -> Vec<(Ground, FieldEntry)> {
    let names = table.table().rests_on.iter();
    let entries = names.map(|name| field_entry(file, rules, name));
    entries
        .filter(|entry| entry.act.is_some() || !entry.rivals.is_empty())
        .map(|entry| {
            let ground = Ground {
                name: entry.name.clone(),
                acts: in_force(file, &entry),
            };
            (ground, entry)
        })
        .collect()
}

/// The first field on which decisions of a table rest and about which two amendments contradict one
/// another.
pub fn contested(file: &File, rules: &RulePack, table: &Workflow) -> Option<Label> {
    let names = table.table().rests_on.iter();
    let mut entries = names.map(|name| field_entry(file, rules, name));
    let entry = entries.find(|entry| !entry.rivals.is_empty())?;
    Some(rules.case_field(&entry.name)?.field.label.clone())
}

/// What a decision rests on and what another value is in force of now.
pub fn changed_since(file: &File, rules: &RulePack, decision: &Filed) -> Vec<Changed> {
    let Some(Act::Step(step)) = &decision.act else {
        return Vec::new();
    };
    let section = step.section.as_deref();
    let section = section.and_then(|bytes| canon::decode::<Section>("a section", bytes).ok());
    let grounds = section.and_then(|section| section.grounds);
    let changed = |ground: Ground| {
        let entry = field_entry(file, rules, &ground.name);
        if in_force(file, &entry) == ground.acts {
            return None;
        }
        let rule = rules.case_field(&ground.name)?;
        let first = ground.acts.first();
        let before = first.and_then(|id| value_in(file, rule, &ground.name, *id));
        (before != entry.value).then_some(Changed {
            name: ground.name,
            before,
            now: entry.value,
            act: entry.act,
        })
    };
    grounds
        .unwrap_or_default()
        .into_iter()
        .filter_map(changed)
        .collect()
}

/// Why a signer may not settle what some people disagree about (rule 29): one of them signed it, or
/// heads nothing and stands above none of them. Everybody competent stands on one path of offices,
/// so tiers tell who is above whom.
pub fn settle_fault<'a>(
    rules: &RulePack,
    rivals: impl IntoIterator<Item = &'a Capacity>,
    signer: &Signer,
) -> Option<RuleError> {
    let rivals: Vec<&Capacity> = rivals.into_iter().collect();
    if rivals.iter().any(|rival| rival.person == signer.person) {
        return Some(RuleError::Rival);
    }
    let heads = leads(rules, signer);
    let over = |rival: &&Capacity| signer.tier > rival.tier || (heads && signer.tier == rival.tier);
    (!rivals.iter().all(over)).then_some(RuleError::Settle)
}

/// Whether a signer rules on a quarrel whatever its level (rule Q9): the head of an office above all
/// who take part.
pub(super) fn rules_over(rules: &RulePack, rivals: &[Capacity], signer: &Signer) -> bool {
    let below = rivals.iter().all(|rival| rival.tier < signer.tier);
    rivals.len() > 1 && below && signer.relation == Relation::Above && leads(rules, signer)
}

fn leads(rules: &RulePack, signer: &Signer) -> bool {
    signer.roles.iter().any(|role| rules.leads_office(role))
}

fn in_force(file: &File, entry: &FieldEntry) -> Vec<EnvelopeId> {
    let slot = file.standing.fields.get(&entry.name);
    let ids = slot.and_then(|slot| slot.in_force());
    match (ids, entry.act) {
        (Some((ids, _)), _) => ids.to_vec(),
        (None, act) => act.into_iter().collect(),
    }
}
