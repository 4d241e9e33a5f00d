//! What an officer signs with: a seed in this node's ring, or a UKey in the officer's pocket.

use super::Seed;
use super::ukey::Ukey;
use crate::seal::{CaseSecret, entropy};
use jiaolian_schema::canon;
use jiaolian_schema::suite::{KeyError, SIGNATURE_BYTES, SeedSigner, Sign, Suite};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Length of what a ring of form 1 holds, in bytes: seed (32), CASE secret of suite 1 (36).
const PLAIN_BYTES: usize = 32 + 36;

/// An officer's signing key at this desk.
#[derive(Debug, Clone)]
pub enum OfficerKey {
    /// In the ring, of a suite.
    Ring(Suite, Seed),
    /// In the officer's pocket: it never leaves its device, and signs with its PIN.
    Ukey(Ukey),
}

impl OfficerKey {
    /// A fresh key for a ring.
    pub fn generate(suite: Suite) -> Self {
        Self::Ring(suite, Zeroizing::new(entropy()))
    }

    /// The UKey, where the officer has one.
    pub fn ukey(&self) -> Option<&Ukey> {
        match self {
            Self::Ring(..) => None,
            Self::Ukey(ukey) => Some(ukey),
        }
    }
}

impl Sign for OfficerKey {
    fn suite(&self) -> u8 {
        match self {
            Self::Ring(suite, _) => suite.number(),
            Self::Ukey(ukey) => ukey.suite(),
        }
    }

    fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Ring(suite, seed) => SeedSigner::new(*suite, seed).public_key(),
            Self::Ukey(ukey) => ukey.public_key(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], KeyError> {
        match self {
            Self::Ring(suite, seed) => SeedSigner::new(*suite, seed).sign(message),
            Self::Ukey(ukey) => ukey.sign(message),
        }
    }
}

/// What a ring of form 2 holds.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Held {
    /// Suite of the signing key.
    #[n(0)]
    suite: u8,
    /// Its seed; none where it is on a UKey.
    #[n(1)]
    seed: Option<ByteVec>,
    /// Where the UKey is found.
    #[n(2)]
    ukey: Option<String>,
    /// Its public key.
    #[n(3)]
    public: Option<ByteVec>,
    /// The CASE secret.
    #[n(4)]
    case: ByteVec,
}

/// The bytes that a ring wraps, and whether they are those of form 1.
pub(super) fn write(key: &OfficerKey, case: &CaseSecret) -> (Zeroizing<Vec<u8>>, bool) {
    let case_bytes = case.to_bytes();
    if let (OfficerKey::Ring(Suite::Ed25519, seed), Suite::Ed25519) = (key, case.suite()) {
        let mut plain = Zeroizing::new(Vec::with_capacity(PLAIN_BYTES));
        plain.extend_from_slice(seed.as_slice());
        plain.extend_from_slice(&case_bytes);
        return (plain, true);
    }
    let (seed, ukey) = match key {
        OfficerKey::Ring(_, seed) => (Some(seed.to_vec().into()), None),
        OfficerKey::Ukey(ukey) => (None, Some(ukey)),
    };
    let held = Held {
        suite: key.suite(),
        seed,
        ukey: ukey.map(|ukey| ukey.path().to_string_lossy().into_owned()),
        public: ukey.map(|ukey| ukey.public_key().into()),
        case: case_bytes.to_vec().into(),
    };
    (Zeroizing::new(canon::encode(&held)), false)
}

/// Reads what `write` wrote; none where it is nothing of this build's.
pub(super) fn read(bytes: &[u8], is_plain: bool) -> Option<(OfficerKey, CaseSecret)> {
    if is_plain {
        let (seed, case) = bytes.split_first_chunk()?;
        let key = OfficerKey::Ring(Suite::Ed25519, Zeroizing::new(*seed));
        return Some((key, CaseSecret::from_bytes(case)?));
    }
    let held: Held = canon::decode("a ring", bytes).ok()?;
    let suite = Suite::numbered(held.suite)?;
    let case = CaseSecret::from_bytes(&Zeroizing::new(held.case.to_vec()))?;
    let key = match (held.seed, held.ukey, held.public) {
        (Some(seed), None, None) => {
            OfficerKey::Ring(suite, Zeroizing::new(seed.as_slice().try_into().ok()?))
        }
        (None, Some(path), Some(public)) => {
            OfficerKey::Ukey(Ukey::enrolled(PathBuf::from(path), suite, public.into()))
        }
        _ => return None,
    };
    Some((key, case))
}
