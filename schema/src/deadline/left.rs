//! How long is left, counted in the unit that the deadline itself is counted in.

use jiff::civil::Date;

use super::{Moment, Unit};
use crate::calendar::{Calendar, civil_of};

/// Longest stretch that is counted in working days, in days; a farther end is told in calendar days.
const COUNTED_DAYS_MAX: i64 = 400;
/// One minute, in milliseconds.
const MINUTE_MS: i64 = 60_000;
/// One hour, in milliseconds.
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// What is left until a deadline, or what has passed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How many; 0 days: it ends today; below 0: overdue by so many.
    pub n: i64,
    /// Working days, calendar days, hours or minutes; never months.
    pub unit: Unit,
    /// True while a calendar that the count depends on is not published.
    pub provisional: bool,
}

/// What is left at `now_ms` (milliseconds since 1970 UTC) of a deadline counted in `unit`.
///
/// The day on which one asks isn't counted (T2), the last day is. Delay is told in calendar days,
/// as the law counts it, and so is a stretch that holds rest days only.
pub fn left(calendar: &Calendar, at: Moment, unit: Unit, now_ms: i64) -> Left {
    let last = match at {
        Moment::Day(last) => last,
        Moment::Time(_) => return by_clock(at.end_ms() - now_ms),
    };
    let today = civil_of(now_ms).date();
    let days = days_between(today, last);
    let counted = unit == Unit::WorkingDay && (1..=COUNTED_DAYS_MAX).contains(&days);
    if counted {
        let (n, provisional) = working_days(calendar, today, last);
        if n > 0 {
            let unit = Unit::WorkingDay;
            return Left {
                n,
                unit,
                provisional,
            };
        }
    }
    Left {
        n: days,
        unit: Unit::CalendarDay,
        provisional: false,
    }
}

fn by_clock(left_ms: i64) -> Left {
    let (size_ms, unit) = match left_ms.unsigned_abs() {
        0..3_600_000 => (MINUTE_MS, Unit::Minute),
        _ => (HOUR_MS, Unit::Hour),
    };
    Left {
        n: left_ms.div_euclid(size_ms),
        unit,
        provisional: false,
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

/// Working days after `from` up to and including `to`, and whether an unpublished year was asked.
fn working_days(calendar: &Calendar, from: Date, to: Date) -> (i64, bool) {
    let (mut n, mut provisional, mut at) = (0, false, from);
    while at < to {
        let Ok(next) = at.tomorrow() else { break };
        at = next;
        let day = calendar.day(at);
        n += i64::from(day.working);
        provisional |= day.provisional;
    }
    (n, provisional)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::instant_of;
    use crate::rule::RulePack;
    use jiff::civil::date;

    /// At 09:00 of a day, before the end of another.
    fn at_nine(today: Date, last: Date, unit: Unit) -> Left {
        let pack = RulePack::builtin();
        let now = instant_of(today.at(9, 0, 0, 0));
        left(pack.calendar(), Moment::Day(last), unit, now)
    }

    fn said(n: i64, unit: Unit) -> Left {
        Left {
            n,
            unit,
            provisional: false,
        }
    }

    #[test]
    fn working_days_skip_the_spring_festival_and_count_its_make_up_saturdays() {
        let due = date(2026, 3, 2);
        let counted = at_nine(date(2026, 2, 10), due, Unit::WorkingDay);
        assert_eq!(counted, said(10, Unit::WorkingDay));
        let friday = at_nine(date(2026, 2, 27), due, Unit::WorkingDay);
        assert_eq!(friday, said(2, Unit::WorkingDay), "28 February is worked");
        let saturday = at_nine(date(2026, 2, 28), due, Unit::WorkingDay);
        assert_eq!(saturday, said(1, Unit::WorkingDay));
    }

    #[test]
    fn calendar_days_and_months_count_every_day() {
        for unit in [Unit::CalendarDay, Unit::Month] {
            let counted = at_nine(date(2026, 2, 10), date(2026, 3, 2), unit);
            assert_eq!(counted, said(20, Unit::CalendarDay));
        }
    }

    #[test]
    fn the_last_day_is_today_until_its_end_and_delay_is_told_in_calendar_days() {
        let due = date(2026, 2, 13);
        assert_eq!(at_nine(due, due, Unit::WorkingDay).n, 0);
        let late = at_nine(date(2026, 2, 16), due, Unit::WorkingDay);
        assert_eq!(late, said(-3, Unit::CalendarDay), "rest days are delay too");
    }

    #[test]
    fn a_stretch_of_rest_days_is_not_said_to_end_today() {
        let counted = at_nine(date(2026, 2, 16), date(2026, 2, 18), Unit::WorkingDay);
        assert_eq!(counted, said(2, Unit::CalendarDay));
    }

    #[test]
    fn a_year_without_a_published_calendar_is_provisional() {
        let counted = at_nine(date(2026, 12, 28), date(2027, 1, 5), Unit::WorkingDay);
        assert!(counted.provisional);
        assert_eq!(counted.unit, Unit::WorkingDay);
        let inside = at_nine(date(2026, 12, 21), date(2026, 12, 28), Unit::WorkingDay);
        assert!(!inside.provisional);
    }

    #[test]
    fn a_moment_is_told_in_hours_and_then_in_minutes() {
        let pack = RulePack::builtin();
        let at = date(2026, 3, 2).at(10, 0, 0, 0);
        let ask = |now_ms| left(pack.calendar(), Moment::Time(at), Unit::Hour, now_ms);
        assert_eq!(ask(instant_of(at) - 30 * HOUR_MS), said(30, Unit::Hour));
        assert_eq!(ask(instant_of(at) - 59 * MINUTE_MS), said(59, Unit::Minute));
        assert_eq!(ask(instant_of(at) + MINUTE_MS), said(-1, Unit::Minute));
    }
}
