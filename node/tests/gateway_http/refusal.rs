//! Bad input: each is told apart by a rule with its value, harms nothing that is stored, and holds
//! back nothing that comes after it.

use crate::client::{batch, get, raw, send};
use crate::world::{BAND, DAY, HOME, START, TOKEN, World, report};
use jiaolian_node::gateway::{BATCH_MAX, BODY_BYTES_MAX, KEPT_MAX, QUERY_BYTES_MAX, kept_reports};
use serde_json::{Value as Json, json};

/// What follows the device's number and token; the rule that it breaks; the value said back.
const BAD: [(&str, &str, &str); 34] = [
    (
        "timestamp=1772413200&lat=91&lon=113.6",
        "latitude_range",
        "91",
    ),
    (
        "timestamp=1772413200&lat=-90.0000001&lon=113.6",
        "latitude_range",
        "-90.0000001",
    ),
    (
        "timestamp=1772413200&lat=1e30&lon=113.6",
        "latitude_range",
        "1e30",
    ),
    (
        "timestamp=1772413200&lat=NaN&lon=113.6",
        "latitude_form",
        "NaN",
    ),
    (
        "timestamp=1772413200&lat=inf&lon=113.6",
        "latitude_form",
        "inf",
    ),
    ("timestamp=1772413200&lat=&lon=113.6", "latitude_form", ""),
    (
        "timestamp=1772413200&lat=28,15&lon=113.6",
        "latitude_form",
        "28,15",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=181",
        "longitude_range",
        "181",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=-Infinity",
        "longitude_form",
        "-Infinity",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113%C2%B036",
        "longitude_form",
        "113°36",
    ),
    ("timestamp=1772413200&lat=0&lon=0", "nowhere", "0,0"),
    (
        "timestamp=1772413200&lat=0.00000001&lon=-0.0",
        "nowhere",
        "0.00000001,-0.0",
    ),
    ("timestamp=1772413200&lat=28.15", "no_position", ""),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&valid=false",
        "no_position",
        "false",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&valid=0",
        "no_position",
        "0",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&accuracy=-5",
        "accuracy_negative",
        "-5",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&accuracy=-0.0001",
        "accuracy_negative",
        "-0.0001",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&accuracy=nan",
        "accuracy_form",
        "nan",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&sat=3",
        "satellites_few",
        "3",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&satellites=0",
        "satellites_few",
        "0",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&speed=1080",
        "speed_absurd",
        "1080",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&speed=1e40",
        "speed_absurd",
        "1e40",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&mock=true",
        "made_up",
        "mock",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&datum=nad27",
        "datum_unknown",
        "nad27",
    ),
    (
        "timestamp=1772413200&lat=28.15&lon=113.6&source=guess",
        "source_unknown",
        "guess",
    ),
    ("lat=28.15&lon=113.6", "time_missing", ""),
    ("timestamp=&lat=28.15&lon=113.6", "time_missing", ""),
    ("timestamp=now&lat=28.15&lon=113.6", "time_form", "now"),
    (
        "timestamp=2026-03-02T09:00:00&lat=28.15&lon=113.6",
        "time_form",
        "2026-03-02T09:00:00",
    ),
    (
        "timestamp=2026-02-30T09:00:00Z&lat=28.15&lon=113.6",
        "time_form",
        "2026-02-30T09:00:00Z",
    ),
    ("timestamp=1e40&lat=28.15&lon=113.6", "time_form", "1e40"),
    ("timestamp=0&lat=28.15&lon=113.6", "time_early", "0"),
    (
        "timestamp=4070908800000&lat=28.15&lon=113.6",
        "time_far",
        "4070908800000",
    ),
    (
        "timestamp=1770000000&lat=28.15&lon=113.6",
        "unbound",
        "1770000000",
    ),
];

#[tokio::test]
async fn each_bad_position_is_refused_by_its_rule_and_kept_aside_once() {
    let world = World::open().await;
    get(world.addr, &report(START, HOME)).await;
    let before = world.fixes().await;
    for (said, rule, value) in BAD {
        let query = format!("id={BAND}&token={TOKEN}&{said}");
        for _ in 0..2 {
            let answer = get(world.addr, &query).await;
            assert_eq!(answer.counts(), (0, 0, 1), "{said}");
            let line = &answer.json()["refused"][0];
            assert_eq!(
                (&line["rule"], &line["value"]),
                (&json!(rule), &json!(value)),
                "{said}"
            );
            assert_eq!(line["kept"], rule != "unbound", "{said}");
            assert!(line["message"].as_str().unwrap().contains(value), "{said}");
        }
    }
    assert_eq!(world.fixes().await, before, "nothing stored is harmed");
    let kept = kept_reports(world.store(), BAND).unwrap();
    // What no binding allows to watch is kept nowhere.
    assert_eq!(kept.len(), BAD.len() - 1);
    assert!(
        kept.iter()
            .all(|row| row.received_at == START && !row.said.contains(TOKEN))
    );
    assert!(kept.iter().any(|row| row.said.contains("113°36")));
    let metrics = world.metrics.text(&[]);
    assert!(
        metrics.contains("jiaolian_gateway_refused_total{rule=\"no_position\"} 6\n"),
        "{metrics}"
    );
    assert_eq!(
        get(world.addr, &report(START + 1, HOME)).await.counts(),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn borderline_positions_are_taken() {
    let world = World::open().await;
    for (second, said) in [
        "lat=90&lon=180",
        "lat=-90&lon=-180.00000000",
        "lat=0&lon=0.0000001",
        "lat=28.15&lon=113.6&sat=4",
        "lat=28.15&lon=113.6&sat=many",
        "lat=28.15&lon=113.6&speed=-1",
        "lat=28.15&lon=113.6&speed=660",
        "lat=28.15&lon=113.6&accuracy=-0",
        "lat=28.15&lon=113.6&accuracy=5000",
        "lat=28.15&lon=113.6&accuracy=1e30",
        "lat=28.15&lon=113.6&batt=nan&altitude=-inf&wifi=a&wifi=b",
    ]
    .into_iter()
    .enumerate()
    {
        let time = START + second as i64;
        let query = format!("id={BAND}&token={TOKEN}&timestamp={time}&{said}");
        assert_eq!(get(world.addr, &query).await.counts(), (1, 0, 0), "{said}");
    }
}

#[tokio::test]
async fn a_batch_is_taken_in_part_and_says_which_part_not() {
    let world = World::open().await;
    let good = |second: i64| json!({ "time": START + second * 1_000, "lat": 28.15, "lon": 113.6, "datum": "wgs84" });
    let with = |name: &str, value: Json| {
        let mut fix = good(9);
        fix[name] = value;
        fix
    };
    let fixes = json!([
        good(2),
        with("lat", json!(91)),
        good(1),
        with("datum", Json::Null),
        with("spede", json!(1)),
        17,
        with("lat", json!([28.15])),
        good(1),
        with("time", json!(START - 50 * DAY)),
        good(0),
    ]);
    let body = json!({ "terminal": BAND, "fixes": fixes });
    let answer = batch(world.addr, TOKEN, &body).await;
    assert_eq!(answer.counts(), (3, 1, 6));
    let answer = answer.json();
    let refused: Vec<_> = answer["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["index"].as_u64().unwrap(),
                line["rule"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        refused,
        [
            (1, "latitude_range"),
            (3, "datum_missing"),
            (4, "form"),
            (5, "form"),
            (6, "form"),
            (8, "unbound")
        ]
    );
    assert_eq!(world.fixes().await.len(), 3);
    let again = batch(world.addr, TOKEN, &body).await;
    assert_eq!(again.counts(), (0, 4, 6));
}

#[tokio::test]
async fn requests_that_are_no_reports_are_400_and_change_nothing() {
    let world = World::open().await;
    let device = format!("id={BAND}&token={TOKEN}");
    for query in [
        String::new(),
        "timestamp=1772413200&lat=28.15&lon=113.6".into(),
        format!("{device}&lat=28&lat=29&lon=113.6"),
        format!("{device}&id=band-2&lat=28&lon=113.6"),
        format!("{device}&lat=%ff&lon=113.6"),
        format!("{device}&lat=%2&lon=113.6"),
        format!("{device}&lat=%zz&lon=113.6"),
        "id=band%00-1&lat=28&lon=113.6".into(),
        format!("id={}&lat=28&lon=113.6", "x".repeat(65)),
    ] {
        get(world.addr, &query).await.refused(400, "bad_request");
    }
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    for body in [
        String::new(),
        "{".into(),
        "[]".into(),
        "null".into(),
        "{}".into(),
        "\u{0}".into(),
        format!(r#"{{"terminal":"{BAND}"}}"#),
        format!(r#"{{"terminal":"{BAND}","fixes":[]}}"#),
        format!(r#"{{"terminal":"{BAND}","fixes":[1],"fixes":[2]}}"#),
        format!(r#"{{"terminal":"{BAND}","fixes":[1],"role":"CTY_HEAD"}}"#),
        format!(r#"{{"terminal":"{BAND}","fixes":[{{"lat":1,"lat":2}}]}}"#),
        format!(r#"{{"terminal":"{BAND}","fixes":[{{"lat":NaN}}]}}"#),
        format!(r#"{{"terminal":"{BAND}","fixes":{open}1{close}}}"#),
        format!(r#"{{"terminal":"{BAND}","fixes":[1]}} x"#),
        r#"{"fixes":[1]}"#.into(),
    ] {
        let answer = send(world.addr, ("POST", "/v1/fixes"), "", body.as_bytes()).await;
        answer.refused(400, "bad_request");
    }
    assert!(world.fixes().await.is_empty());
    assert!(kept_reports(world.store(), BAND).unwrap().is_empty());
}

#[tokio::test]
async fn what_is_too_much_is_turned_away_before_it_is_read() {
    let world = World::open().await;
    let long = format!("{}&x={}", report(START, HOME), "y".repeat(QUERY_BYTES_MAX));
    get(world.addr, &long).await.refused(414, "too_large");
    let said = format!(
        "POST /v1/fixes HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        BODY_BYTES_MAX + 1
    );
    raw(world.addr, said.as_bytes())
        .await
        .refused(413, "too_large");
    let chunk = format!("10000\r\n{}\r\n", "z".repeat(0x10000));
    let chunked = format!(
        "POST /v1/fixes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{}",
        chunk.repeat(17)
    );
    raw(world.addr, chunked.as_bytes())
        .await
        .refused(413, "too_large");
    let body = json!({ "terminal": BAND, "fixes": vec![1; BATCH_MAX + 1] });
    batch(world.addr, TOKEN, &body)
        .await
        .refused(413, "too_large");
    let zipped = send(
        world.addr,
        ("POST", "/v1/fixes"),
        "Content-Encoding: gzip\r\n",
        b"x",
    )
    .await;
    zipped.refused(415, "compressed");
    assert_eq!(send(world.addr, ("PUT", "/"), "", b"").await.status, 405);
    assert_eq!(
        send(world.addr, ("GET", "/api/v1/cases"), "", b"")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_device_that_sends_nonsense_without_end_fills_no_more_than_its_share() {
    let world = World::open().await;
    for round in 0..3 {
        world.advance(60_000);
        let nonsense =
            |at: usize| json!({ "time": START, "lat": 91 + round * BATCH_MAX + at, "lon": 0 });
        let fixes: Vec<_> = (0..BATCH_MAX).map(nonsense).collect();
        let body = json!({ "terminal": BAND, "fixes": fixes });
        assert_eq!(
            batch(world.addr, TOKEN, &body).await.counts(),
            (0, 0, BATCH_MAX)
        );
    }
    let kept = kept_reports(world.store(), BAND).unwrap();
    assert_eq!(kept.len(), KEPT_MAX);
    assert!(
        kept.iter().all(|row| row.received_at == world.now()),
        "the newest stay"
    );
}
