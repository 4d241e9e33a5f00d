//! Cases that moved carry the signatures of people from another office. Whoever has such a case keeps that office's roster
//! too, so that their acts stand alike wherever the case is.

use super::Replica;
use super::dossier::DossierRow;
use crate::index::View;
use crate::item::{Class, Group};
use crate::link::{self, Link};
use crate::store::Store;
use jiaolian_schema::hold::{DossierKind, Offices};
use jiaolian_schema::id::{DossierId, OfficeId};
use std::collections::BTreeSet;

impl<S: Store> Replica<S> {
    /// What a link shows: what the tree says, and the rosters of guests in cases that the lower office has.
    pub(super) fn view_of(&self, there: OfficeId) -> View {
        let offices = self.authority.offices();
        let shown = link::view(offices, self.office, there);
        let lower = match (
            offices.covers(there, self.office),
            offices.covers(self.office, there),
        ) {
            (true, _) => self.office,
            (_, true) => there,
            _ => return shown,
        };
        let mut guests = BTreeSet::new();
        for (dossier, of) in &self.guests {
            let place = self.rows.get(dossier).map(|row| row.place);
            if place.is_some_and(|place| offices.covers(lower, place)) {
                guests.extend(of.iter().copied());
            }
        }
        guests.retain(|office| !are_near(offices, *office, lower));
        shown.and(
            guests
                .into_iter()
                .map(|office| Group::new(Class::Roster, office)),
        )
    }

    /// Counts again whose signatures a moved dossier carries.
    pub(super) fn count_guests(&mut self, dossier: DossierId) {
        let Some(row) = self.rows.get(&dossier) else {
            return;
        };
        if row.kind == DossierKind::Roster || (row.moved == 0 && row.earlier.is_empty()) {
            return;
        }
        let place = row.place;
        let facts = self.load_facts(dossier).unwrap_or_default();
        let mut guests = self.offices_in(facts.values());
        guests.retain(|office| !are_near(self.authority.offices(), *office, place));
        if self.guests.get(&dossier) != Some(&guests) {
            self.guests.insert(dossier, guests);
            self.to_view = true;
        }
    }

    /// Counts at the start what the disk holds.
    pub(super) fn find_guests(&mut self) {
        let moved = self.rows.iter();
        let moved = moved.filter(|(_, row)| row.moved == 1 || !row.earlier.is_empty());
        let moved: Vec<DossierId> = moved.map(|(id, _)| *id).collect();
        for dossier in moved {
            self.count_guests(dossier);
        }
    }

    pub(super) fn view_again(&mut self) {
        let links: Vec<_> = self
            .links
            .iter()
            .map(|(peer, link)| (*peer, link.office))
            .collect();
        for (peer, office) in links {
            let view = self.view_of(office);
            if let Some(link) = self.links.get_mut(&peer).filter(|link| link.view != view) {
                link.view = view;
                link.agreed = false;
            }
        }
    }

    /// Whether a link's peer may have a dossier: by its place, or as the roster of guests.
    pub(super) fn may_pass(&self, link: &Link, row: &DossierRow) -> bool {
        self.may_send(link.office, row)
            || (row.kind == DossierKind::Roster
                && link.view.shows(&Group::new(Class::Roster, row.place)))
    }
}

/// Whether one of two offices covers the other, so that it has the other's roster anyway.
pub(super) fn are_near(offices: &Offices, a: OfficeId, b: OfficeId) -> bool {
    offices.covers(a, b) || offices.covers(b, a)
}
