//! An area of polygons, answering exactly which side of its edge a place is on and how far from it.

use std::sync::Arc;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::grid::Grid;
use super::polygon::{Bounds, Part, decode_parts, edges, encode_parts};
use super::{Coord, Distance, UNITS_PER_DEGREE, simple};

/// Fewest points of a ring, the closing repetition not counted.
pub const RING_POINTS_MIN: usize = 3;
/// Most points of a shape.
pub const SHAPE_POINTS_MAX: usize = 200_000;

/// Where a place lies relative to a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Within, not on an edge.
    Inside,
    /// On an edge or vertex, of a hole too; counts as inside.
    Edge,
    /// Neither.
    Outside,
}

/// Why rings make no shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckShapeError {
    /// No part, or a part without a ring.
    #[error("a polygon has an outer ring")]
    Empty,
    /// A ring of a point or a line.
    #[error("a ring has at least {RING_POINTS_MIN} different points: {0}")]
    RingShort(usize),
    /// Too large.
    #[error("a shape has at most {SHAPE_POINTS_MAX} points: {0}")]
    PointsMany(usize),
    /// An edge of more than half the globe.
    #[error("no fence crosses the 180th meridian: an edge at {0}")]
    Meridian(String),
    /// Two edges cross.
    #[error("a ring does not cross itself or another ring: {0}")]
    Crossing(String),
    /// Two edges lie on one another.
    #[error("no two edges lie on one another, dissolve the parts first: {0}")]
    SharedEdge(String),
    /// A hole that is not in its outer ring, or lies in another hole.
    #[error("a hole lies inside its outer ring and in no other hole: {0}")]
    Hole(String),
    /// Two parts share area.
    #[error("the parts of a multipolygon do not overlap: {0}")]
    Overlap(String),
}

/// Polygons on the plane of longitude and latitude, with an index.
///
/// A place is inside if a ray from it crosses the edges an odd number of times, so winding does not
/// matter.
///
/// Clones share points and index: many people may be kept to one county.
#[derive(Clone)]
pub struct Shape(Arc<Area>);

struct Area {
    parts: Vec<Part>,
    grid: Grid,
}

impl Shape {
    /// A shape from parts, each an outer ring and its holes, rings without the closing repetition.
    ///
    /// Bounds every cost; whether rings cross is for [`Self::check`].
    pub fn new(parts: Vec<Vec<Vec<Coord>>>) -> Result<Self, CheckShapeError> {
        if parts.is_empty() || parts.iter().any(Vec::is_empty) {
            return Err(CheckShapeError::Empty);
        }
        let points = parts.iter().flatten().map(Vec::len).sum();
        if points > SHAPE_POINTS_MAX {
            return Err(CheckShapeError::PointsMany(points));
        }
        if let Some(ring) = parts
            .iter()
            .flatten()
            .find(|ring| ring.len() < RING_POINTS_MIN)
        {
            return Err(CheckShapeError::RingShort(ring.len()));
        }
        let half_globe = 180 * i64::from(UNITS_PER_DEGREE);
        let width = |(a, b): &(Coord, Coord)| (i64::from(a.lon()) - i64::from(b.lon())).abs();
        if let Some((from, _)) = edges(&parts).find(|edge| width(edge) > half_globe) {
            return Err(CheckShapeError::Meridian(simple::place_text(from)));
        }
        let grid = Grid::new(&parts);
        Ok(Self(Arc::new(Area { parts, grid })))
    }

    /// Refuses rings that cross or double back, misplaced holes and overlapping parts.
    pub fn check(&self) -> Result<(), CheckShapeError> {
        simple::check(&self.0.parts)
    }

    /// The parts, each an outer ring and its holes.
    pub fn parts(&self) -> &[Vec<Vec<Coord>>] {
        &self.0.parts
    }

    /// Which side of the edge `at` is on.
    #[inline]
    pub fn side(&self, at: Coord) -> Side {
        self.0.grid.side(at)
    }

    /// Whether `at` is inside or on the edge.
    #[inline]
    pub fn holds(&self, at: Coord) -> bool {
        self.side(at) != Side::Outside
    }

    /// Signed distance to the edge, known up to `inside` quarter millimetres within and `outside`
    /// without.
    #[inline]
    pub fn distance(&self, at: Coord, inside: i64, outside: i64) -> Distance {
        self.0.grid.distance(at, inside, outside)
    }

    /// Whether a clone of it is anywhere.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// The box around the shape.
    pub(crate) fn bounds(&self) -> Bounds {
        self.0.grid.bounds()
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.parts == other.0.parts
    }
}

impl Eq for Shape {}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let points: usize = self.0.parts.iter().flatten().map(Vec::len).sum();
        write!(f, "Shape({} parts, {points} points)", self.0.parts.len())
    }
}

impl<C> Encode<C> for Shape {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        encode_parts(&self.0.parts, e)
    }
}

/// Bounds size and range; crossings are for [`Shape::check`], where the bytes come from elsewhere.
impl<'b, C> Decode<'b, C> for Shape {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let parts = decode_parts(d, SHAPE_POINTS_MAX)?;
        Self::new(parts).map_err(decode::Error::custom)
    }
}
