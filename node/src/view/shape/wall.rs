//! The wall screen: numbers with the time as of which each is true, and never a name.

use super::{MassShape, OfficeRef};
use serde::Serialize;
use utoipa::ToSchema;

/// The numbers of one office, or of all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct WallCounts {
    /// People who wear a band now.
    pub watched: u64,
    /// Of those, how many bands have been silent too long; none where no positions are kept.
    pub silent: Option<u64>,
    /// Open alarms by severity, the gravest first.
    pub open: [u64; 4],
    /// Open alarms that nobody has taken.
    pub unacknowledged: u64,
}

/// One office on the wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WallOffice {
    /// Which.
    pub office: OfficeRef,
    /// The office above, hexadecimal.
    pub parent_id: Option<String>,
    /// `self`, `linked`, `cut`, `relayed` or `never`.
    pub state: String,
    /// As of when its numbers are true, ms UTC; none where nothing was ever heard.
    pub as_of: Option<i64>,
    /// Its numbers.
    pub counts: WallCounts,
}

/// Everything on the wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wall {
    /// Time here, ms UTC.
    pub now: i64,
    /// The office whose wall it is.
    pub own: OfficeRef,
    /// As of when the sums are true: the oldest of those that were ever heard, ms UTC.
    pub as_of: i64,
    /// The sums; silence of many is one open alarm, at each office and in the sums.
    pub total: WallCounts,
    /// Silences of many.
    pub masses: Vec<MassShape>,
    /// Lines that are up, to offices next above and below.
    pub links_up: u64,
    /// Lines that are down.
    pub links_down: u64,
    /// Offices whose news is missing from the sums, hexadecimal.
    pub missing: Vec<String>,
    /// The own office and all below it.
    pub offices: Vec<WallOffice>,
}
