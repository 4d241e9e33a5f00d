//! One seed's world and its one loop: take the next event, let it happen, carry out what follows.

use super::dice::Dice;
use super::fault::{Fault, Swarm};
use super::journal::Journal;
use super::net::Link;
use super::node::{Death, Node, Seats, rules, setup};
use super::person::Walker;
use super::plan::{OFFICES, Plan, START};
use super::queue::{Event, Queue};
use super::signature::Suites;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::rule::RulePack;
use jiaolian_sync::{Effect, Event as News, Replica};
use std::sync::Arc;

/// A node's timer, ms.
const TICK_MS: i64 = 20_000;
/// The same while nothing is open on its links, ms.
const TICK_IDLE_MS: i64 = 120_000;

/// Everything that one seed determines.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) now: i64,
    pub(crate) queue: Queue,
    pub(crate) dice: Dice,
    pub(crate) swarm: Swarm,
    pub(crate) nodes: Vec<Node>,
    pub(crate) seats: Seats,
    pub(crate) links: Vec<Link>,
    pub(crate) people: Vec<Walker>,
    pub(crate) rules: Arc<RulePack>,
    pub(crate) journal: Journal,
    pub(crate) events: u64,
    /// Nothing breaks any more: what follows is liveness.
    pub(crate) healed: bool,
}

impl World {
    /// The offices founded, every node with its join file, nobody linked.
    pub(crate) fn new(seed: u64, suites: Suites) -> Self {
        let mut dice = Dice::new(seed ^ 0x6a69_616f_6c69_616e);
        let swarm = Swarm::draw(&mut dice.fork(1));
        let plan = Plan { seed, suites };
        let mut world = Self {
            plan,
            now: START,
            queue: Queue::default(),
            dice,
            swarm,
            nodes: (0..OFFICES.len()).map(|at| Node::new(plan, at)).collect(),
            seats: Seats::new(),
            links: super::net::links(),
            people: Vec::new(),
            rules: rules(),
            journal: Journal::default(),
            events: 0,
            healed: false,
        };
        world.found();
        world
    }

    /// Lets everything happen up to an instant, true time.
    pub(crate) fn run_until(&mut self, until: i64) {
        while let Some((time, event)) = self.queue.next_until(until) {
            self.now = time;
            self.events += 1;
            self.happen(event);
        }
        self.now = until;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick { node, life } => self.tick(node, life),
            Event::Dial { link } => self.dial(link),
            Event::Frame {
                link,
                end,
                session,
                lane,
                frame,
            } => {
                self.arrive(link, end, session, lane, frame);
            }
            Event::Close { link, end, session } => self.close(link, end, session),
            Event::Cut { link } => self.cut(link),
            Event::Mend { link } => self.mend(link),
            Event::Crash => self.crash_some(),
            Event::Start { node } => self.start(node),
            Event::Unlock { node } => self.unlock(node),
            Event::Work { node } => self.work(node),
            Event::Fix { person } => self.fix(person),
            Event::Flush { person } => self.flush(person),
            Event::Step => self.step_clock(),
            Event::Keeper => self.keep(),
            Event::Adversary => self.attack(),
            Event::Carry => self.carry(),
        }
    }

    /// What a node's own clock shows.
    pub(crate) fn clock(&self, at: usize) -> i64 {
        self.nodes[at].clock.show(self.now)
    }

    fn tick(&mut self, at: usize, life: u32) {
        let (now, entropy) = (self.clock(at), self.dice.bytes());
        let node = &mut self.nodes[at];
        let Some(replica) = node.replica.as_mut().filter(|_| node.life == life) else {
            return;
        };
        replica.tick(now, entropy);
        let links = replica.links();
        let busy = links
            .iter()
            .any(|link| link.up_since.is_some() && !link.agreed);
        let wait = if busy || self.healed {
            TICK_MS
        } else {
            TICK_IDLE_MS
        };
        self.queue
            .at(self.now + wait, Event::Tick { node: at, life });
        self.carry_out(at);
    }

    /// Performs a node's effects in order; false where the process died over it before it could
    /// answer anybody.
    pub(crate) fn carry_out(&mut self, at: usize) -> bool {
        let Some(replica) = self.nodes[at].replica.as_mut() else {
            return false;
        };
        let effects = replica.drain();
        if effects.is_empty() {
            return true;
        }
        let mut sent = 0;
        for (place, effect) in effects.into_iter().enumerate() {
            match effect {
                Effect::Store(writes) => {
                    if place > 0 {
                        self.journal
                            .breaks
                            .insert("a Store comes after another effect".to_owned());
                    }
                    if self.dies(at, Death::BeforeStore) {
                        return false;
                    }
                    self.nodes[at].disk.commit(&writes);
                    if self.dies(at, Death::AfterStore) {
                        return false;
                    }
                }
                Effect::Send { peer, lane, frame } => {
                    if self.dies(at, Death::MidSend(sent)) {
                        return false;
                    }
                    sent += 1;
                    self.send(at, peer, lane, frame);
                }
                Effect::Hangup { peer, reason } => {
                    self.journal.hangup(&reason);
                    self.hang_up(at, peer);
                }
                Effect::Publish(news) => self.hear_news(at, &news),
            }
        }
        true
    }

    fn hear_news(&mut self, at: usize, news: &News) {
        match news {
            News::Alarm { dossier, .. } => {
                *self.nodes[at].announced.entry(*dossier).or_default() += 1;
            }
            News::Refused { reason, .. } => self.journal.refusal(reason),
            News::ClockBehind { .. } => self.journal.clock_behind += 1,
            _ => {}
        }
    }

    /// Whether the process was to die just here; it is dead then.
    fn dies(&mut self, at: usize, place: Death) -> bool {
        if self.nodes[at].death != Some(place) {
            return false;
        }
        let fault = match place {
            Death::BeforeStore => Fault::CrashBeforeStore,
            Death::AfterStore => Fault::CrashAfterStore,
            Death::MidSend(_) => Fault::CrashMidSend,
        };
        self.swarm.count(fault);
        let minutes = self.dice.between(1, 180);
        self.kill(at, minutes * 60_000);
        true
    }

    /// A process ends here and now, and starts again after a while.
    pub(crate) fn kill(&mut self, at: usize, down_ms: i64) {
        let node = &mut self.nodes[at];
        node.death = None;
        node.replica = None;
        self.leave_links(at);
        self.queue.at(self.now + down_ms, Event::Start { node: at });
    }

    fn crash_some(&mut self) {
        if self.healed {
            return;
        }
        let kinds = [
            (Fault::CrashBeforeStore, Death::BeforeStore),
            (Fault::CrashAfterStore, Death::AfterStore),
            (Fault::CrashMidSend, Death::MidSend(self.dice.below(3))),
        ];
        let kinds: Vec<_> = kinds
            .into_iter()
            .filter(|(kind, _)| self.swarm.knows(*kind))
            .collect();
        let at = self.dice.below(self.nodes.len());
        if let Some((_, death)) = self.dice.pick(&kinds) {
            self.nodes[at].death = Some(*death);
        }
        let wait = self.dice.between(1, 2 * self.swarm.crash_ms);
        self.queue.at(self.now + wait, Event::Crash);
    }

    pub(crate) fn start(&mut self, at: usize) {
        if self.nodes[at].replica.is_some() {
            return;
        }
        let mut dice = self.dice.fork(2);
        if self.swarm.strikes(Fault::CrashRecovery, &mut dice, 150) {
            let disk = self.nodes[at].disk.clone();
            drop(self.open(at, disk, dice.bytes()));
        }
        let locked = self.swarm.strikes(Fault::CaseLocked, &mut dice, 400);
        let disk = self.nodes[at].disk.clone();
        disk.lock(locked);
        let replica = self.open(at, disk, dice.bytes());
        let node = &mut self.nodes[at];
        node.life += 1;
        // Pages that load show what is stored: a death between store and news hides nothing.
        for (id, row) in replica.dossiers() {
            if row.kind == DossierKind::Alarm {
                node.announced.entry(id).or_insert(1);
            }
        }
        node.replica = Some(replica);
        let life = node.life;
        self.queue.at(
            self.now + dice.between(1, TICK_MS),
            Event::Tick { node: at, life },
        );
        if locked {
            let wait = dice.between(1, 12) * 3_600_000;
            self.queue.at(self.now + wait, Event::Unlock { node: at });
        }
        self.carry_out(at);
    }

    pub(crate) fn open(
        &self,
        at: usize,
        disk: super::disk::Disk,
        entropy: [u8; 32],
    ) -> Replica<super::disk::Disk> {
        let rules = (Arc::clone(&self.rules) as Arc<_>, self.rules.pack_id());
        let setup = setup(self.plan, at, &self.seats, rules, entropy);
        Replica::open(disk, setup).expect("a memory store reads what was written")
    }

    pub(crate) fn unlock(&mut self, at: usize) {
        let now = self.clock(at);
        self.nodes[at].disk.lock(false);
        if let Some(replica) = self.nodes[at].replica.as_mut() {
            replica.unlocked(now);
        }
        self.carry_out(at);
    }

    fn step_clock(&mut self) {
        const MINUTE_MS: i64 = 60_000;
        if self.healed {
            return;
        }
        let at = self.dice.below(self.nodes.len());
        let township = OFFICES[at].2 == 1;
        let mut dice = self.dice.fork(3);
        if self.swarm.strikes(Fault::ClockStep, &mut dice, 1_000) {
            let far = if township && dice.chance(200) {
                90 * 24 * 60
            } else {
                4
            };
            let offset = dice.between(-far, far) * MINUTE_MS;
            self.nodes[at].clock.offset_ms = offset;
            if offset.abs() > 60 * MINUTE_MS {
                // Somebody sets it right within days.
                let back = self.now + dice.between(1, 48) * 60 * MINUTE_MS;
                self.queue.at(back, Event::Step);
            }
        }
        for node in &mut self.nodes {
            if node.clock.offset_ms.abs() > 60 * MINUTE_MS && dice.chance(500) {
                node.clock.offset_ms = 0;
            }
        }
        let wait = self.dice.between(1, 48) * 60 * MINUTE_MS;
        self.queue.at(self.now + wait, Event::Step);
    }
}
