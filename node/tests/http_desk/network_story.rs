//! The network page tells what was measured, and says so where nothing was.

use crate::client::Client;
use crate::office::{Office, START, endpoint, links};
use jiaolian_node::http::accept::Bounds;
use jiaolian_node::link::LinkEvent;
use jiaolian_node::owner::Node;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;

/// A test that waits longer than this waits for nothing.
const PATIENCE: Duration = Duration::from_secs(30);

async fn network(client: &Client) -> Json {
    client.get("/api/v1/network").await.ok(200)
}

#[tokio::test]
async fn a_node_without_links_tells_its_disk_and_claims_no_link() {
    let office = Office::open().await;
    let client = Client::signed_in(&office, "T1").await;
    let page = network(&client).await;
    let storage = &page["storage"];
    assert!(storage["used_bytes"].as_u64().unwrap() > 0);
    assert!(storage["free_bytes"].as_u64().unwrap() > 0);
    assert_eq!(page["as_of"], START);
    let link = &page["links"][0];
    assert_eq!(
        (&link["state"], &link["road"]),
        (&json!("never"), &json!(null))
    );
    assert_eq!(
        (&link["rate_bps"], &link["out_as_of"]),
        (&json!(null), &json!(null))
    );
    let states: Vec<_> = page["offices"].as_array().unwrap().iter().collect();
    let state = |code: &str| {
        let mut offices = states.iter();
        let office = offices.find(|office| office["office"]["code"] == code);
        office.unwrap()["state"].clone()
    };
    assert_eq!(
        (state("430181"), state("430181001")),
        (json!("self"), json!("never"))
    );
}

#[tokio::test]
async fn a_link_tells_its_road_and_what_went_over_each_lane() {
    let own = links("county").await;
    let (addrs, me) = (own.0.addrs(), own.0.me());
    let office = Office::open_linked(Bounds::STANDARD, Some(own)).await;
    let allow = |node: &mut Node| node.allow_endpoints();
    office.owner.call(allow).await.unwrap();
    let (peer, mut events) = links("township").await;
    assert_eq!(peer.me(), endpoint("township"));
    peer.allow(BTreeSet::from([me]));
    peer.dial(me, &addrs);
    let heard = async {
        let mut bytes = 0;
        while bytes == 0 {
            if let Some(LinkEvent::Frame { bytes: frame, .. }) = events.recv().await {
                bytes += frame.len();
            }
        }
        bytes as u64
    };
    let heard = timeout(PATIENCE, heard).await.expect("a greeting");

    let client = Client::signed_in(&office, "T1").await;
    let page = network(&client).await;
    let link = &page["links"][0];
    assert_eq!(link["office"]["code"], "430181001");
    assert_eq!(
        (&link["state"], &link["direction"]),
        (&json!("linked"), &json!("down"))
    );
    assert_eq!(
        (&link["road"], &link["since"]),
        (&json!("direct"), &json!(START))
    );
    let lanes = link["traffic"].as_object().unwrap().values();
    let sent: u64 = lanes.map(|lane| lane["sent_bytes"].as_u64().unwrap()).sum();
    assert!(sent >= heard, "{sent} of {heard} bytes are told");
    let queued = link["waiting"].as_object().unwrap().values();
    for lane in queued {
        assert!(lane["bytes"].is_u64(), "what is queued is known: {lane}");
    }

    peer.close().await;
    let cut = async {
        loop {
            let page = network(&client).await;
            if page["links"][0]["state"] == "cut" {
                return page;
            }
        }
    };
    let page = timeout(PATIENCE, cut).await.expect("the cut is seen");
    let link = &page["links"][0];
    assert_eq!(
        (&link["road"], &link["rtt_ms"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(link["waiting"]["urgent"]["bytes"], json!(null));
}
