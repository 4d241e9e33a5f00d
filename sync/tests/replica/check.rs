//! Check-ins through a whole node: what is told, how grave, once, and what takes it away; over a
//! restart, an outage, a second gateway and whatever comes late.

use crate::supervise::{alarms, is_withdrawn, leave, square, use_device};
use crate::world::{C, DAY, P, START, T1, World, code, office};
use jiaolian_schema::act::{Apply, Raise, Span, Step};
use jiaolian_schema::canon;
use jiaolian_schema::checkin::{Duty, DutyKind, Face, Plan};
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fact::What;
use jiaolian_schema::fix::{Coord, Point, Source};
use jiaolian_schema::id::DossierId;
use jiaolian_schema::schedule::{Schedule, Window};
use jiaolian_schema::signal::Signs;
use jiaolian_sync::{CheckInError, CheckInOutcome, CheckInReport, Limits, Table};

const MINUTE: i64 = 60_000;
/// A step that is no outage.
const STEP: i64 = 4 * MINUTE;
const PHONE: &str = "phone-1";
const ALIKE: Face = Face {
    likeness: 950,
    liveness: 980,
};

/// A time of day in Shanghai, of the day after the start; the start is at 08:00.
fn at(day: i64, hour: i64, minute: i64) -> i64 {
    START + (day + 1) * DAY + (hour - 8) * 60 * MINUTE + minute * MINUTE
}

/// 09:00 to 11:30 and 14:00 to 16:30 every day, asked by the township.
fn plan(prompts: u8) -> Plan {
    let days = [1, 2, 3, 4, 5, 6, 7];
    let window = |from, to| Window::new(&days, from, to).unwrap();
    Plan {
        asks: office("t1"),
        from: START,
        until: START + 80 * DAY,
        windows: Some(Schedule::new(vec![window(540, 690), window(840, 990)]).unwrap()),
        prompts,
        open_minutes: 20,
    }
}

fn phone() -> Device {
    Device::new(Regime::Phone, START, START + 80 * DAY)
}

/// Everybody linked; a person of the township who checks in by a phone; the nodes of township and
/// county have doors for phones. It is 08:00 of the first day.
fn asked(prompts: u8) -> (World, DossierId) {
    asked_in(World::new(), prompts)
}

fn asked_in(mut world: World, prompts: u8) -> (World, DossierId) {
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.amend(
        T1,
        "t1-head",
        case,
        "device/phone-1",
        &canon::encode(&phone()),
    );
    world.amend(T1, "t1-head", case, "fence/home", &canon::encode(&square()));
    world.amend(T1, "t1-head", case, "checkin/daily", &plan(prompts).write());
    world.net.carry_out(T1);
    for node in [T1, C] {
        world.replica(node).ask_check_ins([node as u8; 32]).unwrap();
        world.net.carry_out(node);
    }
    world.link_all();
    world.net.rest();
    world.net.now = at(0, 8, 0);
    pass(&mut world, at(0, 8, 0) + 1);
    (world, case)
}

/// Lets time pass in steps that are no outage.
fn pass(world: &mut World, until: i64) {
    while world.net.now < until {
        let step = STEP.min(until - world.net.now);
        world.net.tick(step);
        world.net.flow();
    }
}

/// A good check-in at home, at a time by the phone's clock.
fn good(time: i64) -> CheckInReport {
    CheckInReport {
        person: code(1),
        terminal: PHONE.to_owned(),
        phone: PHONE.to_owned(),
        at: time,
        point: Some(place(time, -300)),
        face: Some(ALIKE),
        signs: Signs::NONE,
    }
}

/// So many ten-thousandths of a degree outward of the area's edge.
fn place(time: i64, outward: i32) -> Point {
    let at = Coord::new(280_000_000, 1_131_000_000 + outward * 1_000).unwrap();
    Point::new(time, at, Some(15_000), Source::Gnss)
}

fn elsewhere(time: i64) -> CheckInReport {
    CheckInReport {
        point: Some(place(time, 300)),
        ..good(time)
    }
}

fn faceless(time: i64) -> CheckInReport {
    CheckInReport {
        face: None,
        ..good(time)
    }
}

/// Received by a node now.
fn hear(world: &mut World, node: usize, report: &CheckInReport) -> CheckInOutcome {
    let now = world.net.now;
    let outcome = world.replica(node).hear_check_in(report, now).unwrap();
    world.net.carry_out(node);
    outcome
}

fn due(world: &mut World, node: usize) -> Option<Vec<Duty>> {
    let now = world.net.now;
    let due = world.replica(node).check_ins_due(code(1), now).unwrap();
    world.net.carry_out(node);
    due
}

/// An alarm with what was said of it since.
struct Told {
    id: DossierId,
    raise: Raise,
    events: Vec<String>,
}

fn told(world: &World, node: usize, kind: &str) -> Vec<Told> {
    let mut all = Vec::new();
    for id in alarms(world, node) {
        let facts = world.net.nodes[node].replica.facts(id).unwrap();
        let (mut raise, mut events) = (None, Vec::new());
        for fact in facts.into_values() {
            match fact.what {
                What::Raise(of) => raise = Some(of),
                What::Step { event, .. } => events.push(event),
                _ => {}
            }
        }
        let raise = raise.unwrap();
        if raise.kind == kind {
            all.push(Told { id, raise, events });
        }
    }
    all.sort_by_key(|one| one.raise.time);
    all
}

#[test]
fn a_window_that_nobody_answered_is_told_once_and_grows_graver_by_day_and_silence() {
    let (mut world, case) = asked(0);
    pass(&mut world, at(0, 12, 0) - 1);
    assert_eq!(alarms(&world, T1), []);
    pass(&mut world, at(0, 12, 0));
    for node in [T1, C, P] {
        let told = told(&world, node, "CHK_MISS");
        assert_eq!(told.len(), 1, "at {node}");
        let raise = &told[0].raise;
        assert_eq!((raise.severity, raise.retrospective), (4, 0));
        assert_eq!((raise.case, raise.time), (case, at(0, 12, 0)));
    }
    pass(&mut world, at(0, 17, 0));
    let today = told(&world, T1, "CHK_MISS");
    assert_eq!(today.len(), 1, "misses of a day are one alarm");
    assert_eq!(today[0].events, ["worsen"]);
    pass(&mut world, at(1, 12, 0));
    let days = told(&world, C, "CHK_MISS");
    let severities: Vec<u8> = days.iter().map(|one| one.raise.severity).collect();
    assert_eq!(severities, [4, 2], "a day without any");
    assert_eq!(days[1].raise.time, at(1, 12, 0));
}

#[test]
fn whoever_answers_in_time_is_told_of_nowhere_and_leaves_no_trail() {
    let (mut world, _) = asked(0);
    pass(&mut world, at(0, 9, 0));
    assert_eq!(due(&mut world, T1).unwrap().len(), 1);
    let outcome = hear(&mut world, T1, &good(at(0, 9, 0)));
    assert!(!outcome.double && outcome.asked);
    assert!(hear(&mut world, T1, &good(at(0, 9, 0))).double);
    assert_eq!(due(&mut world, T1), Some(vec![]));
    pass(&mut world, at(0, 16, 20));
    // Made within the window, received after its end and within the grace.
    let late = good(world.net.now);
    pass(&mut world, at(0, 16, 59));
    hear(&mut world, T1, &late);
    pass(&mut world, at(1, 8, 0));
    assert_eq!(alarms(&world, T1), []);
    let replica = world.replica(T1);
    assert_eq!(replica.fixes(code(1), 0, i64::MAX, 9).unwrap(), []);
    assert_eq!(replica.watch(code(1)).unwrap().last, None);
    assert_eq!(replica.check_ins(code(1), 0, i64::MAX, 9).unwrap().len(), 2);
}

#[test]
fn a_check_in_that_comes_too_late_takes_no_miss_back_whatever_its_clock_says() {
    let (mut world, _) = asked(0);
    pass(&mut world, at(0, 12, 0));
    let missed = told(&world, T1, "CHK_MISS");
    hear(&mut world, T1, &good(at(0, 10, 0)));
    pass(&mut world, at(0, 13, 0));
    assert_eq!(told(&world, T1, "CHK_MISS").len(), 1);
    assert!(!is_withdrawn(&world, T1, missed[0].id));
    // It is there for a person to judge.
    let kept = world
        .replica(T1)
        .check_ins(code(1), 0, i64::MAX, 9)
        .unwrap();
    assert_eq!(
        (kept[0].at, kept[0].received_at),
        (at(0, 10, 0), at(0, 12, 0))
    );
}

#[test]
fn doubtful_check_ins_are_one_alarm_while_they_go_on_and_graver_for_the_second() {
    let (mut world, _) = asked(0);
    pass(&mut world, at(0, 9, 30));
    assert_eq!(
        hear(&mut world, T1, &faceless(at(0, 9, 30))).raised.len(),
        1
    );
    pass(&mut world, at(0, 9, 50));
    assert_eq!(
        hear(&mut world, T1, &faceless(at(0, 9, 50))).raised.len(),
        0
    );
    let first = told(&world, T1, "CHK_ABN");
    assert_eq!((first.len(), first[0].raise.severity), (1, 3));
    assert_eq!(first[0].events, ["worsen"]);
    pass(&mut world, at(0, 10, 20));
    assert_eq!(
        hear(&mut world, T1, &faceless(at(0, 10, 20))).raised.len(),
        1
    );
    world.net.flow();
    let both = told(&world, P, "CHK_ABN");
    assert_eq!((both.len(), both[1].raise.severity), (2, 2));
    // Each of them answers its window all the same.
    pass(&mut world, at(0, 12, 0));
    assert!(told(&world, T1, "CHK_MISS").is_empty());
}

#[test]
fn a_leave_that_arrives_late_takes_the_doubt_of_the_place_and_no_miss() {
    let (mut world, case) = asked(0);
    world.net.cut(C, T1);
    // Signed by the county today, over which the township can't hear.
    let day = at(0, 9, 0).div_euclid(DAY) as i32;
    let span = Some(Span {
        first_day: day,
        last_day: day + 2,
    });
    let apply = Apply {
        workflow: "leave".to_owned(),
        version: 1,
        on_behalf: 1,
        span,
        area: None,
        fields: std::collections::BTreeMap::new(),
    };
    let matter = world.act(C, "c-deputy", Some(case), apply.into()).unwrap();
    let approve = Step {
        matter,
        event: "approve".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: std::collections::BTreeMap::new(),
        span: None,
    };
    world.act(C, "c-head", Some(case), approve.into()).unwrap();
    pass(&mut world, at(0, 12, 0));
    hear(&mut world, T1, &elsewhere(at(0, 12, 0)));
    let doubt = told(&world, T1, "CHK_ABN");
    assert_eq!((doubt.len(), doubt[0].raise.severity), (1, 3));
    assert!(!is_withdrawn(&world, T1, doubt[0].id));
    world.net.heal(C, T1);
    pass(&mut world, at(0, 12, 30));
    for node in [T1, C, P] {
        let (doubts, misses) = (
            told(&world, node, "CHK_ABN"),
            told(&world, node, "CHK_MISS"),
        );
        assert_eq!((doubts.len(), misses.len()), (1, 1), "at {node}");
        assert!(is_withdrawn(&world, node, doubts[0].id), "at {node}");
        assert!(!is_withdrawn(&world, node, misses[0].id), "at {node}");
    }
}

#[test]
fn under_a_leave_no_place_is_doubtful() {
    let (mut world, case) = asked(0);
    leave(&mut world, T1, case, at(0, 8, 0), at(0, 8, 0));
    pass(&mut world, at(0, 12, 0));
    hear(&mut world, T1, &elsewhere(at(0, 12, 0)));
    assert!(told(&world, T1, "CHK_ABN").is_empty());
}

/// Passes on to the first instant at which a prompt is open.
fn to_a_prompt(world: &mut World) -> Duty {
    loop {
        let due = due(world, T1).unwrap();
        let prompt = due.into_iter().find(|duty| duty.kind == DutyKind::Prompt);
        if let Some(prompt) = prompt {
            return prompt;
        }
        let next = world.net.now + STEP;
        pass(world, next);
    }
}

#[test]
fn prompts_are_the_same_after_a_restart_and_nothing_is_told_twice() {
    let (mut world, _) = asked(6);
    pass(&mut world, at(0, 12, 0));
    let before = told(&world, T1, "CHK_MISS");
    assert_eq!(before.len(), 1);
    let prompt = to_a_prompt(&mut world);
    assert!(prompt.holds(world.net.now), "never what is to come");
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.replica(T1).ask_check_ins([99; 32]).unwrap();
    world.net.carry_out(T1);
    assert!(due(&mut world, T1).unwrap().contains(&prompt));
    let answer = good(world.net.now);
    hear(&mut world, T1, &answer);
    assert_eq!(due(&mut world, T1), Some(vec![]));
    world.net.tick(1_000);
    world.net.tick(1_000);
    let after = told(&world, T1, "CHK_MISS");
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].raise, before[0].raise);
}

#[test]
fn nobody_misses_what_a_node_was_switched_off_for() {
    let (mut world, _) = asked(0);
    pass(&mut world, at(0, 11, 0));
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.net.now = at(0, 12, 10);
    world.replica(T1).ask_check_ins([99; 32]).unwrap();
    pass(&mut world, at(0, 13, 0));
    assert_eq!(alarms(&world, T1), []);
    pass(&mut world, at(0, 17, 0));
    assert_eq!(told(&world, T1, "CHK_MISS").len(), 1, "of the afternoon");
}

#[test]
fn one_node_asks_and_what_another_takes_in_answers_nothing() {
    let (mut world, _) = asked(0);
    pass(&mut world, at(0, 10, 0));
    let outcome = hear(&mut world, C, &faceless(at(0, 10, 0)));
    assert!(!outcome.asked && !outcome.double);
    assert_eq!(due(&mut world, C), None);
    assert_eq!(due(&mut world, T1).unwrap().len(), 1);
    // The same one through both gateways is one alarm, and answers where it is asked.
    let outcome = hear(&mut world, T1, &faceless(at(0, 10, 0)));
    assert!(outcome.asked && !outcome.double);
    pass(&mut world, at(0, 17, 0));
    for node in [T1, C, P] {
        assert_eq!(told(&world, node, "CHK_ABN").len(), 1, "at {node}");
        let misses = told(&world, node, "CHK_MISS");
        assert_eq!(misses.len(), 1, "the afternoon's, at {node}");
        assert_eq!(misses[0].raise.time, at(0, 17, 0));
    }
}

#[test]
fn what_came_together_in_any_order_is_one_alarm() {
    let all = [
        faceless(at(0, 9, 1)),
        elsewhere(at(0, 9, 20)),
        faceless(at(0, 9, 30)),
    ];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        let (mut world, _) = asked(0);
        pass(&mut world, at(0, 9, 40));
        for one in order {
            hear(&mut world, T1, &all[one]);
        }
        pass(&mut world, at(0, 12, 0));
        let standing = told(&world, T1, "CHK_ABN").into_iter();
        let standing: Vec<Told> = standing
            .filter(|one| !is_withdrawn(&world, T1, one.id))
            .collect();
        assert_eq!(standing.len(), 1, "{order:?}");
        assert_eq!(standing[0].raise.time, at(0, 9, 40));
        assert!(told(&world, T1, "CHK_MISS").is_empty(), "{order:?}");
    }
}

#[test]
fn a_phone_that_is_not_bound_a_band_and_a_flood_are_refused_and_harm_nobody() {
    let (mut world, case) = asked(0);
    use_device(&mut world, T1, case, START, START + 88 * DAY);
    let band = Device {
        regime: Regime::Band,
        ..phone()
    };
    world.amend(T1, "t1-head", case, "device/band-1", &canon::encode(&band));
    pass(&mut world, at(0, 9, 0));
    let now = world.net.now;
    for (terminal, time) in [("band-1", now), ("phone-2", now), (PHONE, START - 1)] {
        let report = CheckInReport {
            terminal: terminal.to_owned(),
            ..good(time)
        };
        let refused = world.replica(T1).hear_check_in(&report, now);
        assert!(
            matches!(refused, Err(CheckInError::Unbound { .. })),
            "{refused:?}"
        );
    }
    for second in 0..200 {
        hear(&mut world, T1, &good(now - second * 1_000));
    }
    let refused = world.replica(T1).hear_check_in(&good(now - 200_000), now);
    assert_eq!(refused, Err(CheckInError::Many(201)));
    assert!(
        hear(&mut world, T1, &good(now)).double,
        "a retry is none too many"
    );
    pass(&mut world, at(1, 9, 0));
    assert!(!hear(&mut world, T1, &good(at(1, 9, 0))).double);
}

#[test]
fn a_plan_that_arrives_late_asks_from_then_on() {
    let mut world = World::new();
    world.link_all();
    world.net.rest();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.amend(
        T1,
        "t1-head",
        case,
        "device/phone-1",
        &canon::encode(&phone()),
    );
    world.net.rest();
    world.net.cut(C, T1);
    world.replica(C).ask_check_ins([1; 32]).unwrap();
    let by_county = Plan {
        asks: office("c"),
        ..plan(0)
    };
    world.amend(T1, "t1-head", case, "checkin/daily", &by_county.write());
    world.net.now = at(0, 8, 0);
    pass(&mut world, at(1, 9, 30));
    world.net.heal(C, T1);
    pass(&mut world, at(1, 13, 0));
    assert_eq!(alarms(&world, C), [], "the window had begun before");
    pass(&mut world, at(1, 17, 0));
    assert_eq!(told(&world, C, "CHK_MISS").len(), 1);
    assert_eq!(
        told(&world, T1, "CHK_MISS").len(),
        1,
        "by way of the county"
    );
}

#[test]
fn check_ins_stay_as_long_as_positions_do() {
    let limits = Limits {
        track_keep_ms: Some(10 * DAY),
        ..Limits::default()
    };
    let (mut world, _) = asked_in(World::with(limits), 0);
    pass(&mut world, at(0, 9, 0));
    hear(&mut world, T1, &good(at(0, 9, 0)));
    let kept = |world: &mut World| {
        let all = world
            .replica(T1)
            .check_ins(code(1), 0, i64::MAX, 9)
            .unwrap();
        all.iter().map(|one| one.at).collect::<Vec<_>>()
    };
    world.net.now = at(10, 9, 0);
    pass(&mut world, at(10, 9, 0) + 1);
    hear(&mut world, T1, &good(at(10, 9, 0)));
    pass(&mut world, at(10, 12, 0));
    assert_eq!(kept(&mut world), [at(0, 9, 0), at(10, 9, 0)]);
    pass(&mut world, at(11, 9, 0));
    assert_eq!(kept(&mut world), [at(10, 9, 0)]);
}

#[test]
fn between_two_instants_of_the_clock_nobody_is_looked_at() {
    let (mut world, _) = asked(0);
    pass(&mut world, at(0, 9, 0));
    hear(&mut world, T1, &good(at(0, 9, 0)));
    let reads = |world: &World| world.net.nodes[T1].disk.2.get();
    // The next instants are those at which a window is known to be missed.
    for (until, looks) in [(at(0, 11, 59), 0), (at(0, 12, 1), 1), (at(0, 16, 59), 0)] {
        let before = reads(&world);
        pass(&mut world, until);
        assert_eq!(reads(&world) - before, looks, "until {until}");
    }
    let before = reads(&world);
    pass(&mut world, at(1, 11, 59));
    assert_eq!(reads(&world) - before, 1, "17:00");
}

#[test]
fn check_ins_go_with_the_case_that_is_destroyed() {
    let (mut world, case) = asked(0);
    pass(&mut world, at(0, 9, 0));
    hear(&mut world, T1, &good(at(0, 9, 0)));
    assert_eq!(world.image(T1).len(Table::CheckIn), 1);
    crate::shred::order(&mut world, P, "c-keeper", "c", case);
    world.net.rest();
    world.replica(T1).bury(case).unwrap();
    world.net.carry_out(T1);
    assert_eq!(world.image(T1).len(Table::CheckIn), 0);
    pass(&mut world, at(0, 13, 0));
    assert_eq!(
        told(&world, T1, "CHK_MISS").len(),
        0,
        "nobody is asked any more"
    );
}

#[test]
fn a_node_that_was_not_yet_told_the_time_blames_nobody_for_what_was_before() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.amend(
        T1,
        "t1-head",
        case,
        "device/phone-1",
        &canon::encode(&phone()),
    );
    world.amend(T1, "t1-head", case, "checkin/daily", &plan(0).write());
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.replica(T1).ask_check_ins([1; 32]).unwrap();
    let now = at(5, 8, 0);
    assert!(world.replica(T1).bound(PHONE, now).is_some());
    world.net.now = now;
    pass(&mut world, at(5, 11, 59));
    assert_eq!(alarms(&world, T1), []);
    pass(&mut world, at(5, 12, 0));
    assert_eq!(told(&world, T1, "CHK_MISS").len(), 1);
}
