//! Which certificate authority a local network may trust: bound by keepers, taken away by keepers,
//! in any order of arrival.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::Vouch;
use jiaolian_schema::authority::Authority;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use town::{Draft, World, office};

const A: [u8; 32] = [1; 32];
const B: [u8; 32] = [2; 32];

fn vouch(
    w: &mut World,
    by: &str,
    authority: Option<[u8; 32]>,
    replaces: &[EnvelopeId],
) -> EnvelopeId {
    // What takes the place of another lies where that lies.
    let (own, _) = by.split_once('.').unwrap();
    let at = if replaces.is_empty() { own } else { "C1" };
    let draft = Draft {
        dossier: Some(w.roster(at)),
        deps: replaces.to_vec(),
        ..Draft::default()
    };
    let act = Vouch {
        authority,
        replaces: replaces.to_vec(),
        document: String::new(),
    };
    w.sign(by, draft, act.into())
}

fn trusted(authority: &Authority, at: &str) -> (bool, bool) {
    let of = |it| authority.is_vouched(office(at), &it);
    (of(A), of(B))
}

#[test]
fn a_county_vouches_for_itself_and_its_townships_and_for_nobody_else() {
    let mut w = World::new();
    vouch(&mut w, "C1.k", Some(A), &[]);
    let authority = w.authority();
    assert_eq!(trusted(&authority, "C1"), (true, false));
    assert_eq!(trusted(&authority, "T1"), (true, false));
    for other in ["C2", "T3", "P"] {
        assert_eq!(trusted(&authority, other), (false, false), "{other}");
    }
}

#[test]
fn only_keepers_vouch_and_a_revoked_ones_word_falls() {
    let mut w = World::new();
    vouch(&mut w, "T1.s", Some(A), &[]);
    assert_eq!(trusted(&w.authority(), "T1"), (false, false));
    w.appoint("C1.k2", "P.k", Duty::Keeper, &[], 0, 900);
    vouch(&mut w, "C1.k2", Some(B), &[]);
    assert_eq!(trusted(&w.authority(), "T1"), (false, true));
    w.revoke("P.k", "C1.k2", None, &[]);
    assert_eq!(trusted(&w.authority(), "T1"), (false, false));
}

#[test]
fn an_authority_falls_by_the_same_office_or_one_above_in_any_order() {
    let mut w = World::new();
    let first = vouch(&mut w, "C1.k", Some(A), &[]);
    vouch(&mut w, "T1.k", None, &[first]);
    assert_eq!(
        trusted(&w.authority(), "T1"),
        (true, false),
        "not from below"
    );
    vouch(&mut w, "P.k", Some(B), &[first]);
    assert_eq!(trusted(&w.authority(), "C1"), (false, true));
    let mut backwards = Authority::new(w.root.clone());
    for (id, head) in w.heads.iter().rev() {
        backwards.add_head(*id, head);
    }
    for fact in w.facts.values().rev() {
        backwards.add_fact(fact);
    }
    assert_eq!(trusted(&backwards, "C1"), (false, true));
    assert_eq!(trusted(&backwards, "T1"), (false, true));
}
