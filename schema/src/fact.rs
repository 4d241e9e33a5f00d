//! What the fold needs of an envelope, without a word about a person: the OPS part of an act.
//!
//! Facts open by themselves after a power cut, so standing, placement, fences and permits are known
//! before anybody
//! signs in. Names, reasons and sections stay in the body, in the CASE domain; a fact holds their
//! hash where it matters.

mod act;

use crate::act::{Act, ActBytes, EditBytes, HandOver, Log, Raise, Receipt, Rota, Span};
use crate::audit::{Flaw, Row, check};
use crate::canon::{self, CanonError};
use crate::envelope::{Body, Head, Kind};
use crate::id::{AuthorId, DossierId, EnvelopeId, OfficeId, PersonCode, PersonId};
use minicbor::{Decode, Encode};

/// Protected fields whose values the watch needs while nobody is signed in, by the first part of
/// their names.
pub const OPS_FIELDS: [&str; 4] = ["fence/", "device/", "checkin/", "report_every"];

/// One envelope as the fold sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fact {
    /// The envelope.
    #[n(0)]
    pub id: EnvelopeId,
    /// Who signed.
    #[n(1)]
    pub author: AuthorId,
    /// Position on the author's chain.
    #[n(2)]
    pub n: u64,
    /// The dossier; its own id where it opens one.
    #[n(3)]
    pub dossier: DossierId,
    /// Position on the author's chain inside the dossier.
    #[n(4)]
    pub m: u64,
    /// The author's envelope before it in the dossier.
    #[n(5)]
    pub prev_here: Option<EnvelopeId>,
    /// Others' tips that the author had seen.
    #[n(6)]
    pub deps: Vec<EnvelopeId>,
    /// The appointment signed under.
    #[n(7)]
    pub appointment: Option<EnvelopeId>,
    /// Claimed time, ms UTC.
    #[n(8)]
    pub at: i64,
    /// What it says.
    #[n(9)]
    pub what: What,
}

/// What an envelope says, without text about a person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[allow(clippy::large_enum_variant)]
pub enum What {
    /// An act of the roster, whole.
    #[n(1)]
    Roster(#[n(0)] ActBytes),
    /// A receipt, whole.
    #[n(2)]
    Receipt(#[n(0)] Receipt),
    /// The opening of a case.
    #[n(3)]
    Open {
        /// Responsible office.
        #[n(0)]
        office: OfficeId,
        /// Code of the person.
        #[n(1)]
        person: PersonCode,
        /// 1 for a minor.
        #[n(2)]
        minor: u8,
    },
    /// Another office becomes responsible.
    #[n(4)]
    Assign {
        /// Responsible office.
        #[n(0)]
        office: OfficeId,
        /// Placements replaced.
        #[n(1)]
        replaces: Vec<EnvelopeId>,
    },
    /// A protected field.
    #[n(5)]
    Amend {
        /// Its name.
        #[n(0)]
        field: String,
        /// Amends replaced.
        #[n(1)]
        replaces: Vec<EnvelopeId>,
        /// SHA-256 of the value.
        #[cbor(n(2), with = "minicbor::bytes")]
        value: [u8; 32],
        /// The value itself, where the watch needs it (`OPS_FIELDS`).
        #[cbor(n(3), with = "minicbor::bytes")]
        open: Option<Vec<u8>>,
    },
    /// A matter is opened.
    #[n(6)]
    Apply {
        /// Workflow.
        #[n(0)]
        workflow: String,
        /// Version of its table.
        #[n(1)]
        version: u16,
        /// 1 where entered at the desk from paper.
        #[n(2)]
        on_behalf: u8,
        /// Days asked for.
        #[n(3)]
        span: Option<Span>,
        /// Area asked for.
        #[cbor(n(4), with = "minicbor::bytes")]
        area: Option<Vec<u8>>,
    },
    /// A step of a matter.
    #[n(7)]
    Step {
        /// The matter.
        #[n(0)]
        matter: EnvelopeId,
        /// Event of its table.
        #[n(1)]
        event: String,
        /// Decisions replaced.
        #[n(2)]
        replaces: Vec<EnvelopeId>,
        /// SHA-256 of the section carried.
        #[cbor(n(3), with = "minicbor::bytes")]
        section: Option<[u8; 32]>,
        /// Days set.
        #[n(4)]
        span: Option<Span>,
    },
    /// A decision was served.
    #[n(8)]
    Serve {
        /// Which.
        #[n(0)]
        decision: EnvelopeId,
    },
    /// An alarm.
    #[n(9)]
    Raise(#[n(0)] Raise),
    /// A change of content.
    #[n(10)]
    Edit,
    /// A case was destroyed here.
    #[n(40)]
    Shredded {
        /// By which order.
        #[n(0)]
        shred: EnvelopeId,
        /// Which case.
        #[n(1)]
        dossier: DossierId,
    },
    /// A case that moved was let go of here.
    #[n(41)]
    Parted {
        /// Which case.
        #[n(0)]
        dossier: DossierId,
        /// The office that was responsible.
        #[n(1)]
        to: OfficeId,
    },
    /// A seal, or its lifting.
    #[n(42)]
    Seal {
        /// 1 sealed, 0 lifted.
        #[n(0)]
        sealed: u8,
        /// Ground in the rule pack.
        #[n(1)]
        ground: String,
        /// Seals replaced.
        #[n(2)]
        replaces: Vec<EnvelopeId>,
    },
    /// A sealed case is open to one person.
    #[n(43)]
    Consult {
        /// To whom.
        #[n(0)]
        person: PersonId,
        /// Ground in the rule pack.
        #[n(1)]
        ground: String,
        /// First instant, ms UTC.
        #[n(2)]
        from: i64,
        /// Last instant, ms UTC.
        #[n(3)]
        to: i64,
        /// 1 where unit, purpose and document are named.
        #[n(4)]
        reasoned: u8,
    },
    /// A duty list, whole: staff only.
    #[n(44)]
    Rota(#[n(0)] Rota),
    /// A hand-over of duty.
    #[n(45)]
    HandOver(#[n(0)] HandOver),
    /// An act that this build doesn't know.
    #[n(11)]
    Unknown {
        /// Its kind.
        #[n(0)]
        kind: u16,
    },
    /// A node's log is opened.
    #[n(12)]
    Ledger {
        /// The office that the node stands in.
        #[n(0)]
        office: OfficeId,
        /// The newest batch before it.
        #[n(1)]
        after: Option<EnvelopeId>,
    },
    /// A batch of a node's log.
    #[n(13)]
    Log(#[n(0)] LogFact),
    /// Rows of a node's log that are no longer what was signed.
    #[n(14)]
    Damage {
        /// Which.
        #[n(0)]
        flaws: Vec<Flaw>,
    },
    /// A node's old log is let go of.
    #[n(99)]
    Purge {
        /// Its dossier.
        #[n(0)]
        log: DossierId,
        /// Its last batch.
        #[n(1)]
        last: EnvelopeId,
        /// Number of its newest row.
        #[n(2)]
        top: u64,
        /// SHA-256 of that row.
        #[cbor(n(3), with = "minicbor::bytes")]
        hash: [u8; 32],
    },
    /// An author takes an act back.
    #[n(38)]
    Withdraw {
        /// Which.
        #[n(0)]
        act: EnvelopeId,
    },
    /// What should have stood in an act.
    #[n(39)]
    Correct {
        /// Which.
        #[n(0)]
        act: EnvelopeId,
        /// 1 where a reason is given.
        #[n(1)]
        reasoned: u8,
    },
}

/// A batch of a node's log without its rows.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LogFact {
    /// Number of the first row.
    #[n(0)]
    pub first: u64,
    /// How many rows.
    #[n(1)]
    pub count: u64,
    /// SHA-256 of the row below the first.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub before: [u8; 32],
    /// SHA-256 of the newest row as it was written.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub last: [u8; 32],
    /// Earliest and latest time of its rows, ms UTC.
    #[n(4)]
    pub times: (i64, i64),
    /// Rows that are wrong in themselves.
    #[n(5)]
    pub flaws: Vec<Flaw>,
}

impl LogFact {
    /// Number of the newest row.
    pub fn top(&self) -> u64 {
        (self.first + self.count).saturating_sub(1)
    }

    fn of(log: &Log) -> Self {
        let rows: Vec<&[u8]> = log.rows.iter().map(|row| row.as_slice()).collect();
        let times = rows.iter().filter_map(|row| Row::read(row));
        let times = times.map(|row| row.at);
        Self {
            first: log.first,
            count: log.rows.len() as u64,
            before: log.before,
            last: log.last,
            times: (
                times.clone().min().unwrap_or_default(),
                times.max().unwrap_or_default(),
            ),
            flaws: check(&log.before, log.first, &rows, &log.last),
        }
    }
}

impl Fact {
    /// The fact of an envelope whose head and body were checked against one another.
    pub fn of(id: EnvelopeId, head: &Head, body: &Body) -> Result<Self, CanonError> {
        let (at, what) = What::of(head.kind, &body.payload)?;
        Ok(Self {
            id,
            author: head.author,
            n: head.n,
            dossier: body.dossier.unwrap_or(id.into()),
            m: body.m,
            prev_here: body.prev_here,
            deps: body.deps.clone(),
            appointment: body.appointment,
            at,
            what,
        })
    }
}

impl What {
    fn of(kind: Kind, payload: &[u8]) -> Result<(i64, Self), CanonError> {
        match kind {
            Kind::Act => Act::from_payload(payload).map(|(at, act)| (at, Self::of_act(at, act))),
            Kind::Edit => {
                let edit: EditBytes = canon::decode("an edit", payload)?;
                Ok((edit.at, Self::Edit))
            }
            Kind::Receipt => {
                let receipt: Receipt = canon::decode("a receipt", payload)?;
                Ok((receipt.time, Self::Receipt(receipt)))
            }
        }
    }

    /// Whether it bears on who is responsible for a case or may read it.
    pub fn moves_or_seals(&self) -> bool {
        matches!(
            self,
            Self::Assign { .. } | Self::Seal { .. } | Self::Consult { .. }
        )
    }

    /// The roster act, where this is one.
    pub fn roster_act(&self) -> Option<Act> {
        let Self::Roster(bytes) = self else {
            return None;
        };
        Act::from_payload(&canon::encode(bytes))
            .ok()
            .map(|(_, act)| act)
    }
}
