//! What was heard of one instant, and rows of instants that say the same.

use minicbor::{Decode, Encode};

use crate::signal::Signs;

/// All that was heard of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Heard {
    #[n(0)]
    pub(super) time: i64,
    #[n(1)]
    pub(super) signs: Signs,
    /// Whether a position came that can be used.
    #[n(2)]
    pub(super) placed: bool,
}

impl Heard {
    /// Whether it says more of the same instant than what was heard before.
    pub(super) fn adds_to(&self, known: &Self) -> bool {
        known.signs.and(self.signs) != known.signs || (self.placed && !known.placed)
    }
}

/// A row of reports that say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Row {
    #[n(0)]
    pub(super) first: i64,
    #[n(1)]
    pub(super) last: i64,
    #[n(2)]
    pub(super) count: u32,
}

impl Row {
    pub(super) fn extend(row: &mut Option<Self>, time: i64, gap_ms_max: i64) -> Self {
        let bridged = row.filter(|row| time.saturating_sub(row.last) <= gap_ms_max);
        let first = bridged.map_or(time, |row| row.first);
        let count = bridged.map_or(0, |row| row.count).saturating_add(1);
        let last = time;
        *row.insert(Self { first, last, count })
    }
}
