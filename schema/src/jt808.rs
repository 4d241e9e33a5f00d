//! JT/T 808, the terminal protocol that positioning bands speak over TCP, in its editions of 2013
//! and 2019: bytes to messages and back.
//!
//! Nothing that a terminal sends is believed: lengths are checked before they are used, what is
//! longer than the protocol allows is never kept, and each refusal names the rule and the value.
//! Times on the wire are GMT+8 without a century and leave here as ms UTC; positions are WGS-84 in
//! millionths of a degree.

mod answer;
mod batch;
mod bcd;
mod frame;
mod header;
mod item;
mod item_table;
mod location;
mod message;
mod part;

pub use answer::{Answer, PARAMETERS_MAX, Parameter, Registered, Verdict};
pub use batch::{BATCH_LOCATIONS_MAX, Batch};
pub use frame::{Deframed, Deframer, FRAME_BYTES_MAX, frame, unframe};
pub use header::{Edition, Header, Part, TERMINAL_DIGITS_MAX};
pub use item::Item;
pub use item_table::{ITEM_TABLE_BYTES_MAX, ItemTable, ParseItemTableError, Telling};
pub use location::{Location, Status};
pub use message::{Message, MessageId, read};
pub use part::{ASSEMBLY_BYTES_MAX, Assembly, PARTS_MAX};

use thiserror::Error;

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadFrameError {
    /// Longer than any frame of the protocol.
    #[error("a frame has at most {FRAME_BYTES_MAX} bytes between its marks: {0}")]
    Long(usize),
    /// Shorter than a header and its check.
    #[error("a frame has at least {wanted} bytes: {found}")]
    Short {
        /// Bytes that are missing at least.
        wanted: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// `7D` stands before 01 or 02 only.
    #[error("7D is followed by 01 or 02: {0:02X}")]
    Escape(u8),
    /// Bytes were changed on the way.
    #[error("the check byte is the XOR of all before it: {found:02X}, not {wanted:02X}")]
    Check {
        /// What the bytes come to.
        wanted: u8,
        /// What the frame says.
        found: u8,
    },
    /// The body is not as long as the header says.
    #[error("the header says {wanted} bytes of body: {found}")]
    Length {
        /// Of the header.
        wanted: usize,
        /// Of the frame.
        found: usize,
    },
    /// RSA or an encryption to come.
    #[error("a body is not encrypted here: method {0}")]
    Encrypted(u8),
    /// A digit above 9.
    #[error("a digit of {field} is 0 to 9: {value:X}")]
    Digit {
        /// Where.
        field: &'static str,
        /// The half byte.
        value: u8,
    },
    /// No such day or hour.
    #[error("a time is YYMMDDhhmmss: {0}")]
    Time(String),
    /// Beyond a pole or the date line.
    #[error("{field} lies within {limit} millionths of a degree: {value}")]
    Range {
        /// Latitude or longitude.
        field: &'static str,
        /// The most.
        limit: u32,
        /// The value.
        value: u32,
    },
    /// A part that the whole does not have.
    #[error("a part is numbered 1 to {total}, of at most {PARTS_MAX}: {index}")]
    Part {
        /// How many the header says.
        total: u16,
        /// Its number.
        index: u16,
    },
    /// A field that ends before it should.
    #[error("{field} has {wanted} bytes: {found}")]
    Field {
        /// Which.
        field: &'static str,
        /// How many it should have.
        wanted: usize,
        /// How many are left.
        found: usize,
    },
    /// More locations than are taken at once, or a number that is not that of those that follow.
    #[error("a batch says how many locations follow, at most {BATCH_LOCATIONS_MAX}: {0}")]
    Batch(u16),
}

pub(crate) type Read<T> = Result<T, ReadFrameError>;
