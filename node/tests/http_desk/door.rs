//! What the door refuses: too much, too deep, too slow, from elsewhere, for others.

use crate::client::Client;
use crate::office::Office;
use jiaolian_node::http::accept::Bounds;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn foreign_minor_and_absent_cases_get_the_same_bytes() {
    let office = Office::open().await;
    let foreign = office.case("李四", "other", 0).await;
    let minor = office.case("小明", "township", 1).await;
    let client = Client::signed_in(&office, "T1").await;
    let absent = client
        .get(&format!("/api/v1/cases/{}", "00".repeat(32)))
        .await;
    for id in [
        foreign.to_hex(),
        minor.to_hex(),
        "zz".into(),
        "..%2f..".into(),
        "%00".into(),
    ] {
        let answer = client.get(&format!("/api/v1/cases/{id}")).await;
        assert_eq!((answer.status, &answer.body), (404, &absent.body), "{id}");
    }
    let list = client
        .get("/api/v1/cases?q=430181199003072312")
        .await
        .ok(200);
    assert_eq!(list["total"], 0);
    client
        .get(&format!("/api/v1/alarms/{foreign}"))
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn malformed_deep_doubled_and_oversized_bodies_are_refused() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "T1").await;
    let path = "/api/v1/drafts/a";
    for body in [
        String::new(),
        "{".into(),
        r#"{"title":"a","title":"b","body":1}"#.into(),
        r#"{"title":"a","body":1,"role":"CTY_HEAD"}"#.into(),
        format!(
            r#"{{"title":"a","body":{}1{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        ),
        "{\"title\":\"a\0\u{1}\",\"body\":\u{1}}".into(),
    ] {
        client
            .send("PUT", path, Some(body.as_bytes()))
            .await
            .refused(400, "bad_request");
    }
    let large = format!(
        r#"{{"title":"a","body":"{}"}}"#,
        "x".repeat(2 * 1024 * 1024)
    );
    client
        .send("PUT", path, Some(large.as_bytes()))
        .await
        .refused(413, "too_large");
    client
        .get("/api/v1/cases?nonsense=1")
        .await
        .refused(400, "bad_request");
    client
        .get("/api/v1/nothing")
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn a_request_with_two_lengths_or_none_that_is_known_is_refused() {
    let office = Office::open().await;
    let client = Client::new(&office);
    let lengths = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
    ];
    for lengths in lengths {
        let text = format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: a\r\nX-Jiaolian: 1\r\n{lengths}\r\nConnection: close\r\n\r\n\
             0\r\n\r\n"
        );
        let answer = client.raw(text.as_bytes()).await;
        assert_eq!(answer.code(), "bad_request", "{lengths}: {}", answer.head);
        assert_eq!(answer.status, 400);
    }
    for lengths in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: -1",
        "Transfer-Encoding: x",
    ] {
        let text = format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: a\r\nX-Jiaolian: 1\r\n{lengths}\r\n\r\n{{}}"
        );
        let answer = client.raw(text.as_bytes()).await;
        assert_eq!(answer.status, 400, "{lengths}: {}", answer.head);
    }
}

#[tokio::test]
async fn other_protocols_and_tricky_paths_get_nothing() {
    let office = Office::open().await;
    let client = Client::new(&office);
    let second = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let answer = client.raw(second).await;
    assert!(
        answer.status >= 400 || answer.status == 0,
        "{}",
        answer.head
    );
    for path in [
        "/..%2f..%2fetc%2fpasswd",
        "/assets/..%2f..%2foffice.json",
        "/assets/..",
        "/%2e%2e/ops.key",
        "/assets/%00",
        "/%c0%ae%c0%ae/ops.key",
        "/ops.key",
        "/lan.key",
        "/assets/a%0d%0aX-A:1",
        "//evil.example/",
        "/api/v1/../../ops.key",
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.head);
    }
}

#[tokio::test]
async fn changes_need_the_guard_header_and_the_own_origin() {
    let office = Office::open().await;
    let mut client = Client::signed_in(&office, "T1").await;
    let draft = json!({ "title": "x", "body": {} });
    let foreign = client.with("Origin", "http://evil.example");
    foreign
        .put("/api/v1/drafts/a", &draft)
        .await
        .refused(403, "origin_refused");
    let own = client.with("Origin", &format!("http://{}", office.addr));
    assert_eq!(own.put("/api/v1/drafts/a", &draft).await.status, 204);
    client.headers.clear();
    client
        .put("/api/v1/drafts/a", &draft)
        .await
        .refused(403, "origin_refused");
}

#[tokio::test]
async fn answers_carry_the_security_headers_and_are_not_stored() {
    let office = Office::open().await;
    let answer = Client::new(&office).get("/api/v1/node").await;
    let head = answer.head.to_lowercase();
    for line in [
        "content-security-policy: default-src 'none'; script-src 'self'",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-resource-policy: same-origin",
        "x-frame-options: deny",
    ] {
        assert!(head.contains(line), "{line} is not in {head}");
    }
    assert!(!head.contains("unsafe") && !head.contains('*'));
    // A refusal and a file wear them too.
    for path in ["/api/v1/cases", "/nothing", "/", "/metrics"] {
        let head = Client::new(&office).get(path).await.head.to_lowercase();
        assert!(
            head.contains("content-security-policy: default-src 'none'"),
            "{path}: {head}"
        );
    }
}

#[tokio::test]
async fn slow_bodies_hold_up_nobody_else() {
    let office = Office::open().await;
    let mut slow = Vec::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(office.addr).await.unwrap();
        let head = "POST /api/v1/session HTTP/1.1\r\nHost: a\r\nX-Jiaolian: 1\r\n\
                    Content-Length: 60\r\n\r\n{\"staff_number\":";
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    Client::signed_in(&office, "T1").await;
}

#[tokio::test]
async fn slow_headers_are_closed() {
    let bounds = Bounds {
        header_wait_ms: 100,
        ..Bounds::STANDARD
    };
    let office = Office::open_with(bounds).await;
    let mut stream = TcpStream::connect(office.addr).await.unwrap();
    stream
        .write_all(b"GET /api/v1/node HTTP/1.1\r\nHost:")
        .await
        .unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(!String::from_utf8_lossy(&all).starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn health_metrics_and_description_are_served() {
    let office = Office::open().await;
    let client = Client::new(&office);
    assert_eq!(client.get("/healthz").await.ok(200)["ok"], true);
    assert_eq!(client.get("/readyz").await.ok(200)["store"], true);
    let text = String::from_utf8(client.get("/metrics").await.body).unwrap();
    assert!(text.contains("jiaolian_http_requests_total"), "{text}");
    let document = client.get("/api/openapi.json").await.ok(200);
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/api/v1/cases/{id}/events",
        "/api/v1/matters",
        "/api/v1/events",
        "/api/v1/today",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
}

#[tokio::test]
async fn every_described_page_answers_with_a_status_that_it_declares() {
    let office = Office::open().await;
    office.case("张三", "township", 0).await;
    let client = Client::signed_in(&office, "C1").await;
    let document = client.get("/api/openapi.json").await.ok(200);
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(get) = methods.get("get") else {
            continue;
        };
        if path.ends_with("/events") {
            continue;
        }
        let absent = "00".repeat(32);
        let path = path.replace("{id}", &absent).replace("{key}", "absent");
        let path = if path.ends_with("/people") {
            path + "?reason=duty"
        } else {
            path
        };
        let answer = client.get(&path).await;
        let declared = get["responses"].as_object().unwrap();
        assert!(
            declared.contains_key(&answer.status.to_string()),
            "{path}: {}",
            answer.status
        );
        asked += 1;
    }
    assert!(asked >= 20, "{asked}");
}
