//! Where the store's file is: on the disk, or in a test's memory with faults. Creation and opening
//! live
//! here, because both must leave a foreign, newer or held file as it was.

use super::gate::Gate;
use super::tables::{META, SCHEMA_VERSION};
use crate::platform;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageError};
use std::fs::OpenOptions;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a file held by another program is tried again, in milliseconds.
pub const HELD_PATIENCE_MS: u64 = 10_000;
const HELD_RETRY_MS: u64 = 250;

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
}

impl FileMedium {
    /// The file at `path`; while another program holds it, opening tries again for `patience`.
    pub fn new(path: &Path, patience: Duration) -> Self {
        Self {
            path: path.to_owned(),
            patience,
            gate: Mutex::new(None),
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
        match std::fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
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
