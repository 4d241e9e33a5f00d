//! Acts of a node's own log: what it signs of its rows, so that its chain and the receipts of the
//! offices above cover them.

use crate::audit::Flaw;
use crate::id::{DossierId, EnvelopeId, OfficeId};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// Opens an Audit dossier. A node opens one for each month, so that none grows without end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ledger {
    /// The office that the node stands in.
    #[n(0)]
    pub office: OfficeId,
    /// The newest batch before this dossier; none in a node's first.
    #[n(1)]
    pub after: Option<EnvelopeId>,
}

/// A batch of rows as they lie on the disk, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Log {
    /// Number of the first row, from 1.
    #[n(0)]
    pub first: u64,
    /// SHA-256 of the row below the first.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub before: [u8; 32],
    /// SHA-256 of the newest row as it was written.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub last: [u8; 32],
    /// The rows' own bytes; empty where a row is not there any more.
    #[n(3)]
    pub rows: Vec<ByteVec>,
}

/// Rows on the disk that are no longer the rows that were signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Damage {
    /// Ascending.
    #[n(0)]
    pub flaws: Vec<Flaw>,
}

/// Lets the oldest of a node's logs go: what its last batch was is kept, its rows are not.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Purge {
    /// The log's dossier.
    #[n(0)]
    pub log: DossierId,
    /// Its last batch.
    #[n(1)]
    pub last: EnvelopeId,
    /// Number of its newest row.
    #[n(2)]
    pub top: u64,
    /// SHA-256 of that row as it was written.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub hash: [u8; 32],
}
