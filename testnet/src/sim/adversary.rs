//! Somebody with a copied key and a program of his own: forks, decisions beyond a capacity, work
//! under a key that was said no to.

use super::fault::Fault;
use super::node::setup;
use super::plan::OFFICES;
use super::queue::Event;
use super::world::World;
use jiaolian_schema::act::{Act, Amend, Apply, Span, Step};
use jiaolian_schema::canon;
use jiaolian_schema::hold::{DossierKind, may_hold};
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::standing::{Decision, Signer, SlotAct, SlotRules};
use jiaolian_schema::value::Fields;
use jiaolian_sync::{Draft, Payload, Replica, Table, Write};
use std::sync::Arc;

/// The rules with every capacity granted.
#[derive(Debug)]
struct Lax(Arc<RulePack>);

impl SlotRules for Lax {
    fn decision(&self, workflow: &str, version: u16, event: &str) -> Option<Decision> {
        SlotRules::decision(&*self.0, workflow, version, event)
    }

    fn leads(&self, role: &str) -> bool {
        SlotRules::leads(&*self.0, role)
    }

    fn competent(&self, _: &Signer<'_>, _: &SlotAct<'_>, _: u8) -> bool {
        true
    }
}

/// A disk that was copied, under a program that asks nobody.
struct Shadow {
    replica: Replica<super::disk::Disk>,
    at: usize,
    who: &'static str,
}

impl World {
    pub(crate) fn attack(&mut self) {
        if self.healed {
            return;
        }
        let wait = self.dice.between(2, 36) * 3_600_000;
        self.queue.at(self.now + wait, Event::Adversary);
        let mut dice = self.dice.fork(12);
        let at = 4 + dice.below(8);
        let revoked: Vec<usize> = (4..OFFICES.len())
            .filter(|at| self.is_clerk_revoked(*at))
            .collect();
        match dice.below(3) {
            0 if self.swarm.strikes(Fault::Fork, &mut dice, 700) => {
                self.forge(at, "assistant", false);
            }
            1 if self.swarm.strikes(Fault::WrongCapacity, &mut dice, 700) => {
                let forged = self.forge(at, "clerk", true);
                self.journal.forged.extend(forged);
            }
            2 if !revoked.is_empty() && self.swarm.strikes(Fault::StolenKey, &mut dice, 900) => {
                let at = revoked[dice.below(revoked.len())];
                let forged = self.forge(at, "clerk", false);
                self.journal.forged.extend(forged);
            }
            _ => {}
        }
    }

    fn is_clerk_revoked(&self, at: usize) -> bool {
        let clerk = &self.seats[&format!("{}-clerk", OFFICES[at].0)];
        self.journal.stolen.contains_key(&clerk.author)
    }

    /// Signs with a copied key and shows the result to the office itself or to the county.
    fn forge(&mut self, at: usize, who: &'static str, decide: bool) -> Option<EnvelopeId> {
        let disk = self.nodes[at].disk.copy();
        let lax = Arc::new(Lax(Arc::clone(&self.rules)));
        let entropy = self.dice.bytes();
        let pack = self.rules.pack_id();
        let setup = setup(self.plan, at, &self.seats, (lax, pack), entropy);
        let replica = Replica::open(disk.clone(), setup).expect("a copy reads as the disk does");
        if who == "clerk" {
            // The thief goes on where the key's last use is known to have been.
            let author = self.seats[&format!("{}-{who}", OFFICES[at].0)].author;
            let tip = replica.authority().chain_tip(author);
            let key = [b"tip".as_slice(), &author.0].concat();
            let value = tip.map(|tip| canon::encode(&tip));
            disk.commit(&[Write {
                table: Table::Local,
                key,
                value,
            }]);
        }
        let mut shadow = Shadow { replica, at, who };
        let case = self.victim(&shadow)?;
        let id = if decide {
            let matter = self.leave_of(&mut shadow, case)?;
            self.sign_shadow(&mut shadow, case, approve(matter))?
        } else {
            let amend = Amend {
                field: "home_address".to_owned(),
                replaces: Vec::new(),
                value: b"elsewhere".to_vec(),
            };
            self.sign_shadow(&mut shadow, case, amend.into())?
        };
        let envelope = shadow.replica.envelope(id).ok()??;
        let heads = shadow.replica.export(self.plan.office(at), &[case]).ok()?;
        let to = if self.dice.chance(500) {
            at
        } else {
            OFFICES[at].1?
        };
        let now = self.clock(to);
        let replica = self.nodes[to].replica.as_mut()?;
        replica.import(heads, now);
        replica.import(vec![envelope], now);
        self.carry_out(to);
        Some(id)
    }

    fn victim(&mut self, shadow: &Shadow) -> Option<DossierId> {
        let offices = shadow.replica.authority().offices();
        let rows = shadow.replica.dossiers();
        let cases: Vec<DossierId> = rows
            .filter(|(_, row)| row.kind == DossierKind::Case)
            .filter(|(_, row)| may_hold(offices, shadow.replica.office(), &row.audience()))
            .map(|(id, _)| id)
            .collect();
        self.dice.pick(&cases).copied()
    }

    /// A leave that is asked for in the case, or one made up.
    fn leave_of(&mut self, shadow: &mut Shadow, case: DossierId) -> Option<EnvelopeId> {
        let standing = shadow.replica.standing(case)?;
        let mut open = standing
            .matters
            .values()
            .filter(|matter| matter.slots.is_empty());
        if let Some(matter) = open.next() {
            return Some(matter.id);
        }
        let first_day = (self.now / super::plan::DAY_MS) as i32;
        let apply = Apply {
            workflow: "leave".to_owned(),
            version: 1,
            on_behalf: 1,
            span: Some(Span {
                first_day,
                last_day: first_day + 1,
            }),
            area: None,
            fields: Fields::new(),
        };
        self.sign_shadow(shadow, case, apply.into())
    }

    fn sign_shadow(
        &mut self,
        shadow: &mut Shadow,
        case: DossierId,
        act: Act,
    ) -> Option<EnvelopeId> {
        let name = format!("{}-{}", OFFICES[shadow.at].0, shadow.who);
        let (signer, seat, now) = (
            self.plan.signer(&name),
            self.seats[&name],
            self.clock(shadow.at),
        );
        let (salt, payload) = (self.dice.bytes(), Payload::Act(act));
        let draft = Draft {
            dossier: Some(case),
            payload,
        };
        let signed = shadow.replica.sign(&signer, seat, draft, now, salt);
        signed
            .map_err(|error| self.journal.refused_to_sign(&format!("forged: {error}")))
            .ok()
    }
}

fn approve(matter: EnvelopeId) -> Act {
    let step = Step {
        matter,
        event: "approve".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: Fields::new(),
        span: None,
    };
    step.into()
}
