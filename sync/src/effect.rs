//! What the Replica asks of its shell, and the words in which it names peers and lanes.

use crate::store::Write;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, OfficeId, PersonCode};

/// Transport key of another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer(pub [u8; 32]);

/// One of three ordered streams to a peer; the shell lets an earlier one overtake a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Lane {
    /// Alarms, rosters, receipts, and the few words of a session.
    Urgent = 0,
    /// Acts and edits, and what tells differences.
    Normal = 1,
    /// First copies.
    Bulk = 2,
}

impl Lane {
    /// All lanes, the first to go first.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Bulk];
}

/// What the shell does, in this order: one `Store` durably, then the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make these writes durable as one commit.
    Store(Vec<Write>),
    /// Send a frame.
    Send {
        /// To whom.
        peer: Peer,
        /// On which stream.
        lane: Lane,
        /// The frame.
        frame: Vec<u8>,
    },
    /// End the session.
    Hangup {
        /// With whom.
        peer: Peer,
        /// Why, in a sentence.
        reason: String,
    },
    /// Tell whoever watches this node.
    Publish(Event),
}

/// Something happened that a page, a log or a counter may want to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An envelope was stored.
    Stored {
        /// In which dossier; none for a head without its body.
        dossier: Option<DossierId>,
        /// What the dossier is about; none for a head without its body.
        kind: Option<DossierKind>,
        /// Which.
        id: EnvelopeId,
        /// From whom; none when signed here or read from a file.
        peer: Option<Peer>,
    },
    /// An alarm was raised here or arrived.
    Alarm {
        /// Its dossier.
        dossier: DossierId,
        /// Its id.
        alarm: AlarmId,
        /// Whom it concerns.
        person: PersonCode,
    },
    /// Offices, appointments or nodes changed: who may connect must be asked again.
    Roster,
    /// Another office became responsible.
    Placed {
        /// For which dossier.
        dossier: DossierId,
        /// The office.
        office: OfficeId,
    },
    /// A dossier went to another office, and all that was signed here of it has come up: its bodies
    /// may be destroyed.
    Gone {
        /// Which.
        dossier: DossierId,
    },
    /// A session began or ended.
    Link {
        /// With whom.
        peer: Peer,
        /// Whether it began.
        up: bool,
    },
    /// Everything signed here that the peer may hold is durable there.
    Delivered {
        /// Where.
        peer: Peer,
        /// Up to when, ms UTC.
        as_of: i64,
    },
    /// An envelope was refused and is listed.
    Refused {
        /// Which.
        id: EnvelopeId,
        /// From whom.
        peer: Option<Peer>,
        /// The rule that it breaks.
        reason: String,
    },
    /// The clock stands before the newest receipt: nothing is signed.
    ClockBehind {
        /// The receipt's time, ms UTC.
        receipt: i64,
        /// The clock, ms UTC.
        now: i64,
    },
    /// The watch of a person changed.
    Watched {
        /// Whose.
        person: PersonCode,
    },
}
