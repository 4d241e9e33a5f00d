//! Cases that moved carry the signatures of people from another office. Whoever has or had such a
//! case keeps that office's
//! roster too, so that their acts stand alike wherever the case is, and the office that it left
//! knows where it went.
//!
//! The lower office of a link says which rosters it keeps in this way; the upper one brings them up
//! to date and passes on
//! what is new in them. They are no part of what the two compare.

use super::Replica;
use super::dossier::DossierRow;
use crate::effect::{Lane, Peer};
use crate::frame::{Frame, Guest};
use crate::frontier::Known;
use crate::link::Link;
use crate::store::Store;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::hold::{DossierKind, Offices};
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

/// Offices of one frame of guests.
const GUESTS_AT_ONCE: usize = 1_000;

impl<S: Store> Replica<S> {
    /// Counts again whose signatures a moved dossier carries.
    pub(super) fn count_guests(&mut self, dossier: DossierId) {
        let Some(row) = self.rows.get(&dossier) else {
            return;
        };
        if row.kind == DossierKind::Roster || (row.moved == 0 && row.earlier.is_empty()) {
            return;
        }
        let facts = self.load_facts(dossier).unwrap_or_default();
        let guests = self.offices_in(facts.values());
        if self.guests.get(&dossier) != Some(&guests) {
            self.guests.insert(dossier, guests);
            self.to_tell = true;
        }
    }

    /// Counts at the start what the disk holds.
    pub(super) fn find_guests(&mut self) {
        let moved = self.rows.iter();
        let moved = moved.filter(|(_, row)| row.moved == 1 || !row.earlier.is_empty());
        let moved: Vec<DossierId> = moved.map(|(id, _)| *id).collect();
        for dossier in moved {
            self.count_guests(dossier);
            self.count_gone(dossier);
        }
    }

    /// Tells every office above which rosters of guests are kept here.
    pub(super) fn tell_guests(&mut self) {
        let peers: Vec<Peer> = self.links.keys().copied().collect();
        for peer in peers {
            self.tell_guests_to(peer);
            self.tell_gone_to(peer);
        }
    }

    pub(super) fn tell_guests_to(&mut self, peer: Peer) {
        let offices = self.authority.offices();
        let Some(link) = self.links.get(&peer) else {
            return;
        };
        let Some(salt) = link
            .salt
            .filter(|_| self.is_above(link.office, self.office))
        else {
            return;
        };
        let kept: BTreeSet<OfficeId> = self.guests.values().flatten().copied().collect();
        let news = kept.into_iter().filter(|office| {
            !link.told_guests.contains(office) && !are_near(offices, *office, self.office)
        });
        let news: Vec<OfficeId> = news.take(GUESTS_AT_ONCE).collect();
        if news.is_empty() {
            return;
        }
        let guest = |office: &OfficeId| {
            let roster = self.roster_here(*office);
            let row = roster.and_then(|roster| self.rows.get(&roster));
            Guest {
                office: *office,
                digest: row.map(|row| salt.short(&row.digest)),
            }
        };
        let frame = Frame::Guests(news.iter().map(guest).collect());
        if let Some(link) = self.links.get_mut(&peer) {
            link.told_guests.extend(news);
            link.say(Lane::Normal, frame);
        }
    }

    /// A lower office keeps rosters of guests: what it lacks of them is sent, now and as they go
    /// on.
    pub(super) fn hear_guests(&mut self, peer: Peer, guests: &[Guest]) {
        let Some(mut link) = self.links.remove(&peer) else {
            return;
        };
        link.listed += guests.len();
        let salt = link.salt.unwrap_or_default();
        let mut differ = BTreeSet::new();
        for guest in guests {
            let passes = self.passes_down(link.office, guest.office);
            let roster = passes.then(|| self.roster_of(guest.office)).flatten();
            let Some(roster) = roster else { continue };
            link.guests.insert(guest.office);
            let digest = self.rows.get(&roster).map(|row| salt.short(&row.digest));
            match guest.digest {
                None => self.plan(&mut link, roster, Known::default(), BTreeSet::new()),
                same if same == digest => {}
                Some(_) => {
                    differ.insert(roster);
                }
            }
        }
        self.links.insert(peer, link);
        self.want(peer, Vec::new(), differ);
        self.bound_lists(peer);
    }

    /// Before a dossier goes to an office that can't yet know all who signed in it, their rosters
    /// go.
    pub(super) fn hand_down(&self, link: &mut Link, facts: &BTreeMap<EnvelopeId, Fact>) {
        for office in self.offices_in(facts.values()) {
            let passes = self.passes_down(link.office, office)
                && !are_near(self.authority.offices(), office, link.office);
            let roster = passes.then(|| self.roster_of(office)).flatten();
            if let Some(roster) = roster
                && link.guests.insert(office)
            {
                self.plan(link, roster, Known::default(), BTreeSet::new());
            }
        }
    }

    /// Whether a link's peer may have a dossier: by its place, or as the roster of guests.
    pub(super) fn may_pass(&self, link: &Link, row: &DossierRow) -> bool {
        self.may_send(link.office, row)
            || (row.kind == DossierKind::Roster && link.guests.contains(&row.place))
    }

    pub(super) fn passes_down(&self, to: OfficeId, of: OfficeId) -> bool {
        self.is_above(self.office, to) && self.is_over(self.office, of)
    }
}

/// Whether two offices have one another's rosters anyway.
pub(super) fn are_near(offices: &Offices, a: OfficeId, b: OfficeId) -> bool {
    offices.share_evidence(a, b)
}
