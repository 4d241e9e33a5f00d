//! A deterministic network: ordered lanes, cuts that lose what flies, restarts from what was
//! durable.

use jiaolian_sync::frame::Frame;
use jiaolian_sync::{
    Effect, Event, Lane, MemoryStore, Peer, Replica, Rows, Setup, Store, StoreError, Table,
};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

#[derive(Clone, Default)]
pub(crate) struct Disk(
    pub(crate) Rc<RefCell<MemoryStore>>,
    pub(crate) Rc<RefCell<bool>>,
    /// How often anybody's check-ins were read.
    pub(crate) Rc<Cell<usize>>,
);

impl Store for Disk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let closed = [Table::CaseBody, Table::Parked, Table::Refused];
        if *self.1.borrow() && closed.contains(&table) {
            return Err(StoreError::Locked(table));
        }
        self.0.borrow().get(table, key)
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Rows, StoreError> {
        let closed = [Table::CaseBody, Table::Parked, Table::Refused];
        if *self.1.borrow() && closed.contains(&table) {
            return Err(StoreError::Locked(table));
        }
        if table == Table::CheckIn {
            self.2.set(self.2.get() + 1);
        }
        self.0.borrow().range(table, from, to, limit)
    }
}

pub(crate) struct Node {
    pub(crate) replica: Replica<Disk>,
    pub(crate) disk: Disk,
    pub(crate) peer: Peer,
    pub(crate) events: Vec<Event>,
    pub(crate) hangups: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Net {
    pub(crate) nodes: Vec<Node>,
    pub(crate) now: i64,
    up: BTreeSet<(usize, usize)>,
    flying: BTreeMap<(usize, usize, Lane), VecDeque<Vec<u8>>>,
    /// Bytes and frames by sender, receiver and lane.
    pub(crate) bytes: BTreeMap<(usize, usize, Lane), usize>,
    pub(crate) frames: Vec<(usize, usize, Lane, Vec<u8>)>,
    dice: u64,
    ticks: u64,
}

impl Net {
    pub(crate) fn new(now: i64) -> Self {
        Self {
            now,
            dice: 0x9e37_79b9_7f4a_7c15,
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, peer: [u8; 32], setup: Setup) -> usize {
        let disk = Disk::default();
        let replica = Replica::open(disk.clone(), setup).unwrap();
        self.nodes.push(Node {
            replica,
            disk,
            peer: Peer(peer),
            events: Vec::new(),
            hangups: Vec::new(),
        });
        self.nodes.len() - 1
    }

    pub(crate) fn restart(&mut self, at: usize, setup: Setup) {
        for other in 0..self.nodes.len() {
            self.cut(at, other);
        }
        let disk = self.nodes[at].disk.clone();
        self.nodes[at].replica = Replica::open(disk, setup).unwrap();
    }

    pub(crate) fn heal(&mut self, a: usize, b: usize) {
        if !self.up.insert((a.min(b), a.max(b))) {
            return;
        }
        let (peer_a, peer_b) = (self.nodes[a].peer, self.nodes[b].peer);
        let now = self.now;
        self.nodes[a].replica.connect(peer_b, now);
        self.nodes[b].replica.connect(peer_a, now);
        self.carry_out(a);
        self.carry_out(b);
    }

    pub(crate) fn cut(&mut self, a: usize, b: usize) {
        if !self.up.remove(&(a.min(b), a.max(b))) {
            return;
        }
        self.flying.retain(|(from, to, _), _| !matches!((*from, *to), (x, y) if (x, y) == (a, b) || (x, y) == (b, a)));
        let (peer_a, peer_b) = (self.nodes[a].peer, self.nodes[b].peer);
        self.nodes[a].replica.disconnect(peer_b);
        self.nodes[b].replica.disconnect(peer_a);
        self.carry_out(a);
        self.carry_out(b);
    }

    pub(crate) fn is_up(&self, a: usize, b: usize) -> bool {
        self.up.contains(&(a.min(b), a.max(b)))
    }

    /// Performs a node's effects in order.
    pub(crate) fn carry_out(&mut self, at: usize) {
        let effects = self.nodes[at].replica.drain();
        for (place, effect) in effects.into_iter().enumerate() {
            match effect {
                Effect::Store(writes) => {
                    assert_eq!(place, 0, "one Store, and first");
                    self.nodes[at].disk.0.borrow_mut().commit(&writes);
                }
                Effect::Send { peer, lane, frame } => self.send(at, peer, lane, frame),
                Effect::Hangup { peer, reason } => {
                    eprintln!("hangup at {at}: {reason}");
                    self.nodes[at].hangups.push(reason);
                    if let Some(other) = self.nodes.iter().position(|node| node.peer == peer) {
                        self.cut(at, other);
                    }
                }
                Effect::Publish(event) => self.nodes[at].events.push(event),
            }
        }
    }

    fn send(&mut self, from: usize, peer: Peer, lane: Lane, frame: Vec<u8>) {
        assert!(
            frame.len() <= 256 * 1024,
            "a frame of {} bytes",
            frame.len()
        );
        let Some(to) = self.nodes.iter().position(|node| node.peer == peer) else {
            return;
        };
        if self.is_up(from, to) {
            *self.bytes.entry((from, to, lane)).or_default() += frame.len();
            self.frames.push((from, to, lane, frame.clone()));
            self.flying
                .entry((from, to, lane))
                .or_default()
                .push_back(frame);
        }
    }

    pub(crate) fn total_bytes(&self) -> usize {
        self.bytes.values().sum()
    }

    pub(crate) fn forget_bytes(&mut self) {
        self.bytes.clear();
        self.frames.clear();
    }

    pub(crate) fn throw(&mut self, bound: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice % bound as u64) as usize
    }

    /// Delivers one frame of some lane; lanes overtake one another, frames of one lane don't.
    pub(crate) fn deliver_one(&mut self) -> bool {
        self.flying.retain(|_, queue| !queue.is_empty());
        if self.flying.is_empty() {
            return false;
        }
        let pick = self.throw(self.flying.len());
        let lane = *self.flying.keys().nth(pick).unwrap();
        let frame = self.flying.get_mut(&lane).unwrap().pop_front().unwrap();
        let (from, to, _) = lane;
        let (peer, now) = (self.nodes[from].peer, self.now);
        self.nodes[to].replica.receive(peer, &frame, now);
        self.carry_out(to);
        true
    }

    pub(crate) fn tick(&mut self, ms: i64) {
        self.now += ms;
        self.ticks += 1;
        for at in 0..self.nodes.len() {
            let entropy = jiaolian_schema::id::sha256(&[&self.ticks.to_be_bytes(), &[at as u8]]);
            self.nodes[at].replica.tick(self.now, entropy);
            self.carry_out(at);
        }
    }

    /// Delivers what flies, without time passing.
    pub(crate) fn flow(&mut self) {
        let mut frames = 0;
        while self.deliver_one() {
            frames += 1;
            assert!(frames < 200_000, "the nodes never come to rest");
        }
    }

    /// Lets seconds pass until nothing moves and every link has been checked.
    pub(crate) fn rest(&mut self) {
        for _ in 0..40 {
            self.flow();
            self.tick(2_000);
        }
        self.flow();
    }

    pub(crate) fn kinds_sent(&self, from: usize, to: usize) -> Vec<(Lane, Frame)> {
        let sent = self.frames.iter();
        let sent = sent.filter(|(a, b, _, _)| (*a, *b) == (from, to));
        sent.map(|(_, _, lane, frame)| (*lane, Frame::decode(frame).unwrap()))
            .collect()
    }
}
