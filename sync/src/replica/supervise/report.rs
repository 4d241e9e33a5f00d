//! A device's report as it comes in, and what became of it.

use crate::store::StoreError;
use jiaolian_schema::fix::Point;
use jiaolian_schema::id::{AlarmId, PersonCode};
use jiaolian_schema::signal::Signs;
use jiaolian_schema::watch::Unused;
use thiserror::Error;

/// Why a report is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReportError {
    /// Nobody here has the code.
    #[error("no case here is of person {0}")]
    UnknownPerson(String),
    /// No device is bound to the person at that time.
    #[error("no device of person {person} is bound at {time}")]
    Unbound {
        /// Whose.
        person: PersonCode,
        /// The report's time, ms UTC.
        time: i64,
    },
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a device said at one instant: where it was, what it says of itself, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The person's code, as hexadecimal digits.
    pub person: String,
    /// Number of the device.
    pub terminal: String,
    /// Device time, ms UTC.
    pub time: i64,
    /// Where; its time is the report's. None where it has no position.
    pub point: Option<Point>,
    /// What it says of itself.
    pub signs: Signs,
    /// A report of now, not one that waited on the device.
    pub live: bool,
}

/// What a report came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It was here before.
    Double,
    /// The next fix of the person's watch.
    Next,
    /// Not used by the watch.
    Unused(Unused),
    /// It came late: the person's fixes were judged again.
    Again,
    /// Its time is too far from the node's clock: its position is stored only, and it is heard as of
    /// the time of receipt.
    Skewed,
    /// Stored: it has no position, or is the single check of a phone.
    Said,
}

/// What became of a report. It is durable once the next `Store` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportOutcome {
    /// What it came to.
    pub judged: Judged,
    /// Alarms that it raised.
    pub raised: Vec<AlarmId>,
    /// Alarms that it withdrew.
    pub withdrawn: Vec<AlarmId>,
}
