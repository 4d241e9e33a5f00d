//! Who is let in: bound devices that show their token; strangers all hear the same, and not often.

use crate::client::{Answer, batch, get, raw, send};
use crate::world::{
    AMPLE, AWAY, BAND, BARE, DAY, HOME, LAPSED, START, TOKEN, World, driver, report,
};
use jiaolian_node::gateway::Limits;
use jiaolian_node::gateway::drive::{Driver, Load, drive};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn claim(terminal: &str, token: &str) -> String {
    format!("id={terminal}&token={token}&timestamp={START}&lat=28.15&lon=113.6")
}

/// All that tells one answer from another; the date is the clock's.
fn told(answer: &Answer) -> (u16, Vec<String>, Vec<u8>) {
    let lines = answer
        .head
        .lines()
        .filter(|line| !line.starts_with("date:"));
    (
        answer.status,
        lines.map(str::to_owned).collect(),
        answer.body.clone(),
    )
}

#[tokio::test]
async fn unknown_unbound_and_unproven_devices_hear_the_same() {
    let world = World::open_with(false, AMPLE).await;
    let unknown = told(&get(world.addr, &claim("band-77", TOKEN)).await);
    assert_eq!(unknown.0, 401);
    for (terminal, token) in [
        (BAND, "kQ3v-81mZ-pp0x-77Lx"),
        (BAND, ""),
        (LAPSED, TOKEN),
        (BARE, TOKEN),
        (BARE, ""),
        ("band-77", ""),
        ("张三", TOKEN),
        ("band-1%20", TOKEN),
    ] {
        let answer = get(world.addr, &claim(terminal, token)).await;
        assert_eq!(told(&answer), unknown, "{terminal} {token}");
    }
    let body = json!({ "terminal": BAND, "fixes": [{ "time": START, "lat": 91 }, 17] });
    let answer = batch(world.addr, "another token of this", &body).await;
    assert_eq!(
        told(&answer),
        unknown,
        "nor do bad reports tell strangers anything"
    );
    assert!(world.fixes().await.is_empty());
    let metrics = world.metrics.text(&[]);
    assert!(
        metrics.contains("jiaolian_gateway_bare_total 2\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("jiaolian_gateway_strangers_total 10\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("jiaolian_gateway_accepted_total 0\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_device_without_a_token_on_file_is_let_in_by_a_drill_only() {
    let drill = World::open().await;
    assert_eq!(get(drill.addr, &claim(BARE, "")).await.counts(), (1, 0, 0));
    get(drill.addr, &claim(BAND, ""))
        .await
        .refused(401, "unknown_device");
}

#[tokio::test]
async fn a_token_is_taken_from_the_header_the_query_the_form_and_the_json() {
    let world = World::open().await;
    let plain = |second: i64| {
        let time = START + second * 1_000;
        format!("id={BAND}&timestamp={time}&lat=28.15&lon=113.6")
    };
    let bearer = format!("Authorization: bearer {TOKEN}\r\n");
    let target = format!("/?{}", plain(0));
    let answer = send(world.addr, ("GET", &target), &bearer, b"").await;
    assert_eq!(answer.counts(), (1, 0, 0), "header");
    let target = format!("/?token={TOKEN}");
    let answer = send(world.addr, ("POST", &target), "", plain(1).as_bytes()).await;
    assert_eq!(answer.counts(), (1, 0, 0), "query");
    let form = format!("{}&token={TOKEN}", plain(2));
    let answer = send(world.addr, ("POST", "/"), "", form.as_bytes()).await;
    assert_eq!(answer.counts(), (1, 0, 0), "form");
    let body = json!({ "device_id": BAND, "token": TOKEN, "location": [
        { "timestamp": "2026-03-02T01:00:03Z", "coords": { "latitude": 28.15, "longitude": 113.6 } },
        { "timestamp": "2026-03-02T01:00:04Z", "coords": { "latitude": 28.15, "longitude": 113.6 } }] });
    let answer = send(world.addr, ("POST", "/"), "", body.to_string().as_bytes()).await;
    assert_eq!(answer.counts(), (2, 0, 0), "json");
}

#[tokio::test]
async fn backlog_of_a_binding_that_has_ended_is_still_taken_and_later_reports_are_not() {
    let world = World::open().await;
    let fix = |days: i64| json!({ "time": START - days * DAY, "lat": 28.15, "lon": 113.6, "datum": "wgs84" });
    let body = json!({ "terminal": LAPSED, "fixes": [fix(11), fix(9), fix(0)] });
    let answer = batch(world.addr, TOKEN, &body).await;
    assert_eq!(answer.counts(), (1, 0, 2));
    assert_eq!(answer.json()["refused"][0]["rule"], "unbound");
    let body = json!({ "terminal": LAPSED, "fixes": [fix(9), fix(0)] });
    batch(world.addr, TOKEN, &body)
        .await
        .refused(401, "unknown_device");
}

#[tokio::test]
async fn strangers_are_held_to_their_rate_and_known_devices_behind_them_are_not() {
    let limits = Limits {
        stranger_requests_s: 1,
        stranger_burst: 4,
        ..AMPLE
    };
    let world = World::open_with(false, limits).await;
    assert_eq!(
        get(world.addr, &report(START, HOME)).await.counts(),
        (1, 0, 0)
    );
    let mut statuses = Vec::new();
    for number in 0..40 {
        let answer = get(world.addr, &claim(&format!("guess-{number}"), TOKEN)).await;
        if answer.status == 429 {
            assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[0], 401);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(
        get(world.addr, &report(START, AWAY)).await.counts(),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn a_device_is_held_to_its_rate_and_what_is_turned_away_is_not_half_taken() {
    let limits = Limits {
        device_reports_s: 1,
        device_burst: 500,
        ..AMPLE
    };
    let world = World::open_with(true, limits).await;
    let batch_of = |from: i64, count: i64| {
        let fix =
            |at: i64| json!({ "time": START + at, "lat": 28.15, "lon": 113.6, "datum": "wgs84" });
        json!({ "terminal": BAND, "fixes": (from..from + count).map(fix).collect::<Vec<_>>() })
    };
    assert_eq!(
        batch(world.addr, TOKEN, &batch_of(0, 400)).await.counts(),
        (400, 0, 0)
    );
    let turned = batch(world.addr, TOKEN, &batch_of(400, 400)).await;
    turned.refused(429, "too_often");
    assert!(turned.head.contains("retry-after: "), "{}", turned.head);
    assert_eq!(world.fixes().await.len(), 400);
    assert_eq!(
        batch(world.addr, TOKEN, &batch_of(400, 90)).await.counts(),
        (90, 0, 0)
    );
    let metrics = world.metrics.text(&[]);
    assert!(
        metrics.contains("jiaolian_gateway_limited_total 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn many_reports_go_over_one_connection() {
    let world = World::open().await;
    let mut stream = TcpStream::connect(world.addr).await.unwrap();
    for second in 0..20 {
        let query = report(START + second * 1_000, HOME);
        let request = format!("GET /?{query} HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut buffer = [0; 4_096];
        let length = stream.read(&mut buffer).await.unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]);
        assert!(
            text.starts_with("HTTP/1.1 200") && text.contains("\"accepted\":1"),
            "{text}"
        );
    }
    assert_eq!(world.fixes().await.len(), 20);
}

#[tokio::test]
async fn many_devices_drive_it_at_once_and_nothing_that_was_acknowledged_is_missing() {
    const DEVICES: usize = 8;
    let world = World::with_people(DEVICES, true, AMPLE).await;
    let drivers = |from: usize| (from..DEVICES).map(driver).collect::<Vec<_>>();
    let single = Load {
        requests: 10,
        reports: 1,
        first_at: START - 60_000,
        around: (281_500_000, 1_136_000_000),
    };
    let driven = drive(world.addr, drivers(0), single).await.unwrap();
    assert_eq!(driven.accepted, 80);
    let many = Load {
        requests: 2,
        reports: 25,
        first_at: START,
        ..single
    };
    let driven = drive(world.addr, drivers(0), many).await.unwrap();
    assert_eq!(driven.accepted, 400);
    assert!(driven.per_s() > 0.0);
    assert_eq!(world.all_fixes().await, 480);
    assert_eq!(world.after_power_cut().await.all_fixes().await, 480);
    let stranger = Driver {
        token: "another token of this".into(),
        ..driver(0)
    };
    assert!(drive(world.addr, vec![stranger], single).await.is_err());
}

#[tokio::test]
async fn a_request_with_two_lengths_is_refused() {
    let world = World::open().await;
    let both = "POST /v1/fixes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n";
    let answer = raw(world.addr, both.as_bytes()).await;
    assert_eq!(answer.status, 400);
}
