//! The one place where redb is called: errors close the database so that the next call opens the
//! file
//! again, and a panic inside redb becomes an answer.

use super::{CommitError, Fill, Medium};
use jiaolian_sync::{StoreError, Table};
use redb::Database;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

const MIB: usize = 1024 * 1024;

/// What went wrong below the store.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Another process holds the file.
    Held,
    /// No room on the disk.
    Full,
    /// The disk, or redb after the disk failed.
    Disk(String),
    /// The file's bytes contradict themselves.
    Rotten(String),
}

impl Trouble {
    pub(super) fn on(self, table: Table) -> StoreError {
        match self {
            Self::Rotten(_) => StoreError::Damaged(table),
            Self::Held => StoreError::Disk("another program holds the store".into()),
            Self::Full => StoreError::Disk("the disk is full".into()),
            Self::Disk(text) => StoreError::Disk(text),
        }
    }
}

impl From<Trouble> for CommitError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Rotten(text) => Self::Damaged(text),
            Trouble::Held => Self::Disk("another program holds the store".into()),
            Trouble::Full => Self::Full,
            Trouble::Disk(text) => Self::Disk(text),
        }
    }
}

impl From<redb::Error> for Trouble {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::Held,
            redb::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => Self::Full,
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Rotten(error.to_string())
            }
            redb::Error::Corrupted(text) => Self::Rotten(text),
            other => Self::Disk(other.to_string()),
        }
    }
}

/// A database that is open, or that opens again at the next call.
#[derive(Debug)]
pub(super) struct Slot {
    medium: Arc<dyn Medium>,
    cache_bytes: usize,
    database: RwLock<Option<Database>>,
}

impl Slot {
    pub(super) fn new(medium: Arc<dyn Medium>, cache_mib: u16) -> Self {
        let cache_bytes = usize::from(cache_mib) * MIB;
        Self {
            medium,
            cache_bytes,
            database: RwLock::new(None),
        }
    }

    pub(super) fn create(&self, fill: Fill<'_>) -> Result<(), Trouble> {
        guarded(|| Ok(self.medium.create(self.cache_bytes, fill)?))?;
        self.reopen()
    }

    pub(super) fn peek_schema(&self) -> Option<u32> {
        catch_unwind(AssertUnwindSafe(|| self.medium.peek_schema())).ok()?
    }

    pub(super) fn medium(&self) -> &dyn Medium {
        &*self.medium
    }

    pub(super) fn shared_medium(&self) -> Arc<dyn Medium> {
        Arc::clone(&self.medium)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.medium.bytes()
    }

    pub(super) fn free_bytes(&self) -> Option<u64> {
        self.medium.free_bytes()
    }

    /// Runs one short transaction.
    pub(super) fn with<T>(
        &self,
        work: impl Fn(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, Trouble> {
        loop {
            {
                let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
                if let Some(database) = open.as_ref() {
                    let done = guarded(|| work(database));
                    drop(open);
                    return done.inspect_err(|trouble| self.close(trouble));
                }
            }
            self.reopen()?;
        }
    }

    /// Runs alone, with everybody else waiting.
    pub(super) fn with_mut<T>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, redb::Error>,
    ) -> Result<T, Trouble> {
        self.reopen()?;
        let mut open = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(database) = open.as_mut() else {
            return Err(Trouble::Disk("the store closed meanwhile".into()));
        };
        let done = guarded(|| work(database));
        drop(open);
        done.inspect_err(|trouble| self.close(trouble))
    }

    fn reopen(&self) -> Result<(), Trouble> {
        let mut open = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = Some(guarded(|| Ok(self.medium.open(self.cache_bytes)?))?);
        }
        Ok(())
    }

    /// A database that rotted is forgotten, its file closed below it: redb may panic while it says
    /// good-bye, and once more while it clears up after that, which would end the process.
    fn close(&self, trouble: &Trouble) {
        let database = self.take();
        if matches!(trouble, Trouble::Rotten(_)) {
            self.medium.let_go();
            std::mem::forget(database);
        } else {
            let _ = catch_unwind(AssertUnwindSafe(move || drop(database)));
        }
    }

    fn take(&self) -> Option<Database> {
        let mut open = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        open.take()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let database = self.take();
        let _ = catch_unwind(AssertUnwindSafe(move || drop(database)));
    }
}

fn guarded<T>(work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Trouble> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(Trouble::from),
        Err(_) => Err(Trouble::Rotten("reading it does not end well".into())),
    }
}
