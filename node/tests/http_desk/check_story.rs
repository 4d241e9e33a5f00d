//! Scenario 28: somebody without a band signs in at both ends of the night, and lets another's face
//! answer by video. Windows and doubts tell; a person decides.

use crate::client::{Client, offer};
use crate::crowd::Gate;
use crate::office::{DAY, Office, START, office};
use jiaolian_node::owner::Node;
use jiaolian_node::seal::entropy;
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};
use std::sync::atomic::Ordering;

const MINUTE: i64 = 60_000;
const PHONE: &str = "phone-1";
const TOKEN: &str = "kQ3v-81mZ-pp0x-77Lw";

/// The bureau binds the person's phone and the township's head sets how the person checks in, by the
/// forms of the case.
async fn set_up(office_: &Office, case: DossierId, form: &Json) {
    let ask = |node: &mut Node| node.replica.ask_check_ins(entropy());
    office_.owner.call(ask).await.unwrap().unwrap();
    let path = format!("/api/v1/cases/{case}");
    let bureau = Client::signed_in(office_, "B1").await;
    let page = bureau.get(&path).await.ok(200);
    let phone = json!({ "terminal": PHONE, "regime": "phone", "from": "2026-03-01",
        "until": "2026-05-31", "token": TOKEN });
    bureau
        .sign(offer(&page, "device_bind"), phone)
        .await
        .ok(201);
    let head = Client::signed_in(office_, "T2").await;
    let page = head.get(&path).await.ok(200);
    head.sign(offer(&page, "checkin_set"), form.clone())
        .await
        .ok(201);
}

fn plan() -> Json {
    json!({ "name": "daily", "asks": office("county").to_hex(), "from": "2026-03-02",
        "until": "2026-05-31", "windows": "09:00-11:30；14:00-16:30", "prompts": 0,
        "open_minutes": 20 })
}

fn now(office: &Office) -> i64 {
    office.time.load(Ordering::SeqCst)
}

/// Lets time pass in steps that are no outage, each with what the clock decides.
async fn pass(office: &Office, until: i64) {
    while now(office) < until {
        office.advance((4 * MINUTE).min(until - now(office)));
        let tick = |node: &mut Node| node.replica.tick(node.now(), entropy());
        office.owner.call(tick).await.unwrap();
    }
}

/// The phone signs in now.
async fn sign_in(gate: &Gate, office: &Office, liveness: u32) -> Json {
    let body = json!({ "terminal": PHONE, "checkins": [{ "time": now(office), "lat": 28.15,
        "lon": 113.6, "datum": "wgs84", "accuracy_m": 20, "likeness": 960,
        "liveness": liveness }] });
    let phone = Client::at(gate.addr).with("Authorization", &format!("Bearer {TOKEN}"));
    phone.post("/v1/checkins", &body).await.ok(200)
}

/// Kinds of the open alarms, ascending, as the desk shows them.
async fn open_kinds(office: &Office) -> Vec<String> {
    let officer = Client::signed_in(office, "C1").await;
    let list = officer.get("/api/v1/alarms").await.ok(200);
    let rows = list["items"].as_array().unwrap().iter();
    let mut kinds: Vec<String> = rows
        .flat_map(|row| {
            let kind = row["kind"]["code"].as_str().unwrap().to_owned();
            vec![kind; row["count"].as_u64().unwrap() as usize]
        })
        .collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn scenario_28_both_ends_of_the_night_miss_every_window_and_show_the_edge() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    set_up(&office, case, &plan()).await;
    let gate = Gate::open(&office).await;
    // 23:59 of the first day and 00:01 of the next.
    let midnight = START + 15 * 60 * MINUTE;
    for time in [midnight - MINUTE, midnight + MINUTE] {
        pass(&office, time).await;
        let answer = sign_in(&gate, &office, 980).await;
        assert_eq!(
            (&answer["accepted"], &answer["asked"]),
            (&json!(1), &json!(true))
        );
    }
    let kinds = open_kinds(&office).await;
    assert_eq!(
        kinds,
        ["CHK_ABN", "CHK_MISS"],
        "the windows of the day, and the edge"
    );
    let officer = Client::signed_in(&office, "C1").await;
    let list = officer.get("/api/v1/alarms?kind=CHK_MISS").await.ok(200);
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    let page = officer.get(&format!("/api/v1/alarms/{id}")).await.ok(200);
    assert!(
        page["facts"].to_string().contains("未签到的时段"),
        "{}",
        page["facts"]
    );
    pass(&office, START + DAY + 3 * 60 * MINUTE).await;
    let kinds = open_kinds(&office).await;
    assert_eq!(
        kinds,
        ["CHK_ABN", "CHK_MISS", "CHK_MISS"],
        "the next morning"
    );
}

#[tokio::test]
async fn scenario_28_a_face_passed_on_by_video_is_a_doubt_that_a_person_decides_on() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let mut plan = plan();
    plan["windows"] = json!("14:00-16:30");
    set_up(&office, case, &plan).await;
    let gate = Gate::open(&office).await;
    pass(&office, START + 5 * 60 * MINUTE).await;
    let head = Client::signed_in(&office, "C2").await;
    let path = format!("/api/v1/cases/{case}");
    let before = head.get(&path).await.ok(200);
    sign_in(&gate, &office, 400).await;
    assert_eq!(open_kinds(&office).await, ["CHK_ABN"]);
    let after = head.get(&path).await.ok(200);
    assert_eq!(before["case"]["state"], after["case"]["state"]);
    assert_eq!(
        before["matters"], after["matters"],
        "no fact and no case state by itself"
    );
    let list = head.get("/api/v1/alarms").await.ok(200);
    let alarm = list["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(list["items"][0]["severity"], 3);
    let officer = Client::signed_in(&office, "T1").await;
    let page = officer
        .get(&format!("/api/v1/alarms/{alarm}"))
        .await
        .ok(200);
    let facts = page["facts"].to_string();
    assert!(
        facts.contains("可能是照片或视频"),
        "why it is doubtful: {facts}"
    );
    officer
        .sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
}

#[tokio::test]
async fn a_plan_that_nobody_could_keep_to_is_refused_at_its_field() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let head = Client::signed_in(&office, "T2").await;
    let page = head.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let set = offer(&page, "checkin_set");
    for (field, value) in [
        ("windows", json!("25:00-26:00")),
        ("windows", json!("09:00-09:05")),
        ("windows", json!("")),
        ("prompts", json!(7)),
        ("open_minutes", json!(4)),
        ("until", json!("2026-03-01")),
        ("asks", json!("00")),
        ("name", json!("")),
    ] {
        let mut form = plan();
        form[field] = value;
        let refused = head.sign(set, form).await.refused(422, "fields_invalid");
        assert!(
            refused["error"]["fields"][field].is_object(),
            "{field}: {refused}"
        );
    }
    let signed = head.sign(set, plan()).await.ok(201).to_string();
    assert!(signed.contains("09:00-11:30; 14:00-16:30"), "{signed}");
}
