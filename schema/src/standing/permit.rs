//! Permits that a standing gives the watch: leaves in force, relied on, or in force until they were revoked.

use super::Standing;
use crate::id::{EnvelopeId, PersonCode};

/// The workflow whose approval opens a fence for some days.
const LEAVE: &str = "leave";

/// A leave as the watch needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedPermit {
    /// The matter.
    pub matter: EnvelopeId,
    /// Whom it concerns.
    pub person: PersonCode,
    /// First day, days since 1970-01-01 in Asia/Shanghai.
    pub first_day: i32,
    /// Last day, included.
    pub last_day: i32,
    /// The area in its byte form; none for anywhere.
    pub area: Option<Vec<u8>>,
    /// When the decision was signed, ms UTC: it covers nothing before.
    pub signed_at: i64,
    /// Since when it covers nothing any more, ms UTC.
    pub revoked_at: Option<i64>,
}

/// Every leave that is or was granted, by matter.
pub fn permits(standing: &Standing) -> Vec<GrantedPermit> {
    let Some(person) = standing.person else {
        return Vec::new();
    };
    let leaves = standing
        .matters
        .values()
        .filter(|matter| matter.workflow == LEAVE);
    leaves
        .filter_map(|matter| {
            matter.grant.map(|grant| GrantedPermit {
                matter: matter.id,
                person,
                first_day: grant.first_day,
                last_day: grant.last_day,
                area: matter.area.clone(),
                signed_at: grant.signed_at,
                revoked_at: grant.revoked_at,
            })
        })
        .collect()
}
