//! Why a store did not open, and why a batch was not written.

use super::slot::Trouble;
use super::tables::SCHEMA_VERSION;
use redb::DatabaseError;
use thiserror::Error;

/// Why a store did not open. The file is left as it was.
#[derive(Debug, Error)]
pub enum OpenStoreError {
    /// A newer program wrote it.
    #[error("the store's form is {found}, and this program knows forms up to {SCHEMA_VERSION}")]
    Newer {
        /// The number in the file.
        found: u32,
    },
    /// Another process holds it.
    #[error("another program holds the store; close it and start again")]
    Held,
    /// The OPS key is another store's, or the store is damaged where that shows.
    #[error("ops.key must be the key this store was made with")]
    WrongKey,
    /// The keys of its dossiers can't be read.
    #[error("the keys beside the store can't be read: {0}")]
    Keys(String),
    /// It is no store of ours, or it is damaged beyond opening.
    #[error("the file is no readable store: {0}")]
    Unreadable(String),
}

/// Why a batch was not written. Such a batch may nevertheless be on the disk, whole; to write it
/// again is
/// harmless.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommitError {
    /// No room. The next commit is tried anew.
    #[error("the disk is full")]
    Full,
    /// The disk refused.
    #[error("the disk refused to write: {0}")]
    Disk(String),
    /// The file is damaged where this batch would go.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

impl From<std::io::Error> for CommitError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::Full,
            _ => Self::Disk(error.to_string()),
        }
    }
}

#[allow(clippy::needless_pass_by_value)]
pub(super) fn no_keys(error: impl ToString) -> OpenStoreError {
    OpenStoreError::Keys(error.to_string())
}

pub(super) fn unwrap_error(error: redb::Error) -> DatabaseError {
    match error {
        redb::Error::Io(error) => error.into(),
        other => DatabaseError::Storage(redb::StorageError::Corrupted(other.to_string())),
    }
}

pub(super) fn refuse(trouble: Trouble) -> OpenStoreError {
    match trouble {
        Trouble::Held => OpenStoreError::Held,
        Trouble::Full => OpenStoreError::Unreadable("the disk is full".into()),
        Trouble::Disk(text) | Trouble::Rotten(text) => OpenStoreError::Unreadable(text),
    }
}
