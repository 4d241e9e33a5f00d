//! A disk in memory with two images: what the program sees and what would survive a power cut. It
//! can be
//! cut while its k-th sync runs, with any subset of the unsynced 512 B sectors on the platter, and
//! it can
//! be full.

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

#[derive(Debug)]
enum Unsynced {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Debug)]
struct Platter {
    live: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Unsynced>,
    syncs: u64,
    cut_at_sync: Option<u64>,
    cut: bool,
    room_bytes: u64,
    dice: Dice,
    /// The file of dossier keys, which is whole after each write.
    keys: Option<Vec<u8>>,
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
            syncs: 0,
            cut_at_sync: None,
            cut: false,
            room_bytes: u64::MAX,
            dice: Dice::new(0),
            keys: None,
        })))
    }

    pub(crate) fn cut_at_sync(&self, sync: u64, seed: u64) {
        let mut platter = self.platter();
        platter.cut_at_sync = Some(platter.syncs + sync);
        platter.dice = Dice::new(seed);
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

    fn settle(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            match change {
                Unsynced::Length(length) => self.durable.resize(length as usize, 0),
                Unsynced::Write(offset, bytes) => lay(&mut self.durable, offset as usize, &bytes),
            }
        }
    }

    fn tear(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            match change {
                Unsynced::Length(length) if self.dice.below(2) == 0 => {
                    self.durable.resize(length as usize, 0);
                }
                Unsynced::Length(_) => {}
                Unsynced::Write(offset, bytes) => {
                    for (i, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                        if self.dice.below(2) == 0 {
                            lay(
                                &mut self.durable,
                                offset as usize + i * SECTOR_BYTES,
                                sector,
                            );
                        }
                    }
                }
            }
        }
    }
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
        let platter = self.platter();
        platter.powered()?;
        let start = offset as usize;
        let found = platter.live.get(start..start.saturating_add(out.len()));
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.platter();
        platter.powered()?;
        if len > platter.room_bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        platter.live.resize(len as usize, 0);
        platter.unsynced.push(Unsynced::Length(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.platter();
        platter.powered()?;
        platter.syncs += 1;
        if platter.cut_at_sync == Some(platter.syncs) {
            platter.tear();
            platter.cut = true;
            return platter.powered();
        }
        platter.settle();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.platter();
        platter.powered()?;
        lay(&mut platter.live, offset as usize, data);
        platter
            .unsynced
            .push(Unsynced::Write(offset, data.to_vec()));
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

    fn bytes(&self) -> u64 {
        self.platter().live.len() as u64
    }
}
