//! Alarms: one incident, one row.

use super::{
    ActShape, CaseRef, Coded, Delivery, DueShape, FactShape, OfferShape, OfficeRef, PathStep,
};
use crate::http::text::Text;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// Who took an incident on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Claim {
    /// The person, hexadecimal.
    pub person_id: String,
    /// Name.
    pub name: String,
    /// Office of the seat.
    pub office: OfficeRef,
    /// When, ms UTC.
    pub at: i64,
}

/// Silence of many for one reason of the network's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MassShape {
    /// Its id, hexadecimal.
    pub id: String,
    /// What they have in common: `cell`, `gateway`, `vendor` or `office`.
    pub cause: Coded,
    /// Which one.
    pub which: Text,
    /// How many people; in a list, those that the person who asks may see.
    pub people: u64,
    /// How many alarms; in a list, rows that are shown as this one.
    pub rows: u64,
    /// In a list: how many of them nobody has taken.
    pub unclaimed: Option<u64>,
    /// When the first of them fell silent, ms UTC.
    pub first_at: i64,
    /// When the last of them fell silent, ms UTC.
    pub last_at: i64,
}

/// An incident in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AlarmRow {
    /// Id of the incident's standing alarm, hexadecimal.
    pub id: String,
    /// Kind.
    pub kind: Coded,
    /// 1 red … 4 blue.
    pub severity: u8,
    /// State.
    pub state: Coded,
    /// Whether it is open.
    pub open: bool,
    /// Whom it concerns.
    pub case: Option<CaseRef>,
    /// Where.
    pub place: Text,
    /// Responsible office.
    pub office: OfficeRef,
    /// Time of the event, ms UTC.
    pub raised_at: i64,
    /// Time it was known here, ms UTC.
    pub received_at: i64,
    /// Time of its newest sign of life, ms UTC.
    pub last_seen_at: i64,
    /// Whether it was found live.
    pub live: bool,
    /// How many alarms it holds.
    pub count: u64,
    /// The silence of many that it is part of.
    pub mass: Option<MassShape>,
    /// Who took it on.
    pub claimed: Option<Claim>,
    /// Whether the page should sound.
    pub sounding: bool,
    /// The next deadline.
    pub due: Option<DueShape>,
    /// Whether it has reached the office above.
    pub delivery: Delivery,
}

/// One alarm of an incident of many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Member {
    /// Id, hexadecimal.
    pub id: String,
    /// Whom it concerns.
    pub case: Option<CaseRef>,
    /// When, ms UTC.
    pub raised_at: i64,
}

/// A position report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FixShape {
    /// Id, hexadecimal.
    pub id: String,
    /// Device time, ms UTC.
    pub at: i64,
    /// Time it came, ms UTC.
    pub received_at: i64,
    /// Latitude, 1e-7 degree, WGS-84.
    pub lat_e7: i32,
    /// Longitude, 1e-7 degree, WGS-84.
    pub lon_e7: i32,
    /// Accuracy, mm.
    pub accuracy_mm: u32,
    /// `gnss`, `wifi` or `cell`.
    pub source: String,
    /// Whether it came live.
    pub live: bool,
}

/// A permit that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GrantedArea {
    /// Words.
    pub label: Text,
    /// First instant, ms UTC.
    pub from: i64,
    /// Last instant, ms UTC.
    pub to: i64,
    /// The area as a GeoJSON feature.
    #[schema(value_type = Object)]
    pub area: Option<Json>,
}

/// What proves an alarm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Evidence {
    /// The fence as a GeoJSON feature.
    #[schema(value_type = Object)]
    pub fence: Option<Json>,
    /// The fixes.
    pub fixes: Vec<FixShape>,
    /// The fix that decided, hexadecimal.
    pub deciding_fix: Option<String>,
    /// Permits in force.
    pub permits: Vec<GrantedArea>,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AlarmPage {
    /// The incident.
    pub alarm: AlarmRow,
    /// Why it was raised.
    pub reason: Text,
    /// What is known.
    pub facts: Vec<FactShape>,
    /// Alarms of an incident of many.
    pub members: Vec<Member>,
    /// What proves it.
    pub evidence: Evidence,
    /// The usual road.
    pub path: Vec<PathStep>,
    /// Every act.
    pub steps: Vec<ActShape>,
    /// What can be signed.
    pub offers: Vec<OfferShape>,
    /// Deadlines.
    pub dues: Vec<DueShape>,
    /// Whether it has reached the office above.
    pub delivery: Delivery,
}
