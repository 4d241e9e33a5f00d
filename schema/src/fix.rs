//! One position report, as every rule of the watch sees it, and its name: the same fix through any
//! gateway,
//! file or retry has one id.

mod instant;
mod reading;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

pub use crate::geo::Coord;
pub use instant::{
    DAY_MS, ReadInstantError, SHANGHAI_AHEAD_MS, read_day, read_instant, write_instant,
};
pub use reading::{FIX_COLUMNS, ReadFixError};

/// Accuracy above which a fix is not used (R7), mm.
pub const ACCURACY_USED_MM_MAX: u32 = 500_000;
/// Accuracy up to which a satellite fix is fine (R10), mm.
pub const ACCURACY_FINE_MM_MAX: u32 = 150_000;

const FIX_DOMAIN: &[u8] = b"jiaolian fix/1\0";

/// SHA-256 that names a fix.
pub type FixId = [u8; 32];

/// What measured a position; in the order of preference at one instant (R8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Source {
    /// Satellites.
    #[n(0)]
    Gnss,
    /// Wireless networks in range.
    #[n(1)]
    Wifi,
    /// Mobile network cells.
    #[n(2)]
    Cell,
}

impl Source {
    /// Accuracy when a device gives none (R2), mm.
    pub const fn accuracy_unknown_mm(self) -> u32 {
        match self {
            Self::Gnss => 15_000,
            Self::Wifi => 100_000,
            Self::Cell => 800_000,
        }
    }
}

/// How far a fix is trusted (R10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// Starts and carries exits and entries.
    Fine,
    /// Counts only against one, where it is certain.
    Coarse,
}

/// A place at a time, of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Point {
    /// Device time, ms since 1970.
    #[n(0)]
    pub time: i64,
    /// Where.
    #[n(1)]
    pub at: Coord,
    /// 95 % radius after R2, mm; never 0.
    #[n(2)]
    pub accuracy_mm: u32,
    /// What measured it.
    #[n(3)]
    pub source: Source,
}

impl Point {
    /// A report; an accuracy of `None` or 0 is unknown and becomes the source's.
    pub const fn new(time: i64, at: Coord, accuracy_mm: Option<u32>, source: Source) -> Self {
        let accuracy_mm = match accuracy_mm {
            None | Some(0) => source.accuracy_unknown_mm(),
            Some(accuracy_mm) => accuracy_mm,
        };
        Self {
            time,
            at,
            accuracy_mm,
            source,
        }
    }

    /// Fine or coarse.
    #[inline]
    pub const fn grade(&self) -> Grade {
        match self.source {
            Source::Gnss if self.accuracy_mm <= ACCURACY_FINE_MM_MAX => Grade::Fine,
            _ => Grade::Coarse,
        }
    }

    /// Whether R7 lets it be used at all.
    #[inline]
    pub const fn is_accurate_enough(&self) -> bool {
        self.accuracy_mm <= ACCURACY_USED_MM_MAX
    }

    /// Order of R8: by time, and at one instant the one to use first.
    pub fn order(&self) -> (i64, u32, Source, i32, i32) {
        (
            self.time,
            self.accuracy_mm,
            self.source,
            self.at.lat(),
            self.at.lon(),
        )
    }

    /// The name of this report by that person.
    pub fn id(&self, person: &str) -> FixId {
        let mut hash = Sha256::new();
        hash.update(FIX_DOMAIN);
        hash.update((person.len() as u64).to_be_bytes());
        hash.update(person.as_bytes());
        hash.update(self.time.to_be_bytes());
        hash.update(self.at.lat().to_be_bytes());
        hash.update(self.at.lon().to_be_bytes());
        hash.update(self.accuracy_mm.to_be_bytes());
        hash.update([self.source as u8]);
        hash.finalize().into()
    }
}

/// A position report of a person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fix {
    /// The person's code.
    #[n(0)]
    pub person: String,
    /// Where and when.
    #[n(1)]
    pub point: Point,
}

impl Fix {
    /// SHA-256 over person, time, place, accuracy after R2 and source.
    pub fn id(&self) -> FixId {
        self.point.id(&self.person)
    }
}
