//! Pace: how much may be under way, so that an urgent frame never waits behind bulk that is already
//! in the
//! network.
//!
//! QUIC's own controllers fill the narrowest queue of the path, and on 64 kbit/s that queue holds
//! seconds.
//! This one keeps bytes in flight at about rate × (shortest round trip + 100 ms): it compares each
//! round's
//! shortest round trip with the shortest of the last minute and steers the difference to the
//! target. Single
//! losses are the radio's and change nothing; many in one round mean a queue shorter than the
//! target. Every
//! half minute the window shrinks for two rounds, so that the shortest round trip is seen without
//! our own
//! queue in it.

use iroh::endpoint::{Controller, ControllerFactory, ControllerMetrics, RttEstimator};
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Delay that our own bytes may add at the narrowest queue.
const TARGET_MS: u64 = 100;
const WINDOW_PACKETS_FIRST: u64 = 4;
const WINDOW_PACKETS_MIN: u64 = 2;
const WINDOW_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How long a shortest round trip is believed: this long and as long again.
const BASE_S: u64 = 30;
/// A large window moves by at most this part of itself in a round.
const STEP_ONE_IN: u64 = 16;
const DRAIN_ROUNDS: u8 = 2;
/// Losses in one round that mean congestion: at least so many packets …
const LOSS_PACKETS_MIN: u64 = 3;
/// … and more than one byte in so many.
const LOSS_ONE_IN: u64 = 20;

/// Builds a pace for every path.
#[derive(Debug, Clone, Copy, Default)]
pub struct PaceFactory;

impl ControllerFactory for PaceFactory {
    fn build(self: Arc<Self>, now: Instant, mtu: u16) -> Box<dyn Controller> {
        Box::new(Pace::new(now, mtu))
    }
}

/// What one round trip showed.
#[derive(Debug, Clone, Copy)]
struct Round {
    started: Instant,
    rtt: Option<Duration>,
    acked: u64,
    lost: u64,
    /// Whether the window, and not the application, held something back.
    limited: bool,
}

impl Round {
    fn new(started: Instant) -> Self {
        Self {
            started,
            rtt: None,
            acked: 0,
            lost: 0,
            limited: false,
        }
    }
}

/// The congestion controller of one path.
#[derive(Debug, Clone)]
pub struct Pace {
    mtu: u64,
    window: u64,
    starting: bool,
    round: Round,
    base: Option<Duration>,
    base_before: Option<Duration>,
    base_since: Instant,
    last_rtt: Option<Duration>,
    drain_rounds: u8,
}

impl Pace {
    /// A pace that knows nothing of its path yet.
    pub fn new(now: Instant, mtu: u16) -> Self {
        let mtu = u64::from(mtu);
        Self {
            mtu,
            window: WINDOW_PACKETS_FIRST * mtu,
            starting: true,
            round: Round::new(now),
            base: None,
            base_before: None,
            base_since: now,
            last_rtt: None,
            drain_rounds: 0,
        }
    }

    fn acked(&mut self, now: Instant, sent: Instant, bytes: u64) {
        self.round.acked += bytes;
        // Small packets cross a slow link sooner than full ones, and would make every full one look
        // queued.
        if bytes * 2 >= self.mtu {
            let rtt = now.saturating_duration_since(sent);
            self.round.rtt = Some(self.round.rtt.map_or(rtt, |least| least.min(rtt)));
            self.base = Some(self.base.map_or(rtt, |least| least.min(rtt)));
            self.stop_starting(rtt);
        }
        if sent >= self.round.started {
            self.end_round(now);
        }
    }

    /// The window grows by half each round at first, so the first full packet that queued says
    /// enough.
    fn stop_starting(&mut self, rtt: Duration) {
        let Some(base) = self.base().filter(|_| self.starting) else {
            return;
        };
        let target = Duration::from_millis(TARGET_MS);
        if rtt.saturating_sub(base) > target {
            self.starting = false;
            let room = self
                .window
                .saturating_mul((base + target).as_micros() as u64);
            self.set_window(room / (rtt.as_micros() as u64).max(1));
        }
    }

    fn base(&self) -> Option<Duration> {
        self.base.into_iter().chain(self.base_before).min()
    }

    fn end_round(&mut self, now: Instant) {
        let round = std::mem::replace(&mut self.round, Round::new(now));
        let (Some(rtt), Some(base)) = (round.rtt, self.base()) else {
            return;
        };
        self.last_rtt = Some(rtt);
        if self.drain_rounds > 0 {
            self.drain_rounds -= 1;
            return;
        }
        self.steer(&round, rtt.saturating_sub(base));
        if now.duration_since(self.base_since) >= Duration::from_secs(BASE_S) {
            self.base_since = now;
            self.base_before = self.base.take();
            self.drain_rounds = DRAIN_ROUNDS;
        }
    }

    fn steer(&mut self, round: &Round, queue: Duration) {
        let target = Duration::from_millis(TARGET_MS);
        if round.lost >= LOSS_PACKETS_MIN * self.mtu
            && round.lost * LOSS_ONE_IN > round.acked + round.lost
        {
            self.starting = false;
            self.set_window(self.window * 7 / 10);
        } else if queue > target * 2 {
            self.set_window(self.window * 3 / 4);
        } else if queue > target {
            let excess = queue.saturating_sub(target).as_micros() as u64;
            let step = self.mtu.max(self.window / STEP_ONE_IN);
            self.set_window(self.window - (step * excess / (TARGET_MS * 1_000)).min(step));
        } else if round.limited && self.starting {
            self.set_window(self.window + round.acked / 2);
        } else if round.limited {
            let spare = target.saturating_sub(queue).as_micros() as u64;
            // Half a packet at most on a slow line: what it does shows only a round later.
            let step = (self.mtu / 2).max(self.window / STEP_ONE_IN);
            self.set_window(self.window + step * spare / (TARGET_MS * 1_000));
        }
    }

    fn set_window(&mut self, bytes: u64) {
        self.window = bytes.clamp(WINDOW_PACKETS_MIN * self.mtu, WINDOW_BYTES_MAX);
    }

    fn drained_window(&self) -> u64 {
        let (Some(base), Some(rtt)) = (self.base(), self.last_rtt) else {
            return self.window;
        };
        let empty = self.window.saturating_mul(base.as_micros() as u64);
        (empty / (rtt.as_micros() as u64).max(1) * 3 / 4).max(WINDOW_PACKETS_MIN * self.mtu)
    }
}

impl Controller for Pace {
    fn on_cwnd_limited(&mut self) {
        self.round.limited = true;
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        _number: u64,
        _app_limited: bool,
        _rtt: &RttEstimator,
    ) {
        self.acked(now, sent, bytes);
    }

    fn on_congestion_event(
        &mut self,
        _now: Instant,
        _sent: Instant,
        is_persistent_congestion: bool,
        _is_ecn: bool,
        lost_bytes: u64,
        _largest_lost: u64,
    ) {
        self.round.lost += lost_bytes;
        if is_persistent_congestion {
            self.starting = true;
            self.set_window(0);
        }
    }

    fn on_mtu_update(&mut self, mtu: u16) {
        self.mtu = u64::from(mtu);
        self.set_window(self.window);
    }

    fn window(&self) -> u64 {
        if self.drain_rounds > 0 {
            self.drained_window().min(self.window)
        } else {
            self.window
        }
    }

    fn metrics(&self) -> ControllerMetrics {
        let mut metrics = ControllerMetrics::default();
        metrics.congestion_window = self.window();
        metrics
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        WINDOW_PACKETS_FIRST * self.mtu
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A path with one queue: a line rate, a delay there and back, and room for so many bytes.
    struct Path {
        byte_us: u64,
        trip_us: u64,
        queue_bytes: u64,
        lose_one_in: u64,
    }

    /// What a greedy sender saw on a path.
    #[derive(Debug)]
    struct Seen {
        queue_ms_max: u64,
        early_queue_ms_max: u64,
        used_percent: u64,
        window: u64,
    }

    /// Sends as fast as the window lets for `seconds`; figures are of the second half.
    fn run(path: &Path, seconds: u64) -> Seen {
        const PACKET: u64 = 1_200;
        let zero = Instant::now();
        let at = |us: u64| zero + Duration::from_micros(us);
        let mut pace = Pace::new(zero, PACKET as u16);
        let (mut now, mut busy_until, mut in_flight, mut number) = (0, 0_u64, 0_u64, 0_u64);
        let mut coming: VecDeque<(u64, u64, bool)> = VecDeque::new();
        let (mut carried, mut queue_us_max, mut early_us_max) = (0, 0, 0);
        let half = seconds * 500_000;
        while now < seconds * 1_000_000 {
            while in_flight + PACKET <= pace.window() {
                let start = busy_until.max(now);
                let fits = (start - now) / path.byte_us <= path.queue_bytes;
                number += 1;
                let arrives = fits && number % path.lose_one_in != 0;
                if fits {
                    busy_until = start + PACKET * path.byte_us;
                }
                let back = start + PACKET * path.byte_us + path.trip_us;
                coming.push_back((back, now, arrives));
                in_flight += PACKET;
                if now > half {
                    queue_us_max = queue_us_max.max(start - now);
                } else {
                    early_us_max = early_us_max.max(start - now);
                }
            }
            pace.on_cwnd_limited();
            let (back, sent, arrives) = coming.pop_front().expect("the window lets something out");
            now = now.max(back);
            in_flight -= PACKET;
            if arrives {
                carried += if now > half { PACKET } else { 0 };
                pace.acked(at(now), at(sent), PACKET);
            } else {
                pace.on_congestion_event(at(now), at(sent), false, false, PACKET, number);
            }
        }
        let line = half / path.byte_us;
        Seen {
            queue_ms_max: queue_us_max / 1_000,
            early_queue_ms_max: early_us_max / 1_000,
            used_percent: carried * 100 / line,
            window: pace.window(),
        }
    }

    #[test]
    fn slow_satellite_line_is_used_with_a_short_queue() {
        for lose_one_in in [u64::MAX, 50] {
            let line = Path {
                byte_us: 125,
                trip_us: 600_000,
                queue_bytes: 16_000,
                lose_one_in,
            };
            let seen = run(&line, 240);
            assert!(
                seen.queue_ms_max <= 300 && seen.early_queue_ms_max <= 600,
                "{seen:?}"
            );
            assert!(seen.used_percent >= 80, "{seen:?}");
        }
    }

    #[test]
    fn faster_lines_are_used_too() {
        // 8 Mbit/s with 40 ms and with 2 ms.
        for (byte_us, trip_us) in [(1, 40_000), (1, 2_000)] {
            let line = Path {
                byte_us,
                trip_us,
                queue_bytes: 400_000,
                lose_one_in: u64::MAX,
            };
            let seen = run(&line, 60);
            assert!(
                seen.used_percent >= 80 && seen.queue_ms_max <= 300,
                "{seen:?}"
            );
        }
    }

    #[test]
    fn queue_shorter_than_the_target_does_not_drown() {
        let line = Path {
            byte_us: 1,
            trip_us: 40_000,
            queue_bytes: 20_000,
            lose_one_in: u64::MAX,
        };
        let seen = run(&line, 60);
        assert!(
            seen.used_percent >= 60 && seen.window <= 100_000,
            "{seen:?}"
        );
    }
}
