//! Any order of arrival gives the same: one at a time in any order equals all at once, for any
//! subset.

#[path = "world/order.rs"]
mod order;
#[path = "world/story.rs"]
mod story;
#[path = "world/town.rs"]
mod town;

use jiaolian_schema::authority::{Authority, State};
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::fold;
use order::{arrivals, at_once, case_facts, one_by_one, shuffled, thinned};
use proptest::prelude::*;
use std::collections::BTreeMap;
use story::{Move, Story, any_move};
use town::{TownRules, World};

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
        let order = thinned(shuffled(arrivals(&w), &keys), drop_one_in);
        let slow = one_by_one(&w, &order);
        let fast = at_once(&w, &order);
        let (one, all) = (answers(&w, &slow), answers(&w, &fast));
        for (left, right) in one.0.iter().zip(&all.0) {
            prop_assert_eq!((left, &w.facts[&left.0].what), (right, &w.facts[&left.0].what));
        }
        prop_assert_eq!(one.1, all.1);
        let facts = case_facts(&w, &order);
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
