//! Offices that pass from one superior to another, amid everything that superiors say: any order of
//! arrival, of any subset, comes to the same, and no path ever runs in a ring.

#[path = "world/march.rs"]
mod march;
#[path = "world/order.rs"]
mod order;
#[path = "world/town.rs"]
mod town;

use jiaolian_schema::authority::Authority;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::hold::{Moment, Offices};
use jiaolian_schema::id::{EnvelopeId, OfficeId};
use jiaolian_schema::standing::fold;
use march::{March, one_turn};
use order::{arrivals, at_once, case_facts, one_by_one, shuffled, thinned};
use proptest::prelude::*;
use std::collections::BTreeMap;
use town::{DAY, TownRules, World, office};

/// All that can be asked, in one value.
fn answers(w: &World, authority: &Authority, facts: &BTreeMap<EnvelopeId, Fact>) -> String {
    let states = w.facts.values().map(|fact| {
        let id = fact.id;
        let state = authority.state(fact, authority.is_complete(id));
        let filed = (authority.covered(id), authority.filed0(id));
        (
            state,
            authority.path_state(id),
            filed,
            authority.window(fact),
        )
    });
    let names = ["T1", "C1", "C2", "K1"];
    let days = (0..60).map(|day| authority.entrusted(office("T1"), "leave", day * DAY));
    let asked = names.map(|name| {
        let office = office(name);
        (
            authority.policy(office),
            authority.newest_receipt_for(office),
        )
    });
    let barred = ["T1.x", "T1.a", "C1.k", "C2.w"].map(|who| authority.is_barred(w.author(who)));
    format!(
        "{:?} {:?} {:?} {asked:?} {barred:?} {:?} {:?}",
        states.collect::<Vec<_>>(),
        authority.offices(),
        days.collect::<Vec<_>>(),
        authority.appointments().collect::<Vec<_>>(),
        fold(authority, &TownRules, facts).state_root(),
    )
}

/// at every instant climbing goes up one depth at every step and ends at the root.
fn has_no_ring(offices: &Offices) -> Result<(), String> {
    for (id, _) in offices.iter() {
        let depth = offices.depth(id).ok_or("an office without depth")?;
        for half_day in 0..140 {
            let path = offices.path_at(id, half_day * DAY / 2);
            let depths: Vec<u8> = path.iter().filter_map(|id| offices.depth(*id)).collect();
            let down: Vec<u8> = (0..=depth).rev().collect();
            if depths != down || path.last() != Some(&office("P")) {
                return Err(format!("{id} on half day {half_day}: {path:?}"));
            }
        }
    }
    Ok(())
}

/// at an instant an office stands above another one exactly if it is on its path.
fn stands_by_path(offices: &Offices) -> bool {
    let ids: Vec<OfficeId> = offices.iter().map(|(id, _)| id).collect();
    (0..60).all(|day| {
        ids.iter().all(|lower| {
            let path = offices.path_at(*lower, day * DAY);
            ids.iter().all(|upper| {
                let above = upper != lower && path.contains(upper);
                let said = offices.stood_above(*upper, *lower, Moment::at(day * DAY)) == above;
                said && (!above || offices.ever_above(*upper, *lower))
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn moves_in_any_order_equal_all_at_once(
        turns in proptest::collection::vec(one_turn(), 4..36),
        keys in proptest::collection::vec(any::<u64>(), 7),
        drop_one_in in 0..12_usize,
    ) {
        let mut march = March::new();
        for turn in &turns {
            march.tell(turn);
        }
        let w = &march.w;
        let order = thinned(shuffled(arrivals(w), &keys), drop_one_in);
        let (slow, fast) = (one_by_one(w, &order), at_once(w, &order));
        let facts = case_facts(w, &order);
        prop_assert_eq!(answers(w, &slow, &facts), answers(w, &fast, &facts));
        let ring = has_no_ring(fast.offices());
        prop_assert!(ring.is_ok(), "{}", ring.unwrap_err());
        prop_assert!(stands_by_path(fast.offices()));
    }
}
