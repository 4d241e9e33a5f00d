//! Signing in two steps, for a key that is not here: what is to be signed is written down first, and
//! taken in when its signatures have come, all or none.

use super::super::{Replica, Taken};
use super::{Draft, Seat, SignError, tip_key};
use crate::store::{Store, Table};
use jiaolian_schema::act::{Act, At};
use jiaolian_schema::admit::Introductions as _;
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{BODY_BYTES_MAX, Body, Envelope, Head, body_hash, head_id};
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::suite::SIGNATURE_BYTES;

/// An envelope that waits for its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// What is signed.
    pub head: Head,
    /// The bytes that the head names.
    pub body: Vec<u8>,
    /// The dossier that it lies in.
    dossier: DossierId,
    /// Its place on its author's chain there.
    m: u64,
}

impl Unsigned {
    /// The id that it has, signed or not.
    pub fn id(&self) -> EnvelopeId {
        head_id(&canon::encode(&self.head))
    }
}

impl<S: Store> Replica<S> {
    /// The envelope that a draft becomes after those prepared `before` it in the same seat. Nothing is
    /// stored. Decisions and withdrawals are weighed while they are signed and are not prepared.
    pub fn prepare(
        &self,
        seat: Seat,
        draft: &Draft,
        before: &[Unsigned],
        now: i64,
        salt: [u8; 16],
    ) -> Result<Unsigned, SignError> {
        let known = self.authority.introduction(seat.author);
        let known = known.ok_or(SignError::UnknownAuthor(seat.author))?;
        self.check_seat((known.suite, &known.key), &seat, now)?;
        self.check_clock(seat.author, now)?;
        let earlier = before
            .iter()
            .rev()
            .find(|one| Some(one.dossier) == draft.dossier);
        let (mut head, mut body) = match earlier {
            None => self.compose(known.suite, &seat, draft, now, salt)?,
            // What it rests on came with the earlier one.
            Some(earlier) => {
                let alone = Draft {
                    dossier: None,
                    payload: draft.payload.clone(),
                };
                let (head, body) = self.compose(known.suite, &seat, &alone, now, salt)?;
                let body = Body {
                    dossier: draft.dossier,
                    m: earlier.m + 1,
                    prev_here: Some(earlier.id()),
                    ..body
                };
                (head, body)
            }
        };
        if let Some(last) = before.last() {
            (head.n, head.prev) = (last.head.n + 1, Some(last.id()));
        }
        body.deps
            .retain(|id| before.iter().all(|one| one.id() != *id));
        let bytes = canon::encode(&body);
        if bytes.len() > BODY_BYTES_MAX {
            return Err(SignError::TooLong(bytes.len()));
        }
        head.body_hash = body_hash(known.suite, &bytes);
        let fact = read_fact(&head, &body)?;
        self.check_seal(&head, &fact)?;
        Ok(Unsigned {
            head,
            body: bytes,
            dossier: fact.dossier,
            m: body.m,
        })
    }

    /// Takes in what was prepared, under its signatures, and offers it to connected peers that may
    /// have it. Refused whole where a signature is not its author's or the chain went on since.
    pub fn accept(
        &mut self,
        seat: Seat,
        prepared: &[Unsigned],
        signatures: &[[u8; SIGNATURE_BYTES]],
        now: i64,
    ) -> Result<(), SignError> {
        let signed = self.check_signed(seat, prepared, signatures)?;
        self.turn_clock(now);
        for (envelope, fact) in signed {
            let at = At {
                n: fact.n,
                id: fact.id,
            };
            match self.take(envelope, None) {
                Taken::Stored => {}
                Taken::Refused(reason) => return Err(SignError::Refused(reason)),
                other => return Err(SignError::Refused(format!("{other:?}"))),
            }
            self.disk
                .put(Table::Local, &tip_key(seat.author), canon::encode(&at));
            self.note_signed(&seat, &fact);
        }
        self.settle();
        Ok(())
    }

    fn check_signed(
        &self,
        seat: Seat,
        prepared: &[Unsigned],
        signatures: &[[u8; SIGNATURE_BYTES]],
    ) -> Result<Vec<(Envelope, Fact)>, SignError> {
        if signatures.len() != prepared.len() {
            return Err(SignError::Refused(format!(
                "each of {} envelopes needs its signature, {} came",
                prepared.len(),
                signatures.len()
            )));
        }
        let known = self.authority.introduction(seat.author);
        let known = known.ok_or(SignError::UnknownAuthor(seat.author))?;
        let mut tip = self.local_tip(seat.author)?.map(|at| (at.n, at.id));
        let mut signed = Vec::with_capacity(prepared.len());
        for (one, signature) in prepared.iter().zip(signatures) {
            let (head, n) = (canon::encode(&one.head), tip.map_or(0, |(n, _)| n));
            if one.head.author != seat.author
                || one.head.n != n + 1
                || one.head.prev != tip.map(|(_, id)| id)
            {
                return Err(SignError::Refused(format!(
                    "the author's chain went on to position {n} while position {} was signed",
                    one.head.n
                )));
            }
            let message = Head::signed_bytes(one.head.kind, &head);
            if !self
                .verifier
                .verify(known.suite, &known.key, &message, signature)
            {
                return Err(SignError::OtherKey(seat.author));
            }
            let body: Body = canon::decode("a body", &one.body)
                .map_err(|error| SignError::Refused(error.to_string()))?;
            let fact = read_fact(&one.head, &body)?;
            tip = Some((one.head.n, fact.id));
            let envelope = Envelope {
                head,
                signature: *signature,
                body: Some(one.body.clone()),
            };
            signed.push((envelope, fact));
        }
        Ok(signed)
    }
}

fn read_fact(head: &Head, body: &Body) -> Result<Fact, SignError> {
    let fact = Fact::of(head_id(&canon::encode(head)), head, body);
    let fact = fact.map_err(|error| SignError::Refused(error.to_string()))?;
    match fact.what {
        What::Step { .. } | What::Withdraw { .. } => Err(SignError::Refused(
            "a decision and a withdrawal are weighed while they are signed".to_owned(),
        )),
        _ => Ok(fact),
    }
}

/// The acts whose place an act takes.
pub(super) fn replaced(act: &Act) -> &[EnvelopeId] {
    match act {
        Act::Amend(amend) => &amend.replaces,
        Act::Step(step) => &step.replaces,
        Act::Assign(assign) => &assign.replaces,
        Act::Rota(rota) => &rota.replaces,
        _ => &[],
    }
}
