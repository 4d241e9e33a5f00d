//! An alarm is explained fix by fix, goes to a file, and is judged anew by the binary as a process;
//! a file in which one report was changed is found out.

use crate::client::{Client, offer};
use crate::office::Office;
use jiaolian_node::owner::Node;
use jiaolian_schema::bundle::Bundle;
use jiaolian_schema::explain::Exhibit;
use jiaolian_schema::fix::{Coord, Fix, Point, Source};
use jiaolian_schema::id::{PersonCode, sha256};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;

/// Exit status and lines of `jiaolian replay`.
fn replay(file: &Path, more: &[&str]) -> (i32, Vec<Json>) {
    let out = Command::new(env!("CARGO_BIN_EXE_jiaolian"))
        .arg("replay")
        .arg(file)
        .args(more)
        .env_clear()
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (out.status.code().unwrap(), lines.collect())
}

/// A person with a band who is two minutes inside, then outside for six, a minute apart, with one
/// poor fix among them.
async fn escaped(office: &Office) -> (Client, String) {
    let case = office.case("张三", "township", 0).await;
    let path = format!("/api/v1/cases/{case}");
    let head = Client::signed_in(office, "T2").await;
    let page = head.get(&path).await.ok(200);
    let area = json!({ "type": "Feature", "geometry": null,
        "properties": { "name": "a", "datum": "wgs84", "adcodes": ["430181"] } });
    let form = json!({ "name": "浏阳", "kind": "keep_in", "buffer_m": 100, "area": area });
    head.sign(offer(&page, "fence_set"), form).await.ok(201);
    crate::band_story::decide(office, case).await;
    crate::band_story::bind(office, case).await;
    let person = PersonCode(sha256(&["张三".as_bytes()])[..16].try_into().unwrap()).to_hex();
    let (inside, outside) = ((281_500_000, 1_136_000_000), (282_000_000, 1_129_000_000));
    for (number, accuracy) in [10, 10, 10, 10, 700, 10, 10, 10].into_iter().enumerate() {
        // A quarter of an hour lies between the county and the place far out.
        office.advance(if number == 2 { 1_500_000 } else { 60_000 });
        let time = office.time.load(Ordering::SeqCst);
        let (lat, lon) = if number < 2 { inside } else { outside };
        let at = Coord::new(lat, lon).unwrap();
        let fix = Fix {
            person: person.clone(),
            point: Point::new(time, at, Some(accuracy * 1_000), Source::Gnss),
        };
        let report = move |node: &mut Node| node.report(&fix, true).unwrap();
        office.owner.call(report).await.unwrap();
    }
    let duty = Client::signed_in(office, "C3").await;
    let today = duty.get("/api/v1/today").await.ok(200);
    let id = today["alarms"][0]["id"].as_str().unwrap().to_owned();
    (duty, id)
}

#[tokio::test]
async fn an_alarm_is_explained_by_every_fix_of_its_hours() {
    let office = Office::open().await;
    let (duty, id) = escaped(&office).await;
    let told = duty
        .get(&format!("/api/v1/alarms/{id}/explain"))
        .await
        .ok(200);
    assert_eq!(
        (&told["id"], &told["agrees"]),
        (&json!(id), &json!(true)),
        "{told}"
    );
    assert_eq!(told["differs"], json!([]));
    assert_eq!(told["kind"]["code"], "GEO_OUT");
    assert_eq!(told["fence"]["properties"]["buffer_mm"], 100_000);
    assert_eq!(told["decision"]["event"], "exit");
    assert_eq!(told["decision"]["decided_at"], told["decided_at"]);
    let fixes = told["fixes"].as_array().unwrap();
    let of = |key: &str| fixes.iter().map(|fix| fix[key].clone()).collect::<Vec<_>>();
    assert_eq!(fixes.len(), 8);
    let inaccurate = json!("inaccurate");
    let unused: Vec<Json> = of("unused");
    assert_eq!(
        unused.iter().filter(|cause| **cause == inaccurate).count(),
        1
    );
    assert_eq!(unused[4], inaccurate);
    let verdicts = of("verdict");
    assert_eq!(
        (&verdicts[0], &verdicts[2]),
        (&json!("clear"), &json!("candidate"))
    );
    let counts = [false, false, true, true, false, true, false, false].map(Json::from);
    assert_eq!(of("counts"), counts);
    assert_eq!(of("decides")[5], true);
    assert!(fixes[0]["distance_mm"].as_i64().unwrap() < 0);
    assert!(fixes[2]["distance_mm"].as_i64().unwrap() > 100_000);
    assert!(fixes[2]["why"]["zh"].as_str().unwrap().contains("界外"));
    let unknown = "0".repeat(64);
    let none = duty.get(&format!("/api/v1/alarms/{unknown}/explain")).await;
    assert_eq!(none.status, 404);
}

/// The same file with another exhibit.
fn again(bundle: &Bundle, exhibit: Exhibit) -> Vec<u8> {
    let versions = (bundle.rule_pack, bundle.fold_version);
    let (subject, made_at) = (bundle.subject, bundle.made_at);
    let envelopes = bundle.envelopes.clone();
    Bundle::new(bundle.root(), subject, made_at, versions, envelopes)
        .with_exhibit(exhibit)
        .to_bytes()
}

fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn an_alarms_file_is_replayed_without_the_node_and_a_changed_report_is_found_out() {
    let office = Office::open().await;
    let dir = tempfile::tempdir().unwrap();
    let (duty, id) = escaped(&office).await;
    let told = duty
        .get(&format!("/api/v1/alarms/{id}/explain"))
        .await
        .ok(200);
    let answer = duty
        .get(&format!("/api/v1/alarms/{id}/bundle?reason=alarm"))
        .await;
    assert_eq!(answer.status, 200);
    let file = put(dir.path(), "alarm", &answer.body);
    let (status, lines) = replay(&file, &["--alarm", &id]);
    assert_eq!(status, 0, "{lines:?}");
    let [decision, end] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(
        (&decision["event"], &decision["fence"]),
        (&json!("exit"), &told["decision"]["fence"])
    );
    assert_eq!((&end["agrees"], &end["counted"]), (&json!(true), &json!(3)));
    assert_eq!(replay(&file, &["--alarm", &"1".repeat(64)]).0, 65);

    let bundle = Bundle::parse(&answer.body).unwrap();
    let whole = bundle.exhibit().unwrap().clone();
    // The fix that decided, one that only counts, one that was clearly inside, and one left out.
    for changed in [5, 3, 0, 4] {
        let mut exhibit = whole.clone();
        let point = exhibit.reports[changed].point.as_mut().unwrap();
        point.at = Coord::new(point.at.lat() + 900, point.at.lon()).unwrap();
        let (status, lines) = replay(&put(dir.path(), "changed", &again(&bundle, exhibit)), &[]);
        assert_eq!(status, 1, "{changed}: {lines:?}");
        assert!(
            lines.iter().any(|line| line["differs"].is_string()),
            "{changed}: {lines:?}"
        );
        assert_eq!(lines.last().unwrap()["agrees"], false);
    }
    // Whoever also takes away what was said of the reports still can't move the signed proof.
    let mut exhibit = whole.clone();
    for kept in &mut exhibit.reports {
        kept.said = None;
    }
    exhibit.reports.remove(2);
    let (status, lines) = replay(&put(dir.path(), "thinned", &again(&bundle, exhibit)), &[]);
    assert_eq!(status, 1, "{lines:?}");
    let mut damaged = answer.body.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert_eq!(replay(&put(dir.path(), "damaged", &damaged), &[]).0, 65);
}

#[tokio::test]
async fn every_second_of_the_day_of_an_escape_is_accounted_for() {
    let office = Office::open().await;
    let (duty, id) = escaped(&office).await;
    let told = duty
        .get(&format!("/api/v1/alarms/{id}/explain"))
        .await
        .ok(200);
    let person = told["person"].as_str().unwrap();
    let path = format!("/api/v1/people/{person}/tally?day=2026-03-02&reason=alarm");
    let day = duty.get(&path).await.ok(200);
    let seconds = &day["seconds"];
    let unknown = seconds["unknown"].as_object().unwrap();
    let unknown: u64 = unknown.values().map(|n| n.as_u64().unwrap()).sum();
    let (compliant, violation) = (
        seconds["compliant"].as_u64().unwrap(),
        seconds["violation"].as_u64().unwrap(),
    );
    assert_eq!(compliant + violation + unknown, 86_400, "{day}");
    // Known up to now, and broken since the first fix outside.
    let broken = (day["until"].as_i64().unwrap() - told["time"].as_i64().unwrap()) / 1_000;
    assert!(
        violation.abs_diff(u64::try_from(broken).unwrap()) <= 1,
        "{day}"
    );
    assert!(compliant >= 1_500, "{day}");
    assert!(seconds["unknown"]["ahead"].as_u64().unwrap() > 0);
    let stretches = day["stretches"].as_array().unwrap();
    assert_eq!(
        (&stretches[0]["from"], &stretches[stretches.len() - 1]["to"]),
        (&json!(0), &json!(86_400))
    );
    for pair in stretches.windows(2) {
        assert_eq!(pair[0]["to"], pair[1]["from"]);
    }
    for wrong in ["2026-02-30", "20260302"] {
        let path = format!("/api/v1/people/{person}/tally?day={wrong}&reason=alarm");
        assert_eq!(duty.get(&path).await.status, 400, "{wrong}");
    }
    let path = format!(
        "/api/v1/people/{}/tally?day=2026-03-02&reason=alarm",
        "0".repeat(32)
    );
    assert_eq!(duty.get(&path).await.status, 404);
}
