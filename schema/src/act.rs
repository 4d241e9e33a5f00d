//! Acts: facts and decisions, appended for ever. A kind number never changes its meaning, and a
//! kind that this
//! build doesn't know is kept and passed on.

mod ask;
mod audit;
mod case;
mod duty;
mod rest;
mod root;
mod roster;
mod seal;
mod vouch;

pub use ask::{Ask, read_code};
pub use audit::{Damage, Ledger, Log, Purge};
pub use case::{Amend, Apply, Assign, Correct, Open, Raise, Serve, Span, Step, Withdraw};
pub use duty::{HandOver, Phone, Rota, Shift};
pub use rest::{Parted, Shred, Shredded};
pub use root::{
    FORMER_KEEPERS_MAX, FormerKeeper, PublicKey, ROOT_KEYS_MAX, ROOT_SIGNATURES_MAX, ROOT_TYPE,
    Root, RootError, RootSignature, RootStatement, Stays,
};
pub use roster::{
    Acting, Appoint, At, Endorse, Entrust, Found, GRACE_DAYS_MAX, Policy, RECEIPT_HEADS_MAX,
    Receipt, Receipted, Replant, Restyle, Revoke, StandIn, bound_office_id,
};
pub use seal::{Consult, Seal};
pub use vouch::Vouch;

use crate::canon::{self, CanonError};
use minicbor::{Decode, Encode};

/// Numbers of the roster's acts, which keepers sign (rule 2).
pub const ROSTER_KINDS: std::ops::RangeInclusive<u16> = 1..=31;
/// Longest content of an act, bytes.
pub const ACT_BYTES_MAX: usize = 128 * 1024;
/// Longest section that a decision carries as it was on the screen, bytes.
pub const SECTION_BYTES_MAX: usize = 32 * 1024;

/// The payload of an `act/1` body.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ActBytes {
    /// Which act; see `Act`.
    #[n(0)]
    pub kind: u16,
    /// The time that the signer claims, ms UTC.
    #[n(1)]
    pub at: i64,
    /// The act in its own deterministic form.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub content: Vec<u8>,
}

/// The payload of an `edit/1` body.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EditBytes {
    /// The time that the signer claims, ms UTC.
    #[n(0)]
    pub at: i64,
    /// One uncompressed Automerge change chunk.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

macro_rules! acts {
    ($($number:literal $name:ident $what:literal;)*) => {
        /// One act. Numbers 1–31 concern the roster, 32–63 a case, 64–95 an alarm, 96–99
        /// a node's own log.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Act {
            $($name($name),)*
            /// A kind that a later version brought: kept, passed on, never counted.
            Unknown { kind: u16, content: Vec<u8> },
        }

        impl Act {
            /// The kind's number.
            pub fn kind(&self) -> u16 {
                match self {
                    $(Self::$name(_) => $number,)*
                    Self::Unknown { kind, .. } => *kind,
                }
            }

            /// The act with its claimed time, as a payload.
            pub fn to_payload(&self, at: i64) -> Vec<u8> {
                let content = match self {
                    $(Self::$name(act) => canon::encode(act),)*
                    Self::Unknown { content, .. } => content.clone(),
                };
                canon::encode(&ActBytes { kind: self.kind(), at, content })
            }

            /// Reads a payload: the claimed time and the act.
            pub fn from_payload(payload: &[u8]) -> Result<(i64, Self), CanonError> {
                let ActBytes { kind, at, content } = canon::decode("an act", payload)?;
                let act = match kind {
                    $($number => Self::$name(canon::decode($what, &content)?),)*
                    _ => Self::Unknown { kind, content },
                };
                Ok((at, act))
            }
        }

        $(impl From<$name> for Act {
            fn from(act: $name) -> Self {
                Self::$name(act)
            }
        })*
    };
}

acts! {
    1 Found "the founding of an office";
    2 Appoint "an appointment";
    3 Revoke "a revocation";
    4 Endorse "an endorsement";
    5 Policy "a policy";
    6 Entrust "an entrustment";
    7 Root "a root statement";
    8 Restyle "a new name of an office";
    9 StandIn "a standing in";
    10 Replant "another office above";
    16 Shred "an order to destroy a case";
    20 Vouch "a vouching";
    21 Ask "a request for a new key";
    32 Open "the opening of a case";
    33 Assign "an assignment";
    34 Amend "an amendment";
    35 Apply "an application";
    36 Step "a step of a matter";
    37 Serve "a service";
    38 Withdraw "a withdrawal";
    39 Correct "a correction";
    40 Shredded "a confirmation that a case is destroyed";
    41 Parted "a confirmation that a case that moved is let go of";
    42 Seal "a seal";
    43 Consult "an authorisation to read a sealed case";
    44 Rota "a duty list";
    45 HandOver "a hand-over of duty";
    64 Raise "an alarm";
    96 Log "a batch of the log";
    97 Ledger "the opening of a log";
    98 Damage "a damage of the log";
    99 Purge "the letting go of a log";
}
