//! Bytes at the doors of the rules: envelopes that were damaged, and areas and tracks of any shape.
//! The same inputs in every run; each is read and holds together, or is refused with a sentence.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "a test fails by panicking and reads its corpus from files"
)]

#[path = "corpus/random.rs"]
mod random;

use jiaolian_schema::admit::{AdmitError, Introduction, Introductions, admit};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Duty, Envelope};
use jiaolian_schema::fence::{Fences, read_fences};
use jiaolian_schema::fix::{Coord, Fix, Point, Source};
use jiaolian_schema::id::{AuthorId, EnvelopeId, OfficeId};
use jiaolian_schema::suite::{Ed25519Signer, Sign, StrictVerifier, Verify};
use jiaolian_schema::watch::{WatchState, events};
use random::Xorshift;
use std::collections::BTreeSet;
use std::f64::consts::TAU;
use std::io::Read as _;
use std::sync::Arc;

const ENVELOPES: usize = 40_000;
const AREAS: usize = 1_500;

fn corpus() -> Vec<Vec<u8>> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    [
        "envelope_act.cbor",
        "envelope_receipt.cbor",
        "envelope_edit.cbor",
    ]
    .map(|name| {
        let mut bytes = Vec::new();
        let mut file = std::fs::File::open(dir.join(name)).unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    })
    .into()
}

/// Whoever asks is known: seeds 1 to 3, as staff, witness and keeper.
struct Book;

impl Introductions for Book {
    fn introduction(&self, author: AuthorId) -> Option<Introduction> {
        let duties = [(1, Duty::Staff), (2, Duty::Witness), (3, Duty::Keeper)];
        let all = duties.map(|(seed, duty)| Introduction {
            suite: 1,
            key: Ed25519Signer::from_seed(&[seed; 32]).public_key(),
            office: OfficeId([1; 16]),
            duty,
        });
        all.into_iter().find(|one| one.author() == author)
    }
}

/// Signatures are left out, so that what lies behind them is reached.
struct Trusting;

impl Verify for Trusting {
    fn verify(&self, _: u8, _: &[u8], _: &[u8], _: &[u8; 64]) -> bool {
        true
    }

    fn knows(&self, suite: u8) -> bool {
        suite == 1
    }
}

fn mutate(dice: &mut Xorshift, bytes: &mut Vec<u8>) {
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len());
        match dice.below(6) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => {
                bytes[at] =
                    dice.pick(&[0, 1, 0x17, 0x18, 0x1B, 0x3B, 0x7F, 0x9B, 0xBF, 0xF6, 0xFF]);
            }
            2 => bytes.insert(at, dice.next() as u8),
            3 => {
                bytes.remove(at);
            }
            4 => {
                let end = (at + dice.below(12)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes.truncate(at),
        }
        if bytes.is_empty() {
            bytes.push(0xA0);
        }
    }
}

/// The body of a damaged envelope fits its head again, so that the body is read too.
fn mend(envelope: &mut Envelope) {
    let (Ok(mut head), Some(body)) = (envelope.parse_head(), &envelope.body) else {
        return;
    };
    head.body_hash.0 = jiaolian_schema::id::sha256(&[body]);
    envelope.head = canon::encode(&head);
}

#[test]
fn envelopes_that_were_damaged_are_refused_or_other_envelopes() {
    let corpus = corpus();
    let honest: BTreeSet<EnvelopeId> = corpus
        .iter()
        .map(|bytes| {
            canon::decode::<Envelope>("an envelope", bytes)
                .unwrap()
                .id()
        })
        .collect();
    let mut dice = Xorshift(0x0dd_ba11);
    let (mut read, mut admitted, mut kinds) = (0, 0, BTreeSet::new());
    for round in 0..ENVELOPES {
        let bytes = &corpus[dice.below(corpus.len())];
        let mut envelope: Envelope = canon::decode("an envelope", bytes).unwrap();
        match round % 4 {
            0 => {
                let mut damaged = bytes.clone();
                mutate(&mut dice, &mut damaged);
                let Ok(other) = canon::decode("an envelope", &damaged) else {
                    continue;
                };
                envelope = other;
            }
            1 => mutate(&mut dice, &mut envelope.head),
            _ => {
                let body = envelope.body.as_mut().unwrap();
                mutate(&mut dice, body);
                mend(&mut envelope);
            }
        }
        read += 1;
        let strict = admit(envelope.clone(), &Book, &StrictVerifier);
        if let Ok(sound) = &strict {
            assert!(
                honest.contains(&sound.id()),
                "a forgery passed: {envelope:?}"
            );
        }
        match admit(envelope.clone(), &Book, &Trusting) {
            Ok(sound) => {
                admitted += 1;
                assert_eq!(sound.id(), envelope.id());
                let fact = sound.fact().map(canon::encode);
                let again = fact
                    .map(|bytes| canon::decode::<jiaolian_schema::fact::Fact>("a fact", &bytes));
                assert!(again.is_none_or(|fact| fact.as_ref() == Ok(sound.fact().unwrap())));
            }
            Err(error) => {
                let text = error.to_string();
                assert!(!text.is_empty() && text.len() < 400, "{text}");
                kinds.insert(word(&error));
            }
        }
    }
    println!("{read} read, {admitted} would pass with a right signature, refused as {kinds:?}");
    assert!(
        read > ENVELOPES / 2 && admitted > 100 && kinds.len() > 8,
        "{kinds:?}"
    );
}

fn word(error: &AdmitError) -> String {
    let text = format!("{error:?}");
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// A ring that may cross itself, be a point, turn back, reach round the earth.
fn ring(dice: &mut Xorshift) -> String {
    let corners = dice.pick(&[0, 1, 2, 3, 3, 4, 4, 5, 6, 9, 40]);
    let middle = dice.pick(&[
        (113.0, 28.0),
        (112.0, 27.5),
        (114.0, 29.0),
        (179.99, 0.0),
        (0.0, 0.0),
        (-180.0, -90.0),
    ]);
    let size = dice.pick(&[0.0, 1e-7, 0.001, 0.05, 0.05, 0.2, 2.0, 400.0]);
    let mut points: Vec<String> = (0..corners)
        .map(|corner| {
            let turn = f64::from(corner) / f64::from(corners.max(1)) * TAU;
            let wild = if dice.below(40) == 0 {
                dice.below(100) as f64 / 50.0 - 1.0
            } else {
                1.0
            };
            let (x, y) = (
                middle.0 + size * wild * turn.cos(),
                middle.1 + size * wild * turn.sin(),
            );
            match dice.below(200) {
                0 => "[null,1]".to_owned(),
                1 => format!("[{x},{y},1e400]"),
                2 => "[]".to_owned(),
                _ => format!("[{x},{y}]"),
            }
        })
        .collect();
    if dice.below(20) != 0 {
        points.extend(points.first().cloned());
    }
    format!("[{}]", points.join(","))
}

fn collection(dice: &mut Xorshift) -> String {
    let rings: Vec<String> = (0..=dice.below(3)).map(|_| ring(dice)).collect();
    let geometry = match dice.below(8) {
        0 => format!(
            "{{\"type\":\"MultiPolygon\",\"coordinates\":[[{}]]}}",
            rings.join("],[")
        ),
        1 => format!("{{\"type\":\"LineString\",\"coordinates\":{}}}", rings[0]),
        2 => "null".to_owned(),
        _ => format!("{{\"type\":\"Polygon\",\"coordinates\":[{}]}}", rings[0]),
    };
    let kind = dice.pick(&[
        "keep_in", "keep_out", "keep_in", "keep_in", "keep_out", "keep_up",
    ]);
    let buffer = dice.pick(&[
        "0", "100", "50", "100", "50", "100", "-1", "1e9", "null", "\"x\"",
    ]);
    let datum = dice.pick(&["wgs84", "wgs84", "wgs84", "wgs84", "gcj02", "bd09", "nad27"]);
    format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[{{\"type\":\"Feature\",\"properties\":\
         {{\"id\":\"f\",\"kind\":\"{kind}\",\"buffer_m\":{buffer},\"datum\":\"{datum}\"}},\
         \"geometry\":{geometry}}}]}}"
    )
}

fn track(dice: &mut Xorshift) -> Vec<Fix> {
    let mut time = dice.pick(&[0, 1_772_413_200_000, i64::MAX / 2, i64::MIN / 2]);
    let (mut lat, mut lon) = (280_000_000, 1_130_000_000);
    (0..30)
        .map(|_| {
            time = time.saturating_add(dice.pick(&[0, 1, 1_000, 60_000, 86_400_000, -60_000]));
            match dice.below(5) {
                0 => {
                    (lat, lon) = (
                        dice.below(1_800_000_001) as i32 - 900_000_000,
                        dice.next() as i32,
                    );
                }
                1 => {
                    (lat, lon) = dice.pick(&[
                        (900_000_000, 1_800_000_000),
                        (-900_000_000, -1_800_000_000),
                        (0, 0),
                    ]);
                }
                _ => lon = lon.wrapping_add(dice.below(20_000) as i32 - 10_000),
            }
            let at =
                Coord::new(lat, lon).unwrap_or(Coord::new(280_000_000, 1_130_000_000).unwrap());
            let accuracy =
                dice.pick(&[None, Some(0), Some(10_000), Some(5_000_000), Some(u32::MAX)]);
            Fix {
                person: "p".to_owned(),
                point: Point::new(time, at, accuracy, Source::Gnss),
            }
        })
        .collect()
}

#[test]
fn areas_and_tracks_of_any_shape_are_judged_or_refused() {
    let mut dice = Xorshift(0xf00d);
    let (mut refused, mut judged, mut reasons) = (0, 0, BTreeSet::new());
    for _ in 0..AREAS {
        let text = collection(&mut dice);
        let fences = match read_fences(text.as_bytes()) {
            Ok(fences) => fences,
            Err(error) => {
                let said = error.to_string();
                assert!(!said.is_empty() && said.len() < 600, "{said}");
                let stem: String = said
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .take(40)
                    .collect();
                reasons.insert(stem);
                refused += 1;
                continue;
            }
        };
        assert!(fences.iter().all(|fence| fence.check().is_ok()), "{text}");
        let fences = Fences::new(fences.into_iter().map(Arc::new));
        let fixes = track(&mut dice);
        let mut watch = WatchState::default();
        for fix in &fixes {
            watch.step(fix, &fences, &[]);
        }
        // The same set in another order says the same.
        let mut turned = fixes.clone();
        turned.reverse();
        assert_eq!(
            events(&fixes, &fences, &[]),
            events(&turned, &fences, &[]),
            "{text}"
        );
        judged += 1;
    }
    println!(
        "{judged} judged, {refused} refused for {} reasons",
        reasons.len()
    );
    assert!(
        judged > AREAS / 30 && refused > AREAS / 30 && reasons.len() > 5,
        "{judged} {refused} {reasons:?}"
    );
}
