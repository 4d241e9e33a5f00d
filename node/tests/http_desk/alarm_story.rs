//! An alarm: raised while nobody is signed in, claimed once, closed by a second person.

use crate::client::{Client, offer};
use crate::office::Office;
use jiaolian_node::owner::Node;
use jiaolian_schema::fix::{Fix, Point, Source};
use jiaolian_schema::geo::Coord;
use jiaolian_schema::id::{DossierId, PersonCode, sha256};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn an_alarm_raised_before_anybody_signed_in_waits_on_the_first_page() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    assert_eq!(
        Client::new(&office).get("/api/v1/node").await.ok(200)["locked"],
        true
    );
    let client = Client::signed_in(&office, "T1").await;
    let today = client.get("/api/v1/today").await.ok(200);
    assert_eq!(today["alarms"][0]["id"], alarm.to_hex());
    assert_eq!(today["alarms"][0]["sounding"], true);
    assert_eq!(today["alarms"][0]["case"]["name"], "张三");
    let status = client.get("/api/v1/status").await.ok(200);
    assert_eq!(
        (&status["alarms"]["2"], &status["unacknowledged"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn the_second_who_claims_is_told_who_has_it_and_every_page_hears_of_the_claim() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let (first, second) = (
        Client::signed_in(&office, "C3").await,
        Client::signed_in(&office, "C4").await,
    );
    let mut live = second.follow(None).await;
    live.next("hello").await;
    let path = format!("/api/v1/alarms/{alarm}");
    let page = first.get(&path).await.ok(200);
    let claim = offer(&page, "acknowledge");
    assert_eq!(claim["passphrase"], false);
    let seen = second.get(&path).await.ok(200);
    first.sign(claim, json!({})).await.ok(201);
    let (_, row) = live.next("alarm_changed").await;
    assert_eq!(
        (&row["claimed"]["name"], &row["sounding"]),
        (&json!("周值"), &json!(false))
    );
    let refused = second.sign(offer(&seen, "acknowledge"), json!({})).await;
    let refused = refused.refused(409, "already_claimed");
    assert!(
        refused["error"]["message_zh"]
            .as_str()
            .unwrap()
            .contains("周值")
    );
}

#[tokio::test]
async fn a_grave_alarm_is_closed_by_a_second_person() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 1).await;
    let staff = Client::signed_in(&office, "T1").await;
    let path = format!("/api/v1/alarms/{alarm}");
    let page = staff.get(&path).await.ok(200);
    staff
        .sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
    let page = staff.get(&path).await.ok(200);
    let contact = offer(&page, "contact");
    let choice = |field: &str, at: usize| {
        let fields = contact["fields"].as_array().unwrap();
        let field = fields.iter().find(|entry| entry["name"] == field).unwrap();
        field["choices"][at]["code"].clone()
    };
    let form = json!({ "method": choice("method", 0), "outcome": choice("outcome", 0) });
    staff.sign(contact, form).await.ok(201);
    let page = staff.get(&path).await.ok(200);
    let found = offer(&page, "explained");
    let cause = found["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["name"] == "cause")
        .unwrap();
    let form =
        json!({ "cause": cause["choices"][0]["code"], "reason": "就医", "result": "已教育" });
    staff.sign(found, form).await.ok(201);
    let county = Client::signed_in(&office, "C2").await;
    let page = county.get(&path).await.ok(200);
    county.sign(offer(&page, "close"), json!({})).await.ok(201);
    let page = county.get(&path).await.ok(200);
    assert_eq!(
        (&page["alarm"]["open"], &page["alarm"]["state"]["code"]),
        (&json!(false), &json!("CLOSED"))
    );
    assert_eq!(page["steps"].as_array().unwrap().len(), 5);
    assert_eq!(county.get("/api/v1/alarms").await.ok(200)["total"], 0);
    assert_eq!(
        county.get("/api/v1/alarms?state=closed").await.ok(200)["total"],
        1
    );
}

#[tokio::test]
async fn a_page_that_reconnects_goes_on_where_it_was() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let client = Client::signed_in(&office, "C3").await;
    let mut live = client.follow(None).await;
    let (seen, _) = live.next("hello").await;
    drop(live);
    let alarm = office.raise(case, "township", 1, 2).await;
    let mut again = client.follow(Some(seen)).await;
    let (number, row) = again.next("alarm").await;
    assert_ne!(number, seen);
    assert_eq!(row["id"], alarm.to_hex());
    let mut lost = client.follow(Some(1)).await;
    lost.next("reset").await;
}

#[tokio::test]
async fn a_page_is_told_when_its_session_ends() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "C3").await;
    let mut live = client.follow(None).await;
    live.next("hello").await;
    client.send("DELETE", "/api/v1/session", None).await;
    assert_eq!(live.next("signed_out").await.1["reason"], "replaced");
}

#[tokio::test]
async fn after_a_power_cut_reports_are_judged_and_alarms_raised_before_anybody_signs_in() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let path = format!("/api/v1/cases/{case}");
    let head = Client::signed_in(&office, "T2").await;
    let page = head.get(&path).await.ok(200);
    let area = json!({ "type": "Feature", "geometry": null,
        "properties": { "name": "a", "datum": "wgs84", "adcodes": ["430181"] } });
    let form = json!({ "name": "浏阳", "kind": "keep_in", "buffer_m": 100, "area": area });
    head.sign(offer(&page, "fence_set"), form).await.ok(201);
    crate::band_story::decide(&office, case).await;
    crate::band_story::bind(&office, case).await;
    head.send("DELETE", "/api/v1/session", None).await;
    assert_eq!(
        Client::new(&office).get("/api/v1/node").await.ok(200)["locked"],
        true
    );

    let person = PersonCode(sha256(&["张三".as_bytes()])[..16].try_into().unwrap()).to_hex();
    let mut raised = Vec::new();
    for _ in 0..5 {
        office.advance(60_000);
        let time = office.time.load(std::sync::atomic::Ordering::SeqCst);
        let at = Coord::new(282_000_000, 1_129_000_000).unwrap();
        let point = Point::new(time, at, Some(10_000), Source::Gnss);
        let fix = Fix {
            person: person.clone(),
            point,
        };
        let report = move |node: &mut Node| node.report(&fix, true).unwrap();
        raised.extend(office.owner.call(report).await.unwrap().raised);
    }
    assert_eq!(raised.len(), 1);

    let duty = Client::signed_in(&office, "C3").await;
    let today = duty.get("/api/v1/today").await.ok(200);
    let row = &today["alarms"][0];
    assert_eq!(
        (&row["kind"]["code"], &row["place"]["zh"]),
        (&json!("GEO_OUT"), &json!("浏阳"))
    );
    let page = duty
        .get(&format!("/api/v1/alarms/{}", row["id"].as_str().unwrap()))
        .await
        .ok(200);
    assert!(page["evidence"]["fixes"].as_array().unwrap().len() >= 3);
    assert_eq!(page["evidence"]["fence"]["properties"]["name"], "浏阳");
    let raised = &page["steps"][0]["signer"];
    assert_eq!(
        (&raised["name"], &raised["capacity"]["zh"]),
        (&json!("系统"), &json!("系统"))
    );
    let people = duty.get("/api/v1/map/people?reason=alarm").await.ok(200);
    let there = &people["items"][0];
    assert_eq!(
        (&there["verdict"], &there["regime"]),
        (&json!("violation"), &json!("band"))
    );
    assert_eq!(there["fix"]["lat_e7"], 282_000_000);
}

/// Raises a further alarm of the same condition, so many minutes after the first.
async fn again(office: &Office, case: DossierId, number: u8, minutes: i64) -> DossierId {
    office.advance(minutes * 60_000);
    office.raise(case, "township", number, 2).await
}

#[tokio::test]
async fn what_fires_again_within_half_an_hour_is_the_same_row_and_is_handled_with_it() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let first = office.raise(case, "township", 1, 2).await;
    let duty = Client::signed_in(&office, "C3").await;
    let mut live = duty.follow(None).await;
    live.next("hello").await;
    let path = format!("/api/v1/alarms/{first}");
    let page = duty.get(&path).await.ok(200);
    duty.sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
    live.next("alarm_changed").await;

    let second = again(&office, case, 2, 20).await;
    let (_, row) = live.next("alarm_changed").await;
    assert_eq!(row["id"], first.to_hex(), "the row keeps its name");
    assert_eq!(
        (&row["count"], &row["sounding"]),
        (&json!(2), &json!(false))
    );
    let list = duty.get("/api/v1/alarms").await.ok(200);
    assert_eq!(list["total"], 1);
    let status = duty.get("/api/v1/status").await.ok(200);
    assert_eq!(status["alarms"]["2"], 1);
    let by_second = duty.get(&format!("/api/v1/alarms/{second}")).await.ok(200);
    assert_eq!(by_second["alarm"]["id"], first.to_hex());
    assert_eq!(by_second["members"].as_array().unwrap().len(), 2);

    let page = duty.get(&path).await.ok(200);
    let form = json!({ "method": "call", "outcome": "reached" });
    duty.sign(offer(&page, "contact"), form).await.ok(201);
    let page = duty.get(&path).await.ok(200);
    let form = json!({ "cause": "illness", "reason": "就医", "result": "已教育" });
    duty.sign(offer(&page, "explained"), form).await.ok(201);
    let head = Client::signed_in(&office, "C2").await;
    let page = head.get(&path).await.ok(200);
    head.sign(offer(&page, "close"), json!({})).await.ok(201);
    let closed = head.get("/api/v1/alarms?state=closed").await.ok(200);
    assert_eq!(closed["total"], 1, "both alarms were handled together");
    assert_eq!(closed["items"][0]["count"], 2);
    assert_eq!(head.get("/api/v1/alarms").await.ok(200)["total"], 0);
}

#[tokio::test]
async fn what_fires_after_half_an_hour_or_after_the_close_is_a_new_row_that_sounds() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    office.raise(case, "township", 1, 2).await;
    again(&office, case, 2, 31).await;
    let duty = Client::signed_in(&office, "C3").await;
    let list = duty.get("/api/v1/alarms").await.ok(200);
    assert_eq!(list["total"], 2);
    let sounding = list["items"].as_array().unwrap().iter();
    assert_eq!(sounding.filter(|row| row["sounding"] == true).count(), 2);
}

#[tokio::test]
async fn an_alarm_raised_after_the_contact_is_not_closed_unseen() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let first = office.raise(case, "township", 1, 2).await;
    let duty = Client::signed_in(&office, "C3").await;
    let path = format!("/api/v1/alarms/{first}");
    let steps = [
        ("acknowledge", json!({})),
        ("contact", json!({ "method": "call", "outcome": "reached" })),
        (
            "explained",
            json!({ "cause": "illness", "reason": "就医", "result": "已教育" }),
        ),
    ];
    for (event, form) in steps {
        let page = duty.get(&path).await.ok(200);
        duty.sign(offer(&page, event), form).await.ok(201);
    }
    again(&office, case, 2, 10).await;
    let head = Client::signed_in(&office, "C2").await;
    let page = head.get(&path).await.ok(200);
    head.sign(offer(&page, "close"), json!({})).await.ok(201);
    let list = duty.get("/api/v1/alarms").await.ok(200);
    let row = &list["items"][0];
    assert_eq!(
        (&list["total"], &row["state"]["code"]),
        (&json!(1), &json!("RAISED"))
    );
    assert_eq!(
        (&row["sounding"], &row["claimed"]),
        (&json!(true), &json!(null))
    );
}

/// What an officer may be made to wait until another's claim shows.
const SEEN_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_claim_is_told_to_the_other_page_within_a_second() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let (first, second) = (
        Client::signed_in(&office, "C3").await,
        Client::signed_in(&office, "T1").await,
    );
    let mut live = second.follow(None).await;
    live.next("hello").await;
    let page = first.get(&format!("/api/v1/alarms/{alarm}")).await.ok(200);
    first
        .sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
    let told = timeout(SEEN_WITHIN, live.next("alarm_changed")).await;
    let (_, row) = told.expect("the claim is seen within a second");
    assert_eq!(row["claimed"]["name"], "周值");
}

#[tokio::test]
async fn the_page_without_a_person_tells_that_an_alarm_waits_and_nothing_else_of_it() {
    let office = Office::open().await;
    let nobody = Client::new(&office);
    assert_eq!(
        nobody.get("/api/v1/node").await.ok(200)["alarm"],
        json!(null)
    );
    let case = office.case("张三", "township", 0).await;
    let alarm = office.raise(case, "township", 1, 2).await;
    let node = nobody.get("/api/v1/node").await;
    assert!(!String::from_utf8_lossy(&node.body).contains(&alarm.to_hex()));
    let node = node.ok(200);
    assert_eq!((&node["alarm"], &node["locked"]), (&json!(2), &json!(true)));
    let duty = Client::signed_in(&office, "C3").await;
    let page = duty.get(&format!("/api/v1/alarms/{alarm}")).await.ok(200);
    duty.sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
    assert_eq!(
        nobody.get("/api/v1/node").await.ok(200)["alarm"],
        json!(null)
    );
}
