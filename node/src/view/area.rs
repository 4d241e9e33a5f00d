//! Areas at the door: GeoJSON of a stated datum or a choice of counties in, GeoJSON out.

use super::{County, fault};
use crate::http::text::{Text, words, words_with};
use jiaolian_schema::datum::Datum;
use jiaolian_schema::desk::union_of;
use jiaolian_schema::fence::{Fence, FenceKind, FenceRole, read_shape};
use jiaolian_schema::geo::{Coord, Shape};
use serde_json::{Value as Json, json};

/// Most counties in one area.
const COUNTIES_MAX: usize = 32;

/// Reads the area of a form, or says what is wrong with it.
pub fn read(counties: &[County], feature: &Json) -> Result<Shape, Text> {
    let properties = &feature["properties"];
    let is_feature = feature["type"] == "Feature";
    let codes: Vec<&str> = properties["adcodes"]
        .as_array()
        .map_or_else(Vec::new, |codes| {
            codes.iter().filter_map(Json::as_str).collect()
        });
    if !is_feature || (feature["geometry"].is_null() && codes.is_empty()) {
        return Err(words("fence", "missing"));
    }
    if !codes.is_empty() {
        return of_counties(counties, &codes);
    }
    let datum = properties["datum"]
        .as_str()
        .ok_or(words("fence", "datum"))?;
    let datum = Datum::parse(datum).map_err(|_| words("fence", "datum"))?;
    read_shape(&feature["geometry"], datum).map_err(|error| wrong(&fault::shape(&error)))
}

fn of_counties(counties: &[County], codes: &[&str]) -> Result<Shape, Text> {
    if codes.len() > COUNTIES_MAX {
        let (found, most) = (codes.len().to_string(), COUNTIES_MAX.to_string());
        return Err(words_with("fence", "counties_many", &[&most, &found]));
    }
    let mut geometries = Vec::new();
    for code in codes {
        let county = counties.iter().find(|county| county.adcode == *code);
        let county = county.ok_or_else(|| words_with("fence", "counties", &[code]))?;
        geometries.push(county.geometry.clone());
    }
    let geometry = union_of(&geometries).map_err(|_| words("fence", "union"))?;
    read_shape(&geometry, Datum::Wgs84).map_err(|error| wrong(&fault::shape(&error)))
}

fn wrong(why: &Text) -> Text {
    words("fence", "shape").fill_texts(&[why])
}

/// An area's byte form as a GeoJSON feature.
pub fn feature(bytes: &[u8]) -> Option<Json> {
    let shape: Shape = jiaolian_schema::canon::decode("an area", bytes).ok()?;
    Some(json!({ "type": "Feature", "properties": {}, "geometry": geometry(&shape) }))
}

/// A fence as a GeoJSON feature.
pub fn fence_feature(fence: &Fence, mut properties: Json, now: i64) -> Json {
    properties["id"] = json!(fence.id());
    properties["name"] = json!(fence.id());
    properties["kind"] = json!(match fence.kind() {
        FenceKind::KeepIn => "keep_in",
        FenceKind::KeepOut => "keep_out",
    });
    properties["role"] = json!(fence.role().map(FenceRole::name));
    properties["buffer_m"] = json!(fence.buffer_mm() / 1_000);
    properties["schedule"] = fence.schedule().write();
    properties["in_force"] = json!(fence.is_in_force(now));
    properties["version"] = json!(fence.version());
    json!({ "type": "Feature", "properties": properties, "geometry": geometry(fence.shape()) })
}

/// Polygons in degrees, longitude first, WGS-84.
pub fn geometry(shape: &Shape) -> Json {
    let degrees = |units: i32| f64::from(units) / 1e7;
    let ring = |ring: &Vec<Coord>| {
        let points = ring.iter().chain(ring.first());
        json!(
            points
                .map(|at| [degrees(at.lon()), degrees(at.lat())])
                .collect::<Vec<_>>()
        )
    };
    let part = |rings: &Vec<Vec<Coord>>| -> Json { rings.iter().map(ring).collect() };
    let polygons: Vec<Json> = shape.parts().iter().map(part).collect();
    json!({ "type": "MultiPolygon", "coordinates": polygons })
}
