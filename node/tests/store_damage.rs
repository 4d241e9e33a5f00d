//! Bits rot: a flipped bit gives an error or the right bytes, never other bytes and never the end
//! of the
//! process. redb alone gave silently wrong values for more than half of all flips.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "image/disk.rs"]
mod disk;

use disk::{Dice, ImageDisk};
use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::DiskStore;
use jiaolian_sync::{Store, StoreError, Table, Write};
use std::collections::BTreeMap;
use std::sync::Arc;

const FLIPS: u64 = 1_000;

#[derive(Debug, Default)]
struct Tally {
    right: u64,
    damaged: u64,
    refused: u64,
    missing: u64,
}

fn rows() -> Vec<Write> {
    let tables = [Table::Head, Table::CaseBody, Table::Fact, Table::Chain];
    let row = |i: u64| Write {
        table: tables[i as usize % tables.len()],
        key: [i.to_be_bytes().as_slice(), &[i as u8; 24]].concat(),
        value: Some(vec![i as u8; 40 + (i as usize * 37) % 900]),
    };
    (0..240).map(row).collect()
}

fn image(ops: &OpsKey, case: &CaseSecret, rows: &[Write]) -> Vec<u8> {
    let disk = ImageDisk::new(Vec::new());
    let medium = Arc::new(disk.clone());
    let store = DiskStore::create(medium, 1, ops.clone(), case.public()).unwrap();
    rows.chunks(16)
        .for_each(|chunk| store.commit(chunk).unwrap());
    drop(store);
    disk.durable()
}

fn look(store: &DiskStore, rows: &[Write], tally: &mut Tally) -> bool {
    let mut missing = false;
    for row in rows {
        match store.get(row.table, &row.key) {
            Ok(Some(value)) => {
                assert_eq!(Some(&value), row.value.as_ref(), "a wrong value came back");
                tally.right += 1;
            }
            Ok(None) => {
                tally.missing += 1;
                missing = true;
            }
            Err(StoreError::Damaged(_) | StoreError::Disk(_)) => tally.damaged += 1,
            Err(StoreError::Locked(table)) => panic!("{table:?} is open"),
        }
    }
    missing
}

#[test]
fn flipped_bits_never_give_other_bytes_and_missing_rows_fail_the_check() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or("", |location| location.file());
        if place.contains("tests") {
            eprintln!("{info}");
        }
    }));
    let (ops, case) = (OpsKey::from_bytes([9; 32]), CaseSecret::generate());
    let rows = rows();
    let image = image(&ops, &case, &rows);
    let mut dice = Dice::new(20_261_123);
    let mut tally = Tally::default();
    for _ in 0..FLIPS {
        let mut rotten = image.clone();
        let bit = dice.below(rotten.len() as u64 * 8);
        rotten[bit as usize / 8] ^= 1 << (bit % 8);
        match DiskStore::open(Arc::new(ImageDisk::new(rotten)), 1, ops.clone()) {
            Err(_) => tally.refused += 1,
            Ok(store) => {
                store.unlock(case.clone()).unwrap();
                if look(&store, &rows, &mut tally) {
                    assert!(
                        !store.check().unwrap_or(false),
                        "rows are missing at bit {bit}"
                    );
                }
            }
        }
    }
    let _ = std::panic::take_hook();
    println!("{FLIPS} flips in {} bytes: {tally:?}", image.len());
    assert!(tally.damaged > 0 && tally.right > 0, "{tally:?}");
}

#[test]
fn scrub_names_the_tables_that_rotted() {
    let (ops, case) = (OpsKey::from_bytes([9; 32]), CaseSecret::generate());
    let rows = rows();
    let mut image = image(&ops, &case, &rows);
    // The sealed value of row 2, found by its key, loses one bit behind the key.
    let key = &rows[2].key;
    let spots: Vec<_> = (0..image.len() - key.len())
        .filter(|i| image[*i..].starts_with(key))
        .collect();
    let store = DiskStore::open(Arc::new(ImageDisk::new(image.clone())), 1, ops.clone()).unwrap();
    let locked = store.reader().scrub().unwrap();
    assert_eq!(
        (locked.good, locked.locked, locked.damaged.len()),
        (180, 60, 0)
    );
    drop(store);
    let mut seen = BTreeMap::new();
    for spot in spots {
        for distance in [200, 1_000, 2_000, 3_000] {
            let Some(byte) = image.get_mut(spot + distance) else {
                continue;
            };
            *byte ^= 1;
            let disk = Arc::new(ImageDisk::new(image.clone()));
            if let Ok(store) = DiskStore::open(disk, 1, ops.clone()) {
                store.unlock(case.clone()).unwrap();
                for table in store.reader().scrub().unwrap().damaged {
                    *seen.entry(table).or_insert(0_u32) += 1;
                }
            }
            image[spot + distance] ^= 1;
        }
    }
    assert!(seen.contains_key(&Table::Fact), "{seen:?}");
}
