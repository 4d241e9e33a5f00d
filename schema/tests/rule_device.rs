//! Positioning devices: scenarios 16 and 17, and the end that nobody has to sign.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiaolian_schema::calendar::{instant_of, parse_date};
use jiaolian_schema::id::{EnvelopeId, PersonId};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::workflow::{
    Form, IgnoreReason, MatterContext, MatterFacts, MatterState, Relation, RuleError, Signer,
    SlotOutcome, Step, Value,
};

struct Device {
    pack: RulePack,
    steps: Vec<Step>,
    slots: BTreeMap<String, SlotOutcome>,
}

fn signer(person: u8, role: &str) -> Signer {
    let roles = BTreeSet::from([role.to_owned()]);
    Signer {
        person: PersonId([person; 16]),
        tier: 2,
        roles,
        relation: Relation::Above,
    }
}

fn case_officer() -> Signer {
    signer(1, "CTY_CASE")
}

fn head() -> Signer {
    signer(2, "CTY_HEAD")
}

fn bureau() -> Signer {
    signer(3, "CTY_BUREAU")
}

fn day(text: &str) -> Value {
    Value::Date(parse_date(text).unwrap())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn at(time: &str) -> i64 {
    instant_of(time.parse().unwrap())
}

fn proposal(from: &str, to: &str) -> Form {
    Form::new()
        .with("from", day(from))
        .with("to", day(to))
        .with("ground", Value::Choice("G2".into()))
        .with("evidence", Value::Ref([5; 32]))
        .with("detail", text("未经批准离开居住县"))
}

impl Device {
    fn sign(&mut self, event: &str, by: Signer, time: &str, form: Form) {
        let id = EnvelopeId([self.steps.len() as u8 + 1; 32]);
        let table = self.pack.workflow("device", 1).unwrap();
        let mut replaces = Vec::new();
        if let Some(slot) = table.slot_of(event) {
            if let Some(SlotOutcome::Stands(before)) = self.slots.get(slot) {
                replaces.clone_from(before);
            }
            self.slots
                .insert(slot.to_owned(), SlotOutcome::Stands(vec![id]));
        }
        self.steps.push(Step {
            id,
            event: event.to_owned(),
            by,
            at_ms: at(time),
            form,
            replaces,
        });
    }

    /// In use from 30 November 2025 to 28 February 2026.
    fn active() -> Self {
        let mut device = Self {
            pack: RulePack::builtin(),
            steps: Vec::new(),
            slots: BTreeMap::new(),
        };
        let form = proposal("2025-11-30", "2026-02-28");
        device.sign("propose", case_officer(), "2025-11-28T09:00", form);
        let opinion = Form::new()
            .with("agree", Value::Bool(true))
            .with("opinion", text("同意"));
        device.sign("opine", head(), "2025-11-28T10:00", opinion);
        device.sign("approve", bureau(), "2025-11-28T11:00", Form::new());
        let fit = Form::new()
            .with("device", text("SH-001"))
            .with("signed_by_person", Value::Bool(true));
        device.sign("fit", case_officer(), "2025-11-30T09:00", fit);
        device
    }

    fn extended(mut self, new_to: &str, by: Signer, time: &str) -> Self {
        let ask = Form::new()
            .with("evaluation", text("仍有必要"))
            .with("new_to", day("2026-05-31"));
        self.sign("propose_extension", head(), "2026-02-20T09:00", ask);
        let grant = Form::new().with("new_to", day(new_to));
        self.sign("approve_extension", by, time, grant);
        self
    }

    fn run(&self) -> MatterState {
        let table = self.pack.workflow("device", 1).unwrap();
        let (first, steps) = self.steps.split_first().unwrap();
        table.run(
            &self.pack,
            first,
            steps,
            &self.slots,
            &MatterContext::default(),
        )
    }
}

#[test]
fn device_ends_by_itself_at_midnight_of_its_last_day() {
    let state = Device::active().run();
    assert!(state.ignored.is_empty(), "{:?}", state.ignored);
    assert_eq!(state.at(at("2026-02-28T23:59:59")), "ACTIVE");
    assert_eq!(state.at(at("2026-03-01T00:00")), "EXPIRED");
    let unfit = state.due.iter().find(|due| due.id == "unfit").unwrap();
    assert_eq!(unfit.at.end_ms(), at("2026-03-02T00:00"));
    let ends: Vec<i64> = state
        .reminders
        .iter()
        .filter(|reminder| reminder.text == "device.ends_soon")
        .map(|reminder| reminder.at_ms)
        .collect();
    assert_eq!(
        ends,
        ["2026-02-13", "2026-02-21", "2026-02-27"].map(|d| at(&format!("{d}T08:30")))
    );
}

#[test]
fn scenario_16_extension_by_the_wrong_signer_or_for_too_long_has_no_effect() {
    let pack = RulePack::builtin();
    let table = pack.workflow("device", 1).unwrap();
    let refused = table.may_sign("approve_extension", &head(), &MatterFacts::default());
    assert!(
        matches!(refused, Err(RuleError::Capacity { .. })),
        "{refused:?}"
    );
    let too_long = Device::active()
        .extended("2026-06-01", bureau(), "2026-02-27T09:00")
        .run();
    assert!(
        matches!(too_long.ignored[0].reason, IgnoreReason::Form(_)),
        "{:?}",
        too_long.ignored
    );
    assert_eq!(too_long.at(at("2026-03-01T00:00")), "EXPIRED");

    let late_evening = Device::active()
        .extended("2026-05-31", bureau(), "2026-02-28T23:00")
        .run();
    assert_eq!(
        late_evening.at(at("2026-05-31T23:59")),
        "ACTIVE",
        "{:?}",
        late_evening.ignored
    );
    assert_eq!(late_evening.at(at("2026-06-01T00:00")), "EXPIRED");

    // Signed after the end it is no extension: a fresh decision is needed.
    let next_day = Device::active()
        .extended("2026-05-31", bureau(), "2026-03-01T10:00")
        .run();
    assert_eq!((next_day.state.as_str(), next_day.ended), ("EXPIRED", true));
}

#[test]
fn extension_is_approved_by_the_bureau_alone_and_not_by_whoever_proposed_it() {
    let mut device = Device::active();
    let ask = Form::new()
        .with("evaluation", text("仍有必要"))
        .with("new_to", day("2026-05-31"));
    device.sign("propose_extension", case_officer(), "2026-02-20T09:00", ask);
    let table = device.pack.workflow("device", 1).unwrap();
    let both = Signer {
        person: PersonId([1; 16]),
        ..bureau()
    };
    let facts = device.run().facts;
    let same = table.may_sign("approve_extension", &both, &facts);
    assert!(matches!(same, Err(RuleError::Preparer { .. })), "{same:?}");
    assert_eq!(
        table.may_sign("approve_extension", &bureau(), &facts),
        Ok(())
    );
}

#[test]
fn scenario_17_no_device_without_a_ground_of_the_law_and_its_evidence() {
    let pack = RulePack::builtin();
    let table = pack.workflow("device", 1).unwrap();
    let json = serde_json::json!({ "ground": "strict_class" });
    let errors = table.read_form(json.as_object().unwrap()).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "field \"ground\" has no option \"strict_class\""
    );
    let mut form = Form::new();
    for (name, value) in &proposal("2026-03-01", "2026-06-01") {
        if name != "evidence" {
            form.set(name, value.clone());
        }
    }
    let facts = MatterFacts {
        form: form.clone(),
        ..MatterFacts::default()
    };
    let errors = table.check_form("propose", &form, &facts);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].to_string(), "field \"evidence\" is missing");
    let longer = proposal("2026-03-01", "2026-06-02");
    let facts = MatterFacts {
        form: longer.clone(),
        ..MatterFacts::default()
    };
    assert!(!table.check_form("propose", &longer, &facts).is_empty());
}
