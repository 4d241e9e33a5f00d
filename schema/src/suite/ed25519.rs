//! Suite 1's signatures: Ed25519 (RFC 8032), checked so strictly that no two honest checkers differ.

use super::{ED25519, KeyError, SIGNATURE_BYTES, Sign};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// An Ed25519 key in memory, wiped when dropped.
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

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], KeyError> {
        Ok(self.0.sign(message).to_bytes())
    }
}

pub(super) fn public_key(bytes: &[u8]) -> Option<VerifyingKey> {
    let bytes: &[u8; 32] = bytes.try_into().ok()?;
    if !is_reduced(bytes) {
        return None;
    }
    let key = VerifyingKey::from_bytes(bytes).ok()?;
    (!key.is_weak()).then_some(key)
}

pub(super) fn verify(key: &[u8], message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let signature = Signature::from_bytes(signature);
    public_key(key).is_some_and(|key| key.verify_strict(message, &signature).is_ok())
}

/// Whether y, little-endian under the sign bit, is below p = 2²⁵⁵ − 19: the library takes the 19
/// values above it for points too, and then one key would have two names.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let is_top = bytes[31] & 0x7f == 0x7f && bytes[1..31].iter().all(|byte| *byte == 0xff);
    !is_top || bytes[0] < 0xed
}
