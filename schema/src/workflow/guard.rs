//! Conditions that a table may name: a closed set of versioned functions with typed arguments.
//!
//! A guard reads typed facts only. Its version is part of its name: the meaning of
//! `leave_level/1` never changes; a new meaning is a new name.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Deserialize;

use super::leave::{DateSpan, LeaveLevel, LeaveLimits, cumulative_days, leave_level};
use super::value::Form;
use crate::deadline::{add_days, add_months};
use crate::id::PersonId;

/// What is known about a matter beside its acts; the fold supplies it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatterContext {
    /// True if the responsible office holds a valid entrustment for this kind of matter.
    pub entrusted: bool,
    /// Other leaves of the person, as granted, or as spent where they came back early.
    ///
    /// Leaves under a standing cross-county permission are left out.
    pub granted_leaves: Vec<DateSpan>,
    /// Days of this request and of the window before its end, where they were summed already.
    pub days_together: Option<u32>,
}

/// What guards may read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatterFacts {
    /// Everything filled in so far, the act in question laid over it.
    pub form: Form,
    /// Civil date of the act in question, in Asia/Shanghai.
    pub on: Option<Date>,
    /// Who signed which counting event so far.
    pub signed: Vec<(String, PersonId)>,
    /// Facts from outside the matter.
    pub context: MatterContext,
}

/// Why a guard could not be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// A field is not filled in, or of another type.
    #[error("{guard} needs field {field:?}")]
    Field {
        /// The guard.
        guard: &'static str,
        /// The field.
        field: String,
    },
    /// The date of the act is not given.
    #[error("{0} needs the date of the act")]
    Date(&'static str),
    /// The table lacks a number.
    #[error("{guard} needs parameter {parameter:?}")]
    Parameter {
        /// The guard.
        guard: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
}

/// A condition named in a table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "guard", deny_unknown_fields)]
pub enum Guard {
    /// The leave from field `first` to field `last` belongs to `level`.
    #[serde(rename = "leave_level/1")]
    LeaveLevelV1 {
        /// Field of the first day.
        first: String,
        /// Field of the last day.
        last: String,
        /// The tier it must belong to.
        level: LeaveLevel,
    },
    /// The choice in `field` is one of `values`.
    #[serde(rename = "field_in/1")]
    FieldInV1 {
        /// Field of a choice.
        field: String,
        /// Accepted options.
        values: BTreeSet<String>,
    },
    /// The flag in `field` is `value`; a flag left out is false.
    #[serde(rename = "flag/1")]
    FlagV1 {
        /// Field of a flag.
        field: String,
        /// What it must be.
        value: bool,
    },
    /// The number in `field` is at most `max`.
    #[serde(rename = "int_at_most/1")]
    IntAtMostV1 {
        /// Field of a number.
        field: String,
        /// Largest value.
        max: i64,
    },
    /// The number in `field` is at least `min`.
    #[serde(rename = "int_at_least/1")]
    IntAtLeastV1 {
        /// Field of a number.
        field: String,
        /// Smallest value.
        min: i64,
    },
    /// The date in `first` is not after the date in `last`.
    #[serde(rename = "date_order/1")]
    DateOrderV1 {
        /// Field of the earlier date.
        first: String,
        /// Field of the later date.
        last: String,
    },
    /// The date in `field` is fewer than `days` calendar days after the act.
    #[serde(rename = "sooner_than/1")]
    SoonerThanV1 {
        /// Field of a date.
        field: String,
        /// Days of notice.
        days: u32,
    },
    /// The date in `field` is at most `months` after the act, day for day.
    #[serde(rename = "within_months/1")]
    WithinMonthsV1 {
        /// Field of a date.
        field: String,
        /// Most months.
        months: u16,
    },
    /// The date in `last` is at most `months` after the date in `first`, day for day.
    #[serde(rename = "span_months/1")]
    SpanMonthsV1 {
        /// Field of the earlier date.
        first: String,
        /// Field of the later date.
        last: String,
        /// Most months.
        months: u16,
    },
    /// At least `persons_min` different people signed `event`.
    #[serde(rename = "signed_by/1")]
    SignedByV1 {
        /// The event.
        event: String,
        /// Fewest people.
        persons_min: u32,
    },
}

impl Guard {
    /// Its name in tables, version included.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LeaveLevelV1 { .. } => "leave_level/1",
            Self::FieldInV1 { .. } => "field_in/1",
            Self::FlagV1 { .. } => "flag/1",
            Self::IntAtMostV1 { .. } => "int_at_most/1",
            Self::IntAtLeastV1 { .. } => "int_at_least/1",
            Self::DateOrderV1 { .. } => "date_order/1",
            Self::SoonerThanV1 { .. } => "sooner_than/1",
            Self::WithinMonthsV1 { .. } => "within_months/1",
            Self::SpanMonthsV1 { .. } => "span_months/1",
            Self::SignedByV1 { .. } => "signed_by/1",
        }
    }

    /// The fields it reads, for checking a table.
    pub(super) fn fields(&self) -> Vec<&str> {
        match self {
            Self::LeaveLevelV1 { first, last, .. }
            | Self::DateOrderV1 { first, last }
            | Self::SpanMonthsV1 { first, last, .. } => {
                vec![first, last]
            }
            Self::FieldInV1 { field, .. }
            | Self::FlagV1 { field, .. }
            | Self::IntAtMostV1 { field, .. }
            | Self::IntAtLeastV1 { field, .. }
            | Self::SoonerThanV1 { field, .. }
            | Self::WithinMonthsV1 { field, .. } => vec![field],
            Self::SignedByV1 { .. } => Vec::new(),
        }
    }

    /// Whether it holds.
    pub fn judge(
        &self,
        facts: &MatterFacts,
        limits: Option<LeaveLimits>,
    ) -> Result<bool, JudgeError> {
        match self {
            Self::LeaveLevelV1 { first, last, level } => {
                let request = self.span(facts, first, last)?;
                let limits = limits.ok_or(JudgeError::Parameter {
                    guard: self.name(),
                    parameter: "office_days_max",
                })?;
                Ok(facts.level(request, limits) == *level)
            }
            Self::FieldInV1 { field, values } => facts
                .form
                .choice(field)
                .map(|found| values.contains(found))
                .ok_or_else(|| JudgeError::Field {
                    guard: self.name(),
                    field: field.clone(),
                }),
            Self::FlagV1 { field, value } => Ok(facts.form.flag(field) == *value),
            Self::IntAtMostV1 { field, max } => Ok(self.int(facts, field)? <= *max),
            Self::IntAtLeastV1 { field, min } => Ok(self.int(facts, field)? >= *min),
            Self::DateOrderV1 { first, last } => {
                Ok(self.date(facts, first)? <= self.date(facts, last)?)
            }
            Self::SoonerThanV1 { field, days } => {
                let on = facts.on.ok_or(JudgeError::Date(self.name()))?;
                let earliest = add_days(on, i64::from(*days)).unwrap_or(Date::MAX);
                Ok(self.date(facts, field)? < earliest)
            }
            Self::WithinMonthsV1 { field, months } => {
                let on = facts.on.ok_or(JudgeError::Date(self.name()))?;
                let latest = add_months(on, i32::from(*months)).unwrap_or(Date::MAX);
                Ok(self.date(facts, field)? <= latest)
            }
            Self::SpanMonthsV1 {
                first,
                last,
                months,
            } => {
                let start = self.date(facts, first)?;
                let latest = add_months(start, i32::from(*months)).unwrap_or(Date::MAX);
                Ok(self.date(facts, last)? <= latest)
            }
            Self::SignedByV1 { event, persons_min } => {
                let of_event = facts.signed.iter().filter(|(signed, _)| signed == event);
                let persons: BTreeSet<&PersonId> = of_event.map(|(_, person)| person).collect();
                Ok(persons.len() >= *persons_min as usize)
            }
        }
    }

    fn span(&self, facts: &MatterFacts, first: &str, last: &str) -> Result<DateSpan, JudgeError> {
        Ok(DateSpan {
            first: self.date(facts, first)?,
            last: self.date(facts, last)?,
        })
    }

    fn date(&self, facts: &MatterFacts, field: &str) -> Result<Date, JudgeError> {
        let missing = || JudgeError::Field {
            guard: self.name(),
            field: field.to_owned(),
        };
        facts.form.date(field).ok_or_else(missing)
    }

    fn int(&self, facts: &MatterFacts, field: &str) -> Result<i64, JudgeError> {
        let missing = || JudgeError::Field {
            guard: self.name(),
            field: field.to_owned(),
        };
        facts.form.int(field).ok_or_else(missing)
    }
}

impl MatterFacts {
    /// Days of `request` together with the two months before its end.
    pub fn days_together(&self, request: DateSpan, limits: LeaveLimits) -> u32 {
        let sum = || cumulative_days(request, &self.context.granted_leaves, limits.window_months);
        self.context.days_together.unwrap_or_else(sum)
    }

    /// The tier that decides `request`.
    pub fn level(&self, request: DateSpan, limits: LeaveLimits) -> LeaveLevel {
        let together = self.days_together(request, limits);
        leave_level(request.days(), together, self.context.entrusted, limits)
    }
}
