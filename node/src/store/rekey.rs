//! Keys that go: a dossier's when it is destroyed, an epoch's when an officer leaves. The file of keys
//! changes first where a key comes, and last where one goes, so that a power cut leaves no row without
//! its key.

use super::row::write_meta;
use super::tables::{Domain, FORMS};
use super::{CommitError, DiskStore, sealed_public};
use crate::seal::{CaseSecret, Rewrite, Subject, day_of, without_days};
use jiaolian_sync::{Table, Write};
use std::collections::BTreeSet;
use thiserror::Error;

/// Rows sealed anew in one transaction.
const RESEALED_AT_ONCE: usize = 256;

/// Why a key did not go.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RekeyError {
    /// The file of keys is written anew only by who can read it.
    #[error("keys are destroyed while an officer is signed in")]
    Locked,
    /// The disk refused.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// How far rows have been looked at; a new one begins at the first.
#[derive(Debug, Clone, Default)]
pub struct Resealing {
    table: usize,
    from: Vec<u8>,
    /// A row of an earlier epoch could not be sealed anew, so its keys stay.
    kept: bool,
}

impl Resealing {
    /// Whether every row that was met could be sealed anew.
    pub fn is_whole(&self) -> bool {
        !self.kept
    }
}

impl DiskStore {
    /// Destroys the keys of these subjects: no copy of the store, older or newer, opens their rows with
    /// the file of keys that is there when this returns.
    pub fn destroy_keys(&self, gone: &BTreeSet<Subject>) -> Result<(), RekeyError> {
        self.flights.wait()?;
        let rewrite = self.reader.vault.without(gone);
        self.rewrite_keys(rewrite.ok_or(RekeyError::Locked)?)
    }

    /// Destroys the keys under which positions of days before that of an instant lie, ms UTC; needs
    /// nobody signed in. False where there was none. No copy of the store, older or newer, gives
    /// those positions with the file of keys that is there when this returns.
    pub fn destroy_days(&self, before: i64) -> Result<bool, CommitError> {
        let (vault, day) = (&self.reader.vault, day_of(before));
        if !vault.has_days_before(day) {
            return Ok(false);
        }
        self.write_tables(&[])?;
        let file = self.medium().read_keys()?.unwrap_or_default();
        let damaged = |error: crate::seal::ReadBookError| CommitError::Damaged(error.to_string());
        let file = without_days(&file, day).map_err(damaged)?;
        self.medium().replace_keys(&file)?;
        vault.forget_days(day, file.len() as u64);
        Ok(true)
    }

    /// Begins a new epoch: from here on rows are sealed under new keys, which only the new secret
    /// opens. `rings` are the rows that give it to those who are to have it. The rows of earlier
    /// epochs stay readable until `reseal` has come to its end.
    pub fn turn_epoch(&self, next: &CaseSecret, rings: &[Write]) -> Result<(), RekeyError> {
        self.flights.wait()?;
        let vault = &self.reader.vault;
        let rewrite = vault.turned(next).ok_or(RekeyError::Locked)?;
        // This file opens by both secrets: whichever the store names after a power cut fits.
        self.medium()
            .replace_keys(&rewrite.file)
            .map_err(CommitError::from)?;
        let public = sealed_public(vault.ops(), next.public());
        let sealed = self.seal_rows(rings);
        let slot = &self.reader.slot;
        slot.with(|db| write_meta(db, &public, rings, &sealed))
            .map_err(CommitError::from)?;
        vault.take(rewrite);
        Ok(())
    }

    /// Seals some more rows of earlier epochs and forms as rows are sealed now; true when none are
    /// left. Broken off at any moment it goes on from where it was, or from the first row.
    pub fn reseal(&self, at: &mut Resealing) -> Result<bool, RekeyError> {
        let vault = &self.reader.vault;
        if !vault.is_open() {
            return Err(RekeyError::Locked);
        }
        self.flights.wait()?;
        let Some(form) = FORMS.get(at.table) else {
            return Ok(true);
        };
        let rows = match form.domain {
            Domain::Ops => Vec::new(),
            Domain::Case => self.case_rows(form.table, &at.from)?,
        };
        let Some((last, _)) = rows.last() else {
            (at.table, at.from) = (at.table + 1, Vec::new());
            let ended = at.table == FORMS.len();
            if ended && !at.kept {
                self.rewrite_keys(vault.settled().ok_or(RekeyError::Locked)?)?;
            }
            return Ok(ended);
        };
        at.from = [last.as_slice(), &[0]].concat();
        let writes: Vec<Write> = rows
            .into_iter()
            .filter_map(|(key, sealed)| self.stale_row(form.table, key, &sealed, &mut at.kept))
            .collect();
        self.commit(&writes)?;
        Ok(false)
    }

    /// Whether rows or secrets of an earlier epoch may be left.
    pub fn has_earlier_epochs(&self) -> bool {
        self.reader.vault.has_earlier()
    }

    fn case_rows(&self, table: Table, from: &[u8]) -> Result<jiaolian_sync::Rows, CommitError> {
        let rows = self.reader.sealed_rows(table, from, None, RESEALED_AT_ONCE);
        rows.map_err(|error| CommitError::Disk(error.to_string()))
    }

    fn stale_row(
        &self,
        table: Table,
        key: Vec<u8>,
        sealed: &[u8],
        kept: &mut bool,
    ) -> Option<Write> {
        let vault = &self.reader.vault;
        match vault.open(table, &key, sealed) {
            Ok(plain) => {
                let current = vault.is_current(table, &key, sealed, &plain);
                (!current).then_some(Write {
                    table,
                    key,
                    value: Some(plain),
                })
            }
            Err(crate::seal::OpenSealError::Destroyed) => None,
            Err(_) => {
                *kept = true;
                None
            }
        }
    }

    fn seal_rows(&self, writes: &[Write]) -> Vec<Option<Vec<u8>>> {
        let vault = &self.reader.vault;
        let seal = |w: &Write| Some(vault.seal(w.table, &w.key, w.value.as_ref()?));
        writes.iter().map(seal).collect()
    }

    fn rewrite_keys(&self, rewrite: Rewrite) -> Result<(), RekeyError> {
        self.medium()
            .replace_keys(&rewrite.file)
            .map_err(CommitError::from)?;
        self.reader.vault.take(rewrite);
        Ok(())
    }
}
