//! Refusals speak Chinese first, English second, and show the value that broke the rule.

use crate::client::{Client, offer};
use crate::office::Office;
use crate::opening_story::opening_form;
use serde_json::{Value as Json, json};

fn field<'a>(refused: &'a Json, name: &str) -> (&'a str, &'a str) {
    let fault = &refused["error"]["fields"][name];
    let said = |key: &str| {
        fault[key]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: {refused}"))
    };
    (said("message_zh"), said("message_en"))
}

fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[tokio::test]
async fn an_area_that_crosses_itself_is_refused_in_both_languages_with_the_place() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let client = Client::signed_in(&office, "T2").await;
    let page = client.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let ring = json!([
        [113.0, 28.0],
        [113.1, 28.1],
        [113.1, 28.0],
        [113.0, 28.1],
        [113.0, 28.0]
    ]);
    let area = json!({ "type": "Feature", "properties": { "name": "a", "datum": "wgs84", "adcodes": [] },
        "geometry": { "type": "Polygon", "coordinates": [ring] } });
    let form = json!({ "name": "家", "kind": "keep_in", "buffer_m": 100, "area": area });
    let refused = client.sign(offer(&page, "fence_set"), form).await;
    let refused = refused.refused(422, "fields_invalid");
    let (zh, en) = field(&refused, "area");
    assert!(zh.contains("交叉") && zh.contains("纬度28."), "{zh}");
    assert!(!zh.contains("latitude"), "{zh}");
    assert!(en.contains("cross") && !has_chinese(en), "{en}");
}

#[tokio::test]
async fn a_wrong_identity_number_is_refused_with_its_check_character() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "C1").await;
    let page = client.get("/api/v1/cases/new").await.ok(200);
    let form = opening_form(&page, "431381199003071232");
    let refused = client.sign(&page["offer"], form).await;
    let refused = refused.refused(422, "fields_invalid");
    let (zh, en) = field(&refused, "id_number");
    assert_eq!(
        (zh, en),
        (
            "校验码应为1, 填写的是2",
            "The check character should be 1, found 2"
        )
    );
}

#[tokio::test]
async fn a_malformed_request_is_refused_in_both_languages_with_the_name() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "C1").await;
    let form = json!({ "event": "open", "fields": {}, "role": "CTY_HEAD" });
    let refused = client.post("/api/v1/cases", &form).await;
    let refused = refused.refused(400, "bad_request");
    let error = &refused["error"];
    assert_eq!(error["message_zh"], "请求格式不正确: 没有“role”这一项");
    assert_eq!(
        error["message_en"],
        "The request is not well formed: role is unknown"
    );
    let refused = client.get("/api/v1/alarms?colour=red").await;
    let refused = refused.refused(400, "bad_request");
    assert!(
        refused["error"]["message_zh"]
            .as_str()
            .unwrap()
            .contains("colour")
    );
}

#[tokio::test]
async fn row_83_a_clock_of_before_the_program_starts_is_said_and_its_times_are_marked() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "C1").await;
    let strip = client.get("/api/v1/status").await.ok(200);
    assert_eq!(strip["clock"]["trusted"], true, "{strip}");
    office.advance(-(crate::office::START - 1_000));
    let strip = client.get("/api/v1/status").await.ok(200);
    assert_eq!(strip["now"], 1_000, "{strip}");
    assert_eq!(strip["clock"]["trusted"], false, "{strip}");
    assert_eq!(strip["notices"][0]["code"], "clock", "{strip}");
    let said = strip["clock"]["note"]["zh"].as_str().unwrap();
    assert!(said.contains("不可靠"), "{said}");
    client.get("/api/v1/cases").await.ok(200);
}
