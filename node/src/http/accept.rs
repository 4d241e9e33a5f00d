//! The accept loop: bounded connections, bounded waits, one protocol. `axum::serve` has none of
//! these bounds.

mod place;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use place::Places;
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Longest time for a request's headers to arrive, ms; also how long an idle connection is kept.
pub const HEADER_WAIT_MS: u64 = 10_000;
/// Longest time for a TLS handshake, ms.
pub const HANDSHAKE_WAIT_MS: u64 = 10_000;
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
    /// See `HANDSHAKE_WAIT_MS`.
    pub handshake_wait_ms: u64,
    /// See `CONNECTIONS_MAX`.
    pub connections_max: usize,
    /// Most connections of one address but this machine's own; the last quarter of all is then for
    /// addresses that have few.
    pub per_address_max: usize,
}

impl Bounds {
    /// The bounds of the named constants.
    pub const STANDARD: Self = Self {
        header_wait_ms: HEADER_WAIT_MS,
        handshake_wait_ms: HANDSHAKE_WAIT_MS,
        connections_max: CONNECTIONS_MAX,
        per_address_max: CONNECTIONS_MAX / 4,
    };
}

/// Over what a request came; among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Channel {
    /// Whether it came over TLS, so that a cookie may be bound to it.
    pub tls: bool,
}

/// Serves connections until `stop` says true, then lets those that are answering finish,
/// for two seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: watch::Receiver<bool>,
) {
    accept(listener, Door::Plain, router, bounds, stop).await;
}

/// The same over TLS; who speaks plainly is sent to the right address and told nothing else.
pub async fn serve_tls(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    config: Arc<ServerConfig>,
    stop: watch::Receiver<bool>,
) {
    let at = listener.local_addr().ok();
    let door = Door::Tls(TlsAcceptor::from(config), at);
    accept(listener, door, router, bounds, stop).await;
}

/// How connections are met.
#[derive(Clone)]
enum Door {
    Plain,
    Tls(TlsAcceptor, Option<SocketAddr>),
}

async fn accept(
    listener: TcpListener,
    door: Door,
    router: Router,
    bounds: Bounds,
    mut stop: watch::Receiver<bool>,
) {
    let all = Arc::new(Semaphore::new(bounds.connections_max));
    let places = Places::new(bounds);
    loop {
        // Beyond the last place connections wait in the system's queue.
        let room = tokio::select! {
            room = Arc::clone(&all).acquire_owned() => room.expect("the semaphore is never closed"),
            () = stopped(&mut stop) => return,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = places.take(peer.ip()) else {
                    tracing::debug!(%peer, "no place for one more connection of an address");
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let (router, door, stop) = (router.clone(), door.clone(), stop.clone());
                tokio::spawn(async move {
                    meet((stream, peer), door, router, bounds, stop).await;
                    drop((room, place));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the system refused a connection");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

async fn meet(
    (stream, peer): (TcpStream, SocketAddr),
    door: Door,
    router: Router,
    bounds: Bounds,
    stop: watch::Receiver<bool>,
) {
    let plain = Channel { tls: false };
    let Door::Tls(acceptor, at) = door else {
        return converse(stream, (peer, plain), router, bounds, stop).await;
    };
    let wait = Duration::from_millis(bounds.handshake_wait_ms);
    match tokio::time::timeout(wait, hear(&acceptor, stream)).await {
        Ok(Ok(Heard::Tls(stream))) => {
            let channel = Channel { tls: true };
            converse(stream, (peer, channel), router, bounds, stop).await;
        }
        Ok(Ok(Heard::Plain(stream))) => {
            let router = Router::new().fallback(async move || elsewhere(at));
            converse(stream, (peer, plain), router, bounds, stop).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a handshake failed"),
        Err(_) => tracing::debug!(%peer, "a handshake took too long"),
    }
}

/// What the first byte of a connection tells.
enum Heard {
    Tls(Box<TlsStream<TcpStream>>),
    Plain(TcpStream),
}

/// A handshake begins with byte 22; a method's name with a capital letter.
async fn hear(acceptor: &TlsAcceptor, stream: TcpStream) -> io::Result<Heard> {
    let mut first = [0; 1];
    if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
        return Ok(Heard::Plain(stream));
    }
    let stream = acceptor.accept(stream).await?;
    Ok(Heard::Tls(Box::new(stream)))
}

/// Where the pages are, by this door's own address: the request's words are not trusted.
fn elsewhere(at: Option<SocketAddr>) -> Response {
    match at {
        Some(at) => Redirect::permanent(&format!("https://{at}/")).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    (peer, channel): (SocketAddr, Channel),
    router: Router,
    bounds: Bounds,
    mut stop: watch::Receiver<bool>,
) {
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(channel);
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
