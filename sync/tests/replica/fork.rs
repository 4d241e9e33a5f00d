//! A person whose key signed two acts at one position: whatever that makes of them, every node that
//! holds them makes the same, wherever a case has gone since.

use crate::world::{C, P, T1, T2, World};
use jiaolian_schema::act::{At, Endorse, Revoke};
use jiaolian_schema::authority::{State, Wait};
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_sync::frame::Frame;

/// The officer amends a case so often, the county has it all, and then the township's disk is put
/// back to what it was, on which the officer signs again before anybody can say so.
fn fork(world: &mut World, case: DossierId, (lower, upper): (u8, u8)) {
    let image = world.image(T1);
    for round in 0..upper {
        world.amend(T1, "t1-officer", case, "address", &[1, round]);
    }
    world.net.rest();
    world.put_back(T1, image);
    for round in 0..lower {
        world.amend(T1, "t1-officer", case, "address", &[2, round]);
    }
    world.net.heal(C, T1);
    world.net.rest();
}

fn state_at(world: &mut World, at: usize, case: DossierId, id: EnvelopeId) -> State {
    let fact = world.replica(at).fact(case, id).unwrap();
    world.replica(at).authority().state(&fact, true)
}

#[test]
fn branches_of_any_length_inside_one_dossier_meet() {
    for lengths in [(1, 1), (3, 1), (1, 3), (2, 2), (1, 40), (40, 1)] {
        let mut world = World::new();
        world.link_all();
        let case = world.open(T1, "t1-officer", "t1", 1, false);
        world.net.rest();
        fork(&mut world, case, lengths);
        let all = usize::from(lengths.0) + usize::from(lengths.1) + 1;
        for at in [T1, C, P] {
            let facts = world.replica(at).facts(case).unwrap();
            assert_eq!(facts.len(), all, "{lengths:?} at {at}");
        }
        for (a, b) in [(T1, C), (C, P)] {
            world.assert_equal(a, b);
        }
        for at in [T1, C, P] {
            for link in world.replica(at).links() {
                assert!(link.agreed, "{lengths:?} at {at}: {link:?}");
            }
        }
    }
}

#[test]
fn branches_that_met_cost_no_more_than_others_later() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    fork(&mut world, case, (2, 3));
    world.net.cut(C, T1);
    world.amend(C, "c-head", case, "class", b"x");
    world.net.forget_bytes();
    world.net.heal(C, T1);
    world.net.flow();
    let sent = world.net.kinds_sent(C, T1);
    let envelopes = sent.iter().map(|(_, frame)| match frame {
        Frame::Envelopes { envelopes, .. } => envelopes.len(),
        _ => 0,
    });
    assert_eq!(envelopes.sum::<usize>(), 1);
    world.assert_equal(T1, C);
}

/// A case of the first township that the county gave to the second, which has never had anything
/// else of the first.
fn moved(world: &mut World) -> (DossierId, EnvelopeId) {
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let last = world.amend(T1, "t1-officer", case, "term", b"2026");
    world.net.rest();
    world.assign(C, "c-head", case, "t2");
    world.net.rest();
    assert!(state_at(world, T2, case, last).is_good());
    (case, last)
}

#[test]
fn a_fork_elsewhere_is_known_where_the_case_went() {
    let mut world = World::new();
    world.link_all();
    let other = world.open(T1, "t1-officer", "t1", 2, false);
    world.net.rest();
    let image = world.image(T1);
    world.amend(T1, "t1-officer", other, "term", b"x");
    world.net.rest();
    world.put_back(T1, image);
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.cut(C, T2);
    world.net.heal(C, T1);
    world.net.rest();
    world.assign(C, "c-head", case, "t2");
    world.net.heal(C, T2);
    world.net.rest();
    assert!(world.replica(T2).dossier(other).is_none());
    let expected = state_at(&mut world, C, case, case.into());
    assert!(!expected.is_good(), "{expected:?}");
    assert_eq!(state_at(&mut world, T2, case, case.into()), expected);
    world.assert_equal(T2, C);
}

#[test]
fn a_fork_that_comes_after_the_case_is_known_where_it_went() {
    let mut world = World::new();
    world.link_all();
    let other = world.open(T1, "t1-officer", "t1", 2, false);
    world.net.rest();
    let image = world.image(T1);
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    world.assign(C, "c-head", case, "t2");
    world.net.rest();
    assert!(state_at(&mut world, T2, case, case.into()).is_good());
    world.put_back(T1, image);
    world.amend(T1, "t1-officer", other, "term", b"y");
    world.net.heal(C, T1);
    world.net.rest();
    let expected = state_at(&mut world, C, case, case.into());
    assert!(!expected.is_good(), "{expected:?}");
    assert_eq!(state_at(&mut world, T2, case, case.into()), expected);
    world.assert_equal(T2, C);
}

#[test]
fn a_position_that_a_superior_endorsed_is_asked_for_where_the_case_went() {
    let mut world = World::new();
    let (case, last) = moved(&mut world);
    let other = world.open(T1, "t1-officer", "t1", 2, false);
    let named = world.amend(T1, "t1-officer", other, "term", b"y");
    world.net.rest();
    let author = world.seats["t1-officer"].author;
    let at = At {
        n: world.replica(C).fact(other, named).unwrap().n,
        id: named,
    };
    let revoke = Revoke {
        author,
        at: None,
        replaces: Vec::new(),
        reason: "key lost".to_owned(),
        compromised_since: None,
    };
    let roster = world.roster("t1");
    world
        .act(P, "c-keeper", Some(roster), revoke.into())
        .unwrap();
    world.net.rest();
    for at in [C, T2] {
        assert_eq!(
            state_at(&mut world, at, case, last),
            State::Waiting(Wait::Cut)
        );
    }
    let endorse = Endorse {
        author,
        at,
        replaces: Vec::new(),
    };
    world.act(P, "root", Some(roster), endorse.into()).unwrap();
    world.net.rest();
    for at in [C, T2] {
        let state = state_at(&mut world, at, case, last);
        assert!(state.is_good(), "at {at}: {state:?}");
    }
    world.assert_equal(T2, C);
}
