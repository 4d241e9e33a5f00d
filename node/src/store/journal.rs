//! Rows that are durable and not yet in their tables. A report changes rows that lie far apart; a commit
//! of nothing but such rows is written as one sealed row of the journal, and many of them go to their
//! tables at once.
//!
//! What the journal holds lies in memory too, on top of what the tables say. Whoever reads looks at the
//! journal first and at the tables after: rows leave the journal only once their tables have them.

use super::StoreReader;
use crate::seal::day_of;
use jiaolian_schema::canon;
use jiaolian_schema::id::PersonCode;
use jiaolian_sync::{Rows, StoreError, Table, Write};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Most rows that are held on top of their tables.
const ROWS_MAX: usize = 4_096;
/// Most bytes of them.
const BYTES_MAX: usize = 4 * 1024 * 1024;

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
    /// A commit can't be read: nobody knows what the tables that it changed say.
    is_damaged: bool,
}

/// One row of a commit: number of its table, key, and value unless it is taken away.
#[derive(Encode, Decode)]
struct Line {
    #[n(0)]
    table: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    key: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    value: Option<Vec<u8>>,
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

    /// A commit is durable under that number.
    pub(super) fn take(&self, number: u64, writes: &[Write]) {
        let mut state = self.write();
        state.next = number + 1;
        for write in writes {
            state.bytes += size(write);
            let place = (write.table, write.key.clone());
            state.rows.insert(place, write.value.clone());
        }
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
        state.bytes = 0;
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
    let lines = writes.iter().map(|write| Line {
        table: write.table as u8,
        key: write.key.clone(),
        value: write.value.clone(),
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
    pub(super) fn read_journal(&self) -> Result<(), StoreError> {
        for (key, sealed) in self.sealed_rows(Table::Journal, &[], None, usize::MAX)? {
            let number = key.as_slice().try_into().map(u64::from_be_bytes);
            let row = self.unseal(Table::Journal, &key, &sealed).ok().flatten();
            let writes = row.and_then(|row| unpack(&row));
            if let (Ok(number), Some(writes)) = (number, writes) {
                self.journal.take(number, &writes);
            } else {
                tracing::error!("what was reported last can't be read");
                self.journal.set_damaged();
            }
        }
        Ok(())
    }
}
