//! A case, a matter or an alarm as evidence: one file that anybody can check without a node.

use super::Viewer;
use super::{alarm, case, explain, matter, purpose};
use crate::http::error::{ApiError, ApiResult};
use crate::owner::{Access, Looked, Node};
use crate::seal::entropy;
use jiaolian_schema::bundle::{BUNDLE_BYTES_MAX, BUNDLE_ENVELOPES_MAX, Bundle, Subject};
use jiaolian_schema::explain::Exhibit;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::standing::FOLD_VERSION;
use jiaolian_sync::StoreError;

/// What somebody wants to carry away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A case.
    Case(DossierId),
    /// A matter; its case comes along, for its standing rests on it.
    Matter(EnvelopeId),
    /// An alarm.
    Alarm(DossierId),
}

/// The file's bytes, where this person may see the dossier. That it was made, by whom and for what
/// purpose is written down first.
pub fn bundle(
    node: &mut Node,
    viewer: &Viewer,
    wanted: Wanted,
    reason: &str,
) -> ApiResult<(Subject, Vec<u8>)> {
    let access = Access::new(node, viewer, Looked::Export);
    let (subject, access) = match wanted {
        Wanted::Case(id) => {
            let file = case::find(node, viewer, id)?;
            let purpose = purpose::of(node, viewer, &file, reason)?;
            (Subject::Case(id), access.of(id).for_purpose(&purpose))
        }
        Wanted::Matter(id) => {
            let file = matter::find(node, viewer, id)?;
            let purpose = purpose::of(node, viewer, &file, reason)?;
            let access = access.of(file.id).about(id).for_purpose(&purpose);
            (Subject::Matter(file.id, id), access)
        }
        Wanted::Alarm(id) => {
            alarm::find(node, viewer, id)?;
            (Subject::Alarm(id), access.of(id).for_purpose("alarm"))
        }
    };
    node.note_access(access)?;
    // What leaves the office is signed for at once: no cut of the newest rows hides it.
    let now = node.now();
    node.replica.flush_log(now, entropy());
    let exhibit = match subject {
        Subject::Alarm(id) => node.file(id).and_then(|file| {
            let raise = alarm::raise_of(&file).cloned();
            raise.map(|raise| explain::marked_exhibit(node, &raise))
        }),
        Subject::Case(_) | Subject::Matter(..) => None,
    };
    make(node, subject, exhibit).map(|bytes| (subject, bytes))
}

fn make(node: &Node, subject: Subject, exhibit: Option<Exhibit>) -> ApiResult<Vec<u8>> {
    let envelopes = node.replica.evidence(subject.dossier()).map_err(|error| {
        tracing::error!(%error, "a dossier could not be gathered");
        match error {
            StoreError::Locked(_) => ApiError::new("locked"),
            _ => ApiError::new("store_failed"),
        }
    })?;
    if envelopes.len() > BUNDLE_ENVELOPES_MAX {
        return Err(ApiError::new("too_large"));
    }
    let root = node.replica.authority().root();
    let versions = (node.rules.pack_id(), FOLD_VERSION);
    let bundle = Bundle::new(root, subject, node.now(), versions, envelopes);
    let bytes = match exhibit {
        Some(exhibit) => bundle.with_exhibit(exhibit),
        None => bundle,
    }
    .to_bytes();
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(ApiError::new("too_large"));
    }
    Ok(bytes)
}

/// A name for the file that says nothing about anybody.
pub fn file_name(subject: Subject) -> String {
    let (word, id) = match subject {
        Subject::Case(id) => ("case", id.to_hex()),
        Subject::Matter(_, id) => ("matter", id.to_hex()),
        Subject::Alarm(id) => ("alarm", id.to_hex()),
    };
    format!("jiaolian-{word}-{}.bundle", &id[..12])
}
