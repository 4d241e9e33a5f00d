//! Reading: what the journal says, and under it what the tables say, with every value opened.

use super::StoreReader;
use super::journal::{Word, laid_over};
use super::row::{read_row, read_rows};
use super::tables::{Domain, form};
use crate::seal::OpenSealError;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_sync::{Rows, Store, StoreError, Table, dossier_of};
use redb::{ReadableDatabase, ReadableTableMetadata};
use std::sync::atomic::Ordering;

impl StoreReader {
    /// The dossier of a case's body, told by the key under which it lies: whoever may not see it is
    /// refused before anything of it was opened. None where there is none, and while locked.
    pub fn dossier_of_body(&self, id: EnvelopeId) -> Result<Option<DossierId>, StoreError> {
        let table = Table::CaseBody;
        self.work.reads.fetch_add(1, Ordering::Relaxed);
        let sealed = self.slot.with(|db| read_row(db, table, &id.0));
        let Some(sealed) = sealed.map_err(|trouble| trouble.on(table))? else {
            return Ok(None);
        };
        if let Some(subject) = self.vault.subject_of_row(&sealed) {
            return Ok(Some(DossierId(subject)));
        }
        if !self.is_open() {
            return Ok(None);
        }
        // A row of an earlier form, until it is sealed anew.
        let body = self.unseal(table, &id.0, &sealed)?;
        Ok(body.and_then(|body| dossier_of(table, &id.0, &body)))
    }

    /// How many rows a table has; works while locked.
    pub fn count(&self, table: Table) -> Result<u64, StoreError> {
        let counted =
            self.slot.with(
                |db| match db.begin_read()?.open_table(form(table).definition()) {
                    Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
                    opened => Ok(opened?.len()?),
                },
            );
        let mut counted = counted.map_err(|trouble| trouble.on(table))?;
        for (key, is_there) in self.journal.of_table(table) {
            let below = self.slot.with(|db| read_row(db, table, &key));
            let was_there = below.map_err(|trouble| trouble.on(table))?.is_some();
            counted = counted + u64::from(is_there) - u64::from(was_there);
        }
        Ok(counted)
    }

    pub(super) fn sealed_rows(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Rows, StoreError> {
        let rows = self.slot.with(|db| read_rows(db, table, from, to, limit));
        rows.map_err(|trouble| trouble.on(table))
    }

    /// Rows of a table itself, as `Store::range` gives them. Rows whose key was destroyed are none,
    /// and others may lie behind them.
    fn rows_below(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Rows, StoreError> {
        let (mut rows, mut from) = (Rows::new(), from.to_vec());
        while from.as_slice() < to && rows.len() < limit {
            let wanted = limit - rows.len();
            let sealed = self.sealed_rows(table, &from, Some(to), wanted)?;
            let is_last = sealed.len() < wanted;
            if let Some((last, _)) = sealed.last() {
                from = [last.as_slice(), &[0]].concat();
            }
            for (key, sealed) in sealed {
                if let Some(plain) = self.unseal(table, &key, &sealed)? {
                    rows.push((key, plain));
                }
            }
            if is_last {
                break;
            }
        }
        Ok(rows)
    }

    /// None where the key was destroyed: such a row is as good as taken away.
    pub(super) fn unseal(
        &self,
        table: Table,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.work.opened.fetch_add(1, Ordering::Relaxed);
        match self.vault.open(table, key, sealed) {
            Ok(plain) => Ok(Some(plain)),
            Err(OpenSealError::Destroyed) => Ok(None),
            Err(OpenSealError::Locked) => Err(StoreError::Locked(table)),
            Err(OpenSealError::Damaged) => Err(StoreError::Damaged(table)),
        }
    }

    fn refuse_locked(&self, table: Table) -> Result<(), StoreError> {
        let closed = form(table).domain == Domain::Case && !self.is_open();
        if closed {
            Err(StoreError::Locked(table))
        } else {
            Ok(())
        }
    }
}

impl Store for StoreReader {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.work.reads.fetch_add(1, Ordering::Relaxed);
        self.refuse_locked(table)?;
        match self.journal.get(table, key)? {
            Word::There(value) => return Ok(Some(value)),
            Word::Gone => return Ok(None),
            Word::Nothing => {}
        }
        let sealed = self.slot.with(|db| read_row(db, table, key));
        match sealed.map_err(|trouble| trouble.on(table))? {
            Some(sealed) => self.unseal(table, key, &sealed),
            None => Ok(None),
        }
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Rows, StoreError> {
        self.work.reads.fetch_add(1, Ordering::Relaxed);
        self.refuse_locked(table)?;
        let top = self.journal.range(table, from, to)?;
        let wanted = limit.saturating_add(top.len());
        let below = self.rows_below(table, from, to, wanted)?;
        Ok(laid_over(below, top, (wanted, limit)))
    }
}
