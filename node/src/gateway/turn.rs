//! What the door says: how many reports were taken and which not and why, or why it did not listen
//! at all.

use super::rule::Fault;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use thiserror::Error;

/// Longest body of a request, bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest query of a request, bytes.
pub const QUERY_BYTES_MAX: usize = 4 * 1024;
/// Most reports in one request.
pub const BATCH_MAX: usize = 1_000;
/// Longest time for a body to arrive, ms.
pub const BODY_WAIT_MS: u64 = 30_000;
/// What a device is told to wait when the node has too much to do, s.
const BUSY_WAIT_S: u64 = 5;

/// Why a request was turned away. Nothing of it was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum TurnAwayError {
    #[error("{0}")]
    Form(String),
    /// The same words for a device that is not known, not bound, or shows another token.
    #[error("a device reports while it is bound here and shows its token")]
    Stranger,
    #[error("a body has at most {BODY_BYTES_MAX} bytes")]
    BodyLong,
    #[error("a request has 1 to {BATCH_MAX} reports: {0}")]
    BatchLong(usize),
    #[error("a query has at most {QUERY_BYTES_MAX} bytes: {0}")]
    QueryLong(usize),
    #[error("a body is not compressed")]
    Compressed,
    #[error("a body arrives within {BODY_WAIT_MS} ms")]
    Slow,
    #[error("too many reports at once: try again in {0} s")]
    Often(u64),
    #[error("the program here has too much to do: try again in {BUSY_WAIT_S} s")]
    Busy,
    #[error("the disk here refuses: try again later")]
    Disk,
}

impl TurnAwayError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Form(_) => StatusCode::BAD_REQUEST,
            Self::Stranger => StatusCode::UNAUTHORIZED,
            Self::BodyLong | Self::BatchLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::QueryLong(_) => StatusCode::URI_TOO_LONG,
            Self::Compressed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Often(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Disk => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Form(_) => "bad_request",
            Self::Stranger => "unknown_device",
            Self::BodyLong | Self::BatchLong(_) | Self::QueryLong(_) => "too_large",
            Self::Compressed => "compressed",
            Self::Slow => "too_slow",
            Self::Often(_) => "too_often",
            Self::Busy => "busy",
            Self::Disk => "store_failed",
        }
    }
}

impl IntoResponse for TurnAwayError {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.name(), "message": self.to_string() } });
        let mut response = (self.status(), Json(body)).into_response();
        let wait_s = match self {
            Self::Often(wait_s) => Some(wait_s),
            Self::Busy => Some(BUSY_WAIT_S),
            _ => None,
        };
        if let Some(wait_s) = wait_s {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        response
    }
}

/// What became of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Stored; `skewed` where its time is too far from the clock here to be judged.
    Taken { skewed: bool },
    /// It was here before.
    Repeated,
    /// Not passed on to the watch; `kept` where the report itself is stored.
    Refused { fault: Fault, kept: bool },
}

/// The answer to a request that was listened to. All that it says is durable.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answer<'a> {
    accepted: usize,
    repeated: usize,
    /// Of those accepted: stored and not judged.
    skewed: usize,
    refused: Vec<Line<'a>>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    /// Place in the batch, from 0.
    index: usize,
    rule: &'static str,
    value: &'a str,
    message: String,
    kept: bool,
}

impl<'a> Answer<'a> {
    pub(super) fn new(outcomes: &'a [Outcome]) -> Self {
        let mut answer = Self::default();
        for (index, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Outcome::Taken { skewed } => {
                    answer.accepted += 1;
                    answer.skewed += usize::from(*skewed);
                }
                Outcome::Repeated => answer.repeated += 1,
                Outcome::Refused { fault, kept } => answer.refused.push(Line {
                    index,
                    rule: fault.rule.name(),
                    value: &fault.value,
                    message: fault.to_string(),
                    kept: *kept,
                }),
            }
        }
        answer
    }
}
