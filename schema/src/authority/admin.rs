//! Administrators of three kinds, each apart from the others and from everybody who works on cases
//! or appoints (三员分立).

use super::Authority;
use crate::act::Appoint;
use crate::id::{EnvelopeId, PersonId};
use std::collections::BTreeMap;

/// Roles of the system, the security and the audit administrator.
const ADMIN_ROLES: [&str; 3] = ["SEC_ADM", "SEC_AUD", "SYS_ADM"];

/// Whether a role is an administrator's; such a role is held alone.
pub fn is_admin_role(role: &str) -> bool {
    ADMIN_ROLES.contains(&role)
}

/// A person who administers and holds another seat at the same time, because two offices appointed
/// without knowing of one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminClash {
    /// Who.
    pub person: PersonId,
    /// The administrator's appointment.
    pub admin: EnvelopeId,
    /// The other one.
    pub other: EnvelopeId,
}

impl Authority {
    /// Appointments in force that no person may hold together, ascending by person.
    pub fn admin_clashes(&self) -> Vec<AdminClash> {
        let mut held: BTreeMap<PersonId, Vec<(EnvelopeId, &Appoint)>> = BTreeMap::new();
        for (id, appoint, good) in self.appointments() {
            if good && !self.is_barred(appoint.author()) {
                held.entry(appoint.person).or_default().push((id, appoint));
            }
        }
        let mut clashes = Vec::new();
        for (person, seats) in held {
            for (admin, appoint) in seats.iter().filter(|(_, seat)| administers(seat)) {
                let others = seats.iter().filter(|(_, other)| clash(appoint, other));
                clashes.extend(others.map(|(other, _)| AdminClash {
                    person,
                    admin: *admin,
                    other: *other,
                }));
            }
        }
        clashes
    }

    /// An appointment in force that the same person may not hold beside a new one.
    pub fn clash_with(&self, new: &Appoint) -> Option<(EnvelopeId, &Appoint)> {
        let held = self.appointments().filter(|(_, appoint, good)| {
            *good && appoint.person == new.person && !self.is_barred(appoint.author())
        });
        held.map(|(id, appoint, _)| (id, appoint))
            .find(|(_, appoint)| clash(appoint, new) || clash(new, appoint))
    }
}

fn administers(appoint: &Appoint) -> bool {
    appoint.roles.iter().any(|role| is_admin_role(role))
}

/// The same administrator's role at two desks is one function, anything else is two.
fn clash(admin: &Appoint, other: &Appoint) -> bool {
    administers(admin)
        && admin.roles != other.roles
        && admin.not_before <= other.not_after
        && other.not_before <= admin.not_after
}
