//! Health for probes and counters for operators.

use super::app::App;
use crate::metric::Gauge;
use crate::owner::Node;
use crate::view::{case, incident};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::hold::DossierKind;
use jiaolian_sync::Waiting;
use serde_json::json;
use std::sync::atomic::Ordering;

/// Whether the process answers, with the time of its newest durable commit.
pub(super) async fn healthz(State(app): State<App>) -> Response {
    let alive = app.owner.look(|node| node.now()).await;
    let committed_at = app.metrics.committed_at.load(Ordering::Relaxed);
    let status = if alive.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(json!({ "ok": alive.is_ok(), "committed_at": committed_at })),
    )
        .into_response()
}

/// Whether the store is open and links are started.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let seen = app
        .owner
        .look(|node| (node.links.is_some(), node.is_locked()))
        .await;
    let Ok((linked, locked)) = seen else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "store": false })),
        )
            .into_response();
    };
    Json(json!({ "store": true, "links": linked, "locked": locked })).into_response()
}

/// All counters as Prometheus text.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let Ok(mut gauges) = app.owner.look(gauges).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    gauges.push(gauge(
        "sessions",
        "Signed-in sessions.",
        app.sessions.count() as u64,
    ));
    let rss = crate::platform::rss_bytes().unwrap_or(0);
    gauges.push(gauge("rss_bytes", "Resident memory.", rss));
    gauges.push(gauge(
        "jobs_free",
        "Jobs that may still wait.",
        app.owner.room() as u64,
    ));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text(&gauges)).into_response()
}

fn gauge(name: &'static str, help: &'static str, value: u64) -> Gauge {
    Gauge { name, help, value }
}

fn gauges(node: &mut Node) -> Vec<Gauge> {
    // Nobody has signed in to ask this, so minors are in no number.
    let counted = |node: &Node, kind| {
        let rows = node.replica.dossiers();
        rows.filter(|(_, row)| row.kind == kind && !case::is_hidden(node, row))
            .count() as u64
    };
    let alarm_count = counted(node, DossierKind::Alarm);
    let open = incident::open_count(node);
    let cases = counted(node, DossierKind::Case);
    let mut gauges = link_gauges(node);
    gauges.extend([
        gauge(
            "refused",
            "Envelopes refused.",
            node.replica.refused_count(),
        ),
        gauge(
            "parked",
            "Envelopes parked.",
            node.replica.parked_count() as u64,
        ),
        gauge("cases", "Cases here.", cases),
        gauge("alarms", "Alarms here.", alarm_count),
        gauge("alarms_open", "Open incidents.", open),
        gauge(
            "store_bytes",
            "Bytes of the store.",
            node.store.reader().bytes(),
        ),
        gauge(
            "locked",
            "1 while case files are closed.",
            u64::from(node.is_locked()),
        ),
    ]);
    gauges
}

fn link_gauges(node: &Node) -> Vec<Gauge> {
    let links = node.replica.links();
    let up = links.iter().filter(|link| link.up_since.is_some()).count() as u64;
    let waiting = |pick: fn(&Waiting) -> u64| links.iter().map(|link| pick(&link.waiting)).sum();
    vec![
        gauge("links_known", "Links known.", links.len() as u64),
        gauge("links_up", "Links with a session.", up),
        gauge(
            "waiting_urgent",
            "Items that wait, urgent lane.",
            waiting(|w| w.urgent),
        ),
        gauge(
            "waiting_normal",
            "Items that wait, normal lane.",
            waiting(|w| w.normal),
        ),
        gauge(
            "waiting_bulk",
            "Items that wait, bulk lane.",
            waiting(|w| w.bulk),
        ),
    ]
}
