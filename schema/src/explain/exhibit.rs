//! What an alarm was judged from, as it goes into a file of evidence: reports, the fence in its
//! versions, permits, and what each report was said to be.

use super::Seen;
use crate::canon;
use crate::fence::Fence;
use crate::fix::Point;
use crate::id::sha256;
use crate::permit::Permit;
use crate::signal::Signs;
use crate::watch::Word;
use minicbor::{Decode, Encode};

/// Most reports of one exhibit.
pub const EXHIBIT_REPORTS_MAX: usize = 5_000;
/// How far before its condition and after its decision an exhibit reaches, ms: a run bridges half an
/// hour (R13), so that judging from nothing comes to the same.
pub const EXHIBIT_MARGIN_MS: i64 = 2 * 3_600_000;

/// One report as it was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Kept {
    /// Device time, ms UTC.
    #[n(0)]
    pub time: i64,
    /// Where; none without a position.
    #[n(1)]
    pub point: Option<Point>,
    /// What the device said of itself; none where it said nothing.
    #[n(2)]
    pub signs: Option<Signs>,
    /// When it came, ms UTC of the node.
    #[n(3)]
    pub received_at: i64,
    /// Whether it was a report of its moment.
    #[n(4)]
    pub live: bool,
    /// Whether the watch judged it; false where its time did not fit the node's (R4).
    #[n(5)]
    pub judged: bool,
    /// [`Seen::mark`] of what it was said to be; none where nothing was said.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub said: Option<[u8; 8]>,
}

impl Kept {
    /// What the watch hears of it; none where it is not judged.
    pub fn word(&self) -> Option<Word> {
        self.judged.then(|| Word {
            time: self.time,
            point: self.point,
            signs: self.signs.unwrap_or(Signs::NONE),
        })
    }
}

/// All that one alarm was judged from.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Exhibit {
    /// The person's code, as hexadecimal digits.
    #[n(0)]
    pub person: String,
    /// Fences in their versions: the alarm's, or none where it is about the device.
    #[n(1)]
    pub fences: Vec<Fence>,
    /// Permits of the person.
    #[n(2)]
    pub permits: Vec<Permit>,
    /// Reports of the window, ascending by time.
    #[n(3)]
    pub reports: Vec<Kept>,
    /// How often the device reports, ms; none where its binding does not say.
    #[n(4)]
    pub interval_ms: Option<i64>,
    /// When a decision bound a device, `[from, until)`, ms UTC.
    #[n(5)]
    pub bound: Vec<(i64, i64)>,
    /// When the node did not run.
    #[n(6)]
    pub down: Vec<(i64, i64)>,
    /// First instant of the window and first one after it, ms UTC.
    #[n(7)]
    pub window: (i64, i64),
    /// Whether every stored report of the window is here.
    #[n(8)]
    pub whole: bool,
}

impl Exhibit {
    /// The same, with what each report was found to be written beside it.
    #[must_use]
    pub fn marked(mut self, seen: &[Seen]) -> Self {
        for (kept, seen) in self.reports.iter_mut().zip(seen) {
            kept.said = Some(seen.mark(kept));
        }
        self
    }
}

impl Seen {
    /// A few bytes that tell a report and what it was found to be from any other.
    pub fn mark(&self, kept: &Kept) -> [u8; 8] {
        let bare = Kept {
            said: None,
            ..*kept
        };
        let found = (
            self.unused.map(|cause| cause as u8),
            self.unbound.map(|cause| cause as u8),
            self.verdict.map(|verdict| verdict as u8),
            (self.version, self.distance_mm, self.counts, self.decides),
        );
        let digest = sha256(&[&canon::encode(&bare), &canon::encode(&found)]);
        let mut mark = [0; 8];
        mark.copy_from_slice(&digest[..8]);
        mark
    }
}
