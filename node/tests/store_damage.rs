//! Disks rot: a flipped bit, a page that is zero, doubled, swapped, torn off or of another time
//! gives an error or the right bytes, never other bytes and never the end of the process; rows that
//! are gone or old fail the check. redb alone gave silently wrong values for more than half of all
//! flips.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "image/disk.rs"]
mod disk;

use disk::{Dice, ImageDisk};
use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::{DiskStore, FileMedium, OpenStoreError};
use jiaolian_sync::{Store, StoreError, Table, Write};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Images that are damaged; a longer run sets `JIAOLIAN_DAMAGED`.
const IMAGES: u64 = 10_000;
const PAGE_BYTES: usize = 4_096;
const CHUNK_BYTES: usize = 64 * 1024;
const KINDS: [Damage; 8] = [
    Damage::Flip,
    Damage::Zero,
    Damage::Double,
    Damage::Swap,
    Damage::Stale,
    Damage::Cut,
    Damage::StaleChunk,
    Damage::ZeroChunk,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    Flip,
    Zero,
    Double,
    Swap,
    Stale,
    Cut,
    StaleChunk,
    ZeroChunk,
}

impl Damage {
    /// The image with one such damage; `before` is what it was some commits ago.
    fn of(self, image: &[u8], before: &[u8], dice: &mut Dice) -> Vec<u8> {
        let mut rotten = image.to_vec();
        let unit = if matches!(self, Self::StaleChunk | Self::ZeroChunk) {
            CHUNK_BYTES
        } else {
            PAGE_BYTES
        };
        let any = |dice: &mut Dice| {
            let at = dice.below(image.len().div_ceil(unit) as u64) as usize * unit;
            at..(at + unit).min(image.len())
        };
        let place = any(dice);
        match self {
            Self::Flip => {
                let bit = dice.below(image.len() as u64 * 8);
                rotten[bit as usize / 8] ^= 1 << (bit % 8);
            }
            Self::Zero | Self::ZeroChunk => rotten[place].fill(0),
            Self::Double | Self::Swap => {
                let other = any(dice);
                let length = place.len().min(other.len());
                let (place, other) = (
                    place.start..place.start + length,
                    other.start..other.start + length,
                );
                rotten[place.clone()].copy_from_slice(&image[other.clone()]);
                if self == Self::Swap {
                    rotten[other].copy_from_slice(&image[place]);
                }
            }
            Self::Stale | Self::StaleChunk => {
                let old = before.get(place.clone()).map(<[u8]>::to_vec);
                if let Some(old) = old {
                    rotten[place].copy_from_slice(&old);
                }
            }
            Self::Cut => rotten.truncate(dice.below(image.len() as u64) as usize),
        }
        rotten
    }
}

#[derive(Debug, Default)]
struct Tally {
    right: u64,
    damaged: u64,
    refused: u64,
    missing: u64,
    old: u64,
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

/// The bytes of a store, and what they were before the last commits, which wrote some rows over.
fn image(ops: &OpsKey, case: &CaseSecret, rows: &[Write]) -> (Vec<u8>, Vec<u8>) {
    let disk = ImageDisk::new(Vec::new());
    let medium = Arc::new(disk.clone());
    let store = DiskStore::create(medium, 1, ops.clone(), case.public()).unwrap();
    rows.chunks(16)
        .for_each(|chunk| store.commit(chunk).unwrap());
    let before = disk.durable();
    let older = |row: &Write| Write {
        value: row.value.as_deref().map(older),
        ..row.clone()
    };
    for chunk in rows.chunks(16).take(4) {
        let chunk: Vec<Write> = chunk.iter().map(older).collect();
        store.commit(&chunk).unwrap();
    }
    let before_that = disk.durable();
    rows.chunks(16)
        .take(4)
        .for_each(|chunk| store.commit(chunk).unwrap());
    drop(store);
    let image = disk.durable();
    assert!(before.len() <= image.len());
    (image, before_that)
}

/// What a row said for a while.
fn older(value: &[u8]) -> Vec<u8> {
    value.iter().map(|byte| !byte).collect()
}

/// Whether something is gone or as it was before.
fn look(store: &DiskStore, rows: &[Write], tally: &mut Tally) -> bool {
    let mut doubtful = false;
    for row in rows {
        match store.get(row.table, &row.key) {
            Ok(Some(value)) if Some(&value) == row.value.as_ref() => tally.right += 1,
            Ok(Some(value)) => {
                let old = row.value.as_deref().map(older);
                assert_eq!(Some(value), old, "a value that nobody wrote came back");
                tally.old += 1;
                doubtful = true;
            }
            Ok(None) => {
                tally.missing += 1;
                doubtful = true;
            }
            Err(StoreError::Damaged(_) | StoreError::Disk(_)) => tally.damaged += 1,
            Err(StoreError::Locked(table)) => panic!("{table:?} is open"),
        }
    }
    doubtful
}

/// From which image on a process of its own looks.
const FROM: &str = "JIAOLIAN_DAMAGED_FROM";
/// Looks at images until all were looked at; says each number before.
#[allow(
    clippy::print_stdout,
    reason = "the process that began this one reads it"
)]
fn look_at_all(from: u64) {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or("", |location| location.file());
        if place.contains("tests") {
            eprintln!("{info}");
        }
    }));
    let (ops, case) = (OpsKey::from_bytes([9; 32]), CaseSecret::generate());
    let rows = rows();
    let (image, before) = image(&ops, &case, &rows);
    let mut tallies: BTreeMap<Damage, Tally> = BTreeMap::new();
    for number in from..images() {
        println!("image {number}");
        let mut dice = Dice::new(20_261_123 + number);
        let kind = KINDS[number as usize % KINDS.len()];
        let tally = tallies.entry(kind).or_default();
        let rotten = kind.of(&image, &before, &mut dice);
        match DiskStore::open(Arc::new(ImageDisk::new(rotten)), 1, ops.clone()) {
            Err(_) => tally.refused += 1,
            Ok(store) => {
                store.unlock(case.clone()).unwrap();
                if look(&store, &rows, tally) {
                    let sound = store.check().unwrap_or(false);
                    assert!(!sound, "{kind:?}, image {number}: rows are gone or old");
                }
            }
        }
    }
    println!("of {} bytes: {tallies:?}", image.len());
}

fn images() -> u64 {
    let asked = std::env::var("JIAOLIAN_DAMAGED").ok();
    asked.map_or(IMAGES, |text| text.parse().unwrap())
}

#[test]
fn damage_never_gives_other_bytes_and_rows_that_are_gone_or_old_fail_the_check() {
    if let Ok(from) = std::env::var(FROM) {
        return look_at_all(from.parse().unwrap());
    }
    let (mut from, mut aborts) = (0, 0);
    let this = std::env::current_exe().unwrap();
    let name = "damage_never_gives_other_bytes_and_rows_that_are_gone_or_old_fail_the_check";
    loop {
        let child = std::process::Command::new(&this)
            .args([name, "--exact", "--nocapture", "--test-threads=1"])
            .env(FROM, from.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        let mut numbers = said.lines().filter_map(|line| line.strip_prefix("image "));
        let last = numbers
            .next_back()
            .map(|number| number.parse::<u64>().unwrap());
        if child.status.success() {
            let sums = said.lines().filter(|line| line.starts_with("of "));
            println!("from {from}: {}", sums.collect::<String>());
            break;
        }
        // Without an exit code it was ended: by an abort inside redb, and by nothing else.
        let text = String::from_utf8_lossy(&child.stderr);
        assert_eq!(child.status.code(), None, "{text}");
        assert!(text.contains("non-unwinding panic"), "{text}");
        aborts += 1;
        from = last.expect("it said which image it looks at") + 1;
    }
    println!("{} images, {aborts} of which ended the process", images());
    assert_eq!(aborts, 0, "images that ended the process");
}

#[test]
fn scrub_names_the_tables_that_rotted() {
    let (ops, case) = (OpsKey::from_bytes([9; 32]), CaseSecret::generate());
    let rows = rows();
    let (mut image, _) = image(&ops, &case, &rows);
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

#[test]
fn a_file_that_rotted_is_let_go_of_while_its_store_lives() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let medium = || Arc::new(FileMedium::new(&path, Duration::ZERO));
    let (ops, case) = (OpsKey::from_bytes([9; 32]), CaseSecret::generate());
    let rows = rows();
    let store = DiskStore::create(medium(), 1, ops.clone(), case.public()).unwrap();
    rows.chunks(16)
        .for_each(|chunk| store.commit(chunk).unwrap());
    drop(store);
    let sound = std::fs::read(&path).unwrap();
    let mut let_go = 0;
    for number in 0..60 {
        let mut dice = Dice::new(7 + number);
        std::fs::write(&path, Damage::Zero.of(&sound, &sound, &mut dice)).unwrap();
        let Ok(store) = DiskStore::open(medium(), 1, ops.clone()) else {
            continue;
        };
        store.unlock(case.clone()).unwrap();
        let fails = |row: &&Write| store.get(row.table, &row.key).is_err();
        let Some(row) = rows.iter().find(fails) else {
            continue;
        };
        // What fails its seal leaves the file open; what redb stumbles over closes it.
        let again = DiskStore::open(medium(), 1, ops.clone());
        let_go += u32::from(!matches!(again, Err(OpenStoreError::Held)));
        drop(again);
        assert!(store.get(row.table, &row.key).is_err(), "it stays damaged");
    }
    assert!(let_go > 0);
}
