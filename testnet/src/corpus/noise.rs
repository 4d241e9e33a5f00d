//! From a true way to what a device reports of it: the numbers of its errors, when it measures, and
//! when its report comes.

use super::Heard;
use super::chance::Chance;
use super::gateway::{Gateway, Told};
use super::path::{Path, Sky};
use super::receiver::Receiver;
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
    /// Share of devices that do not report quicker when they are told to.
    pub deaf: f64,
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
        deaf: 0.0,
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

    /// Devices of which this share can't be told to report quicker.
    #[must_use]
    pub const fn deaf(self, deaf: f64) -> Self {
        Self { deaf, ..self }
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

/// All reports of a device on a way, in the order of device time.
pub(super) fn hear(
    noise: &Noise,
    (path, mut gateway): (&Path, Gateway<'_>),
    chance: &mut Chance,
) -> Vec<Heard> {
    let (start, end) = path.span();
    let mut receiver = Receiver::new(noise, chance.fork(20), start);
    let mut delivery = chance.fork(21);
    let mut orders = chance.fork(22);
    let is_deaf = orders.happens(noise.deaf);
    let mut told: Option<Told> = None;
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
        let own = if still {
            noise.still_ms
        } else {
            noise.moving_ms
        };
        let wait = told
            .and_then(|told| told.interval_at(time))
            .unwrap_or(own)
            .min(own);
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
            truly: now.at.coord(),
            wait_ms: wait,
        };
        if reached {
            let answer = gateway.hear(&report, &mut orders).filter(|_| !is_deaf);
            told = answer.map(|answer| answer.after(told)).or(told);
            heard.push(report);
        } else {
            waiting.push(report);
        }
    }
    heard.extend(waiting);
    heard
}
