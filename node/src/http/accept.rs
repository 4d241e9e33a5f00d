//! The accept loop: bounded connections, bounded waits, one protocol. `axum::serve` has none of
//! these bounds.

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Longest time for a request's headers to arrive, ms; also how long an idle connection is kept.
pub const HEADER_WAIT_MS: u64 = 10_000;
/// Most connections at once.
pub const CONNECTIONS_MAX: usize = 512;
/// Most bytes buffered for a request's headers.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Most header lines of a request.
pub const HEADER_LINES_MAX: usize = 64;
/// Pause after the system refused to accept, ms.
const ACCEPT_PAUSE_MS: u64 = 50;

/// Bounds of one server.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// See `HEADER_WAIT_MS`.
    pub header_wait_ms: u64,
    /// See `CONNECTIONS_MAX`.
    pub connections_max: usize,
}

impl Bounds {
    /// The bounds of the named constants.
    pub const STANDARD: Self = Self {
        header_wait_ms: HEADER_WAIT_MS,
        connections_max: CONNECTIONS_MAX,
    };
}

/// Serves connections until `stop` says true, then lets those that are answering finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(bounds.connections_max));
    loop {
        let place = tokio::select! {
            place = room.clone().acquire_owned() => place.expect("the semaphore is never closed"),
            () = stopped(&mut stop) => return,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let router = router.clone();
                let stop = stop.clone();
                tokio::spawn(async move {
                    converse((stream, peer), router, bounds, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the system refused a connection");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

async fn converse(
    (stream, peer): (TcpStream, SocketAddr),
    router: Router,
    bounds: Bounds,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(bounds.header_wait_ms))
        .max_headers(HEADER_LINES_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .keep_alive(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
