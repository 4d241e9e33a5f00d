//! Windows of a plan as an officer writes and reads them: `09:00-11:30; 14:00-16:30`, or of some days
//! only: `1-5 09:00-11:30; 6,7 10:00-12:00` (1 is Monday).

use crate::schedule::{ReadScheduleError, Schedule};
use serde_json::{Value, json};

/// Windows in an officer's words; full-width marks are as good.
pub fn read_windows(text: &str) -> Result<Schedule, ReadScheduleError> {
    let plain: String = text.chars().map(half_width).collect();
    let windows = plain.split([';', '\n']).map(str::trim);
    let windows = windows.filter(|window| !window.is_empty()).map(read_window);
    Schedule::read(&Value::Array(windows.collect::<Result<_, _>>()?))
}

/// The same windows in such words.
pub fn write_windows(windows: &Schedule) -> String {
    let Value::Array(windows) = windows.write() else {
        return String::new();
    };
    let written = windows.iter().map(|window| {
        let days = window["days"].as_array().map_or(&[][..], Vec::as_slice);
        let days: Vec<String> = days.iter().map(Value::to_string).collect();
        let text = |name: &str| window[name].as_str().unwrap_or_default().to_owned();
        let span = format!("{}-{}", text("from"), text("to"));
        match days.len() {
            7 => span,
            _ => format!("{} {span}", days.join(",")),
        }
    });
    written.collect::<Vec<_>>().join("; ")
}

fn half_width(mark: char) -> char {
    match mark {
        '：' => ':',
        '；' => ';',
        '，' | '、' => ',',
        '－' | '—' | '–' | '至' | '~' | '～' => '-',
        '　' => ' ',
        other => other,
    }
}

fn read_window(text: &str) -> Result<Value, ReadScheduleError> {
    let (days, span) = match text.split_once(char::is_whitespace) {
        Some((days, span)) if !days.contains(':') => (days, span),
        _ => ("1-7", text),
    };
    let span: String = span.split_whitespace().collect();
    let clock = || ReadScheduleError::Clock(text.to_owned());
    let (from, to) = span.split_once('-').ok_or_else(clock)?;
    Ok(json!({ "days": read_days(days)?, "from": padded(from), "to": padded(to) }))
}

/// `9:00` is `09:00`.
fn padded(clock: &str) -> String {
    format!("{clock:0>5}")
}

fn read_days(text: &str) -> Result<Vec<u8>, ReadScheduleError> {
    let odd = || ReadScheduleError::Days(text.to_owned());
    let day = |text: &str| {
        let day = text.parse::<u8>().ok();
        day.filter(|day| (1..=7).contains(day)).ok_or_else(odd)
    };
    let mut days = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            Some((first, last)) => days.extend(day(first)?..=day(last)?),
            None => days.push(day(part)?),
        }
    }
    if days.is_empty() {
        Err(odd())
    } else {
        Ok(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_as_officers_write_them() {
        let every_day = "09:00-11:30; 14:00-16:30";
        for text in [every_day, "9:00 - 11:30\n14:00-16:30", "０9:00"] {
            let read = read_windows(text).map(|windows| write_windows(&windows));
            match text {
                "０9:00" => assert!(read.is_err()),
                _ => assert_eq!(read.unwrap(), every_day),
            }
        }
        let some = read_windows("1-5 09：00至11：30；6，7 22:00-06:00").unwrap();
        let words = write_windows(&some);
        assert_eq!(words, "1,2,3,4,5 09:00-11:30; 6,7 22:00-06:00");
        assert_eq!(read_windows(&words).unwrap(), some);
    }

    #[test]
    fn what_is_no_window_is_refused_with_its_text() {
        for text in [
            "",
            ";",
            "09:00",
            "8 09:00-10:00",
            "0-3 09:00-10:00",
            "5-3 09:00-10:00",
            "09:00-09:00",
            "25:00-26:00",
            "1-5 nine",
            "x 09:00-10:00",
        ] {
            assert!(read_windows(text).is_err(), "{text:?}");
        }
        let error = read_windows("9 09:00-10:00").unwrap_err().to_string();
        assert!(error.ends_with(": 9"), "{error}");
    }
}
