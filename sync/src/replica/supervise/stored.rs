//! What is stored of a person's reports, in the order of device time.

use super::super::Replica;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::fix::{FixId, Point};
use jiaolian_schema::id::PersonCode;
use jiaolian_schema::signal::{Sign, Signal, Signs};
use jiaolian_schema::watch::Word;
use minicbor::{Decode, Encode};

/// One row of `Table::Fix`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StoredFix {
    /// The person's code, as hexadecimal digits.
    #[n(0)]
    pub person: String,
    /// Where and when, by the device.
    #[n(1)]
    pub point: Point,
    /// When it came, ms UTC of the node.
    #[n(2)]
    pub received_at: i64,
    /// Whether it was a report of that moment.
    #[n(3)]
    pub live: bool,
    /// Whether the watch judges it.
    #[n(4)]
    pub judged: bool,
    /// What the device said of itself with it; none where it said nothing.
    #[n(5)]
    pub signs: Option<Signs>,
}

/// One row of `Table::Signal`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StoredSignal {
    /// What the device said.
    #[n(0)]
    pub signal: Signal,
    /// When it came, ms UTC of the node.
    #[n(1)]
    pub received_at: i64,
    /// Whether it was a report of that moment.
    #[n(2)]
    pub live: bool,
    /// Whether the watch judges it.
    #[n(3)]
    pub judged: bool,
    /// The time that the device gave, ms UTC, where that was not believed: then the signal's own is
    /// that of receipt.
    #[n(4)]
    pub doubted: Option<i64>,
    /// Whether a position came with it, which is stored as a fix of the time that the device gave.
    #[n(5)]
    pub placed: bool,
}

impl StoredSignal {
    /// What the watch hears of it.
    pub(super) fn word(&self) -> Word {
        let signs = self.signal.signs;
        Word {
            time: self.signal.time,
            point: None,
            signs: match self.doubted {
                Some(_) => signs.with(Sign::Clock, true),
                None => signs,
            },
        }
    }
}

impl<S: Store> Replica<S> {
    /// Stored fixes of a person with `from <= device time < to`, ms UTC, in order, at most `limit`.
    pub fn fixes(
        &self,
        person: PersonCode,
        from: i64,
        to: i64,
        limit: usize,
    ) -> Result<Vec<StoredFix>, StoreError> {
        self.positions(person, (from, to), limit)
    }

    /// Stored reports without a position of a person with `from <= device time < to`, ms UTC, in
    /// order, at most `limit`.
    pub fn signals(
        &self,
        person: PersonCode,
        from: i64,
        to: i64,
        limit: usize,
    ) -> Result<Vec<StoredSignal>, StoreError> {
        let (lo, hi) = (fix_prefix(person, from), fix_prefix(person, to));
        let rows = self.disk.range(Table::Signal, &lo, &hi, limit)?;
        let signals = rows.iter().map(|(_, value)| minicbor::decode(value).ok());
        Ok(signals.flatten().collect())
    }
}

/// Key of a fix: person, device time in ascending order of its bytes, id.
pub(super) fn fix_key(person: PersonCode, time: i64, id: FixId) -> Vec<u8> {
    let mut key = fix_prefix(person, time);
    key.extend_from_slice(&id);
    key
}

pub(in crate::replica) fn fix_prefix(person: PersonCode, time: i64) -> Vec<u8> {
    let mut key = person.0.to_vec();
    key.extend_from_slice(&((time as u64) ^ (1 << 63)).to_be_bytes());
    key
}
