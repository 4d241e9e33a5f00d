//! Rows that are not yet in their tables. A report changes rows that lie far apart; a commit of nothing
//! but such rows is one sealed record at the end of a file beside the store ([`super::record`]), and many
//! of them go to their tables at once.
//!
//! What the journal holds lies in memory too, on top of what the tables say, from when its commit begins.
//! Whoever reads looks at the journal first and at the tables after: rows leave the journal only once
//! their tables have them. With them goes the number of the next commit, so that records of before count
//! no more, however long their file stays. In a store that was laid down from a backup, and in one of an
//! earlier form, records lie as rows of the table.

use super::record::{self, Record};
use super::{OpenStoreError, StoreReader};
use crate::seal::day_of;
use jiaolian_schema::canon;
use jiaolian_schema::id::PersonCode;
use jiaolian_sync::{Rows, StoreError, Table, Write};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Most rows that are held on top of their tables.
const ROWS_MAX: usize = 16_384;
/// Most bytes of them.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// The row of the table that holds the number of the next commit when the tables took the last ones.
pub(super) const TAKEN_KEY: &[u8] = b"taken";

/// Whether a table's rows may wait: those that reports change, and nothing that an officer signed.
pub(super) const fn is_journaled(table: Table) -> bool {
    matches!(
        table,
        Table::Fix | Table::Watch | Table::Signal | Table::Device
    )
}

/// What the journal says of a row.
pub(super) enum Word {
    /// Nothing: its table tells.
    Nothing,
    /// It was taken away.
    Gone,
    /// Its value.
    There(Vec<u8>),
}

/// Rows by key, with their values unless they were taken away.
pub(super) type Top = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Journal(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
    bytes: usize,
    /// Number of the next commit.
    next: u64,
    /// Bytes of the file that are whole.
    length: u64,
    /// A commit can't be read: nobody knows what the tables that it changed say.
    is_damaged: bool,
}

/// One row of a commit: number of its table, key, and value unless it is taken away.
#[derive(Decode)]
struct Line {
    #[n(0)]
    table: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    key: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    value: Option<Vec<u8>>,
}

/// The same, to be written.
#[derive(Encode)]
struct LineRef<'a> {
    #[n(0)]
    table: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    key: &'a [u8],
    #[cbor(n(2), with = "minicbor::bytes")]
    value: Option<&'a [u8]>,
}

impl Journal {
    /// The number under which a commit may be written here; none where its rows must go to their
    /// tables, and all of the journal with them.
    pub(super) fn number_for(&self, writes: &[Write]) -> Option<u64> {
        let state = self.read();
        let bytes: usize = writes.iter().map(size).sum();
        let has_room =
            state.rows.len() + writes.len() <= ROWS_MAX && state.bytes + bytes <= BYTES_MAX;
        let is_due = has_room && writes.iter().all(|write| is_journaled(write.table));
        (is_due && !state.is_damaged).then_some(state.next)
    }

    /// The rows of a commit under that number.
    pub(super) fn take(&self, number: u64, writes: Vec<Write>) {
        let mut state = self.write();
        state.next = state.next.max(number + 1);
        for write in writes {
            state.bytes += size(&write);
            state.rows.insert((write.table, write.key), write.value);
        }
    }

    /// Number of the next commit.
    pub(super) fn next(&self) -> u64 {
        self.read().next
    }

    /// Commits before this one count no more.
    pub(super) fn begin_at(&self, number: u64) {
        let mut state = self.write();
        state.next = state.next.max(number);
    }

    /// Where the file ends.
    pub(super) fn length(&self) -> u64 {
        self.read().length
    }

    /// The file is whole up to there.
    pub(super) fn reaches(&self, length: u64) {
        self.write().length = length;
    }

    /// All rows that wait.
    pub(super) fn waiting(&self) -> Vec<Write> {
        let state = self.read();
        let writes = state.rows.iter().map(|((table, key), value)| Write {
            table: *table,
            key: key.clone(),
            value: value.clone(),
        });
        writes.collect()
    }

    /// Their tables have them.
    pub(super) fn clear(&self) {
        let mut state = self.write();
        state.rows.clear();
        (state.bytes, state.length) = (0, 0);
    }

    /// A commit that lies there can't be read.
    pub(super) fn set_damaged(&self) {
        self.write().is_damaged = true;
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.read().is_damaged
    }

    /// What it says of a row.
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Word, StoreError> {
        if !is_journaled(table) {
            return Ok(Word::Nothing);
        }
        let state = self.sound()?;
        Ok(match state.rows.get(&(table, key.to_vec())) {
            None => Word::Nothing,
            Some(None) => Word::Gone,
            Some(Some(value)) => Word::There(value.clone()),
        })
    }

    /// What it says of rows with `from <= key < to`, ascending.
    pub(super) fn range(&self, table: Table, from: &[u8], to: &[u8]) -> Result<Top, StoreError> {
        if !is_journaled(table) || from >= to {
            return Ok(Vec::new());
        }
        let state = self.sound()?;
        let rows = state
            .rows
            .range((table, from.to_vec())..(table, to.to_vec()));
        let rows = rows.map(|((_, key), value)| (key.clone(), value.clone()));
        Ok(rows.collect())
    }

    /// What it says of a whole table.
    pub(super) fn of_table(&self, table: Table) -> Vec<(Vec<u8>, bool)> {
        let state = self.read();
        let rows = state.rows.iter().filter(|((of, _), _)| *of == table);
        let rows = rows.map(|((_, key), value)| (key.clone(), value.is_some()));
        rows.collect()
    }

    fn sound(&self) -> Result<RwLockReadGuard<'_, State>, StoreError> {
        let state = self.read();
        if state.is_damaged {
            return Err(StoreError::Damaged(Table::Journal));
        }
        Ok(state)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The row of a commit, and the newest day of whose positions it speaks: under that day's key it
/// lies, so that it is closed no later than the newest of them. None where it speaks of none.
pub(super) fn pack(writes: &[Write]) -> (Vec<u8>, Option<u32>) {
    let lines = writes.iter().map(|write| LineRef {
        table: write.table as u8,
        key: &write.key,
        value: write.value.as_deref(),
    });
    let positions = writes.iter().filter(|write| write.table == Table::Fix);
    let times = positions.filter_map(|write| {
        let bytes = write.key.get(PersonCode::BYTES..)?.first_chunk::<8>()?;
        Some((u64::from_be_bytes(*bytes) ^ (1 << 63)) as i64)
    });
    let row = canon::encode(&lines.collect::<Vec<_>>());
    (row, times.max().map(day_of))
}

/// The rows of a commit; none where it is no such row.
pub(super) fn unpack(row: &[u8]) -> Option<Vec<Write>> {
    let lines: Vec<Line> = minicbor::decode(row).ok()?;
    let write = |line: Line| {
        let table = super::table_of(line.table).filter(|table| is_journaled(*table))?;
        Some(Write {
            table,
            key: line.key,
            value: line.value,
        })
    };
    lines.into_iter().map(write).collect()
}

/// Rows of tables under what the journal says of them: `below` is all that the tables have in a
/// span, or the first `wanted` of it.
pub(super) fn laid_over(below: Rows, top: Top, (wanted, limit): (usize, usize)) -> Rows {
    let mut below = below;
    if !top.is_empty() {
        // Beyond what was read of the tables nothing can be told.
        let cut = (below.len() == wanted).then(|| below.last().map(|(key, _)| key.clone()));
        let cut = cut.flatten();
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = below.into_iter().collect();
        for (key, value) in top {
            if cut.as_ref().is_some_and(|cut| key > *cut) {
                break;
            }
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        below = rows.into_iter().collect();
    }
    below.truncate(limit);
    below
}

fn size(write: &Write) -> usize {
    write.key.len() + write.value.as_ref().map_or(0, Vec::len)
}

impl StoreReader {
    /// Reads what waits when the store opens.
    pub(super) fn read_journal(&self) -> Result<(), OpenStoreError> {
        let unreadable = |error: StoreError| OpenStoreError::Unreadable(error.to_string());
        let rows = self.sealed_rows(Table::Journal, &[], None, usize::MAX);
        let rows = rows.map_err(unreadable)?;
        let taken = rows.iter().find(|(key, _)| key == TAKEN_KEY);
        if let Some((key, sealed)) = taken {
            let taken = self
                .unseal(Table::Journal, key, sealed)
                .map_err(unreadable)?;
            let taken = taken.and_then(|bytes| bytes.try_into().ok().map(u64::from_be_bytes));
            match taken {
                Some(taken) => self.journal.begin_at(taken),
                None => self.set_damaged(),
            }
        }
        let from = self.journal.next();
        for (key, sealed) in rows.iter().filter(|(key, _)| key != TAKEN_KEY) {
            let number = key.as_slice().try_into().map(u64::from_be_bytes);
            let writes = self.record_of(key, sealed);
            match (number, writes) {
                (Ok(number), _) if number < from => {}
                (Ok(number), Some(writes)) => self.journal.take(number, writes),
                _ => self.set_damaged(),
            }
        }
        self.read_file(from)
    }

    fn read_file(&self, from: u64) -> Result<(), OpenStoreError> {
        let unreadable = |error: StoreError| OpenStoreError::Unreadable(error.to_string());
        let file = self.journal_file().map_err(unreadable)?;
        let found = record::read(&file, from, |one| {
            self.record_of(&one.number.to_be_bytes(), one.sealed)
        });
        let is_of_before = found.records.iter().all(|(one, _)| one.number < from);
        for (one, writes) in found.records {
            if one.number >= from {
                self.journal.take(one.number, writes);
            }
        }
        // Records of before would lie before new ones, and their days' keys may go.
        let end = if is_of_before { 0 } else { found.length };
        self.journal.reaches(end as u64);
        if found.is_damaged {
            self.set_damaged();
        } else if file[end..].iter().any(|byte| *byte != 0) {
            let ended = self.slot.medium().end_journal(end as u64);
            ended.map_err(|error| OpenStoreError::Unreadable(error.to_string()))?;
        }
        Ok(())
    }

    /// Records of the file that are good, and whether one is not.
    pub(super) fn scrub_journal(&self) -> Result<(u64, bool), StoreError> {
        let file = self.journal_file()?;
        let found = record::read(&file, self.journal.next(), |one| {
            self.record_of(&one.number.to_be_bytes(), one.sealed)
        });
        Ok((found.records.len() as u64, found.is_damaged))
    }

    /// The good records of a file, sealed as they lie there.
    pub(super) fn journal_records<'a>(&self, file: &'a [u8]) -> Vec<Record<'a>> {
        let found = record::read(file, 0, |one| {
            self.record_of(&one.number.to_be_bytes(), one.sealed)
        });
        found.records.into_iter().map(|(one, _)| one).collect()
    }

    /// The file as it is at this moment.
    pub(super) fn journal_file(&self) -> Result<Vec<u8>, StoreError> {
        let file = self.slot.medium().read_journal();
        file.map_err(|error| StoreError::Disk(error.to_string()))
    }

    fn record_of(&self, key: &[u8], sealed: &[u8]) -> Option<Vec<Write>> {
        let row = self.unseal(Table::Journal, key, sealed).ok().flatten()?;
        unpack(&row)
    }

    fn set_damaged(&self) {
        tracing::error!("what was reported last can't be read");
        self.journal.set_damaged();
    }
}
