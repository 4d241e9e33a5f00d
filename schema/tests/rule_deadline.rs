//! Deadlines: every vector of the time rules, and what must hold for all dates.
#![allow(clippy::unwrap_used)]

use jiaolian_schema::calendar::{Calendar, end_of, instant_of, parse_date};
use jiaolian_schema::deadline::{
    Moment, Period, Roll, Term, Unit, add_days, add_months, answer_line, due, term_end,
};
use jiff::civil::{Date, Weekday};
use proptest::prelude::*;

fn calendar() -> Calendar {
    Calendar::parse(include_str!("../rules/calendar.toml")).unwrap()
}

fn date(text: &str) -> Date {
    parse_date(text).unwrap()
}

fn check(from: &str, n: u32, unit: Unit, roll: Roll, expected: &str, provisional: bool) {
    let found = due(
        &calendar(),
        Moment::Day(date(from)),
        Period { n, unit, roll },
    )
    .unwrap();
    assert_eq!(
        found.at,
        Moment::Day(date(expected)),
        "{n} {unit:?} after {from}"
    );
    assert_eq!(found.provisional, provisional, "{n} {unit:?} after {from}");
}

#[test]
fn scenario_4_make_up_saturdays_move_the_investigation_deadline() {
    check(
        "2026-02-10",
        10,
        Unit::WorkingDay,
        Roll::NextWorkday,
        "2026-03-02",
        false,
    );
    check(
        "2026-02-10",
        5,
        Unit::WorkingDay,
        Roll::NextWorkday,
        "2026-02-24",
        false,
    );
    check(
        "2026-02-13",
        5,
        Unit::CalendarDay,
        Roll::NextWorkday,
        "2026-02-24",
        false,
    );
    check(
        "2026-02-13",
        5,
        Unit::CalendarDay,
        Roll::None,
        "2026-02-18",
        false,
    );
}

#[test]
fn scenario_1_consultation_letter_of_the_seed_case_rolls_over_qingming() {
    check(
        "2019-04-02",
        5,
        Unit::CalendarDay,
        Roll::NextWorkday,
        "2019-04-08",
        false,
    );
    check(
        "2019-04-03",
        5,
        Unit::CalendarDay,
        Roll::NextWorkday,
        "2019-04-08",
        false,
    );
    check(
        "2019-04-09",
        7,
        Unit::CalendarDay,
        Roll::NextWorkday,
        "2019-04-16",
        false,
    );
}

#[test]
fn working_saturday_after_national_day_counts() {
    check(
        "2026-09-30",
        5,
        Unit::WorkingDay,
        Roll::NextWorkday,
        "2026-10-13",
        false,
    );
}

#[test]
fn month_periods_clamp_to_the_last_day_both_ways() {
    check(
        "2025-11-30",
        3,
        Unit::Month,
        Roll::None,
        "2026-02-28",
        false,
    );
    check(
        "2026-02-28",
        3,
        Unit::Month,
        Roll::None,
        "2026-05-31",
        false,
    );
    check(
        "2026-01-31",
        1,
        Unit::Month,
        Roll::None,
        "2026-02-28",
        false,
    );
    check(
        "2026-03-15",
        1,
        Unit::Month,
        Roll::None,
        "2026-04-15",
        false,
    );
    assert_eq!(
        add_months(date("2026-04-30"), -2).unwrap(),
        date("2026-02-28")
    );
}

#[test]
fn unpublished_year_is_provisional_and_skips_fixed_holidays_only() {
    check(
        "2026-12-30",
        1,
        Unit::WorkingDay,
        Roll::NextWorkday,
        "2026-12-31",
        false,
    );
    check(
        "2026-12-30",
        2,
        Unit::WorkingDay,
        Roll::NextWorkday,
        "2027-01-04",
        true,
    );
    check(
        "2027-02-01",
        10,
        Unit::WorkingDay,
        Roll::NextWorkday,
        "2027-02-15",
        true,
    );
    check(
        "2027-02-01",
        10,
        Unit::CalendarDay,
        Roll::None,
        "2027-02-11",
        false,
    );
    check(
        "2027-02-01",
        10,
        Unit::CalendarDay,
        Roll::NextWorkday,
        "2027-02-11",
        true,
    );
}

#[test]
fn sentence_terms_end_the_day_before() {
    let years = |years| Term {
        years,
        ..Term::default()
    };
    let months = |months| Term {
        months,
        ..Term::default()
    };
    assert_eq!(
        term_end(date("2025-01-15"), years(1)).unwrap(),
        date("2026-01-14")
    );
    assert_eq!(
        term_end(date("2024-02-29"), years(1)).unwrap(),
        date("2025-02-27")
    );
    assert_eq!(
        term_end(date("2026-02-28"), months(1)).unwrap(),
        date("2026-03-30")
    );
    assert_eq!(
        term_end(date("2026-01-31"), months(1)).unwrap(),
        date("2026-02-27")
    );
    let half = Term {
        months: 2,
        days: 15,
        ..Term::default()
    };
    assert_eq!(
        term_end(date("2026-03-01"), half).unwrap(),
        date("2026-05-15")
    );
}

#[test]
fn hours_run_from_the_moment_and_need_one() {
    let from = date("2026-02-13").at(9, 30, 0, 0);
    let period = Period {
        n: 48,
        unit: Unit::Hour,
        roll: Roll::None,
    };
    let found = due(&calendar(), Moment::Time(from), period).unwrap();
    assert_eq!(found.at, Moment::Time(date("2026-02-15").at(9, 30, 0, 0)));
    let error = due(&calendar(), Moment::Day(date("2026-02-13")), period).unwrap_err();
    assert!(error.to_string().contains("2026-02-13"));
}

#[test]
fn published_years_count_the_days_the_notices_count() {
    // Working days of a year as published tables print them.
    for (year, expected) in [
        (2019, 250),
        (2020, 249),
        (2021, 250),
        (2023, 249),
        (2025, 248),
    ] {
        let calendar = calendar();
        let mut at = Date::new(year, 1, 1).unwrap();
        let mut working = 0;
        while at.year() == year {
            working += i32::from(calendar.day(at).working);
            at = at.tomorrow().unwrap();
        }
        assert_eq!(working, expected, "{year}");
    }
}

#[test]
fn extended_spring_festival_of_2020_is_in_the_calendar() {
    let calendar = calendar();
    assert!(!calendar.day(date("2020-02-01")).working);
    assert!(calendar.day(date("2020-02-03")).working);
    assert!(calendar.source(2020).unwrap().contains("2020-01/27"));
    assert!(calendar.source(2027).is_none());
}

#[test]
fn calendar_with_a_doubled_or_impossible_day_is_refused() {
    let text = include_str!("../rules/calendar.toml");
    let bad = [
        ("first = \"2026-05-01\"", "first = \"2026-04-05\""),
        ("last = \"2026-05-05\"", "last = \"2026-04-05\""),
        ("\"2026-05-09\"", "\"2026-05-11\""),
        ("\"2026-05-09\"", "\"2026-05-32\""),
        ("year = 2026", "year = 2025"),
        ("year = 2026", "jahr = 2026"),
    ];
    for (good, wrong) in bad {
        assert!(text.contains(good));
        assert!(
            Calendar::parse(&text.replace(good, wrong)).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn day_deadline_passes_at_midnight_in_shanghai() {
    let day = date("2026-03-02");
    assert_eq!(
        Moment::Day(day).end_ms(),
        instant_of(date("2026-03-03").at(0, 0, 0, 0))
    );
    assert_eq!(end_of(day) % 86_400_000, 16 * 3_600_000);
}

#[test]
fn tool_answers_in_its_firm_form() {
    let calendar = calendar();
    let ask = |line: &str| answer_line(&calendar, line);
    let good = ask(r#"{"from":"2026-02-10","n":10,"unit":"working_day","roll":"next_workday"}"#);
    assert_eq!(good.text, r#"{"due":"2026-03-02","provisional":false}"#);
    assert!(good.ok);
    let hour = ask(r#"{"from":"2026-02-10T09:00","n":48,"unit":"hour","roll":"none"}"#);
    assert_eq!(
        hour.text,
        r#"{"due":"2026-02-12T09:00:00","provisional":false}"#
    );
    let zoned = ask(r#"{"from":"2026-02-10T01:00:00Z","n":1,"unit":"hour","roll":"none"}"#);
    assert_eq!(
        zoned.text,
        r#"{"due":"2026-02-10T10:00:00+08:00","provisional":false}"#
    );
    let evening = r#"{"from":"2026-02-10T20:00:00Z","n":1,"unit":"calendar_day","roll":"none"}"#;
    assert_eq!(
        ask(evening).text,
        r#"{"due":"2026-02-12","provisional":false}"#
    );
    for line in [
        "",
        "{}",
        r#"{"from":"2026-02-30","n":1,"unit":"hour","roll":"none"}"#,
        r#"{"from":"2026-02-10","n":1,"unit":"hour","roll":"none"}"#,
        r#"{"from":"2026-02-10","n":-1,"unit":"month","roll":"none"}"#,
        r#"{"from":"2026-02-10","n":1,"unit":"week","roll":"none"}"#,
        r#"{"from":"2026-02-10","n":1,"unit":"month","roll":"none","x":1}"#,
    ] {
        let answer = ask(line);
        let form = r#"{"ok":false,"error":""#;
        assert!(
            !answer.ok && answer.text.starts_with(form),
            "{line} {}",
            answer.text
        );
    }
}

proptest! {
    #[test]
    fn rolled_deadline_is_a_working_day_and_never_earlier(start in 0i64..3_000, n in 0u32..400) {
        let calendar = calendar();
        let from = Moment::Day(add_days(date("2018-01-01"), start).unwrap());
        for unit in [Unit::WorkingDay, Unit::CalendarDay, Unit::Month] {
            let n = if unit == Unit::Month { n / 30 } else { n };
            let plain = due(&calendar, from, Period { n, unit, roll: Roll::None }).unwrap();
            let rolled = due(&calendar, from, Period { n, unit, roll: Roll::NextWorkday }).unwrap();
            prop_assert!(calendar.day(rolled.at.date()).working);
            prop_assert!(plain.at.date() <= rolled.at.date());
            prop_assert!(from.date() <= plain.at.date());
        }
    }

    #[test]
    fn n_working_days_later_exactly_n_working_days_have_passed(start in 0i64..3_000, n in 1u32..200) {
        let calendar = calendar();
        let from = add_days(date("2018-01-01"), start).unwrap();
        let period = Period { n, unit: Unit::WorkingDay, roll: Roll::None };
        let end = due(&calendar, Moment::Day(from), period).unwrap().at.date();
        let mut at = from;
        let mut passed = 0;
        while at < end {
            at = at.tomorrow().unwrap();
            passed += u32::from(calendar.day(at).working);
        }
        prop_assert_eq!(passed, n);
    }

    #[test]
    fn months_keep_the_day_or_take_the_last(start in 0i64..3_000, n in -40i32..40) {
        let from = add_days(date("2018-01-01"), start).unwrap();
        let end = add_months(from, n).unwrap();
        let months = i32::from(end.year()) * 12 + i32::from(end.month())
            - i32::from(from.year()) * 12 - i32::from(from.month());
        prop_assert_eq!(months, n);
        prop_assert!(end.day() == from.day() || end.day() == end.days_in_month());
    }

    #[test]
    fn weekday_of_a_published_year_is_never_provisional(start in 0i64..3_200) {
        let day = add_days(date("2018-01-01"), start).unwrap();
        let known = calendar().day(day);
        prop_assert!(!known.provisional);
        if known.working && matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            prop_assert!(calendar().source(day.year()).is_some());
        }
    }
}
