//! The doors for devices: position reports over HTTP, over TCP ([`terminal`]) and from makers'
//! platforms ([`vendor`]), each durable before it is acknowledged, so that a phone or band may
//! forget what it was told 200 for. What is set on a device is in `docs/gateway.md`.
//!
//! **Forms.** `GET /` and `POST /` take one report as OsmAnd and Traccar's client send it, names and
//! values or JSON; `POST /v1/fixes` takes a batch of one device:
//! `{"terminal": "…", "fixes": [{"time", "lat", "lon", "datum", "accuracy_m", "source", …}]}`.
//! Times are seconds or milliseconds since 1970 or RFC 3339. `datum` is `wgs84` where Traccar's form
//! does not say it, and must be said in a batch.
//!
//! **Who.** A device is bound to a person in the case, from a day to a day, with the hash of a token
//! of 16 characters or more, or with its public key. It shows the token as `Authorization: Bearer …`
//! or `token=…`, or signs a batch: `Authorization: Signature <key>.<signature>`. A binding with
//! neither lets in whoever knows the number, which is printed on the device: only a drill takes
//! that, a live node refuses it. A device that is unknown, not bound or shows another token hears
//! the same 401 on the same grid of time.
//!
//! **Answers.** 200 says that every report of the request was dealt with for good and is on the
//! disk: accepted, here before, or refused by a named rule. A refused report is no error of the
//! request, because clients send anything but 2xx again for ever and one bad position would hold
//! back all that come after it; it is kept aside ([`kept_reports`]) and never judged. One exception:
//! a position of a time for which the device was not bound is kept nowhere. What a device says of
//! itself with a report that is no position is heard all the same. 4xx is a request that
//! can't be read, 429 and 503 ask for another try.
//!
//! **Time.** A report up to five minutes older than the clock here, or newer, is live; an older one
//! is backlog and raises alarms in retrospect only. A device that marks its history says
//! `live=false`. A live report more than five minutes off is stored and not judged (`watch.md` R4).

mod admit;
mod caller;
mod check;
mod count;
mod door;
pub mod drive;
mod form;
mod json;
mod kept;
mod limit;
mod plain;
mod report;
mod rule;
pub mod terminal;
mod turn;
pub mod vendor;
mod word;

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
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use vendor::Vendor;

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

/// What devices are served: `/` in the form of OsmAnd and Traccar's client, `/v1/fixes` for batches,
/// `/v1/checkins` for what phones answer, `/v1/checkins/due` for what they are asked,
/// `/v1/vendor/<name>` for platforms of makers.
pub fn router(
    node: (Owner<Node>, Arc<Metrics>),
    limits: Limits,
    vendors: &[Arc<Vendor>],
) -> Router {
    let gateway = Gateway::new(node, limits, vendors);
    Router::new()
        .route("/", get(door::traccar).post(door::traccar))
        .route("/v1/fixes", post(door::batch))
        .route("/v1/checkins", post(check::answer))
        .route("/v1/checkins/due", get(check::due))
        .route("/v1/vendor/{name}", post(vendor::push))
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
    serve_with(listener, (owner, metrics), limits, &[], stop).await;
}

/// The same, with platforms of makers that may post.
pub async fn serve_with(
    listener: TcpListener,
    node: (Owner<Node>, Arc<Metrics>),
    limits: Limits,
    vendors: &[Arc<Vendor>],
    stop: watch::Receiver<bool>,
) {
    let bounds = Bounds {
        header_wait_ms: HEADER_WAIT_MS,
        connections_max: CONNECTIONS_MAX,
        // A platform's relay brings all its devices from one address.
        per_address_max: CONNECTIONS_MAX,
        ..Bounds::STANDARD
    };
    accept(listener, router(node, limits, vendors), bounds, stop).await;
}
