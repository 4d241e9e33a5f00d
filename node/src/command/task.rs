//! A command's work at a node that runs: drafted by a look, and taken in by the one writer when the
//! signatures have come.

use super::desk::{Desk, Moment, Pen, rolled_back, seat};
use super::work::Work;
use super::{Done, EXIT_LATER, Refusal};
use crate::key::KeyRing;
use crate::owner::{Node, Own as _, StopError};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::Head;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::suite::SIGNATURE_BYTES;
use jiaolian_sync::Seat;
use std::sync::Arc;

/// How far a work has come.
pub(crate) enum Outcome {
    /// Done, with the file that it made.
    Done(Done, Option<Vec<u8>>),
    /// These heads wait for signatures.
    Sign(Vec<Head>),
    /// Nothing was done.
    Refused(Refusal),
}

/// What is asked of a node, and by whom.
#[derive(Clone)]
pub(crate) struct Asked {
    work: Arc<dyn Work>,
    input: Arc<Vec<u8>>,
    /// Staff number, and suite and public half of the key.
    by: Option<(String, (u8, Vec<u8>))>,
    pub(crate) moment: Moment,
}

impl Asked {
    /// A work that nobody's key signs.
    pub(crate) fn new(work: Arc<dyn Work>, input: Vec<u8>, moment: Moment) -> Self {
        Self {
            work,
            input: Arc::new(input),
            by: None,
            moment,
        }
    }

    /// The same by a person whose key is open at the command.
    pub(crate) fn by(self, number: String, key: (u8, Vec<u8>)) -> Self {
        Self {
            by: Some((number, key)),
            ..self
        }
    }

    /// Drafts what is to be signed; nothing changes but that the number's tries start afresh, since the
    /// key that is on file for it is open.
    pub(crate) fn draft(&self, node: &mut Node, keys: &KeyRing) -> Outcome {
        if let Some((number, key)) = &self.by
            && is_of(node.authority(), number, key)
        {
            keys.opened(number);
        }
        let seat = match self.seat(node) {
            Ok(seat) => seat,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        self.pass(node, seat, &[]).0
    }

    /// Does the work; durable when it returns. `Sign` where the given signatures are not those of what
    /// it drafts now.
    pub(crate) fn carry_out(
        &self,
        node: &mut Node,
        given: &[(EnvelopeId, [u8; SIGNATURE_BYTES])],
    ) -> Result<Outcome, StopError> {
        // What waits is durable before a work may open the Replica anew.
        node.settle()?;
        let seat = match self.seat(node) {
            Ok(seat) => seat,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let (outcome, reopened) = self.pass(node, seat, given);
        let Outcome::Done(done, file) = outcome else {
            return Ok(outcome);
        };
        if let Some(seat) = seat {
            node.note_signed(seat.author);
        }
        if reopened {
            node.follow_new_root();
        }
        node.settle()?;
        let Some(mut desk) = Desk::at(node, seat, Pen::None, self.moment) else {
            return Ok(Outcome::Refused(without_directory()));
        };
        let finished = self.work.finish(&mut desk, done);
        Ok(finished.map_or_else(Outcome::Refused, |done| Outcome::Done(done, file)))
    }

    fn seat(&self, node: &Node) -> Result<Option<Seat>, Refusal> {
        let (Some((number, key)), Some(who)) = (&self.by, self.work.who()) else {
            return Ok(None);
        };
        let home = node.home.as_ref().ok_or_else(without_directory)?;
        let seat = seat(home, node.authority(), who.seating, key)?;
        if node.is_doubted(seat.author) {
            return Err(rolled_back(number));
        }
        Ok(Some(seat))
    }

    fn pass(
        &self,
        node: &mut Node,
        seat: Option<Seat>,
        given: &[(EnvelopeId, [u8; SIGNATURE_BYTES])],
    ) -> (Outcome, bool) {
        let Some(mut desk) = Desk::at(node, seat, Pen::Given(given), self.moment) else {
            return (Outcome::Refused(without_directory()), false);
        };
        let worked = self.work.work(&mut desk, &self.input);
        let heads: Vec<Head> = desk.drafts().iter().map(|one| one.head.clone()).collect();
        let (file, awaits) = (desk.file.take(), desk.awaits);
        let reopened = desk.reopened;
        let outcome = match worked {
            Ok(done) => Outcome::Done(done, file),
            Err(_) if awaits => Outcome::Sign(heads),
            Err(refusal) => Outcome::Refused(refusal),
        };
        (outcome, reopened)
    }
}

/// Whether a key is on file for a staff number.
fn is_of(authority: &Authority, number: &str, (suite, key): &(u8, Vec<u8>)) -> bool {
    let mut known = authority.appointments();
    known.any(|(_, appoint, _)| {
        appoint.staff_number == number && appoint.suite == *suite && appoint.key == *key
    })
}

fn without_directory() -> Refusal {
    Refusal::new(EXIT_LATER, "the node has no directory of its own")
}
