//! One call as it lies on the disk.

use super::super::Node;
use super::super::duty::{CALL, duty_key};
use crate::notify::Way;
use jiaolian_schema::duty::retry_ms;
use jiaolian_schema::id::{DossierId, OfficeId};
use minicbor::{Decode, Encode};

/// A call's own name: the first bytes of SHA-256 over alarm, step, round, way and receiver.
pub type Name = [u8; 16];

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum CallState {
    /// It is owed.
    #[n(0)]
    Waits,
    /// Somebody was told.
    #[n(1)]
    Told,
    /// Nothing is owed any more, and nobody was told.
    #[n(2)]
    Dropped,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Try {
    /// When it ended, ms UTC.
    #[n(0)]
    pub at: i64,
    /// Why it failed, a word; empty where it did not.
    #[n(1)]
    pub reason: String,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CallRow {
    /// Since when it is owed, ms UTC.
    #[n(0)]
    pub at: i64,
    /// For which alarm.
    #[n(1)]
    pub alarm: DossierId,
    /// Why: a word of `CallStep`.
    #[n(2)]
    pub step: String,
    /// Whose duty.
    #[n(3)]
    pub of: OfficeId,
    /// By which way: a number of `Way`.
    #[n(4)]
    pub way: u8,
    /// The person as hexadecimal digits; empty for a siren, or where nobody has the duty.
    #[n(5)]
    pub receiver: String,
    /// The person's name; empty for a siren.
    #[n(6)]
    pub name: String,
    /// The number; empty where there is none.
    #[n(7)]
    pub phone: String,
    /// Severity when it became owed.
    #[n(8)]
    pub severity: u8,
    /// How often it was tried.
    #[n(9)]
    pub tries: u32,
    /// The newest tries, oldest first.
    #[n(10)]
    pub tried: Vec<Try>,
    /// 1 while a try is out.
    #[n(11)]
    pub trying: u8,
    /// Why nobody was told so far, a word.
    #[n(12)]
    pub reason: String,
    /// Where it stands.
    #[n(13)]
    pub state: CallState,
    /// When it came to stand there, ms UTC.
    #[n(14)]
    pub ended_at: i64,
    /// 1 once an act tells of it.
    #[n(15)]
    pub signed: u8,
    /// How often the alarm had been reopened.
    #[n(16)]
    pub round: u32,
}

impl CallRow {
    pub(super) fn key(&self, name: &Name) -> Vec<u8> {
        duty_key(CALL, self.at, name)
    }

    /// Whether it may be tried now.
    pub(super) fn is_due(&self, node: &Node, way: Way, now: i64) -> bool {
        let last = self.tried.last().map_or(0, |one| one.at);
        let waited = self.tries == 0 || now - last >= retry_ms(&node.rules, self.tries);
        // A clock that was set back delays no call.
        let waited = waited || last > now;
        let can = way != Way::Sms || !self.phone.is_empty();
        self.way == way as u8 && self.trying == 0 && can && waited
    }
}

/// Alarm, step, round, way.
pub(in crate::owner) type Mark = (DossierId, String, u32, u8);

pub(super) fn mark_of(row: &CallRow) -> Mark {
    (row.alarm, row.step.clone(), row.round, row.way)
}

/// Why a call can't even be tried.
pub(super) fn set_reason(row: &mut CallRow) {
    let reason = match Way::of(row.way) {
        Some(Way::None) => "no_device",
        Some(Way::Sms) if row.receiver.is_empty() => "nobody",
        Some(Way::Sms) if row.phone.is_empty() => "no_number",
        _ => "",
    };
    if row.tries == 0 || !reason.is_empty() {
        reason.clone_into(&mut row.reason);
    }
}
