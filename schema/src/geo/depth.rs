//! How deep a place inside a shape can be: a home whose clearing depth nobody can reach is refused
//! at the door.

use std::collections::BinaryHeap;

use super::distance::QUARTERS_PER_MM;
use super::{Coord, Scale, Shape, UNITS_PER_DEGREE};

/// Depth is sought to one part in this many, or [`TOLERANCE_MM_MIN`], whichever is more.
const TOLERANCE_PARTS: i64 = 1000;
const TOLERANCE_MM_MIN: i64 = 10;
/// Most squares looked at; a longer search gives the deepest place found so far.
const SQUARES_MAX: u32 = 200_000;
/// Most squares along one axis to begin with.
const FIRST_SQUARES_MAX: i64 = 1024;

/// A square of the search: what it may reach, its centre and its half side in 1e-7 degree.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Square {
    reach_mm: i64,
    lat: i64,
    lon: i64,
    half: i64,
}

/// Depth below the edge of the deepest place found, mm; the search ends as soon as one deeper than
/// `enough_mm` is.
///
/// `enough_mm` is at most a quarter of [`super::DISTANCE_LIMIT_MM_MAX`]. The result is reached by a
/// true place.
pub fn depth_mm(shape: &Shape, enough_mm: i64) -> i64 {
    let mut best = 0;
    let mut open = first_squares(shape, enough_mm, &mut best);
    for _ in 0..SQUARES_MAX {
        let Some(square) = open.pop() else { break };
        let tolerance = (best / TOLERANCE_PARTS).max(TOLERANCE_MM_MIN);
        if best > enough_mm || square.reach_mm <= best + tolerance {
            break;
        }
        let half = square.half / 2;
        if half == 0 {
            continue;
        }
        for (lat, lon) in [(-half, -half), (-half, half), (half, -half), (half, half)] {
            let (lat, lon) = (square.lat + lat, square.lon + lon);
            open.extend(measure(shape, lat, lon, half + 1, enough_mm, &mut best));
        }
    }
    best
}

fn first_squares(shape: &Shape, enough_mm: i64, best: &mut i64) -> BinaryHeap<Square> {
    let bounds = shape.bounds();
    let tall = i64::from(bounds.lat_max) - i64::from(bounds.lat_min);
    let wide = i64::from(bounds.lon_max) - i64::from(bounds.lon_min);
    let side = tall
        .min(wide)
        .max(tall.max(wide) / FIRST_SQUARES_MAX)
        .max(2);
    let half = side / 2 + 1;
    let mut open = BinaryHeap::new();
    for row in 0..=tall / side {
        for col in 0..=wide / side {
            let lat = i64::from(bounds.lat_min) + row * side + side / 2;
            let lon = i64::from(bounds.lon_min) + col * side + side / 2;
            open.extend(measure(shape, lat, lon, half, enough_mm, best));
        }
    }
    open
}

/// Measures the centre of a square; `None` if nothing in it can be inside.
fn measure(
    shape: &Shape,
    lat: i64,
    lon: i64,
    half: i64,
    enough_mm: i64,
    best: &mut i64,
) -> Option<Square> {
    let at = Coord::from_wide(lat, lon).ok()?;
    let scale = Scale::at(at);
    let side_mm = half * scale.lat_mm.max(scale.lon_mm) / i64::from(UNITS_PER_DEGREE) + 1;
    // The diagonal of the square, never too small.
    let spare_mm = side_mm * 3 / 2;
    let limit = QUARTERS_PER_MM * (enough_mm + 2);
    let outside = (QUARTERS_PER_MM * spare_mm).min(super::DISTANCE_LIMIT_MM_MAX * QUARTERS_PER_MM);
    let depth = -shape.distance(at, limit, outside).whole_mm();
    *best = depth.max(*best);
    let reach_mm = depth + spare_mm + 1;
    (depth > 0 || -depth < spare_mm).then_some(Square {
        reach_mm,
        lat,
        lon,
        half,
    })
}
