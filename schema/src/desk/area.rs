//! Counties that share a border, dissolved into one area: a fence may not have two parts with a
//! common edge.

use geo::{Area, BooleanOps, Coord, LineString, MultiPolygon, Polygon};
use serde_json::{Value as Json, json};

/// One GeoJSON `MultiPolygon` over polygons that may touch or overlap. Floats end at this door: the
/// shape that is made of it is checked and judged in whole numbers.
pub fn union_of(geometries: &[Json]) -> Result<Json, &'static str> {
    if let [one] = geometries {
        return Ok(one.clone());
    }
    let mut whole = MultiPolygon::<f64>(Vec::new());
    for geometry in geometries {
        let part = read(geometry).ok_or("a county is a polygon or several")?;
        whole = whole.union(&part);
    }
    let solid = whole
        .iter()
        .filter(|polygon| !is_sliver(polygon.exterior()));
    let polygons: Vec<Json> = solid.map(write).collect();
    Ok(json!({ "type": "MultiPolygon", "coordinates": polygons }))
}

fn read(geometry: &Json) -> Option<MultiPolygon<f64>> {
    let coordinates = geometry.get("coordinates")?;
    let polygons = match geometry.get("type")?.as_str()? {
        "Polygon" => vec![read_polygon(coordinates)?],
        "MultiPolygon" => coordinates
            .as_array()?
            .iter()
            .map(read_polygon)
            .collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    Some(MultiPolygon(polygons))
}

fn read_polygon(rings: &Json) -> Option<Polygon<f64>> {
    let rings = rings
        .as_array()?
        .iter()
        .map(read_ring)
        .collect::<Option<Vec<_>>>()?;
    let (outer, holes) = rings.split_first()?;
    Some(Polygon::new(outer.clone(), holes.to_vec()))
}

fn read_ring(ring: &Json) -> Option<LineString<f64>> {
    let point = |at: &Json| {
        Some(Coord {
            x: at.get(0)?.as_f64()?,
            y: at.get(1)?.as_f64()?,
        })
    };
    ring.as_array()?
        .iter()
        .map(point)
        .collect::<Option<Vec<_>>>()
        .map(LineString)
}

/// Units of the map in a degree.
const UNITS_PER_DEGREE: f64 = 1e7;

/// Where two borders that should be one differ by less than the map shows, the union leaves
/// slivers. Less than a tenth of a hectare is no part of a county.
const SLIVER_SQUARE_DEGREES: f64 = 1e-7;

fn is_sliver(ring: &LineString<f64>) -> bool {
    Polygon::new(ring.clone(), Vec::new()).unsigned_area() < SLIVER_SQUARE_DEGREES
}

fn write(polygon: &Polygon<f64>) -> Json {
    let ring = |ring: &LineString<f64>| -> Json {
        let degrees = |units: i64| units as f64 / UNITS_PER_DEGREE;
        let ring = without_needles(ring).into_iter();
        ring.map(|(x, y)| json!([degrees(x), degrees(y)])).collect()
    };
    let holes = polygon.interiors().iter().filter(|hole| !is_sliver(hole));
    std::iter::once(polygon.exterior())
        .chain(holes)
        .map(ring)
        .collect()
}

/// A closed ring in the units of the map. Where three parts meet, the union leaves needles whose
/// sides fall on one another there; they go.
fn without_needles(ring: &LineString<f64>) -> Vec<(i64, i64)> {
    let units = |degrees: f64| (degrees * UNITS_PER_DEGREE).round() as i64;
    let mut open: Vec<(i64, i64)> = ring.0.iter().map(|at| (units(at.x), units(at.y))).collect();
    open.pop();
    let turns_back = |open: &[(i64, i64)], at: usize| {
        let ((ax, ay), (bx, by), (cx, cy)) = (
            open[(at + open.len() - 1) % open.len()],
            open[at],
            open[(at + 1) % open.len()],
        );
        let (ux, uy, vx, vy) = (ax - bx, ay - by, cx - bx, cy - by);
        let wide = |a: i64, b: i64| i128::from(a) * i128::from(b);
        wide(ux, vy) == wide(uy, vx) && wide(ux, vx) + wide(uy, vy) >= 0
    };
    while open.len() > 2
        && let Some(at) = (0..open.len()).find(|at| turns_back(&open, *at))
    {
        open.remove(at);
    }
    open.extend(open.first().copied());
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::Datum;
    use crate::fence::read_shape;

    fn square(x: i32, y: i32) -> Json {
        let ring = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]];
        json!({ "type": "Polygon", "coordinates": [ring] })
    }

    #[test]
    fn two_counties_with_a_common_border_become_one_area() {
        let both = union_of(&[square(110, 27), square(111, 27)]).unwrap();
        let shape = read_shape(&both, Datum::Wgs84).unwrap();
        assert_eq!(shape.parts().len(), 1);
    }
}
