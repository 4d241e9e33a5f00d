//! The offices as they stand today: who is above whom by the clock that the shell hands in, and what
//! changes when an office passes to another superior.

use super::Replica;
use crate::index::View;
use crate::item::Key;
use crate::link::view;
use crate::store::Store;
use jiaolian_schema::hold::{EVER, Moment, Offices};
use jiaolian_schema::id::{AuthorId, DossierId, OfficeId};
use std::collections::BTreeSet;

impl<S: Store> Replica<S> {
    /// The tree of offices as of the last verb's time.
    pub fn offices(&self) -> &Offices {
        &self.tree
    }

    /// The last verb's time, ms UTC; before the first one, when the store had last changed.
    pub(super) fn today(&self) -> i64 {
        if self.now == 0 {
            self.seen_at
        } else {
            self.now
        }
    }

    /// Whether `upper` stands strictly above `lower` today.
    pub(super) fn is_above(&self, upper: OfficeId, lower: OfficeId) -> bool {
        let today = Moment::at(self.today());
        self.authority.offices().stood_above(upper, lower, today)
    }

    /// Whether `upper` is `lower` or stands above it today.
    pub(super) fn is_over(&self, upper: OfficeId, lower: OfficeId) -> bool {
        upper == lower || self.is_above(upper, lower)
    }

    /// What this node and another one compare.
    pub(super) fn view_of(&mut self, there: OfficeId) -> View {
        let mut shared = BTreeSet::new();
        if self.tree.has_moves() {
            for office in [self.office, there] {
                let tree = &self.tree;
                let found = self.evidence.entry(office);
                found.or_insert_with(|| tree.evidence(office));
            }
            let [here, there] = [self.office, there].map(|office| &self.evidence[&office]);
            shared = here.intersection(there).copied().collect();
        }
        view(&self.tree, (self.office, there), &shared, self.today())
    }

    /// The tree of offices changed: every dossier goes to the county that it now lies in.
    pub(super) fn follow_tree(&mut self) {
        let today = self.today();
        let grown = self.authority.offices().as_of(today);
        let turn = grown.next_turn(today);
        // A clock that is set back asks again; until an office moves there is nothing to ask.
        let back = if grown.has_moves() { today } else { EVER };
        self.tree_holds = (back, turn.unwrap_or(i64::MAX));
        if self.tree == grown && turn.is_none() {
            return;
        }
        let rows: Vec<(DossierId, [u8; 16], Vec<Key>)> = self
            .rows
            .iter()
            .map(|(id, row)| (*id, row.digest, self.keys_of(*id, row)))
            .collect();
        let before = std::mem::replace(&mut self.tree, grown);
        self.evidence.clear();
        for (id, digest, before) in rows {
            let after = self.rows.get(&id).map(|row| self.keys_of(id, row));
            let after = after.unwrap_or_default();
            if before != after {
                for key in &before {
                    self.index.remove(key);
                }
                for key in after {
                    self.index.put(key, digest);
                }
            }
        }
        self.follow_moved(&before);
    }

    /// What an office that was moved leaves to do: the old superior says what it has of it, the new
    /// one receipts what nobody has.
    fn follow_moved(&mut self, before: &Offices) {
        if !self.tree.has_moves() && !before.has_moves() {
            return;
        }
        for dossier in self.rows.keys().copied().collect::<Vec<_>>() {
            self.count_gone(dossier);
        }
        let (here, tree) = (self.office, &self.tree);
        let came = |office: OfficeId| tree.is_above(here, office) && !before.is_above(here, office);
        let chains = self.chains.iter().filter(|(_, row)| came(row.office));
        let chains: Vec<(AuthorId, u64)> = chains.map(|(id, row)| (*id, row.top)).collect();
        for (author, top) in chains {
            for (n, id) in self.heads_between(author, 1, top, usize::MAX) {
                let whole = self.authority.has_body(id);
                let known = if whole {
                    self.authority.filed0(id)
                } else {
                    self.authority.covered(id)
                };
                if known.is_none() {
                    self.await_receipt(id, author, n, whole, false);
                }
            }
        }
        let pending: Vec<OfficeId> = self.unreceipted.keys().copied().collect();
        for office in pending {
            if !self.is_receipted_here(office) {
                self.unreceipted.remove(&office);
            }
        }
    }
}
