//! How often a device may report and a stranger may ask, in a bounded amount of memory. Devices that
//! were taken in before don't share the allowance of strangers behind the same address.

use super::Limits;
use jiaolian_schema::device::Card;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Most devices that are remembered: 64 B each.
pub const DEVICES_REMEMBERED_MAX: usize = 65_536;
/// Most addresses of strangers that are remembered; the rest share one allowance.
pub const STRANGERS_REMEMBERED_MAX: usize = 4_096;
/// Parts of a report in which an allowance is counted.
const PARTS: u64 = 1_000;
/// The allowance of all strangers that there is no room to remember.
const CROWD: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// A limiter that the connections of one door share, with a time that never steps.
#[derive(Debug)]
pub(super) struct Meter {
    limiter: Mutex<Limiter>,
    started: Instant,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limiter: Mutex::new(Limiter::new(limits)),
            started: Instant::now(),
        }
    }

    /// Acts on the limiter with the ms since its start.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Limiter, u64) -> T) -> T {
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A poisoned limiter still counts.
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut limiter, now_ms)
    }
}

/// Allowances that fill up with time.
#[derive(Debug)]
pub(super) struct Limiter {
    limits: Limits,
    devices: HashMap<Card, Bucket>,
    strangers: HashMap<IpAddr, Bucket>,
    swept_at: u64,
}

/// One allowance, in parts of a report.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    parts: u64,
    at_ms: u64,
}

/// An average per second and a size.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_s: u64,
    burst: u64,
}

impl Bucket {
    const fn full(rate: Rate, now_ms: u64) -> Self {
        Self {
            parts: rate.burst * PARTS,
            at_ms: now_ms,
        }
    }

    fn fill(&mut self, rate: Rate, now_ms: u64) {
        let passed_ms = now_ms.saturating_sub(self.at_ms);
        // A part is a thousandth of a report, so parts a ms are reports a second.
        let gained = passed_ms.saturating_mul(rate.per_s);
        self.parts = self.parts.saturating_add(gained).min(rate.burst * PARTS);
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// Takes reports off, or gives the wait in s until they could be. More than the burst counts as
    /// the burst.
    fn take(&mut self, rate: Rate, reports: u64, now_ms: u64) -> Result<(), u64> {
        self.fill(rate, now_ms);
        let wanted = reports.min(rate.burst) * PARTS;
        if let Some(left) = self.parts.checked_sub(wanted) {
            self.parts = left;
            return Ok(());
        }
        let missing = wanted - self.parts;
        Err(missing.div_ceil(rate.per_s.max(1) * PARTS).max(1))
    }

    fn is_full(mut self, rate: Rate, now_ms: u64) -> bool {
        self.fill(rate, now_ms);
        self.parts >= rate.burst * PARTS
    }
}

impl Limiter {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            devices: HashMap::new(),
            strangers: HashMap::new(),
            swept_at: 0,
        }
    }

    fn device_rate(&self) -> Rate {
        Rate {
            per_s: u64::from(self.limits.device_reports_s),
            burst: u64::from(self.limits.device_burst),
        }
    }

    fn stranger_rate(&self) -> Rate {
        Rate {
            per_s: u64::from(self.limits.stranger_requests_s),
            burst: u64::from(self.limits.stranger_burst),
        }
    }

    /// Lets a request of so many reports through, or gives the wait in s.
    pub(super) fn pass(
        &mut self,
        card: &Card,
        from: IpAddr,
        reports: u64,
        now_ms: u64,
    ) -> Result<(), u64> {
        let (device, stranger) = (self.device_rate(), self.stranger_rate());
        if let Some(bucket) = self.devices.get_mut(card) {
            return bucket.take(device, reports, now_ms);
        }
        let is_known = self.strangers.contains_key(&from);
        if !is_known && self.strangers.len() >= STRANGERS_REMEMBERED_MAX {
            self.sweep(now_ms);
        }
        let has_room = self.strangers.len() < STRANGERS_REMEMBERED_MAX;
        let from = if is_known || has_room { from } else { CROWD };
        let bucket = self.strangers.entry(from);
        let bucket = bucket.or_insert_with(|| Bucket::full(stranger, now_ms));
        bucket.take(stranger, 1, now_ms)
    }

    /// Remembers a device that was taken in, and gives its address back what it took as a stranger.
    pub(super) fn know(&mut self, card: &Card, from: IpAddr, reports: u64, now_ms: u64) {
        if self.devices.contains_key(card) {
            return;
        }
        if let Some(bucket) = self.strangers.get_mut(&from) {
            bucket.parts += PARTS;
        }
        if self.devices.len() >= DEVICES_REMEMBERED_MAX {
            self.sweep(now_ms);
        }
        // All of them busy: this one goes on as a stranger.
        if self.devices.len() < DEVICES_REMEMBERED_MAX {
            let rate = self.device_rate();
            let mut bucket = Bucket::full(rate, now_ms);
            let _ = bucket.take(rate, reports, now_ms);
            self.devices.insert(*card, bucket);
        }
    }

    /// A device that is no longer taken in is a stranger again.
    pub(super) fn forget(&mut self, card: &Card) {
        self.devices.remove(card);
    }

    /// Forgets whoever has a full allowance: to be forgotten changes nothing for them. At most once
    /// a second, so that a flood can't make it run all the time.
    fn sweep(&mut self, now_ms: u64) {
        if now_ms.saturating_sub(self.swept_at) < 1_000 {
            return;
        }
        self.swept_at = now_ms;
        let (device, stranger) = (self.device_rate(), self.stranger_rate());
        keep_busy(&mut self.devices, device, now_ms);
        keep_busy(&mut self.strangers, stranger, now_ms);
    }
}

fn keep_busy<K: Eq + Hash>(buckets: &mut HashMap<K, Bucket>, rate: Rate, now_ms: u64) {
    buckets.retain(|_, bucket| !bucket.is_full(rate, now_ms));
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const SOME: Limits = Limits {
        device_reports_s: 10,
        device_burst: 100,
        stranger_requests_s: 1,
        stranger_burst: 5,
    };

    #[test]
    fn a_device_may_send_its_burst_and_then_its_average() {
        let mut limiter = Limiter::new(SOME);
        limiter.know(&[1; 32], HERE, 0, 0);
        assert_eq!(limiter.pass(&[1; 32], HERE, 100, 0), Ok(()));
        assert_eq!(limiter.pass(&[1; 32], HERE, 30, 0), Err(3));
        assert_eq!(limiter.pass(&[1; 32], HERE, 30, 2_999), Err(1));
        assert_eq!(limiter.pass(&[1; 32], HERE, 30, 3_000), Ok(()));
        assert_eq!(limiter.pass(&[1; 32], HERE, 5_000, 1_000_000), Ok(()));
    }

    #[test]
    fn strangers_use_up_their_own_allowance_and_no_known_devices() {
        let mut limiter = Limiter::new(SOME);
        limiter.know(&[1; 32], HERE, 0, 0);
        for number in 2..7 {
            assert_eq!(limiter.pass(&[number; 32], HERE, 1, 0), Ok(()));
        }
        assert_eq!(limiter.pass(&[9; 32], HERE, 1, 0), Err(1));
        assert_eq!(limiter.pass(&[1; 32], HERE, 1, 0), Ok(()));
        limiter.forget(&[1; 32]);
        assert_eq!(limiter.pass(&[1; 32], HERE, 1, 0), Err(1));
    }

    #[test]
    fn a_flood_of_addresses_and_devices_fills_no_more_than_the_bounded_tables() {
        let mut limiter = Limiter::new(SOME);
        for number in 0..3 * DEVICES_REMEMBERED_MAX as u32 {
            let from = IpAddr::V4(Ipv4Addr::from_bits(number + 1));
            let mut card = [0; 32];
            card[..4].copy_from_slice(&number.to_be_bytes());
            let _ = limiter.pass(&card, from, 1, 0);
            limiter.know(&card, from, 1, 0);
        }
        assert!(limiter.strangers.len() <= STRANGERS_REMEMBERED_MAX + 1);
        assert!(limiter.devices.len() <= DEVICES_REMEMBERED_MAX);
        let idle_ms = 3_600_000;
        limiter.sweep(idle_ms);
        assert!(limiter.strangers.is_empty() && limiter.devices.is_empty());
    }

    #[test]
    fn a_clock_that_stands_still_gives_nothing_and_breaks_nothing() {
        let mut limiter = Limiter::new(SOME);
        limiter.know(&[1; 32], HERE, 100, 5_000);
        assert_eq!(limiter.pass(&[1; 32], HERE, 1, 1_000), Err(1));
        assert_eq!(limiter.pass(&[1; 32], HERE, 1, u64::MAX), Ok(()));
    }
}
