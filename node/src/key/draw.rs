//! A key that is drawn before anybody appointed it, and what becomes of the ring of a forgotten
//! passphrase.

use super::{
    CaseSecret, EnrolError, KeyRing, OfficerKey, OpenKeyError, OpenedKey, PoisonError, Wrap,
    ring_row,
};
use jiaolian_schema::suite::{Sign as _, Suite};
use jiaolian_sync::{Store, StoreError, Table, Write};

/// Before a staff number in the key of its laid-aside ring; no staff number begins with a zero byte.
const FORMER: &[u8] = b"\0former";

impl KeyRing {
    /// A fresh key under a new passphrase: its public half and a ring that opens it and no case
    /// files.
    pub fn draw(
        &self,
        suite: Suite,
        staff_number: &str,
        passphrase: &str,
    ) -> Result<(Vec<u8>, Vec<u8>), EnrolError> {
        let key = OfficerKey::generate(suite);
        let ring = self.enrol(staff_number, passphrase, &key, &CaseSecret::none())?;
        Ok((key.public_key(), ring.value.unwrap_or_default()))
    }

    /// Counts a try at something that is not a passphrase, by the same growing delay. `what` holds a
    /// colon, so that it is no staff number.
    pub fn count(&self, what: &str, now_ms: i64) -> Result<(), OpenKeyError> {
        self.charge(what, now_ms)
    }

    /// The try succeeded.
    pub fn forgive(&self, what: &str) {
        let attempts = self.attempts.lock();
        attempts
            .unwrap_or_else(PoisonError::into_inner)
            .forget(what);
    }

    /// Gives a number another ring. The one before is laid aside: it may hold the last copy of the
    /// CASE secret at this desk, and its passphrase may be remembered.
    pub fn replace(
        store: &impl Store,
        staff_number: &str,
        ring: Vec<u8>,
    ) -> Result<Vec<Write>, StoreError> {
        let former = store.get(Table::KeyRing, staff_number.as_bytes())?;
        let key = [FORMER, staff_number.as_bytes()].concat();
        let mut writes = vec![ring_row(staff_number.as_bytes(), Some(ring))];
        if former.is_some() {
            writes.push(ring_row(&key, former));
        }
        Ok(writes)
    }

    /// What a laid-aside ring opens; refused where there is none.
    pub fn open_former(
        &self,
        store: &impl Store,
        staff_number: &str,
        passphrase: &str,
        now_ms: i64,
    ) -> Result<OpenedKey, OpenKeyError> {
        self.charge(staff_number, now_ms)?;
        let key = [FORMER, staff_number.as_bytes()].concat();
        let known = store.get(Table::KeyRing, &key)?;
        let wrap = known.and_then(|bytes| Wrap::from_bytes(&bytes));
        let wrap = wrap.unwrap_or_else(|| Wrap::decoy(self.cost));
        let opened = self.open_wrap(store, wrap, staff_number, passphrase)?;
        // A laid-aside ring never takes the place of the one in use.
        Ok(OpenedKey {
            renewed: None,
            ..opened
        })
    }
}
