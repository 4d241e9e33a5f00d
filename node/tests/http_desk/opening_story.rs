//! A case is opened from the console: checked, signed, seen by those who may, by nobody else.

use crate::client::{Client, offer};
use crate::office::Office;
use serde_json::{Value as Json, json};

/// The form of the opening page, filled for the township, with an identity number.
pub(crate) fn opening_form(page: &Json, id_number: &str) -> Json {
    let fields = page["offer"]["fields"].as_array().unwrap();
    let office = fields
        .iter()
        .find(|field| field["name"] == "office")
        .unwrap();
    let choices = office["choices"].as_array().unwrap();
    let named = |choice: &&Json| choice["label"]["zh"] == "集里司法所";
    let township = choices.iter().find(named).unwrap()["code"].clone();
    json!({ "office": township, "name": "赵六", "id_number": id_number, "sex": "01", "kind": "02",
        "term_first": "2026-01-01", "term_last": "2027-12-31" })
}

async fn opening_page(client: &Client) -> Json {
    client.get("/api/v1/cases/new").await.ok(200)
}

fn with(mut form: Json, name: &str, value: Json) -> Json {
    form[name] = value;
    form
}

#[tokio::test]
async fn the_county_opens_a_case_that_its_township_sees_and_another_does_not() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "C1").await;
    let township = Client::signed_in(&office, "T1").await;
    let mut live = township.follow(None).await;
    live.next("hello").await;
    let page = opening_page(&client).await;
    assert_eq!(page["offer"]["post"], "/api/v1/cases");
    // Fifteen digits of the old form, raised to eighteen.
    let form = opening_form(&page, "431381790630002");
    let signed = client.sign(&page["offer"], form).await.ok(201);
    assert_eq!(
        (&signed["target"]["view"], &signed["act"]["kind"]),
        (&json!("case"), &json!("open"))
    );
    let id = signed["target"]["id"].as_str().unwrap().to_owned();
    let (_, told) = live.next("case_changed").await;
    assert_eq!(told["id"], id.as_str());

    let path = format!("/api/v1/cases/{id}");
    let case = township.get(&path).await.ok(200);
    assert_eq!(
        (&case["case"]["name"], &case["case"]["state"]["code"]),
        (&json!("赵六"), &json!("ON_REGISTER"))
    );
    assert_eq!(case["case"]["office"]["name"], "集里司法所");
    let protected = case["protected"].as_array().unwrap();
    let number = protected
        .iter()
        .find(|field| field["name"] == "id_number")
        .unwrap();
    assert_eq!(number["value"], "431381197906300024");
    offer(&case, "apply:leave");
    let found = township
        .get("/api/v1/cases?q=431381197906300024")
        .await
        .ok(200);
    assert_eq!(found["total"], 1);
    let other = Client::signed_in(&office, "O1").await;
    other.get(&path).await.refused(404, "not_found");
    assert_eq!(other.get("/api/v1/cases").await.ok(200)["total"], 0);
}

#[tokio::test]
async fn an_opening_that_contradicts_itself_is_refused_at_its_field_and_nothing_is_signed() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "C1").await;
    let page = opening_page(&client).await;
    let sound = opening_form(&page, "431381197906300024");
    let faults = [
        (
            "term_last",
            with(sound.clone(), "term_last", json!("2025-12-31")),
            "term_order",
        ),
        (
            "birth",
            with(sound.clone(), "birth", json!("1979-06-29")),
            "birth_differs",
        ),
        (
            "minor",
            with(sound.clone(), "minor", json!(true)),
            "minor_kind",
        ),
        (
            "minor",
            with(sound.clone(), "id_number", json!("431381201003071231")),
            "minor_by_birth",
        ),
        ("name", with(sound.clone(), "name", json!("")), "required"),
    ];
    for (field, form, code) in faults {
        let refused = client.sign(&page["offer"], form).await;
        let refused = refused.refused(422, "fields_invalid");
        assert_eq!(refused["error"]["fields"][field]["code"], code, "{refused}");
    }
    assert_eq!(client.get("/api/v1/cases").await.ok(200)["total"], 0);
    client.sign(&page["offer"], sound.clone()).await.ok(201);
    let again = client.sign(&page["offer"], sound).await;
    let again = again.refused(409, "duplicate");
    assert_eq!(again["error"]["fields"]["id_number"]["code"], "duplicate");
    assert_eq!(client.get("/api/v1/cases").await.ok(200)["total"], 1);
}

#[tokio::test]
async fn an_administrator_is_offered_no_opening() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "A1").await;
    assert_eq!(opening_page(&client).await["offer"], json!(null));
}
