//! Suite 2's signatures: SM2DSA over SM3 (GB/T 32918.2-2016, curve of GB/T 32918.5-2017).

use super::{KeyError, SIGNATURE_BYTES, SM2, Sign};
use crate::id::sm3;
use ::sm2::dsa::signature::{Signer as _, Verifier as _};
use ::sm2::dsa::{Signature, SigningKey, VerifyingKey};
use ::sm2::{PublicKey, SecretKey};

/// The user id that Z_A hashes, for every key (GB/T 35276 §10).
pub const SM2_USER_ID: &str = "1234567812345678";
/// Bytes of a public key: `04 ‖ x ‖ y`, the one form in which it is named and hashed.
pub const SM2_KEY_BYTES: usize = 65;

/// What a seed is hashed with until the hash is a secret key.
const SEED_DOMAIN: &[u8] = b"jiaolian sm2 seed 1";
const UNCOMPRESSED: u8 = 4;

/// An SM2 key in memory, wiped when dropped.
///
/// A signature's `k` is that of RFC 6979 with HMAC-SM3 over the secret key and the message's hash, so
/// no two messages ever share one and no generator of random numbers can fail.
#[derive(Clone)]
pub struct Sm2Signer {
    /// The library's signing key is not wiped when dropped, and this one is.
    secret: SecretKey,
    public: [u8; SM2_KEY_BYTES],
}

impl Sm2Signer {
    /// The key that 32 bytes of entropy make: the first SM3 of (domain ‖ counter ‖ seed) that is a
    /// secret key.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        (0..=u8::MAX)
            .find_map(|count| Self::from_secret(&sm3(&[SEED_DOMAIN, &[count], seed])))
            .expect("256 hashes in a row are above n with a chance of 2^-8192")
    }

    /// The key of a secret d in 1 ..= n − 2, big-endian; none for any other bytes.
    pub fn from_secret(secret: &[u8; 32]) -> Option<Self> {
        let secret = SecretKey::from_slice(secret).ok()?;
        let one = ::sm2::Scalar::ONE;
        // Signing divides by 1 + d.
        if *secret.to_nonzero_scalar() == -one {
            return None;
        }
        let public = secret.public_key().to_sec1_bytes();
        let public = <[u8; SM2_KEY_BYTES]>::try_from(&*public).ok()?;
        Some(Self { secret, public })
    }
}

impl std::fmt::Debug for Sm2Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sm2Signer(secret)")
    }
}

impl Sign for Sm2Signer {
    fn suite(&self) -> u8 {
        SM2
    }

    fn public_key(&self) -> Vec<u8> {
        self.public.to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], KeyError> {
        let key = SigningKey::new(SM2_USER_ID, &self.secret);
        let signature = key.and_then(|key| key.try_sign(message));
        signature
            .map(|signature| signature.to_bytes().into())
            .map_err(|error| KeyError::Failed(error.to_string()))
    }
}

pub(super) fn public_key(bytes: &[u8]) -> Option<PublicKey> {
    let plain = bytes.len() == SM2_KEY_BYTES && bytes.first() == Some(&UNCOMPRESSED);
    if !plain {
        return None;
    }
    PublicKey::from_sec1_bytes(bytes).ok()
}

/// The library refuses r and s outside 1 ..= n − 1 where it reads them, and r + s = n where it
/// checks.
pub(super) fn verify(key: &[u8], message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let Some(key) = public_key(key) else {
        return false;
    };
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::new(SM2_USER_ID, key),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.verify(message, &signature).is_ok()
}
