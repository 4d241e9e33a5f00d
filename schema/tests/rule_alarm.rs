//! The alarm loop: seen, contacted, found, and closed by a second person where it is grave.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiaolian_schema::calendar::{civil_of, instant_of};
use jiaolian_schema::id::{EnvelopeId, PersonId};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::workflow::{
    Form, IgnoreReason, MatterContext, MatterState, Relation, Signer, Step, Value,
};

struct Alarm {
    pack: RulePack,
    steps: Vec<Step>,
}

fn signer(name: u8, tier: u8, role: &str) -> Signer {
    let relation = if tier == 1 {
        Relation::Own
    } else {
        Relation::Above
    };
    Signer {
        person: PersonId([name; 16]),
        tier,
        roles: BTreeSet::from([role.to_owned()]),
        relation,
    }
}

fn clerk() -> Signer {
    signer(1, 1, "OFF_STAFF")
}

fn head() -> Signer {
    signer(2, 2, "CTY_HEAD")
}

fn machine() -> Signer {
    signer(9, 1, "NODE")
}

fn at(time: &str) -> i64 {
    instant_of(time.parse().unwrap())
}

impl Alarm {
    fn new(kind: &str, severity: i64) -> Self {
        let mut alarm = Self {
            pack: RulePack::builtin(),
            steps: Vec::new(),
        };
        let form = Form::new()
            .with("kind", Value::Choice(kind.into()))
            .with("severity", Value::Int(severity))
            .with("since", Value::Time(at("2026-05-06T02:14")));
        alarm.sign("raise", machine(), "2026-05-06T02:14", form);
        alarm
    }

    fn sign(&mut self, event: &str, by: Signer, time: &str, form: Form) {
        let id = EnvelopeId([self.steps.len() as u8 + 1; 32]);
        let (event, replaces) = (event.to_owned(), Vec::new());
        self.steps.push(Step {
            id,
            event,
            by,
            at_ms: at(time),
            form,
            replaces,
        });
    }

    fn contacted(mut self) -> Self {
        self.sign("acknowledge", clerk(), "2026-05-06T02:17", Form::new());
        let call = Form::new()
            .with("method", Value::Choice("call".into()))
            .with("outcome", Value::Choice("reached".into()))
            .with("note", Value::Text("本人称在家".into()));
        self.sign("contact", clerk(), "2026-05-06T02:20", call);
        self
    }

    fn run(&self) -> MatterState {
        let (raised, steps) = self.steps.split_first().unwrap();
        let table = self.pack.workflow("alarm", 1).unwrap();
        table.run(
            &self.pack,
            raised,
            steps,
            &BTreeMap::new(),
            &MatterContext::default(),
        )
    }
}

fn finding() -> Form {
    Form::new()
        .with("cause", Value::Choice("drift".into()))
        .with("reason", Value::Text("室内定位漂移".into()))
        .with("result", Value::Text("确认在家".into()))
}

#[test]
fn tamper_is_seen_in_five_minutes_and_goes_to_the_city_after_an_hour() {
    let state = Alarm::new("TAMPER", 1).run();
    let due: Vec<_> = state
        .due
        .iter()
        .map(|due| {
            (
                due.id.as_str(),
                due.tier,
                civil_of(due.at.end_ms()).time().to_string(),
            )
        })
        .collect();
    let expected = [
        ("acknowledge", 1, "02:19:00"),
        ("handle", 1, "02:44:00"),
        ("escalate_t3", 3, "03:14:00"),
    ];
    assert_eq!(
        due,
        expected.map(|(id, tier, time)| (id, tier, time.to_owned()))
    );
    assert!(
        state
            .reminders
            .iter()
            .any(|told| told.role == "CMD_DUTY" && told.text == "alarm.new")
    );
}

#[test]
fn report_missed_is_handled_by_the_next_working_day() {
    let state = Alarm::new("RPT_MISS", 3).run();
    let handle = state.due.iter().find(|due| due.id == "handle").unwrap();
    assert_eq!(handle.at.date().to_string(), "2026-05-07");
    assert!(state.due.iter().all(|due| due.id != "acknowledge"));
}

#[test]
fn nothing_is_found_before_somebody_was_contacted() {
    let mut alarm = Alarm::new("SEPARATION", 2);
    alarm.sign("acknowledge", clerk(), "2026-05-06T02:17", Form::new());
    alarm.sign("false_alarm", clerk(), "2026-05-06T02:30", finding());
    let state = alarm.run();
    assert_eq!(state.state, "ACKED");
    assert!(matches!(state.ignored[0].reason, IgnoreReason::Turn { .. }));
}

#[test]
fn grave_alarm_is_closed_by_a_second_person() {
    let mut alarm = Alarm::new("SEPARATION", 2).contacted();
    alarm.sign("false_alarm", head(), "2026-05-06T02:30", finding());
    alarm.sign("close", clerk(), "2026-05-06T02:31", Form::new());
    alarm.sign("close", head(), "2026-05-06T02:32", Form::new());
    let state = alarm.run();
    assert_eq!(state.state, "FALSE");
    let reasons: Vec<String> = state
        .ignored
        .iter()
        .map(|ignored| ignored.reason.to_string())
        .collect();
    assert!(
        reasons[0].contains("int_at_most/1") || reasons[0].contains("level"),
        "{reasons:?}"
    );
    assert!(reasons[1].contains("does not sign"), "{reasons:?}");

    alarm.sign(
        "close",
        signer(3, 2, "CTY_DEP"),
        "2026-05-06T09:00",
        Form::new(),
    );
    let state = alarm.run();
    assert_eq!((state.state.as_str(), state.ended), ("CLOSED", true));
    assert!(state.due.is_empty());
}

#[test]
fn mild_alarm_is_closed_by_whoever_handled_it() {
    let mut alarm = Alarm::new("CHK_ABN", 3).contacted();
    alarm.sign("false_alarm", clerk(), "2026-05-06T02:30", finding());
    alarm.sign("close", clerk(), "2026-05-06T02:31", Form::new());
    assert_eq!(alarm.run().state, "CLOSED");
}

#[test]
fn finding_needs_cause_reasons_and_result() {
    let alarm = Alarm::new("GEO_OUT", 2).contacted();
    let table = alarm.pack.workflow("alarm", 1).unwrap();
    let facts = alarm.run().facts;
    assert_eq!(
        table.check_form("false_alarm", &Form::new(), &facts).len(),
        3
    );
    assert_eq!(table.check_form("police", &finding(), &facts).len(), 1);
    assert!(
        table
            .check_form("false_alarm", &finding(), &facts)
            .is_empty()
    );
}

#[test]
fn two_findings_that_differ_are_contacted_again_in_whatever_order_they_came() {
    for order in [["false_alarm", "violation"], ["violation", "false_alarm"]] {
        let mut alarm = Alarm::new("GEO_OUT", 2).contacted();
        alarm.sign(order[0], clerk(), "2026-05-06T02:30", finding());
        alarm.sign(order[1], head(), "2026-05-06T02:30", finding());
        let state = alarm.run();
        assert_eq!(state.state, "DISPUTED");
        assert!(state.due.iter().any(|due| due.id == "handle"));
        assert_eq!(alarm.contacted().run().state, "CONTACTING");
    }
}

#[test]
fn silence_that_lasts_needs_a_second_person_to_close() {
    let mut alarm = Alarm::new("NO_SIGNAL", 3).contacted();
    alarm.sign("false_alarm", clerk(), "2026-05-06T02:30", finding());
    let mut later = Alarm {
        pack: RulePack::builtin(),
        steps: alarm.steps.clone(),
    };
    alarm.sign("close", clerk(), "2026-05-06T02:40", Form::new());
    assert_eq!(alarm.run().state, "CLOSED");
    later.sign("close", clerk(), "2026-05-06T09:40", Form::new());
    assert_eq!(later.run().state, "FALSE");
}

#[test]
fn machine_closes_only_low_battery_and_short_silence() {
    let cause = || Form::new().with("cause", Value::Choice("recovered".into()));
    for (kind, severity, state) in [
        ("LOW_BATT", 4, "CLOSED"),
        ("NO_SIGNAL", 3, "CLOSED"),
        ("NO_SIGNAL", 2, "RAISED"),
        ("TAMPER", 1, "RAISED"),
    ] {
        let mut alarm = Alarm::new(kind, severity);
        alarm.sign("close_itself", machine(), "2026-05-06T02:40", cause());
        assert_eq!(alarm.run().state, state, "{kind} {severity}");
    }
}

#[test]
fn late_permit_withdraws_the_alarm_and_no_breach_is_left() {
    let mut alarm = Alarm::new("GEO_OUT", 2);
    let cause = Form::new().with("cause", Value::Choice("permit_late".into()));
    alarm.sign("withdraw", machine(), "2026-05-06T02:40", cause);
    let state = alarm.run();
    assert_eq!((state.state.as_str(), state.ended), ("WITHDRAWN", true));
    assert!(state.due.is_empty());
}

#[test]
fn reopened_alarm_runs_its_clocks_anew_and_is_found_anew() {
    let mut alarm = Alarm::new("CHK_ABN", 3).contacted();
    alarm.sign("false_alarm", clerk(), "2026-05-06T02:30", finding());
    alarm.sign("close", clerk(), "2026-05-06T02:31", Form::new());
    let reason = Form::new().with("reason", Value::Text("照片非本人".into()));
    alarm.sign("reopen", head(), "2026-05-06T09:00", reason);
    let state = alarm.run();
    let ids: Vec<_> = state.due.iter().map(|due| due.id.as_str()).collect();
    assert_eq!(
        ids,
        ["acknowledge_again", "handle_again", "escalate_again_t2"]
    );
    assert_eq!(
        civil_of(state.due[0].at.end_ms()).to_string(),
        "2026-05-06T11:00:00"
    );

    alarm.sign("acknowledge", clerk(), "2026-05-06T09:05", Form::new());
    let mut alarm = alarm.contacted();
    alarm.sign("violation", clerk(), "2026-05-06T10:00", finding());
    let state = alarm.run();
    assert_eq!(state.state, "VIOLATION", "{:?}", state.ignored);
}

#[test]
fn upper_tier_may_urge_but_never_close() {
    let mut alarm = Alarm::new("TAMPER", 1).contacted();
    let note = Form::new().with("note", Value::Text("请立即核实".into()));
    alarm.sign("urge", signer(5, 3, "CIT_HEAD"), "2026-05-06T03:20", note);
    alarm.sign("false_alarm", clerk(), "2026-05-06T03:30", finding());
    alarm.sign(
        "close",
        signer(5, 3, "CIT_HEAD"),
        "2026-05-06T03:31",
        Form::new(),
    );
    let state = alarm.run();
    assert_eq!((state.state.as_str(), state.ignored.len()), ("FALSE", 1));
}
