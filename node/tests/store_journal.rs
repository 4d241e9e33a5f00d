//! Rows of reports wait in a journal before they go to their tables, and nobody can tell: not by
//! reading, not after a start, not by a copy. A journal that rotted gives no row of before instead.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::{DiskStore, FileMedium, SealedRow};
use jiaolian_sync::{MemoryStore, Rows, Store, StoreError, Table, Write};
use proptest::prelude::*;
use redb::{Database, ReadableDatabase as _, ReadableTableMetadata as _, TableDefinition};
use std::fs;
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

/// Bytes of the file of the journal that are not the zeros at its end.
fn waiting(dir: &Path) -> usize {
    let file = fs::read(dir.join("store.journal")).unwrap_or_default();
    file.iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1)
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
fn a_report_is_one_record_of_the_journal_and_goes_to_its_tables_with_the_next_act() {
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
    let tables = ["fix-1", "watch-1"];
    assert_eq!(tables.map(|table| lying(dir.path(), table)), [0, 0]);
    assert!(waiting(dir.path()) > 30 * 100);

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
    assert_eq!(tables.map(|table| lying(dir.path(), table)), [31, 1]);
    assert_eq!(waiting(dir.path()), 0);
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
    for round in 0..300 {
        let rows: Vec<Write> = (0..100)
            .flat_map(|person| [fix(person, round, "a place"), watch(person, "a state")])
            .collect();
        store.commit(&rows).unwrap();
    }
    assert_eq!(all(&store, Table::Fix).len(), 30_000);
    drop(store);
    assert!(waiting(dir.path()) <= 8 * 1024 * 1024);
    assert!(lying(dir.path(), "fix-1") >= 10_000);
    assert_eq!(all(&open(dir.path()), Table::Fix).len(), 30_000);
}

#[test]
fn a_journal_that_rotted_is_damage_and_never_the_row_of_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    store.commit(&[head(1), watch(1, "before")]).unwrap();
    store.commit(&[watch(1, "after")]).unwrap();
    drop(store);
    let path = dir.path().join("store.journal");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[last - 3] ^= 1;
    fs::write(&path, &bytes).unwrap();

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

#[test]
fn a_journal_that_outlived_its_rows_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    store.commit(&[watch(1, "before")]).unwrap();
    let path = dir.path().join("store.journal");
    let outlived = fs::read(&path).unwrap();
    store.commit(&[head(1), watch(1, "after")]).unwrap();
    drop(store);
    // As if the power went between the tables and the file.
    fs::write(&path, outlived).unwrap();
    let store = open(dir.path());
    let is_after =
        |store: &DiskStore| store.get(Table::Watch, &[1; 16]).unwrap().unwrap() == b"after";
    assert!(is_after(&store));
    store.commit(&[watch(2, "later")]).unwrap();
    drop(store);
    let store = open(dir.path());
    assert!(is_after(&store));
    assert_eq!(
        store.get(Table::Watch, &[2; 16]).unwrap().unwrap(),
        b"later"
    );
}

#[test]
fn a_commit_on_its_way_is_seen_at_once_and_waited_for_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    let (land, landed) = std::sync::mpsc::channel();
    for hour in 0..50 {
        let land = land.clone();
        let landing = move |done| land.send((hour, done)).unwrap();
        store
            .begin(vec![fix(1, hour, "a place")], Box::new(landing))
            .unwrap();
        assert_eq!(all(&store, Table::Fix).len(), hour as usize + 1);
        if hour % 10 == 9 {
            store.commit(&[head(hour as u8)]).unwrap();
        }
    }
    drop(store);
    let all_landed: Vec<_> = (0..50).map(|_| landed.recv().unwrap()).collect();
    assert_eq!(
        all_landed,
        (0..50).map(|hour| (hour, Ok(()))).collect::<Vec<_>>()
    );
    assert_eq!(lying(dir.path(), "fix-1"), 50);
    let store = open(dir.path());
    assert_eq!(all(&store, Table::Fix).len(), 50);
    assert_eq!(all(&store, Table::Head).len(), 5);
}

#[test]
fn a_copy_of_the_store_holds_what_waits_in_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    store.commit(&[head(1), watch(1, "before")]).unwrap();
    store
        .commit(&[watch(1, "after"), fix(1, 3, "a place")])
        .unwrap();
    let mut rows: Vec<SealedRow> = Vec::new();
    let taken = store.reader().each_sealed(|row| {
        rows.push(row);
        Ok::<(), std::convert::Infallible>(())
    });
    taken.unwrap();
    let (keys, public) = (store.reader().keys_file().unwrap(), store.case_public());
    let other = tempfile::tempdir().unwrap();
    let laid = (keys.as_slice(), rows.as_slice());
    let ops = OpsKey::from_bytes(KEY);
    let copy = DiskStore::lay_down(medium(other.path()), 1, ops, public, laid).unwrap();
    assert_eq!(copy.get(Table::Watch, &[1; 16]).unwrap().unwrap(), b"after");
    copy.commit(&[watch(1, "later")]).unwrap();
    drop(copy);
    let copy = open(other.path());
    assert_eq!(copy.get(Table::Watch, &[1; 16]).unwrap().unwrap(), b"later");
    assert_eq!(all(&copy, Table::Fix), all(&store, Table::Fix));
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
