//! What holds for every sequence of acts, sensible or not.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiaolian_schema::id::{EnvelopeId, PersonId};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::workflow::{
    Form, MatterContext, MatterState, Relation, Signer, SlotOutcome, Step, Value, Workflow,
};
use jiff::civil::date;
use proptest::prelude::*;
use proptest::sample::Index;

const HOUR_MS: i64 = 3_600_000;
const START_MS: i64 = 1_778_000_000_000;

fn signer(person: u8, seat: Index) -> Signer {
    let seats = [
        (0, "SUP"),
        (1, "OFF_STAFF"),
        (1, "OFF_HEAD"),
        (1, "NODE"),
        (2, "CTY_CASE"),
        (2, "CTY_HEAD"),
        (2, "CTY_DEP"),
        (2, "CMD_DUTY"),
        (3, "CIT_HEAD"),
    ];
    let (tier, role) = *seat.get(&seats);
    let relation = [Relation::Subject, Relation::Own, Relation::Above][usize::from(tier.min(2u8))];
    let roles = BTreeSet::from([role.to_owned()]);
    Signer {
        person: PersonId([person; 16]),
        tier,
        roles,
        relation,
    }
}

/// A form with every field that the event can hold, so that forms never stand in the way.
fn form(table: &Workflow, event: &str, days: i64) -> Form {
    let mut form = Form::new();
    let event = table.find_event(event).unwrap();
    for name in event.needs.iter().chain(&event.takes) {
        let first = date(2026, 5, 6);
        let last = first.checked_add(jiff::Span::new().days(days)).unwrap();
        let value = match name.as_str() {
            "from" => Value::Date(first),
            "to" | "new_to" | "returned_on" | "told_on" => Value::Date(last),
            "kind" => Value::Choice("SEPARATION".into()),
            "severity" => Value::Int(2),
            "since" => Value::Time(START_MS),
            "retrospective" | "agree" | "emergency" => Value::Bool(false),
            "cause" => Value::Choice("other".into()),
            "method" => Value::Choice("call".into()),
            "outcome" => Value::Choice("reached".into()),
            "reason" | "note" => Value::Text("说明".into()),
            _ => continue,
        };
        form.set(name, value);
    }
    form
}

/// How one act is drawn: sensible or not, which, by whom, after how many hours, for how many days.
type Draw = (bool, Index, u8, Index, i64, i64);

fn acts() -> impl Strategy<Value = Vec<Draw>> {
    let sensible = proptest::bool::weighted(0.8);
    let act = (
        sensible,
        any::<Index>(),
        0u8..4,
        any::<Index>(),
        0i64..40,
        0i64..45,
    );
    proptest::collection::vec(act, 0..24)
}

fn who(table: &Workflow, state: &MatterState, draw: &Draw, at_ms: i64) -> (String, Signer) {
    let (sensible, event, person, seat, ..) = draw;
    // Matters that are withdrawn at once would prove little.
    let offers = state.next_at(at_ms).iter();
    let offers: Vec<_> = offers
        .filter(|offer| offer.event != "withdraw" || *person == 0)
        .collect();
    if *sensible && !offers.is_empty() {
        let offer = *event.get(&offers);
        let rule = seat.get(&offer.who);
        let tier = rule.tiers[0];
        let relation = rule.at[rule.at.len() - 1];
        let roles = BTreeSet::from([rule.roles[0].clone()]);
        let by = Signer {
            person: PersonId([*person; 16]),
            tier,
            roles,
            relation,
        };
        return (offer.event.clone(), by);
    }
    (
        event.get(&table.table().event).id.clone(),
        signer(*person, *seat),
    )
}

/// Folds drawn acts; decisions stand by the last one of each slot.
fn run(pack: &RulePack, name: &str, acts: &[Draw]) -> (Vec<Step>, MatterState) {
    let table = pack.workflow(name, 1).unwrap();
    let opening = table.opening().id.clone();
    let roles = BTreeSet::from(["OFF_STAFF".to_owned()]);
    let mut steps = vec![Step {
        id: EnvelopeId([0; 32]),
        form: form(table, &opening, acts.first().map_or(3, |draw| draw.5)),
        event: opening,
        by: Signer {
            person: PersonId([9; 16]),
            tier: 1,
            roles,
            relation: Relation::Own,
        },
        at_ms: START_MS,
        replaces: Vec::new(),
    }];
    let mut slots = BTreeMap::new();
    let context = MatterContext {
        entrusted: true,
        ..MatterContext::default()
    };
    let mut state = table.run(pack, &steps[0], &[], &slots, &context);
    let mut at_ms = START_MS;
    for (number, draw) in acts.iter().enumerate() {
        at_ms += draw.4 * HOUR_MS;
        let id = EnvelopeId([number as u8 + 1; 32]);
        let (event, by) = who(table, &state, draw, at_ms);
        if let Some(slot) = table.slot_of(&event) {
            slots.insert(slot.to_owned(), SlotOutcome::Stands(vec![id]));
        }
        let form = form(table, &event, draw.5);
        steps.push(Step {
            id,
            event,
            by,
            at_ms,
            form,
            replaces: Vec::new(),
        });
        state = table.run(pack, &steps[0], &steps[1..], &slots, &context);
    }
    (steps, state)
}

proptest! {
    #[test]
    fn every_act_counts_or_is_listed_with_its_reason(acts in acts(), leave in any::<bool>()) {
        let pack = RulePack::builtin();
        let name = if leave { "leave" } else { "alarm" };
        let (steps, state) = run(&pack, name, &acts);
        prop_assert_eq!(state.facts.signed.len() + state.ignored.len(), steps.len());
        let table = pack.workflow(name, 1).unwrap();
        prop_assert!(table.find_state(&state.state).is_some());
        prop_assert!(state.ahead.is_sorted_by_key(|timed| timed.at_ms));
        for due in &state.due {
            prop_assert!(pack.role(&due.role).is_some());
            prop_assert!(pack.text(&due.text_key()).is_some(), "{}", due.text_key());
        }
        for reminder in &state.reminders {
            prop_assert!(pack.text(&reminder.text).is_some());
        }
    }

    #[test]
    fn whoever_found_on_a_grave_alarm_never_closed_it(acts in acts()) {
        let pack = RulePack::builtin();
        let (_, state) = run(&pack, "alarm", &acts);
        let findings = ["false_alarm", "explained", "violation", "lost", "police"];
        let mut finders = BTreeSet::new();
        for (event, person) in &state.facts.signed {
            if findings.contains(&event.as_str()) {
                finders.insert(*person);
            }
            prop_assert!(event != "close" || !finders.contains(person));
        }
    }

    #[test]
    fn ended_matter_owes_nothing_but_what_its_table_says(acts in acts()) {
        let pack = RulePack::builtin();
        let (_, state) = run(&pack, "leave", &acts);
        if state.ended {
            prop_assert!(state.due.iter().all(|due| due.id == "circulate"));
            prop_assert!(state.ahead.is_empty());
        }
    }
}
