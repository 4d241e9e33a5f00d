//! What the watch decides, one step at a time.

use minicbor::{Decode, Encode};

use super::{AlarmKind, Condition};
use crate::fix::{FixId, Point};

/// A decision about a person and a fence, or about a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Transition {
    /// The fence's id; empty where it is about the device.
    #[n(0)]
    pub about: String,
    /// Of which kind the condition is.
    #[n(1)]
    pub kind: AlarmKind,
    /// What was decided of it.
    #[n(2)]
    pub change: Change,
    /// First report of the run that decided (R16), ms since 1970.
    #[n(3)]
    pub time: i64,
    /// The report that decided, ms since 1970; for a silence the instant at which it was one.
    #[n(4)]
    pub decided_at: i64,
    /// What decided: the fix, or the instant.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub deciding: FixId,
    /// How grave the condition is, where that is graver than its kind.
    #[n(6)]
    pub graver: Option<u8>,
    /// The few points that prove it: first, last but one and last of the run; where it is about the
    /// device, the last place known.
    #[n(7)]
    pub evidence: Vec<Point>,
    /// For a change of a condition: what decided its beginning.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub began_by: Option<FixId>,
}

/// What a [`Transition`] decides of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Change {
    /// It begins; a suspicion only is, and begins nothing.
    #[n(0)]
    Begin,
    /// It grew graver.
    #[n(1)]
    Worsen,
    /// It is over: the person came back, the device says so.
    #[n(2)]
    ClearReturned,
    /// A permit covers the person: it is over.
    #[n(3)]
    ClearPermitted,
    /// The fence, or the decision that binds the device, is no longer in force: it is over.
    #[n(4)]
    ClearUnbound,
}

impl Transition {
    /// The condition that it begins, if it does.
    pub fn begun(&self) -> Option<Condition> {
        let begins = self.change == Change::Begin && self.kind != AlarmKind::Suspect;
        begins.then(|| Condition {
            kind: self.kind,
            about: self.about.clone(),
            time: self.time,
            decided_at: self.decided_at,
            deciding: self.deciding,
            graver: self.graver,
            evidence: self.evidence.clone(),
            cleared: None,
        })
    }
}

impl Change {
    /// Whether it ends a condition.
    pub const fn is_clear(self) -> bool {
        matches!(
            self,
            Self::ClearReturned | Self::ClearPermitted | Self::ClearUnbound
        )
    }
}
