//! Items that follow a location: one byte of id, one of length, the value. Makers add their own.

use super::{Read, ReadFrameError};

/// One item after a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id: below `E0` the standard's, from there on its maker's.
    pub id: u8,
    /// Its value.
    pub value: Vec<u8>,
}

/// Satellites in use.
const SATELLITES: u8 = 0x31;

impl Item {
    /// Reads all items to the end of the bytes.
    pub(super) fn read_all(mut bytes: &[u8]) -> Read<Vec<Self>> {
        let mut items = Vec::new();
        while let [id, length, rest @ ..] = bytes {
            let wanted = usize::from(*length);
            let (value, rest) = rest.split_at_checked(wanted).ok_or(ReadFrameError::Field {
                field: "an item's value",
                wanted,
                found: rest.len(),
            })?;
            items.push(Self {
                id: *id,
                value: value.to_vec(),
            });
            bytes = rest;
        }
        match bytes {
            [] => Ok(items),
            _ => Err(ReadFrameError::Field {
                field: "an item's head",
                wanted: 2,
                found: bytes.len(),
            }),
        }
    }

    pub(super) fn write_all(items: &[Self]) -> Vec<u8> {
        let item = |item: &Self| {
            let length = u8::try_from(item.value.len()).unwrap_or(u8::MAX);
            let value = &item.value[..usize::from(length)];
            [&[item.id, length], value].concat()
        };
        items.iter().flat_map(item).collect()
    }

    /// The value as an unsigned number, big end first; none where it is longer than eight bytes.
    pub fn number(&self) -> Option<u64> {
        (self.value.len() <= 8).then(|| {
            let digits = self.value.iter();
            digits.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        })
    }

    /// How many satellites, where this is the item that says so.
    pub fn satellites(&self) -> Option<u8> {
        match (self.id, self.value.as_slice()) {
            (SATELLITES, [count]) => Some(*count),
            _ => None,
        }
    }
}
