//! A disk in memory with two images: what the program sees and what would survive a power cut. It
//! can be cut while its k-th sync runs, with any subset of the unsynced 512 B sectors on the
//! platter; it can be full, refuse its k-th call, and tell afterwards what was asked of it.

#![allow(dead_code, reason = "each test file uses its part of the disk")]

use jiaolian_node::store::{Fill, Medium};
use redb::{Builder, Database, DatabaseError, StorageBackend};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

const SECTOR_BYTES: usize = 512;

/// Seeded numbers for torn writes and flipped bits.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }
}

/// What a program asks of a disk, reads left out.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Write(u64, Vec<u8>),
    Length(u64),
    Sync,
}

impl Op {
    /// Does to an image what was asked.
    pub(crate) fn lay_on(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write(offset, bytes) => lay(image, *offset as usize, bytes),
            Self::Length(length) => image.resize(*length as usize, 0),
            Self::Sync => {}
        }
    }

    /// As if the power went while it was on its way: half of its sectors are there, and a length
    /// in half of the cases.
    pub(crate) fn lay_torn(&self, image: &mut Vec<u8>, dice: &mut Dice) {
        match self {
            Self::Write(offset, bytes) => {
                for (i, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                    if dice.below(2) == 0 {
                        lay(image, *offset as usize + i * SECTOR_BYTES, sector);
                    }
                }
            }
            _ if dice.below(2) == 0 => self.lay_on(image),
            _ => {}
        }
    }
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing is done.
    Error,
    /// Nothing is done, for want of room; only calls that need some.
    Full,
    /// The first half of a write is done; a sync is done whole, and all the same said not to be.
    Short,
}

#[derive(Debug)]
struct Platter {
    live: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Op>,
    /// What was asked since recording began.
    log: Option<Vec<Op>>,
    /// Calls so far, reads among them.
    calls: u64,
    refuse_at: Option<(u64, Refusal)>,
    syncs: u64,
    cut_at_sync: Option<u64>,
    cut: bool,
    room_bytes: u64,
    dice: Dice,
    /// The file of dossier keys, which is whole after each write.
    keys: Option<Vec<u8>>,
    /// The file of the journal: what the program sees, what is durable, and what lies between.
    journal: Vec<u8>,
    journal_durable: Vec<u8>,
    journal_unsynced: Vec<Op>,
}

/// The disk; clones are the same disk.
#[derive(Debug, Clone)]
pub(crate) struct ImageDisk(Arc<Mutex<Platter>>);

impl ImageDisk {
    pub(crate) fn new(image: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Platter {
            live: image.clone(),
            durable: image,
            unsynced: Vec::new(),
            log: None,
            calls: 0,
            refuse_at: None,
            syncs: 0,
            cut_at_sync: None,
            cut: false,
            room_bytes: u64::MAX,
            dice: Dice::new(0),
            keys: None,
            journal: Vec::new(),
            journal_durable: Vec::new(),
            journal_unsynced: Vec::new(),
        })))
    }

    /// The disk as it is when the power comes back.
    pub(crate) fn after_cut(&self) -> Self {
        let platter = self.platter();
        let next = Self::new(platter.durable.clone());
        next.platter().journal.clone_from(&platter.journal_durable);
        next.platter()
            .journal_durable
            .clone_from(&platter.journal_durable);
        next
    }

    pub(crate) fn cut_at_sync(&self, sync: u64, seed: u64) {
        let mut platter = self.platter();
        platter.cut_at_sync = Some(platter.syncs + sync);
        platter.dice = Dice::new(seed);
    }

    /// From now on what is asked is noted.
    pub(crate) fn record(&self) {
        self.platter().log = Some(Vec::new());
    }

    /// How much was noted so far.
    pub(crate) fn recorded(&self) -> usize {
        self.platter().log.as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn take_log(&self) -> Vec<Op> {
        self.platter().log.take().unwrap_or_default()
    }

    /// The k-th call from now on, counted from 1, is refused; later ones are not.
    pub(crate) fn refuse(&self, call: u64, refusal: Refusal) {
        let mut platter = self.platter();
        platter.refuse_at = Some((platter.calls + call, refusal));
    }

    /// Whether the refusal came; none will come any more.
    pub(crate) fn has_refused(&self) -> bool {
        self.platter().refuse_at.take().is_none()
    }

    pub(crate) fn set_room(&self, bytes: u64) {
        self.platter().room_bytes = bytes;
    }

    pub(crate) fn live(&self) -> Vec<u8> {
        self.platter().live.clone()
    }

    pub(crate) fn durable(&self) -> Vec<u8> {
        self.platter().durable.clone()
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.platter().syncs
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.platter().cut
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Platter {
    fn powered(&self) -> io::Result<()> {
        if self.cut {
            Err(io::Error::other("the power is off"))
        } else {
            Ok(())
        }
    }

    /// Whether this very call is to fail, and how.
    fn refusal(&mut self) -> io::Result<Option<Refusal>> {
        self.powered()?;
        self.calls += 1;
        let due = self.refuse_at.is_some_and(|(call, _)| call == self.calls);
        Ok(due
            .then(|| self.refuse_at.take().map(|(_, refusal)| refusal))
            .flatten())
    }

    fn note(&mut self, op: Op) {
        if let Some(log) = &mut self.log {
            log.push(op.clone());
        }
        match op {
            Op::Sync => self.settle(),
            op => {
                op.lay_on(&mut self.live);
                self.unsynced.push(op);
            }
        }
    }

    fn settle(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            change.lay_on(&mut self.durable);
        }
    }

    fn tear(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            change.lay_torn(&mut self.durable, &mut self.dice);
        }
        for change in std::mem::take(&mut self.journal_unsynced) {
            change.lay_torn(&mut self.journal_durable, &mut self.dice);
        }
    }

    fn note_journal(&mut self, op: Op) {
        op.lay_on(&mut self.journal);
        self.journal_unsynced.push(op);
    }

    /// Syncs the journal, or loses the power over it.
    fn sync_journal(&mut self) -> io::Result<()> {
        self.syncs += 1;
        if self.cut_at_sync == Some(self.syncs) {
            self.tear();
            self.cut = true;
            return self.powered();
        }
        for change in std::mem::take(&mut self.journal_unsynced) {
            change.lay_on(&mut self.journal_durable);
        }
        Ok(())
    }
}

fn broken() -> io::Error {
    io::Error::other("the disk does not answer")
}

fn lay(image: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset..end].copy_from_slice(bytes);
}

impl StorageBackend for ImageDisk {
    fn len(&self) -> io::Result<u64> {
        let platter = self.platter();
        platter.powered()?;
        Ok(platter.live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut platter = self.platter();
        match platter.refusal()? {
            Some(Refusal::Error | Refusal::Short) => return Err(broken()),
            Some(Refusal::Full) | None => {}
        }
        let start = offset as usize;
        let found = platter.live.get(start..start.saturating_add(out.len()));
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.platter();
        match platter.refusal()? {
            Some(Refusal::Full) => return Err(io::ErrorKind::StorageFull.into()),
            Some(Refusal::Error | Refusal::Short) => return Err(broken()),
            None => {}
        }
        if len > platter.room_bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        platter.note(Op::Length(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.platter();
        match platter.refusal()? {
            Some(Refusal::Error) => return Err(broken()),
            Some(Refusal::Full) => return Err(io::ErrorKind::StorageFull.into()),
            Some(Refusal::Short) => {
                platter.note(Op::Sync);
                return Err(broken());
            }
            None => {}
        }
        platter.syncs += 1;
        if platter.cut_at_sync == Some(platter.syncs) {
            platter.tear();
            platter.cut = true;
            return platter.powered();
        }
        platter.note(Op::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.platter();
        match platter.refusal()? {
            Some(Refusal::Error) => return Err(broken()),
            Some(Refusal::Full) => return Err(io::ErrorKind::StorageFull.into()),
            Some(Refusal::Short) => {
                platter.note(Op::Write(offset, data[..data.len() / 2].to_vec()));
                return Err(broken());
            }
            None => {}
        }
        platter.note(Op::Write(offset, data.to_vec()));
        Ok(())
    }
}

impl Medium for ImageDisk {
    fn open(&self, cache_bytes: usize) -> Result<Database, DatabaseError> {
        if self.platter().live.is_empty() {
            return Err(io::Error::from(io::ErrorKind::InvalidData).into());
        }
        Builder::new()
            .set_cache_size(cache_bytes)
            .create_with_backend(self.clone())
    }

    fn create(&self, cache_bytes: usize, fill: Fill<'_>) -> Result<(), DatabaseError> {
        let database = Builder::new()
            .set_cache_size(cache_bytes)
            .create_with_backend(self.clone())?;
        fill(&database)
    }

    fn peek_schema(&self) -> Option<u32> {
        None
    }

    fn read_keys(&self) -> io::Result<Option<Vec<u8>>> {
        let platter = self.platter();
        platter.powered()?;
        Ok(platter.keys.clone())
    }

    fn append_keys(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut platter = self.platter();
        platter.powered()?;
        let keys = platter.keys.as_mut().ok_or(io::ErrorKind::NotFound)?;
        keys.truncate(at as usize);
        keys.extend_from_slice(bytes);
        Ok(())
    }

    fn replace_keys(&self, bytes: &[u8]) -> io::Result<()> {
        let mut platter = self.platter();
        platter.powered()?;
        platter.keys = Some(bytes.to_vec());
        Ok(())
    }

    fn read_journal(&self) -> io::Result<Vec<u8>> {
        let platter = self.platter();
        platter.powered()?;
        Ok(platter.journal.clone())
    }

    fn append_journal(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut platter = self.platter();
        let refusal = platter.refusal()?;
        let room = platter.room_bytes.saturating_sub(platter.live.len() as u64);
        if refusal == Some(Refusal::Full) || at + bytes.len() as u64 > room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if refusal == Some(Refusal::Error) {
            return Err(broken());
        }
        let used = platter.journal.len();
        if used as u64 > at {
            let zeros = vec![0; used - at as usize];
            platter.note_journal(Op::Write(at, zeros));
        }
        if refusal == Some(Refusal::Short) {
            platter.note_journal(Op::Write(at, bytes[..bytes.len() / 2].to_vec()));
            return Err(broken());
        }
        platter.note_journal(Op::Write(at, bytes.to_vec()));
        platter.sync_journal()
    }

    fn end_journal(&self, at: u64) -> io::Result<()> {
        let mut platter = self.platter();
        platter.powered()?;
        let zeros = vec![0; platter.journal.len().saturating_sub(at as usize)];
        platter.note_journal(Op::Write(at, zeros));
        platter.sync_journal()
    }

    fn bytes(&self) -> u64 {
        self.platter().live.len() as u64
    }
}
