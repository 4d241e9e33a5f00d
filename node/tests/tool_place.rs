//! The toolbox as other people's scripts meet it: processes, lines and exit statuses.

#![allow(clippy::unwrap_used, reason = "a test may end by panicking")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

struct Answered {
    out: String,
    err: String,
    status: i32,
}

fn run(arguments: &[&str], input: &[u8]) -> Answered {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jiaolian"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A run that is refused does not read its input.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Answered {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap(),
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn square(west: f64, south: f64, size: f64) -> Value {
    let (east, north) = (west + size, south + size);
    json!({"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]})
}

fn fence(properties: &Value, geometry: &Value) -> Value {
    json!({"type": "Feature", "properties": properties, "geometry": geometry})
}

fn collection(features: &[Value]) -> String {
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

fn home() -> Value {
    let properties = json!({"id": "家", "kind": "keep_in", "datum": "wgs84", "note": "ignored"});
    fence(&properties, &square(111.4, 27.6, 0.1))
}

const HEADER: &str = "person,time,lat,lon,accuracy_m,source\n";

#[test]
fn datum_answers_each_line_and_names_the_bad_ones() {
    let input = b"111.435,27.686\r\nabc\n\n200,3\n1,2,3\n 113.643 , 28.164\n\xff,1\n2.35,48.85";
    let found = run(&["datum", "--from", "wgs84", "--to", "gcj02"], input);
    let lines: Vec<&str> = found.out.lines().collect();
    assert_eq!(lines[0], "111.4406593,27.6828590");
    assert_eq!(lines[5], "113.6484645,28.1605120");
    assert_eq!(lines[7], "2.3500000,48.8500000");
    for bad in [1, 2, 3, 4, 6] {
        assert!(
            lines[bad].starts_with('!') && lines[bad].len() > 3,
            "{}",
            lines[bad]
        );
    }
    assert_eq!((lines.len(), found.status, found.err.as_str()), (8, 65, ""));
}

#[test]
fn datum_carries_back_what_it_carried() {
    for via in ["gcj02", "bd09", "cgcs2000"] {
        let there = run(
            &["datum", "--from", "wgs84", "--to", via],
            b"111.435,27.686\n-73.9,40.7\n",
        );
        let back = run(
            &["datum", "--from", via, "--to", "wgs84"],
            there.out.as_bytes(),
        );
        assert_eq!(back.status, 0);
        let line = back.out.lines().next().unwrap();
        let (lon, lat) = line.split_once(',').unwrap();
        let near = |text: &str, value: f64| (text.parse::<f64>().unwrap() - value).abs() < 3e-7;
        assert!(near(lon, 111.435) && near(lat, 27.686), "{via} {line}");
    }
}

#[test]
fn mistaken_command_lines_are_usage_errors() {
    assert_eq!(
        run(&["datum", "--from", "wgs85", "--to", "gcj02"], b"").status,
        64
    );
    assert_eq!(run(&["contains"], b"").status, 64);
    assert_eq!(run(&["--help"], b"").status, 0);
    let missing = run(&["contains", "--fences", "/nonexistent/fences"], b"1,2\n");
    assert_eq!((missing.status, missing.out.as_str()), (66, ""));
}

#[test]
fn contains_counts_the_edge_and_ignores_buffers() {
    let folder = Folder::new();
    let tiny = json!({"id": "tiny", "kind": "keep_in", "datum": "cgcs2000"});
    let fences = [home(), fence(&tiny, &square(111.4, 27.6, 0.0001))];
    let path = folder.write("fences", collection(&fences));
    let input = b"111.45,27.65\n111.4,27.6\n111.5,27.65\n111.50001,27.65\nx\n";
    let found = run(&["contains", "--fences", &path], input);
    let lines: Vec<&str> = found.out.lines().collect();
    assert_eq!(lines[..4], ["家", "家,tiny", "家", ""]);
    assert!(lines[4].starts_with('!'));
    assert_eq!(found.status, 65);
    let found = run(&["contains", "--json", "--fences", &path], b"111.4,27.6\n");
    assert_eq!(found.out, "{\"ok\":true,\"fences\":[\"家\",\"tiny\"]}\n");
}

/// Scenario 22.
#[test]
fn a_fence_drawn_on_a_shifted_map_holds_what_it_showed() {
    let folder = Folder::new();
    let (west, south) = (111.405_66, 27.596_86);
    let untagged = fence(
        &json!({"id": "F", "kind": "keep_in"}),
        &square(west, south, 0.1),
    );
    let path = folder.write("untagged", collection(&[untagged]));
    let found = run(&["contains", "--fences", &path], b"111.4,27.6\n");
    assert_eq!((found.status, found.out.as_str()), (65, ""));
    assert!(found.err.contains("datum"), "{}", found.err);

    let tagged = |datum: &str| {
        let properties = json!({"id": "F", "kind": "keep_in", "datum": datum});
        let path = folder.write(
            datum,
            collection(&[fence(&properties, &square(west, south, 0.1))]),
        );
        // 300 m inside the western border as it truly runs, near the middle of its height.
        run(&["contains", "--fences", &path], b"111.403,27.65\n").out
    };
    assert_eq!(tagged("gcj02"), "F\n");
    assert_eq!(tagged("wgs84"), "\n");
}

#[test]
fn replay_prints_bad_lines_then_events_and_judges_the_rest() {
    let folder = Folder::new();
    let fences = folder.write("fences", collection(&[home()]));
    let fixes = [
        "p,2026-03-02T08:00:00+08:00,27.65,111.51,15,gnss",
        "p,2026-03-02T08:00:00,27.65,111.51,15,gnss",
        ",2026-03-02T00:01:00Z,27.65,111.51,15,gnss",
        "p,2026-03-02T00:01:00Z,0,0,15,gnss",
        "p,2026-03-02T00:01:00Z,27.65,111.51,-1,gnss",
        "p,2026-03-02T00:01:00Z,27.65,111.51,NaN,gnss",
        "p,2026-03-02T00:01:00Z,90.1,111.51,15,gnss",
        "p,2026-03-02T00:01:00Z,27.65,180.1,15,gnss",
        "p,2026-03-02T00:01:00Z,27.65,111.51,15,gps",
        "p,2026-03-02T00:01:00Z,27.65,111.51",
        "\"p\",2026-03-02T00:01:00Z,27.65,111.51,,",
        "\"o\"\"q\",2026-03-02T00:01:00Z,27.65,111.45,,",
        "p,2026-03-02T00:03:00.2509Z,27.65,111.51,15,gnss",
    ];
    let fixes = folder.write("fixes", format!("{HEADER}{}\r\n", fixes.join("\r\n")));
    let found = run(&["replay", "--fences", &fences, "--fixes", &fixes], b"");
    let lines: Vec<&str> = found.out.lines().collect();
    for (line, number) in lines.iter().zip(3..12) {
        let bad: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&bad["ok"], &bad["line"]), (&json!(false), &json!(number)));
        assert!(line.starts_with(&format!("{{\"ok\":false,\"line\":{number},\"error\":\"")));
    }
    let event = "{\"person\":\"p\",\"fence\":\"家\",\"event\":\"exit\",\"time\":\"2026-03-02T00:00:00Z\",\
                 \"decided_at\":\"2026-03-02T00:03:00.250Z\"}";
    assert_eq!((lines.len(), lines[9], found.status), (10, event, 65));
}

#[test]
fn replay_refuses_a_run_with_a_bad_fence_permit_or_header() {
    let folder = Folder::new();
    let good_fences = folder.write("fences", collection(&[home()]));
    let good_fixes = folder.write(
        "fixes",
        format!("{HEADER}p,2026-03-02T00:00:00Z,27.65,111.51,15,gnss\n"),
    );
    let check = |fences: &str, fixes: &str, permits: Option<&str>| {
        let mut arguments = vec!["replay", "--fences", fences, "--fixes", fixes];
        arguments.extend(permits.into_iter().flat_map(|path| ["--permits", path]));
        let found = run(&arguments, b"");
        assert_eq!(
            (found.status, found.out.as_str()),
            (65, ""),
            "{}",
            found.err
        );
        assert!(!found.err.is_empty());
        found.err
    };
    for header in [
        "",
        "person,time,lat,lon\n",
        "person, time,lat,lon,accuracy_m,source\n",
    ] {
        check(&good_fences, &folder.write("header", header), None);
    }
    let bowtie =
        json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]});
    let wide = square(111.4, 27.6, 0.1);
    let with = |key: &str, value: Value| {
        let mut properties = json!({"id": "F", "kind": "keep_in", "datum": "wgs84"});
        properties[key] = value;
        fence(&properties, &wide)
    };
    let bad_fences = [
        vec![home(), home()],
        vec![fence(
            &json!({"id": "F", "kind": "keep_in", "datum": "wgs84"}),
            &bowtie,
        )],
        vec![with("kind", json!("keep"))],
        vec![with("id", json!(7))],
        vec![with("datum", json!("wgs72"))],
        vec![with("buffer_m", json!(5000.001))],
        vec![with("buffer_m", json!(-1))],
        vec![with("schedule", json!([]))],
        vec![fence(
            &json!({"id": "F", "kind": "keep_in", "datum": "wgs84"}),
            &Value::Null,
        )],
    ];
    for features in bad_fences {
        check(
            &folder.write("bad", collection(&features)),
            &good_fixes,
            None,
        );
    }
    let permit = |change: Value| {
        let mut permit =
            json!({"person": "p", "from": "2026-03-02", "to": "2026-03-03", "polygon": null});
        permit
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        json!([permit]).to_string()
    };
    for bad in [
        "{}".to_owned(),
        permit(json!({"from": "2026-03-02T08:00:00"})),
        permit(json!({"to": "2026-03-01"})),
        permit(json!({"person": ""})),
        permit(json!({"polygon": wide})),
        permit(json!({"revoked": "yesterday"})),
    ] {
        check(
            &good_fences,
            &good_fixes,
            Some(&folder.write("permits", bad)),
        );
    }
}

#[test]
fn a_keep_in_fence_that_could_never_be_cleared_is_refused_by_name_of_the_largest_buffer() {
    let folder = Folder::new();
    // 111 m tall and 98 m wide: 49 m deep.
    let properties = json!({"id": "cell", "kind": "keep_in", "datum": "wgs84"});
    let fences = folder.write(
        "fences",
        collection(&[fence(&properties, &square(111.4, 27.6, 0.001))]),
    );
    let fixes = folder.write("fixes", HEADER);
    let found = run(&["replay", "--fences", &fences, "--fixes", &fixes], b"");
    assert_eq!((found.status, found.out.as_str()), (65, ""));
    let largest = found
        .err
        .rsplit_once("works is ")
        .unwrap()
        .1
        .trim()
        .trim_end_matches(" m");
    let largest: f64 = largest.parse().unwrap();
    assert!((98.4..98.7).contains(&largest), "{}", found.err);
    for (buffer_m, status) in [(largest, 0), (largest + 0.2, 65)] {
        let properties =
            json!({"id": "cell", "kind": "keep_in", "datum": "wgs84", "buffer_m": buffer_m});
        let cell = fence(&properties, &square(111.4, 27.6, 0.001));
        let fences = folder.write("fences", collection(&[cell]));
        let found = run(&["replay", "--fences", &fences, "--fixes", &fixes], b"");
        assert_eq!(found.status, status, "{buffer_m} {}", found.err);
    }
}

#[test]
fn permits_lift_fences_by_civil_days_and_areas_of_any_datum() {
    let folder = Folder::new();
    let fences = folder.write("fences", collection(&[home()]));
    let minutes = |hour: u32| -> String {
        [0, 1, 3]
            .map(|minute| format!("p,2026-03-02T{hour:02}:0{minute}:00+08:00,27.65,111.51,15,\n"))
            .concat()
    };
    let fixes = folder.write("fixes", format!("{HEADER}{}{}", minutes(0), minutes(23)));
    let exits = |permit: Value| {
        let permits = folder.write("permits", json!([permit]).to_string());
        let arguments = [
            "replay",
            "--fences",
            &fences,
            "--fixes",
            &fixes,
            "--permits",
            &permits,
        ];
        let found = run(&arguments, b"");
        assert_eq!(found.status, 0, "{}", found.err);
        found.out.matches("\"exit\"").count()
    };
    let day = json!({"person": "p", "from": "2026-03-02", "to": "2026-03-02", "polygon": null});
    assert_eq!(exits(day.clone()), 0);
    let other = json!({"person": "q", "from": "2026-03-02", "to": "2026-03-02", "polygon": null});
    assert_eq!(exits(other), 1);
    let mut placed = day;
    placed["polygon"] = square(111.505, 27.6, 0.1);
    placed["datum"] = json!("wgs84");
    assert_eq!(exits(placed.clone()), 0);
    // On a shifted map the numbers mean places 540 m further west.
    placed["datum"] = json!("gcj02");
    assert_eq!(exits(placed.clone()), 0);
    placed["polygon"] = square(111.5145, 27.6, 0.1);
    assert_eq!(exits(placed.clone()), 0);
    placed["datum"] = json!("wgs84");
    assert_eq!(exits(placed), 1);
}
