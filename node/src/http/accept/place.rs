//! Places for connections: a bounded number in all, a bounded number for one address, and some kept
//! for addresses that have few.

use super::Bounds;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// This part of all places is kept for quiet addresses.
const KEPT: usize = 4;
/// An address with fewer connections than this counts as a quiet one.
const FEW: usize = 4;

/// Counts connections by address. The desk itself comes by loopback and has the share of all
/// others: a page there must open whatever the network does.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    share: usize,
    taken: Mutex<BTreeMap<IpAddr, usize>>,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    /// So many places in all and for one address.
    pub(super) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            max: bounds.connections_max,
            share: bounds.per_address_max,
            taken: Mutex::default(),
        })
    }

    /// A place for an address; none when it has its share, or when only quiet addresses still get
    /// in.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut taken = self.lock();
        let all: usize = taken.values().sum();
        let own = taken.get(&address).copied().unwrap_or(0);
        let all_but_kept = self.max - self.max / KEPT;
        let crowded = self.share < self.max && all >= all_but_kept && own >= FEW;
        let refused = !address.is_loopback() && (own >= self.share || crowded);
        if refused {
            return None;
        }
        *taken.entry(address).or_default() += 1;
        Some(Place {
            places: Arc::clone(self),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(own) = taken.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 8, 3, last])
    }

    fn places(max: usize) -> Arc<Places> {
        Places::new(Bounds {
            connections_max: max,
            per_address_max: max / 4,
            ..Bounds::STANDARD
        })
    }

    #[test]
    fn one_address_takes_no_more_than_its_share_and_quiet_ones_still_get_in() {
        let places = places(64);
        let flood = |last: u8| -> Vec<Place> {
            std::iter::from_fn(|| places.take(address(last))).collect()
        };
        let held: Vec<_> = (1..=3).map(flood).collect();
        assert!(held.iter().all(|places| places.len() == 16));
        let fourth = flood(4);
        assert_eq!(fourth.len(), FEW, "the last quarter is for quiet addresses");
        assert!(places.take(address(5)).is_some());
        drop(held);
        assert!(places.take(address(4)).is_some());
    }

    #[test]
    fn the_desk_itself_has_no_share() {
        let places = places(8);
        let desk = IpAddr::from([127, 0, 0, 1]);
        let held: Vec<_> = (0..8).map(|_| places.take(desk)).collect();
        assert!(held.iter().all(Option::is_some));
        drop(held);
        assert!(places.lock().is_empty());
    }
}
