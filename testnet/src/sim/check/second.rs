//! I5: a second, naive verifier that shares nothing with the fold but the decoding of bytes reads the
//! union of all envelopes, checks every signature again, and says the same of every envelope, slot
//! and place.

use super::{Union, World};
use crate::sim::plan::OFFICES;
use crate::sim::signature::SimVerifier;
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId, sha256};
use jiaolian_schema::opinion::{CaseOpinion, Held, Opinion, Papers, Slot, Value};
use jiaolian_schema::standing::{InForce, SlotStanding, SlotValue, Standing, Verdict};
use jiaolian_schema::suite::SIGNATURE_BYTES;
use jiaolian_sync::{Store as _, Table};
use std::collections::BTreeMap;

pub(super) fn check(world: &World, union: &Union, broken: &mut Vec<String>) {
    let envelopes = envelopes(world);
    let papers = match Papers::open(world.plan.root().into(), envelopes.values(), &SimVerifier) {
        Ok(papers) => papers,
        Err(fault) => {
            broken.push(format!(
                "I5: the second verifier refuses the union: {fault}"
            ));
            return;
        }
    };
    let opinion = Opinion::of(&papers);
    for (id, facts) in &union.facts {
        for fact in facts.values() {
            let complete = union.authority.is_complete(fact.id);
            let first = format!("{:?}", union.authority.state(fact, complete));
            let second = format!("{:?}", opinion.state(fact.id));
            if first != second {
                broken.push(format!(
                    "I5: {} of {id} is {first} to the fold and {second} to the verifier",
                    fact.id
                ));
            }
        }
        let standing = &union.standings[id];
        if standing.kind == DossierKind::Case {
            compare(*id, standing, &opinion.of_case(*id, &*world.rules), broken);
        }
    }
}

/// Every head that some node has, with the body that some node has of it.
fn envelopes(world: &World) -> BTreeMap<EnvelopeId, Envelope> {
    let mut found = BTreeMap::<EnvelopeId, Envelope>::new();
    for at in 0..OFFICES.len() {
        // A copy has its case files open.
        let disk = world.nodes[at].disk.copy();
        let rows = |table| {
            let rows = disk.range(table, &[], &[u8::MAX; 80], usize::MAX);
            rows.unwrap_or_default()
        };
        for (key, mut head) in rows(Table::Head) {
            let signature = head.split_off(head.len() - SIGNATURE_BYTES);
            if let (Some(id), Ok(signature)) = (EnvelopeId::from_slice(&key), signature.try_into())
            {
                let envelope = Envelope {
                    head,
                    signature,
                    body: None,
                };
                found.entry(id).or_insert(envelope);
            }
        }
        for (key, body) in [Table::RosterBody, Table::CaseBody]
            .into_iter()
            .flat_map(rows)
        {
            let id = EnvelopeId::from_slice(&key);
            if let Some(envelope) = id.and_then(|id| found.get_mut(&id)) {
                envelope.body = Some(body);
            }
        }
    }
    found
}

fn compare(id: DossierId, first: &Standing, second: &CaseOpinion, broken: &mut Vec<String>) {
    let mut say = |what: &str, first: String, second: String| {
        if first != second {
            broken.push(format!(
                "I5: {what} of {id} is {first} to the fold and {second} to the verifier"
            ));
        }
    };
    say("the place", first.place.to_hex(), second.place.to_hex());
    let names = first.fields.keys().chain(second.fields.keys());
    for name in names {
        let (one, other) = (first.fields.get(name), second.fields.get(name));
        say(name, fold_says(one), verifier_says(other));
    }
    say(
        "the seal",
        fold_says(Some(&first.seal)),
        verifier_says(Some(&second.seal)),
    );
    let consults: Vec<_> = first.consults.iter().map(|one| one.id).collect();
    say(
        "who may read it",
        format!("{consults:?}"),
        format!("{:?}", second.consults),
    );
    for (matter, standing) in &first.matters {
        let Some(opinion) = second.matters.get(matter) else {
            say("a matter", matter.to_hex(), "nothing".to_owned());
            continue;
        };
        for name in standing.slots.keys().chain(opinion.slots.keys()) {
            let (one, other) = (standing.slots.get(name), opinion.slots.get(name));
            say(name, fold_says(one), verifier_says(other));
        }
        let (one, other) = (standing.reliance, opinion.reliance);
        say("reliance", one.to_string(), other.to_string());
    }
}

fn fold_says(slot: Option<&SlotStanding>) -> String {
    let value = |value: &SlotValue| match value {
        SlotValue::Verdict(Verdict::Approve) => "approve".to_owned(),
        SlotValue::Verdict(Verdict::Refuse) => "refuse".to_owned(),
        SlotValue::Field { hash, .. } => format!("{hash:?}"),
        SlotValue::Office(office) => office.to_hex(),
    };
    let before = |held: &InForce| format!("{} by {:?}", value(&held.value), held.ids);
    match slot {
        None | Some(SlotStanding::Open) => "open".to_owned(),
        Some(SlotStanding::Stands { ids, value: of, .. }) => format!("{} by {ids:?}", value(of)),
        Some(SlotStanding::Conflicted { tips, in_force }) => {
            format!(
                "conflicted {tips:?} over {:?}",
                in_force.as_ref().map(before)
            )
        }
    }
}

fn verifier_says(slot: Option<&Slot>) -> String {
    let value = |value: &Value| match value {
        Value::Approve => "approve".to_owned(),
        Value::Refuse => "refuse".to_owned(),
        Value::Field(bytes) => format!("{:?}", sha256(&[bytes])),
        Value::Office(office) => office.to_hex(),
    };
    let held = |held: &Held| format!("{} by {:?}", value(&held.value), held.ids);
    match slot {
        None | Some(Slot::Open) => "open".to_owned(),
        Some(Slot::Stands(stands)) => held(stands),
        Some(Slot::Conflicted { tips, in_force }) => {
            format!("conflicted {tips:?} over {:?}", in_force.as_ref().map(held))
        }
    }
}
