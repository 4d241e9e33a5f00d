//! Violations are a function of the set of fixes: no order, double, split or restart changes them,
//! and alarms
//! already raised are brought in line with what late fixes and late permits show.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use jiaolian_schema::fence::{Fence, FenceKind, Fences, Validity};
use jiaolian_schema::fix::{Fix, Point, Source};
use jiaolian_schema::geo::{Coord, Shape};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::schedule::{Schedule, Window};
use jiaolian_schema::watch::{
    AlarmChange, AlarmKind, Change, Judgement, StandingAlarm, Step, Unused, WatchState,
    WithdrawalCause, alarm_id, events, match_alarms, rejudge,
};
use proptest::prelude::*;

/// Monday 2026-03-02 08:00 in Shanghai.
const START_MS: i64 = 1_772_409_600_000;
const MINUTE_MS: i64 = 60_000;
/// About 100 m of longitude at 27.65 degrees, 1e-7 degree.
const HUNDRED_M: i32 = 10_150;

fn place(hundreds_m: i32) -> Coord {
    Coord::new(276_500_000, 1_114_000_000 + hundreds_m * HUNDRED_M).unwrap()
}

fn square(west: i32, east: i32) -> Shape {
    let (west, east) = (place(west).lon(), place(east).lon());
    let corners = [
        (276_000_000, west),
        (276_000_000, east),
        (277_000_000, east),
        (277_000_000, west),
    ];
    let ring = corners
        .map(|(lat, lon)| Coord::new(lat, lon).unwrap())
        .to_vec();
    Shape::new(vec![vec![ring]]).unwrap()
}

/// A home, a night home that changes its area at minute 40, and a forbidden place.
fn fences() -> Fences {
    let night = Window::new(&[1], 490, 530).unwrap();
    let scheduled = Schedule::new(vec![night]).unwrap();
    let turn = Some(START_MS + 40 * MINUTE_MS);
    let home =
        |id: &str, east| Fence::new(id, FenceKind::KeepIn, square(-50, east), 100_000).unwrap();
    Fences::from(vec![
        home("home", 0),
        home("night", -2).with_schedule(scheduled),
        home("moved", -4).with_version(
            1,
            Validity {
                from: None,
                until: turn,
            },
        ),
        home("moved", 4).with_version(
            2,
            Validity {
                from: turn,
                until: None,
            },
        ),
        Fence::new("school", FenceKind::KeepOut, square(3, 9), 50_000).unwrap(),
    ])
}

fn leave(from: i64, to: i64) -> Permit {
    Permit {
        person: "p".to_owned(),
        from: START_MS + from * MINUTE_MS,
        to: START_MS + to * MINUTE_MS,
        area: None,
        fence: None,
        signed: None,
        revoked: None,
    }
}

fn point() -> impl Strategy<Value = Point> {
    let source =
        prop_oneof![6 => Just(Source::Gnss), 1 => Just(Source::Wifi), 1 => Just(Source::Cell)];
    (
        0..240_i64,
        -12..14_i32,
        prop::option::of(5_000..600_000_u32),
        source,
    )
        .prop_map(|(half_minute, hundreds_m, accuracy_mm, source)| {
            let time = START_MS + half_minute * MINUTE_MS / 2;
            Point::new(
                time,
                place(hundreds_m),
                accuracy_mm.filter(|mm| mm % 3 == 0),
                source,
            )
        })
}

/// A node that stores fixes, steps on the ones in order and judges again on a late one.
fn run_node(points: &[Point], fences: &Fences, permits: &[Permit]) -> Judgement {
    let mut stored: Vec<Point> = Vec::new();
    let mut now = Judgement::default();
    for point in points {
        stored.push(*point);
        let fix = Fix {
            person: "p".to_owned(),
            point: *point,
        };
        match now.state.step(&fix, fences, permits) {
            Step::Used(decided) => now.transitions.extend(decided),
            Step::Unused(_) => {}
            Step::Late => now = rejudge("p", &stored, fences, permits),
        }
    }
    now
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_order_with_doubles_gives_one_judgement(
        points in prop::collection::vec(point(), 1..80),
        order in any::<prop::sample::Index>(),
        lead in 0..240_i64,
        shuffled in Just(()).prop_perturb(|(), mut rng| rng.random::<u64>()),
    ) {
        let fences = fences();
        let permits = [leave(lead, lead + 10)];
        let whole = rejudge("p", &points, &fences, &permits);
        let mut arrival = points.clone();
        arrival.push(points[order.index(points.len())]);
        let length = arrival.len() as u64;
        arrival.sort_by_key(|point| (point.time as u64).wrapping_mul(shuffled | 1) % (length * 97));
        let found = run_node(&arrival, &fences, &permits);
        prop_assert_eq!(&found.state, &whole.state);
        prop_assert_eq!(&found.transitions, &whole.transitions);
        let bytes = minicbor::to_vec(&found.state).unwrap();
        prop_assert_eq!(minicbor::decode::<WatchState>(&bytes).unwrap(), found.state);
    }

    #[test]
    fn people_and_fences_do_not_disturb_one_another(points in prop::collection::vec(point(), 1..60)) {
        let all = fences();
        let fixes: Vec<Fix> = ["p", "q"]
            .iter()
            .flat_map(|person| points.iter().map(|point| Fix { person: (*person).to_owned(), point: *point }))
            .collect();
        let together = events(&fixes, &all, &[]);
        for person in ["p", "q"] {
            for id in ["home", "night", "moved", "school"] {
                let alone = Fences::from(all.iter().filter(|fence| fence.id() == id).cloned().collect::<Vec<_>>());
                let own: Vec<Fix> = fixes.iter().filter(|fix| fix.person == person).cloned().collect();
                let expected = events(&own, &alone, &[]);
                let found: Vec<_> = together
                    .iter()
                    .filter(|event| event.person == person && event.fence == id)
                    .cloned()
                    .collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}

fn fix(minute: i64, hundreds_m: i32) -> Point {
    Point::new(
        START_MS + minute * MINUTE_MS,
        place(hundreds_m),
        None,
        Source::Gnss,
    )
}

fn home() -> Fences {
    Fences::from(vec![
        Fence::new("home", FenceKind::KeepIn, square(-50, 0), 100_000).unwrap(),
    ])
}

fn standing(judged: &Judgement) -> Vec<StandingAlarm> {
    let alarm = |violation: &jiaolian_schema::watch::Condition| StandingAlarm {
        id: alarm_id("p", &violation.about, AlarmKind::Exit, violation.deciding),
        about: violation.about.clone(),
        kind: AlarmKind::Exit,
        time: violation.time,
        until: violation.cleared.as_ref().map(|clearing| clearing.time),
        evidence: violation.evidence.clone(),
    };
    judged.conditions.iter().map(alarm).collect()
}

#[test]
fn an_alarm_is_withdrawn_when_a_leave_arrives_late() {
    let points = [fix(0, 5), fix(1, 5), fix(3, 5)];
    let before = rejudge("p", &points, &home(), &[]);
    let permits = [leave(0, 600)];
    let after = rejudge("p", &points, &home(), &permits);
    assert!(after.conditions.is_empty());
    let alarm = standing(&before)[0].id;
    let changes = match_alarms("p", &after.conditions, &standing(&before), &permits);
    assert_eq!(
        changes,
        [AlarmChange::Withdraw {
            alarm,
            cause: WithdrawalCause::PermitLate
        }]
    );
    let unknown = match_alarms("p", &[], &standing(&before), &[]);
    assert_eq!(
        unknown,
        [AlarmChange::Withdraw {
            alarm,
            cause: WithdrawalCause::FixLate
        }]
    );
}

#[test]
fn a_violation_shown_by_late_fixes_gets_one_retrospective_alarm() {
    let late = [fix(0, 5), fix(1, 5), fix(3, 5), fix(10, -5), fix(12, -5)];
    let judged = rejudge("p", &late, &home(), &[]);
    let changes = match_alarms("p", &judged.conditions, &[], &[]);
    let alarm = alarm_id("p", "home", AlarmKind::Exit, late[2].id("p"));
    assert_eq!(
        changes,
        [AlarmChange::Raise {
            alarm,
            condition: 0
        }]
    );
    assert_eq!(
        judged.conditions[0].cleared.as_ref().unwrap().change,
        Change::ClearReturned
    );
    let again = match_alarms("p", &judged.conditions, &standing(&judged), &[]);
    assert_eq!(
        again,
        [AlarmChange::Stands {
            alarm,
            condition: 0
        }]
    );
}

#[test]
fn two_alarms_on_one_violation_become_the_smaller() {
    let judged = rejudge("p", &[fix(0, 5), fix(1, 5), fix(3, 5)], &home(), &[]);
    let mut alarms = standing(&judged);
    alarms.push(StandingAlarm {
        id: [0xff; 32],
        ..alarms[0].clone()
    });
    alarms.push(StandingAlarm {
        id: [0; 32],
        ..alarms[0].clone()
    });
    let (small, middle) = ([0; 32], alarms[0].id);
    let changes = match_alarms("p", &judged.conditions, &alarms, &[]);
    assert_eq!(
        changes,
        [
            AlarmChange::Stands {
                alarm: small,
                condition: 0
            },
            AlarmChange::Merge {
                alarm: middle,
                into: small
            },
            AlarmChange::Merge {
                alarm: [0xff; 32],
                into: small
            },
        ]
    );
}

#[test]
fn an_alarm_over_two_violations_stands_for_the_earlier() {
    let out = |from: i64| [fix(from, 5), fix(from + 1, 5), fix(from + 3, 5)];
    let back = |from: i64| [fix(from, -5), fix(from + 2, -5)];
    let points: Vec<Point> = [&out(0)[..], &back(5), &out(10), &back(15)]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    let judged = rejudge("p", &points, &home(), &[]);
    assert_eq!(judged.conditions.len(), 2);
    // Before the fixes of minutes 5 to 7 were known, there was one.
    let known = rejudge(
        "p",
        &[&out(0)[..], &out(10), &back(15)].concat(),
        &home(),
        &[],
    );
    let alarms = standing(&known);
    assert_eq!(alarms.len(), 1);
    let changes = match_alarms("p", &judged.conditions, &alarms, &[]);
    let second = alarm_id("p", "home", AlarmKind::Exit, judged.conditions[1].deciding);
    assert_eq!(
        changes,
        [
            AlarmChange::Stands {
                alarm: alarms[0].id,
                condition: 0
            },
            AlarmChange::Raise {
                alarm: second,
                condition: 1
            },
        ]
    );
}

#[test]
fn a_suspicion_is_raised_once_until_the_person_is_back() {
    let faint = |minute, hundreds_m| {
        Point::new(
            START_MS + minute * MINUTE_MS,
            place(hundreds_m),
            None,
            Source::Wifi,
        )
    };
    let changes = |points: &[Point]| -> Vec<(AlarmKind, i64)> {
        let judged = rejudge("p", points, &home(), &[]);
        let minute = |ms: i64| (ms - START_MS) / MINUTE_MS;
        judged
            .transitions
            .iter()
            .map(|t| (t.kind, minute(t.decided_at)))
            .collect()
    };
    let once = [
        faint(0, 9),
        faint(8, 9),
        faint(15, 9),
        faint(20, 9),
        faint(40, 9),
    ];
    assert_eq!(changes(&once), [(AlarmKind::Suspect, 15)]);
    assert_eq!(changes(&[faint(0, 9), faint(8, 9), faint(14, 9)]), []);
    assert_eq!(changes(&[faint(0, 9), faint(8, 9), faint(39, 9)]), []);
    let twice = [
        &once[..],
        &[fix(50, -9), faint(60, 9), faint(70, 9), faint(75, 9)],
    ]
    .concat();
    assert_eq!(
        changes(&twice),
        [(AlarmKind::Suspect, 15), (AlarmKind::Suspect, 75)]
    );
    assert_eq!(
        changes(&[faint(0, 9), faint(8, 9), faint(10, -9), faint(15, 9)]),
        []
    );
}

#[test]
fn a_suspicion_disturbs_no_exit() {
    let mut points: Vec<Point> = [0, 8, 16]
        .map(|minute| {
            let time = START_MS + minute * MINUTE_MS;
            Point::new(time, place(9), Some(300_000), Source::Cell)
        })
        .to_vec();
    points.extend([fix(14, 9), fix(15, 9), fix(17, 9)]);
    let judged = rejudge("p", &points, &home(), &[]);
    let kinds: Vec<AlarmKind> = judged.transitions.iter().map(|t| t.kind).collect();
    assert_eq!(kinds, [AlarmKind::Suspect, AlarmKind::Exit]);
    assert_eq!(judged.conditions[0].time, points[3].time);
}

#[test]
fn a_fence_that_is_no_longer_valid_closes_its_violation() {
    let until = Some(START_MS + 5 * MINUTE_MS);
    let fence = Fence::new("home", FenceKind::KeepIn, square(-50, 0), 100_000).unwrap();
    let fences = Fences::from(vec![fence.with_version(3, Validity { from: None, until })]);
    let judged = rejudge(
        "p",
        &[fix(0, 5), fix(1, 5), fix(3, 5), fix(5, 5)],
        &fences,
        &[],
    );
    let clearing = judged.conditions[0].cleared.clone().unwrap();
    assert_eq!(
        (clearing.change, clearing.time),
        (Change::ClearUnbound, START_MS + 5 * MINUTE_MS)
    );
}

#[test]
fn a_better_rival_of_the_last_instant_is_late_and_a_worse_one_is_not() {
    let mut state = WatchState::default();
    let step = |state: &mut WatchState, accuracy_mm, minute| {
        let time = START_MS + minute * MINUTE_MS;
        let point = Point::new(time, place(0), Some(accuracy_mm), Source::Gnss);
        state.step(
            &Fix {
                person: "p".to_owned(),
                point,
            },
            &home(),
            &[],
        )
    };
    assert_eq!(step(&mut state, 20_000, 1), Step::Used(Vec::new()));
    assert_eq!(step(&mut state, 20_000, 1), Step::Unused(Unused::Double));
    assert_eq!(step(&mut state, 30_000, 1), Step::Unused(Unused::Rival));
    assert_eq!(
        step(&mut state, 600_000, 0),
        Step::Unused(Unused::Inaccurate)
    );
    assert_eq!(step(&mut state, 10_000, 1), Step::Late);
    assert_eq!(step(&mut state, 20_000, 0), Step::Late);
}

#[test]
fn the_same_fix_has_one_name_however_its_accuracy_was_given() {
    let given = Point::new(START_MS, place(0), Some(15_000), Source::Gnss);
    for unknown in [None, Some(0)] {
        assert_eq!(
            Point::new(START_MS, place(0), unknown, Source::Gnss).id("p"),
            given.id("p")
        );
    }
    let wifi = Point::new(START_MS, place(0), Some(15_000), Source::Wifi);
    assert_ne!(wifi.id("p"), given.id("p"));
    assert_ne!(given.id("q"), given.id("p"));
}
