//! Where one person was: for those who may look, with the purpose written down before it is shown.

use crate::client::{Client, offer};
use crate::office::{DAY, Office, START};
use jiaolian_node::owner::{LogRow, Looked, Node, Own as _};
use jiaolian_schema::fix::{Fix, Point, Source};
use jiaolian_schema::geo::Coord;
use jiaolian_schema::id::{DossierId, PersonCode, sha256};
use jiaolian_sync::{Store as _, Table};
use serde_json::{Value as Json, json};

/// A band on a person for March 2026, and a fix of it a minute for five minutes.
async fn wear(office: &Office, case: DossierId, name: &str) {
    let bureau = Client::signed_in(office, "B1").await;
    let page = bureau.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let form = json!({ "terminal": "band-1", "regime": "band", "from": "2026-03-01",
        "until": "2026-05-31" });
    bureau.sign(offer(&page, "device_bind"), form).await.ok(201);
    let person = PersonCode(sha256(&[name.as_bytes()])[..16].try_into().unwrap()).to_hex();
    for minute in 1..=5 {
        office.advance(60_000);
        let at = Coord::new(282_000_000, 1_129_000_000 + minute).unwrap();
        let time = START + i64::from(minute) * 60_000;
        let fix = Fix {
            person: person.clone(),
            point: Point::new(time, at, Some(10_000), Source::Gnss),
        };
        let report = move |node: &mut Node| node.report(&fix, true).unwrap();
        office.owner.call(report).await.unwrap();
    }
}

fn path(case: &str, from: i64, to: i64, reason: &str) -> String {
    format!("/api/v1/map/track?case={case}&from={from}&to={to}&reason={reason}")
}

async fn accesses(office: &Office) -> Vec<LogRow> {
    let read = |node: &mut Node| node.accesses(1, 100).unwrap();
    office.owner.look(read).await.unwrap()
}

#[tokio::test]
async fn a_track_holds_the_fixes_of_the_time_that_was_asked_for_and_the_purpose_is_kept() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    wear(&office, case, "张三").await;
    let client = Client::signed_in(&office, "T1").await;
    let (from, to) = (START + 120_000, START + 240_001);
    let track = client
        .get(&path(&case.to_hex(), from, to, "alarm"))
        .await
        .ok(200);
    let times: Vec<i64> = track["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fix| fix["at"].as_i64().unwrap())
        .collect();
    assert_eq!(times, [START + 120_000, START + 180_000, START + 240_000]);
    assert_eq!(
        (&track["complete"], &track["case"]["name"]),
        (&json!(true), &json!("张三"))
    );

    let looks = accesses(&office).await;
    let newest = looks.last().unwrap();
    assert_eq!(
        (newest.looked, newest.purpose.as_str()),
        (Looked::Track, "alarm")
    );
    assert_eq!(
        (newest.case, newest.from, newest.to),
        (Some(case), Some(from), Some(to))
    );
    let chained = looks.windows(2).all(|pair| {
        let row = jiaolian_schema::canon::encode(&pair[0]);
        pair[1].before == sha256(&[&row])
    });
    assert!(
        chained && looks.len() >= 2,
        "each row holds the hash of the row before"
    );
}

/// Time passes, and a round over all people after it.
async fn pass(office: &Office, ms: i64) {
    office.advance(ms);
    let round = |node: &mut Node| {
        for _ in 0..8 {
            node.tick();
            node.settle().unwrap();
        }
    };
    office.owner.call(round).await.unwrap();
}

async fn rows(office: &Office) -> [u64; 2] {
    let count = |node: &mut Node| {
        let reader = node.store.reader();
        [Table::Fix, Table::Track].map(|table| reader.count(table).unwrap())
    };
    office.owner.look(count).await.unwrap()
}

#[tokio::test]
async fn a_track_is_packed_after_three_days_and_after_its_term_neither_page_nor_disk_gives_it() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    wear(&office, case, "张三").await;
    let ask = path(&case.to_hex(), START, START + DAY, "duty");
    let read = async || {
        Client::signed_in(&office, "T1")
            .await
            .get(&ask)
            .await
            .ok(200)
    };
    let loose = read().await;
    assert_eq!(loose["items"].as_array().unwrap().len(), 5);
    assert_eq!(rows(&office).await, [5, 0]);

    pass(&office, 4 * DAY).await;
    assert_eq!(rows(&office).await, [0, 1], "one row for the day");
    assert_eq!(read().await["items"], loose["items"]);
    let of_then = office.disk();
    let given = |office: &Office, disk: Vec<u8>| {
        let store = office.store_of(disk);
        let rows = |table| store.range(table, &[], &[u8::MAX; 64], usize::MAX).unwrap();
        rows(Table::Fix).len() + rows(Table::Track).len()
    };
    assert_eq!(given(&office, of_then.clone()), 1);

    pass(&office, 178 * DAY).await;
    assert_eq!(rows(&office).await, [0, 1], "the day's term is not over");
    pass(&office, 2 * DAY).await;
    assert_eq!(rows(&office).await, [0, 0]);
    assert_eq!(read().await["items"], json!([]));
    assert_eq!(
        given(&office, of_then),
        0,
        "a copy of then gives none either"
    );
}

#[tokio::test]
async fn nobody_looks_without_a_purpose_over_too_long_or_at_whom_they_may_not_see() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await.to_hex();
    let client = Client::signed_in(&office, "T1").await;
    let ask = |from: i64, to: i64, reason: &str| path(&case, from, to, reason);
    let refused = client.get(&ask(START, START + 1, "curiosity")).await;
    let refused = refused.refused(400, "bad_request");
    let message = refused["error"]["message_zh"].as_str().unwrap();
    assert!(
        message.contains("curiosity") && message.contains("事由"),
        "{message}"
    );
    for (from, to) in [
        (START, START),
        (START, START - 1),
        (START, START + 7 * DAY + 1),
    ] {
        client
            .get(&ask(from, to, "duty"))
            .await
            .refused(400, "bad_request");
    }
    client
        .get(&ask(i64::MIN, i64::MAX, "duty"))
        .await
        .refused(400, "bad_request");
    let other = Client::signed_in(&office, "O1").await;
    let foreign = other.get(&ask(START, START + 1, "duty")).await;
    let absent = other
        .get(&path(&"ab".repeat(32), START, START + 1, "duty"))
        .await;
    foreign.clone().refused(404, "not_found");
    assert_eq!(foreign.body, absent.body);
    let admin = Client::signed_in(&office, "A1").await;
    admin
        .get(&ask(START, START + 1, "duty"))
        .await
        .refused(404, "not_found");
    let looks = accesses(&office).await;
    assert!(
        looks.iter().all(|look| look.looked != Looked::Track),
        "{looks:?}"
    );
}

#[tokio::test]
async fn refused_material_is_handed_out_as_a_file_of_lines() {
    let office = Office::open().await;
    let damaged = |node: &mut Node| {
        let now = node.now();
        let fact = node.replica.dossiers().next().map(|(id, _)| id).unwrap();
        let id = jiaolian_schema::id::EnvelopeId(fact.0);
        let mut envelope = node.replica.envelope(id).unwrap().unwrap();
        envelope.signature[0] ^= 1;
        envelope.head[40] ^= 1;
        node.replica.import(vec![envelope], now);
        node.replica.refused_count()
    };
    assert_eq!(office.owner.call(damaged).await.unwrap(), 1);
    let client = Client::signed_in(&office, "C3").await;
    let list = client.get("/api/v1/network/refused").await.ok(200);
    assert_eq!(list["total"], 1);
    let reason = list["items"][0]["reason"]["zh"].as_str().unwrap();
    assert!(reason.chars().any(|c| c > '\u{4e00}'), "{reason}");
    let file = client.get("/api/v1/network/refused/export").await;
    assert_eq!(file.status, 200);
    let head = file.head.to_lowercase();
    assert!(head.contains("attachment; filename=\"refused-430181-2026-03-02.jsonl\""));
    let text = String::from_utf8(file.body).unwrap();
    let lines: Vec<Json> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        lines[0]["number"].to_string(),
        list["items"][0]["id"].as_str().unwrap()
    );
    assert!(lines[0]["head"].as_str().unwrap().len() > 100);
    assert!(
        lines[0]["reason"].as_str().unwrap().is_ascii(),
        "the file keeps the rule as it was said"
    );
    let admin = Client::signed_in(&office, "A1").await;
    admin
        .get("/api/v1/network/refused/export")
        .await
        .refused(403, "not_allowed");
}
