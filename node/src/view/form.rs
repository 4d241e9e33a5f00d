//! Forms: how an offer is shown, and how what was filled in becomes typed values or precise faults.

use super::label::{kind_word, rule_text, text};
use super::shape::{Coded, FieldShape, Line, OfferShape, SectionShape};
use super::{area, fault as words_of};
use crate::http::error::{ApiError, ApiResult, FieldFault};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::calendar::{end_of, start_of};
use jiaolian_schema::desk::{Offer, OfferField, Section, Tone};
use jiaolian_schema::device::{Device, Regime, TOKEN_CHARS_MAX, TOKEN_CHARS_MIN, token_hash};
use jiaolian_schema::fence::{CheckFenceError, Fence, FenceKind};
use jiaolian_schema::id::hex;
use jiaolian_schema::workflow::{
    Field, FieldError, FieldOption, FieldType, Form, Label, RuleError, Value,
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
        blocked: offer
            .blocked
            .as_ref()
            .map(|error| rule_text(&node.rules, error.text_key())),
        fields: offer
            .fields
            .iter()
            .map(|entry| field_shape(&entry.field, entry.required, refs))
            .collect(),
        section: section.map(section_shape),
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
pub fn read(node: &Node, offer: &Offer, filled: &Map<String, Json>) -> ApiResult<Filled> {
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
        match read_value(node, &entry.field, json) {
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
    if faults.is_empty() {
        Ok(out)
    } else {
        Err(ApiError::fields(faults))
    }
}

fn read_value(node: &Node, field: &Field, json: &Json) -> Result<Value, FieldFault> {
    let value = match &field.kind {
        FieldType::Area { .. } => {
            let shape = area::read(node, json).map_err(|why| FieldFault::said("area", why))?;
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
        _ => ApiError::rule(&rule_text(&node.rules, error.text_key())),
    }
}

/// The offer to draw an area for a case.
pub fn fence_offer() -> Offer {
    let option = |id: &str| {
        let label = words("fence", id);
        FieldOption {
            id: id.into(),
            zh: label.zh,
            en: label.en,
        }
    };
    let kinds = vec![option("keep_in"), option("keep_out")];
    let label = words("fence", "set");
    Offer {
        event: "fence_set".into(),
        label: Label {
            zh: label.zh,
            en: label.en,
        },
        tone: Tone::Plain,
        decision: false,
        light: false,
        blocked: None,
        fields: vec![
            shell_field("fence", "name", FieldType::Text { chars_max: 60 }),
            shell_field("fence", "kind", FieldType::Choice(kinds)),
            shell_field("fence", "buffer_m", FieldType::Int { min: 0, max: 5_000 }),
            shell_field("fence", "area", FieldType::Area { bytes_max: 120_000 }),
        ],
    }
}

/// The offer to bind a positioning device to the person of a case.
pub fn device_offer() -> Offer {
    let option = |id: &str| {
        let label = words("device", id);
        FieldOption {
            id: id.into(),
            zh: label.zh,
            en: label.en,
        }
    };
    let regimes = vec![option("band"), option("phone")];
    let label = words("device", "bind");
    Offer {
        event: "device_bind".into(),
        label: Label {
            zh: label.zh,
            en: label.en,
        },
        tone: Tone::Plain,
        decision: false,
        light: false,
        blocked: None,
        fields: vec![
            shell_field("device", "terminal", FieldType::Text { chars_max: 64 }),
            shell_field("device", "regime", FieldType::Choice(regimes)),
            shell_field("device", "from", FieldType::Date),
            shell_field("device", "until", FieldType::Date),
            OfferField {
                required: false,
                ..shell_field(
                    "device",
                    "token",
                    FieldType::Text {
                        chars_max: TOKEN_CHARS_MAX,
                    },
                )
            },
        ],
    }
}

/// A required field in the shell's own words.
fn shell_field(group: &str, id: &str, kind: FieldType) -> OfferField {
    let label = words(group, id);
    let label = Label {
        zh: label.zh,
        en: label.en,
    };
    OfferField {
        field: Field {
            id: id.to_owned(),
            label,
            kind,
        },
        required: true,
    }
}

/// The terminal and its binding that such a form makes, both days included.
pub fn device(filled: &Filled) -> ApiResult<(String, Device)> {
    let form = &filled.form;
    let (Some(Value::Text(terminal)), Some(from), Some(until)) =
        (form.get("terminal"), form.date("from"), form.date("until"))
    else {
        return Err(ApiError::field(
            "terminal",
            FieldFault::new("required", &[]),
        ));
    };
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !terminal.chars().all(known) {
        return Err(ApiError::field(
            "terminal",
            FieldFault::said("terminal", words("device", "odd")),
        ));
    }
    if until < from {
        return Err(ApiError::field(
            "until",
            FieldFault::said("order", words("device", "order")),
        ));
    }
    let regime = match form.choice("regime") {
        Some("band") => Regime::Band,
        _ => Regime::Phone,
    };
    let (from, until) = (start_of(from), end_of(until) - 1);
    let secret_hash = match form.get("token") {
        Some(Value::Text(token)) if !token.is_empty() => Some(token_of(terminal, token)?),
        _ => None,
    };
    Ok((
        terminal.clone(),
        Device {
            regime,
            from,
            until,
            secret_hash,
        },
    ))
}

/// The hash of a token that is long enough; the token itself is kept nowhere.
fn token_of(terminal: &str, token: &str) -> ApiResult<[u8; 32]> {
    let chars = token.chars().count() as u32;
    if !(TOKEN_CHARS_MIN..=TOKEN_CHARS_MAX).contains(&chars) || token.contains(char::is_whitespace)
    {
        let said = words("device", "token_odd").fill(&[&chars.to_string()]);
        return Err(ApiError::field("token", FieldFault::said("token", said)));
    }
    Ok(token_hash(terminal, token))
}

/// The area that such a form draws. Its name is its id in the case.
pub fn fence(filled: &Filled) -> ApiResult<Fence> {
    let form = &filled.form;
    let fault = |field: &str, why: &Text| {
        ApiError::field(
            field,
            FieldFault::said("area", words("field", "area").fill_texts(&[why])),
        )
    };
    let (Some(Value::Text(name)), Some(Value::Area(bytes))) = (form.get("name"), form.get("area"))
    else {
        return Err(ApiError::field("area", FieldFault::new("required", &[])));
    };
    let kind = match form.choice("kind") {
        Some("keep_out") => FenceKind::KeepOut,
        _ => FenceKind::KeepIn,
    };
    let shape = jiaolian_schema::canon::decode("an area", bytes);
    let shape = shape.map_err(|_| fault("area", &words("shape", "form")))?;
    let buffer_mm = form.int("buffer_m").unwrap_or(0) * 1_000;
    let buffer_mm = u32::try_from(buffer_mm).unwrap_or(0);
    let fence = Fence::new(name.trim(), kind, shape, buffer_mm);
    let fence = fence.map_err(|error| fault(fence_field(&error), &words_of::fence(&error)))?;
    fence
        .check_clearable()
        .map_err(|error| fault("buffer_m", &words_of::fence(&error)))?;
    Ok(fence)
}

/// The field of the form in which a fault of a fence lies.
fn fence_field(error: &CheckFenceError) -> &'static str {
    match error {
        CheckFenceError::Id(_) => "name",
        CheckFenceError::Buffer(_) | CheckFenceError::Clearable { .. } => "buffer_m",
        CheckFenceError::Schedule(_) => "schedule",
        CheckFenceError::Shape(_) => "area",
    }
}

/// A value on the wire; areas as GeoJSON.
pub fn wire(value: &Value) -> Json {
    match value {
        Value::Area(bytes) => area::feature(bytes).unwrap_or(Json::Null),
        other => other.to_json(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(token: &str) -> ApiResult<(String, Device)> {
        let mut filled = Filled::default();
        let form = &mut filled.form;
        form.set("terminal", Value::Text("band-1".into()));
        form.set("regime", Value::Choice("band".into()));
        form.set("from", Value::Date(jiff::civil::date(2026, 3, 1)));
        form.set("until", Value::Date(jiff::civil::date(2026, 5, 31)));
        form.set("token", Value::Text(token.into()));
        device(&filled)
    }

    #[test]
    fn a_binding_holds_the_hash_of_its_token_and_short_tokens_are_refused() {
        let (terminal, device) = bound("kQ3v-81mZ-pp0x-7").unwrap();
        let hash = token_hash(&terminal, "kQ3v-81mZ-pp0x-7");
        assert_eq!(device.secret_hash, Some(hash));
        assert_eq!(bound("").unwrap().1.secret_hash, None);
        for odd in ["kQ3v-81mZ-pp0x-", "kQ3v 81mZ pp0x 77Lw", &"x".repeat(129)] {
            assert_eq!(bound(odd).unwrap_err().code(), "fields_invalid", "{odd}");
        }
    }
}
