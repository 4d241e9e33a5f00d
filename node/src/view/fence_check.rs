//! An area while it is drawn: everything that would be refused when it is signed, found by the same
//! readers, and the area as it would be kept.

use super::form::{Filled, read_each};
use super::shape::{FenceCheck, FenceNotice};
use super::{County, area, bind_form};
use crate::http::error::FieldFault;
use crate::http::text::Text;
use jiaolian_schema::fence::{CheckFenceError, Fence, FenceKind};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::workflow::Value;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Stands for a name that is not yet given.
const UNNAMED: &str = "-";
const MM_A_METRE: i64 = 1_000;

/// What is to be said of an area as it is drawn so far. Takes as long as the area is large; needs no
/// state of the node.
pub fn check(counties: &[County], fields: &Map<String, Json>) -> FenceCheck {
    let (filled, mut faults) = read_each(counties, &bind_form::fence_offer(), fields);
    let shape = match filled.form.get("area") {
        Some(Value::Area(bytes)) => jiaolian_schema::canon::decode::<Shape>("an area", bytes).ok(),
        _ => None,
    };
    let mut works_m = None;
    if let Some(shape) = &shape {
        let completed = complete(&filled, &faults);
        if let Err(error) = bind_form::fence(&completed) {
            for (field, found) in error.into_fields() {
                faults.entry(field).or_insert(found);
            }
        }
        works_m = largest_buffer_m(&completed, shape);
    }
    FenceCheck {
        ok: faults.is_empty(),
        points: shape.as_ref().map_or(0, points),
        geometry: shape.as_ref().map(area::geometry),
        buffer_default_m: u64::from(kind(&filled).buffer_default_mm()) / 1_000,
        works_m,
        notices: faults.into_iter().map(notice).collect(),
    }
}

/// The form with what is not yet given, or can't be read, in its usual value: the rest of it is
/// judged all the same.
fn complete(filled: &Filled, faults: &BTreeMap<String, FieldFault>) -> Filled {
    let mut whole = filled.clone();
    let is_missing = |name: &str| filled.form.get(name).is_none();
    if is_missing("name") || faults.contains_key("name") {
        whole.form.set("name", Value::Text(UNNAMED.to_owned()));
    }
    if is_missing("buffer_m") {
        let metres = i64::from(kind(filled).buffer_default_mm()) / MM_A_METRE;
        whole.form.set("buffer_m", Value::Int(metres));
    }
    whole
}

fn kind(filled: &Filled) -> FenceKind {
    match filled.form.choice("kind") {
        Some("keep_out") => FenceKind::KeepOut,
        _ => FenceKind::KeepIn,
    }
}

/// The largest buffer with which an exit could be cleared, whole metres; none where the one given
/// works, or where none does.
fn largest_buffer_m(filled: &Filled, shape: &Shape) -> Option<u64> {
    let buffer_mm = filled.form.int("buffer_m")?.checked_mul(MM_A_METRE)?;
    let buffer_mm = u32::try_from(buffer_mm).ok()?;
    let fence = Fence::new(UNNAMED, kind(filled), shape.clone(), buffer_mm).ok()?;
    match fence.check_clearable() {
        Err(CheckFenceError::Clearable { works_mm, .. }) => {
            let metres = works_mm? / MM_A_METRE;
            u64::try_from(metres).ok()
        }
        _ => None,
    }
}

fn points(shape: &Shape) -> u64 {
    let rings = shape.parts().iter().flatten();
    rings.map(|ring| ring.len() as u64).sum()
}

fn notice((field, found): (String, FieldFault)) -> FenceNotice {
    FenceNotice {
        field,
        code: found.code,
        text: Text::new(found.message_zh, found.message_en),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(ring: &Json, datum: &Json, buffer_m: i64) -> Map<String, Json> {
        let area = json!({ "type": "Feature", "properties": { "datum": datum, "adcodes": [] },
            "geometry": { "type": "Polygon", "coordinates": [ring] } });
        let form = json!({ "kind": "keep_in", "buffer_m": buffer_m, "area": area });
        form.as_object().unwrap().clone()
    }

    fn square(half_deg: f64) -> Json {
        let at = |x: f64, y: f64| json!([113.6 + x * half_deg, 28.1 + y * half_deg]);
        json!([
            at(-1., -1.),
            at(1., -1.),
            at(1., 1.),
            at(-1., 1.),
            at(-1., -1.)
        ])
    }

    fn said(check: &FenceCheck) -> Vec<(&str, &str)> {
        let notices = check.notices.iter();
        notices
            .map(|n| (n.field.as_str(), n.code.as_str()))
            .collect()
    }

    #[test]
    fn an_area_without_a_name_is_judged_in_all_else() {
        let found = check(&[], &fields(&square(0.01), &json!("wgs84"), 100));
        assert_eq!(said(&found), [("name", "required")]);
        assert_eq!((found.points, found.works_m), (4, None));
        let narrow = check(&[], &fields(&square(0.0005), &json!("wgs84"), 500));
        assert_eq!(said(&narrow), [("buffer_m", "area"), ("name", "required")]);
        let works = i64::try_from(narrow.works_m.unwrap()).unwrap();
        assert!((50..200).contains(&works), "{works}");
        let good = check(&[], &fields(&square(0.0005), &json!("wgs84"), works));
        assert_eq!(said(&good), [("name", "required")]);
    }

    #[test]
    fn a_purpose_that_demands_the_other_kind_is_told_at_the_kind() {
        let mut form = fields(&square(0.01), &json!("wgs84"), 100);
        form.insert("role".into(), json!("curfew"));
        assert_eq!(said(&check(&[], &form)), [("name", "required")]);
        form.insert("kind".into(), json!("keep_out"));
        let found = check(&[], &form);
        assert_eq!(said(&found), [("kind", "area"), ("name", "required")]);
    }

    #[test]
    fn a_datum_is_required_and_another_one_is_converted() {
        let without = check(&[], &fields(&square(0.01), &Json::Null, 100));
        assert!(said(&without).contains(&("area", "area")), "{without:?}");
        assert!(without.geometry.is_none());
        let there = |datum: &str| {
            let found = check(&[], &fields(&square(0.01), &json!(datum), 100));
            let geometry = found.geometry.unwrap();
            geometry["coordinates"][0][0][0][0].as_f64().unwrap()
        };
        let shift_deg = there("wgs84") - there("gcj02");
        assert!((0.004..0.007).contains(&shift_deg), "{shift_deg}");
        assert!((there("wgs84") - there("cgcs2000")).abs() < 1e-9);
        assert!(there("bd09") < there("gcj02"));
    }

    #[test]
    fn an_hour_that_is_none_and_an_area_too_large_are_told_together() {
        let turn = std::f64::consts::TAU / 60_000.;
        let at = |i: u32| {
            let angle = f64::from(i % 60_000) * turn;
            json!([113.6 + 0.5 * angle.cos(), 28.1 + 0.5 * angle.sin()])
        };
        let ring: Json = (0..=60_000).map(at).collect();
        let mut form = fields(&ring, &json!("wgs84"), 100);
        form.insert(
            "schedule".into(),
            json!("[{\"days\":[8],\"from\":\"22:00\",\"to\":\"06:00\"}]"),
        );
        let found = check(&[], &form);
        assert!(
            said(&found).contains(&("area", "size")),
            "{:?}",
            said(&found)
        );
    }
}
