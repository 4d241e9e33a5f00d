//! What the Replica asks of a disk: ordered tables of bytes, read at once, written in batches that
//! are all or nothing.
//!
//! The Replica never writes. It answers each verb with `Effect::Store(writes)` and reads its own
//! unflushed
//! writes from memory, so a shell may gather the writes of several verbs into one durable commit.

use std::collections::BTreeMap;
use thiserror::Error;

/// One table of the node's disk. The number is part of the disk form and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// Signed heads. Key: envelope id (32). Value: head bytes and signature. Kept for ever.
    Head = 1,
    /// Bodies that open without anybody signed in: of Roster dossiers, of logs, and of the acts that
    /// raise alarms, which know a code and no name. Key: envelope id (32).
    RosterBody = 2,
    /// Bodies of all other dossiers. Key: envelope id (32). CASE domain.
    CaseBody = 3,
    /// What the fold needs of an act, without text about a person. Key: dossier (32), envelope id
    /// (32).
    Fact = 4,
    /// One row a dossier: kind, responsible office, digest of the frontier. Key: dossier (32).
    Index = 5,
    /// Frontier of a dossier. Key: dossier (32). Value: author, tips.
    Frontier = 6,
    /// Heads by chain. Key: author (32), n (8, big-endian), id (32). Value: empty.
    Chain = 7,
    /// Envelopes refused for good, with the reason. Key: receive number (8, big-endian). Counted,
    /// listed, exportable.
    Refused = 8,
    /// What each peer was last known to agree on. Key: peer (32). May be thrown away.
    Hint = 9,
    /// Position reports. Key: person code (16), device time ms (8, big-endian, sign flipped), fix
    /// id (32).
    Fix = 10,
    /// The watch of one person. Key: person code (16).
    Watch = 11,
    /// The node's own few values (its author's chain tip, commit number). Key: a short name.
    Local = 12,
    /// Envelopes parked until what they name arrives. Key: envelope id (32).
    Parked = 13,
    /// Change log for peers: commit number (8, big-endian) to dossier (32). Trimmed.
    Changed = 14,
    /// Cases that were destroyed, and which offices had them. Key: dossier (32).
    Shred = 37,
    /// Cases that went to another office, and where. Key: dossier (32).
    Parted = 38,
    /// Logs of nodes that were let go of. Key: dossier (32).
    Purged = 39,
    /// Shell: staff key rings, wrapped by each officer's passphrase. Key: staff number.
    KeyRing = 32,
    /// Shell: drafts, sealed for their owner. Key: person (16), name of the form.
    Draft = 33,
    /// Shell: merged content and read models. Key: dossier (32). May be thrown away and rebuilt.
    View = 34,
    /// Shell: reports of devices that are no position. Key: terminal, a zero byte, hash (32).
    Device = 35,
    /// The node's own log: who looked at what, and why, what was signed, refused and shown. Key:
    /// number (8, big-endian).
    Access = 36,
    /// Shell: keys that officers asked for and that nobody appointed yet. Key: staff number, a zero
    /// byte, nonce (16).
    Pending = 40,
    /// Shell: who signed in, when, by which key. Key: time ms (8, big-endian), nonce (8).
    SignIn = 41,
    /// Reports without a position. Key: person code (16), device time ms (8, big-endian, sign
    /// flipped), signal id (32).
    Signal = 42,
    /// What a person's positions of a day came to be stored as. Key: person code (16), first instant
    /// ms (8, big-endian, sign flipped).
    Track = 43,
    /// What the node did and did not do: when it ran, who was told of what. Key: kind (1), time ms
    /// (8, big-endian, sign flipped), name.
    Duty = 44,
    /// Shell: rows that are durable and not yet in their tables. Key: number (8, big-endian).
    Journal = 45,
    /// Check-ins, each a single point. Key: person code (16), device time ms (8, big-endian, sign
    /// flipped), check-in id (32).
    CheckIn = 46,
    /// What is or will be late of one person by acts and the clock. Key: person code (16).
    Late = 48,
}

/// One row to put or to take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Which table.
    pub table: Table,
    /// The row's key.
    pub key: Vec<u8>,
    /// `None` removes the row.
    pub value: Option<Vec<u8>>,
}

/// Rows in ascending order of their keys.
pub type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// Why a row could not be read.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum StoreError {
    /// The CASE domain is closed until an officer signs in.
    #[error("table {0:?} is closed until an officer signs in")]
    Locked(Table),
    /// The bytes on the disk are not the bytes that were written.
    #[error("table {0:?} holds a row that fails its seal")]
    Damaged(Table),
    /// The disk refused.
    #[error("the disk refused to read: {0}")]
    Disk(String),
}

/// Ordered tables that can be read.
pub trait Store {
    /// The value at `key`, or none.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Up to `limit` rows with `from <= key < to`, in ascending order of keys.
    fn range(&self, table: Table, from: &[u8], to: &[u8], limit: usize)
    -> Result<Rows, StoreError>;
}

/// The twin of the disk in memory, for the simulator and for tests.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    rows: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
}

impl MemoryStore {
    /// Makes every write, as one commit.
    pub fn commit(&mut self, writes: &[Write]) {
        for write in writes {
            let place = (write.table, write.key.clone());
            match &write.value {
                Some(value) => self.rows.insert(place, value.clone()),
                None => self.rows.remove(&place),
            };
        }
    }

    /// How many rows a table has.
    pub fn len(&self, table: Table) -> usize {
        self.rows
            .range((table, Vec::new())..)
            .take_while(|((t, _), _)| *t == table)
            .count()
    }
}

impl Store for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.get(&(table, key.to_vec())).cloned())
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Rows, StoreError> {
        if from >= to {
            return Ok(Rows::new());
        }
        let rows = self
            .rows
            .range((table, from.to_vec())..(table, to.to_vec()));
        Ok(rows
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }
}
