//! The root, k of n: versions only rise, each proves the next, two of one version undo one another,
//! and the statement in force says whose word at the top counts and up to where.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{
    At, FormerKeeper, PublicKey, Root, RootError, RootSignature, RootStatement, Stays,
};
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{EnvelopeId, sha256};
use jiaolian_schema::suite::{Ed25519Signer, Sign as _, StrictVerifier};
use town::{Draft, World, office};

fn public(name: &str) -> PublicKey {
    let key = sha256(&[b"key", name.as_bytes()]).to_vec();
    PublicKey { suite: 1, key }
}

fn keys(names: &[&str]) -> Vec<PublicKey> {
    let mut keys: Vec<PublicKey> = names.iter().map(|name| public(name)).collect();
    keys.sort();
    keys
}

/// Version 1: two of r1, r2, r3 say that P.k keeps the root office.
fn first() -> RootStatement {
    RootStatement {
        threshold: 2,
        keys: keys(&["r1", "r2", "r3"]),
        ..RootStatement::single(office("P"), public("P.k"))
    }
}

/// The next version: the same keys, P.k2 keeps, and so much of P.k stays.
fn next(before: &RootStatement, stays: Stays) -> RootStatement {
    RootStatement {
        version: before.version + 1,
        keeper: public("P.k2"),
        former: vec![FormerKeeper {
            key: public("P.k"),
            stays,
        }],
        ..before.clone()
    }
}

fn signed(statement: RootStatement, by: &[&str]) -> Root {
    let sign = |key| RootSignature {
        key,
        signature: [0; 64],
    };
    Root {
        signatures: keys(by).into_iter().map(sign).collect(),
        statement,
    }
}

/// The usual town with a second keeper at the top.
fn town() -> World {
    let mut w = World::new();
    w.appoint("P.k2", "P.k", Duty::Keeper, &["KEEPER"], 0, 1_000);
    w
}

fn carry(w: &mut World, who: &str, root: Root) -> EnvelopeId {
    let draft = Draft {
        dossier: Some(w.roster("P")),
        ..Draft::default()
    };
    w.sign(who, draft, root.into())
}

fn authority(w: &World) -> Authority {
    let mut authority = Authority::new(first());
    authority.extend(
        w.heads.iter().map(|(id, head)| (*id, head)),
        w.facts.values(),
    );
    authority
}

fn version(w: &World) -> u32 {
    authority(w).root().version
}

fn is_good(w: &World, id: EnvelopeId) -> bool {
    let authority = authority(w);
    let complete = authority.is_complete(id);
    authority.state(&w.facts[&id], complete).is_good()
}

#[test]
fn one_pinned_key_is_root_and_keeper_in_one() {
    let w = town();
    let authority = w.authority();
    let root = authority.root();
    assert_eq!((root.version, root.threshold, root.keys.len()), (1, 1, 1));
    assert_eq!(authority.root_keeper(), w.author("P.k"));
}

#[test]
fn r_2_a_version_counts_with_enough_keys_of_the_one_before_and_enough_of_its_own() {
    let v2 = RootStatement {
        threshold: 1,
        keys: keys(&["n1", "r1"]),
        ..next(&first(), Stays::All)
    };
    for (by, counts) in [
        (&["r1", "r2"][..], true),
        (&["n1", "r2", "r3"], true),
        (&["r2", "r3"], false),
        (&["n1", "r1"], false),
        (&["r1"], false),
        (&["P.k", "r1"], false),
        (&[], false),
    ] {
        let mut w = town();
        carry(&mut w, "P.k", signed(v2.clone(), by));
        assert_eq!(version(&w) == 2, counts, "{by:?}");
    }
}

#[test]
fn r_2_each_version_proves_the_next_and_none_is_left_out() {
    let v2 = next(&first(), Stays::All);
    let v3 = RootStatement {
        version: 3,
        threshold: 1,
        keys: keys(&["n1"]),
        ..v2.clone()
    };
    let mut w = town();
    let third = signed(v3, &["n1", "r1", "r3"]);
    carry(&mut w, "P.k", third);
    assert_eq!(version(&w), 1);
    carry(&mut w, "P.k", signed(v2, &["r1", "r2"]));
    assert_eq!(version(&w), 3);
}

#[test]
fn r_2_the_root_office_never_changes() {
    let v2 = RootStatement {
        office: office("C1"),
        ..next(&first(), Stays::All)
    };
    let mut w = town();
    carry(&mut w, "P.k", signed(v2, &["r1", "r2"]));
    assert_eq!(version(&w), 1);
}

#[test]
fn r_3_two_statements_of_one_version_undo_one_another_and_all_above_them() {
    let mut w = town();
    let v2 = next(&first(), Stays::All);
    let one = carry(&mut w, "P.k", signed(v2.clone(), &["r1", "r2"]));
    let again = signed(v2.clone(), &["r2", "r3"]);
    carry(&mut w, "P.k", again);
    assert_eq!(version(&w), 2, "the same statement twice is one");
    let v3 = RootStatement {
        version: 3,
        ..v2.clone()
    };
    carry(&mut w, "P.k", signed(v3, &["r1", "r2"]));
    assert_eq!(version(&w), 3);
    let rival = next(&first(), Stays::Nothing);
    let other = carry(&mut w, "P.k", signed(rival, &["r1", "r3"]));
    let authority = authority(&w);
    assert_eq!(authority.root().version, 1);
    assert_eq!(authority.root_keeper(), w.author("P.k"));
    let listed = authority.contested_roots();
    assert!(listed.contains(&one) && listed.contains(&other) && listed.len() == 3);
}

#[test]
fn r_4_whoever_carries_it_adds_and_takes_nothing() {
    let v2 = signed(next(&first(), Stays::All), &["r1", "r2"]);
    let mut w = town();
    w.revoke("C1.k", "T1.s", None, &[]);
    let id = carry(&mut w, "T1.s", v2);
    assert!(!is_good(&w, id));
    assert_eq!(version(&w), 2);
}

#[test]
fn r_5_a_former_keepers_chain_stays_up_to_the_position_that_is_named() {
    let mut w = town();
    w.open("T1.s");
    let kept = w.appoint("T1.p", "P.k", Duty::Staff, &["OFF_STAFF"], 0, 31);
    let last = w.at(kept);
    let late = w.appoint("T1.q", "P.k", Duty::Staff, &["OFF_STAFF"], 0, 31);
    let (by_kept, by_late) = (w.note("T1.p", 3), w.note("T1.q", 3));
    assert!(
        [kept, late, by_kept, by_late]
            .iter()
            .all(|id| is_good(&w, *id))
    );
    let v2 = next(&first(), Stays::UpTo(last));
    carry(&mut w, "P.k2", signed(v2.clone(), &["r1", "r2"]));
    assert!(is_good(&w, kept) && is_good(&w, by_kept));
    assert!(!is_good(&w, late) && !is_good(&w, by_late));
    let former = w.author("P.k");
    assert!(authority(&w).is_barred(former));

    // Nobody but a newer root statement gives it back; the keeper now in office is not asked.
    w.endorse("P.k2", "P.k", late, 40);
    assert!(!is_good(&w, late));
    let v3 = RootStatement {
        version: 3,
        former: next(&v2, Stays::UpTo(w.at(late))).former,
        ..v2
    };
    carry(&mut w, "P.k2", signed(v3, &["r2", "r3"]));
    assert!(is_good(&w, late) && is_good(&w, by_late));
}

#[test]
fn r_5_of_a_keeper_of_whom_nothing_stays_no_office_is_left() {
    for stays in [Some(Stays::Nothing), None] {
        let mut w = town();
        let mut v2 = next(&first(), Stays::Nothing);
        if stays.is_none() {
            v2.former.clear();
        }
        carry(&mut w, "P.w", signed(v2, &["r1", "r2"]));
        let authority = authority(&w);
        assert!(authority.offices().get(office("P")).is_none(), "{stays:?}");
        assert!(!authority.is_appointed(w.appointment_of("C1.k")));
    }
}

#[test]
fn r_5_the_new_keeper_founds_appoints_and_revokes_and_the_former_does_not() {
    let mut w = town();
    let last = w.at(w.appointment_of("P.k2"));
    let v2 = next(&first(), Stays::UpTo(last));
    carry(&mut w, "P.k2", signed(v2, &["r1", "r2"]));
    let by_new = w.appoint("C1.k9", "P.k2", Duty::Keeper, &["KEEPER"], 0, 31);
    let by_former = w.appoint("C2.k9", "P.k", Duty::Keeper, &["KEEPER"], 0, 31);
    let authority = authority(&w);
    assert!(authority.is_appointed(by_new));
    assert!(!authority.is_appointed(by_former));
    assert!(authority.is_appointed(w.appointment_of("C1.k")));
}

#[test]
fn odd_statements_and_false_signatures_are_refused_at_the_door() {
    let signers: Vec<Ed25519Signer> = [1, 2]
        .map(|seed| Ed25519Signer::from_seed(&[seed; 32]))
        .into();
    let public = |signer: &Ed25519Signer| PublicKey {
        suite: 1,
        key: signer.public_key(),
    };
    let sound = RootStatement {
        version: 2,
        ..RootStatement::single(office("P"), public(&signers[0]))
    };
    let sealed = |statement: &RootStatement| {
        let bytes = statement.signed_bytes();
        let sign = |signer: &Ed25519Signer| RootSignature {
            key: public(signer),
            signature: signer.sign(&bytes).unwrap(),
        };
        let mut signatures: Vec<RootSignature> = signers.iter().map(sign).collect();
        signatures.sort_by(|a, b| a.key.cmp(&b.key));
        Root {
            statement: statement.clone(),
            signatures,
        }
    };
    assert_eq!(sealed(&sound).check(&StrictVerifier), Ok(()));
    let odd = |change: &dyn Fn(&mut RootStatement)| {
        let mut statement = sound.clone();
        change(&mut statement);
        sealed(&statement).check(&StrictVerifier).unwrap_err()
    };
    assert_eq!(odd(&|s| s.version = 0), RootError::Version);
    assert_eq!(odd(&|s| s.keys.clear()), RootError::Keys(0));
    assert_eq!(odd(&|s| s.keys.push(s.keys[0].clone())), RootError::Keys(2));
    let threshold = |threshold| RootError::Threshold { threshold, keys: 1 };
    assert_eq!(odd(&|s| s.threshold = 0), threshold(0));
    assert_eq!(odd(&|s| s.threshold = 2), threshold(2));
    let itself = |s: &mut RootStatement| {
        let key = s.keeper.clone();
        let stays = Stays::UpTo(At {
            n: 1,
            id: EnvelopeId([1; 32]),
        });
        s.former.push(FormerKeeper { key, stays });
    };
    assert_eq!(odd(&itself), RootError::Former(1));

    let mut twice = sealed(&sound);
    twice.signatures[1] = twice.signatures[0].clone();
    assert_eq!(twice.check(&StrictVerifier), Err(RootError::Signatures(2)));
    let mut other = sealed(&sound);
    other.statement.threshold = 1;
    other.statement.version = 3;
    let refused = other.check(&StrictVerifier);
    assert!(matches!(refused, Err(RootError::BadSignature(_))));
    let mut unknown = sealed(&sound);
    unknown.signatures[1].key.suite = 99;
    assert_eq!(
        unknown.check(&StrictVerifier),
        Err(RootError::UnknownSuite(99))
    );
}
