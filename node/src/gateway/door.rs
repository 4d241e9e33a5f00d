//! From a request to an answer: reads it within its bounds, lets strangers in no faster than they
//! may, and hands it to the owner of the state.

use super::Limits;
use super::admit::{Verdict, admit};
use super::form::{Pairs, Sent, read_form, read_pairs, token_in};
use super::json::{read_batch, read_traccar};
use super::limit::{Limiter, Meter};
use super::plain::read_plain;
use super::turn::{Answer, BODY_BYTES_MAX, BODY_WAIT_MS, QUERY_BYTES_MAX, TurnAwayError};
use super::vendor::Vendor;
use crate::http::json::read_value;
use crate::metric::{Metrics, add};
use crate::owner::{CallError, Node, Owner};
use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::device::{Card, KEY_BYTES, key_hash, signed_fixes, token_hash};
use jiaolian_schema::id::unhex;
use jiaolian_schema::suite::{ED25519, SIGNATURE_BYTES, StrictVerifier, Verify as _};
use jiaolian_sync::StoreError;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_stream::StreamExt as _;

/// Answers to strangers leave on this grid, ms, so that their time tells nothing about why.
const STRANGER_GRID_MS: u64 = 50;

/// The card of whoever shows nothing.
pub(super) const NO_CARD: Card = [0; 32];

/// Waits until an answer to a stranger may leave.
pub(super) async fn wait_for_grid(arrived: Instant) {
    let waited_ms = arrived.elapsed().as_millis() as u64;
    let left_ms = STRANGER_GRID_MS - waited_ms % STRANGER_GRID_MS;
    tokio::time::sleep(Duration::from_millis(left_ms)).await;
}

/// What handlers share.
#[derive(Debug, Clone)]
pub(super) struct Gateway {
    pub(super) owner: Owner<Node>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) meter: Arc<Meter>,
    /// By name.
    pub(super) vendors: Arc<BTreeMap<String, Arc<Vendor>>>,
}

/// How the reports of a request are written.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// Names and values, or Traccar's JSON.
    Traccar,
    /// Our own JSON.
    Batch,
}

impl Gateway {
    pub(super) fn new(
        (owner, metrics): (Owner<Node>, Arc<Metrics>),
        limits: Limits,
        vendors: &[Arc<Vendor>],
    ) -> Self {
        let named = |vendor: &Arc<Vendor>| (vendor.name.clone(), Arc::clone(vendor));
        Self {
            owner,
            metrics,
            meter: Arc::new(Meter::new(limits)),
            vendors: Arc::new(vendors.iter().map(named).collect()),
        }
    }

    /// What a job came to once it is on the disk.
    pub(super) fn durable<T>(
        &self,
        done: Result<Result<T, StoreError>, CallError>,
    ) -> Result<T, TurnAwayError> {
        match done {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "a report could not be taken in");
                Err(TurnAwayError::Disk)
            }
            Err(CallError::Full) => {
                add(&self.metrics.jobs_refused, 1);
                Err(TurnAwayError::Busy)
            }
            Err(CallError::Gone | CallError::Broken) => Err(TurnAwayError::Disk),
        }
    }

    /// Counts a request that was turned away.
    pub(super) fn turned(&self, turned: TurnAwayError) -> Response {
        let count = &self.metrics.gateway;
        match turned {
            TurnAwayError::Stranger => add(&count.strangers, 1),
            TurnAwayError::Often(_) => add(&count.limited, 1),
            TurnAwayError::Busy | TurnAwayError::Disk => {}
            _ => add(&count.malformed, 1),
        }
        turned.into_response()
    }

    async fn hear(&self, request: Request, form: Form) -> Result<Response, TurnAwayError> {
        let from = peer_of(&request);
        let arrived = Instant::now();
        let Read { sent, proof } = read(request, form).await?;
        let card = match proof {
            Proof::Token(token) => token_hash(&sent.terminal, &token),
            Proof::Key(key) => key_hash(&sent.terminal, &key),
            Proof::Forged => {
                let pass = |limiter: &mut Limiter, now| limiter.pass(&NO_CARD, from, 1, now);
                self.meter.act(pass).map_err(TurnAwayError::Often)?;
                wait_for_grid(arrived).await;
                return Err(TurnAwayError::Stranger);
            }
        };
        let reports = sent.reports.len() as u64;
        self.meter
            .act(|limiter, now| limiter.pass(&card, from, reports, now))
            .map_err(TurnAwayError::Often)?;
        let verdict = self.owner.call(move |node| admit(node, &sent, &card)).await;
        match self.durable(verdict)? {
            Verdict::Stranger { bare } => {
                if bare {
                    add(&self.metrics.gateway.bare, 1);
                }
                self.meter.act(|limiter, _| limiter.forget(&card));
                wait_for_grid(arrived).await;
                Err(TurnAwayError::Stranger)
            }
            Verdict::Heard { outcomes, alarms } => {
                self.meter
                    .act(|limiter, now| limiter.know(&card, from, reports, now));
                self.metrics.gateway.heard(&outcomes, alarms);
                Ok(Json(Answer::new(&outcomes)).into_response())
            }
        }
    }

    async fn answer(&self, request: Request, form: Form) -> Response {
        let heard = self.hear(request, form).await;
        heard.unwrap_or_else(|turned| self.turned(turned))
    }
}

/// `GET /` and `POST /`.
pub(super) async fn traccar(State(gateway): State<Gateway>, request: Request) -> Response {
    gateway.answer(request, Form::Traccar).await
}

/// `POST /v1/fixes`.
pub(super) async fn batch(State(gateway): State<Gateway>, request: Request) -> Response {
    gateway.answer(request, Form::Batch).await
}

/// Where a request comes from; all together where the listener does not say.
pub(super) fn peer_of(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip())
}

/// A request as it was read, and what it shows.
struct Read {
    sent: Sent,
    proof: Proof,
}

/// What a request shows to be let in.
enum Proof {
    /// A token; empty where it shows nothing.
    Token(String),
    /// The key by which it is signed.
    Key([u8; KEY_BYTES]),
    /// A signature that is none.
    Forged,
}

async fn read(request: Request, form: Form) -> Result<Read, TurnAwayError> {
    let (head, body) = request.into_parts();
    let mut pairs = read_query(&head.uri)?;
    let token = shown(&head.headers, "bearer").or_else(|| token_in(&pairs));
    let body = if head.method == Method::GET {
        Vec::new()
    } else {
        read_body(&head.headers, body).await?
    };
    let mut sent = match form {
        Form::Batch => match read_plain(&body) {
            Some(sent) => sent,
            None => read_batch(json(&body)?)?,
        },
        Form::Traccar if body.trim_ascii_start().starts_with(b"{") => read_traccar(json(&body)?)?,
        Form::Traccar => {
            pairs.extend(read_pairs(body.trim_ascii())?);
            read_form(pairs)?
        }
    };
    let signed = shown(&head.headers, "signature");
    let proof = match (form, signed) {
        (Form::Batch, Some(text)) => {
            signer(&text, &signed_fixes(&body)).map_or(Proof::Forged, Proof::Key)
        }
        _ => Proof::Token(token.or_else(|| sent.token.take()).unwrap_or_default()),
    };
    Ok(Read { sent, proof })
}

/// Whose signature over a message it is, of `<key>.<signature>` in hexadecimal digits.
pub(super) fn signer(text: &str, message: &[u8]) -> Option<[u8; KEY_BYTES]> {
    let (key, signature) = text.split_once('.')?;
    let key: [u8; KEY_BYTES] = unhex(key)?.try_into().ok()?;
    let signature: [u8; SIGNATURE_BYTES] = unhex(signature)?.try_into().ok()?;
    let is_good = StrictVerifier.verify(ED25519, &key, message, &signature);
    is_good.then_some(key)
}

pub(super) fn read_query(uri: &Uri) -> Result<Pairs, TurnAwayError> {
    let query = uri.query().unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        return Err(TurnAwayError::QueryLong(query.len()));
    }
    read_pairs(query.as_bytes())
}

/// What stands behind a scheme in the header.
pub(super) fn shown(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, shown) = value.split_once(' ')?;
    let is_wanted = scheme.eq_ignore_ascii_case(wanted);
    is_wanted.then(|| shown.trim().to_owned())
}

pub(super) fn json(body: &[u8]) -> Result<serde_json::Value, TurnAwayError> {
    read_value(body).map_err(|error| TurnAwayError::Form(error.to_string()))
}

pub(super) async fn read_body(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, TurnAwayError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(TurnAwayError::Compressed);
    }
    let said = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if said.is_some_and(|bytes| bytes > BODY_BYTES_MAX as u64) {
        return Err(TurnAwayError::BodyLong);
    }
    let gathering = tokio::time::timeout(Duration::from_millis(BODY_WAIT_MS), gather(body));
    gathering.await.unwrap_or(Err(TurnAwayError::Slow))
}

pub(super) async fn gather(body: Body) -> Result<Vec<u8>, TurnAwayError> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| TurnAwayError::Form("a body is whole".to_owned()))?;
        if bytes.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(TurnAwayError::BodyLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
