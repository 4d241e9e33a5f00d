//! An open page: the live events of one signed-in officer.

use axum::body::Body;
use jiaolian_testnet::client::Client;
use serde_json::Value as Json;
use std::time::Duration;
use tokio_stream::StreamExt as _;

/// Longest wait for an event, s.
const EVENT_WAIT_S: u64 = 60;

pub(crate) struct Live {
    stream: axum::body::BodyDataStream,
    read: String,
}

impl Live {
    /// Follows, and is past the greeting.
    pub(crate) async fn follow(client: &Client) -> Self {
        let answer = client.open("GET", "/api/v1/events", None).await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut live = Self {
            stream: Body::new(answer.into_body()).into_data_stream(),
            read: String::new(),
        };
        live.next("hello").await;
        live
    }

    /// The next event of a type; others before it are passed over.
    pub(crate) async fn next(&mut self, kind: &str) -> Json {
        let waited = tokio::time::timeout(Duration::from_secs(EVENT_WAIT_S), async {
            loop {
                if let Some(event) = self.take(kind) {
                    return event;
                }
                let more = self.stream.next().await.expect("the stream ended").unwrap();
                self.read.push_str(std::str::from_utf8(&more).unwrap());
            }
        });
        waited.await.unwrap_or_else(|_| panic!("no event {kind}"))
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
