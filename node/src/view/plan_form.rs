//! The form that sets how somebody checks in: windows of the week, prompts a day, and which office's
//! node asks.

use super::bind_form::shell_field;
use super::form::Filled;
use super::label::{display, office_ref};
use crate::http::error::{ApiError, ApiResult, FieldFault};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::calendar::{end_of, start_of};
use jiaolian_schema::checkin::{
    CHECK_IN_FIELD, OPEN_MINUTES, PROMPTS_A_DAY_MAX, Plan, ReadPlanError, read_windows,
    write_windows,
};
use jiaolian_schema::desk::{Offer, OfferField, Tone};
use jiaolian_schema::device::DEVICE_FIELD;
use jiaolian_schema::id::OfficeId;
use jiaolian_schema::rule::CaseField;
use jiaolian_schema::workflow::{FieldOption, FieldType, Label, Value};

/// Longest text of windows, characters.
const WINDOWS_CHARS_MAX: u32 = 1_000;
/// The highest tier whose node asks: the county's.
const ASKS_TIER_MAX: u8 = 2;

/// The offer to set how the person of a case checks in; one of the office that is responsible and
/// the county above it asks.
pub fn plan_offer(node: &Node, place: OfficeId) -> Offer {
    let label = words("checkin", "set");
    let most = node
        .rules
        .policy("checkin_prompts_a_day")
        .map_or(0, |policy| policy.n);
    let most = i64::from(PROMPTS_A_DAY_MAX).min(most.into());
    let [least_open, most_open] = OPEN_MINUTES.map(i64::from);
    let (prompts, open) = (
        FieldType::Int { min: 0, max: most },
        FieldType::Int {
            min: least_open,
            max: most_open,
        },
    );
    Offer {
        event: "checkin_set".into(),
        label: Label {
            zh: label.zh,
            en: label.en,
        },
        tone: Tone::Plain,
        decision: false,
        light: false,
        blocked: None,
        settles: Vec::new(),
        fields: vec![
            shell_field("checkin", "name", FieldType::Text { chars_max: 60 }),
            shell_field("checkin", "asks", FieldType::Choice(askers(node, place))),
            shell_field("checkin", "from", FieldType::Date),
            shell_field("checkin", "until", FieldType::Date),
            OfferField {
                required: false,
                ..shell_field(
                    "checkin",
                    "windows",
                    FieldType::Text {
                        chars_max: WINDOWS_CHARS_MAX,
                    },
                )
            },
            shell_field("checkin", "prompts", prompts),
            shell_field("checkin", "open_minutes", open),
        ],
    }
}

fn askers(node: &Node, place: OfficeId) -> Vec<FieldOption> {
    let mut found = Vec::new();
    let mut next = Some(place);
    while let Some(id) = next {
        let Some(office) = node
            .offices()
            .get(id)
            .filter(|one| one.tier <= ASKS_TIER_MAX)
        else {
            break;
        };
        let name = office_ref(node, id).name;
        found.push(FieldOption {
            id: id.to_hex(),
            zh: name.clone(),
            en: name,
        });
        next = office.parent;
    }
    found
}

/// The name and the plan that such a form makes, both days included.
pub fn plan(filled: &Filled) -> ApiResult<(String, Plan)> {
    let form = &filled.form;
    let fault = |field: &str, why: Text| ApiError::field(field, FieldFault::said("plan", why));
    let required = |field: &str| ApiError::field(field, FieldFault::new("required", &[]));
    let Some(Value::Text(name)) = form.get("name") else {
        return Err(required("name"));
    };
    let (Some(from), Some(until)) = (form.date("from"), form.date("until")) else {
        return Err(required("from"));
    };
    let asks = form.choice("asks").and_then(OfficeId::from_hex);
    let asks = asks.ok_or_else(|| required("asks"))?;
    let windows = match form.get("windows") {
        Some(Value::Text(text)) if !text.trim().is_empty() => {
            let windows = read_windows(text);
            Some(windows.map_err(|error| fault("windows", said(&error.into())))?)
        }
        _ => None,
    };
    let plan = Plan {
        asks,
        from: start_of(from),
        until: end_of(until) - 1,
        windows,
        prompts: form
            .int("prompts")
            .and_then(|n| n.try_into().ok())
            .unwrap_or(0),
        open_minutes: form
            .int("open_minutes")
            .and_then(|n| n.try_into().ok())
            .unwrap_or(0),
    };
    plan.check()
        .map_err(|error| fault(field_of(&error), said(&error)))?;
    Ok((name.trim().to_owned(), plan))
}

/// The value that an amendment gave a field of a case, in words.
pub fn value_words(node: &Node, rule: &CaseField, field: &str, bytes: &[u8]) -> Text {
    match rule.decode(bytes) {
        Ok(Some(_)) if field.starts_with(DEVICE_FIELD) => words("word", "bound"),
        Ok(Some(_)) if field.starts_with(CHECK_IN_FIELD) => plan_words(node, bytes),
        Ok(Some(value)) => display(&rule.field, &value),
        _ => words("word", "none"),
    }
}

/// A plan in words; the bytes of one that can't be read are none.
fn plan_words(node: &Node, bytes: &[u8]) -> Text {
    let Ok(plan) = Plan::read(bytes) else {
        return words("word", "none");
    };
    let windows = plan.windows.as_ref().map(write_windows);
    let asks = office_ref(node, plan.asks).name;
    words("checkin", "plan").fill(&[
        &asks,
        windows.as_deref().unwrap_or("-"),
        &plan.prompts.to_string(),
        &plan.open_minutes.to_string(),
    ])
}

fn field_of(error: &ReadPlanError) -> &'static str {
    match error {
        ReadPlanError::Form(_)
        | ReadPlanError::Empty
        | ReadPlanError::Schedule(_)
        | ReadPlanError::Short(_) => "windows",
        ReadPlanError::Order { .. } => "until",
        ReadPlanError::Prompts(_) => "prompts",
        ReadPlanError::Open(_) => "open_minutes",
    }
}

/// Why a plan is refused, with the value.
fn said(error: &ReadPlanError) -> Text {
    let (key, value) = match error {
        ReadPlanError::Empty => ("empty", String::new()),
        ReadPlanError::Order { .. } => ("order", String::new()),
        ReadPlanError::Short(minutes) => ("short", minutes.to_string()),
        ReadPlanError::Prompts(prompts) => ("many", prompts.to_string()),
        ReadPlanError::Open(minutes) => ("open", minutes.to_string()),
        ReadPlanError::Form(error) => ("odd", error.to_string()),
        ReadPlanError::Schedule(error) => {
            let text = error.to_string();
            let value = text.rsplit(": ").next().unwrap_or_default();
            ("odd", value.to_owned())
        }
    };
    words("checkin", key).fill(&[&value])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(windows: &str, prompts: i64, open_minutes: i64) -> ApiResult<(String, Plan)> {
        let mut filled = Filled::default();
        let form = &mut filled.form;
        form.set("name", Value::Text(" daily ".into()));
        form.set("asks", Value::Choice("07".repeat(16)));
        form.set("from", Value::Date(jiff::civil::date(2026, 3, 1)));
        form.set("until", Value::Date(jiff::civil::date(2026, 5, 31)));
        form.set("windows", Value::Text(windows.into()));
        form.set("prompts", Value::Int(prompts));
        form.set("open_minutes", Value::Int(open_minutes));
        plan(&filled)
    }

    #[test]
    fn a_form_makes_a_plan_that_is_read_as_it_was_meant() {
        let (name, plan) = set("9:00-11:30；14:00-16:30", 2, 20).unwrap();
        assert_eq!(
            (name.as_str(), plan.prompts, plan.open_minutes),
            ("daily", 2, 20)
        );
        assert_eq!(Plan::read(&plan.write()), Ok(plan.clone()));
        // Both days are included, in Shanghai.
        assert_eq!((plan.until + 1 - plan.from) % 86_400_000, 0);
        let windows = plan.windows.as_ref().map(write_windows);
        assert_eq!(windows.as_deref(), Some("09:00-11:30; 14:00-16:30"));
        assert_eq!(set("", 2, 20).unwrap().1.windows, None);
    }

    #[test]
    fn what_nobody_could_keep_to_is_refused_at_its_field() {
        for (windows, prompts, open) in
            [("", 0, 20), ("25:00-26:00", 0, 20), ("", 1, 4), ("", 9, 20)]
        {
            let refused = set(windows, prompts, open).unwrap_err();
            assert_eq!(
                refused.code(),
                "fields_invalid",
                "{windows} {prompts} {open}"
            );
        }
    }
}
