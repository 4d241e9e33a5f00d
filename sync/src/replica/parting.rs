//! Cases that went to another office: the one that had them is told, and what it had signed before
//! is not lost.

use super::Replica;
use super::dossier::{DossierRow, Holding};
use crate::effect::{Event, Peer};
use crate::frontier::past;
use crate::link::CHECK_MS;
use crate::store::Store;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::hold::{Audience, may_hold};
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

/// Dossiers of which an office above is told in one session.
const PARTING_MAX: usize = 1_000;

impl<S: Store> Replica<S> {
    /// Whether an office might have had the dossier under an earlier place, or as an earlier superior.
    pub(super) fn held_before(&self, office: OfficeId, row: &DossierRow) -> bool {
        let offices = self.authority.offices();
        let places = row.earlier.iter().chain([&row.place]).copied();
        places.into_iter().any(|place| {
            let audience = Audience {
                place,
                ..row.audience()
            };
            may_hold(offices, office, &audience)
        })
    }

    /// A peer that still sends what went to another office has not heard of that: it is asked what
    /// it has, to be told.
    pub(super) fn part_with(&mut self, peer: Peer, known: BTreeSet<DossierId>) {
        let Some(mut link) = self.links.remove(&peer) else {
            return;
        };
        let mut parted = BTreeSet::new();
        for dossier in known {
            let gone = self.rows.get(&dossier).is_some_and(|row| {
                !self.may_pass(&link, row) && self.held_before(link.office, row)
            });
            if gone && link.parted.insert(dossier) {
                parted.insert(dossier);
            }
        }
        self.links.insert(peer, link);
        self.want(peer, Vec::new(), parted);
    }

    /// Notes a dossier that went elsewhere, until all that is here of it is known to have come up.
    pub(super) fn count_gone(&mut self, dossier: DossierId) {
        let gone = self.rows.get(&dossier).is_some_and(|row| {
            let left = !row.earlier.is_empty() && self.holding(self.office, row) == Holding::No;
            (left || self.is_kept(row)) && row.settled < row.count
        });
        if gone && self.gone.insert(dossier) {
            self.to_tell = true;
        } else if !gone {
            self.gone.remove(&dossier);
        }
    }

    /// Tells an office above what is here of dossiers that went elsewhere, and learns whether it
    /// lacks any of it.
    pub(super) fn tell_gone_to(&mut self, peer: Peer) {
        let office = self.links.get(&peer).map(|link| link.office);
        let above = office.is_some_and(|office| self.is_above(office, self.office));
        let link = self.links.get_mut(&peer).filter(|link| link.salt.is_some());
        let Some(link) = link.filter(|_| above && !self.gone.is_empty()) else {
            return;
        };
        let news = self.gone.iter().filter(|id| !link.parted.contains(*id));
        let news: BTreeSet<DossierId> = news.take(PARTING_MAX).copied().collect();
        link.parted.extend(news.iter().copied());
        self.want(peer, Vec::new(), news);
    }

    /// What was sent since the office above was told has landed; in a quiet moment it is told again.
    pub(super) fn tell_gone_again(&mut self, peer: Peer) {
        let (gone, now) = (&self.gone, self.now);
        if gone.is_empty() {
            return;
        }
        let Some(link) = self.links.get_mut(&peer) else {
            return;
        };
        if link.is_idle() && now - link.moved >= CHECK_MS.1 {
            link.parted.retain(|dossier| !gone.contains(dossier));
            link.moved = now;
            self.tell_gone_to(peer);
        }
    }

    /// All that is here of these dossiers is at the peer.
    pub(super) fn note_arrived(&mut self, peer: Peer, dossiers: Vec<DossierId>) {
        let Some(link) = self.links.get(&peer) else {
            return;
        };
        let above = self.is_above(link.office, self.office);
        for dossier in dossiers.into_iter().filter(|_| above) {
            if !self.gone.remove(&dossier) {
                continue;
            }
            if let Some(row) = self.rows.get(&dossier).cloned() {
                let settled = row.count;
                self.put_row(dossier, DossierRow { settled, ..row });
                self.publish(Event::Gone { dossier });
            }
        }
    }
}

/// What an office that is no longer responsible still gets: the acts that say so and what they rest
/// on.
pub(super) fn farewell(facts: &BTreeMap<EnvelopeId, Fact>) -> BTreeSet<EnvelopeId> {
    let assigns = facts.values();
    let assigns = assigns.filter(|fact| matches!(fact.what, What::Assign { .. }));
    past(facts, assigns.map(|fact| fact.id).collect())
}
