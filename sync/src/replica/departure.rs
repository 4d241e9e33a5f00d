//! Cases that this office may hold no more: their rows and keys go once the office above has all that
//! was signed here and the term of keeping is over. Heads stay, and so does where the case went.

use super::Replica;
use super::dossier::{DossierRow, Holding};
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::act::{Act, Parted};
use jiaolian_schema::canon;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId};
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;

/// What is kept of a case that went elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct PartedRow {
    #[n(0)]
    to: OfficeId,
    #[n(1)]
    from: OfficeId,
    #[n(2)]
    minor: u8,
    /// When it was let go of, ms UTC.
    #[n(3)]
    at: i64,
    /// The case, its matters and its alarms, until their keys are gone.
    #[n(4)]
    subjects: Vec<EnvelopeId>,
    /// 1 once this node has said that keys and rows are gone.
    #[n(5)]
    confirmed: u8,
    /// 1 where it was sealed.
    #[n(6)]
    sealed: Option<u8>,
}

impl PartedRow {
    pub(super) fn confirmation(&self, case: DossierId) -> Act {
        let (dossier, to) = (case, self.to);
        Parted { dossier, to }.into()
    }
}

/// A case that was here and for which another office is responsible, out of this one's reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedOut {
    /// The office below or here that had it last.
    pub from: OfficeId,
    /// The office that was responsible when this one last heard of it.
    pub to: OfficeId,
    /// Whether it concerns a minor.
    pub minor: bool,
    /// Whether it is sealed: then it is shown to nobody that it was here.
    pub sealed: bool,
    /// When its rows were taken away here, ms UTC; none while they are kept.
    pub let_go_at: Option<i64>,
}

impl<S: Store> Replica<S> {
    /// Cases whose rows are here and that this office may hold no more since `keep_ms` and longer,
    /// with all that was signed here known to be above.
    pub fn departed(&self, now: i64, keep_ms: i64) -> Vec<DossierId> {
        let is_over = |id: &DossierId| {
            let alarms = self.following.get(id).into_iter().flatten();
            alarms.chain([id]).all(|dossier| {
                let row = self.rows.get(dossier);
                row.is_some_and(|row| now.saturating_sub(row.changed_at) >= keep_ms)
                    && !self.gone.contains(dossier)
            })
        };
        let cases = self.moved.iter().copied();
        let left = cases.filter(|id| self.rows.get(id).is_some_and(|row| self.has_left(row)));
        left.filter(is_over).collect()
    }

    /// Takes the rows of a departed case and of its alarms away. Its keys go next, and then the word
    /// that they are gone. Bodies must be readable: an officer is signed in.
    pub fn let_go(&mut self, case: DossierId, now: i64) -> Result<(), StoreError> {
        self.turn_clock(now);
        let row = self.rows.get(&case).filter(|row| self.has_left(row));
        let Some(row) = row.cloned() else {
            return Ok(());
        };
        let subjects = self.take_away(case, row.person)?;
        let (to, minor, confirmed) = (row.place, row.minor, 0);
        let from = row.earlier.last().copied().unwrap_or(self.office);
        let parted = PartedRow {
            to,
            from,
            minor,
            at: now,
            subjects,
            confirmed,
            sealed: row.sealed,
        };
        self.put_parted(case, parted);
        Ok(())
    }

    /// Where a case went that was here; none where it never was, or where this office may hold it.
    pub fn moved_out(&self, case: DossierId) -> Option<MovedOut> {
        if let Some(row) = self.rows.get(&case) {
            let minor = row.minor == 1;
            return self.has_left(row).then(|| MovedOut {
                from: row.earlier.last().copied().unwrap_or(self.office),
                to: row.place,
                minor,
                sealed: row.sealed == Some(1),
                let_go_at: None,
            });
        }
        let row = self.parted.get(&case)?;
        Some(MovedOut {
            from: row.from,
            to: row.to,
            minor: row.minor == 1,
            sealed: row.sealed == Some(1),
            let_go_at: Some(row.at),
        })
    }

    /// All cases that went elsewhere, ascending by id.
    pub fn all_moved_out(&self) -> Vec<(DossierId, MovedOut)> {
        let known: BTreeSet<DossierId> = self
            .moved
            .iter()
            .chain(self.parted.keys())
            .copied()
            .collect();
        let known = known.into_iter();
        known
            .filter_map(|id| Some((id, self.moved_out(id)?)))
            .collect()
    }

    /// Offices whose node has said that it let go of a case that moved, ascending.
    pub fn partings(&self, case: DossierId) -> BTreeSet<OfficeId> {
        self.partings.get(&case).cloned().unwrap_or_default()
    }

    /// It came back: it is no longer shown as gone.
    pub(super) fn welcome_back(&mut self, dossier: DossierId) {
        let here = self
            .rows
            .get(&dossier)
            .is_some_and(|row| !self.has_left(row));
        if here && self.parted.remove(&dossier).is_some() {
            self.disk.remove(Table::Parted, &dossier.0);
        }
    }

    /// Notes who said that a case is gone. An office speaks for itself, in its own roster.
    pub(super) fn note_confirmation(&mut self, fact: &Fact) {
        let (What::Shredded { dossier, .. } | What::Parted { dossier, .. }) = fact.what else {
            return;
        };
        let row = self
            .rows
            .get(&fact.dossier)
            .filter(|row| row.kind == DossierKind::Roster);
        let by = self.authority.office_of(fact.author);
        if let Some(office) = row.map(|row| row.place).filter(|place| Some(*place) == by)
            && self.authority.state(fact, true).is_good()
        {
            let said = match fact.what {
                What::Parted { .. } => &mut self.partings,
                _ => &mut self.confirmations,
            };
            said.entry(dossier).or_default().insert(office);
        }
    }

    pub(super) fn unparted_keys(&self) -> impl Iterator<Item = (DossierId, &[EnvelopeId])> {
        let rows = self.parted.iter().filter(|(_, row)| row.confirmed == 0);
        rows.map(|(id, row)| (*id, row.subjects.as_slice()))
    }

    pub(super) fn close_parted(&mut self, case: DossierId) {
        if let Some(row) = self.parted.get(&case).cloned() {
            let (subjects, confirmed) = (Vec::new(), 1);
            let row = PartedRow {
                subjects,
                confirmed,
                ..row
            };
            self.put_parted(case, row);
        }
    }

    pub(super) fn read_parted(&mut self) -> Result<(), super::OpenError> {
        self.each_row(Table::Parted, |replica, key, value| {
            let id = DossierId::from_slice(key);
            if let Some((id, row)) = id.zip(minicbor::decode(value).ok()) {
                replica.parted.insert(id, row);
            }
            Ok(())
        })
    }

    fn has_left(&self, row: &DossierRow) -> bool {
        row.kind == DossierKind::Case
            && !row.earlier.is_empty()
            && self.holding(self.office, row) == Holding::No
    }

    fn put_parted(&mut self, dossier: DossierId, row: PartedRow) {
        self.disk
            .put(Table::Parted, &dossier.0, canon::encode(&row));
        self.parted.insert(dossier, row);
    }
}
