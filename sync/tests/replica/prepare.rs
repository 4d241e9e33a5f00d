//! Signing in two steps: what is prepared for a key elsewhere is what the key would have signed here,
//! and it is taken in whole or not at all.

use crate::world::{P, T1, World, office, signer};
use jiaolian_schema::act::{Act, At, Found, Policy, Step};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::Head;
use jiaolian_schema::suite::{Ed25519Signer, Sign as _};
use jiaolian_schema::value::Fields;
use jiaolian_sync::{Draft, Payload, SignError, Unsigned};

/// Signs at the province's node, where its chain began.
const KEEPER: &str = "c-keeper";

fn policy(days: u16) -> Act {
    Policy {
        stale_days: days,
        fold_version: 1,
        rule_pack: [0; 32],
    }
    .into()
}

/// What is on file in the county's roster.
fn count(world: &mut World) -> usize {
    let roster = world.roster("c");
    world.replica(P).facts(roster).unwrap().len()
}

fn prepare(world: &mut World, acts: Vec<(bool, Act)>) -> Vec<Unsigned> {
    let (seat, now) = (world.seats[KEEPER], world.net.now);
    let roster = world.roster("c");
    let mut prepared: Vec<Unsigned> = Vec::new();
    for (here, act) in acts {
        let draft = Draft {
            dossier: here.then_some(roster),
            payload: Payload::Act(act),
        };
        let salt = [u8::try_from(prepared.len()).unwrap(); 16];
        let one = world.replica(P).prepare(seat, &draft, &prepared, now, salt);
        prepared.push(one.unwrap());
    }
    prepared
}

fn sign_as(key: &Ed25519Signer, prepared: &[Unsigned]) -> Vec<[u8; 64]> {
    let sign = |one: &Unsigned| {
        key.sign(&Head::signed_bytes(
            one.head.kind,
            &canon::encode(&one.head),
        ))
        .unwrap()
    };
    prepared.iter().map(sign).collect()
}

fn new_office() -> Act {
    Found {
        office: office("t9"),
        parent: Some(office("c")),
        tier: 1,
        code: "430181999".to_owned(),
        name: "新所".to_owned(),
        drill: 1,
        nonce: None,
    }
    .into()
}

#[test]
fn what_is_prepared_together_is_taken_in_together_and_the_chain_goes_on() {
    let mut world = World::new();
    let acts = vec![(true, policy(3)), (false, new_office()), (true, policy(4))];
    let prepared = prepare(&mut world, acts);
    let (seat, now) = (world.seats[KEEPER], world.net.now);
    let before = count(&mut world);
    let signatures = sign_as(&signer(KEEPER), &prepared);
    world
        .replica(P)
        .accept(seat, &prepared, &signatures, now)
        .unwrap();
    assert_eq!(count(&mut world), before + 2);
    let tip = world.replica(P).local_tip(seat.author).unwrap().unwrap();
    assert_eq!(
        tip,
        At {
            n: prepared[2].head.n,
            id: prepared[2].id()
        }
    );
    let authority = world.replica(P).authority().clone();
    assert_eq!(authority.policy(office("c")).stale_days, 4);
    assert!(authority.offices().get(office("t9")).is_some());
    let roster = world.roster("c");
    world
        .sign(P, KEEPER, Some(roster), Payload::Act(policy(5)))
        .unwrap();
}

#[test]
fn nothing_is_taken_in_where_one_signature_is_wrong_or_the_chain_went_on() {
    let mut world = World::new();
    let prepared = prepare(&mut world, vec![(true, policy(3)), (true, policy(4))]);
    let (seat, now) = (world.seats[KEEPER], world.net.now);
    let before = count(&mut world);
    let good = sign_as(&signer(KEEPER), &prepared);
    let other = sign_as(&signer("t1-head"), &prepared);
    for wrong in [
        vec![],
        vec![good[0]],
        vec![good[0], other[1]],
        vec![good[1], good[0]],
        vec![good[0], good[1], good[1]],
    ] {
        let refused = world.replica(P).accept(seat, &prepared, &wrong, now);
        assert!(
            matches!(refused, Err(SignError::OtherKey(_) | SignError::Refused(_))),
            "{refused:?}"
        );
        assert_eq!(count(&mut world), before);
    }
    let roster = world.roster("c");
    world
        .sign(P, KEEPER, Some(roster), Payload::Act(policy(9)))
        .unwrap();
    let late = world.replica(P).accept(seat, &prepared, &good, now);
    assert!(
        matches!(&late, Err(SignError::Refused(reason)) if reason.contains("went on")),
        "{late:?}"
    );
    assert_eq!(count(&mut world), before + 1);
}

#[test]
fn a_decision_is_not_prepared_since_it_is_weighed_while_it_is_signed() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let matter = world.apply(T1, "t1-officer", case);
    let step = Step {
        matter,
        event: "approve".to_owned(),
        replaces: vec![],
        section: None,
        fields: Fields::new(),
        span: None,
    };
    let draft = Draft {
        dossier: Some(case),
        payload: Payload::Act(step.into()),
    };
    let (seat, now) = (world.seats["t1-head"], world.net.now);
    let refused = world.replica(T1).prepare(seat, &draft, &[], now, [0; 16]);
    assert!(matches!(refused, Err(SignError::Refused(_))), "{refused:?}");
}
