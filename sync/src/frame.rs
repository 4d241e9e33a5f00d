//! What two nodes say to one another: versioned frames in deterministic CBOR, strictly bounded
//! before anything is kept.
//!
//! A kind's number and the meaning of its fields never change under one wire version; a node speaks
//! its own version and
//! the two before it. The lane that a frame travels in is no part of it.

use crate::item::ItemRef;
use crate::pack::{pack, unpack};
use jiaolian_schema::canon::{self, CanonError};
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::{AuthorId, OfficeId};
use minicbor::{Decode, Encode};
use thiserror::Error;

/// Longest frame, bytes.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;
/// The version of the protocol that this build speaks.
pub const WIRE_VERSION: u16 = 1;
/// The oldest version that this build still speaks: two before its own, and none below the first.
pub const WIRE_VERSION_MIN: u16 = 1;
/// Shortest frame of envelopes that is compressed, bytes.
const PACK_BYTES_MIN: usize = 512;
/// Most (item, digest) pairs in a greeting.
pub const RECENT_MAX: usize = 64;
/// Bytes of one such pair: 8 of the item, 6 of its salted digest.
pub const RECENT_BYTES: usize = 14;
/// Bytes of one row of a frontier: 6 of the author, 4 of the position, 6 of the envelope, the ids
/// salted.
pub const TIP_BYTES: usize = 16;
/// Most items in one `Have` or `Chains`.
pub const ITEMS_MAX: usize = 2_048;
/// Most tips of one dossier that are spoken of.
pub const TIPS_MAX: usize = 1_024;
/// Most refused envelopes that are named with one dossier.
pub const REFUSED_MAX: usize = 64;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Frame {
    /// The first of each side.
    #[n(0)]
    Hello(#[n(0)] Hello),
    /// Stretches of the order of items, by class of item: 0 dossiers, 1 chains.
    #[n(1)]
    Ranges {
        /// Which items.
        #[n(0)]
        chains: bool,
        /// The stretches, in their own packed form.
        #[cbor(n(1), with = "minicbor::bytes")]
        stretches: Vec<u8>,
    },
    /// What the sender has of dossiers that differ: send me what is missing.
    #[n(2)]
    Have {
        /// Dossier by dossier.
        #[n(0)]
        items: Vec<Have>,
        /// Whether this answers the peer's own `Have`, which then needs no further one.
        #[n(1)]
        answer: bool,
    },
    /// What the sender has of chains that differ.
    #[n(3)]
    Chains {
        /// Chain by chain.
        #[n(0)]
        items: Vec<Chain>,
        /// Whether this answers the peer's own `Chains`.
        #[n(1)]
        answer: bool,
    },
    /// Asks for heads of a chain.
    #[n(4)]
    Heads {
        /// Whose.
        #[n(0)]
        author: AuthorId,
        /// First position.
        #[n(1)]
        from: u64,
        /// Last position.
        #[n(2)]
        to: u64,
    },
    /// Envelopes in causal order, some without their bodies.
    #[n(5)]
    Envelopes {
        /// The lane that counts them: 0 urgent, 1 normal, 2 bulk.
        #[n(0)]
        lane: u8,
        /// The envelopes.
        #[n(1)]
        envelopes: Vec<Envelope>,
    },
    /// How many envelopes of each lane are durable here or refused, since the session began.
    #[n(6)]
    Durable {
        /// Urgent lane.
        #[n(0)]
        urgent: u64,
        /// Normal lane.
        #[n(1)]
        normal: u64,
        /// Bulk lane.
        #[n(2)]
        bulk: u64,
    },
    /// What the sender's dossiers and chains amount to, asked in a quiet moment.
    #[n(7)]
    Check {
        /// Root over the dossiers shown.
        #[cbor(n(0), with = "minicbor::bytes")]
        dossiers: [u8; 8],
        /// Root over the chains shown.
        #[cbor(n(1), with = "minicbor::bytes")]
        chains: [u8; 8],
        /// Whether this answers the peer's own.
        #[n(2)]
        answer: bool,
    },
    /// Rosters of other offices that the sender keeps because their people signed in cases that it
    /// has.
    #[n(9)]
    Guests(#[n(0)] Vec<Guest>),
    /// Another frame, compressed (RFC 8878). It never holds one of its own kind.
    #[n(10)]
    Packed {
        /// Length of the frame that it holds.
        #[n(0)]
        bytes: u32,
        /// The compressed frame.
        #[cbor(n(1), with = "minicbor::bytes")]
        packed: Vec<u8>,
    },
    /// The last frame before hanging up: the wire versions that the sender speaks.
    #[n(8)]
    Refuse {
        /// Newest.
        #[n(0)]
        newest: u16,
        /// Oldest.
        #[n(1)]
        oldest: u16,
    },
}

/// The greeting. Where nothing changed since the last session it is all that is said.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Hello {
    /// Newest wire version spoken.
    #[n(0)]
    pub wire: u16,
    /// Fold version.
    #[n(1)]
    pub fold: u16,
    /// Edit version.
    #[n(2)]
    pub edit: u16,
    /// First bytes of the rule pack's hash.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub pack: [u8; 4],
    /// First bytes of the office's id.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub office: [u8; 4],
    /// The sender's half of the session's salt.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub salt: [u8; 4],
    /// Root over the rosters shown.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub roster: [u8; 6],
    /// Root over all items shown.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub root: [u8; 12],
    /// The root that both last agreed on; none where it is still `root`.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub agreed: Option<[u8; 12]>,
    /// What changed here since then: items and digests, salted with `salt` alone.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub recent: Option<Vec<u8>>,
}

/// What the sender has of one dossier.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Have {
    /// Which dossier.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub item: ItemRef,
    /// Packed tips.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub tips: Vec<u8>,
    /// Packed short ids of envelopes that were refused here and need not come again.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub refused: Option<Vec<u8>>,
}

/// A roster kept for the sake of moved cases.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Guest {
    /// Whose roster.
    #[n(0)]
    pub office: OfficeId,
    /// Salted digest of what is here of it; none where nothing is.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub digest: Option<[u8; 6]>,
}

/// What the sender has of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Chain {
    /// Whose.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub item: ItemRef,
    /// All positions up to this one are here.
    #[n(1)]
    pub whole: u64,
    /// How many heads are here.
    #[n(2)]
    pub count: u64,
}

/// Why a frame is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadFrameError {
    /// Too long.
    #[error("a frame is at most {FRAME_BYTES_MAX} bytes, this one has {0}")]
    Long(usize),
    /// No frame of this version.
    #[error(transparent)]
    Canon(#[from] CanonError),
    /// It does not unpack to what it says.
    #[error("a compressed frame does not unpack to the one frame of {0} bytes that it names")]
    Pack(usize),
    /// A list over its limit.
    #[error("a frame lists at most {limit} {what}, this one lists {count}")]
    Count {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// How many came.
        count: usize,
    },
    /// A packed list that is not a whole number of rows.
    #[error("rows of {what} have {row} bytes, {bytes} are not a whole number of them")]
    Ragged {
        /// Of what.
        what: &'static str,
        /// Bytes of a row.
        row: usize,
        /// Bytes that came.
        bytes: usize,
    },
}

impl Frame {
    /// The frame's bytes; envelopes are compressed where that makes them shorter.
    pub fn encode(&self) -> Vec<u8> {
        let plain = canon::encode(self);
        if !matches!(self, Self::Envelopes { .. }) || plain.len() < PACK_BYTES_MIN {
            return plain;
        }
        let packed = pack(&plain).unwrap_or_default();
        let bytes = plain.len() as u32;
        if packed.is_empty() || packed.len() + 16 >= plain.len() {
            return plain;
        }
        canon::encode(&Self::Packed { bytes, packed })
    }

    /// Reads a frame and checks every limit, of a compressed one before it is unpacked.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReadFrameError> {
        match Self::decode_plain(bytes)? {
            Self::Packed { bytes, packed } => {
                let bytes = bytes as usize;
                if bytes > FRAME_BYTES_MAX {
                    return Err(ReadFrameError::Long(bytes));
                }
                let plain = unpack(&packed, bytes).ok_or(ReadFrameError::Pack(bytes))?;
                match Self::decode_plain(&plain)? {
                    Self::Packed { .. } => Err(ReadFrameError::Pack(bytes)),
                    frame => Ok(frame),
                }
            }
            frame => Ok(frame),
        }
    }

    fn decode_plain(bytes: &[u8]) -> Result<Self, ReadFrameError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(ReadFrameError::Long(bytes.len()));
        }
        let frame: Self = canon::decode("a frame", bytes)?;
        frame.check()?;
        Ok(frame)
    }

    fn check(&self) -> Result<(), ReadFrameError> {
        match self {
            Self::Hello(hello) => {
                let recent = hello.recent.as_deref().unwrap_or_default();
                rows("recent items", recent, RECENT_BYTES, RECENT_MAX)
            }
            Self::Have { items, .. } => {
                count("dossiers", items.len(), ITEMS_MAX)?;
                items.iter().try_for_each(|have| {
                    rows("tips", &have.tips, TIP_BYTES, TIPS_MAX)?;
                    let refused = have.refused.as_deref().unwrap_or_default();
                    rows("refused envelopes", refused, 6, REFUSED_MAX)
                })
            }
            Self::Chains { items, .. } => count("chains", items.len(), ITEMS_MAX),
            Self::Guests(guests) => count("guests", guests.len(), ITEMS_MAX),
            Self::Envelopes { lane, .. } => count("lanes", usize::from(*lane), 2),
            _ => Ok(()),
        }
    }
}

fn count(what: &'static str, count: usize, limit: usize) -> Result<(), ReadFrameError> {
    if count > limit {
        return Err(ReadFrameError::Count { what, limit, count });
    }
    Ok(())
}

fn rows(what: &'static str, bytes: &[u8], row: usize, limit: usize) -> Result<(), ReadFrameError> {
    if !bytes.len().is_multiple_of(row) {
        let bytes = bytes.len();
        return Err(ReadFrameError::Ragged { what, row, bytes });
    }
    count(what, bytes.len() / row, limit)
}
