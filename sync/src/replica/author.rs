//! Signing: who may sign here and now, and the places on both chains that a new envelope takes.

mod prepare;

use super::Replica;
use super::dossier::Holding;
use crate::frontier::heads;
use crate::store::{Store, StoreError, Table};
use jiaolian_schema::act::{Act, At, EditBytes, Receipt};
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{
    BODY_BYTES_MAX, Body, DEPS_MAX, Envelope, Head, Kind, body_hash, head_id,
};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId};
use jiaolian_schema::standing::{Outcome, Standing, fold, is_void_by_reading};
use jiaolian_schema::suite::{KeyError, Sign};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

pub use prepare::Unsigned;

/// A key's owner and the appointment under which it signs; none only for the root's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// Whose key.
    pub author: AuthorId,
    /// By which appointment.
    pub appointment: Option<EnvelopeId>,
}

/// What is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// In which dossier; none for what opens one.
    pub dossier: Option<DossierId>,
    /// What it says.
    pub payload: Payload,
}

/// What an envelope says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)]
pub enum Payload {
    /// A fact or decision.
    Act(Act),
    /// One Automerge change.
    Edit(Vec<u8>),
    /// A superior's list of heads.
    Receipt(Receipt),
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum SignError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("author {0} has not been introduced here")]
    UnknownAuthor(AuthorId),
    #[error("the key is not that of author {0}")]
    OtherKey(AuthorId),
    #[error("the appointment is not this author's")]
    OtherAppointment,
    #[error("the appointment runs from {not_before} to {not_after}, and the clock says {now}")]
    OutsideInterval {
        not_before: i64,
        not_after: i64,
        now: i64,
    },
    #[error("the appointment has no effect")]
    AppointmentWithout,
    #[error("the clock says {now}, before the newest receipt's {receipt}")]
    ClockBehind { receipt: i64, now: i64 },
    #[error(
        "this disk knows the author's chain up to {tip}, and position {known} has been seen: the disk is older than the chain"
    )]
    RolledBack { tip: u64, known: u64 },
    #[error("dossier {0} is not here")]
    UnknownDossier(DossierId),
    #[error("dossier {0} has gone to an office that this one may not follow")]
    Elsewhere(DossierId),
    #[error("no superior was heard for {days} days, the limit is {limit}: decisions wait")]
    Stale { days: i64, limit: u16 },
    #[error("the dossier holds an act of a later version: decisions wait for the upgrade")]
    LaterVersion,
    #[error("an envelope names at most {DEPS_MAX} others, this one would name {0}")]
    TooManyDeps(usize),
    #[error("a body is at most {BODY_BYTES_MAX} bytes, this one would have {0}")]
    TooLong(usize),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the act would have no effect: {0}")]
    NoEffect(String),
    #[error("{0}")]
    Refused(String),
}

impl<S: Store> Replica<S> {
    /// Signs a draft, stores it, and offers it to connected peers that may have it. `salt` is fresh
    /// entropy.
    #[allow(clippy::needless_pass_by_value)]
    pub fn sign(
        &mut self,
        signer: &dyn Sign,
        seat: Seat,
        draft: Draft,
        now: i64,
        salt: [u8; 16],
    ) -> Result<EnvelopeId, SignError> {
        self.turn_clock(now);
        let signed = self.sign_quietly(signer, seat, &draft, now, salt);
        self.settle();
        signed
    }

    /// Signs a draft with the node's own key, in its own seat.
    pub fn sign_by_node(
        &mut self,
        draft: &Draft,
        now: i64,
        salt: [u8; 16],
    ) -> Result<EnvelopeId, SignError> {
        self.turn_clock(now);
        let Some(node) = self.node.take() else {
            return Err(SignError::AppointmentWithout);
        };
        let signed = self.sign_quietly(&*node.signer, node.seat, draft, now, salt);
        self.node = Some(node);
        self.settle();
        signed
    }

    /// Signs and stores; what follows for others waits for `settle`.
    pub(super) fn sign_quietly(
        &mut self,
        signer: &dyn Sign,
        seat: Seat,
        draft: &Draft,
        now: i64,
        salt: [u8; 16],
    ) -> Result<EnvelopeId, SignError> {
        self.check_seat((signer.suite(), &signer.public_key()), &seat, now)?;
        self.check_clock(seat.author, now)?;
        let (head, body) = self.compose(signer.suite(), &seat, draft, now, salt)?;
        let fact = Fact::of(head_id(&canon::encode(&head)), &head, &body);
        let fact = fact.map_err(|error| SignError::Refused(error.to_string()))?;
        self.check_effect(&head, &fact)?;
        let bytes = canon::encode(&body);
        if bytes.len() > BODY_BYTES_MAX {
            return Err(SignError::TooLong(bytes.len()));
        }
        let envelope = Envelope::seal(signer, &head, bytes)?;
        let id = envelope.id();
        match self.take(envelope, None) {
            super::Taken::Stored => {}
            super::Taken::Refused(reason) => return Err(SignError::Refused(reason)),
            other => return Err(SignError::Refused(format!("{other:?}"))),
        }
        let at = canon::encode(&At { n: head.n, id });
        self.disk.put(Table::Local, &tip_key(seat.author), at);
        self.note_signed(&seat, &fact);
        Ok(id)
    }

    /// A node never signs with a clock that is before the newest receipt's time.
    fn check_clock(&self, author: AuthorId, now: i64) -> Result<(), SignError> {
        match self.newest_time_for(author).filter(|time| *time > now) {
            Some(receipt) => Err(SignError::ClockBehind { receipt, now }),
            None => Ok(()),
        }
    }

    pub(super) fn check_seat(
        &self,
        (suite, key): (u8, &[u8]),
        seat: &Seat,
        now: i64,
    ) -> Result<(), SignError> {
        let known = self.authority.introduction(seat.author);
        let known = known.ok_or(SignError::UnknownAuthor(seat.author))?;
        if known.suite != suite || known.key != key {
            return Err(SignError::OtherKey(seat.author));
        }
        let Some(id) = seat.appointment else {
            return Ok(());
        };
        let appoint = self.authority.appointment(id);
        let appoint = appoint.ok_or(SignError::OtherAppointment)?;
        if appoint.author() != seat.author {
            return Err(SignError::OtherAppointment);
        }
        let (not_before, not_after) = (appoint.not_before, appoint.not_after);
        if !(not_before..=not_after).contains(&now) {
            return Err(SignError::OutsideInterval {
                not_before,
                not_after,
                now,
            });
        }
        if self.authority.is_appointed(id) {
            Ok(())
        } else {
            Err(SignError::AppointmentWithout)
        }
    }

    /// The head and body of a draft at the ends of both chains.
    fn compose(
        &self,
        suite: u8,
        seat: &Seat,
        draft: &Draft,
        now: i64,
        salt: [u8; 16],
    ) -> Result<(Head, Body), SignError> {
        let (kind, payload, replaces) = match &draft.payload {
            Payload::Act(act) => (Kind::Act, act.to_payload(now), prepare::replaced(act)),
            Payload::Edit(change) => {
                let change = change.clone();
                let edit = EditBytes { at: now, change };
                (Kind::Edit, canon::encode(&edit), &[][..])
            }
            Payload::Receipt(receipt) => (Kind::Receipt, canon::encode(receipt), &[][..]),
        };
        let (m, prev_here, deps) = match draft.dossier {
            Some(dossier) => self.place_in(dossier, seat.author, replaces)?,
            None => (1, None, Vec::new()),
        };
        let tip = self.local_tip(seat.author)?;
        let body = Body {
            salt,
            dossier: draft.dossier,
            m,
            prev_here,
            deps,
            appointment: seat.appointment,
            payload,
        };
        let known = self.authority.introduction(seat.author);
        let office = known.map_or(self.office, |known| known.office);
        let receipt = self.authority.newest_receipt_for(office);
        let head = Head {
            suite,
            kind,
            author: seat.author,
            n: tip.map_or(0, |tip| tip.n) + 1,
            prev: tip.map(|tip| tip.id),
            body_hash: body_hash(suite, &canon::encode(&body)),
            receipt: receipt.map(|(id, _)| id),
        };
        Ok((head, body))
    }

    /// The place after the author's own last envelope there, and what of others it rests on.
    #[allow(clippy::type_complexity)]
    fn place_in(
        &self,
        dossier: DossierId,
        author: AuthorId,
        replaces: &[EnvelopeId],
    ) -> Result<(u64, Option<EnvelopeId>, Vec<EnvelopeId>), SignError> {
        let row = self.rows.get(&dossier);
        let row = row.ok_or(SignError::UnknownDossier(dossier))?;
        if self.holding(self.office, row) == Holding::No || self.is_kept(row) {
            return Err(SignError::Elsewhere(dossier));
        }
        let facts = self.load_facts(dossier)?;
        let tip = self.frontier_of(dossier).tip(author);
        let others = |id: &EnvelopeId| facts.get(id).is_some_and(|fact| fact.author != author);
        let mut deps: BTreeSet<EnvelopeId> =
            replaces.iter().copied().filter(|id| others(id)).collect();
        if deps.len() > DEPS_MAX {
            return Err(SignError::TooManyDeps(deps.len()));
        }
        let mut heads: Vec<_> = heads(&facts).into_iter().filter(|id| others(id)).collect();
        heads.sort_by_key(|id| (!is_by_people(&facts, *id), *id));
        for head in heads {
            if deps.len() < DEPS_MAX {
                deps.insert(head);
            }
        }
        let m = tip.map_or(0, |tip| tip.m) + 1;
        Ok((m, tip.map(|tip| tip.id), deps.into_iter().collect()))
    }

    /// The end of an author's chain as this disk knows it. A chain that others have seen longer is
    /// never gone on with.
    pub fn local_tip(&self, author: AuthorId) -> Result<Option<At>, SignError> {
        let bytes = self.disk.get(Table::Local, &tip_key(author))?;
        let tip: Option<At> = bytes.and_then(|bytes| minicbor::decode(&bytes).ok());
        let known = self.chains.get(&author).map_or(0, |row| row.top);
        let tip_n = tip.map_or(0, |tip| tip.n);
        if known == tip_n {
            return Ok(tip);
        }
        Err(SignError::RolledBack { tip: tip_n, known })
    }

    /// A decision or a withdrawal must have effect here and now.
    fn check_effect(&mut self, head: &Head, fact: &Fact) -> Result<(), SignError> {
        if is_void_by_reading(&self.authority, &*self.rules, fact) {
            return Err(SignError::NoEffect(
                "who is appointed to read signs nothing of a case (R-80)".to_owned(),
            ));
        }
        match fact.what {
            What::Step { matter, .. } if self.is_decision(fact.dossier, &fact.what) => {
                self.check_decision(head, fact, matter)
            }
            What::Withdraw { .. } => self.check_withdrawal(head, fact),
            _ => self.check_seal(head, fact),
        }
    }

    /// A case is sealed, unsealed or opened for a query by whom the rules name.
    fn check_seal(&self, head: &Head, fact: &Fact) -> Result<(), SignError> {
        if !matches!(fact.what, What::Seal { .. } | What::Consult { .. }) {
            return Ok(());
        }
        let standing = self.try_out(head, fact)?;
        let mut consults = standing.consults.iter();
        if standing.seal.tips().contains(&fact.id) || consults.any(|one| one.id == fact.id) {
            return Ok(());
        }
        Err(SignError::NoEffect(
            "S-1: a case is sealed, opened and unsealed by the head of the county that it stands under"
                .to_owned(),
        ))
    }

    /// Its signer signed what it takes back, and nobody went on from that.
    fn check_withdrawal(&mut self, head: &Head, fact: &Fact) -> Result<(), SignError> {
        let standing = self.try_out(head, fact)?;
        match standing.withdrawals.get(&fact.id) {
            Some(withdrawal) if withdrawal.counts => Ok(()),
            Some(_) => Err(SignError::NoEffect(
                "an act is taken back by its own author, before anybody goes on from it".to_owned(),
            )),
            None => Err(SignError::NoEffect("the act is not here".to_owned())),
        }
    }

    /// The capacity of its signer fits, and nothing before it settled the step.
    fn check_decision(
        &mut self,
        head: &Head,
        fact: &Fact,
        matter: EnvelopeId,
    ) -> Result<(), SignError> {
        let stale = self.stale_authority();
        if stale.is_stale() {
            let (days, limit) = (stale.days, stale.limit_days);
            return Err(SignError::Stale { days, limit });
        }
        let standing = self.try_out(head, fact)?;
        if standing.unknown {
            return Err(SignError::LaterVersion);
        }
        let steps = standing.matters.get(&matter).map(|matter| &matter.steps);
        let mut steps = steps.into_iter().flatten();
        let step = steps.find(|step| step.id == fact.id);
        match step.map(|step| step.outcome) {
            Some(Outcome::Live | Outcome::Conflicted) => Ok(()),
            Some(other) => Err(SignError::NoEffect(format!("{other:?}"))),
            None => Err(SignError::NoEffect("the matter is not here".to_owned())),
        }
    }

    /// How the dossier would stand with one more act.
    fn try_out(&self, head: &Head, fact: &Fact) -> Result<Standing, SignError> {
        let mut trial = self.authority.clone();
        trial.add_head(fact.id, head);
        trial.add_fact(fact);
        let mut facts = self.load_facts(fact.dossier)?;
        facts.insert(fact.id, fact.clone());
        Ok(fold(&trial, &*self.rules, &facts))
    }
}

/// Where not all heads fit, acts of people go before receipts and edits.
fn is_by_people(facts: &BTreeMap<EnvelopeId, Fact>, id: EnvelopeId) -> bool {
    let what = facts.get(&id).map(|fact| &fact.what);
    !matches!(what, None | Some(What::Edit | What::Receipt(_)))
}

/// Where `Table::Local` keeps the tip of one of this node's authors.
pub(super) fn tip_key(author: AuthorId) -> Vec<u8> {
    [b"tip".as_slice(), &author.0].concat()
}
