//! Acts about who has the duty at an office: its list, and that one person handed it to another.

use crate::id::{EnvelopeId, PersonId};
use crate::schedule::Schedule;
use minicbor::{Decode, Encode};

/// Sets the service hours and the duty list (值班表) of the signer's own office. Signed by its head in
/// the office's roster.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rota {
    /// Hours of the week in which the office itself answers; none where it never does.
    #[n(0)]
    pub hours: Option<Schedule>,
    /// 1 where the hours follow the calendar of working days.
    #[n(1)]
    pub workdays: u8,
    /// Who has the duty when.
    #[n(2)]
    pub shifts: Vec<Shift>,
    /// Telephone numbers of staff, by person, ascending, each person once.
    #[n(3)]
    pub phones: Vec<Phone>,
    /// Earlier lists of this office that stand no more, ascending.
    #[n(4)]
    pub replaces: Vec<EnvelopeId>,
}

/// One person's stretch of duty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Shift {
    /// First instant, ms UTC.
    #[n(0)]
    pub from: i64,
    /// The instant at which it is over, ms UTC.
    #[n(1)]
    pub to: i64,
    /// Who.
    #[n(2)]
    pub person: PersonId,
}

/// The number under which a member of staff is called while on duty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Phone {
    /// Whose.
    #[n(0)]
    pub person: PersonId,
    /// 5 to 15 digits, `+` before them where they start with a country's.
    #[n(1)]
    pub number: String,
}

/// Hands the duty of an office over (交接班), or takes it. Signed in the office's roster by the one who
/// leaves, and then by the one who comes. The list itself stays at the office: it tells of cases, and a
/// roster is read by others.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HandOver {
    /// What is taken; none where it is handed over.
    #[n(0)]
    pub takes: Option<EnvelopeId>,
    /// SHA-256 of the list's bytes; the same again where it is taken.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub list: [u8; 32],
    /// How many alarms it holds that are not closed.
    #[n(2)]
    pub open: u32,
    /// Of how many nobody could be told.
    #[n(3)]
    pub untold: u32,
}
