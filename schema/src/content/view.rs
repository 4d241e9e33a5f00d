//! The content as people read it: plain text and tables, nothing of Automerge left in it.

use std::collections::BTreeMap;

use automerge::{ObjId, ReadDoc, ScalarValue, Value as Stored};
use serde::Serialize;

use super::kind::{ContentKind, Shape, object_id};
use super::{Content, Hash};
use crate::id::hex;

/// The merged content of a dossier. Equal content gives equal views, in any order of arrival.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContentView {
    /// Which containers to expect.
    pub kind: ContentKind,
    /// Heads that an edit of this view starts from, ascending, hexadecimal.
    pub heads: Vec<String>,
    /// Each text by its container's name.
    pub texts: BTreeMap<String, String>,
    /// Each map by name, then by key: the values that stand, the shown one first. More than one
    /// means that offices wrote apart from one another.
    pub maps: BTreeMap<String, BTreeMap<String, Vec<Stated>>>,
    /// Each list of records by name, then by the record's id.
    pub records: BTreeMap<String, BTreeMap<String, Vec<Stated>>>,
}

/// A value and who stated it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// The author, hexadecimal.
    pub author: String,
    /// What was stated.
    pub value: Value,
}

/// A value under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Text, as it should be.
    Text(String),
    /// Something else that a valid signer put there, shown raw.
    Malformed(String),
}

impl Content {
    /// Reads the whole content.
    pub fn hydrate(&self) -> ContentView {
        let mut view = ContentView {
            kind: self.kind(),
            heads: self.heads().iter().map(|head| hex(head)).collect(),
            texts: BTreeMap::new(),
            maps: BTreeMap::new(),
            records: BTreeMap::new(),
        };
        for (place, container) in self.kind().containers().iter().enumerate() {
            let name = container.name.to_owned();
            match container.shape {
                Shape::Text => {
                    view.texts.insert(name, self.text_of(&object_id(place)));
                }
                Shape::Map => {
                    view.maps.insert(name, self.table_of(&object_id(place)));
                }
                Shape::Record => {
                    view.records.insert(name, self.table_of(&object_id(place)));
                }
            }
        }
        view
    }

    /// One text as it stood at the given heads, or nothing if they or the name are unknown.
    pub fn text_at(&self, name: &str, heads: &[Hash]) -> Option<String> {
        let (place, _) = self
            .kind()
            .find(name)
            .filter(|(_, it)| it.shape == Shape::Text)?;
        if !heads.iter().all(|head| self.contains(head)) {
            return None;
        }
        let heads: Vec<_> = heads.iter().copied().map(automerge::ChangeHash).collect();
        self.document.text_at(object_id(place), &heads).ok()
    }

    fn text_of(&self, object: &ObjId) -> String {
        self.document
            .text(object)
            .expect("the genesis makes every container")
    }

    fn table_of(&self, object: &ObjId) -> BTreeMap<String, Vec<Stated>> {
        let stated = |key: String| {
            let all = self
                .document
                .get_all(object, key.as_str())
                .unwrap_or_default();
            (
                key,
                all.iter()
                    .rev()
                    .map(|(value, id)| Stated::read(value, id))
                    .collect(),
            )
        };
        self.document.keys(object).map(stated).collect()
    }
}

impl Stated {
    fn read(value: &Stored<'_>, id: &ObjId) -> Self {
        let author = match id {
            ObjId::Id(_, actor, _) => actor.to_hex_string(),
            ObjId::Root => String::new(),
        };
        Self {
            author,
            value: Value::read(value),
        }
    }
}

impl Value {
    fn read(value: &Stored<'_>) -> Self {
        match value {
            Stored::Scalar(scalar) => match scalar.as_ref() {
                ScalarValue::Str(text) => Self::Text(text.to_string()),
                ScalarValue::Bytes(bytes) => Self::Malformed(hex(bytes)),
                other => Self::Malformed(other.to_string()),
            },
            Stored::Object(object) => Self::Malformed(object.to_string()),
        }
    }
}
