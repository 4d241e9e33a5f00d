//! Where the store's file is: on the disk, or in a test's memory with faults. Creation and opening
//! live
//! here, because both must leave a foreign, newer or held file as it was.

use super::gate::Gate;
use super::tables::{META, SCHEMA_VERSION};
use crate::platform;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageError};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a file held by another program is tried again, in milliseconds.
pub const HELD_PATIENCE_MS: u64 = 10_000;
const HELD_RETRY_MS: u64 = 250;
/// By how much the file of the journal grows.
const JOURNAL_STEP_BYTES: u64 = 1024 * 1024;

/// A place where a redb file lives.
pub trait Medium: std::fmt::Debug + Send + Sync {
    /// Opens the file that is there, for writing.
    fn open(&self, cache_bytes: usize) -> Result<Database, DatabaseError>;
    /// Makes the file anew: `fill` writes its first rows before the file gets its name.
    fn create(&self, cache_bytes: usize, fill: Fill<'_>) -> Result<(), DatabaseError>;
    /// The schema number, read without writing to the file. None when it can't be told so.
    fn peek_schema(&self) -> Option<u32>;
    /// The file of dossier keys; none where there is none.
    fn read_keys(&self) -> io::Result<Option<Vec<u8>>>;
    /// Writes behind what is whole of the file of keys; durable when it returns.
    fn append_keys(&self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Replaces the file of keys: after a power cut it is the old one or the new one.
    fn replace_keys(&self, bytes: &[u8]) -> io::Result<()>;
    /// The file of the journal, with zeros behind its end; empty where there is none.
    fn read_journal(&self) -> io::Result<Vec<u8>>;
    /// Writes at the end of the journal, where zeros lie; durable when it returns.
    fn append_journal(&self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Ends the journal at a place: zeros lie behind it when this returns, and after a power cut some
    /// of them.
    fn end_journal(&self, at: u64) -> io::Result<()>;
    /// Size of the file, in bytes.
    fn bytes(&self) -> u64;
    /// Closes the file of a database that is not dropped: whatever is still asked of it fails.
    fn let_go(&self) {}
    /// Bytes left on its disk; none where that can't be told.
    fn free_bytes(&self) -> Option<u64> {
        None
    }
}

/// Writes the first rows of a new store.
pub type Fill<'a> = &'a dyn Fn(&Database) -> Result<(), DatabaseError>;

/// A file on the disk.
#[derive(Debug)]
pub struct FileMedium {
    path: PathBuf,
    patience: Duration,
    /// What was opened last.
    gate: Mutex<Option<Gate>>,
    journal: Mutex<Option<Journal>>,
}

/// The open file of the journal. It never gets shorter, and grows seldom: a sync that need not change a
/// length waits for no other file.
#[derive(Debug)]
struct Journal {
    file: File,
    length: u64,
    /// Behind this lie zeros.
    used: u64,
}

impl Journal {
    /// Lets the file reach to a place, with zeros.
    fn grow(&mut self, to: u64) -> io::Result<()> {
        let to = to.next_multiple_of(JOURNAL_STEP_BYTES);
        if to > self.length {
            self.zero(self.length, to)?;
            self.file.sync_all()?;
            self.length = to;
        }
        Ok(())
    }

    fn zero(&mut self, from: u64, to: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(from))?;
        let count = to.saturating_sub(from);
        io::copy(&mut io::repeat(0).take(count), &mut self.file).map(|_| ())
    }
}

impl FileMedium {
    /// The file at `path`; while another program holds it, opening tries again for `patience`.
    pub fn new(path: &Path, patience: Duration) -> Self {
        Self {
            path: path.to_owned(),
            patience,
            gate: Mutex::new(None),
            journal: Mutex::new(None),
        }
    }

    /// The journal lies beside the store whose rows it holds.
    fn journal_path(&self) -> PathBuf {
        self.path.with_extension("journal")
    }

    /// Works on the file of the journal, alone.
    fn with_journal<T>(&self, work: impl FnOnce(&mut Journal) -> io::Result<T>) -> io::Result<T> {
        let mut open = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            let path = self.journal_path();
            let file = match OpenOptions::new().read(true).write(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let file = platform::create_private(&path)?;
                    if let Some(directory) = path.parent() {
                        platform::sync_directory(directory)?;
                    }
                    file
                }
                opened => opened?,
            };
            let length = file.metadata()?.len();
            *open = Some(Journal {
                file,
                length,
                used: length,
            });
        }
        match open.as_mut() {
            Some(journal) => work(journal),
            None => Err(io::Error::other("the journal is open")),
        }
    }

    /// The keys lie beside the store that they open.
    fn keys_path(&self) -> PathBuf {
        self.path.with_extension("keys")
    }

    fn gate(&self) -> MutexGuard<'_, Option<Gate>> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patiently<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let started = Instant::now();
        loop {
            match attempt() {
                Err(error) if is_held(&error) && started.elapsed() < self.patience => {
                    tracing::warn!(path = %self.path.display(), "另一程序正占用数据文件，稍后重试");
                    std::thread::sleep(Duration::from_millis(HELD_RETRY_MS).min(self.patience));
                }
                done => return done,
            }
        }
    }
}

impl Medium for FileMedium {
    fn open(&self, cache_bytes: usize) -> Result<Database, DatabaseError> {
        self.patiently(|| {
            let gate = Gate::open(&self.path)?;
            let opened = Builder::new()
                .set_cache_size(cache_bytes)
                .create_with_backend(gate.clone())?;
            *self.gate() = Some(gate);
            Ok(opened)
        })
    }

    fn let_go(&self) {
        if let Some(gate) = self.gate().take() {
            gate.shut();
        }
    }

    fn create(&self, cache_bytes: usize, fill: Fill<'_>) -> Result<(), DatabaseError> {
        if self.path.exists() {
            let message = format!("{} must not exist yet", self.path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message).into());
        }
        let unfinished = self.path.with_extension("new");
        // What is left of another store is none of this one's.
        for left in [&unfinished, &self.journal_path()] {
            match std::fs::remove_file(left) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let database = Builder::new()
            .set_cache_size(cache_bytes)
            .create(&unfinished)?;
        fill(&database)?;
        drop(database);
        std::fs::rename(&unfinished, &self.path)?;
        match self.path.parent() {
            Some(directory) => Ok(platform::sync_directory(directory)?),
            None => Ok(()),
        }
    }

    fn peek_schema(&self) -> Option<u32> {
        let database = Builder::new().open_read_only(&self.path).ok()?;
        read_schema(&database)
    }

    fn read_keys(&self) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.keys_path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn append_keys(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(self.keys_path())?;
        file.set_len(at)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
        file.sync_data()
    }

    fn replace_keys(&self, bytes: &[u8]) -> io::Result<()> {
        platform::write_atomically(&self.keys_path(), bytes)
    }

    fn read_journal(&self) -> io::Result<Vec<u8>> {
        // Under the lock, so that nothing is read half written.
        let _alone = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        match std::fs::read(self.journal_path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }

    fn append_journal(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.with_journal(|journal| {
            // What an earlier write left half done goes.
            if journal.used > at {
                journal.zero(at, journal.used)?;
            }
            let end = at + bytes.len() as u64;
            journal.used = end;
            journal.grow(end)?;
            journal.file.seek(SeekFrom::Start(at))?;
            journal.file.write_all(bytes)?;
            journal.file.sync_data()
        })
    }

    fn end_journal(&self, at: u64) -> io::Result<()> {
        self.with_journal(|journal| {
            journal.zero(at, journal.used)?;
            journal.file.sync_data()?;
            journal.used = at;
            Ok(())
        })
    }

    fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    fn free_bytes(&self) -> Option<u64> {
        platform::free_bytes(&self.path)
    }
}

/// The number in the store's own table.
pub(super) fn read_schema(database: &impl ReadableDatabase) -> Option<u32> {
    let meta = database.begin_read().ok()?.open_table(META).ok()?;
    let row = meta.get("schema").ok()??;
    row.value().try_into().ok().map(u32::from_be_bytes)
}

/// Whether this program knows the form of a store.
pub(super) fn is_known_schema(schema: u32) -> bool {
    (1..=SCHEMA_VERSION).contains(&schema)
}

fn is_held(error: &DatabaseError) -> bool {
    match error {
        DatabaseError::DatabaseAlreadyOpen => true,
        DatabaseError::Storage(StorageError::Io(error)) => platform::is_held(error),
        _ => false,
    }
}
