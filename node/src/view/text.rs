//! Free texts of a case.

use super::Viewer;
use super::shape::{TextField, TextOther, TextSaved};
use crate::http::text::words;
use crate::owner::{Node, SavedText, TEXT_CHARS_MAX};
use jiaolian_schema::desk::File;

/// The texts of a case, in the order of the page.
pub const NAMES: [&str; 3] = ["plan", "background", "remark"];

/// Whether this person may edit free texts: those who keep the case at its office or its county.
pub fn may_edit(node: &Node, viewer: &Viewer, file: &File) -> bool {
    const READERS: [&str; 3] = ["PROC", "CMD_DUTY", "CTY_BUREAU"];
    let near = viewer.tier <= 2 && node.offices().covers(viewer.office, file.place);
    near && viewer
        .roles
        .iter()
        .any(|role| !READERS.contains(&role.as_str()))
}

/// All free texts.
pub fn fields(node: &mut Node, viewer: &Viewer, file: &File) -> Vec<TextField> {
    let editable = may_edit(node, viewer, file);
    let (texts, version, newest) = node.texts(file);
    let field = |name: &&str| TextField {
        name: (*name).to_owned(),
        label: words("text", name),
        value: texts.get(*name).cloned().unwrap_or_default(),
        version: version.clone(),
        max_chars: TEXT_CHARS_MAX,
        editable,
        multiline: true,
        updated_at: newest.as_ref().map(|(_, at)| *at),
        updated_by: newest.as_ref().map(|(name, _)| name.clone()),
    };
    NAMES.iter().map(field).collect()
}

/// A saved text in the contract's shape.
pub fn saved(viewer: &Viewer, saved: SavedText) -> TextSaved {
    let others = saved
        .others
        .into_iter()
        .filter(|(name, _)| *name != viewer.name);
    let others: Vec<_> = others.map(|(name, at)| TextOther { name, at }).collect();
    TextSaved {
        value: saved.value,
        version: saved.version,
        merged: !others.is_empty(),
        others,
    }
}
