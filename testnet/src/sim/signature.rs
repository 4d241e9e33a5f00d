//! Signatures at the `Verify` boundary: quick stand-ins for most keys, and real Ed25519 for about
//! one in a hundred, so that both ways are walked in every gate.

use jiaolian_schema::id::sha256;
use jiaolian_schema::suite::{
    ED25519, Ed25519Signer, SIGNATURE_BYTES, Sign, StrictVerifier, Verify,
};

/// First bytes of a stand-in's public key; no point of the curve of that form is ever drawn.
const MARK: &[u8; 8] = b"sim-key\0";
/// Of so many keys one is real.
const REAL_ONE_IN: u64 = 100;

/// A key of the simulation.
#[derive(Debug, Clone)]
pub(crate) enum SimSigner {
    Quick([u8; 32]),
    Real(Box<Ed25519Signer>),
}

impl SimSigner {
    /// The key of a name in a seed's world.
    pub(crate) fn named(seed: u64, name: &str) -> Self {
        let digest = sha256(&[b"sim signer", &seed.to_be_bytes(), name.as_bytes()]);
        let lot = u64::from_be_bytes([
            digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
        ]);
        if lot.is_multiple_of(REAL_ONE_IN) {
            return Self::Real(Box::new(Ed25519Signer::from_seed(&digest)));
        }
        let mut key = digest;
        key[..MARK.len()].copy_from_slice(MARK);
        Self::Quick(key)
    }
}

fn quick(key: &[u8], message: &[u8]) -> [u8; SIGNATURE_BYTES] {
    let first = sha256(&[b"sim signature", key, message]);
    let mut signature = [0; SIGNATURE_BYTES];
    signature[..32].copy_from_slice(&first);
    signature[32..].copy_from_slice(key);
    signature
}

impl Sign for SimSigner {
    fn suite(&self) -> u8 {
        ED25519
    }

    fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Quick(key) => key.to_vec(),
            Self::Real(signer) => signer.public_key(),
        }
    }

    fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        match self {
            Self::Quick(key) => quick(key, message),
            Self::Real(signer) => signer.sign(message),
        }
    }
}

/// Tells good signatures of both sorts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimVerifier;

impl Verify for SimVerifier {
    fn verify(&self, suite: u8, key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        if suite == ED25519 && key.starts_with(MARK) {
            return quick(key, message) == *signature;
        }
        StrictVerifier.verify(suite, key, message, signature)
    }

    fn knows(&self, suite: u8) -> bool {
        suite == ED25519
    }
}
