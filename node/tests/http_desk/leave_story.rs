//! A leave from the desk: asked for, verified, granted by the head, returned.

use crate::client::{Client, offer};
use crate::office::{DAY, Office};
use serde_json::{Value as Json, json};

fn form(from: &str, to: &str) -> Json {
    json!({
        "from": from, "to": to, "purpose": "medical", "detail": "去长沙复查",
        "destination": "长沙市岳麓区",
    })
}

async fn matter_page(client: &Client, id: &Json) -> Json {
    client
        .get(&format!("/api/v1/matters/{}", id.as_str().unwrap()))
        .await
        .ok(200)
}

#[tokio::test]
async fn seven_days_are_asked_verified_granted_and_returned_at_the_office() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let head = Client::signed_in(&office, "T2").await;
    let page = staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    assert_eq!(page["case"]["name"], "张三");
    assert_eq!(page["case"]["state"]["code"], "ON_REGISTER");
    let apply = offer(&page, "apply:leave");
    let dry = json!({ "event": "apply:leave", "fields": form("2026-03-04", "2026-03-10"),
        "section_id": null, "sign": null, "dry_run": true });
    let dry = staff
        .post(apply["post"].as_str().unwrap(), &dry)
        .await
        .ok(200);
    assert_eq!(dry["facts"][0]["value"]["zh"], "7天");
    let signed = staff
        .sign(apply, form("2026-03-04", "2026-03-10"))
        .await
        .ok(201);
    assert_eq!(signed["target"]["view"], "matter");
    let id = signed["target"]["id"].clone();

    let page = matter_page(&staff, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "APPLIED");
    assert_eq!(page["form"][0]["value"], "2026-03-04");
    let verify = offer(&page, "verify");
    staff
        .sign(
            verify,
            json!({ "true_and_complete": true, "note": "已电话核实" }),
        )
        .await
        .ok(201);

    let refused = matter_page(&staff, &id).await;
    assert!(
        refused["offers"]
            .as_array()
            .unwrap()
            .iter()
            .all(|offer| { offer["event"] != "approve" || !offer["blocked"].is_null() })
    );
    let page = matter_page(&head, &id).await;
    assert_eq!(page["matter"]["mine"], true);
    let approve = offer(&page, "approve");
    assert_eq!(
        (&approve["decision"], &approve["passphrase"]),
        (&json!(true), &json!(true))
    );
    head.sign(approve, json!({ "conditions": "每日报告" }))
        .await
        .ok(201);
    let page = matter_page(&head, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "GRANTED");
    assert_eq!(page["slots"][0]["value"]["code"], "approve");
    assert_eq!(page["matter"]["standing"]["state"], "unfiled");

    office.advance(3 * DAY);
    let page = matter_page(&staff, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "OUT");
    let today = staff.get("/api/v1/today").await.ok(200);
    assert_eq!(
        (&today["counts"]["on_register"], &today["counts"]["out"]),
        (&json!(1), &json!(1))
    );
    let back = offer(&page, "return");
    staff
        .sign(back, json!({ "returned_on": "2026-03-05" }))
        .await
        .ok(201);
    let page = matter_page(&staff, &id).await;
    assert_eq!(page["matter"]["state"]["code"], "CLOSED");
    let timeline = staff
        .get(&format!("/api/v1/cases/{case}/timeline"))
        .await
        .ok(200);
    assert_eq!(timeline["total"], 5);
}

#[tokio::test]
async fn eight_days_belong_to_the_county_and_the_office_head_is_told_so() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let head = Client::signed_in(&office, "T2").await;
    let page = staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let apply = offer(&page, "apply:leave");
    let id = staff
        .sign(apply, form("2026-03-04", "2026-03-11"))
        .await
        .ok(201)["target"]["id"]
        .clone();
    let page = matter_page(&staff, &id).await;
    let verify = offer(&page, "verify");
    staff
        .sign(
            verify,
            json!({ "true_and_complete": true, "note": "已核实" }),
        )
        .await
        .ok(201);
    let page = matter_page(&head, &id).await;
    assert_eq!(page["matter"]["level"]["code"], "county");
    let approve = offer(&page, "approve");
    assert!(!approve["blocked"].is_null());
    head.sign(approve, json!({}))
        .await
        .refused(422, "rule_refused");
    head.sign(
        offer(&page, "opine"),
        json!({ "agree": true, "opinion": "同意" }),
    )
    .await
    .ok(201);
    let county = Client::signed_in(&office, "C2").await;
    let page = matter_page(&county, &id).await;
    county
        .sign(offer(&page, "approve"), json!({}))
        .await
        .ok(201);
    assert_eq!(
        matter_page(&county, &id).await["matter"]["state"]["code"],
        "GRANTED"
    );
}

#[tokio::test]
async fn a_decision_is_refused_when_the_screen_is_no_longer_current_or_the_passphrase_is_wrong() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let head = Client::signed_in(&office, "T2").await;
    let page = staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let apply = offer(&page, "apply:leave");
    let id = staff
        .sign(apply, form("2026-03-04", "2026-03-06"))
        .await
        .ok(201)["target"]["id"]
        .clone();
    let page = matter_page(&staff, &id).await;
    staff
        .sign(
            offer(&page, "verify"),
            json!({ "true_and_complete": true, "note": "好" }),
        )
        .await
        .ok(201);
    let seen = matter_page(&head, &id).await;
    let approve = offer(&seen, "approve");
    let post = approve["post"].as_str().unwrap();
    let with = |passphrase: Json, section: &Json| {
        json!({ "event": "approve", "fields": {}, "section_id": section, "sign": passphrase,
            "dry_run": false })
    };
    let wrong = with(
        json!({ "passphrase": "wrong wrong" }),
        &approve["section"]["id"],
    );
    head.post(post, &wrong)
        .await
        .refused(401, "passphrase_wrong");
    let none = with(Json::Null, &approve["section"]["id"]);
    head.post(post, &none)
        .await
        .refused(401, "passphrase_wrong");
    let stale = json!("00".repeat(32));
    let right = json!({ "passphrase": crate::office::PASSPHRASE });
    head.post(post, &with(right.clone(), &stale))
        .await
        .refused(409, "section_changed");
    let sound = with(right, &approve["section"]["id"]);
    head.post(post, &sound).await.ok(201);
    head.post(post, &sound).await.refused(409, "offer_gone");
}

#[tokio::test]
async fn the_same_key_signs_once_and_reads_the_first_answer() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let page = staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let apply = offer(&page, "apply:leave").clone();
    let twice = staff.with("Idempotency-Key", "0123456789abcdef0123456789abcdef");
    let first = twice.sign(&apply, form("2026-03-04", "2026-03-05"));
    let second = twice.sign(&apply, form("2026-03-04", "2026-03-05"));
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.ok(201)["act"]["id"], second.ok(201)["act"]["id"]);
    let list = staff.get("/api/v1/matters?workflow=leave").await.ok(200);
    assert_eq!(list["total"], 1);
}

#[tokio::test]
async fn every_fault_of_a_form_names_its_field() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let page = staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let apply = offer(&page, "apply:leave");
    let wrong = json!({ "from": "2026-02-30", "to": "2026-03-05", "purpose": "holiday",
        "detail": "", "destination": "长".repeat(201), "role": "CTY_HEAD" });
    let refused = staff
        .sign(apply, wrong)
        .await
        .refused(422, "fields_invalid");
    let fields = refused["error"]["fields"].as_object().unwrap();
    let code = |name: &str| fields[name]["code"].as_str().unwrap();
    assert_eq!(code("from"), "date");
    assert_eq!(code("purpose"), "choice");
    assert_eq!(code("detail"), "required");
    assert_eq!(code("destination"), "too_long");
    assert_eq!(code("role"), "unknown");
}
