//! The keys of dossiers: one key a dossier, so that to destroy a dossier is to destroy its key, wherever
//! copies of the store may lie.
//!
//! They lie in a small file outside the store, for a copy-on-write store keeps what it overwrites.
//! Records are added at its end before the rows that need them; to take one away the whole file is
//! written anew under a new file key (`leaf`). What is sealed while nobody is signed in gets a key of
//! its own, which only the CASE secret reads again.

mod leaf;

use super::{CasePublic, CaseSecret, KEY_BYTES, Seal, entropy, sealer};
use jiaolian_schema::suite::Suite;
pub(crate) use leaf::without_days;
use leaf::{Kind, Leaf, Record};
pub(super) use leaf::{day_record, day_records};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

/// What a key is for: a dossier, or the matter that a draft is about.
pub type Subject = [u8; 32];
/// Names a key in the rows that it seals.
pub(super) type KeyId = [u8; KEY_ID_BYTES];

/// Length of a key's name, in bytes.
pub(super) const KEY_ID_BYTES: usize = 16;

/// Why the file of keys can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReadBookError {
    /// It is no such file, or it is damaged.
    #[error("the file of dossier keys is damaged at byte {0}")]
    Damaged(usize),
    /// None of its slots opens.
    #[error("the file of dossier keys belongs to another store")]
    Foreign,
}

/// One dossier's key.
#[derive(Clone)]
pub(super) struct DossierKey {
    pub(super) subject: Subject,
    /// The CASE epoch in which it was made.
    pub(super) epoch: u32,
    key: Zeroizing<[u8; KEY_BYTES]>,
    /// What the key seals and opens with.
    pub(super) rows: Arc<dyn Seal>,
}

/// The keys that are known at this moment.
#[derive(Default)]
pub(super) struct Book {
    generation: u32,
    /// What opens the file's records; known while the CASE domain is open.
    leaf: Option<Leaf>,
    keys: BTreeMap<KeyId, DossierKey>,
    newest: BTreeMap<Subject, KeyId>,
    /// Records that are not on the disk yet.
    fresh: Vec<u8>,
    /// Up to where the file on the disk is whole.
    length: u64,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Book({} keys)", self.keys.len())
    }
}

impl Book {
    /// A book of no key, and its file for the disk.
    pub(super) fn begin(public: CasePublic) -> (Self, Vec<u8>) {
        let (_, file) = Leaf::begin(1, &[public]);
        let book = Self {
            generation: 1,
            length: file.len() as u64,
            ..Self::default()
        };
        (book, file)
    }

    /// The book of a file while nobody is signed in: only where its end is.
    pub(super) fn closed(file: &[u8]) -> Result<Self, ReadBookError> {
        let (generation, length) = leaf::extent(file)?;
        Ok(Self {
            generation,
            length: length as u64,
            ..Self::default()
        })
    }

    /// Reads a file with the CASE secret; earlier secrets come with it.
    pub(super) fn open(
        file: &[u8],
        secret: &CaseSecret,
    ) -> Result<(Self, Vec<CaseSecret>), ReadBookError> {
        let mut book = Self::closed(file)?;
        let leaf = Leaf::open(file, secret)?;
        let mut earlier = Vec::new();
        for record in leaf::records(file)? {
            if record.kind == Kind::Day {
                continue;
            }
            let damaged = || ReadBookError::Damaged(record.at);
            let plain = leaf.read(&record, secret).ok_or_else(damaged)?;
            if record.kind == Kind::Earlier {
                earlier.push(CaseSecret::from_bytes(&plain).ok_or_else(damaged)?);
                continue;
            }
            let key = DossierKey::parse(secret.suite(), &plain).ok_or_else(damaged)?;
            book.note(record.id, key);
        }
        book.leaf = Some(leaf);
        Ok((book, earlier))
    }

    /// Forgets every key.
    pub(super) fn close(&mut self) {
        (self.keys, self.newest, self.leaf) = <_>::default();
    }

    pub(super) fn get(&self, id: &KeyId) -> Option<&DossierKey> {
        self.keys.get(id)
    }

    /// The key that seals a subject's rows now; a new one where there is none of this epoch.
    pub(super) fn sealing(&mut self, subject: Subject, public: CasePublic) -> (KeyId, DossierKey) {
        let epoch = public.epoch();
        if let Some(id) = self.newest.get(&subject)
            && let Some(key) = self.keys.get(id).filter(|key| key.epoch == epoch)
        {
            return (*id, key.clone());
        }
        let id: KeyId = entropy();
        let key = DossierKey::new(public.suite(), (subject, epoch), Zeroizing::new(entropy()));
        let plain = key.to_bytes();
        let record = match &self.leaf {
            Some(leaf) => leaf.write(Kind::Sealed, id, &plain),
            None => Record::boxed(public, id, &plain),
        };
        self.fresh.extend_from_slice(&record);
        self.note(id, key.clone());
        (id, key)
    }

    /// What must be on the disk before the rows that it seals, and where it goes.
    pub(super) fn unwritten(&self) -> Option<(u64, &[u8])> {
        (!self.fresh.is_empty()).then_some((self.length, self.fresh.as_slice()))
    }

    /// A record that only goes along in the file is to be written behind the others.
    pub(super) fn append(&mut self, record: &[u8]) {
        self.fresh.extend_from_slice(record);
    }

    /// The file was cut to other records of its generation.
    pub(super) fn measured(&mut self, length: u64) {
        self.length = length;
    }

    /// The disk has it.
    pub(super) fn written(&mut self) {
        self.length += self.fresh.len() as u64;
        self.fresh.clear();
    }

    /// The whole file anew, under a new file key, without the keys of some subjects and of epochs
    /// before `epoch_min`, with the records of days as they are; the book that it makes takes this
    /// one's place when the file is durable.
    pub(super) fn rewritten(
        &self,
        publics: &[CasePublic],
        (gone, epoch_min): (&BTreeSet<Subject>, u32),
        earlier: &[CaseSecret],
        days: &[u8],
    ) -> (Self, Vec<u8>) {
        let generation = self.generation + 1;
        let (leaf, mut file) = Leaf::begin(generation, publics);
        let mut book = Self {
            generation,
            ..Self::default()
        };
        for (id, key) in &self.keys {
            if !gone.contains(&key.subject) && key.epoch >= epoch_min {
                file.extend(leaf.write(Kind::Sealed, *id, &key.to_bytes()));
                book.note(*id, key.clone());
            }
        }
        for secret in earlier {
            file.extend(leaf.write(Kind::Earlier, entropy(), &secret.to_bytes()));
        }
        file.extend_from_slice(days);
        // `note` keeps the last of a subject; which seals now is this book's choice.
        book.newest.clone_from(&self.newest);
        let Self { keys, newest, .. } = &mut book;
        newest.retain(|_, id| keys.contains_key(id));
        (book.leaf, book.length) = (Some(leaf), file.len() as u64);
        (book, file)
    }

    fn note(&mut self, id: KeyId, key: DossierKey) {
        let newest = self.newest.entry(key.subject).or_insert(id);
        let known = self.keys.get(newest).map_or(0, |known| known.epoch);
        if key.epoch >= known {
            *newest = id;
        }
        self.keys.insert(id, key);
    }
}

impl DossierKey {
    fn new(
        suite: Suite,
        (subject, epoch): (Subject, u32),
        key: Zeroizing<[u8; KEY_BYTES]>,
    ) -> Self {
        let rows = sealer(suite, &key);
        Self {
            subject,
            epoch,
            key,
            rows,
        }
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let epoch = self.epoch.to_be_bytes();
        let parts = [self.subject.as_slice(), &epoch, self.key.as_slice()];
        Zeroizing::new(parts.concat())
    }

    fn parse(suite: Suite, plain: &[u8]) -> Option<Self> {
        let (subject, rest) = plain.split_first_chunk()?;
        let (epoch, key) = rest.split_first_chunk()?;
        let key = Zeroizing::new(key.try_into().ok()?);
        let of = (*subject, u32::from_be_bytes(*epoch));
        Some(Self::new(suite, of, key))
    }
}
