//! What is said through the hatch: frames of a length and one value in deterministic CBOR.

use crate::account::ACCOUNT_BYTES_MAX;
use crate::command::Refusal;
use crate::request::REQUEST_BYTES_MAX;
use jiaolian_schema::canon;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// Longest frame of a command, bytes: a request that was carried here, and what was typed.
pub(super) const CALL_BYTES_MAX: usize = REQUEST_BYTES_MAX + 256 * 1024;
/// Longest frame of a node, bytes: an account, and words.
pub(super) const REPLY_BYTES_MAX: usize = ACCOUNT_BYTES_MAX + 1024 * 1024;
/// Most words of a command line.
pub(super) const WORDS_MAX: usize = 1_024;
/// The type string of the proof that the person's key is open in the command.
const DOOR_TYPE: &str = "door/1";

/// A request as it crosses.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Wire {
    /// A command as it was typed, without the program's name.
    #[n(0)]
    Line(#[n(0)] Vec<String>),
    /// The root statement in force, and what of its keeper's chain stays.
    #[n(1)]
    RootBefore(#[n(0)] String),
    /// Nothing but the key of the staff number.
    #[n(2)]
    OwnKey(#[n(0)] String),
}

impl Wire {
    /// The command that this process was started with.
    pub(crate) fn command_line() -> Result<Self, Refusal> {
        let words = std::env::args_os().skip(1).map(|word| {
            let text = word.into_string();
            text.map_err(|word| Refusal::data(format!("{} must be UTF-8", word.display())))
        });
        words.collect::<Result<_, _>>().map(Self::Line)
    }
}

/// What a command says.
#[derive(Debug, Encode, Decode)]
pub(super) enum Call {
    #[n(0)]
    Ask {
        #[n(0)]
        wire: Wire,
        /// A file that was carried to where the command was typed.
        #[n(1)]
        input: ByteVec,
        /// Staff number of who signs.
        #[n(2)]
        number: Option<String>,
    },
    /// The key that the person's passphrase opened, and its signature over this meeting.
    #[n(1)]
    Key {
        #[n(0)]
        suite: u8,
        #[n(1)]
        public: ByteVec,
        #[n(2)]
        proof: ByteVec,
    },
    /// A signature over each head, in their order.
    #[n(2)]
    Signed(#[n(0)] Vec<ByteVec>),
}

/// What a node says.
#[derive(Debug, Encode, Decode)]
pub(super) enum Reply {
    /// The person's ring as it lies wrapped on the disk; none where there is none.
    #[n(0)]
    Ring(#[n(0)] Option<ByteVec>),
    /// Heads to be signed.
    #[n(1)]
    Sign(#[n(0)] Vec<ByteVec>),
    #[n(2)]
    Done {
        #[n(0)]
        line: String,
        /// JSON.
        #[n(1)]
        data: String,
        #[n(2)]
        file: Option<ByteVec>,
    },
    #[n(3)]
    Refused {
        #[n(0)]
        status: u8,
        #[n(1)]
        reason: String,
    },
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            status: refusal.status,
            reason: refusal.reason,
        }
    }
}

/// A value with its length before it.
pub(super) fn frame<T: Encode<()>>(value: &T) -> Vec<u8> {
    let bytes = canon::encode(value);
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[..], &bytes].concat()
}

/// The length that a frame announces, where it may have it.
pub(super) fn length(bytes: [u8; 4], most: usize) -> Result<usize, String> {
    let length = u32::from_be_bytes(bytes) as usize;
    if length <= most {
        return Ok(length);
    }
    Err(format!("a frame has at most {most} bytes, not {length}"))
}

/// What a key signs to show that it is open in the command of this meeting.
pub(super) fn key_words(challenges: &[u8], number: &str) -> Vec<u8> {
    let words = [challenges, number.as_bytes()].concat();
    jiaolian_schema::envelope::pre_authentication(DOOR_TYPE, &words)
}
