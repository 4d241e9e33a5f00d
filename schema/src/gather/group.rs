//! Who is near whom in one slice (G3, G4), without comparing everybody with everybody.

use crate::geo::{Coord, Scale, UNITS_PER_DEGREE, farther_than};
use std::collections::{BTreeMap, BTreeSet};

/// Where somebody is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Index of the person.
    pub(super) person: usize,
    pub(super) at: Coord,
}

/// Sets of people connected by nearness, by their first person; nobody alone.
pub(super) fn groups(places: &[Place], distance_mm: i64) -> Vec<BTreeSet<usize>> {
    let cell = Cell::of(places, distance_mm);
    let mut cells: BTreeMap<(i32, i32), Vec<usize>> = BTreeMap::new();
    for (index, place) in places.iter().enumerate() {
        cells.entry(cell.at(place.at)).or_default().push(index);
    }
    let mut leader: Vec<usize> = (0..places.len()).collect();
    for (key, members) in &cells {
        for other in Cell::around(*key) {
            let Some(others) = cells.get(&other) else {
                continue;
            };
            for (a, b) in members
                .iter()
                .flat_map(|a| others.iter().map(move |b| (*a, *b)))
            {
                if a < b && is_near(places[a].at, places[b].at, distance_mm) {
                    join(&mut leader, a, b);
                }
            }
        }
    }
    let mut found: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (index, place) in places.iter().enumerate() {
        let of = find(&mut leader, index);
        found.entry(of).or_default().insert(place.person);
    }
    let mut groups: Vec<BTreeSet<usize>> = found.into_values().filter(|g| g.len() > 1).collect();
    groups.sort();
    groups
}

/// The scale is taken at the more northern place, so that both see the same.
fn is_near(a: Coord, b: Coord, distance_mm: i64) -> bool {
    let (south, north) = if a.lat() <= b.lat() { (a, b) } else { (b, a) };
    !farther_than(south, north, distance_mm)
}

/// Sides of the squares in which places are sorted, 1e-7 degree.
struct Cell {
    lat: i32,
    lon: i32,
}

impl Cell {
    /// Wide enough at every place that nearness reaches no farther than the next cell.
    fn of(places: &[Place], distance_mm: i64) -> Self {
        let scales = || places.iter().map(|place| Scale::at(place.at));
        let side = |mm_per_degree: Option<i64>| {
            let units =
                distance_mm * i64::from(UNITS_PER_DEGREE) / mm_per_degree.unwrap_or(1).max(1);
            i32::try_from(units + 1).unwrap_or(i32::MAX)
        };
        Self {
            lat: side(scales().map(|scale| scale.lat_mm).min()),
            lon: side(scales().map(|scale| scale.lon_mm).min()),
        }
    }

    fn at(&self, at: Coord) -> (i32, i32) {
        (at.lat().div_euclid(self.lat), at.lon().div_euclid(self.lon))
    }

    fn around((row, column): (i32, i32)) -> impl Iterator<Item = (i32, i32)> {
        let rows = row - 1..=row + 1;
        rows.flat_map(move |row| (column - 1..=column + 1).map(move |column| (row, column)))
    }
}

fn find(leader: &mut [usize], of: usize) -> usize {
    let mut at = of;
    while leader[at] != at {
        leader[at] = leader[leader[at]];
        at = leader[at];
    }
    at
}

fn join(leader: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(leader, a), find(leader, b));
    leader[a.max(b)] = a.min(b);
}
