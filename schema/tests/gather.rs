//! Gatherings: what is one, what is none, and a plain second reading of the rules.

#![allow(clippy::unwrap_used)]

use jiaolian_schema::fix::{Coord, Point, Source};
use jiaolian_schema::gather::{Gathering, Numbers, Presence, SLICE_MS, gatherings};
use jiaolian_schema::geo::farther_than;
use jiaolian_schema::rule::RulePack;
use proptest::prelude::*;
use std::collections::BTreeSet;

const MINUTE: i64 = 60_000;
const START: i64 = 29_540_000 * SLICE_MS;
const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn numbers() -> Numbers {
    Numbers::of(&RulePack::builtin()).unwrap()
}

/// So many metres east of one place in Hunan, near enough.
fn place(metres: i32) -> Coord {
    Coord::new(281_500_000, 1_136_000_000 + metres * 102).unwrap()
}

fn point(minute: i64, metres: i32) -> Point {
    Point::new(
        START + minute * MINUTE,
        place(metres),
        Some(10_000),
        Source::Gnss,
    )
}

/// Somebody who stands at a place for some minutes, a fix a minute.
fn stay(minutes: std::ops::Range<i64>, metres: i32) -> Vec<Point> {
    minutes.map(|minute| point(minute, metres)).collect()
}

fn judge(trails: &[Vec<Point>], household: Option<&str>) -> Vec<Gathering> {
    let presence = |(index, points): (usize, &'_ Vec<Point>)| Presence {
        person: NAMES[index],
        household,
        points: Box::leak(points.clone().into_boxed_slice()),
        called: &[],
    };
    let presences: Vec<Presence<'_>> = trails.iter().enumerate().map(presence).collect();
    gatherings(
        &presences,
        |_| false,
        (START, START + 120 * MINUTE),
        &numbers(),
    )
}

#[test]
fn three_who_stay_within_fifty_metres_for_a_quarter_of_an_hour_are_a_gathering() {
    let together = |minutes: i64| [0, 30, 60].map(|metres| stay(0..minutes, metres));
    let found = judge(&together(30), None);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].people, ["a", "b", "c"]);
    assert_eq!(found[0].time, START);
    assert_eq!(found[0].decided_at, START + 15 * MINUTE);
    // The last fix holds for five minutes.
    assert_eq!(found[0].until, Some(START + 34 * MINUTE));
    assert_eq!(judge(&together(10), None), []);
    assert_eq!(judge(&together(30)[..2], None), []);
    let apart = [0, 30, 90].map(|metres| stay(0..30, metres));
    assert_eq!(judge(&apart, None), []);
}

#[test]
fn a_household_counts_as_one() {
    let together = [0, 10, 20, 30].map(|metres| stay(0..30, metres));
    assert_eq!(judge(&together, Some("home")), []);
    let names = [Some("home"), Some("home"), None, None];
    let presences: Vec<Presence<'_>> = together
        .iter()
        .zip(names)
        .zip(NAMES)
        .map(|((points, household), person)| Presence {
            person,
            household,
            points,
            called: &[],
        })
        .collect();
    let span = (START, START + 60 * MINUTE);
    let found = gatherings(&presences, |_| false, span, &numbers());
    assert_eq!(found[0].people, ["a", "b", "c", "d"]);
}

#[test]
fn who_was_called_and_places_that_are_left_out_make_no_gathering() {
    let together = [0, 10, 20].map(|metres| stay(0..30, metres));
    let span = (START, START + 60 * MINUTE);
    let called = [(START + 8 * MINUTE, START + 9 * MINUTE)];
    let presence = |called| {
        let all = together.iter().zip(NAMES);
        all.map(|(points, person)| Presence {
            person,
            household: None,
            points,
            called,
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(
        gatherings(&presence(&called), |_| false, span, &numbers()).len(),
        1
    );
    let late = gatherings(&presence(&called), |_| false, span, &numbers());
    assert_eq!(late[0].time, START + 10 * MINUTE);
    assert_eq!(gatherings(&presence(&[]), |_| true, span, &numbers()), []);
}

#[test]
fn somebody_who_passes_by_neither_breaks_a_gathering_nor_belongs_to_it() {
    let mut trails = [0, 10, 20].map(|metres| stay(0..40, metres)).to_vec();
    trails.push(stay(5..9, 15));
    let found = judge(&trails, None);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].people, ["a", "b", "c"]);
}

#[test]
fn a_bus_that_carries_three_is_one_gathering_and_coarse_fixes_are_none() {
    let ride: Vec<Point> = (0..30)
        .map(|minute| point(minute, minute as i32 * 800))
        .collect();
    let riders = [ride.clone(), ride.clone(), ride];
    assert_eq!(judge(&riders, None).len(), 1);
    let coarse = riders.map(|points| {
        let coarse = |point: Point| Point {
            accuracy_mm: 60_000,
            ..point
        };
        points.into_iter().map(coarse).collect::<Vec<_>>()
    });
    assert_eq!(judge(&coarse, None), []);
}

/// Since when, who, and when it was a gathering of whom.
type PlainRun = (i64, BTreeSet<usize>, Option<(i64, BTreeSet<usize>)>);

/// G1 to G6 read plainly: every pair compared, groups grown one by one.
fn plainly(trails: &[Vec<Point>], slices: i64) -> Vec<Gathering> {
    let mut runs: Vec<PlainRun> = Vec::new();
    let mut found = Vec::new();
    let told = |run: &PlainRun, until| {
        run.2.as_ref().map(|(decided_at, who)| Gathering {
            time: run.0,
            decided_at: *decided_at,
            until,
            people: who.iter().map(|index| NAMES[*index].to_owned()).collect(),
        })
    };
    for slice in 0..slices {
        let (begin, end) = (START + slice * MINUTE, START + (slice + 1) * MINUTE);
        let place = |points: &Vec<Point>| {
            let mut best: Option<Point> = None;
            for point in points {
                let is_seen = point.time < end && point.time >= end - 5 * MINUTE;
                let is_later = best.is_none_or(|b| {
                    point.time > b.time || point.time == b.time && point.order() < b.order()
                });
                if is_seen && is_later {
                    best = Some(*point);
                }
            }
            best.map(|point| point.at)
        };
        let places: Vec<Option<Coord>> = trails.iter().map(place).collect();
        let mut left: Vec<usize> = (0..trails.len()).filter(|i| places[*i].is_some()).collect();
        let mut groups = Vec::new();
        while let Some(first) = left.first().copied() {
            let mut group = BTreeSet::from([first]);
            loop {
                let near = |i: &usize| {
                    let is_near = |m: &usize| {
                        let (a, b) = (places[*i].unwrap(), places[*m].unwrap());
                        let (a, b) = if a.lat() <= b.lat() { (a, b) } else { (b, a) };
                        !farther_than(a, b, 50_000)
                    };
                    !group.contains(i) && group.iter().any(is_near)
                };
                let more: Vec<usize> = left.iter().copied().filter(near).collect();
                if more.is_empty() {
                    break;
                }
                group.extend(more);
            }
            left.retain(|i| !group.contains(i));
            groups.push(group);
        }
        groups.retain(|group| group.len() >= 3);
        groups.sort();
        runs.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut next = Vec::new();
        for mut run in runs {
            let mut best: Option<(usize, usize)> = None;
            for (index, group) in groups.iter().enumerate() {
                let shared = run.1.intersection(group).count();
                if shared >= 3 && best.is_none_or(|(most, _)| shared > most) {
                    best = Some((shared, index));
                }
            }
            match best {
                None => found.extend(told(&run, Some(begin))),
                Some((_, index)) => {
                    let group = groups.remove(index);
                    run.1 = run.1.intersection(&group).copied().collect();
                    next.push(run);
                }
            }
        }
        next.extend(groups.into_iter().map(|group| (begin, group, None)));
        for run in &mut next {
            if run.2.is_none() && end - run.0 >= 15 * MINUTE {
                run.2 = Some((end, run.1.clone()));
            }
        }
        runs = next;
    }
    found.extend(runs.iter().filter_map(|run| told(run, None)));
    found.sort();
    found
}

/// Six people who mostly stay where they are, within some 150 m, for an hour.
fn any_trails() -> impl Strategy<Value = Vec<Vec<Point>>> {
    let stretch = (0_i64..60, 1_i64..40, 0_i32..150);
    let trail = prop::collection::vec(stretch, 1..4).prop_map(|stretches| {
        let mut points = Vec::new();
        for (from, minutes, metres) in stretches {
            points.extend(stay(from..(from + minutes).min(90), metres));
        }
        points
    });
    prop::collection::vec(trail, 3..=6)
}

proptest! {
    #[test]
    fn any_order_with_doubles_reads_as_the_plain_rules_do(trails in any_trails(), turn in 0_usize..40) {
        let plain = plainly(&trails, 120);
        prop_assert_eq!(&judge(&trails, None), &plain);
        let shuffled: Vec<Vec<Point>> = trails
            .iter()
            .map(|points| {
                let mut points = points.clone();
                let turn = turn % points.len();
                points.rotate_left(turn);
                let again = points.clone();
                points.extend(&again[..turn]);
                points
            })
            .collect();
        prop_assert_eq!(&judge(&shuffled, None), &plain);
    }
}

/// Pairs a little nearer and a little farther than the distance, in the north and the south of China.
#[test]
fn nearness_is_the_same_along_every_line_and_in_every_latitude() {
    for lat in [181_500_000, 281_500_000, 535_000_000] {
        for (north, east) in [(1, 0), (0, 1), (1, 1), (-1, 1), (1, -1)] {
            let at = |metres: i64| {
                let units = |mm: i64| i32::try_from(metres * 1_000 * 10_000_000 / mm).unwrap();
                let here = Coord::new(lat, 1_136_000_000).unwrap();
                let scale = jiaolian_schema::geo::Scale::at(here);
                let (lat_by, lon_by) = (units(scale.lat_mm) * north, units(scale.lon_mm) * east);
                Coord::new(lat + lat_by, 1_136_000_000 + lon_by).unwrap()
            };
            let diagonal = north * east != 0;
            let (near, far) = if diagonal { (35, 36) } else { (49, 51) };
            for (step, expected) in [(near, 1), (far, 0)] {
                let stand = |number: i64| -> Vec<Point> {
                    let times = (0..30).map(|minute| START + minute * MINUTE);
                    times
                        .map(|time| Point::new(time, at(number * step), Some(5_000), Source::Gnss))
                        .collect()
                };
                let trails: Vec<Vec<Point>> = (0..3).map(stand).collect();
                assert_eq!(
                    judge(&trails, None).len(),
                    expected,
                    "{lat} {north} {east} {step}"
                );
            }
        }
    }
}
