//! Questions that a shell asks: what is here, how it stands, what has been delivered, and what was
//! refused.

use super::{DossierRow, Replica};
use crate::effect::{Lane, Peer};
use crate::frontier::{Frontier, causal_order};
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::act::At;
use jiaolian_schema::authority::{Authority, NodeSeat};
use jiaolian_schema::envelope::{Body, Envelope};
use jiaolian_schema::fact::Fact;
use jiaolian_schema::hold::{DossierKind, may_hold};
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId};
use jiaolian_schema::standing::Standing;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rows kept of what was refused; the count goes on.
pub(super) const REFUSED_ROWS_MAX: u64 = 10_000;
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;

/// One row of `Table::Refused`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct RefusedRow {
    #[n(0)]
    pub(crate) id: EnvelopeId,
    #[n(1)]
    pub(crate) at: i64,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) peer: Option<[u8; 32]>,
    #[n(3)]
    pub(crate) reason: String,
    #[n(4)]
    pub(crate) dossier: Option<DossierId>,
    #[n(5)]
    pub(crate) envelope: Envelope,
}

/// Something that was refused, as it is listed and exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its number, from 1.
    pub number: u64,
    /// The envelope's id.
    pub id: EnvelopeId,
    /// When it came, ms UTC.
    pub at: i64,
    /// From whom; none from a file.
    pub peer: Option<Peer>,
    /// The rule that it breaks.
    pub reason: String,
    /// The dossier that it claims.
    pub dossier: Option<DossierId>,
    /// The envelope as it came.
    pub envelope: Envelope,
}

/// What waits for a peer, by lane: items that are to be sent or are not yet durable there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Alarms, rosters, receipts.
    pub urgent: u64,
    /// Acts and edits.
    pub normal: u64,
    /// First copies.
    pub bulk: u64,
}

/// How a link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStatus {
    /// With whom.
    pub peer: Peer,
    /// Its office.
    pub office: OfficeId,
    /// Since when the session runs, ms UTC; none while there is no session.
    pub up_since: Option<i64>,
    /// Whether both have said that they have the same and nothing came since.
    pub agreed: bool,
    /// Everything signed here up to this instant is durable there; none where that was never known.
    /// ms UTC.
    pub delivered_as_of: Option<i64>,
    /// When the peer was last heard, ms UTC.
    pub heard_at: Option<i64>,
    /// What waits; without a session, the dossiers that changed since they last agreed, as
    /// `normal`.
    pub waiting: Waiting,
}

/// Whether a dossier has reached the office above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Nobody above may have it, or nobody is known there.
    Local,
    /// All of it is durable there; known at this instant, ms UTC.
    Delivered {
        /// Where.
        office: OfficeId,
        /// As of when.
        as_of: i64,
    },
    /// Something of it is not.
    Waiting {
        /// Where it is to go.
        office: OfficeId,
    },
}

/// How long ago a superior was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleAuthority {
    /// Whole days since then; 0 at the root.
    pub days: i64,
    /// After so many days decisions wait.
    pub limit_days: u16,
}

impl StaleAuthority {
    /// Whether decisions wait.
    pub fn is_stale(&self) -> bool {
        self.days >= i64::from(self.limit_days)
    }
}

impl<S: Store> Replica<S> {
    /// The disk, for what the shell keeps on it.
    pub fn store(&self) -> &S {
        self.disk.store()
    }

    /// The disk, for the shell that makes writes durable.
    pub fn store_mut(&mut self) -> &mut S {
        self.disk.store_mut()
    }

    /// The office that this node stands in.
    pub fn office(&self) -> OfficeId {
        self.office
    }

    /// Who may sign, and what superiors said.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Every dossier here, ascending by id.
    pub fn dossiers(&self) -> impl Iterator<Item = (DossierId, &DossierRow)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    /// One dossier's row.
    pub fn dossier(&self, id: DossierId) -> Option<&DossierRow> {
        self.rows.get(&id)
    }

    /// The dossier of an office's roster.
    pub fn roster(&self, office: OfficeId) -> Option<DossierId> {
        self.roster_of(office)
    }

    /// How a dossier stands; none where it is not here.
    pub fn standing(&mut self, dossier: DossierId) -> Option<Arc<Standing>> {
        self.stand(dossier)
    }

    /// SHA-256 over how a dossier stands: equal at all nodes that have the same of it and of the
    /// roster.
    pub fn state_root(&mut self, dossier: DossierId) -> Option<[u8; 32]> {
        self.stand(dossier).map(|standing| standing.state_root())
    }

    /// All facts of a dossier.
    pub fn facts(&self, dossier: DossierId) -> Result<BTreeMap<EnvelopeId, Fact>, StoreError> {
        self.load_facts(dossier)
    }

    /// One fact.
    pub fn fact(&self, dossier: DossierId, id: EnvelopeId) -> Option<Fact> {
        self.fact_of(dossier, id)
    }

    /// A body; none where only the head is here. Case bodies are closed until an officer signs in.
    pub fn body(&self, id: EnvelopeId) -> Result<Option<Body>, StoreError> {
        let bytes = self.load_body(id)?;
        Ok(bytes.and_then(|bytes| minicbor::decode(&bytes).ok()))
    }

    /// An envelope as it was signed, with its body where that is here.
    pub fn envelope(&self, id: EnvelopeId) -> Result<Option<Envelope>, StoreError> {
        self.load_envelope(id)
    }

    /// Ids of a dossier's envelopes, each after what it rests on.
    pub fn ordered(&self, dossier: DossierId) -> Result<Vec<EnvelopeId>, StoreError> {
        Ok(causal_order(&self.load_facts(dossier)?, &BTreeSet::new()))
    }

    /// What is here of a dossier.
    pub fn frontier(&self, dossier: DossierId) -> Frontier {
        self.frontier_of(dossier)
    }

    /// Envelopes for a file to another office: everything of these dossiers that it may have,
    /// rosters first, with the
    /// heads that make their authors' chains whole.
    pub fn export(
        &self,
        to: OfficeId,
        dossiers: &[DossierId],
    ) -> Result<Vec<Envelope>, StoreError> {
        let (mut out, mut tops) = (Vec::new(), BTreeMap::<AuthorId, u64>::new());
        let mut chosen: Vec<(u8, DossierId)> = Vec::new();
        for id in dossiers {
            if let Some(row) = self.rows.get(id).filter(|row| self.may_send(to, row)) {
                let depth = self.authority.offices().depth(row.place);
                let roster = row.kind == DossierKind::Roster;
                let rank = if roster { depth.unwrap_or(7) } else { u8::MAX };
                chosen.push((rank, *id));
            }
        }
        chosen.sort_unstable();
        for (_, dossier) in chosen {
            let facts = self.load_facts(dossier)?;
            for id in causal_order(&facts, &BTreeSet::new()) {
                let fact = &facts[&id];
                let top = tops.entry(fact.author).or_default();
                *top = (*top).max(fact.n);
                out.extend(self.load_envelope(id)?);
            }
        }
        let whole: BTreeSet<EnvelopeId> = out.iter().map(Envelope::id).collect();
        for (author, top) in tops {
            for (_, id) in self.heads_between(author, 1, top, usize::MAX) {
                if !whole.contains(&id) {
                    out.extend(self.load_head(id)?);
                }
            }
        }
        Ok(out)
    }

    /// What a new node of an office needs before its first link: the rosters of its office, of all
    /// above and below, and of whoever else its dossiers stand by.
    pub fn join_file(&self, office: OfficeId) -> Result<Vec<Envelope>, StoreError> {
        let known = self.authority.offices().evidence(office);
        let rosters: Vec<DossierId> = known.iter().filter_map(|id| self.roster_of(*id)).collect();
        self.export(office, &rosters)
    }

    /// The last head of an author's chain that is here.
    pub fn chain_top(&self, author: AuthorId) -> Option<At> {
        let top = self.chains.get(&author)?.top;
        let ids = self.heads_between(author, top, top, 1);
        ids.first().map(|(n, id)| At { n: *n, id: *id })
    }

    /// The heads of an author's chain that are here, in order.
    pub fn chain_heads(&self, author: AuthorId) -> Result<Vec<Envelope>, StoreError> {
        let ids = self.heads_between(author, 1, u64::MAX - 1, usize::MAX);
        let heads = ids.into_iter().map(|(_, id)| self.load_head(id));
        Ok(heads
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    /// Nodes that may connect, by transport key.
    pub fn endpoints(&self) -> &BTreeMap<[u8; 32], NodeSeat> {
        &self.endpoints
    }

    /// Every link that is up or was ever agreed on.
    pub fn links(&self) -> Vec<LinkStatus> {
        let endpoints = &self.endpoints;
        let peers: BTreeSet<Peer> = self
            .links
            .keys()
            .chain(self.hints.keys())
            .copied()
            .collect();
        let status = |peer: Peer| {
            let link = self.links.get(&peer);
            let office = link.map(|link| link.office);
            let office = office.or_else(|| endpoints.get(&peer.0).map(|seat| seat.office))?;
            let hint = self.hints.get(&peer);
            let heard = link.map(|link| link.heard).max(hint.map(|hint| hint.heard));
            Some(LinkStatus {
                peer,
                office,
                up_since: link.map(|link| link.since),
                agreed: link.is_some_and(|link| link.agreed),
                delivered_as_of: hint.map(|hint| hint.as_of),
                heard_at: heard,
                waiting: self.waiting_for(peer, office),
            })
        };
        peers.into_iter().filter_map(status).collect()
    }

    fn waiting_for(&self, peer: Peer, office: OfficeId) -> Waiting {
        if let Some(link) = self.links.get(&peer) {
            return Waiting {
                urgent: link.waiting(Lane::Urgent),
                normal: link.waiting(Lane::Normal),
                bulk: link.waiting(Lane::Bulk),
            };
        }
        let acked = self.hints.get(&peer).map_or(0, |hint| hint.acked);
        let mut waiting = Waiting::default();
        for dossier in self.changed.range(acked + 1..).map(|(_, id)| id) {
            match self.rows.get(dossier) {
                Some(row) if !self.may_send(office, row) => {}
                Some(row) if row.kind == DossierKind::Audit => waiting.bulk += 1,
                Some(row) if row.kind == DossierKind::Case => waiting.normal += 1,
                Some(_) => waiting.urgent += 1,
                None => {}
            }
        }
        waiting
    }

    /// Whether all of a dossier is durable at the nearest office above that may have it.
    pub fn delivery(&self, dossier: DossierId) -> Delivery {
        let Some(row) = self.rows.get(&dossier) else {
            return Delivery::Local;
        };
        let offices = self.authority.offices();
        let above = offices.path_at(self.office, self.today()).into_iter();
        let above = above.skip(1);
        let mut above = above.filter(|office| may_hold(offices, *office, &row.audience()));
        let Some(office) = above.next() else {
            return Delivery::Local;
        };
        let endpoints = &self.endpoints;
        let there = endpoints.iter().filter(|(_, seat)| seat.office == office);
        let hints = there.filter_map(|(key, _)| self.hints.get(&Peer(*key)));
        let landed = hints.filter(|hint| row.seq <= hint.acked);
        match landed.map(|hint| hint.as_of).max() {
            Some(as_of) => Delivery::Delivered { office, as_of },
            None => Delivery::Waiting { office },
        }
    }

    /// How many envelopes were ever refused.
    pub fn refused_count(&self) -> u64 {
        self.refused_count
    }

    /// What was refused, from a number on, at most `limit`.
    pub fn refused(&self, from: u64, limit: usize) -> Result<Vec<Refusal>, StoreError> {
        let end = u64::MAX.to_be_bytes();
        let rows = self
            .disk
            .range(Table::Refused, &from.to_be_bytes(), &end, limit)?;
        let read = |(key, value): (Vec<u8>, Vec<u8>)| {
            let row: RefusedRow = minicbor::decode(&value).ok()?;
            Some(Refusal {
                number: u64::from_be_bytes(key.try_into().ok()?),
                id: row.id,
                at: row.at,
                peer: row.peer.map(Peer),
                reason: row.reason,
                dossier: row.dossier,
                envelope: row.envelope,
            })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// How many envelopes wait for what they name.
    pub fn parked_count(&self) -> usize {
        self.parked.len()
    }

    /// How long no superior was heard, against what the policy allows.
    pub fn stale_authority(&self) -> StaleAuthority {
        let limit_days = self.authority.policy(self.office).stale_days;
        let is_root = self.office == self.authority.root_office();
        let receipt = self.authority.newest_receipt_for(self.office);
        let heard = self.superior_heard.max(receipt.map_or(0, |(_, time)| time));
        let days = if is_root || heard == 0 {
            0
        } else {
            (self.now - heard).max(0) / DAY_MS
        };
        StaleAuthority { days, limit_days }
    }
}
