//! Leave: scenarios 5, 6 and 7, quarrels, extensions, and states that change by themselves.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiaolian_schema::calendar::{end_of, instant_of, parse_date, start_of};
use jiaolian_schema::deadline::Moment;
use jiaolian_schema::id::{EnvelopeId, PersonId};
use jiaolian_schema::rule::{DecisionFacts, RulePack};
use jiaolian_schema::workflow::{
    ActForm, DateSpan, Form, IgnoreReason, LeaveLevel, MatterContext, MatterFacts, MatterState,
    Relation, RuleError, Signer, SlotOutcome, Step, Value, Workflow,
};

struct World {
    pack: RulePack,
    steps: Vec<Step>,
    slots: BTreeMap<String, SlotOutcome>,
    context: MatterContext,
}

fn person(name: &str) -> PersonId {
    let mut id = [0; 16];
    id[..name.len()].copy_from_slice(name.as_bytes());
    PersonId(id)
}

fn signer(name: &str, tier: u8, role: &str) -> Signer {
    let relation = match tier {
        0 => Relation::Subject,
        1 => Relation::Own,
        _ => Relation::Above,
    };
    Signer {
        person: person(name),
        tier,
        roles: BTreeSet::from([role.to_owned()]),
        relation,
    }
}

fn li() -> Signer {
    signer("li", 0, "SUP")
}

fn clerk() -> Signer {
    signer("heqing clerk", 1, "OFF_STAFF")
}

fn head() -> Signer {
    signer("heqing head", 1, "OFF_HEAD")
}

fn county() -> Signer {
    signer("lsj head", 2, "CTY_HEAD")
}

fn deputy() -> Signer {
    signer("lsj deputy", 2, "CTY_DEP")
}

fn city() -> Signer {
    signer("loudi head", 3, "CIT_HEAD")
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn at(time: &str) -> i64 {
    instant_of(time.parse().unwrap())
}

fn request(from: &str, to: &str) -> Form {
    Form::new()
        .with("from", Value::Date(parse_date(from).unwrap()))
        .with("to", Value::Date(parse_date(to).unwrap()))
        .with("purpose", Value::Choice("family".into()))
        .with("detail", text("父亲住院手术"))
        .with("destination", text("长沙市岳麓区"))
}

fn opinion() -> Form {
    Form::new()
        .with("agree", Value::Bool(true))
        .with("opinion", text("情况属实"))
}

fn verified() -> Form {
    Form::new()
        .with("true_and_complete", Value::Bool(true))
        .with("note", text("电话核实医院"))
}

impl World {
    fn new(from: &str, to: &str, applied: &str) -> Self {
        let mut world = Self {
            pack: RulePack::builtin(),
            steps: Vec::new(),
            slots: BTreeMap::new(),
            context: MatterContext {
                entrusted: true,
                ..MatterContext::default()
            },
        };
        world.sign("apply", li(), applied, request(from, to));
        world
    }

    fn leave(&self) -> &Workflow {
        self.pack.workflow("leave", 1).unwrap()
    }

    fn sign(&mut self, event: &str, by: Signer, time: &str, form: Form) -> EnvelopeId {
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
        id
    }

    /// Signs a decision and lets it stand.
    fn decide(&mut self, event: &str, by: Signer, time: &str, form: Form) -> EnvelopeId {
        let slot = self.leave().slot_of(event).unwrap().to_owned();
        let id = self.sign(event, by, time, form);
        if let Some(SlotOutcome::Stands(before)) = self.slots.get(&slot) {
            self.steps.last_mut().unwrap().replaces.clone_from(before);
        }
        self.slots.insert(slot, SlotOutcome::Stands(vec![id]));
        id
    }

    fn run(&self) -> MatterState {
        let (apply, steps) = self.steps.split_first().unwrap();
        self.leave()
            .run(&self.pack, apply, steps, &self.slots, &self.context)
    }

    fn may(&self, event: &str, by: &Signer, form: &Form, time: &str) -> Result<(), RuleError> {
        let act = (form, at(time));
        let leave = self.leave();
        let facts = leave.facts(&self.pack, &self.steps, &self.slots, &self.context, act);
        leave.may_sign(event, by, &facts)
    }
}

#[test]
fn scenario_5_office_head_grants_five_days_at_once() {
    let mut world = World::new("2026-05-11", "2026-05-15", "2026-05-06T09:00");
    world.sign("verify", clerk(), "2026-05-06T10:00", verified());
    let offers: Vec<_> = world
        .run()
        .next
        .into_iter()
        .map(|offer| offer.event)
        .collect();
    assert_eq!(offers, ["approve", "refuse", "withdraw"]);
    assert_eq!(
        world.may("approve", &head(), &Form::new(), "2026-05-06T11:00"),
        Ok(())
    );
    world.decide("approve", head(), "2026-05-06T11:00", Form::new());
    let state = world.run();
    assert_eq!(state.state, "GRANTED");
    assert!(state.ignored.is_empty(), "{:?}", state.ignored);

    // The county cannot grant it again: the state has moved on.
    let again = world.sign("approve", county(), "2026-05-07T09:00", Form::new());
    let slot = "grant".to_owned();
    world
        .slots
        .insert(slot, SlotOutcome::Stands(vec![EnvelopeId([3; 32]), again]));
    let ignored = world.run().ignored;
    assert!(
        matches!(ignored[0].reason, IgnoreReason::Turn { .. }),
        "{ignored:?}"
    );
}

#[test]
fn scenario_6_office_head_cannot_decide_eight_days_and_gives_an_opinion() {
    let mut world = World::new("2026-05-11", "2026-05-18", "2026-05-06T09:00");
    world.sign("verify", clerk(), "2026-05-06T10:00", verified());
    let refused = world.may("approve", &head(), &Form::new(), "2026-05-06T11:00");
    assert!(
        matches!(
            refused,
            Err(RuleError::Level {
                guard: "leave_level/1",
                ..
            })
        ),
        "{refused:?}"
    );
    let offers: Vec<_> = world
        .run()
        .next
        .into_iter()
        .map(|offer| offer.event)
        .collect();
    assert_eq!(offers, ["opine", "withdraw"]);

    world.sign("opine", head(), "2026-05-06T11:00", opinion());
    world.decide("approve", county(), "2026-05-06T15:00", Form::new());
    assert_eq!(world.run().state, "GRANTED");
}

#[test]
fn scenario_7_thirty_one_days_together_go_to_the_city_and_are_circulated() {
    let mut world = World::new("2026-04-06", "2026-04-16", "2026-04-01T09:00");
    let spent = |first: &str, last: &str| DateSpan {
        first: parse_date(first).unwrap(),
        last: parse_date(last).unwrap(),
    };
    world.context.granted_leaves = vec![spent("2026-03-01", "2026-03-20")];
    world.sign("verify", clerk(), "2026-04-01T10:00", verified());
    world.sign("opine", head(), "2026-04-01T11:00", opinion());
    assert!(
        world
            .may("approve", &county(), &Form::new(), "2026-04-01T12:00")
            .is_err()
    );
    world.sign("opine_county", county(), "2026-04-01T12:00", opinion());
    assert_eq!(
        world.may("approve", &city(), &Form::new(), "2026-04-02T09:00"),
        Ok(())
    );
    world.decide("approve", city(), "2026-04-02T09:00", Form::new());

    let state = world.run();
    assert_eq!(leave_sum(&world.pack, &state), (11, 31, LeaveLevel::City));
    let circulate = state.due.iter().find(|due| due.id == "circulate").unwrap();
    // Three days after Thursday 2 April is Sunday 5 April, in the Qingming break of 4 to 6 April.
    assert_eq!(circulate.at, Moment::Day(parse_date("2026-04-07").unwrap()));
    assert_eq!((circulate.role.as_str(), circulate.tier), ("CTY_CASE", 2));
    world.sign("circulate", deputy(), "2026-04-03T09:00", Form::new());
    assert!(world.run().due.iter().all(|due| due.id != "circulate"));

    world.context.granted_leaves = vec![spent("2026-03-01", "2026-03-12")];
    let state = world.run();
    assert_eq!(leave_sum(&world.pack, &state), (11, 23, LeaveLevel::County));
    assert!(
        world
            .may("approve", &deputy(), &Form::new(), "2026-04-02T09:00")
            .is_ok()
    );
}

fn leave_sum(pack: &RulePack, state: &MatterState) -> (u32, u32, LeaveLevel) {
    let sum = pack
        .leave_sum(("leave", 1), ("from", "to"), &state.facts)
        .unwrap();
    (sum.days, sum.together, sum.level)
}

#[test]
fn office_without_entrustment_decides_nothing() {
    let mut world = World::new("2026-05-11", "2026-05-12", "2026-05-06T09:00");
    world.context.entrusted = false;
    world.sign("verify", clerk(), "2026-05-06T10:00", verified());
    assert!(
        world
            .may("approve", &head(), &Form::new(), "2026-05-06T11:00")
            .is_err()
    );
    assert!(
        world
            .may("approve", &county(), &Form::new(), "2026-05-06T11:00")
            .is_ok()
    );
}

#[test]
fn whoever_prepared_does_not_decide() {
    let mut world = World::new("2026-05-11", "2026-05-12", "2026-05-06T09:00");
    world.sign("verify", head(), "2026-05-06T10:00", verified());
    let refused = world.may("approve", &head(), &Form::new(), "2026-05-06T11:00");
    assert!(
        matches!(refused, Err(RuleError::Preparer { .. })),
        "{refused:?}"
    );
    let other_office = Signer {
        relation: Relation::Outside,
        ..signer("stranger", 1, "OFF_HEAD")
    };
    let refused = world.may("approve", &other_office, &Form::new(), "2026-05-06T11:00");
    assert!(
        matches!(refused, Err(RuleError::Capacity { .. })),
        "{refused:?}"
    );
}

#[test]
fn scenario_9_contradictory_decisions_leave_the_state_as_before() {
    let mut world = World::new("2026-05-11", "2026-05-20", "2026-05-06T09:00");
    world.sign("verify", clerk(), "2026-05-06T09:10", verified());
    world.sign("opine", head(), "2026-05-06T09:20", opinion());
    let reason = Form::new().with("reason", text("证明材料不足"));
    let a = world.sign("approve", deputy(), "2026-05-06T10:00", Form::new());
    let b = world.sign(
        "refuse",
        signer("lsj deputy two", 2, "CTY_DEP"),
        "2026-05-06T10:05",
        reason,
    );
    let slot = "grant".to_owned();
    world
        .slots
        .insert(slot.clone(), SlotOutcome::Conflicted(vec![a, b]));
    let state = world.run();
    assert_eq!(
        (state.state.as_str(), &state.conflicts[..]),
        ("OPINED", &[slot.clone()][..])
    );
    assert!(
        state
            .ignored
            .iter()
            .all(|ignored| ignored.reason == IgnoreReason::Conflicted)
    );

    world.slots.insert(slot, SlotOutcome::Stands(vec![b]));
    let state = world.run();
    assert_eq!(state.state, "REFUSED");
    assert!(state.ended && state.due.is_empty());
}

#[test]
fn refusal_without_reasons_is_impossible() {
    let mut world = World::new("2026-05-11", "2026-05-12", "2026-05-06T09:00");
    world.sign("verify", clerk(), "2026-05-06T10:00", verified());
    for form in [Form::new(), Form::new().with("reason", text("   "))] {
        let errors = world
            .leave()
            .check_form("refuse", &form, &world.run().facts);
        assert_eq!(errors.len(), 1, "{errors:?}");
    }
}

#[test]
fn leave_begins_and_runs_out_by_itself() {
    let mut world = World::new("2026-05-11", "2026-05-15", "2026-05-06T09:00");
    world.sign("verify", clerk(), "2026-05-06T10:00", verified());
    world.decide("approve", head(), "2026-05-06T11:00", Form::new());
    let state = world.run();
    let day = |text: &str| parse_date(text).unwrap();
    assert_eq!(state.at(start_of(day("2026-05-11")) - 1), "GRANTED");
    assert_eq!(state.at(start_of(day("2026-05-11"))), "OUT");
    assert_eq!(state.at(end_of(day("2026-05-15")) - 1), "OUT");
    assert_eq!(state.at(end_of(day("2026-05-15"))), "OVERSTAY");
    let later = state.next_at(end_of(day("2026-05-15")));
    assert!(later.iter().any(|offer| offer.event == "order_return"));
    let texts: Vec<_> = state
        .reminders
        .iter()
        .map(|r| (r.text.as_str(), r.at_ms))
        .collect();
    assert!(
        texts.contains(&("leave.return_tomorrow", at("2026-05-14T09:00"))),
        "{texts:?}"
    );
    assert!(
        texts.contains(&("leave.overstay", at("2026-05-16T00:00"))),
        "{texts:?}"
    );
    assert!(
        texts.contains(&("leave.overstay_day", at("2026-05-17T00:00"))),
        "{texts:?}"
    );

    let back = Form::new().with("returned_on", Value::Date(day("2026-05-16")));
    world.sign("return", clerk(), "2026-05-16T08:00", back);
    let state = world.run();
    assert_eq!(state.state, "CLOSED");
    assert!(state.ahead.is_empty() && state.due.is_empty() && state.ignored.is_empty());
}

#[test]
fn extension_is_decided_at_the_level_of_the_whole_leave() {
    let mut world = World::new("2026-05-11", "2026-05-15", "2026-05-06T09:00");
    world.sign("verify", clerk(), "2026-05-06T10:00", verified());
    world.decide("approve", head(), "2026-05-06T11:00", Form::new());
    let new_to = Value::Date(parse_date("2026-05-20").unwrap());
    let ask = Form::new()
        .with("new_to", new_to.clone())
        .with("detail", text("手术推迟"));
    world.sign("extend", li(), "2026-05-14T09:00", ask);
    let grant = Form::new().with("new_to", new_to);
    // Ten days in all: no longer the office's.
    assert!(
        world
            .may("approve_extension", &head(), &grant, "2026-05-14T10:00")
            .is_err()
    );
    assert!(
        world
            .may("approve_extension", &county(), &grant, "2026-05-14T10:00")
            .is_ok()
    );
    world.decide("approve_extension", county(), "2026-05-14T10:00", grant);
    let state = world.run();
    assert_eq!(state.state, "OUT", "{:?}", state.ignored);
    assert_eq!(state.at(at("2026-05-20T23:59:59")), "OUT");
    assert_eq!(state.at(at("2026-05-21T00:00")), "OVERSTAY");

    // A second extension that is refused leaves the first one standing.
    let later = Value::Date(parse_date("2026-05-25").unwrap());
    let again = Form::new()
        .with("new_to", later.clone())
        .with("detail", text("再延期"));
    let refusal = Form::new()
        .with("new_to", later)
        .with("reason", text("材料不足"));
    world.sign("extend", li(), "2026-05-19T09:00", again);
    world.decide("refuse_extension", county(), "2026-05-19T10:00", refusal);
    let state = world.run();
    assert!(state.ignored.is_empty(), "{:?}", state.ignored);
    assert_eq!(state.at(at("2026-05-20T23:59:59")), "OUT");
    assert_eq!(state.at(at("2026-05-21T00:00")), "OVERSTAY");
}

#[test]
fn decision_that_replaces_another_about_the_same_days_undoes_it() {
    let mut world = World::new("2026-05-11", "2026-05-15", "2026-05-06T09:00");
    world.sign("verify", clerk(), "2026-05-06T10:00", verified());
    world.decide("approve", head(), "2026-05-06T11:00", Form::new());
    let refusal = Form::new().with("reason", text("发现材料虚假"));
    world.decide("refuse", county(), "2026-05-07T11:00", refusal);
    assert_eq!(world.run().state, "REFUSED");
}

#[test]
fn fold_asks_with_open_facts_alone() {
    let pack = RulePack::builtin();
    let decision = pack.decision("leave", 1, "approve").unwrap();
    assert_eq!(
        (decision.slot.as_str(), decision.value.as_str()),
        ("grant", "approve")
    );
    assert!(pack.decision("leave", 1, "verify").is_none());
    assert!(pack.decision("leave", 2, "approve").is_none());
    let leave = pack.workflow("leave", 1).unwrap();
    let facts = |from: &str, to: &str, together| {
        let act = leave.write_act("apply", &request(from, to), &MatterFacts::default());
        DecisionFacts {
            applied: act.span,
            decided: None,
            days_together: together,
            entrusted: true,
            at_ms: at("2026-05-06T11:00"),
        }
    };
    let may =
        |by: &Signer, facts: &DecisionFacts| pack.may_decide(("leave", 1), "approve", by, facts);
    let week = facts("2026-05-11", "2026-05-17", 7);
    assert_eq!(
        (may(&head(), &week), may(&county(), &week)),
        (Ok(()), Ok(()))
    );
    let eight = facts("2026-05-11", "2026-05-18", 8);
    assert!(may(&head(), &eight).is_err() && may(&county(), &eight).is_ok());
    let crowded = facts("2026-05-11", "2026-05-12", 31);
    assert!(may(&county(), &crowded).is_err() && may(&city(), &crowded).is_ok());
    let unentrusted = DecisionFacts {
        entrusted: false,
        ..week
    };
    assert!(may(&head(), &unentrusted).is_err() && may(&deputy(), &unentrusted).is_ok());
}

#[test]
fn form_survives_the_way_into_an_act_and_back() {
    let pack = RulePack::builtin();
    let leave = pack.workflow("leave", 1).unwrap();
    let form = request("2026-05-11", "2026-05-15")
        .with("emergency", Value::Bool(true))
        .with("proof", Value::Ref([7; 32]))
        .with("area", Value::Area(vec![1, 2, 3]));
    let act = leave.write_act("apply", &form, &MatterFacts::default());
    assert!(
        act.fields
            .keys()
            .all(|name| name != "from" && name != "area")
    );
    assert_eq!(leave.read_act("apply", &act), (form, Vec::new()));
    // Before anybody signs in the days and the area are still there.
    let open = ActForm {
        fields: BTreeMap::new(),
        ..act
    };
    let (form, _) = leave.read_act("apply", &open);
    assert!(form.date("to").is_some() && form.get("area").is_some());
    assert!(form.get("detail").is_none());
    let world = World::new("2026-05-11", "2026-05-15", "2026-05-06T09:00");
    let apply = Step {
        form,
        ..world.steps[0].clone()
    };
    let run = leave.run(&pack, &apply, &[], &BTreeMap::new(), &world.context);
    assert_eq!(run.state, "APPLIED");
}

#[test]
fn desk_shows_what_this_person_signs_and_why_not() {
    let mut world = World::new("2026-05-11", "2026-05-18", "2026-05-06T09:00");
    world.sign("verify", clerk(), "2026-05-06T10:00", verified());
    let desk = |world: &World, by: &Signer, now: &str| {
        let offers = world
            .leave()
            .offers_for(&world.pack, &world.run(), by, at(now), |_| false);
        let named = offers.into_iter();
        named
            .map(|o| (o.event, o.blocked.map(|b| b.text_key())))
            .collect::<Vec<_>>()
    };
    let shown = |names: &[(&str, Option<&'static str>)]| {
        names
            .iter()
            .map(|(name, why)| ((*name).to_owned(), *why))
            .collect::<Vec<_>>()
    };
    let now = "2026-05-06T11:00";
    let level = Some("rule.level");
    let expected = [
        ("opine", None),
        ("approve", level),
        ("refuse", level),
        ("withdraw", None),
    ];
    assert_eq!(desk(&world, &head(), now), shown(&expected));
    assert_eq!(desk(&world, &clerk(), now), shown(&[("withdraw", None)]));
    assert_eq!(desk(&world, &city(), now), shown(&[]));
    // The county waits for the opinion.
    assert_eq!(
        desk(&world, &county(), now),
        shown(&[("approve", level), ("refuse", level)])
    );
    world.sign("opine", head(), "2026-05-06T11:00", opinion());
    world.decide("approve", county(), "2026-05-06T15:00", Form::new());
    // Nobody has asked for an extension, so none is decided.
    let away = desk(&world, &county(), "2026-05-12T09:00");
    assert_eq!(away, shown(&[("report_breach", None)]));
    let late = desk(&world, &county(), "2026-05-19T09:00");
    assert_eq!(late, shown(&[("order_return", None)]));
}

#[test]
fn short_notice_warns_and_never_blocks() {
    let late = World::new("2026-05-08", "2026-05-09", "2026-05-06T09:00").run();
    assert_eq!(
        (late.state.as_str(), &late.warnings[..]),
        ("APPLIED", &["leave.short_notice".to_owned()][..])
    );
    let early = World::new("2026-05-09", "2026-05-10", "2026-05-06T09:00").run();
    assert!(early.warnings.is_empty());
}

#[test]
fn leave_that_ends_before_it_starts_is_refused_at_the_door() {
    let world = World::new("2026-05-12", "2026-05-11", "2026-05-06T09:00");
    let state = world.run();
    assert_eq!(state.state, "");
    assert!(matches!(state.ignored[0].reason, IgnoreReason::Form(_)));
}

#[test]
fn form_is_read_from_json_with_precise_errors() {
    let pack = RulePack::builtin();
    let leave = pack.workflow("leave", 1).unwrap();
    let json = serde_json::json!({
        "from": "2026-05-11", "to": "2026-05-32", "purpose": "fun", "detail": "", "color": 1
    });
    let errors = leave.read_form(json.as_object().unwrap()).unwrap_err();
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "field \"color\" does not belong to this form",
            "field \"detail\" has 1 to 500 characters, found 0",
            "field \"purpose\" has no option \"fun\"",
            "field \"to\" must be a date YYYY-MM-DD",
        ]
    );
    let good =
        serde_json::json!({ "from": "2026-05-11", "proof": "00".repeat(32), "area": "0aff" });
    let form = leave.read_form(good.as_object().unwrap()).unwrap();
    assert_eq!(form.get("area"), Some(&Value::Area(vec![10, 255])));
}
