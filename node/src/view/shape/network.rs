//! Offices and links.

use super::{CaseRef, OfficeRef};
use crate::http::text::Text;
use serde::Serialize;
use utoipa::ToSchema;

/// Another office above, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlannedSuperior {
    /// The office above from then on.
    pub office: OfficeRef,
    /// The first day, `YYYY-MM-DD` in Asia/Shanghai.
    pub from: String,
}

/// An office as seen from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfficeShape {
    /// The office.
    pub office: OfficeRef,
    /// The office above as of today, hexadecimal.
    pub parent_id: Option<String>,
    /// The next one above, where that is decided.
    pub planned: Option<PlannedSuperior>,
    /// `self`, `linked`, `cut`, `never` or `relayed`.
    pub state: String,
    /// Last direct contact, ms UTC.
    pub heard_at: Option<i64>,
    /// Everything it signed up to then is here, ms UTC.
    pub as_of: Option<i64>,
    /// Cases here of that office.
    pub cases: Option<u64>,
    /// Open incidents here of that office.
    pub alarms: Option<u64>,
}

/// What waits in a lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LaneShape {
    /// Items to be sent or not yet durable there.
    pub items: u64,
    /// Bytes handed to the line and not yet taken by it; none without a session.
    pub bytes: Option<u64>,
}

/// What waits in all lanes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LanesShape {
    /// Alarms, revocations, receipts.
    pub urgent: LaneShape,
    /// Acts and edits.
    pub normal: LaneShape,
    /// First copies.
    pub bulk: LaneShape,
}

/// What went over a lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LaneTraffic {
    /// Bytes sent since this program started.
    pub sent_bytes: u64,
    /// Bytes received since this program started.
    pub received_bytes: u64,
    /// Rate of sending over the last seconds, bit/s; none while it was not measured.
    pub sent_bps: Option<u64>,
    /// Rate of receiving over the last seconds, bit/s; none while it was not measured.
    pub received_bps: Option<u64>,
}

/// What went over all lanes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrafficShape {
    /// Alarms, revocations, receipts.
    pub urgent: LaneTraffic,
    /// Acts and edits.
    pub normal: LaneTraffic,
    /// First copies.
    pub bulk: LaneTraffic,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LinkShape {
    /// Whose node is at the other end.
    pub office: OfficeRef,
    /// `up`, `down` or `side`.
    pub direction: String,
    /// `linked`, `cut` or `never`.
    pub state: String,
    /// Since when, ms UTC.
    pub since: Option<i64>,
    /// `direct` or `relay`; none without a session.
    pub road: Option<String>,
    /// Round trip of the session that is up, ms.
    pub rtt_ms: Option<u64>,
    /// What is here has reached the other end, as of, ms UTC.
    pub out_as_of: Option<i64>,
    /// What is there has reached here, as of, ms UTC.
    pub in_as_of: Option<i64>,
    /// What waits.
    pub waiting: LanesShape,
    /// What went over it.
    pub traffic: TrafficShape,
    /// Rate of all lanes in both directions over the last seconds, bit/s.
    pub rate_bps: Option<u64>,
    /// A remark.
    pub note: Option<Text>,
}

/// How many envelopes were refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedTotal {
    /// How many.
    pub total: u64,
}

/// The disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Storage {
    /// Bytes of the store.
    pub used_bytes: u64,
    /// Bytes left on its disk; none where the system doesn't tell.
    pub free_bytes: Option<u64>,
}

/// The network page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Network {
    /// Time here, ms UTC.
    pub as_of: i64,
    /// The office of this node.
    #[serde(rename = "self")]
    pub own: OfficeRef,
    /// Offices.
    pub offices: Vec<OfficeShape>,
    /// Links.
    pub links: Vec<LinkShape>,
    /// Refused envelopes.
    pub refused: RefusedTotal,
    /// The disk.
    pub storage: Storage,
}

/// A refused envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedRow {
    /// Its number here.
    pub id: String,
    /// When, ms UTC.
    pub at: i64,
    /// From whom.
    pub from: Option<OfficeRef>,
    /// Why.
    pub reason: Text,
    /// Which case.
    pub dossier: Option<CaseRef>,
    /// Bytes.
    pub bytes: u64,
}
