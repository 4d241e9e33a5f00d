//! Acts about what offices keep: that a dossier is destroyed, and that an office has let go of one.

use crate::id::{DossierId, EnvelopeId, OfficeId};
use minicbor::{Decode, Encode};

/// Destroys a case at every office that holds it: its key, its rows and its alarms go, its heads stay.
/// Signed by a keeper of the county or of an office above it (个人信息保护法 Art. 47).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Shred {
    /// The case.
    #[n(0)]
    pub dossier: DossierId,
    /// The article that asks for it.
    #[n(1)]
    pub basis: String,
    /// Number of the document behind it.
    #[n(2)]
    pub document: String,
}

/// An office's node has destroyed its key and its rows. Signed by the node in its office's roster.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Shredded {
    /// The act that asked for it.
    #[n(0)]
    pub shred: EnvelopeId,
    /// The case.
    #[n(1)]
    pub dossier: DossierId,
}

/// An office's node has destroyed its key and its rows of a case that another office is responsible
/// for. Signed by the node in its office's roster.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Parted {
    /// The case.
    #[n(0)]
    pub dossier: DossierId,
    /// The office that was responsible when it was let go of.
    #[n(1)]
    pub to: OfficeId,
}
