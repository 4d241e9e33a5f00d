//! The numbers that ship with the program, for whoever asks them without a pack.

use super::{alarm_kind, case_field, deadline_table, policy};
use crate::calendar::Calendar;
use crate::checkin;
use crate::late::LateRules;
use crate::watch::Numbers;
use std::sync::LazyLock;

/// The numbers of the pack that ships with the program.
pub(crate) fn builtin_numbers() -> &'static Numbers {
    static NUMBERS: LazyLock<Numbers> = LazyLock::new(|| {
        let kinds = alarm_kind::parse(include_str!("../../rules/alarm_kind.toml"));
        let numbers = kinds.and_then(|kinds| Numbers::read(&kinds));
        numbers.expect("the shipped table is read by a test")
    });
    &NUMBERS
}

/// The same for check-ins.
pub(crate) fn builtin_check_in_numbers() -> &'static checkin::Numbers {
    static NUMBERS: LazyLock<checkin::Numbers> = LazyLock::new(|| {
        let kinds = alarm_kind::parse(include_str!("../../rules/alarm_kind.toml"));
        let numbers = kinds.and_then(|kinds| checkin::Numbers::read(&kinds));
        numbers.expect("the shipped table is read by a test")
    });
    &NUMBERS
}

/// What makes something late in the pack that ships with the program.
pub(crate) fn builtin_lateness() -> &'static LateRules {
    static LATENESS: LazyLock<LateRules> = LazyLock::new(|| {
        let read = || {
            let calendar = Calendar::parse(include_str!("../../rules/calendar.toml"));
            let calendar = calendar.map_err(|error| error.to_string())?;
            let kinds = alarm_kind::parse(include_str!("../../rules/alarm_kind.toml"))?;
            let deadlines = deadline_table::parse(include_str!("../../rules/deadline.toml"))?;
            let fields = case_field::parse(include_str!("../../rules/case_field.toml"))?;
            let policies = policy::parse(include_str!("../../rules/policy.toml"))?;
            LateRules::read(&calendar, &kinds, &deadlines, &fields, &policies)
        };
        read().expect("the shipped tables are read by a test")
    });
    &LATENESS
}
