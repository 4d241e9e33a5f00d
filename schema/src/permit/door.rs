//! Permits from JSON (R22). Anything wrong refuses the whole file.

use serde_json::{Map, Value};

use super::Permit;
use crate::datum::{Datum, ReadPlaceError};
use crate::fence::{ReadShapeError, read_shape};
use crate::fix::{DAY_MS, ReadInstantError, SHANGHAI_AHEAD_MS, read_day, read_instant};

/// Why a file of permits is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadPermitsError {
    /// Not JSON.
    #[error("permits are JSON: {0}")]
    Json(String),
    /// Not a list of objects.
    #[error("permits are an array of objects")]
    Form,
    /// Wrong in one of them.
    #[error("permit {number}: {cause}")]
    Permit {
        /// Place in the array, from 1.
        number: usize,
        /// The rule it breaks.
        cause: ReadPermitError,
    },
}

/// Why one permit is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadPermitError {
    /// A field is missing or of another type.
    #[error("{0} is {1}")]
    Field(&'static str, &'static str),
    /// No instant.
    #[error("{0}: {1}")]
    Instant(&'static str, ReadInstantError),
    /// Ends before it begins.
    #[error("a permit does not end before it begins")]
    Span,
    /// An area without its tag, or with two.
    #[error("a polygon has one datum beside it: wgs84, cgcs2000, gcj02 or bd09")]
    DatumMissing,
    /// An unknown tag.
    #[error(transparent)]
    Datum(#[from] ReadPlaceError),
    /// No honest area.
    #[error(transparent)]
    Shape(#[from] ReadShapeError),
}

/// Reads a JSON array of permits.
pub fn read_permits(text: &[u8]) -> Result<Vec<Permit>, ReadPermitsError> {
    let value: Value =
        serde_json::from_slice(text).map_err(|error| ReadPermitsError::Json(error.to_string()))?;
    let list = value.as_array().ok_or(ReadPermitsError::Form)?;
    let numbered = list.iter().zip(1..);
    numbered
        .map(|(value, number)| {
            let object = value.as_object().ok_or(ReadPermitsError::Form)?;
            read_permit(object).map_err(|cause| ReadPermitsError::Permit { number, cause })
        })
        .collect()
}

fn read_permit(object: &Map<String, Value>) -> Result<Permit, ReadPermitError> {
    let person = object
        .get("person")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    let person = person
        .ok_or(ReadPermitError::Field("person", "the person's code"))?
        .to_owned();
    let from = read_bound(object, "from", 0)?;
    let to = read_bound(object, "to", DAY_MS - 1)?;
    if to < from {
        return Err(ReadPermitError::Span);
    }
    let fence = match object.get("fence") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return Err(ReadPermitError::Field("fence", "the id of a fence")),
    };
    let signed = read_optional(object, "signed")?;
    let revoked = read_optional(object, "revoked")?;
    let area = match object.get("polygon") {
        None => {
            return Err(ReadPermitError::Field(
                "polygon",
                "a polygon, or null for anywhere",
            ));
        }
        Some(Value::Null) => None,
        Some(polygon) => Some(read_shape(polygon, read_datum(object, polygon)?)?),
    };
    Ok(Permit {
        person,
        from,
        to,
        area,
        fence,
        signed,
        revoked,
    })
}

/// An instant, or the civil day in Shanghai plus `into_day` ms.
fn read_bound(
    object: &Map<String, Value>,
    name: &'static str,
    into_day: i64,
) -> Result<i64, ReadPermitError> {
    let text = object.get(name).and_then(Value::as_str);
    let text = text.ok_or(ReadPermitError::Field(name, "a time or a day"))?;
    if let Some(day) = read_day(text) {
        return Ok(day * DAY_MS - SHANGHAI_AHEAD_MS + into_day);
    }
    read_instant(text).map_err(|error| ReadPermitError::Instant(name, error))
}

fn read_optional(
    object: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<i64>, ReadPermitError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let instant = read_instant(text);
            instant
                .map(Some)
                .map_err(|error| ReadPermitError::Instant(name, error))
        }
        Some(_) => Err(ReadPermitError::Field(name, "a time")),
    }
}

/// The tag beside the polygon: in the permit or in the polygon's own object.
fn read_datum(object: &Map<String, Value>, polygon: &Value) -> Result<Datum, ReadPermitError> {
    let tags = [object.get("datum"), polygon.get("datum")];
    let mut datums = tags.into_iter().flatten().map(|tag| {
        let name = tag.as_str().ok_or(ReadPermitError::DatumMissing)?;
        Ok::<_, ReadPermitError>(Datum::parse(name)?)
    });
    let first = datums.next().ok_or(ReadPermitError::DatumMissing)??;
    match datums.next().transpose()? {
        Some(second) if second != first => Err(ReadPermitError::DatumMissing),
        _ => Ok(first),
    }
}
