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
    Track = 0x8202,
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
        /// The maker, in its bytes without the zeros that fill it up.
        maker: Vec<u8>,
        /// The maker's own number of the terminal, likewise.
        device: Vec<u8>,
        /// What was set in the terminal as the vehicle's mark (车牌), likewise.
        plate: Vec<u8>,
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
        0x0100 => register(header.edition, body)?,
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

/// Province, county, maker, model, number, colour and mark of the vehicle.
fn register(edition: Edition, body: &[u8]) -> Read<Message> {
    let (maker, model, device) = match edition {
        Edition::Of2013 => (5, 20, 7),
        Edition::Of2019 { .. } => (11, 30, 30),
    };
    let device_at = 2 + 2 + maker + model;
    let bytes = fixed("a registration", body, device_at + device)?;
    let plate = body.get(device_at + device + 1..).unwrap_or_default();
    Ok(Message::Register {
        maker: unfilled(&bytes[4..4 + maker]),
        device: unfilled(&bytes[device_at..]),
        plate: unfilled(plate),
    })
}

/// Without the zeros before and after that fill a text up.
fn unfilled(bytes: &[u8]) -> Vec<u8> {
    let is_text = |byte: &u8| *byte != 0;
    let from = bytes.iter().position(is_text).unwrap_or(bytes.len());
    let to = bytes
        .iter()
        .rposition(is_text)
        .map_or(from, |last| last + 1);
    bytes[from..to].to_vec()
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
