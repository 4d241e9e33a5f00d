//! The line form of the deadline tool: one JSON object in, one out, nothing else.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::{DeadlineError, DueAt, Moment, Period, Roll, Unit, due};
use crate::calendar::{Calendar, ZONE, parse_date};

/// One answered line of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolLine {
    /// The JSON to print, without the line end.
    pub text: String,
    /// False if the line broke its form; the tool then ends with status 65.
    pub ok: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    from: String,
    n: u32,
    unit: Unit,
    #[serde(default = "no_roll")]
    roll: Roll,
}

fn no_roll() -> Roll {
    Roll::None
}

/// Answers `{"from","n","unit","roll"}` with `{"due","provisional"}`.
///
/// `from` is a date, or a date and time (in Asia/Shanghai unless it names an offset); a missing
/// `roll` means `none`. Days and months give a date; hours give a date and time.
pub fn answer_line(calendar: &Calendar, line: &str) -> ToolLine {
    match answer(calendar, line) {
        Ok(value) => ToolLine {
            text: value,
            ok: true,
        },
        Err(error) => {
            let reason = Value::String(error.to_string());
            let text = format!(r#"{{"ok":false,"error":{reason}}}"#);
            ToolLine { text, ok: false }
        }
    }
}

fn answer(calendar: &Calendar, line: &str) -> Result<String, DeadlineError> {
    let broken = |error: serde_json::Error| DeadlineError::Line(error.to_string());
    let question: Question = serde_json::from_str(line.trim()).map_err(broken)?;
    if question.unit == Unit::Minute {
        return Err(DeadlineError::Line(
            "unit is working_day, calendar_day, month or hour".into(),
        ));
    }
    let (from, zoned) = parse_moment(&question.from)?;
    let period = Period {
        n: question.n,
        unit: question.unit,
        roll: question.roll,
    };
    let found = due(calendar, from, period)?;
    Ok(render(found, zoned))
}

fn render(found: DueAt, zoned: bool) -> String {
    let due = match found.at {
        Moment::Day(date) => date.to_string(),
        Moment::Time(at) if zoned => format!("{at}+08:00"),
        Moment::Time(at) => at.to_string(),
    };
    // Written by hand because the order of the two keys is part of the form.
    format!(
        r#"{{"due":{},"provisional":{}}}"#,
        Value::String(due),
        found.provisional
    )
}

fn parse_moment(text: &str) -> Result<(Moment, bool), DeadlineError> {
    if text.len() <= 10 {
        return Ok((Moment::Day(parse_date(text)?), false));
    }
    let wrong = || DeadlineError::Line(format!("from must be a date or date-time, found {text:?}"));
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok((Moment::Time(TimeZone::fixed(ZONE).to_datetime(at)), true));
    }
    let at = text.parse::<DateTime>().map_err(|_| wrong())?;
    Ok((Moment::Time(at), false))
}
