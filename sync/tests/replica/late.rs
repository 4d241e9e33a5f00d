//! What is late is told once, by whoever is to tell it, whatever comes late, twice or after an outage.

use crate::supervise::{alarms, is_withdrawn, leave};
use crate::world::{C, DAY, P, START, T1, World, code};
use jiaolian_schema::act::{Amend, Apply, Raise, Span, Step};
use jiaolian_schema::fact::What;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId};
use jiaolian_schema::rule::CaseField;
use jiaolian_schema::workflow::Value;
use std::collections::{BTreeMap, BTreeSet};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Midnight in Shanghai after the leave's last day, which is the day after the start.
const END: i64 = START + DAY + 16 * HOUR;

/// A person away from the day of the start to the next.
fn away(person: u64) -> (World, DossierId, EnvelopeId) {
    let mut world = World::new();
    let (case, matter) = send_away(&mut world, person);
    (world, case, matter)
}

fn send_away(world: &mut World, person: u64) -> (DossierId, EnvelopeId) {
    let case = world.open(T1, "t1-officer", "t1", person, false);
    leave(world, T1, case, START, START + DAY);
    let facts = world.replica(T1).facts(case).unwrap();
    let applied = |what: &What| matches!(what, What::Apply { .. });
    let matter = facts.values().find(|fact| applied(&fact.what)).unwrap().id;
    world.net.carry_out(T1);
    (case, matter)
}

fn back(world: &mut World, at: usize, who: &str, case: DossierId, matter: EnvelopeId) {
    let day = (START / DAY) as i32;
    let step = Step {
        matter,
        event: "return".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: BTreeMap::new(),
        span: Some(Span {
            first_day: day,
            last_day: day + 1,
        }),
    };
    world.act(at, who, Some(case), step.into()).unwrap();
}

/// Time passes at every node to an instant.
fn go_to(world: &mut World, time: i64) {
    let ms = time - world.net.now;
    world.net.tick(ms);
}

/// Time passes at one node only.
fn go_alone(world: &mut World, at: usize, time: i64) {
    world.replica(at).tick(time, [at as u8; 32]);
    world.net.carry_out(at);
}

fn raise_of(world: &World, at: usize, alarm: DossierId) -> Raise {
    let facts = world.net.nodes[at].replica.facts(alarm).unwrap();
    match &facts[&EnvelopeId::from(alarm)].what {
        What::Raise(raise) => raise.clone(),
        other => panic!("{other:?}"),
    }
}

fn raised(world: &World, at: usize) -> Vec<Raise> {
    let all = alarms(world, at).into_iter();
    all.map(|alarm| raise_of(world, at, alarm)).collect()
}

/// How an alarm ended, as a page reads it.
fn end_of(world: &mut World, at: usize, alarm: AlarmId) -> Option<i64> {
    let watch = world.replica(at).watch(code(1)).unwrap();
    watch.until.get(&alarm).copied().flatten()
}

#[test]
fn nobody_back_at_the_end_of_a_leave_is_told_once_without_any_device() {
    let (mut world, case, _) = away(1);
    go_to(&mut world, END - 1);
    assert_eq!(raised(&world, T1), []);
    go_to(&mut world, END);
    let told = raised(&world, T1);
    assert_eq!(told.len(), 1);
    let raise = &told[0];
    assert_eq!((raise.kind.as_str(), raise.severity), ("LEAVE_LATE", 2));
    assert_eq!(
        (raise.time, raise.retrospective, raise.case),
        (END, 0, case)
    );
    for minute in 1..10 {
        go_to(&mut world, END + minute * MINUTE);
    }
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    go_to(&mut world, END + 2 * DAY);
    assert_eq!(alarms(&world, T1).len(), 1);
}

#[test]
fn who_is_back_in_time_is_not_told_of() {
    let (mut world, case, matter) = away(1);
    world.net.now = END - 1;
    back(&mut world, T1, "t1-officer", case, matter);
    go_to(&mut world, END + 3 * DAY);
    assert_eq!(alarms(&world, T1), []);
}

#[test]
fn a_return_signed_in_time_that_arrives_late_withdraws_the_alarm_everywhere() {
    let (mut world, case, matter) = away(1);
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    world.net.now = END - HOUR;
    back(&mut world, C, "c-deputy", case, matter);
    go_to(&mut world, END);
    let alarm = alarms(&world, T1)[0];
    assert!(!is_withdrawn(&world, T1, alarm));
    assert_eq!(alarms(&world, C), [], "the county knows of the return");
    world.net.heal(C, T1);
    world.net.rest();
    for at in [T1, C, P] {
        assert!(is_withdrawn(&world, at, alarm), "at {at}");
        assert_eq!(alarms(&world, at).len(), 1, "at {at}");
    }
}

#[test]
fn a_return_after_the_end_ends_the_condition_and_leaves_the_alarm_to_people() {
    let (mut world, case, matter) = away(1);
    go_to(&mut world, END);
    let alarm = alarms(&world, T1)[0];
    let name = raise_of(&world, T1, alarm).alarm;
    assert_eq!(end_of(&mut world, T1, name), None);
    world.net.now = END + 5 * HOUR;
    back(&mut world, T1, "t1-officer", case, matter);
    go_to(&mut world, END + 6 * HOUR);
    assert!(!is_withdrawn(&world, T1, alarm));
    assert_eq!(end_of(&mut world, T1, name), Some(END + 5 * HOUR));
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    assert_eq!(end_of(&mut world, T1, name), Some(END + 5 * HOUR));
    assert_eq!(alarms(&world, T1).len(), 1);
}

#[test]
fn the_county_tells_what_the_township_does_not_and_both_mint_one_name() {
    let (mut world, ..) = away(1);
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    go_alone(&mut world, C, END + 4 * MINUTE);
    assert_eq!(alarms(&world, C), [], "the township has five minutes");
    go_alone(&mut world, C, END + 5 * MINUTE);
    assert_eq!(alarms(&world, C).len(), 1);
    go_alone(&mut world, P, END + DAY);
    assert_eq!(alarms(&world, P).len(), 0, "a province tells of nobody");
    go_alone(&mut world, T1, END + 6 * MINUTE);
    let names = |world: &World, at| {
        let all = raised(world, at).into_iter();
        all.map(|raise| raise.alarm).collect::<BTreeSet<AlarmId>>()
    };
    assert_eq!(names(&world, C), names(&world, T1));
    world.net.now = END + 10 * MINUTE;
    world.link_all();
    world.net.rest();
    for at in [T1, C, P] {
        assert_eq!(names(&world, at).len(), 1, "at {at}");
    }
}

#[test]
fn what_the_county_told_first_the_township_does_not_tell_again() {
    let (mut world, ..) = away(1);
    world.link_all();
    world.net.rest();
    world.net.cut(C, T1);
    go_alone(&mut world, C, END + 5 * MINUTE);
    world.net.now = END + 5 * MINUTE;
    world.net.heal(C, T1);
    world.net.flow();
    world.net.rest();
    assert_eq!(alarms(&world, T1).len(), 1);
    assert_eq!(alarms(&world, C).len(), 1);
}

#[test]
fn after_an_outage_of_days_each_is_told_once_a_few_with_each_tick_and_with_cases_closed() {
    let mut world = World::new();
    for person in 1..=70 {
        send_away(&mut world, person);
    }
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    *world.net.nodes[T1].disk.1.borrow_mut() = true;
    let mut seen = Vec::new();
    for second in 0..6 {
        go_alone(&mut world, T1, END + 4 * DAY + second * 1_000);
        seen.push(alarms(&world, T1).len());
    }
    assert_eq!(seen.last(), Some(&70));
    assert!(seen[0] < 70, "bounded work a tick: {seen:?}");
    let names: BTreeSet<_> = raised(&world, T1).iter().map(|raise| raise.alarm).collect();
    assert_eq!(names.len(), 70);
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    for second in 6..12 {
        go_alone(&mut world, T1, END + 4 * DAY + second * 1_000);
    }
    assert_eq!(alarms(&world, T1).len(), 70);
}

#[test]
fn what_was_over_when_it_was_found_is_told_afterwards_and_lower() {
    let (mut world, case, matter) = away(1);
    world.net.now = END + 2 * HOUR;
    back(&mut world, T1, "t1-officer", case, matter);
    go_to(&mut world, END + DAY);
    let told = raised(&world, T1);
    assert_eq!((told[0].retrospective, told[0].severity), (1, 3));
    assert_eq!(told.len(), 1);
}

#[test]
fn a_clock_set_ahead_accuses_nobody_for_long() {
    let (mut world, ..) = away(1);
    go_alone(&mut world, T1, END + DAY);
    let alarm = alarms(&world, T1)[0];
    go_alone(&mut world, T1, START + HOUR);
    go_alone(&mut world, T1, START + HOUR + 1_000);
    assert!(is_withdrawn(&world, T1, alarm));
    go_alone(&mut world, T1, END);
    let standing = alarms(&world, T1).into_iter();
    let standing: Vec<_> = standing
        .filter(|alarm| !is_withdrawn(&world, T1, *alarm))
        .collect();
    assert_eq!(standing.len(), 1, "and in time it is told all the same");
}

fn matter(world: &mut World, workflow: &str, case: DossierId, day: i32) -> EnvelopeId {
    let apply = Apply {
        workflow: workflow.to_owned(),
        version: 1,
        on_behalf: 1,
        span: Some(Span {
            first_day: day,
            last_day: day,
        }),
        area: None,
        fields: BTreeMap::new(),
    };
    let signed = world.act(T1, "t1-officer", Some(case), apply.into());
    signed.unwrap()
}

#[test]
fn a_report_that_does_not_come_is_told_and_the_next_one_ends_it() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let amend = Amend {
        field: "report_every".to_owned(),
        replaces: Vec::new(),
        value: CaseField::encode(&Value::Choice("week".to_owned())),
    };
    world.act(T1, "t1-head", Some(case), amend.into()).unwrap();
    let week = START + 20 * DAY;
    go_to(&mut world, week);
    let told = raised(&world, T1);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].kind.as_str(), told[0].severity), ("RPT_MISS", 3));
    assert_eq!(end_of(&mut world, T1, told[0].alarm), None);
    matter(&mut world, "report", case, (week / DAY) as i32);
    go_to(&mut world, week + HOUR);
    assert_eq!(end_of(&mut world, T1, told[0].alarm), Some(week));
    assert_eq!(alarms(&world, T1).len(), 1);
    go_to(&mut world, week + 20 * DAY);
    assert_eq!(alarms(&world, T1).len(), 2, "the next week's");
}

#[test]
fn who_never_appears_is_looked_for_as_lost() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    matter(&mut world, "reception", case, (START / DAY) as i32);
    go_to(&mut world, START + 25 * DAY);
    let told = raised(&world, T1);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].kind.as_str(), told[0].severity), ("LOST", 1));
}

#[test]
fn a_person_found_lost_in_one_alarm_raises_the_other_once() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let first = world.raise(T1, "t1-node", case, "t1", 1);
    for event in ["acknowledge", "contact"] {
        let signed = world.step(T1, "t1-officer", first, first.into(), event);
        signed.unwrap();
    }
    go_to(&mut world, START + HOUR);
    assert_eq!(alarms(&world, T1).len(), 1);
    let signed = world.step(T1, "t1-officer", first, first.into(), "lost");
    signed.unwrap();
    for minute in 0..3 {
        go_to(&mut world, START + 2 * HOUR + minute * MINUTE);
    }
    let told = raised(&world, T1);
    let lost: Vec<&Raise> = told.iter().filter(|raise| raise.kind == "LOST").collect();
    assert_eq!((lost.len(), lost[0].case), (1, case));
    let setup = world.setup_of(T1);
    world.net.restart(T1, setup);
    go_to(&mut world, START + DAY);
    assert_eq!(alarms(&world, T1).len(), 2);
}
