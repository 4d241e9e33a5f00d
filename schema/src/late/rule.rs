//! The numbers of the rules by which something is late.

use std::collections::BTreeMap;

use super::{LateKind, midnight};
use crate::calendar::Calendar;
use crate::deadline::{Moment, Period, due};
use crate::rule::{self, AlarmKind, CaseField, Deadline, Policy};
use crate::workflow::{FieldType, Value, date_of_day};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// See the module.
#[derive(Debug, Clone)]
pub struct LateRules {
    calendar: Calendar,
    severity: BTreeMap<LateKind, u8>,
    leave_grace_ms: i64,
    report_in: Period,
    /// How long after the last one, by the bytes of the field's value.
    reports: BTreeMap<Vec<u8>, Period>,
    takeover_ms: i64,
}

impl Default for LateRules {
    /// Those that ship with the program.
    fn default() -> Self {
        rule::builtin_lateness().clone()
    }
}

impl LateRules {
    /// Reads them from the tables; what is missing is named.
    pub(crate) fn read(
        calendar: &Calendar,
        kinds: &BTreeMap<String, AlarmKind>,
        deadlines: &BTreeMap<String, Deadline>,
        fields: &BTreeMap<String, CaseField>,
        policies: &BTreeMap<String, Policy>,
    ) -> Result<Self, String> {
        let kind = |code: &str| kinds.get(code).ok_or(format!("no kind {code}"));
        let period = |id: &str| {
            let found = deadlines.get(id).map(Deadline::period);
            found.ok_or(format!("deadline {id:?} is not defined"))
        };
        let severity = LateKind::ALL.into_iter();
        let severity = severity.map(|late| Ok((late, kind(late.code())?.severity)));
        let grace = kind("LEAVE_LATE")?.parameter.get("grace_hours");
        let grace = grace.ok_or("LEAVE_LATE has no parameter grace_hours")?;
        let field = fields.get(super::REPORT_FIELD);
        let options = match field.map(|field| &field.field.kind) {
            Some(FieldType::Choice(options)) => options.as_slice(),
            _ => return Err(format!("no choice {}", super::REPORT_FIELD)),
        };
        let reports = options.iter().map(|option| {
            let value = CaseField::encode(&Value::Choice(option.id.clone()));
            let id = format!("RPT_{}", option.id.to_uppercase());
            Ok((value, period(&id)?))
        });
        let takeover = policies.get("duty_takeover_minutes");
        let takeover = takeover.ok_or("no policy duty_takeover_minutes")?;
        Ok(Self {
            calendar: calendar.clone(),
            severity: severity.collect::<Result<_, String>>()?,
            leave_grace_ms: i64::from(*grace) * HOUR_MS,
            report_in: period("REPORT_IN")?,
            reports: reports.collect::<Result<_, String>>()?,
            takeover_ms: i64::from(takeover.n) * MINUTE_MS,
        })
    }

    /// The severity of a kind.
    pub fn severity(&self, kind: LateKind) -> u8 {
        self.severity.get(&kind).copied().unwrap_or(1)
    }

    /// How long after the responsible office the one above it tells, ms.
    pub fn takeover_ms(&self) -> i64 {
        self.takeover_ms
    }

    /// How long after the last day of a leave nobody is late, ms.
    pub(super) fn leave_grace_ms(&self) -> i64 {
        self.leave_grace_ms
    }

    /// First instant, ms UTC, at which somebody is late to appear whose decision took effect on a
    /// day, days since 1970 in Asia/Shanghai.
    pub(super) fn appears_by(&self, effective: i32) -> Option<i64> {
        self.end(effective, self.report_in)
    }

    /// First instant, ms UTC, at which a report is overdue, by the bytes of the field and the day of
    /// the last one; none where nothing is owed.
    pub(super) fn reports_by(&self, value: &[u8], last: i32) -> Option<i64> {
        self.end(last, *self.reports.get(value)?)
    }

    fn end(&self, day: i32, period: Period) -> Option<i64> {
        // A day that can't be written is none of this world.
        let from = date_of_day(day).filter(|_| midnight(day) > i64::MIN)?;
        let due = due(&self.calendar, Moment::Day(from), period).ok()?;
        Some(due.at.end_ms())
    }
}
