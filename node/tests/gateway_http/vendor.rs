//! A vendor's platform, played by a real HTTP server: its reports are fetched page by page or posted,
//! and what it sends badly holds nothing up.

use crate::client::{Answer, send};
use crate::world::{AMPLE, START, TOKEN, VENDED, VENDOR_TOKEN, World};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiaolian_node::certificate;
use jiaolian_node::config::VendorConfig;
use jiaolian_node::gateway::vendor::{Vendor, pull};
use jiaolian_node::gateway::{kept_reports, serve_with};
use jiaolian_node::http::accept;
use jiaolian_schema::datum::Datum;
use jiaolian_schema::signal::Sign;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value as Value_, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

const PULL_TOKEN: &str = "what-is-shown-to-the-vendor";
const PUSH_TOKEN: &str = "what-the-vendor-shows-to-us";

/// What the vendor has, page by page, and where it was asked from.
#[derive(Default)]
struct Platform {
    pages: BTreeMap<String, Value_>,
    asked: Vec<String>,
    /// Answers with this before any page.
    failures: Vec<u16>,
}

type Shared = Arc<Mutex<Platform>>;

async fn page(
    State(platform): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut platform = platform.lock().unwrap();
    if let Some(status) = platform.failures.pop() {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, "{ no JSON").into_response();
    }
    if headers["authorization"] != format!("Bearer {PULL_TOKEN}") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let from = query.get("since").cloned().unwrap_or_default();
    platform.asked.push(from.clone());
    let nothing = json!({ "data": { "next": from, "list": [] } });
    Json(platform.pages.get(&from).cloned().unwrap_or(nothing)).into_response()
}

/// A row of a minute at home, in the datum of Chinese maps.
fn row(terminal: &str, minute: i64) -> Value_ {
    let (lon, lat) = Datum::Wgs84.convert(Datum::Gcj02, (113.6, 28.15));
    json!({ "imei": terminal, "gps": { "at": START + minute * 60_000, "lat": lat, "lon": lon },
        "bat": 30, "alarm": { "strap": minute == 2 } })
}

fn answer(next: &str, list: &[Value_]) -> Value_ {
    json!({ "data": { "next": next, "list": list } })
}

fn secret(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::write(&path, format!("{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn config(dir: &Path, more: &str) -> VendorConfig {
    secret(dir, "binding", VENDOR_TOKEN);
    secret(dir, "pull", PULL_TOKEN);
    secret(dir, "push", PUSH_TOKEN);
    let dir = dir.display();
    let text = format!(
        "name = \"acme\"\nbinding_token_file = \"{dir}/binding\"\ntoken_file = \"{dir}/pull\"\n\
         push_token_file = \"{dir}/push\"\nrows = \"data.list\"\ncursor = \"data.next\"\n{more}\n\
         [map]\nterminal = \"imei\"\ntime = \"gps.at\"\nlat = \"gps.lat\"\nlon = \"gps.lon\"\n\
         battery_pct = \"bat\"\nsigns = {{ strap_open = \"alarm.strap\" }}\n"
    );
    toml::from_str(&text).unwrap()
}

/// Serves the platform; gives its address.
async fn platform(shared: &Shared, stop: &watch::Sender<bool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/positions", get(page))
        .with_state(Arc::clone(shared));
    let bounds = accept::Bounds::STANDARD;
    tokio::spawn(accept::serve(listener, router, bounds, stop.subscribe()));
    at
}

async fn until_asked(shared: &Shared, from: &str) {
    let asked = async {
        while !shared.lock().unwrap().asked.iter().any(|one| one == from) {
            tokio::task::yield_now().await;
        }
    };
    let asked = tokio::time::timeout(Duration::from_mins(1), asked).await;
    assert!(asked.is_ok(), "never asked from {from:?}");
}

#[tokio::test]
async fn pages_are_fetched_from_where_the_last_one_ended_and_bad_rows_hold_nothing_up() {
    let world = World::open_with(false, AMPLE).await;
    let shared = Shared::default();
    let (stop, stopped) = watch::channel(false);
    let at = platform(&shared, &stop).await;
    let first = [
        row(VENDED, 0),
        json!({ "imei": VENDED, "gps": { "at": START, "lat": 91, "lon": 113 } }),
        json!({ "gps": 7 }),
        json!("no row"),
        row("13999999999", 0),
        // A band that is bound with another token is not the vendor's to speak for.
        row(crate::world::BAND, 0),
        row(VENDED, 1),
    ];
    {
        let mut platform = shared.lock().unwrap();
        platform.failures = vec![500, 200];
        let pages = [
            ("", answer("a&b", &first)),
            ("a&b", answer("c", &[row(VENDED, 2)])),
        ];
        platform.pages = pages.map(|(from, page)| (from.to_owned(), page)).into();
    }
    let dir = tempfile::tempdir().unwrap();
    let more = format!("url = \"http://{at}/positions?since={{cursor}}\"\ndatum = \"gcj02\"");
    let open = |more: &str| {
        let vendor = Vendor::open(&config(dir.path(), more)).unwrap();
        Arc::new(vendor.every_ms(20))
    };
    let node = (world.owner.clone(), world.metrics.clone());
    let pulling = tokio::spawn(pull(open(&more), node, stopped));
    until_asked(&shared, "c").await;
    let fixes = world.fixes().await;
    let minutes: Vec<_> = fixes
        .iter()
        .map(|fix| (fix.point.time - START) / 60_000)
        .collect();
    assert_eq!(minutes, [0, 1, 2]);
    assert!(
        fixes
            .iter()
            .all(|fix| fix.point.at.lat().abs_diff(281_500_000) <= 1)
    );
    let strap: Vec<_> = fixes
        .iter()
        .map(|fix| fix.signs.unwrap().says(Sign::Strap))
        .collect();
    assert_eq!(strap, [Some(false), Some(false), Some(true)]);
    let kept = |name: &str| kept_reports(world.store(), name).unwrap();
    assert_eq!(kept(VENDED)[0].rule, "latitude_range");
    assert_eq!(kept("vendor:acme").len(), 2);
    assert!(kept(crate::world::BAND).is_empty());
    stop.send_replace(true);
    pulling.await.unwrap();

    // After a power cut it goes on from where the disk says, and asks for nothing again.
    let world = world.after_power_cut().await;
    shared.lock().unwrap().asked.clear();
    let (stop, stopped) = watch::channel(false);
    let late = platform(&shared, &stop).await;
    let more = more.replace(&at.to_string(), &late.to_string());
    let node = (world.owner.clone(), world.metrics.clone());
    let pulling = tokio::spawn(pull(open(&more), node, stopped));
    until_asked(&shared, "c").await;
    stop.send_replace(true);
    pulling.await.unwrap();
    assert!(shared.lock().unwrap().asked.iter().all(|from| from == "c"));
    assert_eq!(world.fixes().await.len(), 3);
}

#[tokio::test]
async fn a_vendor_posts_what_it_has_and_nobody_else_does() {
    let world = World::open_with(false, AMPLE).await;
    let dir = tempfile::tempdir().unwrap();
    let vendor = Vendor::open(&config(dir.path(), "datum = \"gcj02\"")).unwrap();
    let vendors = vec![Arc::new(vendor)];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let node = (world.owner.clone(), world.metrics.clone());
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move { serve_with(listener, node, AMPLE, &vendors, stopped).await });
    let post = async |name: &str, token: &str, body: &Value_| -> Answer {
        let headers = format!("Authorization: Bearer {token}\r\n");
        let target = format!("/v1/vendor/{name}");
        send(at, ("POST", &target), &headers, body.to_string().as_bytes()).await
    };
    let body = answer("", &[row(VENDED, 0), json!({}), row(VENDED, 1)]);
    for (name, token) in [
        ("acme", PULL_TOKEN),
        ("acme", VENDOR_TOKEN),
        ("acme", TOKEN),
        ("acme", ""),
        ("other", PUSH_TOKEN),
    ] {
        post(name, token, &body)
            .await
            .refused(401, "unknown_device");
    }
    assert_eq!(post("acme", PUSH_TOKEN, &body).await.counts(), (2, 0, 1));
    assert_eq!(post("acme", PUSH_TOKEN, &body).await.counts(), (0, 2, 1));
    let odd = post("acme", PUSH_TOKEN, &json!({ "data": 1 })).await;
    odd.refused(400, "bad_request");
    let many: Vec<_> = (0..1_001).map(|minute| row(VENDED, minute)).collect();
    let long = post("acme", PUSH_TOKEN, &answer("", &many)).await;
    long.refused(413, "too_large");
    assert_eq!(world.fixes().await.len(), 2);
    drop(stop);
}

#[test]
fn a_vendor_without_a_datum_a_sound_address_or_private_tokens_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (more, why) in [
        ("", "datum"),
        ("datum = \"mars\"", "\"mars\""),
        ("datum = \"wgs84\"\nurl = \"ftp://a/b\"", "ftp://a/b"),
        ("datum = \"wgs84\"\nurl = \"https://a/b\"", "ca_file"),
    ] {
        let error = Vendor::open(&config(dir.path(), more)).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let sound = config(dir.path(), "datum = \"wgs84\"");
    let path = dir.path().join("push");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = Vendor::open(&sound).unwrap_err();
    assert!(error.to_string().contains("0600"), "{error}");
}

/// A certificate in the form of files.
fn pem(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in der.chunks(3) {
        let bits = three
            .iter()
            .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= three.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

#[tokio::test]
async fn a_vendor_s_https_is_trusted_by_the_certificate_that_is_named_and_no_other() {
    let names = || vec!["localhost".to_owned()];
    let own = rcgen::generate_simple_self_signed(names()).unwrap();
    let other = rcgen::generate_simple_self_signed(names()).unwrap();
    let private = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(certificate::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], private)
        .unwrap();
    let shared = Shared::default();
    let page_of_one = answer("c", &[row(VENDED, 0)]);
    shared
        .lock()
        .unwrap()
        .pages
        .insert(String::new(), page_of_one);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new()
        .route("/positions", get(page))
        .with_state(Arc::clone(&shared));
    let (stop, stopped) = watch::channel(false);
    let bounds = accept::Bounds::STANDARD;
    let server = Arc::new(server);
    tokio::spawn(accept::serve_tls(
        listener,
        router,
        bounds,
        server,
        stopped.clone(),
    ));

    let world = World::open_with(false, AMPLE).await;
    let dir = tempfile::tempdir().unwrap();
    for (name, key) in [("other", &other), ("own", &own)] {
        std::fs::write(dir.path().join(name), pem(key.cert.der())).unwrap();
    }
    let open = |ca: &str| {
        let more = format!(
            "url = \"https://localhost:{port}/positions?since={{cursor}}\"\n\
             ca_file = \"{}/{ca}\"\ndatum = \"gcj02\"",
            dir.path().display()
        );
        Arc::new(
            Vendor::open(&config(dir.path(), &more))
                .unwrap()
                .every_ms(20),
        )
    };
    let node = || (world.owner.clone(), world.metrics.clone());
    let fooled = tokio::spawn(pull(open("other"), node(), stopped.clone()));
    let failed = async {
        while world.metrics.gateway.vendor_failed.load(Ordering::Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
    };
    let failed = tokio::time::timeout(Duration::from_mins(1), failed).await;
    assert!(failed.is_ok() && shared.lock().unwrap().asked.is_empty());
    fooled.abort();
    let pulling = tokio::spawn(pull(open("own"), node(), stopped));
    until_asked(&shared, "c").await;
    assert_eq!(world.fixes().await.len(), 1);
    stop.send_replace(true);
    pulling.await.unwrap();
}
