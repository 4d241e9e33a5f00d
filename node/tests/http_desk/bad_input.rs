//! The bad inputs that come to the pages' door, as raw bytes over a real socket, a row each with its
//! number in the catalogue: each gets the status that it should, none is answered with a fault, all
//! are counted, and the officer beside it works on.

use crate::client::Client;
use crate::office::Office;
use jiaolian_node::http::accept::Bounds;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MEMORY_KIB_MAX: u64 = 64 * 1024;
const MIB: usize = 1024 * 1024;
/// The door closes without a word.
const CLOSED: u16 = 0;

struct Row {
    number: u8,
    what: &'static str,
    bytes: Vec<u8>,
    /// Any of these; the parser of the protocol words some refusals itself.
    status: &'static [u16],
}

fn row(number: u8, what: &'static str, bytes: impl Into<Vec<u8>>, status: &'static [u16]) -> Row {
    Row {
        number,
        what,
        bytes: bytes.into(),
        status,
    }
}

/// A request that changes something, with whatever headers and body.
fn put(cookie: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "PUT /api/v1/drafts/a HTTP/1.1\r\nHost: a\r\nX-Jiaolian: 1\r\nCookie: {cookie}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn sized(cookie: &str, body: &[u8]) -> Vec<u8> {
    put(cookie, &format!("Content-Length: {}\r\n", body.len()), body)
}

fn get(cookie: &str, target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n")
        .into()
}

fn chunked(chunks: usize) -> Vec<u8> {
    let chunk = format!("10000\r\n{}\r\n", "z".repeat(0x10000));
    [chunk.repeat(chunks).as_bytes(), b"0\r\n\r\n"].concat()
}

fn bodies(cookie: &str) -> Vec<Row> {
    let nested = |open: &str, close: &str| {
        let (open, close) = (open.repeat(100_000), close.repeat(100_000));
        sized(
            cookie,
            format!("{{\"title\":\"a\",\"body\":{open}1{close}}}").as_bytes(),
        )
    };
    let json = |text: &str| sized(cookie, text.as_bytes());
    let streamed = put(cookie, "Transfer-Encoding: chunked\r\n", &chunked(40));
    let huge = put(cookie, "Content-Length: 4294967296\r\n", b"{");
    let endless = put(cookie, "Content-Length: 99999999999999999999\r\n", b"{");
    let both = put(
        cookie,
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"0\r\n\r\n",
    );
    let twice = put(cookie, "Content-Length: 2\r\nContent-Length: 9\r\n", b"{}");
    let form = put(
        cookie,
        "Content-Encoding: gzip\r\nContent-Length: 3\r\n",
        b"\x1f\x8b\x08",
    );
    let text = |bytes: &[u8]| [b"{\"title\":\"".as_slice(), bytes, b"\",\"body\":1}"].concat();
    vec![
        row(
            18,
            "2 MiB and more of JSON",
            sized(cookie, &vec![b' '; 2 * MIB + 1]),
            &[413],
        ),
        row(
            18,
            "the same in chunks that say no length",
            streamed,
            &[400],
        ),
        row(18, "4 GiB announced", huge, &[413]),
        row(
            18,
            "a length of twenty digits",
            endless,
            &[400, 413, CLOSED],
        ),
        row(19, "arrays 100,000 deep", nested("[", "]"), &[400]),
        row(19, "objects 100,000 deep", nested("{\"a\":", "}"), &[400]),
        row(
            20,
            "a key twice",
            json(r#"{"title":"a","title":"b","body":1}"#),
            &[400],
        ),
        row(
            20,
            "a key inside twice",
            json(r#"{"title":"a","body":{"x":1,"x":2}}"#),
            &[400],
        ),
        row(
            31,
            "a role in a field that is none",
            json(r#"{"title":"a","body":1,"role":"CTY_HEAD"}"#),
            &[400],
        ),
        row(20, "no JSON", json("{"), &[400]),
        row(
            20,
            "two values",
            json(r#"{"title":"a","body":1} {}"#),
            &[400],
        ),
        row(20, "NaN", json(r#"{"title":"a","body":NaN}"#), &[400]),
        row(
            17,
            "bytes that are no UTF-8",
            sized(cookie, &text(b"\xff\xfe")),
            &[400],
        ),
        row(
            17,
            "overlong UTF-8",
            sized(cookie, &text(b"\xc0\xaf")),
            &[400],
        ),
        row(
            17,
            "half a surrogate",
            json(r#"{"title":"\ud800","body":1}"#),
            &[400],
        ),
        row(
            17,
            "a control character",
            sized(cookie, &text(b"\x00")),
            &[400],
        ),
        row(16, "a compressed body", form, &[400, 415]),
        row(22, "a length and chunks", both, &[400, CLOSED]),
        row(22, "two lengths", twice, &[400, CLOSED]),
    ]
}

fn targets(cookie: &str) -> Vec<Row> {
    let absent = "00".repeat(32);
    let long = format!("/api/v1/cases?q={}", "y".repeat(200_000));
    vec![
        row(
            23,
            "a path that climbs",
            get(cookie, "/api/v1/cases/..%2f..%2fstore"),
            &[404],
        ),
        row(
            23,
            "a path that climbs in the open",
            get(cookie, "/assets/../../../etc/passwd"),
            &[404],
        ),
        row(
            23,
            "a zero byte in a path",
            get(cookie, "/assets/%00"),
            &[404],
        ),
        row(
            23,
            "overlong UTF-8 in a path",
            get(cookie, "/api/v1/cases/%c0%af"),
            &[400, 404],
        ),
        row(
            23,
            "half an escape",
            get(cookie, "/api/v1/cases/%2"),
            &[400, 404],
        ),
        row(
            23,
            "a raw space in a path",
            get(cookie, "/api/v1/ca ses"),
            &[400, CLOSED],
        ),
        row(
            28,
            "a case that is nowhere",
            get(cookie, &format!("/api/v1/cases/{absent}")),
            &[404],
        ),
        row(
            32,
            "ten thousand rows",
            get(cookie, "/api/v1/cases?limit=10000"),
            &[200],
        ),
        row(
            32,
            "fewer rows than none",
            get(cookie, "/api/v1/cases?limit=-1"),
            &[400],
        ),
        row(
            32,
            "a place in a list that is none",
            get(cookie, "/api/v1/cases?cursor=x"),
            &[400],
        ),
        row(
            20,
            "an unknown word in a query",
            get(cookie, "/api/v1/cases?admin=1"),
            &[400],
        ),
        row(
            23,
            "a target of 200,000 characters",
            get(cookie, &long),
            &[414, 431, CLOSED],
        ),
    ]
}

fn doors(cookie: &str) -> Vec<Row> {
    let lines = "X-A: b\r\n".repeat(200);
    let many = put(cookie, &format!("{lines}Content-Length: 2\r\n"), b"{}");
    let two_hosts = put(cookie, "Host: evil.example\r\nContent-Length: 2\r\n", b"{}");
    let bare = "POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}".to_string();
    let foreign = put(
        cookie,
        "Origin: http://evil.example\r\nContent-Length: 2\r\n",
        b"{}",
    );
    let null = put(cookie, "Origin: null\r\nContent-Length: 2\r\n", b"{}");
    let flood = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(),
        &[0; 9 * 1_000],
    ]
    .concat();
    let other = cookie.split('=').next().unwrap_or_default();
    let forged = |value: &str| get(&format!("{other}={value}"), "/api/v1/session");
    vec![
        row(23, "two hundred header lines", many, &[431, 400, CLOSED]),
        row(27, "two hosts", two_hosts, &[400, 403, 404]),
        row(27, "no guard header", bare, &[403]),
        row(27, "another site's page", foreign, &[403]),
        row(27, "a page without an origin", null, &[403]),
        row(26, "no cookie", get("", "/api/v1/session"), &[401]),
        row(26, "a made-up session", forged(&"ab".repeat(32)), &[401]),
        row(26, "a session that is no token", forged("../../x"), &[401]),
        row(
            26,
            "a session of 60,000 digits",
            forged(&"a".repeat(60_000)),
            &[401, 431, CLOSED],
        ),
        row(
            33,
            "HTTP/2 and a flood of empty frames",
            flood,
            &[400, 505, CLOSED],
        ),
        row(
            33,
            "an upgrade to HTTP/2",
            get(
                &format!("{cookie}\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"),
                "/healthz",
            ),
            &[200],
        ),
        row(
            22,
            "a lone line feed and binary noise",
            vec![0x0A, 0x16, 0x03, 0x01, 0xFF, 0x00],
            &[400, CLOSED],
        ),
    ]
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

/// The number of an own metric.
async fn counted(client: &Client, name: &str) -> u64 {
    let text = String::from_utf8(client.get("/metrics").await.body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name} is not in {text}"))
        .trim()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn rows_16_to_33_are_answered_as_they_should_be() {
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let client = Client::signed_in(&office, "T1").await;
    let cookie = client.cookie().to_owned();
    let good = json!({ "title": "x", "body": { "note": "未完" } });
    assert_eq!(client.put("/api/v1/drafts/kept", &good).await.status, 204);
    let refused = counted(&client, "jiaolian_http_refused_total ").await;
    let memory = resident_kib();
    let rows: Vec<Row> = [bodies(&cookie), targets(&cookie), doors(&cookie)]
        .into_iter()
        .flatten()
        .collect();
    let mut told = 0;
    for row in &rows {
        let story = format!("{} {}", row.number, row.what);
        let answer = client.raw(&row.bytes).await;
        let text = String::from_utf8_lossy(&answer.body);
        assert!(
            row.status.contains(&answer.status),
            "{story}: {} {text}",
            answer.status
        );
        assert!(answer.body.len() < 4_096 || answer.status == 200, "{story}");
        told += u64::from((400..500).contains(&answer.status) && answer.code() != "");
        let page = client.get(&format!("/api/v1/cases/{case}")).await;
        assert_eq!(page.status, 200, "the officer works on: {story}");
    }
    let grown = resident_kib().saturating_sub(memory);
    assert!(grown < MEMORY_KIB_MAX, "{grown} KiB more");
    let kept = client.get("/api/v1/drafts/kept").await.ok(200);
    assert_eq!(kept["body"], good["body"], "nothing stored is lost");
    assert_eq!(client.get("/api/v1/drafts").await.ok(200)["total"], 1);
    let counted = counted(&client, "jiaolian_http_refused_total ").await - refused;
    assert!(
        counted >= told && told > 25,
        "{counted} counted, {told} refused"
    );
    println!("{} rows, {grown} KiB more", rows.len());
}

#[tokio::test]
async fn row_21_headers_and_bodies_that_never_end_are_closed_and_hold_nobody_up() {
    let bounds = Bounds {
        header_wait_ms: 200,
        ..Bounds::STANDARD
    };
    let office = Office::open_with(bounds).await;
    let mut slow = Vec::new();
    for start in [
        "GET /api/v1/node HTTP/1.1\r\nHost:",
        "G",
        "",
        "GET / HTTP/1.1\r\nA: b\r\n",
    ] {
        let mut stream = TcpStream::connect(office.addr).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let client = Client::signed_in(&office, "T1").await;
    assert_eq!(client.get("/api/v1/today").await.status, 200);
    for mut stream in slow {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        assert!(!String::from_utf8_lossy(&all).starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn row_24_words_that_are_code_or_turn_around_are_stored_as_they_are() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "T1").await;
    for (number, text) in [
        "<script>alert(1)</script>",
        "'; DROP TABLE cases; --",
        "\u{202e}gnp.exe",
        "零\u{200b}宽\u{feff}字",
        "=cmd|' /C calc'!A0",
        "{{constructor.constructor('x')()}}",
        "\\u0000 \u{7f}",
        "𠮷野家 🙂 e\u{301}",
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/api/v1/drafts/text{number}");
        let draft = json!({ "title": text, "body": { "note": text } });
        assert_eq!(client.put(&path, &draft).await.status, 204, "{text}");
        let answer = client.get(&path).await;
        let head = answer.head.to_lowercase();
        assert!(head.contains("content-type: application/json"), "{head}");
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        let kept = answer.ok(200);
        assert_eq!(
            (&kept["title"], &kept["body"]["note"]),
            (&json!(text), &json!(text))
        );
    }
}

#[tokio::test]
async fn t10_a_foreign_case_a_minors_and_none_have_one_answer_on_every_road() {
    let office = Office::open().await;
    let foreign = office.case("李四", "other", 0).await.to_hex();
    let minor = office.case("小明", "township", 1).await.to_hex();
    let absent = "0e".repeat(32);
    let client = Client::signed_in(&office, "T1").await;
    let plain = |answer: crate::client::Answer| {
        let head = answer
            .head
            .lines()
            .filter(|line| !line.to_lowercase().starts_with("date:"));
        (
            answer.status,
            head.collect::<Vec<_>>().join("\n"),
            answer.body,
        )
    };
    let roads: [(&str, &str, Option<&str>); 8] = [
        ("GET", "/api/v1/cases/{id}", None),
        ("GET", "/api/v1/cases/{id}/texts", None),
        ("GET", "/api/v1/cases/{id}/records", None),
        ("GET", "/api/v1/cases/{id}/timeline", None),
        ("GET", "/api/v1/matters/{id}", None),
        ("GET", "/api/v1/alarms/{id}", None),
        (
            "PUT",
            "/api/v1/cases/{id}/texts/plan",
            Some(
                r#"{"base":"0000000000000000000000000000000000000000000000000000000000000000","value":"x"}"#,
            ),
        ),
        (
            "POST",
            "/api/v1/cases/{id}/events",
            Some(r#"{"event":"amend","fields":{},"section_id":null,"sign":null,"dry_run":true}"#),
        ),
    ];
    for (method, road, body) in roads {
        let ask = |id: &str| {
            let (client, path) = (client.clone(), road.replace("{id}", id));
            async move { plain(client.send(method, &path, body.map(str::as_bytes)).await) }
        };
        let none = ask(&absent).await;
        assert_eq!(none.0, 404, "{method} {road}");
        assert_eq!(ask(&foreign).await, none, "{method} {road}");
        assert_eq!(ask(&minor).await, none, "{method} {road}");
    }
}

/// Texts that are nearly the ones that a page sends.
fn damaged(number: u64, text: &str) -> Vec<u8> {
    const PIECES: [&str; 12] = [
        "null",
        "-1",
        "1e400",
        "[]",
        "{}",
        "\"",
        ",",
        "\\ud800",
        "\u{202e}",
        "true",
        ":",
        "\"role\":9,",
    ];
    let mut dice = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut below = |bound: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice % bound.max(1) as u64) as usize
    };
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=below(3) {
        let at = below(bytes.len());
        match below(4) {
            0 => bytes[at] = below(256) as u8,
            1 => {
                let piece = PIECES[below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
            2 => {
                let end = (at + below(20)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => bytes.truncate(at),
        }
        if bytes.is_empty() {
            bytes.push(b'{');
        }
    }
    bytes
}

#[tokio::test]
async fn bodies_that_were_damaged_are_never_a_fault() {
    const BODIES: u64 = 1_200;
    let office = Office::open().await;
    let case = office.case("张三", "township", 0).await;
    let client = Client::signed_in(&office, "T1").await;
    let page = client.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    let apply = crate::client::offer(&page, "apply:leave");
    let form = json!({ "event": apply["event"], "fields": { "from": "2026-03-04", "to": "2026-03-05",
        "purpose": "medical", "detail": "复查", "destination": "长沙" }, "section_id": apply["section"]["id"],
        "sign": null, "dry_run": true });
    let texts = client
        .get(&format!("/api/v1/cases/{case}/texts"))
        .await
        .ok(200);
    let text = json!({ "base": texts["items"][0]["version"], "value": "第一段。" });
    let draft = json!({ "title": "走访", "body": { "note": [1, 2.5, null, "x"] } });
    let roads = [
        ("POST", apply["post"].as_str().unwrap().to_owned(), form),
        ("PUT", format!("/api/v1/cases/{case}/texts/plan"), text),
        ("PUT", "/api/v1/drafts/a".to_owned(), draft),
        (
            "POST",
            "/api/v1/cases".to_owned(),
            json!({ "event": "open", "fields": {}, "section_id": null, "sign": null, "dry_run": true }),
        ),
    ];
    let mut refused = 0;
    for number in 0..BODIES {
        let (method, path, body) = &roads[number as usize % roads.len()];
        let body = damaged(number, &body.to_string());
        let answer = client.send(method, path, Some(&body)).await;
        let shown = String::from_utf8_lossy(&body);
        assert!(
            (200..500).contains(&answer.status),
            "{} {method} {path} {shown}",
            answer.status
        );
        if answer.status >= 400 {
            let error = &answer.json()["error"];
            let both =
                ["zh", "en"].map(|language| error["message"][language].as_str().map(str::len));
            assert!(!answer.code().is_empty(), "{error} {both:?} {shown}");
            refused += 1;
        }
    }
    println!("{BODIES} bodies, {refused} refused");
    assert!(refused > BODIES / 2, "{refused}");
    let page = client.get(&format!("/api/v1/cases/{case}")).await;
    assert_eq!(page.status, 200);
}
