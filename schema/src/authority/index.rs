//! Who is concerned by what: roster acts and receipts by those whose standing they may change.

use super::Authority;
use super::weigh::{Said, Signed};
use crate::act::Act;
use crate::admit::Introduction;
use crate::envelope::Duty;
use crate::fact::{Fact, What};
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

type Ids = BTreeSet<EnvelopeId>;

/// Acts and receipts by whom and what they concern.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Revocations and endorsements by the author that they speak of.
    pub(super) said_about: BTreeMap<AuthorId, Ids>,
    /// Receipts by the authors whose heads they list.
    pub(super) listed_by: BTreeMap<AuthorId, Ids>,
    /// Authors by the receipts that their heads cite.
    pub(super) cited_by: BTreeMap<EnvelopeId, BTreeSet<AuthorId>>,
    /// Acts of keepers and witnesses in the order of their chains.
    pub(super) acts_of: BTreeMap<AuthorId, BTreeSet<(u64, EnvelopeId)>>,
    /// Appointing acts by the office that they appoint to.
    pub(super) appoints: BTreeMap<OfficeId, Ids>,
    /// Witness authors by office.
    pub(super) witnesses: BTreeMap<OfficeId, BTreeSet<AuthorId>>,
    /// Founding acts.
    pub(super) founds: Ids,
    /// Offices whose id some founding here proves to be made of its parent, whether it counts or
    /// not: asked of bytes alone, so that no tree depends on itself.
    pub(super) bound: BTreeSet<OfficeId>,
    /// Whether `bound` grew since the tree was last asked for.
    pub(super) bound_grew: bool,
    /// Policies and entrustments.
    pub(super) rulings: Ids,
    /// New names and codes by office.
    pub(super) restyles: BTreeMap<OfficeId, Ids>,
    /// Standings in by the appointment that they name.
    pub(super) stand_ins: BTreeMap<EnvelopeId, Ids>,
}

impl Authority {
    pub(super) fn take_said(&mut self, fact: &Fact) {
        let said = match &fact.what {
            What::Roster(_) => fact.what.roster_act().map(Said::Act),
            What::Receipt(receipt) => Some(Said::Receipt(receipt.clone())),
            _ => None,
        };
        let Some(said) = said else { return };
        self.take_index(fact.id, &said);
        let of = self.index.acts_of.entry(fact.author).or_default();
        of.insert((fact.n, fact.id));
        self.acts.insert(
            fact.id,
            Signed {
                author: fact.author,
                appointment: fact.appointment,
                at: fact.at,
                said,
            },
        );
    }

    fn take_index(&mut self, id: EnvelopeId, said: &Said) {
        match said {
            Said::Receipt(receipt) => {
                // Rule 10 asks of whoever cites it as soon as it is here, counting or not.
                let citing = self.index.cited_by.get(&id).into_iter().flatten();
                self.dirty.extend(citing);
                for head in &receipt.heads {
                    let listed = self.index.listed_by.entry(head.author).or_default();
                    listed.insert(id);
                }
            }
            Said::Act(act) => self.take_act(id, act),
        }
    }

    fn take_act(&mut self, id: EnvelopeId, act: &Act) {
        let index = &mut self.index;
        let ids = match act {
            Act::Appoint(appoint) => {
                index.appoints.entry(appoint.office).or_default().insert(id);
                return self.introduce(Introduction {
                    suite: appoint.suite,
                    key: appoint.key.clone(),
                    office: appoint.office,
                    duty: appoint.duty,
                });
            }
            Act::Root(root) => return self.take_root(id, root),
            Act::Found(found) => {
                if found.is_bound() {
                    index.bound_grew |= index.bound.insert(found.office);
                }
                &mut index.founds
            }
            Act::Revoke(revoke) => index.said_about.entry(revoke.author).or_default(),
            Act::Endorse(endorse) => index.said_about.entry(endorse.author).or_default(),
            Act::Restyle(restyle) => index.restyles.entry(restyle.office).or_default(),
            Act::StandIn(stand_in) => index.stand_ins.entry(stand_in.appointment).or_default(),
            _ => &mut index.rulings,
        };
        ids.insert(id);
    }

    pub(super) fn introduce(&mut self, introduction: Introduction) {
        let author = introduction.author();
        if self.seats.contains_key(&author) {
            return;
        }
        if introduction.duty == Duty::Witness {
            let witnesses = self.index.witnesses.entry(introduction.office).or_default();
            witnesses.insert(author);
        }
        self.seats.insert(author, introduction);
        self.dirty.insert(author);
    }
}
