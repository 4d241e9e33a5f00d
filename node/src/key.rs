//! Officers' keys: one passphrase opens both the signing key of its officer and the node's CASE
//! domain.
//!
//! A ring is `form (1) ‖ memory KiB (4) ‖ passes (4) ‖ lanes (4) ‖ salt (16) ‖ letterbox ‖ sealed key and
//! CASE secret`, all integers big-endian; the letterbox, a length and a public key, is there where the
//! form has its bit set. An officer's key is a seed or the name of a UKey, of either suite. Wrong
//! passphrases slow down the next try for the same number and never lock it out: an offline desk has
//! nobody to unlock it.

mod attempt;
mod backup;
mod draw;
mod epoch;
mod file;
mod officer;
mod share;
mod tip;
mod ukey;
mod wrap;

use crate::seal::{CasePublic, CaseSecret, OpenSealError, OpsKey, Place};
use attempt::{ATTEMPT_FILE, Attempts};
use jiaolian_schema::suite::Suite;
use jiaolian_sync::{Store, StoreError, Table, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use thiserror::Error;
use wrap::{Form, Wrap};
use zeroize::Zeroizing;

pub use attempt::delay_ms;
pub use backup::BackupKey;
pub use epoch::{TurnError, numbers, turn};
pub use file::{KeyFileError, NodeKeys, create_ops_key, open_ops_key, write_ops_key};
pub(crate) use file::{open_sealed_file, write_sealed_file};
pub use officer::OfficerKey;
pub use share::{RecoveryShare, ShareError};
pub use tip::{Tip, TipError, TipVerdict};
pub use ukey::{PIN_BYTES_MAX, UKEY_FORM, Ukey};
pub use wrap::Cost;
pub(crate) use wrap::stretch;

/// A 32-byte secret that a key of either suite is made of; wiped when dropped.
pub type Seed = Zeroizing<[u8; 32]>;

/// Shortest passphrase, in characters.
pub const PASSPHRASE_CHARS_MIN: usize = 8;
/// Longest passphrase, in characters.
pub const PASSPHRASE_CHARS_MAX: usize = 256;
/// Longest staff number, in bytes.
pub const STAFF_NUMBER_BYTES_MAX: usize = 32;

/// No staff number begins with a zero byte, so the county's copy has a key of its own.
const RECOVERY_ROW: &[u8] = b"\0recovery";
const RECOVERY_KEY_ROW: &[u8] = b"\0recovery-key";

/// What a passphrase opens.
#[derive(Debug)]
pub struct OpenedKey {
    /// The officer's signing key at this desk.
    pub key: OfficerKey,
    /// What unlocks the store: of the newest epoch that was given to the officer. It opens nothing
    /// where nobody gave it to a new key yet.
    pub case_secret: CaseSecret,
    /// The ring with its letterbox, where it has none yet.
    pub renewed: Option<Write>,
}

/// Why an officer was not enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnrolError {
    /// Too short or too long.
    #[error(
        "a passphrase must have {PASSPHRASE_CHARS_MIN} to {PASSPHRASE_CHARS_MAX} characters, not {0}"
    )]
    Passphrase(usize),
    /// Not a staff number.
    #[error("a staff number must have 1 to {STAFF_NUMBER_BYTES_MAX} letters and digits, not {0:?}")]
    StaffNumber(String),
}

/// Why a key did not open.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenKeyError {
    /// The number is unknown or the passphrase is wrong; the answer and its cost are the same.
    #[error("staff number and passphrase must belong together")]
    Refused,
    /// Too many wrong tries for this number.
    #[error("the next try for this staff number is in {wait_s} s")]
    TooSoon {
        /// Seconds to wait, at least 1.
        wait_s: u64,
    },
    /// The ring can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The door to the key rings in `Table::KeyRing`. Usable from any thread; slow on purpose.
#[derive(Debug)]
pub struct KeyRing {
    cost: Cost,
    attempts: Mutex<Attempts>,
    /// One Argon2 at a time: 64 MiB each, on PCs with little memory.
    turn: Mutex<()>,
}

impl KeyRing {
    /// A door whose new rings have this cost.
    pub fn new(cost: Cost) -> Self {
        Self {
            cost,
            attempts: Mutex::new(Attempts::default()),
            turn: Mutex::new(()),
        }
    }

    /// The same, with the tries of passphrases kept in a node's directory over a restart.
    #[must_use]
    pub fn keeping_tries(self, dir: &Path, ops: OpsKey) -> Self {
        let attempts = Attempts::kept_in(dir.join(ATTEMPT_FILE), ops);
        Self {
            attempts: Mutex::new(attempts),
            ..self
        }
    }

    /// The write that enrols an officer, or gives an enrolled one a new passphrase.
    pub fn enrol(
        &self,
        staff_number: &str,
        passphrase: &str,
        key: &OfficerKey,
        case_secret: &CaseSecret,
    ) -> Result<Write, EnrolError> {
        check_staff_number(staff_number)?;
        check_passphrase(passphrase)?;
        let (secrets, is_plain) = officer::write(key, case_secret);
        let form = match (is_plain, case_secret.suite()) {
            (true, _) => Form::Plain,
            (false, Suite::Ed25519) => Form::Any,
            (false, Suite::Sm2) => Form::AnySm,
        };
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let wrap = Wrap::seal((self.cost, form), staff_number, passphrase, &secrets);
        Ok(ring_row(staff_number.as_bytes(), Some(wrap.to_bytes())))
    }

    /// Opens an officer's ring. `now_ms` is any clock of this node, in ms since 1970.
    pub fn open(
        &self,
        store: &impl Store,
        staff_number: &str,
        passphrase: &str,
        now_ms: i64,
    ) -> Result<OpenedKey, OpenKeyError> {
        self.charge(staff_number, now_ms)?;
        let known = match check_staff_number(staff_number) {
            Ok(()) => store.get(Table::KeyRing, staff_number.as_bytes())?,
            Err(_) => None,
        };
        let wrap = known.and_then(|bytes| Wrap::from_bytes(&bytes));
        let wrap = wrap.unwrap_or_else(|| Wrap::decoy(self.cost));
        self.open_wrap(store, wrap, staff_number, passphrase)
    }

    /// A ring as it lies on the disk, for a command of this machine that opens it itself; a try is
    /// counted until `opened` says that it was right.
    pub fn lend(
        &self,
        store: &impl Store,
        staff_number: &str,
        now_ms: i64,
    ) -> Result<Option<Vec<u8>>, OpenKeyError> {
        self.charge(staff_number, now_ms)?;
        if check_staff_number(staff_number).is_err() {
            return Ok(None);
        }
        Ok(store.get(Table::KeyRing, staff_number.as_bytes())?)
    }

    /// The ring that was lent was opened: the number starts afresh.
    pub fn opened(&self, staff_number: &str) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.forget(staff_number);
    }

    fn open_wrap(
        &self,
        store: &impl Store,
        wrap: Wrap,
        staff_number: &str,
        passphrase: &str,
    ) -> Result<OpenedKey, OpenKeyError> {
        let opened = {
            let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            wrap.open(staff_number, passphrase)
                .ok_or(OpenKeyError::Refused)?
        };
        self.opened(staff_number);
        let read = officer::read(&opened.secrets, wrap.form() == Form::Plain);
        let (key, own) = read.ok_or(StoreError::Damaged(Table::KeyRing))?;
        let case_secret = epoch::newest(store, staff_number, &opened.letterbox, own)?;
        let renewed = wrap.letterbox().is_none().then(|| {
            let wrap = wrap.with_letterbox(opened.letterbox.public());
            ring_row(staff_number.as_bytes(), Some(wrap.to_bytes()))
        });
        Ok(OpenedKey {
            key,
            case_secret,
            renewed,
        })
    }

    /// The write that takes an officer's ring away.
    pub fn remove(staff_number: &str) -> Write {
        ring_row(staff_number.as_bytes(), None)
    }

    /// The writes that leave a copy of the CASE secret for the county's recovery key (two people,
    /// off-line), and the key itself, so that later epochs are left for it too.
    pub fn escrow(case_secret: &CaseSecret, recovery: &CasePublic) -> [Write; 2] {
        let sealed = recovery.seal(recovery_place(), case_secret.to_bytes().as_slice());
        let key = recovery.to_bytes();
        [
            ring_row(RECOVERY_ROW, Some(sealed)),
            ring_row(RECOVERY_KEY_ROW, Some(key)),
        ]
    }

    /// The county's copy in a row of a backup that is still sealed; none where this is another row or
    /// another key.
    pub(crate) fn recover_sealed(
        ops: &OpsKey,
        key: &[u8],
        sealed: &[u8],
        recovery: &CaseSecret,
    ) -> Option<CaseSecret> {
        if key != RECOVERY_ROW {
            return None;
        }
        let copy = ops.open(recovery_place(), sealed).ok()?;
        CaseSecret::from_bytes(&Zeroizing::new(
            recovery.open(recovery_place(), &copy).ok()?,
        ))
    }

    /// The county's recovery key, where this node leaves copies for it.
    pub fn recovery_key(store: &impl Store) -> Result<Option<CasePublic>, StoreError> {
        let key = store.get(Table::KeyRing, RECOVERY_KEY_ROW)?;
        Ok(key.and_then(|key| CasePublic::from_bytes(&key)))
    }

    /// Opens the county's copy; none when there is none.
    pub fn recover(
        store: &impl Store,
        recovery: &CaseSecret,
    ) -> Result<Option<CaseSecret>, OpenKeyError> {
        let Some(sealed) = store.get(Table::KeyRing, RECOVERY_ROW)? else {
            return Ok(None);
        };
        let bytes = recovery.open(recovery_place(), &sealed);
        let bytes = Zeroizing::new(bytes.map_err(|_: OpenSealError| OpenKeyError::Refused)?);
        let secret = CaseSecret::from_bytes(&bytes).ok_or(OpenKeyError::Refused)?;
        Ok(Some(secret))
    }

    /// Counts the try before it is made, so that tries at the same moment don't slip through
    /// together.
    fn charge(&self, staff_number: &str, now_ms: i64) -> Result<(), OpenKeyError> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts
            .charge(staff_number, now_ms)
            .map_err(|wait_ms| OpenKeyError::TooSoon {
                wait_s: wait_ms.div_ceil(1_000).max(1),
            })
    }
}

/// Whether a passphrase is long enough and not too long.
pub fn check_passphrase(passphrase: &str) -> Result<(), EnrolError> {
    let chars = passphrase.chars().count();
    if (PASSPHRASE_CHARS_MIN..=PASSPHRASE_CHARS_MAX).contains(&chars) {
        return Ok(());
    }
    Err(EnrolError::Passphrase(chars))
}

/// Whether a row of the rings goes into a backup: the county's copy does, and no ring, for rings hold
/// keys that sign.
pub fn is_kept_in_backup(key: &[u8]) -> bool {
    [RECOVERY_ROW, RECOVERY_KEY_ROW].contains(&key)
}

fn check_staff_number(number: &str) -> Result<(), EnrolError> {
    let plain = number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain && (1..=STAFF_NUMBER_BYTES_MAX).contains(&number.len()) {
        return Ok(());
    }
    Err(EnrolError::StaffNumber(
        number.chars().take(STAFF_NUMBER_BYTES_MAX).collect(),
    ))
}

fn ring_row(key: &[u8], value: Option<Vec<u8>>) -> Write {
    Write {
        table: Table::KeyRing,
        key: key.to_vec(),
        value,
    }
}

fn recovery_place() -> Place<'static> {
    Place {
        table: Table::KeyRing as u8,
        key: RECOVERY_ROW,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiaolian_schema::suite::Sign as _;
    use jiaolian_sync::MemoryStore;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    const PASSPHRASE: &str = "春天的雨 2026";

    fn enrolled() -> (KeyRing, MemoryStore, OfficerKey, CaseSecret) {
        enrolled_in(Suite::Ed25519, Suite::Ed25519)
    }

    fn enrolled_in(signs: Suite, seals: Suite) -> (KeyRing, MemoryStore, OfficerKey, CaseSecret) {
        let ring = KeyRing::new(CHEAP);
        let case = CaseSecret::generate_in(seals);
        let key = OfficerKey::Ring(signs, Zeroizing::new([3; 32]));
        let mut store = MemoryStore::default();
        store.commit(&[ring.enrol("A1024", PASSPHRASE, &key, &case).unwrap()]);
        (ring, store, key, case)
    }

    #[test]
    fn one_passphrase_opens_the_signing_key_and_the_case_domain() {
        for signs in Suite::ALL {
            for seals in Suite::ALL {
                let (ring, store, key, case) = enrolled_in(signs, seals);
                let opened = ring.open(&store, "A1024", PASSPHRASE, 0).unwrap();
                assert_eq!(opened.key.suite(), signs.number());
                assert_eq!(opened.key.public_key(), key.public_key());
                assert_eq!(opened.case_secret.public(), case.public());
            }
        }
    }

    #[test]
    fn a_ring_of_suite_one_keeps_its_first_form_and_others_say_what_seals_them() {
        let form = |signs, seals| {
            let (_, store, ..) = enrolled_in(signs, seals);
            // Whether a letterbox is behind it is a bit of its own.
            store.get(Table::KeyRing, b"A1024").unwrap().unwrap()[0] & !0x40
        };
        assert_eq!(form(Suite::Ed25519, Suite::Ed25519), 1);
        assert_eq!(form(Suite::Sm2, Suite::Ed25519), 2);
        assert_eq!(form(Suite::Ed25519, Suite::Sm2), 0x82);
        assert_eq!(form(Suite::Sm2, Suite::Sm2), 0x82);
    }

    #[test]
    fn unknown_number_wrong_passphrase_and_borrowed_ring_get_the_same_answer() {
        let (ring, mut store, ..) = enrolled();
        let borrowed = store.get(Table::KeyRing, b"A1024").unwrap();
        store.commit(&[ring_row(b"B7", borrowed)]);
        for (number, passphrase) in [
            ("A1024", "wrong wrong"),
            ("A9999", PASSPHRASE),
            ("B7", PASSPHRASE),
            ("\0", "x"),
        ] {
            let refused = ring.open(&store, number, passphrase, 0).unwrap_err();
            assert_eq!(refused, OpenKeyError::Refused, "{number:?}");
        }
    }

    #[test]
    fn twenty_wrong_tries_slow_down_one_number_and_lock_out_nobody() {
        let (ring, store, ..) = enrolled();
        let mut now_ms = 1_000;
        let mut waits = Vec::new();
        for _ in 0..20 {
            while let Err(OpenKeyError::TooSoon { wait_s }) =
                ring.open(&store, "A1024", "wrong wrong", now_ms)
            {
                waits.push(wait_s);
                now_ms += i64::try_from(wait_s * 1_000).unwrap();
            }
        }
        assert!(waits.is_sorted() && waits.len() >= 14, "{waits:?}");
        let too_soon = ring.open(&store, "A1024", PASSPHRASE, now_ms).unwrap_err();
        assert!(
            matches!(too_soon, OpenKeyError::TooSoon { .. }),
            "{too_soon}"
        );
        assert_eq!(
            ring.open(&store, "B7", "wrong wrong", now_ms).unwrap_err(),
            OpenKeyError::Refused
        );
        now_ms += 3_600_000;
        ring.open(&store, "A1024", PASSPHRASE, now_ms).unwrap();
        ring.open(&store, "A1024", PASSPHRASE, now_ms).unwrap();
    }

    #[test]
    fn weak_passphrases_and_odd_numbers_are_not_enrolled() {
        let ring = KeyRing::new(CHEAP);
        let (key, case) = (OfficerKey::generate(Suite::Sm2), CaseSecret::generate());
        let weak = ring.enrol("A1", "七个字不够长呀", &key, &case).unwrap_err();
        assert_eq!(weak, EnrolError::Passphrase(7));
        for number in ["", "A 1", "\0recovery", "工号", &"9".repeat(33)] {
            let odd = ring.enrol(number, PASSPHRASE, &key, &case);
            assert!(matches!(odd, Err(EnrolError::StaffNumber(_))), "{number:?}");
        }
    }

    #[test]
    fn county_recovers_what_the_officers_forgot() {
        let (_, mut store, _, case) = enrolled();
        let county = CaseSecret::generate();
        assert!(KeyRing::recover(&store, &county).unwrap().is_none());
        store.commit(&KeyRing::escrow(&case, &county.public()));
        let recovered = KeyRing::recover(&store, &county).unwrap().unwrap();
        assert_eq!(recovered.public(), case.public());
        let stranger = KeyRing::recover(&store, &CaseSecret::generate()).unwrap_err();
        assert_eq!(stranger, OpenKeyError::Refused);
    }
}
