//! The bytes of the file of keys: `JLK1 ‖ generation (4) ‖ slots (1) ‖ slots ‖ records`, integers
//! big-endian. A slot is `length (2) ‖ file key boxed to a CASE public key`, a record `kind (1) ‖ key id
//! (16) ‖ length (2) ‖ sealed`. A record that a power cut left unfinished at the end counts as absent.

use super::super::{CasePublic, CaseSecret, KEY_BYTES, Place, Seal, entropy, sealer};
use super::{KEY_ID_BYTES, KeyId, ReadBookError};
use std::sync::Arc;
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"JLK1";
/// Of an epoch and the one before it.
const SLOTS_MAX: u8 = 2;
const FILE_NAME: &[u8] = b"case.keys";

/// How a record is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// A dossier's key under the file key.
    Sealed = 1,
    /// A dossier's key made while nobody was signed in, boxed to the CASE public key.
    Boxed = 2,
    /// An earlier CASE secret, under the file key, while rows of its epoch are left.
    Earlier = 3,
    /// The key of a day's positions, under the OPS key.
    Day = 4,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Sealed, Self::Boxed, Self::Earlier, Self::Day]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// A record as it lies in the file.
pub(super) struct Record<'a> {
    /// Where it begins.
    pub(super) at: usize,
    pub(super) kind: Kind,
    pub(super) id: KeyId,
    sealed: &'a [u8],
}

impl Record<'_> {
    /// What is written while nobody is signed in.
    pub(super) fn boxed(public: CasePublic, id: KeyId, plain: &[u8]) -> Vec<u8> {
        record(Kind::Boxed, id, &public.seal(boxed_place(&id), plain))
    }
}

/// What opens and writes the records of one generation of the file.
pub(super) struct Leaf {
    generation: u32,
    seal: Arc<dyn Seal>,
}

impl Leaf {
    /// A file of no record, under a new key which these halves open.
    pub(super) fn begin(generation: u32, publics: &[CasePublic]) -> (Self, Vec<u8>) {
        let key: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(entropy());
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&generation.to_be_bytes());
        file.push(publics.len() as u8);
        let name = file_name(generation);
        for public in publics {
            let slot = public.seal(place(&name), key.as_slice());
            file.extend_from_slice(&length_of(&slot));
            file.extend_from_slice(&slot);
        }
        let suite = publics.last().map(CasePublic::suite).unwrap_or_default();
        let seal = sealer(suite, &key);
        (Self { generation, seal }, file)
    }

    /// The key of a file, by whichever of its slots the secret opens.
    pub(super) fn open(file: &[u8], secret: &CaseSecret) -> Result<Self, ReadBookError> {
        let Parts {
            generation, slots, ..
        } = split(file)?;
        let name = file_name(generation);
        let key = slots
            .iter()
            .find_map(|slot| secret.open(place(&name), slot).ok())
            .map(Zeroizing::new);
        let key: Option<[u8; KEY_BYTES]> = key.and_then(|key| key.as_slice().try_into().ok());
        let key = Zeroizing::new(key.ok_or(ReadBookError::Foreign)?);
        let seal = sealer(secret.suite(), &key);
        Ok(Self { generation, seal })
    }

    /// What a record holds; none where it was changed.
    pub(super) fn read(
        &self,
        record: &Record<'_>,
        secret: &CaseSecret,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let plain = match record.kind {
            // One of an earlier epoch was rewritten when the epoch ended.
            Kind::Boxed => secret.open(boxed_place(&record.id), record.sealed),
            kind => self.seal.open(&self.aad(kind, record.id), record.sealed),
        };
        plain.ok().map(Zeroizing::new)
    }

    /// A record under the file key.
    pub(super) fn write(&self, kind: Kind, id: KeyId, plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        self.seal.append(&mut sealed, &self.aad(kind, id), plain);
        record(kind, id, &sealed)
    }

    fn aad(&self, kind: Kind, id: KeyId) -> Vec<u8> {
        [&file_name(self.generation)[..], &[kind as u8], &id].concat()
    }
}

/// The generation of a file, and up to where it is whole.
pub(super) fn extent(file: &[u8]) -> Result<(u32, usize), ReadBookError> {
    let parts = split(file)?;
    let (_, whole) = walk(&parts)?;
    Ok((parts.generation, whole))
}

/// Every whole record of a file.
pub(super) fn records(file: &[u8]) -> Result<Vec<Record<'_>>, ReadBookError> {
    Ok(walk(&split(file)?)?.0)
}

/// A record of a day's key.
pub(in crate::seal) fn day_record(day: u32, sealed: &[u8]) -> Vec<u8> {
    let mut id = [0; KEY_ID_BYTES];
    id[..4].copy_from_slice(&day.to_be_bytes());
    record(Kind::Day, id, sealed)
}

/// Days and sealed keys of every such record.
pub(in crate::seal) fn day_records(file: &[u8]) -> Result<Vec<(u32, &[u8])>, ReadBookError> {
    let found = records(file)?.into_iter();
    let of_days = found.filter(|record| record.kind == Kind::Day);
    Ok(of_days
        .map(|record| (day_in(&record), record.sealed))
        .collect())
}

/// A file as it is, but for the records of days before one.
pub(crate) fn without_days(file: &[u8], before: u32) -> Result<Vec<u8>, ReadBookError> {
    let parts = split(file)?;
    let mut kept = file[..parts.at].to_vec();
    for found in walk(&parts)?.0 {
        if found.kind != Kind::Day || day_in(&found) >= before {
            kept.extend(record(found.kind, found.id, found.sealed));
        }
    }
    Ok(kept)
}

fn day_in(record: &Record<'_>) -> u32 {
    let [a, b, c, d, ..] = record.id;
    u32::from_be_bytes([a, b, c, d])
}

struct Parts<'a> {
    generation: u32,
    slots: Vec<&'a [u8]>,
    /// Where the records begin.
    at: usize,
    records: &'a [u8],
}

fn split(file: &[u8]) -> Result<Parts<'_>, ReadBookError> {
    let damaged = |rest: &[u8]| ReadBookError::Damaged(file.len() - rest.len());
    let rest = file.strip_prefix(MAGIC).ok_or(ReadBookError::Damaged(0))?;
    let (generation, rest) = rest.split_first_chunk().ok_or_else(|| damaged(rest))?;
    let (count, mut rest) = rest.split_first().ok_or_else(|| damaged(rest))?;
    if !(1..=SLOTS_MAX).contains(count) {
        return Err(damaged(rest));
    }
    let mut slots = Vec::new();
    for _ in 0..*count {
        let (slot, after) = measured(rest).ok_or_else(|| damaged(rest))?;
        slots.push(slot);
        rest = after;
    }
    Ok(Parts {
        generation: u32::from_be_bytes(*generation),
        slots,
        at: file.len() - rest.len(),
        records: rest,
    })
}

/// The records, and where the last whole one ends.
fn walk<'a>(parts: &Parts<'a>) -> Result<(Vec<Record<'a>>, usize), ReadBookError> {
    let (mut found, mut rest) = (Vec::new(), parts.records);
    loop {
        let at = parts.at + parts.records.len() - rest.len();
        let Some((byte, after)) = rest.split_first() else {
            return Ok((found, at));
        };
        let kind = Kind::of(*byte).ok_or(ReadBookError::Damaged(at))?;
        let whole = after
            .split_first_chunk::<KEY_ID_BYTES>()
            .and_then(|(id, after)| Some((id, measured(after)?)));
        let Some((id, (sealed, after))) = whole else {
            return Ok((found, at));
        };
        rest = after;
        found.push(Record {
            at,
            kind,
            id: *id,
            sealed,
        });
    }
}

/// What a length of two bytes announces, and what follows it.
fn measured(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

fn record(kind: Kind, id: KeyId, sealed: &[u8]) -> Vec<u8> {
    [&[kind as u8], &id[..], &length_of(sealed), sealed].concat()
}

fn length_of(sealed: &[u8]) -> [u8; 2] {
    let length = u16::try_from(sealed.len());
    length
        .expect("a key is sealed in some hundred bytes")
        .to_be_bytes()
}

fn file_name(generation: u32) -> Vec<u8> {
    [FILE_NAME, &generation.to_be_bytes()].concat()
}

fn place(name: &[u8]) -> Place<'_> {
    Place {
        table: 0,
        key: name,
    }
}

/// A boxed record stays as it is when the file around it is only added to.
fn boxed_place(id: &KeyId) -> Place<'_> {
    place(id)
}
