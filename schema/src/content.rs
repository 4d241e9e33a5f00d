//! The free text and fields of a dossier, merged by Automerge behind a check of our own.
//!
//! Automerge never sees untrusted bytes. Each change goes through three doors: [`precheck`] (the
//! bytes alone), the ledger (the past that the change names), and Automerge itself on a copy whose
//! panic is caught. The first two are verdicts: every node gives the same. The third is not: it
//! sets the change aside here, keeps the document as it was, and is a bug to be reported.

use automerge::{Automerge, Change, ChangeHash};
use thiserror::Error;

mod chunk;
mod column;
mod edit;
mod error;
mod kind;
mod ledger;
mod limit;
mod precheck;
mod reader;
mod rebuild;
mod row;
mod view;

pub use edit::{EditCommand, EditError};
pub use error::{LedgerError, PrecheckError};
pub use kind::{Container, ContentKind, GENESIS_ACTOR, Shape};
pub use limit::{DOCUMENT_BYTES_MAX, DOCUMENT_CHANGES_MAX, DOCUMENT_ROWS_MAX, EDIT_1, EditLimits};
pub use precheck::{ChangeSummary, fuzz_precheck, precheck};
pub use rebuild::Refused;
pub use view::{ContentView, Stated, Value};

use kind::guarded;
use ledger::{AdmitError, Ledger};

/// A SHA-256 that names a change.
pub type Hash = [u8; 32];

/// The merged document of one dossier. Equal sets of changes give equal content in any order.
#[derive(Debug, Clone)]
pub struct Content {
    kind: ContentKind,
    document: Automerge,
    ledger: Ledger,
    bytes: usize,
    rows: u64,
}

/// A change that is now part of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What the change says about itself.
    pub summary: ChangeSummary,
    /// True if it was here before and nothing happened.
    pub known: bool,
}

/// Why a change is not part of the document. The document is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// The bytes break a rule of `edit/1`: void everywhere, for ever.
    #[error(transparent)]
    Precheck(#[from] PrecheckError),
    /// It builds on changes that are not here; offer it again when they are.
    #[error("the change waits for {} that it builds on", .0.len())]
    Missing(Vec<Hash>),
    /// It does not fit the past that it names. Void everywhere, unless it is a
    /// [`LedgerError::Fork`]: then [`Content::rebuild`] from the whole set decides.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The document has as many changes as it may have.
    #[error("a document has at most {DOCUMENT_CHANGES_MAX} changes, this one has {changes}")]
    Changes {
        /// Now in the document.
        changes: usize,
    },
    /// The document has as many bytes of changes as it may have.
    #[error("a document has at most {DOCUMENT_BYTES_MAX} bytes of changes, with this one {bytes}")]
    Bytes {
        /// With this change.
        bytes: usize,
    },
    /// The document has as many operations as it may have.
    #[error("a document has at most {DOCUMENT_ROWS_MAX} operations, with this change {rows}")]
    Rows {
        /// With this change.
        rows: u64,
    },
    /// Automerge failed on a change that passed every check. Never a verdict: keep the bytes,
    /// list them and report a bug.
    #[error("the change is set aside, automerge failed on it: {0}")]
    Quarantine(String),
}

impl From<AdmitError> for ApplyError {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Precheck(error) => Self::Precheck(error),
            AdmitError::Ledger(LedgerError::Missing(deps)) => Self::Missing(deps),
            AdmitError::Ledger(error) => Self::Ledger(error),
        }
    }
}

impl Content {
    /// A document with nothing but the containers of its kind.
    pub fn genesis(kind: ContentKind) -> Self {
        Self {
            kind,
            document: kind.document(),
            ledger: Ledger::genesis(kind),
            bytes: 0,
            rows: 0,
        }
    }

    /// The kind it was begun with.
    pub fn kind(&self) -> ContentKind {
        self.kind
    }

    /// Changes in the document, the genesis not counted.
    pub fn changes(&self) -> usize {
        self.ledger.len()
    }

    /// Whether a change, or the genesis, is part of the document.
    pub fn contains(&self, hash: &Hash) -> bool {
        self.ledger.contains(hash)
    }

    /// The changes that no other builds on, ascending: what an editor saw.
    pub fn heads(&self) -> Vec<Hash> {
        let mut heads: Vec<Hash> = self
            .document
            .get_heads()
            .iter()
            .map(|head| head.0)
            .collect();
        heads.sort_unstable();
        heads
    }

    /// Takes in one change of the given author, or says why not and changes nothing.
    pub fn apply(&mut self, bytes: &[u8], expected_actor: &Hash) -> Result<Applied, ApplyError> {
        let summary = precheck(bytes, &EDIT_1, expected_actor)?;
        if self.contains(&summary.hash) {
            return Ok(Applied {
                summary,
                known: true,
            });
        }
        self.check_room(bytes, &summary)?;
        let entry = self.ledger.check(self.kind, bytes, &summary)?;
        let document = apply_to_copy(&self.document, &[bytes]).map_err(ApplyError::Quarantine)?;
        if document
            .get_change_meta_by_hash(&ChangeHash(summary.hash))
            .is_none()
        {
            let text = "the change was neither refused nor taken in".to_owned();
            return Err(ApplyError::Quarantine(text));
        }
        self.document = document;
        self.ledger.push(*expected_actor, entry);
        self.count(bytes, &summary);
        Ok(Applied {
            summary,
            known: false,
        })
    }

    fn check_room(&self, more: &[u8], summary: &ChangeSummary) -> Result<(), ApplyError> {
        let changes = self.changes();
        let bytes = self.bytes + more.len();
        let rows = self.rows + summary.rows();
        if changes >= DOCUMENT_CHANGES_MAX {
            return Err(ApplyError::Changes { changes });
        }
        if bytes > DOCUMENT_BYTES_MAX {
            return Err(ApplyError::Bytes { bytes });
        }
        if rows > DOCUMENT_ROWS_MAX {
            return Err(ApplyError::Rows { rows });
        }
        Ok(())
    }

    fn count(&mut self, bytes: &[u8], summary: &ChangeSummary) {
        self.bytes += bytes.len();
        self.rows += summary.rows();
    }
}

/// Applies admitted changes to a copy; a panic costs the copy and nothing else.
fn apply_to_copy(document: &Automerge, changes: &[&[u8]]) -> Result<Automerge, String> {
    guarded(|| {
        let parse = |bytes: &&[u8]| Change::from_bytes(bytes.to_vec());
        let parsed = changes.iter().map(parse).collect::<Result<Vec<_>, _>>();
        let mut copy = document.clone();
        copy.apply_changes(parsed.map_err(|error| error.to_string())?)
            .map_err(|error| error.to_string())?;
        Ok(copy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Automerge panics on this one (`tests/corpus/README.md`); the pre-check is gone round here.
    const PANICS: &[u8] = include_bytes!("../tests/corpus/panic_batch_859.bin");

    #[test]
    fn panic_inside_automerge_costs_the_copy_and_nothing_else() {
        let content = Content::genesis(ContentKind::Case);
        let before = content.hydrate();
        let failed = apply_to_copy(&content.document, &[PANICS]);
        assert!(failed.is_err());
        assert_eq!(content.hydrate(), before);
    }

    #[test]
    fn document_that_is_full_takes_no_more() {
        let mut content = Content::genesis(ContentKind::Case);
        let author = [1; 32];
        let base = content.heads();
        let command = EditCommand::Text {
            name: "plan",
            base: &base,
            text: "x",
        };
        let change = content.edit(&author, 0, command).unwrap();
        content.bytes = DOCUMENT_BYTES_MAX - change.len() + 1;
        let refused = content.apply(&change, &author);
        assert_eq!(
            refused,
            Err(ApplyError::Bytes {
                bytes: DOCUMENT_BYTES_MAX + 1
            })
        );
        assert!(matches!(
            content.edit(&author, 0, command),
            Err(EditError::Full(_))
        ));
        content.bytes -= 1;
        content.rows = DOCUMENT_ROWS_MAX;
        let refused = content.apply(&change, &author);
        assert_eq!(
            refused,
            Err(ApplyError::Rows {
                rows: DOCUMENT_ROWS_MAX + 1
            })
        );
        content.rows -= 1;
        content.apply(&change, &author).unwrap();
    }
}
