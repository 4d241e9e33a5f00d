//! A band watches nobody without a decision in force, and stops by itself with the county cut off.

use crate::supervise::{alarms, fix, report, use_device};
use crate::world::{C, DAY, START, T1, World, code};
use jiaolian_schema::canon;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fact::What;
use jiaolian_schema::fix::{Fix, Point, Source};
use jiaolian_schema::id::DossierId;
use jiaolian_sync::{Judged, ReportError};

const MINUTE: i64 = 60_000;
const MINUTES_A_DAY: i64 = 24 * 60;
/// Reports are counted in minutes from a day after the start; midnight in Shanghai is at 16:00 UTC.
const MIDNIGHT: i64 = 16 * 60;

fn bound(regime: Regime) -> (World, DossierId) {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let device = Device::new(regime, START, START + 90 * DAY);
    world.amend(
        T1,
        "t1-head",
        case,
        "device/band-1",
        &canon::encode(&device),
    );
    world.net.carry_out(T1);
    (world, case)
}

fn is_taken(world: &mut World, at: usize, minute: i64) -> bool {
    match report(world, at, minute, -30, true) {
        Ok(outcome) => {
            assert!(!matches!(outcome.judged, Judged::Double));
            true
        }
        Err(ReportError::Unbound { .. }) => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_band_takes_nothing_in_before_it_was_decided_and_fitted() {
    let (mut world, case) = bound(Regime::Band);
    assert!(!is_taken(&mut world, T1, 0));
    assert!(world.replica(T1).bound("band-1", START + DAY).is_none());
    use_device(&mut world, T1, case, START, START + 10 * DAY);
    assert!(is_taken(&mut world, T1, 1));
    assert!(!is_taken(&mut world, T1, -1), "nothing is dated back");
}

#[test]
fn a_phone_answers_checks_without_a_decision() {
    let (mut world, _) = bound(Regime::Phone);
    assert!(is_taken(&mut world, T1, 0));
}

#[test]
fn scenario_16_in_the_gap_nothing_comes_in_and_a_fresh_decision_begins_when_it_is_signed() {
    let (mut world, case) = bound(Regime::Band);
    use_device(&mut world, T1, case, START, START + 10 * DAY);
    let over = 9 * MINUTES_A_DAY + MIDNIGHT;
    assert!(is_taken(&mut world, T1, over - 1));
    assert!(!is_taken(&mut world, T1, over));
    world.net.now = START + 13 * DAY;
    use_device(&mut world, T1, case, START + 10 * DAY, START + 20 * DAY);
    let again = 12 * MINUTES_A_DAY;
    assert!(!is_taken(&mut world, T1, again - 1));
    assert!(is_taken(&mut world, T1, again));
    let (_, device) = world.replica(T1).bound("band-1", START + 13 * DAY).unwrap();
    assert_eq!(device.from, START + 13 * DAY);
}

#[test]
fn scenario_18_the_township_stops_by_itself_while_the_county_is_away() {
    let (mut world, case) = bound(Regime::Band);
    use_device(&mut world, T1, case, START, START + 5 * DAY);
    world.link_all();
    world.net.rest();
    world.net.cut(T1, C);
    let over = 4 * MINUTES_A_DAY + MIDNIGHT;
    for minute in 0..5 {
        assert!(is_taken(&mut world, T1, over - 5 + minute));
    }
    for minute in [0, 1, MINUTES_A_DAY, 3 * MINUTES_A_DAY] {
        assert!(!is_taken(&mut world, T1, over + minute), "minute {minute}");
        assert!(
            !is_taken(&mut world, C, over + minute),
            "backup, minute {minute}"
        );
    }
    world.link_all();
    world.net.rest();
    for at in [T1, C] {
        let late = START + DAY + over * 60_000;
        let points = world
            .replica(at)
            .fixes(code(1), late, i64::MAX, 10)
            .unwrap();
        assert!(points.is_empty(), "at {at}");
    }
}

#[test]
fn a_band_that_was_never_heard_is_missed_where_it_is_to_be_heard_and_nowhere_else() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    use_device(&mut world, T1, case, START, START + 20 * DAY);
    let device = |heard_at: Option<&str>, interval_s: u32| Device {
        interval_s: Some(interval_s),
        heard_at: heard_at.map(crate::world::office),
        ..Device::new(Regime::Band, START, START + 20 * DAY)
    };
    let bytes = canon::encode(&device(Some("t1"), 1_200));
    world.amend(T1, "t1-head", case, "device/band-1", &bytes);
    world.link_all();
    world.net.rest();
    let fitted = world.replica(T1).watch(code(1)).unwrap().bound[0].0;
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    let tick = |world: &mut World, minute: i64| {
        for at in [T1, C] {
            world.replica(at).tick(fitted + minute * MINUTE, [9; 32]);
            world.net.carry_out(at);
        }
        [T1, C].map(|at| alarms(world, at).len())
    };
    for minute in 1..=60 {
        assert_eq!(tick(&mut world, minute), [0, 0], "minute {minute}");
    }
    assert_eq!(tick(&mut world, 61), [1, 0], "three times twenty minutes");
    let alarm = alarms(&world, T1)[0];
    let facts = world.replica(T1).facts(alarm).unwrap();
    let What::Raise(raise) = facts.values().next().unwrap().what.clone() else {
        panic!("an alarm dossier opens with its raising");
    };
    assert_eq!((raise.kind.as_str(), raise.time), ("NO_SIGNAL", fitted));
    let place = fix(0, -30).point.at;
    let first = Fix {
        person: code(1).to_hex(),
        point: Point::new(fitted + 70 * MINUTE, place, Some(15_000), Source::Gnss),
    };
    let received = first.point.time;
    world.replica(T1).report(&first, received, true).unwrap();
    world.net.carry_out(T1);
    assert_eq!(tick(&mut world, 75), [1, 0]);
    let until = world.replica(T1).watch(code(1)).unwrap().until;
    assert_eq!(until[&raise.alarm], Some(first.point.time));
}
