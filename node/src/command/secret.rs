//! Passphrases: asked at the terminal without showing them, or read from standard input one a line,
//! for scripts. Never an argument, which others on the machine could read.

use super::work::Who;
use super::{EXIT_NO_INPUT, EXIT_NO_PERMISSION, EXIT_UNAVAILABLE, Refusal};
use crate::key::{KeyRing, OfficerKey, OpenKeyError, OpenedKey};
use jiaolian_schema::suite::KeyError;
use jiaolian_sync::{MemoryStore, Store, Table, Write};
use std::io::{self, BufRead as _};
use zeroize::Zeroizing;

/// Where passphrases come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The terminal.
    Terminal,
    /// Standard input, one a line.
    Lines,
}

impl Source {
    pub(super) fn new(from_lines: bool) -> Self {
        if from_lines {
            Self::Lines
        } else {
            Self::Terminal
        }
    }

    /// A passphrase that exists.
    pub(super) fn ask(self, whose: &str) -> Result<Zeroizing<String>, Refusal> {
        let read = match self {
            Self::Terminal => rpassword::prompt_password(format!("{whose} 的口令: ")),
            Self::Lines => line(),
        };
        let words = read.map_err(|error| {
            Refusal::new(
                EXIT_NO_INPUT,
                format!("the passphrase of {whose} was not given: {error}"),
            )
        })?;
        Ok(Zeroizing::new(words))
    }

    /// A new passphrase; at the terminal twice.
    pub(super) fn ask_new(self, whose: &str) -> Result<Zeroizing<String>, Refusal> {
        let words = self.ask(whose)?;
        if self == Self::Terminal && self.ask(&format!("{whose}(再输一次)"))? != words {
            return Err(Refusal::data("the two passphrases must be the same"));
        }
        Ok(words)
    }
}

/// Opens a person's ring at this node.
pub(super) fn open_ring(
    store: &impl Store,
    keys: &KeyRing,
    staff_number: &str,
    words: &str,
) -> Result<OpenedKey, Refusal> {
    let opened = keys.open(store, staff_number, words, super::now_ms());
    opened.map_err(|error| match error {
        OpenKeyError::Store(error) => Refusal::new(super::EXIT_IO, error),
        refused => Refusal::new(EXIT_NO_PERMISSION, refused),
    })
}

/// Opens a ring that a running node lent, with a passphrase that is asked for here.
pub(crate) fn open_lent(
    drill: bool,
    who: Who<'_>,
    ring: Option<Vec<u8>>,
) -> Result<OfficerKey, Refusal> {
    let mut store = MemoryStore::default();
    store.commit(&[Write {
        table: Table::KeyRing,
        key: who.number.as_bytes().to_vec(),
        value: ring,
    }]);
    let source = Source::new(who.from_lines);
    let words = source.ask(who.number)?;
    let opened = open_ring(
        &store,
        &KeyRing::new(super::cost(drill)),
        who.number,
        &words,
    )?;
    ready(opened.key, who.number, source)
}

/// The key ready to sign: a UKey asks for its PIN, after the passphrase.
pub(super) fn ready(
    key: OfficerKey,
    staff_number: &str,
    source: Source,
) -> Result<OfficerKey, Refusal> {
    let Some(ukey) = key.ukey() else {
        return Ok(key);
    };
    let pin = source.ask(&format!("{staff_number} 的UKey PIN,"))?;
    let checked = ukey.with_pin(pin);
    checked
        .map(OfficerKey::Ukey)
        .map_err(|error| refuse_key(&error))
}

/// Why a key outside this machine gave no signature, as an exit status.
pub(crate) fn refuse_key(error: &KeyError) -> Refusal {
    let status = match error {
        KeyError::Absent | KeyError::Failed(_) => EXIT_UNAVAILABLE,
        KeyError::NoPin | KeyError::WrongPin { .. } | KeyError::PinLocked | KeyError::OtherKey => {
            EXIT_NO_PERMISSION
        }
    };
    Refusal::new(status, error)
}

fn line() -> io::Result<String> {
    let mut text = String::new();
    if io::stdin().lock().read_line(&mut text)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
