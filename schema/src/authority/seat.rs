//! What rosters say of people, nodes, entrustments and policies: the questions that a node asks of
//! its authority.

use super::Authority;
use super::state::{NodeSeat, PolicyInForce};
use super::weigh::Signed;
use crate::act::{Act, Appoint, Entrust, Policy, Shred};
use crate::envelope::Duty;
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::BTreeMap;

/// Days without word from above after which decisions are refused, where no policy says otherwise.
pub const STALE_DAYS_DEFAULT: u16 = 7;
/// The role of an appointment that makes a node.
const NODE_ROLE: &str = "NODE";

/// One entrustment (委托函) as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrustment<'a> {
    /// The signed act.
    pub id: EnvelopeId,
    /// The office that entrusts.
    pub by: OfficeId,
    /// What it says.
    pub act: &'a Entrust,
    /// Since when another takes its place, ms UTC.
    pub ended: Option<i64>,
}

/// An appointing act, its content, and whether it counts.
pub type Appointments<'a> = Box<dyn Iterator<Item = (EnvelopeId, &'a Appoint, bool)> + 'a>;

/// Lowest tier whose keepers order that a case be destroyed: the county.
const SHRED_TIER_MIN: u8 = 2;

impl Authority {
    /// What an appointing act says, whether it counts or not.
    pub fn appointment(&self, id: EnvelopeId) -> Option<&Appoint> {
        match self.acts.get(&id).and_then(Signed::act) {
            Some(Act::Appoint(appoint)) => Some(appoint),
            _ => None,
        }
    }

    /// Whether an appointing act counts: good, inside its issuer's own, and by a judge of the
    /// author.
    pub fn is_appointed(&self, id: EnvelopeId) -> bool {
        let Some(signed) = self.acts.get(&id) else {
            return false;
        };
        let Some(appoint) = self.appointment(id) else {
            return false;
        };
        let (by, author) = (signed.author, appoint.author());
        let effect = self.effect(by, id).filter(|effect| effect.counts);
        self.offices.get(appoint.office).is_some()
            && self.may_judge(by, author)
            && effect.is_some_and(|effect| self.judged_when(by, author, effect.moment))
    }

    /// Every appointment to an office, by id.
    pub fn signers_of(&self, office: OfficeId) -> Appointments<'_> {
        let ids = self.index.appoints.get(&office).into_iter().flatten();
        Box::new(ids.filter_map(|id| self.appointment_row(*id)))
    }

    /// Every appointment, by office and id.
    pub fn appointments(&self) -> Appointments<'_> {
        let ids = self.index.appoints.values().flatten();
        Box::new(ids.filter_map(|id| self.appointment_row(*id)))
    }

    fn appointment_row(&self, id: EnvelopeId) -> Option<(EnvelopeId, &Appoint, bool)> {
        let appoint = self.appointment(id)?;
        Some((id, appoint, self.is_appointed(id)))
    }

    /// Transport keys of the nodes that are appointed and that no superior cut off; the smaller
    /// appointment of two.
    pub fn endpoints(&self) -> BTreeMap<[u8; 32], NodeSeat> {
        let mut endpoints = BTreeMap::new();
        for (appointment, appoint, good) in self.appointments() {
            let node = appoint.roles.iter().any(|role| role == NODE_ROLE);
            let author = appoint.author();
            if let Some(key) = appoint.endpoint
                && good
                && node
                && !self.is_barred(author)
            {
                endpoints.entry(key).or_insert(NodeSeat {
                    office: appoint.office,
                    author,
                    appointment,
                });
            }
        }
        endpoints
    }

    /// Whether a good revocation by a judge bars whatever the author signs from now on.
    pub fn is_barred(&self, author: AuthorId) -> bool {
        match self.chains.get(&author) {
            Some(chain) => chain.judged.barred,
            None => self.judge(author, &super::chain::Chain::default()).barred,
        }
    }

    /// Whether an office strictly above entrusted the office with an action at an instant, ms UTC,
    /// and nobody ended that before.
    pub fn entrusted(&self, office: OfficeId, action: &str, at: i64) -> bool {
        self.entrustments_of(office).any(|entrusted| {
            let Entrustment { act, ended, .. } = entrusted;
            act.from <= at
                && at <= act.to
                && ended.is_none_or(|ended| at < ended)
                && act.actions.iter().any(|name| name == action)
        })
    }

    /// Good entrustments to an office by offices above it, by id.
    pub fn entrustments_of(&self, office: OfficeId) -> impl Iterator<Item = Entrustment<'_>> {
        let known = self.offices.get(office).is_some();
        let to = self.entrustments().filter(move |(id, _, act)| {
            known && act.office == office && self.was_said_above(*id, office)
        });
        to.map(move |(id, by, act)| Entrustment {
            id,
            by,
            act,
            ended: self.entrustment_end(id, by, office),
        })
    }

    /// Since when a later entrustment of an office on no lower a level takes the place of
    /// this one: its first instant, never before it was signed.
    fn entrustment_end(&self, id: EnvelopeId, by: OfficeId, office: OfficeId) -> Option<i64> {
        let ending = self.entrustments().filter(|(other, _, act)| {
            let named = act.ends.iter().flatten().any(|ended| *ended == id);
            named && self.may_end(*other, by, office)
        });
        ending
            .filter_map(|(other, _, act)| Some(act.from.max(self.moment(other)?.said)))
            .min()
    }

    fn entrustments(&self) -> impl Iterator<Item = (EnvelopeId, OfficeId, &Entrust)> {
        self.index.rulings.iter().filter_map(|id| {
            let signed = self.acts.get(id)?;
            self.effect(signed.author, *id)?;
            let seat = self.seat(signed.author)?;
            match signed.act()? {
                Act::Entrust(entrust) if seat.duty == Duty::Keeper => {
                    Some((*id, seat.office, entrust))
                }
                _ => None,
            }
        })
    }

    /// The policy for an office: of the highest office above it that set one, the one with the
    /// latest claimed time; of one height the office counts that came to stand there later.
    pub fn policy(&self, office: OfficeId) -> PolicyInForce {
        let best = self
            .policies()
            .filter(|(_, _, id, _)| self.was_said_over(*id, office))
            .filter_map(|(by, at, id, policy)| {
                let depth = std::cmp::Reverse(self.offices.depth(by)?);
                let since = self.offices.since(by, office, self.moment(id)?.said);
                Some(((depth, since, at), id, policy))
            })
            .max_by_key(|(rank, id, _)| (*rank, *id));
        best.map_or(
            PolicyInForce {
                stale_days: STALE_DAYS_DEFAULT,
                fold_version: None,
                rule_pack: None,
                act: None,
            },
            |(_, id, policy)| PolicyInForce {
                stale_days: policy.stale_days,
                fold_version: Some(policy.fold_version),
                rule_pack: Some(policy.rule_pack),
                act: Some(id),
            },
        )
    }

    /// The office that an author belongs to, where it has been introduced.
    pub fn office_of(&self, author: AuthorId) -> Option<OfficeId> {
        self.seat(author).map(|seat| seat.office)
    }

    /// Good orders to destroy a case, by keepers of a county or of an office above one, with the
    /// office that gave each. Whether the case stands under that office, the caller must ask.
    pub fn shreds(&self) -> impl Iterator<Item = (EnvelopeId, OfficeId, &Shred)> {
        self.index.rulings.iter().filter_map(|id| {
            let signed = self.acts.get(id)?;
            self.effect(signed.author, *id)?;
            let seat = self.seat(signed.author)?;
            let tier = self.offices.get(seat.office)?.tier;
            match signed.act()? {
                Act::Shred(shred) if seat.duty == Duty::Keeper && tier >= SHRED_TIER_MIN => {
                    Some((*id, seat.office, shred))
                }
                _ => None,
            }
        })
    }

    fn policies(&self) -> impl Iterator<Item = (OfficeId, i64, EnvelopeId, &Policy)> {
        self.index.rulings.iter().filter_map(|id| {
            let signed = self.acts.get(id)?;
            self.effect(signed.author, *id)?;
            match signed.act()? {
                Act::Policy(policy) => {
                    Some((self.seat(signed.author)?.office, signed.at, *id, policy))
                }
                _ => None,
            }
        })
    }
}
