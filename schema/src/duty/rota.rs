//! The duty list of one office as it is read out of its roster: which lists count, which stand, and whether
//! an instant lies in the hours of the office.

use crate::act::{Rota, Shift};
use crate::authority::Authority;
use crate::calendar::{Calendar, civil_of};
use crate::fact::{Fact, What};
use crate::fix::DAY_MS;
use crate::id::{EnvelopeId, OfficeId, PersonId};
use crate::rule::RulePack;
use crate::schedule::{ReadScheduleError, Schedule};
use crate::standing::is_void_by_reading;
use std::collections::{BTreeMap, BTreeSet};

/// Most shifts of one list: three a day for half a year.
pub const SHIFTS_MAX: usize = 600;
/// Most numbers of one list.
pub const PHONES_MAX: usize = 100;
/// Longest shift, ms: a week.
pub const SHIFT_MS_MAX: i64 = 7 * DAY_MS;
/// Digits of a number.
const DIGITS: std::ops::RangeInclusive<usize> = 5..=15;

/// Why a duty list does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckRotaError {
    /// Hours that are none.
    #[error(transparent)]
    Hours(#[from] ReadScheduleError),
    /// Too long.
    #[error(
        "a duty list has at most {SHIFTS_MAX} shifts and {PHONES_MAX} numbers, not {0} and {1}"
    )]
    Long(usize, usize),
    /// A shift that ends before it begins, or lasts too long.
    #[error("a shift lasts more than nothing and at most seven days: from {0} to {1}, ms UTC")]
    Span(i64, i64),
    /// Not in the one order.
    #[error("shifts, numbers and replaced lists ascend, each once")]
    Order,
    /// Not a telephone number.
    #[error("a telephone number has 5 to 15 digits, and + before them or nothing: {0:?}")]
    Number(String),
}

/// Whether a list has the one form in which it counts.
pub fn check_rota(rota: &Rota) -> Result<(), CheckRotaError> {
    if let Some(hours) = &rota.hours {
        hours.check()?;
    }
    if rota.shifts.len() > SHIFTS_MAX || rota.phones.len() > PHONES_MAX {
        return Err(CheckRotaError::Long(rota.shifts.len(), rota.phones.len()));
    }
    for shift in &rota.shifts {
        let length = shift.to.checked_sub(shift.from);
        if !length.is_some_and(|length| (1..=SHIFT_MS_MAX).contains(&length)) {
            return Err(CheckRotaError::Span(shift.from, shift.to));
        }
    }
    let ascends = rota.shifts.is_sorted_by(|a, b| a < b)
        && rota.phones.is_sorted_by(|a, b| a.person < b.person)
        && rota.replaces.is_sorted_by(|a, b| a < b);
    if !ascends {
        return Err(CheckRotaError::Order);
    }
    rota.phones
        .iter()
        .try_for_each(|phone| check_number(&phone.number))
}

/// Whether a text is a telephone number.
pub fn check_number(number: &str) -> Result<(), CheckRotaError> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    if DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        let start = number.chars().take(32).collect();
        Err(CheckRotaError::Number(start))
    }
}

/// The lists of an office that stand: one, or several that know nothing of one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotas(pub BTreeMap<EnvelopeId, Rota>);

impl Rotas {
    /// What a further list takes the place of, ascending.
    pub fn tips(&self) -> Vec<EnvelopeId> {
        self.0.keys().copied().collect()
    }

    /// The shifts that hold an instant, of every list that stands: of two that contradict one another
    /// nobody is left uncalled.
    pub fn at(&self, at: i64) -> BTreeSet<&Shift> {
        let shifts = self.0.values().flat_map(|rota| &rota.shifts);
        shifts
            .filter(|shift| (shift.from..shift.to).contains(&at))
            .collect()
    }

    /// The number of a person; of several the one in the list of the greater id.
    pub fn phone(&self, person: PersonId) -> Option<&str> {
        let phones = self.0.values().rev().flat_map(|rota| &rota.phones);
        let mut own = phones.filter(|phone| phone.person == person);
        own.next().map(|phone| phone.number.as_str())
    }
}

/// The lists of an office that stand (D-2, D-3), from the facts of its roster.
pub fn rotas_of(
    (authority, rules): (&Authority, &RulePack),
    office: OfficeId,
    facts: &BTreeMap<EnvelopeId, Fact>,
) -> Rotas {
    let counted: BTreeMap<EnvelopeId, &Rota> = facts
        .values()
        .filter_map(|fact| match &fact.what {
            What::Rota(rota) if counts((authority, rules), office, fact, rota) => {
                Some((fact.id, rota))
            }
            _ => None,
        })
        .collect();
    let replaced: BTreeSet<EnvelopeId> = counted
        .values()
        .flat_map(|rota| rota.replaces.iter().copied())
        .collect();
    let standing = counted.into_iter().filter(|(id, _)| !replaced.contains(id));
    Rotas(standing.map(|(id, rota)| (id, rota.clone())).collect())
}

fn counts(
    (authority, rules): (&Authority, &RulePack),
    office: OfficeId,
    fact: &Fact,
    rota: &Rota,
) -> bool {
    let good = authority
        .state(fact, authority.is_complete(fact.id))
        .is_good();
    good && !is_void_by_reading(authority, rules, fact)
        && check_rota(rota).is_ok()
        && is_by_head((authority, rules), office, fact)
}

/// Whether an act was signed by somebody who leads the office, in its name.
fn is_by_head((authority, rules): (&Authority, &RulePack), office: OfficeId, fact: &Fact) -> bool {
    let seat = fact
        .appointment
        .and_then(|id| Some((id, authority.appointment(id)?)));
    seat.is_some_and(|(id, seat)| {
        seat.author() == fact.author
            && seat.office == office
            && seat.roles.iter().any(|role| rules.leads_office(role))
            && authority.has_capacity(id, fact.n)
    })
}

/// Whether an instant lies in the hours of an office: in those of any list that stands, else in those of
/// the rules.
pub fn in_hours(rules: &RulePack, rotas: &Rotas, at: i64) -> bool {
    let calendar = rules.calendar();
    if rotas.0.is_empty() {
        let hours = rules.duty();
        return holds(&hours.hours, hours.workdays, calendar, at);
    }
    rotas.0.values().any(|rota| {
        let hours = rota.hours.as_ref();
        hours.is_some_and(|hours| holds(hours, rota.workdays == 1, calendar, at))
    })
}

fn holds(hours: &Schedule, workdays: bool, calendar: &Calendar, at: i64) -> bool {
    if !workdays {
        return hours.is_in_force(at);
    }
    let date = civil_of(at).date();
    if !calendar.day(date).working {
        return false;
    }
    // A Saturday or Sunday that is worked has the hours of the Friday before.
    let weekday = i64::from(date.weekday().to_monday_one_offset());
    let back = (weekday - 5).max(0);
    hours.is_in_force(at - back * DAY_MS)
}
