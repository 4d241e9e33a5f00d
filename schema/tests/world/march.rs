//! Random worlds in which offices pass from one superior to another while keepers, witnesses and
//! officers of all of them speak and decide on any day.
// Each test uses a part of this; what is impossible here is a mistake of the story.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use crate::town::{DAY, Draft, World, office};
use jiaolian_schema::act::{Act, Assign, Entrust, Policy, Replant};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use proptest::prelude::*;

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Signer, office, new superior, first day, day, grace.
    Replant(usize, usize, usize, i32, i64, u8),
    /// Signer, about whom, at which position, yes, in place of which, day.
    State(usize, usize, Option<usize>, bool, Option<usize>, i64),
    /// Witness, day, over which.
    Receipt(usize, i64, Vec<usize>, bool),
    Decide(usize, bool, bool, i64),
    Note(usize, i64),
    Fork(usize),
    Cite(usize, usize),
    Hire(usize, usize, i64),
    Keeper(usize, usize, i64),
    Assign(usize, usize, i64),
    Entrust(usize, usize, i64),
    Policy(usize, u16, i64),
    Register(usize, i64),
    Serve(usize, i64),
}

const KEEPERS: [&str; 7] = ["P.k", "K1.k", "K2.k", "C1.k", "C2.k", "C3.k", "T1.k"];
const WITNESSES: [&str; 6] = ["P.w", "K1.w", "K2.w", "C1.w", "C2.w", "C3.w"];
const STAFF: [&str; 7] = ["T1.x", "T1.a", "T1.b", "C1.a", "C2.h2", "C3.a", "K2.h2"];
const JUDGED: [&str; 9] = [
    "T1.x", "T1.a", "C1.a", "C1.k", "C2.k", "C1.w", "C2.w", "K1.k", "K1.w",
];
const MOVED: [&str; 5] = ["T1", "T1", "C1", "C2", "T3"];
const ABOVE: [&str; 8] = ["C1", "C2", "C3", "C2", "K1", "K2", "K2", "T1"];

pub fn one_turn() -> impl Strategy<Value = Turn> {
    let pick = 0..64_usize;
    let day = 5..60_i64;
    let some = proptest::collection::vec(0..64_usize, 1..6);
    let maybe = proptest::option::of(0..64_usize);
    prop_oneof![
        5 => (pick.clone(), pick.clone(), pick.clone(), 5..60_i32, day.clone(), 0..34_u8)
            .prop_map(|(k, o, p, first, day, grace)| Turn::Replant(k, o, p, first, day, grace)),
        5 => (pick.clone(), pick.clone(), maybe.clone(), any::<bool>(), maybe, day.clone())
            .prop_map(|(k, a, at, yes, over, day)| Turn::State(k, a, at, yes, over, day)),
        7 => (pick.clone(), day.clone(), some, any::<bool>())
            .prop_map(|(w, day, of, whole)| Turn::Receipt(w, day, of, whole)),
        5 => (pick.clone(), any::<bool>(), any::<bool>(), day.clone())
            .prop_map(|(a, yes, over, day)| Turn::Decide(a, yes, over, day)),
        2 => (pick.clone(), day.clone()).prop_map(|(a, day)| Turn::Note(a, day)),
        1 => pick.clone().prop_map(Turn::Fork),
        2 => (pick.clone(), pick.clone()).prop_map(|(a, r)| Turn::Cite(a, r)),
        2 => (pick.clone(), pick.clone(), day.clone()).prop_map(|(k, a, day)| Turn::Hire(k, a, day)),
        1 => (pick.clone(), pick.clone(), day.clone()).prop_map(|(k, a, day)| Turn::Keeper(k, a, day)),
        1 => (pick.clone(), pick.clone(), day.clone()).prop_map(|(a, to, day)| Turn::Assign(a, to, day)),
        1 => (pick.clone(), pick.clone(), day.clone()).prop_map(|(k, e, day)| Turn::Entrust(k, e, day)),
        1 => (pick.clone(), 1..20_u16, day.clone()).prop_map(|(k, c, day)| Turn::Policy(k, c, day)),
        1 => (pick.clone(), day.clone()).prop_map(|(a, day)| Turn::Register(a, day)),
        1 => (pick, day).prop_map(|(a, day)| Turn::Serve(a, day)),
    ]
}

fn pick<T: Copy>(from: &[T], index: usize) -> Option<T> {
    (!from.is_empty()).then(|| from[index % from.len()])
}

pub struct March {
    pub w: World,
    pub matter: EnvelopeId,
    transfer: EnvelopeId,
    signed: Vec<(usize, EnvelopeId)>,
    decisions: Vec<EnvelopeId>,
    batons: Vec<EnvelopeId>,
    receipts: Vec<EnvelopeId>,
    statements: Vec<EnvelopeId>,
    entrusts: Vec<EnvelopeId>,
    hired: usize,
}

impl March {
    pub fn new() -> Self {
        let mut w = World::deep();
        w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 0, 31);
        w.open("T1.s");
        let matter = w.apply("T1.h", "leave", (12, 20));
        let transfer = w.apply("T1.h", "transfer", (12, 20));
        Self {
            w,
            matter,
            transfer,
            signed: Vec::new(),
            decisions: Vec::new(),
            batons: Vec::new(),
            receipts: Vec::new(),
            statements: Vec::new(),
            entrusts: Vec::new(),
            hired: 0,
        }
    }

    pub fn tell(&mut self, turn: &Turn) {
        match turn {
            Turn::Replant(k, o, p, from_day, day, grace_days) => {
                let act = Replant {
                    office: office(MOVED[o % 5]),
                    parent: office(ABOVE[p % 8]),
                    from_day: *from_day,
                    grace_days: *grace_days,
                };
                // Mostly by those who may.
                let by = ["P.k", "K1.k", "P.k", KEEPERS[k % 7]][k % 4];
                self.w.replant_as(by, act, *day);
            }
            Turn::State(k, a, at, yes, over, day) => self.state((*k, *a), *at, *yes, *over, *day),
            Turn::Receipt(w, day, of, whole) => self.receipt(*w, *day, of, *whole),
            Turn::Decide(a, yes, over, day) => {
                let event = if *yes { "approve" } else { "refuse" };
                let before = self.decisions.iter().rev().take(2).copied();
                let before: Vec<EnvelopeId> = before.filter(|_| *over).collect();
                let who = STAFF[a % 7];
                let id = self.w.step_on(who, self.matter, event, &before, &[], *day);
                self.signed.push((a % 7, id));
                self.decisions.push(id);
            }
            Turn::Note(a, day) => {
                let id = self.w.note(STAFF[a % 7], *day);
                self.signed.push((a % 7, id));
            }
            Turn::Fork(a) => {
                if let Some((who, id)) = pick(&self.signed, *a) {
                    let head = self.w.heads[&id].clone();
                    let id = self.w.note_after(STAFF[who], 12, head.n - 1, head.prev);
                    self.signed.push((who, id));
                }
            }
            Turn::Cite(a, r) => {
                if let Some(receipt) = pick(&self.receipts, *r) {
                    let who = ["T1.x", "T1.a", "C1.k", "C1.w", "C1.a", "K1.k"][a % 6];
                    self.w.cite(who, receipt);
                }
            }
            turn => self.tell_rest(turn),
        }
    }

    fn tell_rest(&mut self, turn: &Turn) {
        match turn {
            Turn::Hire(k, a, day) => {
                self.hired += 1;
                let who = format!("T1.n{}", self.hired);
                self.appoint(&who, k % 7, Duty::Staff, &["X_DEP"], *day);
                let day = 20 + (*a as i64 % 20);
                let id = self.w.step_on(&who, self.matter, "approve", &[], &[], day);
                self.decisions.push(id);
            }
            Turn::Keeper(k, a, day) => {
                self.hired += 1;
                let who = format!("{}.n{}", ["C1", "C2", "T1"][a % 3], self.hired);
                self.appoint(&who, k % 7, Duty::Keeper, &["KEEPER"], *day);
                let id = self
                    .w
                    .revoke_on(&who, "T1.a", None, &[], 20 + (*a as i64 % 20));
                self.statements.push(id);
            }
            Turn::Assign(a, to, day) => {
                let act = Assign {
                    office: office(["T1", "T2", "C1", "T3"][to % 4]),
                    replaces: Vec::new(),
                };
                let draft = Draft {
                    dossier: self.w.case,
                    deps: vec![self.w.case.unwrap().into()],
                    day: *day,
                    ..Draft::default()
                };
                let who = ["C1.a", "C2.h2", "P.h", "K2.h2"][a % 4];
                self.w.sign(who, draft, act.into());
            }
            Turn::Entrust(k, e, day) => {
                let act = Entrust {
                    office: office("T1"),
                    actions: vec!["leave".to_owned()],
                    from: 10 * DAY,
                    to: 50 * DAY,
                    document: String::new(),
                    ends: pick(&self.entrusts, *e)
                        .filter(|_| e % 2 == 0)
                        .map(|id| vec![id]),
                };
                let id = self.rule(k % 7, act.into(), *day);
                self.entrusts.push(id);
            }
            Turn::Policy(k, stale_days, day) => {
                let act = Policy {
                    stale_days: *stale_days,
                    fold_version: 1,
                    rule_pack: [7; 32],
                };
                self.rule(k % 7, act.into(), *day);
            }
            Turn::Register(a, day) => {
                let (who, event) = [
                    ("C2.h2", "register"),
                    ("T1.a", "cancel"),
                    ("T3.h", "register"),
                ][a % 3];
                let id = self.w.step_on(who, self.transfer, event, &[], &[], *day);
                self.batons.push(id);
            }
            Turn::Serve(a, day) => {
                let all: Vec<EnvelopeId> = [&self.batons[..], &self.decisions].concat();
                if let Some(id) = pick(&all, *a) {
                    self.w.serve("T1.s", id, *day);
                }
            }
            _ => {}
        }
    }

    fn rule(&mut self, k: usize, act: Act, day: i64) -> EnvelopeId {
        let by = KEEPERS[k];
        let draft = Draft {
            dossier: Some(self.w.roster(by.split('.').next().unwrap())),
            day,
            ..Draft::default()
        };
        self.w.sign(by, draft, act)
    }

    fn appoint(&mut self, who: &str, k: usize, duty: Duty, roles: &[&str], day: i64) {
        let first = self.w.appoint(who, "P.k", duty, roles, 0, 100);
        let act = self.w.facts[&first].what.roster_act().unwrap();
        self.w.forget(first);
        let draft = Draft {
            dossier: Some(self.w.roster(who.split('.').next().unwrap())),
            day,
            ..Draft::default()
        };
        let id = self.w.sign(KEEPERS[k], draft, act);
        self.w.sign_under(who, id);
    }

    fn state(
        &mut self,
        (k, a): (usize, usize),
        at: Option<usize>,
        yes: bool,
        over: Option<usize>,
        day: i64,
    ) {
        let whom = JUDGED[a % 9];
        let author = self.w.author(whom);
        let own = self
            .w
            .heads
            .iter()
            .filter(|(_, head)| head.author == author);
        let own: Vec<EnvelopeId> = own.map(|(id, _)| *id).collect();
        let at = at.and_then(|i| pick(&own, i));
        let replaces = over.and_then(|i| pick(&self.statements, i));
        let replaces: Vec<EnvelopeId> = replaces.into_iter().collect();
        let by = KEEPERS[k % 7];
        let id = if let (true, Some(at)) = (yes, at) {
            self.w.endorse_over(by, whom, at, day, &replaces)
        } else {
            let at = at.map(|at| self.w.at(at));
            self.w.revoke_on(by, whom, at, &replaces, day)
        };
        self.statements.push(id);
    }

    /// Over what was signed in the case, said by superiors, or at all.
    fn receipt(&mut self, w: usize, day: i64, of: &[usize], whole: bool) {
        let all: Vec<EnvelopeId> = self.w.heads.keys().copied().collect();
        let signed: Vec<EnvelopeId> = self.signed.iter().map(|(_, id)| *id).collect();
        let pools = [
            &signed,
            &self.statements,
            &self.receipts,
            &self.batons,
            &all,
        ];
        let ids = of.iter().filter_map(|i| pick(pools[i % 5], i / 5));
        let ids: Vec<EnvelopeId> = ids.collect();
        let id = self
            .w
            .receipt_as(WITNESSES[w % 6], day, &ids, u8::from(whole));
        self.receipts.push(id);
    }
}
