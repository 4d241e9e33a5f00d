//! What a receiver makes of a true place: how far it errs by the sky above and the time since its
//! last fix, and what it believes of its error.

use super::chance::Chance;
use super::land::Place;
use super::noise::Noise;
use super::path::{Now, Sky};
use jiaolian_schema::fix::{Point, Source};

/// Of an error under open sky and among high houses, what stays after a minute.
const OPEN_STAYS: f64 = 0.6;
const CANYON_STAYS: f64 = 0.05;

fn minutes(ms: i64) -> f64 {
    ms.max(0) as f64 / 60_000.0
}

/// Shares are of reports a minute apart: of quicker ones each has its part.
fn share(passed: i64) -> f64 {
    minutes(passed).min(1.0)
}

/// What a receiver carries from fix to fix.
pub(super) struct Receiver<'a> {
    noise: &'a Noise,
    chance: Chance,
    /// Never says how accurate it is.
    mute: bool,
    error: (f64, f64),
    drift: (f64, f64),
    drift_goal: (f64, f64),
    /// Until when the goal of the drift holds, ms UTC.
    drift_until: i64,
    burst: (f64, f64),
    /// Until when mirrored ones come, ms UTC.
    burst_until: i64,
    /// What it measured by last under a roof, thrown in `[0, 1)`.
    roof: f64,
    last: i64,
    pub(super) sky: Sky,
}

impl<'a> Receiver<'a> {
    pub(super) fn new(noise: &'a Noise, mut chance: Chance, start: i64) -> Self {
        Self {
            noise,
            mute: chance.happens(noise.mute),
            chance,
            error: (0.0, 0.0),
            drift: (0.0, 0.0),
            drift_goal: (0.0, 0.0),
            drift_until: start,
            burst: (0.0, 0.0),
            burst_until: start,
            roof: 1.0,
            last: start,
            sky: Sky::Indoor,
        }
    }

    fn within(&mut self, (low, high): (f64, f64)) -> f64 {
        self.chance.within(low, high)
    }

    /// What it makes of a place at an instant.
    pub(super) fn measure(&mut self, time: i64, now: Now) -> Option<Point> {
        let noise = self.noise;
        let before = std::mem::replace(&mut self.sky, now.sky);
        self.turn_drift(time, now.sky);
        let passed = time - std::mem::replace(&mut self.last, time);
        if self.chance.happens(noise.outlier * share(passed)) {
            let metres = self.within(noise.outlier_m);
            let off = self.chance.anywhere(metres);
            return Some(self.point(time, now.at, off, (15.0, Source::Gnss)));
        }
        if before == Sky::Tunnel {
            let metres = self.within(noise.tunnel_m);
            let off = self.chance.anywhere(metres);
            let believed = self.within((30.0, 80.0));
            return Some(self.point(time, now.at, off, (believed, Source::Gnss)));
        }
        match now.sky {
            Sky::Indoor => self.under_roof((time, passed), now.at),
            Sky::Canyon => Some(self.among_houses((time, passed), now.at)),
            Sky::Open | Sky::Valley | Sky::Tunnel => Some(self.outdoors((time, passed), now.at)),
        }
    }

    fn outdoors(&mut self, (time, passed): (i64, i64), at: Place) -> Point {
        let noise = self.noise;
        if self.chance.happens(noise.cell * share(passed)) {
            return self.by_cell(time, at);
        }
        let (east, north) = self.error;
        let last = (east.clamp(-30.0, 30.0), north.clamp(-30.0, 30.0));
        self.error = self.goes_on(last, OPEN_STAYS.powf(minutes(passed)), noise.open_m);
        let believed = self.within((6.0, 15.0));
        self.point(time, at, self.error, (believed, Source::Gnss))
    }

    /// An error of this deviation of which so much of the last one stays.
    fn goes_on(&mut self, last: (f64, f64), stays: f64, deviation_m: f64) -> (f64, f64) {
        let fresh = deviation_m * (1.0 - stays * stays).sqrt();
        let east = last.0 * stays + fresh * self.chance.normal();
        (east, last.1 * stays + fresh * self.chance.normal())
    }

    fn among_houses(&mut self, (time, passed): (i64, i64), at: Place) -> Point {
        let noise = self.noise;
        if time >= self.burst_until && self.chance.happens(noise.burst * share(passed)) {
            let metres = self.within(noise.burst_m);
            self.burst = self.chance.anywhere(metres);
            self.burst_until = time + self.chance.minutes(1.0, 4.0);
        }
        let bound = 4.0 * noise.canyon_m;
        let (east, north) = self.error;
        let last = (east.clamp(-bound, bound), north.clamp(-bound, bound));
        let stays = CANYON_STAYS.powf(minutes(passed));
        self.error = self.goes_on(last, stays, noise.canyon_m);
        let mut off = self.error;
        if time < self.burst_until {
            off = (off.0 + self.burst.0, off.1 + self.burst.1);
        }
        let believed = self.within((20.0, 60.0));
        self.point(time, at, off, (believed, Source::Gnss))
    }

    fn under_roof(&mut self, (time, passed): (i64, i64), at: Place) -> Option<Point> {
        let noise = self.noise;
        let (wifi, cell, none) = noise.roof;
        if self.chance.happens(share(passed)) {
            self.roof = self.chance.part();
        }
        let thrown = self.roof;
        if thrown < none {
            return None;
        }
        if thrown < none + cell {
            return Some(self.by_cell(time, at));
        }
        if thrown < none + cell + wifi {
            let metres = if self.chance.happens(noise.moved_network) {
                self.within(noise.moved_network_m)
            } else {
                25.0 * self.chance.normal().abs()
            };
            let off = self.chance.anywhere(metres);
            let believed = self.within((30.0, 100.0));
            return Some(self.point(time, at, off, (believed, Source::Wifi)));
        }
        let off = (
            self.drift.0 + 8.0 * self.chance.normal(),
            self.drift.1 + 8.0 * self.chance.normal(),
        );
        self.error = off;
        let believed = (off.0.hypot(off.1) * self.within(noise.belief) + 8.0).max(15.0);
        Some(self.point(time, at, off, (believed, Source::Gnss)))
    }

    fn by_cell(&mut self, time: i64, at: Place) -> Point {
        let metres = self.within(self.noise.cell_m);
        let off = self.chance.anywhere(metres);
        let believed = self.within((400.0, 1_200.0));
        self.point(time, at, off, (believed, Source::Cell))
    }

    /// Moves the slow error under a roof towards its goal, and sets another goal now and then.
    fn turn_drift(&mut self, time: i64, sky: Sky) {
        if sky != Sky::Indoor {
            (self.drift, self.drift_until) = ((0.0, 0.0), time);
            return;
        }
        if time >= self.drift_until {
            let noise = self.noise;
            let metres = if self.chance.happens(noise.drift) {
                self.within(noise.drift_m)
            } else {
                self.within((0.0, 40.0))
            };
            self.drift_goal = self.chance.anywhere(metres);
            self.drift_until = time + self.chance.minutes(60.0, 180.0);
        }
        let gone = (time - self.last).max(0) as f64 / self.noise.drift_ms as f64;
        let near = 1.0 - (-gone).exp();
        self.drift.0 += (self.drift_goal.0 - self.drift.0) * near;
        self.drift.1 += (self.drift_goal.1 - self.drift.1) * near;
    }

    /// A report of a place that is off by so much.
    fn point(
        &self,
        time: i64,
        at: Place,
        off: (f64, f64),
        (believed_m, source): (f64, Source),
    ) -> Point {
        let accuracy_mm = (!self.mute).then_some((believed_m * 1_000.0) as u32);
        Point::new(time, at.moved(off).coord(), accuracy_mm, source)
    }
}
