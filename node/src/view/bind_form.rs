//! Forms that no rule table has: an area drawn for a person, a positioning device bound to one.

use super::fault as words_of;
use super::form::Filled;
use crate::http::error::{ApiError, ApiResult, FieldFault};
use crate::http::text::{Text, words};
use jiaolian_schema::calendar::{end_of, start_of};
use jiaolian_schema::desk::{Offer, OfferField, Tone};
use jiaolian_schema::device::{
    Device, INTERVAL_S_MAX, INTERVAL_S_MIN, KEY_BYTES, Regime, TOKEN_CHARS_MAX, TOKEN_CHARS_MIN,
    token_hash,
};
use jiaolian_schema::fence::{CheckFenceError, Fence, FenceKind, FenceRole};
use jiaolian_schema::id::{OfficeId, unhex};
use jiaolian_schema::schedule::{ReadScheduleError, Schedule};
use jiaolian_schema::suite::Suite;
use jiaolian_schema::workflow::{Field, FieldOption, FieldType, Label, Value};
use serde_json::Value as Json;

/// Longest schedule of an area, characters: all its windows as JSON (`watch.md` R20).
const SCHEDULE_CHARS_MAX: u32 = 6_000;

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
    let roles = FenceRole::ALL.map(|role| option(role.name())).to_vec();
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
        settles: Vec::new(),
        fields: vec![
            shell_field("fence", "name", FieldType::Text { chars_max: 60 }),
            shell_field("fence", "kind", FieldType::Choice(kinds)),
            OfferField {
                required: false,
                ..shell_field("fence", "role", FieldType::Choice(roles))
            },
            shell_field("fence", "buffer_m", FieldType::Int { min: 0, max: 5_000 }),
            shell_field("fence", "area", FieldType::Area { bytes_max: 120_000 }),
            OfferField {
                required: false,
                ..shell_field(
                    "fence",
                    "schedule",
                    FieldType::Text {
                        chars_max: SCHEDULE_CHARS_MAX,
                    },
                )
            },
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
    let heard = vec![option("here"), option("elsewhere")];
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
        settles: Vec::new(),
        fields: vec![
            shell_field("device", "terminal", FieldType::Text { chars_max: 64 }),
            shell_field("device", "regime", FieldType::Choice(regimes)),
            shell_field("device", "from", FieldType::Date),
            shell_field("device", "until", FieldType::Date),
            optional("token", TOKEN_CHARS_MAX),
            optional("key", 2 * KEY_BYTES as u32),
            OfferField {
                required: false,
                ..shell_field("device", "interval_s", interval())
            },
            OfferField {
                required: false,
                ..shell_field("device", "heard", FieldType::Choice(heard))
            },
        ],
    }
}

fn interval() -> FieldType {
    FieldType::Int {
        min: i64::from(INTERVAL_S_MIN),
        max: i64::from(INTERVAL_S_MAX),
    }
}

/// What a device shows may be left out.
fn optional(id: &str, chars_max: u32) -> OfferField {
    OfferField {
        required: false,
        ..shell_field("device", id, FieldType::Text { chars_max })
    }
}

/// A required field in the shell's own words.
pub(super) fn shell_field(group: &str, id: &str, kind: FieldType) -> OfferField {
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

/// The terminal and its binding that such a form makes at an office, both days included. A band is
/// heard there, where the form does not say otherwise.
pub fn device(filled: &Filled, here: OfficeId) -> ApiResult<(String, Device)> {
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
    let key = match form.get("key") {
        Some(Value::Text(key)) if !key.is_empty() => Some(key_of(key)?),
        _ => None,
    };
    let interval_s = form.int("interval_s").and_then(|s| u32::try_from(s).ok());
    let is_here = regime == Regime::Band && form.choice("heard") != Some("elsewhere");
    Ok((
        terminal.clone(),
        Device {
            regime,
            from,
            until,
            secret_hash,
            key,
            interval_s,
            heard_at: is_here.then_some(here),
            ground: None,
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

/// The public key of a phone's application, as it shows it.
fn key_of(text: &str) -> ApiResult<[u8; KEY_BYTES]> {
    let key: Option<[u8; KEY_BYTES]> = unhex(text).and_then(|bytes| bytes.try_into().ok());
    let key = key.filter(|key| Suite::Ed25519.is_public_key(key));
    key.ok_or_else(|| {
        let said = words("device", "key_odd");
        ApiError::field("key", FieldFault::said("key", said))
    })
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
    let schedule = schedule(form.get("schedule"))
        .map_err(|error| fault("schedule", &words_of::fence(&error.into())))?;
    let mut fence = fence.with_schedule(schedule);
    if let Some(role) = form.choice("role").and_then(FenceRole::named) {
        fence = fence
            .with_role(role)
            .map_err(|error| fault(fence_field(&error), &words_of::fence(&error)))?;
    }
    fence
        .check_clearable()
        .map_err(|error| fault("buffer_m", &words_of::fence(&error)))?;
    Ok(fence)
}

/// When an area binds: at all times where the form says nothing.
fn schedule(said: Option<&Value>) -> Result<Schedule, ReadScheduleError> {
    let Some(Value::Text(text)) = said else {
        return Ok(Schedule::ALWAYS);
    };
    let windows: Json =
        serde_json::from_str(text).map_err(|error| ReadScheduleError::Form(error.to_string()))?;
    Schedule::read(&windows)
}

/// The field of the form in which a fault of a fence lies.
fn fence_field(error: &CheckFenceError) -> &'static str {
    match error {
        CheckFenceError::Id(_) => "name",
        CheckFenceError::Buffer(_) | CheckFenceError::Clearable { .. } => "buffer_m",
        CheckFenceError::Schedule(_) => "schedule",
        CheckFenceError::Role { .. } => "kind",
        CheckFenceError::Shape(_) => "area",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: OfficeId = OfficeId([4; 16]);

    fn bound(token: &str, key: &str) -> ApiResult<(String, Device)> {
        let mut filled = Filled::default();
        let form = &mut filled.form;
        form.set("terminal", Value::Text("band-1".into()));
        form.set("regime", Value::Choice("band".into()));
        form.set("from", Value::Date(jiff::civil::date(2026, 3, 1)));
        form.set("until", Value::Date(jiff::civil::date(2026, 5, 31)));
        form.set("token", Value::Text(token.into()));
        form.set("key", Value::Text(key.into()));
        device(&filled, HERE)
    }

    #[test]
    fn a_binding_holds_the_hash_of_its_token_and_short_tokens_are_refused() {
        let (terminal, device) = bound("kQ3v-81mZ-pp0x-7", "").unwrap();
        let hash = token_hash(&terminal, "kQ3v-81mZ-pp0x-7");
        assert_eq!(device.secret_hash, Some(hash));
        assert_eq!(bound("", "").unwrap().1.secret_hash, None);
        for odd in ["kQ3v-81mZ-pp0x-", "kQ3v 81mZ pp0x 77Lw", &"x".repeat(129)] {
            assert_eq!(
                bound(odd, "").unwrap_err().code(),
                "fields_invalid",
                "{odd}"
            );
        }
    }

    #[test]
    fn a_band_is_missed_here_from_the_beginning_unless_the_form_says_elsewhere() {
        let mut filled = Filled::default();
        let form = &mut filled.form;
        form.set("terminal", Value::Text("band-1".into()));
        form.set("regime", Value::Choice("band".into()));
        form.set("from", Value::Date(jiff::civil::date(2026, 3, 1)));
        form.set("until", Value::Date(jiff::civil::date(2026, 5, 31)));
        form.set("interval_s", Value::Int(60));
        let (_, said) = device(&filled, HERE).unwrap();
        assert_eq!((said.interval_s, said.heard_at), (Some(60), Some(HERE)));
        filled.form.set("heard", Value::Choice("elsewhere".into()));
        assert_eq!(device(&filled, HERE).unwrap().1.heard_at, None);
        filled.form.set("heard", Value::Choice("here".into()));
        filled.form.set("regime", Value::Choice("phone".into()));
        assert_eq!(
            device(&filled, HERE).unwrap().1.heard_at,
            None,
            "a phone is not missed"
        );
    }

    #[test]
    fn a_binding_holds_a_key_that_is_one() {
        let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let device = bound("", key).unwrap().1;
        assert_eq!(
            device.key.map(|key| jiaolian_schema::id::hex(&key)),
            Some(key.to_owned())
        );
        assert!(!device.is_bare());
        let zeros = "0".repeat(64);
        for odd in [&key[..62], &format!("{}g", &key[..63]), &zeros] {
            assert_eq!(
                bound("", odd).unwrap_err().code(),
                "fields_invalid",
                "{odd}"
            );
        }
    }
}
