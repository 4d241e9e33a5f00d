//! What a device says, against a second judge that sorts first and shares nothing but geometry: no
//! order, double, split or delay changes a condition, and the state after each report is that of
//! the whole set.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

#[path = "../../testnet/src/oracle/device.rs"]
#[allow(unreachable_pub, reason = "the simulator shares the judge")]
mod oracle;

use jiaolian_schema::fence::{Fence, FenceKind, FenceRole, Fences, Validity};
use jiaolian_schema::fix::{Point, Source};
use jiaolian_schema::geo::{Coord, Shape};
use jiaolian_schema::permit::Permit;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_schema::watch::{
    AlarmKind, Condition, Ground, Judgement, Numbers, Spans, Terms, WatchState, Word, judge,
};
use oracle::{Bound, TrueWear};
use proptest::prelude::*;
use std::sync::LazyLock;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// 2026-03-02 08:00 in Shanghai.
const START_MS: i64 = 1_772_409_600_000;
/// About 100 m of longitude at 27.65 degrees, 1e-7 degree.
const HUNDRED_M: i32 = 10_150;

static PACK: LazyLock<RulePack> = LazyLock::new(RulePack::builtin);

fn numbers() -> &'static Numbers {
    PACK.numbers()
}

fn place(hundreds_m: i32) -> Coord {
    Coord::new(276_500_000, 1_114_000_000 + hundreds_m * HUNDRED_M).unwrap()
}

fn home() -> Fences {
    let (west, east) = (place(-500).lon(), place(0).lon());
    let corners = [
        (276_000_000, west),
        (276_000_000, east),
        (277_000_000, east),
        (277_000_000, west),
    ];
    let ring = corners.map(|(lat, lon)| Coord::new(lat, lon).unwrap());
    let shape = Shape::new(vec![vec![ring.to_vec()]]).unwrap();
    Fences::from(vec![
        Fence::new("home", FenceKind::KeepIn, shape, 100_000).unwrap(),
    ])
}

fn word(minute: i64, place: Option<i32>, signs: Signs) -> Word {
    let time = START_MS + minute * MINUTE_MS;
    let point = place.map(|m| Point::new(time, self::place(m), Some(15_000), Source::Gnss));
    Word { time, point, signs }
}

/// Reports that change what they say now and then, with long and short gaps, jumps and positions
/// that can't be used.
fn words() -> impl Strategy<Value = Vec<Word>> {
    let gap = prop_oneof![
        12 => 1..6_i64, 4 => 6..31_i64, 3 => 29..32_i64, 2 => 32..200_i64, 1 => 100..3_000_i64
    ];
    let yes = || prop::option::weighted(0.3, any::<bool>());
    let signs = prop::collection::vec(yes(), 6);
    let at = prop_oneof![
        2 => Just(None), 6 => (-20..12_i32).prop_map(Some), 1 => (2_000..2_100_i32).prop_map(Some)
    ];
    let accuracy = prop_oneof![5 => Just(15_000_u32), 1 => Just(80_000), 1 => Just(700_000)];
    let battery = prop::option::weighted(0.4, prop_oneof![0..30_u8, 0..101_u8]);
    let one = (gap, signs, at, accuracy, battery, prop::bool::weighted(0.1));
    prop::collection::vec(one, 1..60).prop_map(|all| {
        let mut time = START_MS;
        let mut words = Vec::new();
        for (gap, says, at, accuracy_mm, battery, same) in all {
            time += if same {
                0
            } else {
                gap * MINUTE_MS + i64::from(accuracy_mm % 7)
            };
            let point = at.map(|m| Point::new(time, place(m), Some(accuracy_mm), Source::Gnss));
            let kinds = [
                Sign::Strap,
                Sign::Housing,
                Sign::Apart,
                Sign::Off,
                Sign::Clock,
                Sign::Jammed,
            ];
            let mut signs = Signs::NONE;
            for (sign, is) in kinds.into_iter().zip(says) {
                // A fault would be said too often to ever end.
                let is = is.filter(|is| !is || sign != Sign::Clock || gap % 3 == 0);
                signs = is.map_or(signs, |is| signs.with(sign, is));
            }
            let signs = battery.map_or(signs, |percent| signs.with_battery(percent));
            words.push(Word { time, point, signs });
        }
        words
    })
}

fn spans(from: i64) -> impl Strategy<Value = Vec<(i64, i64)>> {
    let one = (0..3_000_i64, 1..400_i64);
    prop::collection::vec(one, 0..4).prop_map(move |all| {
        let span = |(start, length): (i64, i64)| {
            let begin = from + start * MINUTE_MS;
            (begin, begin + length * MINUTE_MS)
        };
        let spans = Spans::new(all.into_iter().map(span));
        spans.iter().collect()
    })
}

/// Bindings, some of which touch, with what they say of the device.
fn bindings() -> impl Strategy<Value = Vec<Terms>> {
    let says = || (prop::option::of(1..40_i64), any::<bool>());
    let one = (0..3_000_i64, 1..400_i64, 0..3_000_i64, says(), says());
    prop::collection::vec(one, 1..4).prop_map(|all| {
        let mut terms = Vec::new();
        for (start, length, more, first, second) in all {
            let (from, cut) = (START_MS + start * MINUTE_MS, length * MINUTE_MS);
            let parts = [
                (from, from + cut, first),
                (from + cut, from + cut + more * MINUTE_MS, second),
            ];
            terms.extend(parts.map(|(from, until, (every, here))| Terms {
                from,
                until,
                interval_ms: every.map(|minutes| minutes * MINUTE_MS),
                is_heard_here: here,
                is_grave: false,
            }));
        }
        terms
    })
}

fn worn(judged: &Judgement) -> Vec<TrueWear> {
    let about_device = judged.conditions.iter().filter(|c| c.about.is_empty());
    let mut worn: Vec<TrueWear> = about_device.map(of).collect();
    worn.sort();
    worn
}

fn of(condition: &Condition) -> TrueWear {
    TrueWear {
        kind: condition.kind,
        time: condition.time,
        decided_at: condition.decided_at,
        end: condition.cleared.as_ref().map(|cleared| cleared.time),
        severity: condition
            .graver
            .unwrap_or(numbers().severity(condition.kind)),
    }
}

/// A node that keeps reports, steps on those in order and judges all again on a late one. After
/// each report its state is that of all it has.
fn run_node(words: &[Word], ground: &Ground<'_>) -> Result<WatchState, TestCaseError> {
    let (mut kept, mut state) = (Vec::new(), WatchState::default());
    for word in words {
        kept.push(*word);
        let whole = || judge("p", &kept, ground, i64::MIN).state;
        if state.hear("p", word, ground).is_none() {
            state = whole();
        } else {
            prop_assert_eq!(&state, &whole(), "after {:?}", word);
        }
    }
    Ok(state)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn both_judges_find_the_same_in_any_order(
        words in words(),
        bound in spans(START_MS),
        down in spans(START_MS),
        lag in 0..4_000_i64,
        every in prop::option::of(1..40_i64),
        delays in prop::collection::vec(0..30_i64 * 24 * 60, 1..60),
        double in any::<prop::sample::Index>(),
    ) {
        let fences = home();
        let bound = if bound.len() < 2 { vec![(START_MS, i64::MAX)] } else { bound };
        let (bound_spans, down_spans) = (Spans::new(bound.clone()), Spans::new(down.clone()));
        let ground = Ground {
            fences: &fences,
            permits: &[],
            numbers: numbers(),
            interval_ms: every.map(|minutes| minutes * MINUTE_MS),
            bound: &bound_spans,
            down: &down_spans,
        };
        let known = words.iter().map(|word| word.time).max().unwrap_or(START_MS);
        let now = known + lag * MINUTE_MS;
        let whole = judge("p", &words, &ground, now);
        let every_ms = every.unwrap_or(10) * MINUTE_MS;
        let truth = oracle::judge(&words, &bound, &down, now, every_ms);
        prop_assert_eq!(worn(&whole), truth);

        let mut late: Vec<(i64, Word)> = words
            .iter()
            .zip(delays.iter().cycle())
            .map(|(word, delay)| (word.time + delay * MINUTE_MS, *word))
            .collect();
        late.push(late[double.index(late.len())]);
        late.sort_by_key(|(arrives, word)| (*arrives, word.signs));
        let arrived: Vec<Word> = late.into_iter().map(|(_, word)| word).collect();
        let again = judge("p", &arrived, &ground, now);
        prop_assert_eq!(&again.conditions, &whole.conditions);
        let state = run_node(&arrived, &ground)?;
        prop_assert_eq!(minicbor::to_vec(&state).unwrap(), minicbor::to_vec(&whole.state).unwrap());
        let bytes = minicbor::to_vec(&state).unwrap();
        prop_assert_eq!(minicbor::decode::<WatchState>(&bytes).unwrap(), state);
    }

    #[test]
    fn both_judges_find_the_same_under_bindings_that_say_how_often_and_where(
        words in words(),
        terms in bindings(),
        down in spans(START_MS),
        lag in 0..8_000_i64,
        order in any::<prop::sample::Index>(),
    ) {
        let fences = home();
        let bound = Spans::of_terms(terms.clone());
        let down_spans = Spans::new(down.clone());
        let ground = ground(&fences, &[], &bound, &down_spans);
        let now = START_MS + lag * MINUTE_MS;
        let known: Vec<Word> = words.into_iter().filter(|word| word.time <= now).collect();
        let whole = judge("p", &known, &ground, now);
        let said: Vec<Bound> = terms
            .iter()
            .filter(|one| one.from < one.until)
            .map(|one| Bound {
                from: one.from,
                until: one.until,
                every_ms: one.interval_ms.unwrap_or(10 * MINUTE_MS),
                is_missed: one.is_heard_here,
            })
            .collect();
        prop_assert_eq!(worn(&whole), oracle::judge_bound(&known, &said, &down, now));
        let mut turned = known.clone();
        turned.rotate_left(order.index(known.len().max(1)).min(known.len()));
        let state = run_node(&turned, &ground)?;
        prop_assert_eq!(&state, &whole.state);
        let decided = state.lapse(now, &ground).len();
        if let Some(due) = state.due_after(now, &ground) {
            prop_assert_eq!(state.lapse(due - 1, &ground).len(), decided);
        }
    }

    #[test]
    fn a_report_that_says_place_and_signs_apart_says_the_same(words in words()) {
        let fences = home();
        let (bound, down) = (Spans::always(), Spans::default());
        let ground = ground(&fences, &[], &bound, &down);
        let halves = |word: &Word| {
            [
                Word { point: None, ..*word },
                Word { signs: Signs::NONE, ..*word },
            ]
        };
        let split: Vec<Word> = words.iter().rev().flat_map(halves).collect();
        let now = START_MS + 90 * HOUR_MS;
        let (one, two) = (judge("p", &words, &ground, now), judge("p", &split, &ground, now));
        prop_assert_eq!(one.conditions, two.conditions);
        prop_assert_eq!(one.state, two.state);
    }

    #[test]
    fn the_clock_decides_no_earlier_than_it_is_due(words in words(), lag in 0..3_000_i64) {
        let fences = home();
        let (bound, down) = (Spans::new([(0, START_MS + 60 * HOUR_MS)]), Spans::default());
        let ground = ground(&fences, &[], &bound, &down);
        let state = judge("p", &words, &ground, i64::MIN).state;
        let now = words.last().unwrap().time + lag * MINUTE_MS;
        let decided = state.lapse(now, &ground).len();
        if let Some(due) = state.due_after(now, &ground) {
            prop_assert_eq!(state.lapse(due - 1, &ground).len(), decided);
        } else {
            prop_assert_eq!(state.lapse(i64::MAX, &ground).len(), decided);
        }
    }
}

fn ground<'a>(
    fences: &'a Fences,
    permits: &'a [Permit],
    bound: &'a Spans,
    down: &'a Spans,
) -> Ground<'a> {
    Ground {
        fences,
        permits,
        numbers: numbers(),
        interval_ms: None,
        bound,
        down,
    }
}

/// Kind, first and last minute and severity of what a story comes to.
fn check(words: &[Word], now: i64, expected: &[(AlarmKind, i64, Option<i64>, u8)]) {
    let fences = home();
    let (bound, down) = (Spans::always(), Spans::default());
    let judged = judge(
        "p",
        words,
        &ground(&fences, &[], &bound, &down),
        START_MS + now * MINUTE_MS,
    );
    let minute = |ms: i64| (ms - START_MS) / MINUTE_MS;
    let mut found: Vec<_> = worn(&judged)
        .iter()
        .map(|w| (w.kind, minute(w.time), w.end.map(minute), w.severity))
        .collect();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_strap_is_open_from_yes_to_no_and_silence_about_it_says_nothing() {
    let says = |minute, is| word(minute, None, Signs::NONE.with(Sign::Strap, is));
    let quiet = |minute| word(minute, Some(-5), Signs::NONE);
    let story = [
        quiet(0),
        says(5, true),
        quiet(6),
        says(7, true),
        says(20, false),
        quiet(21),
    ];
    check(&story, 22, &[(AlarmKind::Tamper, 5, Some(20), 1)]);
}

#[test]
fn a_silence_grows_graver_and_a_late_report_takes_it_away() {
    let silent = [word(0, Some(-5), Signs::NONE)];
    check(&silent, 30, &[]);
    check(&silent, 31, &[(AlarmKind::NoSignal, 0, None, 3)]);
    check(&silent, 121, &[(AlarmKind::NoSignal, 0, None, 2)]);
    check(&silent, 1_441, &[(AlarmKind::NoSignal, 0, None, 1)]);
    let filled: Vec<Word> = (0..48)
        .map(|n| word(n * 30, Some(-5), Signs::NONE))
        .collect();
    check(&filled, 1_441, &[(AlarmKind::NoSignal, 1_410, None, 3)]);
    check(&filled[..47], 1_410, &[]);
}

#[test]
fn a_band_that_is_never_heard_is_silent_from_its_fitting_on_at_the_node_that_is_to_hear_it() {
    let fences = home();
    let at = |minute: i64| START_MS + minute * MINUTE_MS;
    let terms = |is_heard_here| Terms {
        from: at(0),
        until: at(5_000),
        interval_ms: Some(20 * MINUTE_MS),
        is_heard_here,
        is_grave: false,
    };
    let down = Spans::default();
    let found = |terms, words: &[Word], minute: i64| {
        let bound = Spans::of_terms([terms]);
        let ground = ground(&fences, &[], &bound, &down);
        let judged = judge("p", words, &ground, at(minute));
        let worn = worn(&judged).into_iter();
        worn.map(|one| {
            (
                (one.time - START_MS) / MINUTE_MS,
                one.end.map(|end| (end - START_MS) / MINUTE_MS),
            )
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(
        found(terms(true), &[], 60),
        [],
        "three intervals of twenty minutes"
    );
    assert_eq!(found(terms(true), &[], 61), [(0, None)]);
    assert_eq!(found(terms(false), &[], 3_000), []);
    let heard = [word(90, Some(-5), Signs::NONE)];
    assert_eq!(found(terms(true), &heard, 100), [(0, Some(90))]);
    assert_eq!(found(terms(true), &heard, 151), [(0, Some(90)), (90, None)]);
    let late = [word(30, Some(-5), Signs::NONE), heard[0]];
    assert_eq!(found(terms(true), &late, 100), [], "a late report fills it");
    assert_eq!(found(terms(true), &[], 6_000), [(0, Some(5_000))]);
    let bound = Spans::of_terms([terms(true)]);
    let ground = ground(&fences, &[], &bound, &down);
    let again = WatchState::since(at(1));
    assert_eq!(
        again.lapse(at(3_000), &ground),
        [],
        "what came before is not known"
    );
}

#[test]
fn a_silence_that_begins_in_a_blind_spot_is_mild_until_a_day_has_passed() {
    let (from, east) = (START_MS - HOUR_MS, place(-3).lon());
    let west = place(-8).lon();
    let corners = [
        (276_400_000, west),
        (276_400_000, east),
        (276_600_000, east),
        (276_600_000, west),
    ];
    let ring = corners.map(|(lat, lon)| Coord::new(lat, lon).unwrap());
    let shape = Shape::new(vec![vec![ring.to_vec()]]).unwrap();
    let valley = Fence::new("valley", FenceKind::KeepOut, shape, 0).unwrap();
    let valley = valley.with_role(FenceRole::Blind).unwrap();
    let (bound, down) = (Spans::always(), Spans::default());
    let severity = |valid_from: i64, at: i32, minute: i64| {
        let valid = Validity {
            from: Some(valid_from),
            until: None,
        };
        let fences = Fences::from(vec![valley.clone().with_version(1, valid)]);
        let ground = ground(&fences, &[], &bound, &down);
        let stay: Vec<Word> = (0..4).map(|n| word(n, Some(at), Signs::NONE)).collect();
        let judged = judge("p", &stay, &ground, START_MS + (minute + 3) * MINUTE_MS);
        let worn = worn(&judged);
        assert_eq!(
            judged.conditions.len(),
            worn.len(),
            "a blind spot forbids nothing"
        );
        worn.first().map(|one| one.severity)
    };
    assert_eq!(severity(from, -5, 30), None);
    assert_eq!(severity(from, -5, 31), Some(4));
    assert_eq!(severity(from, -5, 1_440), Some(4));
    assert_eq!(severity(from, -5, 1_441), Some(1));
    assert_eq!(severity(from, -9, 121), Some(2), "elsewhere");
    assert_eq!(
        severity(START_MS + HOUR_MS, -5, 121),
        Some(2),
        "not yet known then"
    );
}

#[test]
fn an_exit_is_gravest_where_the_ground_of_the_decision_is_the_fifth() {
    let fences = home();
    let down = Spans::default();
    let exit = |is_grave: bool| {
        let bound = Spans::of_terms([Terms {
            from: START_MS,
            until: START_MS + 50 * HOUR_MS,
            interval_ms: None,
            is_heard_here: false,
            is_grave,
        }]);
        let ground = ground(&fences, &[], &bound, &down);
        let story: Vec<Word> = (0..4).map(|n| word(n, Some(5), Signs::NONE)).collect();
        let judged = judge("p", &story, &ground, START_MS + HOUR_MS / 4);
        let exit = &judged.conditions[0];
        (exit.kind, exit.graver)
    };
    assert_eq!(exit(true), (AlarmKind::Exit, Some(1)));
    assert_eq!(exit(false), (AlarmKind::Exit, None));
}

#[test]
fn a_battery_sinks_in_two_steps_and_is_well_again_above_its_hysteresis() {
    let charge = |minute, percent| word(minute, Some(-5), Signs::NONE.with_battery(percent));
    let story = [
        charge(0, 21),
        charge(10, 20),
        charge(20, 10),
        charge(30, 25),
        charge(40, 26),
    ];
    check(&story[..2], 11, &[(AlarmKind::LowBatt, 10, None, 4)]);
    check(&story[..4], 31, &[(AlarmKind::LowBatt, 10, None, 3)]);
    check(&story, 41, &[(AlarmKind::LowBatt, 10, Some(40), 3)]);
}

#[test]
fn switched_off_counts_with_a_charge_that_would_have_lasted() {
    let off = |minute, percent: Option<u8>| {
        let signs = Signs::NONE.with(Sign::Off, true);
        word(
            minute,
            None,
            percent.map_or(signs, |percent| signs.with_battery(percent)),
        )
    };
    let on = word(29, Some(-5), Signs::NONE);
    check(
        &[off(0, Some(21)), on],
        30,
        &[(AlarmKind::PowerOff, 0, Some(29), 2)],
    );
    check(&[off(0, None), on], 30, &[]);
    check(
        &[off(0, Some(20)), on],
        30,
        &[(AlarmKind::LowBatt, 0, None, 4)],
    );
}

#[test]
fn jumps_that_repeat_are_a_fault_and_one_is_none() {
    let near = |minute| word(minute, Some(-5), Signs::NONE);
    let far = |minute, hundreds| word(minute, Some(hundreds), Signs::NONE);
    check(&[near(0), far(1, 3_000), near(2)], 3, &[]);
    let thrice = [
        near(0),
        far(1, 3_000),
        near(2),
        far(3, 6_000),
        near(4),
        far(5, 9_000),
        near(6),
    ];
    check(&thrice, 7, &[(AlarmKind::DevFault, 1, None, 4)]);
    let over = [&thrice[..], &[near(35)]].concat();
    check(&over, 36, &[(AlarmKind::DevFault, 1, Some(35), 4)]);
}

#[test]
fn nothing_is_said_outside_the_binding_and_all_ends_with_it() {
    let fences = home();
    let strap = word(5, None, Signs::NONE.with(Sign::Strap, true));
    let end = START_MS + 20 * MINUTE_MS;
    let (bound, down) = (Spans::new([(START_MS, end)]), Spans::default());
    let ground = ground(&fences, &[], &bound, &down);
    let judged = judge("p", &[strap], &ground, START_MS + HOUR_MS);
    let worn = worn(&judged);
    assert_eq!(worn.len(), 1);
    assert_eq!((worn[0].kind, worn[0].end), (AlarmKind::Tamper, Some(end)));
    let after = Word { time: end, ..strap };
    let judged = judge("p", &[after], &ground, START_MS + HOUR_MS);
    assert!(judged.conditions.is_empty());
}

#[test]
fn nobody_is_silent_while_the_node_does_not_run() {
    let fences = home();
    let at = |minute: i64| START_MS + minute * MINUTE_MS;
    let (bound, down) = (Spans::always(), Spans::new([(at(10), at(300))]));
    let ground = ground(&fences, &[], &bound, &down);
    let report = [word(0, Some(-5), Signs::NONE)];
    let worn_at = |minute| worn(&judge("p", &report, &ground, at(minute)));
    assert_eq!(worn_at(320), []);
    let silence = &worn_at(321)[0];
    assert_eq!((silence.time, silence.decided_at), (at(0), at(320)));
}
