//! Distances on the earth compared exactly: signed, in quarter millimetres, against whole
//! thresholds.
//!
//! A quarter of a millimetre is the finest unit in which an edge of any length, squared and
//! multiplied,
//! still fits an `i128`; it also makes half of a buffer in millimetres a whole number.

use super::{Coord, Scale, UNITS_PER_DEGREE};

/// Largest limit up to which a distance can be asked for, mm.
pub const DISTANCE_LIMIT_MM_MAX: i64 = 9_000_000;
/// Quarter millimetres in a millimetre.
pub(crate) const QUARTERS_PER_MM: i64 = 4;
/// Longer than any way on the earth, mm; longer limits are cut to it.
const WAY_MM_MAX: i64 = 41_000_000_000;

/// Signed distance of a place to the edge of a shape, + outside, 0 on the edge.
///
/// It orders exactly against whole quarter millimetres. Beyond the limit asked for, only the sign
/// and "beyond" are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Distance(
    /// Twice the quarter millimetres cut to a whole number, plus one where something was cut off.
    i64,
);

impl Distance {
    /// On the edge.
    pub const EDGE: Self = Self(0);

    /// Farther outside than `limit` quarter millimetres.
    pub(crate) const fn beyond(limit: i64) -> Self {
        Self(2 * limit + 1)
    }

    /// The mirror image on the other side of the edge.
    #[must_use]
    pub(crate) const fn inward(self) -> Self {
        Self(-self.0)
    }

    /// Whether d > threshold (quarter millimetres).
    #[inline]
    pub const fn exceeds(self, threshold: i64) -> bool {
        self.0 > 2 * threshold
    }

    /// Whether d < threshold (quarter millimetres).
    #[inline]
    pub const fn is_below(self, threshold: i64) -> bool {
        self.0 < 2 * threshold
    }

    /// Whole millimetres, cut towards zero, for people to read.
    pub const fn whole_mm(self) -> i64 {
        self.0 / (2 * QUARTERS_PER_MM)
    }
}

/// Nearest edge so far; starts at a limit and shrinks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nearest {
    origin: Coord,
    scale: Scale,
    best: i64,
}

impl Nearest {
    /// Looks for edges nearer to `origin` than `limit` quarter millimetres.
    pub(crate) fn new(origin: Coord, limit: i64) -> Self {
        debug_assert!(
            limit <= DISTANCE_LIMIT_MM_MAX * QUARTERS_PER_MM,
            "limit {limit}"
        );
        Self {
            origin,
            scale: Scale::at(origin),
            best: Distance::beyond(limit).0,
        }
    }

    /// The distance of the nearest edge offered, never zero: a place on the edge is found by exact
    /// means.
    pub(crate) fn distance(self) -> Distance {
        Distance(self.best.max(1))
    }

    /// Offers the edge from `a` to `b`.
    pub(crate) fn offer(&mut self, a: Coord, b: Coord) {
        let (ax, ay) = self.relative(a);
        let (bx, by) = self.relative(b);
        let (ux, uy) = (bx - ax, by - ay);
        let along = -(dot(ax, ux) + dot(ay, uy));
        let length2 = dot(ux, ux) + dot(uy, uy);
        if along <= 0 {
            self.take(dot(ax, ax) + dot(ay, ay), 1);
        } else if along >= length2 {
            self.take(dot(bx, bx) + dot(by, by), 1);
        } else {
            let cross = dot(ax, by) - dot(ay, bx);
            // A larger cross product is farther than any limit; its square would not fit.
            if cross.unsigned_abs() < 1 << 63 {
                self.take(cross * cross, length2);
            }
        }
    }

    /// Takes the squared distance `over / under` if it is nearer.
    fn take(&mut self, over: i128, under: i128) {
        let next = i128::from(self.best / 2 + 1);
        if over >= next * next * under {
            return;
        }
        let square = over / under;
        let root = square.isqrt();
        let is_exact = root * root == square && over % under == 0;
        let code = 2 * root as i64 + i64::from(!is_exact);
        self.best = self.best.min(code);
    }

    fn relative(&self, place: Coord) -> (i64, i64) {
        let x = i64::from(place.lon()) - i64::from(self.origin.lon());
        let y = i64::from(place.lat()) - i64::from(self.origin.lat());
        (
            to_quarters(x, self.scale.lon_mm),
            to_quarters(y, self.scale.lat_mm),
        )
    }
}

/// How many 1e-7 degrees at least hold `quarters` quarter millimetres at `mm` per degree.
pub(crate) fn to_units(quarters: i64, mm: i64) -> i64 {
    quarters * i64::from(UNITS_PER_DEGREE) / (mm.max(1) * QUARTERS_PER_MM) + 2
}

/// Whether two places are farther apart than `limit_mm`, by the scale at `later` (R9 of the watch).
pub fn farther_than(earlier: Coord, later: Coord, limit_mm: i64) -> bool {
    let scale = Scale::at(later);
    let x = i128::from(later.lon()) - i128::from(earlier.lon());
    let y = i128::from(later.lat()) - i128::from(earlier.lat());
    let (x, y) = (x * i128::from(scale.lon_mm), y * i128::from(scale.lat_mm));
    let limit = i128::from(limit_mm.clamp(0, WAY_MM_MAX)) * i128::from(UNITS_PER_DEGREE);
    x * x + y * y > limit * limit
}

fn to_quarters(units: i64, mm: i64) -> i64 {
    let half = i64::from(UNITS_PER_DEGREE) / 2;
    let product = units * mm * QUARTERS_PER_MM;
    (product + half).div_euclid(i64::from(UNITS_PER_DEGREE))
}

fn dot(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(lat: i32, lon: i32) -> Coord {
        Coord::new(lat, lon).expect("a place")
    }

    #[test]
    fn a_degree_of_latitude_is_its_length() {
        let (from, to) = (
            place(276_000_000, 1_114_000_000),
            place(276_100_000, 1_114_000_000),
        );
        let length_mm = Scale::at(to).lat_mm / 100;
        assert!(farther_than(from, to, length_mm - 1));
        assert!(!farther_than(from, to, length_mm + 1));
    }

    #[test]
    fn places_on_opposite_sides_of_the_earth_do_not_overflow() {
        let (west, east) = (
            place(-900_000_000, -1_800_000_000),
            place(900_000_000, 1_800_000_000),
        );
        assert!(farther_than(west, east, 1000));
        assert!(!farther_than(west, east, i64::MAX));
        let mut nearest = Nearest::new(place(0, 0), 1000);
        nearest.offer(west, east);
        assert_eq!(
            nearest.distance(),
            Distance(1),
            "the edge passes through the origin"
        );
    }

    #[test]
    fn comparisons_with_a_threshold_are_strict() {
        let exact = Distance(2 * 400);
        assert!(!exact.exceeds(400) && !exact.is_below(400));
        let above = Distance(2 * 400 + 1);
        assert!(above.exceeds(400) && !above.is_below(400) && above.is_below(401));
        assert!(above.inward().is_below(-400) && !above.inward().exceeds(-400));
    }
}
