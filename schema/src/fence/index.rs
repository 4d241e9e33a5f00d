//! Which of many fences can matter at a place: a table of cells over the boxes around them, each
//! box widened by its fence's buffer.
//!
//! The answer is a superset of the fences that a fix there can be near or in; the plain geometry
//! decides. It never depends on the order in which fences came.

use super::{Fence, FenceKind};
use crate::geo::polygon::Bounds;
use crate::geo::{Coord, QUARTERS_PER_MM, Scale, to_units};

/// Most cells on a side of the table.
const SIDE_CELLS_MAX: usize = 256;
/// Most rows of the table, for each group of versions.
const ENTRIES_PER_GROUP_MAX: usize = 32;

/// The versions of one fence, where a place may matter to any of them.
#[derive(Debug, Clone, Copy)]
struct Entry {
    bounds: Bounds,
    group: u32,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Index {
    ground: Bounds,
    shifts: (u32, u32),
    columns: usize,
    /// First entry of each cell, and the end; entries of a cell ascend by group.
    starts: Vec<u32>,
    entries: Vec<Entry>,
    /// Groups to which every place matters: far outside a `keep_in` fence is a candidate.
    everywhere: Vec<u32>,
}

impl Index {
    /// The index of groups of versions, at least one group of at least one.
    pub(super) fn new<'a>(groups: impl Iterator<Item = &'a [std::sync::Arc<Fence>]>) -> Self {
        let (mut entries, mut everywhere) = (Vec::new(), Vec::new());
        for (group, versions) in groups.enumerate() {
            let group = group as u32;
            let boxes = versions.iter().map(|fence| reach(fence));
            let bounds = boxes
                .reduce(union)
                .unwrap_or(Bounds::of(std::iter::empty()));
            entries.push(Entry { bounds, group });
            if versions
                .iter()
                .any(|fence| fence.kind() == FenceKind::KeepIn)
            {
                everywhere.push(group);
            }
        }
        let boxes = entries.iter().map(|entry| entry.bounds);
        let ground = boxes
            .reduce(union)
            .unwrap_or(Bounds::of(std::iter::empty()));
        let mut index = Self {
            ground,
            shifts: (0, 0),
            columns: 1,
            starts: Vec::new(),
            entries: Vec::new(),
            everywhere,
        };
        index.lay(&entries);
        index
    }

    /// Groups that hold the place or lie within their buffer of it, ascending; perhaps some more.
    pub(super) fn around(&self, at: Coord) -> impl Iterator<Item = usize> {
        let entries = if self.ground.holds(at) {
            let cell = self.row(at.lat()) * self.columns + self.column(at.lon());
            &self.entries[self.starts[cell] as usize..self.starts[cell + 1] as usize]
        } else {
            &[]
        };
        let near = entries.iter().filter(move |entry| entry.bounds.holds(at));
        near.map(|entry| entry.group as usize)
    }

    /// Groups to which every place matters, ascending.
    pub(super) fn everywhere(&self) -> impl Iterator<Item = usize> {
        self.everywhere.iter().map(|group| *group as usize)
    }

    /// Chooses cells so that the table stays in proportion to the fences, and fills it.
    fn lay(&mut self, entries: &[Entry]) {
        let mut side = (2 * entries.len().isqrt()).clamp(1, SIDE_CELLS_MAX);
        loop {
            self.cut(side);
            let count: usize = entries.iter().map(|entry| self.cells(entry).count()).sum();
            if side == 1 || count <= ENTRIES_PER_GROUP_MAX * entries.len() {
                break;
            }
            side /= 2;
        }
        let rows = self.row(self.ground.lat_max) + 1;
        let mut table: Vec<Vec<Entry>> = vec![Vec::new(); rows * self.columns];
        for entry in entries {
            for cell in self.cells(entry) {
                table[cell].push(*entry);
            }
        }
        self.starts = vec![0];
        for cell in table {
            self.entries.extend(cell);
            self.starts.push(self.entries.len() as u32);
        }
    }

    /// Cells of a power of two of units, at most `side` each way.
    fn cut(&mut self, side: usize) {
        let shift = |from: i32, to: i32| {
            let span = (i64::from(to) - i64::from(from)).max(0) as u64;
            (0..32)
                .find(|shift| span >> shift < side as u64)
                .unwrap_or(32)
        };
        let ground = self.ground;
        self.shifts = (
            shift(ground.lat_min, ground.lat_max),
            shift(ground.lon_min, ground.lon_max),
        );
        self.columns = self.column(ground.lon_max) + 1;
    }

    fn row(&self, lat: i32) -> usize {
        ((i64::from(lat) - i64::from(self.ground.lat_min)) >> self.shifts.0) as usize
    }

    fn column(&self, lon: i32) -> usize {
        ((i64::from(lon) - i64::from(self.ground.lon_min)) >> self.shifts.1) as usize
    }

    fn cells(&self, entry: &Entry) -> impl Iterator<Item = usize> {
        let bounds = entry.bounds;
        let (west, east) = (self.column(bounds.lon_min), self.column(bounds.lon_max));
        let rows = self.row(bounds.lat_min)..=self.row(bounds.lat_max);
        let columns = self.columns;
        rows.flat_map(move |row| (west..=east).map(move |column| row * columns + column))
    }
}

/// The box beyond which a place is farther from the area than the buffer.
fn reach(fence: &Fence) -> Bounds {
    let quarters = i64::from(fence.buffer_mm()) * QUARTERS_PER_MM;
    let bounds = fence.shape().bounds();
    // A degree of latitude is shortest at the equator, one of longitude farthest from it.
    let tall = to_units(quarters, Scale::of_band(0).lat_mm);
    let (lat_min, lat_max) = (wide(bounds.lat_min, -tall), wide(bounds.lat_max, tall));
    let far = lat_min.saturating_abs().max(lat_max.saturating_abs());
    let scale = Scale::of_band(far / crate::geo::BAND_HEIGHT_E7);
    let broad = to_units(quarters, scale.lon_mm);
    Bounds {
        lat_min,
        lat_max,
        lon_min: wide(bounds.lon_min, -broad),
        lon_max: wide(bounds.lon_max, broad),
    }
}

fn wide(edge: i32, by: i64) -> i32 {
    let moved = i64::from(edge).saturating_add(by);
    moved.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

fn union(a: Bounds, b: Bounds) -> Bounds {
    Bounds {
        lat_min: a.lat_min.min(b.lat_min),
        lat_max: a.lat_max.max(b.lat_max),
        lon_min: a.lon_min.min(b.lon_min),
        lon_max: a.lon_max.max(b.lon_max),
    }
}
