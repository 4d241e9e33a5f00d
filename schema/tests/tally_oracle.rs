//! A day's tally is whole, has no overlap, does not depend on order, and is what a judge says who asks
//! each second by itself.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use jiaolian_schema::fence::{Fence, FenceKind, Fences};
use jiaolian_schema::fix::{Point, Source};
use jiaolian_schema::geo::{Coord, Shape};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::schedule::{Schedule, Window};
use jiaolian_schema::tally::{
    Broken, Cause, DAY_SECONDS, Inputs, Report, Second, Span, Tally, Word, midnight, reach_ms,
    tally,
};
use proptest::prelude::*;

/// 2026-03-02, a Monday, in days since 1970.
const DAY: i32 = 20_514;
const MINUTE_MS: i64 = 60_000;
const REACH_MS: i64 = 30 * MINUTE_MS;

/// All that a day is counted from, owned.
#[derive(Debug, Clone, Default)]
struct World {
    reports: Vec<Report>,
    broken: Vec<Broken>,
    bound: Vec<Span>,
    outages: Vec<Span>,
    gateway_down: Vec<Span>,
    clock: Vec<Span>,
    fences: Fences,
    permits: Vec<Permit>,
    until: i64,
}

impl World {
    /// A bound day, known whole, with nothing in it.
    fn new() -> Self {
        Self {
            bound: vec![minutes(-10_000, 10_000)],
            until: i64::MAX,
            ..Self::default()
        }
    }

    fn tally(&self) -> Tally {
        tally(DAY, &self.inputs())
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            person: "p",
            reports: &self.reports,
            broken: &self.broken,
            bound: &self.bound,
            outages: &self.outages,
            gateway_down: &self.gateway_down,
            clock: &self.clock,
            fences: &self.fences,
            permits: &self.permits,
            reach_ms: REACH_MS,
            until: self.until,
        }
    }
}

fn minute(minute: i64) -> i64 {
    midnight(DAY) + minute * MINUTE_MS
}

fn minutes(from: i64, to: i64) -> Span {
    Span {
        from: minute(from),
        to: minute(to),
    }
}

fn at(lon: i32) -> Coord {
    Coord::new(276_500_000, 1_114_000_000 + lon).unwrap()
}

fn fix(time: i64, lon: i32) -> Report {
    Report {
        time,
        word: Word::Used(at(lon)),
        off: false,
    }
}

fn square(west: i32, east: i32) -> Shape {
    let corner = |lat: i32, lon: i32| Coord::new(lat, 1_114_000_000 + lon).unwrap();
    let (south, north) = (276_000_000, 277_000_000);
    let ring = vec![
        corner(south, west),
        corner(south, east),
        corner(north, east),
        corner(north, west),
    ];
    Shape::new(vec![vec![ring]]).unwrap()
}

/// Minutes of each kind, of whole minutes.
fn counted(tally: &Tally, what: Second) -> u32 {
    tally.seconds(what) / 60
}

fn unknown(cause: Cause) -> Second {
    Second::Unknown(cause)
}

/// The rules T1 to T6 asked of one instant, with no other thing in mind.
fn asked(world: &World, time: i64) -> Second {
    let held = |spans: &[Span]| spans.iter().any(|s| s.from <= time && time < s.to);
    if time >= world.until {
        return unknown(Cause::Ahead);
    }
    if !held(&world.bound) {
        return unknown(Cause::NoBasis);
    }
    let past: Vec<&Report> = world.reports.iter().filter(|r| r.time <= time).collect();
    if world
        .broken
        .iter()
        .any(|b| held(&[b.span]) && counts(world, b, &past, time))
    {
        return Second::Violation;
    }
    let newest = past.iter().map(|r| r.time).max();
    let off = |after: i64| past.iter().any(|r| r.off && r.time >= after);
    let near = |r: &&&Report| time - r.time < REACH_MS;
    let of = |word: fn(&Word) -> bool| {
        let mut all = past.iter().filter(|r| {
            // A better report at the same instant stands for all of them.
            let twins = world.reports.iter().filter(|other| other.time == r.time);
            twins.map(|other| other.word).min() == Some(r.word) && word(&r.word)
        });
        all.any(|r| near(&r) && (!matches!(r.word, Word::Used(_)) || !off(r.time)))
    };
    if of(|word| matches!(word, Word::Used(_))) {
        return Second::Compliant;
    }
    let is_off = newest.is_some_and(|newest| past.iter().any(|r| r.time == newest && r.off));
    let cause = if is_off {
        Cause::DeviceOff
    } else if held(&world.outages) {
        Cause::Outage
    } else if held(&world.gateway_down) {
        Cause::Gateway
    } else if held(&world.clock) || of(|word| *word == Word::Skewed) {
        Cause::Clock
    } else if of(|word| *word == Word::Placeless) {
        Cause::NoPlace
    } else {
        Cause::NoSignal
    };
    unknown(cause)
}

fn counts(world: &World, broken: &Broken, past: &[&Report], time: i64) -> bool {
    let Some(fence) = world.fences.iter().find(|fence| fence.id() == broken.fence) else {
        return true;
    };
    let places = past.iter().filter_map(|report| match report.word {
        Word::Used(at) => Some((report.time, report.word, at)),
        _ => None,
    });
    // Of fixes at one instant the least stands, as in the set that is judged.
    let newest = places.clone().map(|(time, ..)| time).max();
    let last = places.filter(|(time, ..)| Some(*time) == newest);
    let place = last
        .map(|(_, word, at)| (word, at))
        .min_by_key(|(word, _)| *word);
    let permitted = place.is_some_and(|(_, at)| {
        let point = Point::new(time, at, None, Source::Gnss);
        let covers = |p: &Permit| p.person == "p" && p.covers(&broken.fence, fence.kind(), &point);
        world.permits.iter().any(covers)
    });
    fence.is_in_force(time) && !permitted
}

#[test]
fn an_empty_bound_day_is_silence_and_an_unbound_one_has_no_basis() {
    let mut world = World::new();
    assert_eq!(world.tally().seconds(unknown(Cause::NoSignal)), DAY_SECONDS);
    world.bound.clear();
    assert_eq!(world.tally().seconds(unknown(Cause::NoBasis)), DAY_SECONDS);
}

#[test]
fn a_fix_vouches_up_to_its_reach_from_the_evening_before_too() {
    let mut world = World::new();
    world.reports = vec![fix(minute(-10), 0), fix(minute(600), 0)];
    let tally = world.tally();
    assert_eq!(counted(&tally, Second::Compliant), 20 + 30);
    assert_eq!(tally.at(19 * 60), Some(Second::Compliant));
    assert_eq!(tally.at(20 * 60), Some(unknown(Cause::NoSignal)));
    assert_eq!(tally.at(DAY_SECONDS), None);
}

#[test]
fn being_switched_off_takes_back_what_a_fix_vouched_and_lasts_until_the_next_report() {
    let mut world = World::new();
    let off = Report {
        time: minute(110),
        word: Word::Placeless,
        off: true,
    };
    world.reports = vec![fix(minute(100), 0), off, fix(minute(400), 0)];
    world.outages = vec![minutes(150, 160)];
    let tally = world.tally();
    assert_eq!(counted(&tally, Second::Compliant), 10 + 30);
    assert_eq!(counted(&tally, unknown(Cause::DeviceOff)), 290);
    assert_eq!(tally.seconds(unknown(Cause::Outage)), 0);
}

#[test]
fn an_offices_own_fault_is_nobodys_silence() {
    let mut world = World::new();
    world.outages = vec![minutes(0, 60)];
    world.gateway_down = vec![minutes(30, 120)];
    world.clock = vec![minutes(100, 180)];
    let tally = world.tally();
    let of = |cause| counted(&tally, unknown(cause));
    assert_eq!(
        (of(Cause::Outage), of(Cause::Gateway), of(Cause::Clock)),
        (60, 60, 60)
    );
    assert_eq!(of(Cause::NoSignal), 1_440 - 180);
    world.reports = vec![fix(minute(40), 0)];
    assert_eq!(
        counted(&world.tally(), Second::Compliant),
        30,
        "a late report vouches"
    );
}

#[test]
fn a_violation_ends_at_the_second_at_which_a_permit_or_the_schedule_lifts_it() {
    let mut world = World::new();
    let night = Schedule::new(vec![Window::new(&[1], 0, 6 * 60).unwrap()]).unwrap();
    let fence = Fence::new("home", FenceKind::KeepIn, square(0, 10_000), 100_000).unwrap();
    world.fences = Fences::from(vec![fence.clone().with_schedule(night)]);
    world.broken = vec![Broken {
        fence: "home".to_owned(),
        span: minutes(300, 420),
    }];
    assert_eq!(counted(&world.tally(), Second::Violation), 60);
    world.fences = Fences::from(vec![fence]);
    assert_eq!(counted(&world.tally(), Second::Violation), 120);
    world.reports = vec![fix(minute(300), 50_000)];
    world.permits = vec![Permit {
        person: "p".to_owned(),
        from: minute(500),
        to: minute(600),
        area: Some(square(40_000, 60_000)),
        fence: None,
        signed: None,
        revoked: None,
    }];
    // The lead of two hours begins at minute 380.
    assert_eq!(counted(&world.tally(), Second::Violation), 80);
}

#[test]
fn what_is_still_to_come_is_neither_kept_nor_broken() {
    let mut world = World::new();
    world.until = minute(720);
    world.broken = vec![Broken {
        fence: String::new(),
        span: minutes(700, 10_000),
    }];
    let tally = world.tally();
    assert_eq!(counted(&tally, Second::Violation), 20);
    assert_eq!(counted(&tally, unknown(Cause::Ahead)), 720);
}

#[test]
fn the_reach_is_that_of_the_rules_for_silence() {
    let rules = RulePack::builtin();
    assert_eq!(reach_ms(&rules, MINUTE_MS), 30 * MINUTE_MS);
    assert_eq!(reach_ms(&rules, 10 * MINUTE_MS), 30 * MINUTE_MS);
    assert_eq!(reach_ms(&rules, 20 * MINUTE_MS), 60 * MINUTE_MS);
}

/// An instant of the day and its neighbours, often one that others share, to the millisecond.
fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        (-60_i64..1_500).prop_map(minute),
        (-3_600_000_i64..90_000_000).prop_map(|ms| midnight(DAY) + ms),
    ]
}

fn span() -> impl Strategy<Value = Span> {
    (instant(), 0_i64..300 * MINUTE_MS).prop_map(|(from, length)| Span {
        from,
        to: from + length,
    })
}

fn report() -> impl Strategy<Value = Report> {
    let word = prop_oneof![
        4 => (0_i32..3).prop_map(|place| Word::Used(at(place * 25_000))),
        1 => Just(Word::Placeless),
        1 => Just(Word::Skewed),
    ];
    let off = prop_oneof![9 => Just(false), 1 => Just(true)];
    (instant(), word, off).prop_map(|(time, word, off)| Report { time, word, off })
}

fn spans(most: usize) -> impl Strategy<Value = Vec<Span>> {
    proptest::collection::vec(span(), 0..most)
}

fn world() -> impl Strategy<Value = World> {
    let permit =
        (instant(), 0_i64..600 * MINUTE_MS, any::<bool>()).prop_map(|(from, length, area)| {
            Permit {
                person: "p".to_owned(),
                from,
                to: from + length,
                area: area.then(|| square(20_000, 40_000)),
                fence: None,
                signed: None,
                revoked: None,
            }
        });
    let broken = (span(), any::<bool>()).prop_map(|(span, named)| Broken {
        fence: if named { "home" } else { "" }.to_owned(),
        span,
    });
    let parts = (
        proptest::collection::vec(report(), 0..40),
        proptest::collection::vec(broken, 0..4),
        (spans(4), spans(3), spans(3), spans(3)),
        proptest::collection::vec(permit, 0..3),
        (instant(), any::<bool>()),
    );
    parts.prop_map(
        |(reports, broken, (bound, outages, gateway_down, clock), permits, (until, whole))| {
            let night = Window::new(&[1, 2, 3], 20 * 60, 7 * 60).unwrap();
            let fence = Fence::new("home", FenceKind::KeepIn, square(0, 10_000), 100_000).unwrap();
            let fence = fence.with_schedule(Schedule::new(vec![night]).unwrap());
            let mut bound = bound;
            if whole {
                bound.push(minutes(-100, 1_600));
            }
            World {
                reports,
                broken,
                bound,
                outages,
                gateway_down,
                clock,
                fences: Fences::from(vec![fence]),
                permits,
                until: if whole { i64::MAX } else { until },
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_second_is_what_it_is_when_asked_alone(world in world()) {
        let tally = world.tally();
        for second in 0..DAY_SECONDS {
            // Whole days of single questions are slow; edges are where answers change.
            let edge = tally.stretches.iter().any(|s| second.abs_diff(s.from) <= 1);
            if second % 97 == 0 || edge {
                let time = midnight(DAY) + i64::from(second) * 1_000;
                prop_assert_eq!(tally.at(second), Some(asked(&world, time)), "second {}", second);
            }
        }
    }

    #[test]
    fn stretches_hold_every_second_once(world in world()) {
        let tally = world.tally();
        prop_assert_eq!(tally.stretches.first().map(|s| s.from), Some(0));
        prop_assert_eq!(tally.stretches.last().map(|s| s.to), Some(DAY_SECONDS));
        for pair in tally.stretches.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
            prop_assert!(pair[0].from < pair[0].to && pair[0].what != pair[1].what);
        }
        let causes = Cause::ALL.map(Second::Unknown);
        let all = [Second::Compliant, Second::Violation].into_iter().chain(causes);
        prop_assert_eq!(all.map(|what| tally.seconds(what)).sum::<u32>(), DAY_SECONDS);
    }

    #[test]
    fn no_order_and_no_double_changes_a_day(world in world(), turn in 0_usize..40) {
        let mut other = world.clone();
        let reports = other.reports.clone();
        other.reports.extend(reports);
        if !other.reports.is_empty() {
            let by = turn % other.reports.len();
            other.reports.rotate_left(by);
        }
        for spans in [&mut other.bound, &mut other.outages, &mut other.gateway_down, &mut other.clock] {
            spans.reverse();
        }
        other.broken.reverse();
        other.permits.reverse();
        prop_assert_eq!(world.tally(), other.tally());
    }
}
