//! Who may grant a leave follows from its days and from those of the two months before its end.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Deserialize;

use super::wire::date_of_day;
use crate::deadline::{add_days, add_months};

/// Longest span that is counted, in days; longer ones count as this many.
const SPAN_DAYS_MAX: i64 = 3_660;

/// Civil dates, the first and the last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateSpan {
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

impl DateSpan {
    /// Days touched, first and last included; 0 if it ends before it starts.
    pub fn days(self) -> u32 {
        let between = self.first.duration_until(self.last).as_hours() / 24;
        (between + 1).clamp(0, SPAN_DAYS_MAX) as u32
    }
}

impl From<crate::act::Span> for DateSpan {
    /// Days that cannot be written become the nearest that can.
    fn from(span: crate::act::Span) -> Self {
        let date =
            |day: i32| date_of_day(day).unwrap_or(if day < 0 { Date::MIN } else { Date::MAX });
        Self {
            first: date(span.first_day),
            last: date(span.last_day),
        }
    }
}

/// The tier that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveLevel {
    /// The township office, within its entrustment.
    Office,
    /// The county institution.
    County,
    /// The city institution.
    City,
}

impl LeaveLevel {
    /// The word of the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::County => "county",
            Self::City => "city",
        }
    }
}

/// The numbers of the rule, all from the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaveLimits {
    /// Most days an entrusted office grants.
    pub office_days_max: u32,
    /// Most days the county grants, in one decision and together with earlier leaves.
    pub county_days_max: u32,
    /// Months looked back from the requested last day.
    pub window_months: u32,
}

/// Days of `granted` within the window that ends on the request's last day, plus the request.
///
/// `granted` holds leaves as granted, or as spent where the person came back early; a day that
/// stands twice counts once.
pub fn cumulative_days(request: DateSpan, granted: &[DateSpan], window_months: u32) -> u32 {
    let window_first = add_months(request.last, -(window_months as i32))
        .and_then(|day_before| add_days(day_before, 1))
        .unwrap_or(Date::MIN);
    let mut days = BTreeSet::new();
    for span in granted {
        let first = span.first.max(window_first);
        let last = span.last.min(request.last);
        days.extend(days_of(DateSpan { first, last }));
    }
    days.retain(|day| *day < request.first || *day > request.last);
    request.days() + days.len() as u32
}

/// The tier that decides a leave of `days` which makes `together` days with those before it.
pub fn leave_level(days: u32, together: u32, entrusted: bool, limits: LeaveLimits) -> LeaveLevel {
    if days > limits.county_days_max || together > limits.county_days_max {
        return LeaveLevel::City;
    }
    if days > limits.office_days_max || !entrusted {
        return LeaveLevel::County;
    }
    LeaveLevel::Office
}

fn days_of(span: DateSpan) -> impl Iterator<Item = Date> {
    span.first
        .series(jiff::Span::new().days(1))
        .take(span.days() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_date;

    const LIMITS: LeaveLimits = LeaveLimits {
        office_days_max: 7,
        county_days_max: 30,
        window_months: 2,
    };

    fn span(first: &str, last: &str) -> DateSpan {
        DateSpan {
            first: parse_date(first).unwrap(),
            last: parse_date(last).unwrap(),
        }
    }

    fn check(request: DateSpan, granted: &[DateSpan], together: u32, level: LeaveLevel) {
        assert_eq!(
            cumulative_days(request, granted, LIMITS.window_months),
            together
        );
        assert_eq!(leave_level(request.days(), together, true, LIMITS), level);
    }

    #[test]
    fn limits_are_exact() {
        check(span("2026-05-01", "2026-05-07"), &[], 7, LeaveLevel::Office);
        check(span("2026-05-01", "2026-05-08"), &[], 8, LeaveLevel::County);
        check(
            span("2026-05-01", "2026-05-30"),
            &[],
            30,
            LeaveLevel::County,
        );
        check(span("2026-05-01", "2026-05-31"), &[], 31, LeaveLevel::City);
    }

    #[test]
    fn without_entrustment_the_county_decides() {
        assert_eq!(leave_level(1, 1, false, LIMITS), LeaveLevel::County);
    }

    #[test]
    fn scenario_7_days_of_two_months_add_up() {
        let request = span("2026-04-06", "2026-04-16");
        check(
            request,
            &[span("2026-03-01", "2026-03-20")],
            31,
            LeaveLevel::City,
        );
        check(
            request,
            &[span("2026-03-01", "2026-03-12")],
            23,
            LeaveLevel::County,
        );
    }

    #[test]
    fn only_days_inside_the_window_count_and_none_twice() {
        let request = span("2026-04-16", "2026-04-16");
        check(
            request,
            &[span("2026-02-10", "2026-02-17")],
            2,
            LeaveLevel::Office,
        );
        let doubled = [
            span("2026-04-01", "2026-04-16"),
            span("2026-04-10", "2026-04-20"),
        ];
        check(request, &doubled, 16, LeaveLevel::Office);
        let month_end = span("2026-02-28", "2026-02-28");
        check(
            month_end,
            &[span("2025-12-20", "2026-01-01")],
            2,
            LeaveLevel::Office,
        );
    }

    #[test]
    fn short_leave_that_makes_more_than_thirty_together_goes_to_the_city() {
        let request = span("2026-05-10", "2026-05-11");
        check(
            request,
            &[span("2026-04-01", "2026-04-29")],
            31,
            LeaveLevel::City,
        );
    }
}
