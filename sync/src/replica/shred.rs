//! Cases that are destroyed: on whose order, what of them goes, and which offices have said that it is
//! gone. Heads stay, so that every chain still verifies.

use super::dossier::DossierRow;
use super::{Draft, Payload, Replica};
use crate::store::{Store, StoreError, Table};
use crate::subject::dossier_of;
use jiaolian_schema::act::{Act, Shredded};
use jiaolian_schema::admit::Admitted;
use jiaolian_schema::canon;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::hold::{Audience, DossierKind, may_hold};
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId, PersonCode};
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;

/// What is kept of a destroyed case.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct ShredRow {
    #[n(0)]
    shred: EnvelopeId,
    /// The offices that were responsible, the last one last.
    #[n(1)]
    places: Vec<OfficeId>,
    #[n(2)]
    minor: u8,
    /// The case, its matters and its alarms: whatever a key may have been for. Empty once the keys
    /// are gone.
    #[n(3)]
    subjects: Vec<EnvelopeId>,
    /// 1 once this node has said that keys and rows are gone, or never had any.
    #[n(4)]
    confirmed: u8,
}

/// An order to destroy a case, and how far it was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShredView {
    /// The order.
    pub order: EnvelopeId,
    /// The office that gave it.
    pub office: OfficeId,
    /// The case.
    pub dossier: DossierId,
    /// The article that asks for it.
    pub basis: String,
    /// Number of the document behind it.
    pub document: String,
    /// Offices that had the case, ascending; none where this office never did.
    pub holders: BTreeSet<OfficeId>,
    /// Offices whose node has said that it is gone, ascending.
    pub confirmed: BTreeSet<OfficeId>,
}

impl<S: Store> Replica<S> {
    /// Cases here that are to be destroyed by a good order of an office that they stand under.
    pub fn condemned(&self) -> Vec<DossierId> {
        let orders = self.authority.shreds().map(|(_, _, shred)| shred.dossier);
        let ids: BTreeSet<DossierId> = orders.collect();
        let is_due = |id: &DossierId| {
            let row = self.rows.get(id);
            row.is_some_and(|row| row.kind == DossierKind::Case && self.order(*id, row).is_some())
        };
        ids.into_iter().filter(is_due).collect()
    }

    /// Takes the rows of a case and of its alarms away. Its keys go next, and then `confirm_gone`.
    /// Bodies must be readable: an officer is signed in.
    pub fn bury(&mut self, case: DossierId) -> Result<(), StoreError> {
        let Some(row) = self.rows.get(&case).cloned() else {
            return Ok(());
        };
        let Some(shred) = self.order(case, &row) else {
            return Ok(());
        };
        let subjects = self.take_away(case, row.person)?;
        let places = row.earlier.iter().copied().chain([row.place]).collect();
        let (minor, confirmed) = (row.minor, 0);
        self.put_shred(
            case,
            ShredRow {
                shred,
                places,
                minor,
                subjects,
                confirmed,
            },
        );
        Ok(())
    }

    /// Cases whose rows are gone and whose keys may be here: what each key may have been for.
    pub fn unburied_keys(&self) -> Vec<(DossierId, BTreeSet<[u8; 32]>)> {
        let rows = self.shredded.iter().filter(|(_, row)| row.confirmed == 0);
        let rows = rows.map(|(id, row)| (*id, row.subjects.as_slice()));
        rows.chain(self.unparted_keys())
            .map(|(id, subjects)| (id, subjects.iter().map(|id| id.0).collect()))
            .collect()
    }

    /// The keys are gone: the node says so in its office's roster. False where it can't sign yet; it
    /// is asked again.
    pub fn confirm_gone(&mut self, case: DossierId, now: i64) -> bool {
        self.turn_clock(now);
        let act = match (self.shredded.get(&case), self.parted.get(&case)) {
            (Some(row), _) => Act::from(Shredded {
                shred: row.shred,
                dossier: case,
            }),
            (None, Some(row)) => row.confirmation(case),
            (None, None) => return true,
        };
        let signed = self.say_in_roster(act);
        if signed && let Some(row) = self.shredded.get(&case).cloned() {
            let (subjects, confirmed) = (Vec::new(), 1);
            self.put_shred(
                case,
                ShredRow {
                    subjects,
                    confirmed,
                    ..row
                },
            );
        } else if signed {
            self.close_parted(case);
        }
        self.settle();
        signed
    }

    /// The node signs an act of its own in its office's roster; false where it can't yet.
    fn say_in_roster(&mut self, act: Act) -> bool {
        let Some(node) = self.node.take() else {
            return false;
        };
        let draft = Draft {
            dossier: self.roster(self.office),
            payload: Payload::Act(act),
        };
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.fresh()[..16]);
        let signed = self.sign_quietly(&*node.signer, node.seat, &draft, self.now, salt);
        self.node = Some(node);
        signed.is_ok()
    }

    /// Takes the rows of a case, its matters and its alarms away; what keys of theirs may be for.
    pub(super) fn take_away(
        &mut self,
        case: DossierId,
        person: Option<PersonCode>,
    ) -> Result<Vec<EnvelopeId>, StoreError> {
        let alarms = self.following.remove(&case).unwrap_or_default();
        let dossiers: BTreeSet<DossierId> = alarms.into_iter().chain([case]).collect();
        self.take_aside(&dossiers)?;
        let mut subjects: Vec<EnvelopeId> = Vec::new();
        for dossier in &dossiers {
            let facts = self.load_facts(*dossier)?;
            subjects.push((*dossier).into());
            let matters = facts
                .values()
                .filter(|fact| matches!(fact.what, What::Apply { .. }));
            subjects.extend(matters.map(|fact| fact.id));
            for fact in facts.values() {
                self.bury_body(fact);
            }
            self.bury_row(*dossier);
        }
        self.bury_watch(person, &dossiers)?;
        subjects.sort_unstable();
        Ok(subjects)
    }

    /// Every good order, and how far it was followed.
    pub fn shreds(&self) -> Vec<ShredView> {
        let view =
            |(order, office, shred): (EnvelopeId, OfficeId, &jiaolian_schema::act::Shred)| {
                let confirmed = self
                    .confirmations
                    .get(&shred.dossier)
                    .cloned()
                    .unwrap_or_default();
                ShredView {
                    order,
                    office,
                    dossier: shred.dossier,
                    basis: shred.basis.clone(),
                    document: shred.document.clone(),
                    holders: self.holders_of(shred.dossier),
                    confirmed,
                }
            };
        self.authority.shreds().map(view).collect()
    }

    /// What is to be destroyed is compared with nobody from now on, buried or not: an office whose
    /// officers are away is not behind for it.
    pub(super) fn shelve(&mut self) {
        self.ordered = self.authority.shreds().map(|(_, _, s)| s.dossier).collect();
        let cases = self.condemned();
        let alarms = cases.iter().filter_map(|case| self.following.get(case));
        let alarms: Vec<DossierId> = alarms.flatten().copied().collect();
        let now: BTreeSet<DossierId> = cases.into_iter().chain(alarms).collect();
        let before = std::mem::take(&mut self.shelved);
        for dossier in before.symmetric_difference(&now) {
            let Some(row) = self.rows.get(dossier) else {
                continue;
            };
            for key in self.keys_of(*dossier, row) {
                if now.contains(dossier) {
                    self.index.remove(&key);
                } else {
                    self.index.put(key, row.digest);
                }
            }
        }
        self.shelved = now;
    }

    pub(super) fn is_shelved(&self, dossier: DossierId, row: &DossierRow) -> bool {
        let follows = |case| self.shelved.contains(&case);
        !self.shelved.is_empty()
            && (self.shelved.contains(&dossier) || row.case.is_some_and(follows))
    }

    /// Whether what comes of this dossier is let fall: it was destroyed here, or is to be.
    pub(super) fn is_condemned(&self, dossier: DossierId) -> bool {
        let due = || {
            self.rows
                .get(&dossier)
                .and_then(|row| self.order(dossier, row))
        };
        self.is_purged(dossier)
            || self.shredded.contains_key(&dossier)
            || self.ordered.contains(&dossier) && due().is_some()
    }

    /// Whether this opens a case that was never here, of which an order already says that it is gone:
    /// nothing of it is taken in, now or later.
    pub(super) fn is_opening_gone(&mut self, admitted: &Admitted, row: &DossierRow) -> bool {
        let dossier = DossierId::from(admitted.id());
        let opens = admitted.fact().is_some_and(|fact| fact.dossier == dossier);
        if !opens || self.ordered.is_empty() || self.rows.contains_key(&dossier) {
            return false;
        }
        let shred = match row.kind {
            DossierKind::Case => self.order(dossier, row),
            // An alarm goes with the case that it follows.
            _ => row.case.and_then(|case| self.order_of(case)),
        };
        let Some(shred) = shred else {
            return false;
        };
        let (places, minor) = (vec![row.place], row.minor);
        let (subjects, confirmed) = (Vec::new(), 1);
        let gone = ShredRow {
            shred,
            places,
            minor,
            subjects,
            confirmed,
        };
        self.put_shred(dossier, gone);
        true
    }

    pub(super) fn read_shreds(&mut self) -> Result<(), super::OpenError> {
        self.each_row(Table::Shred, |replica, key, value| {
            let id = DossierId::from_slice(key);
            if let Some((id, row)) = id.zip(minicbor::decode(value).ok()) {
                replica.shredded.insert(id, row);
            }
            Ok(())
        })
    }

    /// The order by which a case was destroyed here, or is to be.
    fn order_of(&self, case: DossierId) -> Option<EnvelopeId> {
        let buried = self.shredded.get(&case).map(|row| row.shred);
        buried.or_else(|| self.order(case, self.rows.get(&case)?))
    }

    /// The order by which a case of this row is destroyed.
    fn order(&self, dossier: DossierId, row: &DossierRow) -> Option<EnvelopeId> {
        let mut orders = self.authority.shreds();
        let order = orders.find(|(id, _, shred)| {
            shred.dossier == dossier && self.authority.was_said_over(*id, row.place)
        });
        order.map(|(id, ..)| id)
    }

    fn holders_of(&self, dossier: DossierId) -> BTreeSet<OfficeId> {
        let (places, minor) = match (self.shredded.get(&dossier), self.rows.get(&dossier)) {
            (Some(row), _) => (row.places.clone(), row.minor),
            (None, Some(row)) => (
                row.earlier.iter().copied().chain([row.place]).collect(),
                row.minor,
            ),
            (None, None) => return BTreeSet::new(),
        };
        let offices = self.authority.offices();
        let held = |place: OfficeId| {
            let audience = Audience {
                kind: DossierKind::Case,
                place,
                minor: minor == 1,
            };
            let above = offices.superiors(place).into_iter().chain([place]);
            above.filter(move |office| may_hold(offices, *office, &audience))
        };
        places.into_iter().flat_map(held).collect()
    }

    /// What of these dossiers is parked or was refused goes too.
    fn take_aside(&mut self, dossiers: &BTreeSet<DossierId>) -> Result<(), StoreError> {
        for table in [Table::Parked, Table::Refused] {
            for (key, value) in self.disk.all(table, &[])? {
                let dossier = dossier_of(table, &key, &value);
                if !dossier.is_some_and(|dossier| dossiers.contains(&dossier)) {
                    continue;
                }
                if let Some(id) = EnvelopeId::from_slice(&key) {
                    self.parked.remove(id);
                }
                self.disk.remove(table, &key);
            }
        }
        Ok(())
    }

    pub(super) fn bury_body(&mut self, fact: &Fact) {
        for table in [Table::CaseBody, Table::RosterBody] {
            self.disk.remove(table, &fact.id.0);
        }
        let key = [fact.dossier.0, fact.id.0].concat();
        self.disk.remove(Table::Fact, &key);
    }

    pub(super) fn bury_row(&mut self, dossier: DossierId) {
        if let Some(row) = self.rows.remove(&dossier) {
            for key in self.keys_of(dossier, &row) {
                self.index.remove(&key);
            }
        }
        for table in [Table::Index, Table::Frontier] {
            self.disk.remove(table, &dossier.0);
        }
        let numbers = self.changed.iter().filter(|(_, id)| **id == dossier);
        for number in numbers.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.changed.remove(&number);
            self.disk.remove(Table::Changed, &number.to_be_bytes());
        }
        self.standings.remove(&dossier);
        self.moved.remove(&dossier);
        self.guests.remove(&dossier);
        self.gone.remove(&dossier);
    }

    /// Where the person has no other case here, positions and watch go with this one.
    fn bury_watch(
        &mut self,
        person: Option<PersonCode>,
        dossiers: &BTreeSet<DossierId>,
    ) -> Result<(), StoreError> {
        let Some(person) = person else { return Ok(()) };
        self.save_unsaved();
        if !self.desk.forget(person, dossiers) {
            return Ok(());
        }
        let tables = [
            Table::Fix,
            Table::Watch,
            Table::Signal,
            Table::Track,
            Table::CheckIn,
            Table::Late,
        ];
        for table in tables {
            for (key, _) in self.disk.all(table, &person.0)? {
                self.disk.remove(table, &key);
            }
        }
        Ok(())
    }

    fn put_shred(&mut self, dossier: DossierId, row: ShredRow) {
        self.disk.put(Table::Shred, &dossier.0, canon::encode(&row));
        self.shredded.insert(dossier, row);
    }
}
