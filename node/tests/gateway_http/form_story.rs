//! Every form in which a position may come, and what it becomes.

use crate::client::{batch, get, send};
use crate::world::{AMPLE, BAND, HOME, MINUTE, START, TOKEN, World, driver, report};
use jiaolian_schema::datum::Datum;
use jiaolian_schema::fix::{Point, Source};
use jiaolian_schema::geo::Coord;
use serde_json::json;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const JSON: &str = "Content-Type: application/json; charset=utf-8\r\n";

fn home(time: i64, accuracy_mm: Option<u32>) -> Point {
    let at = Coord::new(281_500_000, 1_136_000_000).unwrap();
    Point::new(time, at, accuracy_mm, Source::Gnss)
}

#[tokio::test]
async fn a_query_a_form_and_both_kinds_of_json_give_the_same_point() {
    let world = World::open().await;
    let all =
        "altitude=80.5&speed=2.1&bearing=350&batt=77&hdop=0.9&charge=false&valid=true&event=tick";
    let query = format!("{}&{all}", report(START, HOME));
    assert_eq!(get(world.addr, &query).await.counts(), (1, 0, 0));

    let form = format!("{}&{all}", report(START + 1_000, HOME));
    let posted = send(world.addr, ("POST", "/"), FORM, form.as_bytes()).await;
    assert_eq!(posted.counts(), (1, 0, 0));

    let client = json!({
        "location": {
            "timestamp": "2026-03-02T01:00:02.000Z",
            "coords": { "latitude": 28.15, "longitude": 113.6, "accuracy": 10, "speed": -1,
                "speed_accuracy": -1, "heading": -1, "altitude": 80.5, "ellipsoidal_altitude": 80.5 },
            "is_moving": false, "odometer": 12.5, "event": "motionchange", "uuid": "1b4e28ba",
            "battery": { "level": 0.77, "is_charging": false },
            "activity": { "type": "still", "confidence": 100 }, "extras": {}, "_": "&id=1"
        },
        "device_id": BAND
    });
    let target = format!("/?token={TOKEN}");
    let client = client.to_string();
    let posted = send(world.addr, ("POST", &target), JSON, client.as_bytes()).await;
    assert_eq!(posted.counts(), (1, 0, 0));

    let fix = json!({ "time": START + 3_000, "lat": 28.15, "lon": 113.6, "datum": "wgs84",
        "accuracy_m": 10, "source": "gnss", "satellites": 9, "speed_mps": 1.1, "bearing_deg": 350,
        "altitude_m": 80.5, "battery_pct": 77, "charging": false, "event": "tick", "live": true });
    let body = json!({ "terminal": BAND, "fixes": [fix] });
    assert_eq!(batch(world.addr, TOKEN, &body).await.counts(), (1, 0, 0));

    let points: Vec<_> = world.fixes().await.iter().map(|fix| fix.point).collect();
    let expected: Vec<_> = (0..4)
        .map(|second| home(START + second * 1_000, Some(10_000)))
        .collect();
    assert_eq!(points, expected);
}

#[tokio::test]
async fn times_in_seconds_milliseconds_and_rfc_3339_are_the_same_instant() {
    let world = World::open().await;
    for (at, time) in [
        "1772413200",
        "1772413200000",
        "1772413200.0",
        "2026-03-02T09:00:00%2B08:00",
        "2026-03-02T09:00:00+08:00",
        "2026-03-02T01:00:00Z",
        "2026-03-02%2001:00:00.000Z",
    ]
    .into_iter()
    .enumerate()
    {
        let query = format!("deviceid={BAND}&token={TOKEN}&timestamp={time}&location=28.15,113.6");
        let expected = if at == 0 { (1, 0, 0) } else { (0, 1, 0) };
        assert_eq!(get(world.addr, &query).await.counts(), expected, "{time}");
    }
    let fixes = world.fixes().await;
    assert_eq!(fixes.len(), 1);
    assert_eq!(
        fixes[0].point,
        home(START, None),
        "unknown accuracy is 15 m (R2)"
    );
}

#[tokio::test]
async fn a_shifted_datum_is_carried_to_wgs84_at_the_door() {
    let world = World::open().await;
    for (minute, datum) in [(0, Datum::Gcj02), (1, Datum::Bd09), (2, Datum::Cgcs2000)] {
        let (lon, lat) = Datum::Wgs84.convert(datum, (113.6, 28.15));
        let name = ["gcj02", "bd09", "cgcs2000"][minute];
        let time = START + minute as i64 * 1_000;
        let query = format!("{}&datum={name}", report(time, (lat, lon)));
        assert_eq!(get(world.addr, &query).await.counts(), (1, 0, 0), "{name}");
    }
    for fix in world.fixes().await {
        let (lat, lon) = (fix.point.at.lat(), fix.point.at.lon());
        let near = |found: i32, wanted: i32| found.abs_diff(wanted) <= 1;
        assert!(
            near(lat, 281_500_000) && near(lon, 1_136_000_000),
            "{lat} {lon}"
        );
    }
}

#[tokio::test]
async fn a_report_of_now_is_live_and_an_older_one_is_backlog() {
    let world = World::open().await;
    for minutes in [0, -5, -6, 5, 6] {
        let query = report(START + minutes * MINUTE, HOME);
        assert_eq!(
            get(world.addr, &query).await.counts(),
            (1, 0, 0),
            "{minutes}"
        );
    }
    let marks: Vec<_> = world
        .fixes()
        .await
        .iter()
        .map(|fix| (fix.live, fix.judged))
        .collect();
    let (backlog, live, skewed) = ((false, true), (true, true), (true, false));
    assert_eq!(marks, [backlog, live, live, live, skewed]);
}

#[tokio::test]
async fn a_history_mark_is_honoured_whatever_the_time() {
    let world = World::open().await;
    let query = format!("{}&live=false", report(START, HOME));
    assert_eq!(get(world.addr, &query).await.counts(), (1, 0, 0));
    let slow = format!("{}&live=true", report(START - 20 * MINUTE, HOME));
    let answer = get(world.addr, &slow).await;
    assert_eq!(answer.json()["skewed"], 1, "its own clock is wrong");
    let marks: Vec<_> = world
        .fixes()
        .await
        .iter()
        .map(|fix| (fix.live, fix.judged))
        .collect();
    assert_eq!(marks, [(true, false), (false, true)]);
}

#[tokio::test]
async fn where_the_devices_agree_that_the_clock_here_is_fast_their_reports_are_live() {
    let world = World::with_people(4, true, AMPLE).await;
    let then = START - 3 * 60 * MINUTE;
    for number in 1..4 {
        let terminal = driver(number).terminal;
        let query = format!(
            "id={terminal}&token={TOKEN}&timestamp={}&lat=28.15&lon=113.6&live=true",
            then + number as i64
        );
        let answer = get(world.addr, &query).await;
        let skewed = u64::from(number < 3);
        assert_eq!(answer.json()["skewed"], skewed, "device {number}");
    }
    assert_eq!(
        get(world.addr, &report(then, HOME)).await.counts(),
        (1, 0, 0)
    );
    let marks: Vec<_> = world
        .fixes()
        .await
        .iter()
        .map(|fix| (fix.live, fix.judged))
        .collect();
    assert_eq!(marks, [(true, true)]);
}

#[tokio::test]
async fn a_repeated_report_is_answered_200_and_changes_nothing() {
    let world = World::open().await;
    let query = report(START, HOME);
    assert_eq!(get(world.addr, &query).await.counts(), (1, 0, 0));
    world.advance(10 * MINUTE);
    let before = world.fixes().await;
    for _ in 0..3 {
        assert_eq!(get(world.addr, &query).await.counts(), (0, 1, 0));
    }
    let body = json!({ "terminal": BAND, "fixes": [
        { "time": START, "lat": 28.15, "lon": 113.6, "datum": "wgs84", "accuracy_m": 10 }] });
    assert_eq!(
        batch(world.addr, TOKEN, &body).await.counts(),
        (0, 1, 0),
        "through another form"
    );
    assert_eq!(world.fixes().await, before);
}
