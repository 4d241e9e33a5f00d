//! Roots, stand-ins, names and entrustments amid everything else: any order of arrival, of any
//! subset, comes to the same.

#[path = "world/order.rs"]
mod order;
#[path = "world/story.rs"]
mod story;
#[path = "world/tale.rs"]
mod tale;
#[path = "world/town.rs"]
mod town;

use jiaolian_schema::authority::Authority;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::fold;
use order::{arrivals, at_once, case_facts, one_by_one, shuffled, thinned};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tale::{Tale, Turn, one_turn};
use town::{DAY, TownRules, office};

/// All that can be asked, in one value.
fn answers(tale: &Tale, authority: &Authority, facts: &BTreeMap<EnvelopeId, Fact>) -> String {
    let w = &tale.story.w;
    let states = w.facts.values().map(|fact| {
        let id = fact.id;
        let state = authority.state(fact, authority.is_complete(id));
        let filed = (authority.covered(id), authority.filed0(id));
        (state, authority.path_state(id), filed)
    });
    let days = (0..50).map(|day| authority.entrusted(office("T1"), "leave", day * DAY));
    let names = (9..14).map(|day| authority.name_at(office("T1"), day));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        states.collect::<Vec<_>>(),
        authority.offices(),
        (authority.root(), authority.contested_roots()),
        days.collect::<Vec<_>>(),
        names.collect::<Vec<_>>(),
        authority.stood_in(tale.stand_in).collect::<Vec<_>>(),
        authority.admin_clashes(),
        authority.appointments().collect::<Vec<_>>(),
        fold(authority, &TownRules, facts).state_root(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_roster_in_any_order_equals_all_at_once(
        turns in proptest::collection::vec(one_turn(), 4..28),
        keys in proptest::collection::vec(any::<u64>(), 7),
        drop_one_in in 0..12_usize,
    ) {
        let mut tale = Tale::new();
        for turn in &turns {
            tale.tell(turn);
        }
        let w = &tale.story.w;
        let order = thinned(shuffled(arrivals(w), &keys), drop_one_in);
        let (slow, fast) = (one_by_one(w, &order), at_once(w, &order));
        let facts = case_facts(w, &order);
        prop_assert_eq!(answers(&tale, &slow, &facts), answers(&tale, &fast, &facts));
    }
}

#[test]
fn a_root_that_changes_hands_is_the_same_after_every_step_of_its_story() {
    let mut tale = Tale::new();
    let turns = [
        Turn::StandIn(false),
        Turn::Decide(true),
        Turn::ByNewKeeper(1),
        Turn::Appoint(0),
        Turn::Root(1, true, 2, Some(40)),
        Turn::ByNewKeeper(2),
        Turn::Found(1),
        Turn::Root(3, true, 3, None),
        Turn::Entrust(1, false),
        Turn::Entrust(0, true),
        Turn::Restyle(1, 11),
        Turn::Root(0, false, 2, None),
        Turn::Appoint(4),
    ];
    let mut authority = Authority::new(tale.story.w.root.clone());
    let mut versions = Vec::new();
    for turn in &turns {
        tale.tell(turn);
        let w = &tale.story.w;
        for (id, head) in &w.heads {
            authority.add_head(*id, head);
        }
        for fact in w.facts.values() {
            authority.add_fact(fact);
        }
        let facts = w.case_facts();
        let batch = answers(&tale, &w.authority(), &facts);
        assert_eq!(answers(&tale, &authority, &facts), batch, "{turn:?}");
        versions.push(authority.root().version);
    }
    // Version 3 rests on version 2, and falls with it when that is contested.
    assert_eq!(versions, [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 1, 1]);
}
