//! A gateway that goes dead is one row on the desk, on the wall and in the hand-over, and one call;
//! whoever left the permitted area before is not hidden in it.

use crate::client::{Client, offer};
use crate::crowd::{Gate, amend_by, wearers};
use crate::duty_story::{begin, no_ways};
use crate::office::{Office, START};
use jiaolian_node::owner::Node;
use jiaolian_schema::canon;
use jiaolian_schema::device::Regime;
use jiaolian_schema::fence::{Fence, FenceKind};
use jiaolian_schema::geo::{Coord, Shape};
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};

const MINUTE: i64 = 60_000;
/// So far a clock steps at once without looking as if the node had slept, ms.
pub(crate) const STEP: i64 = 4 * MINUTE;
const PEOPLE: usize = 20;
/// The one who leaves.
const GONE: usize = 19;
const HOME: (f64, f64) = (28.15, 113.6);
const FAR: (f64, f64) = (28.15, 113.7);

pub(crate) fn home() -> Vec<u8> {
    let corner = |lat, lon| Coord::new(lat, lon).unwrap();
    let ring = vec![
        corner(281_000_000, 1_135_500_000),
        corner(281_000_000, 1_136_500_000),
        corner(282_000_000, 1_136_500_000),
        corner(282_000_000, 1_135_500_000),
    ];
    let shape = Shape::new(vec![vec![ring]]).unwrap();
    canon::encode(&Fence::new("home", FenceKind::KeepIn, shape, 100_000).unwrap())
}

/// Time passes as it does on a node that runs.
pub(crate) async fn pass(office: &Office, ms: i64) {
    for _ in 0..ms / STEP {
        office.advance(STEP);
        tick(office).await;
    }
}

pub(crate) async fn tick(office: &Office) {
    let tick = |node: &mut Node| {
        let now = node.now();
        node.replica.tick(now, [7; 32]);
    };
    office.owner.call(tick).await.unwrap();
}

/// Twenty bands report through one gateway; one of them leaves. Then none is heard any more.
async fn gone_dead() -> (Office, Vec<DossierId>) {
    let office = Office::open().await;
    let cases = wearers(&office, PEOPLE, Regime::Band).await;
    let gone = cases[GONE];
    let fence = move |node: &mut Node| {
        amend_by(node, ("王所", "T2"), gone, "fence/home", home());
    };
    office.owner.call(fence).await.unwrap();
    let gate = Gate::open(&office).await;
    let mut relay = gate.relay().await;
    for number in 0..GONE {
        relay.report(number, START, HOME).await;
    }
    for minute in 0..5 {
        relay.report(GONE, START + minute * MINUTE, FAR).await;
        office.advance(MINUTE);
    }
    pass(&office, 40 * MINUTE).await;
    (office, cases)
}

fn kinds(list: &Json) -> Vec<(String, u64)> {
    let items = list["items"].as_array().unwrap().iter();
    let mut kinds: Vec<(String, u64)> = items
        .map(|row| {
            let kind = row["kind"]["code"].as_str().unwrap().to_owned();
            (kind, row["mass"]["people"].as_u64().unwrap_or(1))
        })
        .collect();
    kinds.sort();
    kinds
}

fn row_of_mass(list: &Json) -> Json {
    let mut items = list["items"].as_array().unwrap().iter();
    items.find(|row| row["mass"].is_object()).unwrap().clone()
}

fn shown() -> Vec<(String, u64)> {
    let row = |kind: &str, people| (kind.to_owned(), people);
    vec![
        row("GEO_OUT", 1),
        row("NO_SIGNAL", 1),
        row("NO_SIGNAL", GONE as u64),
    ]
}

#[tokio::test]
async fn a_dead_gateway_is_one_row_and_whoever_left_before_it_stays_alone() {
    let (office, cases) = gone_dead().await;
    let client = Client::signed_in(&office, "C3").await;
    let list = client.get("/api/v1/alarms").await.ok(200);
    assert_eq!(kinds(&list), shown());
    let row = row_of_mass(&list);
    let mass = &row["mass"];
    assert_eq!(mass["cause"]["code"], "gateway");
    assert_eq!(mass["which"]["zh"], "浏阳市司法局 http");
    assert_eq!(
        (&mass["first_at"], &mass["last_at"]),
        (&json!(START), &json!(START))
    );
    let alone = cases[GONE].to_hex();
    assert_ne!(row["case"]["id"], alone);

    let path = format!("/api/v1/alarms?mass={}", mass["id"].as_str().unwrap());
    let all = client.get(&path).await.ok(200);
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), GONE, "each is reachable by itself");
    assert!(items.iter().all(|row| row["case"]["id"] != alone));
    let found = client.get("/api/v1/alarms?q=2026-0003").await.ok(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(found["items"][0]["case"]["no"], "浏矫2026-0003");

    let wall = client.get("/api/v1/wall").await.ok(200);
    assert_eq!(wall["total"]["open"], json!([0, 1, 2, 0]));
    assert_eq!(wall["total"]["silent"], json!(PEOPLE));
    assert_eq!(wall["masses"][0]["people"], json!(GONE));
    let hand = client.get("/api/v1/duty/hand-overs").await.ok(200);
    let rows = hand["list"]["alarms"].as_array().unwrap();
    let people: Vec<u64> = rows
        .iter()
        .map(|row| row["people"].as_u64().unwrap())
        .collect();
    assert_eq!((people.len(), people.iter().sum()), (3, PEOPLE as u64 + 1));
}

#[tokio::test]
async fn whoever_takes_the_row_takes_all_of_it_and_nobody_who_left() {
    let (office, cases) = gone_dead().await;
    let client = Client::signed_in(&office, "C3").await;
    let list = client.get("/api/v1/alarms").await.ok(200);
    let row = row_of_mass(&list);
    let path = format!("/api/v1/alarms/{}", row["id"].as_str().unwrap());
    let page = client.get(&path).await.ok(200);
    let taken = client.sign(offer(&page, "acknowledge"), json!({})).await;
    taken.ok(201);
    let list = client.get("/api/v1/alarms").await.ok(200);
    assert_eq!(kinds(&list), shown());
    let gone = cases[GONE].to_hex();
    for row in list["items"].as_array().unwrap() {
        let is_gone = row["case"]["id"] == gone;
        assert_eq!(row["claimed"].is_null(), is_gone, "{row}");
    }
    assert_eq!(row_of_mass(&list)["mass"]["unclaimed"], json!(0));
}

#[tokio::test]
async fn a_silence_of_many_is_told_once_and_each_who_is_lost_for_a_day_by_himself() {
    let (office, _cases) = gone_dead().await;
    pass(&office, 100 * MINUTE).await;
    let client = Client::signed_in(&office, "C3").await;
    let mut live = client.follow(None).await;
    live.next("hello").await;
    let _at_work = begin(&office, no_ways(), true).await;
    // Of severity 2 by now are the exit, the silence of the one who left, and that of all others; two
    // steps of each are owed.
    let untold = loop {
        let page = client.get("/api/v1/duty").await.ok(200);
        let untold = page["untold"].as_array().unwrap().clone();
        if untold.len() >= 6 {
            break untold;
        }
        live.next("reset").await;
    };
    let of_many = untold.iter().filter(|call| {
        call["kind"]["code"] == "NO_SIGNAL" && call["case"]["no"] != "浏矫2026-0019"
    });
    let mut steps: Vec<&str> = of_many
        .map(|call| call["step"]["code"].as_str().unwrap())
        .collect();
    steps.sort_unstable();
    let told = steps.clone();
    steps.dedup();
    assert_eq!(told, steps, "once a step: {untold:?}");
    assert!(!told.is_empty());

    pass(&office, 24 * 60 * MINUTE).await;
    let client = Client::signed_in(&office, "C3").await;
    let list = client.get("/api/v1/alarms").await.ok(200);
    assert_eq!(list["items"].as_array().unwrap().len(), PEOPLE + 1);
}
