//! What a node knows and decides: one sans-IO state machine, its protocol and its lanes.

pub mod frame;
mod index;
mod item;
mod reconcile;
mod store;

pub use store::{MemoryStore, Rows, Store, StoreError, Table, Write};
