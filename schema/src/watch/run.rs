//! Runs of fixes that say the same (R13, R15).

use minicbor::{Decode, Encode};

use crate::fix::Point;

/// Longest gap between two candidates of one run, ms.
pub(super) const RUN_GAP_MS_MAX: i64 = 30 * 60_000;

/// A run of points, oldest first; only those that prove it are kept.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Run {
    #[n(0)]
    first: Point,
    #[n(1)]
    before_last: Point,
    #[n(2)]
    last: Point,
    #[n(3)]
    count: u32,
}

impl Run {
    const fn of(point: Point) -> Self {
        Self {
            first: point,
            before_last: point,
            last: point,
            count: 1,
        }
    }

    /// Adds a point, or starts anew with it where the gap is too long; `None` bridges any gap.
    pub(super) fn extend(run: &mut Option<Self>, point: &Point, gap_ms_max: Option<i64>) {
        let bridged = |run: &&mut Self| {
            gap_ms_max.is_none_or(|gap| point.time.saturating_sub(run.last.time) <= gap)
        };
        match run.as_mut().filter(bridged) {
            Some(run) => {
                run.before_last = run.last;
                run.last = *point;
                run.count = run.count.saturating_add(1);
            }
            None => *run = Some(Self::of(*point)),
        }
    }

    /// Whether it has at least so many points over at least such a span, ms.
    pub(super) fn reaches(run: Option<&Self>, count: u32, span_ms: i64) -> Option<&Self> {
        run.filter(|run| {
            run.count >= count && run.last.time.saturating_sub(run.first.time) >= span_ms
        })
    }

    pub(super) fn began(&self) -> i64 {
        self.first.time
    }

    pub(super) fn evidence(&self) -> Vec<Point> {
        let mut points = vec![self.first, self.before_last, self.last];
        points.dedup();
        points
    }
}
