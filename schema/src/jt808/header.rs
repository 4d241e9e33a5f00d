//! Heads of messages: what it is, how long, whose, in which edition, which part of a larger one.

use super::bcd;
use super::part::PARTS_MAX;
use super::{Read, ReadFrameError};

/// Most digits of a terminal's number (2019).
pub const TERMINAL_DIGITS_MAX: usize = 20;
/// Bits of the length in the attributes.
const LENGTH_BITS: u16 = 0x03FF;
/// Bits of the encryption.
const ENCRYPTION_SHIFT: u32 = 10;
const ENCRYPTION_BITS: u16 = 0x0007;
/// Set where the message is a part of a larger one.
const PART_BIT: u16 = 1 << 13;
/// Set from 2019 on.
const EDITION_BIT: u16 = 1 << 14;

/// Which edition of the standard a terminal speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// JT/T 808-2013: 12 digits.
    Of2013,
    /// JT/T 808-2019: 20 digits and a number of the protocol's version.
    Of2019 {
        /// Counts up with each change of the terminal's program, from 1.
        version: u8,
    },
}

impl Edition {
    /// Its year.
    pub const fn year(self) -> u16 {
        match self {
            Self::Of2013 => 2013,
            Self::Of2019 { .. } => 2019,
        }
    }

    const fn number_bytes(self) -> usize {
        match self {
            Self::Of2013 => 6,
            Self::Of2019 { .. } => 10,
        }
    }
}

/// Which part of a larger message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How many there are, 1 to [`PARTS_MAX`].
    pub total: u16,
    /// Which this is, from 1.
    pub index: u16,
}

/// The head of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What it is, `0x0200` for a location.
    pub id: u16,
    /// Edition.
    pub edition: Edition,
    /// The terminal's number, all its digits: 12 of 2013, 20 of 2019.
    pub terminal: String,
    /// Serial number of the message, one up from the one before.
    pub serial: u16,
    /// Where it is a part.
    pub part: Option<Part>,
}

impl Header {
    /// Reads a head; gives it with the body that follows.
    pub fn read(bytes: &[u8]) -> Read<(Self, &[u8])> {
        let (fixed, rest) = split(bytes, 4)?;
        let id = u16::from_be_bytes([fixed[0], fixed[1]]);
        let attributes = u16::from_be_bytes([fixed[2], fixed[3]]);
        let encryption = (attributes >> ENCRYPTION_SHIFT & ENCRYPTION_BITS) as u8;
        if encryption != 0 {
            return Err(ReadFrameError::Encrypted(encryption));
        }
        let (edition, rest) = if attributes & EDITION_BIT == 0 {
            (Edition::Of2013, rest)
        } else {
            let (version, rest) = split(rest, 1)?;
            (
                Edition::Of2019 {
                    version: version[0],
                },
                rest,
            )
        };
        let (number, rest) = split(rest, edition.number_bytes())?;
        let number = bcd::digits("a terminal's number", number)?;
        let (serial, rest) = split(rest, 2)?;
        let (part, body) = if attributes & PART_BIT == 0 {
            (None, rest)
        } else {
            let (words, body) = split(rest, 4)?;
            (Some(read_part(words)?), body)
        };
        let wanted = usize::from(attributes & LENGTH_BITS);
        if body.len() != wanted {
            let found = body.len();
            return Err(ReadFrameError::Length { wanted, found });
        }
        let header = Self {
            id,
            edition,
            terminal: number,
            serial: u16::from_be_bytes([serial[0], serial[1]]),
            part,
        };
        Ok((header, body))
    }

    /// The terminal's number without the zeros that fill it up, as it is printed on the terminal and
    /// the same in both editions; `0` where it has no others.
    pub fn number(&self) -> &str {
        let rest = self.terminal.trim_start_matches('0');
        if rest.is_empty() { "0" } else { rest }
    }

    /// The bytes of a head and its body, of at most 1,023 bytes.
    pub fn write(&self, body: &[u8]) -> Vec<u8> {
        debug_assert!(body.len() <= usize::from(LENGTH_BITS));
        let mut attributes = body.len() as u16 & LENGTH_BITS;
        if self.part.is_some() {
            attributes |= PART_BIT;
        }
        if self.edition != Edition::Of2013 {
            attributes |= EDITION_BIT;
        }
        let mut bytes = Vec::with_capacity(body.len() + 24);
        bytes.extend(self.id.to_be_bytes());
        bytes.extend(attributes.to_be_bytes());
        if let Edition::Of2019 { version } = self.edition {
            bytes.push(version);
        }
        bytes.extend(bcd::bytes(&self.terminal, self.edition.number_bytes()));
        bytes.extend(self.serial.to_be_bytes());
        if let Some(Part { total, index }) = self.part {
            bytes.extend(total.to_be_bytes());
            bytes.extend(index.to_be_bytes());
        }
        bytes.extend_from_slice(body);
        bytes
    }
}

fn split(bytes: &[u8], at: usize) -> Read<(&[u8], &[u8])> {
    bytes.split_at_checked(at).ok_or(ReadFrameError::Short {
        wanted: at,
        found: bytes.len(),
    })
}

fn read_part(words: &[u8]) -> Read<Part> {
    let total = u16::from_be_bytes([words[0], words[1]]);
    let index = u16::from_be_bytes([words[2], words[3]]);
    if (1..=PARTS_MAX).contains(&total) && (1..=total).contains(&index) {
        Ok(Part { total, index })
    } else {
        Err(ReadFrameError::Part { total, index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(edition: Edition, part: Option<Part>) -> Header {
        let digits = 2 * edition.number_bytes();
        Header {
            id: 0x0200,
            edition,
            terminal: format!("{:0>digits$}", "13800138000"),
            serial: 7,
            part,
        }
    }

    #[test]
    fn a_head_of_either_edition_whole_or_a_part_reads_back() {
        let part = Some(Part { total: 3, index: 3 });
        for edition in [Edition::Of2013, Edition::Of2019 { version: 1 }] {
            for part in [None, part] {
                let head = header(edition, part);
                let bytes = head.write(&[1, 2]);
                assert_eq!(head.number(), "13800138000");
                assert_eq!(Header::read(&bytes), Ok((head, &[1, 2][..])));
                for end in 0..bytes.len() {
                    assert!(Header::read(&bytes[..end]).is_err(), "{end}");
                }
            }
        }
    }

    #[test]
    fn what_a_head_may_not_say_is_refused_with_the_value() {
        let good = header(Edition::Of2013, None).write(&[]);
        let changed = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            Header::read(&bytes).unwrap_err()
        };
        assert_eq!(changed(2, 0x04), ReadFrameError::Encrypted(1));
        assert_eq!(
            changed(3, 9),
            ReadFrameError::Length {
                wanted: 9,
                found: 0
            }
        );
        let digit = changed(5, 0xA1);
        assert_eq!(
            digit.to_string(),
            "a digit of a terminal's number is 0 to 9: A"
        );
        for (total, index) in [(0, 0), (2, 0), (2, 3), (PARTS_MAX + 1, 1)] {
            let bytes = header(Edition::Of2013, Some(Part { total, index })).write(&[]);
            let fault = ReadFrameError::Part { total, index };
            assert_eq!(Header::read(&bytes), Err(fault));
        }
    }
}
