//! A person's way over the county line, as a device reports it: some minutes inside, some minutes
//! outside, thirty seconds apart, ending now.

use crate::client::{Client, ClientError};
use jiaolian_node::view::County;
use serde_json::Value as Json;

/// Time between two reports, ms.
pub const STEP_MS: i64 = 30_000;
/// Reports of one way.
pub const STEPS: usize = 10;
/// Metres between two reports: a bus on a mountain road.
const STEP_M: f64 = 500.0;
/// Reports before the line.
const INSIDE: usize = 2;
const METRES_PER_DEGREE: f64 = 111_320.0;

/// A place on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Degrees north, WGS-84.
    pub lat: f64,
    /// Degrees east, WGS-84.
    pub lon: f64,
}

/// A way out of a county by its easternmost corner; none for an unknown county.
pub fn way_out(adcode: &str) -> Option<Vec<Place>> {
    let county = County::demo()
        .into_iter()
        .find(|county| county.adcode == adcode)?;
    let ring = outer_ring(&county.geometry)?;
    let count = ring.len() as f64;
    let middle = Place {
        lat: ring.iter().map(|at| at.lat).sum::<f64>() / count,
        lon: ring.iter().map(|at| at.lon).sum::<f64>() / count,
    };
    let corner = *ring.iter().max_by(|a, b| a.lon.total_cmp(&b.lon))?;
    let step = |n: usize| {
        let metres = (n as f64 - INSIDE as f64 + 0.5) * STEP_M;
        corner.towards(middle, -metres)
    };
    Some((0..STEPS).map(step).collect())
}

/// The same way back home.
pub fn way_back(adcode: &str) -> Option<Vec<Place>> {
    let mut way = way_out(adcode)?;
    way.reverse();
    Some(way)
}

/// The report of a device in the form of OsmAnd, as a path with a query.
pub fn report(device: &str, at: Place, time_ms: i64) -> String {
    format!(
        "/?id={device}&timestamp={time_ms}&lat={:.6}&lon={:.6}&accuracy=8&sat=9",
        at.lat, at.lon
    )
}

/// Sends one report and wants it taken.
pub async fn send(
    gateway: &Client,
    device: &str,
    at: Place,
    time_ms: i64,
) -> Result<Json, ClientError> {
    let path = report(device, at, time_ms);
    let answer = gateway.send("GET", &path, None).await?;
    Ok(answer.wanted(&path, 200)?.json)
}

/// When each report of a way is made, ms UTC, the last one now.
pub fn times(now_ms: i64, steps: usize) -> Vec<i64> {
    let back = |n: usize| now_ms - (steps - 1 - n) as i64 * STEP_MS;
    (0..steps).map(back).collect()
}

impl Place {
    /// A place so many metres from here towards another; negative: away from it.
    fn towards(self, other: Self, metres: f64) -> Self {
        let shrink = self.lat.to_radians().cos();
        let (north, east) = (
            (other.lat - self.lat) * METRES_PER_DEGREE,
            (other.lon - self.lon) * METRES_PER_DEGREE * shrink,
        );
        let length = north.hypot(east).max(1.0);
        Self {
            lat: self.lat + north / length * metres / METRES_PER_DEGREE,
            lon: self.lon + east / length * metres / METRES_PER_DEGREE / shrink,
        }
    }
}

fn outer_ring(geometry: &Json) -> Option<Vec<Place>> {
    let rings = match geometry["type"].as_str()? {
        "Polygon" => &geometry["coordinates"],
        _ => geometry["coordinates"].get(0)?,
    };
    let point = |pair: &Json| {
        Some(Place {
            lon: pair.get(0)?.as_f64()?,
            lat: pair.get(1)?.as_f64()?,
        })
    };
    rings.get(0)?.as_array()?.iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_begins_in_the_county_and_ends_outside() {
        let way = way_out("431381").unwrap();
        let county = County::demo()
            .into_iter()
            .find(|county| county.adcode == "431381")
            .unwrap();
        let ring = outer_ring(&county.geometry).unwrap();
        let inside: Vec<bool> = way.iter().map(|at| contains(&ring, *at)).collect();
        assert_eq!(inside.iter().filter(|inside| **inside).count(), INSIDE);
        assert!(inside[..INSIDE].iter().all(|inside| *inside));
    }

    fn contains(ring: &[Place], at: Place) -> bool {
        let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
        let crossed = pairs.filter(|(a, b)| {
            (a.lat > at.lat) != (b.lat > at.lat)
                && at.lon < (b.lon - a.lon) * (at.lat - a.lat) / (b.lat - a.lat) + a.lon
        });
        crossed.count() % 2 == 1
    }
}
