//! One report as a device said it, and the reading that the watch can use: numbers become integers
//! on WGS-84 here, and what is no position is told apart.

use super::rule::{Fault, Rule};
use super::word;
use jiaolian_schema::datum::Datum;
use jiaolian_schema::fix::{Point, Source, read_instant};
use jiaolian_schema::geo::{Coord, LAT_E7_MAX, LON_E7_MAX, ReadNumberError, decimal_to_integer};
use jiaolian_schema::signal::Signs;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Fewest satellites of a position, where the device says how many (`watch.md` R4).
const SATELLITES_MIN: i64 = 4;
/// Fastest speed that is believed, mm/s: above any airliner's.
const SPEED_MM_S_MAX: i64 = 340_000;
/// A knot, µm/s.
const KNOT_UM_S: i64 = 514_444;
/// 1 January 2000, ms UTC: a device that says less never had its clock set.
pub(super) const TIME_MIN_MS: i64 = 946_684_800_000;
/// Whole numbers below are seconds since 1970, others milliseconds; as Traccar's server takes them.
const SECONDS_END: i64 = 1 << 31;

/// Numbers that name a cell: country, network, area, cell.
const CELL_PARTS: usize = 4;
/// Most digits of one of them.
const CELL_DIGITS_MAX: usize = 16;

/// Unit in which a speed was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SpeedUnit {
    #[default]
    Knots,
    MetresPerSecond,
}

/// A report in the device's own words. Unknown and unused ones are kept with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Said {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lat: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) datum: Option<String>,
    /// 95 % radius, m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accuracy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) satellites: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) speed: Option<String>,
    pub(super) speed_unit: SpeedUnit,
    /// Whether the device calls it a position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) valid: Option<String>,
    /// Whether another program made it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mock: Option<String>,
    /// Whether it is of this moment; where it is not said, its time tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) live: Option<String>,
    /// Charge of the battery, per cent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) battery: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) charging: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) motion: Option<String>,
    /// Words of what happened to the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) other: BTreeMap<String, String>,
}

/// What the watch takes of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) point: Point,
}

/// A report as it goes to the owner of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// Device time, ms UTC, where it can be read.
    pub(super) time: Option<i64>,
    pub(super) reading: Result<Reading, Fault>,
    /// What the device says of itself with it.
    pub(super) signs: Signs,
    /// Whether it is of now, as the device says; none where it says nothing.
    pub(super) live: Option<bool>,
    /// Meant to be without a position, so that it breaks no rule by having none.
    pub(super) is_word: bool,
    pub(super) said: Said,
}

impl Report {
    pub(super) fn new(said: Said) -> Self {
        let time = read_time(said.time.as_deref());
        let reading = match &time {
            Ok(time) => read(&said, *time),
            Err(fault) => Err(fault.clone()),
        };
        Self {
            time: time.ok(),
            reading,
            signs: word::signs(&said),
            live: said.live.as_deref().map(is_yes),
            is_word: false,
            said,
        }
    }

    /// A report of a device that knows that it has no position.
    pub(super) fn word(said: Said) -> Self {
        Self {
            is_word: true,
            ..Self::new(said)
        }
    }

    /// The cell of the mobile network that the device was heard by, where it names one: country,
    /// network, area and cell as OsmAnd's clients say them, or a maker's number.
    pub(super) fn cell(&self) -> Option<String> {
        let first = self.said.other.get("cell")?.split(';').next()?;
        let parts = first.trim_matches('"').split(',').take(CELL_PARTS);
        let parts: Vec<&str> = parts.map(str::trim).collect();
        let is_number = |part: &&str| {
            (1..=CELL_DIGITS_MAX).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        parts.iter().all(is_number).then(|| parts.join("-"))
    }

    /// The same, with what else the device says of itself.
    pub(super) fn saying(mut self, signs: Signs) -> Self {
        self.signs = self.signs.and(signs);
        self
    }

    /// Something that is no report, as it stood in its batch.
    pub(super) fn none(why: &str, text: String) -> Self {
        Self::broken(Rule::Form.broken_by(why), text)
    }

    /// A report of which nothing but what it says of the device can be read.
    pub(super) fn broken(fault: Fault, text: String) -> Self {
        let said = Said {
            other: BTreeMap::from([("report".to_owned(), text)]),
            ..Said::default()
        };
        Self {
            time: None,
            reading: Err(fault),
            signs: Signs::NONE,
            live: None,
            is_word: false,
            said,
        }
    }
}

fn read(said: &Said, time: i64) -> Result<Reading, Fault> {
    if time < TIME_MIN_MS {
        let text = said.time.as_deref().unwrap_or_default();
        return Err(Rule::TimeEarly.broken_by(text));
    }
    if let Some(valid) = said.valid.as_deref().filter(|text| !is_yes(text)) {
        return Err(Rule::NoPosition.broken_by(valid));
    }
    if said.mock.as_deref().is_some_and(is_yes) {
        return Err(Rule::MadeUp.broken_by("mock"));
    }
    let at = read_place(said)?;
    let accuracy_mm = read_accuracy_mm(said.accuracy.as_deref())?;
    let source = read_source(said.source.as_deref())?;
    check_satellites(said.satellites.as_deref())?;
    check_speed(said)?;
    Ok(Reading {
        point: Point::new(time, at, accuracy_mm, source),
    })
}

pub(super) fn is_yes(text: &str) -> bool {
    matches!(text, "1" | "true" | "True" | "TRUE")
}

pub(super) fn read_time(text: Option<&str>) -> Result<i64, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Err(Rule::TimeMissing.broken_by(""));
    };
    let fault = || Rule::TimeForm.broken_by(text);
    if text.contains(':') {
        return read_instant(&with_plus(text)).map_err(|_| fault());
    }
    let thousandths = decimal_to_integer(text, 3).map_err(|_| fault())?;
    let is_seconds = thousandths.abs() < SECONDS_END * 1_000;
    Ok(if is_seconds {
        thousandths
    } else {
        thousandths / 1_000
    })
}

/// A query that was not encoded has a space where its offset had a plus; nothing else ends so.
fn with_plus(text: &str) -> Cow<'_, str> {
    match text.len().checked_sub("+08:00".len()) {
        Some(at) if text.as_bytes()[at] == b' ' => {
            Cow::Owned(format!("{}+{}", &text[..at], &text[at + 1..]))
        }
        _ => Cow::Borrowed(text),
    }
}

pub(super) fn read_place(said: &Said) -> Result<Coord, Fault> {
    let (Some(lat), Some(lon)) = (&said.lat, &said.lon) else {
        return Err(Rule::NoPosition.broken_by(""));
    };
    let lat_e7 = degrees(lat, LAT_E7_MAX, Rule::LatitudeForm, Rule::LatitudeRange)?;
    let lon_e7 = degrees(lon, LON_E7_MAX, Rule::LongitudeForm, Rule::LongitudeRange)?;
    if (lat_e7, lon_e7) == (0, 0) {
        return Err(Rule::Nowhere.broken_by(&format!("{lat},{lon}")));
    }
    let name = said.datum.as_deref();
    let name = name.ok_or_else(|| Rule::DatumMissing.broken_by(""))?;
    let datum = Datum::parse(name).map_err(|_| Rule::DatumUnknown.broken_by(name))?;
    // In range before the shift, out of it after: only within metres of a pole or the date line.
    datum
        .place_from_text(Datum::Wgs84, lon, lat)
        .map_err(|_| Rule::LatitudeRange.broken_by(lat))
}

fn degrees(text: &str, limit: i32, form: Rule, range: Rule) -> Result<i64, Fault> {
    match decimal_to_integer(text, 7) {
        Ok(value) if value.abs() <= i64::from(limit) => Ok(value),
        Ok(_) | Err(ReadNumberError::Size(_)) => Err(range.broken_by(text)),
        Err(ReadNumberError::Form(_)) => Err(form.broken_by(text)),
    }
}

/// None and 0 are unknown (`watch.md` R2); what is larger than the type is as little used as its
/// largest.
pub(super) fn read_accuracy_mm(text: Option<&str>) -> Result<Option<u32>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let mm = match decimal_to_integer(text, 3) {
        Ok(mm) => mm,
        Err(ReadNumberError::Size(_)) => i64::MAX,
        Err(ReadNumberError::Form(_)) => return Err(Rule::AccuracyForm.broken_by(text)),
    };
    let is_negative = text.starts_with('-') && text.contains(|c: char| ('1'..='9').contains(&c));
    if is_negative {
        return Err(Rule::AccuracyNegative.broken_by(text));
    }
    Ok(Some(u32::try_from(mm).unwrap_or(u32::MAX)))
}

pub(super) fn read_source(text: Option<&str>) -> Result<Source, Fault> {
    match text {
        None | Some("" | "gnss") => Ok(Source::Gnss),
        Some("wifi") => Ok(Source::Wifi),
        Some("cell") => Ok(Source::Cell),
        Some(text) => Err(Rule::SourceUnknown.broken_by(text)),
    }
}

/// A count that is not said, or can't be read, is no reason to drop a position (`watch.md` R4).
pub(super) fn check_satellites(text: Option<&str>) -> Result<(), Fault> {
    match text.map(|text| (text, decimal_to_integer(text, 0))) {
        Some((text, Ok(count))) if count < SATELLITES_MIN => {
            Err(Rule::SatellitesFew.broken_by(text))
        }
        _ => Ok(()),
    }
}

/// Below zero is unknown, as phones say it; so is what is no number.
fn check_speed(said: &Said) -> Result<(), Fault> {
    let Some(text) = said.speed.as_deref() else {
        return Ok(());
    };
    let mm_s = match (decimal_to_integer(text, 3), said.speed_unit) {
        (Ok(mm_s), SpeedUnit::MetresPerSecond) => mm_s,
        (Ok(thousandths), SpeedUnit::Knots) => thousandths.saturating_mul(KNOT_UM_S) / 1_000_000,
        (Err(ReadNumberError::Size(_)), _) if !text.starts_with('-') => i64::MAX,
        (Err(_), _) => return Ok(()),
    };
    if mm_s > SPEED_MM_S_MAX {
        return Err(Rule::SpeedAbsurd.broken_by(text));
    }
    Ok(())
}
