//! The one durable signed thing: a head that is signed and a body that the head only names by hash.
//!
//! Heads are small, say nothing of a dossier and go to every superior; bodies go where `may_hold`
//! allows. Chains,
//! forks, revocations and receipts are checked on heads alone, so a body can be shredded and its
//! chain still verifies.

use crate::canon::{self, CanonError};
use crate::id::{AuthorId, BodyHash, DossierId, EnvelopeId, OfficeId};
use crate::suite::{KeyError, SIGNATURE_BYTES, Sign, digest};
use minicbor::{Decode, Encode};

/// Longest head, bytes.
pub const HEAD_BYTES_MAX: usize = 256;
/// Longest body, bytes: with its head it fits one frame.
pub const BODY_BYTES_MAX: usize = 160 * 1024;
/// Most ids of other authors' envelopes that a body may name.
pub const DEPS_MAX: usize = 16;

/// What a body is, and with it the words that are signed: a key can't be tricked into signing one
/// kind as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// A fact or decision, appended for ever.
    #[n(1)]
    Act,
    /// One change to the content of a dossier.
    #[n(2)]
    Edit,
    /// A superior's signed list of heads it has seen.
    #[n(3)]
    Receipt,
}

impl Kind {
    /// The type string inside the signed bytes.
    pub fn type_string(self) -> &'static str {
        match self {
            Self::Act => "act/1",
            Self::Edit => "edit/1",
            Self::Receipt => "receipt/1",
        }
    }
}

/// The type string of a sign-in challenge, which is no envelope.
pub const LOGIN_TYPE: &str = "login/1";

/// What an Author may do, for ever. It is part of the Author's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Duty {
    /// Appoints, revokes, endorses.
    #[n(1)]
    Keeper,
    /// Signs receipts and nothing else.
    #[n(2)]
    Witness,
    /// All else.
    #[n(3)]
    Staff,
}

impl Duty {
    fn byte(self) -> u8 {
        match self {
            Self::Keeper => 1,
            Self::Witness => 2,
            Self::Staff => 3,
        }
    }
}

/// H(suite ‖ key ‖ office ‖ duty) in the key's suite.
pub fn author_id(suite: u8, key: &[u8], office: OfficeId, duty: Duty) -> AuthorId {
    AuthorId(digest(suite, &[&[suite], key, &office.0, &[duty.byte()]]))
}

/// The id of an envelope: the hash of its head's bytes in the suite that they name.
pub fn head_id(head: &[u8]) -> EnvelopeId {
    EnvelopeId(digest(named_suite(head), &[head]))
}

/// The hash by which a head of the suite names its body.
pub fn body_hash(suite: u8, body: &[u8]) -> BodyHash {
    BodyHash(digest(suite, &[body]))
}

/// The suite that a head's bytes begin with: key 0 of its map, in the one form of an integer. Bytes
/// that are no head have an id too, by which they are listed.
fn named_suite(head: &[u8]) -> u8 {
    match head {
        [_, 0, suite @ 0..=23, ..] | [_, 0, 0x18, suite, ..] => *suite,
        _ => 0,
    }
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// Signature and hash suite.
    #[n(0)]
    pub suite: u8,
    /// What the body is.
    #[n(1)]
    pub kind: Kind,
    /// Who signed.
    #[n(2)]
    pub author: AuthorId,
    /// Position on the author's chain over everything it signed, from 1.
    #[n(3)]
    pub n: u64,
    /// The author's envelope at n − 1; none at n = 1.
    #[n(4)]
    pub prev: Option<EnvelopeId>,
    /// The body's bytes, hashed in the suite.
    #[n(5)]
    pub body_hash: BodyHash,
    /// The newest superior receipt that the author had seen.
    #[n(6)]
    pub receipt: Option<EnvelopeId>,
}

impl Head {
    /// Bytes that a signature covers: a type string and the head, each with its length (DSSE's
    /// idea).
    pub fn signed_bytes(kind: Kind, head: &[u8]) -> Vec<u8> {
        pre_authentication(kind.type_string(), head)
    }
}

/// The words and their lengths, so that no two messages share signed bytes.
pub fn pre_authentication(type_string: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 48);
    out.extend_from_slice(b"jiaolian/1 ");
    out.extend_from_slice(
        format!("{} {} {} ", type_string.len(), type_string, payload.len()).as_bytes(),
    );
    out.extend_from_slice(payload);
    out
}

/// What the head names by hash.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Body {
    /// Entropy that keeps a short body from being guessed from its hash.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// The dossier; none in the envelope that opens one, whose id is the dossier's id.
    #[n(1)]
    pub dossier: Option<DossierId>,
    /// Position on the author's chain inside this dossier, from 1.
    #[n(2)]
    pub m: u64,
    /// The author's envelope at m − 1 in this dossier.
    #[n(3)]
    pub prev_here: Option<EnvelopeId>,
    /// Other authors' complete tips in this dossier, ascending, each once.
    #[n(4)]
    pub deps: Vec<EnvelopeId>,
    /// The appointing act under which the author signs; none only for a root key.
    #[n(5)]
    pub appointment: Option<EnvelopeId>,
    /// An `Act`, an `EditBody` or a `Receipt` in its own deterministic form.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
}

/// An envelope as it is stored and sent. Nothing about it has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Envelope {
    /// The head's bytes as they were signed.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub head: Vec<u8>,
    /// Signature over the head.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub signature: [u8; SIGNATURE_BYTES],
    /// The body's bytes, where they are here.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub body: Option<Vec<u8>>,
}

impl Envelope {
    /// Signs a head over a body; nothing where the key gives no signature.
    pub fn seal(signer: &dyn Sign, head: &Head, body: Vec<u8>) -> Result<Self, KeyError> {
        let head_bytes = canon::encode(head);
        let signature = signer.sign(&Head::signed_bytes(head.kind, &head_bytes))?;
        Ok(Self {
            head: head_bytes,
            signature,
            body: Some(body),
        })
    }

    /// The hash of the head's bytes in its suite.
    pub fn id(&self) -> EnvelopeId {
        head_id(&self.head)
    }

    /// The head, if its bytes are the one form of a head.
    pub fn parse_head(&self) -> Result<Head, CanonError> {
        canon::decode("a head", &self.head)
    }

    /// The same without its body.
    #[must_use]
    pub fn without_body(&self) -> Self {
        Self {
            body: None,
            ..self.clone()
        }
    }
}
