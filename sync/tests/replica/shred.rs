//! A case that an office above orders destroyed: gone wherever it was held, never taken in again, its
//! chains as sound as before, and every office's word counted.

use crate::world::{C, P, T1, T2, World, office};
use jiaolian_schema::act::Shred;
use jiaolian_schema::id::{DossierId, OfficeId};
use std::collections::BTreeSet;

pub(crate) fn order(world: &mut World, at: usize, who: &str, roster: &str, case: DossierId) {
    let shred = Shred {
        dossier: case,
        basis: "个人信息保护法第四十七条".to_owned(),
        document: "司销〔2026〕1号".to_owned(),
    };
    let roster = world.roster(roster);
    world.act(at, who, Some(roster), shred.into()).unwrap();
}

/// What the shell does: rows, then keys, then the word.
fn follow(world: &mut World, at: usize, case: DossierId) {
    assert_eq!(world.replica(at).condemned(), [case], "at {at}");
    world.replica(at).bury(case).unwrap();
    world.net.carry_out(at);
    let keys = world.replica(at).unburied_keys();
    assert!(keys.len() == 1 && keys[0].1.contains(&case.0), "{keys:?}");
    let now = world.net.now;
    assert!(world.replica(at).confirm_gone(case, now));
    assert!(world.replica(at).unburied_keys().is_empty());
    world.net.carry_out(at);
}

fn confirmed(world: &mut World, at: usize) -> (BTreeSet<OfficeId>, BTreeSet<OfficeId>) {
    let shreds = world.replica(at).shreds();
    assert_eq!(shreds.len(), 1);
    (shreds[0].holders.clone(), shreds[0].confirmed.clone())
}

#[test]
fn an_order_takes_a_case_away_wherever_it_is_held_and_every_word_is_counted() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let matter = world.apply(T1, "t1-officer", case);
    let alarm = world.raise(T1, "t1-node", case, "t1", 1);
    let other = world.open(T1, "t1-officer", "t1", 2, false);
    world.net.rest();
    order(&mut world, P, "c-keeper", "c", case);
    world.net.rest();
    let offices = |names: &[&str]| {
        names
            .iter()
            .map(|name| office(name))
            .collect::<BTreeSet<_>>()
    };
    for at in [C, T1, P] {
        let (holders, _) = confirmed(&mut world, at);
        assert_eq!(holders, offices(&["c", "t1", "p"]), "at {at}");
        follow(&mut world, at, case);
    }
    assert!(world.replica(T2).condemned().is_empty());
    world.net.rest();
    let (holders, told) = confirmed(&mut world, C);
    assert_eq!((holders, told.clone()), (told, offices(&["c", "t1", "p"])));

    for at in [C, T1, P] {
        for gone in [case, alarm] {
            assert!(world.replica(at).dossier(gone).is_none(), "at {at}");
            let head = world.replica(at).envelope(gone.into()).unwrap();
            assert!(head.is_some_and(|head| head.body.is_none()), "at {at}");
        }
        assert!(world.replica(at).body(matter).unwrap().is_none(), "at {at}");
        let fact = world.replica(at).fact(other, other.into()).unwrap();
        assert!(world.replica(at).authority().state(&fact, true).is_good());
    }
    for (a, b) in [(T1, C), (C, P)] {
        world.assert_equal(a, b);
    }
    let before = confirmed(&mut world, C);
    let setup = world.setup_of(C);
    world.net.restart(C, setup);
    assert!(world.replica(C).condemned().is_empty());
    assert!(world.replica(C).dossier(case).is_none());
    assert_eq!(confirmed(&mut world, C), before);
    // The author goes on with the same chain.
    world.amend(T1, "t1-officer", other, "term", b"2027");
    world.link_all();
    world.net.rest();
    world.assert_equal(T1, C);
}

#[test]
fn what_comes_after_the_order_is_let_fall_and_not_listed() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    world.net.cut(C, T1);
    world.amend(T1, "t1-officer", case, "term", b"2026");
    let late = world.open(T1, "t1-officer", "t1", 2, false);
    order(&mut world, P, "c-keeper", "c", case);
    order(&mut world, P, "c-keeper", "c", late);
    world.net.rest();
    world.replica(C).bury(case).unwrap();
    world.net.carry_out(C);
    world.net.heal(C, T1);
    world.net.rest();
    for gone in [case, late] {
        assert!(world.replica(C).dossier(gone).is_none());
    }
    let refused = (
        world.replica(C).refused_count(),
        world.replica(C).parked_count(),
    );
    assert_eq!(refused, (0, 0));
    let mut ids = vec![case, late];
    ids.sort_unstable();
    assert_eq!(world.replica(T1).condemned(), ids);
}

#[test]
fn whoever_is_no_keeper_of_a_county_orders_nothing() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    order(&mut world, C, "c-head", "c", case);
    order(&mut world, T1, "t1-head", "t1", case);
    world.net.rest();
    for at in [P, C, T1] {
        assert!(world.replica(at).condemned().is_empty(), "at {at}");
        assert!(world.replica(at).shreds().is_empty(), "at {at}");
        assert!(world.replica(at).dossier(case).is_some(), "at {at}");
    }
}
