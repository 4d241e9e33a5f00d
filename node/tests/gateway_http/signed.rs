//! Batches that a phone signs: its key stands in the binding, and what it signed once is good for
//! nothing else.

use crate::client::{Answer, batch, send};
use crate::world::{AMPLE, PHONE, START, TOKEN, World, phone_key};
use jiaolian_schema::device::signed_fixes;
use jiaolian_schema::id::hex;
use jiaolian_schema::signal::Sign;
use jiaolian_schema::suite::{Ed25519Signer, Sign as _};
use serde_json::{Value as Json, json};

fn fixes(terminal: &str, event: &str) -> Json {
    json!({ "terminal": terminal, "fixes": [
        { "time": START, "lat": 28.15, "lon": 113.6, "datum": "wgs84", "battery_pct": 41,
          "charging": false, "event": event }] })
}

fn header(key: &Ed25519Signer, signed: &[u8]) -> String {
    let signature = key.sign(&signed_fixes(signed)).unwrap();
    let (key, signature) = (hex(&key.public_key()), hex(&signature));
    format!("Content-Type: application/json\r\nAuthorization: Signature {key}.{signature}\r\n")
}

async fn post(world: &World, headers: &str, body: &[u8]) -> Answer {
    send(world.addr, ("POST", "/v1/fixes"), headers, body).await
}

#[tokio::test]
async fn a_signed_batch_is_taken_in_once_however_often_it_is_sent() {
    let world = World::open_with(false, AMPLE).await;
    let body = fixes(PHONE, "strap_open").to_string();
    let headers = header(&phone_key(), body.as_bytes());
    assert_eq!(
        post(&world, &headers, body.as_bytes()).await.counts(),
        (1, 0, 0)
    );
    let before = world.fixes().await;
    let signs = before[0].signs.unwrap();
    assert_eq!(
        (signs.battery(), signs.says(Sign::Strap)),
        (Some(41), Some(true))
    );
    for _ in 0..3 {
        world.advance(60_000);
        assert_eq!(
            post(&world, &headers, body.as_bytes()).await.counts(),
            (0, 1, 0)
        );
    }
    assert_eq!(world.fixes().await, before);
    assert!(world.signals().await.is_empty());
}

#[tokio::test]
async fn another_key_another_body_and_a_token_are_a_stranger_s() {
    let world = World::open_with(false, AMPLE).await;
    let body = fixes(PHONE, "tick").to_string();
    let other = Ed25519Signer::from_seed(&[9; 32]);
    let good = header(&phone_key(), body.as_bytes());
    let key = hex(&phone_key().public_key());
    for (headers, what) in [
        (header(&other, body.as_bytes()), "another key"),
        (header(&phone_key(), b"{}"), "another body"),
        (
            format!("Authorization: Signature {key}.{}\r\n", "0".repeat(128)),
            "no signature",
        ),
        (format!("Authorization: Signature {key}\r\n"), "no dot"),
        ("Authorization: Signature \u{e9}.x\r\n".to_owned(), "no hex"),
        (format!("Authorization: Bearer {TOKEN}\r\n"), "a token"),
        (format!("Authorization: Bearer {key}\r\n"), "the key itself"),
    ] {
        let answer = post(&world, &headers, body.as_bytes()).await;
        assert_eq!(answer.status, 401, "{what}");
        assert_eq!(answer.json()["error"]["code"], "unknown_device", "{what}");
    }
    let theirs = fixes(crate::world::BAND, "tick").to_string();
    let headers = header(&phone_key(), theirs.as_bytes());
    post(&world, &headers, theirs.as_bytes())
        .await
        .refused(401, "unknown_device");
    let changed = body.replace("28.15", "28.16");
    post(&world, &good, changed.as_bytes())
        .await
        .refused(401, "unknown_device");
    assert!(world.fixes().await.is_empty());
    assert_eq!(
        post(&world, &good, body.as_bytes()).await.counts(),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn a_word_with_an_unset_clock_counts_once_and_its_repetition_never_again() {
    let world = World::open_with(false, AMPLE).await;
    let word = json!({ "terminal": PHONE, "fixes": [{ "time": 0, "event": "strap_open" }] });
    let body = word.to_string();
    let headers = header(&phone_key(), body.as_bytes());
    for _ in 0..3 {
        assert_eq!(
            post(&world, &headers, body.as_bytes()).await.counts(),
            (0, 0, 1)
        );
        world.advance(3_600_000);
    }
    let signals = world.signals().await;
    assert_eq!(signals.len(), 1);
    let signs = signals[0].signal.signs;
    assert_eq!(
        (signs.says(Sign::Strap), signs.says(Sign::Clock)),
        (Some(true), Some(true))
    );
    assert_eq!(signals[0].signal.time, START);
}

#[tokio::test]
async fn a_made_up_position_is_kept_and_told_as_such() {
    let world = World::open().await;
    let fix = json!({ "time": START, "lat": 28.15, "lon": 113.6, "datum": "wgs84", "mock": true });
    let body = json!({ "terminal": crate::world::BAND, "fixes": [fix] });
    assert_eq!(batch(world.addr, TOKEN, &body).await.counts(), (0, 0, 1));
    let signals = world.signals().await;
    assert_eq!(signals[0].signal.signs.says(Sign::MadeUp), Some(true));
}
