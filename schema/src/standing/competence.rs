//! Who may sign on a slot (rule 29): the office, the level, not whoever prepared, and who may
//! settle a quarrel.

use super::baton::BATON;
use super::entry::Entry;
use super::grant;
use super::reader::Reader;
use super::rule::{Signer, SlotAct, Verdict};
use super::slot::{SlotKey, SlotValue};
use crate::act::{Appoint, Span};
use crate::fact::What;
use crate::hold::{DossierKind, Moment};
use crate::id::{EnvelopeId, OfficeId};

/// Kinds of case in an appointment.
const KIND_ADULT: u8 = 1;
const KIND_MINOR: u8 = 2;
/// Event that settles a quarrel whatever the number of decisions that it replaces.
const ADJUDICATE: &str = "adjudicate";

impl Reader<'_> {
    /// Whether the signer of a slot's act was competent. Reads only the entry's past, which is
    /// decided already.
    pub(super) fn is_competent(&self, index: usize) -> bool {
        let entry = &self.entries[index];
        let (Some((key, value)), Some(seat)) = (self.slot_value(index), entry.seat) else {
            return false;
        };
        if !self.replaces_lie_in_past(entry) {
            return false;
        }
        let appointment = entry.fact.appointment;
        let holds = |id| self.authority.has_capacity(id, entry.fact.n);
        if !appointment.is_some_and(holds) {
            return false;
        }
        let place = self.place(Some(&entry.past));
        self.office_fits((key, value), seat.office, place, entry.moment)
            && self.kind_fits(seat)
            && (self.level_fits(entry, seat, place) || self.settles_from_above(entry, seat))
            && !self.prepared_by(entry, seat)
            && self.may_replace(entry, seat)
    }

    fn replaces_lie_in_past(&self, entry: &Entry<'_>) -> bool {
        let lies = |id: &EnvelopeId| {
            let index = self.by_id.get(id);
            index.is_some_and(|index| entry.past.contains(*index))
        };
        let matter_lies = match &entry.fact.what {
            What::Step { matter, .. } => lies(matter),
            _ => true,
        };
        matter_lies && entry.replaces().iter().all(lies)
    }

    fn office_fits(
        &self,
        (key, value): (&SlotKey, &SlotValue),
        signer: OfficeId,
        place: OfficeId,
        moment: Moment,
    ) -> bool {
        let offices = self.authority.offices();
        if offices.get(signer).is_none() || offices.get(place).is_none() {
            return false;
        }
        let over = |lower| offices.stood_over(signer, lower, moment);
        match (key, value) {
            // The receiving office of a transfer is not above the releasing one; the rules say who
            // registers.
            (SlotKey::Step(_, step), SlotValue::Verdict(Verdict::Approve)) if step == BATON => true,
            (SlotKey::Place, SlotValue::Office(next)) => over(place) && over(*next),
            _ => over(place),
        }
    }

    fn kind_fits(&self, seat: &Appoint) -> bool {
        let kind = if self.opening.minor {
            KIND_MINOR
        } else {
            KIND_ADULT
        };
        self.opening.kind != DossierKind::Case || seat.kinds.contains(&kind)
    }

    fn level_fits(&self, entry: &Entry<'_>, seat: &Appoint, place: OfficeId) -> bool {
        let offices = self.authority.offices();
        let tier = |office| offices.get(office).map(|office| office.tier);
        let (Some(own), Some(responsible)) = (tier(seat.office), tier(place)) else {
            return false;
        };
        let signer = Signer {
            person: seat.person,
            office: seat.office,
            tier: own,
            roles: &seat.roles,
            depth: offices.depth(seat.office).unwrap_or(0),
        };
        let fits = |act: &SlotAct<'_>| self.rules.competent(&signer, act, responsible);
        match &entry.fact.what {
            What::Amend { field, .. } => fits(&SlotAct::Amend { field }),
            What::Assign { .. } => fits(&SlotAct::Assign),
            What::Seal { sealed, ground, .. } => {
                let sealed = *sealed == 1;
                self.opening.kind == DossierKind::Case && fits(&SlotAct::Seal { sealed, ground })
            }
            What::Consult {
                ground,
                from,
                to,
                reasoned,
                ..
            } => {
                let for_ms = to.saturating_sub(*from);
                let is_whole = *reasoned == 1 && entry.claimed <= *to;
                self.opening.kind == DossierKind::Case
                    && is_whole
                    && fits(&SlotAct::Consult { ground, for_ms })
            }
            What::Step { matter, event, .. } => {
                let Some((workflow, version)) = self.workflow(*matter) else {
                    return false;
                };
                let span = self.span_asked(*matter, entry);
                fits(&SlotAct::Step {
                    workflow,
                    version,
                    event,
                    span,
                    cum_days: grant::cum_days(self, *matter, entry, span),
                    entrusted: self
                        .authority
                        .entrusted(seat.office, workflow, entry.claimed),
                })
            }
            _ => false,
        }
    }

    /// The days of the application, up to the last day that this step sets.
    fn span_asked(&self, matter: EnvelopeId, entry: &Entry<'_>) -> Option<Span> {
        let asked = match &self.entries[*self.by_id.get(&matter)?].fact.what {
            What::Apply { span, .. } => *span,
            _ => None,
        };
        let set = match &entry.fact.what {
            What::Step { span, .. } => *span,
            _ => None,
        };
        match (asked, set) {
            (Some(asked), Some(set)) => Some(Span {
                first_day: asked.first_day,
                last_day: set.last_day,
            }),
            (asked, set) => asked.or(set),
        }
    }

    /// Whether the signer prepared the decision: entered the application or signed a good step that
    /// the rules set apart from it. An opener whose person is not known here cannot be ruled out.
    fn prepared_by(&self, entry: &Entry<'_>, seat: &Appoint) -> bool {
        let What::Step { matter, event, .. } = &entry.fact.what else {
            return false;
        };
        let Some((workflow, version)) = self.workflow(*matter) else {
            return false;
        };
        let apart =
            |earlier: Option<&str>| self.rules.is_apart((workflow, version), event, earlier);
        let same = |other: &Appoint| other.person == seat.person;
        let opener = self.by_id.get(matter).map(|index| &self.entries[*index]);
        let opened = apart(None) && opener.is_none_or(|opener| opener.seat.is_none_or(same));
        opened
            || self.stepped_before(entry, *matter, |earlier, by| {
                apart(Some(earlier)) && same(by)
            })
    }

    /// Whether some good step of a matter in an entry's past, with who signed it, is such a one.
    fn stepped_before(
        &self,
        entry: &Entry<'_>,
        matter: EnvelopeId,
        is_one: impl Fn(&str, &Appoint) -> bool,
    ) -> bool {
        let gone = self.gone_in(Some(&entry.past));
        let mut entries = self.entries.iter().enumerate();
        entries.any(|(index, other)| match &other.fact.what {
            What::Step {
                matter: of, event, ..
            } => {
                *of == matter
                    && entry.past.contains(index)
                    && other.state.is_good()
                    && !self.is_gone(index, &gone)
                    && other.seat.is_some_and(|by| is_one(event, by))
            }
            _ => false,
        })
    }

    /// Who replaces two or more, or adjudicates, signed none of them and stands over them or heads
    /// the office.
    fn may_replace(&self, entry: &Entry<'_>, seat: &Appoint) -> bool {
        let adjudicates = matches!(
            &entry.fact.what,
            What::Step { event, .. } if event.starts_with(ADJUDICATE)
        );
        if entry.replaces().len() < 2 && !adjudicates {
            return true;
        }
        let offices = self.authority.offices();
        let heads = self.heads(seat);
        self.named_by(entry).all(|replaced| {
            replaced.is_some_and(|(_, replaced)| {
                replaced.person != seat.person
                    && !offices.ever_above(replaced.office, seat.office)
                    && (heads || offices.stood_above(seat.office, replaced.office, entry.moment))
            })
        })
    }

    /// Rule Q9: the head of an office strictly above rules on a real quarrel of a level that is not
    /// its own, so that one in which the only head there signed a side finds its judge.
    fn settles_from_above(&self, entry: &Entry<'_>, seat: &Appoint) -> bool {
        let offices = self.authority.offices();
        let below = |replaced: Option<(usize, &Appoint)>| {
            replaced
                .is_some_and(|(_, by)| offices.stood_above(seat.office, by.office, entry.moment))
        };
        let rivals = self.named_by(entry).flatten();
        let rivals = rivals.filter(|(index, _)| self.was_competent(*index));
        self.heads(seat) && self.named_by(entry).all(below) && rivals.count() >= 2
    }

    fn heads(&self, seat: &Appoint) -> bool {
        seat.roles.iter().any(|role| self.rules.leads(role))
    }

    /// What an act names as replaced, and who signed it, where both are known.
    fn named_by<'b>(
        &'b self,
        entry: &'b Entry<'_>,
    ) -> impl Iterator<Item = Option<(usize, &'b Appoint)>> {
        let known = |id| {
            let index = *self.by_id.get(id)?;
            Some((index, self.entries[index].seat?))
        };
        entry.replaces().iter().map(known)
    }
}
