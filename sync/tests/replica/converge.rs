//! Whatever is cut, lost and restarted: once links are back, all that may have a dossier have the
//! same of it.

use crate::world::{C, DAY, P, T1, T2, World, office};
use jiaolian_schema::hold::DossierKind;
use jiaolian_sync::Delivery;

#[test]
fn a_case_opened_offline_reaches_every_superior_and_no_sister() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.amend(T1, "t1-officer", case, "term", b"2026");
    world.link_all();
    world.net.rest();
    for at in [C, P] {
        assert_eq!(world.replica(at).facts(case).unwrap().len(), 2, "at {at}");
    }
    assert!(world.replica(T2).dossier(case).is_none());
    for (a, b) in [(T1, C), (C, P), (C, T2)] {
        world.assert_equal(a, b);
    }
}

#[test]
fn a_minors_case_stops_at_the_county_and_its_heads_go_on() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, true);
    let open = world.open(T1, "t1-officer", "t1", 2, false);
    world.net.rest();
    assert!(world.replica(C).dossier(case).is_some());
    assert!(world.replica(P).dossier(case).is_none());
    assert!(world.replica(P).dossier(open).is_some());
    let head = world.replica(P).envelope(case.into()).unwrap();
    assert!(head.is_some_and(|envelope| envelope.body.is_none()));
    let fact = world.replica(P).fact(open, open.into()).unwrap();
    assert!(world.replica(P).authority().state(&fact, true).is_good());
}

#[test]
fn edits_on_both_sides_of_a_cut_meet() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    world.net.cut(C, T1);
    for round in 0..5_u8 {
        world.amend(T1, "t1-officer", case, "address", &[round]);
        world.amend(C, "c-head", case, "class", &[round]);
    }
    world.net.heal(C, T1);
    world.net.rest();
    assert_eq!(world.replica(T1).facts(case).unwrap().len(), 11);
    for (a, b) in [(T1, C), (C, P)] {
        world.assert_equal(a, b);
    }
}

#[test]
fn links_that_break_at_any_frame_lose_nothing() {
    let mut world = World::new();
    let mut cases = Vec::new();
    for number in 0..12 {
        let case = world.open(T1, "t1-officer", "t1", number, number % 4 == 0);
        world.amend(T1, "t1-officer", case, "term", b"x");
        cases.push(case);
    }
    for step in 0..60 {
        world.net.heal(C, T1);
        if step % 3 == 0 {
            world.net.heal(P, C);
        }
        for _ in 0..step % 7 {
            world.net.deliver_one();
        }
        if step % 10 == 0 {
            let (at, who) = if step % 20 == 0 {
                (C, "c-head")
            } else {
                (T1, "t1-officer")
            };
            if world.replica(at).dossier(cases[step / 10]).is_some() {
                world.amend(at, who, cases[step / 10], "class", &[step as u8]);
            }
        }
        world.net.cut(C, T1);
        world.net.tick(500);
    }
    world.link_all();
    world.net.rest();
    for case in cases {
        assert!(world.replica(C).dossier(case).is_some());
    }
    for (a, b) in [(T1, C), (C, P)] {
        world.assert_equal(a, b);
    }
    let links = world.replica(C).links();
    assert!(links.iter().all(|link| link.agreed), "{links:?}");
}

#[test]
fn a_node_that_restarts_from_its_disk_goes_on_as_the_same() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    for at in [T1, C] {
        let before = (
            world.replica(at).frontier(case),
            world.replica(at).state_root(case),
        );
        let setup = world.setup_of(at);
        world.net.restart(at, setup);
        let after = (
            world.replica(at).frontier(case),
            world.replica(at).state_root(case),
        );
        assert_eq!(before, after);
    }
    world.amend(T1, "t1-officer", case, "term", b"x");
    world.link_all();
    world.net.rest();
    world.assert_equal(T1, C);
    assert_eq!(world.replica(C).facts(case).unwrap().len(), 2);
}

#[test]
fn a_reassigned_case_goes_to_the_new_township_whole_and_the_old_one_is_told() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.amend(T1, "t1-officer", case, "term", b"x");
    world.net.rest();
    world.net.cut(C, T1);
    world.assign(C, "c-head", case, "t2");
    world.net.rest();
    assert_eq!(world.replica(T2).dossier(case).unwrap().place, office("t2"));
    assert_eq!(world.replica(T2).facts(case).unwrap().len(), 3);
    let fact = world.replica(T2).fact(case, case.into()).unwrap();
    assert!(world.replica(T2).authority().state(&fact, true).is_good());
    world.amend(T1, "t1-officer", case, "address", b"signed before the news");
    world.net.heal(C, T1);
    world.net.rest();
    assert_eq!(world.replica(T1).dossier(case).unwrap().place, office("t2"));
    assert_eq!(world.replica(T2).facts(case).unwrap().len(), 4);
    world.amend(
        T2,
        "t2-officer",
        case,
        "class",
        b"only where it belongs now",
    );
    world.net.rest();
    assert_eq!(world.replica(C).facts(case).unwrap().len(), 5);
    assert_eq!(world.replica(T1).facts(case).unwrap().len(), 4);
    world.assert_equal(T2, C);
}

#[test]
fn delivered_is_said_only_with_the_proof_and_its_time() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    assert_eq!(
        world.replica(T1).delivery(case),
        Delivery::Waiting {
            office: office("c")
        }
    );
    world.link_all();
    world.net.rest();
    let delivered = world.replica(T1).delivery(case);
    assert!(matches!(delivered, Delivery::Delivered { office: o, .. } if o == office("c")));
    world.net.cut(C, T1);
    world.amend(T1, "t1-officer", case, "term", b"x");
    assert_eq!(
        world.replica(T1).delivery(case),
        Delivery::Waiting {
            office: office("c")
        }
    );
    let link = world.replica(T1).links().remove(0);
    assert_eq!((link.up_since, link.waiting.normal), (None, 1));
    world.net.heal(C, T1);
    world.net.rest();
    assert!(matches!(
        world.replica(T1).delivery(case),
        Delivery::Delivered { .. }
    ));
}

#[test]
fn new_offices_and_their_rosters_follow_while_links_are_up() {
    let mut world = World::new();
    world.link_all();
    world.net.rest();
    let rosters = |world: &World, at: usize| {
        let all = world.net.nodes[at].replica.dossiers();
        all.filter(|(_, row)| row.kind == DossierKind::Roster)
            .count()
    };
    assert_eq!(
        (rosters(&world, P), rosters(&world, C), rosters(&world, T1)),
        (4, 4, 3)
    );
}

#[test]
fn alarms_follow_a_case_that_is_assigned_after_a_restart() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let other = world.open(T1, "t1-officer", "t1", 2, false);
    let alarms = [1, 2].map(|number| world.raise(T1, "t1-node", case, "t1", number));
    let elsewhere = world.raise(T1, "t1-node", other, "t1", 3);
    world.link_all();
    world.net.rest();
    let setup = world.setup_of(C);
    world.net.restart(C, setup);
    world.assign(C, "c-head", case, "t2");
    for alarm in alarms {
        let row = world.replica(C).dossier(alarm).unwrap();
        assert_eq!(row.place, office("t2"));
    }
    assert_eq!(
        world.replica(C).dossier(elsewhere).unwrap().place,
        office("t1")
    );
}

#[test]
fn a_clock_that_is_set_back_leaves_no_timer_waiting() {
    let mut world = World::new();
    world.link_all();
    world.net.rest();
    let true_time = world.net.now;
    let entropy = [7; 32];
    world.replica(T1).tick(true_time + 90 * DAY, entropy);
    world.net.carry_out(T1);
    world.net.flow();
    // Set right: what is opened now is agreed on within the minute.
    world.replica(T1).tick(true_time, entropy);
    world.net.carry_out(T1);
    world.open(T1, "t1-officer", "t1", 1, false);
    for _ in 0..40 {
        world.net.tick(2_000);
        world.net.flow();
    }
    for link in world.replica(T1).links() {
        assert!(link.agreed, "{link:?}");
    }
    world.assert_equal(C, T1);
}
