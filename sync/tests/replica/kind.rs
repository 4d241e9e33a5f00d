//! All kinds of alarm that a device's own reports decide, whole nodes long: what is raised, how
//! grave, once, and what takes it away. The scenarios are those of the domain, by number.

use crate::supervise::{
    alarms, fix, is_withdrawn, leave, report, square, standing, use_device, watched,
};
use crate::world::{C, DAY, P, START, T1, World, code};
use jiaolian_schema::act::Raise;
use jiaolian_schema::canon;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::DossierId;
use jiaolian_schema::signal::{Sign, Signs};
use jiaolian_schema::watch::NodeClock;
use jiaolian_sync::{Judged, Report, ReportError, ReportOutcome};

const MINUTE: i64 = 60_000;
const SECOND: i64 = 1_000;

fn at(minute: i64) -> i64 {
    START + DAY + minute * MINUTE
}

fn said(time: i64, signs: Signs, live: bool) -> Report {
    Report {
        person: code(1).to_hex(),
        terminal: "band-1".to_owned(),
        time,
        point: None,
        signs,
        live,
    }
}

fn seen(minute: i64, outward: i32, signs: Signs, live: bool) -> Report {
    let point = fix(minute, outward).point;
    Report {
        point: Some(point),
        ..said(point.time, signs, live)
    }
}

fn hear(world: &mut World, node: usize, report: &Report, received: i64) -> ReportOutcome {
    world.net.now = world.net.now.max(received);
    let outcome = world.replica(node).hear_device(report, received).unwrap();
    world.net.carry_out(node);
    outcome
}

/// Lets minutes pass, each with a tick of every node.
fn pass(world: &mut World, until: i64) {
    while world.net.now < until {
        let step = MINUTE.min(until - world.net.now);
        world.net.tick(step);
        world.net.flow();
    }
}

fn begin(world: &mut World, minute: i64) {
    world.net.now = at(minute);
    world.net.tick(0);
}

fn raise(world: &World, node: usize, alarm: DossierId) -> Raise {
    let facts = world.net.nodes[node].replica.facts(alarm).unwrap();
    let raised = facts.values().find_map(|fact| match &fact.what {
        What::Raise(raise) => Some(raise.clone()),
        _ => None,
    });
    raised.unwrap()
}

fn events(world: &World, node: usize, alarm: DossierId) -> Vec<String> {
    let facts = world.net.nodes[node].replica.facts(alarm).unwrap();
    let steps = facts.values().filter_map(|fact| match &fact.what {
        What::Step { event, .. } => Some(event.clone()),
        _ => None,
    });
    steps.collect()
}

/// Alarms of a kind at a node, with severity and whether they are retrospective.
fn of_kind(world: &World, node: usize, kind: &str) -> Vec<(DossierId, u8, u8)> {
    let all = alarms(world, node)
        .into_iter()
        .map(|id| (id, raise(world, node, id)));
    let alike = all.filter(|(_, raise)| raise.kind == kind);
    alike
        .map(|(id, raise)| (id, raise.severity, raise.retrospective))
        .collect()
}

#[test]
fn scenario_25_a_strap_cut_in_a_shadow_is_red_at_once_and_its_points_are_not() {
    let (mut world, _) = watched();
    world.link_all();
    world.net.rest();
    begin(&mut world, 0);
    hear(&mut world, T1, &seen(0, 30, Signs::NONE, true), at(0));
    // 02:14:07 to 02:20: no coverage. The cut and the points since are kept on the device.
    let cut = at(14) + 7 * SECOND;
    world.net.now = at(20);
    let kept = said(cut, Signs::NONE.with(Sign::Strap, true), false);
    hear(&mut world, T1, &kept, at(20));
    for minute in 15..20 {
        hear(
            &mut world,
            T1,
            &seen(minute, 30, Signs::NONE, false),
            at(20),
        );
    }
    world.net.flow();
    for node in [T1, C, P] {
        let tampers = of_kind(&world, node, "TAMPER");
        assert_eq!(tampers.len(), 1, "at {node}");
        assert_eq!((tampers[0].1, tampers[0].2), (1, 0), "red and live");
        assert_eq!(raise(&world, node, tampers[0].0).time, cut);
        let outs = of_kind(&world, node, "GEO_OUT");
        assert!(outs.iter().all(|(_, _, late)| *late == 1), "{outs:?}");
    }
}

#[test]
fn scenario_25_the_cut_that_comes_after_a_live_report_is_red_as_well() {
    let (mut world, _) = watched();
    begin(&mut world, 20);
    hear(&mut world, T1, &seen(20, -30, Signs::NONE, true), at(20));
    let kept = said(at(14), Signs::NONE.with(Sign::Strap, true), false);
    let outcome = hear(&mut world, T1, &kept, at(20));
    assert_eq!(outcome.judged, Judged::Again);
    let tampers = of_kind(&world, T1, "TAMPER");
    assert_eq!((tampers[0].1, tampers[0].2), (1, 0));
}

#[test]
fn scenario_8_a_leave_that_the_county_has_not_seen_takes_its_alarm_away() {
    let (mut world, case) = watched();
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    world.net.now = at(-60);
    leave(&mut world, T1, case, START + DAY, START + DAY);
    for minute in [0, 2, 4] {
        report(&mut world, T1, minute, 30, true).unwrap();
        report(&mut world, C, minute, 30, true).unwrap();
    }
    assert!(
        alarms(&world, T1).is_empty(),
        "no alarm at the office's own gateway"
    );
    let alarm = alarms(&world, C)[0];
    assert_eq!(raise(&world, C, alarm).severity, 2);
    assert!(!is_withdrawn(&world, C, alarm));
    world.net.now = at(30);
    world.net.heal(C, T1);
    world.net.flow();
    assert!(is_withdrawn(&world, C, alarm));
    assert!(is_withdrawn(&world, T1, alarm));
    assert!(standing(&world, C).is_empty());
}

#[test]
fn scenario_18_after_the_end_nothing_is_taken_at_any_node_and_all_that_was_open_ends() {
    let (mut world, _) = watched();
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    let end = START + 80 * DAY;
    world.net.now = end - 10 * MINUTE;
    world.net.tick(0);
    let strap = Signs::NONE.with(Sign::Strap, true);
    hear(
        &mut world,
        T1,
        &said(end - 5 * MINUTE, strap, true),
        end - 5 * MINUTE,
    );
    assert_eq!(of_kind(&world, T1, "TAMPER").len(), 1);
    pass(&mut world, end + 3 * 60 * MINUTE);
    assert!(
        of_kind(&world, T1, "NO_SIGNAL").is_empty(),
        "nobody is silent after the end"
    );
    let worn = world.replica(T1).watch(code(1)).unwrap().until;
    assert_eq!(worn.values().copied().collect::<Vec<_>>(), [Some(end + 1)]);
    world.net.heal(C, T1);
    world.net.flow();
    for (node, live) in [(T1, true), (T1, false), (C, true), (C, false)] {
        let late = said(end + 1 + MINUTE, Signs::NONE, live);
        let refused = world
            .replica(node)
            .hear_device(&late, end + 4 * 60 * MINUTE);
        assert!(
            matches!(refused, Err(ReportError::Unbound { .. })),
            "{refused:?}"
        );
        let kept = world.replica(node).signals(code(1), end + 1, i64::MAX, 9);
        assert!(kept.unwrap().is_empty());
    }
}

/// Three people with a band each.
fn three() -> World {
    let (mut world, _) = watched();
    for number in [2, 3] {
        let case = world.open(T1, "t1-officer", "t1", number, false);
        use_device(&mut world, T1, case, START, START + 88 * DAY);
        let device = Device::new(Regime::Band, START, START + 90 * DAY);
        let (device, fence) = (canon::encode(&device), canon::encode(&square()));
        world.amend(
            T1,
            "t1-head",
            case,
            &format!("device/band-{number}"),
            &device,
        );
        world.amend(T1, "t1-head", case, "fence/home", &fence);
    }
    world.net.carry_out(T1);
    world
}

fn by(number: u64, report: &Report) -> Report {
    Report {
        person: code(number).to_hex(),
        terminal: format!("band-{number}"),
        ..report.clone()
    }
}

#[test]
fn scenario_11_a_clock_wrong_by_hours_or_years_loses_no_violation() {
    const HOUR: i64 = 60 * MINUTE;
    for ahead in [
        3 * HOUR,
        -3 * HOUR,
        -57 * 365 * DAY,
        1_420_070_400_000 - at(0),
    ] {
        let mut world = three();
        world.replica(T1).tick(at(0) + ahead, [7; 32]);
        // Two devices are believed no more than the node: only the third tells who is wrong.
        for minute in 0..6 {
            for number in [1, 2, 3] {
                let outward = if number == 1 { 30 } else { -30 };
                let report = by(number, &seen(minute, outward, Signs::NONE, true));
                let received = at(minute) + ahead + number as i64;
                world.replica(T1).hear_device(&report, received).unwrap();
                world.net.carry_out(T1);
            }
            let entropy = [minute as u8; 32];
            world.replica(T1).tick(at(minute) + ahead + 10, entropy);
            world.net.carry_out(T1);
        }
        let clock = world.replica(T1).node_clock();
        assert!(
            matches!(clock, NodeClock::Untrusted { .. }),
            "{ahead}: {clock:?}"
        );
        let since = world.replica(T1).watch(code(1)).unwrap().open;
        assert_eq!(since, [("home".to_owned(), at(0))], "{ahead}");
        // Once it can sign again, the alarm is there, and nobody was found silent or at fault.
        world.net.now = at(8);
        world.net.tick(1_000);
        world.net.tick(1_000);
        let stand = standing(&world, T1);
        let kinds: Vec<String> = alarms(&world, T1)
            .into_iter()
            .map(|id| raise(&world, T1, id))
            .filter(|raise| stand.contains(&raise.alarm) && raise.person == code(1))
            .map(|raise| raise.kind)
            .collect();
        assert!(kinds.contains(&"GEO_OUT".to_owned()), "{ahead}: {kinds:?}");
        assert!(
            !kinds.contains(&"NO_SIGNAL".to_owned()),
            "{ahead}: {kinds:?}"
        );
    }
}

#[test]
fn scenario_11_a_device_alone_with_its_time_is_a_device_at_fault() {
    let mut world = three();
    begin(&mut world, 0);
    for number in [2, 3] {
        let report = by(number, &seen(0, -30, Signs::NONE, true));
        hear(&mut world, T1, &report, at(0));
    }
    // Ten minutes in the future, outside the fence.
    for minute in [0, 2, 4] {
        let outcome = hear(
            &mut world,
            T1,
            &seen(minute + 10, 30, Signs::NONE, true),
            at(minute),
        );
        assert_eq!(outcome.judged, Judged::Skewed);
    }
    assert_eq!(of_kind(&world, T1, "GEO_OUT"), []);
    let faults = of_kind(&world, T1, "DEV_FAULT");
    assert_eq!(faults.len(), 1);
    assert_eq!(
        (faults[0].1, events(&world, T1, faults[0].0)),
        (4, vec!["worsen".to_owned()])
    );
    assert_eq!(
        raise(&world, T1, faults[0].0).time,
        at(0),
        "as of the time of receipt"
    );
}

#[test]
fn a_strap_is_not_lost_with_a_wrong_clock() {
    let mut world = three();
    begin(&mut world, 0);
    let cut = said(at(-600), Signs::NONE.with(Sign::Strap, true), true);
    assert_eq!(hear(&mut world, T1, &cut, at(0)).judged, Judged::Skewed);
    assert_eq!(of_kind(&world, T1, "TAMPER").len(), 1);
}

#[test]
fn a_silence_is_told_by_the_clock_and_closes_itself_when_it_is_filled() {
    let (mut world, _) = watched();
    begin(&mut world, 0);
    hear(&mut world, T1, &seen(0, -30, Signs::NONE, true), at(0));
    pass(&mut world, at(30));
    assert_eq!(of_kind(&world, T1, "NO_SIGNAL"), []);
    pass(&mut world, at(40));
    let silences = of_kind(&world, T1, "NO_SIGNAL");
    assert_eq!(silences.len(), 1);
    assert_eq!((silences[0].1, silences[0].2), (3, 0));
    for minute in 1..40 {
        hear(
            &mut world,
            T1,
            &seen(minute, -30, Signs::NONE, false),
            at(40),
        );
        assert!(minute == 39 || minute > 9 || events(&world, T1, silences[0].0).is_empty());
    }
    assert_eq!(events(&world, T1, silences[0].0), ["close_itself"]);
    pass(&mut world, at(60));
    assert_eq!(of_kind(&world, T1, "NO_SIGNAL").len(), 1);
}

#[test]
fn a_long_silence_is_left_to_people_and_one_spent_outside_is_withdrawn() {
    let (mut world, _) = watched();
    begin(&mut world, 0);
    hear(&mut world, T1, &seen(0, -30, Signs::NONE, true), at(0));
    pass(&mut world, at(125));
    for minute in 1..125 {
        hear(
            &mut world,
            T1,
            &seen(minute, -30, Signs::NONE, false),
            at(125),
        );
    }
    let silence = of_kind(&world, T1, "NO_SIGNAL")[0].0;
    assert_eq!(events(&world, T1, silence), Vec::<String>::new());
    let late = said(at(60) + SECOND, Signs::NONE, false);
    assert_eq!(hear(&mut world, T1, &late, at(126)).judged, Judged::Again);
    assert_eq!(events(&world, T1, silence), Vec::<String>::new());

    let (mut world, _) = watched();
    begin(&mut world, 0);
    hear(&mut world, T1, &seen(0, -30, Signs::NONE, true), at(0));
    pass(&mut world, at(40));
    for minute in 1..40 {
        hear(
            &mut world,
            T1,
            &seen(minute, 30, Signs::NONE, false),
            at(40),
        );
    }
    let silence = of_kind(&world, T1, "NO_SIGNAL")[0].0;
    assert_eq!(events(&world, T1, silence), ["withdraw"]);
    assert_eq!(of_kind(&world, T1, "GEO_OUT").len(), 1);
}

#[test]
fn nobody_is_silent_while_the_node_does_not_run() {
    let (mut world, _) = watched();
    begin(&mut world, 0);
    hear(&mut world, T1, &seen(0, -30, Signs::NONE, true), at(0));
    pass(&mut world, at(5));
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.net.now = at(600);
    pass(&mut world, at(620));
    assert_eq!(of_kind(&world, T1, "NO_SIGNAL"), []);
    pass(&mut world, at(630));
    assert_eq!(of_kind(&world, T1, "NO_SIGNAL").len(), 1);
}

#[test]
fn two_gateways_mint_one_alarm_of_every_kind() {
    let (mut world, _) = watched();
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    begin(&mut world, 0);
    let story = [
        said(
            at(0),
            Signs::NONE.with(Sign::Strap, true).with_battery(15),
            true,
        ),
        said(at(1), Signs::NONE.with(Sign::Apart, true), true),
        said(at(5), Signs::NONE.with(Sign::Apart, true), true),
        said(
            at(6),
            Signs::NONE.with(Sign::Fault, true).with_battery(60),
            true,
        ),
        said(at(7), Signs::NONE.with(Sign::Off, true), true),
    ];
    for report in &story {
        hear(&mut world, T1, report, report.time);
    }
    for report in story.iter().rev() {
        let late = Report {
            live: false,
            ..report.clone()
        };
        hear(&mut world, C, &late, at(8));
    }
    pass(&mut world, at(40));
    let names = standing(&world, T1);
    assert_eq!(
        names.len(),
        6,
        "TAMPER SEPARATION POWER_OFF LOW_BATT NO_SIGNAL DEV_FAULT"
    );
    assert_eq!(standing(&world, C), names);
    world.net.heal(C, T1);
    world.net.rest();
    for node in [T1, C, P] {
        assert_eq!(standing(&world, node), names, "at {node}");
    }
}

#[test]
fn a_phone_raises_nothing_of_a_band() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let phone = Device::new(Regime::Phone, START, START + 90 * DAY);
    world.amend(T1, "t1-head", case, "device/band-1", &canon::encode(&phone));
    world.amend(T1, "t1-head", case, "fence/home", &canon::encode(&square()));
    world.net.carry_out(T1);
    begin(&mut world, 0);
    for minute in 0..6 {
        let signs = Signs::NONE.with(Sign::Strap, true).with_battery(5);
        let outcome = hear(&mut world, T1, &seen(minute, 30, signs, true), at(minute));
        assert_eq!(outcome.judged, Judged::Said);
    }
    pass(&mut world, at(120));
    assert!(alarms(&world, T1).is_empty());
    let fixes = world.replica(T1).fixes(code(1), 0, i64::MAX, 9).unwrap();
    assert_eq!(fixes.len(), 6);
}

#[test]
fn a_battery_that_is_charged_closes_its_alarm() {
    let (mut world, _) = watched();
    begin(&mut world, 0);
    let charge = |minute, percent| seen(minute, -30, Signs::NONE.with_battery(percent), true);
    for (minute, percent) in [(0, 18), (5, 9), (10, 90)] {
        hear(&mut world, T1, &charge(minute, percent), at(minute));
    }
    let low = of_kind(&world, T1, "LOW_BATT");
    assert_eq!((low.len(), low[0].1), (1, 4));
    let mut told = events(&world, T1, low[0].0);
    told.sort();
    assert_eq!(told, ["close_itself", "worsen"]);
}

#[test]
fn an_alarm_about_the_device_that_could_not_be_signed_is_signed_once_it_can_be() {
    let (mut world, _) = watched();
    let wrong = 800 * DAY;
    let cut = said(at(0), Signs::NONE.with(Sign::Strap, true), false);
    world.replica(T1).hear_device(&cut, at(0) + wrong).unwrap();
    world.net.carry_out(T1);
    assert!(alarms(&world, T1).is_empty());
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.net.now = at(10);
    world.net.tick(1_000);
    assert_eq!(of_kind(&world, T1, "TAMPER").len(), 1);
    world.net.tick(1_000);
    assert_eq!(of_kind(&world, T1, "TAMPER").len(), 1);
}
