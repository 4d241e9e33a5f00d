//! A small HTTP client that does what the console, a device or the drill's page does.

use axum::body::Body;
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::{Value as Json, json};
use std::net::SocketAddr;
use thiserror::Error;
use tokio::net::TcpStream;

/// Largest answer read, bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why there is no answer, or not the one that was wanted.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The connection broke.
    #[error("{0}: {1}")]
    Broken(String, String),
    /// Another status than wanted.
    #[error("{path} answered {status}: {body}")]
    Status {
        /// Which path.
        path: String,
        /// The status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// A page does not offer what was wanted.
    #[error("{path} does not offer {event}: it offers {offered}")]
    NotOffered {
        /// Which page.
        path: String,
        /// What was wanted.
        event: String,
        /// What there is.
        offered: String,
    },
}

/// A status and a body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; null where it is no JSON.
    pub json: Json,
    /// The body as text.
    pub text: String,
    /// The cookie that was set, `name=value`.
    pub cookie: Option<String>,
}

/// Somebody who talks to a node.
#[derive(Debug, Clone)]
pub struct Client {
    /// To whom.
    pub address: SocketAddr,
    headers: Vec<(String, String)>,
    passphrase: String,
}

impl Client {
    /// Somebody unknown.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            headers: vec![("x-jiaolian".into(), "1".into())],
            passphrase: String::new(),
        }
    }

    /// The drill's own, by its token.
    pub fn of_drill(address: SocketAddr, token: &str) -> Self {
        let mut client = Self::new(address);
        client
            .headers
            .push(("authorization".into(), format!("Bearer {token}")));
        client
    }

    /// An officer who signs in.
    pub async fn sign_in(
        address: SocketAddr,
        staff_number: &str,
        passphrase: &str,
    ) -> Result<Self, ClientError> {
        Self::sign_in_with(address, staff_number, passphrase, None).await
    }

    /// The same for an officer whose UKey is plugged in.
    pub async fn sign_in_with(
        address: SocketAddr,
        staff_number: &str,
        passphrase: &str,
        pin: Option<&str>,
    ) -> Result<Self, ClientError> {
        let mut client = Self::new(address);
        let form = json!({ "staff_number": staff_number, "passphrase": passphrase, "pin": pin });
        let answer = client.send("POST", "/api/v1/session", Some(&form)).await?;
        let answer = answer.wanted("/api/v1/session", 201)?;
        let cookie = answer.cookie.unwrap_or_default();
        client.headers.push(("cookie".into(), cookie));
        passphrase.clone_into(&mut client.passphrase);
        Ok(client)
    }

    /// A page.
    pub async fn get(&self, path: &str) -> Result<Json, ClientError> {
        Ok(self.send("GET", path, None).await?.wanted(path, 200)?.json)
    }

    /// Posts JSON and wants a status.
    pub async fn post(&self, path: &str, body: &Json, status: u16) -> Result<Json, ClientError> {
        let answer = self.send("POST", path, Some(body)).await?;
        Ok(answer.wanted(path, status)?.json)
    }

    /// Signs what a page offers, with a form, as the console does.
    pub async fn sign(&self, page: &str, event: &str, form: Json) -> Result<Json, ClientError> {
        let answer = self.try_sign(page, event, form).await?;
        Ok(answer.wanted(page, 201)?.json)
    }

    /// The same; any answer will do.
    pub async fn try_sign(
        &self,
        page: &str,
        event: &str,
        form: Json,
    ) -> Result<Answer, ClientError> {
        let shown = self.get(page).await?;
        let offer = find_offer(&shown, event).ok_or_else(|| ClientError::NotOffered {
            path: page.to_owned(),
            event: event.to_owned(),
            offered: offered(&shown).join(", "),
        })?;
        let strong = offer["passphrase"] == true;
        let body = json!({
            "event": offer["event"], "fields": form, "section_id": offer["section"]["id"],
            "sign": strong.then(|| json!({ "passphrase": self.passphrase })), "dry_run": false,
        });
        let post = offer["post"].as_str().unwrap_or_default();
        self.send("POST", post, Some(&body)).await
    }

    /// One request and its answer.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Answer, ClientError> {
        let response = self.open(method, path, body).await?;
        let broken = |error: String| ClientError::Broken(path.to_owned(), error);
        let status = response.status().as_u16();
        let cookie = response.headers().get("set-cookie");
        let cookie = cookie.and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|value| value.split(';').next().map(str::to_owned));
        let bytes = axum::body::to_bytes(Body::new(response.into_body()), ANSWER_BYTES_MAX)
            .await
            .map_err(|error| broken(error.to_string()))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_slice(&bytes).unwrap_or(Json::Null);
        Ok(Answer {
            status,
            json,
            text,
            cookie,
        })
    }

    /// One request; the body of its answer may still come.
    pub async fn open(
        &self,
        method: &str,
        path: &str,
        body: Option<&Json>,
    ) -> Result<hyper::Response<hyper::body::Incoming>, ClientError> {
        let broken = |error: String| ClientError::Broken(path.to_owned(), error);
        let stream = TcpStream::connect(self.address)
            .await
            .map_err(|error| broken(error.to_string()))?;
        // Small requests wait for nothing.
        let _ = stream.set_nodelay(true);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(error.to_string()))?;
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = match body {
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(|e| broken(e.to_string()))?;
        sender
            .send_request(request)
            .await
            .map_err(|error| broken(error.to_string()))
    }
}

impl Answer {
    /// The answer, where its status is the wanted one.
    pub fn wanted(self, path: &str, status: u16) -> Result<Self, ClientError> {
        if self.status == status {
            return Ok(self);
        }
        Err(ClientError::Status {
            path: path.to_owned(),
            status: self.status,
            body: self.text,
        })
    }
}

fn offers(page: &Json) -> impl Iterator<Item = &Json> {
    let lists = ["offers", "records"].into_iter();
    let lists = lists.filter_map(|name| page[name].as_array()).flatten();
    let protected = page["protected"].as_array().into_iter().flatten();
    let amends = protected.map(|field| &field["amend"]);
    lists
        .chain(amends)
        .chain(std::iter::once(&page["offer"]))
        .filter(|offer| offer.is_object())
}

fn find_offer<'a>(page: &'a Json, event: &str) -> Option<&'a Json> {
    offers(page).find(|offer| offer["event"] == event && offer["blocked"].is_null())
}

fn offered(page: &Json) -> Vec<String> {
    let word = |offer: &Json| {
        format!(
            "{}{}",
            offer["event"],
            if offer["blocked"].is_null() {
                ""
            } else {
                " (blocked)"
            }
        )
    };
    offers(page).map(word).collect()
}
