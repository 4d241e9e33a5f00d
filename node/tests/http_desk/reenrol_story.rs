//! A forgotten passphrase on the pages: two nodes on one table, the township's that asks and the
//! county's that answers, with the link as a copy of what a link would carry.

use crate::client::Client;
use crate::office::{DAY, KEEPER, Office, PASSPHRASE};
use serde_json::{Value as Json, json};

const NEW: &str = "这回不会再忘的口令";

async fn ask(office: &Office, staff: &str) -> Json {
    let form = json!({ "staff_number": staff, "passphrase": NEW });
    Client::new(office)
        .post("/api/v1/reenrol", &form)
        .await
        .ok(201)
}

#[tokio::test]
async fn who_forgot_is_shown_a_code_and_a_picture_and_who_does_not_exist_the_same() {
    let office = Office::open().await;
    let known = ask(&office, "C1").await;
    let unknown = ask(&office, "X9").await;
    for shown in [&known, &unknown] {
        let code = shown["code"].as_str().unwrap();
        assert_eq!(
            code.split(' ').map(str::len).collect::<Vec<_>>(),
            [4, 4, 4, 1],
            "{code}"
        );
        assert!(
            shown["qr"]
                .as_str()
                .unwrap()
                .starts_with("data:image/svg+xml,")
        );
        assert!(shown["line"].as_str().unwrap().starts_with("JLR1:"));
    }
    assert_eq!(
        known.as_object().unwrap().keys().collect::<Vec<_>>(),
        unknown.as_object().unwrap().keys().collect::<Vec<_>>()
    );
    // Asking changes nothing for whoever knows the passphrase, and opens nothing to who asked.
    Client::signed_in(&office, "C1").await;
    let form = json!({ "staff_number": "C1", "passphrase": NEW });
    let refused = Client::new(&office).post("/api/v1/session", &form).await;
    refused.refused(401, "login_refused");
}

#[tokio::test]
async fn weak_passphrases_are_named_and_asking_again_and_again_slows_down() {
    let office = Office::open().await;
    let client = Client::new(&office);
    let weak = json!({ "staff_number": "C1", "passphrase": "短" });
    let refused = client
        .post("/api/v1/reenrol", &weak)
        .await
        .refused(422, "fields_invalid");
    assert!(
        refused["error"]["fields"]["passphrase"].is_object(),
        "{refused}"
    );
    let form = json!({ "staff_number": "C1", "passphrase": NEW });
    let mut last = client.post("/api/v1/reenrol", &form).await;
    for _ in 0..8 {
        last = client.post("/api/v1/reenrol", &form).await;
    }
    last.refused(429, "too_many_attempts");
    // Waiting helps; nobody is locked out for ever.
    office.advance(DAY);
    assert_eq!(client.post("/api/v1/reenrol", &form).await.status, 201);
}

#[tokio::test]
async fn staff_may_neither_see_nor_answer_what_waits() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "C2").await;
    client
        .get("/api/v1/reenrol/requests")
        .await
        .refused(403, "not_allowed");
    let form =
        json!({ "code": "1234 5678 9012 3", "line": null, "sign": { "passphrase": PASSPHRASE } });
    client
        .post("/api/v1/reenrol/approvals", &form)
        .await
        .refused(403, "not_allowed");
    let anybody = Client::new(&office);
    anybody
        .get("/api/v1/reenrol/requests")
        .await
        .refused(401, "not_signed_in");
    let junk = anybody
        .send("POST", "/api/v1/reenrol/replies", Some(b"junk"))
        .await;
    junk.refused(422, "fields_invalid");
}

#[tokio::test]
async fn a_keeper_above_answers_by_the_code_and_the_officer_signs_in_with_a_new_key() {
    let county = Office::open().await;
    let township = Office::open_at("township").await;
    let asked = ask(&township, "T1").await;
    let keeper = Client::signed_in(&county, KEEPER).await;
    let (code, line) = (asked["code"].as_str().unwrap(), &asked["line"]);
    let form = |code: &str, words: &str| json!({ "code": code, "line": line, "sign": { "passphrase": words } });
    let approvals = "/api/v1/reenrol/approvals";
    let wrong = keeper.post(approvals, &form(code, "wrong wrong")).await;
    wrong.refused(401, "passphrase_wrong");
    let other = if code.starts_with('1') { "2" } else { "1" };
    let slipped = other.to_owned() + &code[1..];
    keeper
        .post(approvals, &form(&slipped, PASSPHRASE))
        .await
        .refused(422, "fields_invalid");
    let done = keeper
        .post(approvals, &form(code, PASSPHRASE))
        .await
        .ok(201);
    assert_eq!(done["name"], "李工");

    // The colleague who is signed in meanwhile sees nothing change.
    let colleague = Client::signed_in(&township, "T2").await;
    let old = Client::signed_in(&township, "T1").await;
    let mut stream = old.follow(None).await;
    let reply = keeper.get(done["reply"].as_str().unwrap()).await;
    assert_eq!(reply.status, 200);
    let desk = Client::new(&township);
    let taken = desk
        .send("POST", "/api/v1/reenrol/replies", Some(&reply.body))
        .await;
    assert_eq!(taken.status, 204, "{:?}", taken.json());

    // The old key is out at once, its open session too.
    let refused = json!({ "staff_number": "T1", "passphrase": PASSPHRASE });
    desk.post("/api/v1/session", &refused)
        .await
        .refused(401, "login_refused");
    let (_, said) = stream.next("signed_out").await;
    assert_eq!(said["reason"], "revoked");
    old.get("/api/v1/session")
        .await
        .refused(401, "not_signed_in");
    colleague.get("/api/v1/session").await.ok(200);

    // The colleague opened case files, so that this sign-in wraps them for the new passphrase.
    let form = json!({ "staff_number": "T1", "passphrase": NEW });
    let session = desk.post("/api/v1/session", &form).await.ok(201);
    assert_eq!(session["person"]["name"], "李工");
    let again = township.after_power_cut().await;
    let alone = Client::new(&again).post("/api/v1/session", &form).await;
    assert_eq!(alone.status, 201);
    let node = Client::new(&again).get("/api/v1/node").await.ok(200);
    assert_eq!(node["locked"], false);
}
