//! Ground for the watch: the real counties that ship with the node, many small fences of their
//! outlines, and the ways that people walk over them; in whole numbers for the watch, in floats for
//! `geo`.

use super::MeasureError;
use super::dice::Dice;
use geo::{LineString, MultiPolygon, Polygon};
use jiaolian_node::view::County;
use jiaolian_schema::datum::Datum;
use jiaolian_schema::fence::{Fence, FenceKind, read_shape};
use jiaolian_schema::fix::{Coord, Fix, Point, Source};
use jiaolian_schema::geo::{Shape, UNITS_PER_DEGREE};

/// Units of latitude in a metre, near enough for making fences.
const UNITS_PER_METRE: f64 = 90.0;
/// Smallest and largest radius of a small fence, m.
const RADIUS_M: (f64, f64) = (50.0, 5_000.0);
/// Time between two fixes of a walk, ms.
const FIX_MS: i64 = 60_000;
/// Longest way between two fixes of a walk, units: some 700 m.
const PACE_UNITS: i32 = 63_000;
/// Accuracy of every fix, mm.
const ACCURACY_MM: u32 = 15_000;

type Rings = Vec<Vec<Coord>>;

/// Smallest box of latitude and longitude.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    lat: (i32, i32),
    lon: (i32, i32),
}

impl Span {
    pub(super) fn of<'a>(places: impl Iterator<Item = &'a Coord>) -> Self {
        let empty = Self {
            lat: (i32::MAX, i32::MIN),
            lon: (i32::MAX, i32::MIN),
        };
        places.fold(empty, |span, place| Self {
            lat: (span.lat.0.min(place.lat()), span.lat.1.max(place.lat())),
            lon: (span.lon.0.min(place.lon()), span.lon.1.max(place.lon())),
        })
    }

    pub(super) fn place(&self, dice: &mut Dice) -> Coord {
        let lat = dice.within(self.lat.0, self.lat.1);
        let lon = dice.within(self.lon.0, self.lon.1);
        Coord::new(lat, lon).expect("a place between two places")
    }
}

/// The real counties, the one with the most vertices first.
pub(super) fn counties() -> Result<Vec<Shape>, MeasureError> {
    let read = |county: County| {
        read_shape(&county.geometry, Datum::Wgs84)
            .map_err(|error| MeasureError::Wrong(format!("county {}: {error}", county.name)))
    };
    let mut shapes = County::demo()
        .into_iter()
        .map(read)
        .collect::<Result<Vec<_>, _>>()?;
    shapes.sort_by_key(|shape| std::cmp::Reverse(vertices(shape)));
    Ok(shapes)
}

pub(super) fn vertices(shape: &Shape) -> usize {
    shape.parts().iter().flatten().map(Vec::len).sum()
}

/// The box around some shapes.
pub(super) fn span_of<'a>(shapes: impl IntoIterator<Item = &'a Shape>) -> Span {
    Span::of(
        shapes
            .into_iter()
            .flat_map(|shape| shape.parts().iter().flatten().flatten()),
    )
}

/// A person's fences: to stay in the first county, and to stay out of the `count - 1` next.
pub(super) fn fences_of(counties: &[Shape], count: usize) -> Vec<Fence> {
    let kind = |at| {
        if at == 0 {
            FenceKind::KeepIn
        } else {
            FenceKind::KeepOut
        }
    };
    let some = counties.iter().take(count).enumerate();
    some.map(|(at, shape)| fence(at, kind(at), shape.clone()))
        .collect()
}

/// So many rings of so many vertices, each around the middle of a county and as large, whose edge goes in
/// and out at every vertex.
pub(super) fn jagged(
    counties: &[Shape],
    count: usize,
    vertices: usize,
) -> Result<Vec<Shape>, MeasureError> {
    let mut dice = Dice::new(17);
    let mut ring = |county: &Shape| {
        let Span { lat, lon } = span_of([county]);
        let middle = |(from, to): (i32, i32)| f64::midpoint(f64::from(from), f64::from(to));
        let half = |(from, to): (i32, i32)| (f64::from(to) - f64::from(from)) / 2.0;
        let vertex = |number: usize| {
            let angle = std::f64::consts::TAU * number as f64 / vertices as f64;
            let reach = 0.95 + 0.05 * dice.part();
            let at = (
                middle(lat) + half(lat) * reach * angle.sin(),
                middle(lon) + half(lon) * reach * angle.cos(),
            );
            Coord::new(at.0.round() as i32, at.1.round() as i32)
        };
        let ring: Result<Vec<Coord>, _> = (0..vertices).map(vertex).collect();
        let ring = ring.map_err(|error| MeasureError::Wrong(error.to_string()))?;
        Shape::new(vec![vec![ring]]).map_err(|error| MeasureError::Wrong(error.to_string()))
    };
    counties.iter().cycle().take(count).map(&mut ring).collect()
}

/// One county to stay in, and `count` small places to stay out of, each of a real county's outline,
/// strewn over all counties.
pub(super) fn strewn(counties: &[Shape], count: usize) -> Vec<Fence> {
    let mut dice = Dice::new(11);
    let ground = span_of(counties);
    let mut fences = vec![fence(0, FenceKind::KeepIn, counties[0].clone())];
    while fences.len() <= count {
        let outline = &counties[fences.len() % counties.len()].parts()[0][0];
        let radius_m = RADIUS_M.0 * (RADIUS_M.1 / RADIUS_M.0).powf(dice.part());
        let at = ground.place(&mut dice);
        if let Some(shape) = shrunk(outline, at, radius_m * UNITS_PER_METRE) {
            fences.push(fence(fences.len(), FenceKind::KeepOut, shape));
        }
    }
    fences
}

/// An outline, moved to a place and scaled to a radius in units.
fn shrunk(outline: &[Coord], at: Coord, radius: f64) -> Option<Shape> {
    let span = Span::of(outline.iter());
    let middle = |(from, to): (i32, i32)| f64::midpoint(f64::from(from), f64::from(to));
    let (lat, lon) = (middle(span.lat), middle(span.lon));
    let reach = f64::from(span.lat.1 - span.lat.0).max(f64::from(span.lon.1 - span.lon.0)) / 2.0;
    let scale = radius / reach;
    let moved = outline.iter().filter_map(|place| {
        let lat = f64::from(at.lat()) + (f64::from(place.lat()) - lat) * scale;
        let lon = f64::from(at.lon()) + (f64::from(place.lon()) - lon) * scale;
        Coord::new(lat.round() as i32, lon.round() as i32).ok()
    });
    let mut ring: Vec<Coord> = moved.collect();
    ring.dedup();
    Shape::new(vec![vec![ring]]).ok()
}

fn fence(at: usize, kind: FenceKind, shape: Shape) -> Fence {
    let buffer_mm = kind.buffer_default_mm();
    Fence::new(&format!("fence-{at:05}"), kind, shape, buffer_mm)
        .expect("a short name and a default buffer")
}

/// A walk of fixes a minute apart between random places of a span.
pub(super) fn walk(person: &str, span: Span, count: usize, seed: u64) -> Vec<Fix> {
    let mut dice = Dice::new(seed);
    let mut at = span.place(&mut dice);
    let mut goal = span.place(&mut dice);
    let mut fixes = Vec::with_capacity(count);
    for number in 0..count {
        let toward = |from: i32, to: i32| from + (to - from).clamp(-PACE_UNITS, PACE_UNITS);
        at = Coord::new(toward(at.lat(), goal.lat()), toward(at.lon(), goal.lon()))
            .expect("a place between two places");
        if at == goal {
            goal = span.place(&mut dice);
        }
        let time = super::world::START_MS + number as i64 * FIX_MS;
        let point = Point::new(time, at, Some(ACCURACY_MM), Source::Gnss);
        fixes.push(Fix {
            person: person.to_owned(),
            point,
        });
    }
    fixes
}

/// A place as `geo` sees it, degrees.
pub(super) fn float(at: Coord) -> geo::Coord<f64> {
    let degrees = |units: i32| f64::from(units) / f64::from(UNITS_PER_DEGREE);
    geo::Coord {
        x: degrees(at.lon()),
        y: degrees(at.lat()),
    }
}

/// A shape as `geo` sees it.
pub(super) fn floats(shape: &Shape) -> MultiPolygon<f64> {
    let ring = |ring: &Vec<Coord>| ring.iter().map(|at| float(*at)).collect::<LineString>();
    let part = |rings: &Rings| {
        let mut rings = rings.iter().map(ring);
        let outer = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
        Polygon::new(outer, rings.collect())
    };
    MultiPolygon(shape.parts().iter().map(part).collect())
}

/// A fence that nobody on a walk over `span` leaves.
pub(super) fn fence_around(span: Span) -> Result<Fence, MeasureError> {
    const MARGIN_UNITS: i32 = 500_000;
    let corner = |lat: i32, lon: i32| {
        Coord::new(lat, lon).map_err(|error| MeasureError::Wrong(error.to_string()))
    };
    let (south, north) = (span.lat.0 - MARGIN_UNITS, span.lat.1 + MARGIN_UNITS);
    let (west, east) = (span.lon.0 - MARGIN_UNITS, span.lon.1 + MARGIN_UNITS);
    let ring = vec![
        corner(south, west)?,
        corner(south, east)?,
        corner(north, east)?,
        corner(north, west)?,
    ];
    let shape = Shape::new(vec![vec![ring]]).map_err(|e| MeasureError::Wrong(e.to_string()))?;
    Ok(fence(0, FenceKind::KeepIn, shape))
}
