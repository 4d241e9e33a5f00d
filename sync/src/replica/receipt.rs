//! Receipts: a superior's witness lists the heads that came up to it, so that others may prove when
//! something existed.

use super::{Draft, Payload, Replica};
use crate::effect::Event;
use crate::item::{Class, Group};
use crate::store::{Store, Table};
use jiaolian_schema::act::{RECEIPT_HEADS_MAX, Receipt, Receipted};
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::authority::PathState;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

/// Heads of one lower office that wait for a receipt.
#[derive(Debug, Default)]
pub(super) struct Pending {
    heads: BTreeMap<EnvelopeId, Receipted>,
    receipts: BTreeSet<EnvelopeId>,
    at_once: bool,
    last: Option<i64>,
}

impl Pending {
    /// Only what is more than receipts is worth a receipt.
    fn is_worth(&self) -> bool {
        self.heads.len() > self.receipts.len()
    }

    /// The clock was set back.
    pub(super) fn turn_back(&mut self, now: i64) {
        self.last = self.last.map(|last| last.min(now));
    }

    fn is_due(&self, now: i64, wait: i64) -> bool {
        let rested = self.last.is_none_or(|last| now - last >= wait);
        self.is_worth() && (self.at_once || rested)
    }
}

impl<S: Store> Replica<S> {
    /// Notes a head that came up, where this node's witness is the one to receipt it.
    pub(super) fn await_receipt(
        &mut self,
        id: EnvelopeId,
        author: AuthorId,
        n: u64,
        whole: bool,
        at_once: bool,
    ) {
        if self.witness.is_none() {
            return;
        }
        let Some(known) = self.authority.introduction(author) else {
            return;
        };
        if !self.is_receipted_here(known.office) {
            return;
        }
        let pending = self.unreceipted.entry(known.office).or_default();
        let whole = u8::from(whole);
        let head = Receipted {
            author,
            n,
            id,
            whole,
        };
        pending.heads.insert(id, head);
        if known.duty == Duty::Witness {
            pending.receipts.insert(id);
        }
        pending.at_once |= at_once;
    }

    /// Whether the office is below this one and no witness stands between.
    pub(super) fn is_receipted_here(&self, office: OfficeId) -> bool {
        let path = self.authority.offices().path_at(office, self.today());
        let Some(here) = path.iter().position(|id| *id == self.office) else {
            return false;
        };
        here > 0 && !path[1..here].iter().any(|id| self.witnesses.contains(id))
    }

    /// Decisions and acts of the roster are receipted without waiting.
    pub(super) fn is_at_once(&self, fact: &Fact) -> bool {
        matches!(fact.what, What::Roster(_)) || self.is_decision(fact.dossier, &fact.what)
    }

    pub(super) fn is_decision(&self, dossier: DossierId, what: &What) -> bool {
        let What::Step { matter, event, .. } = what else {
            return false;
        };
        let Some(What::Apply {
            workflow, version, ..
        }) = self.fact_of(dossier, *matter).map(|fact| fact.what)
        else {
            return false;
        };
        self.rules.decision(&workflow, version, event).is_some()
    }

    /// Which offices have a witness, and which nodes may connect.
    pub(super) fn follow_seats(&mut self) {
        self.endpoints = self.authority.endpoints();
        let good = self.authority.appointments().filter(|(_, _, good)| *good);
        let witnesses = good.filter(|(_, appoint, _)| appoint.duty == Duty::Witness);
        self.witnesses = witnesses.map(|(_, appoint, _)| appoint.office).collect();
    }

    pub(super) fn sign_receipts(&mut self) {
        let Some(witness) = self.witness.take() else {
            return;
        };
        let wait = self.limits.receipt_ms;
        let due = self.unreceipted.iter();
        let due = due.filter(|(_, pending)| pending.is_due(self.now, wait));
        let offices: Vec<OfficeId> = due.map(|(office, _)| *office).collect();
        for office in offices {
            if !self.sign_receipt(&witness, office) {
                break;
            }
        }
        self.witness = Some(witness);
    }

    /// Signs one receipt for one office; false where the clock forbids any.
    fn sign_receipt(&mut self, witness: &super::LocalSeat, office: OfficeId) -> bool {
        let Some(roster) = self.roster_of(office) else {
            return true;
        };
        let heads = self.receiptable(office);
        if heads.is_empty() {
            return true;
        }
        let newest = self.newest_time_for(witness.seat.author);
        if let Some(receipt) = newest.filter(|time| *time > self.now) {
            let now = self.now;
            self.publish(Event::ClockBehind { receipt, now });
            return false;
        }
        let ids: Vec<EnvelopeId> = heads.iter().map(|head| head.id).collect();
        let receipt = Receipt::new(witness.signer.suite(), self.now, heads);
        let draft = Draft {
            dossier: Some(roster),
            payload: Payload::Receipt(receipt),
        };
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.fresh()[..16]);
        let signed = self.sign(&*witness.signer, witness.seat, draft, self.now, salt);
        if signed.is_ok() {
            self.note_receipted(office, &ids);
        }
        true
    }

    fn note_receipted(&mut self, office: OfficeId, ids: &[EnvelopeId]) {
        let now = self.now;
        if let Some(pending) = self.unreceipted.get_mut(&office) {
            for id in ids {
                pending.heads.remove(id);
                pending.receipts.remove(id);
            }
            pending.last = Some(now);
            pending.at_once &= pending.is_worth();
        }
    }

    /// What may be listed: nothing that a superior said no to or that is frozen by a fork (rule
    /// 20).
    fn receiptable(&self, office: OfficeId) -> Vec<Receipted> {
        let pending = self.unreceipted.get(&office);
        let heads = pending.into_iter().flat_map(|pending| {
            let heads = pending.heads.values();
            heads.map(|head| (*head, pending.receipts.contains(&head.id)))
        });
        let free = heads.filter(|(head, _)| {
            let state = self.authority.path_state(head.id);
            !matches!(state, PathState::Cut | PathState::Fork)
        });
        let (mut listed, mut worth) = (Vec::new(), false);
        for (head, is_receipt) in free.take(RECEIPT_HEADS_MAX) {
            worth |= !is_receipt;
            listed.push(head);
        }
        if worth { listed } else { Vec::new() }
    }

    /// The dossier of an office's roster: the one whose founding counts.
    pub(super) fn roster_of(&self, office: OfficeId) -> Option<DossierId> {
        let mut ids = self.rosters_of(office).into_iter();
        ids.find(|id| {
            let opening = self.fact_of(*id, EnvelopeId(id.0));
            opening.is_some_and(|fact| self.authority.state(&fact, true).is_good())
        })
    }

    /// The same where the founding may still wait for something.
    pub(super) fn roster_here(&self, office: OfficeId) -> Option<DossierId> {
        let good = self.roster_of(office);
        good.or_else(|| self.rosters_of(office).first().copied())
    }

    fn rosters_of(&self, office: OfficeId) -> Vec<DossierId> {
        let group = Group::new(Class::Roster, office);
        let (lo, hi) = (group.first(), group.end());
        let ids = self.index.items(&lo, &hi).map(|(key, _)| key.id());
        ids.map(DossierId).collect()
    }

    /// The newest time that a key may not sign before: of the newest receipt from above, or of its
    /// own last receipt.
    pub(super) fn newest_time_for(&self, author: AuthorId) -> Option<i64> {
        let known = self.authority.introduction(author)?;
        let above = self.authority.newest_receipt_for(known.office);
        let own = (known.duty == Duty::Witness)
            .then(|| self.authority.chain_tip(author))
            .flatten()
            .and_then(|tip| self.load_receipt(tip.id))
            .map(|receipt| receipt.time);
        above.map(|(_, time)| time).max(own)
    }

    pub(super) fn load_receipt(&self, id: EnvelopeId) -> Option<Receipt> {
        let bytes = self.disk.get(Table::RosterBody, &id.0).ok().flatten()?;
        let body: Body = minicbor::decode(&bytes).ok()?;
        canon::decode("a receipt", &body.payload).ok()
    }
}
