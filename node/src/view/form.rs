//! Forms: how an offer is shown, and how what was filled in becomes typed values or precise faults.

use super::label::{kind_word, rule_text, text};
use super::shape::{Coded, FieldShape, Line, OfferShape, SectionShape};
use super::{County, area};
use crate::http::error::{ApiError, ApiResult, FieldFault};
use crate::http::text::Text;
use crate::owner::Node;
use jiaolian_schema::desk::{Offer, Section, Tone};
use jiaolian_schema::id::hex;
use jiaolian_schema::workflow::{
    Field, FieldError, FieldOption, FieldType, Form, RuleError, Value,
};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// A text of more characters gets several lines.
const MULTILINE_CHARS: u32 = 120;

/// A form that was filled in.
#[derive(Debug, Clone, Default)]
pub struct Filled {
    /// Its values.
    pub form: Form,
}

/// An offer in the contract's shape. `refs` are the candidates of its reference fields.
pub fn offer_shape(
    node: &Node,
    offer: &Offer,
    post: &str,
    section: Option<&Section>,
    refs: &[Coded],
) -> OfferShape {
    OfferShape {
        event: offer.event.clone(),
        label: text(&offer.label),
        tone: match offer.tone {
            Tone::Primary => "primary",
            Tone::Danger => "danger",
            Tone::Plain => "plain",
        }
        .into(),
        post: post.to_owned(),
        decision: offer.decision,
        passphrase: !offer.light,
        blocked: offer.blocked.as_ref().map(|error| why(node, error)),
        notice: None,
        rivals: Vec::new(),
        fields: offer
            .fields
            .iter()
            .map(|entry| field_shape(&entry.field, entry.required, refs))
            .collect(),
        section: section.map(section_shape),
    }
}

/// A rule's refusal as a sentence.
fn why(node: &Node, error: &RuleError) -> Text {
    let sentence = rule_text(&node.rules, error.text_key());
    match error {
        RuleError::Contested { field } => sentence.fill_texts(&[&text(field)]),
        _ => sentence,
    }
}

fn section_shape(section: &Section) -> SectionShape {
    let line = |line: &jiaolian_schema::desk::SectionLine| Line {
        label: Text::plain(&line.label),
        value: Text::plain(&line.value),
    };
    SectionShape {
        id: hex(&section.id()),
        items: section.lines.iter().map(line).collect(),
    }
}

/// A field in the contract's shape.
pub fn field_shape(field: &Field, required: bool, refs: &[Coded]) -> FieldShape {
    let mut shape = FieldShape {
        name: field.id.clone(),
        label: text(&field.label),
        kind: kind_word(&field.kind).into(),
        required,
        ..FieldShape::default()
    };
    match &field.kind {
        FieldType::Text { chars_max } => {
            shape.max_chars = Some(*chars_max);
            shape.multiline = *chars_max > MULTILINE_CHARS;
        }
        FieldType::Int { min, max } => {
            shape.min = Some(*min);
            shape.max = Some(*max);
        }
        FieldType::Choice(options) => {
            let coded = |o: &FieldOption| Coded::new(&o.id, Text::new(&o.zh, &o.en));
            shape.choices = Some(options.iter().map(coded).collect());
        }
        FieldType::Ref => {
            shape.ref_kind = Some("act".into());
            shape.choices = (required || !refs.is_empty()).then(|| refs.to_vec());
        }
        _ => {}
    }
    shape
}

/// Reads what was filled in by the offer's fields: nothing unknown, nothing missing, every value of
/// its type.
pub fn read(counties: &[County], offer: &Offer, filled: &Map<String, Json>) -> ApiResult<Filled> {
    let (out, faults) = read_each(counties, offer, filled);
    if faults.is_empty() {
        Ok(out)
    } else {
        Err(ApiError::fields(faults))
    }
}

/// Reads what was filled in as far as it can be read, with the fault of each field that can't.
pub fn read_each(
    counties: &[County],
    offer: &Offer,
    filled: &Map<String, Json>,
) -> (Filled, BTreeMap<String, FieldFault>) {
    let mut out = Filled::default();
    let mut faults: BTreeMap<String, FieldFault> = BTreeMap::new();
    for (name, json) in filled.iter().filter(|(_, json)| !json.is_null()) {
        let Some(entry) = offer.fields.iter().find(|entry| entry.field.id == *name) else {
            faults.insert(name.clone(), FieldFault::new("unknown", &[]));
            continue;
        };
        // An empty text in a field that may be left out is left out.
        if !entry.required && json.as_str().is_some_and(|text| text.trim().is_empty()) {
            continue;
        }
        match read_value(counties, &entry.field, json) {
            Ok(value) => out.form.set(name, value),
            Err(fault) => {
                faults.insert(name.clone(), fault);
            }
        }
    }
    for entry in offer.fields.iter().filter(|entry| entry.required) {
        let name = &entry.field.id;
        if out.form.get(name).is_none() && !faults.contains_key(name) {
            faults.insert(name.clone(), FieldFault::new("required", &[]));
        }
    }
    (out, faults)
}

fn read_value(counties: &[County], field: &Field, json: &Json) -> Result<Value, FieldFault> {
    let value = match &field.kind {
        FieldType::Area { .. } => {
            let shape = area::read(counties, json).map_err(|why| FieldFault::said("area", why))?;
            Value::Area(jiaolian_schema::canon::encode(&shape))
        }
        FieldType::Time => Value::Time(json.as_i64().ok_or(FieldFault::new("integer", &[]))?),
        _ => field.read(json).map_err(|error| fault(&error))?,
    };
    field.check(&value).map_err(|error| fault(&error))?;
    Ok(value)
}

/// Faults of a form, by field.
pub fn refuse_fields(errors: &[FieldError]) -> ApiError {
    let name = |error: &FieldError| match error {
        FieldError::Unknown(field)
        | FieldError::Missing(field)
        | FieldError::Type { field, .. }
        | FieldError::Length { field, .. }
        | FieldError::Range { field, .. }
        | FieldError::Option { field, .. }
        | FieldError::Size { field, .. } => field.clone(),
        FieldError::Rule(_) => String::new(),
    };
    let faults = errors
        .iter()
        .map(|error| (name(error), fault(error)))
        .collect();
    ApiError::fields(faults)
}

/// One fault in words.
pub fn fault(error: &FieldError) -> FieldFault {
    match error {
        FieldError::Unknown(_) => FieldFault::new("unknown", &[]),
        FieldError::Missing(_) | FieldError::Length { found: 0, .. } => {
            FieldFault::new("required", &[])
        }
        FieldError::Length { chars_max, .. } => {
            FieldFault::new("too_long", &[&chars_max.to_string()])
        }
        FieldError::Range { min, max, .. } => {
            FieldFault::new("range", &[&min.to_string(), &max.to_string()])
        }
        FieldError::Option { .. }
        | FieldError::Type {
            expected: "one of the options",
            ..
        } => FieldFault::new("choice", &[]),
        FieldError::Type { expected, .. } => match *expected {
            "a date YYYY-MM-DD" => FieldFault::new("date", &[]),
            "a whole number" | "a time" => FieldFault::new("integer", &[]),
            "true or false" => FieldFault::new("bool", &[]),
            "an area" => FieldFault::new("area", &[""]),
            "text" => FieldFault::new("text", &[]),
            _ => FieldFault::new("ref", &[]),
        },
        FieldError::Size {
            bytes_max, found, ..
        } => FieldFault::new("size", &[&bytes_max.to_string(), &found.to_string()]),
        FieldError::Rule(_) => FieldFault::new("rule", &[]),
    }
}

/// Refuses an offer that this person may not sign now.
pub fn refuse_blocked(node: &Node, offer: &Offer) -> ApiResult<()> {
    offer
        .blocked
        .as_ref()
        .map_or(Ok(()), |error| Err(refuse_rule(node, error)))
}

/// A rule's refusal in words.
pub fn refuse_rule(node: &Node, error: &RuleError) -> ApiError {
    match error {
        RuleError::Capacity { .. } => ApiError::new("not_allowed"),
        _ => ApiError::rule(&why(node, error)),
    }
}

/// A value on the wire; areas as GeoJSON.
pub fn wire(value: &Value) -> Json {
    match value {
        Value::Area(bytes) => area::feature(bytes).unwrap_or(Json::Null),
        other => other.to_json(),
    }
}
