//! Where a person under watch was last, without the fences and permits that the watch judges by: a
//! map of thousands asks this of each of them.

use super::super::Replica;
use crate::store::Store;
use jiaolian_schema::device::{Device, Regime};
use jiaolian_schema::fix::Point;
use jiaolian_schema::id::PersonCode;

/// What a map shows of a person under watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeen {
    /// The newest fix by device time, and when it came, ms UTC.
    pub last: Option<(Point, i64)>,
    /// Whether a violation is open.
    pub violates: bool,
    /// The regime in which a device watches at the instant that was asked for; a band goes before a
    /// phone.
    pub regime: Option<Regime>,
    /// First instant of the band's binding, ms UTC; none without one.
    pub band_since: Option<i64>,
    /// How often the band reports, ms; none where its binding does not say.
    pub interval_ms: Option<i64>,
}

impl<S: Store> Replica<S> {
    /// Where a person was last, as of an instant, ms UTC; none where no case here is of that person.
    pub fn last_seen(&mut self, person: PersonCode, now: i64) -> Option<LastSeen> {
        self.desk.people.get(&person)?;
        let watched = self.watch_of(person).ok()?;
        let terminals = watched.devices.keys();
        let held = terminals.filter_map(|terminal| watched.held(terminal, now));
        let bound: Vec<Device> = held.collect();
        let bands = bound.iter().filter(|device| device.regime == Regime::Band);
        let band_since = bands.clone().map(|device| device.from).min();
        let seen = LastSeen {
            last: watched.last(),
            violates: watched
                .state
                .open()
                .iter()
                .any(|open| !open.about.is_empty()),
            regime: match band_since {
                Some(_) => Some(Regime::Band),
                None => bound.first().map(|device| device.regime),
            },
            band_since,
            interval_ms: bands.filter_map(Device::interval_ms).max(),
        };
        self.desk.watched.insert(person, watched);
        Some(seen)
    }
}
