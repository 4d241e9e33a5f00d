//! From a position report to an alarm at every superior, once, whatever comes late, twice or by two
//! ways.

use crate::world::{C, DAY, P, START, T1, World, code};
use jiaolian_schema::act::{Amend, Apply, Span, Step};
use jiaolian_schema::canon;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fact::What;
use jiaolian_schema::fence::{Fence, FenceKind};
use jiaolian_schema::fix::{Coord, Fix, Point, Source};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_sync::{Judged, ReportError, ReportOutcome};

const MINUTE: i64 = 60_000;

/// 0.2° square; its eastern edge lies on 113.1° E.
pub(crate) fn square() -> Fence {
    let corner = |lat, lon| Coord::new(lat, lon).unwrap();
    let ring = vec![
        corner(279_000_000, 1_129_000_000),
        corner(279_000_000, 1_131_000_000),
        corner(281_000_000, 1_131_000_000),
        corner(281_000_000, 1_129_000_000),
    ];
    let shape = Shape::new(vec![vec![ring]]).unwrap();
    Fence::new("home", FenceKind::KeepIn, shape, 100_000).unwrap()
}

/// A fix so many ten-thousandths of a degree (10 m) outward of the eastern edge.
pub(crate) fn fix(minute: i64, outward: i32) -> Fix {
    let at = Coord::new(280_000_000, 1_131_000_000 + outward * 1_000).unwrap();
    let time = START + DAY + minute * MINUTE;
    Fix {
        person: code(1).to_hex(),
        point: Point::new(time, at, Some(15_000), Source::Gnss),
    }
}

pub(crate) fn report(
    world: &mut World,
    at: usize,
    minute: i64,
    outward: i32,
    live: bool,
) -> Result<ReportOutcome, ReportError> {
    let fix = fix(minute, outward);
    let received = if live {
        fix.point.time
    } else {
        fix.point.time + 60 * MINUTE
    };
    let outcome = world.replica(at).report(&fix, received, live);
    world.net.now = world.net.now.max(received);
    world.net.carry_out(at);
    outcome
}

pub(crate) fn watched() -> (World, DossierId) {
    let mut world = World::new();
    let case = put_under_watch(&mut world);
    (world, case)
}

/// Opens the case of the township's person, with a band and a fence.
pub(crate) fn put_under_watch(world: &mut World) -> DossierId {
    put_another_under_watch(world, 1)
}

/// The same of another person.
pub(crate) fn put_another_under_watch(world: &mut World, person: u64) -> DossierId {
    let case = world.open(T1, "t1-officer", "t1", person, false);
    use_device(world, T1, case, START, START + 88 * DAY);
    let device = Device::new(Regime::Band, START, START + 80 * DAY);
    let band = format!("device/band-{person}");
    world.amend(T1, "t1-head", case, &band, &canon::encode(&device));
    world.amend(T1, "t1-head", case, "fence/home", &canon::encode(&square()));
    world.net.carry_out(T1);
    case
}

/// A device is proposed, approved and fitted.
pub(crate) fn use_device(
    world: &mut World,
    at: usize,
    case: DossierId,
    first: i64,
    last: i64,
) -> EnvelopeId {
    let day = |ms: i64| (ms.div_euclid(DAY)) as i32;
    let apply = Apply {
        workflow: "device".to_owned(),
        version: 1,
        on_behalf: 0,
        span: Some(Span {
            first_day: day(first),
            last_day: day(last),
        }),
        area: None,
        fields: std::collections::BTreeMap::new(),
    };
    let matter = world.act(at, "t1-officer", Some(case), apply.into());
    let matter = matter.unwrap();
    for event in ["approve", "fit"] {
        world.step(at, "t1-head", case, matter, event).unwrap();
    }
    matter
}

pub(crate) fn leave(world: &mut World, at: usize, case: DossierId, first: i64, last: i64) {
    let day = |ms: i64| (ms.div_euclid(DAY)) as i32;
    let apply = Apply {
        workflow: "leave".to_owned(),
        version: 1,
        on_behalf: 1,
        span: Some(Span {
            first_day: day(first),
            last_day: day(last),
        }),
        area: None,
        fields: std::collections::BTreeMap::new(),
    };
    let matter = world
        .act(at, "t1-officer", Some(case), apply.into())
        .unwrap();
    world.step(at, "t1-head", case, matter, "approve").unwrap();
}

pub(crate) fn alarms(world: &World, at: usize) -> Vec<DossierId> {
    let rows = world.net.nodes[at].replica.dossiers();
    rows.filter(|(_, row)| row.kind == DossierKind::Alarm)
        .map(|(id, _)| id)
        .collect()
}

pub(crate) fn is_withdrawn(world: &World, at: usize, alarm: DossierId) -> bool {
    let facts = world.net.nodes[at].replica.facts(alarm).unwrap();
    facts
        .values()
        .any(|fact| matches!(&fact.what, What::Step { event, .. } if event == "withdraw"))
}

#[test]
fn three_fixes_outside_raise_one_alarm_that_reaches_every_superior() {
    let (mut world, case) = watched();
    world.link_all();
    world.net.rest();
    for minute in 0..6 {
        let outcome = report(&mut world, T1, minute, 30, true).unwrap();
        assert_eq!(outcome.judged, Judged::Next);
        assert_eq!(
            outcome.raised.len(),
            usize::from(minute == 3),
            "minute {minute}"
        );
    }
    world.net.flow();
    for at in [T1, C, P] {
        let alarms = alarms(&world, at);
        assert_eq!(alarms.len(), 1, "at {at}");
        let row = world.replica(at).dossier(alarms[0]).unwrap().clone();
        assert_eq!((row.case, row.person), (Some(case), Some(code(1))));
    }
    let open = world.replica(T1).watch(code(1)).unwrap().open;
    assert_eq!(open, [("home".to_owned(), START + DAY)]);
}

#[test]
fn a_report_twice_is_one_fix() {
    let (mut world, _) = watched();
    report(&mut world, T1, 0, 30, true).unwrap();
    assert_eq!(
        report(&mut world, T1, 0, 30, true).unwrap().judged,
        Judged::Double
    );
    assert_eq!(
        world
            .replica(T1)
            .fixes(code(1), 0, i64::MAX, 10)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn nobody_unknown_and_no_device_that_has_lapsed_is_taken_in() {
    let (mut world, _) = watched();
    let mut stranger = fix(0, 30);
    stranger.person = code(7).to_hex();
    let refused = world.replica(T1).report(&stranger, START, true);
    assert!(matches!(refused, Err(ReportError::UnknownPerson(_))));
    let late = report(&mut world, T1, 91 * 24 * 60, 30, true);
    assert!(matches!(late, Err(ReportError::Unbound { .. })), "{late:?}");
    let (person, device) = world.replica(T1).bound("band-1", START + DAY).unwrap();
    assert_eq!((person, device.regime), (code(1), Regime::Band));
    assert!(
        world
            .replica(T1)
            .bound("band-1", START + 91 * DAY)
            .is_none()
    );
}

#[test]
fn a_fix_that_comes_late_and_breaks_the_run_withdraws_the_alarm() {
    let (mut world, _) = watched();
    for minute in [0, 1, 3] {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    assert_eq!(alarms(&world, T1).len(), 1);
    let outcome = report(&mut world, T1, 2, -30, false).unwrap();
    assert_eq!(outcome.judged, Judged::Again);
    assert_eq!(outcome.withdrawn.len(), 1);
    let alarm = alarms(&world, T1)[0];
    assert!(is_withdrawn(&world, T1, alarm));
}

#[test]
fn a_violation_found_among_late_fixes_is_raised_afterwards_and_lower() {
    let (mut world, _) = watched();
    report(&mut world, T1, 30, -30, true).unwrap();
    let mut raised = Vec::new();
    for minute in [0, 1, 3] {
        raised.extend(report(&mut world, T1, minute, 30, false).unwrap().raised);
    }
    assert_eq!(raised.len(), 1);
    let alarm = alarms(&world, T1)[0];
    let facts = world.replica(T1).facts(alarm).unwrap();
    let What::Raise(raise) = &facts.values().next().unwrap().what else {
        panic!("an alarm dossier opens with its raising");
    };
    assert_eq!((raise.retrospective, raise.severity), (1, 3));
}

#[test]
fn a_leave_signed_before_and_arriving_after_withdraws_the_alarm() {
    let (mut world, case) = watched();
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    let at_county = C;
    let day = ((START + DAY).div_euclid(DAY)) as i32;
    let apply = Apply {
        workflow: "leave".to_owned(),
        version: 1,
        on_behalf: 1,
        span: Some(Span {
            first_day: day,
            last_day: day + 2,
        }),
        area: None,
        fields: std::collections::BTreeMap::new(),
    };
    let matter = world
        .act(at_county, "c-deputy", Some(case), apply.into())
        .unwrap();
    let approve = Step {
        matter,
        event: "approve".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: std::collections::BTreeMap::new(),
        span: None,
    };
    world
        .act(at_county, "c-head", Some(case), approve.into())
        .unwrap();
    for minute in [0, 1, 3] {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    let alarm = alarms(&world, T1)[0];
    assert!(!is_withdrawn(&world, T1, alarm));
    world.net.heal(C, T1);
    world.net.flow();
    assert!(is_withdrawn(&world, T1, alarm));
    assert!(is_withdrawn(&world, P, alarm));
}

#[test]
fn under_a_leave_nothing_is_raised() {
    let (mut world, case) = watched();
    leave(&mut world, T1, case, START + DAY, START + 2 * DAY);
    for minute in 0..6 {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    assert!(alarms(&world, T1).is_empty());
}

#[test]
fn the_watch_goes_on_over_a_restart_with_cases_closed() {
    let (mut world, _) = watched();
    for minute in [0, 1] {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    *world.net.nodes[T1].disk.1.borrow_mut() = true;
    let outcome = report(&mut world, T1, 3, 30, true).unwrap();
    assert_eq!(outcome.raised.len(), 1);
}

#[test]
fn a_lone_device_with_a_wrong_clock_is_stored_and_not_judged() {
    let (mut world, _) = watched();
    let fix = fix(0, 30);
    let outcome = world
        .replica(T1)
        .report(&fix, fix.point.time + 6 * MINUTE, true)
        .unwrap();
    assert_eq!(outcome.judged, Judged::Skewed);
    assert_eq!(
        world
            .replica(T1)
            .fixes(code(1), 0, i64::MAX, 9)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_fence_that_is_moved_counts_from_its_signing_and_old_alarms_stand() {
    let (mut world, case) = watched();
    for minute in [0, 1, 3] {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    let alarm = alarms(&world, T1)[0];
    let wide = {
        let corner = |lat, lon| Coord::new(lat, lon).unwrap();
        let ring = vec![
            corner(270_000_000, 1_120_000_000),
            corner(270_000_000, 1_140_000_000),
            corner(290_000_000, 1_140_000_000),
            corner(290_000_000, 1_120_000_000),
        ];
        let shape = Shape::new(vec![vec![ring]]).unwrap();
        Fence::new("home", FenceKind::KeepIn, shape, 100_000).unwrap()
    };
    let before = world.replica(T1).standing(case).unwrap().fields["fence/home"]
        .tips()
        .to_vec();
    let amend = Amend {
        field: "fence/home".to_owned(),
        replaces: before,
        value: canon::encode(&wide),
    };
    world.net.now += 10 * MINUTE;
    world.act(T1, "t1-head", Some(case), amend.into()).unwrap();
    assert!(!is_withdrawn(&world, T1, alarm));
    for minute in 20..26 {
        report(&mut world, T1, minute, 30, true).unwrap();
    }
    assert_eq!(alarms(&world, T1).len(), 1);
    assert!(world.replica(T1).watch(code(1)).unwrap().open.is_empty());
}

/// Alarms of a node that stand: each by its name.
pub(crate) fn standing(
    world: &World,
    at: usize,
) -> std::collections::BTreeSet<jiaolian_schema::id::AlarmId> {
    let alarms = alarms(world, at).into_iter();
    let alarms = alarms.filter(|alarm| !is_withdrawn(world, at, *alarm));
    let rows = alarms.filter_map(|id| world.net.nodes[at].replica.dossier(id));
    rows.filter_map(|row| row.alarm).collect()
}

#[test]
fn an_alarm_is_raised_while_the_clock_stands_before_the_newest_receipt() {
    let (mut world, case) = watched();
    world.link_all();
    world.net.rest();
    // The county's clock is ten minutes ahead when it signs its receipt.
    world.net.now += 10 * MINUTE;
    world.amend(T1, "t1-head", case, "term", b"x");
    world.net.rest();
    let receipt = world.net.now;
    let mut raised = Vec::new();
    for minute in [0, 1, 3] {
        let mut fix = fix(minute, 30);
        fix.point.time = receipt - 10 * MINUTE + minute * MINUTE;
        let outcome = world.replica(T1).report(&fix, fix.point.time, true);
        raised.extend(outcome.unwrap().raised);
        world.net.carry_out(T1);
    }
    assert_eq!(raised.len(), 1);
}

#[test]
fn an_alarm_that_could_not_be_signed_is_signed_once_it_can_be() {
    let (mut world, _) = watched();
    let wrong = 800 * DAY;
    for minute in [0, 1, 3] {
        let fix = fix(minute, 30);
        let time = fix.point.time;
        // A late report, since the clock of the node is years ahead of the device.
        world.replica(T1).report(&fix, time + wrong, false).unwrap();
        world.net.carry_out(T1);
    }
    assert!(alarms(&world, T1).is_empty());
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    world.net.now = START + DAY + 10 * MINUTE;
    world.net.tick(1_000);
    assert_eq!(alarms(&world, T1).len(), 1);
    world.net.tick(1_000);
    assert_eq!(alarms(&world, T1).len(), 1);
}
