//! Truth read off a true way: when somebody really was where a fence forbids, and whether the rules
//! demand that it be told.

use super::land::{Place, distance_m};
use super::path::Path;
use super::{CURFEW_FENCE, HOME_FENCE, ORDER_FENCE, Truth, Weight};
use jiaolian_schema::fence::{Fence, FenceKind};
use jiaolian_schema::fix::{Point, Source};
use jiaolian_schema::permit::{PERMIT_LEAD_MS, Permit};

/// How finely a way is looked at, ms.
const TICK_MS: i64 = 10_000;
/// An escape is one from this length on, ms.
const ESCAPE_MS: i64 = 10 * 60_000;
/// A crossing shorter than this is none, ms.
const CROSSING_MS: i64 = 3 * 60_000;
/// An escape leads at least so far beyond the buffer, m.
const ESCAPE_M: f64 = 100.0;
/// An entry is one from this time well inside on, ms, and this is well inside, m.
const ENTRY_MS: i64 = 2 * 60_000;
const WELL_INSIDE_M: f64 = 30.0;
/// Time in the buffer of a forbidden place from which on either answer is right, ms.
const NEAR_MS: i64 = 5 * 60_000;

/// Who is so long well back is back, as the watch's clear has it, ms.
const BACK_MS: i64 = 2 * 60_000;

/// A stretch outside a fence that is being read.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: i64,
    /// First instant after the last one at which the fence was broken.
    to: i64,
    /// Since when it is broken without a break, the longest such time, and all of it.
    since: Option<i64>,
    longest_ms: i64,
    whole_ms: i64,
    farthest_m: f64,
    /// When the first time began that is long enough to be demanded.
    dwelt: Option<i64>,
    /// When it was first inside a forbidden place.
    entered: Option<i64>,
    well_since: Option<i64>,
    well_ms: i64,
    back_since: Option<i64>,
    strays: bool,
}

/// What an instant is to a fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// It does not bind: out of force, or a permit covers the place.
    Unbound,
    Broken,
    /// Between: neither broken nor back.
    Between,
    Back,
}

/// Every stretch that a fence forbids.
pub(super) fn truths(path: &Path, fences: &[Fence], permits: &[Permit]) -> Vec<Truth> {
    let fences = fences.iter();
    fences
        .flat_map(|fence| of_fence(path, fence, permits))
        .collect()
}

fn of_fence(path: &Path, fence: &Fence, permits: &[Permit]) -> Vec<Truth> {
    let (start, end) = path.span();
    let mut walk = path.walk();
    let (mut open, mut found): (Option<Stretch>, Vec<Truth>) = (None, Vec::new());
    let mut last: Option<(Place, f64)> = None;
    for time in (start..=end).step_by(TICK_MS as usize) {
        let at = walk.at(time).at;
        let distance = match last {
            Some((place, distance)) if place == at => distance,
            _ => distance_m(fence, at),
        };
        last = Some((at, distance));
        let side = side(fence, permits, (time, at, distance));
        if side == Side::Broken {
            let begun = || Stretch::begin(time, is_on_leave(permits, time));
            open.get_or_insert_with(begun).grow(time, distance);
        } else if let Some(stretch) = &mut open
            && (side == Side::Unbound || stretch.is_over(time, side))
        {
            found.push(stretch.end(fence));
            open = None;
        }
    }
    found.extend(open.map(|stretch| stretch.end(fence)));
    found
}

fn is_on_leave(permits: &[Permit], time: i64) -> bool {
    let holds = |permit: &Permit| (permit.from - PERMIT_LEAD_MS..=permit.to).contains(&time);
    permits.iter().any(holds)
}

fn side(fence: &Fence, permits: &[Permit], (time, at, distance): (i64, Place, f64)) -> Side {
    let buffer_m = f64::from(fence.buffer_mm()) / 1_000.0;
    let (is_beyond, is_back) = match fence.kind() {
        FenceKind::KeepIn => (distance > buffer_m, distance < -buffer_m / 2.0),
        FenceKind::KeepOut => (distance < buffer_m, distance > buffer_m * 1.5),
    };
    let point = Point::new(time, at.coord(), Some(1_000), Source::Gnss);
    let covers = |permit: &Permit| permit.covers(fence.id(), fence.kind(), &point);
    match (is_beyond, is_back) {
        _ if !fence.is_in_force(time) || permits.iter().any(covers) => Side::Unbound,
        (true, _) => Side::Broken,
        (_, true) => Side::Back,
        _ => Side::Between,
    }
}

impl Stretch {
    const fn begin(time: i64, strays: bool) -> Self {
        Self {
            from: time,
            to: time,
            since: None,
            longest_ms: 0,
            whole_ms: 0,
            farthest_m: f64::MIN,
            dwelt: None,
            entered: None,
            well_since: None,
            well_ms: 0,
            back_since: None,
            strays,
        }
    }

    fn grow(&mut self, time: i64, distance: f64) {
        self.to = time + TICK_MS;
        self.back_since = None;
        let since = *self.since.get_or_insert(time);
        self.longest_ms = self.longest_ms.max(self.to - since);
        self.whole_ms += TICK_MS;
        if self.to - since >= CROSSING_MS {
            self.dwelt.get_or_insert(since);
        }
        self.farthest_m = self.farthest_m.max(distance);
        if distance < 0.0 {
            self.entered.get_or_insert(time);
        }
        if distance < -WELL_INSIDE_M {
            let since = *self.well_since.get_or_insert(time);
            self.well_ms = self.well_ms.max(time - since);
        } else {
            self.well_since = None;
        }
    }

    /// Whether a person who breaks nothing now is back for good.
    fn is_over(&mut self, time: i64, side: Side) -> bool {
        (self.since, self.well_since) = (None, None);
        if side != Side::Back {
            self.back_since = None;
            return false;
        }
        time - *self.back_since.get_or_insert(time) >= BACK_MS
    }

    fn end(self, fence: &Fence) -> Truth {
        let buffer_m = f64::from(fence.buffer_mm()) / 1_000.0;
        let weight = match fence.kind() {
            FenceKind::KeepIn if self.whole_ms < CROSSING_MS => Weight::MustNot,
            FenceKind::KeepIn if self.longest_ms < ESCAPE_MS => Weight::May,
            FenceKind::KeepIn if self.farthest_m < buffer_m + ESCAPE_M => Weight::May,
            FenceKind::KeepOut if self.entered.is_none() && self.whole_ms < NEAR_MS => {
                Weight::MustNot
            }
            FenceKind::KeepOut if self.well_ms < ENTRY_MS => Weight::May,
            FenceKind::KeepIn | FenceKind::KeepOut => Weight::Must,
        };
        let (kind, fence) = match fence.id() {
            ORDER_FENCE => ("GEO_IN", ORDER_FENCE),
            CURFEW_FENCE => ("NIGHT_OUT", CURFEW_FENCE),
            _ if self.strays => ("LEAVE_DEV", HOME_FENCE),
            _ => ("GEO_OUT", HOME_FENCE),
        };
        Truth {
            kind,
            fence,
            from: self.entered.or(self.dwelt).unwrap_or(self.from),
            to: self.to,
            weight,
        }
    }
}
