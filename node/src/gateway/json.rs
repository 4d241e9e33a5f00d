//! Reports as JSON: the form of Traccar's newer client, and batches of our own.
//!
//! Traccar's client (from 9.0) posts what its location library makes, with fields that come and go
//! by version: unknown ones are kept and not read. Our own form is strict, so that a misspelt field
//! is heard of.

use super::form::{Sent, by_http, named};
use super::report::{Report, Said, SpeedUnit};
use super::turn::{BATCH_MAX, TurnAwayError};
use serde_json::{Map, Value};

pub(super) type Object = Map<String, Value>;

/// `{"location": {…} or […], "device_id": "…"}`: WGS-84, speed in m/s.
pub(super) fn read_traccar(body: Value) -> Result<Sent, TurnAwayError> {
    let mut body = object(body, "a request is a JSON object")?;
    let terminal = body.remove("device_id").and_then(text);
    let terminal = named(terminal)?;
    let token = body.remove("token").and_then(text);
    let locations = match body.remove("location") {
        Some(Value::Array(locations)) => locations,
        Some(location) => vec![location],
        None => Vec::new(),
    };
    check_count(locations.len())?;
    let reports = locations.into_iter().map(traccar_report).collect();
    Ok(Sent {
        terminal,
        token,
        reports,
        way: by_http(),
    })
}

fn traccar_report(location: Value) -> Report {
    let Value::Object(mut location) = location else {
        return Report::none("location", location.to_string());
    };
    let battery = match location.get("battery") {
        Some(Value::Object(battery)) => battery.clone(),
        _ => Object::new(),
    };
    let coords = location.remove("coords");
    let mut coords = match coords {
        Some(Value::Object(coords)) => coords,
        _ => Object::new(),
    };
    let mut take = |name: &str| coords.remove(name).and_then(text);
    let mut said = Said {
        lat: take("latitude"),
        lon: take("longitude"),
        accuracy: take("accuracy"),
        speed: take("speed"),
        speed_unit: SpeedUnit::MetresPerSecond,
        ..Said::default()
    };
    let mut take = |name: &str| location.remove(name).and_then(text);
    said.time = take("timestamp");
    said.mock = take("mock");
    said.datum = take("datum").or_else(|| Some("wgs84".to_owned()));
    said.battery = battery.get("level").and_then(level);
    said.charging = battery.get("is_charging").cloned().and_then(text);
    said.motion = location.get("is_moving").cloned().and_then(text);
    said.event = location.get("event").cloned().and_then(text);
    for (name, value) in coords.into_iter().chain(location) {
        said.other.insert(name, value.to_string());
    }
    Report::new(said)
}

/// A charge from 0 to 1 as per cent; the library says -1 where it does not know.
fn level(value: &Value) -> Option<String> {
    let level = value.as_f64().filter(|level| (0.0..=1.0).contains(level))?;
    Some(((level * 100.0).round() as u8).to_string())
}

/// `{"terminal": "…", "fixes": […]}`: each fix with its datum, speed in m/s.
pub(super) fn read_batch(body: Value) -> Result<Sent, TurnAwayError> {
    let mut body = object(body, "a batch is a JSON object")?;
    let terminal = named(body.remove("terminal").and_then(text))?;
    let Some(Value::Array(fixes)) = body.remove("fixes") else {
        let why = "a batch has a list `fixes`";
        return Err(TurnAwayError::Form(why.to_owned()));
    };
    if let Some(name) = body.keys().next() {
        let why = format!("a batch has `terminal` and `fixes`, not {name:?}");
        return Err(TurnAwayError::Form(why));
    }
    check_count(fixes.len())?;
    Ok(Sent {
        terminal,
        token: None,
        reports: fixes.into_iter().map(batch_report).collect(),
        way: by_http(),
    })
}

fn batch_report(fix: Value) -> Report {
    let Value::Object(fix) = fix else {
        return Report::none("a report is an object", fix.to_string());
    };
    let mut said = Said {
        speed_unit: SpeedUnit::MetresPerSecond,
        ..Said::default()
    };
    for (name, value) in &fix {
        let is_scalar = !matches!(value, Value::Array(_) | Value::Object(_));
        let place = match name.as_str() {
            "time" => &mut said.time,
            "lat" => &mut said.lat,
            "lon" => &mut said.lon,
            "datum" => &mut said.datum,
            "accuracy_m" => &mut said.accuracy,
            "source" => &mut said.source,
            "satellites" => &mut said.satellites,
            "speed_mps" => &mut said.speed,
            "valid" => &mut said.valid,
            "mock" => &mut said.mock,
            "live" => &mut said.live,
            "battery_pct" => &mut said.battery,
            "charging" => &mut said.charging,
            "motion" => &mut said.motion,
            "event" => &mut said.event,
            "bearing_deg" | "altitude_m" | "cell" => {
                said.other.insert(name.clone(), value.to_string());
                continue;
            }
            _ => return Report::none(name, Value::Object(fix.clone()).to_string()),
        };
        if !is_scalar {
            return Report::none(name, Value::Object(fix.clone()).to_string());
        }
        *place = text(value.clone());
    }
    Report::new(said)
}

pub(super) fn check_count(reports: usize) -> Result<(), TurnAwayError> {
    match reports {
        0 => Err(TurnAwayError::Form(format!(
            "a request has 1 to {BATCH_MAX} reports: 0"
        ))),
        1..=BATCH_MAX => Ok(()),
        more => Err(TurnAwayError::BatchLong(more)),
    }
}

pub(super) fn object(value: Value, why: &str) -> Result<Object, TurnAwayError> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(TurnAwayError::Form(why.to_owned())),
    }
}

/// A scalar as a text form would write it; none for null.
pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
