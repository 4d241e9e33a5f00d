//! From an empty directory to an officer at the desk: keys, store, power cut, alarms while locked,
//! passphrase.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::key::{
    Cost, KeyRing, NodeKeys, OfficerKey, OpenKeyError, Tip, TipVerdict, create_ops_key,
    open_ops_key,
};
use jiaolian_node::seal::CaseSecret;
use jiaolian_node::store::{CACHE_MIB_DEFAULT, DiskStore, FileMedium};
use jiaolian_schema::suite::{Ed25519Signer, Sign as _, Suite};
use jiaolian_sync::{Store, StoreError, Table, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

const PASSPHRASE: &str = "青山绿水常在 7";

fn medium(directory: &Path) -> Arc<FileMedium> {
    Arc::new(FileMedium::new(
        &directory.join("store.redb"),
        Duration::ZERO,
    ))
}

fn put(table: Table, key: &[u8], value: &str) -> Write {
    Write {
        table,
        key: key.to_vec(),
        value: Some(value.as_bytes().to_vec()),
    }
}

#[test]
fn node_starts_locked_after_a_power_cut_and_an_officer_opens_it() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let author = [5; 32];
    {
        let ops = create_ops_key(&directory.join("ops.key"), Suite::Ed25519).unwrap();
        NodeKeys::create(directory, &ops).unwrap();
        let case = CaseSecret::generate();
        let medium = medium(directory);
        let store =
            DiskStore::create(medium, CACHE_MIB_DEFAULT, ops.clone(), case.public()).unwrap();
        let ring = KeyRing::new(Cost::DESK);
        let enrolled = ring
            .enrol(
                "S10086",
                PASSPHRASE,
                &OfficerKey::Ring(Suite::Ed25519, Zeroizing::new([8; 32])),
                &case,
            )
            .unwrap();
        store
            .commit(&[enrolled, put(Table::CaseBody, b"id-1", "入矫宣告")])
            .unwrap();
        Tip::create(&directory.join("tip"), ops)
            .unwrap()
            .record(author, 41)
            .unwrap();
    }
    let ops = open_ops_key(&directory.join("ops.key"), Suite::Ed25519).unwrap();
    NodeKeys::open(directory, &ops).unwrap();
    let store = DiskStore::open(medium(directory), CACHE_MIB_DEFAULT, ops.clone()).unwrap();
    let reader = store.reader();
    // Two in the morning: a band leaves its fence.
    store
        .commit(&[
            put(Table::Watch, b"person", "out"),
            put(Table::CaseBody, b"id-2", "越界"),
        ])
        .unwrap();
    assert_eq!(
        reader.get(Table::Watch, b"person").unwrap().unwrap(),
        b"out"
    );
    assert_eq!(
        reader.get(Table::CaseBody, b"id-2"),
        Err(StoreError::Locked(Table::CaseBody))
    );
    // Half past eight: an officer signs in.
    let ring = KeyRing::new(Cost::DESK);
    let wrong = ring
        .open(&reader, "S10086", "青山绿水常在 8", 0)
        .unwrap_err();
    assert_eq!(wrong, OpenKeyError::Refused);
    let opened = ring.open(&reader, "S10086", PASSPHRASE, 0).unwrap();
    let signer = Ed25519Signer::from_seed(&[8; 32]);
    assert_eq!(opened.key.public_key(), signer.public_key());
    store.unlock(opened.case_secret).unwrap();
    let bodies = reader.range(Table::CaseBody, b"id-", b"id-9", 10).unwrap();
    let texts: Vec<_> = bodies
        .iter()
        .map(|(_, value)| String::from_utf8_lossy(value))
        .collect();
    assert_eq!(texts, ["入矫宣告", "越界"]);
    let tip = Tip::open(&directory.join("tip"), ops).unwrap();
    let rolled_back = TipVerdict::RolledBack {
        store: Some(40),
        tip: 41,
    };
    assert_eq!(tip.judge(&author, Some(40)), rolled_back);
}
