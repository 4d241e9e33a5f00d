//! When a fence is in force: windows of the week in the civil time of Asia/Shanghai (R20).

use minicbor::{Decode, Encode};
use serde_json::{Value, json};

use crate::fix::{DAY_MS, SHANGHAI_AHEAD_MS};

/// Milliseconds in a minute.
const MINUTE_MS: i64 = 60_000;
/// Minutes in a day; as `to`, the midnight that ends it.
const DAY_MINUTES: u16 = 1440;
/// Most windows of a schedule.
pub const SCHEDULE_WINDOWS_MAX: usize = 64;

/// Days of the week and a stretch of each, from a minute (inclusive) to a minute (exclusive).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Window {
    /// Bit 0 is Monday, bit 6 Sunday.
    #[n(0)]
    days: u8,
    /// Minute of the day, 0 to 1439.
    #[n(1)]
    from: u16,
    /// Minute of the day, 0 to 1440; below `from` it is of the next day.
    #[n(2)]
    to: u16,
}

/// Always, or in any of some windows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Schedule(
    /// Empty means always.
    #[n(0)]
    Vec<Window>,
);

/// Why a schedule is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadScheduleError {
    /// Not a list of windows.
    #[error(
        "a schedule is null or a list of 1 to {SCHEDULE_WINDOWS_MAX} windows of days, from and to: {0}"
    )]
    Form(String),
    /// Days are not of the week.
    #[error("days are a list of 1 (Monday) to 7: {0}")]
    Days(String),
    /// Not a time of day.
    #[error("from and to are HH:MM, 24:00 for to only: {0}")]
    Clock(String),
    /// Nothing or everything, one can't tell.
    #[error("from and to of a window differ: minute {0} of the day")]
    Span(u16),
}

impl Window {
    /// A window; `days` 1 (Monday) to 7, `from` below 1440, `to` at most 1440, both minutes of the
    /// day.
    pub fn new(days: &[u8], from: u16, to: u16) -> Result<Self, ReadScheduleError> {
        if days.is_empty() || days.iter().any(|day| !(1..=7).contains(day)) {
            return Err(ReadScheduleError::Days(format!("{days:?}")));
        }
        let days = days.iter().fold(0, |set, day| set | 1 << (day - 1));
        let window = Self { days, from, to };
        window.check()?;
        Ok(window)
    }

    fn to_value(&self) -> Value {
        let days: Vec<u8> = (1..=7)
            .filter(|day| self.days >> (day - 1) & 1 == 1)
            .collect();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        json!({ "days": days, "from": clock(self.from), "to": clock(self.to) })
    }

    fn check(&self) -> Result<(), ReadScheduleError> {
        if self.from >= DAY_MINUTES || self.to > DAY_MINUTES {
            return Err(ReadScheduleError::Clock(format!(
                "{} to {}",
                self.from, self.to
            )));
        }
        if self.days == 0 || self.days > 0x7f {
            return Err(ReadScheduleError::Days(format!("set {:#x}", self.days)));
        }
        if self.from == self.to {
            Err(ReadScheduleError::Span(self.from))
        } else {
            Ok(())
        }
    }

    fn holds(&self, weekday: i64, in_day_ms: i64) -> bool {
        let is_day = |day: i64| self.days >> day.rem_euclid(7) & 1 == 1;
        let from_ms = i64::from(self.from) * MINUTE_MS;
        let to_ms = i64::from(self.to) * MINUTE_MS;
        if self.from < self.to {
            return is_day(weekday) && (from_ms..to_ms).contains(&in_day_ms);
        }
        // Past midnight: the stretch belongs to the day it began.
        (is_day(weekday) && in_day_ms >= from_ms) || (is_day(weekday - 1) && in_day_ms < to_ms)
    }
}

impl Schedule {
    /// In force at all times.
    pub const ALWAYS: Self = Self(Vec::new());

    /// A schedule of windows, at least one.
    pub fn new(windows: Vec<Window>) -> Result<Self, ReadScheduleError> {
        if windows.is_empty() || windows.len() > SCHEDULE_WINDOWS_MAX {
            return Err(ReadScheduleError::Form(format!(
                "{} windows",
                windows.len()
            )));
        }
        Ok(Self(windows))
    }

    /// The schedule of a fence property.
    pub fn read(value: &Value) -> Result<Self, ReadScheduleError> {
        match value {
            Value::Null => Ok(Self::ALWAYS),
            Value::Array(windows) => {
                Self::new(windows.iter().map(read_window).collect::<Result<_, _>>()?)
            }
            other => Err(ReadScheduleError::Form(clipped(other))),
        }
    }

    /// As a fence property has it.
    pub fn write(&self) -> Value {
        match &self.0[..] {
            [] => Value::Null,
            windows => windows.iter().map(Window::to_value).collect(),
        }
    }

    /// Refuses what only foreign bytes can hold.
    pub fn check(&self) -> Result<(), ReadScheduleError> {
        if self.0.len() > SCHEDULE_WINDOWS_MAX {
            return Err(ReadScheduleError::Form(format!("{} windows", self.0.len())));
        }
        self.0.iter().try_for_each(Window::check)
    }

    /// Whether it is in force at `time`, ms since 1970.
    #[inline]
    pub fn is_in_force(&self, time: i64) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let local = time + SHANGHAI_AHEAD_MS;
        // 1970-01-01 was a Thursday, day 3 from Monday.
        let weekday = (local.div_euclid(DAY_MS) + 3).rem_euclid(7);
        let in_day_ms = local.rem_euclid(DAY_MS);
        self.0.iter().any(|window| window.holds(weekday, in_day_ms))
    }

    /// Its stretches that begin within `from <= begin < to`, ms since 1970, by beginning: each from
    /// its first instant to the first one after it. Always has none.
    pub fn stretches(&self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let day_of = |time: i64| (time + SHANGHAI_AHEAD_MS).div_euclid(DAY_MS);
        let mut found = Vec::new();
        for day in day_of(from)..=day_of(to) {
            let midnight = day * DAY_MS - SHANGHAI_AHEAD_MS;
            let weekday = (day + 3).rem_euclid(7);
            for window in self.0.iter().filter(|w| w.days >> weekday & 1 == 1) {
                let begin = midnight + i64::from(window.from) * MINUTE_MS;
                let past_midnight = if window.to < window.from { DAY_MS } else { 0 };
                let end = midnight + i64::from(window.to) * MINUTE_MS + past_midnight;
                if (from..to).contains(&begin) {
                    found.push((begin, end));
                }
            }
        }
        found.sort_unstable();
        found
    }
}

fn read_window(value: &Value) -> Result<Window, ReadScheduleError> {
    let object = value
        .as_object()
        .ok_or_else(|| ReadScheduleError::Form(clipped(value)))?;
    let field = |name: &str| object.get(name).unwrap_or(&Value::Null);
    let days = field("days");
    let listed: Option<Vec<u8>> = days.as_array().and_then(|days| {
        days.iter()
            .map(|day| day.as_u64().and_then(|day| u8::try_from(day).ok()))
            .collect()
    });
    let listed = listed.ok_or_else(|| ReadScheduleError::Days(clipped(days)))?;
    let clock = |name: &str| {
        let value = field(name);
        let minute = value.as_str().and_then(read_clock);
        minute.ok_or_else(|| ReadScheduleError::Clock(clipped(value)))
    };
    let (from, to) = (clock("from")?, clock("to")?);
    Window::new(&listed, from, to)
}

/// Minute of the day of `HH:MM`, up to `24:00`.
fn read_clock(text: &str) -> Option<u16> {
    let [h1, h2, b':', m1, m2] = text.as_bytes() else {
        return None;
    };
    let digits = [h1, h2, m1, m2].map(|byte| byte.wrapping_sub(b'0'));
    if digits.iter().any(|digit| *digit > 9) {
        return None;
    }
    let [h1, h2, m1, m2] = digits.map(u16::from);
    let (hour, minute) = (h1 * 10 + h2, m1 * 10 + m2);
    let is_clock = minute < 60 && (hour < 24 || (hour == 24 && minute == 0));
    is_clock.then_some(hour * 60 + minute)
}

fn clipped(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 2026-03-02 00:00 in Shanghai.
    const MONDAY_MS: i64 = 1_772_409_600_000 - SHANGHAI_AHEAD_MS;

    fn is_in_force(schedule: &Value, day: i64, hour: i64, minute: i64) -> bool {
        let time = MONDAY_MS + (day - 1) * DAY_MS + (hour * 60 + minute) * MINUTE_MS;
        Schedule::read(schedule)
            .expect("a schedule")
            .is_in_force(time)
    }

    #[test]
    fn windows_begin_inclusive_and_end_exclusive() {
        let office = json!([{"days": [1, 2], "from": "08:00", "to": "17:30"}]);
        assert!(is_in_force(&office, 1, 8, 0) && is_in_force(&office, 2, 17, 29));
        assert!(!is_in_force(&office, 1, 7, 59) && !is_in_force(&office, 1, 17, 30));
        assert!(!is_in_force(&office, 3, 9, 0));
    }

    #[test]
    fn windows_past_midnight_belong_to_the_day_they_began() {
        let night = json!([{"days": [7], "from": "22:00", "to": "06:00"}]);
        assert!(
            is_in_force(&night, 7, 23, 0)
                && is_in_force(&night, 8, 5, 59)
                && is_in_force(&night, 1, 0, 0)
        );
        assert!(
            !is_in_force(&night, 7, 5, 0)
                && !is_in_force(&night, 1, 6, 0)
                && !is_in_force(&night, 1, 22, 0)
        );
        let evening = json!([{"days": [1], "from": "22:00", "to": "00:00"}]);
        assert!(is_in_force(&evening, 1, 23, 59) && !is_in_force(&evening, 2, 0, 0));
        let day = json!([{"days": [1], "from": "00:00", "to": "24:00"}]);
        assert!(
            is_in_force(&day, 1, 0, 0)
                && is_in_force(&day, 1, 23, 59)
                && !is_in_force(&day, 2, 0, 0)
        );
    }

    #[test]
    fn a_schedule_is_written_as_it_is_read() {
        let windows = json!([
            {"days": [1, 2, 7], "from": "08:30", "to": "24:00"},
            {"days": [6], "from": "22:00", "to": "06:05"},
        ]);
        for schedule in [Value::Null, windows] {
            assert_eq!(Schedule::read(&schedule).unwrap().write(), schedule);
        }
    }

    #[test]
    fn schedules_that_say_nothing_are_refused() {
        for schedule in [
            json!([]),
            json!({}),
            json!("always"),
            json!([{"days": [], "from": "08:00", "to": "09:00"}]),
            json!([{"days": [8], "from": "08:00", "to": "09:00"}]),
            json!([{"days": [0], "from": "08:00", "to": "09:00"}]),
            json!([{"days": [1.5], "from": "08:00", "to": "09:00"}]),
            json!([{"days": [1], "from": "08:00", "to": "08:00"}]),
            json!([{"days": [1], "from": "24:00", "to": "09:00"}]),
            json!([{"days": [1], "from": "8:00", "to": "09:00"}]),
            json!([{"days": [1], "from": "08:60", "to": "09:00"}]),
            json!([{"days": [1], "from": "08:00", "to": "24:01"}]),
            json!([{"days": [1], "from": "08:00"}]),
            json!([{"from": "08:00", "to": "09:00"}]),
            json!([[1]]),
        ] {
            assert!(Schedule::read(&schedule).is_err(), "{schedule}");
        }
    }
}
