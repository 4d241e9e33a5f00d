//! What waits for a superior's word: late papers of a withdrawn signature, papers that straddle the
//! end of a term, and which single act would mend them all.

use super::act::act_shape;
use super::case::{case_ref, visible};
use super::label::{office_ref, standing_of};
use super::shape::{WaitingAct, WaitingGroup};
use super::{Viewer, act};
use crate::http::text::words;
use crate::owner::Node;
use jiaolian_schema::authority::{State, Wait};
use jiaolian_schema::desk::{File, Filed};
use jiaolian_schema::id::AuthorId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most acts of one signature that a page shows.
const ACTS_MAX: usize = 20;

/// Acts of one signature, each with its file.
type Acts<'a> = Vec<(&'a Arc<File>, &'a Filed)>;

/// Everything that this person may see and that an endorsement would mend, by signature and reason.
pub(super) fn waiting(node: &mut Node, viewer: &Viewer) -> Vec<WaitingGroup> {
    let files = visible(node, viewer);
    let mut found: BTreeMap<(AuthorId, &'static str), Acts<'_>> = BTreeMap::new();
    for file in &files {
        for entry in &file.filed {
            if let Some(reason) = reason(entry.state) {
                let key = (entry.fact.author, reason);
                found.entry(key).or_default().push((file, entry));
            }
        }
    }
    let groups = found.into_values();
    groups
        .filter_map(|mut acts| {
            acts.sort_by_key(|(_, entry)| entry.fact.n);
            group(node, viewer, &acts)
        })
        .collect()
}

fn reason(state: State) -> Option<&'static str> {
    match state {
        State::Waiting(Wait::Cut) => Some("cut"),
        State::Waiting(Wait::Fork) => Some("fork"),
        State::Waiting(Wait::Window) => Some("window"),
        State::Waiting(Wait::Appointment) => Some("appointment"),
        _ => None,
    }
}

fn group(node: &Node, viewer: &Viewer, acts: &[(&Arc<File>, &Filed)]) -> Option<WaitingGroup> {
    let (_, newest) = acts.last()?;
    let standing = standing_of(newest.state);
    let signer = act::signer(node, newest);
    let own = newest
        .by
        .as_ref()
        .is_some_and(|by| by.office == viewer.office);
    let judge = newest.by.as_ref().map(|by| by.office);
    let above = judge.and_then(|office| node.offices().get(office)?.parent);
    let above = above.map_or_else(String::new, |office| office_ref(node, office).name);
    let whose = if own { "own" } else { "below" };
    let count = acts.len().to_string();
    let heal = words("heal", &format!("{}_{whose}", standing.reason.as_deref()?));
    let shown = acts.iter().rev().take(ACTS_MAX);
    let shown = shown.filter_map(|(file, entry)| {
        Some(WaitingAct {
            case: case_ref(node, file),
            act: act_shape(node, viewer, file, entry.fact.id)?,
        })
    });
    Some(WaitingGroup {
        heal: heal.fill(&[&above, &signer.name, &count]),
        signer,
        standing,
        count: acts.len() as u64,
        acts: shown.collect(),
    })
}
