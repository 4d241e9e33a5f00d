//! Sealing at rest: every value on the disk is authenticated and secret, because redb hands back
//! flipped
//! bits as if nothing had happened, and because township PCs are stolen.
//!
//! A sealed value is `form (1) ‖ epoch (4, big-endian) ‖ nonce ‖ ciphertext ‖ tag`; a boxed one has
//! before its nonce what only the secret half can read, one under a dossier's key the name of that key
//! (16), which its associated data ends with (`book`). Nonce and tag are the suite's (`cipher`):
//! 24 and 16 bytes in suite 1, 16 and 32 in suite 2, whose forms have the top bit set. The epoch of a row
//! of positions is the day they are of (`day`). The associated
//! data is `form ‖ table ‖ row key ‖ epoch`, so a value can't be moved to another row, table, epoch or
//! suite. The two domains and their keys: `design.md` §8.

mod book;
mod case;
mod cipher;
mod day;
mod pair;
mod vault;

use jiaolian_schema::suite::Suite;
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

pub(crate) use book::without_days;
pub use book::{ReadBookError, Subject};
pub use case::{CasePublic, CaseSecret};
pub use cipher::{Seal, sealer};
pub(crate) use day::{Day, day_of};
pub(crate) use vault::Rewrite;
pub use vault::{UnlockError, Vault};

/// Length of every symmetric key and of both halves of a CASE key pair, in bytes.
pub const KEY_BYTES: usize = 32;
/// Length of suite 1's random nonce, in bytes. 192 bits may be drawn at random for ever.
pub const NONCE_BYTES: usize = 24;

const EPOCH_BYTES: usize = 4;
/// Set in the first byte of what suite 2 sealed.
const SM_BIT: u8 = 0x80;

/// How a value was sealed: its first byte. A number never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Form {
    Ops = 1,
    CaseEpoch = 2,
    CaseBox = 3,
    Dossier = 4,
    Day = 5,
}

/// Why sealed bytes did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenSealError {
    /// No officer is signed in.
    #[error("the CASE domain is closed until an officer signs in")]
    Locked,
    /// The key of its dossier or day was destroyed.
    #[error("the key of this dossier or day was destroyed")]
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
pub struct OpsKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    suite: Suite,
    rows: Arc<dyn Seal>,
}

impl std::fmt::Debug for OpsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpsKey")
    }
}

impl OpsKey {
    /// The one epoch of the OPS key; a new key means a new store.
    const EPOCH: u32 = 1;

    /// A key of suite 1 from its bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self::new(Suite::Ed25519, Zeroizing::new(bytes))
    }

    /// A key of a suite from its bytes.
    pub fn new(suite: Suite, bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let rows = sealer(suite, &bytes);
        Self { bytes, suite, rows }
    }

    /// A fresh key of suite 1.
    pub fn generate() -> Self {
        Self::generate_in(Suite::Ed25519)
    }

    /// A fresh key of a suite.
    pub fn generate_in(suite: Suite) -> Self {
        Self::new(suite, Zeroizing::new(entropy()))
    }

    /// The bytes, for the key file.
    pub fn to_bytes(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.bytes.clone()
    }

    /// The suite in which it seals.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Seals `plain` for one place.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        seal_with(&*self.rows, self.kind(), place, plain)
    }

    /// Opens what `seal` made for the same place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        open_with(&*self.rows, self.kind(), place, sealed)
    }

    fn kind(&self) -> (Suite, Form, u32) {
        (self.suite, Form::Ops, Self::EPOCH)
    }
}

/// Bytes from the operating system's generator.
pub fn entropy<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives entropy once it has booted");
    bytes
}

fn seal_with(
    rows: &dyn Seal,
    (suite, form, epoch): (Suite, Form, u32),
    place: Place<'_>,
    plain: &[u8],
) -> Vec<u8> {
    let mut sealed = start(suite, form, epoch, plain.len());
    rows.append(&mut sealed, &aad(suite, form, epoch, place), plain);
    sealed
}

fn open_with(
    rows: &dyn Seal,
    (suite, form, epoch): (Suite, Form, u32),
    place: Place<'_>,
    sealed: &[u8],
) -> Result<Vec<u8>, OpenSealError> {
    let (found_suite, found, found_epoch, rest) = parse(sealed)?;
    if (found_suite, found, found_epoch) != (suite, form, epoch) {
        return Err(OpenSealError::Damaged);
    }
    rows.open(&aad(suite, form, epoch, place), rest)
}

/// The first bytes of a sealed value, with room for the rest.
fn start(suite: Suite, form: Form, epoch: u32, bytes: usize) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(1 + EPOCH_BYTES + bytes + 48);
    sealed.push(form_byte(suite, form));
    sealed.extend_from_slice(&epoch.to_be_bytes());
    sealed
}

fn form_byte(suite: Suite, form: Form) -> u8 {
    match suite {
        Suite::Ed25519 => form as u8,
        Suite::Sm2 => form as u8 | SM_BIT,
    }
}

fn parse(sealed: &[u8]) -> Result<(Suite, Form, u32, &[u8]), OpenSealError> {
    let (&byte, rest) = sealed.split_first().ok_or(OpenSealError::Damaged)?;
    let suite = match byte & SM_BIT {
        0 => Suite::Ed25519,
        _ => Suite::Sm2,
    };
    let form = match byte & !SM_BIT {
        1 => Form::Ops,
        2 => Form::CaseEpoch,
        3 => Form::CaseBox,
        4 => Form::Dossier,
        5 => Form::Day,
        _ => return Err(OpenSealError::Damaged),
    };
    let (epoch, rest) = rest
        .split_first_chunk::<EPOCH_BYTES>()
        .ok_or(OpenSealError::Damaged)?;
    Ok((suite, form, u32::from_be_bytes(*epoch), rest))
}

/// Every part but the row key has a fixed length, so two places never give the same bytes.
fn aad(suite: Suite, form: Form, epoch: u32, place: Place<'_>) -> Vec<u8> {
    let mut aad = vec![form_byte(suite, form), place.table];
    aad.extend_from_slice(place.key);
    aad.extend_from_slice(&epoch.to_be_bytes());
    aad
}
