//! The file under redb, behind a gate that can be shut for good. redb may panic while it clears up after
//! a panic of its own, which ends the process whatever is caught; so a database whose file contradicts
//! itself is forgotten and not dropped: its file is closed here, and nothing is written to it any more.

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// A file that is open, or shut for good. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Gate(Arc<RwLock<Option<FileBackend>>>);

impl Gate {
    /// The file that is there.
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if file.metadata()?.len() == 0 {
            let message = "the file is empty";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message).into());
        }
        let file = FileBackend::new(file)?;
        Ok(Self(Arc::new(RwLock::new(Some(file)))))
    }

    /// Closes the file and gives its lock back. Whatever redb asks for from now on fails.
    pub(super) fn shut(&self) {
        drop(
            self.0
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    fn with<T>(&self, work: impl FnOnce(&FileBackend) -> io::Result<T>) -> io::Result<T> {
        let file = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match file.as_ref() {
            Some(file) => work(file),
            None => Err(io::Error::other(
                "the store is damaged and its file was let go of",
            )),
        }
    }

    fn lock(
        &self,
        work: impl FnOnce(&FileBackend) -> Result<bool, BackendError>,
    ) -> Result<bool, BackendError> {
        let file = self.0.read().unwrap_or_else(PoisonError::into_inner);
        file.as_ref().map_or(Ok(false), work)
    }
}

impl StorageBackend for Gate {
    fn len(&self) -> io::Result<u64> {
        self.with(StorageBackend::len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(|file| file.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|file| file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(StorageBackend::sync_data)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(|file| file.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        let file = self.0.read().unwrap_or_else(PoisonError::into_inner);
        file.as_ref().map_or(Ok(()), StorageBackend::close)
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.lock(|file| file.try_lock_range(start, end))
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.lock(|file| file.try_lock_shared_range(start, end))
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        let file = self.0.read().unwrap_or_else(PoisonError::into_inner);
        file.as_ref()
            .map_or(Ok(()), |file| file.unlock_range(start, end))
    }
}
