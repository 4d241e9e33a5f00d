//! A data directory as the office that it is: its identity, its keys, its store, and the Replica
//! that opens over them. Only one process holds it at a time.

use crate::identity::{Identity, IdentityError};
use crate::key::{
    KeyFileError, NodeKeys, Tip, TipError, create_ops_key, open_ops_key, write_ops_key,
};
use crate::platform;
use crate::seal::{CasePublic, OpsKey, entropy};
use crate::store::{
    CACHE_MIB_DEFAULT, CommitError, DiskStore, FileMedium, HELD_PATIENCE_MS, OpenStoreError,
    SealedRow, StoreReader,
};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::{Duty, author_id};
use jiaolian_schema::id::AuthorId;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::{SeedSigner, Sign as _, StrictVerifier};
use jiaolian_sync::{Effect, Limits, LocalSeat, OpenError, Replica, Seat, Setup, SignError};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// The configuration's name in the data directory.
pub const CONFIG_FILE: &str = "jiaolian.toml";
/// The request's name in the data directory.
pub const REQUEST_FILE: &str = "request.json";
const STORE_FILE: &str = "store";
/// The OPS key's name in the data directory.
pub const OPS_FILE: &str = "ops.key";
const TIP_FILE: &str = "tip";

/// Why a data directory can't be made or opened.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum HomeError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error(transparent)]
    Store(#[from] OpenStoreError),
    #[error(transparent)]
    Tip(#[from] TipError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Replica(#[from] OpenError),
    #[error("{0} is in use by a running node; stop it first")]
    Held(String),
    #[error("{path} can't be used: {source}")]
    Directory { path: String, source: io::Error },
    #[error("the office has not joined yet: `jiaolian join` takes the answer of the office above")]
    NotJoined,
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;
/// Least time between two signed batches of the node's log, ms.
const LOG_MS: i64 = 5 * 60_000;

/// An office's data directory, held by this process.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    /// What is public about the office.
    pub identity: Identity,
    /// The key of the OPS domain.
    pub ops: OpsKey,
    /// The node's own seeds.
    pub keys: NodeKeys,
    _held: File,
}

impl Home {
    /// Makes a directory with keys and an empty store.
    pub fn create(
        dir: &Path,
        identity: Identity,
        case: CasePublic,
        cache_mib: u16,
    ) -> Result<(Self, DiskStore), HomeError> {
        std::fs::create_dir_all(dir).map_err(|source| directory(dir, source))?;
        let held = hold(dir)?;
        let place = dir.join(crate::identity::IDENTITY_FILE);
        if place.exists() {
            return Err(IdentityError::Exists(place.display().to_string()).into());
        }
        let ops = create_ops_key(&dir.join(OPS_FILE), identity.suite())?;
        let store = DiskStore::create(medium(dir), cache_mib, ops.clone(), case)?;
        let home = Self::furnish(dir, identity, ops, held)?;
        Ok((home, store))
    }

    /// Makes a directory of a backup's rows, which lie sealed under its keys: the same office and the
    /// same case files, and new keys to sign with.
    pub fn restore(
        dir: &Path,
        identity: Identity,
        ops: OpsKey,
        case: CasePublic,
        rows: (&[u8], &[SealedRow]),
    ) -> Result<(Self, DiskStore), HomeError> {
        std::fs::create_dir_all(dir).map_err(|source| directory(dir, source))?;
        let held = hold(dir)?;
        for name in [crate::identity::IDENTITY_FILE, OPS_FILE, STORE_FILE] {
            if dir.join(name).exists() {
                let place = dir.join(name).display().to_string();
                return Err(IdentityError::Exists(place).into());
            }
        }
        write_ops_key(&dir.join(OPS_FILE), &ops)?;
        let store = DiskStore::lay_down(medium(dir), CACHE_MIB_DEFAULT, ops.clone(), case, rows)?;
        let home = Self::furnish(dir, identity, ops, held)?;
        Ok((home, store))
    }

    /// New keys to sign with and an empty second place of positions. The office file comes last: a
    /// directory without it is no office and may be removed.
    fn furnish(dir: &Path, identity: Identity, ops: OpsKey, held: File) -> Result<Self, HomeError> {
        let keys = NodeKeys::create(dir, &ops)?;
        Tip::create(&dir.join(TIP_FILE), ops.clone())?;
        identity.write(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            identity,
            ops,
            keys,
            _held: held,
        })
    }

    /// Opens an office's directory.
    pub fn open(dir: &Path, cache_mib: u16) -> Result<(Self, DiskStore), HomeError> {
        let identity = Identity::read(dir)?;
        let held = hold(dir)?;
        let ops = open_ops_key(&dir.join(OPS_FILE), identity.suite())?;
        let keys = NodeKeys::open(dir, &ops)?;
        let store = DiskStore::open(medium(dir), cache_mib, ops.clone())?;
        let home = Self {
            dir: dir.to_owned(),
            identity,
            ops,
            keys,
            _held: held,
        };
        Ok((home, store))
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The Replica over a store, with the node's own seats where the roster knows them.
    pub fn replica(&self, store: &DiskStore) -> Result<Replica<StoreReader>, HomeError> {
        let root = self.identity.root.as_ref().ok_or(HomeError::NotJoined)?;
        let root = root.to_statement().ok_or(HomeError::NotJoined)?;
        let rules = Arc::new(RulePack::builtin());
        let setup = Setup {
            office: self.identity.office_id(),
            root,
            node: None,
            witness: None,
            pack: rules.pack_id(),
            rules: Arc::clone(&rules) as _,
            verifier: Box::new(StrictVerifier),
            limits: Limits {
                log_ms: Some(LOG_MS),
                audit_keep_ms: Some(i64::from(rules.audit_keep_days()) * DAY_MS),
                track_keep_ms: Some(i64::from(rules.track_keep_days()) * DAY_MS),
                ..Limits::default()
            },
            entropy: entropy(),
        };
        let mut replica = Replica::open(store.reader(), setup)?;
        replica.ask_check_ins(entropy()).map_err(OpenError::from)?;
        if let Some(seat) = self.seat(replica.authority(), Duty::Staff) {
            replica.set_node(seat);
        }
        if let Some(seat) = self.seat(replica.authority(), Duty::Witness) {
            replica.set_witness(seat);
        }
        Ok(replica)
    }

    /// The authors under which the node itself signs.
    pub fn own_authors(&self) -> [AuthorId; 2] {
        [Duty::Staff, Duty::Witness].map(|duty| self.author(duty))
    }

    /// Gives the node new authors; those of before sign no more.
    pub fn renew_keys(&mut self) -> Result<(), HomeError> {
        Ok(self.keys.renew(&self.dir, &self.ops)?)
    }

    /// The node's own seat, by an appointment that stands.
    pub fn node_seat(&self, authority: &Authority) -> Option<LocalSeat> {
        self.seat(authority, Duty::Staff)
    }

    /// The node's own key for a duty.
    pub fn signer(&self, duty: Duty) -> SeedSigner {
        let seed = match duty {
            Duty::Witness => &self.keys.witness,
            _ => &self.keys.staff,
        };
        SeedSigner::new(self.identity.suite(), seed)
    }

    fn author(&self, duty: Duty) -> AuthorId {
        let signer = self.signer(duty);
        let office = self.identity.office_id();
        author_id(signer.suite(), &signer.public_key(), office, duty)
    }

    fn seat(&self, authority: &Authority, duty: Duty) -> Option<LocalSeat> {
        let author = self.author(duty);
        let seat = seat_of(authority, author)?;
        let signer = Box::new(self.signer(duty));
        Some(LocalSeat { signer, seat })
    }
}

/// An author's seat by an appointment that stands.
pub fn seat_of(authority: &Authority, author: AuthorId) -> Option<Seat> {
    let mut appointments = authority.appointments();
    let standing = appointments
        .find(|(id, appoint, _)| appoint.author() == author && authority.is_appointed(*id));
    let appointment = Some(standing?.0);
    Some(Seat {
        author,
        appointment,
    })
}

/// Makes durable what a Replica without links has done.
pub fn settle(replica: &mut Replica<StoreReader>, store: &DiskStore) -> Result<(), CommitError> {
    for effect in replica.drain() {
        if let Effect::Store(writes) = effect {
            store.commit(&writes)?;
        }
    }
    Ok(())
}

fn medium(dir: &Path) -> Arc<FileMedium> {
    let patience = Duration::from_millis(HELD_PATIENCE_MS);
    Arc::new(FileMedium::new(&dir.join(STORE_FILE), patience))
}

fn hold(dir: &Path) -> Result<File, HomeError> {
    let held = platform::hold_directory(dir).map_err(|source| directory(dir, source))?;
    held.ok_or_else(|| HomeError::Held(dir.display().to_string()))
}

fn directory(dir: &Path, source: io::Error) -> HomeError {
    HomeError::Directory {
        path: dir.display().to_string(),
        source,
    }
}
