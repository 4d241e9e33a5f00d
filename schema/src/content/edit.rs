//! Local edits: what an officer typed, as the bytes of one change to be signed.
//!
//! A change always builds on the document as it is now. What the editor *saw* may be older: then
//! the difference is taken against what was seen and carried over character by character, so that
//! two people typing in one text keep both their words.

use std::collections::BTreeMap;

use automerge::iter::ListRange;
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{
    ActorId, Automerge, AutomergeError, ChangeHash, ObjId, ReadDoc, ScalarValue, ScalarValueRef,
    ValueRef,
};
use thiserror::Error;

use super::kind::{Shape, guarded, object_id};
use super::ledger::AdmitError;
use super::limit::EDIT_1;
use super::precheck::precheck;
use super::{ApplyError, Content, Hash, PrecheckError};
use crate::id::hex;

/// What an editor wants to change. `base` = the heads of the content that the editor saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditCommand<'a> {
    /// Make a text read so, as far as the editor has changed it.
    Text {
        /// Container.
        name: &'a str,
        /// Heads seen.
        base: &'a [Hash],
        /// The whole new text.
        text: &'a str,
    },
    /// Set a key of a map.
    Put {
        /// Container.
        name: &'a str,
        /// Heads seen.
        base: &'a [Hash],
        /// Key, 1–256 bytes.
        key: &'a str,
        /// Value, at most 32 KiB.
        value: &'a str,
    },
    /// Delete a key of a map.
    Remove {
        /// Container.
        name: &'a str,
        /// Heads seen.
        base: &'a [Hash],
        /// Key.
        key: &'a str,
    },
    /// Add a record that nobody can change afterwards.
    Record {
        /// Container.
        name: &'a str,
        /// The record's own id, 1–256 bytes.
        key: &'a str,
        /// Value, at most 32 KiB.
        value: &'a str,
    },
}

/// Why an edit gives no change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// The kind has no container of this name and shape.
    #[error("an edit names a container of its kind and shape, {0:?} is not one")]
    Container(String),
    /// The heads that the editor saw are not those of this document.
    #[error("an edit starts from changes that are here, {} is not", hex(.0))]
    Base(Hash),
    /// Nothing would change.
    #[error("an edit changes something, this one changes nothing")]
    Unchanged,
    /// More characters than one change may carry; make several.
    #[error("one edit inserts and deletes at most {max} characters, this one {characters}")]
    TooLong {
        /// Inserted and deleted.
        characters: usize,
        /// Allowed.
        max: u64,
    },
    /// The key was changed after the editor saw it.
    #[error("an edit replaces the value that was seen, {0:?} was changed since")]
    Stale(String),
    /// A record of this id is here.
    #[error("a record is written once, {0:?} is here already")]
    RecordExists(String),
    /// The change would break a limit of `edit/1`.
    #[error(transparent)]
    Limit(#[from] PrecheckError),
    /// The document is full.
    #[error(transparent)]
    Full(ApplyError),
    /// Automerge failed, or made a change that our own checks refuse: a bug to be reported.
    #[error("the edit could not be written: {0}")]
    Failed(String),
}

impl Content {
    /// Makes the change of one edit by `actor`, claimed to be made at `at_ms` (milliseconds since
    /// 1970 UTC). The document stays as it is: sign the bytes, then [`Content::apply`] them.
    pub fn edit(
        &self,
        actor: &Hash,
        at_ms: i64,
        command: EditCommand<'_>,
    ) -> Result<Vec<u8>, EditError> {
        let mut branch = self.branch(actor).map_err(EditError::Failed)?;
        let plan = self.plan(&branch, command)?;
        let written = guarded(|| {
            let mut transaction = branch.transaction();
            plan.write(&mut transaction)
                .map_err(|error| error.to_string())?;
            transaction.commit_with(CommitOptions::default().with_time(at_ms));
            let change = branch.get_last_local_change().ok_or("no change was made")?;
            Ok(change.raw_bytes().to_vec())
        });
        let bytes = written.map_err(EditError::Failed)?;
        self.check_own(&bytes, actor)?;
        Ok(bytes)
    }

    /// What an edit makes must pass the checks that everybody else's changes pass.
    fn check_own(&self, bytes: &[u8], actor: &Hash) -> Result<(), EditError> {
        let summary = precheck(bytes, &EDIT_1, actor)?;
        self.check_room(bytes, &summary).map_err(EditError::Full)?;
        match self.ledger.check(self.kind, bytes, &summary) {
            Ok(_) => Ok(()),
            Err(AdmitError::Precheck(error)) => Err(error.into()),
            Err(AdmitError::Ledger(error)) => Err(EditError::Failed(error.to_string())),
        }
    }

    /// A copy to write in. Beyond 16 heads a change cannot name them all: then a part of them is
    /// taken, the author's own last change among them, and later edits join the rest.
    fn branch(&self, actor: &Hash) -> Result<Automerge, String> {
        let mut heads = self.heads();
        let last = self.ledger.last_of(actor);
        let beside = usize::from(last.is_some_and(|last| !heads.contains(&last)));
        let branch = if heads.len() + beside <= EDIT_1.deps_max {
            self.document.clone()
        } else {
            heads.truncate(EDIT_1.deps_max - 1);
            let heads: Vec<ChangeHash> = heads.into_iter().chain(last).map(ChangeHash).collect();
            guarded(|| {
                self.document
                    .fork_at(&heads)
                    .map_err(|error| error.to_string())
            })?
        };
        Ok(branch.with_actor(ActorId::from(*actor)))
    }

    fn plan<'a>(
        &self,
        branch: &Automerge,
        command: EditCommand<'a>,
    ) -> Result<Plan<'a>, EditError> {
        match command {
            EditCommand::Text { name, base, text } => {
                let object = self.object(name, Shape::Text)?;
                let base = self.known(base)?;
                let seen = characters(self.document.list_range_at(&object, .., &base));
                let now = characters(branch.list_range(&object, ..));
                let splice = Splice::between(&seen, &now, text)?;
                Ok(Plan {
                    object,
                    step: Step::Splice(splice),
                })
            }
            EditCommand::Put {
                name,
                base,
                key,
                value,
            } => {
                let object = self.object(name, Shape::Map)?;
                let values = self.values_unless_stale(&object, key, base)?;
                if matches!(values.as_slice(), [only] if only.as_deref() == Some(value)) {
                    return Err(EditError::Unchanged);
                }
                Ok(Plan {
                    object,
                    step: Step::Put(key, value),
                })
            }
            EditCommand::Remove { name, base, key } => {
                let object = self.object(name, Shape::Map)?;
                if self.values_unless_stale(&object, key, base)?.is_empty() {
                    return Err(EditError::Unchanged);
                }
                Ok(Plan {
                    object,
                    step: Step::Remove(key),
                })
            }
            EditCommand::Record { name, key, value } => {
                let object = self.object(name, Shape::Record)?;
                let here = self
                    .document
                    .get(&object, key)
                    .map_err(|error| failed(&error))?;
                if here.is_some() {
                    return Err(EditError::RecordExists(key.to_owned()));
                }
                Ok(Plan {
                    object,
                    step: Step::Put(key, value),
                })
            }
        }
    }

    fn object(&self, name: &str, shape: Shape) -> Result<ObjId, EditError> {
        let found = self
            .kind
            .find(name)
            .filter(|(_, container)| container.shape == shape);
        let (place, _) = found.ok_or_else(|| EditError::Container(name.to_owned()))?;
        Ok(object_id(place))
    }

    fn known(&self, base: &[Hash]) -> Result<Vec<ChangeHash>, EditError> {
        match base.iter().find(|hash| !self.contains(hash)) {
            Some(unknown) => Err(EditError::Base(*unknown)),
            None => Ok(base.iter().copied().map(ChangeHash).collect()),
        }
    }

    /// The values of a key (text or not), if they are still those that the editor saw.
    fn values_unless_stale(
        &self,
        object: &ObjId,
        key: &str,
        base: &[Hash],
    ) -> Result<Vec<Option<String>>, EditError> {
        let base = self.known(base)?;
        let seen = self
            .document
            .get_all_at(object, key, &base)
            .map_err(|error| failed(&error))?;
        let now = self
            .document
            .get_all(object, key)
            .map_err(|error| failed(&error))?;
        if !seen
            .iter()
            .map(|(_, id)| id)
            .eq(now.iter().map(|(_, id)| id))
        {
            return Err(EditError::Stale(key.to_owned()));
        }
        Ok(now
            .into_iter()
            .map(|(value, _)| value.as_str().map(ToOwned::to_owned))
            .collect())
    }
}

fn failed(error: &AutomergeError) -> EditError {
    EditError::Failed(error.to_string())
}

struct Plan<'a> {
    object: ObjId,
    step: Step<'a>,
}

enum Step<'a> {
    Splice(Splice<'a>),
    Put(&'a str, &'a str),
    Remove(&'a str),
}

impl Plan<'_> {
    fn write(&self, transaction: &mut impl Transactable) -> Result<(), AutomergeError> {
        match &self.step {
            Step::Put(key, value) => transaction.put(&self.object, *key, ScalarValue::from(*value)),
            Step::Remove(key) => transaction.delete(&self.object, *key),
            Step::Splice(splice) => {
                for place in splice.deleted.iter().rev() {
                    transaction.splice_text(&self.object, *place, 1, "")?;
                }
                transaction.splice_text(&self.object, splice.at, 0, splice.inserted)
            }
        }
    }
}

/// Places are code points of the text as it is now.
#[derive(Debug, PartialEq, Eq)]
struct Splice<'a> {
    at: usize,
    deleted: Vec<usize>,
    inserted: &'a str,
}

/// A character and the operation that inserted it.
type Character = (char, ObjId);

fn characters(range: ListRange<'_>) -> Vec<Character> {
    range.map(|item| (shown(&item.value), item.id())).collect()
}

fn shown(value: &ValueRef<'_>) -> char {
    match value {
        ValueRef::Scalar(ScalarValueRef::Str(text)) => text.chars().next(),
        _ => None,
    }
    .unwrap_or(char::REPLACEMENT_CHARACTER)
}

impl<'a> Splice<'a> {
    /// The smallest single splice from what was seen to `text`, carried over to the text of now.
    fn between(seen: &[Character], now: &[Character], text: &'a str) -> Result<Self, EditError> {
        let old = || seen.iter().map(|(character, _)| *character);
        let prefix = old().zip(text.chars()).take_while(|(a, b)| a == b).count();
        let from = text
            .char_indices()
            .nth(prefix)
            .map_or(text.len(), |(place, _)| place);
        let rest = text.get(from..).unwrap_or_default();
        let tail = old().skip(prefix).rev().zip(rest.chars().rev());
        let suffix: Vec<char> = tail.take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
        let suffix_bytes: usize = suffix.iter().map(|character| character.len_utf8()).sum();
        let inserted = rest.get(..rest.len() - suffix_bytes).unwrap_or_default();

        let places: BTreeMap<&ObjId, usize> = now
            .iter()
            .enumerate()
            .map(|(place, (_, id))| (id, place))
            .collect();
        let place = |character: &Character| places.get(&character.1).copied();
        let (kept, gone) = seen.split_at(prefix);
        let gone = gone.get(..gone.len() - suffix.len()).unwrap_or_default();
        let at = kept
            .iter()
            .rev()
            .find_map(place)
            .map_or(0, |place| place + 1);
        let deleted: Vec<usize> = gone.iter().filter_map(place).collect();

        let characters = deleted.len() + inserted.chars().count();
        if characters as u64 > EDIT_1.rows_max {
            return Err(EditError::TooLong {
                characters,
                max: EDIT_1.rows_max,
            });
        }
        if characters == 0 {
            return Err(EditError::Unchanged);
        }
        Ok(Self {
            at,
            deleted,
            inserted,
        })
    }
}
