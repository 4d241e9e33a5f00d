//! Locations sent together (`0x0704`): what a terminal kept while it had no line, or gathered to
//! send it at once.

use super::location::Location;
use super::{Read, ReadFrameError};
use std::collections::BTreeMap;

/// Most locations in one batch, whole or put together from parts.
pub const BATCH_LOCATIONS_MAX: u16 = 1_000;

/// A batch of locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Whether they were taken where there was no line (盲区补报).
    pub is_history: bool,
    /// Each by itself: one that can't be read spoils none of the others.
    pub locations: Vec<Read<Location>>,
    /// Bytes of those that can't be read, by their place.
    pub unread: BTreeMap<usize, Vec<u8>>,
}

impl Batch {
    /// Reads the body of the message.
    pub fn read(body: &[u8]) -> Read<Self> {
        let [high, low, kind, rest @ ..] = body else {
            return Err(ReadFrameError::Field {
                field: "a batch",
                wanted: 3,
                found: body.len(),
            });
        };
        let count = u16::from_be_bytes([*high, *low]);
        if count > BATCH_LOCATIONS_MAX {
            return Err(ReadFrameError::Batch(count));
        }
        let mut locations = Vec::with_capacity(usize::from(count));
        let mut unread = BTreeMap::new();
        let mut rest = rest;
        while let [high, low, more @ ..] = rest {
            let wanted = usize::from(u16::from_be_bytes([*high, *low]));
            let (one, more) = more.split_at_checked(wanted).ok_or(ReadFrameError::Field {
                field: "a location of a batch",
                wanted,
                found: more.len(),
            })?;
            let location = Location::read(one);
            if location.is_err() {
                unread.insert(locations.len(), one.to_vec());
            }
            locations.push(location);
            rest = more;
        }
        if rest.is_empty() && locations.len() == usize::from(count) {
            Ok(Self {
                is_history: *kind == 1,
                locations,
                unread,
            })
        } else {
            Err(ReadFrameError::Batch(count))
        }
    }

    /// The body of a message with these locations.
    pub fn write(is_history: bool, locations: &[Vec<u8>]) -> Vec<u8> {
        let count = u16::try_from(locations.len()).unwrap_or(u16::MAX);
        let mut bytes = count.to_be_bytes().to_vec();
        bytes.push(u8::from(is_history));
        for location in locations {
            let length = u16::try_from(location.len()).unwrap_or(u16::MAX);
            bytes.extend(length.to_be_bytes());
            bytes.extend_from_slice(location);
        }
        bytes
    }
}
