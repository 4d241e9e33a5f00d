//! The act by which a county vouches for the key that makes certificates for its local networks.

use crate::id::EnvelopeId;
use minicbor::{Decode, Encode};

/// Vouches for a certificate authority for pages on the local networks of the signer's office and
/// of all offices below. Signed by a keeper, in the roster of that office.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Vouch {
    /// SHA-256 of the authority's certificate (DER); none only takes away what is named in
    /// `replaces`.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub authority: Option<[u8; 32]>,
    /// Earlier vouchings, of the same office or of one below, that stand no more, ascending.
    #[n(1)]
    pub replaces: Vec<EnvelopeId>,
    /// Reason or document number.
    #[n(2)]
    pub document: String,
}
