//! The keys of dossiers and the small file that holds them: one key a dossier, so that to destroy a
//! dossier is to destroy its key, wherever copies of the store may lie.
//!
//! The file is `JLK1 ‖ generation (4) ‖ slots (1) ‖ slots × file key boxed to a CASE public key`, then
//! records: `kind (1) ‖ key id (16) ‖ sealed`. It is outside the store, for a copy-on-write store keeps
//! what it overwrites. Records are added at its end before the rows that need them; to take one away
//! the whole file is written anew under a new file key. What is sealed while nobody is signed in gets
//! a key of its own, which only the CASE secret reads again.

use super::{
    CasePublic, CaseSecret, KEY_BYTES, NONCE_BYTES, OpenSealError, Place, append_ciphertext,
    entropy, open_ciphertext,
};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use zeroize::Zeroizing;

/// What a key is for: a dossier, or the matter that a draft is about.
pub type Subject = [u8; 32];
/// Names a key in the rows that it seals.
pub(super) type KeyId = [u8; KEY_ID_BYTES];

/// Length of a key's name, in bytes.
pub(super) const KEY_ID_BYTES: usize = 16;

const MAGIC: &[u8; 4] = b"JLK1";
const SLOTS_MAX: usize = 2;
const TAG_BYTES: usize = 16;
/// A boxed file key: form, epoch, ephemeral key, nonce, the key, tag.
const SLOT_BYTES: usize = 1 + 4 + KEY_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
/// Subject, epoch, key.
const PLAIN_BYTES: usize = 32 + 4 + KEY_BYTES;

/// How a record is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    /// A dossier's key under the file key.
    Sealed = 1,
    /// A dossier's key made while nobody was signed in, boxed to the CASE public key.
    Boxed = 2,
    /// An earlier CASE secret, under the file key, while rows of its epoch are left.
    Earlier = 3,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Sealed),
            2 => Some(Self::Boxed),
            3 => Some(Self::Earlier),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Sealed => NONCE_BYTES + PLAIN_BYTES + TAG_BYTES,
            Self::Boxed => 1 + 4 + KEY_BYTES + NONCE_BYTES + PLAIN_BYTES + TAG_BYTES,
            Self::Earlier => NONCE_BYTES + CaseSecret::BYTES + TAG_BYTES,
        }
    }
}

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
    pub(super) key: Zeroizing<[u8; KEY_BYTES]>,
}

/// The keys that are known at this moment.
#[derive(Default)]
pub(super) struct Book {
    generation: u32,
    /// Known while the CASE domain is open.
    file_key: Option<Zeroizing<[u8; KEY_BYTES]>>,
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
        let book = Self {
            generation: 1,
            ..Self::default()
        };
        let file = header(1, &Zeroizing::new(entropy()), &[public]);
        (
            Self {
                length: file.len() as u64,
                ..book
            },
            file,
        )
    }

    /// The book of a file while nobody is signed in: only where its end is.
    pub(super) fn closed(file: &[u8]) -> Result<Self, ReadBookError> {
        let (generation, records) = split(file)?;
        let length = file.len() - tail(records)?.len();
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
        let (generation, records) = split(file)?;
        let file_key = slots(file)
            .find_map(|slot| secret.open(file_place(generation).place(), slot).ok())
            .ok_or(ReadBookError::Foreign)?;
        let file_key = Zeroizing::new(file_key);
        let file_key: [u8; KEY_BYTES] = file_key
            .as_slice()
            .try_into()
            .map_err(|_| ReadBookError::Foreign)?;
        let file_key = Zeroizing::new(file_key);
        let mut earlier = Vec::new();
        for (at, kind, id, sealed) in walk(records) {
            let damaged = |_| ReadBookError::Damaged(file.len() - records.len() + at);
            let place = record_place(generation, id);
            let plain = match kind {
                Kind::Boxed => secret.open(boxed_place(&id), sealed),
                _ => open_ciphertext(&file_key, &place, sealed),
            };
            // A boxed record of an earlier epoch was rewritten when the epoch ended.
            let plain = Zeroizing::new(plain.map_err(damaged)?);
            if kind == Kind::Earlier {
                let bytes = plain.as_slice().try_into();
                earlier.push(CaseSecret::from_bytes(
                    bytes.map_err(|_| damaged(OpenSealError::Damaged))?,
                ));
                continue;
            }
            let key = DossierKey::parse(&plain).ok_or(damaged(OpenSealError::Damaged))?;
            book.note(id, key);
        }
        book.file_key = Some(file_key);
        Ok((book, earlier))
    }

    /// Forgets every key.
    pub(super) fn close(&mut self) {
        (self.keys, self.newest, self.file_key) = <_>::default();
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
        let key = DossierKey {
            subject,
            epoch,
            key: Zeroizing::new(entropy()),
        };
        let record = match &self.file_key {
            Some(file_key) => sealed_record(self.generation, file_key, id, &key),
            None => boxed_record(public, id, &key),
        };
        self.fresh.extend_from_slice(&record);
        self.note(id, key.clone());
        (id, key)
    }

    /// What must be on the disk before the rows that it seals, and where it goes.
    pub(super) fn unwritten(&self) -> Option<(u64, &[u8])> {
        (!self.fresh.is_empty()).then_some((self.length, self.fresh.as_slice()))
    }

    /// The disk has it.
    pub(super) fn written(&mut self) {
        self.length += self.fresh.len() as u64;
        self.fresh.clear();
    }

    /// The whole file anew, under a new file key, without the keys of some subjects and of epochs
    /// before `epoch_min`; the book that it makes takes this one's place when the file is durable.
    pub(super) fn rewritten(
        &self,
        publics: &[CasePublic],
        gone: &BTreeSet<Subject>,
        epoch_min: u32,
        earlier: &[CaseSecret],
    ) -> (Self, Vec<u8>) {
        let generation = self.generation + 1;
        let file_key = Zeroizing::new(entropy());
        let mut file = header(generation, &file_key, publics);
        let mut book = Self {
            generation,
            ..Self::default()
        };
        for (id, key) in &self.keys {
            if !gone.contains(&key.subject) && key.epoch >= epoch_min {
                file.extend(sealed_record(generation, &file_key, *id, key));
                book.note(*id, key.clone());
            }
        }
        for secret in earlier {
            file.extend(earlier_record(generation, &file_key, secret));
        }
        // `note` keeps the last of a subject; which seals now is this book's choice.
        book.newest = self.newest.clone();
        book.newest.retain(|_, id| book.keys.contains_key(id));
        book.file_key = Some(file_key);
        book.length = file.len() as u64;
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
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let parts = [
            self.subject.as_slice(),
            &self.epoch.to_be_bytes(),
            self.key.as_slice(),
        ];
        Zeroizing::new(parts.concat())
    }

    fn parse(plain: &[u8]) -> Option<Self> {
        let (subject, rest) = plain.split_first_chunk()?;
        let (epoch, key) = rest.split_first_chunk()?;
        Some(Self {
            subject: *subject,
            epoch: u32::from_be_bytes(*epoch),
            key: Zeroizing::new(key.try_into().ok()?),
        })
    }
}

/// The name of a file's generation, for what is sealed in it.
struct FilePlace([u8; 13]);

impl FilePlace {
    fn place(&self) -> Place<'_> {
        Place {
            table: 0,
            key: &self.0,
        }
    }
}

fn file_place(generation: u32) -> FilePlace {
    let mut name = [0; 13];
    name[..9].copy_from_slice(b"case.keys");
    name[9..].copy_from_slice(&generation.to_be_bytes());
    FilePlace(name)
}

fn record_place(generation: u32, id: KeyId) -> Vec<u8> {
    [file_place(generation).0.as_slice(), &id].concat()
}

/// A boxed record stays as it is when the file around it is only added to.
fn boxed_place(id: &KeyId) -> Place<'_> {
    Place { table: 0, key: id }
}

fn header(generation: u32, file_key: &[u8; KEY_BYTES], publics: &[CasePublic]) -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    file.extend_from_slice(&generation.to_be_bytes());
    file.push(publics.len() as u8);
    for public in publics {
        file.extend(public.seal(file_place(generation).place(), file_key));
    }
    file
}

fn sealed_record(
    generation: u32,
    file_key: &[u8; KEY_BYTES],
    id: KeyId,
    key: &DossierKey,
) -> Vec<u8> {
    let mut record = vec![Kind::Sealed as u8];
    record.extend_from_slice(&id);
    append_ciphertext(
        &mut record,
        file_key,
        &record_place(generation, id),
        &key.to_bytes(),
    );
    record
}

fn boxed_record(public: CasePublic, id: KeyId, key: &DossierKey) -> Vec<u8> {
    let boxed = public.seal(boxed_place(&id), &key.to_bytes());
    [&[Kind::Boxed as u8], id.as_slice(), &boxed].concat()
}

fn earlier_record(generation: u32, file_key: &[u8; KEY_BYTES], secret: &CaseSecret) -> Vec<u8> {
    let id: KeyId = entropy();
    let mut record = vec![Kind::Earlier as u8];
    record.extend_from_slice(&id);
    let place = record_place(generation, id);
    append_ciphertext(&mut record, file_key, &place, secret.to_bytes().as_slice());
    record
}

/// Generation and records.
fn split(file: &[u8]) -> Result<(u32, &[u8]), ReadBookError> {
    let rest = file.strip_prefix(MAGIC).ok_or(ReadBookError::Damaged(0))?;
    let (generation, rest) = rest.split_first_chunk().ok_or(ReadBookError::Damaged(4))?;
    let (slots, rest) = rest.split_first().ok_or(ReadBookError::Damaged(8))?;
    let slots = usize::from(*slots);
    if !(1..=SLOTS_MAX).contains(&slots) {
        return Err(ReadBookError::Damaged(8));
    }
    let records = rest
        .get(slots * SLOT_BYTES..)
        .ok_or(ReadBookError::Damaged(9))?;
    Ok((u32::from_be_bytes(*generation), records))
}

fn slots(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = file.get(8).copied().map_or(0, usize::from);
    file.get(9..)
        .unwrap_or_default()
        .chunks_exact(SLOT_BYTES)
        .take(count)
}

/// Where a record begins, its kind, its key's name and what is sealed in it; ends at a record that a
/// power cut left unfinished.
fn walk(records: &[u8]) -> impl Iterator<Item = (usize, Kind, KeyId, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (kind, id, sealed) = first(records.get(at..)?)?;
        let begins = at;
        at += 1 + KEY_ID_BYTES + sealed.len();
        Some((begins, kind, id, sealed))
    })
}

fn first(records: &[u8]) -> Option<(Kind, KeyId, &[u8])> {
    let (kind, rest) = records.split_first()?;
    let kind = Kind::of(*kind)?;
    let (id, rest) = rest.split_first_chunk()?;
    Some((kind, *id, rest.get(..kind.bytes())?))
}

/// What is left behind the last whole record: the beginning of one, or nothing.
fn tail(records: &[u8]) -> Result<&[u8], ReadBookError> {
    let whole: usize = walk(records)
        .map(|(.., sealed)| 1 + KEY_ID_BYTES + sealed.len())
        .sum();
    let tail = &records[whole..];
    match tail.first() {
        Some(kind) if Kind::of(*kind).is_none() => Err(ReadBookError::Damaged(whole)),
        _ => Ok(tail),
    }
}
