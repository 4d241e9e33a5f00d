//! Signing in and out, and what one person's session is to another's.

use crate::client::Client;
use crate::office::{Office, START, key};
use jiaolian_node::session::Proof;
use jiaolian_schema::canon;
use jiaolian_schema::suite::{ED25519, Sign as _, StrictVerifier};
use jiaolian_sync::{Store as _, Table};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[tokio::test]
async fn wrong_passphrase_and_unknown_number_get_the_same_answer() {
    let office = Office::open().await;
    let client = Client::new(&office);
    let form = |number: &str| json!({ "staff_number": number, "passphrase": "wrong wrong" });
    let wrong = client.post("/api/v1/session", &form("T1")).await;
    let unknown = client.post("/api/v1/session", &form("T9")).await;
    assert_eq!(wrong.body, unknown.body);
    wrong.refused(401, "login_refused");
    client
        .get("/api/v1/session")
        .await
        .refused(401, "not_signed_in");
}

#[tokio::test]
async fn tries_for_one_number_slow_down_and_others_sign_in_at_once() {
    let office = Office::open().await;
    let client = Client::new(&office);
    let form = json!({ "staff_number": "T1", "passphrase": "wrong wrong" });
    let mut last = client.post("/api/v1/session", &form).await;
    for _ in 0..12 {
        last = client.post("/api/v1/session", &form).await;
    }
    assert!(
        last.head.to_lowercase().contains("retry-after: "),
        "{}",
        last.head
    );
    last.refused(429, "too_many_attempts");
    Client::signed_in(&office, "T2").await;
}

#[tokio::test]
async fn case_files_open_with_the_first_session_and_close_with_the_last() {
    let office = Office::open().await;
    let anybody = Client::new(&office);
    let node = anybody.get("/api/v1/node").await.ok(200);
    assert_eq!(
        (&node["locked"], &node["office"]["tier"]),
        (&json!(true), &json!(2))
    );
    let client = Client::signed_in(&office, "T1").await;
    assert_eq!(anybody.get("/api/v1/node").await.ok(200)["locked"], false);
    let session = client.get("/api/v1/session").await.ok(200);
    assert_eq!(session["person"]["name"], "李工");
    assert_eq!(session["roles"], json!(["OFF_STAFF"]));
    assert_eq!(session["capacity"]["zh"], "司法所工作人员");
    assert_eq!(
        client.send("DELETE", "/api/v1/session", None).await.status,
        204
    );
    client
        .get("/api/v1/session")
        .await
        .refused(401, "not_signed_in");
    assert_eq!(anybody.get("/api/v1/node").await.ok(200)["locked"], true);
}

#[tokio::test]
async fn a_page_of_the_person_before_writes_nothing_in_the_next_persons_name() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "T1").await;
    let other = client.with("X-Jiaolian-Person", "00000000000000000000000000000000");
    let draft = json!({ "title": "x", "body": {} });
    other
        .put("/api/v1/drafts/a", &draft)
        .await
        .refused(401, "not_signed_in");
    assert_eq!(
        other.send("DELETE", "/api/v1/session", None).await.status,
        204
    );
    client.get("/api/v1/session").await.ok(200);
}

#[tokio::test]
async fn a_draft_that_was_answered_survives_a_power_cut_and_lies_sealed_on_the_disk() {
    let office = Office::open().await;
    let writer = Client::signed_in(&office, "T1").await;
    let written = "走访时父母都在家, 情绪平稳";
    let path = "/api/v1/drafts/case:00ff:record:visit";
    for length in 1..=written.chars().count() {
        let so_far: String = written.chars().take(length).collect();
        let draft = json!({ "title": "走访", "body": { "note": so_far } });
        assert_eq!(writer.put(path, &draft).await.status, 204);
    }
    let disk = office.disk();
    let plain = |text: &str| {
        disk.windows(text.len())
            .any(|bytes| bytes == text.as_bytes())
    };
    assert!(
        !plain("情绪平稳") && !plain("父母"),
        "the draft lies open on the disk"
    );
    let again = office.after_power_cut().await;
    let other = Client::signed_in(&again, "T2").await;
    assert_eq!(other.get("/api/v1/drafts").await.ok(200)["total"], 0);
    let writer = Client::signed_in(&again, "T1").await;
    let kept = writer.get(path).await.ok(200);
    assert_eq!(
        (&kept["title"], &kept["body"]["note"]),
        (&json!("走访"), &json!(written))
    );
}

#[tokio::test]
async fn a_draft_is_sealed_to_the_person_who_wrote_it() {
    let office = Office::open().await;
    let (writer, other) = (
        Client::signed_in(&office, "T1").await,
        Client::signed_in(&office, "T2").await,
    );
    let draft = json!({ "title": "走访", "body": { "note": "未完" } });
    let path = "/api/v1/drafts/case:00ff:text:plan";
    assert_eq!(writer.put(path, &draft).await.status, 204);
    assert_eq!(writer.get(path).await.ok(200)["body"], draft["body"]);
    assert_eq!(writer.get("/api/v1/drafts").await.ok(200)["total"], 1);
    other.get(path).await.refused(404, "draft_absent");
    assert_eq!(other.get("/api/v1/drafts").await.ok(200)["total"], 0);
    assert_eq!(writer.send("DELETE", path, None).await.status, 204);
    writer.get(path).await.refused(404, "draft_absent");
    writer
        .put("/api/v1/drafts/Upper", &draft)
        .await
        .refused(400, "bad_request");
    let long = json!({ "title": "x", "body": "长".repeat(30_000) });
    writer.put(path, &long).await.refused(413, "too_large");
}

#[tokio::test]
async fn an_administrator_sees_no_case() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let client = Client::signed_in(&office, "A1").await;
    assert_eq!(
        client.get("/api/v1/session").await.ok(200)["views"],
        json!(["network"])
    );
    client
        .get("/api/v1/cases")
        .await
        .refused(403, "not_allowed");
    client
        .get(&format!("/api/v1/cases/{case}"))
        .await
        .refused(404, "not_found");
    client.get("/api/v1/network").await.ok(200);
}

#[tokio::test]
async fn a_session_ends_when_idle_and_at_the_end_of_its_day_by_the_clock_of_sessions() {
    let clock = Arc::new(AtomicI64::new(0));
    let office = Office::open().await;
    let (read, steady) = (Arc::clone(&clock), Arc::clone(&clock));
    let app = office.app.clone();
    let app = app.with_session_clock(Arc::new(move || read.load(Ordering::SeqCst)));
    let door = office.door(app).await;
    let pass = |ms: i64| steady.fetch_add(ms, Ordering::SeqCst);
    let minute = 60_000;

    let client = Client::at(door).sign_in("T1").await;
    pass(14 * minute);
    client.get("/api/v1/today").await.ok(200);
    pass(14 * minute);
    // What a page asks by itself keeps nobody signed in.
    client.get("/api/v1/status").await.ok(200);
    pass(minute);
    client
        .get("/api/v1/today")
        .await
        .refused(401, "not_signed_in");

    let client = Client::at(door).sign_in("T1").await;
    for _ in 0..47 {
        pass(10 * minute);
        client.get("/api/v1/today").await.ok(200);
    }
    pass(10 * minute);
    client
        .get("/api/v1/today")
        .await
        .refused(401, "not_signed_in");
}

#[tokio::test]
async fn every_signing_in_leaves_the_signature_of_the_key_that_did_it() {
    let office = Office::open().await;
    Client::signed_in(&office, "T1").await;
    Client::signed_in(&office, "C2").await;
    let rows = office
        .app
        .disk
        .range(Table::SignIn, &[], &[0xFF], 10)
        .unwrap();
    let proofs: Vec<Proof> = rows
        .iter()
        .map(|(_, row)| canon::decode("a proof", row).unwrap())
        .collect();
    assert_eq!(proofs.len(), 2);
    for name in ["李工", "赵局"] {
        let key = key(name).public_key();
        let own = proofs
            .iter()
            .filter(|proof| proof.holds(&StrictVerifier, ED25519, &key));
        assert_eq!(own.count(), 1, "{name}");
    }
    assert!(
        proofs
            .iter()
            .all(|proof| proof.tls == 0 && proof.at >= START)
    );
}
