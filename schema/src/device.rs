//! A positioning device bound to a person for some time, as the value of a case's protected field
//! `device/<terminal>`.
//!
//! Two regimes never mix: a band reports all the time and only while a decision under 社区矫正法 Art. 29
//! is in force;
//! a phone gives single points. What is bound ends by itself at its last instant.

use minicbor::{Decode, Encode};

/// First part of the names of the fields that bind devices.
pub const DEVICE_FIELD: &str = "device/";
/// First part of the names of the fields that set fences.
pub const FENCE_FIELD: &str = "fence/";

/// How a device watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Regime {
    /// An electronic positioning device (电子定位装置), three months each time.
    #[n(1)]
    Band,
    /// A phone, which answers single checks.
    #[n(2)]
    Phone,
}

/// The binding of a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Device {
    /// How it watches.
    #[n(0)]
    pub regime: Regime,
    /// First instant, ms UTC.
    #[n(1)]
    pub from: i64,
    /// Last instant, ms UTC.
    #[n(2)]
    pub until: i64,
}

impl Device {
    /// Whether a report of this instant, ms UTC, may be taken in.
    pub fn holds(&self, time: i64) -> bool {
        (self.from..=self.until).contains(&time)
    }
}
