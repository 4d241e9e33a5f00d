//! The key of a backup under a passphrase, with the CASE secret of that day beside it.

use super::wrap::{Form, Wrap};
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
        let secrets = Zeroizing::new([key.as_slice(), &case.to_bytes()].concat());
        let wrap = Wrap::seal((cost, Form::of(case.suite())), NAME, words, &secrets);
        (key, wrap.to_bytes())
    }

    /// The key and the CASE secret; none where the passphrase is another.
    pub fn open(sealed: &[u8], words: &str) -> Option<(Seed, CaseSecret)> {
        let opened = Wrap::from_bytes(sealed)?.open(NAME, words)?;
        let (key, case) = opened.secrets.split_first_chunk()?;
        Some((Zeroizing::new(*key), CaseSecret::from_bytes(case)?))
    }
}
