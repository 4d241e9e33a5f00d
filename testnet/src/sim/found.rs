//! The beginning of a world: the province founds all offices, appoints all people and hands every
//! node its join file.

use super::fault::Fault;
use super::plan::{OFFICES, ROOT, START, staff};
use super::queue::Event;
use super::world::World;
use jiaolian_schema::act::Act;
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_sync::{Draft, Payload, Seat};

impl World {
    pub(crate) fn found(&mut self) {
        let author = self.plan.root().introduction.author();
        let root = Seat {
            author,
            appointment: None,
        };
        self.seats.insert(ROOT.to_owned(), root);
        self.open_quietly(0);
        let mut rosters = Vec::new();
        for (at, (_, above, tier)) in OFFICES.iter().enumerate() {
            let keeper = above.and_then(|above| {
                let name = format!("{}-founder", OFFICES[above].0);
                self.seats.contains_key(&name).then_some(name)
            });
            let keeper = keeper.unwrap_or_else(|| ROOT.to_owned());
            let roster: DossierId = self
                .found_act(&keeper, None, self.plan.found(at).into())
                .into();
            for (suffix, duty, roles) in staff(*tier) {
                let appoint = self.plan.appoint(at, suffix, *duty, roles);
                let (name, author) = (appoint.name.clone(), appoint.author());
                let id = self.found_act(ROOT, Some(roster), appoint.into());
                self.seats.insert(
                    name,
                    Seat {
                        author,
                        appointment: Some(id),
                    },
                );
            }
            rosters.push(roster);
        }
        for (at, (_, above, tier)) in OFFICES.iter().enumerate() {
            if let Some(above) = above.filter(|_| *tier == 1) {
                self.found_act(ROOT, Some(rosters[above]), self.plan.entrust(at).into());
            }
        }
        self.carry_out(0);
        self.open_quietly(0);
        for at in 1..OFFICES.len() {
            let province = self.nodes[0].replica.as_ref().expect("the province runs");
            let file = province
                .join_file(self.plan.office(at))
                .expect("memory reads");
            self.open_quietly(at);
            let replica = self.nodes[at].replica.as_mut().expect("the node runs");
            let outcome = replica.import(file, START);
            assert!(
                outcome.refused.is_empty(),
                "a join file is whole: {outcome:?}"
            );
            self.carry_out(at);
        }
    }

    fn open_quietly(&mut self, at: usize) {
        let (disk, entropy) = (self.nodes[at].disk.clone(), self.dice.bytes());
        self.nodes[at].replica = Some(self.open(at, disk, entropy));
    }

    fn found_act(&mut self, who: &str, dossier: Option<DossierId>, act: Act) -> EnvelopeId {
        let (signer, seat) = (self.plan.signer(who), self.seats[who]);
        let (salt, payload) = (self.dice.bytes(), Payload::Act(act));
        let replica = self.nodes[0].replica.as_mut().expect("the province runs");
        let draft = Draft { dossier, payload };
        let signed = replica.sign(&signer, seat, draft, START, salt);
        signed.unwrap_or_else(|error| panic!("{who} founds and appoints: {error}"))
    }

    /// Sets all clocks, timers and troubles going.
    pub(crate) fn begin(&mut self) {
        const MINUTE_MS: i64 = 60_000;
        let mut dice = self.dice.fork(4);
        for at in 0..self.nodes.len() {
            if self.swarm.strikes(Fault::ClockOffset, &mut dice, 400) {
                self.nodes[at].clock.offset_ms = dice.between(-3, 3) * MINUTE_MS;
            }
            if self.swarm.strikes(Fault::ClockDrift, &mut dice, 300) {
                self.nodes[at].clock.drift_ppm = dice.between(-100, 100);
            }
            let life = self.nodes[at].life;
            self.queue.at(
                self.now + dice.between(1, 20_000),
                Event::Tick { node: at, life },
            );
            let first = dice.between(1, 30) * MINUTE_MS;
            self.queue.at(self.now + first, Event::Work { node: at });
        }
        for link in 0..self.links.len() {
            self.queue
                .at(self.now + dice.between(1, 5_000), Event::Dial { link });
            let wait = dice.between(1, 2 * self.swarm.partition_ms);
            self.queue.at(self.now + wait, Event::Cut { link });
        }
        let hours = |dice: &mut super::dice::Dice, most| dice.between(1, most) * 60 * MINUTE_MS;
        for (event, most) in [
            (Event::Crash, 12),
            (Event::Step, 24),
            (Event::Keeper, 48),
            (Event::Adversary, 36),
            (Event::Carry, 24),
        ] {
            let wait = hours(&mut dice, most);
            self.queue.at(self.now + wait, event);
        }
        self.settle_people(&mut dice);
    }
}
