//! Links between offices as the transport gives them: ordered frames in each lane of a session.
//! What happens to packets shows as delay, as stalls and as sessions that end.

use super::fault::Fault;
use super::plan::OFFICES;
use super::queue::Event;
use super::world::World;
use jiaolian_sync::{Lane, Peer};
use std::collections::BTreeMap;

/// After so long without an answer a transport gives a session up, ms.
const IDLE_MS: i64 = 30_000;
/// Wait between two attempts to dial, ms.
const DIAL_MS: (i64, i64) = (2_000, 45_000);
/// Bytes that a line carries in a second.
const RATES: [i64; 3] = [8_000, 60_000, 1_000_000];
/// Most garbage frames that one direction of a link sees: each costs twice the silence of the last.
const GARBAGE_MAX: u32 = 3;

/// A line between two offices. End 0 is the upper one, end 1 the lower one, which dials.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) ends: [usize; 2],
    /// Whether frames from that end get lost.
    pub(crate) blocked: [bool; 2],
    /// The session that each end believes in.
    pub(crate) session: [Option<u64>; 2],
    sessions: u64,
    latency_ms: i64,
    rate: i64,
    last: BTreeMap<(usize, Lane), i64>,
    garbage: [u32; 2],
    down: bool,
    pub(crate) heals: u64,
}

/// Every office with the one above it.
pub(crate) fn links() -> Vec<Link> {
    let edges = OFFICES.iter().enumerate();
    let edges = edges.filter_map(|(lower, (_, above, _))| Some([(*above)?, lower]));
    edges
        .enumerate()
        .map(|(place, ends)| Link {
            ends,
            blocked: [false; 2],
            session: [None; 2],
            sessions: 0,
            latency_ms: [20, 80, 600][place % 3],
            rate: RATES[(place + 1) % 3],
            last: BTreeMap::new(),
            garbage: [0; 2],
            down: false,
            heals: 0,
        })
        .collect()
}

impl World {
    pub(crate) fn dial(&mut self, at: usize) {
        let wait = self.dice.between(DIAL_MS.0, DIAL_MS.1);
        self.queue.at(self.now + wait, Event::Dial { link: at });
        let link = &self.links[at];
        let up = link.ends.map(|end| self.nodes[end].replica.is_some());
        if link.session[1].is_some() || link.blocked != [false; 2] || up != [true; 2] {
            return;
        }
        let link = &mut self.links[at];
        link.sessions += 1;
        let session = link.sessions;
        link.session = [Some(session); 2];
        link.last.clear();
        let ends = link.ends;
        for (end, other) in [(1, 0), (0, 1)] {
            let peer = self.nodes[ends[other]].peer;
            let now = self.clock(ends[end]);
            if let Some(replica) = self.nodes[ends[end]].replica.as_mut() {
                replica.connect(peer, now);
            }
            self.carry_out(ends[end]);
        }
    }

    /// Puts a frame on its way, if its sender has a session with the peer.
    pub(crate) fn send(&mut self, from: usize, peer: Peer, lane: Lane, frame: Vec<u8>) {
        self.watch_wire(peer, &frame);
        let Some((at, end)) = self.link_of(from, peer) else {
            return;
        };
        let Some(session) = self.links[at].session[end] else {
            return;
        };
        let mut dice = self.dice.fork(5);
        let loss = self.swarm.loss;
        if self.swarm.strikes(Fault::CutMidFrame, &mut dice, 4) {
            return self.break_off(at, 0, 1_000);
        }
        let mut delay = self.links[at].latency_ms + dice.between(0, 40);
        delay += frame.len() as i64 * 1_000 / self.links[at].rate;
        if self.swarm.strikes(Fault::Loss, &mut dice, loss) {
            delay += dice.between(200, 3_000);
        }
        if self.swarm.strikes(Fault::Clog, &mut dice, 10) {
            delay += dice.between(3_000, 25_000);
        }
        let link = &mut self.links[at];
        let last = link.last.entry((end, lane)).or_default();
        let time = (*last).max(self.now + delay);
        *last = time;
        let overtakes = Lane::ALL.into_iter().any(|other| {
            other != lane
                && link
                    .last
                    .get(&(end, other))
                    .is_some_and(|other| *other > time)
        });
        if overtakes {
            self.swarm.count(Fault::Reorder);
        }
        let frame = Event::Frame {
            link: at,
            end: 1 - end,
            session,
            lane,
            frame,
        };
        self.queue.at(time, frame);
        self.send_garbage((at, end), lane, session, time);
    }

    /// A frame of no sense on top of good ones, as from a node in wrong hands.
    fn send_garbage(&mut self, (at, end): (usize, usize), lane: Lane, session: u64, time: i64) {
        let mut dice = self.dice.fork(6);
        if self.links[at].garbage[end] >= GARBAGE_MAX
            || !self.swarm.strikes(Fault::Garbage, &mut dice, 1)
        {
            return;
        }
        self.links[at].garbage[end] += 1;
        let mut frame = vec![0; dice.below(300)];
        frame.fill_with(|| dice.next() as u8);
        self.queue.at(
            time,
            Event::Frame {
                link: at,
                end: 1 - end,
                session,
                lane,
                frame,
            },
        );
    }

    pub(crate) fn arrive(
        &mut self,
        at: usize,
        end: usize,
        session: u64,
        lane: Lane,
        frame: Vec<u8>,
    ) {
        let link = &self.links[at];
        if link.session[end] != Some(session) {
            return;
        }
        if link.blocked[1 - end] {
            // Sent again until the line is back or the session is given up.
            let frame = Event::Frame {
                link: at,
                end,
                session,
                lane,
                frame,
            };
            return self.queue.at(self.now + 2_000, frame);
        }
        let (here, from) = (link.ends[end], link.ends[1 - end]);
        let (peer, now) = (self.nodes[from].peer, self.clock(here));
        if let Some(replica) = self.nodes[here].replica.as_mut() {
            replica.receive(peer, &frame, now);
        }
        self.carry_out(here);
    }

    /// Both transports give the session up, each at its own time.
    fn break_off(&mut self, at: usize, first_ms: i64, spread_ms: i64) {
        for end in 0..2 {
            if let Some(session) = self.links[at].session[end] {
                let wait = first_ms + self.dice.between(0, spread_ms);
                self.queue.at(
                    self.now + wait,
                    Event::Close {
                        link: at,
                        end,
                        session,
                    },
                );
            }
        }
    }

    pub(crate) fn close(&mut self, at: usize, end: usize, session: u64) {
        let link = &mut self.links[at];
        if link.session[end] != Some(session) {
            return;
        }
        link.session[end] = None;
        let (here, from) = (link.ends[end], link.ends[1 - end]);
        let peer = self.nodes[from].peer;
        if let Some(replica) = self.nodes[here].replica.as_mut() {
            replica.disconnect(peer);
        }
        self.carry_out(here);
    }

    /// A node hung up: its own end is over now, the other learns of it.
    pub(crate) fn hang_up(&mut self, from: usize, peer: Peer) {
        let Some((at, end)) = self.link_of(from, peer) else {
            return;
        };
        self.links[at].session[end] = None;
        if let Some(session) = self.links[at].session[1 - end] {
            let wait = self.links[at].latency_ms + 1_000;
            self.queue.at(
                self.now + wait,
                Event::Close {
                    link: at,
                    end: 1 - end,
                    session,
                },
            );
        }
    }

    /// A process is gone without a word: the others notice by its silence.
    pub(crate) fn leave_links(&mut self, node: usize) {
        for at in 0..self.links.len() {
            let ends = self.links[at].ends;
            let Some(end) = ends.iter().position(|end| *end == node) else {
                continue;
            };
            self.links[at].session[end] = None;
            if let Some(session) = self.links[at].session[1 - end] {
                let wait = self.dice.between(IDLE_MS / 2, IDLE_MS);
                self.queue.at(
                    self.now + wait,
                    Event::Close {
                        link: at,
                        end: 1 - end,
                        session,
                    },
                );
            }
        }
    }

    pub(crate) fn cut(&mut self, at: usize) {
        const MINUTE_MS: i64 = 60_000;
        if self.healed {
            return;
        }
        let next = self.dice.between(1, 2 * self.swarm.partition_ms);
        let mut dice = self.dice.fork(7);
        let kinds = [
            Fault::Partition,
            Fault::OneWay,
            Fault::Flap,
            Fault::LongOffline,
        ];
        let kinds: Vec<Fault> = kinds
            .into_iter()
            .filter(|kind| self.swarm.knows(*kind))
            .collect();
        let Some(kind) = dice.pick(&kinds).copied().filter(|_| !self.links[at].down) else {
            return self.queue.at(self.now + next, Event::Cut { link: at });
        };
        if kind == Fault::LongOffline && !dice.chance(150) {
            return self.queue.at(self.now + next, Event::Cut { link: at });
        }
        self.swarm.count(kind);
        let (blocked, down_ms, again) = match kind {
            Fault::OneWay => {
                let side = dice.chance(500);
                ([side, !side], dice.between(1, 240) * MINUTE_MS, next)
            }
            Fault::Flap => ([true; 2], dice.between(1, 90) * 1_000, 3 * MINUTE_MS),
            Fault::LongOffline => ([true; 2], dice.between(24, 8 * 24) * 60 * MINUTE_MS, next),
            _ => ([true; 2], dice.between(1, 600) * MINUTE_MS, next),
        };
        let again = if kind == Fault::Flap && dice.chance(300) {
            next
        } else {
            again
        };
        self.links[at].blocked = blocked;
        self.links[at].down = true;
        if down_ms >= IDLE_MS {
            self.break_off(at, IDLE_MS / 2, IDLE_MS / 2);
        }
        self.queue.at(self.now + down_ms, Event::Mend { link: at });
        self.queue
            .at(self.now + down_ms + again, Event::Cut { link: at });
    }

    pub(crate) fn mend(&mut self, at: usize) {
        let link = &mut self.links[at];
        link.heals += u64::from(link.down);
        link.blocked = [false; 2];
        link.down = false;
    }

    fn link_of(&self, from: usize, peer: Peer) -> Option<(usize, usize)> {
        let ends = |link: &Link| {
            let end = link.ends.iter().position(|end| *end == from)?;
            (self.nodes[link.ends[1 - end]].peer == peer).then_some(end)
        };
        let mut links = self.links.iter().enumerate();
        links.find_map(|(at, link)| ends(link).map(|end| (at, end)))
    }
}
