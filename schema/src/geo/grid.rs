//! The index of a shape: a table of cells that answers far places at once, and rows of edges for
//! the rest.
//!
//! A cell without an edge says on which side it lies and how many metres at least separate it from
//! every edge. Only places near an edge look at edges, and only at those of their rows. The answers
//! are the plain ones.

mod build;

use super::distance::{Nearest, QUARTERS_PER_MM, to_units};
use super::polygon::{Bounds, Part};
use super::{Coord, Distance, Scale, Side};

/// Quarter millimetres in a metre, the unit of a cell's clearance.
const QUARTERS_PER_M: i64 = 1000 * QUARTERS_PER_MM;

/// An edge, copied into each row it passes.
#[derive(Debug, Clone, Copy)]
struct Edge {
    a: Coord,
    b: Coord,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    bounds: Bounds,
    row_shift: u32,
    col_shift: u32,
    rows: usize,
    cols: usize,
    /// First edge of each row in `edges`, and the end.
    row_starts: Vec<u32>,
    edges: Vec<Edge>,
    /// 0: an edge passes; otherwise ±(1 + clearance in metres), + outside.
    cells: Vec<i16>,
}

impl Grid {
    /// The index of parts that have at least one ring of at least one point.
    pub(crate) fn new(parts: &[Part]) -> Self {
        build::build(parts)
    }

    pub(crate) fn bounds(&self) -> Bounds {
        self.bounds
    }

    #[inline]
    pub(crate) fn side(&self, at: Coord) -> Side {
        if !self.bounds.holds(at) {
            return Side::Outside;
        }
        match self.cells[self.cell(at)] {
            0 => self.side_by_edges(at),
            cell if cell > 0 => Side::Outside,
            _ => Side::Inside,
        }
    }

    #[inline]
    pub(crate) fn distance(&self, at: Coord, inside: i64, outside: i64) -> Distance {
        if !self.bounds.holds(at) {
            return self.distance_from_beyond(at, outside);
        }
        let cell = i64::from(self.cells[self.cell(at)]);
        if cell > 0 {
            if (cell - 1) * QUARTERS_PER_M >= outside {
                return Distance::beyond(outside);
            }
        } else if cell < 0 && (-cell - 1) * QUARTERS_PER_M >= inside {
            return Distance::beyond(inside).inward();
        }
        self.distance_by_edges(at, inside, outside)
    }

    #[inline]
    fn cell(&self, at: Coord) -> usize {
        let row = at.lat().wrapping_sub(self.bounds.lat_min) as u32 >> self.row_shift;
        let col = at.lon().wrapping_sub(self.bounds.lon_min) as u32 >> self.col_shift;
        row as usize * self.cols + col as usize
    }

    fn row(&self, lat: i64) -> usize {
        let above = (lat - i64::from(self.bounds.lat_min)).max(0);
        ((above >> self.row_shift) as usize).min(self.rows - 1)
    }

    fn row_edges(&self, row: usize) -> &[Edge] {
        &self.edges[self.row_starts[row] as usize..self.row_starts[row + 1] as usize]
    }

    /// Crossing number of the ray eastward; `at` must be within the bounds.
    fn side_by_edges(&self, at: Coord) -> Side {
        let mut is_inside = false;
        for edge in self.row_edges(self.row(i64::from(at.lat()))) {
            match edge.crossing(at) {
                Crossing::On => return Side::Edge,
                Crossing::East => is_inside = !is_inside,
                Crossing::None => {}
            }
        }
        if is_inside {
            Side::Inside
        } else {
            Side::Outside
        }
    }

    #[inline(never)]
    fn distance_by_edges(&self, at: Coord, inside: i64, outside: i64) -> Distance {
        match self.side(at) {
            Side::Edge => Distance::EDGE,
            Side::Inside => self.nearest(at, inside).inward(),
            Side::Outside => self.nearest(at, outside),
        }
    }

    #[inline(never)]
    fn distance_from_beyond(&self, at: Coord, outside: i64) -> Distance {
        let scale = Scale::at(at);
        let gap = |value: i32, min: i32, max: i32| {
            (i64::from(min) - i64::from(value)).max(i64::from(value) - i64::from(max))
        };
        let lat_gap = gap(at.lat(), self.bounds.lat_min, self.bounds.lat_max);
        let lon_gap = gap(at.lon(), self.bounds.lon_min, self.bounds.lon_max);
        if lat_gap > to_units(outside, scale.lat_mm) || lon_gap > to_units(outside, scale.lon_mm) {
            return Distance::beyond(outside);
        }
        self.nearest(at, outside)
    }

    fn nearest(&self, at: Coord, limit: i64) -> Distance {
        let scale = Scale::at(at);
        let (lat, lon) = (i64::from(at.lat()), i64::from(at.lon()));
        let (tall, wide) = (to_units(limit, scale.lat_mm), to_units(limit, scale.lon_mm));
        let mut nearest = Nearest::new(at, limit);
        for row in self.row(lat - tall)..=self.row(lat + tall) {
            for edge in self.row_edges(row) {
                if edge.meets(lat - tall, lat + tall, lon - wide, lon + wide) {
                    nearest.offer(edge.a, edge.b);
                }
            }
        }
        nearest.distance()
    }
}

enum Crossing {
    None,
    East,
    On,
}

impl Edge {
    #[inline]
    fn crossing(self, at: Coord) -> Crossing {
        let (a, b) = (self.a, self.b);
        let (low, high) = if a.lat() <= b.lat() { (a, b) } else { (b, a) };
        if at.lat() < low.lat() || at.lat() > high.lat() {
            return Crossing::None;
        }
        let (west, east) = (a.lon().min(b.lon()), a.lon().max(b.lon()));
        if at.lon() > east {
            return Crossing::None;
        }
        // Heights are below 2^31 and widths, within a half globe, below 2^31: products fit an i64.
        let left = (i64::from(high.lon()) - i64::from(low.lon()))
            * (i64::from(at.lat()) - i64::from(low.lat()));
        let right = (i64::from(at.lon()) - i64::from(low.lon()))
            * (i64::from(high.lat()) - i64::from(low.lat()));
        if left == right && at.lon() >= west {
            return Crossing::On;
        }
        // Half-open in latitude, so a vertex on the ray counts once.
        if at.lat() < high.lat() && left > right {
            Crossing::East
        } else {
            Crossing::None
        }
    }

    fn meets(self, lat_min: i64, lat_max: i64, lon_min: i64, lon_max: i64) -> bool {
        let (a, b) = (self.a, self.b);
        i64::from(a.lat().max(b.lat())) >= lat_min
            && i64::from(a.lat().min(b.lat())) <= lat_max
            && i64::from(a.lon().max(b.lon())) >= lon_min
            && i64::from(a.lon().min(b.lon())) <= lon_max
    }
}
