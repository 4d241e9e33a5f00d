//! Working days differ from Monday to Friday by a yearly notice, so they are data with a source.
//!
//! Dates are civil dates in Asia/Shanghai (UTC+8, no summer time). A year whose notice is not
//! published answers Monday to Friday less the fixed holidays, and says so.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;

/// The only zone of the domain: UTC+8 all year.
pub const ZONE: Offset = Offset::constant(8);

/// Longest break a notice may name, in days; guards against a mistyped year.
const BREAK_DAYS_MAX: i32 = 20;
/// Farthest the search for the next working day goes, in days.
const SEARCH_DAYS_MAX: u32 = 60;

/// Why a calendar could not be read or asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The text is not a calendar table.
    #[error("calendar is not the expected TOML: {0}")]
    Parse(String),
    /// A date is not `YYYY-MM-DD`, or a fixed day not `MM-DD`.
    #[error("calendar date must exist and be written YYYY-MM-DD or MM-DD, found {0:?}")]
    Date(String),
    /// A break ends before it starts, or lasts too long.
    #[error("a break lasts 1 to {BREAK_DAYS_MAX} days, found {first} to {last}")]
    Break {
        /// First day of the break.
        first: Date,
        /// Last day of the break.
        last: Date,
    },
    /// Two entries say different things about one day, or one year stands twice.
    #[error("calendar names {0} twice")]
    Twice(String),
    /// A make-up working day must fall on a weekend.
    #[error("a make-up working day is a Saturday or Sunday, found {0}")]
    MakeUp(Date),
    /// The answer lies outside the dates that can be written.
    #[error("date runs past the end of the calendar from {0}")]
    Range(Date),
}

/// What the calendar says about one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// True on a working day, make-up Saturdays and Sundays included.
    pub working: bool,
    /// True while the notice of that year is not published.
    pub provisional: bool,
}

/// Working days by published notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    days: BTreeMap<Date, bool>,
    published: BTreeMap<i16, String>,
    fixed: Vec<(i8, i8)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    fixed: FixedTable,
    year: Vec<YearTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedTable {
    days: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YearTable {
    year: i16,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    off: Vec<BreakTable>,
    work: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakTable {
    #[serde(rename = "name")]
    _name: String,
    first: String,
    last: String,
}

impl Calendar {
    /// Reads a calendar table; anything unknown, doubled or impossible is an error.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let table: Table =
            toml::from_str(text).map_err(|error| CalendarError::Parse(error.to_string()))?;
        let fixed = table
            .fixed
            .days
            .iter()
            .map(|day| parse_fixed(day))
            .collect::<Result<_, _>>()?;
        let mut calendar = Self {
            days: BTreeMap::new(),
            published: BTreeMap::new(),
            fixed,
        };
        for year in table.year {
            calendar.add(year)?;
        }
        Ok(calendar)
    }

    /// What is known about `date`.
    pub fn day(&self, date: Date) -> Day {
        let provisional = !self.published.contains_key(&date.year());
        if let Some(working) = self.days.get(&date) {
            return Day {
                working: *working,
                provisional: false,
            };
        }
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let fixed = provisional && self.fixed.contains(&(date.month(), date.day()));
        Day {
            working: !weekend && !fixed,
            provisional,
        }
    }

    /// The first working day on or after `date`, and whether an unpublished year was asked.
    pub fn working_from(&self, date: Date) -> Result<(Date, bool), CalendarError> {
        let mut provisional = false;
        let mut at = date;
        for _ in 0..SEARCH_DAYS_MAX {
            let day = self.day(at);
            provisional |= day.provisional;
            if day.working {
                return Ok((at, provisional));
            }
            at = at.tomorrow().map_err(|_| CalendarError::Range(date))?;
        }
        Err(CalendarError::Range(date))
    }

    /// The notice that fixes `year`, if it is published.
    pub fn source(&self, year: i16) -> Option<&str> {
        self.published.get(&year).map(String::as_str)
    }

    fn add(&mut self, year: YearTable) -> Result<(), CalendarError> {
        if self.published.insert(year.year, year.source).is_some() {
            return Err(CalendarError::Twice(year.year.to_string()));
        }
        for off in &year.off {
            let (first, last) = (parse_date(&off.first)?, parse_date(&off.last)?);
            let span = first.duration_until(last).as_hours() / 24;
            if !(0..i64::from(BREAK_DAYS_MAX)).contains(&span) {
                return Err(CalendarError::Break { first, last });
            }
            let mut at = first;
            for _ in 0..=span {
                self.set(at, false)?;
                at = at.tomorrow().map_err(|_| CalendarError::Range(first))?;
            }
        }
        for work in &year.work {
            let date = parse_date(work)?;
            if !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
                return Err(CalendarError::MakeUp(date));
            }
            self.set(date, true)?;
        }
        Ok(())
    }

    fn set(&mut self, date: Date, working: bool) -> Result<(), CalendarError> {
        match self.days.insert(date, working) {
            None => Ok(()),
            Some(_) => Err(CalendarError::Twice(date.to_string())),
        }
    }
}

/// Reads `YYYY-MM-DD`; no other form, no missing zero.
pub fn parse_date(text: &str) -> Result<Date, CalendarError> {
    let wrong = || CalendarError::Date(text.to_owned());
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| match i {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
    if !shape {
        return Err(wrong());
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<i16>().map_err(|_| wrong());
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    Date::new(year, month as i8, day as i8).map_err(|_| wrong())
}

/// The civil date and time in Asia/Shanghai of `ms` milliseconds since 1970 UTC.
///
/// Instants outside the years that can be written are moved to the nearest one that can.
pub fn civil_of(ms: i64) -> DateTime {
    let limit = |zone_limit: DateTime| ZONE.to_timestamp(zone_limit);
    let at = Timestamp::from_millisecond(ms).unwrap_or_else(|_| {
        let edge = if ms < 0 {
            jiff::civil::datetime(0, 1, 1, 0, 0, 0, 0)
        } else {
            latest()
        };
        limit(edge).unwrap_or_default()
    });
    TimeZone::fixed(ZONE).to_datetime(at)
}

/// Milliseconds since 1970 UTC of a civil date and time in Asia/Shanghai.
pub fn instant_of(at: DateTime) -> i64 {
    ZONE.to_timestamp(at)
        .map_or(i64::MAX, Timestamp::as_millisecond)
}

/// The first instant of `date` in Asia/Shanghai, in milliseconds since 1970 UTC.
pub fn start_of(date: Date) -> i64 {
    instant_of(date.at(0, 0, 0, 0))
}

/// The first instant after `date` in Asia/Shanghai, in milliseconds since 1970 UTC.
pub fn end_of(date: Date) -> i64 {
    date.tomorrow().map_or(i64::MAX, start_of)
}

fn latest() -> DateTime {
    jiff::civil::datetime(9999, 12, 30, 0, 0, 0, 0)
}

fn parse_fixed(text: &str) -> Result<(i8, i8), CalendarError> {
    // 2000 is a leap year, so every day that any year has can be written.
    let date =
        parse_date(&format!("2000-{text}")).map_err(|_| CalendarError::Date(text.to_owned()))?;
    Ok((date.month(), date.day()))
}
