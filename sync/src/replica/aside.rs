//! What is set aside: envelopes that wait for what they name, and envelopes that break a rule and
//! are listed.

use super::door::claimed_dossier;
use super::{Replica, ask};
use crate::effect::{Event, Peer};
use crate::parked::{Need, PARKED_MS_MAX, Parked};
use crate::store::{Store, Table};
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

    /// Tries everything that waits: what it waits for may have come while parked envelopes could
    /// not be read.
    pub(super) fn retry_all(&mut self) {
        for id in self.parked.older_than(i64::MAX) {
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
