//! Gatherings as nodes tell them: one alarm a person under one name, whatever the order, the delay, the
//! gateway and the restart; and taken back where late fixes undo them.

use crate::supervise::{alarms, is_withdrawn, put_another_under_watch, put_under_watch};
use crate::world::{C, DAY, P, START, T1, World, code};
use jiaolian_schema::act::Raise;
use jiaolian_schema::fact::What;
use jiaolian_schema::fix::{Coord, Fix, Point, Source};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::id::DossierId;
use std::collections::BTreeSet;

const MINUTE: i64 = 60_000;
const GATHER: &str = "GATHER";
/// So much later a whole chunk is over and everybody's fixes are read.
const JUDGED: i64 = 40;

/// 08:00 in Shanghai, and some minutes.
fn at(minute: i64) -> i64 {
    START + DAY + minute * MINUTE
}

fn fix(person: u64, minute: i64, metres: i32) -> Fix {
    let place = Coord::new(280_000_000, 1_130_000_000 + metres * 102).unwrap();
    Fix {
        person: code(person).to_hex(),
        point: Point::new(at(minute), place, Some(10_000), Source::Gnss),
    }
}

fn hear(world: &mut World, node: usize, fix: &Fix, received: i64, live: bool) {
    world.replica(node).report(fix, received, live).unwrap();
    world.net.carry_out(node);
}

/// Three people under watch at the township, in a world at rest at 08:00.
fn three() -> (World, Vec<DossierId>) {
    let mut world = World::new();
    let mut cases = vec![put_under_watch(&mut world)];
    cases.extend([2, 3].map(|person| put_another_under_watch(&mut world, person)));
    world.link_all();
    world.net.rest();
    world.net.now = at(0);
    world.net.tick(0);
    // The morning since four o'clock is looked at, quarter by quarter.
    world.net.rest();
    world.net.now = at(0);
    world.net.tick(0);
    (world, cases)
}

/// Lets minutes pass with a report of each of these people, so many metres from one place, in each.
fn stay(world: &mut World, node: usize, minutes: std::ops::Range<i64>, people: &[(u64, i32)]) {
    for minute in minutes {
        for (person, metres) in people {
            hear(
                world,
                node,
                &fix(*person, minute, *metres),
                at(minute),
                true,
            );
        }
        world.net.tick(MINUTE);
    }
}

fn pass(world: &mut World, minutes: i64) {
    for _ in 0..minutes {
        world.net.tick(MINUTE);
    }
    world.net.flow();
}

fn raised(world: &World, node: usize) -> Vec<(DossierId, Raise)> {
    let all = alarms(world, node).into_iter().filter_map(|id| {
        let facts = world.net.nodes[node].replica.facts(id).unwrap();
        let raise = facts.into_values().find_map(|fact| match fact.what {
            What::Raise(raise) => Some(raise),
            _ => None,
        });
        Some((id, raise.filter(|raise| raise.kind == GATHER)?))
    });
    all.collect()
}

/// Alarms of gatherings that stand at a node, each name once.
fn standing(world: &World, node: usize) -> Vec<Raise> {
    let all = raised(world, node).into_iter();
    let all = all.filter(|(id, _)| !is_withdrawn(world, node, *id));
    let mut seen = BTreeSet::new();
    let once = all.filter(|(_, raise)| seen.insert(raise.alarm));
    once.map(|(_, raise)| raise).collect()
}

fn people(raises: &[Raise]) -> Vec<u64> {
    let number = |raise: &Raise| (1..9).find(|n| code(*n) == raise.person).unwrap();
    let mut people: Vec<u64> = raises.iter().map(number).collect();
    people.sort_unstable();
    people
}

const NEAR: [(u64, i32); 3] = [(1, 0), (2, 20), (3, 40)];

#[test]
fn three_who_stay_together_have_one_alarm_each_under_one_name_at_every_superior() {
    let (mut world, _) = three();
    put_another_under_watch(&mut world, 4);
    stay(
        &mut world,
        T1,
        0..40,
        &[NEAR[0], NEAR[1], NEAR[2], (4, 500)],
    );
    pass(&mut world, JUDGED);
    world.net.rest();
    for node in [T1, C, P] {
        let told = standing(&world, node);
        assert_eq!(people(&told), [1, 2, 3], "at {node}");
        let names: BTreeSet<&str> = told.iter().map(|raise| raise.fence.as_str()).collect();
        assert_eq!(names.len(), 1, "{names:?}");
        for raise in &told {
            assert_eq!((raise.severity, raise.retrospective), (3, 0));
            assert_eq!((raise.time, raise.decided_at), (at(0), at(15)));
            let proof: Vec<Point> = minicbor::decode(&raise.evidence).unwrap();
            assert!((2..=8).contains(&proof.len()), "{}", proof.len());
        }
    }
}

#[test]
fn the_order_and_the_delay_of_reports_change_nothing_but_when_it_is_told() {
    for turn in [7, 31, 61] {
        let (mut world, _) = three();
        pass(&mut world, 40);
        let mut fixes: Vec<Fix> = Vec::new();
        for minute in 0..30 {
            fixes.extend(NEAR.map(|(person, metres)| fix(person, minute, metres)));
        }
        fixes.rotate_left(turn);
        for (number, fix) in fixes.iter().enumerate() {
            let now = world.net.now;
            hear(&mut world, T1, fix, now, false);
            if number % 10 == 0 {
                world.net.tick(MINUTE);
            }
        }
        pass(&mut world, 2 * JUDGED);
        let told = standing(&world, T1);
        assert_eq!(people(&told), [1, 2, 3], "turn {turn}");
        let names: BTreeSet<&str> = told.iter().map(|raise| raise.fence.as_str()).collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }
}

#[test]
fn late_fixes_that_undo_a_gathering_take_its_alarms_back_and_of_days_before_too() {
    let (mut world, _) = three();
    for minute in (0..40).step_by(4) {
        for (person, metres) in NEAR {
            hear(
                &mut world,
                T1,
                &fix(person, minute, metres),
                at(minute),
                true,
            );
        }
        for _ in 0..4 {
            world.net.tick(MINUTE);
        }
    }
    pass(&mut world, JUDGED);
    assert_eq!(people(&standing(&world, T1)), [1, 2, 3]);
    // The next day the band of the third sends what it kept: he only passed by.
    for _ in 0..25 * 12 {
        world.net.tick(5 * MINUTE);
    }
    let now = world.net.now;
    for minute in (1..40).filter(|minute| minute % 4 != 0) {
        hear(&mut world, T1, &fix(3, minute, 900), now, false);
    }
    for _ in 0..120 {
        world.net.tick(MINUTE);
    }
    world.net.rest();
    for node in [T1, C, P] {
        assert_eq!(standing(&world, node), [], "at {node}");
        assert_eq!(raised(&world, node).len(), 3, "at {node}");
    }
}

#[test]
fn what_was_not_judged_when_the_node_stopped_is_judged_after_it_starts_and_once() {
    let (mut world, _) = three();
    stay(&mut world, T1, 0..16, &NEAR);
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.link_all();
    pass(&mut world, 2 * JUDGED);
    assert_eq!(people(&standing(&world, T1)), [1, 2, 3]);
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.link_all();
    pass(&mut world, 2 * JUDGED);
    assert_eq!(raised(&world, T1).len(), 3, "told once");
    assert_eq!(people(&standing(&world, T1)), [1, 2, 3]);
}

#[test]
fn a_gateway_that_lacks_one_of_three_neither_tells_nor_takes_back_what_the_other_told() {
    let (mut world, _) = three();
    for minute in 0..30 {
        for (person, metres) in NEAR {
            let fix = fix(person, minute, metres);
            hear(&mut world, C, &fix, at(minute), true);
            if person != 3 {
                hear(&mut world, T1, &fix, at(minute), true);
            }
        }
        world.net.tick(MINUTE);
        world.net.flow();
    }
    pass(&mut world, 2 * JUDGED);
    world.net.rest();
    for node in [T1, C] {
        assert_eq!(people(&standing(&world, node)), [1, 2, 3], "at {node}");
    }
    // The backup sends the township what it lacked: it sees the same and names it the same.
    let now = world.net.now;
    for minute in 0..30 {
        hear(&mut world, T1, &fix(3, minute, NEAR[2].1), now, false);
    }
    pass(&mut world, 2 * JUDGED);
    world.net.rest();
    for node in [T1, C] {
        assert_eq!(people(&standing(&world, node)), [1, 2, 3], "at {node}");
        assert_eq!(raised(&world, node).len(), 3, "at {node}");
    }
}

#[test]
fn two_gateways_that_are_cut_off_and_see_the_same_mint_one_name() {
    let (mut world, _) = three();
    for minute in 0..30 {
        for (person, metres) in NEAR {
            let fix = fix(person, minute, metres);
            hear(&mut world, C, &fix, at(minute), true);
            hear(&mut world, T1, &fix, at(minute), true);
        }
        // Time passes and nothing flies.
        world.net.tick(MINUTE);
    }
    for _ in 0..JUDGED {
        world.net.tick(MINUTE);
    }
    let names = |world: &World, node| -> BTreeSet<_> {
        let told = standing(world, node).into_iter();
        told.map(|raise| raise.alarm).collect()
    };
    let own = names(&world, T1);
    assert_eq!((own.len(), &own), (3, &names(&world, C)));
    world.net.rest();
    pass(&mut world, JUDGED);
    assert_eq!(names(&world, T1), own);
    assert_eq!(names(&world, C), own);
}

#[test]
fn people_of_one_household_and_places_where_people_may_meet_make_no_gathering() {
    let (mut world, cases) = three();
    for case in &cases[..2] {
        world.amend(T1, "t1-head", *case, "home_address", b"one address");
    }
    stay(&mut world, T1, 0..30, &NEAR);
    pass(&mut world, JUDGED);
    assert_eq!(raised(&world, T1), [], "a couple and a guest");

    let (mut world, _) = three();
    let corner = |lat, lon| Coord::new(lat, lon).unwrap();
    let ring = vec![
        corner(279_990_000, 1_129_990_000),
        corner(279_990_000, 1_130_010_000),
        corner(280_010_000, 1_130_010_000),
        corner(280_010_000, 1_129_990_000),
    ];
    let office = Shape::new(vec![vec![ring]]).unwrap();
    world.replica(T1).set_gathering_sites(vec![office]);
    stay(&mut world, T1, 0..30, &NEAR);
    pass(&mut world, JUDGED);
    assert_eq!(raised(&world, T1), [], "all were called to the office");
}
