//! One request to a vendor's platform: a connection each, bounded in time and size.

use super::super::door::gather;
use super::{CURSOR, Pull};
use crate::http::json::read_value;
use axum::body::Body;
use axum::http::{Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest time for a page, from the first byte to the last, ms.
const PAGE_WAIT_MS: u64 = 60_000;

/// Why there is no page.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("a cursor makes an address: {0:?}")]
    Address(String),
    #[error("the vendor can't be reached: {0}")]
    Connect(std::io::Error),
    #[error("the vendor speaks HTTP: {0}")]
    Http(hyper::Error),
    #[error("the vendor answers 200, not {0}")]
    Status(u16),
    #[error("the vendor's answer is not read: {0}")]
    Body(String),
    #[error("a page comes within {PAGE_WAIT_MS} ms")]
    Slow,
}

/// Fetches what follows on a cursor.
pub(super) async fn fetch(pull: &Pull, cursor: &str) -> Result<Value, FetchError> {
    let wait = Duration::from_millis(PAGE_WAIT_MS);
    let page = tokio::time::timeout(wait, page(pull, cursor));
    page.await.unwrap_or(Err(FetchError::Slow))
}

async fn page(pull: &Pull, cursor: &str) -> Result<Value, FetchError> {
    let url = pull.url.replace(CURSOR, &encoded(cursor));
    let address = || FetchError::Address(url.clone());
    let uri: Uri = url.parse().map_err(|_| address())?;
    let host = uri.host().ok_or_else(address)?.to_owned();
    let port = uri
        .port_u16()
        .unwrap_or(if pull.tls.is_some() { 443 } else { 80 });
    let bare = host.trim_matches(['[', ']']);
    let stream = TcpStream::connect((bare, port)).await;
    let stream = stream.map_err(FetchError::Connect)?;
    match &pull.tls {
        None => ask(stream, pull, &uri).await,
        Some(config) => {
            let name = ServerName::try_from(bare.to_owned()).map_err(|_| address())?;
            let connector = TlsConnector::from(config.clone());
            let stream = connector.connect(name, stream).await;
            ask(stream.map_err(FetchError::Connect)?, pull, &uri).await
        }
    }
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    pull: &Pull,
    uri: &Uri,
) -> Result<Value, FetchError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(FetchError::Http)?;
    let serving = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::get(path)
        .header(
            header::HOST,
            uri.authority().map_or("", |host| host.as_str()),
        )
        .header(header::ACCEPT, "application/json");
    if let Some(token) = &pull.token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Body::empty());
    let request = request.map_err(|error| FetchError::Body(error.to_string()))?;
    let answer = sender
        .send_request(request)
        .await
        .map_err(FetchError::Http)?;
    if answer.status().as_u16() != 200 {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    let body = gather(Body::new(answer.into_body())).await;
    serving.abort();
    let bytes = body.map_err(|error| FetchError::Body(error.to_string()))?;
    read_value(&bytes).map_err(|error| FetchError::Body(error.to_string()))
}

/// A cursor as it stands in an address, whatever the vendor put in it.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut out = String::new();
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_can_change_nothing_of_the_address_but_itself() {
        assert_eq!(
            encoded("2026-03-02T09:00:00+08:00"),
            "2026-03-02T09%3A00%3A00%2B08%3A00"
        );
        assert_eq!(encoded("a&b=/../#\r\n"), "a%26b%3D%2F..%2F%23%0D%0A");
    }
}
