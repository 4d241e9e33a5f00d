//! The store as it lies on the disk, row by row and still sealed: taken out of one moment for a backup,
//! and laid down again under the same keys.

use super::row::{first_rows, read_all};
use super::slot::Slot;
use super::tables::FORMS;
use super::{
    DiskStore, Medium, OpenStoreError, StoreReader, no_keys, refuse, sealed_public, unwrap_error,
};
use crate::seal::{CasePublic, OpsKey};
use jiaolian_sync::{StoreError, Table};
use redb::Database;
use std::cell::RefCell;
use std::sync::Arc;
use thiserror::Error;

/// A row with its value as it lies on the disk.
pub type SealedRow = (Table, Vec<u8>, Vec<u8>);

/// Why rows were not copied.
#[derive(Debug, Error)]
pub enum CopyError<E> {
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever takes them.
    #[error(transparent)]
    Taker(E),
}

impl StoreReader {
    /// Every row of every table as it is at one moment, while others go on writing.
    pub fn each_sealed<E>(
        &self,
        take: impl FnMut(SealedRow) -> Result<(), E>,
    ) -> Result<(), CopyError<E>> {
        let mut take = take;
        // The file first: what goes from it to the tables meanwhile counts there, and only there.
        let file = self.journal_file()?;
        for one in self.journal_records(&file) {
            let row = (
                Table::Journal,
                one.number.to_be_bytes().to_vec(),
                one.sealed.to_vec(),
            );
            take(row).map_err(CopyError::Taker)?;
        }
        let (take, refused) = (RefCell::new(take), RefCell::new(None));
        let read = self.slot.with(|database| {
            read_all(database, &mut |row| {
                let taken = (take.borrow_mut())(row);
                let goes_on = taken.is_ok();
                if let Err(error) = taken {
                    refused.replace(Some(error));
                }
                goes_on
            })
        });
        match refused.into_inner() {
            Some(error) => Err(CopyError::Taker(error)),
            None => read.map_err(|trouble| CopyError::Store(trouble.on(Table::Local))),
        }
    }

    /// The file of dossier keys. Read after the rows it opens all of them that are to be opened still.
    pub fn keys_file(&self) -> std::io::Result<Vec<u8>> {
        Ok(self.slot.medium().read_keys()?.unwrap_or_default())
    }

    /// The key of the OPS domain.
    pub(crate) fn ops(&self) -> &OpsKey {
        self.vault.ops()
    }
}

impl DiskStore {
    /// Makes a store of rows that are sealed under these keys already. Its file appears whole or not at
    /// all.
    pub fn lay_down(
        medium: Arc<dyn Medium>,
        cache_mib: u16,
        ops: OpsKey,
        public: CasePublic,
        (keys_file, rows): (&[u8], &[SealedRow]),
    ) -> Result<Self, OpenStoreError> {
        let sealed = sealed_public(&ops, public);
        let fill = |database: &Database| first_rows(database, &sealed, rows).map_err(unwrap_error);
        let slot = Slot::new(Arc::clone(&medium), cache_mib);
        slot.medium().replace_keys(keys_file).map_err(no_keys)?;
        slot.create(&fill).map_err(refuse)?;
        drop(slot);
        Self::open(medium, cache_mib, ops)
    }
}

/// The table of a number; none for one of a later program.
pub(crate) fn table_of(number: u8) -> Option<Table> {
    let mut forms = FORMS.iter();
    forms
        .find(|form| form.table as u8 == number)
        .map(|form| form.table)
}
