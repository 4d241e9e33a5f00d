//! Files at the doors of the node: configurations, requests and answers carried by hand, values on
//! the disk. Damaged in every way, each is read whole, as what it was or as what it says, or refused
//! with a sentence; the same inputs in every run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "image/disk.rs"]
mod disk;

use disk::Dice;
use jiaolian_node::config::Config;
use jiaolian_node::request::{Answer, Request};
use jiaolian_node::seal::{CaseSecret, OpsKey, Place};
use jiaolian_schema::id::OfficeId;
use std::collections::BTreeSet;

const ROUNDS: u64 = 8_000;

const CONFIG: &str = r#"
[node]
data_dir = "data"
office_label = "青山司法所"

[http]
bind = "127.0.0.1:8080"
connections_max = 100

[link]
bind = "10.1.2.3:4433"
idle_s = 30

[[link.peers]]
id = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"
addrs = ["10.1.0.1:4433", "[fd00::1]:4433"]

[store]
cache_mib = 32

[supervision]
stale_authority_days = 9
"#;

/// A text or its bytes with some of them changed, doubled, moved, or of another piece.
fn mutate(dice: &mut Dice, from: &[u8], pieces: &[&str]) -> Vec<u8> {
    let mut bytes = from.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len() as u64) as usize;
        match dice.below(7) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = dice.roll() as u8,
            2 => {
                let piece = pieces[dice.below(pieces.len() as u64) as usize];
                bytes.splice(at..at, piece.bytes());
            }
            3 => {
                let end = (at + dice.below(30) as usize).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + dice.below(60) as usize).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() as u64) as usize;
                bytes.splice(to..to, piece);
            }
            5 => bytes.truncate(at),
            _ => {
                let digit = bytes.iter().position(u8::is_ascii_digit);
                if let Some(digit) = digit {
                    bytes.splice(digit..=digit, dice.roll().to_string().into_bytes());
                }
            }
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
    bytes
}

#[test]
fn configurations_are_read_whole_or_refused_with_a_line() {
    let pieces = [
        "[http]\n",
        "x = 1\n",
        "\"",
        "'''",
        "[[",
        "= -1",
        "= 1e9",
        "= nan",
        "\u{feff}",
        "\0",
        "#",
        "0.0.0.0:0",
        "{",
        "}",
        "\n\n",
        "= 99999999999999999999",
        "= 2026-02-30",
    ];
    let mut dice = Dice::new(1);
    let (mut read, mut lines) = (0, BTreeSet::new());
    for _ in 0..ROUNDS {
        let text = mutate(&mut dice, CONFIG.as_bytes(), &pieces);
        let text = String::from_utf8_lossy(&text);
        match Config::parse("jiaolian.toml", &text) {
            Ok(config) => {
                read += 1;
                assert!((15..=600).contains(&config.link.idle_s), "{text}");
                assert!(
                    (1..=10_000).contains(&config.http.connections_max),
                    "{text}"
                );
                assert!(!config.link.bind.ip().is_unspecified(), "{text}");
            }
            Err(error) => {
                let last = text.lines().count() + 1;
                assert!(error.line <= last, "{error}: {text}");
                let said = error.to_string();
                assert!(!error.reason.is_empty() && said.len() < 2_000, "{said}");
                lines.insert(error.line);
            }
        }
    }
    println!(
        "{read} of {ROUNDS} configurations read, mistakes at {} lines",
        lines.len()
    );
    assert!(read > 100 && lines.len() > 10, "{read} {lines:?}");
}

#[test]
fn requests_and_answers_are_read_or_refused() {
    let office = OfficeId([7; 16]);
    let request = Request::new(office, "青山司法所", "430000", 1, true).to_text();
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        "null",
        "1e999",
        "\\u0000",
        "\\ud800",
        "-1",
        "\"role\":1,",
        "00",
        "true",
    ];
    let mut dice = Dice::new(2);
    let (mut read, mut refused) = (0, BTreeSet::new());
    for round in 0..ROUNDS {
        let bytes = mutate(&mut dice, request.as_bytes(), &pieces);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match Request::parse(&text) {
            Ok(request) => {
                read += 1;
                // What was read says the same when it is written and read again.
                assert_eq!(
                    Request::parse(&request.to_text()).unwrap(),
                    request,
                    "{text}"
                );
            }
            Err(error) => {
                let said = error.to_string();
                assert!(!said.is_empty() && said.len() < 1_000, "{said}");
                refused.insert(said.chars().skip(24).take(20).collect::<String>());
            }
        }
        if round % 4 == 0 {
            let noise = if round % 8 == 0 {
                bytes
            } else {
                (0..dice.below(400)).map(|_| dice.roll() as u8).collect()
            };
            if let Err(error) = Answer::parse(&noise) {
                let said = error.to_string();
                assert!(!said.is_empty() && said.len() < 1_000, "{said}");
            }
        }
    }
    println!(
        "{read} of {ROUNDS} requests read, refused for {} reasons",
        refused.len()
    );
    assert!(read > 20 && refused.len() > 5, "{read} {refused:?}");
}

#[test]
fn sealed_values_open_as_they_were_or_not_at_all() {
    let (ops, case) = (OpsKey::from_bytes([4; 32]), CaseSecret::generate());
    let mut dice = Dice::new(3);
    let mut opened = 0;
    for round in 0..ROUNDS {
        let plain: Vec<u8> = (0..dice.below(300)).map(|_| dice.roll() as u8).collect();
        let key = round.to_be_bytes();
        let place = Place {
            table: (round % 40) as u8,
            key: &key,
        };
        let sealed = match round % 3 {
            0 => ops.seal(place, &plain),
            1 => case.seal(place, &plain),
            _ => case.public().seal(place, &plain),
        };
        let damaged = mutate(&mut dice, &sealed, &["\0", "xyz"]);
        for bytes in [&sealed, &damaged] {
            for found in [ops.open(place, bytes), case.open(place, bytes)]
                .into_iter()
                .flatten()
            {
                assert!(found == plain && *bytes == sealed, "round {round}");
                opened += 1;
            }
        }
    }
    assert!(opened >= ROUNDS, "{opened}");
}
