//! Datums at the door: Chinese web maps draw a shifted picture, and a fence saved from one without
//! its tag
//! would be some 650 m off.
//!
//! GCJ-02 and BD-09 have no published definition; these are the formulas in public use, which agree
//! with the
//! maps to a metre. Inversion is by iteration, to far less than the 0.5 m of the domain's rule.

use serde::{Deserialize, Serialize};

use crate::geo::{Coord, MakeCoordError, ReadNumberError, decimal_to_integer, float_to_integer};

/// What a pair of degrees refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datum {
    /// GPS.
    Wgs84,
    /// The national datum, within centimetres to decimetres of WGS-84 and treated as equal.
    Cgcs2000,
    /// The shifted datum of Amap, Tencent and printed web maps.
    Gcj02,
    /// Baidu's further shift.
    Bd09,
}

/// Why a place could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadPlaceError {
    /// A number is none.
    #[error(transparent)]
    Number(#[from] ReadNumberError),
    /// A number is out of range.
    #[error(transparent)]
    Range(#[from] MakeCoordError),
    /// The name of no datum.
    #[error("the datum is wgs84, cgcs2000, gcj02 or bd09: {0:?}")]
    Datum(String),
}

/// Semi-major axis of the Krasovsky ellipsoid on which GCJ-02 is computed, m.
const AXIS_M: f64 = 6_378_245.0;
/// Its first eccentricity, squared.
const ECCENTRICITY_2: f64 = 0.006_693_421_622_965_943;
/// Rounds of the inversion; each gains three digits, ten leave nothing of a metre.
const ROUNDS: usize = 12;
/// What BD-09 adds to GCJ-02, degrees.
const BAIDU_LON_DEG: f64 = 0.0065;
const BAIDU_LAT_DEG: f64 = 0.006;

/// Longitude and latitude, degrees.
type Point = (f64, f64);

impl Datum {
    /// The datum of a name.
    pub fn parse(name: &str) -> Result<Self, ReadPlaceError> {
        match name {
            "wgs84" => Ok(Self::Wgs84),
            "cgcs2000" => Ok(Self::Cgcs2000),
            "gcj02" => Ok(Self::Gcj02),
            "bd09" => Ok(Self::Bd09),
            _ => Err(ReadPlaceError::Datum(name.chars().take(40).collect())),
        }
    }

    /// Whether degrees of this datum are used as they are.
    pub const fn is_wgs84(self) -> bool {
        matches!(self, Self::Wgs84 | Self::Cgcs2000)
    }

    /// Longitude and latitude in degrees, carried to another datum.
    pub fn convert(self, to: Self, place: (f64, f64)) -> (f64, f64) {
        match (self, to) {
            (from, to) if from == to || (from.is_wgs84() && to.is_wgs84()) => place,
            (Self::Gcj02, Self::Bd09) => gcj_to_bd(place),
            (Self::Bd09, Self::Gcj02) => bd_to_gcj(place),
            (Self::Gcj02, _) => gcj_to_wgs(place),
            (Self::Bd09, _) => gcj_to_wgs(bd_to_gcj(place)),
            (_, Self::Bd09) => gcj_to_bd(wgs_to_gcj(place)),
            (_, _) => wgs_to_gcj(place),
        }
    }

    /// A place from degrees as JSON gives them, rounded to 1e-7 degree after conversion.
    pub fn place(self, lon: f64, lat: f64) -> Result<Coord, ReadPlaceError> {
        let read = |lon: f64, lat: f64| -> Result<Coord, ReadPlaceError> {
            Ok(Coord::from_wide(
                float_to_integer(lat, 7)?,
                float_to_integer(lon, 7)?,
            )?)
        };
        let given = read(lon, lat)?;
        if self.is_wgs84() {
            return Ok(given);
        }
        let (lon, lat) = self.convert(Self::Wgs84, (lon, lat));
        read(lon, lat)
    }

    /// A place from decimal texts in this datum, carried to another and rounded to 1e-7 degree.
    pub fn place_from_text(self, to: Self, lon: &str, lat: &str) -> Result<Coord, ReadPlaceError> {
        let given = Coord::from_wide(decimal_to_integer(lat, 7)?, decimal_to_integer(lon, 7)?)?;
        if self == to || (self.is_wgs84() && to.is_wgs84()) {
            return Ok(given);
        }
        let float = |text: &str| {
            text.parse::<f64>()
                .map_err(|_| ReadNumberError::Form(text.chars().take(40).collect()))
        };
        let (lon, lat) = self.convert(to, (float(lon)?, float(lat)?));
        Ok(Coord::from_wide(
            float_to_integer(lat, 7)?,
            float_to_integer(lon, 7)?,
        )?)
    }
}

/// Where no shift is applied. The box is the one in public use; it is wider than the country.
fn is_outside_china((lon, lat): Point) -> bool {
    !(72.004..=137.8347).contains(&lon) || !(0.8293..=55.8271).contains(&lat)
}

fn wgs_to_gcj(place: Point) -> Point {
    if is_outside_china(place) {
        place
    } else {
        shifted(place)
    }
}

fn gcj_to_wgs(place: Point) -> Point {
    let found = invert(shifted, place);
    if is_outside_china(found) {
        place
    } else {
        found
    }
}

fn shifted((lon, lat): Point) -> Point {
    let (x, y) = (lon - 105.0, lat - 35.0);
    let phi = lat.to_radians();
    let w2 = 1.0 - ECCENTRICITY_2 * phi.sin() * phi.sin();
    let w = w2.sqrt();
    let north = (AXIS_M * (1.0 - ECCENTRICITY_2) / (w2 * w)).to_radians();
    let east = (AXIS_M / w * phi.cos()).to_radians();
    (
        lon + shift_east_m(x, y) / east,
        lat + shift_north_m(x, y) / north,
    )
}

/// The term both shifts share, in units of two thirds of a metre.
fn ripple(x: f64) -> f64 {
    let pi = std::f64::consts::PI;
    20.0 * (6.0 * x * pi).sin() + 20.0 * (2.0 * x * pi).sin()
}

fn shift_north_m(x: f64, y: f64) -> f64 {
    let pi = std::f64::consts::PI;
    let plane = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt();
    let waves = ripple(x)
        + (20.0 * (y * pi).sin() + 40.0 * (y / 3.0 * pi).sin())
        + (160.0 * (y / 12.0 * pi).sin() + 320.0 * (y * pi / 30.0).sin());
    plane + waves * 2.0 / 3.0
}

fn shift_east_m(x: f64, y: f64) -> f64 {
    let pi = std::f64::consts::PI;
    let plane = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt();
    let waves = ripple(x)
        + (20.0 * (x * pi).sin() + 40.0 * (x / 3.0 * pi).sin())
        + (150.0 * (x / 12.0 * pi).sin() + 300.0 * (x / 30.0 * pi).sin());
    plane + waves * 2.0 / 3.0
}

fn gcj_to_bd((lon, lat): Point) -> Point {
    let turn = std::f64::consts::PI * 3000.0 / 180.0;
    let radius = lon.hypot(lat) + 0.000_02 * (lat * turn).sin();
    let angle = lat.atan2(lon) + 0.000_003 * (lon * turn).cos();
    (
        radius * angle.cos() + BAIDU_LON_DEG,
        radius * angle.sin() + BAIDU_LAT_DEG,
    )
}

fn bd_to_gcj(place: Point) -> Point {
    invert(gcj_to_bd, place)
}

/// The place that `forward` carries to `target`; the shifts vary slowly, so stepping by the miss
/// converges.
fn invert(forward: fn(Point) -> Point, target: Point) -> Point {
    let mut found = target;
    for _ in 0..ROUNDS {
        let (lon, lat) = forward(found);
        found = (found.0 + target.0 - lon, found.1 + target.1 - lat);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metres(a: Point, b: Point) -> f64 {
        let east = (a.0 - b.0) * 111_320.0 * a.1.to_radians().cos();
        east.hypot((a.1 - b.1) * 110_900.0)
    }

    #[test]
    fn hunan_is_shifted_as_the_public_algorithm_shifts_it() {
        for (wgs, gcj) in [
            ((111.435, 27.686), (111.440_659, 27.682_859)),
            ((113.643, 28.164), (113.648_464, 28.160_512)),
        ] {
            let found = Datum::Wgs84.convert(Datum::Gcj02, wgs);
            assert!(
                (found.0 - gcj.0).abs() < 1e-6 && (found.1 - gcj.1).abs() < 1e-6,
                "{found:?}"
            );
        }
    }

    #[test]
    fn round_trips_stay_within_a_centimetre() {
        for step in 0..400_u32 {
            let place = (
                73.5 + f64::from(step % 20) * 3.1,
                18.0 + f64::from(step / 20) * 1.8,
            );
            for via in [Datum::Gcj02, Datum::Bd09, Datum::Cgcs2000] {
                let back = via.convert(Datum::Wgs84, Datum::Wgs84.convert(via, place));
                assert!(metres(place, back) < 0.01, "{via:?} {place:?} {back:?}");
            }
        }
    }

    #[test]
    fn places_outside_china_are_not_shifted() {
        for place in [
            (2.35, 48.85),
            (-74.0, 40.7),
            (151.2, -33.9),
            (72.0, 30.0),
            (0.0, 0.0),
        ] {
            assert_eq!(Datum::Wgs84.convert(Datum::Gcj02, place), place);
            assert_eq!(Datum::Gcj02.convert(Datum::Wgs84, place), place);
        }
    }
}
