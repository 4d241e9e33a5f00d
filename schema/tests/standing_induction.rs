//! Any order of arrival, by induction: for every set of six statements and four acts that quarrel
//! with one another, every subset of it and every last arrival, what one more envelope makes of the
//! state without it is the state with it. As the memory is compared whole, the 5,120 checks of a
//! story stand for all its 10! orders.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, At, Entrust, Policy};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::{fold, permits};
use std::collections::BTreeSet;
use town::{Draft, TownRules, World, office};

const ENVELOPES: usize = 10;
/// Every subset with every last one of it: 10 · 2⁹.
const CHECKS: usize = 5_120;
const ALWAYS: i64 = 100_000;

/// A story of which ten envelopes come in any order and the others were there before.
struct Story {
    w: World,
    ids: [EnvelopeId; ENVELOPES],
}

/// A province, a county and a township with their keepers, witnesses, heads and deputies.
fn offices() -> World {
    let mut w = World::empty();
    w.found("P", None, 4);
    w.appoint("P.w", "P.k", Duty::Witness, &["NODE_WITNESS"], 0, ALWAYS);
    w.found("C1", Some("P"), 2);
    w.appoint("C1.k", "P.k", Duty::Keeper, &["KEEPER"], 0, ALWAYS);
    w
}

fn county(w: &mut World) {
    w.appoint("C1.w", "P.k", Duty::Witness, &["NODE_WITNESS"], 0, ALWAYS);
    staff(w, "C1", "C1.k");
}

fn staff(w: &mut World, at: &str, by: &str) {
    for (name, role) in [
        ("h", "OFF_HEAD"),
        ("a", "X_DEP"),
        ("b", "X_DEP"),
        ("s", "STAFF"),
    ] {
        w.appoint(&format!("{at}.{name}"), by, Duty::Staff, &[role], 0, ALWAYS);
    }
}

fn township(w: &mut World) {
    w.found("T1", Some("C1"), 1);
    w.appoint("T1.k", "P.k", Duty::Keeper, &["KEEPER"], 0, ALWAYS);
    staff(w, "T1", "C1.k");
}

fn ruling(w: &mut World, by: &str, act: Act) -> EnvelopeId {
    let at = by.split('.').next().expect("an office and a name");
    let draft = Draft {
        dossier: Some(w.roster(at)),
        ..Draft::default()
    };
    w.sign(by, draft, act)
}

fn policy(stale_days: u16) -> Act {
    let policy = Policy {
        stale_days,
        fold_version: 1,
        rule_pack: [7; 32],
    };
    policy.into()
}

/// A key that two people have: appointed, covered on one branch and later on the other, revoked,
/// endorsed, while both branches decide and one is served.
fn stolen_key() -> Story {
    let mut w = offices();
    county(&mut w);
    township(&mut w);
    w.open("T1.s");
    let matter = w.apply("T1.h", "leave", (12, 20));
    let appoint = w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 0, 31);
    let mut thief = w.clone();
    let yes = w.step("T1.x", matter, "approve", &[], &[]);
    let no = thief.step_on("T1.x", matter, "refuse", &[], &[], 13);
    w.heads.insert(no, thief.heads[&no].clone());
    w.facts.insert(no, thief.facts[&no].clone());
    let rival = w.step("C1.a", matter, "refuse", &[], &[]);
    let serve = w.serve("T1.s", yes, 12);
    let covered = w.receipt("C1.w", 14, &[yes, serve]);
    let other = w.receipt("P.w", 16, &[no, rival]);
    let revoke = w.revoke("C1.k", "T1.x", None, &[]);
    let at = w.at(yes);
    let again = w.revoke("C1.k", "T1.x", Some(at), &[revoke]);
    let endorse = w.endorse("P.k", "T1.x", no, 40);
    Story {
        w,
        ids: [
            appoint, covered, other, revoke, again, endorse, yes, no, rival, serve,
        ],
    }
}

/// The county's witness is appointed, files, forks, is said no to and endorsed; the province's
/// receipt covers what it covers; two decisions contradict one another and a field is set twice.
fn doubtful_witness() -> Story {
    let mut w = offices();
    staff(&mut w, "C1", "C1.k");
    let witness = w.appoint("C1.w", "P.k", Duty::Witness, &["NODE_WITNESS"], 0, ALWAYS);
    township(&mut w);
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (12, 20));
    let first = w.amend("T1.s", "A", &[]);
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    let no = w.step("T1.b", matter, "refuse", &[], &[]);
    let second = w.amend("T1.h", "B", &[first]);
    let filed = w.receipt("C1.w", 12, &[yes, first]);
    let forked = w.fork_first("C1.w", 11);
    let above = w.receipt("P.w", 30, &[filed, no, second]);
    let revoke = w.revoke("P.k", "C1.w", None, &[]);
    let endorse = w.endorse_over("P.k", "C1.w", filed, 40, &[revoke]);
    Story {
        w,
        ids: [
            witness, filed, forked, above, revoke, endorse, first, yes, no, second,
        ],
    }
}

/// The township itself is founded late, its head appointed for some days, a policy shortens the time
/// in which rivals are rivals, an entrustment runs; a quarrel is adjudicated.
fn young_office() -> Story {
    let mut w = offices();
    county(&mut w);
    let before: BTreeSet<EnvelopeId> = w.facts.keys().copied().collect();
    township(&mut w);
    let found = founding(&w, &before);
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (12, 20));
    let head = w.appoint("T1.x", "T1.k", Duty::Staff, &["OFF_HEAD"], 0, 13);
    let yes = w.step_on("T1.a", matter, "approve", &[], &[], 12);
    let no = w.step_on("T1.b", matter, "refuse", &[], &[], 12);
    let settled = w.step_on("T1.x", matter, "adjudicate_refuse", &[yes, no], &[], 13);
    let serve = w.serve("T1.s", yes, 13);
    let filed = w.receipt("C1.w", 12, &[yes]);
    let later = w.receipt("P.w", 15, &[no, settled, serve]);
    let policy = ruling(&mut w, "P.k", policy(2));
    let entrust = Entrust {
        office: office("T1"),
        actions: vec!["leave".to_owned()],
        from: 0,
        to: ALWAYS * town::DAY,
        document: String::new(),
        ends: None,
    };
    let entrust = ruling(&mut w, "C1.k", entrust.into());
    Story {
        w,
        ids: [
            found, head, filed, later, policy, entrust, yes, no, settled, serve,
        ],
    }
}

/// The founding of an office among what came after a moment.
fn founding(w: &World, before: &BTreeSet<EnvelopeId>) -> EnvelopeId {
    let mut opened = w.facts.values().filter(|fact| {
        !before.contains(&fact.id) && matches!(fact.what.roster_act(), Some(Act::Found(_)))
    });
    opened.next().expect("the office was founded").id
}

/// A county's keeper under suspicion: two appointments hang on its chain, it forks, the province
/// cuts it, endorses part and replaces the cut; those appointed decide.
fn suspected_keeper() -> Story {
    let mut w = offices();
    county(&mut w);
    township(&mut w);
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (12, 20));
    let x = w.appoint("T1.x", "C1.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    let y = w.appoint("T1.y", "C1.k", Duty::Staff, &["OFF_HEAD"], 0, ALWAYS);
    let yes = w.step("T1.x", matter, "approve", &[], &[]);
    let no = w.step("T1.y", matter, "refuse", &[], &[]);
    let over = w.step("T1.y", matter, "refuse", &[yes], &[]);
    let serve = w.serve("T1.s", yes, 12);
    let filed = w.receipt("P.w", 12, &[x, yes, serve]);
    let cut = w.revoke("P.k", "C1.k", None, &[]);
    let part = w.endorse("P.k", "C1.k", x, 41);
    let at = At {
        n: w.heads[&x].n,
        id: x,
    };
    let moved = w.revoke("P.k", "C1.k", Some(at), &[cut]);
    Story {
        w,
        ids: [x, y, filed, cut, part, moved, yes, no, over, serve],
    }
}

/// What is here of a story: all that came before, and those of the ten whose bits are set.
struct Here<'a> {
    story: &'a Story,
    before: Vec<EnvelopeId>,
}

impl<'a> Here<'a> {
    fn of(story: &'a Story) -> Self {
        let own: BTreeSet<EnvelopeId> = story.ids.into_iter().collect();
        assert_eq!(own.len(), ENVELOPES);
        let before = story.w.facts.keys().filter(|id| !own.contains(id));
        Self {
            before: before.copied().collect(),
            story,
        }
    }

    fn ids(&self, set: usize) -> impl Iterator<Item = EnvelopeId> + '_ {
        let some = (0..ENVELOPES).filter(move |bit| set >> bit & 1 == 1);
        let some = some.map(|bit| self.story.ids[bit]);
        self.before.iter().copied().chain(some)
    }

    fn made_anew(&self, set: usize) -> Authority {
        let w = &self.story.w;
        let mut authority = Authority::new(w.root.clone());
        authority.extend(
            self.ids(set).map(|id| (id, &w.heads[&id])),
            self.ids(set).map(|id| &w.facts[&id]),
        );
        authority
    }

    /// The whole memory, every envelope's state and the case's standing.
    fn state(&self, authority: &Authority, set: usize) -> (String, [u8; 32]) {
        let w = &self.story.w;
        let facts = self.ids(set).map(|id| (id, w.facts[&id].clone()));
        let facts = facts.filter(|(_, fact)| Some(fact.dossier) == w.case);
        let standing = fold(authority, &TownRules, &facts.collect());
        let states: Vec<_> = self
            .ids(set)
            .map(|id| authority.state(&w.facts[&id], authority.is_complete(id)))
            .collect();
        let all = format!(
            "{authority:?} {states:?} {standing:?} {:?}",
            permits(&standing)
        );
        (all, standing.state_root())
    }
}

/// Where two texts begin to differ.
fn difference(found: &str, expected: &str) -> String {
    let same = found.chars().zip(expected.chars());
    let same = same.take_while(|(a, b)| a == b).count().saturating_sub(120);
    let part = |text: &str| text.chars().skip(same).take(400).collect::<String>();
    format!("…{}…, expected …{}…", part(found), part(expected))
}

/// For every subset and every last arrival of it; gives how many different standings there were.
fn induct(story: &Story) -> usize {
    let here = Here::of(story);
    let (mut checks, mut roots) = (0, BTreeSet::new());
    let memories: Vec<Authority> = (0..1 << ENVELOPES).map(|set| here.made_anew(set)).collect();
    for set in 0..1 << ENVELOPES {
        let expected = here.state(&memories[set], set);
        roots.insert(expected.1);
        for (bit, id) in story.ids.iter().enumerate() {
            if set >> bit & 1 == 0 {
                continue;
            }
            let mut authority = memories[set & !(1 << bit)].clone();
            let (head, fact) = (&story.w.heads[id], &story.w.facts[id]);
            // Heads go to superiors before bodies; a file may bring the body first.
            if checks % 2 == 0 {
                authority.add_head(*id, head);
                authority.add_fact(fact);
            } else {
                authority.add_fact(fact);
                authority.add_head(*id, head);
            }
            let found = here.state(&authority, set);
            assert!(
                found == expected,
                "{id} last of {set:010b}: {}",
                difference(&found.0, &expected.0)
            );
            checks += 1;
        }
    }
    assert_eq!(checks, CHECKS);
    roots.len()
}

#[test]
fn a_stolen_key_in_every_order() {
    let standings = induct(&stolen_key());
    assert!(standings > 30, "{standings}");
}

#[test]
fn a_doubtful_witness_in_every_order() {
    let standings = induct(&doubtful_witness());
    assert!(standings > 30, "{standings}");
}

#[test]
fn a_young_office_in_every_order() {
    let standings = induct(&young_office());
    assert!(standings > 30, "{standings}");
}

#[test]
fn a_suspected_keeper_in_every_order() {
    let standings = induct(&suspected_keeper());
    assert!(standings > 30, "{standings}");
}
