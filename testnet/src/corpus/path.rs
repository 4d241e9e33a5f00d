//! A true way: where somebody was at every instant, and what the sky above was like.

use super::land::Place;

/// What a receiver sees from a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sky {
    /// Nothing in the way.
    Open,
    /// High houses that mirror.
    Canyon,
    /// A roof.
    Indoor,
    /// Nothing at all.
    Tunnel,
    /// All satellites and no network: reports wait on the device.
    Valley,
}

/// A place at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) time: i64,
    pub(super) at: Place,
    /// The sky from here to the next step.
    pub(super) sky: Sky,
}

/// A way of straight steps, ascending in time.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
}

/// Faster than this is moving, m/s.
const MOVING_M_S: f64 = 0.2;

impl Path {
    /// First and last instant, ms UTC.
    pub(super) fn span(&self) -> (i64, i64) {
        let time = |step: Option<&Step>| step.map_or(0, |step| step.time);
        (time(self.steps.first()), time(self.steps.last()))
    }

    /// Reads it in ascending order of time.
    pub(super) fn walk(&self) -> Walk<'_> {
        Walk {
            path: self,
            next: 1,
        }
    }
}

/// A reader that goes along a path.
pub(super) struct Walk<'a> {
    path: &'a Path,
    next: usize,
}

/// Where somebody is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) at: Place,
    pub(super) sky: Sky,
    pub(super) moving: bool,
}

impl Walk<'_> {
    /// Where somebody is at an instant not before the last one asked for; the end after the end.
    pub(super) fn at(&mut self, time: i64) -> Now {
        let steps = &self.path.steps;
        while self.next + 1 < steps.len() && steps[self.next].time <= time {
            self.next += 1;
        }
        let (Some(from), Some(to)) = (steps.get(self.next - 1), steps.get(self.next)) else {
            let step = steps[0];
            return Now {
                at: step.at,
                sky: step.sky,
                moving: false,
            };
        };
        let span = (to.time - from.time).max(1) as f64;
        let part = ((time - from.time) as f64 / span).clamp(0.0, 1.0);
        let moving = from.at.metres_to(to.at) / (span / 1_000.0) > MOVING_M_S;
        Now {
            at: from.at.between(to.at, part),
            sky: from.sky,
            moving,
        }
    }
}
