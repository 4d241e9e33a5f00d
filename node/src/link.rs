//! Links to other nodes: one QUIC connection a peer, three lanes each way, nothing held for a peer
//! that is
//! away.
//!
//! Only allowed keys finish a handshake, in both directions, and a session ends when its key is no
//! longer
//! allowed. Every call returns at once, so the owner thread never waits for a network; what
//! happened comes
//! back as `LinkEvent`s in the order in which it happened on each lane of each peer.

mod count;
mod dial;
mod event;
mod flow;
mod gate;
mod house;
mod lane;
mod pace;
mod session;
mod tune;

use crate::config::LinkConfig;
use crate::key::Seed;
use house::House;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use thiserror::Error;

pub use count::{LaneCount, LinkCount, Road};
pub use event::{DownReason, LinkEvent, LinkEvents};
pub use lane::{FRAME_BYTES_MAX, Lane};
pub use pace::{Pace, PaceFactory};

/// A node's endpoint id: its Ed25519 transport key.
pub type Peer = [u8; 32];

/// Why links could not start.
#[derive(Debug, Error)]
pub enum StartLinkError {
    /// The address is not this machine's, or in use.
    #[error("links could not be heard on {address}: {reason}")]
    Bind {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
}

/// The node's links. Clones are the same links.
#[derive(Debug, Clone)]
pub struct Links {
    house: Arc<House>,
}

impl Links {
    /// Binds the configured address and begins to listen; nobody is allowed yet. Must run inside a
    /// tokio
    /// runtime, on which all sessions then live.
    pub async fn start(
        config: &LinkConfig,
        seed: &Seed,
    ) -> Result<(Self, LinkEvents), StartLinkError> {
        let (teller, events) = event::channel();
        let house = House::open(config, seed, teller).await?;
        Ok((Self { house }, events))
    }

    /// This node's endpoint id.
    pub fn me(&self) -> Peer {
        self.house.me()
    }

    /// Where this node listens.
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.house.addrs()
    }

    /// Queues a frame. False when there is no session, the lane is full or the frame is too long;
    /// after a
    /// full lane a `Room` event follows.
    pub fn send(&self, peer: &Peer, lane: Lane, bytes: Vec<u8>) -> bool {
        self.house.send(peer, lane, bytes)
    }

    /// Ends the session with a peer. A dialled peer is dialled again later.
    pub fn hangup(&self, peer: &Peer) {
        self.house.end(peer, &DownReason::HungUp);
    }

    /// Replaces the set of keys that may have a session; sessions of all others end.
    pub fn allow(&self, peers: BTreeSet<Peer>) {
        self.house.allow(peers);
    }

    /// Keeps a session with a peer by dialling it, again and again with growing pauses; a second
    /// call is a
    /// hint that it can be reached now, and replaces its addresses.
    pub fn dial(&self, peer: Peer, addrs: &[SocketAddr]) {
        House::dial(&self.house, peer, addrs);
    }

    /// Stops dialling a peer.
    pub fn undial(&self, peer: &Peer) {
        self.house.undial(peer);
    }

    /// The operator's switch for one peer: off ends the session and refuses new ones, on allows and
    /// dials
    /// again.
    pub fn set_switch(&self, peer: &Peer, on: bool) {
        self.house.set_switch(peer, on);
    }

    /// Peers with a session at this moment.
    pub fn up(&self) -> BTreeSet<Peer> {
        self.house.up()
    }

    /// What went over each link since the node started.
    pub fn counts(&self) -> BTreeMap<Peer, LinkCount> {
        self.house.counts()
    }

    /// Ends all sessions and stops listening.
    pub async fn close(&self) {
        self.house.close().await;
    }
}
