//! Free texts merge, protected fields don't; records, fences, the map and the network page.

use crate::client::{Client, offer};
use crate::office::Office;
use serde_json::json;

#[tokio::test]
async fn two_officers_edit_one_text_and_both_edits_stay() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let (a, b) = (
        Client::signed_in(&office, "T1").await,
        Client::signed_in(&office, "T2").await,
    );
    let path = format!("/api/v1/cases/{case}/texts");
    let texts = a.get(&path).await.ok(200);
    let base = texts["items"][0]["version"].clone();
    let plan = format!("{path}/plan");
    let first = a
        .put(
            &plan,
            &json!({ "base": base, "value": "第一段。\n第二段。\n" }),
        )
        .await
        .ok(200);
    assert_eq!(first["merged"], false);
    let version = first["version"].clone();
    let one = json!({ "base": version, "value": "第一段(甲)。\n第二段。\n" });
    let two = json!({ "base": version, "value": "第一段。\n第二段(乙)。\n" });
    a.put(&plan, &one).await.ok(200);
    let merged = b.put(&plan, &two).await.ok(200);
    assert_eq!(merged["value"], "第一段(甲)。\n第二段(乙)。\n");
    assert_eq!(
        (&merged["merged"], &merged["others"][0]["name"]),
        (&json!(true), &json!("李工"))
    );
    let unknown = json!({ "base": "00".repeat(32), "value": "x" });
    a.put(&plan, &unknown).await.refused(409, "base_unknown");
    let long = json!({ "base": merged["version"], "value": "长".repeat(20_001) });
    a.put(&plan, &long).await.refused(422, "fields_invalid");
    a.put(&format!("{path}/secret"), &one)
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn a_protected_field_changes_by_a_signed_amendment_of_the_county_only() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let (staff, county) = (
        Client::signed_in(&office, "T1").await,
        Client::signed_in(&office, "C2").await,
    );
    let path = format!("/api/v1/cases/{case}");
    let field = |page: &serde_json::Value, name: &str| {
        let fields = page["protected"].as_array().unwrap();
        fields
            .iter()
            .find(|field| field["name"] == name)
            .unwrap()
            .clone()
    };
    let page = staff.get(&path).await.ok(200);
    assert!(field(&page, "class")["amend"].is_null());
    assert_eq!(field(&page, "name")["value"], "张三");
    let page = county.get(&path).await.ok(200);
    let amend = field(&page, "class")["amend"].clone();
    county
        .sign(&amend, json!({ "value": "strict" }))
        .await
        .ok(201);
    let page = county.get(&path).await.ok(200);
    assert_eq!(field(&page, "class")["value"], "strict");
    assert_eq!(page["case"]["class"]["label"]["zh"], "严格管理");
    let forged = json!({ "event": "amend:class", "fields": { "value": "lenient" },
        "section_id": null, "sign": { "passphrase": crate::office::PASSPHRASE }, "dry_run": false });
    staff
        .post(&format!("{path}/events"), &forged)
        .await
        .refused(409, "offer_gone");
}

#[tokio::test]
async fn a_record_is_kept_as_it_was_signed() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let path = format!("/api/v1/cases/{case}");
    let page = staff.get(&path).await.ok(200);
    assert_eq!(page["records"].as_array().unwrap().len(), 5);
    let visit = offer(&page, "record:visit");
    staff
        .sign(visit, json!({ "on": "2026-03-02", "note": "<b>家访</b>" }))
        .await
        .ok(201);
    let records = staff
        .get(&format!("{path}/records?kind=visit"))
        .await
        .ok(200);
    assert_eq!(
        (&records["total"], &records["items"][0]["note"]),
        (&json!(1), &json!("<b>家访</b>"))
    );
    assert_eq!(
        staff
            .get(&format!("{path}/records?kind=talk"))
            .await
            .ok(200)["total"],
        0
    );
    assert_eq!(
        staff.get("/api/v1/matters?state=all").await.ok(200)["total"],
        0
    );
}

#[tokio::test]
async fn an_area_of_two_counties_is_drawn_and_shown_on_the_map() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let head = Client::signed_in(&office, "T2").await;
    let page = head.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let set = offer(&page, "fence_set");
    let area = |properties: serde_json::Value, geometry: serde_json::Value| json!({ "type": "Feature", "properties": properties, "geometry": geometry });
    let counties = area(
        json!({ "name": "a", "datum": "wgs84", "adcodes": ["430181", "430121"] }),
        json!(null),
    );
    let form =
        json!({ "name": "浏阳和长沙县", "kind": "keep_in", "buffer_m": 100, "area": counties });
    head.sign(set, form).await.ok(201);
    let fences = head.get("/api/v1/map/fences").await.ok(200);
    let fence = &fences["features"][0];
    assert_eq!(
        (
            &fence["properties"]["name"],
            &fence["properties"]["case_name"]
        ),
        (&json!("浏阳和长沙县"), &json!("张三"))
    );
    let ring = json!([[[113.0, 28.0], [113.1, 28.0], [113.1, 28.1], [113.0, 28.0]]]);
    let polygon = json!({ "type": "Polygon", "coordinates": ring });
    let undated = area(json!({ "name": "a", "adcodes": [] }), polygon);
    let form = json!({ "name": "b", "kind": "keep_in", "buffer_m": 100, "area": undated });
    let refused = head.sign(set, form).await.refused(422, "fields_invalid");
    assert!(
        refused["error"]["fields"]["area"]["message_zh"]
            .as_str()
            .unwrap()
            .contains("基准")
    );
    let people = head.get("/api/v1/map/people?reason=duty").await.ok(200);
    assert_eq!(people["items"][0]["verdict"], "unknown");
    head.get("/api/v1/map/people?reason=curiosity")
        .await
        .refused(400, "bad_request");
    let all = head.get("/api/v1/map/counties").await;
    assert!(all.head.to_lowercase().contains("etag: "));
    assert!(all.json()["features"].as_array().unwrap().len() > 100);
}

#[tokio::test]
async fn a_case_is_registered_at_the_county_for_a_township() {
    let office = Office::open().await;
    let county = Client::signed_in(&office, "C1").await;
    let new = county.get("/api/v1/cases/new").await.ok(200);
    let offer = &new["offer"];
    let township = crate::office::office("township").to_hex();
    let form = json!({ "office": township, "name": "王五", "id_number": "430181199003072312",
        "sex": "01", "kind": "02", "term_first": "2026-01-01", "term_last": "2027-01-01" });
    let mut bad = form.clone();
    bad["id_number"] = json!("430181199003072313");
    county.sign(offer, bad).await.refused(422, "fields_invalid");
    let signed = county.sign(offer, form.clone()).await.ok(201);
    assert_eq!(signed["target"]["view"], "case");
    county.sign(offer, form).await.refused(409, "duplicate");
    let staff = Client::signed_in(&office, "T1").await;
    let list = staff
        .get("/api/v1/cases?q=430181199003072312")
        .await
        .ok(200);
    assert_eq!(
        (&list["total"], &list["items"][0]["name"]),
        (&json!(1), &json!("王五"))
    );
    assert_eq!(
        staff.get("/api/v1/cases/new").await.ok(200)["offer"],
        json!(null)
    );
}

#[tokio::test]
async fn the_network_page_names_every_office_and_what_it_holds() {
    let office = Office::open().await;
    office.case("张三", "township", 0).await;
    let client = Client::signed_in(&office, "C1").await;
    let network = client.get("/api/v1/network").await.ok(200);
    let offices = network["offices"].as_array().unwrap();
    assert_eq!(offices.len(), 5);
    let township = offices
        .iter()
        .find(|office| office["office"]["name"] == "集里司法所")
        .unwrap();
    assert_eq!(township["cases"], 1);
    assert_eq!(network["self"]["name"], "浏阳市司法局");
    assert_eq!(
        client.get("/api/v1/network/refused").await.ok(200)["total"],
        0
    );
}
