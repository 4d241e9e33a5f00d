//! The disk answers as its twin in memory does, sealed and unsealed, and treats files that are not
//! its own
//! with care.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "image/disk.rs"]
mod disk;

use disk::ImageDisk;
use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::{CACHE_MIB_DEFAULT, DiskStore, FileMedium, OpenStoreError};
use jiaolian_sync::{MemoryStore, Store, StoreError, Table, Write};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn on_disk(path: &Path) -> Arc<FileMedium> {
    Arc::new(FileMedium::new(path, Duration::from_millis(300)))
}

fn put(table: Table, key: &[u8], value: &[u8]) -> Write {
    Write {
        table,
        key: key.to_vec(),
        value: Some(value.to_vec()),
    }
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let table = prop_oneof![Just(Table::Head), Just(Table::CaseBody), Just(Table::Fix)];
    let key = prop::collection::vec(0_u8..4, 0..4);
    let value = prop::option::weighted(0.8, prop::collection::vec(any::<u8>(), 0..60));
    let write = (table, key, value).prop_map(|(table, key, value)| Write { table, key, value });
    prop::collection::vec(write, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn disk_and_memory_agree_on_every_row_and_range(
        batches in prop::collection::vec((writes(), any::<bool>()), 1..8),
        from in prop::collection::vec(0_u8..5, 0..3),
        to in prop::collection::vec(0_u8..5, 0..3),
        limit in 0_usize..9,
    ) {
        let (ops, case) = (OpsKey::from_bytes([1; 32]), CaseSecret::generate());
        let disk = Arc::new(ImageDisk::new(Vec::new()));
        let store = DiskStore::create(disk.clone(), 1, ops.clone(), case.public()).unwrap();
        let mut twin = MemoryStore::default();
        for (batch, open) in &batches {
            if *open { store.unlock(case.clone()).unwrap() } else { store.lock() }
            store.commit(batch).unwrap();
            twin.commit(batch);
        }
        drop(store);
        let store = DiskStore::open(disk, 1, ops).unwrap();
        store.unlock(case).unwrap();
        for table in [Table::Head, Table::CaseBody, Table::Fix] {
            prop_assert_eq!(store.range(table, &from, &to, limit), twin.range(table, &from, &to, limit));
            prop_assert_eq!(store.reader().count(table).unwrap(), twin.len(table) as u64);
            for (key, value) in twin.range(table, &[], &[9], 99).unwrap() {
                prop_assert_eq!(store.get(table, &key).unwrap(), Some(value));
            }
        }
    }
}

#[test]
fn while_locked_case_rows_are_written_and_not_read_and_ops_rows_are_both() {
    let (ops, case) = (OpsKey::from_bytes([1; 32]), CaseSecret::generate());
    let disk = Arc::new(ImageDisk::new(Vec::new()));
    let store = DiskStore::create(disk.clone(), 1, ops, case.public()).unwrap();
    let reader = store.reader();
    store
        .commit(&[
            put(Table::CaseBody, b"a", "张某".as_bytes()),
            put(Table::Watch, b"w", b"out"),
        ])
        .unwrap();
    assert_eq!(
        reader.get(Table::CaseBody, b"a"),
        Err(StoreError::Locked(Table::CaseBody))
    );
    assert_eq!(
        reader.range(Table::View, b"", b"z", 1),
        Err(StoreError::Locked(Table::View))
    );
    assert_eq!(reader.get(Table::Watch, b"w").unwrap().unwrap(), b"out");
    assert!(
        store.unlock(CaseSecret::generate()).is_err(),
        "another node's secret"
    );
    store.unlock(case).unwrap();
    store
        .commit(&[put(Table::CaseBody, b"b", "李某".as_bytes())])
        .unwrap();
    let rows = reader.range(Table::CaseBody, b"a", b"c", 9).unwrap();
    assert_eq!(rows.len(), 2, "both forms open");
    store.lock();
    assert_eq!(
        reader.get(Table::CaseBody, b"b"),
        Err(StoreError::Locked(Table::CaseBody))
    );
    let image = disk.live();
    for name in ["张某", "李某"] {
        let found = image
            .windows(name.len())
            .any(|window| window == name.as_bytes());
        assert!(!found, "{name} lies on the disk in clear");
    }
}

#[test]
fn store_is_born_whole_opens_with_its_key_and_is_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.redb");
    let (ops, case) = (OpsKey::generate(), CaseSecret::generate());
    std::fs::write(path.with_extension("new"), b"left over from a crash").unwrap();
    let store = DiskStore::create(
        on_disk(&path),
        CACHE_MIB_DEFAULT,
        ops.clone(),
        case.public(),
    )
    .unwrap();
    store.commit(&[put(Table::Head, b"h", b"head")]).unwrap();
    assert!(!path.with_extension("new").exists());
    let held = DiskStore::open(on_disk(&path), CACHE_MIB_DEFAULT, ops.clone());
    assert!(matches!(held, Err(OpenStoreError::Held)), "{held:?}");
    drop(store);
    let again = DiskStore::create(
        on_disk(&path),
        CACHE_MIB_DEFAULT,
        ops.clone(),
        case.public(),
    );
    assert!(
        matches!(again, Err(OpenStoreError::Unreadable(_))),
        "{again:?}"
    );
    let foreign = DiskStore::open(on_disk(&path), CACHE_MIB_DEFAULT, OpsKey::generate());
    assert!(
        matches!(foreign, Err(OpenStoreError::WrongKey)),
        "{foreign:?}"
    );
    let store = DiskStore::open(on_disk(&path), CACHE_MIB_DEFAULT, ops).unwrap();
    assert_eq!(store.case_public(), case.public());
    assert_eq!(store.get(Table::Head, b"h").unwrap().unwrap(), b"head");
}

#[test]
fn newer_store_is_refused_and_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.redb");
    let (ops, case) = (OpsKey::generate(), CaseSecret::generate());
    drop(DiskStore::create(on_disk(&path), 1, ops.clone(), case.public()).unwrap());
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta = redb::TableDefinition::<&str, &[u8]>::new("meta-1");
    let newer = 99_u32.to_be_bytes();
    transaction
        .open_table(meta)
        .unwrap()
        .insert("schema", newer.as_slice())
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let before = std::fs::read(&path).unwrap();
    let refused = DiskStore::open(on_disk(&path), 1, ops);
    assert!(
        matches!(refused, Err(OpenStoreError::Newer { found: 99 })),
        "{refused:?}"
    );
    assert!(before == std::fs::read(&path).unwrap(), "the file changed");
}

#[test]
fn empty_cut_and_random_files_are_refused_and_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.redb");
    let (ops, case) = (OpsKey::generate(), CaseSecret::generate());
    drop(DiskStore::create(on_disk(&path), 1, ops.clone(), case.public()).unwrap());
    let whole = std::fs::read(&path).unwrap();
    let random: Vec<u8> = (0..9_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for bytes in [&[][..], &whole[..160], &whole[..whole.len() / 3], &random] {
        std::fs::write(&path, bytes).unwrap();
        let opened = DiskStore::open(on_disk(&path), 1, ops.clone());
        assert!(opened.is_err(), "{} bytes", bytes.len());
        drop(opened);
        assert!(
            std::fs::read(&path).unwrap() == bytes,
            "{} bytes changed",
            bytes.len()
        );
    }
}
