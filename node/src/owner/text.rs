//! Merged free texts, kept open for a few dossiers and rebuilt from their edits for all others.

use super::Node;
use super::sign::refuse_sign;
use crate::http::error::{ApiError, ApiResult, FieldFault};
use crate::key::OfficerKey;
use crate::seal::entropy;
use crate::store::StoreReader;
use crate::view::Viewer;
use jiaolian_schema::act::EditBytes;
use jiaolian_schema::canon;
use jiaolian_schema::content::{ApplyError, Content, ContentKind, EditCommand, EditError};
use jiaolian_schema::desk::File;
use jiaolian_schema::fact::What;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, EnvelopeId, hex, unhex};
use jiaolian_sync::{Draft, Payload, Replica, Seat};
use std::collections::{BTreeMap, BTreeSet};

/// Most dossiers whose content is kept open: 74 KB and 1.2 ms to load, each.
pub const CONTENTS_MAX: usize = 64;
/// Most characters of a free text.
pub const TEXT_CHARS_MAX: usize = 20_000;

/// Merged contents by dossier.
#[derive(Default)]
pub(super) struct Contents {
    open: BTreeMap<DossierId, Open>,
    uses: u64,
}

struct Open {
    content: Content,
    taken: BTreeSet<EnvelopeId>,
    /// Who made which change, and when, in the order in which they were taken.
    makers: Vec<Maker>,
    used: u64,
}

/// One change of a text.
#[derive(Debug, Clone)]
struct Maker {
    hash: [u8; 32],
    name: String,
    at: i64,
}

/// A text after it was saved.
#[derive(Debug, Clone)]
pub struct SavedText {
    /// The merged text.
    pub value: String,
    /// Heads.
    pub version: String,
    /// Who else is in it that was not in the base, with the time, ms UTC.
    pub others: Vec<(String, i64)>,
}

impl Contents {
    /// The merged content of a dossier.
    pub(super) fn of(&mut self, replica: &Replica<StoreReader>, file: &File) -> &mut Content {
        &mut self.opened(replica, file).content
    }

    fn opened(&mut self, replica: &Replica<StoreReader>, file: &File) -> &mut Open {
        self.uses += 1;
        if !self.open.contains_key(&file.id) && self.open.len() >= CONTENTS_MAX {
            let idlest = self
                .open
                .iter()
                .min_by_key(|(_, open)| open.used)
                .map(|(id, _)| *id);
            self.open.remove(&idlest.unwrap_or(file.id));
        }
        let kind = match file.kind {
            DossierKind::Alarm => ContentKind::Alarm,
            _ => ContentKind::Case,
        };
        let open = self.open.entry(file.id).or_insert_with(|| Open {
            content: Content::genesis(kind),
            taken: BTreeSet::new(),
            makers: Vec::new(),
            used: 0,
        });
        open.used = self.uses;
        open.catch_up(replica, file);
        open
    }
}

impl Open {
    /// Takes every edit that counts and is not in yet; what the pre-check refuses stays out.
    fn catch_up(&mut self, replica: &Replica<StoreReader>, file: &File) {
        let edits = file
            .good()
            .filter(|entry| matches!(entry.fact.what, What::Edit));
        let mut left: Vec<_> = edits
            .filter(|entry| !self.taken.contains(&entry.fact.id))
            .collect();
        loop {
            let before = left.len();
            left.retain(|entry| {
                let Ok(Some(body)) = replica.body(entry.fact.id) else {
                    return false;
                };
                let Ok(edit) = canon::decode::<EditBytes>("an edit", &body.payload) else {
                    return false;
                };
                match self.content.apply(&edit.change, &entry.fact.author.0) {
                    Err(ApplyError::Missing(_)) => return true,
                    Err(error) => {
                        tracing::warn!(id = %entry.fact.id, %error, "an edit is left out");
                    }
                    Ok(applied) => self.makers.push(Maker {
                        hash: applied.summary.hash,
                        name: entry
                            .by
                            .as_ref()
                            .map(|by| by.name.clone())
                            .unwrap_or_default(),
                        at: entry.fact.at,
                    }),
                }
                self.taken.insert(entry.fact.id);
                false
            });
            if left.len() == before || left.is_empty() {
                return;
            }
        }
    }

    fn version(&self) -> String {
        self.content.heads().iter().map(|head| hex(head)).collect()
    }
}

impl Node {
    /// Texts of a dossier by name, with their version and the newest edit's time and maker.
    pub fn texts(
        &mut self,
        file: &File,
    ) -> (BTreeMap<String, String>, String, Option<(String, i64)>) {
        let open = self.contents.opened(&self.replica, file);
        let newest = open.makers.iter().max_by_key(|maker| maker.at);
        let newest = newest.map(|maker| (maker.name.clone(), maker.at));
        (open.content.hydrate().texts, open.version(), newest)
    }

    /// Saves a text that was edited from `base`, merging what others wrote meanwhile.
    pub fn save_text(
        &mut self,
        (viewer, key): (&Viewer, &OfficerKey),
        file: &File,
        name: &str,
        (base, value): (&str, &str),
    ) -> ApiResult<SavedText> {
        let now = self.now();
        let chars = value.chars().count();
        if chars > TEXT_CHARS_MAX {
            let most = TEXT_CHARS_MAX.to_string();
            return Err(ApiError::field(
                "value",
                FieldFault::new("too_long", &[&most]),
            ));
        }
        let heads = parse_version(base).ok_or(ApiError::new("base_unknown"))?;
        let open = self.contents.opened(&self.replica, file);
        if !heads.iter().all(|head| open.content.contains(head)) {
            return Err(ApiError::new("base_unknown"));
        }
        let seen = open
            .content
            .text_at(name, &heads)
            .ok_or(ApiError::not_found())?;
        let newer: Vec<(String, i64)> = changed_since(open, name, &heads, &seen);
        let command = EditCommand::Text {
            name,
            base: &heads,
            text: value,
        };
        match open.content.edit(&viewer.author.0, now, command) {
            Ok(change) => self.sign_edit(viewer, key, file, change, now)?,
            Err(EditError::Unchanged) => {}
            Err(EditError::Base(_)) => return Err(ApiError::new("base_unknown")),
            Err(EditError::TooLong { max, .. }) => {
                let fault = FieldFault::new("too_long", &[&max.to_string()]);
                return Err(ApiError::field("value", fault));
            }
            Err(error) => {
                tracing::warn!(%error, "an edit was not made");
                return Err(ApiError::bad_request("edit", &[]));
            }
        }
        let file = self.file(file.id).ok_or(ApiError::not_found())?;
        let open = self.contents.opened(&self.replica, &file);
        let value = open
            .content
            .hydrate()
            .texts
            .remove(name)
            .unwrap_or_default();
        Ok(SavedText {
            value,
            version: open.version(),
            others: newer,
        })
    }

    fn sign_edit(
        &mut self,
        viewer: &Viewer,
        key: &OfficerKey,
        file: &File,
        change: Vec<u8>,
        now: i64,
    ) -> ApiResult<()> {
        let seat = Seat {
            author: viewer.author,
            appointment: viewer.appointment,
        };
        let draft = Draft {
            dossier: Some(file.id),
            payload: Payload::Edit(change),
        };
        self.replica
            .sign(key, seat, draft, now, entropy())
            .map_err(|e| refuse_sign(&e))?;
        self.note_signed(viewer.author);
        self.forget(file.id);
        Ok(())
    }
}

/// Whoever changed this text since the base, newest last.
fn changed_since(open: &Open, name: &str, base: &[[u8; 32]], seen: &str) -> Vec<(String, i64)> {
    if open
        .content
        .hydrate()
        .texts
        .get(name)
        .is_some_and(|text| text == seen)
    {
        return Vec::new();
    }
    let newest_seen = open
        .makers
        .iter()
        .rposition(|maker| base.contains(&maker.hash));
    let after = newest_seen.map_or(0, |at| at + 1);
    let mut others: Vec<(String, i64)> = Vec::new();
    for maker in &open.makers[after..] {
        others.retain(|(name, _)| *name != maker.name);
        others.push((maker.name.clone(), maker.at));
    }
    others
}

fn parse_version(version: &str) -> Option<Vec<[u8; 32]>> {
    let bytes = unhex(version)?;
    let (heads, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| heads.to_vec())
}
