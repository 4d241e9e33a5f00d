//! A condition that is open, as the watch remembers it.

use minicbor::{Decode, Encode};

use super::{AlarmKind, Condition};
use crate::fix::{FixId, Point};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Open {
    #[n(0)]
    pub(super) time: i64,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) deciding: FixId,
    #[n(2)]
    pub(super) kind: AlarmKind,
    #[n(3)]
    pub(super) decided_at: i64,
    /// How grave it grew, where that is graver than its kind.
    #[n(4)]
    pub(super) graver: Option<u8>,
    /// Where an exit began, from where its way is measured.
    #[n(5)]
    pub(super) first: Option<Point>,
}

impl Open {
    /// The condition; what proved it is not kept.
    pub(super) fn condition(&self, about: &str) -> Condition {
        Condition {
            kind: self.kind,
            about: about.to_owned(),
            time: self.time,
            decided_at: self.decided_at,
            deciding: self.deciding,
            graver: self.graver,
            evidence: Vec::new(),
            cleared: None,
        }
    }
}
