//! The key of a backup under a passphrase, with the CASE secret of that day beside it.

use super::wrap::{SECRET_BYTES, Wrap};
use super::{Cost, Seed};
use crate::seal::{CaseSecret, entropy};
use zeroize::Zeroizing;

const NAME: &str = "backup";

/// See `make` and `open`.
#[derive(Debug)]
pub struct BackupKey;

impl BackupKey {
    /// A fresh key, and how it lies in the backup's first line.
    pub fn make(cost: Cost, words: &str, case: &CaseSecret) -> (Seed, Vec<u8>) {
        let key: Seed = Zeroizing::new(entropy());
        let mut secrets = Zeroizing::new([0; SECRET_BYTES]);
        secrets[..32].copy_from_slice(key.as_slice());
        secrets[32..].copy_from_slice(case.to_bytes().as_slice());
        let sealed = Wrap::seal(cost, NAME, words, &secrets).to_bytes();
        (key, sealed)
    }

    /// The key and the CASE secret; none where the passphrase is another.
    pub fn open(sealed: &[u8], words: &str) -> Option<(Seed, CaseSecret)> {
        let secrets = Wrap::from_bytes(sealed)?.open(NAME, words)?;
        let (key, case) = secrets.split_first_chunk()?;
        Some((
            Zeroizing::new(*key),
            CaseSecret::from_bytes(case.try_into().ok()?),
        ))
    }
}
