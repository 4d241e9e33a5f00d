//! The end of all trouble: lines up, processes up, clocks right, devices emptied; then three rounds
//! in which everybody must agree.

use super::queue::Event;
use super::world::World;

const MINUTE_MS: i64 = 60_000;
/// One round: receipts are at most ten minutes apart.
const ROUND_MS: i64 = 11 * MINUTE_MS;
/// Longest that a shunned or dead link takes to be up again, ms.
const UP_MS_MAX: i64 = 6 * 60 * MINUTE_MS;
/// A township clock farther off than this is set right, ms.
const CLOCK_MS_MAX: i64 = 10 * MINUTE_MS;

impl World {
    /// Ends all trouble and lets three rounds pass after the last link came up. Gives how long it
    /// took for all to be up, ms.
    pub(crate) fn heal(&mut self) -> i64 {
        self.healed = true;
        self.swarm.calm();
        for link in 0..self.links.len() {
            self.mend(link);
        }
        for at in 0..self.nodes.len() {
            let node = &mut self.nodes[at];
            node.death = None;
            if node.clock.offset_ms.abs() > CLOCK_MS_MAX {
                node.clock.offset_ms = 0;
            }
            self.start(at);
            self.unlock(at);
        }
        let healed_at = self.now;
        while !self.is_whole() && self.now - healed_at < UP_MS_MAX {
            self.run_until(self.now + MINUTE_MS);
        }
        let took = self.now - healed_at;
        // What devices still have comes in as soon as their cases are at the gateways.
        for _ in 0..3 {
            for person in 0..self.people.len() {
                self.queue.at(self.now + 1_000, Event::Flush { person });
            }
            self.run_until(self.now + 2 * MINUTE_MS);
        }
        // What is noted later than this goes out after the end.
        for at in 0..self.nodes.len() {
            let (now, entropy) = (self.clock(at), self.dice.bytes());
            if let Some(replica) = self.nodes[at].replica.as_mut() {
                replica.flush_log(now, entropy);
            }
            self.carry_out(at);
        }
        self.run_until(self.now + 3 * ROUND_MS);
        took
    }

    fn is_whole(&self) -> bool {
        self.links
            .iter()
            .all(|link| link.session.iter().all(Option::is_some))
    }
}
