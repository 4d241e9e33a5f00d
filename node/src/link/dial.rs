//! Dialling one peer for as long as it has no session: at once on a hint, else with pauses that
//! double.

use super::house::{HANDSHAKE_S, House};
use super::tune::ALPN;
use iroh::EndpointId;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

const PAUSE_FIRST_MS: u64 = 1_000;
const PAUSE_MAX_MS: u64 = 60_000;
/// A session this long was a good one: the next pause is short again.
const GOOD_SESSION_S: u64 = 10;

/// Keeps a session with `id` until the task is aborted.
pub(super) async fn keep(house: Arc<House>, id: EndpointId, hint: Arc<Notify>) {
    let peer = *id.as_bytes();
    let mut changes = house.changes();
    let mut pause_ms = PAUSE_FIRST_MS;
    loop {
        changes.borrow_and_update();
        if !house.wants(&peer) {
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        }
        let started = Instant::now();
        if let Some(connection) = connect(&house, id).await {
            // A task of its own: the session outlives this dialler.
            let session = tokio::spawn(House::host(house.clone(), connection, true));
            if session.await.is_err() {
                return;
            }
        }
        if started.elapsed() >= Duration::from_secs(GOOD_SESSION_S + HANDSHAKE_S) {
            pause_ms = PAUSE_FIRST_MS;
        }
        tokio::select! {
            () = sleep(Duration::from_millis(pause_ms)) => {
                pause_ms = (pause_ms * 2).min(PAUSE_MAX_MS);
            }
            () = hint.notified() => pause_ms = PAUSE_FIRST_MS,
        }
    }
}

/// One try; given up when the peer got a session in another way or may no longer have one.
async fn connect(house: &House, id: EndpointId) -> Option<iroh::endpoint::Connection> {
    let mut changes = house.changes();
    let unwanted = async {
        loop {
            changes.borrow_and_update();
            if !house.wants(id.as_bytes()) || changes.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        connected = timeout(Duration::from_secs(HANDSHAKE_S), house.endpoint().connect(id, ALPN)) => {
            match connected {
                Ok(Ok(connection)) => Some(connection),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a peer could not be reached");
                    None
                }
                Err(_) => None,
            }
        }
        () = unwanted => None,
    }
}
