//! The power may go at any moment: what was acknowledged is there afterwards, and a batch is there
//! whole or
//! not at all (I1). The disk may be full: the node says so, keeps what it has and goes on when
//! there is
//! room.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "image/disk.rs"]
mod disk;

use disk::{Dice, ImageDisk};
use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::{CommitError, DiskStore};
use jiaolian_sync::{Store, Table, Write};
use std::sync::Arc;

const CACHE_MIB: u16 = 1;
const BATCHES: u64 = 12;

struct Keys {
    ops: OpsKey,
    case: CaseSecret,
}

fn keys() -> Keys {
    Keys {
        ops: OpsKey::from_bytes([7; 32]),
        case: CaseSecret::generate(),
    }
}

fn fresh(keys: &Keys) -> (ImageDisk, DiskStore) {
    let disk = ImageDisk::new(Vec::new());
    let medium = Arc::new(disk.clone());
    let public = keys.case.public();
    let store = DiskStore::create(medium, CACHE_MIB, keys.ops.clone(), public).unwrap();
    (disk, store)
}

fn reopen(keys: &Keys, disk: &ImageDisk) -> DiskStore {
    let disk = Arc::new(disk.after_cut());
    let store = DiskStore::open(disk, CACHE_MIB, keys.ops.clone()).unwrap();
    store.unlock(keys.case.clone()).unwrap();
    store
}

/// One batch: a head, its body and the tip, as the Replica writes them; all carry the batch's
/// number.
fn batch(number: u64) -> Vec<Write> {
    let row = |table, key: &[u8], bytes: usize| Write {
        table,
        key: key.to_vec(),
        value: Some([number.to_be_bytes().as_slice(), &vec![number as u8; bytes]].concat()),
    };
    vec![
        row(Table::Head, &number.to_be_bytes(), 260),
        row(Table::CaseBody, &number.to_be_bytes(), 3_000),
        row(Table::Local, b"tip", 0),
    ]
}

/// One batch of reports, which waits in the journal; every fifth holds a head too, and takes all that
/// waits to its tables.
fn reports(number: u64) -> Vec<Write> {
    let mut rows = batch(number);
    for row in &mut rows[1..] {
        row.table = match row.table {
            Table::Local => Table::Watch,
            _ => Table::Device,
        };
    }
    if !number.is_multiple_of(5) {
        rows[0].table = Table::Signal;
    }
    rows
}

/// The last batch on the disk, after checking that every batch up to it is there whole and none
/// beyond it.
fn last_batch(store: &DiskStore, batch: fn(u64) -> Vec<Write>, seed: &str) -> u64 {
    let tip = store.get(batch(1)[2].table, b"tip").unwrap();
    let last = tip.map_or(0, |value| {
        u64::from_be_bytes(value[..8].try_into().unwrap())
    });
    for number in 1..=BATCHES {
        for write in batch(number).iter().take(2) {
            let found = store.get(write.table, &write.key).unwrap();
            let expected = write.value.clone().filter(|_| number <= last);
            assert_eq!(found, expected, "batch {number} of {last} at {seed}");
        }
    }
    last
}

#[test]
fn power_cut_at_any_sync_loses_no_acknowledged_commit() {
    let syncs = loses_nothing_at_any_sync(batch);
    assert!(
        syncs >= 2 * BATCHES,
        "two-phase commits sync twice: {syncs}"
    );
}

#[test]
fn power_cut_at_any_sync_loses_no_report_that_waits_in_the_journal() {
    let syncs = loses_nothing_at_any_sync(reports);
    assert!(
        (BATCHES..2 * BATCHES).contains(&syncs),
        "a commit of reports syncs once: {syncs}"
    );
}

/// How often it synced.
fn loses_nothing_at_any_sync(batch: fn(u64) -> Vec<Write>) -> u64 {
    let keys = keys();
    let syncs = {
        let (disk, store) = fresh(&keys);
        let before = disk.syncs();
        (1..=BATCHES).for_each(|number| store.commit(&batch(number)).unwrap());
        disk.syncs() - before
    };
    for sync in 1..=syncs {
        for seed in 0..4 {
            let (disk, store) = fresh(&keys);
            disk.cut_at_sync(sync, seed);
            let acknowledged = (1..=BATCHES)
                .take_while(|n| store.commit(&batch(*n)).is_ok())
                .count();
            assert!(disk.is_cut());
            drop(store);
            let story = format!("sync {sync}, seed {seed}");
            let store = reopen(&keys, &disk);
            let last = last_batch(&store, batch, &story);
            let acknowledged = acknowledged as u64;
            assert!(
                (acknowledged..=acknowledged + 1).contains(&last),
                "{last} at {story}"
            );
            store.commit(&batch(last + 1)).unwrap();
            assert!(store.check().unwrap(), "checksums at {story}");
        }
    }
    syncs
}

#[test]
fn power_cut_while_recovering_from_a_power_cut_loses_nothing_either() {
    let keys = keys();
    for first in [2, 5, 9, 14] {
        let (disk, store) = fresh(&keys);
        disk.cut_at_sync(first, first);
        let acknowledged = (1..=BATCHES)
            .take_while(|n| store.commit(&batch(*n)).is_ok())
            .count();
        drop(store);
        for second in 1..=4 {
            let again = disk.after_cut();
            again.cut_at_sync(second, 100 + second);
            if let Ok(store) = DiskStore::open(Arc::new(again.clone()), CACHE_MIB, keys.ops.clone())
            {
                let _ = store.commit(&batch(acknowledged as u64 + 1));
            }
            let story = format!("sync {first}, then {second}");
            let last = last_batch(&reopen(&keys, &again), batch, &story);
            assert!(last >= acknowledged as u64, "{last} at {story}");
        }
    }
}

#[test]
fn full_disk_is_said_and_forgotten_once_there_is_room() {
    let keys = keys();
    let (disk, store) = fresh(&keys);
    store.unlock(keys.case.clone()).unwrap();
    disk.set_room(disk.live().len() as u64);
    let mut dice = Dice::new(3);
    let big = |number: u64, dice: &mut Dice| Write {
        table: Table::CaseBody,
        key: number.to_be_bytes().to_vec(),
        value: Some((0..200_000).map(|_| dice.roll() as u8).collect()),
    };
    let mut kept = Vec::new();
    let refused = loop {
        let write = big(kept.len() as u64, &mut dice);
        match store.commit(std::slice::from_ref(&write)) {
            Ok(()) => kept.push(write),
            Err(error) => break (write, error),
        }
        assert!(kept.len() < 1_000, "the disk never filled");
    };
    assert_eq!(refused.1, CommitError::Full);
    for write in &kept {
        assert_eq!(
            store.get(write.table, &write.key).unwrap(),
            write.value,
            "reads go on"
        );
    }
    disk.set_room(u64::MAX);
    store.commit(std::slice::from_ref(&refused.0)).unwrap();
    assert_eq!(
        store.get(Table::CaseBody, &refused.0.key).unwrap(),
        refused.0.value
    );
    assert!(store.check().unwrap());
}
