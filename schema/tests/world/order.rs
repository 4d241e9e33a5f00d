//! Heads and facts of a town in the order in which they come, and an authority that took them so.
// Each test file uses a part of this.
#![allow(dead_code, unreachable_pub, missing_docs)]

use super::town::World;
use jiaolian_schema::authority::Authority;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::EnvelopeId;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy)]
pub enum Arrival {
    Head(EnvelopeId),
    Fact(EnvelopeId),
}

impl Arrival {
    pub fn enter(self, w: &World, authority: &mut Authority) {
        match self {
            Self::Head(id) => authority.add_head(id, &w.heads[&id]),
            Self::Fact(id) => authority.add_fact(&w.facts[&id]),
        }
    }

    fn head(self) -> Option<EnvelopeId> {
        match self {
            Self::Head(id) => Some(id),
            Self::Fact(_) => None,
        }
    }

    fn fact(self) -> Option<EnvelopeId> {
        match self {
            Self::Fact(id) => Some(id),
            Self::Head(_) => None,
        }
    }
}

/// All that there is in the town: heads, then facts.
pub fn arrivals(w: &World) -> Vec<Arrival> {
    let heads = w.heads.keys().map(|id| Arrival::Head(*id));
    let facts = w.facts.keys().map(|id| Arrival::Fact(*id));
    heads.chain(facts).collect()
}

/// A fixed shuffle by the keys that a test draws.
pub fn shuffled(mut all: Vec<Arrival>, keys: &[u64]) -> Vec<Arrival> {
    for i in (1..all.len()).rev() {
        let key = keys[i % keys.len()]
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(i as u64);
        let mixed = (key ^ (key >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11;
        all.swap(i, (mixed % (i as u64 + 1)) as usize);
    }
    all
}

/// Without every so-many-th: `drop_one_in` of 0 to 4 drops none, more drops one in three times that.
pub fn thinned(mut order: Vec<Arrival>, drop_one_in: usize) -> Vec<Arrival> {
    if drop_one_in > 4 {
        let mut at = 0;
        order.retain(|_| {
            at += 1;
            at % (drop_one_in * 3) != 0
        });
    }
    order
}

pub fn one_by_one(w: &World, order: &[Arrival]) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    for arrival in order {
        arrival.enter(w, &mut authority);
    }
    authority
}

pub fn at_once(w: &World, order: &[Arrival]) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    let heads = order.iter().filter_map(|arrival| arrival.head());
    let facts = order.iter().filter_map(|arrival| arrival.fact());
    authority.extend(
        heads.map(|id| (id, &w.heads[&id])),
        facts.map(|id| &w.facts[&id]),
    );
    authority
}

/// The facts of the town's case that came.
pub fn case_facts(w: &World, order: &[Arrival]) -> BTreeMap<EnvelopeId, Fact> {
    let came = order.iter().filter_map(|arrival| arrival.fact());
    let came = came.map(|id| (id, w.facts[&id].clone()));
    came.filter(|(_, fact)| Some(fact.dossier) == w.case)
        .collect()
}
