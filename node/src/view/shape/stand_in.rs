//! Stand-ins (AB岗).

use super::OfficeRef;
use crate::http::text::Text;
use serde::Serialize;
use utoipa::ToSchema;

/// A place that somebody was appointed ahead to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StandInRow {
    /// The stand-in's appointment, hexadecimal.
    pub appointment: String,
    /// Where.
    pub office: OfficeRef,
    /// Who stands in.
    pub name: String,
    /// The same person's staff number.
    pub staff_number: String,
    /// Whose place it is; empty where that person is not known here.
    pub in_place_of: String,
    /// The capacity of the place.
    pub capacity: Text,
    /// When it may be taken, in words.
    pub condition: String,
    /// Whether it is taken now.
    pub taken: bool,
    /// Whether it is for who asks, here and now.
    pub own: bool,
    /// When it was taken and given back, the newest first.
    pub changes: Vec<StandInChange>,
}

/// One signature by which a place was taken or given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StandInChange {
    /// Position on the holder's chain.
    #[serde(skip)]
    pub n: u64,
    /// Claimed time, ms UTC.
    pub at: i64,
    /// Why.
    pub reason: String,
    /// Whether it was given back.
    pub back: bool,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StandIns {
    /// One's own first, then those that are taken.
    pub items: Vec<StandInRow>,
}
