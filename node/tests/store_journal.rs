//! Rows of reports wait in a journal before they go to their tables, and nobody can tell: not by
//! reading, not after a start, not by a copy. A journal that rotted gives no row of before instead.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::{DiskStore, FileMedium};
use jiaolian_sync::{MemoryStore, Rows, Store, StoreError, Table, Write};
use proptest::prelude::*;
use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    TableDefinition,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const KEY: [u8; 32] = [5; 32];
const HOUR: i64 = 3_600_000;
const ALL: [Table; 4] = [Table::Fix, Table::Watch, Table::Device, Table::Head];

fn medium(dir: &Path) -> Arc<FileMedium> {
    Arc::new(FileMedium::new(&dir.join("store"), Duration::ZERO))
}

fn create(dir: &Path) -> DiskStore {
    let public = CaseSecret::generate().public();
    DiskStore::create(medium(dir), 1, OpsKey::from_bytes(KEY), public).unwrap()
}

fn open(dir: &Path) -> DiskStore {
    DiskStore::open(medium(dir), 1, OpsKey::from_bytes(KEY)).unwrap()
}

fn fix(person: u8, hour: i64, value: &str) -> Write {
    let time = ((20_500 * 24 * HOUR + hour * HOUR) as u64) ^ (1 << 63);
    Write {
        table: Table::Fix,
        key: [&[person; 16][..], &time.to_be_bytes(), &[hour as u8; 32]].concat(),
        value: Some(value.as_bytes().to_vec()),
    }
}

fn watch(person: u8, value: &str) -> Write {
    Write {
        table: Table::Watch,
        key: vec![person; 16],
        value: Some(value.as_bytes().to_vec()),
    }
}

fn head(id: u8) -> Write {
    Write {
        table: Table::Head,
        key: vec![id; 32],
        value: Some(vec![id]),
    }
}

/// How many rows lie in a table of the closed file itself.
fn lying(dir: &Path, table: &str) -> u64 {
    let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table);
    let database = Database::open(dir.join("store")).unwrap();
    let reading = database.begin_read().unwrap();
    reading.open_table(definition).unwrap().len().unwrap()
}

fn all(store: &impl Store, table: Table) -> Rows {
    store.range(table, &[], &[u8::MAX; 64], usize::MAX).unwrap()
}

#[test]
fn a_report_is_one_row_of_the_journal_and_goes_to_its_tables_with_the_next_act() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    for hour in 0..30 {
        let rows = [fix(1, hour, "a place"), watch(1, &format!("state {hour}"))];
        store.commit(&rows).unwrap();
    }
    assert_eq!(
        (
            all(&store, Table::Fix).len(),
            all(&store, Table::Watch).len()
        ),
        (30, 1)
    );
    drop(store);
    let tables = ["journal-1", "fix-1", "watch-1"];
    assert_eq!(tables.map(|table| lying(dir.path(), table)), [30, 0, 0]);

    let store = open(dir.path());
    assert_eq!(
        store.get(Table::Watch, &[1; 16]).unwrap().unwrap(),
        b"state 29"
    );
    assert_eq!(store.reader().count(Table::Fix).unwrap(), 30);
    store.commit(&[fix(1, 30, "one more")]).unwrap();
    store.commit(&[head(1), watch(1, "the last")]).unwrap();
    assert_eq!(store.reader().count(Table::Fix).unwrap(), 31);
    drop(store);
    assert_eq!(tables.map(|table| lying(dir.path(), table)), [0, 31, 1]);
    let store = open(dir.path());
    assert_eq!(
        store.get(Table::Watch, &[1; 16]).unwrap().unwrap(),
        b"the last"
    );
    assert_eq!(all(&store, Table::Fix).len(), 31);
}

#[test]
fn the_journal_stays_short_however_many_reports_come() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    for round in 0..60 {
        let rows: Vec<Write> = (0..100)
            .flat_map(|person| [fix(person, round, "a place"), watch(person, "a state")])
            .collect();
        store.commit(&rows).unwrap();
    }
    assert_eq!(all(&store, Table::Fix).len(), 6_000);
    drop(store);
    assert!(lying(dir.path(), "journal-1") <= 40);
    assert!(lying(dir.path(), "fix-1") >= 2_000);
    assert_eq!(all(&open(dir.path()), Table::Fix).len(), 6_000);
}

#[test]
fn a_journal_that_rotted_is_damage_and_never_the_row_of_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    store.commit(&[head(1), watch(1, "before")]).unwrap();
    store.commit(&[watch(1, "after")]).unwrap();
    drop(store);
    let journal: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("journal-1");
    let database = Database::open(dir.path().join("store")).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(journal).unwrap();
        let (key, mut value) = {
            let (key, value) = table.first().unwrap().unwrap();
            (key.value().to_vec(), value.value().to_vec())
        };
        *value.last_mut().unwrap() ^= 1;
        table.insert(key.as_slice(), value.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);

    let store = open(dir.path());
    let damaged = Err(StoreError::Damaged(Table::Journal));
    assert_eq!(store.get(Table::Watch, &[1; 16]), damaged);
    assert!(store.range(Table::Fix, &[], &[9; 64], 9).is_err());
    assert!(
        store.commit(&[watch(1, "later")]).is_err(),
        "nothing is written over it"
    );
    assert_eq!(store.get(Table::Head, &[1; 32]).unwrap().unwrap(), [1]);
    assert_eq!(store.reader().scrub().unwrap().damaged, [Table::Journal]);
}

fn write() -> impl Strategy<Value = Write> {
    let table = (0..20_usize).prop_map(|at| ALL[if at == 0 { 3 } else { at % 3 }]);
    let key = (0..4_u8, 0..6_u8).prop_map(|(a, b)| [vec![a; 16], vec![b; 8]].concat());
    let value = proptest::option::weighted(0.8, proptest::collection::vec(any::<u8>(), 0..40));
    (table, key, value).prop_map(|(table, key, value)| Write { table, key, value })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn reads_are_those_of_a_store_without_a_journal(
        batches in proptest::collection::vec(proptest::collection::vec(write(), 1..6), 1..24),
        restart in 0..24_usize,
        (from, to) in ((0..5_u8, 0..7_u8), (0..5_u8, 0..7_u8)),
        limit in 1..20_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, mut twin) = (create(dir.path()), MemoryStore::default());
        let bound = |(a, b): (u8, u8)| [vec![a; 16], vec![b; 8]].concat();
        let (from, to) = (bound(from), bound(to));
        for (number, batch) in batches.iter().enumerate() {
            store.commit(batch).unwrap();
            twin.commit(batch);
            if number == restart {
                drop(store);
                store = open(dir.path());
            }
            for table in ALL {
                prop_assert_eq!(all(&store, table), all(&twin, table));
                prop_assert_eq!(
                    store.range(table, &from, &to, limit).unwrap(),
                    twin.range(table, &from, &to, limit).unwrap()
                );
                prop_assert_eq!(store.reader().count(table).unwrap(), twin.len(table) as u64);
                let key = &batch[0].key;
                prop_assert_eq!(store.get(table, key).unwrap(), twin.get(table, key).unwrap());
            }
        }
    }
}
