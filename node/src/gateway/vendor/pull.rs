//! Fetches a vendor's reports, page by page, for as long as the node runs.

use super::super::turn::BATCH_MAX;
use super::fetch::{FetchError, fetch};
use super::take::{read_cursor, take};
use super::{Pull, Vendor};
use crate::metric::{Metrics, add};
use crate::owner::{CallError, Node, Owner};
use jiaolian_sync::StoreError;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;

/// Most pages at once; the rest follows with the next fetch.
const PAGES_MAX: usize = 100;
/// A vendor that fails is asked up to 2^4 times more seldom.
const FAILURES_COUNTED_MAX: u32 = 4;

/// Why the vendor's reports are not up to date.
#[derive(Debug, Error)]
enum PullError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("an answer has its list of rows where `rows` says")]
    Rows,
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Fetches until `stop` says true. A page that can't be had is asked for again later, from the same
/// place; a bad row holds nothing up.
pub async fn pull(
    vendor: Arc<Vendor>,
    (owner, metrics): (Owner<Node>, Arc<Metrics>),
    mut stop: watch::Receiver<bool>,
) {
    let Some(pull) = &vendor.pull else {
        return;
    };
    let mut failures = 0_u32;
    loop {
        let caught_up = tokio::select! {
            caught_up = catch_up(&vendor, pull, &owner, &metrics) => caught_up,
            _ = stop.wait_for(|stopped| *stopped) => return,
        };
        match caught_up {
            Ok(()) => failures = 0,
            Err(error) => {
                failures += 1;
                add(&metrics.gateway.vendor_failed, 1);
                tracing::warn!(vendor = vendor.name, %error, "reports were not fetched");
            }
        }
        let slower = 1 << failures.min(FAILURES_COUNTED_MAX);
        let wait = Duration::from_millis(pull.interval_ms.saturating_mul(slower));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
    }
}

async fn catch_up(
    vendor: &Arc<Vendor>,
    pull: &Pull,
    owner: &Owner<Node>,
    metrics: &Metrics,
) -> Result<(), PullError> {
    for _ in 0..PAGES_MAX {
        let asked = Arc::clone(vendor);
        let cursor = owner.look(move |node| read_cursor(node, &asked)).await??;
        let body = fetch(pull, &cursor).await?;
        let page = vendor.map.page(&body).ok_or(PullError::Rows)?;
        let moved = page.cursor.filter(|next| *next != cursor);
        let is_last = page.rows.is_empty() || moved.is_none();
        let mut rows = page.rows;
        loop {
            let rest = rows.split_off(rows.len().min(BATCH_MAX));
            let end = if rest.is_empty() { moved.clone() } else { None };
            let taking = Arc::clone(vendor);
            let job = move |node: &mut Node| take(node, &taking, rows, end);
            let (outcomes, alarms) = owner.call(job).await??;
            metrics.gateway.heard(&outcomes, alarms);
            if rest.is_empty() {
                break;
            }
            rows = rest;
        }
        if is_last {
            return Ok(());
        }
    }
    Ok(())
}
