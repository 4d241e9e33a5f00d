//! Which key seals which row, and whether the CASE domain is open at this moment.

use super::book::{Book, DossierKey, KEY_ID_BYTES, KeyId, ReadBookError, Subject};
use super::day::{Day, Days, day_of_row, open_in, seal_in as seal_in_day};
use super::{CasePublic, CaseSecret, Form, OpenSealError, OpsKey, Place, aad, parse, start};
use crate::store::tables::{Domain, form};
use jiaolian_schema::suite::Suite;
use jiaolian_sync::{Table, dossier_of};
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use thiserror::Error;

/// The node's keys at rest. Shared by the owner thread and by every reader.
#[derive(Debug)]
pub struct Vault {
    ops: OpsKey,
    case: RwLock<Case>,
}

/// The CASE domain.
#[derive(Debug)]
struct Case {
    public: CasePublic,
    /// Known while the domain is open.
    secret: Option<CaseSecret>,
    /// Secrets of epochs of which rows may be left.
    earlier: Vec<CaseSecret>,
    book: Book,
    /// Keys of days, which are there while the domain is closed too.
    days: Days,
}

/// Why the CASE domain stayed closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnlockError {
    /// The secret is another node's, or of another epoch.
    #[error("the CASE secret must belong to this store")]
    Foreign,
    /// The keys of dossiers can't be read.
    #[error(transparent)]
    Keys(#[from] ReadBookError),
}

/// The file of keys as it is to be, and what the vault knows once it is.
#[derive(Debug)]
pub(crate) struct Rewrite {
    /// The bytes of the file.
    pub(crate) file: Vec<u8>,
    book: Book,
    earlier: Vec<CaseSecret>,
    secret: CaseSecret,
}

impl Vault {
    /// A vault for a new store, with its CASE domain closed, and the file of keys for its disk.
    pub(crate) fn create(ops: OpsKey, public: CasePublic) -> (Self, Vec<u8>) {
        let (book, file) = Book::begin(public);
        (Self::of(ops, public, book, Days::default()), file)
    }

    /// A vault for a store that has keys, with its CASE domain closed.
    pub(crate) fn new(ops: OpsKey, public: CasePublic, file: &[u8]) -> Result<Self, ReadBookError> {
        let days = Days::read(file, &ops)?;
        Ok(Self::of(ops, public, Book::closed(file)?, days))
    }

    fn of(ops: OpsKey, public: CasePublic, book: Book, days: Days) -> Self {
        let (secret, earlier) = (None, Vec::new());
        let case = RwLock::new(Case {
            public,
            secret,
            earlier,
            book,
            days,
        });
        Self { ops, case }
    }

    /// Opens the CASE domain for everybody who reads through this vault.
    pub(crate) fn unlock(&self, secret: CaseSecret, file: &[u8]) -> Result<(), UnlockError> {
        let mut case = self.write();
        if secret.public() != case.public {
            return Err(UnlockError::Foreign);
        }
        (case.book, case.earlier) = Book::open(file, &secret)?;
        case.secret = Some(secret);
        Ok(())
    }

    /// Closes the CASE domain; what was known of it is wiped.
    pub(crate) fn lock(&self) {
        let mut case = self.write();
        case.secret = None;
        case.earlier.clear();
        case.book.close();
    }

    /// Whether the CASE domain is open.
    pub fn is_open(&self) -> bool {
        self.read().secret.is_some()
    }

    /// The half that seals while locked.
    pub fn case_public(&self) -> CasePublic {
        self.read().public
    }

    /// Seals one row. Writing works while locked. What `unwritten` then holds must be durable before
    /// the row is.
    pub fn seal(&self, table: Table, key: &[u8], plain: &[u8]) -> Vec<u8> {
        let place = Place {
            table: table as u8,
            key,
        };
        if let Some(day) = day_of_row(table, key) {
            return self.seal_for_day(day, place, plain);
        }
        if form(table).domain == Domain::Ops {
            return self.ops.seal(place, plain);
        }
        let Some(subject) = subject_of(table, key, plain) else {
            let case = self.read();
            return match &case.secret {
                Some(secret) => secret.seal(place, plain),
                None => case.public.seal(place, plain),
            };
        };
        let mut case = self.write();
        let public = case.public;
        let (id, key) = case.book.sealing(subject, public);
        drop(case);
        seal_in(public.suite(), (id, &key), place, plain)
    }

    /// Opens one row, or says that it is closed, destroyed or damaged; never other bytes than were
    /// sealed.
    pub fn open(&self, table: Table, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        let place = Place {
            table: table as u8,
            key,
        };
        if form(table).domain == Domain::Ops {
            return self.open_ops(place, sealed);
        }
        let case = self.read();
        let secret = case.secret.as_ref().ok_or(OpenSealError::Locked)?;
        match parse(sealed)? {
            (suite, Form::Dossier, epoch, rest) => {
                let split = rest.split_first_chunk::<KEY_ID_BYTES>();
                let (id, rest) = split.ok_or(OpenSealError::Damaged)?;
                let key = case.book.get(id).ok_or(OpenSealError::Destroyed)?;
                key.rows
                    .open(&dossier_aad(suite, (*id, epoch), place), rest)
            }
            (_, _, epoch, _) => {
                let mut secrets = case.earlier.iter().chain([secret]);
                let secret = secrets.find(|secret| secret.public().epoch() == epoch);
                secret.ok_or(OpenSealError::Damaged)?.open(place, sealed)
            }
        }
    }

    /// Seals a row of the OPS domain under the key of a day of whose positions it speaks.
    pub(crate) fn seal_as_of(
        &self,
        day: Option<Day>,
        table: Table,
        key: &[u8],
        plain: &[u8],
    ) -> Vec<u8> {
        let place = Place {
            table: table as u8,
            key,
        };
        match day {
            Some(day) => self.seal_for_day(day, place, plain),
            None => self.ops.seal(place, plain),
        }
    }

    fn seal_for_day(&self, day: Day, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let known = self.read().days.get(day);
        let rows = known.unwrap_or_else(|| {
            let mut case = self.write();
            if let Some(rows) = case.days.get(day) {
                return rows;
            }
            let (rows, record) = case.days.begin(day, &self.ops);
            case.book.append(&record);
            rows
        });
        seal_in_day(self.ops.suite(), (day, &*rows), place, plain)
    }

    fn open_ops(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenSealError> {
        let (suite, Form::Day, day, rest) = parse(sealed)? else {
            return self.ops.open(place, sealed);
        };
        let rows = self.read().days.get(day).ok_or(OpenSealError::Destroyed)?;
        open_in(suite, (day, &*rows), place, rest)
    }

    /// Whether a key of a day before this one is left.
    pub(crate) fn has_days_before(&self, day: Day) -> bool {
        self.read().days.has_before(day)
    }

    /// The file of keys is so long now, without the keys of days before this one.
    pub(crate) fn forget_days(&self, before: Day, length: u64) {
        let mut case = self.write();
        case.days.forget_before(before);
        case.book.measured(length);
    }

    /// Under whose key a row lies, told without opening it; none while closed, and for a row of an
    /// earlier form.
    pub(crate) fn subject_of_row(&self, sealed: &[u8]) -> Option<Subject> {
        let (_, Form::Dossier, _, rest) = parse(sealed).ok()? else {
            return None;
        };
        let (id, _) = rest.split_first_chunk::<KEY_ID_BYTES>()?;
        self.read().book.get(id).map(|key| key.subject)
    }

    /// The secret, while somebody is signed in.
    pub(crate) fn case_secret(&self) -> Option<CaseSecret> {
        self.read().secret.clone()
    }

    /// Whether a row of the CASE domain is sealed as it would be sealed now.
    pub(crate) fn is_current(&self, table: Table, key: &[u8], sealed: &[u8], plain: &[u8]) -> bool {
        let Ok((_, found, epoch, _)) = parse(sealed) else {
            return false;
        };
        let wanted = subject_of(table, key, plain).is_some();
        epoch == self.case_public().epoch() && (found == Form::Dossier) == wanted
    }

    /// What must be on the disk before the rows sealed since, and where in the file it goes.
    pub(crate) fn unwritten(&self) -> Option<(u64, Vec<u8>)> {
        let case = self.read();
        case.book
            .unwritten()
            .map(|(at, bytes)| (at, bytes.to_vec()))
    }

    /// It is on the disk.
    pub(crate) fn written(&self) {
        self.write().book.written();
    }

    /// The file of keys without those of some subjects; none while the domain is closed.
    pub(crate) fn without(&self, gone: &BTreeSet<Subject>) -> Option<Rewrite> {
        let case = self.read();
        let secret = case.secret.clone()?;
        let (book, file) = case.rewritten(&self.ops, &[case.public], (gone, 0), &case.earlier);
        Some(Rewrite {
            file,
            book,
            earlier: case.earlier.clone(),
            secret,
        })
    }

    /// The file of keys for a new epoch, which opens by both secrets; none while the domain is
    /// closed.
    pub(crate) fn turned(&self, next: &CaseSecret) -> Option<Rewrite> {
        let case = self.read();
        let secret = case.secret.clone()?;
        let earlier: Vec<_> = case.earlier.iter().cloned().chain([secret]).collect();
        let publics = [case.public, next.public()];
        let (book, file) = case.rewritten(&self.ops, &publics, (&BTreeSet::new(), 0), &earlier);
        Some(Rewrite {
            file,
            book,
            earlier,
            secret: next.clone(),
        })
    }

    /// The file of keys with the keys and secrets of this epoch only; none while the domain is
    /// closed.
    pub(crate) fn settled(&self) -> Option<Rewrite> {
        let case = self.read();
        let secret = case.secret.clone()?;
        let epoch = case.public.epoch();
        let kept = (&BTreeSet::new(), epoch);
        let (book, file) = case.rewritten(&self.ops, &[case.public], kept, &[]);
        Some(Rewrite {
            file,
            book,
            earlier: Vec::new(),
            secret,
        })
    }

    /// Whether anything of an earlier epoch is left.
    pub(crate) fn has_earlier(&self) -> bool {
        !self.read().earlier.is_empty()
    }

    /// The rewritten file is durable.
    pub(crate) fn take(&self, rewrite: Rewrite) {
        let mut case = self.write();
        case.public = rewrite.secret.public();
        (case.book, case.earlier) = (rewrite.book, rewrite.earlier);
        case.secret = Some(rewrite.secret);
    }

    pub(crate) fn ops(&self) -> &OpsKey {
        &self.ops
    }

    fn read(&self) -> RwLockReadGuard<'_, Case> {
        self.case.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Case> {
        self.case.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Case {
    /// See `Book::rewritten`.
    fn rewritten(
        &self,
        ops: &OpsKey,
        publics: &[CasePublic],
        kept: (&BTreeSet<Subject>, u32),
        earlier: &[CaseSecret],
    ) -> (Book, Vec<u8>) {
        let days = self.days.records(ops);
        self.book.rewritten(publics, kept, earlier, &days)
    }
}

/// Whose a row is: a dossier's, or in a draft whatever its name speaks of.
fn subject_of(table: Table, key: &[u8], plain: &[u8]) -> Option<Subject> {
    match table {
        Table::Draft => key.get(16..).and_then(named_in),
        _ => dossier_of(table, key, plain).map(|dossier| dossier.0),
    }
}

/// The first id in a draft's name.
fn named_in(name: &[u8]) -> Option<Subject> {
    let words = name.split(|byte| !byte.is_ascii_hexdigit());
    let mut ids = words.filter(|word| word.len() == 64);
    let id = std::str::from_utf8(ids.next()?).ok()?;
    jiaolian_schema::id::unhex(id)?.try_into().ok()
}

fn seal_in(
    suite: Suite,
    (id, key): (KeyId, &DossierKey),
    place: Place<'_>,
    plain: &[u8],
) -> Vec<u8> {
    let mut sealed = start(suite, Form::Dossier, key.epoch, KEY_ID_BYTES + plain.len());
    sealed.extend_from_slice(&id);
    let aad = dossier_aad(suite, (id, key.epoch), place);
    key.rows.append(&mut sealed, &aad, plain);
    sealed
}

fn dossier_aad(suite: Suite, (id, epoch): (KeyId, u32), place: Place<'_>) -> Vec<u8> {
    let mut bytes = aad(suite, Form::Dossier, epoch, place);
    bytes.extend_from_slice(&id);
    bytes
}
