//! Waiting until nodes are as wanted: every look follows a change that the node told of.

use super::{Province, ProvinceError};
use serde_json::Value as Json;
use std::time::Duration;

/// Longest wait for a condition, s.
pub(super) const WAIT_S: u64 = 180;

impl Province {
    /// Waits for a change at a node after the numbered one, at most ten seconds; the newest number.
    pub async fn next_change(&self, key: &str, after: u64) -> Result<u64, ProvinceError> {
        let path = format!("/api/v1/drill/next?after={after}");
        let next = self.drill(key)?.get(&path).await?;
        Ok(next["newest"].as_u64().unwrap_or(after))
    }

    /// Waits until a node's state is as wanted. Every change at the node is looked at.
    pub async fn until(
        &self,
        key: &str,
        what: &str,
        is_so: impl Fn(&Json) -> bool,
    ) -> Result<Json, ProvinceError> {
        let drill = self.drill(key)?;
        let mut last = Json::Null;
        let waiting = async {
            let mut newest = 0;
            loop {
                newest = self.next_change(key, newest).await?;
                last = drill.get("/api/v1/drill/state").await?;
                if is_so(&last) {
                    return Ok::<_, ProvinceError>(());
                }
            }
        };
        match tokio::time::timeout(Duration::from_secs(WAIT_S), waiting).await {
            Ok(Ok(())) => Ok(last),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ProvinceError::Waited {
                what: format!("{what} at {key}"),
                last: last.to_string(),
            }),
        }
    }

    /// Waits until every running office has agreed with the office above.
    pub async fn until_linked(&self) -> Result<(), ProvinceError> {
        for key in &self.order {
            let site = &self.sites[key];
            let Some(parent) = &site.plan.parent else {
                continue;
            };
            if site.node.is_none() {
                continue;
            }
            let above = self.running(parent)?.ready.endpoint.clone();
            self.until(key, "its line up is agreed", |state| {
                is_agreed(state, &above)
            })
            .await?;
        }
        Ok(())
    }
}

/// Whether a node's line to a peer is up and both have agreed on what they hold.
pub fn is_agreed(state: &Json, peer: &str) -> bool {
    let links = state["links"].as_array().into_iter().flatten();
    let mut of_peer = links.filter(|link| link["peer"] == peer);
    of_peer.any(|link| link["agreed"] == true && link["up"] == true)
}
