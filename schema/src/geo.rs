//! Places on the earth in whole numbers: every verdict of the watch is arithmetic on these.
//!
//! A [`Coord`] counts 1e-7 degree (about 11 mm) on WGS-84, a [`Shape`] is polygons of such
//! coordinates with
//! an index that answers most questions from one table cell. Floats occur only where data enters
//! ([`crate::datum`], `depth`, the GeoJSON doors), never in a verdict.

mod decimal;
mod depth;
mod distance;
mod grid;
pub(crate) mod polygon;
mod scale;
mod shape;
mod simple;

use minicbor::{Decode, Decoder, Encode, Encoder, data::Type, decode, encode};

pub use decimal::{ReadNumberError, decimal_to_integer, float_to_integer};
pub use depth::depth_mm;
pub use distance::{DISTANCE_LIMIT_MM_MAX, Distance, farther_than};
pub(crate) use distance::{QUARTERS_PER_MM, to_units};
pub use scale::{BAND_HEIGHT_E7, Scale};
pub use shape::{CheckShapeError, RING_POINTS_MIN, SHAPE_POINTS_MAX, Shape, Side};

/// Units of a [`Coord`] in a degree.
pub const UNITS_PER_DEGREE: i32 = 10_000_000;
/// Largest latitude, 1e-7 degree.
pub const LAT_E7_MAX: i32 = 90 * UNITS_PER_DEGREE;
/// Largest longitude, 1e-7 degree.
pub const LON_E7_MAX: i32 = 180 * UNITS_PER_DEGREE;

/// A place on WGS-84 (CGCS2000 is the same here), 1e-7 degree, latitude within ±90°, longitude
/// within ±180°.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coord {
    lat: i32,
    lon: i32,
}

/// Why two numbers are no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MakeCoordError {
    /// Latitude out of range.
    #[error("latitude lies within 90 degrees of the equator: {0} (1e-7 degree)")]
    Latitude(i64),
    /// Longitude out of range.
    #[error("longitude lies within 180 degrees of Greenwich: {0} (1e-7 degree)")]
    Longitude(i64),
}

impl Coord {
    /// A place from latitude and longitude in 1e-7 degree.
    pub fn new(lat: i32, lon: i32) -> Result<Self, MakeCoordError> {
        Self::from_wide(i64::from(lat), i64::from(lon))
    }

    /// The same from wide integers, as decimal texts give them.
    pub fn from_wide(lat: i64, lon: i64) -> Result<Self, MakeCoordError> {
        let in_range = |value: i64, limit: i32| {
            i32::try_from(value)
                .ok()
                .filter(|value| (-limit..=limit).contains(value))
        };
        Ok(Self {
            lat: in_range(lat, LAT_E7_MAX).ok_or(MakeCoordError::Latitude(lat))?,
            lon: in_range(lon, LON_E7_MAX).ok_or(MakeCoordError::Longitude(lon))?,
        })
    }

    /// Latitude, 1e-7 degree.
    #[inline]
    pub const fn lat(self) -> i32 {
        self.lat
    }

    /// Longitude, 1e-7 degree.
    #[inline]
    pub const fn lon(self) -> i32 {
        self.lon
    }
}

impl<C> Encode<C> for Coord {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.array(2)?.i32(self.lat)?.i32(self.lon)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Coord {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        if d.array()? != Some(2) {
            return Err(
                decode::Error::type_mismatch(Type::Array).with_message("a place is two integers")
            );
        }
        Self::new(d.i32()?, d.i32()?).map_err(decode::Error::custom)
    }
}
