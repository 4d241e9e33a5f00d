//! Acts about sealed records (刑事诉讼法 art. 286): that a case is sealed or unsealed, and that one person
//! may read it for a lawful query.

use crate::id::{EnvelopeId, PersonId};
use minicbor::{Decode, Encode};

/// Seals a case, or lifts its seal. From a seal on nobody reads the case but under a `Consult`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Seal {
    /// 1 sealed, 0 lifted.
    #[n(0)]
    pub sealed: u8,
    /// Id of the ground in the rule pack.
    #[n(1)]
    pub ground: String,
    /// Number of the document behind it.
    #[n(2)]
    pub document: String,
    /// The seals or liftings replaced.
    #[n(3)]
    pub replaces: Vec<EnvelopeId>,
}

/// Opens a sealed case to one person for a while (依法查询).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Consult {
    /// Who may read.
    #[n(0)]
    pub person: PersonId,
    /// Id of the ground in the rule pack.
    #[n(1)]
    pub ground: String,
    /// The unit that asks.
    #[n(2)]
    pub unit: String,
    /// What it needs the record for.
    #[n(3)]
    pub purpose: String,
    /// Number of its letter.
    #[n(4)]
    pub document: String,
    /// First instant, ms UTC.
    #[n(5)]
    pub from: i64,
    /// Last instant, ms UTC.
    #[n(6)]
    pub to: i64,
}

impl Consult {
    /// Whether it names who asks, what for and by which letter.
    pub fn is_reasoned(&self) -> bool {
        let words = [&self.unit, &self.purpose, &self.document];
        words.iter().all(|word| !word.trim().is_empty())
    }
}
