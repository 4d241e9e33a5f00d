//! Signatures at the `Verify` boundary: quick stand-ins for most keys, and real ones of their suite
//! for about one in a hundred, so that both ways are walked in every gate.

use jiaolian_schema::id::sha256;
use jiaolian_schema::suite::{
    KeyError, SIGNATURE_BYTES, SeedSigner, Sign, StrictVerifier, Suite, Verify,
};

/// First bytes of a stand-in's public key; no key of that form is ever drawn, since no SM2 key
/// begins so and hardly any of Ed25519.
const MARK: &[u8; 8] = b"sim-key\0";
/// Of so many keys one is real.
const REAL_ONE_IN: u64 = 100;

/// In which suites a world signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suites {
    /// Everybody in one.
    All(Suite),
    /// Each key in one that the seed draws: a county's may differ from its superior's and from its
    /// townships', and one officer's from another's.
    Mixed,
}

impl Default for Suites {
    fn default() -> Self {
        Self::All(Suite::Ed25519)
    }
}

impl Suites {
    /// Reads `1`, `2` or `mixed`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let one = || text.parse().ok().and_then(Suite::numbered).map(Self::All);
        match text {
            "mixed" => Ok(Self::Mixed),
            _ => one().ok_or_else(|| format!("a suite is 1, 2 or mixed, not {text:?}")),
        }
    }

    fn of(self, digest: &[u8; 32]) -> Suite {
        match self {
            Self::All(suite) => suite,
            Self::Mixed => Suite::ALL[usize::from(digest[8]) % Suite::ALL.len()],
        }
    }
}

/// A key of the simulation.
#[derive(Debug, Clone)]
pub(crate) enum SimSigner {
    Quick(Suite, [u8; 32]),
    Real(SeedSigner),
}

impl SimSigner {
    /// The key of a name in a seed's world.
    pub(crate) fn named(seed: u64, suites: Suites, name: &str) -> Self {
        let digest = sha256(&[b"sim signer", &seed.to_be_bytes(), name.as_bytes()]);
        let lot = u64::from_be_bytes([
            digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
        ]);
        let suite = suites.of(&digest);
        if lot.is_multiple_of(REAL_ONE_IN) {
            return Self::Real(SeedSigner::new(suite, &digest));
        }
        let mut key = digest;
        key[..MARK.len()].copy_from_slice(MARK);
        Self::Quick(suite, key)
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
        match self {
            Self::Quick(suite, _) => suite.number(),
            Self::Real(signer) => signer.suite(),
        }
    }

    fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Quick(_, key) => key.to_vec(),
            Self::Real(signer) => signer.public_key(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], KeyError> {
        match self {
            Self::Quick(_, key) => Ok(quick(key, message)),
            Self::Real(signer) => signer.sign(message),
        }
    }
}

/// Tells good signatures of both sorts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimVerifier;

impl Verify for SimVerifier {
    fn verify(&self, suite: u8, key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        if self.knows(suite) && key.len() == 32 && key.starts_with(MARK) {
            return quick(key, message) == *signature;
        }
        StrictVerifier.verify(suite, key, message, signature)
    }

    fn knows(&self, suite: u8) -> bool {
        StrictVerifier.knows(suite)
    }
}
