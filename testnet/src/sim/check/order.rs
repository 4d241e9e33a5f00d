//! I3: the same set gives the same state in any order: of its facts, folded in another order, and of
//! its envelopes, taken in by another node through the same door.

use super::{Union, World, rows};
use crate::sim::disk::Disk;
use crate::sim::plan::OFFICES;
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::Head;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::standing::fold;
use jiaolian_schema::suite::SIGNATURE_BYTES;
use jiaolian_sync::{Effect, Table};
use std::collections::BTreeMap;

/// Passes after which whatever is not in yet will never be.
const PASSES_MAX: usize = 40;
/// Province, city and counties: a township has rosters beside its own that only a superior hands
/// down, so its envelopes alone don't pass the door.
const UPPER: usize = 4;

pub(super) fn check(world: &mut World, union: &Union, broken: &mut Vec<String>) {
    let at = world.dice.below(world.nodes.len());
    fold_again(world, at, broken);
    let at = world.dice.below(UPPER);
    take_again(world, at, union, broken);
}

/// One head or fact after the other, in any order.
fn fold_again(world: &mut World, at: usize, broken: &mut Vec<String>) {
    enum Item {
        Head(EnvelopeId, Head),
        Fact(Box<Fact>),
    }
    let mut items = Vec::new();
    let mut facts = BTreeMap::<DossierId, BTreeMap<EnvelopeId, Fact>>::new();
    for (key, value) in rows(&world.nodes[at], Table::Head) {
        let head = minicbor::decode(&value[..value.len() - SIGNATURE_BYTES]).ok();
        items.extend(
            EnvelopeId::from_slice(&key)
                .zip(head)
                .map(|(id, h)| Item::Head(id, h)),
        );
    }
    for (_, value) in rows(&world.nodes[at], Table::Fact) {
        if let Ok(fact) = minicbor::decode::<Fact>(&value) {
            facts
                .entry(fact.dossier)
                .or_default()
                .insert(fact.id, fact.clone());
            items.push(Item::Fact(Box::new(fact)));
        }
    }
    world.dice.shuffle(&mut items);
    let mut authority = Authority::new(world.plan.root());
    for item in &items {
        match item {
            Item::Head(id, head) => authority.add_head(*id, head),
            Item::Fact(fact) => authority.add_fact(fact),
        }
    }
    let Some(replica) = world.nodes[at].replica.as_mut() else {
        return;
    };
    for (id, facts) in &facts {
        let again = fold(&authority, &*world.rules, facts).state_root();
        if replica.state_root(*id) != Some(again) {
            let name = OFFICES[at].0;
            broken.push(format!(
                "I3: facts of {name} in another order read {id} otherwise"
            ));
        }
    }
}

fn take_again(world: &mut World, at: usize, union: &Union, broken: &mut Vec<String>) {
    let mut dice = world.dice.fork(13);
    let name = OFFICES[at].0;
    let Some(replica) = world.nodes[at].replica.as_ref() else {
        return;
    };
    let ids = union.heads.keys();
    let mut all: Vec<_> = ids.filter_map(|id| replica.envelope(*id).ok()?).collect();
    dice.shuffle(&mut all);
    let disk = Disk::default();
    let mut second = world.open(at, disk.clone(), dice.bytes());
    for _ in 0..PASSES_MAX {
        let outcome = second.import(all.clone(), world.now);
        for effect in second.drain() {
            if let Effect::Store(writes) = effect {
                disk.commit(&writes);
            }
        }
        if outcome.stored == 0 && outcome.parked == 0 {
            break;
        }
    }
    let Some(first) = world.nodes[at].replica.as_mut() else {
        return;
    };
    for id in union.standings.keys() {
        let here = first
            .facts(*id)
            .map(|facts| facts.len())
            .unwrap_or_default();
        let there = second
            .facts(*id)
            .map(|facts| facts.len())
            .unwrap_or_default();
        if here != there {
            broken.push(format!(
                "I3: of {id} at {name} a replay takes {there} of {here}"
            ));
        } else if here > 0 && first.state_root(*id) != second.state_root(*id) {
            broken.push(format!(
                "I3: a replay of {name} in another order reads {id} otherwise"
            ));
        }
    }
}
