//! The ciphers at rest behind one trait: suite 1 seals with XChaCha20-Poly1305, suite 2 with SM4 in
//! counter mode and HMAC-SM3 over the ciphertext. A module with certified keys would be a third.
//!
//! Suite 2's bytes are `counter (16) ‖ ciphertext ‖ tag (32)`. The tag covers the associated data, its
//! length, the counter and the ciphertext. Both of its keys come from the value's one key, so that
//! all that is stored and wrapped stays 32 bytes in either suite.

use super::{KEY_BYTES, NONCE_BYTES, OpenSealError, entropy};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use ctr::Ctr128BE;
use hmac::{Hmac, Mac as _};
use jiaolian_schema::suite::Suite;
use sm3::Sm3;
use sm4::Sm4;
use sm4::cipher::{InnerIvInit as _, StreamCipher as _};
use std::sync::Arc;
use zeroize::Zeroizing;

const COUNTER_BYTES: usize = 16;
const SM4_KEY_BYTES: usize = 16;
const TAG_BYTES: usize = 32;
const SM4_INFO: &[u8] = b"jiaolian sm4 ctr 1";
const HMAC_INFO: &[u8] = b"jiaolian hmac sm3 1";

/// Who makes values secret and tells changed ones. Each call draws its own nonce, so equal values
/// never give equal bytes.
pub trait Seal: Send + Sync {
    /// Appends the sealed form of `plain`, bound to `aad`.
    fn append(&self, out: &mut Vec<u8>, aad: &[u8], plain: &[u8]);
    /// What was sealed with the same `aad`; never other bytes.
    fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenSealError>;
}

/// The sealer of a suite over a key. Making one costs more than a short value, so it is kept.
pub fn sealer(suite: Suite, key: &[u8; KEY_BYTES]) -> Arc<dyn Seal> {
    match suite {
        Suite::Ed25519 => Arc::new(XChaCha(XChaCha20Poly1305::new(&Key::from(*key)))),
        Suite::Sm2 => Arc::new(Sm4Hmac::new(key)),
    }
}

struct XChaCha(XChaCha20Poly1305);

impl Seal for XChaCha {
    fn append(&self, out: &mut Vec<u8>, aad: &[u8], plain: &[u8]) {
        let nonce: [u8; NONCE_BYTES] = entropy();
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
            .expect("a value on this disk is far below the cipher's 256 GiB");
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
    }

    fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        let (nonce, msg) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(OpenSealError::Damaged)?;
        self.0
            .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
            .map_err(|_| OpenSealError::Damaged)
    }
}

struct Sm4Hmac {
    cipher: Sm4,
    mac: Hmac<Sm3>,
}

impl Sm4Hmac {
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        let cipher_key = Zeroizing::new(expand(key, SM4_INFO));
        let mac_key = Zeroizing::new(expand(key, HMAC_INFO));
        let short: &[u8; SM4_KEY_BYTES] = cipher_key
            .first_chunk()
            .expect("a hash is longer than an SM4 key");
        Self {
            cipher: Sm4::new(&(*short).into()),
            mac: keyed(mac_key.as_slice()),
        }
    }

    fn turn(&self, counter: &[u8; COUNTER_BYTES], bytes: &mut [u8]) {
        let core = ctr::CtrCore::inner_iv_init(self.cipher.clone(), &(*counter).into());
        Ctr128BE::<Sm4>::from_core(core).apply_keystream(bytes);
    }

    fn tag(&self, aad: &[u8], body: &[u8]) -> Hmac<Sm3> {
        let mut mac = self.mac.clone();
        mac.update(&(aad.len() as u64).to_be_bytes());
        mac.update(aad);
        mac.update(body);
        mac
    }
}

impl Seal for Sm4Hmac {
    fn append(&self, out: &mut Vec<u8>, aad: &[u8], plain: &[u8]) {
        let counter: [u8; COUNTER_BYTES] = entropy();
        let from = out.len();
        out.extend_from_slice(&counter);
        out.extend_from_slice(plain);
        self.turn(&counter, &mut out[from + COUNTER_BYTES..]);
        let tag = self.tag(aad, &out[from..]).finalize().into_bytes();
        out.extend_from_slice(&tag);
    }

    fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        let (body, tag) = sealed
            .split_last_chunk::<TAG_BYTES>()
            .ok_or(OpenSealError::Damaged)?;
        let (counter, text) = body
            .split_first_chunk::<COUNTER_BYTES>()
            .ok_or(OpenSealError::Damaged)?;
        self.tag(aad, body)
            .verify_slice(tag)
            .map_err(|_| OpenSealError::Damaged)?;
        let mut plain = text.to_vec();
        self.turn(counter, &mut plain);
        Ok(plain)
    }
}

fn keyed(key: &[u8]) -> Hmac<Sm3> {
    <Hmac<Sm3> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn expand(key: &[u8; KEY_BYTES], info: &[u8]) -> [u8; TAG_BYTES] {
    let mut mac = keyed(key);
    mac.update(info);
    mac.finalize().into_bytes().into()
}
