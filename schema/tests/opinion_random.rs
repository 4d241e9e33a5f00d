//! In random small worlds the fold and the second opinion say one thing of every envelope, window
//! and slot, whatever of them is here.

#![allow(clippy::unwrap_used)]

#[path = "world/march.rs"]
mod march;
#[path = "world/story.rs"]
mod story;
#[path = "world/town.rs"]
mod town;

use jiaolian_schema::fact::What;
use jiaolian_schema::id::EnvelopeId;
use march::{March, one_turn};
use proptest::prelude::*;
use story::{Story, wide_move};
use town::World;

/// Takes away every n-th envelope of the case or receipt, or only its body: a node that has not got
/// all of it yet.
fn forget_some(w: &mut World, one_in: usize, offset: usize) {
    let ids: Vec<EnvelopeId> = w.facts.keys().copied().collect();
    for (at, id) in ids.into_iter().enumerate() {
        if !(at + offset).is_multiple_of(one_in) || matches!(w.facts[&id].what, What::Roster(_)) {
            continue;
        }
        if at % 2 == 0 {
            w.forget(id);
        } else {
            w.facts.remove(&id);
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a longer run is asked for from outside"
)]
fn cases() -> u32 {
    std::env::var("JIAOLIAN_WORLDS").map_or(256, |text| text.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn both_opinions_agree(
        moves in proptest::collection::vec(wide_move(), 4..40),
        forget in 0..30_usize,
    ) {
        let mut story = Story::new();
        for step in &moves {
            story.tell(step);
        }
        if forget > 15 {
            forget_some(&mut story.w, forget, 1);
        }
        let found = story.w.differences();
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    #[test]
    fn both_opinions_agree_while_offices_pass_from_one_superior_to_another(
        turns in proptest::collection::vec(one_turn(), 4..48),
        forget in 0..30_usize,
    ) {
        let mut march = March::new();
        for turn in &turns {
            march.tell(turn);
        }
        if forget > 15 {
            forget_some(&mut march.w, forget, 1);
        }
        let found = march.w.differences();
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }
}
