//! The positions that an open page follows: who looks and why, and whose changed since it was told.

use super::app::App;
use super::desk::case_reader;
use super::error::ApiResult;
use super::map::check_reason;
use super::who::Who;
use crate::owner::{Access, Looked};
use jiaolian_schema::id::DossierId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// From the beginning of one telling to the next, at least, ms: twenty times a second.
const POSITIONS_GAP_MS: u64 = 50;
/// A telling that takes long is followed by a pause, so that one page has at most one part in so
/// many of the node's time.
const POSITIONS_SHARE: u32 = 3;

/// Writes down, once for each time a page begins to follow, who looks where people are and why.
pub(super) async fn note_positions(app: &App, who: &Who, reason: String) -> ApiResult<()> {
    check_reason(&reason)?;
    case_reader(app, &who.session).await?;
    let viewer = Arc::clone(&who.session.viewer);
    app.look(move |node| {
        let access = Access::new(node, &viewer, Looked::Positions);
        node.note_access(access.for_purpose(&reason))
    })
    .await
}

/// Whose position, place or alarms changed since a page was told, and whom it knows.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) cases: BTreeSet<DossierId>,
    pub(super) told: BTreeSet<DossierId>,
    /// When the last telling began, and for how long it held the node.
    pub(super) last: Option<(Instant, Duration)>,
}

impl Moved {
    /// How long to wait until the next telling; none where there is nothing to tell.
    pub(super) fn wait(&self) -> Option<Duration> {
        let wait = self.last.map_or(Duration::ZERO, |(began, took)| {
            let gap = Duration::from_millis(POSITIONS_GAP_MS).max(took * POSITIONS_SHARE);
            gap.saturating_sub(began.elapsed())
        });
        (!self.cases.is_empty()).then_some(wait)
    }
}
