//! What is left of a deadline reaches the page in the unit that the rules count it in.

use crate::client::Client;
use crate::office::{DAY, Office};
use jiaolian_schema::act::Raise;
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};

/// An overdue report: to be handled within one working day.
fn overdue_report(office: &Office, case: DossierId) -> Raise {
    Raise {
        kind: "RPT_MISS".to_owned(),
        fence: String::new(),
        ..office.alarm(case, "township", 1, 3)
    }
}

/// The handling deadline of an alarm that was raised so many days after Monday 2 March 2026.
async fn handling(days: i64) -> Json {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    office.advance(days * DAY);
    let alarm = office.sign_alarm(overdue_report(&office, case)).await;
    let client = Client::signed_in(&office, "T1").await;
    let page = client.get(&format!("/api/v1/alarms/{alarm}")).await.ok(200);
    let mut dues = page["dues"].as_array().unwrap().iter();
    dues.find(|due| due["id"] == "handle").unwrap().clone()
}

#[tokio::test]
async fn a_working_day_over_a_weekend_is_one_working_day_and_not_three_days() {
    let due = handling(4).await;
    assert_eq!(due["date"], "2026-03-09", "raised on Friday 6 March");
    assert_eq!(due["remaining"], json!({ "n": 1, "unit": "working_day" }));
    assert_eq!(due["provisional"], false);
}

#[tokio::test]
async fn a_deadline_in_a_year_without_a_calendar_is_provisional() {
    // Thursday 31 December 2026; the notice for 2027 is not published.
    let due = handling(304).await;
    assert_eq!(due["date"], "2027-01-04");
    assert_eq!(due["remaining"], json!({ "n": 1, "unit": "working_day" }));
    assert_eq!(due["provisional"], true);
}

#[tokio::test]
async fn a_reminder_of_the_first_page_shows_the_same_deadline_as_its_matter() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    office.advance(4 * DAY);
    let alarm = office.sign_alarm(overdue_report(&office, case)).await;
    let client = Client::signed_in(&office, "T1").await;
    let today = client.get("/api/v1/today").await.ok(200);
    let mut reminders = today["reminders"].as_array().unwrap().iter();
    let row = reminders
        .find(|row| row["target"]["id"] == alarm.to_hex())
        .unwrap();
    let page = client.get(&format!("/api/v1/alarms/{alarm}")).await.ok(200);
    let dues = page["dues"].as_array().unwrap().iter();
    let nearest = dues.min_by_key(|due| due["at"].as_i64()).unwrap();
    assert_eq!(&row["due"], nearest);
    assert_eq!(nearest["remaining"], json!({ "n": 72, "unit": "hour" }));
}
