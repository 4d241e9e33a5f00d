//! Check-ins as JSON:
//! `{"terminal": "…", "checkins": [{"time", "lat", "lon", "datum", "accuracy_m", "source",
//! "likeness", "liveness", "battery_pct", "mock", "phone"}]}`. Strict, so that a misspelt field is
//! heard of; one bad check-in spoils no other.

use super::super::form::{TERMINAL_CHARS_MAX, named};
use super::super::json::{Object, check_count, object, text};
use super::super::report::{
    Said, TIME_MIN_MS, check_satellites, read_accuracy_mm, read_place, read_source, read_time,
};
use super::super::rule::{Fault, Rule};
use super::super::turn::TurnAwayError;
use super::super::word;
use jiaolian_schema::checkin::Face;
use jiaolian_schema::fix::Point;
use jiaolian_schema::signal::Signs;
use serde_json::Value;
use std::collections::BTreeMap;

/// Likeness and liveness of a face that leaves no doubt, thousandths.
const FACE_MAX: u16 = 1_000;

/// What one request brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) terminal: String,
    pub(super) lines: Vec<Line>,
}

/// One check-in as it goes to the owner of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Device time, ms UTC, where it can be read.
    pub(super) time: Option<i64>,
    pub(super) reading: Result<Made, Fault>,
    pub(super) said: Said,
}

/// What can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) point: Option<Point>,
    pub(super) face: Option<Face>,
    pub(super) signs: Signs,
    /// The phone on which it was made; none is the one that is bound.
    pub(super) phone: Option<String>,
}

pub(super) fn read_check_ins(body: Value) -> Result<Sent, TurnAwayError> {
    let mut body = object(body, "a request is a JSON object")?;
    let terminal = named(body.remove("terminal").and_then(text))?;
    let Some(Value::Array(check_ins)) = body.remove("checkins") else {
        return Err(TurnAwayError::Form(
            "a request has a list `checkins`".to_owned(),
        ));
    };
    if let Some(name) = body.keys().next() {
        let why = format!("a request has `terminal` and `checkins`, not {name:?}");
        return Err(TurnAwayError::Form(why));
    }
    check_count(check_ins.len())?;
    let lines = check_ins.into_iter().map(read_line).collect();
    Ok(Sent { terminal, lines })
}

fn read_line(check_in: Value) -> Line {
    let Value::Object(fields) = check_in else {
        return odd("a check-in is an object", check_in.to_string());
    };
    let (said, face) = match read_fields(&fields) {
        Ok(read) => read,
        Err(name) => return odd(&name, Value::Object(fields).to_string()),
    };
    let time = read_time(said.time.as_deref());
    let reading = match &time {
        Ok(time) => read(&said, face, *time),
        Err(fault) => Err(fault.clone()),
    };
    Line {
        time: time.ok(),
        reading,
        said,
    }
}

/// Something that has not the fields of the interface.
fn odd(name: &str, text: String) -> Line {
    let said = Said {
        other: BTreeMap::from([("checkin".to_owned(), text)]),
        ..Said::default()
    };
    Line {
        time: None,
        reading: Err(Rule::Form.broken_by(name)),
        said,
    }
}

/// Likeness and liveness as they are said.
type SaidFace = (Option<String>, Option<String>);

fn read_fields(fields: &Object) -> Result<(Said, SaidFace), String> {
    let (mut said, mut face) = (Said::default(), (None, None));
    for (name, value) in fields {
        let place = match name.as_str() {
            "time" => &mut said.time,
            "lat" => &mut said.lat,
            "lon" => &mut said.lon,
            "datum" => &mut said.datum,
            "accuracy_m" => &mut said.accuracy,
            "source" => &mut said.source,
            "satellites" => &mut said.satellites,
            "battery_pct" => &mut said.battery,
            "mock" => &mut said.mock,
            "likeness" => &mut face.0,
            "liveness" => &mut face.1,
            "phone" => {
                let phone = text(value.clone()).unwrap_or_default();
                said.other.insert(name.clone(), phone);
                continue;
            }
            _ => return Err(name.clone()),
        };
        if matches!(value, Value::Array(_) | Value::Object(_)) {
            return Err(name.clone());
        }
        *place = text(value.clone());
    }
    // Kept aside with the rest where the check-in breaks a rule.
    for (name, value) in [("likeness", &face.0), ("liveness", &face.1)] {
        said.other
            .extend(value.clone().map(|value| (name.to_owned(), value)));
    }
    Ok((said, face))
}

fn read(said: &Said, face: SaidFace, time: i64) -> Result<Made, Fault> {
    if time < TIME_MIN_MS {
        return Err(Rule::TimeEarly.broken_by(said.time.as_deref().unwrap_or_default()));
    }
    Ok(Made {
        point: read_point(said, time)?,
        face: read_face(face)?,
        signs: word::signs(said),
        phone: read_phone(said.other.get("phone"))?,
    })
}

/// None where nothing of a place is said; half of one is a fault.
fn read_point(said: &Said, time: i64) -> Result<Option<Point>, Fault> {
    if said.lat.is_none() && said.lon.is_none() {
        return Ok(None);
    }
    let at = read_place(said)?;
    let accuracy_mm = read_accuracy_mm(said.accuracy.as_deref())?;
    let source = read_source(said.source.as_deref())?;
    check_satellites(said.satellites.as_deref())?;
    Ok(Some(Point::new(time, at, accuracy_mm, source)))
}

fn read_face((likeness, liveness): SaidFace) -> Result<Option<Face>, Fault> {
    let permille = |text: &str| {
        let number = text
            .parse::<u16>()
            .ok()
            .filter(|number| *number <= FACE_MAX);
        number.ok_or_else(|| Rule::FaceForm.broken_by(text))
    };
    match (likeness, liveness) {
        (None, None) => Ok(None),
        (Some(likeness), Some(liveness)) => Ok(Some(Face {
            likeness: permille(&likeness)?,
            liveness: permille(&liveness)?,
        })),
        (Some(alone), None) | (None, Some(alone)) => Err(Rule::FaceForm.broken_by(&alone)),
    }
}

fn read_phone(text: Option<&String>) -> Result<Option<String>, Fault> {
    let Some(text) = text else {
        return Ok(None);
    };
    let chars = text.chars().count();
    let is_number = (1..=TERMINAL_CHARS_MAX).contains(&chars) && !text.contains(char::is_control);
    if is_number {
        Ok(Some(text.clone()))
    } else {
        Err(Rule::PhoneForm.broken_by(text))
    }
}
