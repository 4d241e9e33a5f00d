//! One row a dossier, and the facts behind it: who may have it, what is here of it, how it stands.

use super::Replica;
use crate::effect::Event;
use crate::frontier::Frontier;
use crate::item::{Digest, Key};
use crate::link::COUNTY_TIER;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::canon;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::hold::{Audience, DossierKind, may_get, may_hold};
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, OfficeId, PersonCode, PersonId};
use jiaolian_schema::standing::{Standing, fold};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a node keeps ready of every dossier.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DossierRow {
    /// What it is about.
    #[n(0)]
    pub kind: DossierKind,
    /// The responsible office.
    #[n(1)]
    pub place: OfficeId,
    /// 1 where it concerns a minor.
    #[n(2)]
    pub minor: u8,
    /// Whom it concerns, in the OPS domain's words.
    #[n(3)]
    pub person: Option<PersonCode>,
    /// Digest of the frontier.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub digest: [u8; 16],
    /// Number of its last change here.
    #[n(5)]
    pub seq: u64,
    /// When it last changed here, ms UTC.
    #[n(6)]
    pub changed_at: i64,
    /// 1 where it carries fences or permits, which the watch needs first.
    #[n(7)]
    pub watched: u8,
    /// The case that an alarm follows.
    #[n(8)]
    pub case: Option<DossierId>,
    /// The office above the one whose roster it is, as its founding says.
    #[n(9)]
    pub parent: Option<OfficeId>,
    /// Offices that were responsible before.
    #[n(10)]
    pub earlier: Vec<OfficeId>,
    /// The alarm's id, where it is one.
    #[n(11)]
    pub alarm: Option<AlarmId>,
    /// How many envelopes are here.
    #[n(12)]
    pub count: u64,
    /// 1 where an act in it makes another office responsible, or seals it, whether it counts or not.
    #[n(13)]
    pub moved: u8,
    /// How many envelopes were here when all of a dossier that went elsewhere was known to have
    /// come up.
    #[n(14)]
    pub settled: u64,
    /// 1 while it is sealed: nobody reads it but under an authorisation.
    #[n(15)]
    pub sealed: Option<u8>,
    /// Who may read it all the same, from when to when, ms UTC.
    #[n(16)]
    pub consults: Option<Vec<(PersonId, i64, i64)>>,
}

impl DossierRow {
    /// Who may have it.
    pub fn audience(&self) -> Audience {
        Audience {
            kind: self.kind,
            place: self.place,
            minor: self.minor == 1,
        }
    }

    /// The row of a dossier that this fact opens; none where it opens none.
    pub(super) fn opened_by(fact: &Fact) -> Option<Self> {
        let mut row = Self {
            kind: DossierKind::Case,
            place: OfficeId([0; 16]),
            minor: 0,
            person: None,
            digest: Digest::default(),
            seq: 0,
            changed_at: 0,
            watched: 0,
            case: None,
            parent: None,
            earlier: Vec::new(),
            alarm: None,
            count: 0,
            moved: 0,
            settled: 0,
            sealed: None,
            consults: None,
        };
        match &fact.what {
            What::Open {
                office,
                person,
                minor,
            } => {
                (row.place, row.person, row.minor) = (*office, Some(*person), *minor);
            }
            What::Raise(raise) => {
                row.kind = DossierKind::Alarm;
                (row.place, row.person) = (raise.office, Some(raise.person));
                (row.case, row.alarm) = (Some(raise.case), Some(raise.alarm));
            }
            What::Ledger { office, .. } => {
                (row.kind, row.place) = (DossierKind::Audit, *office);
            }
            What::Roster(_) => {
                let Some(jiaolian_schema::act::Act::Found(found)) = fact.what.roster_act() else {
                    return None;
                };
                row.kind = DossierKind::Roster;
                (row.place, row.parent) = (found.office, found.parent);
            }
            _ => return None,
        }
        Some(row)
    }
}

/// Whether an office may have a dossier, asked of the tree and, for an office that is not yet in
/// it, of its founding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    Yes,
    No,
    /// The tree does not yet say where the responsible office stands.
    Unknown,
}

impl<S: Store> Replica<S> {
    pub(super) fn holding(&self, who: OfficeId, row: &DossierRow) -> Holding {
        let offices = self.authority.offices();
        if may_hold(offices, who, &row.audience()) {
            return Holding::Yes;
        }
        if row.kind == DossierKind::Roster && self.authority.has_open_move(who) {
            // An office is to be moved of which not all is known here: its rosters are being learnt.
            return Holding::Yes;
        }
        let known = |office| offices.depth(office).is_some();
        if row.kind == DossierKind::Roster && !(known(row.place) && known(who)) {
            // A roster that is still being learnt: its own founding says where it belongs.
            let near = |office| offices.ever_over(who, office) || offices.ever_over(office, who);
            let belongs = row.place == who || row.parent.is_none_or(near) || !known(who);
            return if belongs {
                Holding::Yes
            } else {
                Holding::Unknown
            };
        }
        if known(row.place) && known(who) {
            Holding::No
        } else {
            Holding::Unknown
        }
    }

    /// Whether the peer's office is to be sent it.
    pub(super) fn may_send(&self, to: OfficeId, row: &DossierRow) -> bool {
        may_get(self.authority.offices(), to, &row.audience(), self.today())
    }

    /// Whether what is here of it is only kept: its office stands under others now.
    pub(super) fn is_kept(&self, row: &DossierRow) -> bool {
        self.holding(self.office, row) == Holding::Yes
            && row.kind != DossierKind::Roster
            && !self.may_send(self.office, row)
    }

    pub(super) fn frontier_of(&self, dossier: DossierId) -> Frontier {
        let bytes = self.disk.get(Table::Frontier, &dossier.0).ok().flatten();
        bytes
            .and_then(|bytes| Frontier::decode(&bytes))
            .unwrap_or_default()
    }

    /// All facts of a dossier.
    pub(super) fn load_facts(
        &self,
        dossier: DossierId,
    ) -> Result<BTreeMap<EnvelopeId, Fact>, StoreError> {
        let rows = self.disk.all(Table::Fact, &dossier.0)?;
        let read = |(key, value): (Vec<u8>, Vec<u8>)| {
            let id = EnvelopeId::from_slice(key.get(32..)?)?;
            Some((id, minicbor::decode(&value).ok()?))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    pub(super) fn fact_of(&self, dossier: DossierId, id: EnvelopeId) -> Option<Fact> {
        let key = [dossier.0, id.0].concat();
        let bytes = self.disk.get(Table::Fact, &key).ok().flatten()?;
        minicbor::decode(&bytes).ok()
    }

    /// How a dossier stands, from memory where nothing changed since.
    pub(super) fn stand(&mut self, dossier: DossierId) -> Option<Arc<Standing>> {
        self.rows.get(&dossier)?;
        self.asked += 1;
        let asked = self.asked;
        if let Some((last, standing)) = self.standings.get_mut(&dossier) {
            *last = asked;
            return Some(Arc::clone(standing));
        }
        let facts = self.load_facts(dossier).ok()?;
        let standing = Arc::new(fold(&self.authority, &*self.rules, &facts));
        if self.standings.len() >= self.limits.standings_max {
            let oldest = self.standings.iter().min_by_key(|(_, (last, _))| *last);
            if let Some(id) = oldest.map(|(id, _)| *id) {
                self.standings.remove(&id);
            }
        }
        self.standings
            .insert(dossier, (asked, Arc::clone(&standing)));
        Some(standing)
    }

    /// Writes a row and moves its item to where it now belongs.
    pub(super) fn put_row(&mut self, dossier: DossierId, row: DossierRow) {
        if let Some(old) = self.rows.get(&dossier) {
            for key in self.keys_of(dossier, old) {
                self.index.remove(&key);
            }
        }
        for key in self.keys_of(dossier, &row) {
            self.index.put(key, row.digest);
        }
        if row.moved == 1 {
            self.moved.insert(dossier);
        }
        self.note_following(dossier, &row);
        self.disk.put(Table::Index, &dossier.0, canon::encode(&row));
        self.rows.insert(dossier, row);
    }

    /// Notes the case that a dossier follows; it follows the same for ever.
    pub(super) fn note_following(&mut self, dossier: DossierId, row: &DossierRow) {
        if let Some(case) = row.case {
            self.following.entry(case).or_default().insert(dossier);
        }
    }

    /// Asks the fold again which office is responsible, and whether the case is sealed.
    pub(super) fn place(&mut self, dossier: DossierId) {
        self.seal(dossier);
        let Some(row) = self.rows.get(&dossier).cloned() else {
            return;
        };
        let place = match (row.kind, row.case) {
            (DossierKind::Case, _) => self.stand(dossier).map(|standing| standing.place),
            (DossierKind::Alarm, Some(case)) => self.rows.get(&case).map(|case| case.place),
            _ => None,
        };
        let Some(place) = place.filter(|place| *place != row.place) else {
            return;
        };
        let mut earlier = row.earlier.clone();
        earlier.retain(|office| *office != place);
        earlier.push(row.place);
        let placed = DossierRow {
            place,
            earlier,
            ..row
        };
        self.put_row(dossier, placed);
        let office = place;
        self.publish(Event::Placed { dossier, office });
        self.count_guests(dossier);
        self.count_gone(dossier);
        self.place_alarms(dossier);
    }

    fn seal(&mut self, dossier: DossierId) {
        let Some(row) = self.rows.get(&dossier).cloned() else {
            return;
        };
        let standing = self
            .stand(dossier)
            .filter(|_| row.kind == DossierKind::Case);
        let standing = standing.filter(|standing| standing.is_sealed());
        let sealed = standing.as_ref().map(|_| 1);
        let consults = standing.map(|standing| {
            let all = standing.consults.iter();
            all.map(|one| (one.person, one.from, one.to)).collect()
        });
        if (sealed, &consults) != (row.sealed, &row.consults) {
            let row = DossierRow {
                sealed,
                consults,
                ..row
            };
            self.put_row(dossier, row);
        }
    }

    pub(super) fn place_alarms(&mut self, case: DossierId) {
        let alarms = self.following.get(&case).cloned();
        for alarm in alarms.into_iter().flatten() {
            self.place(alarm);
        }
    }

    /// Asks again for every case that was ever assigned: what counts may have changed with the
    /// roster, with receipts, or
    /// with heads that were missing.
    pub(super) fn place_all(&mut self) {
        for dossier in self.moved.clone() {
            self.place(dossier);
        }
    }

    /// Every key under which links compare a dossier.
    pub(super) fn keys_of(&self, dossier: DossierId, row: &DossierRow) -> Vec<Key> {
        if self.is_shelved(dossier, row) || self.is_leaving(dossier) {
            return Vec::new();
        }
        let audience = row.audience();
        let mut path = self.tree.path(row.place).into_iter();
        let county = path.find(|id| {
            let office = self.tree.get(*id);
            office.is_some_and(|office| office.tier >= COUNTY_TIER)
        });
        let above = county.and_then(|county| Key::at_county(&audience, county, dossier));
        let here = Key::dossier(&audience, dossier);
        std::iter::once(here).chain(above).collect()
    }
}
