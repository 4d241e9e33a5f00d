//! Deadlines of law: the day they start on is never counted, and the unit is data.
//!
//! The rules T1 to T8 in one place. Nothing here reads a clock: a deadline is a date or an
//! instant, and the caller compares.

mod left;
mod line;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use serde::Deserialize;

use crate::calendar::{Calendar, CalendarError, civil_of, end_of, instant_of};

pub use left::{Left, left};
pub use line::{ToolLine, answer_line};

/// Longest deadline, in its own unit; longer ones are typing errors.
pub const PERIOD_N_MAX: u32 = 100_000;

/// Why a deadline could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeadlineError {
    /// The number is too large.
    #[error("a deadline has at most {PERIOD_N_MAX} units, found {0}")]
    Long(u32),
    /// Hours run from a moment, not from a date.
    #[error("hours and minutes run from a date and time, found only the date {0}")]
    NeedsTime(Date),
    /// The calendar has no answer.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The result is outside the dates that can be written.
    #[error("deadline runs past the last date that can be written from {0}")]
    Range(Date),
    /// The input line breaks its form.
    #[error("{0}")]
    Line(String),
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Official working days, make-up Saturdays and Sundays included (T7).
    WorkingDay,
    /// Every day (T4: plain 日).
    CalendarDay,
    /// To the same day of a later month, the last day standing for a missing one (T5).
    Month,
    /// From instant to instant.
    Hour,
    /// From instant to instant; service levels of alarms only.
    Minute,
}

/// What happens when the last day is a rest day (T3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Roll {
    /// The period ends on the first working day after it.
    NextWorkday,
    /// It ends where it ends: whatever prolongs a restriction never rolls.
    None,
}

/// A length of time as a rule writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// How many units, 0 to [`PERIOD_N_MAX`].
    pub n: u32,
    /// What is counted.
    pub unit: Unit,
    /// What happens on a rest day.
    pub roll: Roll,
}

/// A civil day (meaning until its end, 23:59:59) or a moment, both in Asia/Shanghai.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The whole day counts.
    Day(Date),
    /// An exact time.
    Time(DateTime),
}

impl Moment {
    /// The moment of `ms` milliseconds since 1970 UTC.
    pub fn of_ms(ms: i64) -> Self {
        Self::Time(civil_of(ms))
    }

    /// The civil date it falls on.
    pub fn date(self) -> Date {
        match self {
            Self::Day(date) => date,
            Self::Time(at) => at.date(),
        }
    }

    /// The first instant at which the deadline has passed, in milliseconds since 1970 UTC.
    pub fn end_ms(self) -> i64 {
        match self {
            Self::Day(date) => end_of(date),
            Self::Time(at) => instant_of(at),
        }
    }
}

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueAt {
    /// The day or moment.
    pub at: Moment,
    /// True while a calendar that decides it is not published; then it is computed again.
    pub provisional: bool,
}

/// The deadline `period` after `from`; the day or moment it starts on is not counted (T2).
pub fn due(calendar: &Calendar, from: Moment, period: Period) -> Result<DueAt, DeadlineError> {
    if period.n > PERIOD_N_MAX {
        return Err(DeadlineError::Long(period.n));
    }
    match period.unit {
        Unit::Hour => due_seconds(calendar, from, period, 3_600),
        Unit::Minute => due_seconds(calendar, from, period, 60),
        Unit::WorkingDay => {
            let (date, provisional) = add_working_days(calendar, from.date(), period.n)?;
            roll(calendar, date, period.roll, provisional)
        }
        Unit::CalendarDay => {
            let date = add_days(from.date(), i64::from(period.n))?;
            roll(calendar, date, period.roll, false)
        }
        Unit::Month => {
            let date = add_months(from.date(), period.n as i32)?;
            roll(calendar, date, period.roll, false)
        }
    }
}

/// `date` moved by `days`, back if negative.
pub fn add_days(date: Date, days: i64) -> Result<Date, DeadlineError> {
    let span = jiff::Span::new()
        .try_days(days)
        .map_err(|_| DeadlineError::Range(date))?;
    date.checked_add(span)
        .map_err(|_| DeadlineError::Range(date))
}

/// The same day `months` later, or earlier if negative.
///
/// The last day of a month leads to the last day of the other; so does a day it lacks
/// (SPC Interpretation art. 202).
pub fn add_months(date: Date, months: i32) -> Result<Date, DeadlineError> {
    let moved = date
        .checked_add(months.months())
        .map_err(|_| DeadlineError::Range(date))?;
    let from_last_day = date.day() == date.days_in_month();
    Ok(if from_last_day {
        moved.last_of_month()
    } else {
        moved
    })
}

/// A length of sentence or probation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Term {
    /// Whole years.
    pub years: u16,
    /// Months beside the years; half a month is 15 days.
    pub months: u16,
    /// Days beside the months.
    pub days: u16,
}

/// The last day of a term that starts on `start`; it never rolls.
///
/// A term ends the day before the same-numbered day. By years a missing day is the last day of
/// that month; by months a start on the last day also leads to the last day (SPC Interpretation
/// art. 202).
pub fn term_end(start: Date, term: Term) -> Result<Date, DeadlineError> {
    let range = |_| DeadlineError::Range(start);
    let by_years = start
        .checked_add(i32::from(term.years).years())
        .map_err(range)?;
    let by_months = match term.months {
        0 => by_years,
        months => add_months(by_years, i32::from(months))?,
    };
    add_days(by_months, i64::from(term.days) - 1)
}

fn add_working_days(
    calendar: &Calendar,
    from: Date,
    n: u32,
) -> Result<(Date, bool), DeadlineError> {
    let mut date = from;
    let mut provisional = false;
    for _ in 0..n {
        let next = date.tomorrow().map_err(|_| DeadlineError::Range(from))?;
        let (working, unsure) = calendar.working_from(next)?;
        date = working;
        provisional |= unsure;
    }
    Ok((date, provisional))
}

fn roll(
    calendar: &Calendar,
    date: Date,
    roll: Roll,
    provisional: bool,
) -> Result<DueAt, DeadlineError> {
    if roll == Roll::None {
        return Ok(DueAt {
            at: Moment::Day(date),
            provisional,
        });
    }
    let (date, unsure) = calendar.working_from(date)?;
    Ok(DueAt {
        at: Moment::Day(date),
        provisional: provisional || unsure,
    })
}

fn due_seconds(
    calendar: &Calendar,
    from: Moment,
    period: Period,
    unit_s: i64,
) -> Result<DueAt, DeadlineError> {
    let Moment::Time(start) = from else {
        return Err(DeadlineError::NeedsTime(from.date()));
    };
    let at = start
        .checked_add((i64::from(period.n) * unit_s).seconds())
        .map_err(|_| DeadlineError::Range(start.date()))?;
    if period.roll == Roll::None {
        return Ok(DueAt {
            at: Moment::Time(at),
            provisional: false,
        });
    }
    let (date, provisional) = calendar.working_from(at.date())?;
    Ok(DueAt {
        at: Moment::Time(date.to_datetime(at.time())),
        provisional,
    })
}
