//! The live pages of supervision in a browser, against a real node and the gateway that bands report
//! to: a map of thousands, the alarm queue beside it, the fence editor, the replay and the wall.

use crate::client::Client;
use crate::crowd::{Gate, amend_by, wearers};
use crate::office::{Office, PASSPHRASE, START};
use crate::page_story::{chromium, web_ui};
use jiaolian_node::owner::Node;
use jiaolian_schema::canon;
use jiaolian_schema::datum::Datum;
use jiaolian_schema::device::Regime;
use jiaolian_schema::fence::{Fence, FenceKind};
use jiaolian_schema::geo::{Coord, Shape};
use jiaolian_schema::id::DossierId;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// People on the map of a full county.
const CROWD: usize = 2_000;
/// Connections over which their bands report.
const RELAYS: usize = 8;
/// Where they live, degrees.
pub(crate) const HOME: (f64, f64) = (28.15, 113.6);

pub(crate) fn stories(office: &Office, theme: &str) -> Command {
    let shots = std::env::var_os("JIAOLIAN_SHOTS").map(PathBuf::from);
    let person = |number: &str| format!("{number}:{PASSPHRASE}");
    let mut stories = Command::new("npm");
    stories
        .args(["run", "--silent", "e2e"])
        .current_dir(web_ui())
        .env("JIAOLIAN_URL", format!("http://{}/", office.addr))
        .env("JIAOLIAN_THEME", theme)
        .env("JIAOLIAN_STAFF", person("T1"))
        .env("JIAOLIAN_HEAD", person("T2"))
        .env("JIAOLIAN_COUNTY", person("C2"))
        .env("JIAOLIAN_COUNTY_URL", format!("http://{}/", office.addr))
        .env("JIAOLIAN_CHROMIUM", chromium())
        .stdin(Stdio::null());
    if let Some(shots) = shots {
        stories.env("JIAOLIAN_SHOTS", shots);
    }
    stories
}

pub(crate) async fn play(mut stories: Command) -> String {
    let played = tokio::task::spawn_blocking(move || stories.output());
    let output = played.await.unwrap().expect("npm can be started");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(
        output.status.success(),
        "a live page does not hold:\n{said}"
    );
    said
}

/// Where a person is in a round: on a small circle, each on one of their own.
fn place(number: usize, round: u64) -> (f64, f64) {
    let (row, column) = (number / 50, number % 50);
    let angle = (round as f64 + number as f64) * 0.2;
    let lat = HOME.0 + (row as f64 - 20.) * 0.01 + 0.0005 * angle.sin();
    let lon = HOME.1 + (column as f64 - 25.) * 0.01 + 0.0005 * angle.cos();
    (lat, lon)
}

/// Bands report round after round until they are told to end; says how many reports were taken in.
async fn roam(office: Arc<Office>, gate: Arc<Gate>, ended: Arc<AtomicBool>) -> u64 {
    let reports = Arc::new(AtomicU64::new(0));
    let mut relays = Vec::new();
    for first in 0..RELAYS {
        let (gate, ended, reports) = (Arc::clone(&gate), Arc::clone(&ended), Arc::clone(&reports));
        let time = Arc::clone(&office.time);
        relays.push(tokio::spawn(async move {
            let mut relay = gate.relay().await;
            for round in 1.. {
                for number in (first..CROWD).step_by(RELAYS) {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let at = START + i64::try_from(round).unwrap() * 1_000;
                    time.fetch_max(at, Ordering::SeqCst);
                    relay.report(number, at, place(number, round)).await;
                    reports.fetch_add(1, Ordering::SeqCst);
                }
            }
        }));
    }
    for relay in relays {
        relay.await.unwrap();
    }
    reports.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_people_move_on_the_map_and_each_is_shown() {
    let office = Arc::new(Office::open().await);
    wearers(&office, CROWD, Regime::Band).await;
    let gate = Arc::new(Gate::open(&office).await);
    let ended = Arc::new(AtomicBool::new(false));
    let bands = tokio::spawn(roam(Arc::clone(&office), gate, Arc::clone(&ended)));
    let mut crowd = stories(&office, "crowd");
    crowd.env("JIAOLIAN_CROWD", CROWD.to_string());
    let said = play(crowd).await;
    ended.store(true, Ordering::SeqCst);
    let reports = bands.await.unwrap();
    println!("{said}{reports} reports were taken in by the gateway meanwhile");
}

/// A square around home, half a side of so many degrees.
fn square(half_deg: f64) -> Vec<[f64; 2]> {
    let corners = [(-1., -1.), (1., -1.), (1., 1.), (-1., 1.), (-1., -1.)];
    let corner = |(x, y): (f64, f64)| [HOME.1 + x * half_deg, HOME.0 + y * half_deg];
    corners.into_iter().map(corner).collect()
}

fn coord(lon: f64, lat: f64) -> Coord {
    Datum::Wgs84.place(lon, lat).unwrap()
}

pub(crate) fn home_fence() -> Vec<u8> {
    let corners = square(0.02);
    let ring = corners[..4].iter().map(|[lon, lat]| coord(*lon, *lat));
    let shape = Shape::new(vec![vec![ring.collect()]]).unwrap();
    canon::encode(&Fence::new("家", FenceKind::KeepIn, shape, 100_000).unwrap())
}

/// Six people, of whom the first three may not leave home.
async fn watched(office: &Office) -> Vec<DossierId> {
    let cases = wearers(office, 6, Regime::Band).await;
    let fenced = cases.clone();
    let fence = move |node: &mut Node| {
        for case in &fenced[..3] {
            amend_by(node, ("王所", "T2"), *case, "fence/家", home_fence());
        }
    };
    office.owner.call(fence).await.unwrap();
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_are_queued_heard_taken_replayed_and_counted_on_the_wall() {
    let office = Office::open().await;
    watched(&office).await;
    // A fence counts from its signing on, so what happens happens later.
    let now = START + 600_000;
    office.advance(600_000);
    let gate = Gate::open(&office).await;
    for number in 0..6 {
        // A few seconds before it is five minutes old.
        gate.relay().await.report(number, now - 290_000, HOME).await;
    }
    let mut queue = stories(&office, "queue");
    queue
        .env("JIAOLIAN_GATE", format!("http://{}", gate.addr))
        .env("JIAOLIAN_NOW", now.to_string());
    play(queue).await;
    // What was pinned to the wall read nothing else.
    let head = Client::signed_in(&office, "C2").await;
    let wall = head.get("/api/v1/wall").await.ok(200);
    let text = wall.to_string();
    assert!(!text.contains("对象0000"), "the wall names nobody: {text}");
    assert_eq!(wall["total"]["watched"], 6);
}

/// A fence of a case as it is kept.
async fn kept(client: &Client, name: &str) -> Json {
    let fences = client.get("/api/v1/map/fences").await.ok(200);
    let features = fences["features"].as_array().unwrap();
    let named = features
        .iter()
        .find(|one| one["properties"]["name"] == name);
    named
        .unwrap_or_else(|| panic!("no fence {name}: {fences}"))
        .clone()
}

/// The shape of a kept fence.
fn shape(feature: &Json) -> Shape {
    jiaolian_schema::fence::read_shape(&feature["geometry"], Datum::Wgs84).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_22_a_home_drawn_on_a_gcj_02_map_is_kept_where_it_is() {
    let office = Office::open().await;
    let cases = watched(&office).await;
    let real = square(0.01);
    let picture = |[lon, lat]: &[f64; 2]| {
        let (lon, lat) = Datum::Wgs84.convert(Datum::Gcj02, (*lon, *lat));
        [lon, lat]
    };
    let drawn: Vec<[f64; 2]> = real.iter().map(picture).collect();
    let mut editor = stories(&office, "fence");
    editor
        .env("JIAOLIAN_CASE", cases[3].to_hex())
        .env("JIAOLIAN_RING", json!(drawn).to_string());
    play(editor).await;

    let head = Client::signed_in(&office, "T2").await;
    let home = shape(&kept(&head, "住所").await);
    // A place 100 m inside the real western border, and its picture on the officer's map.
    let inside = (HOME.1 - 0.01 + 0.001_02, HOME.0);
    let (lon, lat) = Datum::Wgs84.convert(Datum::Gcj02, inside);
    let pictured = Datum::Gcj02.place(lon, lat).unwrap();
    assert!(home.holds(coord(inside.0, inside.1)));
    assert!(home.holds(pictured));
    // What is kept lies on the real border to a metre, not some 650 m beside it.
    let metre_deg = 0.000_01;
    for [lon, lat] in &real[..4] {
        let towards = |by: f64| {
            let (x, y) = ((lon - HOME.1).signum(), (lat - HOME.0).signum());
            coord(lon + by * x * metre_deg, lat + by * y * metre_deg)
        };
        assert!(home.holds(towards(-1.)) && !home.holds(towards(1.)));
    }
    let raw = Shape::new(vec![vec![
        drawn[..4]
            .iter()
            .map(|[lon, lat]| coord(*lon, *lat))
            .collect(),
    ]]);
    assert!(
        !raw.unwrap().holds(coord(inside.0, inside.1)),
        "kept without conversion the same place would be outside"
    );
}

/// A place in each of the six districts of 长沙, degrees.
const DISTRICTS: [(f64, f64); 6] = [
    (113.02, 28.21),
    (112.99, 28.09),
    (112.90, 28.20),
    (113.0, 28.27),
    (113.04, 28.11),
    (112.82, 28.36),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_districts_of_a_city_are_chosen_by_name_and_code_and_kept_as_one_home() {
    let office = Office::open().await;
    let cases = watched(&office).await;
    let mut editor = stories(&office, "county");
    editor.env("JIAOLIAN_CASE", cases[3].to_hex());
    play(editor).await;

    let head = Client::signed_in(&office, "T2").await;
    let kept = kept(&head, "长沙六区").await;
    assert_eq!(kept["properties"]["role"], "home");
    let home = shape(&kept);
    assert_eq!(home.parts().len(), 1, "neighbours become one part");
    for (lon, lat) in DISTRICTS {
        assert!(home.holds(coord(lon, lat)), "{lon} {lat}");
    }
    // 长沙县 and 浏阳 are of the same city and were not chosen.
    for (lon, lat) in [(113.2, 28.25), (113.63, 28.15)] {
        assert!(!home.holds(coord(lon, lat)), "{lon} {lat}");
    }
}
