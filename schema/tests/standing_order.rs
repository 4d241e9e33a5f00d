//! Any order of arrival gives the same: one at a time in any order equals all at once, for any
//! subset.

#[path = "world/story.rs"]
mod story;
#[path = "world/town.rs"]
mod town;

use jiaolian_schema::authority::{Authority, State};
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::fold;
use proptest::prelude::*;
use std::collections::BTreeMap;
use story::{Move, Story, any_move};
use town::{TownRules, World};

/// One arrival: a head or a fact.
#[derive(Debug, Clone, Copy)]
enum Arrival {
    Head(EnvelopeId),
    Fact(EnvelopeId),
}

fn arrivals(w: &World) -> Vec<Arrival> {
    let heads = w.heads.keys().map(|id| Arrival::Head(*id));
    heads
        .chain(w.facts.keys().map(|id| Arrival::Fact(*id)))
        .collect()
}

fn one_by_one(w: &World, order: &[Arrival]) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    for arrival in order {
        match arrival {
            Arrival::Head(id) => authority.add_head(*id, &w.heads[id]),
            Arrival::Fact(id) => authority.add_fact(&w.facts[id]),
        }
    }
    authority
}

fn at_once(w: &World, order: &[Arrival]) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    let heads = order.iter().filter_map(|arrival| match arrival {
        Arrival::Head(id) => Some((*id, &w.heads[id])),
        Arrival::Fact(_) => None,
    });
    let facts = order.iter().filter_map(|arrival| match arrival {
        Arrival::Fact(id) => Some(&w.facts[id]),
        Arrival::Head(_) => None,
    });
    authority.extend(heads, facts);
    authority
}

/// Everything that can be asked, in one value.
fn answers(w: &World, authority: &Authority) -> (Vec<(EnvelopeId, State, String)>, String) {
    let states = w.facts.values().map(|fact| {
        let id = fact.id;
        let rest = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            authority.path_state(id),
            authority.covered(id),
            authority.filed0(id),
            authority.window(fact),
            authority.chain_tip(fact.author),
            authority.chain_gap(fact.author),
        );
        (id, authority.state(fact, authority.is_complete(id)), rest)
    });
    let whole = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        authority.offices(),
        authority.forks(),
        authority.endpoints(),
        authority.newest_receipt_for(town::office("T1")),
        authority.appointments().collect::<Vec<_>>(),
    );
    (states.collect(), whole)
}

fn root(authority: &Authority, facts: &BTreeMap<EnvelopeId, Fact>) -> [u8; 32] {
    fold(authority, &TownRules, facts).state_root()
}

/// A fixed shuffle by the keys that the test draws.
fn shuffled(mut all: Vec<Arrival>, keys: &[u64]) -> Vec<Arrival> {
    for i in (1..all.len()).rev() {
        let key = keys[i % keys.len()]
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(i as u64);
        let mixed = (key ^ (key >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11;
        all.swap(i, (mixed % (i as u64 + 1)) as usize);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_by_one_in_any_order_equals_all_at_once(
        moves in proptest::collection::vec(any_move(), 4..28),
        keys in proptest::collection::vec(any::<u64>(), 7),
        drop_one_in in 0..12_usize,
    ) {
        let mut story = Story::new();
        for step in &moves {
            story.tell(step);
        }
        let w = story.w;
        let mut order = shuffled(arrivals(&w), &keys);
        if drop_one_in > 4 {
            let mut at = 0;
            order.retain(|_| { at += 1; at % (drop_one_in * 3) != 0 });
        }
        let slow = one_by_one(&w, &order);
        let fast = at_once(&w, &order);
        let (one, all) = (answers(&w, &slow), answers(&w, &fast));
        for (left, right) in one.0.iter().zip(&all.0) {
            prop_assert_eq!((left, &w.facts[&left.0].what), (right, &w.facts[&left.0].what));
        }
        prop_assert_eq!(one.1, all.1);
        let here = order.iter().filter_map(|arrival| match arrival {
            Arrival::Fact(id) => Some((*id, w.facts[id].clone())),
            Arrival::Head(_) => None,
        });
        let facts: BTreeMap<_, _> = here.filter(|(_, fact)| Some(fact.dossier) == w.case).collect();
        prop_assert_eq!(root(&slow, &facts), root(&fast, &facts));
    }
}

#[test]
fn signing_order_with_every_prefix_equals_all_at_once() {
    let mut story = Story::new();
    let moves = [
        Move::Note(0),
        Move::Decide(1, true, false),
        Move::Receipt(0, 11, vec![0, 1], true),
        Move::Cite(1, 0),
        Move::Decide(2, false, false),
        Move::Fork(0),
        Move::Receipt(1, 14, vec![2, 3], true),
        Move::Serve(0),
        Move::Revoke(1, 1, Some(1)),
        Move::Endorse(0, 1, 40),
        Move::Decide(4, false, true),
    ];
    let mut authority = Authority::new(story.w.root.clone());
    for step in &moves {
        story.tell(step);
        for (id, head) in &story.w.heads {
            authority.add_head(*id, head);
        }
        for fact in story.w.facts.values() {
            authority.add_fact(fact);
        }
        let batch = story.w.authority();
        assert_eq!(answers(&story.w, &authority), answers(&story.w, &batch));
        let facts = story.w.case_facts();
        assert_eq!(root(&authority, &facts), root(&batch, &facts));
    }
}
