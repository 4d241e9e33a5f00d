//! A leave that nobody came back from: granted at the desk, told by the clock with nobody looking, on the
//! first page and on the list that duty hands over, ended by the return and closed by people.

use crate::client::{Client, offer};
use crate::office::{DAY, Office};
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};

const HOUR: i64 = 3_600_000;

async fn matter_page(client: &Client, id: &str) -> Json {
    client.get(&format!("/api/v1/matters/{id}")).await.ok(200)
}

/// A leave from Wednesday to Friday of the first week, granted. The answer is the matter.
async fn granted(case: DossierId, staff: &Client, head: &Client) -> String {
    let page = staff.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let form = json!({
        "from": "2026-03-04", "to": "2026-03-06", "purpose": "family", "detail": "回家探望父亲",
        "destination": "长沙市岳麓区",
    });
    let signed = staff.sign(offer(&page, "apply:leave"), form).await.ok(201);
    let id = signed["target"]["id"].as_str().unwrap().to_owned();
    let page = matter_page(staff, &id).await;
    let verify = json!({ "true_and_complete": true, "note": "已电话核实" });
    staff.sign(offer(&page, "verify"), verify).await.ok(201);
    let page = matter_page(head, &id).await;
    head.sign(offer(&page, "approve"), json!({})).await.ok(201);
    id
}

/// The open alarms once there is one; looks again whenever the node tells of a change.
async fn alarms_once_raised(client: &Client, live: &mut crate::client::Stream) -> Json {
    loop {
        let list = client.get("/api/v1/alarms").await.ok(200);
        if list["total"] != 0 {
            return list;
        }
        live.next("alarm").await;
    }
}

#[tokio::test]
async fn who_is_not_back_from_a_leave_is_an_alarm_until_people_close_it() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let head = Client::signed_in(&office, "T2").await;
    let duty = Client::signed_in(&office, "C3").await;
    let leave = granted(case, &staff, &head).await;
    assert_eq!(duty.get("/api/v1/alarms").await.ok(200)["total"], 0);

    let mut live = duty.follow(None).await;
    live.next("hello").await;
    office.advance(5 * DAY);
    let list = alarms_once_raised(&duty, &mut live).await;
    let row = &list["items"][0];
    assert_eq!(row["kind"]["code"], "LEAVE_LATE");
    assert_eq!((&row["severity"], &row["live"]), (&json!(2), &json!(true)));
    assert_eq!(row["case"]["name"], "张三");
    let id = row["id"].as_str().unwrap().to_owned();
    let today = staff.get("/api/v1/today").await.ok(200);
    assert_eq!(today["alarms"][0]["id"], id.as_str());
    let hand = duty.get("/api/v1/duty/hand-overs").await.ok(200);
    assert_eq!(hand["list"]["alarms"][0]["id"], id.as_str());
    assert_eq!(
        matter_page(&staff, &leave).await["matter"]["state"]["code"],
        "OVERSTAY"
    );

    let path = format!("/api/v1/alarms/{id}");
    let page = duty.get(&path).await.ok(200);
    // Midnight in Shanghai after the last day.
    assert_eq!(page["alarm"]["raised_at"], 1_772_812_800_000_i64);
    duty.sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
    let page = duty.get(&path).await.ok(200);
    let reached = json!({ "method": "call", "outcome": "reached", "note": "称误了班车，正在返回" });
    duty.sign(offer(&page, "contact"), reached).await.ok(201);

    office.advance(2 * HOUR);
    let page = matter_page(&staff, &leave).await;
    let back = json!({ "returned_on": "2026-03-07", "note": "已返回并当面销假" });
    staff.sign(offer(&page, "return"), back).await.ok(201);
    let page = matter_page(&staff, &leave).await;
    assert_eq!(page["matter"]["state"]["code"], "CLOSED");
    let page = duty.get(&path).await.ok(200);
    assert_eq!(
        page["alarm"]["open"], true,
        "a late return is for people to judge"
    );
    let found = json!({ "cause": "other", "reason": "误班车，有车票为证", "result": "已提醒" });
    duty.sign(offer(&page, "explained"), found).await.ok(201);
    let closes = Client::signed_in(&office, "C2").await;
    let page = closes.get(&path).await.ok(200);
    closes.sign(offer(&page, "close"), json!({})).await.ok(201);
    assert_eq!(duty.get("/api/v1/alarms").await.ok(200)["total"], 0);
    let all = duty.get("/api/v1/alarms?state=all").await.ok(200);
    assert_eq!(all["total"], 1, "told once");
}

#[tokio::test]
async fn an_alarm_raised_at_night_with_nobody_signed_in_waits_after_a_power_cut() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let staff = Client::signed_in(&office, "T1").await;
    let head = Client::signed_in(&office, "T2").await;
    granted(case, &staff, &head).await;
    let cut = office.after_power_cut().await;
    let node = Client::new(&cut).get("/api/v1/node").await.ok(200);
    assert_eq!(node["locked"], true);
    let replica = || {
        cut.owner.call(|node| {
            node.replica.tick(node.now(), [3; 32]);
            let kinds = node
                .replica
                .dossiers()
                .filter(|(_, row)| row.alarm.is_some());
            kinds.count()
        })
    };
    assert_eq!(replica().await.unwrap(), 0);
    cut.advance(6 * DAY);
    assert_eq!(replica().await.unwrap(), 1);
    let client = Client::signed_in(&cut, "C3").await;
    let list = client.get("/api/v1/alarms").await.ok(200);
    assert_eq!(list["items"][0]["kind"]["code"], "LEAVE_LATE");
    assert_eq!(list["items"][0]["case"]["name"], "张三");
}
