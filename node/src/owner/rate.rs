//! How fast each lane of each link goes, measured over the last seconds.

use crate::link::{LaneCount, LinkCount, Peer};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Rates are means over so long, s.
const RATE_WINDOW_S: u64 = 10;
/// Most samples kept, however often they are taken.
const SAMPLES_MAX: usize = 32;

/// Mean rates of one link by lane, bit/s of frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkRate {
    /// Handed to the network.
    pub sent_bps: [u64; 3],
    /// Taken from it.
    pub received_bps: [u64; 3],
}

impl LinkRate {
    /// All lanes in both directions, bit/s.
    pub fn total_bps(&self) -> u64 {
        self.sent_bps.iter().chain(&self.received_bps).sum()
    }
}

/// Counts of all links as they were at some instants of the last seconds.
#[derive(Debug, Default)]
pub struct Rates {
    samples: VecDeque<(Instant, BTreeMap<Peer, LinkCount>)>,
}

impl Rates {
    /// Notes the counts as they are at an instant; instants never go back.
    pub fn sample(&mut self, at: Instant, counts: BTreeMap<Peer, LinkCount>) {
        self.samples.push_back((at, counts));
        let window = Duration::from_secs(RATE_WINDOW_S);
        let old = |second: &(Instant, _)| at.duration_since(second.0) >= window;
        while self.samples.len() > SAMPLES_MAX || self.samples.get(1).is_some_and(old) {
            self.samples.pop_front();
        }
    }

    /// The rates of a link; none where it was never up or one look is not yet two.
    pub fn of(&self, peer: &Peer) -> Option<LinkRate> {
        let (from, before) = self.samples.front()?;
        let (to, after) = self.samples.back()?;
        let after = after.get(peer)?;
        let before = before.get(peer).copied().unwrap_or_default();
        let took_ms = u64::try_from(to.duration_since(*from).as_millis()).ok()?;
        if took_ms == 0 {
            return None;
        }
        let lane = |before: &[LaneCount; 3], after: &[LaneCount; 3], at: usize| {
            let bytes = after[at].bytes.saturating_sub(before[at].bytes);
            bytes.saturating_mul(8_000) / took_ms
        };
        Some(LinkRate {
            sent_bps: [0, 1, 2].map(|at| lane(&before.sent, &after.sent, at)),
            received_bps: [0, 1, 2].map(|at| lane(&before.received, &after.received, at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: Peer = [7; 32];

    fn counts(urgent: u64, bulk: u64) -> BTreeMap<Peer, LinkCount> {
        let lane = |bytes| LaneCount { frames: 1, bytes };
        let count = LinkCount {
            sent: [lane(urgent), lane(0), lane(bulk)],
            received: [lane(0), lane(bulk), lane(0)],
            ..LinkCount::default()
        };
        BTreeMap::from([(PEER, count)])
    }

    #[test]
    fn a_rate_is_the_mean_of_the_last_ten_seconds_of_its_lane() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        for second in 0..60 {
            let bulk = if second < 45 { 8_000 * second } else { 360_000 };
            rates.sample(start + Duration::from_secs(second), counts(1_000, bulk));
        }
        assert_eq!(
            rates.of(&PEER).unwrap(),
            LinkRate::default(),
            "all is quiet"
        );
        rates.sample(start + Duration::from_mins(1), counts(1_000, 370_000));
        let rate = rates.of(&PEER).unwrap();
        assert_eq!(rate.sent_bps, [0, 0, 8_000]);
        assert_eq!(rate.received_bps, [0, 8_000, 0]);
        assert_eq!(rate.total_bps(), 16_000);
    }

    #[test]
    fn one_look_is_no_rate_and_a_link_that_never_was_has_none() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        rates.sample(start, counts(0, 0));
        assert_eq!(rates.of(&PEER), None);
        rates.sample(start + Duration::from_secs(1), counts(0, 100));
        assert_eq!(rates.of(&PEER).unwrap().sent_bps, [0, 0, 800]);
        assert_eq!(rates.of(&[8; 32]), None);
    }
}
