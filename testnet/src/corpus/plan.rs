//! Making a true way, one errand after another.

use super::chance::Chance;
use super::land::{Ground, Place};
use super::movement::Movement;
use super::path::{Path, Sky, Step};

/// Tries for a way that keeps to what it should.
const TRIES: usize = 12;
/// Distance between two looks at a straight way, m.
const LOOK_M: f64 = 60.0;
/// Share of walks among high houses.
const CANYON_SHARE: f64 = 0.3;

/// A way that is being made.
pub(super) struct Plan<'a> {
    pub(super) ground: &'a Ground,
    pub(super) movement: &'a Movement,
    pub(super) chance: Chance,
    pub(super) home: Place,
    path: Path,
    at: Place,
    time: i64,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        ground: &'a Ground,
        movement: &'a Movement,
        (home, start): (Place, i64),
        chance: Chance,
    ) -> Self {
        Self {
            ground,
            movement,
            chance,
            home,
            path: Path::default(),
            at: home,
            time: start,
        }
    }

    pub(super) const fn time(&self) -> i64 {
        self.time
    }

    /// The way, ended at an instant at home.
    pub(super) fn end(mut self, time: i64) -> Path {
        self.stay_until(time, Sky::Indoor);
        self.mark(Sky::Indoor);
        self.path
    }

    fn mark(&mut self, sky: Sky) {
        self.path.steps.push(Step {
            time: self.time,
            at: self.at,
            sky,
        });
    }

    /// Stays until an instant, if that is still to come.
    pub(super) fn stay_until(&mut self, time: i64, sky: Sky) {
        if time > self.time {
            self.mark(sky);
            self.time = time;
        }
    }

    /// Stays so many minutes.
    pub(super) fn stay(&mut self, (low, high): (f64, f64), sky: Sky) {
        let span = self.chance.minutes(low, high);
        self.stay_until(self.time + span, sky);
    }

    /// Goes straight to a place.
    pub(super) fn go(&mut self, to: Place, metres_per_second: f64, sky: Sky) {
        self.mark(sky);
        let metres = self.at.metres_to(to);
        self.time += (metres / metres_per_second * 1_000.0) as i64 + 1;
        self.at = to;
    }

    /// A sky for a walk.
    pub(super) fn street(&mut self) -> Sky {
        if self.chance.happens(CANYON_SHARE) {
            Sky::Canyon
        } else {
            Sky::Open
        }
    }

    /// Rides along places: now and then a tunnel, a valley without network, high houses, a stop.
    pub(super) fn ride(&mut self, way: &[Place], metres_per_second: f64) {
        let mut sky = Sky::Open;
        let mut left_m = 0.0;
        for place in way {
            if left_m <= 0.0 {
                (sky, left_m) = self.stretch();
            }
            left_m -= self.at.metres_to(*place);
            self.go(*place, metres_per_second, sky);
            if self.chance.happens(0.08) {
                self.stay((0.3, 1.0), Sky::Open);
            }
        }
    }

    /// The next sky of a ride and its length, m.
    fn stretch(&mut self) -> (Sky, f64) {
        let (sky, low, high) = match self.chance.below(100) {
            0..4 => (Sky::Tunnel, 300.0, 1_500.0),
            4..8 => (Sky::Valley, 1_000.0, 4_000.0),
            8..25 => (Sky::Canyon, 300.0, 1_500.0),
            _ => (Sky::Open, 800.0, 4_000.0),
        };
        (sky, self.chance.within(low, high))
    }

    /// Walks a trip of the tracks from where it is, stays there, and comes back the same way; only
    /// where all of it keeps to a rule.
    pub(super) fn errand(&mut self, keeps: impl Fn(Place) -> bool) {
        for _ in 0..TRIES {
            let way = self.movement.trip(self.at, &mut self.chance);
            if !way.windows(2).all(|pair| is_kept(pair[0], pair[1], &keeps)) {
                continue;
            }
            let sky = self.street();
            for place in way.iter().skip(1) {
                self.pace(*place, sky);
            }
            let there = if self.chance.happens(0.6) {
                Sky::Indoor
            } else {
                self.street()
            };
            self.stay((4.0, 70.0), there);
            for place in way.iter().rev().skip(1) {
                self.pace(*place, sky);
            }
            return;
        }
    }

    fn pace(&mut self, to: Place, sky: Sky) {
        self.mark(sky);
        self.time += Movement::step_ms();
        self.at = to;
    }

    /// Places 300 m apart on the straight way to a place, which is the last.
    pub(super) fn straight(&self, to: Place) -> Vec<Place> {
        let count = (self.at.metres_to(to) / 300.0).ceil().max(1.0);
        let part = |n: usize| self.at.between(to, n as f64 / count);
        (1..=count as usize).map(part).collect()
    }
}

/// Whether all of a straight way keeps to a rule.
pub(super) fn is_kept(from: Place, to: Place, keeps: &impl Fn(Place) -> bool) -> bool {
    let count = (from.metres_to(to) / LOOK_M).ceil().max(1.0);
    (0..=count as usize).all(|n| keeps(from.between(to, n as f64 / count)))
}
