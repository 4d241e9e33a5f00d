//! Three people who stay together are one row on the desk, taken with one signature in each of their
//! alarms; somebody of another office sees nothing of it.

use crate::client::{Client, offer};
use crate::crowd::{Gate, wearers};
use crate::mass_story::{STEP, pass, tick};
use crate::office::{Office, START};
use jiaolian_schema::device::Regime;
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};

const PEOPLE: usize = 3;

fn gathered(page: &Json) -> Vec<Json> {
    let rows = page.as_array().unwrap().iter();
    let rows = rows.filter(|row| row["kind"]["code"] == "GATHER");
    rows.cloned().collect()
}

#[tokio::test]
async fn a_gathering_is_one_row_and_one_signature_for_all_of_its_alarms() {
    let office = Office::open().await;
    let cases = wearers(&office, PEOPLE, Regime::Band).await;
    // The morning since four o'clock is looked at, a quarter with each tick.
    for _ in 0..24 {
        tick(&office).await;
    }
    let gate = Gate::open(&office).await;
    let mut relay = gate.relay().await;
    for round in 0..10 {
        for number in 0..PEOPLE {
            // Some fifteen metres apart.
            let place = (28.15, 113.6 + number as f64 * 0.000_15);
            relay.report(number, START + round * STEP, place).await;
        }
        pass(&office, STEP).await;
    }
    pass(&office, 20 * STEP).await;

    let client = Client::signed_in(&office, "T1").await;
    let list = client.get("/api/v1/alarms").await.ok(200);
    let rows = gathered(&list["items"]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    assert_eq!(row["count"], json!(PEOPLE));
    assert_eq!(row["place"]["zh"], "3 人在一处");
    assert_eq!(row["severity"], 3);

    let path = format!("/api/v1/alarms/{}", row["id"].as_str().unwrap());
    let page = client.get(&path).await.ok(200);
    let members = page["members"].as_array().unwrap();
    let mut of: Vec<&str> = members
        .iter()
        .map(|member| member["case"]["id"].as_str().unwrap())
        .collect();
    of.sort_unstable();
    let mut expected: Vec<String> = cases.iter().map(DossierId::to_hex).collect();
    expected.sort();
    assert_eq!(of, expected);
    client
        .sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
    for case in &cases {
        let page = client.get(&format!("/api/v1/cases/{case}")).await.ok(200);
        let own = gathered(&page["alarms"]);
        assert_eq!(own.len(), 1);
        assert_eq!(own[0]["count"], 1, "on a case's page stands its own alarm");
        assert_eq!(own[0]["claimed"]["name"], "李工");
    }

    let other = Client::signed_in(&office, "O1").await;
    let list = other.get("/api/v1/alarms").await.ok(200);
    assert_eq!(list["items"], json!([]));
    other.get(&path).await.refused(404, "not_found");
}
