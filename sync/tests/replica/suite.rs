//! An envelope of a suite that no build here knows: kept, passed on, counting for nothing, and never
//! dropped; it counts as soon as a build comes that knows it. Suites may mix in one case.

use crate::world::{C, DAY, P, START, T1, T2, World, office};
use jiaolian_schema::act::{Act, Amend, Appoint};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Duty, Envelope, Head, Kind, body_hash};
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, PersonId, sha256};
use jiaolian_schema::suite::{KeyError, Sign, StrictVerifier, Verify};
use jiaolian_sync::{Effect, Peer, Setup};

const LATER: u8 = 99;

/// A key of a suite that a later build knows.
struct LaterKey;

impl Sign for LaterKey {
    fn suite(&self) -> u8 {
        LATER
    }

    fn public_key(&self) -> Vec<u8> {
        vec![7; 48]
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], KeyError> {
        let mut signature = [LATER; 64];
        signature[..32].copy_from_slice(&sha256(&[&[LATER], message]));
        Ok(signature)
    }
}

/// The later build.
struct LaterBuild;

impl Verify for LaterBuild {
    fn verify(&self, suite: u8, key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        if suite == LATER {
            return key == LaterKey.public_key() && LaterKey.sign(message) == Ok(*signature);
        }
        StrictVerifier.verify(suite, key, message, signature)
    }

    fn knows(&self, suite: u8) -> bool {
        suite == LATER || StrictVerifier.knows(suite)
    }
}

/// The province appoints an officer of the township whose key is of the later suite.
fn appoint(world: &mut World) -> (EnvelopeId, AuthorId) {
    let appoint = Appoint {
        person: PersonId([0x99; 16]),
        name: "t1-later".to_owned(),
        staff_number: "t1later".to_owned(),
        suite: LATER,
        key: LaterKey.public_key(),
        office: office("t1"),
        duty: Duty::Staff,
        roles: Vec::new(),
        kinds: vec![1, 2],
        not_before: START - DAY,
        not_after: START + 700 * DAY,
        depth: 0,
        endpoint: None,
        acting: None,
        document: "1".to_owned(),
    };
    let author = appoint.author();
    let roster = world.roster("t1");
    let id = world.act(P, "root", Some(roster), appoint.into()).unwrap();
    (id, author)
}

fn amend(
    (appointment, author): (EnvelopeId, AuthorId),
    case: DossierId,
    (n, before): (u64, Option<EnvelopeId>),
) -> Envelope {
    let act: Act = Amend {
        field: "phone".to_owned(),
        replaces: Vec::new(),
        value: n.to_be_bytes().to_vec(),
    }
    .into();
    let body = Body {
        salt: [9; 16],
        dossier: Some(case),
        m: n,
        prev_here: before,
        deps: vec![case.into()],
        appointment: Some(appointment),
        payload: act.to_payload(START + 1),
    };
    let bytes = canon::encode(&body);
    let head = Head {
        suite: LATER,
        kind: Kind::Act,
        author,
        n,
        prev: before,
        body_hash: body_hash(LATER, &bytes),
        receipt: None,
    };
    Envelope::seal(&LaterKey, &head, bytes).unwrap()
}

/// All linked, with one case of the township and an officer of the later suite.
fn world() -> (World, (EnvelopeId, AuthorId), DossierId) {
    let mut world = World::new();
    world.link_all();
    let by = appoint(&mut world);
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    (world, by, case)
}

fn parked(world: &mut World) -> [usize; 4] {
    [P, C, T1, T2].map(|at| world.replica(at).parked_count())
}

fn take(world: &mut World, at: usize, envelope: Envelope) {
    let now = world.net.now;
    world.replica(at).import(vec![envelope], now);
    world.net.carry_out(at);
}

fn upgrade(world: &mut World, at: usize) {
    let setup = Setup {
        verifier: Box::new(LaterBuild),
        ..world.setup_of(at)
    };
    world.net.restart(at, setup);
    let now = world.net.now;
    world.replica(at).unlocked(now);
    world.net.carry_out(at);
}

#[test]
fn an_envelope_of_an_unknown_suite_is_kept_passed_on_and_counts_when_a_build_knows_it() {
    let (mut world, by, case) = world();
    let standing = [P, C, T1].map(|at| world.replica(at).state_root(case));
    let first = amend(by, case, (1, None));
    let second = amend(by, case, (2, Some(first.id())));
    let ids = [first.id(), second.id()];
    take(&mut world, T1, first);
    take(&mut world, T1, second);
    world.net.rest();
    assert_eq!(parked(&mut world), [2, 2, 2, 0]);
    for (at, before) in [P, C, T1].into_iter().zip(standing) {
        assert_eq!(world.replica(at).state_root(case), before, "node {at}");
        assert_eq!(world.replica(at).refused_count(), 0, "node {at}");
        assert!(world.replica(at).envelope(ids[0]).unwrap().is_none());
    }

    // A month, and a power cut everywhere.
    for _ in 0..30 {
        world.net.tick(DAY);
    }
    for at in [P, C, T1] {
        let setup = world.setup_of(at);
        world.net.restart(at, setup);
    }
    assert_eq!(parked(&mut world), [2, 2, 2, 0]);

    // The province has the later build first; its county passes nothing on twice and loses nothing.
    upgrade(&mut world, P);
    world.link_all();
    world.net.rest();
    assert_eq!(parked(&mut world), [0, 2, 2, 0]);
    assert!(world.replica(P).envelope(ids[1]).unwrap().is_some());
    upgrade(&mut world, C);
    upgrade(&mut world, T1);
    world.link_all();
    world.net.rest();
    assert_eq!(parked(&mut world), [0, 0, 0, 0]);
    for (a, b) in [(P, C), (C, T1)] {
        world.assert_equal(a, b);
    }
    assert_eq!(world.replica(T1).frontier(case).tip(by.1).unwrap().m, 2);
}

#[test]
fn a_node_that_was_away_is_told_of_what_nobody_could_check() {
    let (mut world, by, case) = world();
    world.net.cut(P, C);
    take(&mut world, T1, amend(by, case, (1, None)));
    world.net.rest();
    assert_eq!(parked(&mut world), [0, 1, 1, 0]);
    world.net.heal(P, C);
    world.net.rest();
    assert_eq!(parked(&mut world), [1, 1, 1, 0]);
}

#[test]
fn what_no_build_can_check_earns_no_place_by_a_number_alone() {
    let (mut world, by, case) = world();
    let good = amend(by, case, (1, None));
    let refused = |world: &mut World, envelope: Envelope| {
        let now = world.net.now;
        let outcome = world.replica(C).import(vec![envelope], now);
        world.net.carry_out(C);
        outcome.refused.first().map(|(_, reason)| reason.clone())
    };
    let other_body = Envelope {
        body: amend(by, case, (5, None)).body,
        ..good.clone()
    };
    let reason = refused(&mut world, other_body).unwrap();
    assert!(reason.contains("another body"), "{reason}");
    // An officer of suite 1 does not write in a suite that nobody can check.
    let officer = world.seats["t1-officer"];
    let crossed = amend((by.0, officer.author), case, (1, None));
    let reason = refused(&mut world, crossed).unwrap();
    assert!(reason.contains("the author's suite is 1"), "{reason}");
    // Another township has neither the case nor its officers: it waits there like anything else, and is
    // let go.
    take(&mut world, T2, good);
    assert_eq!(world.replica(T2).parked_count(), 1);
    for _ in 0..8 {
        world.net.tick(DAY);
    }
    assert_eq!(world.replica(T2).parked_count(), 0);
    assert_eq!(world.replica(C).parked_count(), 0);
}

#[test]
fn a_flood_of_them_is_bounded_and_pushes_out_nothing() {
    let (mut world, by, case) = world();
    let honest = amend(by, case, (1, None));
    take(&mut world, C, honest.clone());
    let peer = Peer(crate::world::peer_key("t1"));
    for number in 2..1_502_u64 {
        let flood = amend(by, case, (number, Some(EnvelopeId([3; 32]))));
        let frame = jiaolian_sync::frame::Frame::Envelopes {
            lane: 1,
            envelopes: vec![flood],
        };
        let now = world.net.now;
        world.replica(C).receive(peer, &frame.encode(), now);
        for effect in world.replica(C).drain() {
            if let Effect::Store(writes) = effect {
                world.net.nodes[C].disk.0.borrow_mut().commit(&writes);
            }
        }
    }
    let held = world.replica(C).parked_count();
    assert!((1_000..=1_001).contains(&held), "{held}");
    upgrade(&mut world, C);
    assert!(world.replica(C).envelope(honest.id()).unwrap().is_some());
}
