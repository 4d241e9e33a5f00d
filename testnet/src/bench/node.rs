//! A replica with what performs its effects: a store in memory or on a disk, and frames kept for
//! whoever carries them.

use super::MeasureError;
use jiaolian_sync::{
    Effect, Lane, MemoryStore, Peer, Replica, Rows, Setup, Store, StoreError, Table, Write,
};
use std::cell::RefCell;
use std::rc::Rc;

/// A store in memory that the replica reads while its node writes.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Rc<RefCell<MemoryStore>>);

impl Memory {
    pub(super) fn commit(&self, writes: &[Write]) {
        self.0.borrow_mut().commit(writes);
    }
}

impl Store for Memory {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.borrow().get(table, key)
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Rows, StoreError> {
        self.0.borrow().range(table, from, to, limit)
    }
}

/// Makes a batch durable.
pub(super) type Commit = Box<dyn Fn(&[Write]) -> Result<(), MeasureError>>;

/// One node.
pub(super) struct Node<S> {
    pub(super) replica: Replica<S>,
    pub(super) peer: Peer,
    /// Frames to the one peer that it has.
    pub(super) out: Vec<(Lane, Vec<u8>)>,
    commit: Commit,
}

impl<S: Store> Node<S> {
    pub(super) fn open(
        store: S,
        commit: Commit,
        peer: Peer,
        setup: Setup,
    ) -> Result<Self, MeasureError> {
        let replica = Replica::open(store, setup)?;
        Ok(Self {
            replica,
            peer,
            out: Vec::new(),
            commit,
        })
    }

    /// Performs what the last verbs asked for, in one commit.
    pub(super) fn settle(&mut self) -> Result<(), MeasureError> {
        for effect in self.replica.drain() {
            match effect {
                Effect::Store(writes) => (self.commit)(&writes)?,
                Effect::Send { lane, frame, .. } => self.out.push((lane, frame)),
                Effect::Hangup { reason, .. } => return Err(MeasureError::Wrong(reason)),
                Effect::Publish(_) => {}
            }
        }
        Ok(())
    }
}

impl Node<Memory> {
    /// A node in memory.
    pub(super) fn in_memory(peer: Peer, setup: Setup) -> Result<(Self, Memory), MeasureError> {
        let memory = Memory::default();
        let disk = memory.clone();
        let commit = Box::new(move |writes: &[Write]| {
            disk.commit(writes);
            Ok(())
        });
        Ok((Self::open(memory.clone(), commit, peer, setup)?, memory))
    }
}
