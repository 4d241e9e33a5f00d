//! Two real endpoints on this machine: what arrives, who is refused, what ends a session and what
//! brings it
//! back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiaolian_node::config::LinkConfig;
use jiaolian_node::link::{DownReason, FRAME_BYTES_MAX, Lane, LinkEvent, LinkEvents, Links, Peer};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// A test that waits longer than this waits for nothing.
const PATIENCE: Duration = Duration::from_secs(30);

struct Node {
    links: Links,
    events: LinkEvents,
    addr: SocketAddr,
}

fn config(bind: &str) -> LinkConfig {
    let bind = bind.parse().unwrap();
    LinkConfig {
        bind,
        idle_s: 15,
        mtu_probing: false,
        peers: Vec::new(),
    }
}

/// A node on a named address; one that was just given up frees it a moment later.
async fn node_at(seed: u8, bind: &str) -> Node {
    let seed = Zeroizing::new([seed; 32]);
    let bound = async {
        loop {
            match Links::start(&config(bind), &seed).await {
                Ok(bound) => return bound,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let (links, events) = timeout(PATIENCE, bound)
        .await
        .expect("an address that gets free");
    let addr = links.addrs()[0];
    Node {
        links,
        events,
        addr,
    }
}

async fn node(seed: u8) -> Node {
    node_at(seed, "127.0.0.1:0").await
}

impl Node {
    fn id(&self) -> Peer {
        self.links.me()
    }

    fn allow(&self, others: &[&Self]) {
        self.links
            .allow(others.iter().map(|other| other.id()).collect());
    }

    fn dial(&self, other: &Self) {
        self.links.dial(other.id(), &[other.addr]);
    }

    async fn next(&mut self) -> LinkEvent {
        timeout(PATIENCE, self.events.recv())
            .await
            .expect("an event in time")
            .unwrap()
    }

    async fn up(&mut self) -> bool {
        match self.next().await {
            LinkEvent::Up { outgoing, .. } => outgoing,
            other => panic!("not up: {other:?}"),
        }
    }

    async fn down(&mut self) -> DownReason {
        loop {
            if let LinkEvent::Down { reason, .. } = self.next().await {
                return reason;
            }
        }
    }
}

async fn pair() -> (Node, Node) {
    let (mut county, mut township) = (node(1).await, node(2).await);
    county.allow(&[&township]);
    township.allow(&[&county]);
    township.dial(&county);
    assert!(
        township.up().await && !county.up().await,
        "the township dialled"
    );
    (county, township)
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_every_lane_arrive_whole_and_in_order_both_ways() {
    let (mut county, mut township) = pair().await;
    let frame = |lane: Lane, i: usize| {
        let length = [0, 1, 700, 5_000, 70_000][i % 5];
        [vec![lane as u8, i as u8], vec![i as u8; length]].concat()
    };
    for i in 0..50 {
        for lane in Lane::ALL {
            assert!(township.links.send(&county.id(), lane, frame(lane, i)));
            assert!(county.links.send(&township.id(), lane, frame(lane, i)));
        }
    }
    for node in [&mut county, &mut township] {
        let mut seen = [0; 3];
        while seen != [50; 3] {
            let LinkEvent::Frame { lane, bytes, .. } = node.next().await else {
                panic!("no frame")
            };
            assert!(
                bytes == frame(lane, seen[lane as usize]),
                "{lane:?} {seen:?}"
            );
            seen[lane as usize] += 1;
        }
    }
    let counts = county.links.counts()[&township.id()];
    assert_eq!(counts.received.map(|lane| lane.frames), [50; 3]);
    assert_eq!(counts.sent, counts.received);
    assert!(counts.udp_sent_bytes > counts.sent.iter().map(|lane| lane.bytes).sum());
}

#[tokio::test(flavor = "multi_thread")]
async fn full_lane_refuses_and_says_when_there_is_room_and_urgent_is_not_held_up() {
    let (mut county, mut township) = pair().await;
    let id = county.id();
    let mut sent = 0;
    while township
        .links
        .send(&id, Lane::Bulk, vec![7; FRAME_BYTES_MAX])
    {
        sent += 1;
        assert!(sent < 1_000, "the lane never filled");
    }
    assert!(
        !township
            .links
            .send(&id, Lane::Bulk, vec![0; FRAME_BYTES_MAX + 1]),
        "too long"
    );
    assert!(
        township.links.send(&id, Lane::Urgent, b"alarm".to_vec()),
        "urgent has its own room"
    );
    let mut bulk = 0;
    let mut urgent_after = None;
    while bulk < sent || urgent_after.is_none() {
        match county.next().await {
            LinkEvent::Frame {
                lane: Lane::Bulk, ..
            } => bulk += 1,
            LinkEvent::Frame {
                lane: Lane::Urgent, ..
            } => urgent_after = Some(bulk),
            other => panic!("{other:?}"),
        }
    }
    assert!(
        urgent_after.unwrap() < sent,
        "the alarm came last: {urgent_after:?} of {sent}"
    );
    let room = LinkEvent::Room {
        peer: id,
        lane: Lane::Bulk,
    };
    assert_eq!(township.next().await, room);
    assert!(township.links.send(&id, Lane::Bulk, vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_for_an_old_session_never_goes_out_on_the_next_one() {
    let (mut county, mut township) = pair().await;
    county.links.hangup(&township.id());
    while county.links.counts()[&township.id()].sessions < 2 {
        // The county hears of all this; the township's owner is busy and thinks the first session
        // is up.
        county.next().await;
    }
    assert!(
        !township
            .links
            .send(&county.id(), Lane::Urgent, b"of the first session".to_vec())
    );
    assert!(matches!(township.down().await, DownReason::Peer(_)));
    assert!(
        !township
            .links
            .send(&county.id(), Lane::Urgent, b"of no session".to_vec())
    );
    assert!(township.up().await);
    assert!(
        township
            .links
            .send(&county.id(), Lane::Urgent, b"of the second".to_vec())
    );
    loop {
        if let LinkEvent::Frame { bytes, .. } = county.next().await {
            assert_eq!(bytes, b"of the second");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stranger_is_refused_in_both_directions() {
    let (mut county, mut stranger) = (node(1).await, node(3).await);
    let mut township = node(2).await;
    county.allow(&[&township]);
    stranger.allow(&[&county, &township]);
    township.allow(&[&county]);
    // The stranger dials the county; the township dials the stranger without being allowed to.
    stranger.dial(&county);
    township.dial(&stranger);
    township.dial(&county);
    assert!(!county.up().await);
    assert!(township.up().await);
    let up = county.links.up();
    assert_eq!(up, BTreeSet::from([township.id()]));
    // The stranger saw its handshake, if at all, end with a refusal.
    let told = timeout(Duration::from_millis(500), stranger.events.recv()).await;
    match told {
        Err(_) | Ok(None) => {}
        Ok(Some(LinkEvent::Up { .. })) => {
            assert_eq!(stranger.down().await, DownReason::Peer("refused".into()));
        }
        Ok(Some(other)) => panic!("{other:?}"),
    }
    assert!(stranger.links.up().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn key_that_is_no_longer_allowed_is_cut_off_at_once() {
    let (mut county, mut township) = pair().await;
    county.allow(&[]);
    assert_eq!(county.down().await, DownReason::Disallowed);
    assert_eq!(township.down().await, DownReason::Peer("refused".into()));
    assert!(
        !county.links.send(&township.id(), Lane::Urgent, vec![1]),
        "nothing waits for the absent"
    );
    county.allow(&[&township]);
    township.dial(&county);
    assert!(!county.up().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_switch_cuts_and_heals() {
    let (mut county, mut township) = pair().await;
    township.links.set_switch(&county.id(), false);
    assert_eq!(township.down().await, DownReason::SwitchedOff);
    assert_eq!(county.down().await, DownReason::Peer("refused".into()));
    township.links.set_switch(&county.id(), true);
    assert!(township.up().await && !county.up().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn hung_up_session_is_dialled_again() {
    let (mut county, mut township) = pair().await;
    county.links.hangup(&township.id());
    assert_eq!(county.down().await, DownReason::HungUp);
    assert!(matches!(township.down().await, DownReason::Peer(_)));
    assert!(township.up().await && !county.up().await);
    assert_eq!(county.links.counts()[&township.id()].sessions, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_dialling_end_in_one_session() {
    let (mut a, mut b) = (node(1).await, node(2).await);
    a.allow(&[&b]);
    b.allow(&[&a]);
    a.dial(&b);
    b.dial(&a);
    let id = b.id();
    for i in 0_u8..20 {
        a.links.send(&id, Lane::Normal, vec![i]);
        loop {
            tokio::select! {
                // What the losing session carried is lost with it: said again on the next one.
                event = a.next() => if matches!(event, LinkEvent::Up { .. }) {
                    a.links.send(&id, Lane::Normal, vec![i]);
                },
                event = b.next() => match event {
                    LinkEvent::Frame { bytes, .. } if bytes == [i] => break,
                    _ => {}
                },
            }
        }
    }
    assert_eq!((a.links.up().len(), b.links.up().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn peer_that_restarts_is_dialled_again_and_may_dial_itself() {
    let (county, mut township) = pair().await;
    let at = county.addr.to_string();
    county.links.close().await;
    assert!(matches!(township.down().await, DownReason::Peer(_)));
    drop(county);
    let mut county = node_at(1, &at).await;
    county.allow(&[&township]);
    township.dial(&county);
    assert!(township.up().await && !county.up().await);
    assert!(
        township
            .links
            .send(&county.id(), Lane::Normal, b"again".to_vec())
    );
    assert!(matches!(county.next().await, LinkEvent::Frame { bytes, .. } if bytes == b"again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn length_of_four_gib_closes_the_session_before_any_memory_is_taken() {
    use iroh::endpoint::presets;
    let mut county = node(1).await;
    let seed = iroh::SecretKey::from_bytes(&[9; 32]);
    county
        .links
        .allow(BTreeSet::from([*seed.public().as_bytes()]));
    let rude = iroh::Endpoint::builder(presets::Minimal)
        .relay_mode(iroh::RelayMode::Disabled)
        .secret_key(seed)
        .bind()
        .await
        .unwrap();
    let id = iroh::EndpointId::from_bytes(&county.id()).unwrap();
    let address = iroh::EndpointAddr::new(id).with_ip_addr(county.addr);
    let connection = rude.connect(address, b"jiaolian/1").await.unwrap();
    for number in [255_u8, 0, 1, 2] {
        let mut stream = connection.open_uni().await.unwrap();
        let length = if number == 2 {
            vec![number, 0xFF, 0xFF, 0xFF, 0xFF]
        } else {
            vec![number]
        };
        stream.write_all(&length).await.unwrap();
        // A stream that is dropped is finished, and that is another fault.
        std::mem::forget(stream);
    }
    assert!(!county.up().await);
    let reason = county.down().await;
    assert!(
        matches!(&reason, DownReason::Broken(rule) if rule.contains("4294967295")),
        "{reason}"
    );
    timeout(PATIENCE, connection.closed()).await.unwrap();
}
