//! A document made anew from a set of changes: after a revocation has taken changes away, when a
//! dossier is opened, and when an author has used one number twice.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::ContentKind;
use super::limit::EDIT_1;
use super::precheck::{ChangeSummary, precheck};
use super::{ApplyError, Content, Hash, apply_to_copy};

/// A change that is not part of a rebuilt document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the list that was given.
    pub index: usize,
    /// Why.
    pub error: ApplyError,
}

impl Content {
    /// Builds the document of a set of changes, each with its author.
    ///
    /// A pure function of the set: the order of the list has no influence on the content. Of two
    /// changes with one number of one author, the one with the smaller hash stands if the past it
    /// names is here. Answers also with what was left out, by place in the list.
    pub fn rebuild(kind: ContentKind, changes: &[(&[u8], Hash)]) -> (Self, Vec<Refused>) {
        let mut refused = Vec::new();
        let mut waiting = BTreeMap::new();
        for (index, (bytes, actor)) in changes.iter().enumerate() {
            match precheck(bytes, &EDIT_1, actor) {
                Ok(summary) => {
                    waiting.entry(summary.hash).or_insert(Waiting {
                        index,
                        bytes,
                        summary,
                    });
                }
                Err(error) => refused.push(Refused {
                    index,
                    error: error.into(),
                }),
            }
        }
        let mut content = Self::genesis(kind);
        let admitted = content.admit_all(waiting, &mut refused);
        let bytes: Vec<&[u8]> = admitted.iter().map(|waiting| waiting.bytes).collect();
        if let Ok(document) = apply_to_copy(&content.document, &bytes) {
            content.document = document;
            return (content, refused);
        }
        // One of them fails inside Automerge: find it by taking them in one after the other.
        let mut content = Self::genesis(kind);
        for Waiting {
            index,
            bytes,
            summary,
        } in admitted
        {
            if let Err(error) = content.apply(bytes, &summary.actor) {
                refused.push(Refused { index, error });
            }
        }
        (content, refused)
    }

    /// Takes into the ledger what fits, pasts first and among the ready ones by hash.
    fn admit_all<'a>(
        &mut self,
        mut waiting: BTreeMap<Hash, Waiting<'a>>,
        refused: &mut Vec<Refused>,
    ) -> Vec<Waiting<'a>> {
        let mut followers: BTreeMap<Hash, Vec<Hash>> = BTreeMap::new();
        for (hash, change) in &waiting {
            for dep in &change.summary.deps {
                followers.entry(*dep).or_default().push(*hash);
            }
        }
        let mut ready: BTreeSet<Hash> = waiting.keys().copied().collect();
        let mut admitted = Vec::new();
        while let Some(hash) = ready.pop_first() {
            let Some(change) = waiting.get(&hash) else {
                continue;
            };
            if !change.summary.deps.iter().all(|dep| self.contains(dep)) {
                continue;
            }
            let Some(change) = waiting.remove(&hash) else {
                continue;
            };
            match self.admit(&change) {
                Ok(()) => {
                    ready.extend(followers.remove(&hash).unwrap_or_default());
                    admitted.push(change);
                }
                Err(error) => refused.push(Refused {
                    index: change.index,
                    error,
                }),
            }
        }
        for change in waiting.into_values() {
            let absent = change.summary.deps.iter().filter(|dep| !self.contains(dep));
            let error = ApplyError::Missing(absent.copied().collect());
            refused.push(Refused {
                index: change.index,
                error,
            });
        }
        admitted
    }

    fn admit(&mut self, change: &Waiting<'_>) -> Result<(), ApplyError> {
        self.check_room(change.bytes, &change.summary)?;
        let entry = self
            .ledger
            .check(self.kind, change.bytes, &change.summary)?;
        self.ledger.push(change.summary.actor, entry);
        self.count(change.bytes, &change.summary);
        Ok(())
    }
}

struct Waiting<'a> {
    index: usize,
    bytes: &'a [u8],
    summary: ChangeSummary,
}
