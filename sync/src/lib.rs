//! What a node knows and decides: one sans-IO state machine, its protocol and its lanes.

mod store;

pub use store::{MemoryStore, Rows, Store, StoreError, Table, Write};
