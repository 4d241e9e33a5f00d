//! Two gateways that each hold other fixes of one person: one violation has one alarm that stands,
//! and every alarm carries the points that prove it.

use crate::supervise::{alarms, report, standing, watched};
use crate::world::{C, P, T1, World};
use jiaolian_schema::fact::What;
use jiaolian_schema::fix::Point;

const DAY_MINUTES: i64 = 24 * 60;

fn connected() -> World {
    let (mut world, _) = watched();
    world.link_all();
    world.net.rest();
    world
}

#[test]
fn a_violation_that_another_gateway_told_of_is_not_told_again() {
    let mut world = connected();
    for minute in [0, 1, 3] {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    world.net.flow();
    for minute in [0, 1, 4] {
        let outcome = report(&mut world, C, minute, 30, true).unwrap();
        assert_eq!(outcome.raised, [], "minute {minute}");
    }
    world.net.rest();
    for at in [T1, C, P] {
        assert_eq!(alarms(&world, at).len(), 1, "at {at}");
        assert_eq!(standing(&world, at).len(), 1, "at {at}");
    }
}

#[test]
fn the_next_violation_after_one_that_another_gateway_told_of_is_told() {
    let mut world = connected();
    for minute in [0, 1, 3] {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    world.net.flow();
    for minute in [0, 1, 4] {
        report(&mut world, C, minute, 30, true).unwrap();
    }
    for minute in [20, 22, 26] {
        report(&mut world, C, minute, -30, true).unwrap();
    }
    let mut raised = Vec::new();
    for minute in [60, 61, 63] {
        raised.extend(report(&mut world, C, minute, 30, true).unwrap().raised);
    }
    assert_eq!(raised.len(), 1);
    world.net.rest();
    for at in [T1, C, P] {
        assert_eq!(standing(&world, at).len(), 2, "at {at}");
    }
}

#[test]
fn an_alarm_told_afterwards_of_what_began_the_day_before_carries_its_points() {
    let mut world = connected();
    for minute in [0, 1, 3] {
        report(&mut world, C, DAY_MINUTES + minute, 30, true).unwrap();
    }
    world.net.flow();
    // The township saw it begin the day before; the county's alarm tells of that too.
    for minute in [100, 101, 104, DAY_MINUTES + 5] {
        let outcome = report(&mut world, T1, minute, 30, false).unwrap();
        assert_eq!(outcome.raised, [], "minute {minute}");
    }
    let outcome = report(&mut world, C, DAY_MINUTES + 2, -30, false).unwrap();
    assert_eq!(outcome.withdrawn.len(), 1);
    world.net.rest();
    assert_eq!(standing(&world, T1).len(), 1);
    let proofs = alarms(&world, T1).into_iter().map(|alarm| {
        let facts = world.net.nodes[T1].replica.facts(alarm).unwrap();
        let raise = facts.into_values().find_map(|fact| match fact.what {
            What::Raise(raise) => Some(raise),
            _ => None,
        });
        let points: Vec<Point> = minicbor::decode(&raise.unwrap().evidence).unwrap();
        points.len()
    });
    let proofs: Vec<_> = proofs.collect();
    assert_eq!(proofs, [3, 3]);
}

#[test]
fn two_gateways_raise_the_same_alarm_and_it_is_known_as_one() {
    let (mut world, _) = watched();
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    let mut ids = Vec::new();
    for at in [T1, C] {
        for minute in [0, 1, 3] {
            ids.extend(report(&mut world, at, minute, 30, true).unwrap().raised);
        }
    }
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    world.net.heal(C, T1);
    world.net.rest();
    let rows = world.net.nodes[P].replica.dossiers();
    let names: std::collections::BTreeSet<_> = rows.filter_map(|(_, row)| row.alarm).collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn two_gateways_that_decided_by_other_fixes_keep_one_alarm() {
    let (mut world, _) = watched();
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    for minute in [0, 1, 3] {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    for minute in [0, 1, 4] {
        report(&mut world, C, minute, 30, true).unwrap();
    }
    report(&mut world, C, 3, 30, false).unwrap();
    report(&mut world, T1, 4, 30, true).unwrap();
    assert_ne!(standing(&world, T1), standing(&world, C));
    world.net.heal(C, T1);
    world.net.rest();
    for at in [T1, C, P] {
        assert_eq!(standing(&world, at).len(), 1, "at {at}");
    }
}

#[test]
fn an_old_alarm_of_another_gateway_takes_no_later_violation() {
    let (mut world, _) = watched();
    world.link_all();
    world.net.rest();
    let day = 24 * 60;
    for minute in [0, 1, 3] {
        report(&mut world, C, minute, 30, true).unwrap();
    }
    world.net.flow();
    for minute in [0, 1, 3] {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    for minute in [10, 12, 2 * day] {
        report(&mut world, C, minute, -30, true).unwrap();
        report(&mut world, T1, minute, -30, true).unwrap();
    }
    world.net.rest();
    world.net.cut(C, T1);
    for at in [C, T1] {
        for minute in [2 * day + 10, 2 * day + 11, 2 * day + 13] {
            report(&mut world, at, minute, 30, true).unwrap();
        }
    }
    world.net.heal(C, T1);
    world.net.rest();
    for at in [T1, C, P] {
        assert_eq!(standing(&world, at).len(), 2, "at {at}");
    }
}
