//! Sealed rows in and out of redb: one short transaction a call.

use super::CASE_PUBLIC_ROW;
use super::tables::{FORMS, META, SCHEMA_VERSION, form};
use jiaolian_sync::{Rows, Table, Write};
use redb::{Database, ReadableDatabase};

const SCHEMA_ROW: &str = "schema";

pub(super) fn first_rows(database: &Database, sealed_public: &[u8]) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(SCHEMA_ROW, SCHEMA_VERSION.to_be_bytes().as_slice())?;
        meta.insert(CASE_PUBLIC_ROW, sealed_public)?;
        for listed in &FORMS {
            transaction.open_table(listed.definition())?;
        }
    }
    transaction.commit()?;
    Ok(())
}

pub(super) fn meta_row(database: &Database) -> Result<Option<Vec<u8>>, redb::Error> {
    let meta = database.begin_read()?.open_table(META)?;
    Ok(meta.get(CASE_PUBLIC_ROW)?.map(|row| row.value().to_vec()))
}

pub(super) fn write_rows(
    database: &Database,
    writes: &[Write],
    sealed: &[Option<Vec<u8>>],
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
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
    transaction.commit()?;
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
