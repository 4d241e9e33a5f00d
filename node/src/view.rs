//! What one signed-in person may see, in the words and shapes of the console. Views read; they
//! never write.

pub mod act;
pub mod alarm;
pub mod area;
pub mod audit;
pub mod bind_form;
pub mod bundle;
pub mod case;
pub mod check;
mod county;
pub mod duty;
pub mod evidence;
pub mod explain;
pub mod fault;
pub mod fence_check;
pub mod form;
pub mod incident;
pub mod label;
pub mod map;
pub mod mass;
pub mod matter;
pub mod mend;
pub mod network;
pub mod opening;
pub mod plan_form;
mod protected;
pub mod purpose;
mod quarrel;
pub mod seat;
pub mod section;
pub mod shape;
pub mod stand_in;
pub mod status;
pub mod tally;
pub mod text;
pub mod today;
mod waiting;
pub mod wall;

pub use county::{County, ReadCountiesError};

use jiaolian_schema::desk::Capacity;
use jiaolian_schema::id::{AuthorId, EnvelopeId, OfficeId, PersonId};

/// Who looks and signs: one person in one seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The person.
    pub person: PersonId,
    /// Name as the appointment has it.
    pub name: String,
    /// Staff number as the appointment has it.
    pub staff_number: String,
    /// The seat's office.
    pub office: OfficeId,
    /// The office's tier, 1 township … 5 ministry.
    pub tier: u8,
    /// The key in its place.
    pub author: AuthorId,
    /// The appointment that the person signs under; none only for a root key.
    pub appointment: Option<EnvelopeId>,
    /// Role ids, ascending; none for a stand-in who has not taken the place.
    pub roles: Vec<String>,
    /// Whether the seat is a stand-in's (代).
    pub acting: bool,
    /// Kinds of case: 1 adult, 2 minor.
    pub kinds: Vec<u8>,
    /// Whether a role that the person holds oversees others and therefore writes nothing.
    pub reads_only: bool,
}

impl Viewer {
    /// Whether the person holds a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }

    /// In which capacity the person signs.
    pub fn capacity(&self) -> Capacity {
        Capacity {
            person: self.person,
            name: self.name.clone(),
            office: self.office,
            tier: self.tier,
            roles: self.roles.clone(),
            acting: self.acting,
        }
    }

    /// A made-up officer.
    #[cfg(test)]
    pub(crate) fn example(byte: u8) -> Self {
        Self {
            person: PersonId([byte; 16]),
            name: format!("officer {byte}"),
            staff_number: format!("43018100{byte:02}"),
            office: OfficeId([1; 16]),
            tier: 1,
            author: AuthorId([byte; 32]),
            appointment: Some(EnvelopeId([byte; 32])),
            roles: vec!["OFF_STAFF".into()],
            acting: false,
            kinds: vec![1],
            reads_only: false,
        }
    }
}
