//! Why a set of envelopes is refused before anything is judged: one sentence each, which names the
//! rule and shows the value.

use crate::canon::CanonError;
use crate::envelope::{BODY_BYTES_MAX, DEPS_MAX, HEAD_BYTES_MAX};
use crate::id::{AuthorId, EnvelopeId};
use thiserror::Error;

/// A rule of form that one envelope breaks.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("envelope {id}: {rule}")]
pub struct Fault {
    /// SHA-256 of its head's bytes.
    pub id: EnvelopeId,
    /// What is wrong.
    pub rule: Form,
}

/// The rules of form.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Form {
    #[error("a head has at most {HEAD_BYTES_MAX} bytes, found {0}")]
    LongHead(usize),
    #[error("a body has at most {BODY_BYTES_MAX} bytes, found {0}")]
    LongBody(usize),
    #[error("bytes have one form only: {0}")]
    Bytes(#[from] CanonError),
    #[error("the suite is one that this verifier knows, found {0}")]
    Suite(u8),
    #[error("every author is introduced by an appointment, {0} is by none")]
    Stranger(AuthorId),
    #[error("the signature is the author's ({0}) over the head as {1}")]
    Signature(AuthorId, &'static str),
    #[error("a chain begins at n = 1 without prev and has one ever after, found n = {0}")]
    ChainStart(u64),
    #[error("a chain in a dossier begins at m = 1 without prev, found m = {0}")]
    HereStart(u64),
    #[error("the body is the one that the head names by hash")]
    OtherBody,
    #[error("a body names at most {DEPS_MAX} deps, ascending and each once, found {0}")]
    Deps(usize),
    #[error(
        "found, open, raise and a ledger open a dossier with m = 1 and no deps; nothing else does"
    )]
    Opening,
    #[error("a witness signs receipts and nothing else, and nobody else signs one")]
    Witness,
    #[error("a receipt lists at most 1000 heads, ascending, under their Merkle root")]
    Receipt,
    #[error("a root statement is sound and every signature beside it verifies")]
    Root,
    #[error("an act has at most 131072 bytes, found {0}")]
    LongAct(usize),
    #[error("a section has at most 32768 bytes, found {0}")]
    LongSection(usize),
}
