//! The three lanes and their frames: a length of four bytes, big-endian, then so many bytes.

/// The longest frame, in bytes.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;

/// Frames that wait on one lane of one peer.
pub(super) const QUEUE_FRAMES_MAX: usize = 256;
/// Bytes that wait on one lane of one peer.
pub(super) const QUEUE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Length of a frame's header, in bytes.
pub(super) const HEADER_BYTES: usize = 4;

/// What goes before what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Lane {
    /// Alarms, revocations, receipts.
    Urgent = 0,
    /// Acts and edits.
    Normal = 1,
    /// Attachments, tracks, first copies.
    Bulk = 2,
}

impl Lane {
    /// All lanes, most urgent first.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Bulk];

    /// The lane with a number on the wire.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| *lane as u8 == number)
    }

    /// Bytes that may be under way before the other side took them, so that a lane never takes the
    /// room of
    /// a more urgent one in the connection. Urgent has no limit of its own.
    pub(super) const fn window_bytes(self) -> Option<u64> {
        match self {
            Self::Urgent => None,
            Self::Normal => Some(512 * 1024),
            Self::Bulk => Some(768 * 1024),
        }
    }

    /// Order inside this node's sender; higher goes first, strictly.
    pub(super) const fn priority(self) -> i32 {
        match self {
            Self::Urgent => 200,
            Self::Normal => 100,
            Self::Bulk => 0,
        }
    }
}
