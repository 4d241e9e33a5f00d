//! What a terminal says, as far as a gateway listens.

use super::batch::Batch;
use super::header::Header;
use super::location::Location;
use super::{Edition, Read, ReadFrameError};

/// Ids of the messages that are read or written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
#[allow(missing_docs)]
pub enum MessageId {
    TerminalAnswer = 0x0001,
    Heartbeat = 0x0002,
    Logout = 0x0003,
    Register = 0x0100,
    Authenticate = 0x0102,
    Location = 0x0200,
    LocationAnswer = 0x0201,
    Batch = 0x0704,
    PlatformAnswer = 0x8001,
    PartsAgain = 0x8003,
    RegisterAnswer = 0x8100,
    SetParameters = 0x8103,
    Locate = 0x8201,
    Text = 0x8300,
}

/// One message of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// An answer to one of ours.
    Answer {
        /// Serial number of ours.
        serial: u16,
        /// Its id.
        id: u16,
        /// 0 done, 1 failed, 2 wrong, 3 not supported.
        result: u8,
    },
    /// Still there.
    Heartbeat,
    /// Will be silent.
    Logout,
    /// Asks to be known.
    Register {
        /// The maker's own number of the terminal, in its bytes without the zeros that fill it up.
        device: Vec<u8>,
    },
    /// Shows the code that its registration was answered with.
    Authenticate {
        /// The code, in its bytes.
        code: Vec<u8>,
    },
    /// Where it is.
    Location(Location),
    /// Where it is, because it was asked.
    Located {
        /// Serial number of the question.
        serial: u16,
        /// Where.
        location: Location,
    },
    /// Where it was.
    Batch(Batch),
    /// Anything else; answered as not supported.
    Other,
}

/// Reads the body of a message, whole or put together from its parts.
pub fn read(header: &Header, body: &[u8]) -> Read<Message> {
    Ok(match header.id {
        0x0001 => {
            let bytes = fixed("an answer", body, 5)?;
            Message::Answer {
                serial: u16::from_be_bytes([bytes[0], bytes[1]]),
                id: u16::from_be_bytes([bytes[2], bytes[3]]),
                result: bytes[4],
            }
        }
        0x0002 => Message::Heartbeat,
        0x0003 => Message::Logout,
        0x0100 => Message::Register {
            device: device(header.edition, body)?,
        },
        0x0102 => Message::Authenticate {
            code: code(header.edition, body)?,
        },
        0x0200 => Message::Location(Location::read(body)?),
        0x0201 => {
            let bytes = fixed("an answer with a location", body, 2)?;
            Message::Located {
                serial: u16::from_be_bytes([bytes[0], bytes[1]]),
                location: Location::read(&body[2..])?,
            }
        }
        0x0704 => Message::Batch(Batch::read(body)?),
        _ => Message::Other,
    })
}

fn fixed<'a>(field: &'static str, body: &'a [u8], wanted: usize) -> Read<&'a [u8]> {
    body.get(..wanted).ok_or(ReadFrameError::Field {
        field,
        wanted,
        found: body.len(),
    })
}

/// The terminal's number stands after province, county, maker and model.
fn device(edition: Edition, body: &[u8]) -> Read<Vec<u8>> {
    let (from, size) = match edition {
        Edition::Of2013 => (2 + 2 + 5 + 20, 7),
        Edition::Of2019 { .. } => (2 + 2 + 11 + 30, 30),
    };
    let bytes = fixed("a registration", body, from + size)?;
    let end = bytes[from..].iter().rposition(|byte| *byte != 0);
    Ok(bytes[from..]
        .iter()
        .take(end.map_or(0, |end| end + 1))
        .copied()
        .collect())
}

/// All of the body in 2013; in 2019 so much as its first byte says.
fn code(edition: Edition, body: &[u8]) -> Read<Vec<u8>> {
    match (edition, body) {
        (Edition::Of2013, _) => Ok(body.to_vec()),
        (Edition::Of2019 { .. }, [length, rest @ ..]) => {
            fixed("a code", rest, usize::from(*length)).map(<[u8]>::to_vec)
        }
        (Edition::Of2019 { .. }, []) => fixed("a code's length", body, 1).map(<[u8]>::to_vec),
    }
}
