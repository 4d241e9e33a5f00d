//! What only a drill offers, on a loopback port of its own and to one token: how the node stands in
//! numbers, and a switch on each link. A live node has no such door.

use crate::http::App;
use crate::link::Links;
use crate::owner::Node;
use crate::view::incident::is_alarm_open;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{hex, sha256, unhex};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What the drill's handlers share.
#[derive(Debug, Clone)]
pub struct Drill {
    app: App,
    links: Links,
    token: [u8; 32],
    open: Arc<Mutex<BTreeSet<[u8; 32]>>>,
}

/// Longest wait for a change, s.
const NEXT_WAIT_S: u64 = 10;

/// What was seen already.
#[derive(Debug, Deserialize)]
struct Wait {
    /// Number of the newest change seen; 0 for none.
    after: u64,
}

/// A switch to be set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    /// The peer's transport key, hexadecimal; none for every peer.
    peer: Option<String>,
    /// Whether the plug is pulled.
    open: bool,
}

impl Drill {
    /// The drill of a running node.
    pub fn new(app: &App, links: &Links, token: &str) -> Self {
        Self {
            app: app.clone(),
            links: links.clone(),
            token: sha256(&[token.as_bytes()]),
            open: Arc::default(),
        }
    }
}

/// The drill's own door.
pub fn router(drill: Drill) -> Router {
    Router::new()
        .route("/api/v1/drill/state", get(state))
        .route("/api/v1/drill/roots", get(roots))
        .route("/api/v1/drill/next", get(next_change))
        .route("/api/v1/drill/link", post(set_link))
        .layer(middleware::from_fn_with_state(drill.clone(), guard))
        .with_state(drill)
}

/// Offices that have not said that a case is gone which an order destroys.
fn unconfirmed(node: &Node) -> usize {
    let orders = node.replica.shreds();
    let waiting = orders
        .iter()
        .map(|order| order.holders.difference(&order.confirmed).count());
    waiting.sum()
}

/// Only who started the drill knows the token; a page in a browser can't send it across origins.
async fn guard(
    State(drill): State<Drill>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if given.is_some_and(|token| sha256(&[token]) == drill.token) {
        Ok(next.run(request).await)
    } else {
        Err(StatusCode::UNAUTHORIZED)
    }
}

async fn state(State(drill): State<Drill>) -> Result<Json<Value>, StatusCode> {
    let open = held(&drill.open).clone();
    let counts = drill.links.counts();
    let seen = drill.app.owner.look(move |node| {
        let links: Vec<Value> = node
            .authority()
            .endpoints()
            .iter()
            .filter(|(key, _)| **key != drill.links.me())
            .filter_map(|(key, seat)| link(node, &drill.links, *key, seat.office, &open))
            .collect();
        let sum = |pick: fn(&crate::link::LinkCount) -> [crate::link::LaneCount; 3]| {
            let lanes = [0, 1, 2].map(|lane: usize| {
                counts
                    .values()
                    .map(|count| pick(count)[lane].bytes)
                    .sum::<u64>()
            });
            json!(lanes)
        };
        let waiting = node.replica.links().iter().fold([0; 3], |sum, link| {
            let w = &link.waiting;
            [sum[0] + w.urgent, sum[1] + w.normal, sum[2] + w.bulk]
        });
        json!({
            "links": links, "waiting": waiting, "locked": node.is_locked(),
            "sent_bytes": sum(|count| count.sent), "received_bytes": sum(|count| count.received),
            "alarms": alarms(node), "cases": node.dossiers(DossierKind::Case).len(),
            "unconfirmed": unconfirmed(node), "refused": node.replica.refused_count(), "parked": node.replica.parked_count(),
            "rss_bytes": crate::platform::rss_bytes(),
        })
    });
    seen.await
        .map(Json)
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

fn link(
    node: &Node,
    links: &Links,
    key: [u8; 32],
    office: jiaolian_schema::id::OfficeId,
    open: &BTreeSet<[u8; 32]>,
) -> Option<Value> {
    let up = links.up().contains(&key);
    let status = node.replica.links();
    let status = status.iter().find(|link| link.peer.0 == key);
    (up || status.is_some() || open.contains(&key)).then(|| {
        json!({
            "peer": hex(&key), "office": office.to_hex(), "up": up,
            "open": open.contains(&key),
            "agreed": status.is_some_and(|link| link.agreed),
        })
    })
}

/// Alarms here: all, still open, and those that this office's own node raised.
fn alarms(node: &mut Node) -> Value {
    let ids = node.dossiers(DossierKind::Alarm);
    let raised = ids.iter().filter(|id| {
        let row = node.replica.dossier(**id);
        row.is_some_and(|row| row.place == node.office)
    });
    let (held, raised) = (ids.len(), raised.count());
    let files: Vec<_> = ids.into_iter().filter_map(|id| node.file(id)).collect();
    let open = files
        .iter()
        .filter(|file| is_alarm_open(node, file))
        .count();
    json!({ "held": held, "open": open, "own": raised })
}

/// The state root of every dossier here, so that two nodes can be compared.
async fn roots(State(drill): State<Drill>) -> Result<Json<Value>, StatusCode> {
    let seen = drill.app.owner.look(|node| {
        let rows: Vec<_> = node
            .replica
            .dossiers()
            .map(|(id, row)| (id, row.kind))
            .collect();
        let root = |(id, kind)| {
            let root = node.replica.state_root(id)?;
            Some((
                jiaolian_schema::id::DossierId::to_hex(&id),
                json!({ "kind": format!("{kind:?}"), "root": hex(&root) }),
            ))
        };
        Value::Object(rows.into_iter().filter_map(root).collect::<Map<_, _>>())
    });
    seen.await
        .map(Json)
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

/// Answers with the number of the newest change once there is one after the given number, so that
/// whoever waits for something need not ask again and again.
async fn next_change(State(drill): State<Drill>, Query(wait): Query<Wait>) -> Json<Value> {
    let mut feed = drill.app.events.follow(Some(wait.after));
    let is_behind = feed.reset || !feed.missed.is_empty();
    if !is_behind {
        let patience = std::time::Duration::from_secs(NEXT_WAIT_S);
        let _ = tokio::time::timeout(patience, feed.live.recv()).await;
    }
    Json(json!({ "newest": drill.app.events.follow(None).newest }))
}

async fn set_link(
    State(drill): State<Drill>,
    Json(switch): Json<Switch>,
) -> Result<StatusCode, StatusCode> {
    let peers: Vec<[u8; 32]> = match &switch.peer {
        Some(text) => {
            let key = unhex(text).and_then(|bytes| bytes.try_into().ok());
            vec![key.ok_or(StatusCode::BAD_REQUEST)?]
        }
        None => drill
            .app
            .owner
            .look(|node| node.authority().endpoints().into_keys().collect())
            .await
            .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?,
    };
    for peer in peers.into_iter().filter(|peer| *peer != drill.links.me()) {
        drill.links.set_switch(&peer, !switch.open);
        if switch.open {
            held(&drill.open).insert(peer);
        } else {
            held(&drill.open).remove(&peer);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
