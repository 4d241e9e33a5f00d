//! Any order of arrival gives the same: one at a time in any order equals all at once, for any
//! subset.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{
    Act, Acting, Entrust, FormerKeeper, PublicKey, Restyle, Root, RootSignature, RootStatement,
    StandIn, Stays,
};
use jiaolian_schema::authority::{Authority, State};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{EnvelopeId, sha256};
use jiaolian_schema::standing::fold;
use proptest::prelude::*;
use std::collections::BTreeMap;
use town::{Draft, TownRules, World};

/// One thing that happens in the story.
#[derive(Debug, Clone)]
enum Move {
    Note(usize),
    Fork(usize),
    Decide(usize, bool, bool),
    Serve(usize),
    Amend(usize, bool),
    Receipt(usize, i64, Vec<usize>, bool),
    Revoke(usize, usize, Option<usize>),
    Endorse(usize, usize, i64),
    Cite(usize, usize),
    /// Who carries it, which keeper it names, which version, and up to where the former one stays.
    Root(usize, bool, u32, Option<usize>),
    Appoint(usize),
    StandIn(bool),
    Restyle(usize, i32),
    Entrust(usize, bool),
}

const STAFF: [&str; 6] = ["T1.x", "T1.a", "T1.b", "C1.a", "C1.h2", "T1.y"];
const WITNESSES: [&str; 2] = ["C1.w", "P.w"];
const KEEPERS: [&str; 5] = ["P.k", "C1.k", "T1.k", "C2.k", "P.k2"];
const JUDGED: [&str; 5] = ["T1.x", "T1.a", "C1.w", "C1.k", "C1.a"];

fn one_move() -> impl Strategy<Value = Move> {
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
        1 => (pick.clone(), pick.clone()).prop_map(|(a, r)| Move::Cite(a, r)),
        1 => (pick.clone(), any::<bool>(), 2..4_u32, proptest::option::of(pick.clone()))
            .prop_map(|(c, k, v, at)| Move::Root(c, k, v, at)),
        1 => pick.clone().prop_map(Move::Appoint),
        1 => any::<bool>().prop_map(Move::StandIn),
        1 => (pick.clone(), 10..13_i32).prop_map(|(k, day)| Move::Restyle(k, day)),
        1 => (pick, any::<bool>()).prop_map(|(k, ends)| Move::Entrust(k, ends)),
    ]
}

fn pick<T: Copy>(from: &[T], index: usize) -> Option<T> {
    (!from.is_empty()).then(|| from[index % from.len()])
}

struct Story {
    w: World,
    matter: EnvelopeId,
    signed: Vec<(usize, EnvelopeId)>,
    decisions: Vec<EnvelopeId>,
    amends: Vec<EnvelopeId>,
    receipts: Vec<EnvelopeId>,
    entrusts: Vec<EnvelopeId>,
    stand_in: EnvelopeId,
}

impl Story {
    fn new() -> Self {
        let mut w = World::new();
        w.appoint("P.k2", "P.k", Duty::Keeper, &["KEEPER"], 0, 1_000);
        let stand_in = appoint_stand_in(&mut w);
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
            entrusts: Vec::new(),
            stand_in,
        }
    }

    fn tell(&mut self, step: &Move) {
        match step {
            Move::Note(a) => {
                let id = self.w.note(STAFF[a % STAFF.len()], 10);
                self.signed.push((a % STAFF.len(), id));
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
                    STAFF[a % STAFF.len()],
                    self.matter,
                    event,
                    &replaces[..replaces.len().min(3)],
                    &[],
                );
                self.signed.push((a % STAFF.len(), id));
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
                    .amend(STAFF[a % STAFF.len()], ["A", "B", "C"][a % 3], &replaces);
                self.signed.push((a % STAFF.len(), id));
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
                let at = at
                    .and_then(|i| pick(&self.signed, i))
                    .map(|(_, id)| self.w.at(id));
                self.w.revoke(
                    KEEPERS[k % KEEPERS.len()],
                    JUDGED[a % JUDGED.len()],
                    at,
                    &[],
                );
            }
            Move::Endorse(k, a, day) => {
                if let Some((who, id)) = pick(&self.signed, *a) {
                    self.w
                        .endorse(KEEPERS[k % KEEPERS.len()], STAFF[who], id, *day);
                }
            }
            Move::Cite(a, r) => {
                if let Some(receipt) = pick(&self.receipts, *r) {
                    self.w.cite(STAFF[a % STAFF.len()], receipt);
                }
            }
            Move::Appoint(k) => {
                let who = format!("T1.n{k}");
                let by = KEEPERS[k % KEEPERS.len()];
                self.w.appoint(&who, by, Duty::Staff, &["X_DEP"], 0, 31);
            }
            _ => self.tell_roster(step),
        }
    }

    /// The acts of the roster that order nothing.
    fn tell_roster(&mut self, step: &Move) {
        let (who, at, act): (_, _, Act) = match step {
            Move::Root(carrier, second, version, at) => {
                let carriers = ["P.k", "P.k2", "C1.k", "T1.a"];
                let at = at.and_then(|i| pick(&self.by_root(), i));
                let root = root_of(&self.w, *second, *version, at);
                (carriers[carrier % 4], "P", root.into())
            }
            Move::StandIn(back) => {
                let act = StandIn {
                    appointment: self.stand_in,
                    reason: String::new(),
                    back: u8::from(*back),
                };
                ("T1.y", "T1", act.into())
            }
            Move::Restyle(k, from_day) => {
                let act = Restyle {
                    office: town::office("T1"),
                    from_day: *from_day,
                    name: Some(format!("{k}")),
                    code: (k % 2 == 0).then(|| format!("{k}")),
                };
                (KEEPERS[k % KEEPERS.len()], "T1", act.into())
            }
            Move::Entrust(k, ends) => {
                let act = Entrust {
                    office: town::office("T1"),
                    actions: vec!["leave".to_owned()],
                    from: 10 * town::DAY,
                    to: 40 * town::DAY,
                    document: String::new(),
                    ends: ends.then(|| self.entrusts.last().copied().into_iter().collect()),
                };
                (KEEPERS[k % KEEPERS.len()], "C1", act.into())
            }
            other => panic!("{other:?} is told elsewhere"),
        };
        let draft = Draft {
            dossier: Some(self.w.roster(at)),
            day: 11,
            ..Draft::default()
        };
        let entrusts = matches!(act, Act::Entrust(_));
        let id = self.w.sign(who, draft, act);
        if entrusts {
            self.entrusts.push(id);
        }
    }

    fn by_root(&self) -> Vec<EnvelopeId> {
        let root = self.w.author("P.k");
        let heads = self.w.heads.iter();
        let own = heads.filter(|(_, head)| head.author == root);
        own.map(|(id, _)| *id).collect()
    }
}

fn appoint_stand_in(w: &mut World) -> EnvelopeId {
    let plain = w.appoint("T1.y", "T1.k", Duty::Staff, &["X_DEP"], 0, 1_000);
    let Some(Act::Appoint(mut appoint)) = w.facts[&plain].what.roster_act() else {
        panic!("an appointment");
    };
    appoint.acting = Some(Acting {
        person: jiaolian_schema::id::PersonId([9; 16]),
        condition: String::new(),
    });
    w.reappoint("T1.y", "T1.k", appoint)
}

/// Version 2 or 3 by the pinned root's one key; every pair of them that differs is a quarrel.
fn root_of(w: &World, second: bool, version: u32, at: Option<EnvelopeId>) -> Root {
    let public = |name: &str| PublicKey {
        suite: 1,
        key: sha256(&[b"key", name.as_bytes()]).to_vec(),
    };
    let (keeper, before) = if second {
        ("P.k2", "P.k")
    } else {
        ("P.k", "P.k2")
    };
    let former = FormerKeeper {
        key: public(before),
        stays: at.map_or(Stays::All, |id| Stays::UpTo(w.at(id))),
    };
    Root {
        statement: RootStatement {
            version,
            former: vec![former],
            keeper: public(keeper),
            ..RootStatement::single(town::office("P"), public("P.k"))
        },
        signatures: vec![RootSignature {
            key: public("P.k"),
            signature: [0; 64],
        }],
    }
}

/// What the story's end shows of the root, of names and of entrustments.
fn roster_answers(authority: &Authority, stand_in: EnvelopeId) -> String {
    let days = (0..50).map(|day| authority.entrusted(town::office("T1"), "leave", day * town::DAY));
    let names = (9..14).map(|day| authority.name_at(town::office("T1"), day));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        authority.root(),
        authority.contested_roots(),
        days.collect::<Vec<_>>(),
        names.collect::<Vec<_>>(),
        authority.stood_in(stand_in).collect::<Vec<_>>(),
        authority.admin_clashes(),
    )
}

/// One arrival: a head or a fact.
#[derive(Debug, Clone, Copy)]
enum Arrival {
    Head(EnvelopeId),
    Fact(EnvelopeId),
}

fn arrivals(w: &World) -> Vec<Arrival> {
    let heads = w.heads.keys().map(|id| Arrival::Head(*id));
    heads
        .chain(w.facts.keys().map(|id| Arrival::Fact(*id)))
        .collect()
}

fn one_by_one(w: &World, order: &[Arrival]) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    for arrival in order {
        match arrival {
            Arrival::Head(id) => authority.add_head(*id, &w.heads[id]),
            Arrival::Fact(id) => authority.add_fact(&w.facts[id]),
        }
    }
    authority
}

fn at_once(w: &World, order: &[Arrival]) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    let heads = order.iter().filter_map(|arrival| match arrival {
        Arrival::Head(id) => Some((*id, &w.heads[id])),
        Arrival::Fact(_) => None,
    });
    let facts = order.iter().filter_map(|arrival| match arrival {
        Arrival::Fact(id) => Some(&w.facts[id]),
        Arrival::Head(_) => None,
    });
    authority.extend(heads, facts);
    authority
}

/// Everything that can be asked, in one value.
fn answers(w: &World, authority: &Authority) -> (Vec<(EnvelopeId, State, String)>, String) {
    let states = w.facts.values().map(|fact| {
        let id = fact.id;
        let rest = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            authority.path_state(id),
            authority.covered(id),
            authority.filed0(id),
            authority.window(fact),
            authority.chain_tip(fact.author),
            authority.chain_gap(fact.author),
        );
        (id, authority.state(fact, authority.is_complete(id)), rest)
    });
    let whole = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        authority.offices(),
        authority.forks(),
        authority.endpoints(),
        authority.newest_receipt_for(town::office("T1")),
        authority.appointments().collect::<Vec<_>>(),
    );
    (states.collect(), whole)
}

fn root(authority: &Authority, facts: &BTreeMap<EnvelopeId, Fact>) -> [u8; 32] {
    fold(authority, &TownRules, facts).state_root()
}

/// A fixed shuffle by the keys that the test draws.
fn shuffled(mut all: Vec<Arrival>, keys: &[u64]) -> Vec<Arrival> {
    for i in (1..all.len()).rev() {
        let key = keys[i % keys.len()]
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(i as u64);
        let mixed = (key ^ (key >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11;
        all.swap(i, (mixed % (i as u64 + 1)) as usize);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_by_one_in_any_order_equals_all_at_once(
        moves in proptest::collection::vec(one_move(), 4..28),
        keys in proptest::collection::vec(any::<u64>(), 7),
        drop_one_in in 0..12_usize,
    ) {
        let mut story = Story::new();
        for step in &moves {
            story.tell(step);
        }
        let (w, stand_in) = (story.w, story.stand_in);
        let mut order = shuffled(arrivals(&w), &keys);
        if drop_one_in > 4 {
            let mut at = 0;
            order.retain(|_| { at += 1; at % (drop_one_in * 3) != 0 });
        }
        let slow = one_by_one(&w, &order);
        let fast = at_once(&w, &order);
        let (one, all) = (answers(&w, &slow), answers(&w, &fast));
        for (left, right) in one.0.iter().zip(&all.0) {
            prop_assert_eq!((left, &w.facts[&left.0].what), (right, &w.facts[&left.0].what));
        }
        prop_assert_eq!(one.1, all.1);
        let (slow_words, fast_words) = (roster_answers(&slow, stand_in), roster_answers(&fast, stand_in));
        prop_assert_eq!(slow_words, fast_words);
        let here = order.iter().filter_map(|arrival| match arrival {
            Arrival::Fact(id) => Some((*id, w.facts[id].clone())),
            Arrival::Head(_) => None,
        });
        let facts: BTreeMap<_, _> = here.filter(|(_, fact)| Some(fact.dossier) == w.case).collect();
        prop_assert_eq!(root(&slow, &facts), root(&fast, &facts));
    }
}

#[test]
fn signing_order_with_every_prefix_equals_all_at_once() {
    let mut story = Story::new();
    let moves = [
        Move::Note(0),
        Move::Decide(1, true, false),
        Move::Receipt(0, 11, vec![0, 1], true),
        Move::Cite(1, 0),
        Move::Decide(2, false, false),
        Move::Fork(0),
        Move::Receipt(1, 14, vec![2, 3], true),
        Move::Serve(0),
        Move::Revoke(1, 1, Some(1)),
        Move::Endorse(0, 1, 40),
        Move::Decide(4, false, true),
        Move::StandIn(false),
        Move::Decide(5, true, true),
        Move::Appoint(0),
        Move::Root(1, true, 2, Some(3)),
        Move::Appoint(4),
        Move::Root(3, true, 3, None),
        Move::Restyle(1, 11),
        Move::Entrust(1, false),
        Move::Entrust(0, true),
        Move::Root(0, false, 2, None),
    ];
    let mut authority = Authority::new(story.w.root.clone());
    for step in &moves {
        story.tell(step);
        for (id, head) in &story.w.heads {
            authority.add_head(*id, head);
        }
        for fact in story.w.facts.values() {
            authority.add_fact(fact);
        }
        let batch = story.w.authority();
        assert_eq!(answers(&story.w, &authority), answers(&story.w, &batch));
        let words = |authority| roster_answers(authority, story.stand_in);
        assert_eq!(words(&authority), words(&batch));
        let facts = story.w.case_facts();
        assert_eq!(root(&authority, &facts), root(&batch, &facts));
    }
}
