//! Places for connections of terminals: those that showed their code never give way to strangers,
//! and strangers from where a terminal came before have places that a flood from elsewhere can't take.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// This part of all places is for connections that have not shown a code.
const STRANGERS_PART: usize = 4;
/// Most connections without a code of one address from which no terminal was let in.
const UNKNOWN_PER_ADDRESS_MAX: usize = 32;
/// Most addresses that are remembered for a terminal that came from there.
const HOMES_MAX: usize = 4_096;

/// Counts connections by what is known of them.
#[derive(Debug)]
pub(super) struct Places {
    guests_max: usize,
    strangers_max: usize,
    unknown_max: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    guests: usize,
    strangers: usize,
    /// Strangers from where nobody was let in before.
    unknown: BTreeMap<IpAddr, usize>,
    /// When an address was last a terminal's, as a count of admissions.
    homes: BTreeMap<IpAddr, u64>,
    admissions: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Returning,
    Guest,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
    kind: Kind,
}

impl Places {
    /// So many places in all, at least 16.
    pub(super) fn new(connections_max: usize) -> Arc<Self> {
        let strangers_max = connections_max / STRANGERS_PART;
        Arc::new(Self {
            guests_max: connections_max - strangers_max,
            strangers_max,
            unknown_max: strangers_max / 2,
            counts: Mutex::default(),
        })
    }

    /// A place for a connection that has not shown a code.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut counts = self.lock();
        if counts.strangers >= self.strangers_max {
            return None;
        }
        let is_home = counts.homes.contains_key(&address);
        if !is_home {
            let all: usize = counts.unknown.values().sum();
            let own = counts.unknown.get(&address).copied().unwrap_or(0);
            if all >= self.unknown_max || own >= UNKNOWN_PER_ADDRESS_MAX {
                return None;
            }
            *counts.unknown.entry(address).or_default() += 1;
        }
        counts.strangers += 1;
        let kind = if is_home {
            Kind::Returning
        } else {
            Kind::Unknown
        };
        Some(Place {
            places: Arc::clone(self),
            address,
            kind,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The connection showed its code: false where even for such there is no place.
    pub(super) fn admit(&mut self) -> bool {
        let mut counts = self.places.lock();
        if self.kind == Kind::Guest {
            return true;
        }
        if counts.guests >= self.places.guests_max {
            return false;
        }
        counts.leave(self.kind, self.address);
        counts.guests += 1;
        self.kind = Kind::Guest;
        counts.admissions += 1;
        let now = counts.admissions;
        counts.homes.insert(self.address, now);
        if counts.homes.len() > HOMES_MAX {
            let oldest = counts.homes.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                counts.homes.remove(&oldest);
            }
        }
        true
    }
}

impl Counts {
    fn leave(&mut self, kind: Kind, address: IpAddr) {
        if kind == Kind::Guest {
            self.guests -= 1;
            return;
        }
        self.strangers -= 1;
        if kind == Kind::Unknown
            && let Some(own) = self.unknown.get_mut(&address)
        {
            *own -= 1;
            if *own == 0 {
                self.unknown.remove(&address);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().leave(self.kind, self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 8, 3, last])
    }

    #[test]
    fn a_flood_of_strangers_leaves_places_for_those_who_were_let_in_before() {
        let places = Places::new(64);
        let mut band = places.take(address(1)).unwrap();
        assert!(band.admit());
        let flood: Vec<Place> = (0..200)
            .filter_map(|at| places.take(address(at | 2)))
            .collect();
        assert_eq!(flood.len(), 8, "half of the strangers' quarter");
        assert!(places.take(address(200)).is_none());
        let back: Vec<Place> = (0..20).filter_map(|_| places.take(address(1))).collect();
        assert_eq!(
            back.len(),
            8,
            "the other half is for addresses of terminals"
        );
        drop((flood, back, band));
        let counts = places.lock();
        assert_eq!(
            (counts.guests, counts.strangers, counts.unknown.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn one_unknown_address_has_its_share_and_guests_have_theirs() {
        let places = Places::new(1_024);
        let flood: Vec<_> = std::iter::from_fn(|| places.take(address(1))).collect();
        assert_eq!(flood.len(), UNKNOWN_PER_ADDRESS_MAX);
        drop(flood);
        let places = Places::new(16);
        let mut held = Vec::new();
        while let Some(mut place) = places.take(address(1)) {
            if !place.admit() {
                break;
            }
            held.push(place);
        }
        assert_eq!(held.len(), 12);
        assert!(
            places.take(address(1)).is_some(),
            "strangers have a part still"
        );
    }
}
