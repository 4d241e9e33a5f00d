//! Whether rings make an honest area: nothing crosses, nothing lies on one another, holes are
//! holes.
//!
//! Exact integers throughout; rings may touch in single points, as neighbouring parts of a county
//! do.

use std::collections::BTreeSet;

use rstar::{AABB, RTree, RTreeObject};

use super::polygon::{Bounds, Part, Ring};
use super::shape::CheckShapeError;
use super::{Coord, UNITS_PER_DEGREE};

/// Refuses parts that break rule R5 of the watch.
pub(super) fn check(parts: &[Part]) -> Result<(), CheckShapeError> {
    check_edges(parts)?;
    for part in parts {
        check_holes(part)?;
    }
    check_parts(parts)
}

/// A place as people read it: latitude, longitude in degrees.
pub(super) fn place_text(at: Coord) -> String {
    let unit = f64::from(UNITS_PER_DEGREE);
    format!(
        "latitude {:.7}, longitude {:.7}",
        f64::from(at.lat()) / unit,
        f64::from(at.lon()) / unit
    )
}

/// One edge with the points before and after it on its ring.
#[derive(Debug, Clone, Copy)]
struct Edge {
    ring: usize,
    index: usize,
    length: usize,
    before: Coord,
    a: Coord,
    b: Coord,
    after: Coord,
}

impl RTreeObject for Edge {
    type Envelope = AABB<[i64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        let corner = |place: Coord| [i64::from(place.lon()), i64::from(place.lat())];
        AABB::from_corners(corner(self.a), corner(self.b))
    }
}

impl Edge {
    /// The way through `at`, a point of this edge: the places just before and after it.
    fn way_through(&self, at: Coord) -> (Coord, Coord) {
        if at == self.a {
            (self.before, self.b)
        } else if at == self.b {
            (self.a, self.after)
        } else {
            (self.a, self.b)
        }
    }

    fn is_next_to(&self, other: &Self) -> bool {
        let apart = self.index.abs_diff(other.index);
        self.ring == other.ring && (apart == 1 || apart + 1 == self.length)
    }

    fn holds(&self, at: Coord) -> bool {
        turn(self.a, self.b, at) == 0 && Bounds::of([self.a, self.b].into_iter()).holds(at)
    }
}

fn check_edges(parts: &[Part]) -> Result<(), CheckShapeError> {
    let rings = parts.iter().flatten().enumerate();
    let all: Vec<Edge> = rings
        .flat_map(|(number, ring)| ring_edges(number, ring))
        .collect();
    let tree = RTree::bulk_load(all.clone());
    for edge in &all {
        for other in tree.locate_in_envelope_intersecting(edge.envelope()) {
            if (other.ring, other.index) > (edge.ring, edge.index) {
                check_pair(edge, other)?;
            }
        }
    }
    Ok(())
}

fn ring_edges(number: usize, ring: &Ring) -> impl Iterator<Item = Edge> {
    let length = ring.len();
    (0..length).map(move |index| Edge {
        ring: number,
        index,
        length,
        before: ring[(index + length - 1) % length],
        a: ring[index],
        b: ring[(index + 1) % length],
        after: ring[(index + 2) % length],
    })
}

fn check_pair(edge: &Edge, other: &Edge) -> Result<(), CheckShapeError> {
    let is_parted =
        |by: &Edge, ends: &Edge| turn(by.a, by.b, ends.a) * turn(by.a, by.b, ends.b) < 0;
    if is_parted(edge, other) && is_parted(other, edge) {
        return Err(CheckShapeError::Crossing(format!(
            "near {}",
            place_text(edge.a)
        )));
    }
    let mut contacts = BTreeSet::new();
    contacts.extend([other.a, other.b].into_iter().filter(|at| edge.holds(*at)));
    contacts.extend([edge.a, edge.b].into_iter().filter(|at| other.holds(*at)));
    let Some(at) = contacts.first().copied() else {
        return Ok(());
    };
    if contacts.len() > 1 {
        return Err(CheckShapeError::SharedEdge(format!(
            "at {}",
            place_text(at)
        )));
    }
    let is_crossed = ways_cross(edge.way_through(at), other.way_through(at), at);
    if is_crossed && !edge.is_next_to(other) {
        return Err(CheckShapeError::Crossing(format!("at {}", place_text(at))));
    }
    Ok(())
}

/// Whether two ways through one point pass from one side of each other to the other.
fn ways_cross(first: (Coord, Coord), second: (Coord, Coord), at: Coord) -> bool {
    let is_along = |place: Coord| {
        [first.0, first.1]
            .into_iter()
            .any(|end| turn(at, end, place) == 0 && is_ahead(at, end, place))
    };
    // Ways that run along one another are found as shared edges.
    if is_along(second.0) || is_along(second.1) {
        return false;
    }
    let is_left = |place| is_in_sector(at, first.0, first.1, place);
    is_left(second.0) != is_left(second.1)
}

/// Whether `place` lies strictly in the sector counter-clockwise from `from` to `to` around `at`.
fn is_in_sector(at: Coord, from: Coord, to: Coord, place: Coord) -> bool {
    let (opening, after_from, before_to) = (
        turn(at, from, to),
        turn(at, from, place),
        turn(at, place, to),
    );
    match opening.cmp(&0) {
        std::cmp::Ordering::Greater => after_from > 0 && before_to > 0,
        std::cmp::Ordering::Equal => after_from > 0,
        std::cmp::Ordering::Less => !(turn(at, to, place) > 0 && turn(at, place, from) > 0),
    }
}

/// Whether `place` lies on the same half of a line through `at` as `end` does.
fn is_ahead(at: Coord, end: Coord, place: Coord) -> bool {
    let east = |to: Coord| i128::from(to.lon()) - i128::from(at.lon());
    let north = |to: Coord| i128::from(to.lat()) - i128::from(at.lat());
    east(end) * east(place) + north(end) * north(place) > 0
}

/// Sign of the turn at `from` out of the way to `first` into the way to `second`: + to the left.
fn turn(from: Coord, first: Coord, second: Coord) -> i128 {
    let east = |to: Coord| i128::from(to.lon()) - i128::from(from.lon());
    let north = |to: Coord| i128::from(to.lat()) - i128::from(from.lat());
    (east(first) * north(second) - north(first) * east(second)).signum()
}

fn check_holes(part: &Part) -> Result<(), CheckShapeError> {
    let Some((outer, holes)) = part.split_first() else {
        return Ok(());
    };
    let error = |ring: &Ring| CheckShapeError::Hole(format!("the ring at {}", place_text(ring[0])));
    for (number, hole) in holes.iter().enumerate() {
        if !ring_is_within(hole, std::slice::from_ref(outer)) {
            return Err(error(hole));
        }
        for other in holes
            .iter()
            .skip(number + 1)
            .filter(|other| boxes_meet(hole, other))
        {
            if ring_is_within(hole, std::slice::from_ref(other))
                || ring_is_within(other, std::slice::from_ref(hole))
            {
                return Err(error(hole));
            }
        }
    }
    Ok(())
}

fn check_parts(parts: &[Part]) -> Result<(), CheckShapeError> {
    for (number, part) in parts.iter().enumerate() {
        for other in parts
            .iter()
            .skip(number + 1)
            .filter(|other| boxes_meet(&part[0], &other[0]))
        {
            if ring_is_within(&part[0], other) || ring_is_within(&other[0], part) {
                let place = place_text(part[0][0]);
                return Err(CheckShapeError::Overlap(format!("the part at {place}")));
            }
        }
    }
    Ok(())
}

fn boxes_meet(ring: &Ring, other: &Ring) -> bool {
    Bounds::of(ring.iter().copied()).meets(&Bounds::of(other.iter().copied()))
}

/// Whether a ring that crosses none of `area` runs inside it, judged by its first point off their
/// edges.
fn ring_is_within(ring: &Ring, area: &[Ring]) -> bool {
    let doubled = |place: Coord| (2 * i128::from(place.lon()), 2 * i128::from(place.lat()));
    let corners = ring.iter().map(|place| doubled(*place));
    let middles = (0..ring.len()).map(|index| {
        let (a, b) = (ring[index], ring[(index + 1) % ring.len()]);
        let sum = |a: i32, b: i32| i128::from(a) + i128::from(b);
        (sum(a.lon(), b.lon()), sum(a.lat(), b.lat()))
    });
    corners
        .chain(middles)
        .find_map(|point| point_is_within(point, area))
        .unwrap_or(false)
}

/// Inside by crossing number; `None` on an edge. The point is in half units.
fn point_is_within((x, y): (i128, i128), area: &[Ring]) -> Option<bool> {
    let mut is_inside = false;
    for ring in area {
        for index in 0..ring.len() {
            let (a, b) = (ring[index], ring[(index + 1) % ring.len()]);
            let (low, high) = if a.lat() <= b.lat() { (a, b) } else { (b, a) };
            let (low_x, low_y) = (2 * i128::from(low.lon()), 2 * i128::from(low.lat()));
            let (high_x, high_y) = (2 * i128::from(high.lon()), 2 * i128::from(high.lat()));
            let side = (high_x - low_x) * (y - low_y) - (x - low_x) * (high_y - low_y);
            let is_level = (low_y..=high_y).contains(&y);
            let is_across = (low_x.min(high_x)..=low_x.max(high_x)).contains(&x);
            if side == 0 && is_level && is_across {
                return None;
            }
            is_inside ^= low_y <= y && y < high_y && side > 0;
        }
    }
    Some(is_inside)
}
