//! The pack as a whole: read strictly, named by its bytes, every number with a source.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiaolian_schema::calendar::instant_of;
use jiaolian_schema::deadline::{Moment, due};
use jiaolian_schema::id::{EnvelopeId, PersonId};
use jiaolian_schema::rule::{CaseField, RulePack};
use jiaolian_schema::workflow::{
    Form, MatterContext, Relation, Signer, SlotOutcome, Step, Value, Workflow,
};

#[test]
fn shipped_pack_is_read_and_its_id_is_stable() {
    let pack = RulePack::builtin();
    assert_eq!(pack.pack_id(), RulePack::builtin().pack_id());
    assert_eq!(pack.alarm_kinds().count(), 20);
    assert_eq!(pack.stale_days(), 7);
    assert_eq!(pack.workflows().count(), 7);
}

#[test]
fn changed_number_is_another_pack() {
    let files = texts();
    let again: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    assert_eq!(
        RulePack::parse(&again).unwrap().pack_id(),
        RulePack::builtin().pack_id()
    );
    let policy = files[10].1.replace("n = 7\n", "n = 8\n");
    let mut changed = again.clone();
    changed[10].1 = &policy;
    let changed = RulePack::parse(&changed).unwrap();
    assert_ne!(changed.pack_id(), RulePack::builtin().pack_id());
    assert_eq!(changed.stale_days(), 8);
    let mut shuffled = again;
    shuffled.reverse();
    assert_eq!(
        RulePack::parse(&shuffled).unwrap().pack_id(),
        RulePack::builtin().pack_id()
    );
}

#[test]
fn unknown_keys_names_and_guards_are_refused() {
    let leave = include_str!("../rules/leave.toml");
    for (good, wrong) in [
        ("end = true", "finish = true"),
        ("next = \"APPLIED\"", "next = \"APPLYED\""),
        ("guard = \"leave_level/1\"", "guard = \"leave_level/2\""),
        (
            "guard = \"date_order/1\", first",
            "guard = \"date_order/1\", other = 1, first",
        ),
        ("first = \"from\"", "first = \"form\""),
        (
            "deadline = \"LEAVE_RETURN\"",
            "deadline = \"LEAVE_RETURN\"\nalarm = \"ack\"",
        ),
        ("id = \"REFUSED\"", "id = \"WITHDRAWN\""),
        ("{ tiers = [0], roles", "{ tiers = [0], rank = 1, roles"),
        ("verified = false", "verifed = false"),
        ("road = [\"APPLIED\"", "road = [\"APPLYING\""),
    ] {
        let broken = leave.replacen(good, wrong, 1);
        assert_eq!(
            Workflow::parse(&broken).is_err(),
            broken != leave,
            "{wrong}"
        );
    }
}

#[test]
fn names_across_tables_must_resolve() {
    for (file, good, wrong) in [
        (
            "leave.toml",
            "deadline = \"LEAVE_RETURN\"",
            "deadline = \"LEAVE_RETURNS\"",
        ),
        (
            "leave.toml",
            "text = \"leave.breach\"",
            "text = \"leave.breaches\"",
        ),
        ("leave.toml", "role = \"CIT_HEAD\"", "role = \"CIT_BOSS\""),
        ("alarm_kind.toml", "severity = 1", "severity = 5"),
        ("policy.toml", "n = 7", "n = 31"),
        ("text.toml", "key = \"due.handle\"", "key = \"due.handles\""),
    ] {
        let mut files = texts();
        let text = &mut files.iter_mut().find(|(name, _)| *name == file).unwrap().1;
        let changed = text.replacen(good, wrong, 1);
        assert!(changed != *text, "{good}");
        *text = changed;
        let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
        assert!(RulePack::parse(&files).is_err(), "{wrong}");
    }
}

#[test]
fn every_rule_says_where_it_comes_from() {
    let pack = RulePack::builtin();
    assert!(
        pack.deadlines()
            .all(|rule| !rule.source.is_empty() && !rule.obliged.is_empty())
    );
    assert!(pack.alarm_kinds().all(|kind| !kind.source.is_empty()));
    assert!(pack.case_fields().all(|field| !field.source.is_empty()));
    let unverified = pack.unverified();
    assert!(
        unverified
            .iter()
            .any(|text| text.starts_with("deadline TR_REPLY"))
    );
    assert!(
        unverified
            .iter()
            .all(|text| !text.starts_with("deadline DEV_MAX"))
    );
}

#[test]
fn no_text_for_people_uses_old_or_technical_words() {
    let banned = [
        "罪犯",
        "服刑人员",
        "矫正人员",
        "节点",
        "哈希",
        "分叉",
        "信封",
    ];
    for (file, text) in texts() {
        for word in banned {
            assert!(!text.contains(word), "{file} {word}");
        }
    }
}

#[test]
fn alarm_grows_graver_with_time() {
    let pack = RulePack::builtin();
    let silence = pack.alarm_kind("NO_SIGNAL").unwrap();
    assert_eq!(
        [0, 119, 120, 1439, 1440].map(|m| silence.severity_after(m)),
        [3, 3, 2, 2, 1]
    );
    assert_eq!(
        [0, 120, 1439, 1440].map(|m| silence.severity_grown(4, m)),
        [4, 4, 4, 1],
        "a silence in a blind spot"
    );
    assert_eq!(silence.severity_grown(3, 120), 2);
}

#[test]
fn device_periods_never_roll_and_agency_periods_do() {
    let pack = RulePack::builtin();
    let day = |text: &str| Moment::Day(text.parse().unwrap());
    let ends = |id: &str, from: &str| {
        let period = pack.deadline(id).unwrap().period();
        due(pack.calendar(), day(from), period).unwrap().at
    };
    assert_eq!(ends("DEV_MAX", "2025-11-30"), day("2026-02-28"));
    assert_eq!(ends("DEV_EXT", "2026-02-28"), day("2026-05-31"));
    assert_eq!(ends("TR_CONSULT", "2019-04-02"), day("2019-04-08"));
    assert_eq!(ends("REPORT_IN", "2026-01-05"), day("2026-01-15"));
}

#[test]
fn protected_fields_are_amended_by_those_named() {
    let pack = RulePack::builtin();
    let role = |tier: u8, role: &str| Signer {
        person: PersonId([1; 16]),
        tier,
        roles: BTreeSet::from([role.to_owned()]),
        relation: if tier == 1 {
            Relation::Own
        } else {
            Relation::Above
        },
    };
    let term = pack.case_field("term_last").unwrap();
    assert!(term.may_amend(&role(2, "CTY_HEAD")) && !term.may_amend(&role(1, "OFF_HEAD")));
    let phone = pack.case_field("phone").unwrap();
    assert!(phone.may_amend(&role(1, "OFF_STAFF")));
    assert!(term.check(&Value::Text("2026-01-01".into())).is_err());
    let value = Value::Date("2027-01-14".parse().unwrap());
    let bytes = CaseField::encode(&value);
    assert_eq!(term.decode(&bytes), Ok(Some(value)));
    assert_eq!(term.decode(&[]), Ok(None));
    assert!(term.decode(&[0xff]).is_err() && phone.decode(&bytes).is_ok());
    assert!(pack.case_field("fence/east").is_some() && pack.case_field("fence").is_none());
    assert!(
        pack.case_field("device/band")
            .unwrap()
            .may_amend(&role(2, "CTY_BUREAU"))
    );
}

#[test]
fn another_trade_runs_from_data_alone() {
    let accident = include_str!("data/traffic_accident.toml");
    let table = Workflow::parse(accident).unwrap();
    let pack = RulePack::builtin();
    let officer = |name: u8, role: &str| Signer {
        person: PersonId([name; 16]),
        tier: 1,
        roles: BTreeSet::from([role.to_owned()]),
        relation: Relation::Own,
    };
    let step = |id: u8, event: &str, by: Signer, form: Form| Step {
        id: EnvelopeId([id; 32]),
        event: event.into(),
        by,
        at_ms: instant_of("2026-05-06T09:00".parse().unwrap()) + i64::from(id) * 60_000,
        form,
        replaces: Vec::new(),
    };
    let report = |injury: &str| {
        Form::new()
            .with("injury", Value::Choice(injury.into()))
            .with("deaths", Value::Int(0))
            .with("agreed", Value::Bool(true))
            .with("place", Value::Text("伏口镇".into()))
    };
    let run = |steps: &[Step]| {
        let mut slots = BTreeMap::new();
        for step in steps {
            if let Some(slot) = table.slot_of(&step.event) {
                slots.insert(slot.to_owned(), SlotOutcome::Stands(vec![step.id]));
            }
        }
        table.run(
            &pack,
            &steps[0],
            &steps[1..],
            &slots,
            &MatterContext::default(),
        )
    };
    let leads = |steps: &[Step]| {
        let facts = run(steps).facts;
        table.may_sign("determine", &officer(3, "SQ_LEADER"), &facts)
    };
    let finding = || Form::new().with("finding", Value::Text("双方同等责任".into()));

    let simple = run(&[
        step(1, "report", officer(1, "SQ_OFFICER"), report("light")),
        step(2, "determine_simple", officer(1, "SQ_OFFICER"), finding()),
    ]);
    assert_eq!(simple.state, "DETERMINED", "{:?}", simple.ignored);

    // In the general procedure two officers sign before the squad leader does.
    let mut steps = vec![
        step(1, "report", officer(1, "SQ_OFFICER"), report("heavy")),
        step(2, "determine_simple", officer(1, "SQ_OFFICER"), finding()),
        step(3, "investigate", officer(1, "SQ_OFFICER"), finding()),
    ];
    let alone = run(&steps);
    assert_eq!(
        (alone.state.as_str(), alone.ignored.len()),
        ("INVESTIGATING", 1)
    );
    assert!(leads(&steps).is_err());
    steps.push(step(4, "investigate", officer(2, "SQ_OFFICER"), finding()));
    assert_eq!(leads(&steps), Ok(()));
    steps.push(step(5, "determine", officer(3, "SQ_LEADER"), finding()));
    assert_eq!(run(&steps).state, "DETERMINED");
}

#[test]
fn decision_may_not_rest_on_what_is_sealed() {
    let leave = include_str!("../rules/leave.toml");
    let open = r#"{ guard = "leave_level/1", first = "from", last = "to", level = "office" }"#;
    let sealed = r#"{ guard = "flag/1", field = "emergency", value = true }"#;
    assert!(Workflow::parse(&leave.replacen(open, sealed, 1)).is_err());
}

fn texts() -> Vec<(&'static str, String)> {
    [
        ("alarm.toml", include_str!("../rules/alarm.toml")),
        ("alarm_kind.toml", include_str!("../rules/alarm_kind.toml")),
        ("calendar.toml", include_str!("../rules/calendar.toml")),
        ("case_field.toml", include_str!("../rules/case_field.toml")),
        (
            "cross_county.toml",
            include_str!("../rules/cross_county.toml"),
        ),
        ("deadline.toml", include_str!("../rules/deadline.toml")),
        ("device.toml", include_str!("../rules/device.toml")),
        ("division.toml", include_str!("../rules/division.toml")),
        ("duty.toml", include_str!("../rules/duty.toml")),
        ("leave.toml", include_str!("../rules/leave.toml")),
        ("policy.toml", include_str!("../rules/policy.toml")),
        ("reception.toml", include_str!("../rules/reception.toml")),
        ("record.toml", include_str!("../rules/record.toml")),
        ("report.toml", include_str!("../rules/report.toml")),
        ("role.toml", include_str!("../rules/role.toml")),
        ("sealing.toml", include_str!("../rules/sealing.toml")),
        ("text.toml", include_str!("../rules/text.toml")),
    ]
    .map(|(name, text)| (name, text.to_owned()))
    .to_vec()
}
