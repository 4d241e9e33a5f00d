//! Keepers who say no and yes to keys, and files that are carried by hand where no line is.

use super::fault::Fault;
use super::plan::OFFICES;
use super::queue::Event;
use super::world::World;
use jiaolian_schema::act::{Act, Endorse, Revoke};
use jiaolian_schema::envelope::Envelope;

/// Most dossiers on one stick.
const STICK_MAX: usize = 40;

impl World {
    pub(crate) fn keep(&mut self) {
        if self.healed {
            return;
        }
        let wait = self.dice.between(3, 36) * 3_600_000;
        self.queue.at(self.now + wait, Event::Keeper);
        let county = 2 + self.dice.below(2);
        let below: Vec<usize> = (0..OFFICES.len())
            .filter(|at| OFFICES[*at].1 == Some(county))
            .collect();
        let at = below[self.dice.below(below.len())];
        let who = ["assistant", "clerk"][self.dice.below(2)];
        let author = self.seats[&format!("{}-{who}", OFFICES[at].0)].author;
        let Some(replica) = self.nodes[county].replica.as_ref() else {
            return;
        };
        let Some(roster) = replica.roster(self.plan.office(at)) else {
            return;
        };
        let tip = replica.authority().chain_tip(author);
        let mut dice = self.dice.fork(10);
        if self.swarm.strikes(Fault::Revoke, &mut dice, 700) {
            let revoke = Revoke {
                author,
                at: tip,
                replaces: Vec::new(),
                reason: "the key was lost".to_owned(),
                compromised_since: None,
            };
            let signed = self.act(county, "keeper", Some(roster), Act::Revoke(revoke));
            if signed.is_some() && who == "clerk" {
                let n = tip.map_or(0, |tip| tip.n);
                let cut = self.journal.stolen.entry(author).or_insert(n);
                *cut = (*cut).min(n);
            }
        } else if let Some(at) = tip.filter(|_| who == "assistant")
            && self.swarm.strikes(Fault::Endorse, &mut dice, 700)
        {
            let endorse = Endorse {
                author,
                at,
                replaces: Vec::new(),
            };
            self.act(county, "keeper", Some(roster), Act::Endorse(endorse));
        }
    }

    /// Somebody takes what one office may show another to it on a stick; some sticks are bad.
    pub(crate) fn carry(&mut self) {
        if self.healed {
            return;
        }
        let wait = self.dice.between(2, 48) * 3_600_000;
        self.queue.at(self.now + wait, Event::Carry);
        let mut dice = self.dice.fork(11);
        let link = dice.below(self.links.len());
        let side = dice.below(2);
        let (from, to) = (self.links[link].ends[side], self.links[link].ends[1 - side]);
        if !self.swarm.strikes(Fault::Bundle, &mut dice, 800) {
            return;
        }
        let Some(replica) = self.nodes[from].replica.as_ref() else {
            return;
        };
        let mut all: Vec<_> = replica.dossiers().map(|(id, _)| id).collect();
        dice.shuffle(&mut all);
        all.truncate(STICK_MAX);
        // Where case files are closed nothing can be put on a stick.
        let Ok(mut stick) = replica.export(self.plan.office(to), &all) else {
            return;
        };
        if self.swarm.strikes(Fault::TamperedBundle, &mut dice, 300) {
            tamper(&mut stick, &mut dice);
        }
        let now = self.clock(to);
        if let Some(replica) = self.nodes[to].replica.as_mut() {
            replica.import(stick, now);
        }
        self.carry_out(to);
    }
}

/// Changes one byte somewhere in some of the envelopes.
fn tamper(stick: &mut [Envelope], dice: &mut super::dice::Dice) {
    for envelope in stick {
        if !dice.chance(100) {
            continue;
        }
        let place = dice.below(3);
        let bytes = match (place, &mut envelope.body) {
            (0, Some(body)) => body.as_mut_slice(),
            (1, _) => envelope.head.as_mut_slice(),
            _ => envelope.signature.as_mut_slice(),
        };
        let at = dice.below(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
    }
}
