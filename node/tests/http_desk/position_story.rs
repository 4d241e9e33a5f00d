//! Positions on an open page: everybody once, then what changed, for whoever said why they look and
//! as far as they may.

use crate::client::{Client, offer};
use crate::crowd::{Gate, amend, wearers};
use crate::office::{Office, START};
use jiaolian_node::owner::{Looked, Node};
use jiaolian_schema::device::Regime;
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

const HOME: (f64, f64) = (28.15, 113.6);

fn cases_of(told: &Json) -> BTreeSet<String> {
    let items = told["items"].as_array().unwrap().iter();
    let ids = items.map(|item| item["case"]["id"].as_str().unwrap().to_owned());
    ids.collect()
}

async fn looks(office: &Office) -> usize {
    let rows = |node: &mut Node| node.accesses(1, 1_000).unwrap();
    let rows = office.owner.look(rows).await.unwrap();
    let mut rows = rows.into_iter();
    let positions = rows
        .by_ref()
        .filter(|row| row.looked == Looked::Positions && row.purpose == "duty");
    positions.count()
}

#[tokio::test]
async fn a_page_is_told_of_everybody_once_and_then_of_whoever_moved() {
    let office = Office::open().await;
    let cases = wearers(&office, 3, Regime::Band).await;
    let gate = Gate::open(&office).await;
    let mut relay = gate.relay().await;
    relay.report(0, START, HOME).await;
    let client = Client::signed_in(&office, "T1").await;
    let mut live = client.follow_at("/api/v1/events?positions=duty").await;
    let (_, whole) = live.next("positions").await;
    assert_eq!(whole["whole"], true);
    let all: BTreeSet<String> = cases.iter().map(DossierId::to_hex).collect();
    assert_eq!(cases_of(&whole), all);
    assert_eq!(looks(&office).await, 1, "the look is written down");

    office.advance(60_000);
    relay
        .report(1, START + 60_000, (HOME.0 + 0.01, HOME.1))
        .await;
    let (_, moved) = live.next("positions").await;
    assert_eq!(moved["whole"], false);
    assert_eq!(cases_of(&moved), BTreeSet::from([cases[1].to_hex()]));
    let fix = &moved["items"][0]["fix"];
    assert_eq!(
        (&fix["lat_e7"], &fix["at"], &fix["accuracy_mm"]),
        (&json!(281_600_000), &json!(START + 60_000), &json!(25_000))
    );
    assert_eq!(moved["items"][0]["regime"], "band");
    assert_eq!(looks(&office).await, 1, "what follows is the same look");
}

#[tokio::test]
async fn without_a_reason_of_the_list_nobody_follows_and_without_one_no_position_is_told() {
    let office = Office::open().await;
    wearers(&office, 1, Regime::Band).await;
    let gate = Gate::open(&office).await;
    let client = Client::signed_in(&office, "T1").await;
    let refused = client.get("/api/v1/events?positions=curiosity").await;
    refused.refused(400, "bad_request");
    let administrator = Client::signed_in(&office, "A1").await;
    let refused = administrator.get("/api/v1/events?positions=duty").await;
    refused.refused(403, "not_allowed");

    let mut live = client.follow(None).await;
    live.next("hello").await;
    gate.relay().await.report(0, START, HOME).await;
    let case = office.case("张三", "township", 0).await;
    office.raise(case, "township", 1, 2).await;
    let told = live.all_until("alarm").await;
    assert!(told.iter().all(|(kind, _)| kind != "positions"), "{told:?}");
}

#[tokio::test]
async fn a_minor_is_on_no_map_of_whoever_has_no_right() {
    let office = Office::open().await;
    let minor = office.case("邓未年", "township", 1).await;
    let adult = office.case("张三", "township", 0).await;
    let officer = Client::signed_in(&office, "C1").await;
    let sees_all = Client::signed_in(&office, "M1").await;
    let mut blind = officer.follow_at("/api/v1/events?positions=duty").await;
    let mut seeing = sees_all.follow_at("/api/v1/events?positions=duty").await;
    let (_, whole) = blind.next("positions").await;
    assert_eq!(cases_of(&whole), BTreeSet::from([adult.to_hex()]));
    let (_, whole) = seeing.next("positions").await;
    assert!(cases_of(&whole).contains(&minor.to_hex()));

    // What is done on both cases is news of one of them.
    let device = jiaolian_schema::device::Device::new(Regime::Band, START, START + 1_000);
    let bind = move |node: &mut Node| {
        for case in [minor, adult] {
            let value = jiaolian_schema::canon::encode(&device);
            amend(node, case, "device/band-9", value);
        }
    };
    office.owner.call(bind).await.unwrap();
    let (_, told) = blind.next("positions").await;
    assert!(!told.to_string().contains(&minor.to_hex()), "{told}");
    assert!(told["gone"].as_array().unwrap().is_empty(), "{told}");
    let mut seen = BTreeSet::new();
    while !seen.contains(&minor.to_hex()) {
        let (_, told) = seeing.next("positions").await;
        seen.extend(cases_of(&told));
    }
}

#[tokio::test]
async fn a_phone_gives_single_checks_and_never_a_trail() {
    let office = Office::open().await;
    let cases = wearers(&office, 1, Regime::Phone).await;
    let gate = Gate::open(&office).await;
    let mut relay = gate.relay().await;
    for minute in 0..3 {
        relay.report(0, START + minute * 60_000, HOME).await;
        office.advance(60_000);
    }
    let client = Client::signed_in(&office, "T1").await;
    let people = client.get("/api/v1/map/people?reason=duty").await.ok(200);
    let person = &people["items"][0];
    assert_eq!(person["regime"], "phone");
    assert_eq!(person["fix"]["at"], START + 120_000, "the last check");
    let (case, to) = (cases[0], START + 600_000);
    let path = format!("/api/v1/map/track?case={case}&from={START}&to={to}&reason=duty");
    let track = client.get(&path).await.ok(200);
    assert_eq!(track["items"], json!([]), "{track}");
    assert!(track["note"]["zh"].as_str().unwrap().contains("不成轨迹"));
}

#[tokio::test]
async fn a_click_shows_zones_leaves_and_alarms_of_one_person() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let head = Client::signed_in(&office, "T2").await;
    let page = head.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let area = json!({ "type": "Feature", "geometry": null,
        "properties": { "name": "a", "datum": "wgs84", "adcodes": ["430181"] } });
    let hours = json!([{ "days": [6, 7], "from": "22:00", "to": "06:00" }]);
    let form = json!({ "name": "浏阳", "kind": "keep_in", "buffer_m": 100, "area": area,
        "schedule": hours.to_string() });
    head.sign(offer(&page, "fence_set"), form).await.ok(201);
    let alarm = office.raise(case, "township", 1, 2).await;
    let path = format!("/api/v1/map/people/{case}?reason=alarm");
    let card = head.get(&path).await.ok(200);
    let fence = &card["fences"]["features"][0]["properties"];
    assert_eq!(
        (&fence["name"], &fence["schedule"]),
        (&json!("浏阳"), &hours)
    );
    assert_eq!(card["alarms"][0]["id"], alarm.to_hex());
    assert_eq!(card["person"]["severity"], 2);
    assert_eq!(card["permits"], json!([]));
    let other = Client::signed_in(&office, "O1").await;
    other.get(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_area_is_judged_while_it_is_drawn_as_it_will_be_when_it_is_signed() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "T2").await;
    let area = |ring: Json, datum: Json| {
        json!({ "type": "Feature", "properties": { "name": "a", "datum": datum, "adcodes": [] },
            "geometry": { "type": "Polygon", "coordinates": [ring] } })
    };
    let bow = json!([
        [113.0, 28.0],
        [113.1, 28.1],
        [113.1, 28.0],
        [113.0, 28.1],
        [113.0, 28.0]
    ]);
    let form = |area: Json| {
        json!({ "fields": { "kind": "keep_in", "buffer_m": 6000, "area": area,
        "schedule": "[{\"days\":[1],\"from\":\"25:00\",\"to\":\"06:00\"}]" } })
    };
    let path = "/api/v1/fences/check";
    let said = client.post(path, &form(area(bow, json!("gcj02")))).await;
    let said = said.ok(200);
    let of = |field: &str| {
        let notices = said["notices"].as_array().unwrap();
        let notice = notices.iter().find(|notice| notice["field"] == field);
        notice.map(|notice| notice["text"]["zh"].as_str().unwrap().to_owned())
    };
    assert!(of("area").unwrap().contains("交叉"), "{said}");
    assert!(of("buffer_m").unwrap().contains("5000"), "{said}");
    assert_eq!(said["ok"], false);
    let square = json!([
        [113.0, 28.0],
        [113.1, 28.0],
        [113.1, 28.1],
        [113.0, 28.1],
        [113.0, 28.0]
    ]);
    let said = client.post(path, &form(area(square, json!("gcj02")))).await;
    let said = said.ok(200);
    let west = said["geometry"]["coordinates"][0][0][0][0]
        .as_f64()
        .unwrap();
    assert!((112.99..112.999).contains(&west), "{said}");
    let nobody = Client::new(&office);
    nobody
        .post(path, &json!({ "fields": {} }))
        .await
        .refused(401, "not_signed_in");
}

#[tokio::test]
async fn the_wall_counts_by_office_says_who_is_missing_and_names_nobody() {
    let office = Office::open().await;
    wearers(&office, 2, Regime::Band).await;
    let case = office.case("张三", "township", 0).await;
    office.raise(case, "township", 1, 2).await;
    let gate = Gate::open(&office).await;
    gate.relay().await.report(0, START, HOME).await;
    office.advance(20 * 60_000);
    gate.relay()
        .await
        .report(1, START + 20 * 60_000, HOME)
        .await;
    office.advance(20 * 60_000);
    let duty = Client::signed_in(&office, "C3").await;
    let wall = duty.get("/api/v1/wall").await.ok(200);
    assert_eq!(
        (&wall["total"]["watched"], &wall["total"]["silent"]),
        (&json!(2), &json!(1)),
        "the one that was not heard for forty minutes"
    );
    assert_eq!(wall["total"]["open"], json!([0, 1, 0, 0]));
    assert_eq!(wall["total"]["unacknowledged"], 1);
    let offices = wall["offices"].as_array().unwrap();
    let of = |name: &str| offices.iter().find(|one| one["office"]["name"] == name);
    let (county, township) = (of("浏阳市司法局").unwrap(), of("集里司法所").unwrap());
    assert_eq!(
        (&county["state"], &county["as_of"]),
        (&json!("self"), &wall["now"])
    );
    assert_eq!(
        (&township["state"], &township["as_of"]),
        (&json!("never"), &Json::Null)
    );
    assert_eq!(township["counts"]["watched"], 2);
    let missing = wall["missing"].as_array().unwrap();
    assert!(missing.contains(&township["office"]["id"]));
    assert!(!missing.contains(&county["office"]["id"]));
    assert!(!wall.to_string().contains("张三"), "{wall}");
    let administrator = Client::signed_in(&office, "A1").await;
    let refused = administrator.get("/api/v1/wall").await;
    refused.refused(403, "not_allowed");
}

#[tokio::test]
async fn a_session_at_the_wall_reads_the_wall_and_nothing_else() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let duty = Client::signed_in(&office, "C3").await;
    assert_eq!(duty.post("/api/v1/wall", &json!({})).await.status, 204);
    for path in [
        "/api/v1/cases".to_owned(),
        format!("/api/v1/cases/{case}"),
        "/api/v1/alarms".to_owned(),
        "/api/v1/map/people?reason=duty".to_owned(),
        "/api/v1/events".to_owned(),
        "/api/v1/events?positions=duty".to_owned(),
        "/api/v1/events?wall=true&positions=duty".to_owned(),
        "/api/v1/status".to_owned(),
    ] {
        duty.get(&path).await.refused(403, "not_allowed");
    }
    let session = duty.get("/api/v1/session").await.ok(200);
    assert_eq!(session["views"], json!(["wall"]));
    let locked = Client::new(&office).get("/api/v1/node").await.ok(200)["locked"].clone();
    assert_eq!(locked, true, "it keeps no case files open");
    let mut live = duty.follow_at("/api/v1/events?wall=true").await;
    live.next("wall").await;
    office.raise(case, "township", 1, 2).await;
    let (_, wall) = live.next("wall").await;
    assert_eq!(wall["total"]["open"], json!([0, 1, 0, 0]));
}
