//! The limits of `edit/1` in one place, because under that name they never change: a node that
//! admits more than its neighbour would show another text.

/// Bounds on one change chunk.
///
/// The sizes are those of the measurements that made them necessary: a 127-byte change can claim
/// 5,000,000 operations, and a compressed one of 2 MiB can take 6 GiB to unpack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditLimits {
    /// Longest chunk, header included, in bytes.
    pub chunk_bytes_max: usize,
    /// Most changes that one change may name as what it builds on.
    pub deps_max: usize,
    /// Most actors that one change may mention, its own included.
    pub actors_max: usize,
    /// Most operations of a change, and most rows that the runs of any column may add up to.
    pub rows_max: u64,
    /// Longest key of a map, in bytes of UTF-8.
    pub key_bytes_max: usize,
    /// Longest single value, in bytes.
    pub value_bytes_max: usize,
    /// Bytes allowed after the columns (Automerge keeps an author's name there; we have none).
    pub extra_bytes_max: usize,
    /// Highest operation counter; Automerge keeps counters in 32 bits.
    pub counter_max: u64,
}

/// The limits of the envelope type `edit/1`.
pub const EDIT_1: EditLimits = EditLimits {
    chunk_bytes_max: 64 * 1024,
    deps_max: 16,
    actors_max: 64,
    rows_max: 5_000,
    key_bytes_max: 256,
    value_bytes_max: 32 * 1024,
    extra_bytes_max: 0,
    counter_max: u32::MAX as u64 / 2,
};

/// Most changes in the content of one dossier, the genesis not counted.
pub const DOCUMENT_CHANGES_MAX: usize = 50_000;

/// Most bytes that the changes of one dossier may add up to.
pub const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most operations in the content of one dossier. Repeated deletions cost next to no bytes, so the
/// bound on bytes alone would let 16 MiB of changes stand for 250 million operations.
pub const DOCUMENT_ROWS_MAX: u64 = 4_000_000;
