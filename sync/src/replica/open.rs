//! Opening: what a node must be told, and how it learns from its disk what it knew before.

use super::chain::chain_key;
use super::dossier::DossierRow;
use super::{Limits, Replica, Seat};
use crate::effect::Peer;
use crate::index::Index;
use crate::link::Hint;
use crate::overlay::Overlay;
use crate::parked::{Lot, Parked};
use crate::store::{Rows, Store, StoreError, Table};
use jiaolian_schema::act::RootStatement;
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::Head;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::hold::Offices;
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId};
use jiaolian_schema::standing::SlotRules;
use jiaolian_schema::suite::{SIGNATURE_BYTES, Sign, Verify};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use thiserror::Error;

/// Rows read from the disk at once.
const PAGE_ROWS: usize = 10_000;
/// Refused envelopes that are remembered by id.
pub(super) const REFUSED_IDS_MAX: usize = 10_000;

/// A key of this node's own and the capacity in which it signs.
pub struct LocalSeat {
    /// The key.
    pub signer: Box<dyn Sign + Send>,
    /// Whose it is and by which appointment.
    pub seat: Seat,
}

impl std::fmt::Debug for LocalSeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalSeat({})", self.seat.author)
    }
}

/// What a node is told at its start.
pub struct Setup {
    /// The office that the node stands in.
    pub office: OfficeId,
    /// The root statement, trusted by configuration.
    pub root: RootStatement,
    /// The key under which the node itself signs (alarms); none on a node that only reads.
    pub node: Option<LocalSeat>,
    /// The key under which the node signs receipts; none at the lowest offices.
    pub witness: Option<LocalSeat>,
    /// The rules of decisions.
    pub rules: Arc<dyn SlotRules + Send + Sync>,
    /// SHA-256 of the rule pack.
    pub pack: [u8; 32],
    /// Who tells good signatures.
    pub verifier: Box<dyn Verify + Send>,
    /// Bounds.
    pub limits: Limits,
    /// Fresh entropy.
    pub entropy: [u8; 32],
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Setup({})", self.office)
    }
}

/// Why a node can't start from its disk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The disk refused or lied.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that was once written here can't be read.
    #[error("a row of table {table:?} is not of this build's form: {why}")]
    Row {
        /// Which table.
        table: Table,
        /// What the decoder met.
        why: String,
    },
}

impl<S: Store> Replica<S> {
    /// Opens a node over its disk. Everything that is needed without a case's text is read into
    /// memory.
    pub fn open(store: S, setup: Setup) -> Result<Self, OpenError> {
        let mut replica = Self {
            disk: Overlay::new(store),
            office: setup.office,
            node: setup.node,
            witness: setup.witness,
            desk: super::supervise::Desk::new(&*setup.rules),
            rules: setup.rules,
            verifier: setup.verifier,
            limits: setup.limits,
            pack: setup.pack,
            authority: Authority::new(setup.root),
            rows: BTreeMap::new(),
            following: BTreeMap::new(),
            chains: BTreeMap::new(),
            gapped: BTreeSet::new(),
            index: Index::default(),
            parked: Lot::default(),
            links: BTreeMap::new(),
            hints: BTreeMap::new(),
            shunned: BTreeMap::new(),
            seq: 0,
            changed: BTreeMap::new(),
            refused: BTreeMap::new(),
            refused_count: 0,
            witnesses: BTreeSet::new(),
            endpoints: BTreeMap::new(),
            unreceipted: BTreeMap::new(),
            standings: BTreeMap::new(),
            asked: 0,
            roster_news: false,
            tree: Offices::default(),
            tree_holds: (i64::MIN, i64::MAX),
            evidence: BTreeMap::new(),
            seen_at: 0,
            moved: BTreeSet::new(),
            to_place: false,
            guests: BTreeMap::new(),
            gone: BTreeSet::new(),
            to_tell: false,
            shredded: BTreeMap::new(),
            shelved: BTreeSet::new(),
            ordered: BTreeSet::new(),
            confirmations: BTreeMap::new(),
            parted: BTreeMap::new(),
            partings: BTreeMap::new(),
            purged: BTreeMap::new(),
            purges: BTreeMap::new(),
            log: super::audit::LogDesk::default(),
            tracks: super::track::Tracks::default(),
            superior_heard: 0,
            entropy: setup.entropy,
            now: 0,
            out: Vec::new(),
        };
        replica.read_rows()?;
        let heads = replica.read_authority()?;
        replica.read_small()?;
        let changed = replica.rows.values().map(|row| row.changed_at);
        replica.seen_at = changed.max().unwrap_or(0);
        replica.follow_seats();
        replica.follow_tree();
        replica.shelve();
        replica.find_guests();
        replica.find_unreceipted(&heads);
        Ok(replica)
    }

    /// Gives the node its own key, once its appointment is known.
    pub fn set_node(&mut self, seat: LocalSeat) {
        self.node = Some(seat);
    }

    /// Takes the node's own keys away: a disk that was rolled back must not sign with them.
    pub fn retire_own(&mut self) {
        (self.node, self.witness) = (None, None);
    }

    /// Gives the node its witness key, once its appointment is known.
    pub fn set_witness(&mut self, seat: LocalSeat) {
        self.witness = Some(seat);
        let mut heads = Vec::new();
        for (author, row) in &self.chains {
            let ids = self.heads_between(*author, 1, row.top, usize::MAX);
            heads.extend(ids.into_iter().map(|(n, id)| (id, *author, n)));
        }
        self.find_unreceipted(&heads);
    }

    pub(super) fn each_row(
        &mut self,
        table: Table,
        mut each: impl FnMut(&mut Self, &[u8], &[u8]) -> Result<(), OpenError>,
    ) -> Result<(), OpenError> {
        let (mut from, end) = (Vec::new(), vec![u8::MAX; 128]);
        loop {
            let rows: Rows = self.disk.range(table, &from, &end, PAGE_ROWS)?;
            for (key, value) in &rows {
                each(self, key, value)?;
            }
            let Some((last, _)) = rows.last().filter(|_| rows.len() == PAGE_ROWS) else {
                return Ok(());
            };
            from.clone_from(last);
            from.push(0);
        }
    }

    fn read_authority(&mut self) -> Result<Vec<(EnvelopeId, AuthorId, u64)>, OpenError> {
        let (mut heads, mut facts) = (Vec::new(), Vec::new());
        self.each_row(Table::Head, |_, key, value| {
            let bytes = &value[..value.len().saturating_sub(SIGNATURE_BYTES)];
            let head: Head = read(Table::Head, bytes)?;
            let id = EnvelopeId::from_slice(key).ok_or_else(|| odd_key(Table::Head))?;
            heads.push((id, head));
            Ok(())
        })?;
        self.each_row(Table::Fact, |_, _, value| {
            facts.push(read::<Fact>(Table::Fact, value)?);
            Ok(())
        })?;
        let all = heads.iter().map(|(id, head)| (*id, head));
        self.authority.extend(all, &facts);
        for fact in &facts {
            self.note_watched(fact);
            self.note_confirmation(fact);
            self.note_purge(fact);
        }
        self.forget_watch_news();
        let heads: Vec<_> = heads.iter().map(|(id, h)| (*id, h.author, h.n)).collect();
        for (id, author, n) in &heads {
            self.add_to_chain(*author, *n, *id);
        }
        Ok(heads)
    }

    fn read_rows(&mut self) -> Result<(), OpenError> {
        self.each_row(Table::Index, |replica, key, value| {
            let row: DossierRow = read(Table::Index, value)?;
            let id = DossierId::from_slice(key).ok_or_else(|| odd_key(Table::Index))?;
            for key in replica.keys_of(id, &row) {
                replica.index.put(key, row.digest);
            }
            if row.moved == 1 {
                replica.moved.insert(id);
            }
            replica.note_following(id, &row);
            replica.rows.insert(id, row);
            Ok(())
        })
    }

    fn read_small(&mut self) -> Result<(), OpenError> {
        self.each_row(Table::Changed, |replica, key, value| {
            let seq = number(key).ok_or_else(|| odd_key(Table::Changed))?;
            let id = DossierId::from_slice(value).ok_or_else(|| odd_key(Table::Changed))?;
            replica.changed.insert(seq, id);
            Ok(())
        })?;
        let local = |replica: &Self, name: &[u8]| replica.disk.get(Table::Local, name);
        self.seq = local(self, b"seq")?.and_then(|b| number(&b)).unwrap_or(0);
        let heard = local(self, b"heard")?.and_then(|b| number(&b));
        self.superior_heard = heard.unwrap_or(0) as i64;
        self.each_row(Table::Hint, |replica, key, value| {
            let Ok(key) = <[u8; 32]>::try_from(key) else {
                return Err(odd_key(Table::Hint));
            };
            if let Ok(hint) = minicbor::decode::<Hint>(value) {
                replica.hints.insert(Peer(key), hint);
            }
            Ok(())
        })?;
        let count = local(self, b"refused")?.and_then(|b| number(&b));
        self.refused_count = count.unwrap_or(0);
        self.each_row(Table::Watch, |replica, key, value| {
            replica.note_watch_row(key, value);
            Ok(())
        })?;
        self.each_row(Table::Late, |replica, key, value| {
            replica.note_late_row(key, value);
            Ok(())
        })?;
        self.read_outages()?;
        self.read_crowds()?;
        self.read_shreds()?;
        self.read_parted()?;
        self.read_purged()?;
        self.read_closed()
    }

    /// What was refused and what is parked lies in the CASE domain: read where that is open, and
    /// again
    /// when it opens.
    pub(super) fn read_closed(&mut self) -> Result<(), OpenError> {
        for read in [Self::read_refused, Self::read_parked] {
            match read(self) {
                Err(OpenError::Store(StoreError::Locked(_))) => {}
                other => other?,
            }
        }
        Ok(())
    }

    fn read_refused(&mut self) -> Result<(), OpenError> {
        self.each_row(Table::Refused, |replica, key, value| {
            let number = number(key).ok_or_else(|| odd_key(Table::Refused))?;
            replica.refused_count = replica.refused_count.max(number);
            let row: super::ask::RefusedRow = read(Table::Refused, value)?;
            replica.remember_refused(row.peer.map(Peer), row.id, row.dossier);
            Ok(())
        })
    }

    fn read_parked(&mut self) -> Result<(), OpenError> {
        self.each_row(Table::Parked, |replica, key, value| {
            let id = EnvelopeId::from_slice(key).ok_or_else(|| odd_key(Table::Parked))?;
            // Unreadable after an upgrade: it comes again by itself.
            if let Ok(parked) = minicbor::decode::<Parked>(value) {
                replica.parked.insert(id, &parked);
            }
            Ok(())
        })
    }

    pub(super) fn remember_refused(
        &mut self,
        peer: Option<Peer>,
        id: EnvelopeId,
        dossier: Option<DossierId>,
    ) {
        if self.refused.len() < REFUSED_IDS_MAX {
            self.refused.insert((peer, id), dossier);
        }
    }

    /// Heads that no receipt of this node's witness lists yet.
    fn find_unreceipted(&mut self, heads: &[(EnvelopeId, AuthorId, u64)]) {
        let Some(witness) = self.witness.as_ref().map(|witness| witness.seat.author) else {
            return;
        };
        let listed = self.listed_by(witness);
        for (id, author, n) in heads {
            let whole = self.authority.has_body(*id);
            // A body that was destroyed since is listed as it was when it was here.
            if !(listed.contains(&(*id, whole)) || listed.contains(&(*id, true))) {
                self.await_receipt(*id, *author, *n, whole, false);
            }
        }
    }

    /// What receipts of a witness list, with what they say of the bodies.
    fn listed_by(&self, witness: AuthorId) -> BTreeSet<(EnvelopeId, bool)> {
        let from = chain_key(witness, 0, None);
        let to = chain_key(witness, u64::MAX, None);
        let rows = self.disk.range(Table::Chain, &from, &to, usize::MAX);
        let mut listed = BTreeSet::new();
        for (key, _) in rows.unwrap_or_default() {
            let id = key.get(40..).and_then(EnvelopeId::from_slice);
            let Some(receipt) = id.and_then(|id| self.load_receipt(id)) else {
                continue;
            };
            for head in receipt.heads {
                listed.insert((head.id, head.whole == 1));
            }
        }
        listed
    }
}

fn read<T: for<'b> minicbor::Decode<'b, ()>>(table: Table, bytes: &[u8]) -> Result<T, OpenError> {
    minicbor::decode(bytes).map_err(|error| OpenError::Row {
        table,
        why: error.to_string(),
    })
}

fn odd_key(table: Table) -> OpenError {
    let why = "the key has another length".to_owned();
    OpenError::Row { table, why }
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}
