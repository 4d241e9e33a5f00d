//! What one shift leaves to the next (交接班): a list in one byte form, and the pair of signatures under its
//! hash. Names are left out; a page puts them in for those who may read them.

use crate::act::HandOver;
use crate::authority::Authority;
use crate::canon;
use crate::fact::{Fact, What};
use crate::id::{DossierId, EnvelopeId, OfficeId, PersonId, sha256};
use crate::rule::RulePack;
use crate::standing::is_void_by_reading;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Most rows of one part of a list.
pub const LIST_ROWS_MAX: usize = 500;

/// What is open when the duty changes hands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HandList {
    /// When it was made, ms UTC.
    #[n(0)]
    pub at: i64,
    /// The office.
    #[n(1)]
    pub office: OfficeId,
    /// Alarms that are not closed.
    #[n(2)]
    pub alarms: Vec<ListedAlarm>,
    /// Calls that reached nobody.
    #[n(3)]
    pub untold: Vec<ListedUntold>,
    /// Devices without a signal.
    #[n(4)]
    pub devices: Vec<ListedDevice>,
    /// Leaves that end on the day.
    #[n(5)]
    pub leaves: Vec<ListedLeave>,
    /// 1 where a part holds more than `LIST_ROWS_MAX` rows and was cut.
    #[n(6)]
    pub cut: u8,
}

/// An alarm that is not closed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct ListedAlarm {
    /// 1 gravest to 4.
    #[n(0)]
    pub severity: u8,
    /// When it was raised, ms UTC.
    #[n(1)]
    pub raised_at: i64,
    /// Which.
    #[n(2)]
    pub alarm: DossierId,
    /// Code of its kind.
    #[n(3)]
    pub kind: String,
    /// State of its handling.
    #[n(4)]
    pub state: String,
    /// Who has taken it.
    #[n(5)]
    pub taken_by: Option<PersonId>,
}

/// A call that reached nobody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct ListedUntold {
    /// Since when it is owed, ms UTC.
    #[n(0)]
    pub at: i64,
    /// For which alarm.
    #[n(1)]
    pub alarm: DossierId,
    /// Why it is owed.
    #[n(2)]
    pub step: String,
    /// Who or what should be reached.
    #[n(3)]
    pub receiver: String,
    /// A word for why it was not.
    #[n(4)]
    pub reason: String,
}

/// A device without a signal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct ListedDevice {
    /// The last report, ms UTC; none where there never was one.
    #[n(0)]
    pub last: Option<i64>,
    /// Whose case.
    #[n(1)]
    pub case: DossierId,
}

/// A leave that ends on the day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct ListedLeave {
    /// When it is over, ms UTC.
    #[n(0)]
    pub until: i64,
    /// Which matter.
    #[n(1)]
    pub matter: EnvelopeId,
    /// Of which case.
    #[n(2)]
    pub case: DossierId,
}

impl HandList {
    /// In the one order, each part cut at its bound: the gravest alarms, the oldest of the rest.
    #[must_use]
    pub fn ordered(mut self) -> Self {
        fn order<T: Ord>(rows: &mut Vec<T>) -> bool {
            rows.sort_unstable();
            rows.dedup();
            let long = rows.len() > LIST_ROWS_MAX;
            rows.truncate(LIST_ROWS_MAX);
            long
        }
        let cut = [
            order(&mut self.alarms),
            order(&mut self.untold),
            order(&mut self.devices),
            order(&mut self.leaves),
        ];
        self.cut |= u8::from(cut.contains(&true));
        self
    }

    /// Its one byte form.
    pub fn bytes(&self) -> Vec<u8> {
        canon::encode(self)
    }

    /// What is signed of it.
    pub fn hand_over(&self) -> HandOver {
        HandOver {
            takes: None,
            list: sha256(&[&self.bytes()]),
            open: u32::try_from(self.alarms.len()).unwrap_or(u32::MAX),
            untold: u32::try_from(self.untold.len()).unwrap_or(u32::MAX),
        }
    }
}

/// A hand-over as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The act of the one who leaves.
    pub id: EnvelopeId,
    /// Who leaves.
    pub by: PersonId,
    /// When, by that signer's clock, ms UTC.
    pub at: i64,
    /// What was signed.
    pub act: HandOver,
    /// The act, the person and the time of the one who took it; none while nobody has.
    pub taken: Option<(EnvelopeId, PersonId, i64)>,
}

/// The hand-overs of an office (D-9), by time and id. It is taken by the first other person of the office
/// who signs the same list; of two at one time by the one of the smaller id.
pub fn hand_overs(
    (authority, rules): (&Authority, &RulePack),
    office: OfficeId,
    facts: &BTreeMap<EnvelopeId, Fact>,
) -> Vec<HandedOver> {
    let mut given: BTreeMap<EnvelopeId, HandedOver> = BTreeMap::new();
    let mut takings = Vec::new();
    for fact in facts.values() {
        let What::HandOver(act) = &fact.what else {
            continue;
        };
        let Some(person) = signer_of((authority, rules), office, fact) else {
            continue;
        };
        if let Some(takes) = act.takes {
            takings.push((fact.at, fact.id, takes, person, act.list));
            continue;
        }
        let row = HandedOver {
            id: fact.id,
            by: person,
            at: fact.at,
            act: act.clone(),
            taken: None,
        };
        given.insert(fact.id, row);
    }
    takings.sort_unstable();
    for (at, id, takes, person, list) in takings {
        if let Some(row) = given.get_mut(&takes)
            && row.by != person
            && row.act.list == list
            && row.taken.is_none()
        {
            row.taken = Some((id, person, at));
        }
    }
    let mut rows: Vec<HandedOver> = given.into_values().collect();
    rows.sort_by_key(|row| (row.at, row.id));
    rows
}

/// The person of the office behind a good act.
fn signer_of(
    (authority, rules): (&Authority, &RulePack),
    office: OfficeId,
    fact: &Fact,
) -> Option<PersonId> {
    let seat = authority.appointment(fact.appointment?)?;
    let own = seat.author() == fact.author
        && seat.office == office
        && seat.endpoint.is_none()
        && !is_void_by_reading(authority, rules, fact);
    let complete = authority.is_complete(fact.id);
    (own && authority.state(fact, complete).is_good()).then_some(seat.person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_one_byte_form_and_says_where_it_was_cut() {
        let alarm = |byte: u8, severity: u8| ListedAlarm {
            severity,
            raised_at: i64::from(byte),
            alarm: DossierId([byte; 32]),
            kind: "GEO_OUT".into(),
            state: "RAISED".into(),
            taken_by: None,
        };
        let list = |alarms: Vec<ListedAlarm>| HandList {
            at: 1,
            office: OfficeId([1; 16]),
            alarms,
            untold: vec![],
            devices: vec![],
            leaves: vec![],
            cut: 0,
        };
        let one = list(vec![alarm(1, 3), alarm(2, 1)]).ordered();
        let other = list(vec![alarm(2, 1), alarm(1, 3), alarm(1, 3)]).ordered();
        assert_eq!(one.bytes(), other.bytes());
        assert_eq!((one.alarms[0].severity, one.cut), (1, 0));
        assert_eq!(one.hand_over().open, 2);
        let many = (0..=LIST_ROWS_MAX).map(|i| ListedAlarm {
            raised_at: i as i64,
            ..alarm(1, 2)
        });
        let long = list(many.collect()).ordered();
        assert_eq!((long.alarms.len(), long.cut), (LIST_ROWS_MAX, 1));
        let again: HandList = canon::decode("a list", &long.bytes()).unwrap();
        assert_eq!(again, long);
    }
}
