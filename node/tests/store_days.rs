//! Positions lie under the key of their day: when that key is gone no copy of the store gives them,
//! older or newer, nobody need be signed in for it, and no other row suffers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::seal::{CaseSecret, OpsKey};
use jiaolian_node::store::{DiskStore, FileMedium, ScrubReport};
use jiaolian_schema::suite::Suite;
use jiaolian_sync::{Store, Table, Write};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const DAY: i64 = 86_400_000;
/// Midnight in Shanghai before 2 March 2026.
const MONDAY: i64 = 1_772_409_600_000 - 8 * 3_600_000;

struct Desk {
    dir: tempfile::TempDir,
    ops: OpsKey,
    secret: CaseSecret,
}

impl Desk {
    fn new(suite: Suite) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            ops: OpsKey::generate_in(suite),
            secret: CaseSecret::generate_in(suite),
        }
    }

    fn create(&self) -> DiskStore {
        let medium = medium(self.dir.path());
        DiskStore::create(medium, 1, self.ops.clone(), self.secret.public()).unwrap()
    }

    fn open(&self, dir: &Path) -> DiskStore {
        DiskStore::open(medium(dir), 1, self.ops.clone()).unwrap()
    }

    /// A copy of the store with the keys that lie in another directory.
    fn copy(&self, store: &Path, keys: &Path) -> (tempfile::TempDir, DiskStore) {
        let dir = tempfile::tempdir().unwrap();
        fs::copy(store.join("store"), dir.path().join("store")).unwrap();
        fs::copy(keys.join("store.keys"), dir.path().join("store.keys")).unwrap();
        let copy = self.open(dir.path());
        (dir, copy)
    }
}

fn medium(dir: &Path) -> Arc<FileMedium> {
    Arc::new(FileMedium::new(&dir.join("store"), Duration::ZERO))
}

fn key(time: i64, end: &[u8]) -> Vec<u8> {
    let time = ((time as u64) ^ (1 << 63)).to_be_bytes();
    [&[7; 16][..], &time, end].concat()
}

fn put(table: Table, key: Vec<u8>, text: &str) -> Write {
    Write {
        table,
        key,
        value: Some(text.as_bytes().to_vec()),
    }
}

/// A position of each of four days, packed ones of the first two, and rows that are no positions.
fn fill(store: &DiskStore) {
    let fixes = (0..4).map(|day| {
        let key = key(MONDAY + day * DAY + 3_600_000, &[day as u8; 32]);
        put(Table::Fix, key, &format!("fix of day {day}"))
    });
    let tracks = (0..2).map(|day| {
        let text = format!("track of day {day}");
        put(Table::Track, key(MONDAY + day * DAY, &[]), &text)
    });
    let others = [
        put(Table::Watch, vec![7; 16], "watch"),
        put(Table::Signal, key(MONDAY, &[1; 32]), "signal"),
    ];
    let all: Vec<Write> = fixes.chain(tracks).chain(others).collect();
    store.commit(&all).unwrap();
}

/// All positions that a store gives, and how many other rows.
fn read(store: &DiskStore) -> (Vec<String>, usize) {
    let all = |table| store.range(table, &[], &[u8::MAX; 64], usize::MAX).unwrap();
    let positions = [Table::Fix, Table::Track].into_iter().flat_map(all);
    let texts = positions.map(|(_, value)| String::from_utf8(value).unwrap());
    let others = [Table::Watch, Table::Signal].into_iter().flat_map(all);
    (texts.collect(), others.count())
}

fn days(days: &[i64], tracks: &[i64]) -> (Vec<String>, usize) {
    let fixes = days.iter().map(|day| format!("fix of day {day}"));
    let tracks = tracks.iter().map(|day| format!("track of day {day}"));
    (fixes.chain(tracks).collect(), 2)
}

#[test]
fn a_day_whose_key_is_gone_is_closed_in_every_copy_and_all_others_stay_open() {
    for suite in [Suite::Ed25519, Suite::Sm2] {
        let desk = Desk::new(suite);
        let store = desk.create();
        fill(&store);
        let before = tempfile::tempdir().unwrap();
        fs::copy(desk.dir.path().join("store"), before.path().join("store")).unwrap();
        assert_eq!(read(&store), days(&[0, 1, 2, 3], &[0, 1]));

        assert!(store.destroy_days(MONDAY + 2 * DAY).unwrap());
        assert_eq!(read(&store), days(&[2, 3], &[]), "the store itself");
        assert!(!store.destroy_days(MONDAY + 2 * DAY).unwrap(), "once");
        let today = desk.dir.path();
        let (_older, older) = desk.copy(before.path(), today);
        assert_eq!(read(&older), days(&[2, 3], &[]), "a copy of before");
        let report = older.reader().scrub().unwrap();
        let (good, destroyed) = (report.good, report.destroyed);
        assert_eq!((good, destroyed, report.damaged.len()), (4, 4, 0));
        assert_eq!(report.locked, ScrubReport::default().locked);

        // The rest is written and read on, and opens after a start.
        let fix = key(MONDAY + 3 * DAY, &[9; 32]);
        store.commit(&[put(Table::Fix, fix, "another")]).unwrap();
        drop(store);
        let (texts, others) = read(&desk.open(today));
        assert_eq!((texts.len(), others), (3, 2));
    }
}

#[test]
fn keys_of_days_and_of_dossiers_go_without_one_another() {
    let desk = Desk::new(Suite::Ed25519);
    let store = desk.create();
    fill(&store);
    let draft = |name: u8| [&[9; 16][..], format!("case.{}", hex(name)).as_bytes()].concat();
    for name in [1, 2] {
        let text = format!("draft {name}");
        store
            .commit(&[put(Table::Draft, draft(name), &text)])
            .unwrap();
    }
    // Days go while nobody is signed in and while somebody is.
    assert!(store.destroy_days(MONDAY + DAY).unwrap());
    store.unlock(desk.secret.clone()).unwrap();
    let drafts = |store: &DiskStore| {
        [1, 2].map(|name| store.get(Table::Draft, &draft(name)).unwrap().is_some())
    };
    assert_eq!(drafts(&store), [true, true]);
    assert!(store.destroy_days(MONDAY + 2 * DAY).unwrap());
    assert_eq!(drafts(&store), [true, true]);
    store
        .commit(&[put(Table::Draft, draft(3), "later")])
        .unwrap();

    // And a dossier goes without a day.
    store.destroy_keys(&[[1; 32]].into()).unwrap();
    assert_eq!(drafts(&store), [false, true]);
    assert_eq!(read(&store), days(&[2, 3], &[]));
    drop(store);
    let store = desk.open(desk.dir.path());
    assert_eq!(read(&store), days(&[2, 3], &[]), "with nobody signed in");
    store.unlock(desk.secret.clone()).unwrap();
    assert_eq!(drafts(&store), [false, true]);
    assert!(store.get(Table::Draft, &draft(3)).unwrap().is_some());
}

#[test]
fn a_read_passes_over_rows_whose_key_is_gone() {
    let desk = Desk::new(Suite::Ed25519);
    let store = desk.create();
    fill(&store);
    store.destroy_days(MONDAY + 3 * DAY).unwrap();
    let first = store.range(Table::Fix, &[], &[u8::MAX; 64], 1).unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].1, b"fix of day 3");
}

fn hex(byte: u8) -> String {
    jiaolian_schema::id::hex(&[byte; 32])
}
