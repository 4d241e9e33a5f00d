//! What is owed under plans, and what is told of it: the edges of each rule, and a plain second
//! reading over random sets.

#![allow(clippy::unwrap_used)]

use jiaolian_schema::checkin::{
    Asked, CheckIn, DutyKind, Face, Ground, Numbers, PhoneSpan, Plan, PlanSpan, conditions, may_be,
};
use jiaolian_schema::fence::{Fence, FenceKind, Fences, Validity};
use jiaolian_schema::fix::{Coord, DAY_MS, Point, SHANGHAI_AHEAD_MS, Source};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::id::OfficeId;
use jiaolian_schema::permit::Permit;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::schedule::{Schedule, Window};
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_schema::watch::{AlarmKind, Condition, Spans};
use proptest::prelude::*;
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Monday 2026-03-02 00:00 in Shanghai.
const MONDAY: i64 = 1_772_409_600_000 - SHANGHAI_AHEAD_MS;
const PERSON: &str = "07070707070707070707070707070707";
const PHONE: &str = "phone-1";
const SECRET: [u8; 32] = [9; 32];

fn at(day: i64, hour: i64, minute: i64) -> i64 {
    MONDAY + day * DAY_MS + hour * HOUR + minute * MINUTE
}

/// 09:00 to 11:30 and 14:00 to 16:30 every day, and two prompts of 20 minutes.
fn plan() -> PlanSpan {
    let days = [1, 2, 3, 4, 5, 6, 7];
    let window = |from, to| Window::new(&days, from, to).unwrap();
    let plan = Plan {
        asks: OfficeId([1; 16]),
        from: MONDAY,
        until: MONDAY + 60 * DAY_MS - 1,
        windows: Some(Schedule::new(vec![window(540, 690), window(840, 990)]).unwrap()),
        prompts: 2,
        open_minutes: 20,
    };
    PlanSpan {
        from: plan.from,
        until: plan.until + 1,
        plan,
    }
}

fn phone(from: i64, until: i64) -> PhoneSpan {
    PhoneSpan {
        terminal: PHONE.to_owned(),
        from,
        until,
        known: MONDAY,
    }
}

/// A world with these plans, a phone bound throughout, and a node that always ran.
struct World {
    plans: Vec<PlanSpan>,
    phones: Vec<PhoneSpan>,
    down: Spans,
    numbers: Numbers,
}

impl World {
    fn new() -> Self {
        Self {
            plans: vec![plan()],
            phones: vec![phone(MONDAY, MONDAY + 60 * DAY_MS)],
            down: Spans::default(),
            numbers: *RulePack::builtin().check_in_numbers(),
        }
    }

    fn without_prompts() -> Self {
        let mut world = Self::new();
        world.plans[0].plan.prompts = 0;
        world
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            person: PERSON,
            plans: &self.plans,
            phones: &self.phones,
            secret: &SECRET,
            down: &self.down,
            numbers: &self.numbers,
        }
    }

    fn told(&self, check_ins: &[CheckIn], now: i64) -> Vec<Condition> {
        let known: Vec<CheckIn> = check_ins.to_vec();
        self.held_against(&[], &known, now)
    }

    fn held_against(&self, band: &[Point], check_ins: &[CheckIn], now: i64) -> Vec<Condition> {
        let ground = Ground {
            fences: &Fences::default(),
            permits: &[],
            band,
        };
        conditions(&self.asked(), &ground, check_ins, now)
    }

    fn misses(&self, check_ins: &[CheckIn], now: i64) -> Vec<(i64, Option<u8>, Option<i64>)> {
        let told = self.told(check_ins, now).into_iter();
        let misses = told.filter(|one| one.kind == AlarmKind::CheckMiss);
        let cleared = |one: &Condition| one.cleared.as_ref().map(|end| end.time);
        misses
            .map(|one| (one.time, one.graver, cleared(&one)))
            .collect()
    }
}

fn place(time: i64) -> Point {
    let home = Coord::new(281_500_000, 1_136_000_000).unwrap();
    Point::new(time, home, Some(20_000), Source::Gnss)
}

/// A good check-in, received three seconds later.
fn check_in(time: i64) -> CheckIn {
    CheckIn {
        at: time,
        received_at: time + 3_000,
        terminal: PHONE.to_owned(),
        point: Some(place(time)),
        face: Some(Face {
            likeness: 950,
            liveness: 980,
        }),
        signs: Signs::NONE,
    }
}

fn faceless(time: i64) -> CheckIn {
    CheckIn {
        face: None,
        ..check_in(time)
    }
}

#[test]
fn a_duty_lies_as_a_whole_within_its_plan_and_within_the_binding_of_one_phone() {
    let mut world = World::without_prompts();
    let owed = |world: &World| {
        let duties = world.asked().duties(at(0, 0, 0), at(1, 0, 0));
        duties.iter().map(|duty| duty.from).collect::<Vec<_>>()
    };
    assert_eq!(owed(&world), [at(0, 9, 0), at(0, 14, 0)]);
    world.plans[0].from = at(0, 9, 0) + 1;
    assert_eq!(owed(&world), [at(0, 14, 0)]);
    (world.plans[0].from, world.plans[0].until) = (at(0, 9, 0), at(0, 16, 30));
    assert_eq!(owed(&world), [at(0, 9, 0), at(0, 14, 0)]);
    world.plans[0].until = at(0, 16, 30) - 1;
    assert_eq!(owed(&world), [at(0, 9, 0)]);
    world.phones = vec![
        phone(MONDAY, at(0, 10, 0)),
        phone(at(0, 10, 0), at(9, 0, 0)),
    ];
    assert_eq!(owed(&world), [] as [i64; 0], "no one phone for all of it");
    world.phones = vec![phone(MONDAY, at(0, 11, 30))];
    assert_eq!(owed(&world), [at(0, 9, 0)]);
    world.phones[0].known = at(0, 9, 0) + 1;
    assert_eq!(owed(&world), [] as [i64; 0], "not let in at first");
}

#[test]
fn two_plans_that_ask_the_same_ask_once() {
    let mut world = World::new();
    let once = world.asked().duties(at(0, 0, 0), at(7, 0, 0));
    assert_eq!(once.len(), 28);
    world.plans.push(plan());
    assert_eq!(world.asked().duties(at(0, 0, 0), at(7, 0, 0)), once);
}

#[test]
fn what_is_due_is_open_now_and_goes_with_its_answer() {
    let world = World::new();
    let due = |check_ins: &[CheckIn], now| world.asked().due(check_ins, now);
    let morning = at(3, 9, 0);
    let windows = |now| {
        let due = due(&[], now).into_iter();
        due.filter(|duty| duty.kind == DutyKind::Window).count()
    };
    assert_eq!((windows(morning - 1), windows(morning)), (0, 1));
    assert_eq!((windows(at(3, 11, 30) - 1), windows(at(3, 11, 30))), (1, 0));
    let answered = [check_in(morning)];
    let left = due(&answered, morning + MINUTE);
    assert!(left.iter().all(|duty| duty.kind == DutyKind::Prompt));
    for minute in 0..24 * 60 {
        let now = at(5, 0, minute);
        assert!(due(&[], now).iter().all(|duty| duty.holds(now)), "{minute}");
    }
}

#[test]
fn nobody_misses_what_the_node_was_not_there_to_hear() {
    let mut world = World::without_prompts();
    let noon = at(0, 12, 0);
    assert_eq!(world.misses(&[], noon), [(noon, Some(4), None)]);
    for (from, until, excused) in [
        (at(0, 11, 0), at(0, 11, 10), true),
        (at(0, 8, 0), at(0, 9, 0), false),
        (at(0, 8, 0), at(0, 9, 0) + 1, true),
        (at(0, 12, 0), at(0, 13, 0), false),
        (at(0, 12, 0) - 1, at(0, 13, 0), true),
    ] {
        world.down = Spans::new([(from, until)]);
        assert_eq!(
            world.misses(&[], noon).is_empty(),
            excused,
            "{from} {until}"
        );
    }
    // What came in all the same counts, and ends a run of misses.
    world.down = Spans::new([(at(0, 14, 30), at(0, 14, 40))]);
    let answers = [check_in(at(0, 15, 0))];
    let told = world.misses(&answers, at(0, 23, 0));
    assert_eq!(told, [(noon, Some(4), Some(at(0, 15, 0) + 3_000))]);
}

#[test]
fn misses_of_a_day_are_one_condition_and_each_day_has_its_own() {
    let world = World::without_prompts();
    let [morning, evening] = [12, 17].map(|hour| at(0, hour, 0));
    assert_eq!(world.misses(&[], evening - 1), [(morning, Some(4), None)]);
    assert_eq!(world.misses(&[], evening), [(morning, Some(3), None)]);
    let next = at(1, 12, 0);
    let told = world.misses(&[], next);
    assert_eq!(
        told,
        [(morning, Some(3), Some(next)), (next, Some(2), None)],
        "a day without any is graver still"
    );
}

#[test]
fn doubtful_check_ins_that_came_together_are_one_condition() {
    let world = World::without_prompts();
    let doubts = |check_ins: &[CheckIn]| {
        let told = world.told(check_ins, at(2, 0, 0)).into_iter();
        let doubts = told.filter(|one| one.kind == AlarmKind::CheckDoubt);
        doubts
            .map(|one| (one.time, one.graver.unwrap()))
            .collect::<Vec<_>>()
    };
    let first = faceless(at(0, 9, 30));
    let together = faceless(first.at + 30 * MINUTE - 1);
    let apart = faceless(first.at + 30 * MINUTE);
    let time = first.received_at;
    assert_eq!(doubts(std::slice::from_ref(&first)), [(time, 3)]);
    assert_eq!(doubts(&[together, first.clone()]), [(time, 2)]);
    assert_eq!(
        doubts(&[first, apart.clone()]),
        [(time, 3), (apart.received_at, 2)]
    );
}

#[test]
fn home_is_every_area_in_force_with_its_buffer_and_the_accuracy_of_the_place() {
    // The eastern edge lies on 113.1° E; a ten-thousandth of a degree is some 9.8 m there.
    let corner = |lat, lon| Coord::new(lat, lon).unwrap();
    let ring = vec![
        corner(279_000_000, 1_129_000_000),
        corner(279_000_000, 1_131_000_000),
        corner(281_000_000, 1_131_000_000),
        corner(281_000_000, 1_129_000_000),
    ];
    let shape = Shape::new(vec![vec![ring]]).unwrap();
    let home = Fence::new("home", FenceKind::KeepIn, shape.clone(), 100_000).unwrap();
    let out = |outward: i32, accuracy_m: u32| {
        let lon = 1_131_000_000 + outward * 1_000;
        let at = Coord::new(280_000_000, lon).unwrap();
        Point::new(MONDAY, at, Some(accuracy_m * 1_000), Source::Gnss)
    };
    let ask = |fence: &Fence, permits: &[Permit], point: &Point| {
        may_be(&Fences::from(vec![fence.clone()]), permits, PERSON, point)
    };
    assert!(ask(&home, &[], &out(-500, 10)));
    assert!(
        ask(&home, &[], &out(11, 10)),
        "some 108 m out, within 110 m"
    );
    assert!(!ask(&home, &[], &out(12, 10)), "some 118 m out");
    assert!(ask(&home, &[], &out(12, 20)));
    assert!(!ask(&home, &[], &out(500, 800)), "coarse and far away");
    let leave = Permit {
        person: PERSON.to_owned(),
        from: MONDAY,
        to: MONDAY + DAY_MS,
        area: None,
        fence: None,
        signed: Some(MONDAY - DAY_MS),
        revoked: None,
    };
    assert!(ask(&home, std::slice::from_ref(&leave), &out(500, 10)));
    let of_another = Permit {
        person: "08".to_owned(),
        ..leave
    };
    assert!(!ask(&home, &[of_another], &out(500, 10)));
    let night = Window::new(&[1, 2, 3, 4, 5, 6, 7], 1_320, 360).unwrap();
    let nightly = home
        .clone()
        .with_schedule(Schedule::new(vec![night]).unwrap());
    assert!(!ask(&nightly, &[], &out(500, 10)), "midnight lies in it");
    let noon = Point {
        time: at(0, 12, 0),
        ..out(500, 10)
    };
    assert!(ask(&nightly, &[], &noon));
    let later = Validity {
        from: Some(MONDAY + 1),
        until: None,
    };
    assert!(ask(&home.with_version(1, later), &[], &out(500, 10)));
    let out_of = Fence::new("school", FenceKind::KeepOut, shape, 50_000).unwrap();
    assert!(
        ask(&out_of, &[], &out(-500, 10)),
        "a forbidden area is no home"
    );
}

/// Misses by the day once more: each duty of the windows, minute by minute, no runs kept.
fn plainly_told(check_ins: &[CheckIn], now: i64) -> BTreeMap<i64, i64> {
    let mut first_of_day = BTreeMap::new();
    let mut in_run = None;
    for day in 0..8 {
        for (from, until) in [(540, 690), (840, 990)] {
            let (from, until) = (at(day, 0, from), at(day, 0, until));
            let since = until + 30 * MINUTE;
            if since > now {
                continue;
            }
            let answered = check_ins.iter().any(|one| {
                (from..until).contains(&one.at) && (from..since).contains(&one.received_at)
            });
            in_run = match in_run {
                _ if answered => None,
                Some(begun) if begun == day => Some(day),
                _ => {
                    first_of_day.insert(since, day);
                    Some(day)
                }
            };
        }
    }
    first_of_day
}

fn any_check_in() -> impl Strategy<Value = CheckIn> {
    (0_i64..7 * 24 * 60, 0_i64..600, any::<bool>()).prop_map(|(minute, delay, seen)| {
        let one = check_in(MONDAY + minute * MINUTE);
        CheckIn {
            received_at: one.at + delay * MINUTE,
            face: one.face.filter(|_| seen),
            ..one
        }
    })
}

fn received_by(check_ins: &[CheckIn], now: i64) -> Vec<CheckIn> {
    let known = check_ins.iter().filter(|one| one.received_at <= now);
    known.cloned().collect()
}

proptest! {
    #[test]
    fn any_order_with_doubles_is_told_as_the_plain_rules_say(
        check_ins in prop::collection::vec(any_check_in(), 0..25),
        turn in 0_usize..25,
        now in 0_i64..8 * 24 * 60,
    ) {
        let world = World::without_prompts();
        let now = MONDAY + now * MINUTE;
        let known = received_by(&check_ins, now);
        let mut shuffled = known.clone();
        if !shuffled.is_empty() {
            let turn = turn % shuffled.len();
            shuffled.rotate_left(turn);
            shuffled.extend_from_slice(&known[..turn]);
        }
        let told = world.told(&known, now);
        prop_assert_eq!(&told, &world.told(&shuffled, now));
        let misses = told.iter().filter(|one| one.kind == AlarmKind::CheckMiss);
        let misses: Vec<i64> = misses.map(|one| one.time).collect();
        let plain: Vec<i64> = plainly_told(&known, now).into_keys().collect();
        prop_assert_eq!(misses, plain);
    }

    #[test]
    fn two_conditions_of_a_kind_never_overlap(
        check_ins in prop::collection::vec(any_check_in(), 0..25),
        now in 0_i64..8 * 24 * 60,
    ) {
        let world = World::new();
        let now = MONDAY + now * MINUTE;
        let told = world.told(&received_by(&check_ins, now), now);
        for kind in [AlarmKind::CheckMiss, AlarmKind::CheckDoubt] {
            let of_kind: Vec<&Condition> = told.iter().filter(|one| one.kind == kind).collect();
            for pair in of_kind.windows(2) {
                let end = pair[0].cleared.as_ref().unwrap().time;
                prop_assert!(pair[0].time < end && end <= pair[1].time);
            }
        }
    }

    #[test]
    fn what_was_told_stays_told_whatever_comes_later(
        check_ins in prop::collection::vec(any_check_in(), 0..25),
        now in 0_i64..7 * 24 * 60,
        later in 0_i64..24 * 60,
    ) {
        let world = World::new();
        let now = MONDAY + now * MINUTE;
        let later = now + later * MINUTE;
        let before = world.told(&received_by(&check_ins, now), now);
        let after = world.told(&received_by(&check_ins, later), later);
        for told in before {
            let same = after.iter().find(|one| one.deciding == told.deciding);
            prop_assert!(same.is_some_and(|one| {
                one.kind == told.kind && one.time == told.time && one.graver <= told.graver
            }), "{:?}", told);
        }
    }

    #[test]
    fn the_clock_decides_nothing_between_two_of_its_instants(
        check_ins in prop::collection::vec(any_check_in(), 0..25),
        now in 0_i64..7 * 24 * 60,
    ) {
        let world = World::new();
        let now = MONDAY + now * MINUTE;
        let next = world.asked().next_after(now).unwrap();
        prop_assert!(next > now);
        let misses = |now| world.misses(&check_ins, now);
        prop_assert_eq!(misses(now), misses(next - 1));
    }
}

/// A place so many metres north and east of home.
fn metres(time: i64, north: f64, east: f64, accuracy_m: u32) -> Point {
    let lat = 281_500_000 + (north / 110_900.0 * 1e7).round() as i32;
    let lon = 1_136_000_000 + (east / 98_200.0 * 1e7).round() as i32;
    let at = Coord::new(lat, lon).unwrap();
    Point::new(time, at, Some(accuracy_m * 1_000), Source::Gnss)
}

fn made_at(point: Point) -> CheckIn {
    CheckIn {
        point: Some(point),
        ..check_in(point.time)
    }
}

#[test]
fn a_check_in_far_from_the_band_tells_that_they_are_apart_whoever_was_seen() {
    let world = World::without_prompts();
    let noon = at(0, 10, 0);
    let here = |north: f64| made_at(metres(noon, north, 0.0, 10));
    let band = |before: i64, after: i64| {
        let fix = |minutes| metres(noon + minutes * MINUTE, 0.0, 0.0, 20);
        [fix(-before), fix(after)]
    };
    let apart = |band: &[Point], one: CheckIn| {
        let told = world.held_against(band, &[one], at(0, 11, 0)).into_iter();
        let told = told.filter(|one| one.kind == AlarmKind::Separation);
        told.map(|one| (one.about, one.time)).collect::<Vec<_>>()
    };
    // 200 m and both accuracies, 10 m and 20 m.
    assert_eq!(apart(&band(2, 2), here(225.0)), []);
    let told = [("checkin".to_owned(), noon + 3_000)];
    assert_eq!(apart(&band(2, 2), here(235.0)), told);
    let nobody = CheckIn {
        face: None,
        ..here(235.0)
    };
    assert_eq!(apart(&band(2, 2), nobody), told);
    // Where the band was nobody knows for so long.
    assert_eq!(apart(&band(10, 10), here(500.0)), told);
    assert_eq!(apart(&band(11, 2), here(500.0)), []);
    assert_eq!(apart(&band(2, 11), here(500.0)), []);
    assert_eq!(apart(&band(2, 2)[..1], here(500.0)), []);
    assert_eq!(apart(&[], here(500.0)), []);
    // On the way of a band that moved: between its positions, and near one of them.
    let moved = [
        metres(noon - 5 * MINUTE, 0.0, 0.0, 20),
        metres(noon + 5 * MINUTE, 4_000.0, 0.0, 20),
    ];
    assert_eq!(apart(&moved, here(2_000.0)), []);
    assert_eq!(apart(&moved, here(100.0)), []);
    assert_eq!(apart(&moved, here(1_000.0)), told);
    // A place that the phone says is made up, and one that it does not say.
    let made_up = CheckIn {
        signs: Signs::NONE.with(Sign::MadeUp, true),
        ..here(500.0)
    };
    assert_eq!(apart(&band(2, 2), made_up), []);
    let nowhere = CheckIn {
        point: None,
        ..here(500.0)
    };
    assert_eq!(apart(&band(2, 2), nowhere), []);
}

/// K12 once more in metres and floating point: how much farther than it may be the nearest of the
/// three places is, none where nobody knows where the band was.
fn plainly_apart(one: &Point, band: &[Point]) -> Option<f64> {
    let xy = |point: &Point| {
        let north = f64::from(point.at.lat() - 281_500_000) / 1e7 * 110_900.0;
        let east = f64::from(point.at.lon() - 1_136_000_000) / 1e7 * 98_200.0;
        (north, east)
    };
    let best = |fixes: Vec<&Point>, key: fn(&Point) -> i64| {
        fixes
            .into_iter()
            .copied()
            .min_by_key(|fix| (key(fix), fix.accuracy_mm))
    };
    let usable = || band.iter().filter(|fix| fix.accuracy_mm <= 500_000);
    let before = best(
        usable().filter(|fix| fix.time <= one.time).collect(),
        |fix| -fix.time,
    )?;
    let after = best(
        usable().filter(|fix| fix.time >= one.time).collect(),
        |fix| fix.time,
    )?;
    if one.time - before.time > 10 * MINUTE || after.time - one.time > 10 * MINUTE {
        return None;
    }
    let ((an, ae), (bn, be), (pn, pe)) = (xy(&before), xy(&after), xy(one));
    let whole = (after.time - before.time).max(1) as f64;
    let part = (one.time - before.time) as f64 / whole;
    let places = [
        (an, ae),
        (bn, be),
        (an + (bn - an) * part, ae + (be - ae) * part),
    ];
    let nearest = places.into_iter().map(|(n, e)| (n - pn).hypot(e - pe));
    let accuracy_mm = one.accuracy_mm + before.accuracy_mm.max(after.accuracy_mm);
    let far = 200.0 + f64::from(accuracy_mm) / 1_000.0;
    Some(nearest.fold(f64::MAX, f64::min) - far)
}

proptest! {
    #[test]
    fn apart_is_what_the_plain_rule_says(
        band in prop::collection::vec((-30_i64..30, -900_i32..900, -900_i32..900, 1_u32..600), 0..12),
        (north, east, accuracy) in (-900_i32..900, -900_i32..900, 1_u32..100),
    ) {
        let world = World::without_prompts();
        let noon = at(0, 10, 0);
        let fix = |(minute, north, east, accuracy): (i64, i32, i32, u32)| {
            metres(noon + minute * MINUTE, f64::from(north), f64::from(east), accuracy)
        };
        let band: Vec<Point> = band.into_iter().map(fix).collect();
        // Two at one instant have an order of their own.
        let mut times: Vec<i64> = band.iter().map(|fix| fix.time).collect();
        times.sort_unstable();
        prop_assume!(times.windows(2).all(|pair| pair[0] < pair[1]));
        let place = metres(noon, f64::from(north), f64::from(east), accuracy);
        let told = world.held_against(&band, &[made_at(place)], at(0, 11, 0));
        let is_apart = told.iter().any(|one| one.kind == AlarmKind::Separation);
        match plainly_apart(&place, &band) {
            Some(beyond) if beyond.abs() < 5.0 => {}
            beyond => prop_assert_eq!(is_apart, beyond.is_some_and(|beyond| beyond > 0.0)),
        }
    }
}
