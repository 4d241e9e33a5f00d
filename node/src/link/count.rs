//! What went over a link, for metrics and for benchmarks.

use super::lane::Lane;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Frames and their bytes on one lane in one direction, headers not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneCount {
    /// Frames.
    pub frames: u64,
    /// Bytes of the frames.
    pub bytes: u64,
}

/// How packets go to a peer at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// From machine to machine.
    Direct,
    /// Over a relay.
    Relay,
}

/// One link since the node started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkCount {
    /// By lane, handed to the network.
    pub sent: [LaneCount; 3],
    /// By lane, handed to the owner.
    pub received: [LaneCount; 3],
    /// By lane, handed over by the owner and not yet taken by the network.
    pub queued: [LaneCount; 3],
    /// Sessions begun.
    pub sessions: u64,
    /// How packets go in the session that is up.
    pub road: Option<Road>,
    /// UDP payload sent in the session that is up, in bytes.
    pub udp_sent_bytes: u64,
    /// UDP payload received in the session that is up, in bytes.
    pub udp_received_bytes: u64,
    /// Round trip of the session that is up, in ms.
    pub rtt_ms: Option<u64>,
}

#[derive(Debug, Default)]
struct Cell {
    frames: AtomicU64,
    bytes: AtomicU64,
}

impl Cell {
    fn add(&self, bytes: usize) {
        self.frames.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    fn read(&self) -> LaneCount {
        LaneCount {
            frames: self.frames.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
        }
    }
}

/// Counters of one peer, kept across sessions.
#[derive(Debug, Default)]
pub(super) struct Counter {
    sent: [Cell; 3],
    received: [Cell; 3],
    sessions: AtomicU64,
}

impl Counter {
    pub(super) fn sent(&self, lane: Lane, bytes: usize) {
        self.sent[lane as usize].add(bytes);
    }

    pub(super) fn received(&self, lane: Lane, bytes: usize) {
        self.received[lane as usize].add(bytes);
    }

    pub(super) fn session(&self) {
        self.sessions.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> LinkCount {
        LinkCount {
            sent: self.sent.each_ref().map(Cell::read),
            received: self.received.each_ref().map(Cell::read),
            sessions: self.sessions.load(Relaxed),
            ..LinkCount::default()
        }
    }
}
