//! The disk refuses one call, each call in turn: while a store is made, written, opened and
//! compacted. Nothing panics, the error is said, what was acknowledged stays, and the very same
//! store goes on with the next call.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "image/disk.rs"]
mod disk;

use disk::{ImageDisk, Refusal};
use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::{CommitError, DiskStore, OpenStoreError};
use jiaolian_sync::{Store, Table, Write};
use std::collections::BTreeSet;
use std::sync::Arc;

const REFUSALS: [Refusal; 3] = [Refusal::Error, Refusal::Full, Refusal::Short];
const BEFORE: u64 = 6;
const AFTER: u64 = 3;

struct Desk {
    ops: OpsKey,
    case: CaseSecret,
}

impl Desk {
    fn new() -> Self {
        Self {
            ops: OpsKey::from_bytes([5; 32]),
            case: CaseSecret::generate(),
        }
    }

    fn create(&self, disk: &ImageDisk) -> Result<DiskStore, OpenStoreError> {
        let medium = Arc::new(disk.clone());
        DiskStore::create(medium, 1, self.ops.clone(), self.case.public())
    }

    fn open(&self, disk: &ImageDisk) -> Result<DiskStore, OpenStoreError> {
        let store = DiskStore::open(Arc::new(disk.clone()), 1, self.ops.clone())?;
        store.unlock(self.case.clone()).unwrap();
        Ok(store)
    }

    /// The bytes of a store with some batches, some of them taken away again.
    fn image(&self) -> Vec<u8> {
        let disk = ImageDisk::new(Vec::new());
        let store = self.create(&disk).unwrap();
        (1..=BEFORE).for_each(|number| store.commit(&batch(number)).unwrap());
        drop(store);
        disk.durable()
    }
}

fn batch(number: u64) -> Vec<Write> {
    let row = |table, key: Vec<u8>, bytes: usize| Write {
        table,
        key,
        value: Some([number.to_be_bytes().as_slice(), &vec![number as u8; bytes]].concat()),
    };
    let mut rows: Vec<Write> = (0..8_u8)
        .map(|part| {
            let key = [number.to_be_bytes().as_slice(), &[part]].concat();
            row(Table::CaseBody, key, 2_000)
        })
        .collect();
    rows.push(row(Table::Local, b"tip".to_vec(), 0));
    rows
}

/// The last batch; all up to it are whole, and what came after it is not there.
fn last_batch(store: &DiskStore, story: &str) -> u64 {
    let tip = store.get(Table::Local, b"tip").unwrap().unwrap();
    let last = u64::from_be_bytes(tip.try_into().unwrap());
    for number in 1..=last + 1 {
        for write in batch(number).iter().filter(|w| w.table == Table::CaseBody) {
            let found = store.get(write.table, &write.key).unwrap();
            let expected = write.value.clone().filter(|_| number <= last);
            assert!(found == expected, "batch {number} of {last} at {story}");
        }
    }
    last
}

#[test]
fn a_store_that_cannot_be_made_says_so_and_can_be_made_again() {
    let desk = Desk::new();
    let mut calls = BTreeSet::new();
    for refusal in REFUSALS {
        for call in 1.. {
            let disk = ImageDisk::new(Vec::new());
            disk.refuse(call, refusal);
            let made = desk.create(&disk);
            if !disk.has_refused() {
                calls.insert(call);
                break;
            }
            // What was made is dropped unfinished, as the file without its name is.
            let story = format!("{refusal:?} at call {call}");
            if let Err(error) = made {
                assert!(
                    matches!(error, OpenStoreError::Unreadable(_)),
                    "{error} at {story}"
                );
            }
            let store = desk.create(&ImageDisk::new(Vec::new())).unwrap();
            store.commit(&batch(1)).unwrap();
        }
    }
    println!("making: {calls:?} calls, each refused in {REFUSALS:?}");
    assert!(calls.iter().all(|calls| *calls > 10), "{calls:?}");
}

#[test]
fn a_commit_that_is_refused_at_any_call_leaves_the_store_going() {
    let desk = Desk::new();
    let image = desk.image();
    let mut calls = 0;
    for refusal in REFUSALS {
        let mut full = 0;
        for call in 1.. {
            let disk = ImageDisk::new(image.clone());
            let store = desk.open(&disk).unwrap();
            disk.refuse(call, refusal);
            let mut acked = BEFORE;
            let story = format!("{refusal:?} at call {call}");
            let mut refused = None;
            for number in BEFORE + 1..=BEFORE + AFTER {
                match store.commit(&batch(number)) {
                    Ok(()) => acked = number,
                    Err(error) => refused = Some(error),
                }
                if refused.is_some() {
                    break;
                }
            }
            if !disk.has_refused() {
                calls += call - 1;
                assert_eq!(acked, BEFORE + AFTER);
                break;
            }
            full += u64::from(refused == Some(CommitError::Full));
            let last = last_batch(&store, &story);
            assert!(
                (acked..=acked + 1).contains(&last),
                "{last} of {acked} at {story}"
            );
            // The same store goes on, and so does one that is opened after a power cut.
            store.commit(&batch(last + 1)).unwrap();
            assert_eq!(last_batch(&store, &story), last + 1);
            drop(store);
            let store = desk.open(&ImageDisk::new(disk.durable())).unwrap();
            assert_eq!(last_batch(&store, &story), last + 1);
            if call % 8 == 0 {
                assert!(store.check().unwrap(), "{story}");
            }
        }
        assert_eq!(
            full > 0,
            refusal == Refusal::Full,
            "{full} times full under {refusal:?}"
        );
    }
    println!("commits: {calls} calls refused");
    assert!(calls > 150, "{calls}");
}

#[test]
fn a_store_that_is_refused_any_call_while_it_opens_opens_the_next_time() {
    let desk = Desk::new();
    let image = desk.image();
    let mut calls = 0;
    for refusal in REFUSALS {
        for call in 1.. {
            let disk = ImageDisk::new(image.clone());
            disk.refuse(call, refusal);
            let opened = desk.open(&disk);
            if !disk.has_refused() {
                calls += call - 1;
                break;
            }
            drop(opened);
            let story = format!("{refusal:?} at call {call}");
            let store = desk.open(&disk).unwrap();
            assert_eq!(last_batch(&store, &story), BEFORE, "{story}");
        }
    }
    println!("opening: {calls} calls refused");
    assert!(calls > 10, "{calls}");
}

#[test]
fn compacting_that_is_refused_at_any_call_moves_nothing_out_of_sight() {
    let desk = Desk::new();
    let image = {
        let disk = ImageDisk::new(desk.image());
        let store = desk.open(&disk).unwrap();
        // Room to give back: half of the bodies go.
        let gone = (1..=BEFORE).flat_map(|number| {
            let row = |part: u8| Write {
                table: Table::Fix,
                key: [number.to_be_bytes().as_slice(), &[part]].concat(),
                value: Some(vec![part; 3_000]),
            };
            (0..40).map(row).collect::<Vec<_>>()
        });
        let put: Vec<Write> = gone.collect();
        store.commit(&put).unwrap();
        let take = put.into_iter().map(|row| Write { value: None, ..row });
        store.commit(&take.collect::<Vec<_>>()).unwrap();
        drop(store);
        disk.durable()
    };
    let mut calls = 0;
    for refusal in REFUSALS {
        for call in 1.. {
            let disk = ImageDisk::new(image.clone());
            let store = desk.open(&disk).unwrap();
            disk.refuse(call, refusal);
            let moved = store.compact();
            if !disk.has_refused() {
                assert!(moved.unwrap(), "there was nothing to compact");
                calls += call - 1;
                break;
            }
            let story = format!("{refusal:?} at call {call}");
            assert_eq!(last_batch(&store, &story), BEFORE, "{story}");
            store.commit(&batch(BEFORE + 1)).unwrap();
            drop(store);
            let store = desk.open(&ImageDisk::new(disk.durable())).unwrap();
            assert_eq!(last_batch(&store, &story), BEFORE + 1, "{story}");
        }
    }
    println!("compacting: {calls} calls refused");
    assert!(calls > 30, "{calls}");
}
