//! The door for check-ins: what a phone answers, durable before it is acknowledged, and what it is
//! asked now. Who is let in is as for positions; only a phone answers, and a place is a moment's.
//!
//! Which node asks a person stands in the case. Another one stores what it is sent as well and says
//! that it is not the one that asks, so that the phone keeps it for the one that is.

mod form;
mod take;

use super::door::{
    Gateway, NO_CARD, json, peer_of, read_body, read_query, shown, signer, wait_for_grid,
};
use super::form::{Pairs, named, token_in};
use super::limit::Limiter;
use super::turn::{Answer, TurnAwayError};
use crate::metric::add;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use jiaolian_schema::checkin::{DutyKind, signed_check_ins, signed_due};
use jiaolian_schema::device::{Card, key_hash, token_hash};
use serde::Serialize;
use serde_json::json as object;
use std::net::IpAddr;
use std::time::Instant;
use take::{Asked, Taken};

/// `POST /v1/checkins`.
pub(super) async fn answer(State(gateway): State<Gateway>, request: Request) -> Response {
    let heard = hear(&gateway, request).await;
    heard.unwrap_or_else(|turned| gateway.turned(turned))
}

/// `GET /v1/checkins/due`.
pub(super) async fn due(State(gateway): State<Gateway>, request: Request) -> Response {
    let asked = ask(&gateway, request).await;
    asked.unwrap_or_else(|turned| gateway.turned(turned))
}

/// The answer to check-ins. All that it says is durable.
#[derive(Serialize)]
struct CheckInAnswer<'a> {
    #[serde(flatten)]
    answer: Answer<'a>,
    /// Whether this node is the one that asks. Where it is not, the phone keeps them for that one.
    asked: bool,
}

async fn hear(gateway: &Gateway, request: Request) -> Result<Response, TurnAwayError> {
    let (from, arrived) = (peer_of(&request), Instant::now());
    let (head, body) = request.into_parts();
    let pairs = read_query(&head.uri)?;
    let body = read_body(&head.headers, body).await?;
    let sent = form::read_check_ins(json(&body)?)?;
    let message = signed_check_ins(&body);
    let card = shown_card(&head.headers, &pairs, &sent.terminal, &message);
    let stranger = Stranger { from, arrived };
    let card = stranger
        .pass(gateway, card, sent.lines.len() as u64)
        .await?;
    let lines = sent.lines.len() as u64;
    let taken = gateway
        .owner
        .call(move |node| take::take(node, &sent, &card))
        .await;
    match gateway.durable(taken)? {
        Taken::Stranger { bare } => Err(stranger.away(gateway, &card, bare).await),
        Taken::Heard {
            outcomes,
            alarms,
            asked,
        } => {
            gateway
                .meter
                .act(|limiter, now| limiter.know(&card, from, lines, now));
            gateway.metrics.gateway.heard(&outcomes, alarms);
            let answer = Answer::new(&outcomes);
            Ok(Json(CheckInAnswer { answer, asked }).into_response())
        }
    }
}

async fn ask(gateway: &Gateway, request: Request) -> Result<Response, TurnAwayError> {
    let (from, arrived) = (peer_of(&request), Instant::now());
    let (head, _) = request.into_parts();
    let pairs = read_query(&head.uri)?;
    let value = |name: &str| pairs.iter().find(|(known, _)| known == name);
    let terminal = named(value("terminal").map(|(_, terminal)| terminal.clone()))?;
    let said = value("time").and_then(|(_, time)| time.parse().ok());
    let message = signed_due(head.uri.query().unwrap_or_default().as_bytes());
    let card = shown_card(&head.headers, &pairs, &terminal, &message);
    // What is signed is good for its own moment only.
    let signed_at = shown(&head.headers, "signature").map(|_| said.unwrap_or(i64::MIN));
    let stranger = Stranger { from, arrived };
    let card = stranger.pass(gateway, card, 1).await?;
    let look = move |node: &mut _| take::due(node, &terminal, &card, signed_at);
    match gateway.durable(gateway.owner.call(look).await)? {
        Asked::Stranger { bare } => Err(stranger.away(gateway, &card, bare).await),
        Asked::Known { now, due } => {
            gateway
                .meter
                .act(|limiter, at| limiter.know(&card, from, 1, at));
            let asked = due.is_some();
            let due = due.unwrap_or_default().into_iter().map(|duty| {
                let kind = match duty.kind {
                    DutyKind::Window => "window",
                    DutyKind::Prompt => "prompt",
                };
                object!({ "kind": kind, "from": duty.from, "until": duty.until })
            });
            let due: Vec<_> = due.collect();
            Ok(Json(object!({ "now": now, "asked": asked, "due": due })).into_response())
        }
    }
}

/// What a request shows, by its terminal; none where it shows a signature that is none.
fn shown_card(headers: &HeaderMap, pairs: &Pairs, terminal: &str, message: &[u8]) -> Option<Card> {
    if let Some(text) = shown(headers, "signature") {
        return signer(&text, message).map(|key| key_hash(terminal, &key));
    }
    let token = shown(headers, "bearer").or_else(|| token_in(pairs));
    Some(token_hash(terminal, &token.unwrap_or_default()))
}

/// Somebody of whom it is not yet known who they are.
struct Stranger {
    from: IpAddr,
    arrived: Instant,
}

impl Stranger {
    /// Lets a card in as far as its allowance goes; a forged one is a stranger's at once.
    async fn pass(
        &self,
        gateway: &Gateway,
        card: Option<Card>,
        reports: u64,
    ) -> Result<Card, TurnAwayError> {
        let (shown, count) = (card.unwrap_or(NO_CARD), card.map_or(1, |_| reports));
        let pass = |limiter: &mut Limiter, now| limiter.pass(&shown, self.from, count, now);
        gateway.meter.act(pass).map_err(TurnAwayError::Often)?;
        if let Some(card) = card {
            return Ok(card);
        }
        wait_for_grid(self.arrived).await;
        Err(TurnAwayError::Stranger)
    }

    async fn away(&self, gateway: &Gateway, card: &Card, bare: bool) -> TurnAwayError {
        if bare {
            add(&gateway.metrics.gateway.bare, 1);
        }
        gateway.meter.act(|limiter, _| limiter.forget(card));
        wait_for_grid(self.arrived).await;
        TurnAwayError::Stranger
    }
}
