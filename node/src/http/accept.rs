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
/// How long what is answered when the server stops may still take, ms; an open page's live events
/// would go on for ever and hold the whole node.
const STOP_WAIT_MS: u64 = 2_000;
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

/// Serves connections until `stop` says true, then lets those that are answering finish,
/// for two seconds.
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
            let wait = Duration::from_millis(STOP_WAIT_MS);
            match tokio::time::timeout(wait, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use std::convert::Infallible;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_stream::StreamExt as _;

    #[tokio::test]
    async fn an_answer_without_end_ends_when_the_server_stops() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let endless = get(async || {
            let first = tokio_stream::once(Ok::<_, Infallible>(Bytes::from_static(b"first")));
            Body::from_stream(first.chain(tokio_stream::pending()))
        });
        let router = Router::new().route("/", endless);
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(serve(listener, router, Bounds::STANDARD, stopped));
        let mut page = TcpStream::connect(at).await.unwrap();
        page.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"first\r\n") {
            assert_ne!(page.read_buf(&mut heard).await.unwrap(), 0);
        }
        stop.send_replace(true);
        server.await.unwrap();
        let rest = page.read_to_end(&mut heard);
        let waited = tokio::time::timeout(Duration::from_mins(1), rest).await;
        assert!(waited.is_ok(), "the connection is still open");
    }
}
