//! What one fix is to one fence: the table of R12 in whole quarter millimetres.

use super::{Fence, FenceKind};
use crate::fix::Grade;
use crate::geo::{Coord, Distance};

/// What a fix is to a fence that binds it. A coarse candidate counts for a suspicion only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Candidate well inside a `keep_out` fence; a near one too.
    Core,
    /// Candidate for an exit, or near a `keep_out` fence.
    Candidate,
    /// Neither counts nor breaks.
    Neutral,
    /// Ends runs.
    Back,
    /// Ends runs and counts for a clear.
    Clear,
}

impl Verdict {
    /// Whether it counts towards an exit, an entry or a suspicion.
    pub const fn is_candidate(self) -> bool {
        matches!(self, Self::Core | Self::Candidate)
    }
}

/// Distance thresholds are in quarter millimetres; half a buffer in mm is 2 of them.
pub(super) fn judge(fence: &Fence, at: Coord, accuracy_mm: u32, grade: Grade) -> Verdict {
    let (a, b) = (i64::from(accuracy_mm), i64::from(fence.buffer_mm));
    // Nothing larger is ever used (R7), and the index answers only so far.
    let a = a.min(i64::from(crate::fix::ACCURACY_USED_MM_MAX));
    let certain = match grade {
        Grade::Fine => 0,
        Grade::Coarse => 4 * a,
    };
    match fence.kind {
        FenceKind::KeepIn => {
            let d = fence.shape.distance(at, 2 * b + certain, 4 * (b + a));
            keep_in(d, a, b, grade, certain)
        }
        FenceKind::KeepOut => {
            let outside = (6 * b + certain).max(4 * (b - a));
            keep_out(fence.shape.distance(at, 4 * a, outside), a, b, certain)
        }
    }
}

fn keep_in(d: Distance, a: i64, b: i64, grade: Grade, certain: i64) -> Verdict {
    let is_back = match grade {
        Grade::Fine => !d.exceeds(0),
        Grade::Coarse => d.is_below(-certain),
    };
    if d.exceeds(4 * (b + a)) {
        Verdict::Candidate
    } else if d.is_below(-2 * b - certain) {
        Verdict::Clear
    } else if is_back {
        Verdict::Back
    } else {
        Verdict::Neutral
    }
}

fn keep_out(d: Distance, a: i64, b: i64, certain: i64) -> Verdict {
    if d.is_below(-4 * a) {
        Verdict::Core
    } else if d.is_below(4 * (b - a)) {
        Verdict::Candidate
    } else if d.exceeds(6 * b + certain) {
        Verdict::Clear
    } else if d.exceeds(4 * b + certain) {
        Verdict::Back
    } else {
        Verdict::Neutral
    }
}
