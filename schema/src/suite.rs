//! Signature suites behind two traits, so that a chain may mix them and a card or a USB key may
//! sign.
//!
//! A suite is a number inside the signed bytes. It settles the signature and the hash of everything
//! that a proof rests on: ids of envelopes and authors, hashes of bodies, roots of receipts. A number
//! that is not known here names things by SHA-256, so that all builds agree on what they call an
//! envelope that only some of them can check.

mod ed25519;
mod sm2;

use crate::id::{sha256, sm3};
use thiserror::Error;

pub use self::ed25519::Ed25519Signer;
pub use self::sm2::{SM2_KEY_BYTES, SM2_USER_ID, Sm2Signer};

/// Suite 1: Ed25519 and SHA-256.
pub const ED25519: u8 = 1;
/// Suite 2: SM2DSA and SM3 (GB/T 32918.2, GB/T 32905).
pub const SM2: u8 = 2;

/// Bytes of a signature in every suite.
pub const SIGNATURE_BYTES: usize = 64;

/// A suite that this build signs and checks with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Suite {
    /// Suite 1.
    #[default]
    Ed25519,
    /// Suite 2.
    Sm2,
}

impl Suite {
    /// Every suite that this build knows.
    pub const ALL: [Self; 2] = [Self::Ed25519, Self::Sm2];

    /// The suite of a number; none where this build does not know it.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.number() == number)
    }

    /// The number in heads, appointments and files.
    pub fn number(self) -> u8 {
        match self {
            Self::Ed25519 => ED25519,
            Self::Sm2 => SM2,
        }
    }

    /// Whether the bytes are a public key in the suite's one form: 32 bytes of RFC 8032, or
    /// `04 ‖ x ‖ y` of a point on the SM2 curve.
    pub fn is_public_key(self, bytes: &[u8]) -> bool {
        match self {
            Self::Ed25519 => ed25519::public_key(bytes).is_some(),
            Self::Sm2 => sm2::public_key(bytes).is_some(),
        }
    }
}

/// The hash of the parts, one after another, as a suite of that number makes it.
pub fn digest(suite: u8, parts: &[&[u8]]) -> [u8; 32] {
    if suite == SM2 {
        sm3(parts)
    } else {
        sha256(parts)
    }
}

/// Why a key gave no signature. A key in memory always gives one; a key in somebody's pocket may not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It is not plugged in.
    #[error("the key must be plugged in to sign")]
    Absent,
    /// It signs with its PIN, and none was given.
    #[error("the key signs only with its PIN")]
    NoPin,
    /// The PIN is wrong; the device says how many tries are left.
    #[error("the PIN must be the key's own; {left} tries are left")]
    WrongPin {
        /// Tries until the device locks.
        left: u8,
    },
    /// The device has locked its PIN; only its issuer opens it again.
    #[error("the key has locked its PIN after too many wrong tries")]
    PinLocked,
    /// What is plugged in is another key.
    #[error("the key that is plugged in must be the one that was enrolled")]
    OtherKey,
    /// The device did not do it.
    #[error("the key gave no signature: {0}")]
    Failed(String),
}

/// Who can sign with one key. The key may live in memory, on a card or on a USB key.
pub trait Sign {
    /// Which suite the key is of.
    fn suite(&self) -> u8;
    /// The public key's bytes, in the suite's one form.
    fn public_key(&self) -> Vec<u8>;
    /// Signs the message's bytes, or says why the key would not.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], KeyError>;
}

/// Who can tell a good signature. A simulator may stand here; nothing else decides by signatures.
pub trait Verify {
    /// Whether `signature` over `message` is by `key` of `suite`; false for a suite that is not
    /// known here.
    fn verify(&self, suite: u8, key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool;
    /// Whether this build knows the suite.
    fn knows(&self, suite: u8) -> bool;
}

/// A key in memory, of either suite, made of a 32-byte seed.
#[derive(Debug, Clone)]
pub enum SeedSigner {
    /// Of suite 1.
    Ed25519(Box<Ed25519Signer>),
    /// Of suite 2.
    Sm2(Box<Sm2Signer>),
}

impl SeedSigner {
    /// The key that a suite makes of 32 bytes of entropy.
    pub fn new(suite: Suite, seed: &[u8; 32]) -> Self {
        match suite {
            Suite::Ed25519 => Self::Ed25519(Box::new(Ed25519Signer::from_seed(seed))),
            Suite::Sm2 => Self::Sm2(Box::new(Sm2Signer::from_seed(seed))),
        }
    }

    fn inner(&self) -> &dyn Sign {
        match self {
            Self::Ed25519(signer) => &**signer,
            Self::Sm2(signer) => &**signer,
        }
    }
}

impl Sign for SeedSigner {
    fn suite(&self) -> u8 {
        self.inner().suite()
    }

    fn public_key(&self) -> Vec<u8> {
        self.inner().public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], KeyError> {
        self.inner().sign(message)
    }
}

/// Checks real signatures of both suites, one at a time and strictly, so that all implementations
/// agree.
#[derive(Debug, Clone, Copy, Default)]
pub struct StrictVerifier;

impl Verify for StrictVerifier {
    fn verify(&self, suite: u8, key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        match Suite::numbered(suite) {
            Some(Suite::Ed25519) => ed25519::verify(key, message, signature),
            Some(Suite::Sm2) => sm2::verify(key, message, signature),
            None => false,
        }
    }

    fn knows(&self, suite: u8) -> bool {
        Suite::numbered(suite).is_some()
    }
}
