//! Batches of the usual fields with usual values, read without building a tree of them first. Whatever
//! is unusual is read by [`super::json`], which also says what is wrong with it: this reader gives the
//! same or nothing.

use super::form::{Sent, by_http, named};
use super::report::{Report, Said, SpeedUnit};
use super::turn::BATCH_MAX;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use std::collections::BTreeMap;
use std::fmt;

/// The batch of a body; none where the other reader is to read it.
pub(super) fn read_plain(body: &[u8]) -> Option<Sent> {
    let batch: Batch = serde_json::from_slice(body).ok()?;
    if !(1..=BATCH_MAX).contains(&batch.fixes.len()) {
        return None;
    }
    Some(Sent {
        terminal: named(batch.terminal.0).ok()?,
        token: None,
        reports: batch.fixes.into_iter().map(report).collect(),
        way: by_http(),
    })
}

/// Text of a scalar; none of null.
#[derive(Debug, Default)]
struct Scalar(Option<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    terminal: Scalar,
    fixes: Vec<PlainFix>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct PlainFix {
    time: Scalar,
    lat: Scalar,
    lon: Scalar,
    datum: Scalar,
    accuracy_m: Scalar,
    source: Scalar,
    satellites: Scalar,
    speed_mps: Scalar,
    valid: Scalar,
    mock: Scalar,
    live: Scalar,
    battery_pct: Scalar,
    charging: Scalar,
    motion: Scalar,
    event: Scalar,
    #[serde(deserialize_with = "number")]
    bearing_deg: Option<Number>,
    #[serde(deserialize_with = "number")]
    altitude_m: Option<Number>,
}

/// A number that is said; null is unusual.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Number>, D::Error> {
    Number::deserialize(from).map(Some)
}

fn report(fix: PlainFix) -> Report {
    let mut other = BTreeMap::new();
    let kept = [
        ("bearing_deg", fix.bearing_deg),
        ("altitude_m", fix.altitude_m),
    ];
    for (name, number) in kept {
        if let Some(number) = number {
            other.insert(name.to_owned(), number.to_string());
        }
    }
    Report::new(Said {
        time: fix.time.0,
        lat: fix.lat.0,
        lon: fix.lon.0,
        datum: fix.datum.0,
        accuracy: fix.accuracy_m.0,
        source: fix.source.0,
        satellites: fix.satellites.0,
        speed: fix.speed_mps.0,
        speed_unit: SpeedUnit::MetresPerSecond,
        valid: fix.valid.0,
        mock: fix.mock.0,
        live: fix.live.0,
        battery: fix.battery_pct.0,
        charging: fix.charging.0,
        motion: fix.motion.0,
        event: fix.event.0,
        other,
    })
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number is finite"))?;
        Ok(Scalar(Some(number.to_string())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::read_batch;
    use super::*;
    use crate::http::json::read_value;
    use proptest::prelude::*;

    fn check(body: &str) -> bool {
        let plain = read_plain(body.as_bytes());
        if let Some(plain) = &plain {
            let slow = read_batch(read_value(body.as_bytes()).unwrap()).unwrap();
            assert_eq!(*plain, slow, "{body}");
        }
        plain.is_some()
    }

    #[test]
    fn the_usual_batch_is_read_and_the_unusual_one_left_to_the_other_reader() {
        let usual = r#"{"terminal": "T1", "fixes": [{"time": 1790000000000, "lat": 27.6543210,
            "lon": "111.5", "datum": "wgs84", "accuracy_m": 1e1, "source": null, "speed_mps": -1,
            "live": false, "bearing_deg": 90, "altitude_m": 3.50}, {}]}"#;
        assert!(check(usual));
        let unusual = [
            usual.replace("altitude_m", "height"),
            usual.replace("3.50", "\"3\""),
            usual.replace("3.50", "null"),
            usual.replace("-1", "[1]"),
            usual.replace("\"lon\"", "\"lat\""),
            usual.replace("T1", ""),
            usual.replace("]}", "], \"more\": 1}"),
            usual.replace("{}", "7"),
            format!("{usual} 1"),
            r#"{"terminal": "T1", "fixes": []}"#.to_owned(),
            r#"{"fixes": [{}]}"#.to_owned(),
        ];
        for body in unusual {
            assert!(!check(&body), "{body}");
        }
    }

    proptest! {
        #[test]
        fn both_readers_read_the_same(
            names in proptest::collection::vec(0..19_usize, 0..6),
            values in proptest::collection::vec(0..14_usize, 6),
            (a, b) in (any::<f64>(), any::<i64>()),
        ) {
            const NAMES: [&str; 19] = [
                "time", "lat", "lon", "datum", "accuracy_m", "source", "satellites", "speed_mps",
                "valid", "mock", "live", "battery_pct", "charging", "motion", "event",
                "bearing_deg", "altitude_m", "other", "lat",
            ];
            let (a, b) = (format!("{a:e}"), b.to_string());
            let a = if a.contains(['N', 'i']) { "0.1".to_owned() } else { a };
            let texts = [
                a.as_str(), b.as_str(), "0", "-0.0", "1e400", "null", "true", "\"27.5\"", "\"\"",
                "\"\\u00e9\\n\"", "[]", "{\"x\": 1}", "18446744073709551616", "1.0",
            ];
            let fields: Vec<String> = names
                .iter()
                .zip(&values)
                .map(|(name, value)| format!("\"{}\": {}", NAMES[*name], texts[*value]))
                .collect();
            check(&format!("{{\"terminal\": 7, \"fixes\": [{{{}}}]}}", fields.join(", ")));
        }
    }
}
