//! The door for devices: position reports over HTTP, each durable before it is acknowledged, so that
//! a phone or band may forget what it was told 200 for.

mod admit;
mod count;
mod door;
mod form;
mod json;
mod kept;
mod limit;
mod report;
mod rule;
mod turn;

pub use count::Count;
pub use kept::{KEPT_MAX, KeptReport, kept_reports};
pub use limit::{DEVICES_REMEMBERED_MAX, STRANGERS_REMEMBERED_MAX};
pub use rule::{RULES, Rule};
pub use turn::{BATCH_MAX, BODY_BYTES_MAX, BODY_WAIT_MS, QUERY_BYTES_MAX};

use crate::http::accept::{Bounds, HEADER_WAIT_MS, serve as accept};
use crate::metric::Metrics;
use crate::owner::{Node, Owner};
use axum::Router;
use axum::routing::{get, post};
use door::Gateway;
use limit::Limiter;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Most devices connected at once.
pub const CONNECTIONS_MAX: usize = 4_096;

/// How much one device and one stranger may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Reports of one device a second, on average.
    pub device_reports_s: u32,
    /// Reports that a device may send at once before the average counts.
    pub device_burst: u32,
    /// Requests a second, on average, from one address that named no known device.
    pub stranger_requests_s: u32,
    /// Requests that such an address may send at once before the average counts.
    pub stranger_burst: u32,
}

impl Limits {
    /// A backlog of ten days at one report a minute (14,400) is taken in about five minutes.
    pub const STANDARD: Self = Self {
        device_reports_s: 50,
        device_burst: 2_000,
        stranger_requests_s: 1,
        stranger_burst: 60,
    };
}

/// What devices are served: `/` in the form of OsmAnd and Traccar's client, `/v1/fixes` for batches.
pub fn router(owner: Owner<Node>, metrics: Arc<Metrics>, limits: Limits) -> Router {
    let gateway = Gateway::new(owner, metrics, Limiter::new(limits));
    Router::new()
        .route("/", get(door::traccar).post(door::traccar))
        .route("/v1/fixes", post(door::batch))
        .with_state(gateway)
}

/// Serves devices on a listener of their own until `stop` says true.
pub async fn serve(
    listener: TcpListener,
    owner: Owner<Node>,
    metrics: Arc<Metrics>,
    limits: Limits,
    stop: watch::Receiver<bool>,
) {
    let bounds = Bounds {
        header_wait_ms: HEADER_WAIT_MS,
        connections_max: CONNECTIONS_MAX,
    };
    accept(listener, router(owner, metrics, limits), bounds, stop).await;
}
