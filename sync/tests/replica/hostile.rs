//! A peer that lies: nothing that it sends changes what is here, stops the node or grows without
//! bound.

use crate::world::{C, P, T1, T2, World, peer_key, signer};
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::{AuthorId, DossierId};
use jiaolian_schema::suite::Sign as _;
use jiaolian_sync::frame::{Frame, Have, Hello};
use jiaolian_sync::{Effect, Peer};

fn hear(world: &mut World, frame: &[u8]) -> Vec<Effect> {
    let now = world.net.now;
    world.replica(C).receive(Peer(peer_key("t1")), frame, now);
    let effects = world.replica(C).drain();
    for effect in &effects {
        if let Effect::Store(writes) = effect {
            world.net.nodes[C].disk.0.borrow_mut().commit(writes);
        }
    }
    effects
}

fn greeted() -> World {
    let mut world = World::new();
    world.link_all();
    world.net.rest();
    world
}

fn envelopes(envelopes: Vec<Envelope>) -> Vec<u8> {
    Frame::Envelopes { lane: 1, envelopes }.encode()
}

#[test]
fn random_bytes_and_broken_frames_change_nothing() {
    let mut world = greeted();
    let before = (world.count(C), world.replica(C).refused_count());
    let mut dice = 88_172_645_463_325_252_u64;
    let mut next = || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice
    };
    let honest: Vec<Vec<u8>> = world
        .net
        .frames
        .iter()
        .map(|(_, _, _, frame)| frame.clone())
        .collect();
    for round in 0..6_000 {
        let mut frame = honest[round % honest.len()].clone();
        if round % 4 == 0 {
            frame = (0..next() % 300).map(|_| next() as u8).collect();
        } else {
            for _ in 0..=next() % 3 {
                let at = (next() % frame.len() as u64) as usize;
                frame[at] = next() as u8;
            }
            if round % 4 == 1 {
                frame.truncate((next() % 64) as usize);
            }
        }
        hear(&mut world, &frame);
        if round % 50 == 0 {
            world.net.now += 3 * 24 * 3_600_000;
            let now = world.net.now;
            world.replica(C).connect(Peer(peer_key("t1")), now);
        }
    }
    assert_eq!(world.count(C), before.0);
    assert!(world.replica(C).parked_count() <= 1_000);
}

#[test]
fn a_stranger_is_hung_up_on() {
    let mut world = World::new();
    let now = world.net.now;
    world.replica(C).connect(Peer([9; 32]), now);
    let effects = world.replica(C).drain();
    assert!(
        effects.iter().any(
            |effect| matches!(effect, Effect::Hangup { peer: Peer(key), .. } if *key == [9; 32])
        )
    );
}

#[test]
fn a_forged_signature_is_listed_and_its_true_twin_is_still_welcome() {
    let mut world = greeted();
    world.net.cut(C, T1);
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let honest = world.replica(T1).envelope(case.into()).unwrap().unwrap();
    world.net.now += 10_000;
    world.net.heal(C, T1);
    let forged = Envelope {
        signature: [1; 64],
        ..honest.clone()
    };
    hear(&mut world, &envelopes(vec![forged]));
    assert_eq!(world.replica(C).refused_count(), 1);
    let refusal = world.replica(C).refused(0, 10).unwrap().remove(0);
    assert!(refusal.reason.contains("signature"), "{}", refusal.reason);
    assert!(world.replica(C).dossier(case).is_none());
    let now = world.net.now;
    world.replica(C).import(vec![honest], now);
    assert!(world.replica(C).dossier(case).is_some());
}

#[test]
fn a_dossier_that_this_office_may_not_hold_is_dropped_and_listed() {
    let mut world = greeted();
    let case = world.open(T1, "t1-officer", "t1", 1, true);
    world.net.rest();
    let minor = world.replica(C).envelope(case.into()).unwrap().unwrap();
    let now = world.net.now;
    world
        .replica(P)
        .receive(Peer(peer_key("c")), &envelopes(vec![minor.clone()]), now);
    assert!(world.replica(P).dossier(case).is_none());
    assert_eq!(world.replica(P).refused_count(), 1);
    world.replica(T2).import(vec![minor], now);
    assert!(world.replica(T2).dossier(case).is_none());
}

#[test]
fn asking_for_a_forbidden_dossier_is_answered_as_for_one_that_does_not_exist() {
    let mut world = greeted();
    let secret = world.open(T2, "t2-officer", "t2", 1, false);
    world.net.rest();
    assert!(world.replica(C).dossier(secret).is_some());
    let ask = |item: [u8; 8]| {
        let have = Have {
            item,
            tips: Vec::new(),
            refused: None,
        };
        Frame::Have {
            items: vec![have],
            answer: false,
        }
        .encode()
    };
    let forbidden = hear(&mut world, &ask(secret.0[..8].try_into().unwrap()));
    let absent = hear(&mut world, &ask([0xee; 8]));
    assert_eq!(forbidden, absent);
    assert!(forbidden.is_empty());
}

#[test]
fn envelopes_of_unknown_authors_wait_within_bounds() {
    let mut world = greeted();
    let stranger = signer("nobody");
    let mut sent = Vec::new();
    for number in 0..1_500_u64 {
        let head = jiaolian_schema::envelope::Head {
            suite: stranger.suite(),
            kind: jiaolian_schema::envelope::Kind::Act,
            author: AuthorId([3; 32]),
            n: number + 1,
            prev: (number > 0).then(|| DossierId([4; 32]).into()),
            body_hash: jiaolian_schema::id::BodyHash([5; 32]),
            receipt: None,
        };
        sent.push(Envelope {
            head: jiaolian_schema::canon::encode(&head),
            signature: [0; 64],
            body: Some(vec![0; 100]),
        });
    }
    for batch in sent.chunks(100) {
        hear(&mut world, &envelopes(batch.to_vec()));
    }
    let parked = world.replica(C).parked_count();
    assert!(parked > 0 && parked <= 1_000, "{parked}");
}

#[test]
fn a_peer_that_only_sends_what_is_refused_is_shut_out_for_a_while() {
    let mut world = greeted();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    let honest = world.replica(T1).envelope(case.into()).unwrap().unwrap();
    let mut hung = false;
    for number in 0..80_u8 {
        let mut forged = honest.clone();
        forged.signature[0] ^= number.wrapping_add(1);
        forged.body = None;
        let mut head = forged.parse_head().unwrap();
        head.n += u64::from(number) + 5;
        forged.head = jiaolian_schema::canon::encode(&head);
        let effects = hear(&mut world, &envelopes(vec![forged]));
        hung |= effects
            .iter()
            .any(|effect| matches!(effect, Effect::Hangup { .. }));
    }
    assert!(hung);
    let now = world.net.now + 1_000;
    world.replica(C).connect(Peer(peer_key("t1")), now);
    let effects = world.replica(C).drain();
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Hangup { .. }))
    );
    world
        .replica(C)
        .connect(Peer(peer_key("t1")), now + 3_600_000);
    let effects = world.replica(C).drain();
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::Hangup { .. }))
    );
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_not_believed() {
    let mut world = greeted();
    let before = world.replica(C).links();
    let frame = Frame::Durable {
        urgent: 1 << 40,
        normal: 0,
        bulk: 0,
    };
    hear(&mut world, &frame.encode());
    let waiting =
        |links: &[jiaolian_sync::LinkStatus]| links.iter().map(|l| l.waiting).collect::<Vec<_>>();
    assert_eq!(waiting(&world.replica(C).links()), waiting(&before));
}

#[test]
fn an_unknown_protocol_version_is_refused_with_the_versions_spoken() {
    let mut world = World::new();
    let now = world.net.now;
    world.replica(C).connect(Peer(peer_key("t1")), now);
    world.replica(C).drain();
    let hello = Hello {
        wire: 0,
        fold: 1,
        edit: 1,
        pack: [0; 4],
        office: [0; 4],
        salt: [0; 4],
        roster: [0; 6],
        root: [0; 12],
        agreed: None,
        recent: None,
    };
    let effects = hear(&mut world, &Frame::Hello(hello).encode());
    let refused = effects.iter().any(|effect| {
        matches!(effect, Effect::Send { frame, .. } if Frame::decode(frame) == Ok(Frame::Refuse { newest: 1, oldest: 1 }))
    });
    assert!(refused, "{effects:?}");
}
