//! What is set aside: envelopes that wait for what they name, and envelopes that break a rule and
//! are listed.

use super::carry::lane_of;
use super::{Replica, ask};
use crate::effect::{Event, Peer};
use crate::link::Item;
use crate::parked::{Need, PARKED_MS_MAX, Parked};
use crate::store::{Store, StoreError, Table};
use crate::subject::claimed_dossier;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::EnvelopeId;

impl<S: Store> Replica<S> {
    pub(super) fn park(
        &mut self,
        id: EnvelopeId,
        envelope: Envelope,
        need: Need,
        peer: Option<Peer>,
    ) {
        let parked = Parked {
            envelope,
            peer: peer.map(|peer| peer.0),
            need,
            since: self.now,
        };
        let gone = self.parked.insert(id, &parked);
        self.disk.put(Table::Parked, &id.0, canon::encode(&parked));
        for old in gone {
            self.disk.remove(Table::Parked, &old.0);
        }
    }

    /// Offers what waits for a later build to whoever may hold its dossier: a peer may have that
    /// build.
    pub(super) fn offer_unchecked(&mut self, id: EnvelopeId, from: Option<Peer>) {
        let peers: Vec<Peer> = self.links.keys().copied().collect();
        for peer in peers.into_iter().filter(|peer| Some(*peer) != from) {
            self.offer_unchecked_to(peer, &[id]);
        }
    }

    /// The same of all that waits so, for a peer that was just met.
    pub(super) fn offer_all_unchecked(&mut self, peer: Peer) {
        let ids = self.parked.unchecked();
        self.offer_unchecked_to(peer, &ids);
    }

    fn offer_unchecked_to(&mut self, peer: Peer, ids: &[EnvelopeId]) {
        let Some(mut link) = self.links.remove(&peer) else {
            return;
        };
        for id in ids {
            let Ok(Some(parked)) = self.load_parked(*id) else {
                continue;
            };
            let dossier = claimed_dossier(&parked.envelope);
            let row = dossier.and_then(|dossier| Some((dossier, self.rows.get(&dossier)?)));
            if let Some((dossier, row)) = row
                && parked.peer != Some(peer.0)
                && self.may_pass(&link, row)
            {
                link.push(lane_of(row.kind), Item::Whole(dossier, *id));
            }
        }
        self.links.insert(peer, link);
    }

    fn load_parked(&self, id: EnvelopeId) -> Result<Option<Parked>, StoreError> {
        let bytes = self.disk.get(Table::Parked, &id.0)?;
        Ok(bytes.and_then(|bytes| minicbor::decode(&bytes).ok()))
    }

    /// What waits for a later build, as it came.
    pub(super) fn load_unchecked(&self, id: EnvelopeId) -> Result<Option<Envelope>, StoreError> {
        let parked = self.load_parked(id)?;
        let parked = parked.filter(|parked| matches!(parked.need, Need::Suite(_)));
        Ok(parked.map(|parked| parked.envelope))
    }

    /// Tries everything that waits: what it waits for may have come while parked envelopes could
    /// not be read.
    pub(super) fn retry_all(&mut self) {
        for id in self.parked.ids() {
            for need in self.take_parked(id) {
                self.retry(need);
            }
        }
    }

    pub(super) fn let_go_of_parked(&mut self) {
        for id in self.parked.older_than(self.now - PARKED_MS_MAX) {
            self.parked.remove(id);
            self.disk.remove(Table::Parked, &id.0);
        }
    }

    /// Lists what is refused, so that it is counted, shown, exported and not sent again by the same
    /// peer.
    ///
    /// An id alone condemns nothing: another peer may have the same head with its true body and
    /// signature.
    pub(super) fn list_refused(&mut self, envelope: &Envelope, reason: &str, peer: Option<Peer>) {
        let id = envelope.id();
        if let Some(link) = peer.and_then(|peer| self.links.get_mut(&peer)) {
            link.score += 1;
        }
        if self.refused.contains_key(&(peer, id)) {
            return;
        }
        let dossier = claimed_dossier(envelope);
        self.refused_count += 1;
        let row = ask::RefusedRow {
            id,
            at: self.now,
            peer: peer.map(|peer| peer.0),
            reason: reason.to_owned(),
            dossier,
            envelope: envelope.clone(),
        };
        let key = self.refused_count.to_be_bytes();
        self.disk.put(Table::Refused, &key, canon::encode(&row));
        self.disk.put(Table::Local, b"refused", key.to_vec());
        self.trim_refused();
        self.remember_refused(peer, id, dossier);
        let reason = reason.to_owned();
        self.publish(Event::Refused { id, peer, reason });
    }

    /// The oldest of what is listed goes when the list is full; the count stays.
    fn trim_refused(&mut self) {
        let oldest = self.refused_count.saturating_sub(ask::REFUSED_ROWS_MAX);
        if oldest > 0 {
            self.disk.remove(Table::Refused, &oldest.to_be_bytes());
        }
    }
}
