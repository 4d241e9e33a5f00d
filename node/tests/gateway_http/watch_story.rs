//! What reports come to: leaving the area raises one alarm, whatever is delivered again, late or in
//! disorder.

use crate::client::{batch, get};
use crate::world::{AWAY, BAND, HOME, MINUTE, START, TOKEN, World, report};
use serde_json::{Value as Json, json};

fn fix(minute: i64, (lat, lon): (f64, f64)) -> Json {
    json!({ "time": START + minute * MINUTE, "lat": lat, "lon": lon, "datum": "wgs84",
        "accuracy_m": 10 })
}

/// An hour at home, then on the road for an hour.
fn journey() -> Vec<Json> {
    let at = |minute: i64| if minute < -60 { HOME } else { AWAY };
    (-120..=0).map(|minute| fix(minute, at(minute))).collect()
}

fn body(fixes: &[Json]) -> Json {
    json!({ "terminal": BAND, "fixes": fixes })
}

#[tokio::test]
async fn leaving_the_area_raises_exactly_one_alarm_and_the_second_delivery_none() {
    let world = World::open().await;
    for minute in 0..8 {
        let place = if minute < 2 { HOME } else { AWAY };
        let query = report(START + minute * MINUTE, place);
        assert_eq!(get(world.addr, &query).await.counts(), (1, 0, 0));
        world.advance(MINUTE);
    }
    assert_eq!(world.alarms().await, 1);
    for minute in 0..8 {
        let place = if minute < 2 { HOME } else { AWAY };
        let query = report(START + minute * MINUTE, place);
        assert_eq!(get(world.addr, &query).await.counts(), (0, 1, 0));
    }
    assert_eq!((world.alarms().await, world.fixes().await.len()), (1, 8));
    let metrics = world.metrics.text(&[]);
    for line in ["accepted_total 8", "repeated_total 8", "alarms_total 1"] {
        assert!(
            metrics.contains(&format!("jiaolian_gateway_{line}\n")),
            "{metrics}"
        );
    }
}

#[tokio::test]
async fn a_backlog_raises_one_alarm_in_whatever_order_it_stands() {
    let in_order = World::open().await;
    assert_eq!(
        batch(in_order.addr, TOKEN, &body(&journey()))
            .await
            .counts(),
        (121, 0, 0)
    );
    let expected = in_order.fixes().await;
    assert_eq!((in_order.alarms().await, expected.len()), (1, 121));

    let world = World::open().await;
    let mut fixes = journey();
    let count = fixes.len();
    for at in 0..count {
        fixes.swap(at, (at * 47 + 13) % count);
    }
    assert_eq!(
        batch(world.addr, TOKEN, &body(&fixes)).await.counts(),
        (121, 0, 0)
    );
    assert_eq!(
        batch(world.addr, TOKEN, &body(&journey())).await.counts(),
        (0, 121, 0)
    );
    assert_eq!(
        (world.alarms().await, world.fixes().await),
        (1, expected.clone())
    );

    let pieces = World::open().await;
    for piece in fixes.chunks(10).rev() {
        batch(pieces.addr, TOKEN, &body(piece)).await;
    }
    assert_eq!((pieces.alarms().await, pieces.fixes().await), (1, expected));
}

#[tokio::test]
async fn a_journey_without_positions_raises_nothing() {
    let world = World::open().await;
    for minute in 0..=5 {
        let query = format!("{}&valid=0", report(START + minute * MINUTE, AWAY));
        assert_eq!(get(world.addr, &query).await.counts(), (0, 0, 1));
        let query = format!("{}&sat=3", report(START + minute * MINUTE, AWAY));
        assert_eq!(get(world.addr, &query).await.counts(), (0, 0, 1));
    }
    assert_eq!(
        (world.kinds().await, world.fixes().await.len()),
        (vec![], 0)
    );
}
