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
