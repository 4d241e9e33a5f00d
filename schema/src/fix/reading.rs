//! A fix from the texts of a line: rules R1 to R3 of the watch.

use super::{Fix, Point, ReadInstantError, Source, read_instant};
use crate::geo::{Coord, MakeCoordError, ReadNumberError, decimal_to_integer};

/// First line of a file of fixes.
pub const FIX_COLUMNS: &str = "person,time,lat,lon,accuracy_m,source";
const FIX_COLUMNS_COUNT: usize = 6;

/// Why a line is no fix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFixError {
    /// Too few or too many fields.
    #[error("a line has {FIX_COLUMNS_COUNT} fields: {0}")]
    Fields(usize),
    /// Nobody's fix.
    #[error("a line names a person")]
    Person,
    /// No instant.
    #[error(transparent)]
    Time(#[from] ReadInstantError),
    /// No number.
    #[error(transparent)]
    Number(#[from] ReadNumberError),
    /// No place on earth.
    #[error(transparent)]
    Place(#[from] MakeCoordError),
    /// What devices without a position send.
    #[error("0,0 is no position")]
    Nowhere,
    /// Below zero.
    #[error("accuracy is not negative: {0:?}")]
    Accuracy(String),
    /// Not gnss, wifi or cell.
    #[error("the source is gnss, wifi or cell: {0:?}")]
    Source(String),
}

impl Fix {
    /// A fix from the fields of a line, in the order of [`FIX_COLUMNS`].
    pub fn from_fields<T: AsRef<str>>(fields: &[T]) -> Result<Self, ReadFixError> {
        let [person, time, lat, lon, accuracy, source] = fields else {
            return Err(ReadFixError::Fields(fields.len()));
        };
        if person.as_ref().is_empty() {
            return Err(ReadFixError::Person);
        }
        let time = read_instant(time.as_ref())?;
        let lat = decimal_to_integer(lat.as_ref(), 7)?;
        let at = Coord::from_wide(lat, decimal_to_integer(lon.as_ref(), 7)?)?;
        if (at.lat(), at.lon()) == (0, 0) {
            return Err(ReadFixError::Nowhere);
        }
        let accuracy_mm = read_accuracy_mm(accuracy.as_ref())?;
        let source = read_source(source.as_ref())?;
        let point = Point::new(time, at, accuracy_mm, source);
        Ok(Self {
            person: person.as_ref().to_owned(),
            point,
        })
    }
}

fn read_accuracy_mm(text: &str) -> Result<Option<u32>, ReadFixError> {
    if text.is_empty() {
        return Ok(None);
    }
    let error = || ReadFixError::Accuracy(text.chars().take(40).collect());
    // A negative text that rounds to 0 is still negative.
    let is_negative =
        text.starts_with('-') && text.contains(|digit: char| ('1'..='9').contains(&digit));
    let mm = match decimal_to_integer(text, 3) {
        Err(ReadNumberError::Size(_)) => i64::MAX,
        other => other?,
    };
    // Larger than the type is as little used as its largest.
    let mm = u32::try_from(mm).unwrap_or(u32::MAX);
    if is_negative {
        Err(error())
    } else {
        Ok(Some(mm))
    }
}

fn read_source(text: &str) -> Result<Source, ReadFixError> {
    match text {
        "" | "gnss" => Ok(Source::Gnss),
        "wifi" => Ok(Source::Wifi),
        "cell" => Ok(Source::Cell),
        _ => Err(ReadFixError::Source(text.chars().take(40).collect())),
    }
}
