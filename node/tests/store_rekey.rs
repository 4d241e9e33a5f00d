//! A key that was destroyed stays destroyed: whatever copies of the store lie about, older or newer,
//! the keys that are there today open nothing of the dossier; and nobody else loses a row by it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::key::KeyRing;
use jiaolian_node::seal::{CaseSecret, OpsKey, Place, UnlockError};
use jiaolian_node::store::{DiskStore, FileMedium, RekeyError, Resealing};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::Body;
use jiaolian_schema::id::DossierId;
use jiaolian_sync::{Store, StoreError, Table, Write};
use redb::{Database, TableDefinition};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const BODIES: TableDefinition<'static, &'static [u8], &'static [u8]> =
    TableDefinition::new("case-body-1");
const META: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("meta-1");

/// Two dossiers with a body each, one of them written while nobody was signed in.
struct Desk {
    dir: tempfile::TempDir,
    ops: OpsKey,
    secret: CaseSecret,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            dir,
            ops: OpsKey::generate(),
            secret: CaseSecret::generate(),
        }
    }

    fn create(&self) -> DiskStore {
        let (medium, public) = (medium(self.dir.path()), self.secret.public());
        DiskStore::create(medium, 1, self.ops.clone(), public).unwrap()
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

    fn snapshot(&self) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in ["store", "store.keys"] {
            fs::copy(self.dir.path().join(name), dir.path().join(name)).unwrap();
        }
        dir
    }
}

fn medium(dir: &Path) -> Arc<FileMedium> {
    Arc::new(FileMedium::new(&dir.join("store"), Duration::ZERO))
}

fn dossier(number: u8) -> DossierId {
    DossierId([number; 32])
}

/// The row of a body in a dossier, under the id of an envelope.
fn body(dossier: DossierId, id: u8, text: &str) -> Write {
    let body = Body {
        salt: [id; 16],
        dossier: Some(dossier),
        m: 1,
        prev_here: None,
        deps: Vec::new(),
        appointment: None,
        payload: text.as_bytes().to_vec(),
    };
    Write {
        table: Table::CaseBody,
        key: vec![id; 32],
        value: Some(canon::encode(&body)),
    }
}

fn text(store: &DiskStore, id: u8) -> Option<String> {
    let row = store.get(Table::CaseBody, &[id; 32]).unwrap()?;
    let body: Body = minicbor::decode(&row).unwrap();
    Some(String::from_utf8(body.payload).unwrap())
}

fn draft(about: DossierId, text: &str) -> Write {
    let key = [&[9; 16], format!("case.{}.visit", hex(about)).as_bytes()].concat();
    Write {
        table: Table::Draft,
        key,
        value: Some(text.as_bytes().to_vec()),
    }
}

fn hex(dossier: DossierId) -> String {
    jiaolian_schema::id::hex(&dossier.0)
}

fn reseal_all(store: &DiskStore) {
    let mut at = Resealing::default();
    while !store.reseal(&mut at).unwrap() {}
    assert!(at.is_whole());
}

#[test]
fn a_destroyed_dossier_is_closed_in_every_copy_and_all_others_stay_open() {
    let desk = Desk::new();
    let store = desk.create();
    let (gone, kept) = (dossier(1), dossier(2));
    store.commit(&[body(gone, 11, "夜里来的")]).unwrap();
    store.unlock(desk.secret.clone()).unwrap();
    store
        .commit(&[body(gone, 12, "白天写的"), body(kept, 21, "另一人")])
        .unwrap();
    store.commit(&[draft(gone, "没写完")]).unwrap();
    assert_eq!(text(&store, 11).as_deref(), Some("夜里来的"));
    let before = desk.snapshot();

    store.destroy_keys(&BTreeSet::from([gone.0])).unwrap();
    drop(store);
    // Today's store, and the copy from before, with today's keys.
    for copied in [desk.dir.path(), before.path()] {
        let (_dir, store) = desk.copy(copied, desk.dir.path());
        store.unlock(desk.secret.clone()).unwrap();
        assert_eq!([text(&store, 11), text(&store, 12)], [None, None]);
        assert_eq!(store.get(Table::Draft, &draft(gone, "").key).unwrap(), None);
        assert_eq!(text(&store, 21).as_deref(), Some("另一人"));
        let report = store.reader().scrub().unwrap();
        assert_eq!((report.destroyed, report.damaged.len()), (3, 0));
        // The same person may come again: the new rows have a key of their own.
        store.commit(&[body(gone, 13, "再次入矫")]).unwrap();
        assert_eq!(text(&store, 13).as_deref(), Some("再次入矫"));
    }
    // The search could have found it: with the keys of before it opens.
    let (_dir, store) = desk.copy(before.path(), before.path());
    store.unlock(desk.secret.clone()).unwrap();
    assert_eq!(text(&store, 12).as_deref(), Some("白天写的"));
}

#[test]
fn a_closed_store_destroys_nothing_and_says_so() {
    let desk = Desk::new();
    let store = desk.create();
    let closed = store.destroy_keys(&BTreeSet::from([dossier(1).0]));
    assert_eq!(closed, Err(RekeyError::Locked));
    assert_eq!(
        store.reseal(&mut Resealing::default()),
        Err(RekeyError::Locked)
    );
}

#[test]
fn what_was_sealed_while_closed_is_closed_until_somebody_signs_in_and_after() {
    let desk = Desk::new();
    let store = desk.create();
    for id in 1..=40 {
        store
            .commit(&[body(dossier(id % 4), id, "夜里来的")])
            .unwrap();
    }
    let closed = store.get(Table::CaseBody, &[1; 32]);
    assert_eq!(closed, Err(StoreError::Locked(Table::CaseBody)));
    drop(store);
    let store = desk.open(desk.dir.path());
    store.commit(&[body(dossier(1), 41, "停电以后")]).unwrap();
    store.unlock(desk.secret.clone()).unwrap();
    assert!((1..=40).all(|id| text(&store, id).as_deref() == Some("夜里来的")));
    assert_eq!(text(&store, 41).as_deref(), Some("停电以后"));
    store.lock();
    let closed = store.get(Table::CaseBody, &[41; 32]);
    assert_eq!(closed, Err(StoreError::Locked(Table::CaseBody)));
    let foreign = store.unlock(CaseSecret::generate());
    assert_eq!(foreign, Err(UnlockError::Foreign));
}

#[test]
fn a_record_that_a_power_cut_left_unfinished_is_written_over() {
    let desk = Desk::new();
    let store = desk.create();
    store.commit(&[body(dossier(1), 11, "先")]).unwrap();
    drop(store);
    let keys = desk.dir.path().join("store.keys");
    let whole = fs::read(&keys).unwrap();
    for cut in [1, 30, 100] {
        fs::write(
            &keys,
            [&whole[..], &whole[whole.len() - 164..][..cut]].concat(),
        )
        .unwrap();
        let store = desk.open(desk.dir.path());
        store
            .commit(&[body(dossier(2), 20 + cut as u8, "后")])
            .unwrap();
        store.unlock(desk.secret.clone()).unwrap();
        assert_eq!(text(&store, 11).as_deref(), Some("先"), "{cut}");
        assert_eq!(text(&store, 20 + cut as u8).as_deref(), Some("后"), "{cut}");
        drop(store);
        fs::write(&keys, &whole).unwrap();
    }
    fs::write(&keys, [&whole[..], &[0xEE; 40]].concat()).unwrap();
    let damaged = DiskStore::open(medium(desk.dir.path()), 1, desk.ops.clone());
    let said = damaged.unwrap_err().to_string();
    assert!(said.contains("damaged at byte"), "{said}");
}

#[test]
fn a_store_of_the_first_form_opens_and_its_rows_come_under_their_dossiers_keys() {
    let desk = Desk::new();
    drop(desk.create());
    let first = [
        body(dossier(1), 11, "老样子"),
        body(dossier(2), 21, "锁着写的"),
    ];
    {
        let database = Database::open(desk.dir.path().join("store")).unwrap();
        let writing = database.begin_write().unwrap();
        {
            let mut meta = writing.open_table(META).unwrap();
            meta.insert("schema", 1u32.to_be_bytes().as_slice())
                .unwrap();
            let mut bodies = writing.open_table(BODIES).unwrap();
            for (row, open) in first.iter().zip([true, false]) {
                let place = Place {
                    table: Table::CaseBody as u8,
                    key: &row.key,
                };
                let plain = row.value.as_ref().unwrap();
                let sealed = if open {
                    desk.secret.seal(place, plain)
                } else {
                    desk.secret.public().seal(place, plain)
                };
                bodies
                    .insert(row.key.as_slice(), sealed.as_slice())
                    .unwrap();
            }
        }
        writing.commit().unwrap();
    }
    fs::remove_file(desk.dir.path().join("store.keys")).unwrap();

    let store = desk.open(desk.dir.path());
    store.unlock(desk.secret.clone()).unwrap();
    let texts = || [text(&store, 11).unwrap(), text(&store, 21).unwrap()];
    assert_eq!(texts(), ["老样子", "锁着写的"]);
    // Broken off after the first rows and begun again.
    store.reseal(&mut Resealing::default()).unwrap();
    reseal_all(&store);
    assert_eq!(texts(), ["老样子", "锁着写的"]);
    store.destroy_keys(&BTreeSet::from([dossier(1).0])).unwrap();
    assert_eq!(
        (text(&store, 11), text(&store, 21).as_deref()),
        (None, Some("锁着写的"))
    );
}

#[test]
fn an_earlier_epoch_reads_nothing_new_and_nothing_at_all_once_rows_are_sealed_anew() {
    let desk = Desk::new();
    let store = desk.create();
    store.unlock(desk.secret.clone()).unwrap();
    store.commit(&[body(dossier(1), 11, "上一期")]).unwrap();
    let before = desk.snapshot();
    let next = CaseSecret::after(desk.secret.public());
    store.turn_epoch(&next, &[KeyRing::remove("T1")]).unwrap();
    store.commit(&[body(dossier(1), 12, "新一期")]).unwrap();
    let texts = |store: &DiskStore| [text(store, 11), text(store, 12)].map(Option::unwrap);
    assert_eq!(texts(&store), ["上一期", "新一期"]);
    assert!(store.has_earlier_epochs());

    // Half-way: the power goes, and the next one to sign in goes on.
    let (_dir, again) = desk.copy(desk.dir.path(), desk.dir.path());
    assert_eq!(again.unlock(desk.secret.clone()), Err(UnlockError::Foreign));
    again.unlock(next.clone()).unwrap();
    assert_eq!(texts(&again), ["上一期", "新一期"]);

    reseal_all(&store);
    assert!(!store.has_earlier_epochs());
    assert_eq!(texts(&store), ["上一期", "新一期"]);
    drop(store);
    let store = desk.open(desk.dir.path());
    store.unlock(next.clone()).unwrap();
    assert_eq!(texts(&store), ["上一期", "新一期"]);

    // A power cut between the file of keys and the store: the old secret still opens it.
    let (_dir, torn) = {
        let (dir, store) = desk.copy(before.path(), before.path());
        store.unlock(desk.secret.clone()).unwrap();
        store.turn_epoch(&next, &[]).unwrap();
        drop(store);
        desk.copy(before.path(), dir.path())
    };
    torn.unlock(desk.secret.clone()).unwrap();
    assert_eq!(text(&torn, 11).as_deref(), Some("上一期"));
    // And a copy of the store from before with today's keys opens for nobody.
    let (_dir, old) = desk.copy(before.path(), desk.dir.path());
    assert!(old.unlock(desk.secret.clone()).is_err());
    assert_eq!(old.unlock(next), Err(UnlockError::Foreign));
}
