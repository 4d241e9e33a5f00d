//! The door: turns bytes from a wire, a file or a form into an admitted envelope, or names the rule
//! that is broken.
//!
//! Admission looks at one envelope and at who its author is. Whether an act *counts* is a matter of
//! the whole set and
//! is decided by the fold; what is admitted is stored, passed on and never judged by arrival order.

use crate::act::{ACT_BYTES_MAX, Act, EditBytes, Log, RootError, SECTION_BYTES_MAX};
use crate::audit::{FLAWS_MAX, LOG_BYTES_MAX, LOG_ROWS_MAX, ROW_BYTES_MAX};
use crate::canon::{self, CanonError};
use crate::content::{EDIT_1, precheck};
use crate::envelope::{
    BODY_BYTES_MAX, Body, DEPS_MAX, Duty, Envelope, HEAD_BYTES_MAX, Head, Kind, author_id,
    body_hash,
};
use crate::fact::{Fact, What};
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use crate::suite::Verify;
use thiserror::Error;

/// Whose key an author id stands for. An introduction proves itself: its hash is the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// Suite of the key.
    pub suite: u8,
    /// Public key.
    pub key: Vec<u8>,
    /// The author's office.
    pub office: OfficeId,
    /// The author's duty.
    pub duty: Duty,
}

impl Introduction {
    /// The author that it introduces.
    pub fn author(&self) -> AuthorId {
        author_id(self.suite, &self.key, self.office, self.duty)
    }
}

/// Whom this node has been introduced to, by rosters or by configuration.
pub trait Introductions {
    /// The introduction of an author, if any came.
    fn introduction(&self, author: AuthorId) -> Option<Introduction>;
}

/// Which rule an envelope broke. `is_verdict` tells a fault of the bytes from something that is
/// still missing.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AdmitError {
    #[error("a head is at most {HEAD_BYTES_MAX} bytes, this one has {0}")]
    HeadTooLong(usize),
    #[error("a body is at most {BODY_BYTES_MAX} bytes, this one has {0}")]
    BodyTooLong(usize),
    #[error(transparent)]
    Canon(#[from] CanonError),
    #[error("suite {0} is not known here")]
    UnknownSuite(u8),
    #[error("author {0} has not been introduced here")]
    UnknownAuthor(AuthorId),
    #[error("the author's suite is {known}, the head says {said}")]
    OtherSuite { known: u8, said: u8 },
    #[error("the signature is not the author's over this head as {0}")]
    BadSignature(&'static str),
    #[error("a chain starts at n = 1 with no prev and has one ever after, here n = {n}")]
    ChainStart { n: u64 },
    #[error(
        "a chain in a dossier starts at m = 1 with no prev and has one ever after, here m = {m}"
    )]
    HereStart { m: u64 },
    #[error("the head names another body")]
    OtherBody,
    #[error("a body names at most {DEPS_MAX} deps, this one names {0}")]
    TooManyDeps(usize),
    #[error("deps are ascending and each comes once")]
    UnsortedDeps,
    #[error(
        "an envelope that opens a dossier has no dossier, m = 1 and no deps; others name theirs"
    )]
    Opening,
    #[error("only a witness signs receipts, and a witness signs nothing else")]
    WitnessOnly,
    #[error("an act is at most {ACT_BYTES_MAX} bytes, this one has {0}")]
    ActTooLong(usize),
    #[error("a section is at most {SECTION_BYTES_MAX} bytes, this one has {0}")]
    SectionTooLong(usize),
    #[error(
        "a batch has 1 to {LOG_ROWS_MAX} rows of at most {ROW_BYTES_MAX} bytes, {LOG_BYTES_MAX} in all"
    )]
    UnsoundLog,
    #[error("a receipt lists at most 1000 heads in order under their root")]
    UnsoundReceipt,
    #[error("the change is refused before Automerge: {0}")]
    Change(String),
    #[error("a root act is refused: {0}")]
    Root(RootError),
}

impl AdmitError {
    /// Whether more envelopes could never mend it; if not, the envelope waits.
    pub fn is_verdict(&self) -> bool {
        !matches!(self, Self::UnknownSuite(_) | Self::UnknownAuthor(_))
    }
}

/// An envelope that passed the door. It cannot be made in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    id: EnvelopeId,
    head: Head,
    envelope: Envelope,
    inside: Option<(Body, Fact)>,
}

impl Admitted {
    /// The hash of the head's bytes in its suite.
    pub fn id(&self) -> EnvelopeId {
        self.id
    }

    /// The head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The stored bytes.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The body, where it came along.
    pub fn body(&self) -> Option<&Body> {
        self.inside.as_ref().map(|(body, _)| body)
    }

    /// The fact, where the body came along.
    pub fn fact(&self) -> Option<&Fact> {
        self.inside.as_ref().map(|(_, fact)| fact)
    }
}

/// Checks one envelope: sizes, form, signature, the body against its head, and every limit of its
/// payload.
pub fn admit(
    envelope: Envelope,
    book: &dyn Introductions,
    verifier: &dyn Verify,
) -> Result<Admitted, AdmitError> {
    let head = admit_head(&envelope, book, verifier)?;
    let id = envelope.id();
    let inside = match &envelope.body {
        Some(bytes) => Some(admit_body(id, &head, bytes)?),
        None => None,
    };
    if let Some((_, fact)) = &inside {
        check_root(fact, verifier)?;
    }
    Ok(Admitted {
        id,
        head,
        envelope,
        inside,
    })
}

fn admit_head(
    envelope: &Envelope,
    book: &dyn Introductions,
    verifier: &dyn Verify,
) -> Result<Head, AdmitError> {
    if envelope.head.len() > HEAD_BYTES_MAX {
        return Err(AdmitError::HeadTooLong(envelope.head.len()));
    }
    let head = envelope.parse_head()?;
    if !verifier.knows(head.suite) {
        return Err(AdmitError::UnknownSuite(head.suite));
    }
    if head.n == 0 || (head.n == 1) != head.prev.is_none() {
        return Err(AdmitError::ChainStart { n: head.n });
    }
    let known = book
        .introduction(head.author)
        .ok_or(AdmitError::UnknownAuthor(head.author))?;
    if known.suite != head.suite {
        return Err(AdmitError::OtherSuite {
            known: known.suite,
            said: head.suite,
        });
    }
    if (known.duty == Duty::Witness) != (head.kind == Kind::Receipt) {
        return Err(AdmitError::WitnessOnly);
    }
    let signed = Head::signed_bytes(head.kind, &envelope.head);
    if !verifier.verify(known.suite, &known.key, &signed, &envelope.signature) {
        return Err(AdmitError::BadSignature(head.kind.type_string()));
    }
    Ok(head)
}

fn admit_body(id: EnvelopeId, head: &Head, bytes: &[u8]) -> Result<(Body, Fact), AdmitError> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(AdmitError::BodyTooLong(bytes.len()));
    }
    if body_hash(head.suite, bytes) != head.body_hash {
        return Err(AdmitError::OtherBody);
    }
    let body: Body = canon::decode("a body", bytes)?;
    if body.deps.len() > DEPS_MAX {
        return Err(AdmitError::TooManyDeps(body.deps.len()));
    }
    if !body.deps.is_sorted_by(|a, b| a < b) {
        return Err(AdmitError::UnsortedDeps);
    }
    if body.m == 0 || (body.m == 1) != body.prev_here.is_none() {
        return Err(AdmitError::HereStart { m: body.m });
    }
    let fact = Fact::of(id, head, &body)?;
    check_opening(&body, &fact)?;
    check_payload(head, &body, &fact)?;
    Ok((body, fact))
}

/// Found, Open, Raise and Ledger open a dossier, and nothing else does.
fn check_opening(body: &Body, fact: &Fact) -> Result<(), AdmitError> {
    let opens = match &fact.what {
        What::Open { .. } | What::Raise(_) | What::Ledger { .. } => true,
        What::Roster(act) => act.kind == 1,
        _ => false,
    };
    let first = body.m == 1 && body.deps.is_empty();
    if opens != body.dossier.is_none() || (opens && !first) {
        return Err(AdmitError::Opening);
    }
    Ok(())
}

/// The weight of a root act is the signatures inside it, so they are looked at here, once.
fn check_root(fact: &Fact, verifier: &dyn Verify) -> Result<(), AdmitError> {
    let Some(Act::Root(root)) = fact.what.roster_act() else {
        return Ok(());
    };
    root.check(verifier).map_err(|error| match error {
        RootError::UnknownSuite(suite) => AdmitError::UnknownSuite(suite),
        error => AdmitError::Root(error),
    })
}

fn check_payload(head: &Head, body: &Body, fact: &Fact) -> Result<(), AdmitError> {
    match head.kind {
        Kind::Act => {
            if body.payload.len() > ACT_BYTES_MAX {
                return Err(AdmitError::ActTooLong(body.payload.len()));
            }
            match Act::from_payload(&body.payload)?.1 {
                Act::Step(step) => match step.section.map(|section| section.len()) {
                    Some(bytes) if bytes > SECTION_BYTES_MAX => {
                        Err(AdmitError::SectionTooLong(bytes))
                    }
                    _ => Ok(()),
                },
                Act::Log(log) if !is_sound(&log) => Err(AdmitError::UnsoundLog),
                Act::Damage(damage) if damage.flaws.len() > FLAWS_MAX => {
                    Err(AdmitError::UnsoundLog)
                }
                _ => Ok(()),
            }
        }
        Kind::Edit => {
            let edit: EditBytes = canon::decode("an edit", &body.payload)?;
            let checked = precheck(&edit.change, &EDIT_1, &head.author.0);
            checked
                .map(|_| ())
                .map_err(|error| AdmitError::Change(error.to_string()))
        }
        Kind::Receipt => match &fact.what {
            What::Receipt(receipt) if receipt.is_sound(head.suite) => Ok(()),
            _ => Err(AdmitError::UnsoundReceipt),
        },
    }
}

fn is_sound(log: &Log) -> bool {
    let count = log.rows.len();
    (1..=LOG_ROWS_MAX).contains(&count)
        && log.first > 0
        && log.first.checked_add(count as u64).is_some()
        && log.rows.iter().all(|row| row.len() <= ROW_BYTES_MAX)
        && log.rows.iter().map(|row| row.len()).sum::<usize>() <= LOG_BYTES_MAX
}
