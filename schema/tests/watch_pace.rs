//! When a device is told to report quicker: on the way over an edge, where a rule is about to bind,
//! while somebody beyond can't be seen; never for what wanders at rest, and never for long.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use jiaolian_schema::fence::{Fence, FenceKind, Fences};
use jiaolian_schema::fix::{Point, Source};
use jiaolian_schema::geo::{Coord, Shape};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::schedule::{Schedule, Window};
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_schema::watch::{Ground, Numbers, Pace, Quick, Spans, Word};
use proptest::prelude::*;

/// 2026-03-02 08:00 in Shanghai.
const START_MS: i64 = 1_772_409_600_000;
/// About a metre of longitude at 27.65 degrees, 1e-7 degree.
const METRE: f64 = 101.5;
const QUICK: Quick = Quick {
    interval_ms: 10_000,
    for_ms: 300_000,
};

fn place(metres: i32) -> Coord {
    let lon = 1_114_000_000 + (f64::from(metres) * METRE) as i32;
    Coord::new(276_500_000, lon).unwrap()
}

/// A wide square whose eastern edge lies at 0 m, and a person's reports, heard 2 s after they were
/// made.
struct Story {
    fences: Fences,
    permits: Vec<Permit>,
    numbers: Numbers,
    pace: Pace,
}

impl Story {
    fn new(kind: FenceKind, schedule: Schedule) -> Self {
        let (west, east) = (place(-50_000).lon(), place(0).lon());
        let corners = [
            (276_000_000, west),
            (276_000_000, east),
            (277_000_000, east),
            (277_000_000, west),
        ];
        let ring = corners.map(|(lat, lon)| Coord::new(lat, lon).unwrap());
        let shape = Shape::new(vec![vec![ring.to_vec()]]).unwrap();
        let fence = Fence::new("f", kind, shape, kind.buffer_default_mm()).unwrap();
        Self {
            fences: Fences::from(vec![fence.with_schedule(schedule)]),
            permits: Vec::new(),
            numbers: Numbers::default(),
            pace: Pace::default(),
        }
    }

    fn home() -> Self {
        Self::new(FenceKind::KeepIn, Schedule::ALWAYS)
    }

    fn say(&mut self, second: i64, point: Option<(i32, Source)>, signs: Signs) -> Option<Quick> {
        let time = START_MS + second * 1_000;
        let (bound, down) = (Spans::always(), Spans::default());
        let ground = Ground {
            fences: &self.fences,
            permits: &self.permits,
            numbers: &self.numbers,
            interval_ms: Some(600_000),
            bound: &bound,
            down: &down,
        };
        let point = point.map(|(m, source)| Point::new(time, place(m), None, source));
        let word = Word { time, point, signs };
        self.pace.hear("p", &word, time + 2_000, &ground)
    }

    fn fix(&mut self, second: i64, metres: i32) -> Option<Quick> {
        self.say(second, Some((metres, Source::Gnss)), Signs::NONE)
    }
}

#[test]
fn the_first_candidate_on_the_way_tells_once() {
    let mut story = Story::home();
    assert_eq!(story.fix(0, -300), None);
    assert_eq!(story.fix(60, 130), Some(QUICK));
    let again: Vec<i64> = (7..40)
        .map(|tens| tens * 10)
        .filter(|second| story.fix(*second, 150).is_some())
        .collect();
    assert_eq!(again, [210, 360], "each time half of it is over");
}

#[test]
fn who_will_be_beyond_before_the_next_report_is_told_before() {
    let mut story = Story::home();
    assert_eq!(story.fix(0, -1_500), None);
    assert_eq!(story.fix(60, -600), Some(QUICK), "15 m/s, 715 m to go");
    let mut walker = Story::home();
    assert_eq!(walker.fix(0, -180), None);
    assert_eq!(walker.fix(60, -100), None, "215 m to go at 1.3 m/s");
    assert_eq!(walker.fix(120, -20), None, "135 m to go");
    assert_eq!(walker.fix(180, 16), Some(QUICK), "99 m to go");
}

#[test]
fn at_a_forbidden_place_the_way_in_counts() {
    let mut story = Story::new(FenceKind::KeepOut, Schedule::ALWAYS);
    assert_eq!(story.fix(0, 400), None);
    assert_eq!(story.fix(60, 320), None, "by 285 m no candidate");
    assert_eq!(story.fix(120, 240), None);
    assert_eq!(story.fix(180, 130), Some(QUICK));
}

#[test]
fn what_wanders_at_rest_tells_nothing() {
    let mut story = Story::home();
    for (number, metres) in [-60, 20, 130, 180, 210, 140, -60].into_iter().enumerate() {
        assert_eq!(story.fix(number as i64 * 600, metres), None, "{metres}");
    }
    let still = Signs::NONE.with(Sign::Still, true);
    for second in (4_200..5_400).step_by(60) {
        let said = story.say(second, Some((150, Source::Gnss)), still);
        assert_eq!(said, None, "{second}");
    }
}

#[test]
fn one_jump_tells_nothing_and_two_that_agree_do() {
    let mut story = Story::home();
    assert_eq!(story.fix(0, -300), None);
    assert_eq!(story.fix(60, 9_000), None);
    assert_eq!(story.fix(120, -300), None);
    assert_eq!(story.fix(180, 9_000), None);
    assert_eq!(story.fix(240, 9_010), Some(QUICK));
}

#[test]
fn a_rule_that_begins_soon_or_has_just_begun_needs_no_motion() {
    let window = Window::new(&[1], 9 * 60, 12 * 60).unwrap();
    let from_nine = || Schedule::new(vec![window.clone()]).unwrap();
    let mut story = Story::new(FenceKind::KeepIn, from_nine());
    assert_eq!(story.fix(2_400, 500), None, "08:40");
    assert_eq!(story.fix(3_060, 500), Some(QUICK), "08:51");
    let mut unseen = Story::new(FenceKind::KeepIn, from_nine());
    assert_eq!(unseen.fix(2_400, 500), None);
    let said = unseen.say(3_060, None, Signs::NONE);
    assert_eq!(said, Some(QUICK), "it was there when it was last seen");
    let mut begun = Story::new(FenceKind::KeepIn, from_nine());
    assert_eq!(begun.fix(2_990, 500), None, "08:49:50");
    assert_eq!(begun.fix(3_605, 500), Some(QUICK), "09:00:05");
}

#[test]
fn who_was_beyond_and_is_not_seen_is_looked_for_and_not_for_ever() {
    let mut story = Story::home();
    assert_eq!(story.fix(0, 100), None);
    assert_eq!(story.fix(60, 160), Some(QUICK));
    let mut told = Vec::new();
    for second in (70..4_000).step_by(10) {
        let rough = second % 20 == 0;
        let point = rough.then_some((60, Source::Wifi));
        told.extend(story.say(second, point, Signs::NONE).map(|_| second));
    }
    let last = told.last().copied().unwrap();
    assert!((1_700..1_860).contains(&last), "{told:?}");
    assert_eq!(story.fix(4_010, -300), None);
    assert_eq!(story.fix(4_070, 160), Some(QUICK), "another time");
}

#[test]
fn near_the_edge_for_long_does_not_spoil_the_way_over_it() {
    let mut story = Story::home();
    let mut near = 0;
    for second in (0..7_200).step_by(60) {
        near += usize::from(story.fix(second, 60).is_some());
    }
    assert_eq!(near, 10, "1,800 s, each time for 180");
    assert_eq!(story.fix(7_200, 130), Some(QUICK));
}

#[test]
fn a_low_charge_is_spared_unless_it_is_being_charged() {
    let low = Signs::NONE.with_battery(19);
    let mut story = Story::home();
    let at = |metres| Some((metres, Source::Gnss));
    assert_eq!(story.say(0, at(100), low), None);
    assert_eq!(story.say(60, at(160), low), None);
    let charging = low.with(Sign::Charging, true);
    assert_eq!(story.say(120, at(160), charging), Some(QUICK));
}

#[test]
fn who_refused_is_asked_again_a_day_later() {
    let mut story = Story::home();
    assert_eq!(story.fix(0, 100), None);
    assert_eq!(story.fix(60, 160), Some(QUICK));
    story.pace.refuse();
    assert_eq!(story.fix(120, 160), None);
    assert_eq!(story.fix(86_400, 160), None);
    assert_eq!(story.fix(87_000, -300), None);
    assert_eq!(story.fix(87_060, 160), Some(QUICK));
}

proptest! {
    /// Whatever comes, nobody is told again before half of the time is over, nor deep inside.
    #[test]
    fn orders_are_as_rare_as_they_should_be(
        steps in proptest::collection::vec((1_i64..400, -200_i32..400, 0_u8..4), 1..200),
    ) {
        let mut story = Story::home();
        let (mut second, mut last) = (0, None::<i64>);
        for (passed, metres, how) in steps {
            second += passed;
            let point = match how {
                0 => None,
                1 => Some((metres, Source::Wifi)),
                _ => Some((metres, Source::Gnss)),
            };
            if story.say(second, point, Signs::NONE).is_some() {
                prop_assert!(last.is_none_or(|last| second - last >= 150), "{last:?} {second}");
                last = Some(second);
            }
        }
    }
}
