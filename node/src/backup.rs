//! A backup of an office in one file: its store as it lies on the disk, its key of the OPS domain and
//! the keys of its case files, all sealed to the county's recovery key or to a passphrase.
//!
//! The file is a line of JSON that says to whom it is sealed, then parts: `last (1) ‖ length (4) ‖ nonce ‖
//! sealed`. Each part's associated data is the hash of the line, its number and whether it is the
//! last, so a file that was cut, joined or edited is refused whole. No key that signs is in it: what
//! is restored signs with new ones.

use crate::identity::Identity;
use crate::key::{BackupKey, Seed};
use crate::seal::{CasePublic, CaseSecret, Place, Seal, entropy, sealer};
use jiaolian_schema::canon;
use jiaolian_schema::id::{hex, sha256, unhex};
use jiaolian_schema::suite::Suite;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

const FORM: &str = "jiaolian-backup/1";
/// Longest first line, bytes.
const LINE_BYTES_MAX: u64 = 16 * 1024;
/// A part is closed once it has so many bytes.
const PART_BYTES: usize = 1024 * 1024;
/// Longest part, bytes: one row more than what closes it.
const PART_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why a backup can't be written or read.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The file.
    #[error("the backup could not be read or written: {0}")]
    File(#[from] io::Error),
    /// It is no backup.
    #[error("the file is no backup: {0}")]
    Form(String),
    /// Neither the passphrase nor the recovery key is the one.
    #[error("the backup is sealed to another {0}")]
    Refused(&'static str),
    /// Cut, joined or edited.
    #[error("part {0} of the backup is not what was written")]
    Changed(u64),
}

/// To whom a backup is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealedTo {
    /// The county's recovery key.
    Recovery,
    /// A passphrase.
    Passphrase,
}

/// The first line: what anybody may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    form: String,
    /// Office id, hexadecimal.
    pub office: String,
    /// When, ms UTC.
    pub made_at: i64,
    /// To whom.
    pub sealed_to: SealedTo,
    /// The suite of the office, in which the parts are sealed.
    suite: u8,
    key: String,
}

/// One thing in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    /// A file of the data directory by its name.
    #[n(0)]
    File {
        /// Which.
        #[n(0)]
        name: String,
        /// Its bytes.
        #[cbor(n(1), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// A row of the store as it lies on the disk.
    #[n(1)]
    Row {
        /// Number of its table.
        #[n(0)]
        table: u8,
        /// Its key.
        #[cbor(n(1), with = "minicbor::bytes")]
        key: Vec<u8>,
        /// Its sealed value.
        #[cbor(n(2), with = "minicbor::bytes")]
        sealed: Vec<u8>,
    },
}

/// A backup that is being written.
pub struct Writer<W> {
    out: W,
    seal: Arc<dyn Seal>,
    line: [u8; 32],
    part: Vec<Item>,
    bytes: usize,
    number: u64,
}

impl<W> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Writer(part {})", self.number)
    }
}

/// A fresh key, sealed to the county's recovery key.
pub fn seal_to_recovery(recovery: CasePublic) -> (Seed, SealedTo, String) {
    let key: Seed = Zeroizing::new(entropy());
    let sealed = recovery.seal(place(), key.as_slice());
    (key, SealedTo::Recovery, hex(&sealed))
}

impl<W: Write> Writer<W> {
    /// Begins a backup of an office.
    pub fn begin(
        mut out: W,
        identity: &Identity,
        made_at: i64,
        (key, sealed_to, sealed): (Seed, SealedTo, String),
    ) -> Result<Self, BackupError> {
        let front = Front {
            form: FORM.to_owned(),
            office: identity.office.clone(),
            made_at,
            sealed_to,
            suite: identity.suite().number(),
            key: sealed,
        };
        let line = serde_json::to_string(&front).expect("a front has only texts") + "\n";
        out.write_all(line.as_bytes())?;
        let line = sha256(&[line.as_bytes()]);
        Ok(Self {
            out,
            seal: sealer(identity.suite(), &key),
            line,
            part: Vec::new(),
            bytes: 0,
            number: 0,
        })
    }

    /// Adds one thing.
    pub fn add(&mut self, item: Item) -> Result<(), BackupError> {
        self.bytes += match &item {
            Item::File { bytes, .. } => bytes.len(),
            Item::Row { key, sealed, .. } => key.len() + sealed.len(),
        };
        self.part.push(item);
        if self.bytes >= PART_BYTES {
            self.close_part(false)?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub fn finish(mut self) -> Result<W, BackupError> {
        self.close_part(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn close_part(&mut self, last: bool) -> Result<(), BackupError> {
        let plain = Zeroizing::new(canon::encode(&std::mem::take(&mut self.part)));
        let mut sealed = Vec::new();
        let aad = aad(&self.line, self.number, last);
        self.seal.append(&mut sealed, &aad, &plain);
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        self.out.write_all(&[u8::from(last)])?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(&sealed)?;
        (self.bytes, self.number) = (0, self.number + 1);
        Ok(())
    }
}

/// A backup that is read.
pub struct Reader<R> {
    input: R,
    /// Its first line.
    pub front: Front,
    suite: Suite,
    line: [u8; 32],
    number: u64,
    ended: bool,
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({:?}, part {})", self.front, self.number)
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub fn begin(mut input: R) -> Result<Self, BackupError> {
        let mut line = Vec::new();
        input
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)?;
        let front: Front =
            serde_json::from_slice(&line).map_err(|error| BackupError::Form(error.to_string()))?;
        if front.form != FORM {
            return Err(BackupError::Form(format!(
                "its form is {:?}, not {FORM}",
                front.form
            )));
        }
        let suite = Suite::numbered(front.suite);
        let suite = suite.ok_or_else(|| {
            BackupError::Form(format!(
                "it is sealed in suite {}, which is not known",
                front.suite
            ))
        })?;
        let line = sha256(&[&line]);
        Ok(Self {
            input,
            front,
            suite,
            line,
            number: 0,
            ended: false,
        })
    }

    /// The key by a passphrase, and the CASE secret of that day.
    pub fn key_of_words(&self, words: &str) -> Result<(Seed, CaseSecret), BackupError> {
        let sealed = unhex(&self.front.key).unwrap_or_default();
        BackupKey::open(&sealed, words).ok_or(BackupError::Refused("passphrase"))
    }

    /// The key by the county's recovery key.
    pub fn key_of_recovery(&self, recovery: &CaseSecret) -> Result<Seed, BackupError> {
        let sealed = unhex(&self.front.key).unwrap_or_default();
        let opened = recovery.open(place(), &sealed).map(Zeroizing::new);
        let opened = opened.map_err(|_| BackupError::Refused("recovery key"))?;
        let key = opened.as_slice().try_into();
        key.map(Zeroizing::new)
            .map_err(|_| BackupError::Refused("recovery key"))
    }

    /// The next part; none after the last one.
    pub fn next_part(&mut self, key: &Seed) -> Result<Option<Vec<Item>>, BackupError> {
        if self.ended {
            return Ok(None);
        }
        let changed = || BackupError::Changed(self.number);
        let mut head = [0; 5];
        self.input.read_exact(&mut head).map_err(|_| changed())?;
        let last = head[0] == 1;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > PART_BYTES_MAX {
            return Err(changed());
        }
        let mut sealed = vec![0; length];
        self.input.read_exact(&mut sealed).map_err(|_| changed())?;
        let seal = sealer(self.suite, key);
        let plain = seal.open(&aad(&self.line, self.number, last), &sealed);
        let plain = Zeroizing::new(plain.map_err(|_| changed())?);
        let items = minicbor::decode(&plain).map_err(|_| changed())?;
        if last && !self.input.fill_buf()?.is_empty() {
            return Err(changed());
        }
        (self.ended, self.number) = (last, self.number + 1);
        Ok(Some(items))
    }
}

fn place() -> Place<'static> {
    Place {
        table: 0,
        key: b"backup",
    }
}

fn aad(line: &[u8; 32], number: u64, last: bool) -> Vec<u8> {
    [line.as_slice(), &number.to_be_bytes(), &[u8::from(last)]].concat()
}
