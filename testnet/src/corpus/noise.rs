//! From a true way to what a device reports of it: when it measures, how far it errs, what it
//! believes of its error, and when its report comes.

use super::Heard;
use super::chance::Chance;
use super::land::Place;
use super::path::{Now, Path, Sky};
use jiaolian_schema::fix::{Point, Source};
use jiaolian_schema::signal::Signs;

/// How finely a way is looked at, ms.
const TICK_MS: i64 = 10_000;

/// Errors of a device and its network. Lengths are metres, shares are of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Time between reports while it moves, ms.
    pub moving_ms: i64,
    /// Time between reports while it is still, ms.
    pub still_ms: i64,
    /// How long without motion until it is still, ms.
    pub still_after_ms: i64,
    /// Deviation on each axis under open sky, and the share of the last error that stays.
    pub open_m: f64,
    /// Deviation on each axis among high houses.
    pub canyon_m: f64,
    /// Share of fixes among high houses that begin a burst of mirrored ones.
    pub burst: f64,
    /// How far a burst lies off.
    pub burst_m: (f64, f64),
    /// Share of stays under a roof in which the position drifts away.
    pub drift: f64,
    /// How far it drifts.
    pub drift_m: (f64, f64),
    /// How long a drift takes to build up and to go, ms.
    pub drift_ms: i64,
    /// Of its error under a roof, how much a device believes.
    pub belief: (f64, f64),
    /// Share of devices that never say how accurate they are, as the form of vehicles has no word
    /// for it.
    pub mute: f64,
    /// Shares of reports under a roof: Wi-Fi, cell, none; the rest are satellites.
    pub roof: (f64, f64, f64),
    /// Share of Wi-Fi positions whose network has moved, and how far.
    pub moved_network: f64,
    /// See [`Self::moved_network`].
    pub moved_network_m: (f64, f64),
    /// Share of fixes outdoors that come from a cell, and how far they lie off.
    pub cell: f64,
    /// See [`Self::cell`].
    pub cell_m: (f64, f64),
    /// How far the first fix after a tunnel lies off.
    pub tunnel_m: (f64, f64),
    /// Share of fixes that lie kilometres off, alone.
    pub outlier: f64,
    /// How far these lie off.
    pub outlier_m: (f64, f64),
}

impl Noise {
    /// The numbers of `docs/corpus.md`.
    pub const STATED: Self = Self {
        moving_ms: 60_000,
        still_ms: 600_000,
        still_after_ms: 300_000,
        open_m: 3.0,
        canyon_m: 18.0,
        burst: 0.02,
        burst_m: (80.0, 250.0),
        drift: 0.15,
        drift_m: (50.0, 300.0),
        drift_ms: 600_000,
        belief: (0.5, 1.2),
        mute: 0.5,
        roof: (0.22, 0.08, 0.10),
        moved_network: 0.015,
        moved_network_m: (500.0, 3_000.0),
        cell: 0.003,
        cell_m: (200.0, 500.0),
        tunnel_m: (50.0, 150.0),
        outlier: 0.000_5,
        outlier_m: (1_000.0, 5_000.0),
    };

    /// Devices that take half of their error under a roof for all of it, and say so.
    #[must_use]
    pub const fn overconfident(self) -> Self {
        let (low, high) = self.belief;
        Self {
            belief: (low / 2.0, high / 2.0),
            mute: 0.0,
            ..self
        }
    }

    /// Devices that report so often, in motion and at rest, ms.
    #[must_use]
    pub const fn reporting(self, moving_ms: i64, still_ms: i64) -> Self {
        Self {
            moving_ms,
            still_ms,
            ..self
        }
    }
}

/// What a receiver carries from fix to fix.
struct Receiver<'a> {
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
    burst_left: usize,
    last: i64,
    sky: Sky,
}

/// All reports of a device on a way, in the order of device time.
pub(super) fn hear(noise: &Noise, path: &Path, chance: &mut Chance) -> Vec<Heard> {
    let (start, end) = path.span();
    let mut receiver = Receiver::new(noise, chance.fork(20), start);
    let mut delivery = chance.fork(21);
    let mut walk = path.walk();
    let (mut heard, mut waiting): (Vec<Heard>, Vec<Heard>) = (Vec::new(), Vec::new());
    let (mut last, mut moved) = (start - noise.still_ms, start - noise.still_after_ms);
    for time in (start..=end).step_by(TICK_MS as usize) {
        let now = walk.at(time);
        if now.moving {
            moved = time;
        }
        let reached = now.sky != Sky::Valley && now.sky != Sky::Tunnel;
        if reached && !waiting.is_empty() {
            let arrives = time + delivery.minutes(0.05, 0.3);
            heard.extend(waiting.drain(..).map(|late| Heard {
                received_at: arrives,
                live: arrives - late.time < 60_000,
                ..late
            }));
        }
        let still = time - moved >= noise.still_after_ms;
        let wait = if still {
            noise.still_ms
        } else {
            noise.moving_ms
        };
        if time - last < wait || now.sky == Sky::Tunnel {
            receiver.sky = if now.sky == Sky::Tunnel {
                now.sky
            } else {
                receiver.sky
            };
            continue;
        }
        last = time;
        let at = time + (delivery.part() * 3_000.0) as i64;
        let report = Heard {
            time: at,
            received_at: at + delivery.minutes(0.02, 0.1),
            live: true,
            point: receiver.measure(at, now),
            signs: Signs::NONE,
        };
        if reached {
            heard.push(report);
        } else {
            waiting.push(report);
        }
    }
    heard.extend(waiting);
    heard
}

impl<'a> Receiver<'a> {
    fn new(noise: &'a Noise, mut chance: Chance, start: i64) -> Self {
        Self {
            noise,
            mute: chance.happens(noise.mute),
            chance,
            error: (0.0, 0.0),
            drift: (0.0, 0.0),
            drift_goal: (0.0, 0.0),
            drift_until: start,
            burst: (0.0, 0.0),
            burst_left: 0,
            last: start,
            sky: Sky::Indoor,
        }
    }

    fn within(&mut self, (low, high): (f64, f64)) -> f64 {
        self.chance.within(low, high)
    }

    /// What it makes of a place at an instant.
    fn measure(&mut self, time: i64, now: Now) -> Option<Point> {
        let noise = self.noise;
        let before = std::mem::replace(&mut self.sky, now.sky);
        self.turn_drift(time, now.sky);
        self.last = time;
        if self.chance.happens(noise.outlier) {
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
            Sky::Indoor => self.under_roof(time, now.at),
            Sky::Canyon => Some(self.among_houses(time, now.at)),
            Sky::Open | Sky::Valley | Sky::Tunnel => Some(self.outdoors(time, now.at)),
        }
    }

    fn outdoors(&mut self, time: i64, at: Place) -> Point {
        let noise = self.noise;
        if self.chance.happens(noise.cell) {
            return self.by_cell(time, at);
        }
        let fresh = noise.open_m * 0.8;
        self.error = (
            self.error.0.clamp(-30.0, 30.0) * 0.6 + fresh * self.chance.normal(),
            self.error.1.clamp(-30.0, 30.0) * 0.6 + fresh * self.chance.normal(),
        );
        let believed = self.within((6.0, 15.0));
        self.point(time, at, self.error, (believed, Source::Gnss))
    }

    fn among_houses(&mut self, time: i64, at: Place) -> Point {
        let noise = self.noise;
        if self.burst_left == 0 && self.chance.happens(noise.burst) {
            let metres = self.within(noise.burst_m);
            self.burst = self.chance.anywhere(metres);
            self.burst_left = 2 + self.chance.below(3);
        }
        let mut off = (
            noise.canyon_m * self.chance.normal(),
            noise.canyon_m * self.chance.normal(),
        );
        if self.burst_left > 0 {
            self.burst_left -= 1;
            off = (off.0 + self.burst.0, off.1 + self.burst.1);
        }
        self.error = off;
        let believed = self.within((20.0, 60.0));
        self.point(time, at, off, (believed, Source::Gnss))
    }

    fn under_roof(&mut self, time: i64, at: Place) -> Option<Point> {
        let noise = self.noise;
        let (wifi, cell, none) = noise.roof;
        let thrown = self.chance.part();
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
