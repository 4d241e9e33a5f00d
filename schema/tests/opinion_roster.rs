//! The same worlds on every run: with a roster that moves, the fold and the second opinion say one
//! thing, and what a node remembers after any order of arrival is what it would make of all at once.

#![allow(clippy::unwrap_used)]

#[path = "world/order.rs"]
mod order;
#[path = "world/story.rs"]
mod story;
#[path = "world/tale.rs"]
mod tale;
#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::Act;
use jiaolian_schema::authority::Authority;
use jiaolian_schema::id::{EnvelopeId, sha256};
use order::{Arrival, arrivals, at_once};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tale::{Tale, Turn, wide_turn};
use town::World;

/// Worlds drawn from a fixed seed: what is told in each, and a number for whatever else is chosen.
fn worlds(seed: u8, count: usize, turns: std::ops::Range<usize>) -> Vec<(Vec<Turn>, u64)> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (
        proptest::collection::vec(wide_turn(), turns),
        proptest::num::u64::ANY,
    );
    let draw = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(draw).collect()
}

fn told(turns: &[Turn], choice: u64) -> Tale {
    let mut tale = if choice % 8 == 7 {
        Tale::of_a_minor()
    } else {
        Tale::new()
    };
    for turn in turns {
        tale.tell(turn);
    }
    tale
}

/// Some envelopes of the case and some receipts are not here, or only their heads are.
fn forget_some(w: &mut World, choice: u64) {
    let one_in = 8 + (choice % 23) as usize;
    let ids: Vec<EnvelopeId> = w.facts.keys().copied().collect();
    for (at, id) in ids.into_iter().enumerate() {
        if !at.is_multiple_of(one_in) {
            continue;
        }
        // What introduces a key stays: the door refuses whoever is a stranger.
        let introduces = matches!(
            w.facts[&id].what.roster_act(),
            Some(Act::Appoint(_) | Act::Root(_))
        );
        if introduces {
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
    reason = "a longer or a shorter run is asked for from outside"
)]
fn count(worlds: usize) -> usize {
    std::env::var("JIAOLIAN_WORLDS").map_or(worlds, |text| text.parse().unwrap())
}

#[test]
fn both_opinions_agree_while_the_roster_moves() {
    for (at, (turns, choice)) in worlds(1, count(400), 6..48).iter().enumerate() {
        if difference(turns, *choice).is_some() {
            let (turns, difference) = shortest(turns.clone(), *choice);
            panic!("world {at}: {difference}\n{turns:?}");
        }
    }
}

fn difference(turns: &[Turn], choice: u64) -> Option<String> {
    let mut tale = told(turns, choice);
    if choice.is_multiple_of(3) {
        forget_some(&mut tale.story.w, choice / 3);
    }
    tale.story.w.differences().err()
}

/// What is left of a story without the turns that the difference does not need.
fn shortest(mut turns: Vec<Turn>, choice: u64) -> (Vec<Turn>, String) {
    let mut at = 0;
    while at < turns.len() {
        let mut fewer = turns.clone();
        fewer.remove(at);
        if difference(&fewer, choice).is_some() {
            turns = fewer;
        } else {
            at += 1;
        }
    }
    let difference = difference(&turns, choice).unwrap();
    (turns, difference)
}

fn in_turn(w: &World, choice: u64) -> Vec<Arrival> {
    let mut order = arrivals(w);
    order.sort_by_key(|arrival| {
        let (Arrival::Head(id) | Arrival::Fact(id)) = arrival;
        let is_head = matches!(arrival, Arrival::Head(_));
        let drawn = sha256(&[&choice.to_be_bytes(), &id.0, &[u8::from(is_head)]]);
        // Where the choice says so the town comes first, as it does in life.
        let early = !choice.is_multiple_of(4) && w.heads[id].n < 4;
        (!early, drawn)
    });
    order
}

#[test]
fn the_whole_memory_is_the_same_in_any_order_of_arrival() {
    for (at, (turns, choice)) in worlds(2, count(150), 6..32).iter().enumerate() {
        let tale = told(turns, *choice);
        let w = &tale.story.w;
        let order = in_turn(w, *choice);
        let step = order.len() / 5 + 1;
        let mut slow = Authority::new(w.root.clone());
        for (count, arrival) in order.iter().enumerate() {
            arrival.enter(w, &mut slow);
            if (count + 1) % step == 0 || count + 1 == order.len() {
                let fast = at_once(w, &order[..=count]);
                let same = format!("{slow:?}") == format!("{fast:?}");
                assert!(same, "world {at} after {} of {}", count + 1, order.len());
            }
        }
    }
}
