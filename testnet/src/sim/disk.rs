//! A node's disk: what was committed is there after a crash, whole batches and nothing else, as
//! redb keeps it.

use jiaolian_sync::{MemoryStore, Rows, Store, StoreError, Table, Write};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The durable image, shared by the process that runs and the one that comes after it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    image: Rc<RefCell<MemoryStore>>,
    locked: Rc<Cell<bool>>,
}

impl Disk {
    pub(crate) fn commit(&self, writes: &[Write]) {
        self.image.borrow_mut().commit(writes);
    }

    /// Closes or opens the CASE domain.
    pub(crate) fn lock(&self, locked: bool) {
        self.locked.set(locked);
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.locked.get()
    }

    /// A copy in other hands, with all case files open.
    pub(crate) fn copy(&self) -> Self {
        Self {
            image: Rc::new(RefCell::new(self.image.borrow().clone())),
            ..Self::default()
        }
    }

    fn check(&self, table: Table) -> Result<(), StoreError> {
        let closed = matches!(table, Table::CaseBody | Table::Parked | Table::Refused);
        if closed && self.locked.get() {
            Err(StoreError::Locked(table))
        } else {
            Ok(())
        }
    }
}

impl Store for Disk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.check(table)?;
        self.image.borrow().get(table, key)
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Rows, StoreError> {
        self.check(table)?;
        self.image.borrow().range(table, from, to, limit)
    }
}
