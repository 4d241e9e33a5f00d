//! The map.

use super::{CaseRef, FixShape};
use crate::http::text::Text;
use serde::Serialize;
use utoipa::ToSchema;

/// One person on the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MapPerson {
    /// Whom it concerns.
    pub case: CaseRef,
    /// `band` or `phone`.
    pub regime: String,
    /// The newest fix.
    pub fix: Option<FixShape>,
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
}
