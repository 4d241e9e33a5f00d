//! Random small worlds: what several people, a thief and some superiors do one after the other.
// Each test uses a part of this; what is impossible here is a mistake of the story.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use crate::town::{DAY, Draft, World, office};
use jiaolian_schema::act::{Act, Assign, Consult, Seal};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{EnvelopeId, PersonId};
use proptest::prelude::*;

/// One thing that happens in the story.
#[derive(Debug, Clone)]
pub enum Move {
    Note(usize),
    Fork(usize),
    Decide(usize, bool, bool),
    Serve(usize),
    /// Takes back what one signed, perhaps knowing what was signed last.
    Withdraw(usize, bool),
    Correct(usize, usize),
    Amend(usize, bool),
    Receipt(usize, i64, Vec<usize>, bool),
    Revoke(usize, usize, Option<usize>),
    Endorse(usize, usize, i64),
    Cite(usize, usize),
    /// Who, event, which earlier acts were seen, which decisions are replaced, on which day.
    Settle(usize, bool, Vec<usize>, Vec<usize>, i64),
    /// A statement of any keeper about any author, perhaps in place of an earlier one.
    State(usize, usize, Option<usize>, bool, Option<usize>, i64),
    /// A receipt over anything at all.
    Witness(usize, i64, Vec<usize>, bool),
    Assign(usize, usize, Vec<usize>),
    /// Another leave, with days that may add up.
    Apply(usize, i32, i32),
    Return(usize, i32),
    ForkWitness(usize),
    Hire(usize, usize),
    /// A service that had seen some acts.
    Tell(usize, Vec<usize>),
    /// A seal or its lifting, over some of the earlier ones.
    Seal(usize, bool, Vec<usize>),
    /// A sealed case is opened to somebody for some days.
    Consult(usize, i64, Vec<usize>),
}

pub const STAFF: [&str; 5] = ["T1.x", "T1.a", "T1.b", "C1.a", "C1.h2"];
const WITNESSES: [&str; 2] = ["C1.w", "P.w"];
const KEEPERS: [&str; 4] = ["P.k", "C1.k", "T1.k", "C2.k"];
const JUDGED: [&str; 5] = ["T1.x", "T1.a", "C1.w", "C1.k", "C1.a"];

/// Moves beyond those of `one_move`: wider, and stranger.
pub fn wide_move() -> impl Strategy<Value = Move> {
    let pick = 0..64_usize;
    let some = proptest::collection::vec(0..64_usize, 0..4);
    prop_oneof![
        8 => one_move(),
        4 => (pick.clone(), any::<bool>(), some.clone(), some.clone(), 5..40_i64)
            .prop_map(|(a, yes, seen, over, day)| Move::Settle(a, yes, seen, over, day)),
        3 => (pick.clone(), pick.clone(), proptest::option::of(pick.clone()), any::<bool>(),
              proptest::option::of(pick.clone()), 5..60_i64)
            .prop_map(|(k, a, at, yes, over, day)| Move::State(k, a, at, yes, over, day)),
        4 => (pick.clone(), 5..60_i64, proptest::collection::vec(pick.clone(), 1..8), any::<bool>())
            .prop_map(|(w, t, ids, whole)| Move::Witness(w, t, ids, whole)),
        1 => (pick.clone(), pick.clone(), some.clone()).prop_map(|(a, o, s)| Move::Assign(a, o, s)),
        1 => (pick.clone(), 0..70_i32, 1..25_i32).prop_map(|(a, f, d)| Move::Apply(a, f, d)),
        1 => (pick.clone(), 0..60_i32).prop_map(|(a, d)| Move::Return(a, d)),
        1 => pick.clone().prop_map(Move::ForkWitness),
        1 => (pick.clone(), pick.clone()).prop_map(|(k, a)| Move::Hire(k, a)),
        2 => (pick.clone(), any::<bool>(), some.clone()).prop_map(|(a, on, s)| Move::Seal(a, on, s)),
        1 => (pick.clone(), 0..40_i64, some.clone()).prop_map(|(a, d, s)| Move::Consult(a, d, s)),
        1 => (pick, some).prop_map(|(a, seen)| Move::Tell(a, seen)),
    ]
}

/// Moves of `one_move` with acts taken back and corrected.
pub fn any_move() -> impl Strategy<Value = Move> {
    let pick = 0..64_usize;
    prop_oneof![
        16 => one_move(),
        2 => (pick.clone(), any::<bool>()).prop_map(|(a, knows)| Move::Withdraw(a, knows)),
        1 => (pick.clone(), pick).prop_map(|(a, by)| Move::Correct(a, by)),
    ]
}

pub fn one_move() -> impl Strategy<Value = Move> {
    let pick = 0..64_usize;
    prop_oneof![
        3 => pick.clone().prop_map(Move::Note),
        1 => pick.clone().prop_map(Move::Fork),
        4 => (pick.clone(), any::<bool>(), any::<bool>()).prop_map(|(a, b, c)| Move::Decide(a, b, c)),
        1 => pick.clone().prop_map(Move::Serve),
        2 => (pick.clone(), any::<bool>()).prop_map(|(a, b)| Move::Amend(a, b)),
        4 => (pick.clone(), 5..60_i64, proptest::collection::vec(pick.clone(), 0..5), any::<bool>())
            .prop_map(|(w, t, ids, whole)| Move::Receipt(w, t, ids, whole)),
        1 => (pick.clone(), pick.clone(), proptest::option::of(pick.clone()))
            .prop_map(|(k, a, at)| Move::Revoke(k, a, at)),
        1 => (pick.clone(), pick.clone(), 5..60_i64).prop_map(|(k, a, t)| Move::Endorse(k, a, t)),
        1 => (pick.clone(), pick).prop_map(|(a, r)| Move::Cite(a, r)),
    ]
}

fn pick<T: Copy>(from: &[T], index: usize) -> Option<T> {
    (!from.is_empty()).then(|| from[index % from.len()])
}

pub struct Story {
    pub w: World,
    pub matter: EnvelopeId,
    pub signed: Vec<(usize, EnvelopeId)>,
    pub decisions: Vec<EnvelopeId>,
    pub amends: Vec<EnvelopeId>,
    pub receipts: Vec<EnvelopeId>,
    pub statements: Vec<EnvelopeId>,
    pub assigns: Vec<EnvelopeId>,
    pub seals: Vec<EnvelopeId>,
    pub matters: Vec<EnvelopeId>,
}

impl Story {
    pub fn new() -> Self {
        let mut w = World::new();
        w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 0, 31);
        w.open("T1.s");
        let matter = w.apply("T1.h", "leave", (12, 20));
        Self {
            w,
            matter,
            signed: Vec::new(),
            decisions: Vec::new(),
            amends: Vec::new(),
            receipts: Vec::new(),
            statements: Vec::new(),
            assigns: Vec::new(),
            seals: Vec::new(),
            matters: vec![matter],
        }
    }

    pub fn tell(&mut self, step: &Move) {
        match step {
            Move::Note(a) => {
                let id = self.w.note(STAFF[a % 5], 10);
                self.signed.push((a % 5, id));
            }
            Move::Fork(a) => {
                if let Some((who, id)) = pick(&self.signed, *a) {
                    let head = self.w.heads[&id].clone();
                    let id = self.w.note_after(STAFF[who], 12, head.n - 1, head.prev);
                    self.signed.push((who, id));
                }
            }
            Move::Decide(a, yes, over) => {
                let event = if *yes { "approve" } else { "refuse" };
                let replaces = if *over {
                    self.decisions.clone()
                } else {
                    Vec::new()
                };
                let id = self.w.step(
                    STAFF[a % 5],
                    self.matter,
                    event,
                    &replaces[..replaces.len().min(3)],
                    &[],
                );
                self.signed.push((a % 5, id));
                self.decisions.push(id);
            }
            Move::Serve(a) => {
                if let Some(id) = pick(&self.decisions, *a) {
                    self.w.serve("T1.s", id, 12);
                }
            }
            Move::Amend(a, over) => {
                let replaces: Vec<_> = self
                    .amends
                    .last()
                    .filter(|_| *over)
                    .copied()
                    .into_iter()
                    .collect();
                let id = self
                    .w
                    .amend(STAFF[a % 5], ["A", "B", "C"][a % 3], &replaces);
                self.signed.push((a % 5, id));
                self.amends.push(id);
            }
            Move::Receipt(w, day, of, whole) => {
                let all: Vec<EnvelopeId> = self.w.heads.keys().copied().collect();
                let near = of
                    .iter()
                    .filter_map(|i| pick(&self.signed, *i))
                    .map(|(_, id)| id);
                let mut ids: Vec<EnvelopeId> = near.collect();
                ids.extend(of.first().and_then(|i| pick(&all, *i)));
                let id = self
                    .w
                    .receipt_as(WITNESSES[w % 2], *day, &ids, u8::from(*whole));
                self.receipts.push(id);
            }
            Move::Revoke(k, a, at) => {
                let whom = JUDGED[a % 5];
                let author = self.w.author(whom);
                let own = self
                    .w
                    .heads
                    .iter()
                    .filter(|(_, head)| head.author == author);
                let own: Vec<EnvelopeId> = own.map(|(id, _)| *id).collect();
                let at = at.and_then(|i| pick(&own, i)).map(|id| self.w.at(id));
                self.w.revoke(KEEPERS[k % 4], whom, at, &[]);
            }
            Move::Endorse(k, a, day) => {
                if let Some((who, id)) = pick(&self.signed, *a) {
                    self.w.endorse(KEEPERS[k % 4], STAFF[who], id, *day);
                }
            }
            Move::Cite(a, r) => {
                if let Some(receipt) = pick(&self.receipts, *r) {
                    self.w.cite(STAFF[a % 5], receipt);
                }
            }
            step => self.tell_wide(step),
        }
    }

    pub fn seen(&self, of: &[usize]) -> Vec<EnvelopeId> {
        let all: Vec<EnvelopeId> = self.w.case_facts().keys().copied().collect();
        of.iter().filter_map(|i| pick(&all, *i)).collect()
    }

    fn sign_in_case(&mut self, who: usize, mut deps: Vec<EnvelopeId>, act: Act) -> EnvelopeId {
        deps.sort_unstable();
        deps.dedup();
        let draft = Draft {
            dossier: self.w.case,
            deps,
            day: 9,
            ..Draft::default()
        };
        self.w.sign(STAFF[who % STAFF.len()], draft, act)
    }

    fn tell_seal(&mut self, step: &Move) {
        match step {
            Move::Seal(a, on, over) => {
                let mut replaces: Vec<EnvelopeId> = over
                    .iter()
                    .filter_map(|at| pick(&self.seals, *at))
                    .collect();
                replaces.sort_unstable();
                replaces.dedup();
                let mut deps = replaces.clone();
                deps.extend(self.w.case.map(EnvelopeId::from));
                let act = Seal {
                    sealed: u8::from(*on),
                    ground: "any".to_owned(),
                    document: String::new(),
                    replaces,
                };
                let id = self.sign_in_case(*a, deps, act.into());
                self.seals.push(id);
            }
            Move::Consult(a, days, seen) => {
                let mut deps = self.seen(seen);
                deps.extend(self.w.case.map(EnvelopeId::from));
                let words = if days % 3 == 0 { " " } else { "x" };
                let act = Consult {
                    person: PersonId([1; 16]),
                    ground: "any".to_owned(),
                    unit: "x".to_owned(),
                    purpose: words.to_owned(),
                    document: "x".to_owned(),
                    from: 0,
                    to: days * DAY,
                };
                self.sign_in_case(*a, deps, act.into());
            }
            _ => {}
        }
    }

    fn tell_wide(&mut self, step: &Move) {
        match step {
            Move::Withdraw(a, knows) => {
                if let Some((who, id)) = pick(&self.signed, *a) {
                    let last = self.signed.last().filter(|_| *knows).map(|(_, id)| *id);
                    let seen: Vec<EnvelopeId> = last.into_iter().collect();
                    let back = self.w.withdraw(STAFF[who], id, &seen);
                    self.signed.push((who, back));
                }
            }
            Move::Correct(a, by) => {
                if let Some((_, id)) = pick(&self.signed, *a) {
                    self.w.correct(STAFF[by % 5], id, "told later");
                }
            }
            Move::Settle(a, yes, seen, over, day) => {
                let matter = pick(&self.matters, *a).unwrap();
                let seen = self.seen(seen);
                let over: Vec<_> = over
                    .iter()
                    .filter_map(|i| pick(&self.decisions, *i))
                    .collect();
                let event = if *yes { "approve" } else { "refuse" };
                let who = STAFF[(a / 7) % 5];
                let mut over = over;
                over.sort_unstable();
                over.dedup();
                let id = self.w.step_on(who, matter, event, &over, &seen, *day);
                self.signed.push(((a / 7) % 5, id));
                self.decisions.push(id);
            }
            Move::State(k, a, at, yes, over, day) => self.state(*k, *a, *at, *yes, *over, *day),
            Move::Witness(w, day, of, whole) => {
                let all: Vec<EnvelopeId> = self.w.heads.keys().copied().collect();
                let ids: Vec<_> = of.iter().filter_map(|i| pick(&all, i * 31 + w)).collect();
                let id = self
                    .w
                    .receipt_as(WITNESSES[w % 2], *day, &ids, u8::from(*whole));
                self.receipts.push(id);
            }
            Move::Seal(..) | Move::Consult(..) => self.tell_seal(step),
            Move::Assign(a, to, seen) => {
                let act = Assign {
                    office: office(["T1", "T2", "C1", "T3"][to % 4]),
                    replaces: self.assigns.iter().take(a % 3).copied().collect(),
                };
                let mut deps = self.seen(seen);
                deps.extend(&act.replaces);
                let draft = Draft {
                    dossier: self.w.case,
                    deps,
                    day: 9,
                    ..Draft::default()
                };
                let mut act = act;
                act.replaces.sort_unstable();
                let who = ["C1.a", "C1.h2", "T1.a", "P.h"][a % 4];
                let id = self.w.sign(who, draft, act.into());
                self.assigns.push(id);
            }
            Move::Apply(a, first, days) => {
                let id = self.w.apply(STAFF[a % 5], "leave", (*first, first + days));
                self.matters.push(id);
            }
            Move::Return(a, last) => self.come_back(*a, *last),
            Move::ForkWitness(w)
                if self
                    .w
                    .heads
                    .values()
                    .any(|head| head.author == self.w.author(WITNESSES[w % 2])) =>
            {
                self.w.fork_first(WITNESSES[w % 2], 11);
            }
            Move::Hire(k, a) => {
                let roles: &[&str] = [&["X_DEP"][..], &["OFF_HEAD"], &["OFF_STAFF"]][a % 3];
                self.w
                    .appoint("T1.z", KEEPERS[k % 4], Duty::Staff, roles, 5, 25);
                let id = self.w.step("T1.z", self.matter, "approve", &[], &[]);
                self.decisions.push(id);
            }
            Move::Tell(a, seen) => self.tell_of(*a, seen),
            _ => {}
        }
    }

    /// Serves one of the decisions.
    fn tell_of(&mut self, a: usize, seen: &[usize]) {
        let Some(id) = pick(&self.decisions, a) else {
            return;
        };
        let mut deps = self.seen(seen);
        deps.push(id);
        deps.push(self.w.case.unwrap().into());
        let act = jiaolian_schema::act::Serve {
            decision: id,
            fields: jiaolian_schema::value::Fields::new(),
        };
        let draft = Draft {
            dossier: self.w.case,
            deps,
            day: 13,
            ..Draft::default()
        };
        let act: Act = act.into();
        let id = self.w.sign(["T1.s", "C1.s"][a % 2], draft, act);
        self.signed.push((0, id));
    }

    fn come_back(&mut self, a: usize, last_day: i32) {
        let matter = pick(&self.matters, a).unwrap();
        let seen: Vec<EnvelopeId> = self.decisions.iter().rev().take(6).copied().collect();
        let act = jiaolian_schema::act::Step {
            matter,
            event: "return".to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: jiaolian_schema::value::Fields::new(),
            span: Some(jiaolian_schema::act::Span {
                first_day: 0,
                last_day,
            }),
        };
        let mut deps = seen;
        deps.push(matter);
        let draft = Draft {
            dossier: self.w.case,
            deps,
            day: 14,
            ..Draft::default()
        };
        let id = self.w.sign("T1.s", draft, act.into());
        self.signed.push((0, id));
    }

    fn state(
        &mut self,
        k: usize,
        a: usize,
        at: Option<usize>,
        yes: bool,
        over: Option<usize>,
        day: i64,
    ) {
        let whom = [
            "T1.x", "T1.a", "C1.w", "C1.k", "C1.a", "T1.b", "T1.k", "P.w",
        ][a % 8];
        let author = self.w.author(whom);
        let own: Vec<EnvelopeId> = self
            .w
            .heads
            .iter()
            .filter(|(_, head)| head.author == author)
            .map(|(id, _)| *id)
            .collect();
        let at = at.and_then(|i| pick(&own, i));
        let replaces: Vec<_> = over
            .and_then(|i| pick(&self.statements, i))
            .into_iter()
            .collect();
        let by = KEEPERS[k % 4];
        let id = if let (true, Some(at)) = (yes, at) {
            self.w.endorse_over(by, whom, at, day, &replaces)
        } else {
            let at = at.map(|at| self.w.at(at));
            self.w.revoke(by, whom, at, &replaces)
        };
        self.statements.push(id);
    }
}
