//! Reports that no device sends: queries, forms and both kinds of JSON, damaged in every way. Each is
//! taken, refused by a rule, or turned away; what was stored before stays, and the next device is
//! served.

use crate::client::{get, send};
use crate::world::{BAND, HOME, START, TOKEN, World, report};
use serde_json::json;
use std::collections::BTreeMap;

const REPORTS: usize = 2_000;

struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

fn mutate(dice: &mut Xorshift, text: &str) -> Vec<u8> {
    const PIECES: [&str; 18] = [
        "NaN",
        "-1",
        "1e308",
        "91",
        "181",
        "\0",
        "%00",
        "%ff",
        "&lat=1",
        "null",
        "[]",
        "{}",
        "\"",
        "99999999999999999999",
        "true",
        "\u{202e}",
        "=",
        ",",
    ];
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=dice.below(2) {
        let at = dice.below(bytes.len());
        match dice.below(5) {
            0 => bytes[at] = dice.below(256) as u8,
            1 => {
                let piece = PIECES[dice.below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
            2 => {
                let end = (at + dice.below(12)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let digit = bytes.iter().skip(at).position(u8::is_ascii_digit);
                if let Some(digit) = digit {
                    let piece = PIECES[dice.below(PIECES.len())];
                    bytes.splice(at + digit..=at + digit, piece.bytes());
                }
            }
            _ => bytes.truncate(at.max(1)),
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
    bytes
}

#[tokio::test]
async fn reports_of_devices_are_read_or_refused() {
    let world = World::open().await;
    assert_eq!(
        get(world.addr, &report(START, HOME)).await.counts(),
        (1, 0, 0)
    );
    let before = world.fixes().await.remove(0);
    let fix =
        json!({ "time": START, "lat": 28.15, "lon": 113.6, "datum": "wgs84", "accuracy_m": 5 });
    let batch = json!({ "terminal": BAND, "token": TOKEN, "fixes": [fix, fix] }).to_string();
    let traccar = json!({ "device_id": BAND, "token": TOKEN, "location": {
        "timestamp": "2026-03-02T01:00:03Z",
        "coords": { "latitude": 28.15, "longitude": 113.6, "accuracy": 5, "speed": 1 } } })
    .to_string();
    let form = format!(
        "{}&accuracy=5&speed=3&altitude=9&batt=50",
        report(START + 1, HOME)
    );
    let mut dice = Xorshift(0x00de_71ce);
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for round in 0..REPORTS {
        if round % 100 == 0 {
            world.advance(60_000);
        }
        let (target, text) = match round % 3 {
            0 => ("/", &form),
            1 => ("/", &traccar),
            _ => ("/v1/fixes", &batch),
        };
        let body = mutate(&mut dice, text);
        let answer = send(world.addr, ("POST", target), "", &body).await;
        assert!(
            matches!(answer.status, 200 | 400 | 401 | 413 | 415 | 429),
            "{} {}",
            answer.status,
            String::from_utf8_lossy(&body)
        );
        *statuses.entry(answer.status).or_default() += 1;
    }
    println!("{REPORTS} reports: {statuses:?}");
    assert!(statuses.len() >= 3, "{statuses:?}");
    assert!(
        world.fixes().await.contains(&before),
        "nothing stored is lost"
    );
    world.advance(3_600_000);
    let next = report(world.now(), HOME);
    assert_eq!(get(world.addr, &next).await.counts(), (1, 0, 0));
}
