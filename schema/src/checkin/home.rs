//! Where a person may be at the instant of a check-in: in every area that binds them then, or where
//! a leave lets them be.

use crate::fence::{Fence, FenceKind, Fences};
use crate::fix::Point;
use crate::permit::Permit;

/// Farthest distance that is compared, mm: nothing is said of a place less accurate than that.
const REACH_MM_MAX: i64 = 9_000_000;

/// Whether a person may be at a point at its time: within buffer and accuracy of each `keep_in` fence
/// in force that no permit lifts there (K7). Where no fence binds, anywhere.
pub fn may_be(fences: &Fences, permits: &[Permit], person: &str, point: &Point) -> bool {
    let mut in_force = fences.at(point.time);
    in_force.all(|(id, fence)| {
        let binding = fence.filter(|fence| binds(fence, point.time));
        binding.is_none_or(|fence| is_near(fence, point) || is_lifted(id, permits, person, point))
    })
}

fn binds(fence: &Fence, time: i64) -> bool {
    fence.kind() == FenceKind::KeepIn && fence.is_in_force(time)
}

fn is_near(fence: &Fence, point: &Point) -> bool {
    let reach_mm = i64::from(fence.buffer_mm()) + i64::from(point.accuracy_mm);
    let reach_mm = reach_mm.min(REACH_MM_MAX);
    let reach = 4 * reach_mm;
    !fence.shape().distance(point.at, 0, reach).exceeds(reach)
}

fn is_lifted(fence: &str, permits: &[Permit], person: &str, point: &Point) -> bool {
    let mut permits = permits.iter().filter(|permit| permit.person == person);
    permits.any(|permit| permit.covers(fence, FenceKind::KeepIn, point))
}
