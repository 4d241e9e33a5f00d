//! Positions that were packed answer as if they still lay where they came in: to pages, to a late
//! fix, to whatever makes the watch judge again, until their term is over.

use crate::net::Net;
use crate::supervise::{alarms, watched};
use crate::world::{DAY, START, T1, World, code};
use jiaolian_schema::fix::{Coord, Fix, Point, SHANGHAI_AHEAD_MS, Source};
use jiaolian_sync::{Judged, Limits, StoredFix, Table};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const KEEP_MS: i64 = 120 * DAY;

fn stored(world: &mut World) -> Vec<StoredFix> {
    let replica = world.replica(T1);
    replica.fixes(code(1), i64::MIN, i64::MAX, 100_000).unwrap()
}

fn rows(world: &World, table: Table) -> usize {
    world.net.nodes[T1].disk.0.borrow().len(table)
}

/// Ticks through one round over all people, and a little more.
fn round(world: &mut World, from: i64) {
    world.net.now = world.net.now.max(from);
    let Net { now, .. } = world.net;
    for second in 0..64 {
        world.replica(T1).tick(now + second, [9; 32]);
        world.net.carry_out(T1);
    }
    world.net.now += HOUR;
}

/// A fix of the township's person, so many units east of the middle.
fn at(time: i64, east: i32, accuracy_mm: u32, source: Source) -> Fix {
    let place = Coord::new(280_000_000, 1_130_000_000 + east).unwrap();
    Fix {
        person: code(1).to_hex(),
        point: Point::new(time, place, Some(accuracy_mm), source),
    }
}

fn hear(world: &mut World, fix: &Fix, received_at: i64, live: bool) -> Judged {
    let outcome = world.replica(T1).report(fix, received_at, live).unwrap();
    world.net.now = world.net.now.max(received_at);
    world.net.carry_out(T1);
    outcome.judged
}

/// Two days of fixes, with rivals at one instant, some of them not live.
fn two_days(world: &mut World) {
    for minute in (0..2 * 24 * 60).step_by(7) {
        let time = START + DAY + minute * MINUTE;
        let fix = at(time, minute as i32 * 3, 15_000, Source::Gnss);
        hear(world, &fix, time + 2_000, minute % 3 != 0);
        if minute % 5 == 0 {
            let rival = at(time, minute as i32, 90_000, Source::Wifi);
            hear(world, &rival, time + 3_000, false);
        }
    }
}

#[test]
fn packed_positions_are_read_as_they_were_stored_in_any_span_and_number() {
    let (mut world, _) = watched();
    two_days(&mut world);
    let before = stored(&mut world);
    assert_eq!(rows(&world, Table::Fix), before.len());
    round(&mut world, START + 9 * DAY);
    assert_eq!(rows(&world, Table::Fix), 0);
    let days = before
        .iter()
        .map(|fix| (fix.point.time + SHANGHAI_AHEAD_MS) / DAY);
    let days: std::collections::BTreeSet<_> = days.collect();
    assert_eq!(rows(&world, Table::Track), days.len(), "one row a day");
    assert_eq!(stored(&mut world), before);
    for (from, to, limit) in [
        (START + DAY, START + DAY + 1, 10),
        (START + DAY + 3 * HOUR, START + 2 * DAY + HOUR, 37),
        (START + 2 * DAY, i64::MAX, 100_000),
        (i64::MIN, START + DAY + 20 * HOUR, 1),
        (START + 3 * DAY, START + DAY, 9),
    ] {
        let wanted = before
            .iter()
            .filter(|fix| (from..to).contains(&fix.point.time));
        let wanted: Vec<StoredFix> = wanted.take(limit).cloned().collect();
        let found = world.replica(T1).fixes(code(1), from, to, limit).unwrap();
        assert_eq!(found, wanted, "{from}..{to} {limit}");
    }
}

/// A fix so many tens of metres outward of the fence's eastern edge.
fn edge(minute: i64, outward: i32) -> Fix {
    let time = START + DAY + minute * MINUTE;
    at(time, 1_000_000 + outward * 1_000, 15_000, Source::Gnss)
}

#[test]
fn a_fix_of_a_packed_day_is_a_double_and_a_new_one_is_judged_with_the_rest() {
    let (mut world, _) = watched();
    for (minute, outward) in [(0, -30), (1, -30), (2, -30), (5, 30), (7, 30)] {
        let fix = edge(minute, outward);
        hear(&mut world, &fix, fix.point.time, true);
    }
    assert_eq!(alarms(&world, T1).len(), 0, "two are not three");
    round(&mut world, START + 9 * DAY);
    assert_eq!(
        (rows(&world, Table::Fix), rows(&world, Table::Track)),
        (0, 1)
    );

    let packed = stored(&mut world);
    let now = world.net.now;
    assert_eq!(hear(&mut world, &edge(5, 30), now, false), Judged::Double);
    // A clock that was set back looks for it where it does not lie: it is read once for all that.
    hear(&mut world, &edge(7, 30), START + DAY + HOUR, false);
    assert_eq!(rows(&world, Table::Fix), 1);
    assert_eq!(stored(&mut world), packed);

    assert_eq!(hear(&mut world, &edge(9, 30), now, false), Judged::Next);
    assert_eq!(alarms(&world, T1).len(), 1, "the third, nine days late");
    assert_eq!(hear(&mut world, &edge(6, 30), now, false), Judged::Again);
    let loose = stored(&mut world);
    round(&mut world, now);
    assert_eq!(
        (rows(&world, Table::Fix), rows(&world, Table::Track)),
        (0, 1)
    );
    let times = loose.iter().map(|fix| fix.point.time).collect::<Vec<_>>();
    let minutes = [0, 1, 2, 5, 6, 7, 9].map(|minute| START + DAY + minute * MINUTE);
    assert_eq!((times, stored(&mut world)), (minutes.to_vec(), loose));
    assert_eq!(alarms(&world, T1).len(), 1);
}

#[test]
fn whatever_was_packed_when_the_same_fixes_come_to_the_same() {
    let play = |pack_after: &[usize]| {
        let (mut world, _) = watched();
        for (number, minute) in [40, 3, 1, 0, 7, 2, 41, 43, 5, 9].into_iter().enumerate() {
            let fix = at(
                START + DAY + minute * MINUTE,
                1_300_000,
                15_000,
                Source::Gnss,
            );
            let received = START + 12 * DAY + number as i64 * HOUR;
            hear(&mut world, &fix, received, false);
            if pack_after.contains(&number) {
                let now = world.net.now;
                round(&mut world, now);
                assert_eq!(rows(&world, Table::Fix), 0);
            }
        }
        let alarm: Vec<_> = alarms(&world, T1);
        let watch = world.replica(T1).watch(code(1)).unwrap();
        let fixes = stored(&mut world).into_iter().map(|fix| fix.point);
        (fixes.collect::<Vec<_>>(), watch.open, alarm.len())
    };
    let never = play(&[]);
    assert_eq!((never.0.len(), never.1.len()), (10, 1));
    for pack_after in [&[0][..], &[4], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[3, 8]] {
        let packed = play(pack_after);
        assert_eq!(
            (&packed.0, &packed.1),
            (&never.0, &never.1),
            "{pack_after:?}"
        );
    }
}

#[test]
fn a_day_with_very_many_positions_lies_in_several_rows_that_answer_as_one() {
    let (mut world, _) = watched();
    let day = START + DAY - SHANGHAI_AHEAD_MS;
    let fix = |second: i64| {
        at(
            day + second * 1_000,
            (second % 50) as i32,
            15_000,
            Source::Gnss,
        )
    };
    for second in (0..40_000).filter(|second| second % 2 == 0) {
        let fix = fix(second);
        world
            .replica(T1)
            .report(&fix, fix.point.time, true)
            .unwrap();
    }
    world.net.carry_out(T1);
    for hours in 0..8 {
        round(&mut world, START + 9 * DAY + 2 * hours * HOUR);
    }
    assert_eq!(rows(&world, Table::Fix), 0);
    assert!(rows(&world, Table::Track) >= 2);
    // Late ones fall into every row.
    for second in (1..40_000).step_by(997).filter(|second| second % 2 == 1) {
        let fix = fix(second);
        let now = world.net.now;
        hear(&mut world, &fix, now, false);
    }
    let before = stored(&mut world);
    let now = world.net.now;
    round(&mut world, now);
    assert_eq!(rows(&world, Table::Fix), 0);
    assert_eq!(stored(&mut world), before);
    assert!(before.len() > 20_000 && before.is_sorted_by_key(|fix| fix.point.time));
}

#[test]
fn positions_go_when_their_term_is_over_and_their_keys_only_then() {
    let mut world = World::with(Limits {
        track_keep_ms: Some(KEEP_MS),
        ..Limits::default()
    });
    crate::supervise::put_under_watch(&mut world);
    two_days(&mut world);
    round(&mut world, START + 9 * DAY);
    let all = stored(&mut world).len();
    let midnight = |time: i64| time - (time + SHANGHAI_AHEAD_MS).rem_euclid(DAY);
    let gone = |world: &mut World| world.replica(T1).tracks_gone_before();
    assert_eq!(gone(&mut world), Some(midnight(START + 9 * DAY - KEEP_MS)));

    // The first of three days is over.
    round(&mut world, START + 2 * DAY + KEEP_MS);
    let left = stored(&mut world);
    assert!(!left.is_empty() && left.len() < all);
    let since = midnight(START + 2 * DAY);
    assert!(left.iter().all(|fix| fix.point.time >= since));
    assert_eq!(gone(&mut world), Some(since));
    assert_eq!(rows(&world, Table::Track), 2);

    // What still comes of a day that is over goes with the next round.
    let late = at(START + DAY + MINUTE, 5, 15_000, Source::Gnss);
    let now = world.net.now;
    hear(&mut world, &late, now, false);
    round(&mut world, START + 10 * DAY + KEEP_MS);
    assert_eq!(
        (rows(&world, Table::Fix), rows(&world, Table::Track)),
        (0, 0)
    );
    assert_eq!(stored(&mut world), []);
}

#[test]
fn a_clock_that_the_devices_do_not_believe_destroys_nothing() {
    let mut world = World::with(Limits {
        track_keep_ms: Some(KEEP_MS),
        ..Limits::default()
    });
    let people = [1, 2, 3];
    for person in people {
        crate::supervise::put_another_under_watch(&mut world, person);
    }
    let ahead = START + 2 * DAY + 300 * DAY;
    for person in people {
        let fix = Fix {
            person: code(person).to_hex(),
            ..at(START + 2 * DAY, 5, 15_000, Source::Gnss)
        };
        hear(&mut world, &fix, ahead, true);
    }
    round(&mut world, ahead);
    assert_eq!(stored(&mut world).len(), 1);
    assert_eq!(world.replica(T1).tracks_gone_before(), None);
}
