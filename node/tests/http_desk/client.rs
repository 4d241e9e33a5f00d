//! A small HTTP client on a plain socket: what a browser would send, and what nobody should.

use crate::office::{Office, PASSPHRASE};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

#[derive(Debug, Clone)]
pub(crate) struct Client {
    addr: SocketAddr,
    cookie: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

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

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn ok(self, status: u16) -> Json {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self.json()
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Json {
        assert_eq!(
            (self.status, self.code().as_str()),
            (status, code),
            "{:?}",
            self.json()
        );
        self.json()
    }
}

impl Client {
    pub(crate) fn new(office: &Office) -> Self {
        Self::at(office.addr)
    }

    pub(crate) fn at(addr: SocketAddr) -> Self {
        Self {
            addr,
            cookie: None,
            headers: vec![("X-Jiaolian".into(), "1".into())],
        }
    }

    pub(crate) async fn signed_in(office: &Office, staff_number: &str) -> Self {
        Self::new(office).sign_in(staff_number).await
    }

    pub(crate) async fn sign_in(self, staff_number: &str) -> Self {
        let mut client = self;
        let form = json!({ "staff_number": staff_number, "passphrase": PASSPHRASE });
        let answer = client.post("/api/v1/session", &form).await;
        assert_eq!(answer.status, 201, "{:?}", answer.json());
        let set = answer
            .head
            .lines()
            .find(|line| line.to_lowercase().starts_with("set-cookie:"));
        let pair = set
            .unwrap()
            .split_once(':')
            .unwrap()
            .1
            .split(';')
            .next()
            .unwrap()
            .trim();
        client.cookie = Some(pair.to_owned());
        client
    }

    /// The cookie of the session, as a browser sends it.
    pub(crate) fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap_or_default()
    }

    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.into(), value.into()));
        client
    }

    fn head(&self, method: &str, path: &str, bytes: Option<usize>) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.addr);
        if method != "GET" {
            for (name, value) in &self.headers {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        if let Some(cookie) = &self.cookie {
            let _ = write!(head, "Cookie: {cookie}\r\n");
        }
        if let Some(bytes) = bytes {
            let _ = write!(
                head,
                "Content-Type: application/json\r\nContent-Length: {bytes}\r\n"
            );
        }
        head + "Connection: close\r\n\r\n"
    }

    pub(crate) async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        parse(&all)
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&[u8]>) -> Answer {
        let mut bytes = self.head(method, path, body.map(<[u8]>::len)).into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        self.raw(&bytes).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> Answer {
        self.send("POST", path, Some(body.to_string().as_bytes()))
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Json) -> Answer {
        self.send("PUT", path, Some(body.to_string().as_bytes()))
            .await
    }

    /// Signs an offer as the console does: with its section, its form and the passphrase.
    pub(crate) async fn sign(&self, offer: &Json, fields: Json) -> Answer {
        let form = json!({
            "event": offer["event"],
            "fields": fields,
            "section_id": offer["section"]["id"],
            "sign": offer["passphrase"].as_bool().unwrap().then(|| json!({ "passphrase": PASSPHRASE })),
            "dry_run": false,
        });
        self.post(offer["post"].as_str().unwrap(), &form).await
    }

    /// Follows live events.
    pub(crate) async fn follow(&self, last: Option<u64>) -> Stream {
        self.follow_from("/api/v1/events", last).await
    }

    /// Follows what a page asks for at an address.
    pub(crate) async fn follow_at(&self, path: &str) -> Stream {
        self.follow_from(path, None).await
    }

    async fn follow_from(&self, path: &str, last: Option<u64>) -> Stream {
        let mut head = self.head("GET", path, None);
        if let Some(last) = last {
            head = head.replace("Connection: close", &format!("Last-Event-ID: {last}"));
        }
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        Stream {
            reader: BufReader::new(stream),
        }
    }
}

/// One page's live events.
pub(crate) struct Stream {
    reader: BufReader<TcpStream>,
}

impl Stream {
    /// Every event up to the first of a type, that one included: type and data.
    pub(crate) async fn all_until(&mut self, kind: &str) -> Vec<(String, Json)> {
        let (mut all, mut name, mut data) = (Vec::new(), String::new(), Json::Null);
        loop {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line).await.unwrap();
            assert_ne!(read, 0, "closed before {kind}");
            match line.trim_end().split_once(": ") {
                Some(("event", text)) => name = text.to_owned(),
                Some(("data", text)) => data = serde_json::from_str(text).unwrap(),
                _ if line.trim().is_empty() && !name.is_empty() => {
                    all.push((std::mem::take(&mut name), std::mem::take(&mut data)));
                    if all.last().is_some_and(|(name, _)| name == kind) {
                        return all;
                    }
                }
                _ => {}
            }
        }
    }

    /// The next event of a type, with its number; others before it are passed over.
    pub(crate) async fn next(&mut self, kind: &str) -> (u64, Json) {
        let (mut number, mut name, mut data) = (0, String::new(), Json::Null);
        loop {
            let mut line = String::new();
            assert_ne!(
                self.reader.read_line(&mut line).await.unwrap(),
                0,
                "closed before {kind}"
            );
            match line.trim_end().split_once(": ") {
                Some(("id", text)) => number = text.parse().unwrap(),
                Some(("event", text)) => name = text.to_owned(),
                Some(("data", text)) => data = serde_json::from_str(text).unwrap(),
                _ if line.trim().is_empty() && name == kind => return (number, data),
                _ => {}
            }
        }
    }
}

fn parse(all: &[u8]) -> Answer {
    let split = all.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(split) = split else {
        return Answer {
            status: 0,
            head: String::new(),
            body: all.to_vec(),
        };
    };
    let head = String::from_utf8_lossy(&all[..split]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let body = all[split + 4..].to_vec();
    Answer { status, head, body }
}

/// The offer of an event on a page.
#[track_caller]
pub(crate) fn offer<'a>(page: &'a Json, event: &str) -> &'a Json {
    let lists = ["offers", "records"]
        .into_iter()
        .filter_map(|name| page[name].as_array());
    let mut offers = lists.flatten();
    offers
        .find(|offer| offer["event"] == event)
        .unwrap_or_else(|| panic!("no offer {event}: {}", page["offers"]))
}
