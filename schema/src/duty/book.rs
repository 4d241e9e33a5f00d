//! Who has the duty: within its hours the office's own people, outside them the county's; where a list is
//! empty the head, and a notice that it is.

use super::rota::{Rotas, in_hours, rotas_of};
use crate::authority::Authority;
use crate::envelope::Duty;
use crate::fact::Fact;
use crate::id::{EnvelopeId, OfficeId, PersonId};
use crate::rule::RulePack;
use std::collections::{BTreeMap, BTreeSet};

/// The tier whose duty desk answers outside the hours of the offices below it: the county.
const DESK_TIER: u8 = 2;

/// One member of staff, as appointed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Who.
    pub person: PersonId,
    /// Name as the appointment has it.
    pub name: String,
    /// Whether the person leads the office.
    pub head: bool,
    /// First and last instant of the appointment, ms UTC.
    pub term: (i64, i64),
}

/// One office with its lists and its staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookOffice {
    /// The office above.
    pub parent: Option<OfficeId>,
    /// 1 township to 5 ministry.
    pub tier: u8,
    /// Its lists that stand.
    pub rotas: Rotas,
    /// Its people, machines left out; by person.
    pub staff: Vec<Staff>,
}

/// Lists and staff of the offices that a node knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book(pub BTreeMap<OfficeId, BookOffice>);

/// Why somebody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A shift of the list.
    Listed,
    /// The list names nobody: the head.
    Head,
}

/// Somebody who has the duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// Who.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Of which office.
    pub office: OfficeId,
    /// Why.
    pub why: Why,
    /// The number, where the list has one.
    pub phone: Option<String>,
}

/// Who has the duty for an office at an instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnDuty {
    /// Whether the office itself is in its hours.
    pub in_hours: bool,
    /// The people, those of the office before those of the county, by person.
    pub people: Vec<Called>,
    /// Offices that have the duty and whose list names nobody: a red notice.
    pub unlisted: Vec<OfficeId>,
}

impl Book {
    /// Reads the lists and the staff of the offices whose rosters are given, and where all others stand.
    pub fn read(
        (authority, rules): (&Authority, &RulePack),
        rosters: &BTreeMap<OfficeId, BTreeMap<EnvelopeId, Fact>>,
    ) -> Self {
        let offices = authority.offices().iter().map(|(id, office)| {
            let facts = rosters.get(&id);
            let rotas = facts.map(|facts| rotas_of((authority, rules), id, facts));
            let staff = facts.map(|_| staff_of((authority, rules), id));
            let read = BookOffice {
                parent: office.parent,
                tier: office.tier,
                rotas: rotas.unwrap_or_default(),
                staff: staff.unwrap_or_default(),
            };
            (id, read)
        });
        Self(offices.collect())
    }

    /// The office whose duty desk answers for another: the county above it, or itself from the county
    /// on.
    pub fn desk_of(&self, office: OfficeId) -> Option<OfficeId> {
        let mut at = office;
        for _ in 0..self.0.len() {
            let row = self.0.get(&at)?;
            if row.tier >= DESK_TIER {
                return Some(at);
            }
            at = row.parent?;
        }
        None
    }

    /// The office of a tier above another one, or that office itself.
    pub fn above(&self, office: OfficeId, tier: u8) -> Option<OfficeId> {
        let mut at = office;
        for _ in 0..self.0.len() {
            let row = self.0.get(&at)?;
            if row.tier == tier {
                return Some(at);
            }
            at = row.parent?;
        }
        None
    }

    /// Who answers at one office: those whom its lists name, else its heads, and a notice.
    pub fn answering(&self, office: OfficeId, at: i64) -> OnDuty {
        let mut answer = OnDuty::default();
        let Some(row) = self.0.get(&office) else {
            return answer;
        };
        let here = |one: &&Staff| (one.term.0..=one.term.1).contains(&at);
        let staff: Vec<&Staff> = row.staff.iter().filter(here).collect();
        let listed: BTreeSet<PersonId> = row.rotas.at(at).iter().map(|s| s.person).collect();
        // Who is on the list and holds no seat any more is not called: the list is behind the roster.
        let on_list = staff.iter().filter(|one| listed.contains(&one.person));
        answer.people = on_list
            .map(|one| called(row, office, one, Why::Listed))
            .collect();
        if answer.people.is_empty() {
            let heads = staff.iter().filter(|one| one.head);
            answer.people = heads
                .map(|one| called(row, office, one, Why::Head))
                .collect();
            answer.unlisted.push(office);
        }
        answer
    }
}

/// Who has the duty for an office at an instant, ms UTC (D-4).
pub fn on_duty(rules: &RulePack, book: &Book, office: OfficeId, at: i64) -> OnDuty {
    let Some(row) = book.0.get(&office) else {
        return OnDuty::default();
    };
    let desk = book.desk_of(office);
    let own = book.answering(office, at);
    if in_hours(rules, &row.rotas, at) {
        return OnDuty {
            in_hours: true,
            ..own
        };
    }
    if desk == Some(office) || desk.is_none() {
        return own;
    }
    // A night shift of the office's own list answers too; nobody is missed there outside its hours.
    let mut people = own.people;
    people.retain(|one| one.why == Why::Listed);
    let county = desk
        .map(|desk| book.answering(desk, at))
        .unwrap_or_default();
    for one in county.people {
        if people.iter().all(|known| known.person != one.person) {
            people.push(one);
        }
    }
    OnDuty {
        in_hours: false,
        people,
        unlisted: county.unlisted,
    }
}

fn called(row: &BookOffice, office: OfficeId, one: &Staff, why: Why) -> Called {
    Called {
        person: one.person,
        name: one.name.clone(),
        office,
        why,
        phone: row.rotas.phone(one.person).map(ToOwned::to_owned),
    }
}

/// One row a person: of several seats at the office the widest term, and head where any is.
fn staff_of((authority, rules): (&Authority, &RulePack), office: OfficeId) -> Vec<Staff> {
    let mut staff: BTreeMap<PersonId, Staff> = BTreeMap::new();
    for (id, appoint, good) in authority.signers_of(office) {
        let roles = &appoint.roles;
        let works = appoint.duty == Duty::Staff
            && appoint.endpoint.is_none()
            && roles.iter().any(|role| {
                let role = rules.role(role);
                role.is_some_and(|role| !role.reads_only && role.reads_cases)
            });
        if !good || !works || authority.is_barred(appoint.author()) {
            continue;
        }
        let head = roles.iter().any(|role| rules.leads_office(role))
            && authority.has_capacity(id, u64::MAX);
        let row = staff.entry(appoint.person).or_insert_with(|| Staff {
            person: appoint.person,
            name: appoint.name.clone(),
            head: false,
            term: (appoint.not_before, appoint.not_after),
        });
        row.head |= head;
        row.term.0 = row.term.0.min(appoint.not_before);
        row.term.1 = row.term.1.max(appoint.not_after);
    }
    staff.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::{Phone, Rota, Shift};
    use crate::calendar::instant_of;
    use crate::schedule::{Schedule, Window};

    const TOWN: OfficeId = OfficeId([1; 16]);
    const COUNTY: OfficeId = OfficeId([2; 16]);
    const FOREVER: (i64, i64) = (0, i64::MAX);

    fn at(text: &str) -> i64 {
        instant_of(text.parse().unwrap())
    }

    fn staff(byte: u8, head: bool) -> Staff {
        Staff {
            person: PersonId([byte; 16]),
            name: format!("p{byte}"),
            head,
            term: FOREVER,
        }
    }

    fn rota(hours: Option<(&str, &str)>, shifts: &[(&str, &str, u8)]) -> Rota {
        let minute = |text: &str| {
            let (h, m) = text.split_once(':').unwrap();
            h.parse::<u16>().unwrap() * 60 + m.parse::<u16>().unwrap()
        };
        let window = |(from, to): (&str, &str)| {
            let window = Window::new(&[1, 2, 3, 4, 5], minute(from), minute(to)).unwrap();
            Schedule::new(vec![window]).unwrap()
        };
        let mut shifts: Vec<Shift> = shifts
            .iter()
            .map(|(from, to, byte)| Shift {
                from: at(from),
                to: at(to),
                person: PersonId([*byte; 16]),
            })
            .collect();
        shifts.sort_unstable();
        Rota {
            hours: hours.map(window),
            workdays: 1,
            shifts,
            phones: vec![Phone {
                person: PersonId([3; 16]),
                number: "13800000003".into(),
            }],
            replaces: vec![],
        }
    }

    fn book(town: &[Rota], county: &[Rota]) -> Book {
        let rotas = |rotas: &[Rota]| {
            let ids = (1u8..).map(|byte| EnvelopeId([byte; 32]));
            Rotas(ids.zip(rotas.iter().cloned()).collect())
        };
        let town = BookOffice {
            parent: Some(COUNTY),
            tier: 1,
            rotas: rotas(town),
            staff: vec![staff(1, true), staff(2, false)],
        };
        let county = BookOffice {
            parent: None,
            tier: 2,
            rotas: rotas(county),
            staff: vec![staff(3, false), staff(4, true)],
        };
        Book([(TOWN, town), (COUNTY, county)].into())
    }

    #[track_caller]
    fn check(book: &Book, when: &str, people: &[u8], unlisted: &[OfficeId]) {
        let found = on_duty(&RulePack::builtin(), book, TOWN, at(when));
        let called: Vec<u8> = found.people.iter().map(|one| one.person.0[0]).collect();
        assert_eq!(called, people, "{when}: {found:?}");
        assert_eq!(found.unlisted, unlisted, "{when}");
    }

    #[test]
    fn in_hours_the_office_answers_and_outside_them_the_county() {
        let town = rota(
            Some(("08:30", "17:30")),
            &[("2026-03-02T00:00", "2026-03-07T00:00", 2)],
        );
        let county = rota(None, &[("2026-03-01T00:00", "2026-03-08T00:00", 3)]);
        let both = book(&[town], &[county]);
        check(&both, "2026-03-02T08:30", &[2], &[]);
        check(&both, "2026-03-02T17:29:59", &[2], &[]);
        // The office's own night shift answers beside the county's.
        check(&both, "2026-03-02T17:30", &[2, 3], &[]);
        check(&both, "2026-03-01T12:00", &[3], &[]);
        let at_noon = on_duty(&RulePack::builtin(), &both, TOWN, at("2026-03-01T12:00"));
        assert_eq!(at_noon.people[0].phone.as_deref(), Some("13800000003"));
    }

    #[test]
    fn an_empty_list_calls_the_head_and_says_so() {
        let none = book(&[], &[]);
        check(&none, "2026-03-02T09:00", &[1], &[TOWN]);
        check(&none, "2026-03-02T20:00", &[4], &[COUNTY]);
    }

    #[test]
    fn a_saturday_that_is_worked_has_hours_and_a_holiday_has_none() {
        let none = book(&[], &[]);
        // 2026-02-14 is a Saturday that is worked, 2026-02-18 a Wednesday of the Spring Festival.
        check(&none, "2026-02-14T09:00", &[1], &[TOWN]);
        check(&none, "2026-02-21T09:00", &[4], &[COUNTY]);
        check(&none, "2026-02-18T09:00", &[4], &[COUNTY]);
    }

    #[test]
    fn of_two_lists_that_know_nothing_of_one_another_both_count() {
        let hours = Some(("08:30", "17:30"));
        let day = ("2026-03-02T00:00", "2026-03-03T00:00");
        let (first, second) = (
            rota(hours, &[(day.0, day.1, 1)]),
            rota(hours, &[(day.0, day.1, 2)]),
        );
        let both = book(&[first, second], &[]);
        check(&both, "2026-03-02T09:00", &[1, 2], &[]);
    }

    #[test]
    fn who_left_the_office_is_not_called_though_the_list_names_them() {
        let mut left = book(
            &[rota(
                Some(("08:30", "17:30")),
                &[("2026-03-02T00:00", "2026-03-03T00:00", 2)],
            )],
            &[],
        );
        let town = left.0.get_mut(&TOWN).unwrap();
        town.staff[1].term = (0, at("2026-03-01T00:00"));
        check(&left, "2026-03-02T09:00", &[1], &[TOWN]);
    }
}
