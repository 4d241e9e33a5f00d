//! The map.

use super::{AlarmRow, CaseRef, FixShape, GrantedArea};
use crate::http::text::Text;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// Where somebody was last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LastFix {
    /// Device time, ms UTC.
    pub at: i64,
    /// When it came, ms UTC.
    pub received_at: i64,
    /// Latitude, 1e-7 degree.
    pub lat_e7: i32,
    /// Longitude, 1e-7 degree.
    pub lon_e7: i32,
    /// 95 % radius, mm.
    pub accuracy_mm: u32,
    /// `gnss`, `wifi` or `cell`.
    pub source: String,
}

/// One person on the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MapPerson {
    /// Whom it concerns.
    pub case: CaseRef,
    /// `band` or `phone`.
    pub regime: String,
    /// The newest fix.
    pub fix: Option<LastFix>,
    /// `compliant`, `violation` or `unknown`.
    pub verdict: String,
    /// Why it is not known.
    pub cause: Option<Text>,
    /// The open alarm, hexadecimal.
    pub alarm_id: Option<String>,
    /// Its severity.
    pub severity: Option<u8>,
}

/// Everybody on the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MapPeople {
    /// Time here, ms UTC.
    pub as_of: i64,
    /// The people.
    pub items: Vec<MapPerson>,
}

/// What changed on the map since an open page was last told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Positions {
    /// Time here, ms UTC.
    pub as_of: i64,
    /// Whether these are all people there are to show.
    pub whole: bool,
    /// People as they are now.
    pub items: Vec<MapPerson>,
    /// Cases whose people are shown no more, hexadecimal.
    pub gone: Vec<String>,
}

/// One person with what binds and what lifts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PersonCard {
    /// Time here, ms UTC.
    pub as_of: i64,
    /// The person.
    pub person: MapPerson,
    /// The person's fences: a GeoJSON `FeatureCollection`.
    #[schema(value_type = Object)]
    pub fences: Json,
    /// Leaves in force now or still to come.
    pub permits: Vec<GrantedArea>,
    /// Open alarms.
    pub alarms: Vec<AlarmRow>,
}

/// Where one person was over a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Track {
    /// Whose.
    pub case: CaseRef,
    /// First instant that was asked for, ms UTC.
    pub from: i64,
    /// The instant after the last, ms UTC.
    pub to: i64,
    /// The fixes, oldest first.
    pub items: Vec<FixShape>,
    /// Whether all stored fixes of that time are among them.
    pub complete: bool,
    /// Why fixes are left out: a phone gives single checks, never a trail.
    pub note: Option<Text>,
}

/// What is wrong with one field of an area that is being drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FenceNotice {
    /// The field.
    pub field: String,
    /// Which fault.
    pub code: String,
    /// In words.
    pub text: Text,
}

/// What an area that is being drawn comes to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FenceCheck {
    /// Whether it would be taken as it is.
    pub ok: bool,
    /// Everything that would be refused.
    pub notices: Vec<FenceNotice>,
    /// Points of its boundary.
    pub points: u64,
    /// The area as it would be kept: a GeoJSON geometry, WGS-84; none where it can't be read.
    #[schema(value_type = Option<Object>)]
    pub geometry: Option<Json>,
    /// The buffer that such an area usually has, m.
    pub buffer_default_m: u64,
    /// The largest buffer that works, m, where the one given does not.
    pub works_m: Option<u64>,
}
