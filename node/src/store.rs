//! The node's disk: redb with every value sealed, one durable commit for a batch of writes, reads
//! that
//! never give other bytes than were written.
//!
//! `DiskStore` belongs to the owner thread; `StoreReader` is its cloneable view for everybody else.
//! Neither
//! holds a transaction longer than one call. redb refuses everything after an error of the disk and
//! may
//! panic on bytes that rotted, so the database sits in a `Slot` that catches both and opens the
//! file again
//! at the next call.

mod copy;
mod error;
mod flight;
mod gate;
mod journal;
mod medium;
mod read;
mod record;
mod rekey;
mod row;
mod scrub;
mod slot;
pub mod tables;

use crate::seal::{CasePublic, CaseSecret, OpsKey, Place, UnlockError, Vault};
use error::{no_keys, refuse, unwrap_error};
use flight::{Departure, Flights, Pen};
use jiaolian_sync::{Rows, Store, StoreError, Table, Write};
use journal::{Journal, TAKEN_KEY};
use medium::{is_known_schema, read_schema};
use redb::Database;
use row::{first_rows, meta_row, write_meta, write_rows};
use slot::{Slot, Trouble};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tables::SCHEMA_VERSION;

pub(crate) use copy::table_of;
pub use copy::{CopyError, SealedRow};
pub use error::{CommitError, OpenStoreError};
pub use flight::Landing;
pub use medium::{FileMedium, Fill, HELD_PATIENCE_MS, Medium};
pub use rekey::{RekeyError, Resealing};
pub use scrub::ScrubReport;

/// Cache of a township's store, in MiB; redb's own default is 1 GiB.
pub const CACHE_MIB_DEFAULT: u16 = 16;

/// The name of the file of dossier keys in an office's directory.
pub const KEYS_FILE: &str = "store.keys";

const CASE_PUBLIC_ROW: &str = "case-public";

/// The node's disk, for the one thread that writes.
#[derive(Debug)]
pub struct DiskStore {
    reader: StoreReader,
    flights: Flights,
}

/// A view of the node's disk for everybody who only reads; clones share it.
#[derive(Debug, Clone)]
pub struct StoreReader {
    slot: Arc<Slot>,
    vault: Arc<Vault>,
    work: Arc<Work>,
    journal: Arc<Journal>,
}

/// How much was read so far, by everybody who reads.
#[derive(Debug, Default)]
struct Work {
    reads: AtomicU64,
    opened: AtomicU64,
}

impl DiskStore {
    /// Makes a new store and opens it with its CASE domain closed. Its file appears whole or not at
    /// all.
    pub fn create(
        medium: Arc<dyn Medium>,
        cache_mib: u16,
        ops: OpsKey,
        case_public: CasePublic,
    ) -> Result<Self, OpenStoreError> {
        let sealed = sealed_public(&ops, case_public);
        let fill = |database: &Database| first_rows(database, &sealed, &[]).map_err(unwrap_error);
        let slot = Slot::new(medium, cache_mib);
        let (vault, keys) = Vault::create(ops, case_public);
        slot.create(&fill).map_err(refuse)?;
        slot.medium().replace_keys(&keys).map_err(no_keys)?;
        let vault = Arc::new(vault);
        Ok(Self {
            reader: StoreReader {
                slot: Arc::new(slot),
                vault,
                work: Arc::default(),
                journal: Arc::default(),
            },
            flights: Flights::default(),
        })
    }

    /// Opens the store that is there, with its CASE domain closed.
    pub fn open(
        medium: Arc<dyn Medium>,
        cache_mib: u16,
        ops: OpsKey,
    ) -> Result<Self, OpenStoreError> {
        let slot = Slot::new(medium, cache_mib);
        if let Some(found) = slot
            .peek_schema()
            .filter(|schema| !is_known_schema(*schema))
        {
            return Err(OpenStoreError::Newer { found });
        }
        let (schema, sealed) = slot
            .with(|db| Ok((read_schema(db), meta_row(db)?)))
            .map_err(refuse)?;
        match schema {
            Some(found) if is_known_schema(found) => {}
            Some(found) => return Err(OpenStoreError::Newer { found }),
            None => return Err(OpenStoreError::Unreadable("it has no schema row".into())),
        }
        let public = ops.open(meta_place(CASE_PUBLIC_ROW), &sealed.unwrap_or_default());
        let public = public.ok().and_then(|bytes| CasePublic::from_bytes(&bytes));
        let public = public.ok_or(OpenStoreError::WrongKey)?;
        let vault = if let Some(file) = slot.medium().read_keys().map_err(no_keys)? {
            Vault::new(ops, public, &file).map_err(no_keys)?
        } else {
            // A store of the first form, or one whose keys were lost: what they sealed stays closed.
            if schema != Some(1) {
                tracing::error!("the keys of dossiers are gone from beside the store");
            }
            let (vault, file) = Vault::create(ops, public);
            slot.medium().replace_keys(&file).map_err(no_keys)?;
            vault
        };
        if schema != Some(SCHEMA_VERSION) {
            let public = sealed_public(vault.ops(), public);
            slot.with(|db| write_meta(db, &public, &[], &[]))
                .map_err(refuse)?;
        }
        let reader = StoreReader {
            slot: Arc::new(slot),
            vault: Arc::new(vault),
            work: Arc::default(),
            journal: Arc::default(),
        };
        reader.read_journal()?;
        Ok(Self {
            reader,
            flights: Flights::default(),
        })
    }

    /// Writes a batch as one durable transaction: all of it is on the disk when this returns, or
    /// none of it
    /// counts.
    pub fn commit(&self, writes: &[Write]) -> Result<(), CommitError> {
        if writes.is_empty() {
            return Ok(());
        }
        self.flights.wait()?;
        match self.reader.journal.number_for(writes) {
            Some(number) => self.write_journal(number, writes),
            None => self.write_tables(writes),
        }
    }

    /// Whether a batch may begin and be durable later; what else there is to do must not need it on
    /// the disk.
    pub fn may_begin(&self, writes: &[Write]) -> bool {
        self.reader.journal.number_for(writes).is_some()
    }

    /// Begins to write a batch: whoever reads sees it from now on, and `landing` hears when it is on
    /// the disk. No other commit is made before that; a batch that may not begin is written at once.
    pub fn begin(&self, writes: Vec<Write>, landing: Landing) -> Result<(), CommitError> {
        self.flights.wait()?;
        let Some(number) = self.reader.journal.number_for(&writes) else {
            landing(self.write_tables(&writes));
            return Ok(());
        };
        let (row, day) = journal::pack(&writes);
        self.reader.journal.take(number, writes);
        let departure = Departure {
            number,
            row,
            day,
            landing,
        };
        self.flights.begin(&self.reader, departure)
    }

    /// Writes a batch as one record of the journal.
    fn write_journal(&self, number: u64, writes: &[Write]) -> Result<(), CommitError> {
        let (row, day) = journal::pack(writes);
        Pen::of(&self.reader).write(number, (&row, day))?;
        self.reader.journal.take(number, writes.to_vec());
        Ok(())
    }

    /// Writes a batch, and before it all of the journal, to their tables.
    fn write_tables(&self, writes: &[Write]) -> Result<(), CommitError> {
        self.flights.wait()?;
        let journal = &self.reader.journal;
        if journal.is_damaged() {
            let text = "what was reported last can't be read";
            return Err(CommitError::Damaged(text.to_owned()));
        }
        let mut all = journal.waiting();
        let taken = (!all.is_empty()).then(|| self.taken());
        all.extend_from_slice(writes);
        if all.is_empty() {
            return Ok(());
        }
        let sealed = self.seal(&all)?;
        let slot = &self.reader.slot;
        slot.with(|db| write_rows(db, &all, &sealed, taken.as_deref()))
            .map_err(CommitError::from)?;
        if taken.is_some() {
            self.medium().end_journal(0)?;
            journal.clear();
        }
        Ok(())
    }

    /// The sealed number of the next commit.
    fn taken(&self) -> Vec<u8> {
        let next = self.reader.journal.next().to_be_bytes();
        self.reader.vault.seal(Table::Journal, TAKEN_KEY, &next)
    }

    /// Rows as they lie on the disk; the keys that they need lie there when this returns.
    fn seal(&self, writes: &[Write]) -> Result<Vec<Option<Vec<u8>>>, CommitError> {
        let vault = &self.reader.vault;
        let seal = |w: &Write| {
            let plain = w.value.as_ref()?;
            Some(vault.seal(w.table, &w.key, plain))
        };
        let sealed = writes.iter().map(seal).collect();
        self.write_keys()?;
        Ok(sealed)
    }

    fn write_keys(&self) -> Result<(), CommitError> {
        let vault = &self.reader.vault;
        if let Some((at, bytes)) = vault.unwritten() {
            self.medium().append_keys(at, &bytes)?;
            vault.written();
        }
        Ok(())
    }

    fn medium(&self) -> &dyn Medium {
        self.reader.slot.medium()
    }

    /// A view for readers.
    pub fn reader(&self) -> StoreReader {
        self.reader.clone()
    }

    /// Opens the CASE domain for this store and all its readers.
    pub fn unlock(&self, secret: CaseSecret) -> Result<(), UnlockError> {
        let file = self.medium().read_keys().ok().flatten().unwrap_or_default();
        self.reader.vault.unlock(secret, &file)
    }

    /// Closes the CASE domain for this store and all its readers.
    pub fn lock(&self) {
        self.reader.vault.lock();
    }

    /// The half of the CASE pair that seals while locked.
    pub fn case_public(&self) -> CasePublic {
        self.reader.vault.case_public()
    }

    /// Verifies the checksum of every page, which finds missing rows too. Reads the whole file;
    /// false is
    /// damage.
    pub fn check(&self) -> Result<bool, CommitError> {
        let checked = self
            .reader
            .slot
            .with_mut(|db| db.check_integrity().map_err(Into::into));
        match checked {
            Err(Trouble::Rotten(_)) => Ok(false),
            other => other.map_err(Into::into),
        }
    }

    /// Gives room back to the disk; true when something moved. Readers wait while it runs.
    pub fn compact(&self) -> Result<bool, CommitError> {
        self.reader
            .slot
            .with_mut(|db| db.compact().map_err(Into::into))
            .map_err(Into::into)
    }
}

impl StoreReader {
    /// What opens the CASE domain, while it is open: it is wrapped for an officer who signs in with
    /// a new key.
    pub fn case_secret(&self) -> Option<CaseSecret> {
        self.vault.case_secret()
    }

    /// Whether the CASE domain is open.
    pub fn is_open(&self) -> bool {
        self.vault.is_open()
    }

    /// How often the disk was asked, and how many rows a key was turned for, since the store opened:
    /// what an answer costs, told without a clock.
    pub fn work(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.work.reads), read(&self.work.opened))
    }

    /// Size of the file, in bytes.
    pub fn bytes(&self) -> u64 {
        self.slot.bytes()
    }

    /// Bytes left on the disk that holds it; none where that can't be told.
    pub fn free_bytes(&self) -> Option<u64> {
        self.slot.free_bytes()
    }
}

impl Store for DiskStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader.get(table, key)
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Rows, StoreError> {
        self.reader.range(table, from, to, limit)
    }
}

fn meta_place(name: &str) -> Place<'_> {
    Place {
        table: 0,
        key: name.as_bytes(),
    }
}

fn sealed_public(ops: &OpsKey, public: CasePublic) -> Vec<u8> {
    ops.seal(meta_place(CASE_PUBLIC_ROW), &public.to_bytes())
}
