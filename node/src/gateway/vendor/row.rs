//! A vendor's row in the words of a report, by the paths of its configuration.

use super::super::form::{TERMINAL_CHARS_MAX, named};
use super::super::report::{Report, Said, SpeedUnit};
use crate::config::{VendorConfig, VendorMap};
use jiaolian_schema::signal::{Sign, Signs};
use serde_json::Value;

/// How a vendor's answers are read.
#[derive(Debug)]
pub(super) struct Map {
    rows: String,
    cursor: Option<String>,
    datum: Option<String>,
    time_offset: Option<String>,
    paths: VendorMap,
}

/// An answer as it was read.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    /// Up to where it goes; none where it does not say.
    pub(super) cursor: Option<String>,
}

/// One row: whose it is, where that can be read, and what it says.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) terminal: Option<String>,
    pub(super) report: Report,
}

impl Map {
    pub(super) fn new(config: &VendorConfig) -> Self {
        Self {
            rows: config.rows.clone(),
            cursor: config.cursor.clone(),
            datum: config.datum.clone(),
            time_offset: config.time_offset.clone(),
            paths: config.map.clone(),
        }
    }

    /// The rows of an answer; none where there is no list at its place.
    pub(super) fn page(&self, body: &Value) -> Option<Page> {
        let Value::Array(rows) = at(body, &self.rows)? else {
            return None;
        };
        let cursor = match &self.cursor {
            Some(path) => at(body, path).and_then(text),
            None => rows
                .last()
                .and_then(|row| at(row, &self.paths.time))
                .and_then(text),
        };
        Some(Page {
            rows: rows.iter().map(|row| self.row(row)).collect(),
            cursor,
        })
    }

    fn row(&self, row: &Value) -> Row {
        let terminal = at(row, &self.paths.terminal).and_then(text);
        let few = terminal.filter(|text| text.len() <= 4 * TERMINAL_CHARS_MAX);
        let terminal = few.and_then(|text| named(Some(text)).ok());
        if !row.is_object() && !row.is_array() {
            let report = Report::none("a row is an object", row.to_string());
            return Row { terminal, report };
        }
        let said = self.said(row);
        let report = Report::new(said).saying(self.signs(row));
        Row { terminal, report }
    }

    fn said(&self, row: &Value) -> Said {
        let map = &self.paths;
        let get = |path: &str| at(row, path).and_then(text);
        let some = |path: &Option<String>| path.as_deref().and_then(get);
        let mut said = Said {
            time: get(&map.time).map(|time| self.with_offset(time)),
            lat: get(&map.lat),
            lon: get(&map.lon),
            datum: some(&map.datum).or_else(|| self.datum.clone()),
            accuracy: some(&map.accuracy_m),
            source: some(&map.source),
            satellites: some(&map.satellites),
            speed: some(&map.speed_mps),
            speed_unit: SpeedUnit::MetresPerSecond,
            valid: some(&map.valid),
            live: some(&map.live),
            battery: some(&map.battery_pct),
            ..Said::default()
        };
        said.other.insert("row".to_owned(), row.to_string());
        said
    }

    fn signs(&self, row: &Value) -> Signs {
        let mut signs = Signs::NONE;
        for (name, path) in &self.paths.signs {
            let is = match at(row, path).and_then(text).as_deref() {
                Some("true" | "1") => true,
                Some("false" | "0") => false,
                _ => continue,
            };
            if let Some(sign) = Sign::named(name) {
                signs = signs.with(sign, is);
            }
        }
        signs
    }

    /// A civil time gets the vendor's offset; a number and a time with its own stay.
    fn with_offset(&self, time: String) -> String {
        let has_own = time
            .get(10..)
            .is_none_or(|rest| rest.contains(['Z', '+', '-']));
        match &self.time_offset {
            Some(offset) if time.contains(':') && !has_own => format!("{time}{offset}"),
            _ => time,
        }
    }
}

/// What stands at a path of names and numbers with dots between them.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(value);
    }
    path.split('.').try_fold(value, |value, step| match value {
        Value::Object(object) => object.get(step),
        Value::Array(array) => array.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// A scalar as text; none for null and for what is none.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::rule::Rule;
    use super::*;
    use serde_json::json;

    fn map() -> Map {
        let config: VendorConfig = toml::from_str(
            "name = \"acme\"\nbinding_token_file = \"t\"\nrows = \"data.list\"\n\
             cursor = \"data.next\"\ndatum = \"wgs84\"\ntime_offset = \"+08:00\"\n\
             [map]\nterminal = \"imei\"\ntime = \"gps.at\"\nlat = \"gps.p.1\"\nlon = \"gps.p.0\"\n\
             battery_pct = \"bat\"\nsigns = { strap_open = \"alarm.strap\" }\n",
        )
        .unwrap();
        Map::new(&config)
    }

    #[test]
    fn a_row_is_read_by_its_paths_and_a_civil_time_by_the_vendor_s_offset() {
        let body = json!({ "data": { "next": 17, "list": [
            { "imei": 860_000, "gps": { "at": "2026-03-02 09:00:00", "p": [113.6, 28.15] },
              "bat": 12, "alarm": { "strap": 1 } },
            { "imei": "x", "gps": { "at": 1_772_413_200, "p": ["113.6", "28.15"] } },
            { "imei": null, "gps": 3 }, 7 ] } });
        let page = map().page(&body).unwrap();
        assert_eq!(page.cursor.as_deref(), Some("17"));
        let [first, second, third, fourth] = &page.rows[..] else {
            panic!("four rows")
        };
        let one = first.report.reading.as_ref().unwrap().point;
        let two = second.report.reading.as_ref().unwrap().point;
        assert_eq!(one, two);
        assert_eq!((one.time, one.at.lat()), (1_772_413_200_000, 281_500_000));
        assert_eq!(first.terminal.as_deref(), Some("860000"));
        assert_eq!(first.report.signs.says(Sign::Strap), Some(true));
        assert_eq!(first.report.signs.battery(), Some(12));
        assert_eq!(third.terminal, None);
        let fault = third.report.reading.as_ref().unwrap_err();
        assert_eq!(fault.rule, Rule::TimeMissing);
        assert_eq!(fourth.report.reading.as_ref().unwrap_err().rule, Rule::Form);
        for odd in [json!({}), json!({ "data": { "list": {} } }), json!([])] {
            assert!(map().page(&odd).is_none(), "{odd}");
        }
    }
}
