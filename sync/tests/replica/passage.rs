//! A township passes from a county of one city to a county of another while lines are down: what the
//! old county said in its time stands, what it says later is nothing, and the new county has the whole
//! archive and finishes what was begun.

use crate::world::{DAY, Officer, START, World, office, root};
use jiaolian_schema::act::{Replant, Revoke};
use jiaolian_schema::authority::State;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::hold::{DossierKind, may_get, may_hold};
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::opinion::{Opinion, Papers};
use jiaolian_schema::standing::SlotStanding;
use jiaolian_schema::suite::StrictVerifier;
use jiaolian_sync::{Limits, SignError};

const P: usize = 0;
const K1: usize = 1;
const K2: usize = 2;
const OLD: usize = 3;
const NEW: usize = 4;
const T1: usize = 5;
const T4: usize = 6;
/// The civil day of `START`.
const TODAY: i32 = 20_500;
const TEN_MINUTES: i64 = 11 * 60_000;

const OFFICES: [crate::world::Office; 7] = [
    ("p", None, 4, "root"),
    ("k1", Some("p"), 3, "root"),
    ("k2", Some("p"), 3, "root"),
    ("old", Some("k1"), 2, "k1-keeper"),
    ("new", Some("k2"), 2, "k2-keeper"),
    ("t1", Some("old"), 1, "old-keeper"),
    ("t4", Some("new"), 1, "new-keeper"),
];

const PEOPLE: [Officer; 25] = [
    ("p-node", "p", Duty::Staff, &["NODE"]),
    ("p-witness", "p", Duty::Witness, &[]),
    ("k1-keeper", "k1", Duty::Keeper, &[]),
    ("k1-node", "k1", Duty::Staff, &["NODE"]),
    ("k1-witness", "k1", Duty::Witness, &[]),
    ("k2-keeper", "k2", Duty::Keeper, &[]),
    ("k2-node", "k2", Duty::Staff, &["NODE"]),
    ("k2-witness", "k2", Duty::Witness, &[]),
    ("old-keeper", "old", Duty::Keeper, &[]),
    ("old-desk", "old", Duty::Keeper, &[]),
    ("old-node", "old", Duty::Staff, &["NODE"]),
    ("old-witness", "old", Duty::Witness, &[]),
    ("old-head", "old", Duty::Staff, &["HEAD"]),
    ("new-keeper", "new", Duty::Keeper, &[]),
    ("new-node", "new", Duty::Staff, &["NODE"]),
    ("new-witness", "new", Duty::Witness, &[]),
    ("new-head", "new", Duty::Staff, &["HEAD"]),
    ("t1-node", "t1", Duty::Staff, &["NODE"]),
    ("t1-head", "t1", Duty::Staff, &["HEAD"]),
    ("t1-officer", "t1", Duty::Staff, &[]),
    ("t1-deputy", "t1", Duty::Staff, &["HEAD"]),
    ("t1-clerk", "t1", Duty::Staff, &[]),
    ("t4-node", "t4", Duty::Staff, &["NODE"]),
    ("t4-head", "t4", Duty::Staff, &["HEAD"]),
    ("t4-officer", "t4", Duty::Staff, &[]),
];

const BEFORE: [(usize, usize); 6] = [(P, K1), (P, K2), (K1, OLD), (K2, NEW), (OLD, T1), (NEW, T4)];

struct Passage {
    world: World,
    cases: Vec<DossierId>,
    minor: DossierId,
    matter: EnvelopeId,
}

impl Passage {
    /// All lines up; T1 has five cases, one of a minor, and a leave that waits for its county.
    fn begin() -> Self {
        let mut world = World::of(&OFFICES, &PEOPLE, Limits::default());
        for (a, b) in BEFORE {
            world.net.heal(a, b);
        }
        let cases = (0..4).map(|n| world.open(T1, "t1-officer", "t1", n, false));
        let cases: Vec<DossierId> = cases.collect();
        let minor = world.open(T1, "t1-officer", "t1", 9, true);
        let matter = world.apply(T1, "t1-officer", cases[0]);
        let mut passage = Self {
            world,
            cases,
            minor,
            matter,
        };
        passage.rest();
        passage
    }

    fn rest(&mut self) {
        for _ in 0..4 {
            self.world.net.rest();
            self.world.net.tick(TEN_MINUTES);
        }
        self.world.net.rest();
    }

    /// The root's keeper signs that T1 stands under the new county from two days later on.
    fn decree(&mut self) -> EnvelopeId {
        let act = Replant {
            office: office("t1"),
            parent: office("new"),
            from_day: TODAY + 2,
            grace_days: 7,
        };
        let roster = self.world.roster("p");
        self.world.act(P, "root", Some(roster), act.into()).unwrap()
    }

    fn revoke(&mut self, at: usize, by: &str, whom: &str) -> EnvelopeId {
        let act = Revoke {
            author: self.world.seats[whom].author,
            at: None,
            replaces: Vec::new(),
            reason: "lost".to_owned(),
            compromised_since: None,
        };
        let roster = self.world.replica(at).roster(office("t1")).unwrap();
        self.world.act(at, by, Some(roster), act.into()).unwrap()
    }

    fn wait_until(&mut self, day: i32) {
        let to = i64::from(day - TODAY) * DAY + START;
        let left = to - self.world.net.now;
        assert!(left > 0);
        self.world.net.tick(left);
    }

    fn has(&mut self, at: usize, case: DossierId, id: EnvelopeId) -> bool {
        self.world.replica(at).fact(case, id).is_some()
    }

    fn is_barred(&mut self, at: usize, whom: &str) -> bool {
        let author = self.world.seats[whom].author;
        self.world.replica(at).authority().is_barred(author)
    }

    /// Everything that several nodes may get they have alike, and nobody has what it may not.
    fn assert_alike(&mut self, minors: bool, nodes: &[usize]) {
        let offices = self.world.replica(P).authority().offices().clone();
        let now = self.world.net.now;
        let all: Vec<_> = nodes
            .iter()
            .flat_map(|at| self.world.net.nodes[*at].replica.dossiers())
            .map(|(id, row)| (id, row.audience()))
            .collect();
        assert!(all.len() > 20);
        for (id, audience) in all {
            let mut seen = None;
            for at in nodes {
                let who = self.world.net.nodes[*at].replica.office();
                let replica = self.world.replica(*at);
                if replica.dossier(id).is_some() {
                    assert!(may_hold(&offices, who, &audience), "{at} has {id}");
                }
                if may_get(&offices, who, &audience, now) && (minors || !audience.minor) {
                    let here = (replica.frontier(id), replica.state_root(id));
                    let first = seen.get_or_insert_with(|| here.clone());
                    assert_eq!(*first, here, "{:?} {id} at {at}", audience.kind);
                }
            }
        }
        for at in nodes {
            let links = self.world.replica(*at).links();
            let open = links.iter().filter(|link| link.up_since.is_some());
            let open = open.filter(|link| !link.agreed).map(|link| link.office);
            let names = OFFICES.iter().map(|row| row.0);
            let open: Vec<&str> = open
                .filter_map(|id| names.clone().find(|name| office(name) == id))
                .collect();
            assert!(open.is_empty(), "{at} has not agreed with {open:?}");
        }
    }

    /// The evidence that a node writes of a case is whole, and whoever has only that reads it alike.
    fn assert_evidence(&mut self, at: usize, case: DossierId) {
        let replica = self.world.replica(at);
        let evidence = replica.evidence(case).unwrap();
        let papers = Papers::open(root().into(), evidence.iter(), &StrictVerifier).unwrap();
        let opinion = Opinion::of(&papers);
        assert_eq!(opinion.lacks(case), []);
        let stays = &opinion.offices().get(office("t1")).unwrap().under;
        let parents: Vec<_> = stays.iter().map(|under| under.parent).collect();
        assert_eq!(parents, [office("old"), office("new")]);
        for fact in replica.facts(case).unwrap().values() {
            let here = format!("{:?}", replica.authority().state(fact, true));
            assert_eq!(format!("{:?}", opinion.state(fact.id)), here);
        }
    }

    fn slot(&mut self, at: usize) -> SlotStanding {
        let (case, matter) = (self.cases[0], self.matter);
        let standing = self.world.replica(at).standing(case).unwrap();
        let slots = &standing.matters[&matter].slots;
        slots.get("decide").cloned().unwrap_or(SlotStanding::Open)
    }
}

#[test]
fn the_archive_goes_ahead_and_the_old_county_gets_nothing_newer() {
    let mut passage = Passage::begin();
    let (case, minor) = (passage.cases[0], passage.minor);
    assert!(passage.world.replica(NEW).dossier(case).is_none());
    passage.decree();
    passage.rest();
    for at in [P, K2, NEW] {
        assert!(passage.world.replica(at).dossier(case).is_some(), "{at}");
    }
    // A minor's case stays at township and county: it goes over when they have a line.
    assert!(passage.world.replica(NEW).dossier(minor).is_none());
    assert!(passage.world.replica(K2).dossier(minor).is_none());
    assert!(passage.world.replica(T4).dossier(case).is_none());
    passage.assert_alike(false, &[P, K1, K2, OLD, NEW, T1, T4]);
    // Before the day it is the old county's, afterwards the new one's.
    let matter = passage.matter;
    let early = passage.world.step(NEW, "new-head", case, matter, "approve");
    assert_eq!(early, Err(SignError::NoEffect("NotCompetent".to_owned())));
    passage.wait_until(TODAY + 3);
    passage.world.net.cut(OLD, T1);
    passage.world.net.heal(NEW, T1);
    passage.rest();
    assert!(passage.world.replica(NEW).dossier(minor).is_some());
    let newer = passage
        .world
        .amend(T1, "t1-officer", case, "term", b"newer");
    let alarm = passage.world.raise(T1, "t1-node", case, "t1", 1);
    passage.rest();
    for at in [P, K2, NEW, T1] {
        assert!(passage.has(at, case, newer), "{at}");
        assert!(passage.world.replica(at).dossier(alarm).is_some(), "{at}");
    }
    for at in [K1, OLD] {
        assert!(
            passage.world.replica(at).dossier(case).is_some(),
            "kept for audit"
        );
        assert!(!passage.has(at, case, newer), "{at}");
        assert!(passage.world.replica(at).dossier(alarm).is_none(), "{at}");
    }
    let signed = passage
        .world
        .step(OLD, "old-head", case, passage.matter, "approve");
    assert_eq!(signed, Err(SignError::Elsewhere(case)));
    let matter = passage.matter;
    let decision = passage
        .world
        .step(NEW, "new-head", case, matter, "approve")
        .unwrap();
    passage.rest();
    for at in [P, K2, NEW, T1] {
        let slot = passage.slot(at);
        let stands = matches!(&slot, SlotStanding::Stands { ids, filed: true, .. } if ids.contains(&decision));
        assert!(stands, "{at}: {slot:?}");
    }
    passage.assert_alike(true, &[P, K1, K2, OLD, NEW, T1, T4]);
}

#[test]
fn a_township_passes_to_another_county_while_lines_are_down() {
    let mut passage = Passage::begin();
    let case = passage.cases[0];
    // The old county and the township are cut off before anybody hears of it.
    passage.world.net.cut(K1, OLD);
    passage.world.net.cut(OLD, T1);
    passage.decree();
    passage.rest();
    assert!(passage.world.replica(NEW).dossier(case).is_some());
    let matter = passage.world.apply(T1, "t1-officer", passage.cases[1]);
    let decision = passage
        .world
        .step(T1, "t1-deputy", passage.cases[1], matter, "approve");
    let decision = decision.unwrap();
    passage.wait_until(TODAY + 1);
    // In its time, and after it.
    let last = passage.world.amend(OLD, "old-head", case, "term", b"old");
    passage.revoke(OLD, "old-desk", "t1-deputy");
    passage.wait_until(TODAY + 3);
    passage.revoke(OLD, "old-desk", "t1-head");
    assert!(
        passage.is_barred(OLD, "t1-head"),
        "the old county knows no better"
    );
    // The township gets the rosters by a file and a line to its new county.
    let file = passage.world.replica(NEW).join_file(office("t1")).unwrap();
    let now = passage.world.net.now;
    let outcome = passage.world.replica(T1).import(file, now);
    assert!(
        outcome.refused.is_empty() && outcome.parked == 0,
        "{outcome:?}"
    );
    passage.world.net.carry_out(T1);
    passage.world.net.heal(NEW, T1);
    passage.rest();
    assert!(passage.world.replica(NEW).dossier(passage.minor).is_some());
    assert!(passage.has(NEW, passage.cases[1], decision));
    let own = passage.matter;
    let finished = passage
        .world
        .step(NEW, "new-head", case, own, "approve")
        .unwrap();
    passage.rest();
    // The old county comes back, with what it had said and written.
    passage.world.net.heal(K1, OLD);
    passage.rest();
    for at in [P, K1, K2, OLD, NEW, T1] {
        assert!(
            passage.is_barred(at, "t1-deputy"),
            "{at}: its earlier word stands"
        );
        assert!(
            !passage.is_barred(at, "t1-head"),
            "{at}: its later word is nothing"
        );
    }
    for at in [P, K2, NEW, T1] {
        assert!(
            passage.has(at, case, last),
            "{at}: what it wrote in its time came up"
        );
        let facts = passage.world.replica(at).facts(passage.cases[1]).unwrap();
        let authority = passage.world.replica(at).authority();
        let state = authority.state(&facts[&decision], true);
        assert!(matches!(state, State::Waiting(_)), "{at}: {state:?}");
        let slot = passage.slot(at);
        let stands = matches!(&slot, SlotStanding::Stands { ids, .. } if ids.contains(&finished));
        assert!(stands, "{at}: {slot:?}");
    }
    assert!(!passage.has(OLD, case, finished));
    for case in [passage.cases[0], passage.cases[1]] {
        passage.assert_evidence(NEW, case);
        passage.assert_evidence(P, case);
    }
    let alarms = passage.world.replica(OLD).dossiers();
    assert_eq!(
        alarms
            .filter(|(_, row)| row.kind == DossierKind::Alarm)
            .count(),
        0
    );
    passage.assert_alike(true, &[P, K1, K2, OLD, NEW, T1, T4]);
}
