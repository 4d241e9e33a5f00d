//! The words in which authority answers: how an envelope stands, where its head lies, and why it
//! has no effect.

use crate::id::{AuthorId, EnvelopeId, OfficeId};

/// How one envelope stands (`standing` rules 21–26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It has effect. `filed` is the time of filing, ms UTC; none while no superior has filed it.
    Good {
        /// Rule 26: never before the endorsement without which it would not count.
        filed: Option<i64>,
    },
    /// It has no effect yet.
    Waiting(Wait),
    /// It never has effect.
    Void(VoidReason),
}

impl State {
    /// Whether it has effect.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Good { .. })
    }
}

/// What a waiting envelope waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// Heads below it are missing.
    Gap,
    /// A superior said no to its position.
    Cut,
    /// Two ids at one position, and no superior has settled which.
    Fork,
    /// Its body is not here.
    Body,
    /// Something that it names is not here, or not complete.
    Deps,
    /// The appointment that it names is not here or has no effect.
    Appointment,
    /// Its provable time straddles the end or the start of its appointment.
    Window,
}

/// Why an envelope never has effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VoidReason {
    /// The author's duty does not sign such an act.
    Duty,
    /// It names no appointment, or one that is not this author's or not by one of the author's
    /// judges.
    Appointment,
    /// It gives more than its signer has: an appointment wider than the issuer's, or an empty
    /// interval.
    Scope,
    /// Signed outside the interval of its appointment.
    Interval,
    /// Signed under an appointment that only reads.
    Reads,
}

/// Where a head lies on its author's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathState {
    /// On the good path.
    Good,
    /// Not chained to position 1, or not here at all.
    Gap,
    /// A superior said no to it or to a head below it.
    Cut,
    /// On a frozen part that no superior has settled in its favour.
    Fork,
}

/// Between which instants an envelope was provably signed: after `lower`, not after `filed`. ms
/// UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// Newest time of a counting superior receipt cited on its chain up to it.
    pub lower: Option<i64>,
    /// Smallest time of a counting superior receipt that lists it whole.
    pub filed: Option<i64>,
}

impl Window {
    /// A claimed time moved into the window.
    pub fn clamp(self, claimed: i64) -> i64 {
        let raised = self.lower.map_or(claimed, |lower| claimed.max(lower));
        self.filed.map_or(raised, |filed| raised.min(filed))
    }
}

/// Two or more known ids at one position of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// Whose chain.
    pub author: AuthorId,
    /// The first position at which it is forked.
    pub n: u64,
    /// The ids known there, ascending; a head may be known by name only.
    pub ids: Vec<EnvelopeId>,
}

/// A node's place in the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeSeat {
    /// The node's office.
    pub office: OfficeId,
    /// The node's author.
    pub author: AuthorId,
    /// The appointment that says so.
    pub appointment: EnvelopeId,
}

/// The numbers in force for an office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyInForce {
    /// C of the conflict rules and the days after which decisions without word from above are
    /// refused.
    pub stale_days: u16,
    /// The fold version in force; none where no policy names one.
    pub fold_version: Option<u16>,
    /// SHA-256 of the rule pack in force; none where no policy names one.
    pub rule_pack: Option<[u8; 32]>,
    /// The policy act; none for the defaults.
    pub act: Option<EnvelopeId>,
}
