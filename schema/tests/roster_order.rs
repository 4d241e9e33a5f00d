//! Roots, stand-ins, names and entrustments amid everything else: any order of arrival, of any
//! subset, comes to the same.

#[path = "world/story.rs"]
mod story;
#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{
    Act, Acting, Entrust, FormerKeeper, PublicKey, Restyle, Root, RootSignature, RootStatement,
    StandIn, Stays,
};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{EnvelopeId, PersonId, sha256};
use jiaolian_schema::standing::fold;
use proptest::prelude::*;
use std::collections::BTreeMap;
use story::{Move, Story, one_move};
use town::{DAY, Draft, TownRules, World, office};

/// What the roster's later acts do in between.
#[derive(Debug, Clone)]
enum Turn {
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
}

const KEEPERS: [&str; 5] = ["P.k", "C1.k", "T1.k", "C2.k", "P.k2"];

fn one_turn() -> impl Strategy<Value = Turn> {
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

struct Tale {
    story: Story,
    stand_in: EnvelopeId,
    entrusts: Vec<EnvelopeId>,
}

fn public(name: &str) -> PublicKey {
    PublicKey {
        suite: 1,
        key: sha256(&[b"key", name.as_bytes()]).to_vec(),
    }
}

impl Tale {
    fn new() -> Self {
        let mut story = Story::new();
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
        Self {
            story,
            stand_in,
            entrusts: Vec::new(),
        }
    }

    fn tell(&mut self, turn: &Turn) {
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
            Turn::StandIn(back) => {
                let act = StandIn {
                    appointment: self.stand_in,
                    reason: String::new(),
                    back: u8::from(*back),
                };
                ("T1.y", "T1", act.into())
            }
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
                let act = Entrust {
                    office: office("T1"),
                    actions: vec!["leave".to_owned()],
                    from: 10 * DAY,
                    to: 40 * DAY,
                    document: String::new(),
                    ends: ends.then(|| self.entrusts.last().copied().into_iter().collect()),
                };
                (keeper(k), "C1", act.into())
            }
        };
        let entrusts = matches!(act, Act::Entrust(_));
        let draft = Draft {
            dossier: Some(self.story.w.roster(at)),
            day: 11,
            ..Draft::default()
        };
        let id = self.story.w.sign(who, draft, act);
        if entrusts {
            self.entrusts.push(id);
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
        Root {
            statement: RootStatement {
                version,
                former: vec![FormerKeeper {
                    key: public(before),
                    stays: at.map_or(Stays::All, |id| Stays::UpTo(w.at(*id))),
                }],
                keeper: public(keeper),
                ..RootStatement::single(office("P"), public("P.k"))
            },
            signatures: vec![RootSignature {
                key: public("P.k"),
                signature: [0; 64],
            }],
        }
    }

    /// All that can be asked, in one value.
    fn answers(&self, authority: &Authority, facts: &BTreeMap<EnvelopeId, Fact>) -> String {
        let w = &self.story.w;
        let states = w.facts.values().map(|fact| {
            let id = fact.id;
            let state = authority.state(fact, authority.is_complete(id));
            let filed = (authority.covered(id), authority.filed0(id));
            (state, authority.path_state(id), filed)
        });
        let days = (0..50).map(|day| authority.entrusted(office("T1"), "leave", day * DAY));
        let names = (9..14).map(|day| authority.name_at(office("T1"), day));
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            states.collect::<Vec<_>>(),
            authority.offices(),
            (authority.root(), authority.contested_roots()),
            days.collect::<Vec<_>>(),
            names.collect::<Vec<_>>(),
            authority.stood_in(self.stand_in).collect::<Vec<_>>(),
            authority.admin_clashes(),
            authority.appointments().collect::<Vec<_>>(),
            fold(authority, &TownRules, facts).state_root(),
        )
    }
}

/// One arrival: a head, or a fact.
type Arrival = (bool, EnvelopeId);

fn one_by_one(w: &World, order: &[Arrival]) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    for (is_head, id) in order {
        if *is_head {
            authority.add_head(*id, &w.heads[id]);
        } else {
            authority.add_fact(&w.facts[id]);
        }
    }
    authority
}

fn at_once(w: &World, order: &[Arrival]) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    let heads = order.iter().filter(|(is_head, _)| *is_head);
    let facts = order.iter().filter(|(is_head, _)| !*is_head);
    authority.extend(
        heads.map(|(_, id)| (*id, &w.heads[id])),
        facts.map(|(_, id)| &w.facts[id]),
    );
    authority
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_roster_in_any_order_equals_all_at_once(
        turns in proptest::collection::vec(one_turn(), 4..28),
        keys in proptest::collection::vec(any::<u64>(), 7),
        drop_one_in in 0..12_usize,
    ) {
        let mut tale = Tale::new();
        for turn in &turns {
            tale.tell(turn);
        }
        let w = &tale.story.w;
        let heads = w.heads.keys().map(|id| (true, *id));
        let mut order: Vec<Arrival> = heads.chain(w.facts.keys().map(|id| (false, *id))).collect();
        // A shuffle by the keys that the test draws.
        order.sort_by_key(|(is_head, id)| {
            let at = usize::from(id.0[0]) + usize::from(*is_head);
            sha256(&[&keys[at % keys.len()].to_be_bytes(), &id.0, &[u8::from(*is_head)]])
        });
        if drop_one_in > 4 {
            let mut at = 0;
            order.retain(|_| { at += 1; at % (drop_one_in * 3) != 0 });
        }
        let (slow, fast) = (one_by_one(w, &order), at_once(w, &order));
        let here = order.iter().filter(|(is_head, _)| !*is_head);
        let here = here.map(|(_, id)| (*id, w.facts[id].clone()));
        let facts: BTreeMap<_, _> = here.filter(|(_, fact)| Some(fact.dossier) == w.case).collect();
        prop_assert_eq!(tale.answers(&slow, &facts), tale.answers(&fast, &facts));
    }
}

#[test]
fn a_root_that_changes_hands_is_the_same_after_every_step_of_its_story() {
    let mut tale = Tale::new();
    let turns = [
        Turn::StandIn(false),
        Turn::Decide(true),
        Turn::ByNewKeeper(1),
        Turn::Appoint(0),
        Turn::Root(1, true, 2, Some(40)),
        Turn::ByNewKeeper(2),
        Turn::Found(1),
        Turn::Root(3, true, 3, None),
        Turn::Entrust(1, false),
        Turn::Entrust(0, true),
        Turn::Restyle(1, 11),
        Turn::Root(0, false, 2, None),
        Turn::Appoint(4),
    ];
    let mut authority = Authority::new(tale.story.w.root.clone());
    let mut versions = Vec::new();
    for turn in &turns {
        tale.tell(turn);
        let w = &tale.story.w;
        for (id, head) in &w.heads {
            authority.add_head(*id, head);
        }
        for fact in w.facts.values() {
            authority.add_fact(fact);
        }
        let facts = w.case_facts();
        let batch = tale.answers(&w.authority(), &facts);
        assert_eq!(tale.answers(&authority, &facts), batch, "{turn:?}");
        versions.push(authority.root().version);
    }
    // Version 3 rests on version 2, and falls with it when that is contested.
    assert_eq!(versions, [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 1, 1]);
}
