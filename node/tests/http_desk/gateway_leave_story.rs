//! Scenario 5: a leave that the head of an office grants while nothing is linked lifts the fence at the
//! office's own gateway at once, and nobody above decides it again.

use crate::client::{Client, offer};
use crate::crowd::{Gate, amend_by, wearers};
use crate::mass_story::home;
use crate::office::{Office, START};
use jiaolian_node::owner::Node;
use jiaolian_schema::device::Regime;
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};

const MINUTE: i64 = 60_000;
/// Five kilometres outside the fence.
const FAR: (f64, f64) = (28.15, 113.7);

/// Two people who may not leave home; the first is granted five days by the head of the office.
async fn granted(office: &Office) -> (Vec<DossierId>, String) {
    let cases = wearers(office, 2, Regime::Band).await;
    let fenced = cases.clone();
    let fence = move |node: &mut Node| {
        for case in &fenced {
            amend_by(node, ("王所", "T2"), *case, "fence/home", home());
        }
    };
    office.owner.call(fence).await.unwrap();
    let staff = Client::signed_in(office, "T1").await;
    let head = Client::signed_in(office, "T2").await;
    let page = staff
        .get(&format!("/api/v1/cases/{}", cases[0]))
        .await
        .ok(200);
    let form = json!({
        "from": "2026-03-02", "to": "2026-03-06", "purpose": "medical", "detail": "去长沙复查",
        "destination": "长沙市岳麓区",
    });
    let signed = staff.sign(offer(&page, "apply:leave"), form).await.ok(201);
    let id = signed["target"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/matters/{id}");
    let page = staff.get(&path).await.ok(200);
    let verified = json!({ "true_and_complete": true, "note": "已电话核实" });
    staff.sign(offer(&page, "verify"), verified).await.ok(201);
    let page = head.get(&path).await.ok(200);
    let conditions = json!({ "conditions": "每日报告" });
    head.sign(offer(&page, "approve"), conditions).await.ok(201);
    let page = head.get(&path).await.ok(200);
    assert_eq!(
        page["matter"]["standing"]["state"], "unfiled",
        "no line is up"
    );
    assert_eq!(page["slots"][0]["value"]["code"], "approve");
    (cases, path)
}

#[tokio::test]
async fn scenario_5_a_leave_granted_with_no_line_up_lifts_the_fence_at_the_gateway_at_once() {
    let office = Office::open_at("township").await;
    let (cases, _) = granted(&office).await;
    let gate = Gate::open(&office).await;
    let mut relay = gate.relay().await;
    for minute in 0..6 {
        for number in 0..2 {
            relay.report(number, START + minute * MINUTE, FAR).await;
        }
        office.advance(MINUTE);
    }
    let staff = Client::signed_in(&office, "T1").await;
    let list = staff.get("/api/v1/alarms").await.ok(200);
    let rows = list["items"].as_array().unwrap();
    let of: Vec<(&Json, &Json)> = rows
        .iter()
        .map(|row| (&row["kind"]["code"], &row["case"]["id"]))
        .collect();
    assert_eq!(of, [(&json!("GEO_OUT"), &json!(cases[1].to_hex()))]);
}

#[tokio::test]
async fn scenario_5_the_county_is_offered_no_decision_on_what_the_office_granted() {
    let office = Office::open().await;
    let (_, path) = granted(&office).await;
    let county = Client::signed_in(&office, "C2").await;
    let page = county.get(&path).await.ok(200);
    let offers = page["offers"].as_array().unwrap().iter();
    let decides = |offer: &&Json| {
        ["approve", "refuse"]
            .iter()
            .any(|event| offer["event"] == *event)
            && offer["blocked"].is_null()
    };
    assert_eq!(offers.filter(decides).count(), 0, "{}", page["offers"]);
}
