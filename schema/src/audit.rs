//! The log that a node keeps of itself: who looked at what and why, what was signed, refused and
//! shown, which lines were open. Each row holds the hash of the row before.
//!
//! Rows know codes only: a person of the roster, a dossier, words of closed lists. Nothing in them
//! says more of the supervised person than the dossier's id.

mod check;
mod looked;

pub use check::{Fault, Flaw, check};
pub use looked::Looked;

use crate::canon;
use crate::id::{DossierId, EnvelopeId, OfficeId, PersonId, sha256};
use minicbor::{Decode, Encode};

/// Longest row, bytes.
pub const ROW_BYTES_MAX: usize = 512;
/// Most rows in one signed batch.
pub const LOG_ROWS_MAX: usize = 500;
/// Most bytes of rows in one signed batch.
pub const LOG_BYTES_MAX: usize = 96 * 1024;
/// Most flaws in one statement; more are told by the next.
pub const FLAWS_MAX: usize = 500;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Row {
    /// When, by the node's clock, ms UTC.
    #[n(0)]
    pub at: i64,
    /// Who; none where it was the node itself, or nobody whom it knows.
    #[n(1)]
    pub person: Option<PersonId>,
    /// In the seat of which office.
    #[n(2)]
    pub office: OfficeId,
    /// What.
    #[n(3)]
    pub looked: Looked,
    /// The purpose, a word of a closed list; empty where none is asked for.
    #[n(4)]
    pub purpose: String,
    /// Whose case, or which alarm; see `name_for_row`.
    #[n(5)]
    pub case: Option<DossierId>,
    /// From when, for what has a length, ms UTC.
    #[n(6)]
    pub from: Option<i64>,
    /// Until when, ms UTC.
    #[n(7)]
    pub to: Option<i64>,
    /// SHA-256 of the row before this; zero in the first.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub before: [u8; 32],
    /// The envelope that was signed, or the matter that was looked at.
    #[n(9)]
    pub act: Option<EnvelopeId>,
    /// A code of a closed list: of a refusal, of a state of the clock, of an act.
    #[n(10)]
    pub word: Option<String>,
    /// The office at the other end of a line.
    #[n(11)]
    pub peer: Option<OfficeId>,
    /// Everything signed here up to this instant was durable there, ms UTC.
    #[n(12)]
    pub as_of: Option<i64>,
    /// How many rows of a list were shown.
    #[n(13)]
    pub count: Option<u64>,
}

impl Row {
    /// A row about nothing in particular yet.
    pub fn new(at: i64, person: Option<PersonId>, office: OfficeId, looked: Looked) -> Self {
        Self {
            at,
            person,
            office,
            looked,
            purpose: String::new(),
            case: None,
            from: None,
            to: None,
            before: [0; 32],
            act: None,
            word: None,
            peer: None,
            as_of: None,
            count: None,
        }
    }

    /// Reads a row. Fields that a later version added are passed over; the hash covers them.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }

    /// The row's bytes, over which the next row's `before` is made.
    pub fn to_bytes(&self) -> Vec<u8> {
        canon::encode(self)
    }
}

/// Number and hash of a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Tip {
    /// From 1; 0 before the first row.
    #[n(0)]
    pub number: u64,
    /// SHA-256 of the row; zero before the first.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub hash: [u8; 32],
}

/// The name under which a row speaks of a dossier. A minor's case goes by a pseudonym (社区矫正法
/// art. 54): an office that holds the case finds it again, an office above the county does not.
pub fn name_for_row(dossier: DossierId, minor: bool) -> DossierId {
    if minor {
        DossierId(sha256(&[b"audit/minor/1", &dossier.0]))
    } else {
        dossier
    }
}
