//! A positioning device, from the proposal to the day on which it is taken off: each step signed by
//! whom the law names, and no report before or after.

use crate::client::{Client, offer};
use crate::office::{DAY, Office, START};
use jiaolian_node::owner::Node;
use jiaolian_schema::fix::{Fix, Point, Source};
use jiaolian_schema::geo::Coord;
use jiaolian_schema::id::{DossierId, PersonCode, sha256};
use serde_json::{Value as Json, json};

/// From 1 March 2026 for three months, as a paper of the county says it.
fn proposal(evidence: &Json) -> Json {
    json!({ "from": "2026-03-01", "to": "2026-05-31", "ground": "G2", "evidence": evidence,
        "detail": "无正当理由，未经批准离开居住县" })
}

fn choice<'a>(offer: &'a Json, field: &str) -> &'a Json {
    let fields = offer["fields"].as_array().unwrap();
    let field = fields.iter().find(|known| known["name"] == field).unwrap();
    &field["choices"][0]["code"]
}

/// The use of a band is decided and the band fitted, by the county's people, who then go home.
pub(crate) async fn decide(office: &Office, case: DossierId) -> String {
    decide_on(office, case, "G2").await
}

async fn decide_on(office: &Office, case: DossierId, ground: &str) -> String {
    let path = format!("/api/v1/cases/{case}");
    let clerk = Client::signed_in(office, "C1").await;
    let page = clerk.get(&path).await.ok(200);
    let note = json!({ "on": "2026-03-01", "place": "司法所", "note": "本人承认外出" });
    clerk.sign(offer(&page, "record:talk"), note).await.ok(201);
    let page = clerk.get(&path).await.ok(200);
    let apply = offer(&page, "apply:device");
    let mut form = proposal(choice(apply, "evidence"));
    form["ground"] = json!(ground);
    let signed = clerk.sign(apply, form).await.ok(201);
    let id = signed["target"]["id"].as_str().unwrap().to_owned();
    clerk.send("DELETE", "/api/v1/session", None).await;
    let path = format!("/api/v1/matters/{id}");
    let fit = json!({ "device": "band-1", "signed_by_person": true });
    for (who, event, form) in [
        (
            "C2",
            "opine",
            json!({ "agree": true, "opinion": "同意使用" }),
        ),
        ("B1", "approve", json!({})),
        ("C1", "fit", fit),
    ] {
        let client = Client::signed_in(office, who).await;
        let page = client.get(&path).await.ok(200);
        client.sign(offer(&page, event), form).await.ok(201);
        client.send("DELETE", "/api/v1/session", None).await;
    }
    id
}

/// Binds a band of that number for March to May 2026.
pub(crate) async fn bind(office: &Office, case: DossierId) {
    let bureau = Client::signed_in(office, "B1").await;
    let page = bureau.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let form = json!({ "terminal": "band-1", "regime": "band", "from": "2026-03-01",
        "until": "2026-05-31" });
    bureau.sign(offer(&page, "device_bind"), form).await.ok(201);
    bureau.send("DELETE", "/api/v1/session", None).await;
}

/// Whether a report of now is taken in.
async fn is_heard(office: &Office, name: &str) -> bool {
    let person = PersonCode(sha256(&[name.as_bytes()])[..16].try_into().unwrap()).to_hex();
    let time = office.time.load(std::sync::atomic::Ordering::SeqCst);
    let at = Coord::new(282_000_000, 1_136_000_000).unwrap();
    let point = Point::new(time, at, Some(10_000), Source::Gnss);
    let fix = Fix { person, point };
    let report = move |node: &mut Node| node.report(&fix, true).is_ok();
    office.owner.call(report).await.unwrap()
}

#[tokio::test]
async fn a_band_is_heard_from_its_fitting_to_its_removal_and_by_no_binding_alone() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    bind(&office, case).await;
    office.advance(DAY);
    assert!(!is_heard(&office, "张三").await, "nobody decided it");
    let matter = decide(&office, case).await;
    assert!(is_heard(&office, "张三").await);
    office.advance(DAY);
    assert!(is_heard(&office, "张三").await);

    let head = Client::signed_in(&office, "C2").await;
    let path = format!("/api/v1/matters/{matter}");
    let page = head.get(&path).await.ok(200);
    assert_eq!(page["matter"]["state"]["code"], "ACTIVE");
    let form = json!({ "reason": "情形已经消失" });
    head.sign(offer(&page, "remove"), form).await.ok(201);
    let page = head.get(&path).await.ok(200);
    assert_eq!(page["matter"]["state"]["code"], "REMOVED");
    office.advance(1);
    assert!(!is_heard(&office, "张三").await, "removed");
}

#[tokio::test]
async fn a_binding_says_how_often_the_band_reports_who_hears_it_and_on_which_ground() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    decide_on(&office, case, "G5").await;
    let bureau = Client::signed_in(&office, "B1").await;
    let page = bureau.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let bind = offer(&page, "device_bind");
    let form = |interval_s: i64| {
        json!({ "terminal": "band-1", "regime": "band", "from": "2026-03-01",
            "until": "2026-05-31", "interval_s": interval_s })
    };
    for odd in [9, 3_601] {
        let refused = bureau.sign(bind, form(odd)).await;
        let refused = refused.refused(422, "fields_invalid");
        assert!(
            refused["error"]["fields"]["interval_s"].is_object(),
            "{refused}"
        );
    }
    bureau.sign(bind, form(60)).await.ok(201);
    let bound = office.owner.call(|node| node.replica.bindings("band-1"));
    let device = bound.await.unwrap().remove(0).1;
    assert_eq!((device.interval_s, device.ground), (Some(60), Some(5)));
    assert_eq!(device.heard_at, Some(crate::office::office("county")));
}

#[tokio::test]
async fn a_report_vouches_for_as_long_as_a_band_that_reports_so_seldom_may_be_silent() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    decide(&office, case).await;
    let bureau = Client::signed_in(&office, "B1").await;
    let page = bureau.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let form = json!({ "terminal": "band-1", "regime": "band", "from": "2026-03-01",
        "until": "2026-05-31", "interval_s": 1_200 });
    bureau.sign(offer(&page, "device_bind"), form).await.ok(201);
    assert!(is_heard(&office, "张三").await);
    let duty = Client::signed_in(&office, "C3").await;
    // Longer steps are ones in which the node did not run.
    for step in 1..=14 {
        office.advance(5 * 60_000);
        let tick = |node: &mut Node| node.replica.tick(node.now(), [3; 32]);
        office.owner.call(tick).await.unwrap();
        let wall = duty.get("/api/v1/wall").await.ok(200);
        let silent = u64::from(step > 12);
        assert_eq!(wall["total"]["silent"], silent, "{step}: {wall}");
    }
    let person = PersonCode(sha256(&["张三".as_bytes()])[..16].try_into().unwrap()).to_hex();
    let path = format!("/api/v1/people/{person}/tally?day=2026-03-02&reason=alarm");
    let day = duty.get(&path).await.ok(200);
    let seconds = &day["seconds"];
    assert_eq!(
        (&seconds["compliant"], &seconds["unknown"]["no_signal"]),
        (&json!(3_600), &json!(600)),
        "{day}"
    );
}

#[tokio::test]
async fn a_band_that_says_nothing_from_its_fitting_on_is_an_alarm() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    decide(&office, case).await;
    bind(&office, case).await;
    // Longer steps are ones in which the node did not run, and nobody was silent then.
    for _ in 0..7 {
        office.advance(5 * 60_000);
        let tick = |node: &mut Node| node.replica.tick(node.now(), [3; 32]);
        office.owner.call(tick).await.unwrap();
    }
    let duty = Client::signed_in(&office, "C3").await;
    let list = duty.get("/api/v1/alarms").await.ok(200);
    assert_eq!(list["total"], 1);
    let row = &list["items"][0];
    assert_eq!(row["kind"]["code"], "NO_SIGNAL");
    assert_eq!(row["raised_at"], START, "since it was fitted");
    let id = row["id"].as_str().unwrap();
    let explained = duty
        .get(&format!("/api/v1/alarms/{id}/explain"))
        .await
        .ok(200);
    assert_eq!(explained["agrees"], true, "{explained}");
}

#[tokio::test]
async fn scenario_16_and_18_a_band_goes_silent_at_midnight_of_its_last_day_by_itself() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    decide(&office, case).await;
    bind(&office, case).await;
    // 31 May 2026, 23:59:59.999 in Shanghai.
    let last = 1_780_243_199_999;
    office.advance(last - START);
    assert!(is_heard(&office, "张三").await);
    office.advance(1);
    assert!(!is_heard(&office, "张三").await);
}

#[tokio::test]
async fn scenario_17_no_proposal_without_a_ground_of_the_law_and_a_paper_that_proves_it() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let clerk = Client::signed_in(&office, "C1").await;
    let page = clerk.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let apply = offer(&page, "apply:device");
    let fields = apply["fields"].as_array().unwrap();
    let ground = fields
        .iter()
        .find(|field| field["name"] == "ground")
        .unwrap();
    let grounds: Vec<&Json> = ground["choices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|choice| &choice["code"])
        .collect();
    assert_eq!(grounds, ["G1", "G2", "G3", "G4", "G5"]);
    for (broken, value) in [("evidence", Json::Null), ("ground", json!("strict_class"))] {
        let mut form = proposal(choice(apply, "evidence"));
        form[broken] = value;
        let refused = clerk.sign(apply, form).await.refused(422, "fields_invalid");
        assert!(refused["error"]["fields"][broken].is_object(), "{refused}");
    }
}
