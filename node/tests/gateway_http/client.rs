//! A device on a plain socket: what phones and bands send, and what nobody should.

use serde_json::Value as Json;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or(Json::Null)
    }

    /// The body of an answer 200: how many were accepted, repeated and refused.
    #[track_caller]
    pub(crate) fn counts(&self) -> (u64, u64, usize) {
        let json = self.json();
        assert_eq!(self.status, 200, "{json}");
        let count = |name: &str| json[name].as_u64().unwrap();
        let refused = json["refused"].as_array().unwrap().len();
        (count("accepted"), count("repeated"), refused)
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        let json = self.json();
        let found = json["error"]["code"].as_str().unwrap_or_default();
        assert_eq!((self.status, found), (status, code), "{json}");
    }
}

/// Sends bytes as they are and reads until the other end closes.
pub(crate) async fn raw(addr: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // The gateway may answer and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    let split = all.windows(4).position(|four| four == b"\r\n\r\n");
    let split = split.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&all)));
    let head = String::from_utf8_lossy(&all[..split]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = all[split + 4..].to_vec();
    Answer { status, head, body }
}

pub(crate) async fn send(
    addr: SocketAddr,
    (method, target): (&str, &str),
    headers: &str,
    body: &[u8],
) -> Answer {
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n",
        body.len()
    );
    let bytes = [head.as_bytes(), body].concat();
    raw(addr, &bytes).await
}

pub(crate) async fn get(addr: SocketAddr, query: &str) -> Answer {
    send(addr, ("GET", &format!("/?{query}")), "", b"").await
}

/// A batch with its device's token in the header.
pub(crate) async fn batch(addr: SocketAddr, token: &str, body: &Json) -> Answer {
    let headers = format!("Content-Type: application/json\r\nAuthorization: Bearer {token}\r\n");
    let body = body.to_string();
    send(addr, ("POST", "/v1/fixes"), &headers, body.as_bytes()).await
}
