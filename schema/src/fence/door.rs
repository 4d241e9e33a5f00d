//! Fences from GeoJSON (R5, R20, R21): read once, refused whole if anything is wrong.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{CheckFenceError, Fence, FenceKind};
use crate::datum::{Datum, ReadPlaceError};
use crate::geo::{CheckShapeError, Coord, ReadNumberError, Shape, float_to_integer};
use crate::schedule::{ReadScheduleError, Schedule};

/// Why a file of fences is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFencesError {
    /// Not JSON.
    #[error("fences are GeoJSON: {0}")]
    Json(String),
    /// Not a collection.
    #[error("fences are a GeoJSON FeatureCollection")]
    Form,
    /// Wrong in one of them.
    #[error("fence {number}: {cause}")]
    Fence {
        /// Its id, or its place in the file from 1.
        number: String,
        /// The rule it breaks.
        cause: Box<ReadFenceError>,
    },
}

/// Why one fence is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFenceError {
    /// Not a feature with properties.
    #[error("a fence is a Feature with properties and a geometry")]
    Form,
    /// A property is missing or of another type.
    #[error("the property {0} is {1}")]
    Property(&'static str, &'static str),
    /// Two fences of one name.
    #[error("an id names one fence only")]
    IdTwice,
    /// An unknown tag.
    #[error(transparent)]
    Datum(#[from] ReadPlaceError),
    /// Nothing or everything.
    #[error(transparent)]
    Schedule(#[from] ReadScheduleError),
    /// No number.
    #[error("buffer_m: {0}")]
    Buffer(#[from] ReadNumberError),
    /// No polygon.
    #[error(transparent)]
    Shape(#[from] ReadShapeError),
    /// A rule of fences is broken.
    #[error(transparent)]
    Fence(#[from] CheckFenceError),
}

/// Why a geometry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadShapeError {
    /// Another kind of geometry, or not nested as it should be.
    #[error("a geometry is a Polygon or MultiPolygon of lists of positions of numbers")]
    Form,
    /// The first and last position differ.
    #[error("a ring ends where it began")]
    Open,
    /// A position is none.
    #[error(transparent)]
    Place(#[from] ReadPlaceError),
    /// The rings make no area.
    #[error(transparent)]
    Shape(#[from] CheckShapeError),
}

/// Reads a `FeatureCollection` of fences, each checked but for [`Fence::check_clearable`], in the
/// file's order.
pub fn read_fences(text: &[u8]) -> Result<Vec<Fence>, ReadFencesError> {
    let value: Value =
        serde_json::from_slice(text).map_err(|error| ReadFencesError::Json(error.to_string()))?;
    let is_collection = value.get("type").and_then(Value::as_str) == Some("FeatureCollection");
    let features = value
        .get("features")
        .and_then(Value::as_array)
        .filter(|_| is_collection);
    let features = features.ok_or(ReadFencesError::Form)?;
    let mut ids = BTreeSet::new();
    let numbered = features.iter().zip(1..);
    numbered
        .map(|(feature, number)| {
            let fence = read_fence(feature).and_then(|fence| {
                let is_new = ids.insert(fence.id().to_owned());
                if is_new {
                    Ok(fence)
                } else {
                    Err(ReadFenceError::IdTwice)
                }
            });
            fence.map_err(|cause| ReadFencesError::Fence {
                number: name(feature, number),
                cause: Box::new(cause),
            })
        })
        .collect()
}

/// Reads a GeoJSON `Polygon` or `MultiPolygon` of a datum and checks it.
pub fn read_shape(geometry: &Value, datum: Datum) -> Result<Shape, ReadShapeError> {
    let coordinates = geometry.get("coordinates").ok_or(ReadShapeError::Form)?;
    let parts = match geometry.get("type").and_then(Value::as_str) {
        Some("Polygon") => vec![read_part(coordinates, datum)?],
        Some("MultiPolygon") => {
            let parts = coordinates.as_array().ok_or(ReadShapeError::Form)?;
            parts
                .iter()
                .map(|part| read_part(part, datum))
                .collect::<Result<_, _>>()?
        }
        _ => return Err(ReadShapeError::Form),
    };
    let shape = Shape::new(parts)?;
    shape.check()?;
    Ok(shape)
}

fn read_fence(feature: &Value) -> Result<Fence, ReadFenceError> {
    let is_feature = feature.get("type").and_then(Value::as_str) == Some("Feature");
    let properties = feature.get("properties").and_then(Value::as_object);
    let properties = properties
        .filter(|_| is_feature)
        .ok_or(ReadFenceError::Form)?;
    let geometry = feature.get("geometry").ok_or(ReadFenceError::Form)?;
    let id = read_text(properties, "id", "the fence's name, a text")?;
    let kind = match read_text(properties, "kind", "keep_in or keep_out")? {
        "keep_in" => FenceKind::KeepIn,
        "keep_out" => FenceKind::KeepOut,
        _ => return Err(ReadFenceError::Property("kind", "keep_in or keep_out")),
    };
    let datum = read_text(
        properties,
        "datum",
        "required: wgs84, cgcs2000, gcj02 or bd09",
    )?;
    let shape = read_shape(geometry, Datum::parse(datum)?)?;
    let buffer_mm = read_buffer_mm(properties, kind)?;
    let schedule = Schedule::read(properties.get("schedule").unwrap_or(&Value::Null))?;
    Ok(Fence::new(id, kind, shape, buffer_mm)?.with_schedule(schedule))
}

fn read_text<'a>(
    properties: &'a Map<String, Value>,
    name: &'static str,
    form: &'static str,
) -> Result<&'a str, ReadFenceError> {
    properties
        .get(name)
        .and_then(Value::as_str)
        .ok_or(ReadFenceError::Property(name, form))
}

fn read_buffer_mm(properties: &Map<String, Value>, kind: FenceKind) -> Result<u32, ReadFenceError> {
    let number = match properties.get("buffer_m") {
        None | Some(Value::Null) => return Ok(kind.buffer_default_mm()),
        Some(value) => value.as_f64(),
    };
    let number = number.ok_or(ReadFenceError::Property("buffer_m", "a number of metres"))?;
    let mm = float_to_integer(number, 3)?;
    let is_negative = number < 0.0;
    let mm = if is_negative { mm.min(-1) } else { mm };
    Ok(u32::try_from(mm).map_err(|_| CheckFenceError::Buffer(mm))?)
}

fn read_part(rings: &Value, datum: Datum) -> Result<Vec<Vec<Coord>>, ReadShapeError> {
    let rings = rings.as_array().ok_or(ReadShapeError::Form)?;
    rings.iter().map(|ring| read_ring(ring, datum)).collect()
}

/// A ring without its closing repetition and without points that rounding made equal.
fn read_ring(ring: &Value, datum: Datum) -> Result<Vec<Coord>, ReadShapeError> {
    let positions = ring.as_array().ok_or(ReadShapeError::Form)?;
    let places = positions
        .iter()
        .map(|position| read_position(position, datum));
    let mut places = places.collect::<Result<Vec<_>, _>>()?;
    if places.len() < 2 || places.first() != places.last() {
        return Err(ReadShapeError::Open);
    }
    places.pop();
    places.dedup();
    while places.len() > 1 && places.first() == places.last() {
        places.pop();
    }
    Ok(places)
}

fn read_position(position: &Value, datum: Datum) -> Result<Coord, ReadShapeError> {
    let numbers: Option<Vec<f64>> = position
        .as_array()
        .and_then(|numbers| numbers.iter().map(Value::as_f64).collect());
    match numbers.as_deref() {
        Some([lon, lat, ..]) => Ok(datum.place(*lon, *lat)?),
        _ => Err(ReadShapeError::Form),
    }
}

fn name(feature: &Value, number: usize) -> String {
    let id = feature
        .get("properties")
        .and_then(|properties| properties.get("id"));
    id.and_then(Value::as_str)
        .map_or_else(|| format!("number {number}"), |id| format!("{id:?}"))
}
