//! Any order of arrival at the door itself: for every subset of ten envelopes and every last one of
//! it, a node that holds the others and takes this one agrees with a node that took all of them in
//! the order in which they were signed. Early ones wait and are taken as soon as they can be.

use crate::bad_input::{amend, forge};
use crate::net::Disk;
use crate::world::{C, P, T1, World, office};
use jiaolian_schema::act::{At, Endorse, Policy, Revoke, Serve};
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::{DossierId, EnvelopeId, OfficeId};
use jiaolian_schema::value::Fields;
use jiaolian_sync::{Effect, MemoryStore, Replica};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const ENVELOPES: usize = 10;
const CHECKS: usize = 5_120;

/// The ten, in the order in which they were signed, and a disk that has everything before them.
struct Story {
    world: World,
    before: MemoryStore,
    envelopes: Vec<Envelope>,
    case: DossierId,
}

/// Statements (receipts, a revocation, an endorsement, a policy) and acts of the case: a decision, its
/// position signed again, its service, fields of two officers.
fn story() -> Story {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let matter = world.apply(T1, "t1-officer", case);
    world.net.rest();
    let before = world.image(C);
    let known: BTreeSet<EnvelopeId> = heads(&world);
    let yes = world.step(T1, "t1-head", case, matter, "approve").unwrap();
    let serve = Serve {
        decision: yes,
        fields: Fields::new(),
    };
    let serve = world
        .act(T1, "t1-officer", Some(case), serve.into())
        .unwrap();
    world.net.rest();
    let roster = world.roster("t1");
    let author = world.seats["t1-head"].author;
    let at = At {
        n: world.replica(C).fact(case, yes).unwrap().n,
        id: yes,
    };
    let revoke = Revoke {
        author,
        at: None,
        replaces: Vec::new(),
        reason: "lost".to_owned(),
        compromised_since: None,
    };
    let revoke = world
        .act(P, "c-keeper", Some(roster), revoke.into())
        .unwrap();
    let endorse = Endorse {
        author,
        at,
        replaces: Vec::new(),
    };
    let endorse = world.act(P, "root", Some(roster), endorse.into()).unwrap();
    let policy = Policy {
        stale_days: 3,
        fold_version: 1,
        rule_pack: [7; 32],
    };
    let of_county = world.roster("c");
    let policy = world
        .act(P, "root", Some(of_county), policy.into())
        .unwrap();
    let twin = forge(&world, "t1-head", &amend(b"twin"), |head, body| {
        (head.n, head.prev) = (at.n, None);
        body.dossier = Some(case);
        body.deps = vec![case.into()];
    });
    let field = world.amend(T1, "t1-officer", case, "term", b"2026");
    let other = world.amend(C, "c-head", case, "class", b"1");
    world.net.rest();
    let signed = [yes, serve, revoke, endorse, policy, field, other];
    let mut envelopes: Vec<Envelope> = signed
        .iter()
        .map(|id| world.replica(C).envelope(*id).unwrap().unwrap())
        .collect();
    envelopes.push(twin);
    let receipts = heads(&world)
        .difference(&known)
        .copied()
        .collect::<Vec<_>>();
    let receipts = receipts.into_iter().filter(|id| !signed.contains(id));
    let receipts = receipts.filter_map(|id| world.replica(C).envelope(id).unwrap());
    let mut receipts: Vec<Envelope> = receipts
        .filter(|envelope| envelope.body.is_some())
        .collect();
    receipts.sort_by_key(|envelope| envelope.parse_head().unwrap().n);
    receipts.truncate(ENVELOPES - envelopes.len());
    envelopes.extend(receipts);
    assert_eq!(envelopes.len(), ENVELOPES);
    Story {
        world,
        before,
        envelopes,
        case,
    }
}

fn heads(world: &World) -> BTreeSet<EnvelopeId> {
    let replica = &world.net.nodes[C].replica;
    let dossiers = replica.dossiers().map(|(id, _)| id);
    dossiers
        .flat_map(|id| replica.facts(id).unwrap().into_keys())
        .collect()
}

struct Node {
    replica: Replica<Disk>,
    disk: Disk,
}

impl Node {
    fn on(story: &Story, image: MemoryStore) -> Self {
        let disk = Disk::default();
        *disk.0.borrow_mut() = image;
        let replica = Replica::open(disk.clone(), story.world.setup_of(C)).unwrap();
        Self { replica, disk }
    }

    fn take(&mut self, envelope: &Envelope, now: i64) {
        self.replica.import(vec![envelope.clone()], now);
        for effect in self.replica.drain() {
            if let Effect::Store(writes) = effect {
                self.disk.0.borrow_mut().commit(&writes);
            }
        }
    }

    /// Everything that can be asked of what is here, and how much waits.
    fn answers(&mut self, story: &Story) -> String {
        let offices: [OfficeId; 3] = [office("c"), office("t1"), office("p")];
        let rosters = offices.map(|office| self.replica.roster(office).unwrap());
        let mut all = format!("{} wait", self.replica.parked_count());
        for id in rosters.into_iter().chain([story.case]) {
            let root = self.replica.state_root(id);
            let facts = self.replica.facts(id).unwrap();
            let authority = self.replica.authority();
            let states: Vec<_> = facts
                .values()
                .map(|fact| {
                    (
                        fact.id,
                        authority.state(fact, authority.is_complete(fact.id)),
                    )
                })
                .collect();
            write!(
                all,
                " {id} {:?} {root:?} {states:?}",
                self.replica.frontier(id)
            )
            .unwrap();
        }
        let authority = self.replica.authority();
        all + &format!(
            " {:?} {:?} {:?}",
            authority.forks(),
            authority.policy(office("t1")),
            self.replica
                .dossier(story.case)
                .map(|row| (row.place, row.count)),
        )
    }
}

#[test]
fn every_last_arrival_of_every_subset_agrees_with_the_order_of_signing() {
    let story = story();
    let now = story.world.net.now;
    let images: Vec<(MemoryStore, String)> = (0..1_usize << ENVELOPES)
        .map(|set| {
            let mut node = Node::on(&story, story.before.clone());
            for (bit, envelope) in story.envelopes.iter().enumerate() {
                if set >> bit & 1 == 1 {
                    node.take(envelope, now);
                }
            }
            let answers = node.answers(&story);
            let image = node.disk.0.borrow().clone();
            (image, answers)
        })
        .collect();
    let mut checks = 0;
    for (set, (_, expected)) in images.iter().enumerate() {
        for (bit, envelope) in story.envelopes.iter().enumerate() {
            if set >> bit & 1 == 0 {
                continue;
            }
            let mut node = Node::on(&story, images[set & !(1 << bit)].0.clone());
            node.take(envelope, now);
            let found = node.answers(&story);
            assert!(
                found == *expected,
                "{bit} last of {set:010b}:\n{found}\n{expected}"
            );
            checks += 1;
        }
    }
    assert_eq!(checks, CHECKS);
    let different: BTreeSet<&String> = images.iter().map(|(_, answers)| answers).collect();
    assert!(different.len() > 200, "{}", different.len());
}
