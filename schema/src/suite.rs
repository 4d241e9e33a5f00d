//! Signature suites behind two traits, so that a chain may mix them and a card or a USB key may
//! sign.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// Suite 1: Ed25519 and SHA-256.
pub const ED25519: u8 = 1;

/// Bytes of a signature in every suite.
pub const SIGNATURE_BYTES: usize = 64;

/// Who can sign with one key. The key may live in memory, on a card or on a USB key.
pub trait Sign {
    /// Which suite the key is of.
    fn suite(&self) -> u8;
    /// The public key's bytes.
    fn public_key(&self) -> Vec<u8>;
    /// Signs the message's bytes.
    fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES];
}

/// Who can tell a good signature. A simulator may stand here; nothing else decides by signatures.
pub trait Verify {
    /// Whether `signature` over `message` is by `key` of `suite`; false for a suite that is not
    /// known here.
    fn verify(&self, suite: u8, key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool;
    /// Whether this build knows the suite.
    fn knows(&self, suite: u8) -> bool;
}

/// An Ed25519 key in memory.
#[derive(Clone)]
pub struct Ed25519Signer(SigningKey);

impl Ed25519Signer {
    /// The key of a 32-byte seed (RFC 8032).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
}

impl std::fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ed25519Signer(secret)")
    }
}

impl Sign for Ed25519Signer {
    fn suite(&self) -> u8 {
        ED25519
    }

    fn public_key(&self) -> Vec<u8> {
        self.0.verifying_key().to_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

/// Checks real signatures, one at a time and strictly, so that all implementations agree.
#[derive(Debug, Clone, Copy, Default)]
pub struct StrictVerifier;

impl Verify for StrictVerifier {
    fn verify(&self, suite: u8, key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        let Ok(bytes) = <&[u8; 32]>::try_from(key) else {
            return false;
        };
        let Ok(key) = VerifyingKey::from_bytes(bytes) else {
            return false;
        };
        suite == ED25519
            && key
                .verify_strict(message, &Signature::from_bytes(signature))
                .is_ok()
    }

    fn knows(&self, suite: u8) -> bool {
        suite == ED25519
    }
}
