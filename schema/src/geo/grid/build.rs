//! Builds the index of a shape once, when a fence enters the node.

use super::super::UNITS_PER_DEGREE;
use super::super::polygon::{Bounds, Part, edges};
use super::super::scale::{BAND_HEIGHT_E7, Scale};
use super::{Coord, Edge, Grid, Side};

/// Cells for each edge that the table aims at.
const CELLS_PER_EDGE: u64 = 32;
/// Fewest and most cells the table aims at; rounding to powers of two may miss by a factor of four.
const CELLS_MIN: u64 = 1024;
const CELLS_MAX: u64 = 65_536;
/// Most copies of edges in rows, for each edge, before rows are made taller.
const COPIES_PER_EDGE: u64 = 8;
/// Taken off every clearance, mm: distances are rounded to quarter millimetres, clearances are not.
const ROUNDING_MM: i64 = 1;

pub(super) fn build(parts: &[Part]) -> Grid {
    let bounds = Bounds::of(parts.iter().flatten().flatten().copied());
    let all: Vec<Edge> = edges(parts).map(|(a, b)| Edge { a, b }).collect();
    let (row_shift, col_shift) = cell_size(&bounds, &all);
    let rows = (bounds.lat_max.abs_diff(bounds.lat_min) >> row_shift) as usize + 1;
    let cols = (bounds.lon_max.abs_diff(bounds.lon_min) >> col_shift) as usize + 1;
    let mut grid = Grid {
        bounds,
        row_shift,
        col_shift,
        rows,
        cols,
        row_starts: Vec::new(),
        edges: Vec::new(),
        cells: Vec::new(),
    };
    grid.fill_rows(&all);
    let steps = grid.steps_to_edges(&all);
    grid.fill_cells(&steps);
    grid
}

/// Shifts that make cells roughly square on the ground and as many as the edges deserve.
fn cell_size(bounds: &Bounds, all: &[Edge]) -> (u32, u32) {
    let scale = low_scale(bounds);
    let tall = u64::from(bounds.lat_max.abs_diff(bounds.lat_min)) + 1;
    let wide = u64::from(bounds.lon_max.abs_diff(bounds.lon_min)) + 1;
    let (tall_mm, wide_mm) = (
        tall * scale.lat_mm as u64,
        wide * scale.lon_mm.max(1) as u64,
    );
    let cells = (all.len() as u64 * CELLS_PER_EDGE).clamp(CELLS_MIN, CELLS_MAX);
    let side_mm = (u128::from(tall_mm) * u128::from(wide_mm) / u128::from(cells)).isqrt() as u64;
    // A strip thinner than a cell would otherwise stretch into very many cells.
    let side_mm = side_mm.max(tall_mm.max(wide_mm) / cells).max(1);
    let mut row_shift = (side_mm / scale.lat_mm as u64).max(1).ilog2();
    let col_shift = (side_mm / scale.lon_mm.max(1) as u64).max(1).ilog2();
    let copies = |shift: u32| -> u64 {
        all.iter()
            .map(|edge| u64::from(edge.a.lat().abs_diff(edge.b.lat()) >> shift) + 2)
            .sum()
    };
    while row_shift < 31 && copies(row_shift) > all.len() as u64 * COPIES_PER_EDGE + CELLS_MIN {
        row_shift += 1;
    }
    (row_shift, col_shift.min(31))
}

/// The smallest scale of either axis that a place within the bounds can have.
fn low_scale(bounds: &Bounds) -> Scale {
    let south = bounds.lat_min.div_euclid(BAND_HEIGHT_E7);
    let north = bounds.lat_max.div_euclid(BAND_HEIGHT_E7);
    let middle = if south <= 0 && north >= 0 { 0 } else { south };
    let scales = [south, north, middle].map(Scale::of_band);
    Scale {
        lat_mm: scales.iter().map(|scale| scale.lat_mm).min().unwrap_or(1),
        lon_mm: scales.iter().map(|scale| scale.lon_mm).min().unwrap_or(1),
    }
}

impl Grid {
    fn row_range(&self, edge: &Edge) -> std::ops::RangeInclusive<usize> {
        let (a, b) = (i64::from(edge.a.lat()), i64::from(edge.b.lat()));
        self.row(a.min(b))..=self.row(a.max(b))
    }

    fn fill_rows(&mut self, all: &[Edge]) {
        let mut starts = vec![0_u32; self.rows + 1];
        for row in all.iter().flat_map(|edge| self.row_range(edge)) {
            starts[row + 1] += 1;
        }
        for row in 0..self.rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let origin = Edge {
            a: all[0].a,
            b: all[0].a,
        };
        let mut copies = vec![origin; starts[self.rows] as usize];
        for edge in all {
            for row in self.row_range(edge) {
                copies[next[row] as usize] = *edge;
                next[row] += 1;
            }
        }
        self.row_starts = starts;
        self.edges = copies;
    }

    /// For each cell, how many cells (king's moves) the nearest cell with an edge is away.
    fn steps_to_edges(&self, all: &[Edge]) -> Vec<u16> {
        let mut steps = vec![u16::MAX; self.rows * self.cols];
        for edge in all {
            for row in self.row_range(edge) {
                let (first, last) = self.cols_in_row(edge, row);
                steps[row * self.cols + first..=row * self.cols + last].fill(0);
            }
        }
        for row in 0..self.rows {
            for col in 0..self.cols {
                self.lower(&mut steps, row, col, row.checked_sub(1), col.checked_sub(1));
            }
        }
        for row in (0..self.rows).rev() {
            for col in (0..self.cols).rev() {
                let below = Some(row + 1).filter(|row| *row < self.rows);
                let beside = Some(col + 1).filter(|col| *col < self.cols);
                self.lower(&mut steps, row, col, below, beside);
            }
        }
        steps
    }

    /// Lowers one cell's steps by those of the neighbours in the row and column just visited.
    fn lower(
        &self,
        steps: &mut [u16],
        row: usize,
        col: usize,
        other_row: Option<usize>,
        other_col: Option<usize>,
    ) {
        let mut least = steps[row * self.cols + col];
        if let Some(other_row) = other_row {
            let cols = col.saturating_sub(1)..=(col + 1).min(self.cols - 1);
            for col in cols {
                least = least.min(steps[other_row * self.cols + col].saturating_add(1));
            }
        }
        if let Some(other_col) = other_col {
            least = least.min(steps[row * self.cols + other_col].saturating_add(1));
        }
        steps[row * self.cols + col] = least;
    }

    /// The columns an edge touches within a row, never too few.
    fn cols_in_row(&self, edge: &Edge, row: usize) -> (usize, usize) {
        let base = i64::from(self.bounds.lat_min) + ((row as i64) << self.row_shift);
        let (low, high) = if edge.a.lat() <= edge.b.lat() {
            (edge.a, edge.b)
        } else {
            (edge.b, edge.a)
        };
        let (low_lat, high_lat) = (i64::from(low.lat()), i64::from(high.lat()));
        let (from, to) = if low_lat == high_lat {
            (i64::from(low.lon()), i64::from(high.lon()))
        } else {
            let lon_at = |lat: i64| {
                let lat = lat.clamp(low_lat, high_lat);
                let run = (i64::from(high.lon()) - i64::from(low.lon())) * (lat - low_lat);
                i64::from(low.lon()) + run.div_euclid(high_lat - low_lat)
            };
            (lon_at(base), lon_at(base + (1 << self.row_shift)))
        };
        // The division cut downward, so the true edge may reach one unit further east.
        (self.col(from.min(to)), self.col(from.max(to) + 1))
    }

    fn col(&self, lon: i64) -> usize {
        let east = (lon - i64::from(self.bounds.lon_min)).max(0);
        ((east >> self.col_shift) as usize).min(self.cols - 1)
    }

    fn fill_cells(&mut self, steps: &[u16]) {
        let scale = low_scale(&self.bounds);
        let per_degree = i64::from(UNITS_PER_DEGREE);
        let tall_mm = (scale.lat_mm << self.row_shift) / per_degree;
        let wide_mm = (scale.lon_mm << self.col_shift) / per_degree;
        let step_mm = tall_mm.min(wide_mm);
        let mut cells = vec![0_i16; steps.len()];
        for row in 0..self.rows {
            let mut side = None;
            for col in 0..self.cols {
                let index = row * self.cols + col;
                let away = i64::from(steps[index]);
                if away == 0 {
                    side = None;
                    continue;
                }
                // The side changes only across a cell with an edge.
                let side = *side.get_or_insert_with(|| self.corner_side(row, col));
                let clear_m = ((away - 1) * step_mm - ROUNDING_MM).max(0) / 1000;
                let value = 1 + clear_m.min(i64::from(i16::MAX) - 1) as i16;
                cells[index] = if side == Side::Inside { -value } else { value };
            }
        }
        self.cells = cells;
    }

    fn corner_side(&self, row: usize, col: usize) -> Side {
        let lat = i64::from(self.bounds.lat_min) + ((row as i64) << self.row_shift);
        let lon = i64::from(self.bounds.lon_min) + ((col as i64) << self.col_shift);
        let corner = Coord::from_wide(lat, lon).expect("a cell begins within the bounds");
        self.side_by_edges(corner)
    }
}
