//! An open page: the live events of one signed-in officer.

use crate::client::{Client, ClientError};
use axum::body::{Body, BodyDataStream};
use serde_json::Value as Json;
use std::time::Duration;
use tokio_stream::StreamExt as _;

/// Longest wait for an event, s.
const EVENT_WAIT_S: u64 = 120;
const PATH: &str = "/api/v1/events";

/// A stream of events.
#[derive(Debug)]
pub struct Live {
    stream: BodyDataStream,
    read: String,
}

impl Live {
    /// Follows, and is past the greeting.
    pub async fn follow(client: &Client) -> Result<Self, ClientError> {
        let answer = client.open("GET", PATH, None).await?;
        if answer.status() != 200 {
            return Err(broken(&format!("answered {}", answer.status())));
        }
        let mut live = Self {
            stream: Body::new(answer.into_body()).into_data_stream(),
            read: String::new(),
        };
        live.next("hello").await?;
        Ok(live)
    }

    /// The next event of a type; others before it are passed over.
    pub async fn next(&mut self, kind: &str) -> Result<Json, ClientError> {
        let waited = tokio::time::timeout(Duration::from_secs(EVENT_WAIT_S), async {
            loop {
                if let Some(event) = self.take(kind) {
                    return Ok(event);
                }
                let more = self.stream.next().await;
                let more = more.ok_or_else(|| broken("the stream ended"))?;
                let more = more.map_err(|error| broken(&error.to_string()))?;
                self.read.push_str(&String::from_utf8_lossy(&more));
            }
        });
        let silent = |_| broken(&format!("no event {kind} in {EVENT_WAIT_S} s"));
        waited.await.map_err(silent)?
    }

    fn take(&mut self, kind: &str) -> Option<Json> {
        while let Some(end) = self.read.find("\n\n") {
            let block: String = self.read.drain(..end + 2).collect();
            let line = |name: &str| {
                let mut lines = block.lines();
                lines.find_map(|line| line.strip_prefix(name).map(str::trim))
            };
            if line("event:") == Some(kind) {
                return serde_json::from_str(line("data:")?).ok();
            }
        }
        None
    }
}

fn broken(why: &str) -> ClientError {
    ClientError::Broken(PATH.to_owned(), why.to_owned())
}
