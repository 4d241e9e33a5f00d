//! A vendor's reports at the door: each device's by themselves, a bad one aside, and where the page
//! ended with them in one commit.

use super::super::admit::{Verdict, admit};
use super::super::door::{Gateway, NO_CARD, json, peer_of, read_body, shown, wait_for_grid};
use super::super::form::Sent;
use super::super::kept::Aside;
use super::super::limit::Limiter;
use super::super::rule::Rule;
use super::super::turn::{Answer, BATCH_MAX, Outcome, TurnAwayError};
use super::row::Row;
use super::{Vendor, token_mark};
use crate::owner::Node;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use jiaolian_schema::device::token_hash;
use jiaolian_sync::{Store as _, StoreError, Table, Whence, Write};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// First part of the name under which rows without a terminal are kept aside; no terminal has it.
const ASIDE: &str = "vendor:";
/// Sorts the rows of cursors before those of any terminal.
const CURSOR_MARK: &[u8] = b"\0vendor\0";

/// Up to where a vendor's reports were taken in; empty at first.
pub(super) fn read_cursor(node: &Node, vendor: &Vendor) -> Result<String, StoreError> {
    let row = node
        .store
        .reader()
        .get(Table::Device, &cursor_key(vendor))?;
    let cursor = row.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(cursor.unwrap_or_default())
}

/// Takes rows in, with where they end: one outcome a row, in order, and how many alarms they raised.
pub(super) fn take(
    node: &mut Node,
    vendor: &Vendor,
    rows: Vec<Row>,
    cursor: Option<String>,
) -> Result<(Vec<Outcome>, usize), StoreError> {
    let mut outcomes = vec![None; rows.len()];
    let mut by_terminal: BTreeMap<String, Vec<(usize, Row)>> = BTreeMap::new();
    let (name, now) = (format!("{ASIDE}{}", vendor.name), node.now());
    let mut aside = Aside::default();
    for (at, mut row) in rows.into_iter().enumerate() {
        if let Some(terminal) = row.terminal.take() {
            by_terminal.entry(terminal).or_default().push((at, row));
            continue;
        }
        let fault = Rule::Form.broken_by("a row names its terminal");
        aside.add((node, &name), &fault, &row.report.said, now)?;
        outcomes[at] = Some(Outcome::Refused { fault, kept: true });
    }
    aside.store(node, &name)?;
    let mut raised = 0;
    for (terminal, rows) in by_terminal {
        let card = token_hash(&terminal, &vendor.binding_token);
        let (places, reports): (Vec<usize>, Vec<_>) =
            rows.into_iter().map(|(at, row)| (at, row.report)).unzip();
        let sent = Sent {
            terminal,
            token: None,
            reports,
            way: Whence::door("vendor").of_vendor(&vendor.name),
        };
        let found = match admit(node, &sent, &card)? {
            Verdict::Heard { outcomes, alarms } => {
                raised += alarms;
                outcomes
            }
            Verdict::Stranger { .. } => vec![unbound(); places.len()],
        };
        for (at, outcome) in places.into_iter().zip(found) {
            outcomes[at] = Some(outcome);
        }
    }
    if let Some(cursor) = cursor {
        node.put(Write {
            table: Table::Device,
            key: cursor_key(vendor),
            value: Some(cursor.into_bytes()),
        });
    }
    let outcomes = outcomes.into_iter().map(|one| one.unwrap_or_else(unbound));
    Ok((outcomes.collect(), raised))
}

fn unbound() -> Outcome {
    Outcome::Refused {
        fault: Rule::Unbound.broken_by(""),
        kept: false,
    }
}

fn cursor_key(vendor: &Vendor) -> Vec<u8> {
    [CURSOR_MARK, vendor.name.as_bytes()].concat()
}

/// `POST /v1/vendor/{name}`.
pub(in crate::gateway) async fn push(
    State(gateway): State<Gateway>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let heard = hear(&gateway, &name, request).await;
    heard.unwrap_or_else(|turned| gateway.turned(turned))
}

async fn hear(gateway: &Gateway, name: &str, request: Request) -> Result<Response, TurnAwayError> {
    let (arrived, from) = (Instant::now(), peer_of(&request));
    let (head, body) = request.into_parts();
    let mark = token_mark(&shown(&head.headers, "bearer").unwrap_or_default());
    let vendor = gateway.vendors.get(name);
    let Some(vendor) = vendor.filter(|vendor| vendor.push == Some(mark)) else {
        let pass = |limiter: &mut Limiter, now| limiter.pass(&NO_CARD, from, 1, now);
        gateway.meter.act(pass).map_err(TurnAwayError::Often)?;
        wait_for_grid(arrived).await;
        return Err(TurnAwayError::Stranger);
    };
    let body = json(&read_body(&head.headers, body).await?)?;
    let page = vendor.map.page(&body);
    let page = page.ok_or_else(|| {
        TurnAwayError::Form("an answer has its list of rows where `rows` says".to_owned())
    })?;
    if page.rows.len() > BATCH_MAX {
        return Err(TurnAwayError::BatchLong(page.rows.len()));
    }
    let vendor = Arc::clone(vendor);
    let job = move |node: &mut Node| take(node, &vendor, page.rows, None);
    let taken = gateway.owner.call(job).await;
    let (outcomes, alarms) = gateway.durable(taken)?;
    gateway.metrics.gateway.heard(&outcomes, alarms);
    Ok(Json(Answer::new(&outcomes)).into_response())
}
