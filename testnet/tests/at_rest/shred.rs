//! A case that a county orders destroyed is gone at every office that held it, in their copies too, and
//! the county sees who has not yet said so.

use crate::office::{COUNTY, Office, TOWNSHIP};
use jiaolian_node::key::{Cost, KeyRing, open_ops_key};
use jiaolian_node::store::{DiskStore, FileMedium};
use jiaolian_schema::suite::Suite;
use jiaolian_sync::{Store as _, Table};
use jiaolian_testnet::province::PASSPHRASE;
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_a_county_orders_destroyed_is_gone_everywhere_and_the_confirmations_are_counted()
 {
    let mut office = Office::open().await;
    let (gone, name) = office.register(1).await;
    let (kept, other) = office.register(2).await;
    let officer = office.officer(TOWNSHIP, "officer").await;
    let draft = json!({ "title": "走访", "body": { "note": name } });
    let path = format!("/api/v1/drafts/case.{gone}.visit");
    officer
        .send("PUT", &path, Some(&draft))
        .await
        .unwrap()
        .wanted(&path, 204)
        .unwrap();
    office.stop().await;
    let before = copy_of(&office.dir(TOWNSHIP));

    let keeper = office.number(COUNTY, "keeper");
    let words = order(&keeper, &gone);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = office.command(TOWNSHIP, &words).await.unwrap_err();
    assert!(said.contains("must belong together"), "{said}");
    let told = office.command(COUNTY, &words).await.unwrap();
    let told = &told["shreds"][0];
    assert_eq!(told["confirmed"], json!(["冷水江市司法局"]), "{told}");
    assert_eq!(told["waiting"], json!(["禾青司法所"]), "{told}");

    // The township hears of it; nobody is signed in, so nobody can read the case and its key stays.
    office.start().await;
    office.province.until_linked().await.unwrap();
    let state = office.province.state(TOWNSHIP).await.unwrap();
    assert_eq!(
        (&state["locked"], &state["cases"]),
        (&json!(true), &json!(2)),
        "{state}"
    );
    // With the first officer's passphrase it goes.
    let officer = office.officer(TOWNSHIP, "officer").await;
    let is_one = |state: &Json| state["cases"] == 1;
    office
        .province
        .until(TOWNSHIP, "one case is left", is_one)
        .await
        .unwrap();
    for (at, word) in [(TOWNSHIP, "officer"), (COUNTY, "case")] {
        let client = office.officer(at, word).await;
        let absent = client
            .send("GET", &format!("/api/v1/cases/{gone}"), None)
            .await
            .unwrap();
        assert_eq!(absent.status, 404, "{at}: {}", absent.text);
        client.get(&format!("/api/v1/cases/{kept}")).await.unwrap();
    }
    assert_eq!(
        officer.send("GET", &path, None).await.unwrap().status,
        404,
        "the draft"
    );
    let all_told = |state: &Json| state["unconfirmed"] == 0;
    let waited = office
        .province
        .until(COUNTY, "the township has told", all_told);
    waited.await.unwrap();
    office.stop().await;
    let told = office.command(COUNTY, &["shred"]).await.unwrap();
    assert_eq!(told["shreds"][0]["waiting"], json!([]), "{told}");
    assert_eq!(
        told["shreds"][0]["holders"].as_array().unwrap().len(),
        2,
        "{told}"
    );

    // Every chain still verifies, nothing comes back, and the disk of before does not open with the
    // keys of today.
    office.start().await;
    office.province.until_linked().await.unwrap();
    for at in [COUNTY, TOWNSHIP] {
        let state = office.province.state(at).await.unwrap();
        assert_eq!(
            (&state["cases"], &state["refused"]),
            (&json!(1), &json!(0)),
            "{at}: {state}"
        );
    }
    office.stop().await;
    let number = office.number(TOWNSHIP, "officer");
    let words = |dir: &Path| words_in(dir, &number);
    assert!(
        words(before.path()).contains(&name),
        "the copy of before held it"
    );
    let today = office.dir(TOWNSHIP).join("store.keys");
    fs::copy(today, before.path().join("store.keys")).unwrap();
    for dir in [before.path(), &office.dir(TOWNSHIP)] {
        let words = words(dir);
        assert!(
            !words.contains(&name) && words.contains(&other),
            "{}",
            dir.display()
        );
    }
}

/// The words of a command that orders a case destroyed.
fn order(keeper: &str, case: &str) -> Vec<String> {
    let words = [
        "shred",
        "--passphrase-stdin",
        "--as",
        keeper,
        "--case",
        case,
    ];
    let why = [
        "--basis",
        "个人信息保护法第四十七条",
        "--document",
        "冷司销〔2026〕1号",
    ];
    let all = words.iter().chain(&why);
    all.map(|word| (*word).to_owned()).collect()
}

pub(crate) fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

/// Whatever an officer's passphrase opens of a store.
pub(crate) fn words_in(dir: &Path, number: &str) -> String {
    let ops = open_ops_key(&dir.join("ops.key"), Suite::Ed25519).unwrap();
    let medium = Arc::new(FileMedium::new(&dir.join("store"), Duration::ZERO));
    let store = DiskStore::open(medium, 4, ops).unwrap();
    let opened = KeyRing::new(Cost::DRILL)
        .open(&store.reader(), number, PASSPHRASE, 0)
        .unwrap();
    store.unlock(opened.case_secret).unwrap();
    let mut words = String::new();
    for table in [Table::CaseBody, Table::Draft, Table::Parked, Table::Refused] {
        for (_, row) in store.range(table, &[], &[0xFF; 64], 100_000).unwrap() {
            words += &String::from_utf8_lossy(&row);
        }
    }
    words
}
