//! Random small worlds in which the roster moves as well: roots that change hands, offices founded
//! twice, appointments of every odd shape, stand-ins, entrustments, policies and transfers.
// Each test uses a part of this; what is impossible here is a mistake of the story.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use crate::story::{Move, STAFF, Story, any_move, one_move, wide_move};
use crate::town::{DAY, Draft, office};
use jiaolian_schema::act::{
    Act, Acting, Appoint, Entrust, FormerKeeper, Found, Open, Policy, PublicKey, Restyle, Root,
    RootSignature, RootStatement, Span, StandIn, Stays, Step,
};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{EnvelopeId, PersonCode, PersonId, sha256};
use jiaolian_schema::value::Fields;
use proptest::prelude::*;

/// What the roster's later acts do in between.
#[derive(Debug, Clone)]
pub enum Turn {
    Plain(Move),
    /// Who carries it, which keeper it names, which version, and up to where the former one stays.
    Root(usize, bool, u32, Option<usize>),
    Appoint(usize),
    Found(usize),
    /// By a second keeper of the top, whom only a root statement makes one.
    ByNewKeeper(usize),
    StandIn(bool),
    Decide(bool),
    Restyle(usize, i32),
    Entrust(usize, bool),
    /// Who sets it, and C in days.
    Policy(usize, u16),
    /// By whom, for whom, of which odd shape.
    Odd(usize, usize, usize),
    /// Who signs from now on under which appointment.
    Under(usize, usize),
    /// Which office, under which one, by whom, on which tier, in a drill or not.
    Tree(usize, usize, usize, u8, bool),
    /// Register, cancel or serve, by whom, having seen what.
    Transfer(usize, usize, Vec<usize>),
    /// A decision that rests on an entrustment.
    Home(usize, i64),
    /// A step that sets days: an extension, or a return.
    Days(usize, usize, i32, Vec<usize>),
    /// A step that the rules set apart from decisions.
    Verify(usize, Vec<usize>),
    /// A settlement by whoever, having seen what it replaces and more.
    Adjudicate(usize, bool, Vec<usize>, Vec<usize>),
    /// Somebody signs what its duty does not.
    Stray(usize, usize),
    /// Somebody else says to stand in, or under another appointment.
    Pretend(usize, usize),
    /// By whom, to whom, from and to which day, ending which ones.
    Lend(usize, usize, i64, i64, Vec<usize>),
    /// A receipt by one of all witnesses, over what was signed last.
    File(usize, i64, usize, bool),
}

const KEEPERS: [&str; 5] = ["P.k", "C1.k", "T1.k", "C2.k", "P.k2"];
const SIGNERS: [&str; 12] = [
    "T1.x", "T1.a", "T1.b", "C1.a", "C1.h2", "T1.h", "C1.h", "P.h", "T1.y", "T2.h", "T3.h", "C2.h",
];

pub fn one_turn() -> impl Strategy<Value = Turn> {
    let pick = 0..64_usize;
    prop_oneof![
        8 => one_move().prop_map(Turn::Plain),
        2 => (pick.clone(), any::<bool>(), 2..4_u32, proptest::option::of(pick.clone()))
            .prop_map(|(c, k, v, at)| Turn::Root(c, k, v, at)),
        1 => pick.clone().prop_map(Turn::Appoint),
        1 => pick.clone().prop_map(Turn::Found),
        1 => pick.clone().prop_map(Turn::ByNewKeeper),
        1 => any::<bool>().prop_map(Turn::StandIn),
        1 => any::<bool>().prop_map(Turn::Decide),
        1 => (pick.clone(), 10..13_i32).prop_map(|(k, day)| Turn::Restyle(k, day)),
        1 => (pick, any::<bool>()).prop_map(|(k, ends)| Turn::Entrust(k, ends)),
    ]
}

/// Turns beyond those of `one_turn`: wider, and stranger.
pub fn wide_turn() -> impl Strategy<Value = Turn> {
    let pick = 0..64_usize;
    let some = proptest::collection::vec(0..64_usize, 0..4);
    prop_oneof![
        8 => one_turn(),
        10 => wide_move().prop_map(Turn::Plain),
        3 => any_move().prop_map(Turn::Plain),
        5 => (pick.clone(), 5..60_i64, pick.clone(), any::<bool>())
            .prop_map(|(w, day, last, whole)| Turn::File(w, day, last, whole)),
        1 => (pick.clone(), 0..12_u16).prop_map(|(k, days)| Turn::Policy(k, days)),
        3 => (pick.clone(), pick.clone(), pick.clone()).prop_map(|(k, a, s)| Turn::Odd(k, a, s)),
        1 => (pick.clone(), pick.clone()).prop_map(|(a, of)| Turn::Under(a, of)),
        2 => (pick.clone(), pick.clone(), pick.clone(), 1..4_u8, any::<bool>())
            .prop_map(|(o, p, k, t, d)| Turn::Tree(o, p, k, t, d)),
        4 => (pick.clone(), pick.clone(), some.clone())
            .prop_map(|(what, a, seen)| Turn::Transfer(what, a, seen)),
        2 => (pick.clone(), 5..45_i64).prop_map(|(a, day)| Turn::Home(a, day)),
        2 => (pick.clone(), pick.clone(), 5..60_i32, some.clone())
            .prop_map(|(what, a, last, seen)| Turn::Days(what, a, last, seen)),
        1 => (pick.clone(), some.clone()).prop_map(|(a, seen)| Turn::Verify(a, seen)),
        2 => (pick.clone(), any::<bool>(), some.clone(), some.clone())
            .prop_map(|(a, yes, seen, over)| Turn::Adjudicate(a, yes, seen, over)),
        1 => (pick.clone(), pick.clone()).prop_map(|(a, what)| Turn::Stray(a, what)),
        1 => (pick.clone(), pick.clone()).prop_map(|(a, of)| Turn::Pretend(a, of)),
        2 => (pick.clone(), pick, 0..40_i64, 0..50_i64, some)
            .prop_map(|(k, to, from, until, ends)| Turn::Lend(k, to, from, until, ends)),
    ]
}

pub struct Tale {
    pub story: Story,
    pub stand_in: EnvelopeId,
    entrusts: Vec<EnvelopeId>,
    home: EnvelopeId,
    transfer: EnvelopeId,
    batons: Vec<EnvelopeId>,
}

fn public(name: &str) -> PublicKey {
    PublicKey {
        suite: 1,
        key: sha256(&[b"key", name.as_bytes()]).to_vec(),
    }
}

impl Tale {
    pub fn new() -> Self {
        Self::of(Story::new())
    }

    /// As `new`, about a minor.
    pub fn of_a_minor() -> Self {
        let mut story = Story::new();
        let open = Open {
            office: office("T1"),
            person: PersonCode([8; 16]),
            minor: 1,
            fields: Fields::new(),
        };
        let id = story.w.sign("T1.s", Draft::default(), open.into());
        story.w.case = Some(id.into());
        story.matter = story.w.apply("T1.h", "leave", (12, 20));
        story.matters = vec![story.matter];
        Self::of(story)
    }

    fn of(mut story: Story) -> Self {
        let w = &mut story.w;
        w.appoint("P.k2", "P.k", Duty::Keeper, &["KEEPER"], 0, 1_000);
        let plain = w.appoint("T1.y", "T1.k", Duty::Staff, &["X_DEP"], 0, 1_000);
        let Some(Act::Appoint(mut appoint)) = w.facts[&plain].what.roster_act() else {
            panic!("an appointment");
        };
        appoint.acting = Some(Acting {
            person: PersonId([9; 16]),
            condition: String::new(),
        });
        let stand_in = w.reappoint("T1.y", "T1.k", appoint);
        let home = w.apply("T1.s", "home", (12, 20));
        let transfer = w.apply("T1.s", "transfer", (12, 20));
        Self {
            story,
            stand_in,
            entrusts: Vec::new(),
            home,
            transfer,
            batons: Vec::new(),
        }
    }

    pub fn tell(&mut self, turn: &Turn) {
        let keeper = |k: &usize| KEEPERS[k % KEEPERS.len()];
        let w = &mut self.story.w;
        let (who, at, act): (_, _, Act) = match turn {
            Turn::Plain(step) => return self.story.tell(step),
            Turn::Decide(yes) => {
                let (matter, event) = (self.story.matter, if *yes { "approve" } else { "refuse" });
                w.step("T1.y", matter, event, &[], &[]);
                return;
            }
            Turn::Appoint(k) => {
                let who = format!("T1.n{k}");
                w.appoint(&who, keeper(k), Duty::Staff, &["X_DEP"], 0, 31);
                return;
            }
            Turn::Found(k) => {
                w.found(&format!("T9{}", k % 3), Some("C1"), 1);
                return;
            }
            Turn::ByNewKeeper(k) => {
                let who = format!("C1.n{k}");
                w.appoint(&who, "P.k2", Duty::Keeper, &["KEEPER"], 0, 31);
                return;
            }
            Turn::Root(carrier, second, version, at) => {
                let carriers = ["P.k", "P.k2", "C1.k", "T1.a"];
                let root = self.root(*second, *version, *at);
                (carriers[carrier % 4], "P", root.into())
            }
            Turn::StandIn(back) => ("T1.y", "T1", self.stands_in(*back)),
            Turn::Restyle(k, from_day) => {
                let act = Restyle {
                    office: office("T1"),
                    from_day: *from_day,
                    name: Some(format!("{k}")),
                    code: (k % 2 == 0).then(|| format!("{k}")),
                };
                (keeper(k), "T1", act.into())
            }
            Turn::Entrust(k, ends) => {
                let ended = self.entrusts.last().copied();
                let ended = ends.then(|| ended.into_iter().collect());
                (keeper(k), "C1", lends("T1", (10, 40), ended).into())
            }
            turn => return self.tell_wide(turn),
        };
        let entrusts = matches!(act, Act::Entrust(_));
        let id = self.in_roster(who, at, act);
        if entrusts {
            self.entrusts.push(id);
        }
    }

    fn tell_wide(&mut self, turn: &Turn) {
        let signer = |a: &usize| SIGNERS[a % SIGNERS.len()];
        match turn {
            Turn::Policy(k, stale_days) => {
                let who = ["P.k", "C1.k", "T1.k", "C2.k", "P.k2", "C1.k"][k % 6];
                let policy = Policy {
                    stale_days: *stale_days,
                    fold_version: 1,
                    rule_pack: [7; 32],
                };
                self.in_roster(who, "C1", policy.into());
            }
            Turn::Odd(k, a, shape) => self.odd(*k, *a, *shape),
            Turn::Under(a, of) => {
                let all: Vec<EnvelopeId> = self.story.w.facts.keys().copied().collect();
                let appoints: Vec<EnvelopeId> = self
                    .story
                    .w
                    .facts
                    .values()
                    .filter_map(|fact| {
                        matches!(fact.what.roster_act(), Some(Act::Appoint(_))).then_some(fact.id)
                    })
                    .collect();
                let id = match of % 3 {
                    0 => all[of * 7 % all.len()],
                    1 => appoints[of * 7 % appoints.len()],
                    _ => EnvelopeId(sha256(&[&[*of as u8]])),
                };
                self.story.w.sign_under(signer(a), id);
            }
            Turn::Tree(of, under, k, tier, drill) => self.tree(*of, *under, *k, *tier, *drill),
            Turn::Transfer(what, a, seen) => self.hand_over(*what, *a, seen),
            Turn::Home(a, day) => {
                let event = if a % 4 == 0 { "refuse" } else { "approve" };
                let who = SIGNERS[a % 7];
                self.story.w.step_on(who, self.home, event, &[], &[], *day);
            }
            Turn::Days(what, a, last, seen) => self.days(*what, *a, *last, seen),
            Turn::Verify(a, seen) => {
                let deps = self.story.seen(seen);
                let matter = self.story.matter;
                let id = self
                    .story
                    .w
                    .step(STAFF[a % 5], matter, "verify", &[], &deps);
                self.story.signed.push((a % 5, id));
            }
            Turn::Adjudicate(a, yes, seen, over) => {
                let of = &self.story.decisions;
                let mut over: Vec<EnvelopeId> = over
                    .iter()
                    .filter(|_| !of.is_empty())
                    .map(|i| of[i % of.len()])
                    .collect();
                over.sort_unstable();
                over.dedup();
                let event = if *yes {
                    "adjudicate_approve"
                } else {
                    "adjudicate_refuse"
                };
                let deps = self.story.seen(seen);
                let matter = self.story.matter;
                let id = self.story.w.step(signer(a), matter, event, &over, &deps);
                self.story.decisions.push(id);
            }
            Turn::Stray(a, what) => {
                let keeper = KEEPERS[a % KEEPERS.len()];
                let matter = self.story.matter;
                match what % 3 {
                    0 => drop(self.story.w.step(keeper, matter, "approve", &[], &[])),
                    1 => drop(self.story.w.revoke(signer(a), "T1.a", None, &[])),
                    _ => drop(self.story.w.serve(keeper, matter, 12)),
                }
            }
            turn => self.tell_strange(turn),
        }
    }

    fn tell_strange(&mut self, turn: &Turn) {
        match turn {
            Turn::Pretend(a, of) => {
                let mut act = StandIn {
                    appointment: self.stand_in,
                    reason: String::new(),
                    back: u8::from(of % 4 == 0),
                };
                let who = ["T1.a", "T1.y", "T1.k", "T1.x"][a % 4];
                if of % 2 == 1 {
                    act.appointment = self.story.w.appointment_of(who);
                }
                self.in_roster(who, "T1", act.into());
            }
            Turn::Lend(k, to, from, until, ends) => {
                let to = ["T1", "T1", "C1", "T2"][to % 4];
                let ends: Vec<EnvelopeId> = ends
                    .iter()
                    .filter(|_| !self.entrusts.is_empty())
                    .map(|i| self.entrusts[i % self.entrusts.len()])
                    .collect();
                let ends = (!ends.is_empty()).then_some(ends);
                let who = ["C1.k", "P.k", "C1.k", "C2.k", "T1.k", "C1.a"][k % 6];
                let id = self.in_roster(who, "C1", lends(to, (*from, *until), ends).into());
                self.entrusts.push(id);
            }
            Turn::File(w, day, last, whole) => {
                let all: Vec<EnvelopeId> = self.story.w.heads.keys().copied().collect();
                let lately = self.story.signed.iter().rev().take(1 + last % 5);
                let mut ids: Vec<EnvelopeId> = lately.map(|(_, id)| *id).collect();
                ids.extend(self.batons.iter().rev().take(last % 3));
                ids.extend(self.entrusts.last());
                ids.push(all[last * 13 % all.len()]);
                let who = ["C1.w", "P.w", "C2.w", "T1.w"][w % 4];
                let id = self.story.w.receipt_as(who, *day, &ids, u8::from(*whole));
                self.story.receipts.push(id);
            }
            _ => {}
        }
    }

    fn in_roster(&mut self, who: &str, at: &str, act: Act) -> EnvelopeId {
        let draft = Draft {
            dossier: Some(self.story.w.roster(at)),
            day: 11,
            ..Draft::default()
        };
        self.story.w.sign(who, draft, act)
    }

    fn stands_in(&self, back: bool) -> Act {
        let act = StandIn {
            appointment: self.stand_in,
            reason: String::new(),
            back: u8::from(back),
        };
        act.into()
    }

    /// An appointment that is narrow, wide, empty, an administrator's, a stand-in's or a keeper's.
    fn odd(&mut self, k: usize, a: usize, shape: usize) {
        let w = &mut self.story.w;
        let by = [
            "C1.k", "T1.k", "P.k", "C2.k", "P.k2", "C1.n", "T1.n", "C1.a",
        ][k % 8];
        let by = if w.appointed(by) { by } else { "C1.k" };
        let who = ["T1.x", "T1.p", "C1.n", "T1.n", "T1.q", "C1.q"][a % 6];
        let duty = match who {
            "C1.n" | "T1.n" => Duty::Keeper,
            "T1.q" | "C1.q" if shape % 4 == 3 => Duty::Witness,
            _ => Duty::Staff,
        };
        let at = who.split('.').next().unwrap();
        let roles: &[&str] = match shape % 8 {
            0 | 5 => &["OFF_HEAD"],
            1 => &["SYS_ADM"],
            2 => &["KEEPER", "X_DEP"],
            3 => &["SEC_ADM", "X_DEP"],
            4 => &["KEEPER"],
            _ => &["X_DEP"],
        };
        let acting = (shape % 5 == 4).then(|| Acting {
            person: w.person_of(["T1.h", who][shape / 5 % 2]),
            condition: String::new(),
        });
        let act = Appoint {
            person: w.person_of([who, who, "T1.a", "C1.a"][shape / 3 % 4]),
            name: String::new(),
            staff_number: String::new(),
            suite: 1,
            key: public(who).key,
            office: office(at),
            duty,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            kinds: [&[1, 2][..], &[1], &[2], &[1, 2], &[]][shape % 5].to_vec(),
            not_before: [0, 0, 20, 5][shape % 4] * DAY,
            not_after: [1_000, 31, 12, 60, 1_000][shape % 5] * DAY,
            depth: [3, 2, 4, 3][shape / 2 % 4],
            endpoint: None,
            document: String::new(),
            acting,
        };
        w.reappoint(who, by, act);
        if duty == Duty::Staff {
            let event = ["approve", "refuse", "note"][shape % 3];
            let id = w.step(who, self.story.matter, event, &[], &[]);
            self.story.decisions.push(id);
        }
    }

    /// A founding by whatever keeper, of a new or a known office, on whatever level.
    fn tree(&mut self, of: usize, under: usize, k: usize, tier: u8, drill: bool) {
        let name = ["T91", "T92", "T93", "T1", "C2", "P"][of % 6];
        let parents = [
            Some("C1"),
            Some("P"),
            Some("T1"),
            Some("C2"),
            None,
            Some("T91"),
        ];
        let parent = parents[under % 6];
        let act = Found {
            office: office(name),
            parent: parent.map(office),
            tier,
            code: String::new(),
            name: format!("{name} {k}"),
            drill: u8::from(drill && of.is_multiple_of(2)),
            nonce: None,
        };
        let by = match parent {
            Some("C1" | "P" | "C2" | "T1") if !k.is_multiple_of(3) => {
                format!("{}.k", parent.unwrap())
            }
            _ => KEEPERS[k % KEEPERS.len()].to_owned(),
        };
        self.story.w.sign(&by, Draft::default(), act.into());
        if name.starts_with("T9") {
            let who = format!("{name}.a");
            let w = &mut self.story.w;
            w.appoint(&who, KEEPERS[k % 2], Duty::Staff, &["X_DEP"], 0, 31);
            w.step(&who, self.story.matter, "approve", &[], &[]);
        }
    }

    /// The new office registers, the old one cancels, the cancel is served.
    fn hand_over(&mut self, what: usize, a: usize, seen: &[usize]) {
        let deps = self.story.seen(seen);
        let w = &mut self.story.w;
        let (who, event) = match what % 3 {
            0 => (["T3.h", "T2.h", "C2.h", "T3.a"][a % 4], "register"),
            1 => (["T1.h", "C1.h", "T1.b"][a % 3], "cancel"),
            _ => {
                let cancels = self.batons.iter().filter(|id| match &w.facts[*id].what {
                    jiaolian_schema::fact::What::Step { event, .. } => event == "cancel",
                    _ => false,
                });
                let cancels: Vec<EnvelopeId> = cancels.copied().collect();
                if let Some(cancel) = cancels.get(a % cancels.len().max(1)) {
                    let id = w.serve(["T1.s", "C1.s"][a % 2], *cancel, 13);
                    self.batons.push(id);
                }
                return;
            }
        };
        let id = w.step(who, self.transfer, event, &[], &deps);
        self.batons.push(id);
    }

    fn days(&mut self, what: usize, a: usize, last_day: i32, seen: &[usize]) {
        let mut deps = self.story.seen(seen);
        let matters = &self.story.matters;
        let matter = matters[a % matters.len()];
        deps.extend(self.story.decisions.iter().rev().take(what % 5));
        deps.extend([matter, self.story.w.case.unwrap().into()]);
        let act = Step {
            matter,
            event: ["extend", "return", "extend", "approve"][what % 4].to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: Fields::new(),
            span: Some(Span {
                first_day: 12,
                last_day,
            }),
        };
        let draft = Draft {
            dossier: self.story.w.case,
            deps,
            day: 14,
            ..Draft::default()
        };
        let id = self.story.w.sign(STAFF[a % 5], draft, act.into());
        self.story.signed.push((a % 5, id));
        if what.is_multiple_of(2) {
            self.story.decisions.push(id);
        }
    }

    /// Version 2 or 3 by the pinned root's one key; any two of a version that differ are a quarrel.
    fn root(&self, second: bool, version: u32, at: Option<usize>) -> Root {
        let w = &self.story.w;
        let (keeper, before) = if second {
            ("P.k2", "P.k")
        } else {
            ("P.k", "P.k2")
        };
        let former = w.author(before);
        let own = w.heads.iter().filter(|(_, head)| head.author == former);
        let own: Vec<EnvelopeId> = own.map(|(id, _)| *id).collect();
        let at = at.and_then(|i| own.get(i % own.len().max(1)));
        let statement = RootStatement {
            version,
            former: vec![FormerKeeper {
                key: public(before),
                stays: at.map_or(Stays::All, |id| Stays::UpTo(w.at(*id))),
            }],
            keeper: public(keeper),
            ..RootStatement::single(office("P"), public("P.k"))
        };
        let mut signature = [0; 64];
        let by = public("P.k");
        signature[..32].copy_from_slice(&sha256(&[&by.key, &statement.signed_bytes()]));
        Root {
            signatures: vec![RootSignature { key: by, signature }],
            statement,
        }
    }
}

fn lends(to: &str, days: (i64, i64), ends: Option<Vec<EnvelopeId>>) -> Entrust {
    let ends = ends.map(|mut ends| {
        ends.sort_unstable();
        ends.dedup();
        ends
    });
    Entrust {
        office: office(to),
        actions: vec!["home".to_owned(), "leave".to_owned()],
        from: days.0 * DAY,
        to: days.1 * DAY,
        document: String::new(),
        ends,
    }
}
