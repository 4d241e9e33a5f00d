//! Check-ins over HTTP: signed by the phone, durable, judged by the plan of the case; and what the
//! phone is asked now.

use crate::client::{Answer, batch, send};
use crate::world::phone_key;
use crate::world::{AMPLE, AWAY, BAND, HOME, MINUTE, PHONE, START, TOKEN, World, office, person};
use jiaolian_node::gateway::kept_reports;
use jiaolian_schema::checkin::{Plan, signed_check_ins, signed_due};
use jiaolian_schema::device::signed_fixes;
use jiaolian_schema::id::hex;
use jiaolian_schema::schedule::{Schedule, Window};
use jiaolian_schema::suite::{Ed25519Signer, Sign as _};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Every day from 09:10 to 09:40 and from 10:10 to 10:40, asked by this county; it is 09:00.
fn plan() -> Plan {
    let days = [1, 2, 3, 4, 5, 6, 7];
    let window = |from, to| Window::new(&days, from, to).unwrap();
    Plan {
        asks: office("county"),
        from: START - 10 * 86_400_000,
        until: START + 80 * 86_400_000,
        windows: Some(Schedule::new(vec![window(550, 580), window(610, 640)]).unwrap()),
        prompts: 0,
        open_minutes: 20,
    }
}

fn header(key: &Ed25519Signer, message: &[u8]) -> String {
    let signature = key.sign(message).unwrap();
    let (key, signature) = (hex(&key.public_key()), hex(&signature));
    format!("Content-Type: application/json\r\nAuthorization: Signature {key}.{signature}\r\n")
}

async fn post(world: &World, headers: &str, body: &[u8]) -> Answer {
    send(world.addr, ("POST", "/v1/checkins"), headers, body).await
}

/// As the application sends them.
async fn check_in(world: &World, check_ins: &Json) -> Answer {
    let body = json!({ "terminal": PHONE, "checkins": check_ins }).to_string();
    let headers = header(&phone_key(), &signed_check_ins(body.as_bytes()));
    post(world, &headers, body.as_bytes()).await
}

fn good(time: i64) -> Json {
    json!({ "time": time, "lat": HOME.0, "lon": HOME.1, "datum": "wgs84", "accuracy_m": 20,
        "likeness": 950, "liveness": 980, "battery_pct": 77, "mock": false, "phone": PHONE })
}

fn with(time: i64, field: &str, value: Json) -> Json {
    let mut check_in = good(time);
    check_in[field] = value;
    check_in
}

/// Kinds of the alarms about check-ins that stand, ascending.
async fn told(world: &World) -> Vec<String> {
    let mut kinds = world.kinds().await;
    kinds.retain(|kind| kind.starts_with("CHK") || kind == "SEPARATION");
    kinds
}

async fn ask(world: &World, time: i64) -> Answer {
    let query = format!("terminal={PHONE}&time={time}");
    let headers = header(&phone_key(), &signed_due(query.as_bytes()));
    let target = format!("/v1/checkins/due?{query}");
    send(world.addr, ("GET", &target), &headers, b"").await
}

async fn due(world: &World) -> Json {
    let answer = ask(world, world.now()).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

#[tokio::test]
async fn an_answer_is_durable_once_and_what_was_asked_is_then_no_longer_due() {
    let world = World::asking(&plan()).await;
    assert_eq!(
        due(&world).await,
        json!({ "now": START, "asked": true, "due": [] })
    );
    world.pass(10 * MINUTE).await;
    let now = world.now();
    let window = json!({ "kind": "window", "from": now, "until": now + 30 * MINUTE });
    assert_eq!(due(&world).await["due"], json!([window]));
    let answer = check_in(&world, &json!([good(now)])).await;
    assert_eq!(
        (answer.counts(), &answer.json()["asked"]),
        ((1, 0, 0), &json!(true))
    );
    assert_eq!(due(&world).await["due"], json!([]));
    world.advance(1_000);
    assert_eq!(
        check_in(&world, &json!([good(now)])).await.counts(),
        (0, 1, 0)
    );
    let stored = world.check_ins().await;
    assert_eq!(
        (stored.len(), stored[0].at, stored[0].received_at),
        (1, now, now)
    );
    assert_eq!(stored[0].signs.battery(), Some(77));
    // A place of a moment is part of no track.
    assert!(world.fixes().await.is_empty());
    let after = world.after_power_cut().await;
    assert_eq!(after.check_ins().await, stored);
    assert_eq!(
        check_in(&after, &json!([good(now)])).await.counts(),
        (0, 1, 0)
    );
    world.pass(60 * MINUTE).await;
    assert_eq!(told(&world).await, [] as [&str; 0]);
    // The second window goes by.
    world.pass(60 * MINUTE).await;
    assert_eq!(told(&world).await, ["CHK_MISS"]);
}

#[tokio::test]
async fn what_is_doubtful_is_told_and_answers_all_the_same() {
    let world = World::asking(&plan()).await;
    world.pass(10 * MINUTE).await;
    let relayed = with(world.now(), "liveness", json!(400));
    assert_eq!(
        check_in(&world, &json!([relayed])).await.counts(),
        (1, 0, 0)
    );
    assert_eq!(told(&world).await, ["CHK_ABN"]);
    assert_eq!(due(&world).await["due"], json!([]));
}

#[tokio::test]
async fn each_bad_check_in_is_named_by_its_rule_and_spoils_no_other() {
    let world = World::asking(&plan()).await;
    let now = START;
    let mut half = good(now);
    half.as_object_mut().unwrap().remove("liveness");
    let mut no_datum = good(now);
    no_datum.as_object_mut().unwrap().remove("datum");
    let cases = [
        (json!({ "lat": 1 }), "time_missing"),
        (with(now, "time", json!("yesterday")), "time_form"),
        (with(now, "time", json!(1)), "time_early"),
        (with(now, "time", json!(now + 2 * 86_400_000)), "time_far"),
        (with(now, "lat", json!("north")), "latitude_form"),
        (with(now, "lon", json!(181)), "longitude_range"),
        (with(now, "lon", Json::Null), "no_position"),
        (no_datum, "datum_missing"),
        (with(now, "accuracy_m", json!(-1)), "accuracy_negative"),
        (with(now, "likeness", json!(1_001)), "face_form"),
        (with(now, "liveness", json!(-1)), "face_form"),
        (with(now, "likeness", json!("0.9")), "face_form"),
        (half, "face_form"),
        (with(now, "phone", json!("9".repeat(65))), "phone_form"),
        (with(now, "speed", json!(3)), "form"),
        (with(now, "lat", json!([1])), "form"),
        (json!("now"), "form"),
        (
            with(now - 30 * 86_400_000, "likeness", json!(950)),
            "unbound",
        ),
    ];
    let rules: Vec<&str> = cases.iter().map(|(_, rule)| *rule).collect();
    let mut all: Vec<Json> = cases.iter().map(|(check_in, _)| check_in.clone()).collect();
    all.push(good(now));
    let answer = check_in(&world, &Json::Array(all)).await;
    assert_eq!(answer.counts(), (1, 0, rules.len()));
    let refused = answer.json()["refused"].clone();
    let found: Vec<&str> = (0..rules.len())
        .map(|at| refused[at]["rule"].as_str().unwrap())
        .collect();
    assert_eq!(found, rules);
    let kept = kept_reports(world.store(), PHONE).unwrap();
    let kept: BTreeSet<&str> = kept.iter().map(|one| one.rule.as_str()).collect();
    assert!(
        kept.contains("face_form") && !kept.contains("unbound"),
        "{kept:?}"
    );
    assert_eq!(world.check_ins().await.len(), 1);
}

#[tokio::test]
async fn what_is_no_list_of_check_ins_is_refused_whole() {
    let world = World::asking(&plan()).await;
    for body in [
        json!([]),
        json!({ "terminal": PHONE }),
        json!({ "terminal": PHONE, "checkins": {} }),
        json!({ "terminal": PHONE, "checkins": [] }),
        json!({ "checkins": [good(START)] }),
        json!({ "terminal": PHONE, "checkins": [good(START)], "fixes": [] }),
        json!({ "terminal": "9".repeat(65), "checkins": [good(START)] }),
    ] {
        let body = body.to_string();
        let headers = header(&phone_key(), &signed_check_ins(body.as_bytes()));
        post(&world, &headers, body.as_bytes())
            .await
            .refused(400, "bad_request");
    }
    let many = Json::Array((0..1_001).map(|_| json!({})).collect());
    check_in(&world, &many).await.refused(413, "too_large");
    for query in ["", "terminal=", "time=1"] {
        let target = format!("/v1/checkins/due?{query}");
        let answer = send(world.addr, ("GET", &target), "", b"").await;
        answer.refused(400, "bad_request");
    }
    assert!(world.check_ins().await.is_empty());
}

#[tokio::test]
async fn strangers_bands_and_signatures_for_something_else_answer_nothing() {
    let world = World::asking(&plan()).await;
    let body = json!({ "terminal": PHONE, "checkins": [good(START)] }).to_string();
    let bytes = body.as_bytes();
    let other = Ed25519Signer::from_seed(&[9; 32]);
    for (headers, what) in [
        (header(&other, &signed_check_ins(bytes)), "another key"),
        (
            header(&phone_key(), &signed_check_ins(b"{}")),
            "another body",
        ),
        (
            header(&phone_key(), &signed_fixes(bytes)),
            "signed as positions",
        ),
        (format!("Authorization: Bearer {TOKEN}\r\n"), "a token"),
        (String::new(), "nothing"),
    ] {
        let answer = post(&world, &headers, bytes).await;
        assert_eq!(answer.status, 401, "{what}");
        assert_eq!(answer.json()["error"]["code"], "unknown_device", "{what}");
    }
    // A question is good for its moment.
    ask(&world, START - 6 * MINUTE)
        .await
        .refused(401, "unknown_device");
    assert_eq!(ask(&world, START - 4 * MINUTE).await.status, 200);
    let theirs = json!({ "terminal": BAND, "checkins": [good(START)] }).to_string();
    let headers = format!("Authorization: Bearer {TOKEN}\r\n");
    let answer = post(&world, &headers, theirs.as_bytes()).await;
    assert_eq!(answer.counts(), (0, 0, 1));
    assert_eq!(answer.json()["refused"][0]["rule"], "phone_only");
    let target = format!("/v1/checkins/due?terminal={BAND}&token={TOKEN}");
    let answer = send(world.addr, ("GET", &target), "", b"").await;
    assert_eq!(
        (answer.status, &answer.json()["asked"]),
        (200, &json!(false))
    );
    assert!(world.check_ins().await.is_empty());
}

#[tokio::test]
async fn a_node_that_does_not_ask_keeps_what_it_is_sent_and_says_so() {
    let world = World::open_with(false, AMPLE).await;
    let answer = check_in(&world, &json!([with(START, "liveness", json!(0))])).await;
    assert_eq!(
        (answer.counts(), &answer.json()["asked"]),
        ((1, 0, 0), &json!(false))
    );
    assert_eq!(due(&world).await["asked"], json!(false));
    assert_eq!(world.check_ins().await.len(), 1);
    world.pass(120 * MINUTE).await;
    assert_eq!(told(&world).await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_check_in_far_from_the_band_tells_that_it_is_not_worn() {
    let world = World::asking(&plan()).await;
    let fix = |time: i64| json!({ "time": time, "lat": HOME.0, "lon": HOME.1, "datum": "wgs84", "accuracy_m": 15 });
    let report = |time| json!({ "terminal": BAND, "fixes": [fix(time)] });
    world.pass(8 * MINUTE).await;
    assert_eq!(
        batch(world.addr, TOKEN, &report(world.now()))
            .await
            .counts(),
        (1, 0, 0)
    );
    world.pass(2 * MINUTE).await;
    let mut far = with(world.now(), "lat", json!(AWAY.0));
    far["lon"] = json!(AWAY.1);
    assert_eq!(check_in(&world, &json!([far])).await.counts(), (1, 0, 0));
    // Where the band is now only its next position tells.
    assert_eq!(told(&world).await, ["CHK_ABN"]);
    world.pass(2 * MINUTE).await;
    assert_eq!(
        batch(world.addr, TOKEN, &report(world.now()))
            .await
            .counts(),
        (1, 0, 0)
    );
    world.pass(12 * MINUTE).await;
    assert_eq!(told(&world).await, ["CHK_ABN", "SEPARATION"]);
    let seen = world
        .owner
        .look(|node: &mut _| last_seen(node))
        .await
        .unwrap();
    assert_eq!(
        seen,
        (281_500_000, 1_136_000_000),
        "the band's place, not the check-in's"
    );
}

fn last_seen(node: &mut jiaolian_node::owner::Node) -> (i32, i32) {
    let (point, _) = node.replica.watch(person()).unwrap().last.unwrap();
    (point.at.lat(), point.at.lon())
}
