//! The CASE domain's key pair: everybody in the house may write to it, only a signed-in officer
//! lets it be
//! read.

use super::{
    Form, KEY_BYTES, OpenSealError, Place, aad, append_ciphertext, entropy, open_ciphertext,
    open_with, parse, seal_with,
};
use hkdf::Hkdf;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

const BOX_INFO: &[u8] = b"jiaolian case box 1";
const EPOCH_INFO: &[u8] = b"jiaolian case epoch 1";
/// First epoch of a new node.
const FIRST_EPOCH: u32 = 1;

/// The public half: seals while nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CasePublic {
    epoch: u32,
    key: [u8; KEY_BYTES],
}

impl CasePublic {
    /// Length of the stored form, in bytes: epoch (4, big-endian), X25519 public key (32).
    pub const BYTES: usize = 4 + KEY_BYTES;

    /// The stored form.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[4..].copy_from_slice(&self.key);
        bytes
    }

    /// Reads the stored form.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let (epoch, key) = split(bytes);
        Self { epoch, key }
    }

    /// Seals `plain` so that only the holder of the secret half opens it.
    ///
    /// The key is HKDF-SHA256 over an ephemeral X25519 agreement, salted with both public keys.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let ephemeral = StaticSecret::from(entropy::<KEY_BYTES>());
        let ephemeral_public = PublicKey::from(&ephemeral).to_bytes();
        let shared = ephemeral.diffie_hellman(&PublicKey::from(self.key));
        let key = box_key(shared.as_bytes(), &ephemeral_public, &self.key);
        let mut sealed = vec![Form::CaseBox as u8];
        sealed.extend_from_slice(&self.epoch.to_be_bytes());
        sealed.extend_from_slice(&ephemeral_public);
        append_ciphertext(
            &mut sealed,
            &key,
            &aad(Form::CaseBox, self.epoch, place),
            plain,
        );
        sealed
    }
}

/// The secret half, held in memory only while an officer is signed in.
#[derive(Clone)]
pub struct CaseSecret {
    epoch: u32,
    secret: StaticSecret,
    /// Spares an X25519 agreement a row while the domain is open.
    epoch_key: Zeroizing<[u8; KEY_BYTES]>,
}

impl std::fmt::Debug for CaseSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CaseSecret")
    }
}

impl CaseSecret {
    /// Length of the form that key rings wrap, in bytes: epoch (4, big-endian), X25519 secret (32).
    pub const BYTES: usize = 4 + KEY_BYTES;

    /// A fresh pair in its first epoch.
    pub fn generate() -> Self {
        Self::new(FIRST_EPOCH, &Zeroizing::new(entropy()))
    }

    /// What the ring of a new key holds before anybody gave it the secret: it opens nothing.
    pub fn none() -> Self {
        Self::new(0, &Zeroizing::new([0; KEY_BYTES]))
    }

    /// Whether it opens nothing.
    pub fn is_none(&self) -> bool {
        self.epoch < FIRST_EPOCH
    }

    /// Reads the form that key rings wrap.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let (epoch, secret) = split(bytes);
        Self::new(epoch, &Zeroizing::new(secret))
    }

    /// The form that key rings wrap.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::BYTES]> {
        let mut bytes = Zeroizing::new([0; Self::BYTES]);
        bytes[..4].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[4..].copy_from_slice(self.secret.as_bytes());
        bytes
    }

    /// The half that seals.
    pub fn public(&self) -> CasePublic {
        CasePublic {
            epoch: self.epoch,
            key: PublicKey::from(&self.secret).to_bytes(),
        }
    }

    /// Seals with the epoch key: as strong as the box, without its agreement.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        seal_with(&self.epoch_key, Form::CaseEpoch, self.epoch, place, plain)
    }

    /// Opens both forms: what was sealed while locked and what was sealed since.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        match parse(sealed)? {
            (Form::CaseBox, epoch, rest) if epoch == self.epoch => self.open_box(place, rest),
            _ => open_with(&self.epoch_key, Form::CaseEpoch, self.epoch, place, sealed),
        }
    }

    fn new(epoch: u32, secret: &Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let mut epoch_key = Zeroizing::new([0; KEY_BYTES]);
        Hkdf::<Sha256>::new(Some(&epoch.to_be_bytes()), secret.as_slice())
            .expand(EPOCH_INFO, epoch_key.as_mut_slice())
            .expect("32 bytes are within what one HKDF gives");
        Self {
            epoch,
            secret: StaticSecret::from(**secret),
            epoch_key,
        }
    }

    fn open_box(&self, place: Place<'_>, rest: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        let (ephemeral, rest) = rest
            .split_first_chunk::<KEY_BYTES>()
            .ok_or(OpenSealError::Damaged)?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(*ephemeral));
        if !shared.was_contributory() {
            return Err(OpenSealError::Damaged);
        }
        let key = box_key(shared.as_bytes(), ephemeral, &self.public().key);
        open_ciphertext(&key, &aad(Form::CaseBox, self.epoch, place), rest)
    }
}

fn split(bytes: &[u8; 4 + KEY_BYTES]) -> (u32, [u8; KEY_BYTES]) {
    let mut key = [0; KEY_BYTES];
    key.copy_from_slice(&bytes[4..]);
    (
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
        key,
    )
}

fn box_key(
    shared: &[u8; KEY_BYTES],
    ephemeral: &[u8; KEY_BYTES],
    receiver: &[u8; KEY_BYTES],
) -> Zeroizing<[u8; KEY_BYTES]> {
    let salt = [ephemeral.as_slice(), receiver.as_slice()].concat();
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Hkdf::<Sha256>::new(Some(&salt), shared)
        .expand(BOX_INFO, key.as_mut_slice())
        .expect("32 bytes are within what one HKDF gives");
    key
}
