//! Why a report is not passed on to the watch, each rule with a name that a device's maker and an
//! operator can look for.

use std::fmt;

/// Most characters of a refused value that are said back.
const VALUE_CHARS_MAX: usize = 40;

/// A rule that a report may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// No time.
    TimeMissing,
    /// A time in no known form.
    TimeForm,
    /// A clock that was never set.
    TimeEarly,
    /// A clock far ahead.
    TimeFar,
    /// The device says that it has no position.
    NoPosition,
    /// Latitude is no number.
    LatitudeForm,
    /// Latitude is not on earth.
    LatitudeRange,
    /// Longitude is no number.
    LongitudeForm,
    /// Longitude is not on earth.
    LongitudeRange,
    /// What devices without a position send.
    Nowhere,
    /// Accuracy is no number.
    AccuracyForm,
    /// Accuracy below zero.
    AccuracyNegative,
    /// Too few satellites for a position.
    SatellitesFew,
    /// Faster than anything that carries people.
    SpeedAbsurd,
    /// Another program made the position up.
    MadeUp,
    /// No datum where one is required.
    DatumMissing,
    /// Not the name of a datum.
    DatumUnknown,
    /// Not the name of a source.
    SourceUnknown,
    /// Not the fields of a report.
    Form,
    /// The device watches nobody at that time.
    Unbound,
    /// How alike or alive a face is, is no such number.
    FaceForm,
    /// Not the number of a phone.
    PhoneForm,
    /// A band checks in nowhere.
    PhoneOnly,
    /// More check-ins of a day than are kept.
    TooMany,
}

/// How many rules there are.
pub const RULES: usize = 24;

/// Every rule in the order of its number, with its name and its sentence.
const TABLE: [(Rule, &str, &str); RULES] = [
    (
        Rule::TimeMissing,
        "time_missing",
        "a report says when it was taken",
    ),
    (
        Rule::TimeForm,
        "time_form",
        "a time is seconds or milliseconds since 1970, or RFC 3339 with its offset",
    ),
    (
        Rule::TimeEarly,
        "time_early",
        "a time is not before the year 2000",
    ),
    (
        Rule::TimeFar,
        "time_far",
        "a time is at most a day ahead of the clock here",
    ),
    (
        Rule::NoPosition,
        "no_position",
        "the device reports a position",
    ),
    (
        Rule::LatitudeForm,
        "latitude_form",
        "a latitude is a decimal number",
    ),
    (
        Rule::LatitudeRange,
        "latitude_range",
        "a latitude lies within 90 degrees of the equator",
    ),
    (
        Rule::LongitudeForm,
        "longitude_form",
        "a longitude is a decimal number",
    ),
    (
        Rule::LongitudeRange,
        "longitude_range",
        "a longitude lies within 180 degrees of Greenwich",
    ),
    (Rule::Nowhere, "nowhere", "0,0 is no position"),
    (
        Rule::AccuracyForm,
        "accuracy_form",
        "an accuracy is a decimal number of metres",
    ),
    (
        Rule::AccuracyNegative,
        "accuracy_negative",
        "an accuracy is not negative",
    ),
    (
        Rule::SatellitesFew,
        "satellites_few",
        "a position takes at least 4 satellites",
    ),
    (
        Rule::SpeedAbsurd,
        "speed_absurd",
        "nobody travels faster than 340 m/s",
    ),
    (
        Rule::MadeUp,
        "made_up",
        "the position is not set by another program",
    ),
    (
        Rule::DatumMissing,
        "datum_missing",
        "a report names its datum: wgs84, cgcs2000, gcj02 or bd09",
    ),
    (
        Rule::DatumUnknown,
        "datum_unknown",
        "the datum is wgs84, cgcs2000, gcj02 or bd09",
    ),
    (
        Rule::SourceUnknown,
        "source_unknown",
        "the source is gnss, wifi or cell",
    ),
    (
        Rule::Form,
        "form",
        "a report has the fields of the interface and no others",
    ),
    (
        Rule::Unbound,
        "unbound",
        "a device reports while it is bound to a person",
    ),
    (
        Rule::FaceForm,
        "face_form",
        "likeness and liveness are whole thousandths, 0 to 1000, both or neither",
    ),
    (
        Rule::PhoneForm,
        "phone_form",
        "the number of a phone has 1 to 64 characters",
    ),
    (Rule::PhoneOnly, "phone_only", "a phone checks in, no band"),
    (
        Rule::TooMany,
        "too_many",
        "no more check-ins of a day are kept",
    ),
];

impl Rule {
    /// Every rule, in the order of its number.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(rule, _, _)| *rule)
    }

    /// The name by which answers and counters call it.
    pub const fn name(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// Whether a report that breaks it is kept: not one of a time for which nothing allows to watch.
    pub(super) const fn keeps(self) -> bool {
        !matches!(self, Self::Unbound)
    }

    /// A report that breaks it by this value.
    pub(super) fn broken_by(self, value: &str) -> Fault {
        let value = value.chars().take(VALUE_CHARS_MAX).collect();
        Fault { rule: self, value }
    }
}

/// A broken rule and the value that breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) rule: Rule,
    pub(super) value: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", TABLE[self.rule as usize].2, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_stands_at_its_number_under_a_name_of_its_own() {
        for (at, rule) in Rule::all().enumerate() {
            assert_eq!(rule as usize, at, "{rule:?}");
        }
        let names: BTreeSet<_> = Rule::all().map(Rule::name).collect();
        assert_eq!(names.len(), RULES);
    }

    #[test]
    fn a_fault_says_the_rule_and_no_more_of_the_value_than_a_line_holds() {
        let fault = Rule::LatitudeRange.broken_by(&"9".repeat(1_000_000));
        assert!(fault.to_string().starts_with("a latitude lies within 90"));
        assert_eq!(fault.value.len(), VALUE_CHARS_MAX);
    }
}
