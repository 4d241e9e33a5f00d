//! Links to other nodes: one QUIC connection a peer, three lanes each way, nothing held for a peer that is
//! away.
//!
//! Only allowed keys finish a handshake, in both directions, and a session ends when its key is no longer
//! allowed. Every call returns at once, so the owner thread never waits for a network; what happened comes
//! back as `LinkEvent`s in the order in which it happened on each lane of each peer.

mod count;
mod dial;
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
use tokio::sync::mpsc;

pub use count::{LaneCount, LinkCount};
pub use lane::{FRAME_BYTES_MAX, Lane};
pub use pace::{Pace, PaceFactory};

/// A node's endpoint id: its Ed25519 transport key.
pub type Peer = [u8; 32];

/// Events that wait for the owner; beyond that the lanes stop reading, so at most this many frames are in
/// memory.
const EVENTS_MAX: usize = 64;

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

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DownReason {
    /// Silence for longer than the idle limit.
    #[error("nothing was heard from the peer")]
    Silence,
    /// The peer closed it, with its reason.
    #[error("the peer closed the link: {0}")]
    Peer(String),
    /// The owner hung up.
    #[error("this node hung up")]
    HungUp,
    /// The key is no longer allowed.
    #[error("the peer is no longer allowed")]
    Disallowed,
    /// The operator's switch.
    #[error("the operator switched the link off")]
    SwitchedOff,
    /// Both dialled, or the peer came back: another session takes over at once.
    #[error("another session took over")]
    Replaced,
    /// The peer broke a rule of the link.
    #[error("the peer broke the rule that {0}")]
    Broken(String),
    /// This node is ending.
    #[error("this node is ending")]
    Ending,
}

/// What happened on the links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A session began. Nothing of an earlier session with this peer comes after it.
    Up {
        /// The other node.
        peer: Peer,
        /// Whether this node dialled.
        outgoing: bool,
    },
    /// A frame came, whole and in the order of its lane.
    Frame {
        /// The other node.
        peer: Peer,
        /// The lane it came on.
        lane: Lane,
        /// What was sent.
        bytes: Vec<u8>,
    },
    /// A lane that refused a frame has room again.
    Room {
        /// The other node.
        peer: Peer,
        /// The lane.
        lane: Lane,
    },
    /// The session ended; frames accepted and not yet sent are gone.
    Down {
        /// The other node.
        peer: Peer,
        /// Why.
        reason: DownReason,
    },
}

/// The node's links. Clones are the same links.
#[derive(Debug, Clone)]
pub struct Links {
    house: Arc<House>,
}

impl Links {
    /// Binds the configured address and begins to listen; nobody is allowed yet. Must run inside a tokio
    /// runtime, on which all sessions then live.
    pub async fn start(
        config: &LinkConfig,
        seed: &Seed,
    ) -> Result<(Self, mpsc::Receiver<LinkEvent>), StartLinkError> {
        let (events, received) = mpsc::channel(EVENTS_MAX);
        let house = House::open(config, seed, events).await?;
        Ok((Self { house }, received))
    }

    /// This node's endpoint id.
    pub fn me(&self) -> Peer {
        self.house.me()
    }

    /// Where this node listens.
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.house.addrs()
    }

    /// Queues a frame. False when there is no session, the lane is full or the frame is too long; after a
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

    /// Keeps a session with a peer by dialling it, again and again with growing pauses; a second call is a
    /// hint that it can be reached now, and replaces its addresses.
    pub fn dial(&self, peer: Peer, addrs: &[SocketAddr]) {
        House::dial(&self.house, peer, addrs);
    }

    /// Stops dialling a peer.
    pub fn undial(&self, peer: &Peer) {
        self.house.undial(peer);
    }

    /// The operator's switch for one peer: off ends the session and refuses new ones, on allows and dials
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
