//! For what purpose a case is looked at: derived from the work at hand, asked for where no work of
//! one's own leads there.

use super::shape::Coded;
use super::{Viewer, case, incident, matter, seat};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::words;
use crate::owner::Node;
use jiaolian_schema::desk::{File, RECORD_WORKFLOW};

/// Purposes that a person may give.
pub const GIVEN: [&str; 6] = [
    "duty",
    "alarm",
    "search",
    "inspection",
    "complaint",
    "court",
];
/// A matter of the case waits for this person.
const TODO: &str = "todo";
/// The case is the office's own.
const OWN: &str = "own";
/// The case lies in the county's charge.
const COUNTY: &str = "county";
/// The procurator oversees.
const OVERSIGHT: &str = "oversight";
/// Highest tier whose daily work is the cases of its territory.
const WORKING_TIER: u8 = 2;

/// The purpose of this look; a refusal where one must be given and is not.
pub fn of(node: &mut Node, viewer: &Viewer, file: &File, given: &str) -> ApiResult<String> {
    if !given.is_empty() {
        if !GIVEN.contains(&given) {
            return Err(ApiError::bad_request("reason", &[given]));
        }
        node.keep_purpose(viewer.person, file.id, given);
        return Ok(given.to_owned());
    }
    if let Some(purpose) = node.purpose_given(viewer.person, file.id) {
        return Ok(purpose);
    }
    let derived = derived(node, viewer, file).ok_or(ApiError::new("purpose_needed"))?;
    Ok(derived.to_owned())
}

fn derived(node: &mut Node, viewer: &Viewer, file: &File) -> Option<&'static str> {
    if viewer.reads_only && seat::reads_cases(node, viewer) {
        return Some(OVERSIGHT);
    }
    let mut open = false;
    for desk in matter::all(node, file) {
        if desk.workflow.0 == RECORD_WORKFLOW || desk.state.ended {
            continue;
        }
        open = true;
        if matter::row(node, viewer, file, &desk).mine {
            return Some(TODO);
        }
    }
    if incident::of_case(node, file.id)
        .iter()
        .any(|incident| incident.open)
    {
        return Some("alarm");
    }
    let closed = case::has_ended(node, file) && !open;
    match viewer.tier {
        _ if closed => None,
        _ if viewer.office == file.place => Some(OWN),
        ..=WORKING_TIER => Some(COUNTY),
        _ => None,
    }
}

/// A purpose in words; none where there is none.
pub fn coded(purpose: &str) -> Option<Coded> {
    (!purpose.is_empty()).then(|| Coded::new(purpose, words("purpose", purpose)))
}
