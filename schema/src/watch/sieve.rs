//! Which fixes are judged (R7 to R9).

use minicbor::{Decode, Encode};

use super::Unused;
use crate::fix::Point;
use crate::geo::farther_than;

/// Fastest believed movement, mm/ms (60 m/s).
const SPEED_MM_PER_MS_MAX: i64 = 60;

/// The last fixes, as far as the next one is measured against them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub(super) struct Sieve {
    #[n(0)]
    used: Option<Point>,
    /// The fix before the next one, where it was itself a jump.
    #[n(1)]
    jump: Option<Point>,
}

pub(super) enum Sifted {
    Used,
    Unused(Unused),
    Late,
}

impl Sieve {
    /// The latest fix that was used or a jump.
    pub(super) fn last(&self) -> Option<&Point> {
        self.jump.as_ref().or(self.used.as_ref())
    }

    /// The last fix that was used.
    pub(super) fn used(&self) -> Option<&Point> {
        self.used.as_ref()
    }

    /// Whether it comes before, or in the place of, one already judged.
    pub(super) fn is_late(&self, point: &Point) -> bool {
        let last = self.last().filter(|_| point.is_accurate_enough());
        last.is_some_and(|last| point.order() < last.order())
    }

    pub(super) fn sift(&mut self, point: &Point) -> Sifted {
        if !point.is_accurate_enough() {
            return Sifted::Unused(Unused::Inaccurate);
        }
        if let Some(last) = self.last().filter(|last| point.time <= last.time) {
            return match point.order().cmp(&last.order()) {
                _ if point.time < last.time => Sifted::Late,
                std::cmp::Ordering::Less => Sifted::Late,
                std::cmp::Ordering::Equal => Sifted::Unused(Unused::Double),
                std::cmp::Ordering::Greater => Sifted::Unused(Unused::Rival),
            };
        }
        let is_first = self.used.is_none();
        let agrees =
            |earlier: &Option<Point>| earlier.is_some_and(|earlier| !is_jump(&earlier, point));
        if is_first || agrees(&self.used) || agrees(&self.jump) {
            *self = Self {
                used: Some(*point),
                jump: None,
            };
            Sifted::Used
        } else {
            self.jump = Some(*point);
            Sifted::Unused(Unused::Jump)
        }
    }
}

fn is_jump(earlier: &Point, later: &Point) -> bool {
    let elapsed_ms = later.time.saturating_sub(earlier.time);
    let way_mm = elapsed_ms.saturating_mul(SPEED_MM_PER_MS_MAX);
    let spare_mm = i64::from(earlier.accuracy_mm) + i64::from(later.accuracy_mm);
    farther_than(earlier.at, later.at, way_mm.saturating_add(spare_mm))
}
