//! What comes up is receipted, and the receipt comes down: evidence of time.

use crate::world::{C, P, START, T1, World};
use jiaolian_schema::authority::State;
use jiaolian_schema::fact::What;

#[test]
fn a_receipt_files_what_it_lists_whole() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let fact = world.replica(T1).fact(case, case.into()).unwrap();
    let state = world.replica(T1).authority().state(&fact, true);
    assert_eq!(state, State::Good { filed: None });
    world.net.rest();
    for at in [T1, C, P] {
        let state = world.replica(at).authority().state(&fact, true);
        assert!(
            matches!(state, State::Good { filed: Some(time) } if time >= START),
            "{at}: {state:?}"
        );
    }
}

#[test]
fn receipts_alone_call_for_no_receipt() {
    let mut world = World::new();
    world.link_all();
    world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    let receipts = |world: &mut World| {
        let ids: Vec<_> = world.replica(P).dossiers().map(|(id, _)| id).collect();
        let all = ids
            .into_iter()
            .flat_map(|id| world.replica(P).facts(id).unwrap());
        all.filter(|(_, fact)| matches!(fact.what, What::Receipt(_)))
            .count()
    };
    let before = receipts(&mut world);
    assert!(before >= 1);
    for _ in 0..5 {
        world.net.tick(11 * 60_000);
        world.net.rest();
    }
    assert_eq!(receipts(&mut world), before);
}

#[test]
fn one_receipt_in_ten_minutes_unless_a_decision_comes() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    let roster = world.replica(C).roster(crate::world::office("t1")).unwrap();
    let count = |world: &mut World| {
        let facts = world.replica(C).facts(roster).unwrap();
        facts
            .values()
            .filter(|fact| matches!(fact.what, What::Receipt(_)))
            .count()
    };
    let first = count(&mut world);
    let matter = world.apply(T1, "t1-officer", case);
    world.net.rest();
    assert_eq!(
        count(&mut world),
        first,
        "an application waits for the next one"
    );
    let approve = world.step(T1, "t1-head", case, matter, "approve").unwrap();
    world.net.rest();
    assert_eq!(count(&mut world), first + 1, "a decision does not");
    let fact = world.replica(T1).fact(case, approve).unwrap();
    let state = world.replica(T1).authority().state(&fact, true);
    assert!(matches!(state, State::Good { filed: Some(_) }));
}

#[test]
fn a_witness_that_restarts_still_receipts_what_it_had_not() {
    let mut world = World::new();
    world.link_all();
    world.net.rest();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.flow();
    let setup = world.setup_of(C);
    world.net.restart(C, setup);
    world.link_all();
    world.net.tick(11 * 60_000);
    world.net.rest();
    let fact = world.replica(T1).fact(case, case.into()).unwrap();
    let state = world.replica(T1).authority().state(&fact, true);
    assert!(matches!(state, State::Good { filed: Some(_) }), "{state:?}");
}
