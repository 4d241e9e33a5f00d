//! What a gateway says to a terminal.

use super::header::Header;
use super::message::MessageId;

/// Most parameters in one message.
pub const PARAMETERS_MAX: usize = 32;
/// Longest value of a parameter, bytes.
const PARAMETER_BYTES_MAX: usize = 255;

/// What became of a message (`0x8001`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// Taken in, and on the disk.
    Done = 0,
    /// Send it again.
    Failed = 1,
    /// Not readable, or from a terminal that did not show its code.
    Wrong = 2,
    /// Nothing that is listened to here.
    Unsupported = 3,
}

/// What a registration is answered (`0x8100`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// Known; shows this code from now on.
    Known(Vec<u8>),
    /// Registered already: it shows the code that it has.
    Listed,
    /// Not known here.
    Stranger,
}

/// One parameter of a terminal (`0x8103`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its id: `0x0013` the main gateway, `0x0017` the backup, `0x0029` the interval in s.
    pub id: u32,
    /// Its value, at most 255 bytes.
    pub value: Vec<u8>,
}

impl Parameter {
    /// A parameter that is a number.
    pub fn number(id: u32, value: u32) -> Self {
        Self {
            id,
            value: value.to_be_bytes().to_vec(),
        }
    }

    /// A parameter that is a text of ASCII characters, as an address.
    pub fn text(id: u32, value: &str) -> Self {
        Self {
            id,
            value: value.bytes().take(PARAMETER_BYTES_MAX).collect(),
        }
    }
}

/// A message to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What became of one of its messages.
    General {
        /// Serial number of its message; of the first part where it came in parts.
        serial: u16,
        /// Id of its message.
        id: u16,
        /// What became of it.
        verdict: Verdict,
    },
    /// What its registration came to.
    Registration {
        /// Serial number of its message.
        serial: u16,
        /// What it came to.
        result: Registered,
    },
    /// Send these parts again, the first 255 of them; their number is a byte in 2013, two in 2019.
    PartsAgain {
        /// Serial number of the first part.
        first: u16,
        /// Numbers of the parts, from 1.
        parts: Vec<u16>,
    },
    /// Take these parameters.
    SetParameters(Vec<Parameter>),
    /// Say where you are.
    Locate,
    /// Report so often for some time, then as before.
    Track {
        /// Between two reports, s.
        interval_s: u16,
        /// For how long, s.
        for_s: u32,
    },
    /// Show a text; the bytes are GBK.
    Text {
        /// Bit 0 urgent, 2 on the display, 3 aloud.
        flags: u8,
        /// The text.
        text: Vec<u8>,
    },
}

impl Answer {
    /// Id of the message.
    pub const fn id(&self) -> u16 {
        (match self {
            Self::General { .. } => MessageId::PlatformAnswer,
            Self::Registration { .. } => MessageId::RegisterAnswer,
            Self::PartsAgain { .. } => MessageId::PartsAgain,
            Self::SetParameters(_) => MessageId::SetParameters,
            Self::Locate => MessageId::Locate,
            Self::Track { .. } => MessageId::Track,
            Self::Text { .. } => MessageId::Text,
        }) as u16
    }

    /// The bytes of the message to a terminal of this head's edition and number, without frame.
    pub fn write(&self, to: &Header, serial: u16) -> Vec<u8> {
        let header = Header {
            id: self.id(),
            serial,
            part: None,
            ..to.clone()
        };
        header.write(&self.body(to))
    }

    fn body(&self, to: &Header) -> Vec<u8> {
        match self {
            Self::General {
                serial,
                id,
                verdict,
            } => {
                let [s1, s2] = serial.to_be_bytes();
                let [i1, i2] = id.to_be_bytes();
                vec![s1, s2, i1, i2, *verdict as u8]
            }
            Self::Registration { serial, result } => {
                let mut bytes = serial.to_be_bytes().to_vec();
                match result {
                    Registered::Known(code) => {
                        bytes.push(0);
                        bytes.extend_from_slice(code);
                    }
                    Registered::Listed => bytes.push(3),
                    Registered::Stranger => bytes.push(4),
                }
                bytes
            }
            Self::PartsAgain { first, parts } => {
                let count = u8::try_from(parts.len()).unwrap_or(u8::MAX);
                let mut bytes = first.to_be_bytes().to_vec();
                if to.edition.year() == 2019 {
                    bytes.push(0);
                }
                bytes.push(count);
                let asked = parts.iter().take(usize::from(count));
                bytes.extend(asked.flat_map(|part| part.to_be_bytes()));
                bytes
            }
            Self::SetParameters(parameters) => write_parameters(parameters),
            Self::Locate => Vec::new(),
            Self::Track { interval_s, for_s } => {
                [&interval_s.to_be_bytes()[..], &for_s.to_be_bytes()].concat()
            }
            Self::Text { flags, text } => {
                let mut bytes = vec![*flags];
                if to.edition.year() == 2019 {
                    // Kind of text: 1 a notice.
                    bytes.push(1);
                }
                bytes.extend_from_slice(text);
                bytes
            }
        }
    }
}

fn write_parameters(parameters: &[Parameter]) -> Vec<u8> {
    let few = &parameters[..parameters.len().min(PARAMETERS_MAX)];
    let mut bytes = vec![few.len() as u8];
    for parameter in few {
        let value = &parameter.value[..parameter.value.len().min(PARAMETER_BYTES_MAX)];
        bytes.extend(parameter.id.to_be_bytes());
        bytes.push(value.len() as u8);
        bytes.extend_from_slice(value);
    }
    bytes
}
