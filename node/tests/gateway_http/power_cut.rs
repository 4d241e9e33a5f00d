//! What was answered 200 is there after the power failed.

use crate::client::{batch, get};
use crate::world::{AWAY, BAND, HOME, MINUTE, START, TOKEN, World, report};
use jiaolian_node::gateway::kept_reports;
use serde_json::json;

#[tokio::test]
async fn every_report_that_was_answered_200_is_there_after_a_power_cut() {
    let mut world = World::open().await;
    let mut acknowledged = Vec::new();
    for round in 0..4_i64 {
        for second in 0..5 {
            let time = START + round * MINUTE + second * 1_000;
            assert_eq!(
                get(world.addr, &report(time, HOME)).await.counts(),
                (1, 0, 0)
            );
            acknowledged.push(time);
        }
        let times = [round * 100 + 10_000, round * 100 + 10_001];
        let fix =
            |ms: &i64| json!({ "time": START + ms, "lat": 28.15, "lon": 113.6, "datum": "wgs84" });
        let fixes: Vec<_> = times.iter().map(fix).collect();
        let body = json!({ "terminal": BAND, "fixes": fixes });
        assert_eq!(batch(world.addr, TOKEN, &body).await.counts(), (2, 0, 0));
        acknowledged.extend(times.map(|ms| START + ms));
        world = world.after_power_cut().await;
        acknowledged.sort_unstable();
        let times: Vec<_> = world
            .fixes()
            .await
            .iter()
            .map(|fix| fix.point.time)
            .collect();
        assert_eq!(times, acknowledged);
    }
}

#[tokio::test]
async fn an_alarm_half_way_is_raised_after_the_power_cut_and_once() {
    let world = World::open().await;
    let away = |minute: i64| report(START + minute * MINUTE, AWAY);
    for minute in 0..2 {
        get(world.addr, &away(minute)).await.counts();
    }
    let world = world.after_power_cut().await;
    assert_eq!(world.alarms().await, 0);
    world.advance(4 * MINUTE);
    for minute in 0..5 {
        get(world.addr, &away(minute)).await.counts();
    }
    assert_eq!(world.alarms().await, 1);
    let world = world.after_power_cut().await;
    assert_eq!(world.alarms().await, 1);
    for minute in 0..5 {
        assert_eq!(get(world.addr, &away(minute)).await.counts(), (0, 1, 0));
    }
    assert_eq!(world.alarms().await, 1);
}

#[tokio::test]
async fn a_refused_report_that_was_kept_is_there_after_a_power_cut() {
    let world = World::open().await;
    let query = format!("{}&sat=2", report(START, HOME));
    assert_eq!(get(world.addr, &query).await.counts(), (0, 0, 1));
    let world = world.after_power_cut().await;
    let kept = kept_reports(world.store(), BAND).unwrap();
    let found: Vec<_> = kept
        .iter()
        .map(|row| (row.rule.as_str(), row.value.as_str()))
        .collect();
    assert_eq!(found, [("satellites_few", "2")]);
    assert!(kept[0].said.contains("28.15"));
}
