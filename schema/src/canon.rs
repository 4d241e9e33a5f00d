//! One byte form for every value: deterministic CBOR (RFC 8949 §4.2), refused unless it re-encodes
//! to the same bytes.
//!
//! The types that are decoded hold integers, bytes, text, arrays and integer-keyed maps only, so
//! floats, tags,
//! simple values and unknown keys have nowhere to go and fail the comparison.

use minicbor::{Decode, Encode};
use thiserror::Error;

/// Why bytes are not the one form of a value.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum CanonError {
    /// The bytes are no such value at all.
    #[error("the bytes are not {what} in CBOR: {why}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What the decoder met.
        why: String,
    },
    /// The bytes mean the value but are not its deterministic form.
    #[error("the {bytes} bytes of {what} are not its deterministic CBOR form")]
    NotDeterministic {
        /// What was expected.
        what: &'static str,
        /// How many bytes came.
        bytes: usize,
    },
}

/// The one byte form of a value.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing to memory cannot fail")
}

/// Reads a value from its one byte form.
pub fn decode<T>(what: &'static str, bytes: &[u8]) -> Result<T, CanonError>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    let value: T = minicbor::decode(bytes).map_err(|error| CanonError::Malformed {
        what,
        why: error.to_string(),
    })?;
    if encode(&value) != bytes {
        return Err(CanonError::NotDeterministic {
            what,
            bytes: bytes.len(),
        });
    }
    Ok(value)
}
