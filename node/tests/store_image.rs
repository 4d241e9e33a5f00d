//! Every moment at which the power can go: after any call to the disk, with none, all or some of
//! what was not yet synced on the platter, whole or torn; and once more while the store recovers
//! from that. What was acknowledged is there in each of these images, and no batch is there in part.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "image/disk.rs"]
mod disk;

use disk::{Dice, ImageDisk, Op};
use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::DiskStore;
use jiaolian_sync::{Store, Table, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const BATCHES: u64 = 48;
/// Images after one cut, and after two; a longer run sets `JIAOLIAN_IMAGES` and
/// `JIAOLIAN_DOUBLE_IMAGES`.
const IMAGES: u64 = 100_000;
const DOUBLE_IMAGES: u64 = 20_000;
/// One image in so many is read whole, checked page by page and written to.
const WHOLE_EVERY: u64 = 97;
/// One cut in so many is recovered from, and cut again after every call of that.
const EVERY_FIRST: u64 = 25;
const THREADS: usize = 2;

#[derive(Clone)]
struct Keys {
    ops: OpsKey,
    case: CaseSecret,
}

impl Keys {
    fn open(&self, image: Vec<u8>) -> (ImageDisk, DiskStore) {
        let disk = ImageDisk::new(image);
        let store = DiskStore::open(Arc::new(disk.clone()), 1, self.ops.clone()).unwrap();
        store.unlock(self.case.clone()).unwrap();
        (disk, store)
    }
}

/// What a Replica writes when something is signed: a head, its body, its fact, its place on a
/// chain; rows that are written over; one that goes.
fn batch(number: u64) -> Vec<Write> {
    let row = |table, key: &[u8], bytes: usize| Write {
        table,
        key: key.to_vec(),
        value: Some([number.to_be_bytes().as_slice(), &vec![number as u8; bytes]].concat()),
    };
    let key = number.to_be_bytes();
    let gone = Write {
        table: Table::Parked,
        key: (number - 1).to_be_bytes().to_vec(),
        value: None,
    };
    vec![
        row(Table::Head, &key, 260),
        row(
            Table::CaseBody,
            &key,
            [300, 3_000, 9_000, 700][number as usize % 4],
        ),
        row(Table::Fact, &key, 200),
        row(Table::Chain, &key, 0),
        row(Table::Parked, &key, 900),
        row(Table::Index, b"dossier", 60),
        row(Table::Local, b"tip", 0),
        gone,
    ]
}

/// One run of the store on a disk that noted everything.
struct Run {
    base: Vec<u8>,
    log: Vec<Op>,
    /// How much was noted when each batch was acknowledged.
    acked: Vec<usize>,
    /// Batches that were there before.
    before: u64,
}

impl Run {
    fn of(disk: &ImageDisk, store: &DiskStore, base: Vec<u8>, batches: Range<u64>) -> Self {
        let before = batches.start - 1;
        let acked = batches.map(|number| {
            store.commit(&batch(number)).unwrap();
            disk.recorded()
        });
        Self {
            acked: acked.collect(),
            log: disk.take_log(),
            base,
            before,
        }
    }

    /// The last batch that was acknowledged when so much was noted.
    fn acked_at(&self, noted: usize) -> u64 {
        self.before + self.acked.partition_point(|at| *at <= noted) as u64
    }

    /// After how many calls something is not yet synced.
    fn calls_unsynced(&self) -> u64 {
        let waiting = self.log.iter().filter(|op| !matches!(op, Op::Sync));
        waiting.count() as u64
    }

    /// What may be on the platter when the power goes after each call in a range, with the number
    /// of calls.
    fn images(&self, calls: Range<usize>, rounds: u64, mut each: impl FnMut(usize, Vec<u8>)) {
        let mut durable = self.base.clone();
        let mut pending: Vec<&Op> = Vec::new();
        for (at, op) in self.log.iter().enumerate() {
            if matches!(op, Op::Sync) {
                for op in pending.drain(..) {
                    op.lay_on(&mut durable);
                }
            } else {
                pending.push(op);
            }
            let noted = at + 1;
            if !calls.contains(&noted) {
                continue;
            }
            each(noted, durable.clone());
            if pending.is_empty() {
                continue;
            }
            each(noted, laid(&durable, &pending, |_, _| Lay::Whole));
            for round in 0..rounds {
                let mut dice = Dice::new(noted as u64 * 1_000 + round);
                let some = |_: usize, dice: &mut Dice| match dice.below(2) {
                    0 => Lay::Whole,
                    _ => Lay::Lost,
                };
                each(noted, laid_by(&durable, &pending, &mut dice, some));
                let torn = |_: usize, _: &mut Dice| Lay::Torn;
                each(noted, laid_by(&durable, &pending, &mut dice, torn));
            }
        }
    }
}

enum Lay {
    Whole,
    Torn,
    Lost,
}

fn laid(durable: &[u8], pending: &[&Op], how: impl Fn(usize, &mut Dice) -> Lay) -> Vec<u8> {
    laid_by(durable, pending, &mut Dice::new(0), how)
}

fn laid_by(
    durable: &[u8],
    pending: &[&Op],
    dice: &mut Dice,
    how: impl Fn(usize, &mut Dice) -> Lay,
) -> Vec<u8> {
    let mut image = durable.to_vec();
    for (at, op) in pending.iter().enumerate() {
        match how(at, dice) {
            Lay::Whole => op.lay_on(&mut image),
            Lay::Torn => op.lay_torn(&mut image, dice),
            Lay::Lost => {}
        }
    }
    image
}

/// The last batch in a store, after looking at some of those around it: each is there whole or not
/// at all.
fn last_batch(store: &DiskStore, dice: &mut Dice, all: bool, story: &str) -> u64 {
    let tip = store.get(Table::Local, b"tip").unwrap();
    let last = tip.map_or(0, |value| u64::from_be_bytes(value.try_into().unwrap()));
    let near = last.saturating_sub(1).max(1)..=last + 1;
    let drawn = [1 + dice.below(last.max(1)), 1 + dice.below(BATCHES)];
    let numbers: Vec<u64> = if all {
        (1..=BATCHES + 1).collect()
    } else {
        near.chain(drawn).collect()
    };
    for number in numbers {
        for write in batch(number).iter().take(5) {
            let found = store.get(write.table, &write.key).unwrap();
            let there = match write.table {
                Table::Parked => number == last,
                _ => number <= last,
            };
            let expected = write.value.clone().filter(|_| there);
            assert!(found == expected, "batch {number} of {last} at {story}");
        }
    }
    if last > 0 {
        let index = store.get(Table::Index, b"dossier").unwrap();
        assert_eq!(index, batch(last)[5].value, "{story}");
    }
    last
}

fn target(name: &str, standard: u64) -> u64 {
    let asked = std::env::var(name).ok();
    asked.map_or(standard, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number of images, not {text:?}"))
    })
}

/// The whole life of a store: made, written to again and again.
fn recorded(keys: &Keys) -> Run {
    let disk = ImageDisk::new(Vec::new());
    let medium = Arc::new(disk.clone());
    let store = DiskStore::create(medium, 1, keys.ops.clone(), keys.case.public()).unwrap();
    let base = disk.durable();
    disk.record();
    Run::of(&disk, &store, base, 1..BATCHES + 1)
}

fn keys() -> Keys {
    Keys {
        ops: OpsKey::from_bytes([7; 32]),
        case: CaseSecret::generate(),
    }
}

/// Parts of a range for so many threads.
fn shares(length: usize) -> Vec<Range<usize>> {
    let share = length.div_ceil(THREADS);
    (0..THREADS)
        .map(|at| at * share..((at + 1) * share).min(length))
        .collect()
}

#[test]
fn power_cut_after_any_call_with_any_part_on_the_platter_loses_nothing() {
    let keys = keys();
    let run = recorded(&keys);
    let images = target("JIAOLIAN_IMAGES", IMAGES);
    let rounds = images.div_ceil(2 * run.calls_unsynced());
    let seen = AtomicU64::new(0);
    thread::scope(|scope| {
        for share in shares(run.log.len() + 1) {
            let (run, keys, seen) = (&run, &keys, &seen);
            scope.spawn(move || {
                run.images(share, rounds, |noted, image| {
                    let number = seen.fetch_add(1, Ordering::Relaxed);
                    look(run, keys, (noted, number), image);
                });
            });
        }
    });
    let (seen, calls, size) = (seen.into_inner(), run.log.len(), run.base.len());
    println!("{seen} images after {calls} calls of {BATCHES} batches, from {size} bytes");
    assert!(seen >= images, "{seen}");
}

fn look(run: &Run, keys: &Keys, (noted, number): (usize, u64), image: Vec<u8>) {
    let story = format!("call {noted}, image {number}");
    let (_, store) = keys.open(image);
    let whole = number.is_multiple_of(WHOLE_EVERY);
    let last = last_batch(&store, &mut Dice::new(number), whole, &story);
    let acked = run.acked_at(noted);
    assert!(
        (acked..=acked + 1).contains(&last),
        "{last} of {acked} at {story}"
    );
    if whole {
        store.commit(&batch(last + 1)).unwrap();
        assert!(store.check().unwrap(), "checksums at {story}");
    }
}

#[test]
fn power_cut_while_recovering_from_any_of_them_loses_nothing_either() {
    let keys = keys();
    let run = recorded(&keys);
    let images = target("JIAOLIAN_DOUBLE_IMAGES", DOUBLE_IMAGES);
    let seen = AtomicU64::new(0);
    // One first cut in so many, spread over the whole life.
    let every = EVERY_FIRST * DOUBLE_IMAGES / images.max(1);
    thread::scope(|scope| {
        for share in shares(run.log.len() + 1) {
            let (run, keys, seen) = (&run, &keys, &seen);
            scope.spawn(move || {
                let mut first = 0_u64;
                run.images(share, 2, |noted, image| {
                    first += 1;
                    if first.is_multiple_of(every.max(1)) {
                        cut_again(run.acked_at(noted), keys, image, seen);
                    }
                });
            });
        }
    });
    let seen = seen.into_inner();
    println!("{seen} images after two cuts");
    assert!(seen >= images, "{seen}");
}

/// Opens an image, goes on, and cuts after each call of that.
fn cut_again(acked: u64, keys: &Keys, image: Vec<u8>, seen: &AtomicU64) {
    let disk = ImageDisk::new(image.clone());
    disk.record();
    let store = DiskStore::open(Arc::new(disk.clone()), 1, keys.ops.clone()).unwrap();
    store.unlock(keys.case.clone()).unwrap();
    let last = last_batch(&store, &mut Dice::new(acked), false, "the first cut");
    assert!((acked..=acked + 1).contains(&last), "{last} of {acked}");
    let run = Run::of(&disk, &store, image, last + 1..last + 2);
    run.images(0..run.log.len() + 1, 2, |noted, image| {
        let number = seen.fetch_add(1, Ordering::Relaxed);
        let story = format!("call {noted} after {last} batches, image {number}");
        let (_, store) = keys.open(image);
        let found = last_batch(&store, &mut Dice::new(number), false, &story);
        let least = run.acked_at(noted);
        assert!((least..=last + 1).contains(&found), "{found} at {story}");
    });
}
