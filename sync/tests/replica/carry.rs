//! How much is said and in which order: little where little changed, alarms before all else,
//! bounded in flight.

use crate::world::{C, P, T1, World};
use jiaolian_schema::hold::DossierKind;
use jiaolian_sync::frame::Frame;
use jiaolian_sync::{Lane, Limits};

#[test]
fn a_reconnect_where_nothing_changed_says_a_hundred_bytes() {
    let mut world = World::new();
    for number in 0..40 {
        world.open(T1, "t1-officer", "t1", number, false);
    }
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    world.net.forget_bytes();
    world.net.heal(C, T1);
    world.net.flow();
    assert!(
        world.net.total_bytes() <= 100,
        "{} bytes",
        world.net.total_bytes()
    );
    assert!(
        world
            .replica(C)
            .links()
            .iter()
            .all(|link| link.up_since.is_none() || link.agreed)
    );
}

#[test]
fn a_reconnect_with_ten_changed_of_many_costs_what_they_weigh_and_sixty_bytes_each() {
    let mut world = World::new();
    let mut cases = Vec::new();
    for number in 0..60 {
        cases.push(world.open(T1, "t1-officer", "t1", number, false));
    }
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    for case in &cases[..10] {
        world.amend(T1, "t1-officer", *case, "term", &[3; 40]);
    }
    world.net.forget_bytes();
    world.net.heal(C, T1);
    world.net.flow();
    let (mut envelopes, mut said) = (0, 0);
    for (a, b) in [(T1, C), (C, T1)] {
        for (_, frame) in world.net.kinds_sent(a, b) {
            let bytes = frame.encode().len();
            match frame {
                Frame::Envelopes { .. } => envelopes += bytes,
                _ => said += bytes,
            }
        }
    }
    assert!(
        said <= 60 * 10,
        "{said} bytes around {envelopes} of envelopes"
    );
    world.assert_equal(T1, C);
}

#[test]
fn an_alarm_goes_before_a_backlog_of_first_copies() {
    let mut world = World::with(Limits {
        window_bytes: [64 * 1024, 16 * 1024, 8 * 1024],
        ..Limits::default()
    });
    for number in 0..160 {
        let case = world.open(T1, "t1-officer", "t1", number, false);
        world.amend(T1, "t1-officer", case, "term", &[1; 4_000]);
    }
    let case = world.open(T1, "t1-officer", "t1", 999, false);
    world.net.heal(C, T1);
    for _ in 0..12 {
        world.net.deliver_one();
    }
    world.raise(T1, "t1-node", case, "t1", 1);
    let mut bulk = 0;
    while !world.net.nodes[C]
        .replica
        .dossiers()
        .any(|(_, row)| row.kind == DossierKind::Alarm)
    {
        assert!(world.net.deliver_one());
        bulk += 1;
    }
    assert!(bulk < 60, "{bulk} frames before the alarm");
    let cases = world.net.nodes[C].replica.dossiers();
    assert!(
        cases
            .filter(|(_, row)| row.kind == DossierKind::Case)
            .count()
            < 81
    );
    world.net.rest();
    world.assert_equal(T1, C);
}

#[test]
fn what_flies_is_bounded_until_the_peer_says_that_it_is_durable() {
    let limits = Limits {
        window_bytes: [64 * 1024, 16 * 1024, 8 * 1024],
        ..Limits::default()
    };
    let mut world = World::with(limits);
    for number in 0..60 {
        let case = world.open(T1, "t1-officer", "t1", number, false);
        world.amend(T1, "t1-officer", case, "term", &[1; 2_000]);
    }
    world.net.heal(C, T1);
    let (mut sent, mut acked, mut most) = (0, 0, 0);
    let mut read = 0;
    while world.net.deliver_one() {
        for (from, _, lane, frame) in &world.net.frames[read..] {
            match Frame::decode(frame).unwrap() {
                Frame::Envelopes { envelopes, .. } if (*from, *lane) == (T1, Lane::Bulk) => {
                    sent += envelopes.len() as u64;
                }
                Frame::Durable { bulk, .. } if *from == C => acked = bulk,
                _ => {}
            }
        }
        read = world.net.frames.len();
        most = most.max(sent - acked);
    }
    assert!(sent >= 120, "{sent}");
    let bytes = most * 2_000 / 2;
    assert!(bytes < 3 * (8 + 32) * 1024, "{most} envelopes in flight");
}

#[test]
fn a_province_that_was_away_gets_everything_through_the_county() {
    let mut world = World::new();
    world.net.heal(C, T1);
    for number in 0..30 {
        world.open(T1, "t1-officer", "t1", number, false);
    }
    world.net.rest();
    world.net.heal(P, C);
    world.net.rest();
    world.assert_equal(P, C);
    assert_eq!(world.count(P), world.count(C));
}

#[test]
fn while_cases_are_closed_alarms_still_go_up_and_the_rest_follows_on_opening() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    world.net.cut(C, T1);
    world.amend(
        T1,
        "t1-officer",
        case,
        "term",
        b"written before the power cut",
    );
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    *world.net.nodes[T1].disk.1.borrow_mut() = true;
    let alarm = world.raise(T1, "t1-node", case, "t1", 1);
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.net.heal(C, T1);
    world.net.rest();
    assert!(world.replica(C).dossier(alarm).is_some());
    assert_eq!(world.replica(C).facts(case).unwrap().len(), 1);
    *world.net.nodes[T1].disk.1.borrow_mut() = false;
    let now = world.net.now;
    world.replica(T1).unlocked(now);
    world.net.carry_out(T1);
    world.net.rest();
    assert_eq!(world.replica(C).facts(case).unwrap().len(), 2);
}
