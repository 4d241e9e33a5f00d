//! Sealed rows in and out of redb: one short transaction a call.

use super::journal::TAKEN_KEY;
use super::tables::{FORMS, JOURNAL, META, SCHEMA_VERSION, form};
use super::{CASE_PUBLIC_ROW, SealedRow};
use jiaolian_sync::{Rows, Table, Write};
use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};

const SCHEMA_ROW: &str = "schema";

/// A store's first rows; of a store that is laid down again, all of them.
pub(super) fn first_rows(
    database: &Database,
    sealed_public: &[u8],
    rows: &[SealedRow],
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(SCHEMA_ROW, SCHEMA_VERSION.to_be_bytes().as_slice())?;
        meta.insert(CASE_PUBLIC_ROW, sealed_public)?;
        for listed in &FORMS {
            let mut table = transaction.open_table(listed.definition())?;
            for (_, key, sealed) in rows.iter().filter(|(table, ..)| *table == listed.table) {
                table.insert(key.as_slice(), sealed.as_slice())?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Every row of one moment, until `take` says no.
pub(super) fn read_all(
    database: &Database,
    take: &mut dyn FnMut(SealedRow) -> bool,
) -> Result<(), redb::Error> {
    let reading = database.begin_read()?;
    for listed in &FORMS {
        let table = match reading.open_table(listed.definition()) {
            Err(redb::TableError::TableDoesNotExist(_)) => continue,
            opened => opened?,
        };
        for row in table.iter()? {
            let (key, value) = row?;
            if !take((listed.table, key.value().to_vec(), value.value().to_vec())) {
                return Ok(());
            }
        }
    }
    Ok(())
}

pub(super) fn meta_row(database: &Database) -> Result<Option<Vec<u8>>, redb::Error> {
    let meta = database.begin_read()?.open_table(META)?;
    Ok(meta.get(CASE_PUBLIC_ROW)?.map(|row| row.value().to_vec()))
}

/// The schema and the CASE public key of this program's form, with rows of tables.
pub(super) fn write_meta(
    database: &Database,
    sealed_public: &[u8],
    writes: &[Write],
    sealed: &[Option<Vec<u8>>],
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(SCHEMA_ROW, SCHEMA_VERSION.to_be_bytes().as_slice())?;
        meta.insert(CASE_PUBLIC_ROW, sealed_public)?;
    }
    put_rows(&transaction, writes, sealed)?;
    transaction.commit()?;
    Ok(())
}

/// Writes rows; with `taken`, what lay in the journal is among them and counts there no more.
pub(super) fn write_rows(
    database: &Database,
    writes: &[Write],
    sealed: &[Option<Vec<u8>>],
    taken: Option<&[u8]>,
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    put_rows(&transaction, writes, sealed)?;
    if let Some(taken) = taken {
        let mut journal = transaction.open_table(JOURNAL.definition())?;
        journal.retain(|_, _| false)?;
        journal.insert(TAKEN_KEY, taken)?;
    }
    transaction.commit()?;
    Ok(())
}

fn put_rows(
    transaction: &WriteTransaction,
    writes: &[Write],
    sealed: &[Option<Vec<u8>>],
) -> Result<(), redb::Error> {
    let rows: Vec<_> = writes.iter().zip(sealed).collect();
    for run in rows.chunk_by(|(a, _), (b, _)| a.table == b.table) {
        let mut table = transaction.open_table(form(run[0].0.table).definition())?;
        for (write, sealed) in run {
            match sealed {
                Some(sealed) => table.insert(write.key.as_slice(), sealed.as_slice())?,
                None => table.remove(write.key.as_slice())?,
            };
        }
    }
    Ok(())
}

pub(super) fn read_row(
    db: &Database,
    table: Table,
    key: &[u8],
) -> Result<Option<Vec<u8>>, redb::Error> {
    match db.begin_read()?.open_table(form(table).definition()) {
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        opened => Ok(opened?.get(key)?.map(|row| row.value().to_vec())),
    }
}

pub(super) fn read_rows(
    database: &Database,
    table: Table,
    from: &[u8],
    to: Option<&[u8]>,
    limit: usize,
) -> Result<Rows, redb::Error> {
    let table = match database.begin_read()?.open_table(form(table).definition()) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Rows::new()),
        opened => opened?,
    };
    let range = match to {
        Some(to) => table.range(from..to)?,
        None => table.range(from..)?,
    };
    let mut rows = Rows::new();
    for row in range.take(limit) {
        let (key, value) = row?;
        rows.push((key.value().to_vec(), value.value().to_vec()));
    }
    Ok(rows)
}
