//! A location of JT/T 808 in the words of a report, so that every door judges by the same rules.

use super::super::report::{Report, Said, SpeedUnit};
use super::super::rule::{Fault, Rule};
use jiaolian_schema::fix::Source;
use jiaolian_schema::id::hex;
use jiaolian_schema::jt808::{ItemTable, Location, ReadFrameError, Telling};
use std::collections::BTreeMap;

/// Millionths of a degree.
const DEGREE_E6: u32 = 1_000_000;

/// The report that a location is. `live` is false for what waited on the terminal.
pub(super) fn report(
    location: &Location,
    (items, maker): (&ItemTable, &[u8]),
    live: Option<bool>,
) -> Report {
    let telling = items.read(maker, location);
    let said = said(location, &telling, live);
    let report = if location.status.is_located() {
        Report::new(said)
    } else {
        Report::word(said)
    };
    report.saying(telling.signs)
}

/// What can be read of a location that breaks a rule of the protocol, with its bytes.
pub(super) fn unread(
    error: &ReadFrameError,
    bytes: &[u8],
    (items, maker): (&ItemTable, &[u8]),
    live: Option<bool>,
) -> Report {
    let mut report = Report::broken(fault(error), hex(bytes));
    if let Ok(rest) = Location::read_unplaced(bytes) {
        report.time = Some(rest.time).filter(|time| *time > 0);
        report = report.saying(items.read(maker, &rest).signs);
    }
    Report { live, ..report }
}

fn fault(error: &ReadFrameError) -> Fault {
    match error {
        ReadFrameError::Range { field, value, .. } => {
            let rule = match *field {
                "latitude" => Rule::LatitudeRange,
                _ => Rule::LongitudeRange,
            };
            rule.broken_by(&degrees(false, *value))
        }
        ReadFrameError::Time(text) => Rule::TimeForm.broken_by(text),
        error => Rule::Form.broken_by(&error.to_string()),
    }
}

fn said(location: &Location, telling: &Telling, live: Option<bool>) -> Said {
    let place = |e6: i32| Some(degrees(e6 < 0, e6.unsigned_abs()));
    let source = telling.source.map(|source| match source {
        Source::Gnss => "gnss",
        Source::Wifi => "wifi",
        Source::Cell => "cell",
    });
    let accuracy = telling.accuracy_mm.map(|mm| thousandths(u64::from(mm)));
    // Tenths of km/h are 27.7 mm/s.
    let speed_mm_s = u64::from(location.speed_dkmh) * 250 / 9;
    let mut other = BTreeMap::new();
    for (name, bits) in [("alarm", location.alarm), ("status", location.status.0)] {
        other.insert(name.to_owned(), format!("{bits:08x}"));
    }
    if let Some(cell) = telling.cell {
        other.insert("cell".to_owned(), format!("{cell:x}"));
    }
    for item in &location.items {
        other.insert(format!("item_{:02x}", item.id), hex(&item.value));
    }
    Said {
        time: Some(location.time.to_string()),
        lat: place(location.lat_e6),
        lon: place(location.lon_e6),
        datum: Some("wgs84".to_owned()),
        accuracy,
        source: source.map(str::to_owned),
        satellites: location.satellites().map(|count| count.to_string()),
        speed: Some(thousandths(speed_mm_s)),
        speed_unit: SpeedUnit::MetresPerSecond,
        valid: (!location.status.is_located()).then(|| "0".to_owned()),
        live: live.map(|live| live.to_string()),
        other,
        ..Said::default()
    }
}

fn degrees(is_negative: bool, e6: u32) -> String {
    let sign = if is_negative { "-" } else { "" };
    format!("{sign}{}.{:06}", e6 / DEGREE_E6, e6 % DEGREE_E6)
}

fn thousandths(value: u64) -> String {
    format!("{}.{:03}", value / 1_000, value % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiaolian_schema::jt808::{Item, Status};
    use jiaolian_schema::signal::Sign;

    fn location(status: u32, items: &[(u8, &[u8])]) -> Location {
        let item = |(id, value): &(u8, &[u8])| Item {
            id: *id,
            value: value.to_vec(),
        };
        Location {
            alarm: 0,
            status: Status(status),
            lat_e6: -28_000_005,
            lon_e6: 113_600_000,
            altitude_m: 0,
            speed_dkmh: 36,
            bearing_deg: 0,
            time: 1_772_413_200_000,
            items: items.iter().map(item).collect(),
        }
    }

    fn read(location: &Location, live: Option<bool>) -> Report {
        report(location, (&ItemTable::builtin(), b"JLXY1"), live)
    }

    #[test]
    fn a_location_is_the_same_report_as_through_any_other_door() {
        let found = read(&location(2, &[(0xF3, &[0, 50])]), None);
        let point = found.reading.unwrap().point;
        assert_eq!(
            (point.at.lat(), point.at.lon()),
            (-280_000_050, 1_136_000_000)
        );
        assert_eq!((point.time, point.accuracy_mm), (1_772_413_200_000, 5_000));
        assert_eq!(found.said.speed.as_deref(), Some("1.000"));
        assert_eq!((found.live, found.is_word), (None, false));
    }

    #[test]
    fn few_satellites_are_no_position_and_history_is_never_live() {
        let few = read(&location(2, &[(0x31, &[3])]), Some(false));
        assert_eq!(few.reading.unwrap_err().rule, Rule::SatellitesFew);
        assert_eq!(few.live, Some(false));
    }

    #[test]
    fn without_a_position_it_is_a_word_and_unreadable_it_still_tells_of_its_strap() {
        let strap: (u8, &[u8]) = (0xF1, &[1]);
        let word = read(&location(0, &[strap]), None);
        assert!(word.is_word && word.signs.says(Sign::Strap) == Some(true));
        let mut bytes = location(2, &[strap]).write("260302080000");
        bytes[8..12].copy_from_slice(&91_000_000_u32.to_be_bytes());
        let error = Location::read(&bytes).unwrap_err();
        let table = ItemTable::builtin();
        let broken = unread(&error, &bytes, (&table, b"JLXY1"), None);
        let fault = broken.reading.unwrap_err();
        assert_eq!(
            (fault.rule, &fault.value[..]),
            (Rule::LatitudeRange, "91.000000")
        );
        assert_eq!(broken.signs.says(Sign::Strap), Some(true));
        assert_eq!(broken.time, Some(1_772_409_600_000));
    }
}
