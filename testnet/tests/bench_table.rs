//! `testnet bench` as a process: the table has its form, and what no clock has a part in holds at any
//! size.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_testnet::bench::{Launch, LaunchError, launch as launch_now};
use serde_json::Value;
use std::process::Command;

const FIELDS: [&str; 12] = [
    "section",
    "what",
    "size",
    "figure",
    "unit",
    "against",
    "against_figure",
    "ratio",
    "better",
    "goal",
    "timed",
    "met",
];

fn bench(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_testnet"))
        .arg("bench")
        .args(args)
        .output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    assert_eq!(said, "");
    String::from_utf8(output.stdout).unwrap()
}

fn figures(args: &[&str]) -> Vec<Value> {
    let json: Value = serde_json::from_str(&bench(args)).unwrap();
    assert_eq!(json["form"], 1);
    json["figures"].as_array().unwrap().clone()
}

/// Size and figure of one row at every size, against one peer.
fn of(figures: &[Value], what: &str, against: &str) -> Vec<(u64, f64)> {
    let rows = figures
        .iter()
        .filter(|row| row["what"] == what && row["against"] == against);
    rows.map(|row| {
        (
            row["size"].as_u64().unwrap(),
            row["figure"].as_f64().unwrap(),
        )
    })
    .collect()
}

#[test]
fn every_figure_stands_beside_a_peer_or_a_limit() {
    let figures = figures(&["all", "--quick", "--json"]);
    let mut sections = Vec::new();
    for row in &figures {
        let names: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert!(
            FIELDS
                .iter()
                .all(|field| names.iter().any(|name| name == field)),
            "{row}"
        );
        assert_eq!(names.len(), FIELDS.len(), "{row}");
        let [figure, peer, ratio] =
            ["figure", "against_figure", "ratio"].map(|name| row[name].as_f64().unwrap());
        assert!(figure >= 0.0 && peer > 0.0, "{row}");
        assert!((ratio - figure / peer).abs() <= 1e-9 * ratio.abs(), "{row}");
        assert_ne!(row["against"], "");
        assert_eq!(row["met"].is_null(), row["goal"].is_null(), "{row}");
        sections.push(row["section"].as_str().unwrap().to_owned());
    }
    sections.dedup();
    assert_eq!(
        sections,
        [
            "reconcile",
            "watch",
            "supervise",
            "fold",
            "ingest",
            "seal",
            "start",
            "latency"
        ]
    );
}

#[test]
fn meeting_again_costs_the_same_however_many_dossiers_there_are() {
    let figures = figures(&["reconcile", "--quick", "--json"]);
    let unchanged = of(&figures, "unchanged: payload", "limit");
    assert_eq!(
        unchanged.iter().map(|row| row.0).collect::<Vec<_>>(),
        [40, 400]
    );
    assert!(unchanged.iter().all(|row| row.1 <= 100.0), "{unchanged:?}");
    for (what, against) in [
        ("unchanged: payload", "limit"),
        ("unchanged: messages", "automerge-repo 2.5"),
        ("unchanged: one-way flights", "limit: 1 round trip"),
        (
            "10 changed below: bytes beside envelopes",
            "limit: 60 B a change",
        ),
        ("10 changed below: messages", "an envelope a message"),
        (
            "10 changed below: one-way flights",
            "PouchDB 9, 10+10 of 1,000",
        ),
    ] {
        let rows = of(&figures, what, against);
        assert_eq!(rows.len(), 2, "{what}");
        assert_eq!(rows[0].1.to_bits(), rows[1].1.to_bits(), "{what}: {rows:?}");
    }
}

#[test]
fn goals_without_a_clock_are_met() {
    let figures = figures(&["reconcile", "--quick", "--json"]);
    let counted = figures
        .iter()
        .filter(|row| row["timed"] == false && !row["goal"].is_null());
    let missed: Vec<_> = counted.clone().filter(|row| row["met"] == false).collect();
    assert!(counted.count() >= 7);
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn columns_of_the_table_begin_at_the_same_place() {
    let text = bench(&["seal", "--quick"]);
    let lines: Vec<&str> = text.lines().collect();
    let (head, rule) = (lines[0], lines[1]);
    assert!(head.starts_with("section  what "), "{head}");
    assert!(rule.chars().all(|c| c == '-' || c == ' '), "{rule}");
    let against = head.chars().collect::<Vec<_>>();
    let against = against
        .windows(7)
        .position(|at| at.iter().collect::<String>() == "against");
    for line in &lines[2..lines.len() - 1] {
        let before = line.chars().nth(against.unwrap() - 1);
        assert_eq!(before, Some(' '), "{line}");
    }
    let last = lines[lines.len() - 1];
    assert!(last.ends_with(" missed"), "{last}");
}

#[test]
fn a_start_is_not_measured_where_something_answers_already() {
    // Held but not heard at, so that no process of another test takes the port.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let free = held.local_addr().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let start = |ready| {
        launch_now(&Launch {
            program: "true".into(),
            args: Vec::new(),
            ready,
        })
    };
    assert!(matches!(start(at), Err(LaunchError::Taken(there)) if there == at));
    assert!(matches!(start(free), Err(LaunchError::Ended(..))));
}
