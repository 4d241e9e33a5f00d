//! Which containers a dossier's content has, and the constant change that makes them.
//!
//! Every document begins with this one unsigned change, the same bytes everywhere, so that
//! offices that start to write apart from one another write into the same containers.

use std::panic::catch_unwind;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, Change, ObjId, ObjType, ROOT, TextEncoding};
use sha2::{Digest, Sha256};

/// The actor of every genesis. No key belongs to it, so no edit can be made in its name.
pub const GENESIS_ACTOR: [u8; 32] = *b"jiaolian content genesis edit/1\0";

/// The kinds of dossier that have content of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentKind {
    /// A supervised person's file.
    Case,
    /// One alarm.
    Alarm,
}

/// How a container merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Free text; concurrent edits keep both sides' characters.
    Text,
    /// Key to text; concurrent values of one key are all kept and shown.
    Map,
    /// Records by a key of their own; written once, never overwritten or deleted.
    Record,
}

/// A named container. Its operation's counter is its place in the list of its kind, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Container {
    /// Name, also its key in the root of the Automerge document.
    pub name: &'static str,
    /// How it merges.
    pub shape: Shape,
}

const fn container(name: &'static str, shape: Shape) -> Container {
    Container { name, shape }
}

const CASE: [Container; 5] = [
    container("plan", Shape::Text),
    container("remark", Shape::Text),
    container("background", Shape::Text),
    container("contact", Shape::Map),
    container("record", Shape::Record),
];

const ALARM: [Container; 2] = [
    container("note", Shape::Text),
    container("record", Shape::Record),
];

impl ContentKind {
    /// Every kind, for tests and tables.
    pub const ALL: [Self; 2] = [Self::Case, Self::Alarm];

    /// The containers, in the order in which the genesis makes them.
    pub fn containers(self) -> &'static [Container] {
        match self {
            Self::Case => &CASE,
            Self::Alarm => &ALARM,
        }
    }

    /// The genesis change as it stands in every document of this kind.
    pub fn genesis_bytes(self) -> &'static [u8] {
        match self {
            Self::Case => include_bytes!("genesis/case.bin"),
            Self::Alarm => include_bytes!("genesis/alarm.bin"),
        }
    }

    /// The genesis change's hash: what the first edits of a document build on.
    pub fn genesis_hash(self) -> [u8; 32] {
        Sha256::digest(self.genesis_bytes().get(8..).unwrap_or_default()).into()
    }

    /// Makes the genesis change anew. Only to compare with [`Self::genesis_bytes`].
    pub fn regenerate_genesis(self) -> Vec<u8> {
        let mut document = empty_document(GENESIS_ACTOR);
        let mut transaction = document.transaction();
        for container in self.containers() {
            let object = match container.shape {
                Shape::Text => ObjType::Text,
                Shape::Map | Shape::Record => ObjType::Map,
            };
            transaction
                .put_object(ROOT, container.name, object)
                .expect("an empty root takes any key");
        }
        transaction.commit_with(CommitOptions::default().with_time(0));
        let change = document
            .get_last_local_change()
            .expect("the change was just committed");
        change.raw_bytes().to_vec()
    }

    pub(super) fn find(self, name: &str) -> Option<(usize, Container)> {
        let place = self
            .containers()
            .iter()
            .position(|container| container.name == name)?;
        Some((place, self.containers()[place]))
    }

    pub(super) fn document(self) -> Automerge {
        let change = Change::from_bytes(self.genesis_bytes().to_vec())
            .expect("the genesis is a constant that a test has read");
        let mut document = empty_document(GENESIS_ACTOR);
        document
            .apply_changes([change])
            .expect("the genesis builds on nothing");
        document
    }
}

/// The Automerge id of the container at a place of the list.
pub(super) fn object_id(place: usize) -> ObjId {
    ObjId::Id(place as u64 + 1, ActorId::from(GENESIS_ACTOR), 0)
}

/// Text is counted in code points everywhere; the default depends on the platform. Automerge
/// draws a random actor for a new document, which is replaced before anything is written.
fn empty_document(actor: [u8; 32]) -> Automerge {
    Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint).with_actor(ActorId::from(actor))
}

/// Runs Automerge code and turns a panic into its message. The caller drops what it touched.
pub(super) fn guarded<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    match catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(done) => done,
        Err(panic) => Err(panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "a panic without a message".to_owned())),
    }
}
