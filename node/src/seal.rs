//! Sealing at rest: every value on the disk is authenticated and secret, because redb hands back
//! flipped
//! bits as if nothing had happened, and because township PCs are stolen.
//!
//! A sealed value is `form (1) ‖ epoch (4, big-endian) ‖ nonce (24) ‖ ciphertext ‖ tag (16)`. A boxed
//! one has the ephemeral public key (32) before its nonce, one under a dossier's key the name of that
//! key (16). The associated data is `form ‖ table ‖ row key ‖ epoch`, and the name of the key, so a
//! value can't be moved to another row, table or epoch. The two domains and their keys:
//! `design.md` §8; the keys of dossiers: `book`.

mod book;
mod case;
mod vault;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use thiserror::Error;
use zeroize::Zeroizing;

pub use book::{ReadBookError, Subject};
pub use case::{CasePublic, CaseSecret};
pub(crate) use vault::Rewrite;
pub use vault::{UnlockError, Vault};

/// Length of every symmetric key and of both halves of a CASE key pair, in bytes.
pub const KEY_BYTES: usize = 32;
/// Length of the random nonce, in bytes. 192 bits may be drawn at random for ever.
pub const NONCE_BYTES: usize = 24;

const EPOCH_BYTES: usize = 4;

/// How a value was sealed: its first byte. A number never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Form {
    Ops = 1,
    CaseEpoch = 2,
    CaseBox = 3,
    Dossier = 4,
}

/// Why sealed bytes did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenSealError {
    /// No officer is signed in.
    #[error("the CASE domain is closed until an officer signs in")]
    Locked,
    /// The key of its dossier was destroyed.
    #[error("the key of this dossier was destroyed")]
    Destroyed,
    /// Not what was sealed at this place under this key.
    #[error("a sealed value must open at the place it was sealed for")]
    Damaged,
}

/// Where a value lives: the number of its table and its row key.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The number of the table; 0 for what is no row.
    pub table: u8,
    /// The row's key, or the name of the file.
    pub key: &'a [u8],
}

/// The key of the OPS domain. It opens without anybody signed in, so it keeps alarms running after
/// a power
/// cut.
#[derive(Clone)]
pub struct OpsKey(Zeroizing<[u8; KEY_BYTES]>);

impl std::fmt::Debug for OpsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpsKey")
    }
}

impl OpsKey {
    /// The one epoch of the OPS key; a new key means a new store.
    const EPOCH: u32 = 1;

    /// A key from its bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh key.
    pub fn generate() -> Self {
        Self(Zeroizing::new(entropy()))
    }

    /// The bytes, for the key file.
    pub fn to_bytes(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.0.clone()
    }

    /// Seals `plain` for one place.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        seal_with(&self.0, Form::Ops, Self::EPOCH, place, plain)
    }

    /// Opens what `seal` made for the same place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        open_with(&self.0, Form::Ops, Self::EPOCH, place, sealed)
    }
}

/// Bytes from the operating system's generator.
pub fn entropy<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives entropy once it has booted");
    bytes
}

fn seal_with(
    key: &[u8; KEY_BYTES],
    form: Form,
    epoch: u32,
    place: Place<'_>,
    plain: &[u8],
) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(1 + EPOCH_BYTES + NONCE_BYTES + plain.len() + 16);
    sealed.push(form as u8);
    sealed.extend_from_slice(&epoch.to_be_bytes());
    append_ciphertext(&mut sealed, key, &aad(form, epoch, place), plain);
    sealed
}

fn open_with(
    key: &[u8; KEY_BYTES],
    form: Form,
    epoch: u32,
    place: Place<'_>,
    sealed: &[u8],
) -> Result<Vec<u8>, OpenSealError> {
    let (found, found_epoch, rest) = parse(sealed)?;
    if found != form || found_epoch != epoch {
        return Err(OpenSealError::Damaged);
    }
    open_ciphertext(key, &aad(form, epoch, place), rest)
}

pub(crate) fn append_ciphertext(
    out: &mut Vec<u8>,
    key: &[u8; KEY_BYTES],
    aad: &[u8],
    plain: &[u8],
) {
    let nonce: [u8; NONCE_BYTES] = entropy();
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let ciphertext = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
        .expect("a value on this disk is far below the cipher's 256 GiB");
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&ciphertext);
}

pub(crate) fn open_ciphertext(
    key: &[u8; KEY_BYTES],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, OpenSealError> {
    let (nonce, ciphertext) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(OpenSealError::Damaged)?;
    XChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: ciphertext,
                aad,
            },
        )
        .map_err(|_| OpenSealError::Damaged)
}

fn parse(sealed: &[u8]) -> Result<(Form, u32, &[u8]), OpenSealError> {
    let (&form, rest) = sealed.split_first().ok_or(OpenSealError::Damaged)?;
    let form = match form {
        1 => Form::Ops,
        2 => Form::CaseEpoch,
        3 => Form::CaseBox,
        4 => Form::Dossier,
        _ => return Err(OpenSealError::Damaged),
    };
    let (epoch, rest) = rest
        .split_first_chunk::<EPOCH_BYTES>()
        .ok_or(OpenSealError::Damaged)?;
    Ok((form, u32::from_be_bytes(*epoch), rest))
}

/// Every part but the row key has a fixed length, so two places never give the same bytes.
fn aad(form: Form, epoch: u32, place: Place<'_>) -> Vec<u8> {
    let mut aad = vec![form as u8, place.table];
    aad.extend_from_slice(place.key);
    aad.extend_from_slice(&epoch.to_be_bytes());
    aad
}
