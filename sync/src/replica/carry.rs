//! Carrying: which stored envelopes go to which peer, on which lane, and how many at a time.

use super::Replica;
use super::parting::farewell;
use crate::effect::{Lane, Peer};
use crate::frame::{Frame, Have, REFUSED_MAX};
use crate::frontier::{Known, missing};
use crate::item::{Key, Salt, Short};
use crate::link::{BATCH_BYTES, Item, Job, Link, RANKS, weight};
use crate::store::{Store, StoreError};
use jiaolian_schema::envelope::{Envelope, Head};
use jiaolian_schema::fact::What;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use std::collections::{BTreeSet, VecDeque};

/// Alarms that changed later than this, ms, go first; older ones go with first copies.
const ALARM_FRESH_MS: i64 = 30 * 24 * 3_600_000;
/// Logs of nodes go when nothing else is left.
const AUDIT_RANK: u8 = RANKS - 1;
/// Heads of a chain read at once.
const HEADS_AT_ONCE: usize = 128;

impl<S: Store> Replica<S> {
    /// Offers a newly stored envelope to every connected peer that may have it, except where it
    /// came from.
    pub(super) fn offer(
        &mut self,
        id: EnvelopeId,
        head: &Head,
        dossier: Option<DossierId>,
        from: Option<Peer>,
    ) {
        let row = dossier.and_then(|dossier| Some((dossier, self.rows.get(&dossier)?.clone())));
        let chain = self.chains.get(&head.author);
        let chain = chain.map(|row| row.key(head.author).group());
        let moved = row.as_ref().filter(|(_, row)| row.moved == 1);
        let moved = moved.and_then(|(dossier, _)| self.fact_of(*dossier, id));
        let moves = moved.is_some_and(|fact| matches!(fact.what, What::Assign { .. }));
        let peers: Vec<Peer> = self.links.keys().copied().collect();
        for peer in peers.into_iter().filter(|peer| Some(*peer) != from) {
            let Some(mut link) = self.links.remove(&peer) else {
                continue;
            };
            let mut left = BTreeSet::new();
            match &row {
                Some((dossier, row)) if self.may_pass(&link, row) => {
                    let key = Key::dossier(&row.audience(), *dossier);
                    if moves && !self.held_before(link.office, row) {
                        link.add_job(Lane::Normal, 9, key, first_copy(*dossier));
                    } else if !link.has_fresh_job(&key) {
                        link.push(lane_of(row.kind), Item::Whole(*dossier, id));
                    }
                }
                Some((dossier, row)) if moves && self.held_before(link.office, row) => {
                    left.insert(*dossier);
                }
                _ if chain.is_some_and(|group| link.view.shows(&group)) => {
                    link.push(Lane::Normal, Item::Head(id));
                }
                _ if self.is_guest_chain(&link, head.author) => {
                    self.offer_branch(&mut link, id, head);
                }
                _ => {}
            }
            self.links.insert(peer, link);
            self.want(peer, Vec::new(), left);
        }
    }

    /// Plans to send a dossier to a peer that said what it has.
    pub(super) fn plan(
        &self,
        link: &mut Link,
        dossier: DossierId,
        known: Known,
        refused: BTreeSet<Short>,
    ) {
        let Some(row) = self.rows.get(&dossier) else {
            return;
        };
        let first = known.is_empty();
        let depth = || {
            self.authority
                .offices()
                .depth(row.place)
                .unwrap_or(7)
                .min(7)
        };
        let fresh = self.now - row.changed_at < ALARM_FRESH_MS;
        let (lane, rank) = match row.kind {
            DossierKind::Roster => (Lane::Urgent, depth()),
            DossierKind::Alarm if fresh || !first => (Lane::Urgent, 8),
            DossierKind::Case if !first => (Lane::Normal, 9),
            DossierKind::Case if row.watched == 1 => (Lane::Bulk, 9),
            DossierKind::Case | DossierKind::Alarm => (Lane::Bulk, 10),
            DossierKind::Audit => (Lane::Bulk, AUDIT_RANK),
        };
        let key = Key::dossier(&row.audience(), dossier);
        let job = Job::Dossier {
            id: dossier,
            known,
            refused,
            left: None,
        };
        link.answered.remove(&dossier);
        link.add_job(lane, rank, key, job);
    }

    /// Sends what there is room for.
    pub(super) fn pump(&mut self, peer: Peer) {
        let Some(mut link) = self.links.remove(&peer) else {
            return;
        };
        for lane in Lane::ALL {
            let window = self.limits.window_bytes[lane as usize];
            while link.flight[lane as usize].bytes() < window {
                let batch = self.next_batch(&mut link, lane);
                if batch.is_empty() {
                    break;
                }
                link.moved = self.now;
                link.launch(lane, batch);
            }
        }
        let arrived = std::mem::take(&mut link.arrived);
        self.links.insert(peer, link);
        self.note_arrived(peer, arrived);
    }

    fn next_batch(&self, link: &mut Link, lane: Lane) -> Vec<Envelope> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH_BYTES {
            let Some(envelope) = self.next(link, lane) else {
                break;
            };
            bytes += weight(&envelope);
            batch.push(envelope);
        }
        batch
    }

    /// The next envelope of a lane: what was signed just now before what is caught up with.
    fn next(&self, link: &mut Link, lane: Lane) -> Option<Envelope> {
        while let Some(item) = link.queue[lane as usize].pop_front() {
            match self.load_item(link, item) {
                Ok(Some(envelope)) => return Some(envelope),
                Ok(None) => {}
                Err(_) => link.shut.push((lane, item)),
            }
        }
        loop {
            let (key, mut job) = link.jobs[lane as usize].pop_first()?;
            match self.next_of(link, &mut job) {
                Ok(Some(envelope)) => {
                    link.jobs[lane as usize].insert(key, job);
                    return Some(envelope);
                }
                Ok(None) => {}
                Err(_) => link.shut_jobs.push((lane, key, job)),
            }
        }
    }

    fn load_item(&self, link: &Link, item: Item) -> Result<Option<Envelope>, StoreError> {
        match item {
            Item::Head(id) => self.load_head(id),
            Item::Whole(dossier, id) => {
                let row = self.rows.get(&dossier);
                let open = row.is_some_and(|row| {
                    self.may_pass(link, row) || self.held_before(link.office, row)
                });
                if open {
                    match self.load_envelope(id)? {
                        None => self.load_unchecked(id),
                        found => Ok(found),
                    }
                } else {
                    Ok(None)
                }
            }
        }
    }

    fn next_of(&self, link: &mut Link, job: &mut Job) -> Result<Option<Envelope>, StoreError> {
        match job {
            Job::Heads { author, from, to } => {
                let found = self.heads_between(*author, *from, *to, HEADS_AT_ONCE);
                let Some((n, id)) = found.first().copied() else {
                    return Ok(None);
                };
                // Both heads of a fork lie at one position: step over it only with its last.
                let last_here = found.get(1).is_none_or(|(other, _)| *other != n);
                if last_here {
                    *from = n + 1;
                    self.load_head(id)
                } else {
                    let twins = found.iter().take_while(|(other, _)| *other == n);
                    let mut ids = twins.map(|(_, id)| *id);
                    let first = ids.next();
                    ids.for_each(|id| link.push(Lane::Normal, Item::Head(id)));
                    *from = n + 1;
                    first.map_or(Ok(None), |id| self.load_head(id))
                }
            }
            Job::Dossier {
                id,
                known,
                refused,
                left,
            } => {
                if left.is_none() {
                    *left = Some(self.expand(link, *id, known, refused)?);
                }
                let Some(next) = left.as_mut().and_then(VecDeque::pop_front) else {
                    return Ok(None);
                };
                match self.load_envelope(next) {
                    Ok(found) => Ok(found),
                    Err(error) => {
                        *left = None;
                        Err(error)
                    }
                }
            }
        }
    }

    /// What of a dossier the peer lacks and may have. Where it has more itself, it is told what is
    /// here.
    fn expand(
        &self,
        link: &mut Link,
        dossier: DossierId,
        known: &Known,
        refused: &BTreeSet<Short>,
    ) -> Result<VecDeque<EnvelopeId>, StoreError> {
        let salt = link.salt.unwrap_or_default();
        let facts = self.load_facts(dossier)?;
        let reading = link.reading(dossier, known);
        let missing = missing(&facts, known, refused, (salt, reading));
        if !missing.beyond {
            link.unexplained.remove(&dossier);
        }
        let Some(row) = self.rows.get(&dossier) else {
            return Ok(VecDeque::new());
        };
        if missing.beyond && !link.answered.contains(&dossier) {
            let items = vec![self.have(dossier, salt, link.peer)];
            let answer = true;
            link.say(Lane::Normal, Frame::Have { items, answer });
        }
        if row.kind != DossierKind::Roster {
            self.hand_down(link, &facts);
        }
        if self.may_pass(link, row) {
            if missing.ids.is_empty() {
                link.arrived.push(dossier);
            }
            return Ok(missing.ids.into());
        }
        let left = farewell(&facts);
        let ids = missing.ids.into_iter().filter(|id| left.contains(id));
        Ok(ids.collect())
    }

    /// What is here of a dossier, as a frame tells it.
    pub(super) fn have(&self, dossier: DossierId, salt: Salt, peer: Peer) -> Have {
        let none = EnvelopeId([0; 32]);
        let refused = self.refused.range((Some(peer), none)..);
        let refused = refused.take_while(|((other, _), _)| *other == Some(peer));
        let refused = refused.filter(|(_, about)| **about == Some(dossier));
        let shorts = refused
            .take(REFUSED_MAX)
            .map(|((_, id), _)| salt.short(&id.0));
        let refused: Vec<u8> = shorts.flatten().collect();
        Have {
            item: crate::item::item_ref(&dossier.0),
            tips: self.frontier_of(dossier).pack(salt),
            refused: (!refused.is_empty()).then_some(refused),
        }
    }
}

/// On which lane news of a dossier goes.
pub(super) fn lane_of(kind: DossierKind) -> Lane {
    match kind {
        DossierKind::Roster | DossierKind::Alarm => Lane::Urgent,
        DossierKind::Case => Lane::Normal,
        DossierKind::Audit => Lane::Bulk,
    }
}

/// A whole dossier for a peer that has nothing of it.
pub(super) fn first_copy(id: DossierId) -> Job {
    Job::Dossier {
        id,
        known: Known::default(),
        refused: BTreeSet::new(),
        left: None,
    }
}
