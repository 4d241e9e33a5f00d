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
mod gate;
mod medium;
mod rekey;
mod row;
mod scrub;
mod slot;
pub mod tables;

use crate::seal::{CasePublic, CaseSecret, OpenSealError, OpsKey, Place, UnlockError, Vault};
use error::{no_keys, refuse, unwrap_error};
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_sync::{Rows, Store, StoreError, Table, Write, dossier_of};
use medium::{is_known_schema, read_schema};
use redb::{Database, ReadableDatabase, ReadableTableMetadata};
use row::{first_rows, meta_row, read_row, read_rows, write_meta, write_rows};
use slot::{Slot, Trouble};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tables::{SCHEMA_VERSION, form};

pub(crate) use copy::table_of;
pub use copy::{CopyError, SealedRow};
pub use error::{CommitError, OpenStoreError};
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
}

/// A view of the node's disk for everybody who only reads; clones share it.
#[derive(Debug, Clone)]
pub struct StoreReader {
    slot: Arc<Slot>,
    vault: Arc<Vault>,
    work: Arc<Work>,
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
            },
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
        let vault = Arc::new(vault);
        Ok(Self {
            reader: StoreReader {
                slot: Arc::new(slot),
                vault,
                work: Arc::default(),
            },
        })
    }

    /// Writes a batch as one durable transaction: all of it is on the disk when this returns, or
    /// none of it
    /// counts.
    pub fn commit(&self, writes: &[Write]) -> Result<(), CommitError> {
        if writes.is_empty() {
            return Ok(());
        }
        let sealed = self.seal(writes)?;
        self.reader
            .slot
            .with(|db| write_rows(db, writes, &sealed))
            .map_err(Into::into)
    }

    /// Rows as they lie on the disk; the keys that they need lie there when this returns.
    fn seal(&self, writes: &[Write]) -> Result<Vec<Option<Vec<u8>>>, CommitError> {
        let vault = &self.reader.vault;
        let seal = |w: &Write| {
            let plain = w.value.as_ref()?;
            Some(vault.seal(w.table, &w.key, plain))
        };
        let sealed = writes.iter().map(seal).collect();
        if let Some((at, bytes)) = vault.unwritten() {
            self.medium().append_keys(at, &bytes)?;
            vault.written();
        }
        Ok(sealed)
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

    /// The dossier of a case's body, told by the key under which it lies: whoever may not see it is
    /// refused before anything of it was opened. None where there is none, and while locked.
    pub fn dossier_of_body(&self, id: EnvelopeId) -> Result<Option<DossierId>, StoreError> {
        let table = Table::CaseBody;
        self.work.reads.fetch_add(1, Ordering::Relaxed);
        let sealed = self.slot.with(|db| read_row(db, table, &id.0));
        let Some(sealed) = sealed.map_err(|trouble| trouble.on(table))? else {
            return Ok(None);
        };
        if let Some(subject) = self.vault.subject_of_row(&sealed) {
            return Ok(Some(DossierId(subject)));
        }
        if !self.is_open() {
            return Ok(None);
        }
        // A row of an earlier form, until it is sealed anew.
        let body = self.unseal(table, &id.0, &sealed)?;
        Ok(body.and_then(|body| dossier_of(table, &id.0, &body)))
    }

    /// How many rows a table has; works while locked.
    pub fn count(&self, table: Table) -> Result<u64, StoreError> {
        let counted =
            self.slot.with(
                |db| match db.begin_read()?.open_table(form(table).definition()) {
                    Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
                    opened => Ok(opened?.len()?),
                },
            );
        counted.map_err(|trouble| trouble.on(table))
    }

    /// Size of the file, in bytes.
    pub fn bytes(&self) -> u64 {
        self.slot.bytes()
    }

    /// Bytes left on the disk that holds it; none where that can't be told.
    pub fn free_bytes(&self) -> Option<u64> {
        self.slot.free_bytes()
    }

    fn sealed_rows(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Rows, StoreError> {
        let rows = self.slot.with(|db| read_rows(db, table, from, to, limit));
        rows.map_err(|trouble| trouble.on(table))
    }

    /// None where the key was destroyed: such a row is as good as taken away.
    fn unseal(
        &self,
        table: Table,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.work.opened.fetch_add(1, Ordering::Relaxed);
        match self.vault.open(table, key, sealed) {
            Ok(plain) => Ok(Some(plain)),
            Err(OpenSealError::Destroyed) => Ok(None),
            Err(OpenSealError::Locked) => Err(StoreError::Locked(table)),
            Err(OpenSealError::Damaged) => Err(StoreError::Damaged(table)),
        }
    }

    fn refuse_locked(&self, table: Table) -> Result<(), StoreError> {
        let closed = form(table).domain == tables::Domain::Case && !self.is_open();
        if closed {
            Err(StoreError::Locked(table))
        } else {
            Ok(())
        }
    }
}

impl Store for StoreReader {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.work.reads.fetch_add(1, Ordering::Relaxed);
        self.refuse_locked(table)?;
        let sealed = self.slot.with(|db| read_row(db, table, key));
        match sealed.map_err(|trouble| trouble.on(table))? {
            Some(sealed) => self.unseal(table, key, &sealed),
            None => Ok(None),
        }
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Rows, StoreError> {
        self.work.reads.fetch_add(1, Ordering::Relaxed);
        self.refuse_locked(table)?;
        let (mut rows, mut from) = (Rows::new(), from.to_vec());
        // Rows whose key was destroyed are none, and others may lie behind them.
        while from.as_slice() < to && rows.len() < limit {
            let wanted = limit - rows.len();
            let sealed = self.sealed_rows(table, &from, Some(to), wanted)?;
            let is_last = sealed.len() < wanted;
            if let Some((last, _)) = sealed.last() {
                from = [last.as_slice(), &[0]].concat();
            }
            for (key, sealed) in sealed {
                if let Some(plain) = self.unseal(table, &key, &sealed)? {
                    rows.push((key, plain));
                }
            }
            if is_last {
                break;
            }
        }
        Ok(rows)
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
