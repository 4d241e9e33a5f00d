//! The second place for the newest position of each local author. A disk that was rolled back (还原卡)
//! would
//! make the node sign a position twice and fork its own chain; the caller makes a new author
//! instead.

use crate::platform::{check_private, replace_private};
use crate::seal::{OpsKey, Place};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

const ROW_BYTES: usize = 32 + 8;

/// Why the second place says nothing. Each is a doubt: the node makes a new author.
#[derive(Debug, Error)]
pub enum TipError {
    /// The file is not there.
    #[error("{0} must be beside a store that has signed")]
    Missing(PathBuf),
    /// The file can't be read, is open to others or fails its seal.
    #[error("{0} must hold what this node wrote")]
    Damaged(PathBuf),
    /// The disk refused.
    #[error("{path} could not be written: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What the two places say together about one author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TipVerdict {
    /// The store is as new as the second place, or newer by what a crash kept from it.
    Current,
    /// The store is older than what this author has signed: it must not sign again.
    RolledBack {
        /// Newest position in the store, if any.
        store: Option<u64>,
        /// Newest position in the second place.
        tip: u64,
    },
}

/// Newest positions of the local authors, kept outside the store.
#[derive(Debug)]
pub struct Tip {
    path: PathBuf,
    ops: OpsKey,
    newest: BTreeMap<[u8; 32], u64>,
}

impl Tip {
    /// Starts an empty second place, for a store that has signed nothing, or after a doubt.
    pub fn create(path: &Path, ops: OpsKey) -> Result<Self, TipError> {
        let tip = Self {
            path: path.to_owned(),
            ops,
            newest: BTreeMap::new(),
        };
        tip.write()?;
        Ok(tip)
    }

    /// Reads the second place.
    pub fn open(path: &Path, ops: OpsKey) -> Result<Self, TipError> {
        let damaged = || TipError::Damaged(path.to_owned());
        let sealed = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(TipError::Missing(path.to_owned()));
            }
            read => read.map_err(|_| damaged())?,
        };
        check_private(path).map_err(|_| damaged())?;
        let plain = ops.open(tip_place(), &sealed).map_err(|_| damaged())?;
        let newest = parse(&plain).ok_or_else(damaged)?;
        Ok(Self {
            path: path.to_owned(),
            ops,
            newest,
        })
    }

    /// Compares the store's newest position of an author with the second place.
    pub fn judge(&self, author: &[u8; 32], store: Option<u64>) -> TipVerdict {
        match self.newest.get(author) {
            Some(tip) if store.is_none_or(|n| n < *tip) => {
                TipVerdict::RolledBack { store, tip: *tip }
            }
            _ => TipVerdict::Current,
        }
    }

    /// Notes a position after its commit. Positions only grow.
    pub fn record(&mut self, author: [u8; 32], n: u64) -> Result<(), TipError> {
        let newest = self.newest.get(&author).copied();
        if newest.is_some_and(|known| known >= n) {
            return Ok(());
        }
        self.newest.insert(author, n);
        self.write()
    }

    /// The file is replaced whole, so a power cut leaves the old one or the new one.
    fn write(&self) -> Result<(), TipError> {
        let row = |(author, n): (&[u8; 32], &u64)| [&author[..], &n.to_be_bytes()].concat();
        let plain: Vec<u8> = self.newest.iter().flat_map(row).collect();
        let sealed = self.ops.seal(tip_place(), &plain);
        let unfinished = self.path.with_extension("new");
        let written = replace_private(&unfinished).and_then(|mut file| {
            file.write_all(&sealed)?;
            file.sync_data()?;
            std::fs::rename(&unfinished, &self.path)
        });
        written.map_err(|source| TipError::Write {
            path: self.path.clone(),
            source,
        })
    }
}

fn tip_place() -> Place<'static> {
    Place {
        table: 0,
        key: b"tip",
    }
}

fn parse(plain: &[u8]) -> Option<BTreeMap<[u8; 32], u64>> {
    let rows = plain.chunks_exact(ROW_BYTES);
    if !rows.remainder().is_empty() {
        return None;
    }
    rows.map(|row| {
        let (author, n) = row.split_first_chunk()?;
        Some((*author, u64::from_be_bytes(n.try_into().ok()?)))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_older_than_the_second_place_is_rolled_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tip");
        let ops = OpsKey::generate();
        assert!(matches!(
            Tip::open(&path, ops.clone()),
            Err(TipError::Missing(_))
        ));
        let mut tip = Tip::create(&path, ops.clone()).unwrap();
        tip.record([1; 32], 5).unwrap();
        tip.record([1; 32], 4).unwrap();
        tip.record([2; 32], 1).unwrap();
        let tip = Tip::open(&path, ops).unwrap();
        let rolled_back = TipVerdict::RolledBack {
            store: Some(4),
            tip: 5,
        };
        assert_eq!(tip.judge(&[1; 32], Some(4)), rolled_back);
        assert_eq!(
            tip.judge(&[2; 32], None),
            TipVerdict::RolledBack {
                store: None,
                tip: 1
            }
        );
        assert_eq!(tip.judge(&[1; 32], Some(5)), TipVerdict::Current);
        assert_eq!(
            tip.judge(&[1; 32], Some(6)),
            TipVerdict::Current,
            "a crash between the two"
        );
        assert_eq!(
            tip.judge(&[3; 32], None),
            TipVerdict::Current,
            "a new author"
        );
    }

    #[test]
    fn edited_second_place_is_a_doubt() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tip");
        let ops = OpsKey::generate();
        Tip::create(&path, ops.clone())
            .unwrap()
            .record([1; 32], 5)
            .unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(Tip::open(&path, ops), Err(TipError::Damaged(_))));
    }
}
