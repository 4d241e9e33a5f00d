//! Check-ins: scenario 28 of the domain, the edges of each rule, and a plain second reading of the
//! rules over random sets.

#![allow(clippy::unwrap_used)]

use jiaolian_schema::checkin::{
    CheckIn, Doubt, Duty, DutyKind, Face, Numbers, doubtful, missed, prompts, windows,
};
use jiaolian_schema::fix::{Coord, DAY_MS, Point, SHANGHAI_AHEAD_MS, Source};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::schedule::{Schedule, Window};
use jiaolian_schema::signal::{Sign, Signs};
use proptest::prelude::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Monday 2026-03-02 00:00 in Shanghai.
const MONDAY: i64 = 1_772_409_600_000 - SHANGHAI_AHEAD_MS;
const PHONE: &str = "phone-1";
const ALIKE: Face = Face {
    likeness: 950,
    liveness: 980,
};

fn numbers() -> Numbers {
    *RulePack::builtin().check_in_numbers()
}

/// 09:00 to 11:30 and 14:00 to 16:30, every day.
fn plan() -> Schedule {
    let days = [1, 2, 3, 4, 5, 6, 7];
    let window = |from, to| Window::new(&days, from, to).unwrap();
    Schedule::new(vec![window(540, 690), window(840, 990)]).unwrap()
}

fn at(day: i64, hour: i64, minute: i64) -> i64 {
    MONDAY + day * DAY_MS + hour * HOUR + minute * MINUTE
}

/// A good check-in, received three seconds later.
fn check_in(time: i64) -> CheckIn {
    CheckIn {
        at: time,
        received_at: time + 3_000,
        terminal: PHONE.to_owned(),
        point: Some(Point::new(
            time,
            Coord::new(281_500_000, 1_136_000_000).unwrap(),
            Some(20_000),
            Source::Gnss,
        )),
        face: Some(ALIKE),
        signs: Signs::NONE,
    }
}

fn is_bound(terminal: &str, _: i64) -> bool {
    terminal == PHONE
}

fn doubts_of(check_ins: &[CheckIn]) -> Vec<(i64, Vec<Doubt>, u8)> {
    let duties = windows(&plan(), MONDAY, MONDAY + 30 * DAY_MS);
    let found = doubtful(&duties, check_ins, is_bound, |_| true, &numbers());
    found
        .into_iter()
        .map(|one| (one.check_in.at, one.doubts, one.severity))
        .collect()
}

#[test]
fn scenario_28_once_a_day_at_both_ends_of_the_night_misses_every_window_and_shows_the_edge() {
    // 00:01 of one day, 23:59 of the next, and so on: once in each civil day.
    let times: Vec<i64> = (0..10)
        .map(|day| {
            if day % 2 == 0 {
                at(day, 0, 1)
            } else {
                at(day, 23, 59)
            }
        })
        .collect();
    let check_ins: Vec<CheckIn> = times.iter().copied().map(check_in).collect();
    let duties = windows(&plan(), MONDAY, MONDAY + 10 * DAY_MS);
    assert_eq!(duties.len(), 20);
    let misses = missed(&duties, &check_ins, &numbers(), MONDAY + 11 * DAY_MS);
    assert_eq!(misses.len(), 20, "no window was answered");
    let mut graver = misses.iter().filter(|miss| miss.in_a_row > 1);
    assert!(graver.all(|miss| miss.severity <= 3));
    let edges: Vec<i64> = doubts_of(&check_ins)
        .into_iter()
        .filter(|(_, doubts, _)| doubts == &[Doubt::Edge])
        .map(|(time, _, _)| time)
        .collect();
    assert_eq!(edges, [2, 4, 6, 8].map(|day| at(day, 0, 1)));
}

#[test]
fn scenario_28_random_prompts_are_not_met_by_signing_at_fixed_hours() {
    let mut missed_days = 0;
    for day in 0..30 {
        let civil = (at(day, 0, 0) + SHANGHAI_AHEAD_MS).div_euclid(DAY_MS);
        let duties = prompts(
            &[7; 32],
            "person",
            civil,
            (2, 20 * MINUTE),
            numbers().waking,
        );
        let fixed = [at(day, 9, 0), at(day, 15, 0), at(day, 21, 0)].map(check_in);
        let misses = missed(&duties, &fixed, &numbers(), at(day + 1, 0, 0));
        missed_days += usize::from(!misses.is_empty());
    }
    assert!(missed_days >= 25, "{missed_days} of 30 days");
}

#[test]
fn scenario_28_a_face_passed_on_by_video_is_doubtful_and_nothing_more() {
    let relayed = CheckIn {
        face: Some(Face {
            likeness: 970,
            liveness: 400,
        }),
        ..check_in(at(0, 10, 0))
    };
    let found = doubts_of(std::slice::from_ref(&relayed));
    assert_eq!(found, [(at(0, 10, 0), vec![Doubt::NotAlive], 3)]);
    // It answers its window: only a person says what it was.
    let duties = windows(&plan(), at(0, 0, 0), at(0, 12, 0));
    let misses = missed(&duties, &[relayed], &numbers(), at(1, 0, 0));
    assert_eq!(misses, []);
}

#[test]
fn a_window_is_missed_half_an_hour_after_its_end_and_not_a_moment_before() {
    let duties = windows(&plan(), at(0, 0, 0), at(0, 12, 0));
    let since = at(0, 12, 0);
    let none = missed(&duties, &[], &numbers(), since - 1);
    assert_eq!(none, []);
    let misses = missed(&duties, &[], &numbers(), since);
    assert_eq!((misses[0].since, misses[0].severity), (since, 4));
}

#[test]
fn the_edges_of_a_window_are_its_first_instant_and_none_of_its_end() {
    let duties = windows(&plan(), at(0, 0, 0), at(0, 12, 0));
    let answered = |time| missed(&duties, &[check_in(time)], &numbers(), at(1, 0, 0)).is_empty();
    assert!(!answered(at(0, 9, 0) - 1));
    assert!(answered(at(0, 9, 0)));
    assert!(answered(at(0, 11, 30) - 1));
    assert!(!answered(at(0, 11, 30)));
}

#[test]
fn what_came_too_late_answers_nothing_and_stands_beside_the_miss() {
    let duties = windows(&plan(), at(0, 0, 0), at(0, 12, 0));
    let received = |at_| CheckIn {
        received_at: at_,
        ..check_in(at(0, 10, 0))
    };
    let judge = |one| missed(&duties, &[one], &numbers(), at(2, 0, 0));
    assert_eq!(judge(received(at(0, 12, 0) - 1)), []);
    let late = judge(received(at(0, 12, 0)));
    assert_eq!(late[0].late, Some(at(0, 10, 0)));
    // A phone whose clock runs ahead signs no window before it has begun.
    let early = judge(received(at(0, 9, 0) - 1));
    assert_eq!(early.len(), 1);
}

#[test]
fn two_misses_in_a_row_are_graver_and_a_day_of_silence_is_graver_still() {
    let duties = windows(&plan(), at(0, 0, 0), at(3, 0, 0));
    let answered = check_in(at(0, 10, 0));
    let misses = missed(&duties, &[answered], &numbers(), at(4, 0, 0));
    let told: Vec<(u32, u8)> = misses.iter().map(|m| (m.in_a_row, m.severity)).collect();
    // Afternoon of the first day, then the second day (silent for a day at its noon), then the third.
    assert_eq!(told, [(1, 4), (2, 2), (3, 2), (4, 2), (5, 2)]);
    let never = missed(&duties, &[], &numbers(), at(4, 0, 0));
    let told: Vec<u8> = never.iter().map(|m| m.severity).collect();
    assert_eq!(told, [4, 3, 2, 2, 2, 2]);
}

#[test]
fn each_doubt_has_its_own_cause_and_the_second_within_a_month_is_graver() {
    let good = check_in(at(0, 10, 0));
    let causes = [
        (
            Doubt::NoFace,
            CheckIn {
                face: None,
                ..good.clone()
            },
        ),
        (
            Doubt::Unlike,
            CheckIn {
                face: Some(Face {
                    likeness: 799,
                    ..ALIKE
                }),
                ..good.clone()
            },
        ),
        (
            Doubt::OtherPhone,
            CheckIn {
                terminal: "phone-2".to_owned(),
                ..good.clone()
            },
        ),
        (
            Doubt::MadeUp,
            CheckIn {
                signs: Signs::NONE.with(Sign::MadeUp, true),
                ..good.clone()
            },
        ),
    ];
    assert_eq!(doubts_of(std::slice::from_ref(&good)), []);
    for (doubt, one) in causes {
        assert_eq!(doubts_of(&[one]), [(good.at, vec![doubt], 3)]);
    }
    let elsewhere = doubtful(
        &[],
        std::slice::from_ref(&good),
        is_bound,
        |_| false,
        &numbers(),
    );
    assert_eq!(elsewhere[0].doubts, [Doubt::Elsewhere]);
    let bare = |day| CheckIn {
        face: None,
        ..check_in(at(day, 10, 0))
    };
    let graver = |days: [i64; 2]| doubts_of(&days.map(bare))[1].2;
    assert_eq!((graver([0, 30]), graver([0, 31])), (2, 3));
}

#[test]
fn two_windows_within_two_hours_are_an_edge_and_two_check_ins_of_one_are_none() {
    let close = Window::new(&[1], 540, 600).unwrap();
    let next = Window::new(&[1], 610, 700).unwrap();
    let plan = Schedule::new(vec![close, next]).unwrap();
    let duties = windows(&plan, at(0, 0, 0), at(1, 0, 0));
    let judge = |minutes: [i64; 2]| {
        let pair = minutes.map(|minute| check_in(at(0, 0, minute)));
        doubtful(&duties, &pair, is_bound, |_| true, &numbers()).len()
    };
    assert_eq!(judge([595, 615]), 1);
    assert_eq!(judge([545, 595]), 0);
    assert_eq!(judge([540, 660]), 0, "two hours apart");
}

#[test]
fn prompts_stay_in_the_waking_day_and_another_secret_draws_others() {
    let day = (MONDAY + SHANGHAI_AHEAD_MS).div_euclid(DAY_MS);
    for number in 0..200 {
        let person = format!("person {number}");
        let drawn = prompts(&[1; 32], &person, day, (6, 20 * MINUTE), numbers().waking);
        assert!(drawn.iter().all(|one| one.kind == DutyKind::Prompt));
        assert!(
            drawn
                .iter()
                .all(|one| at(0, 8, 0) <= one.from && one.until <= at(0, 21, 0))
        );
        assert!(drawn.windows(2).all(|two| two[0].until <= two[1].from));
        assert_eq!(
            drawn,
            prompts(&[1; 32], &person, day, (6, 20 * MINUTE), numbers().waking)
        );
        assert_ne!(
            drawn,
            prompts(&[2; 32], &person, day, (6, 20 * MINUTE), numbers().waking)
        );
    }
}

/// The rules K3 to K5 once more, duty by duty, minute by minute.
fn plainly_missed(duties: &[Duty], check_ins: &[CheckIn], now: i64) -> Vec<(i64, u8)> {
    let mut duties: Vec<Duty> = duties.to_vec();
    duties.sort_by_key(|duty| (duty.until, duty.from, duty.kind));
    let first = duties.iter().map(|duty| duty.from).min().unwrap_or(0);
    let (mut row, mut found) = (0, Vec::new());
    for duty in duties {
        let known = duty.until + 30 * MINUTE;
        if known > now {
            continue;
        }
        let mut answered = false;
        for one in check_ins {
            answered |= one.at >= duty.from
                && one.at < duty.until
                && one.received_at >= duty.from
                && one.received_at < known;
        }
        row = if answered { 0 } else { row + 1 };
        let received_lately = check_ins
            .iter()
            .filter(|one| one.received_at >= known - 24 * HOUR && one.received_at < known)
            .count();
        if !answered {
            let silent = received_lately == 0 && known - first >= 24 * HOUR;
            let severity = if silent {
                2
            } else if row >= 2 {
                3
            } else {
                4
            };
            found.push((known, severity));
        }
    }
    found
}

fn any_check_in() -> impl Strategy<Value = CheckIn> {
    (0_i64..7 * 24 * 60, -30_i64..600).prop_map(|(minute, delay)| {
        let one = check_in(MONDAY + minute * MINUTE);
        CheckIn {
            received_at: one.at + delay * MINUTE,
            ..one
        }
    })
}

proptest! {
    #[test]
    fn any_order_with_doubles_reads_as_the_plain_rules_do(
        check_ins in prop::collection::vec(any_check_in(), 0..30),
        turn in 0_usize..30,
        now in 0_i64..8 * 24 * 60,
    ) {
        let duties = windows(&plan(), MONDAY, MONDAY + 7 * DAY_MS);
        let now = MONDAY + now * MINUTE;
        let plain = plainly_missed(&duties, &check_ins, now);
        let mut shuffled = check_ins.clone();
        if !shuffled.is_empty() {
            let turn = turn % shuffled.len();
            shuffled.rotate_left(turn);
            shuffled.extend_from_slice(&check_ins[..turn]);
        }
        let once = missed(&duties, &check_ins, &numbers(), now);
        prop_assert_eq!(&once, &missed(&duties, &shuffled, &numbers(), now));
        let told: Vec<_> = once.iter().map(|miss| (miss.since, miss.severity)).collect();
        prop_assert_eq!(told, plain);
        prop_assert_eq!(doubts_of(&check_ins), doubts_of(&shuffled));
    }

    #[test]
    fn a_check_in_more_never_makes_anything_graver(
        check_ins in prop::collection::vec(any_check_in(), 0..20),
        more in any_check_in(),
    ) {
        let duties = windows(&plan(), MONDAY, MONDAY + 7 * DAY_MS);
        let now = MONDAY + 8 * DAY_MS;
        let before = missed(&duties, &check_ins, &numbers(), now);
        let mut all = check_ins;
        all.push(more);
        let after = missed(&duties, &all, &numbers(), now);
        for miss in &after {
            let same = before.iter().find(|one| one.duty == miss.duty);
            prop_assert!(same.is_some_and(|one| one.severity <= miss.severity));
        }
    }
}
