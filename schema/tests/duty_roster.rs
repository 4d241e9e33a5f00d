//! Duty lists and hand-overs as they lie in a roster: which count (D-1 to D-3, D-9), by the fold's authority
//! and by the second opinion alike, whatever order they came in.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, HandOver, Phone, Rota, Shift};
use jiaolian_schema::duty::{Book, CheckRotaError, check_rota, hand_overs, on_duty, rotas_of};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::fact::Fact;
use jiaolian_schema::id::{EnvelopeId, PersonId};
use jiaolian_schema::opinion::{self, Opinion};
use jiaolian_schema::rule::RulePack;
use std::collections::BTreeMap;
use town::{Draft, World, office};

const DAY: i64 = 86_400_000;

fn roster(w: &World, at: &str) -> BTreeMap<EnvelopeId, Fact> {
    let mut facts = w.facts.clone();
    facts.retain(|_, fact| fact.dossier == w.roster(at));
    facts
}

fn rota(person: PersonId, replaces: &[EnvelopeId]) -> Rota {
    Rota {
        hours: None,
        workdays: 0,
        shifts: vec![Shift {
            from: 10 * DAY,
            to: 11 * DAY,
            person,
        }],
        phones: vec![Phone {
            person,
            number: "13800000003".into(),
        }],
        replaces: replaces.to_vec(),
    }
}

fn sign(w: &mut World, who: &str, act: impl Into<Act>, deps: &[EnvelopeId]) -> EnvelopeId {
    let at = who.split('.').next().unwrap();
    let draft = Draft {
        dossier: Some(w.roster(at)),
        deps: deps.to_vec(),
        day: 9,
        ..Draft::default()
    };
    w.sign(who, draft, act.into())
}

#[track_caller]
fn check(w: &World, at: &str, standing: &[EnvelopeId]) {
    let rules = RulePack::builtin();
    let found = rotas_of((&w.authority(), &rules), office(at), &roster(w, at));
    let mut standing = standing.to_vec();
    standing.sort_unstable();
    assert_eq!(found.tips(), standing);
}

#[track_caller]
fn is_good_by_both(w: &World, id: EnvelopeId) {
    assert!(w.authority().state(&w.facts[&id], true).is_good());
    let papers = w.papers();
    let second = Opinion::of(&papers).state_under(id, &RulePack::builtin());
    assert!(matches!(second, opinion::State::Good { .. }), "{second:?}");
}

#[test]
fn the_head_sets_the_list_of_the_own_office_and_nobody_else_does() {
    let mut w = World::new();
    let one = w.person_of("T1.s");
    let own = sign(&mut w, "T1.h", rota(one, &[]), &[]);
    sign(&mut w, "T1.s", rota(one, &[]), &[]);
    is_good_by_both(&w, own);
    check(&w, "T1", &[own]);
    // Another office's head in this roster: a good signature, and no list of this office.
    let draft = Draft {
        dossier: Some(w.roster("T1")),
        day: 9,
        ..Draft::default()
    };
    w.sign("T2.h", draft, rota(one, &[]).into());
    check(&w, "T1", &[own]);
    check(&w, "T2", &[]);
}

#[test]
fn a_later_list_replaces_what_it_names_and_two_that_know_nothing_of_one_another_stand() {
    let mut w = World::new();
    w.appoint("T1.h3", "T1.k", Duty::Staff, &["OFF_HEAD"], 0, 100_000);
    let (one, other) = (w.person_of("T1.s"), w.person_of("T1.h"));
    let first = sign(&mut w, "T1.h", rota(one, &[]), &[]);
    let second = sign(&mut w, "T1.h", rota(other, &[first]), &[first]);
    check(&w, "T1", &[second]);
    let rival = sign(&mut w, "T1.h3", rota(one, &[first]), &[first]);
    check(&w, "T1", &[second, rival]);
    let mut both = vec![second, rival];
    both.sort_unstable();
    let settled = sign(&mut w, "T1.h", rota(other, &both), &both);
    check(&w, "T1", &[settled]);
    // What a head signed whose key is cut no longer stands, and what it replaced does again.
    w.revoke("T1.k", "T1.h", None, &[]);
    check(&w, "T1", &[rival]);
}

#[test]
fn a_list_out_of_form_counts_for_nothing() {
    let mut w = World::new();
    let one = w.person_of("T1.s");
    let good = rota(one, &[]);
    let shift = |from: i64, to: i64| Shift {
        from,
        to,
        person: one,
    };
    let phone = |number: &str| {
        vec![Phone {
            person: one,
            number: number.to_owned(),
        }]
    };
    let bad = [
        Rota {
            shifts: vec![shift(5, 5)],
            ..good.clone()
        },
        Rota {
            shifts: vec![shift(5, 5 + 8 * DAY)],
            ..good.clone()
        },
        Rota {
            shifts: vec![shift(i64::MIN, i64::MAX)],
            ..good.clone()
        },
        Rota {
            shifts: vec![shift(5, 6), shift(4, 6)],
            ..good.clone()
        },
        Rota {
            shifts: vec![shift(5, 6), shift(5, 6)],
            ..good.clone()
        },
        Rota {
            shifts: (0..601).map(|i| shift(i, i + 1)).collect(),
            ..good.clone()
        },
        Rota {
            phones: phone("1380000\u{661}000"),
            ..good.clone()
        },
        Rota {
            phones: phone("+"),
            ..good.clone()
        },
        Rota {
            phones: phone("1234567890123456"),
            ..good.clone()
        },
        Rota {
            phones: [phone("12345"), phone("12345")].concat(),
            ..good.clone()
        },
    ];
    for rota in bad {
        assert!(check_rota(&rota).is_err(), "{rota:?}");
        sign(&mut w, "T1.h", rota, &[]);
    }
    assert_eq!(check_rota(&good), Ok(()));
    let long = Rota {
        phones: phone("12345;rm"),
        ..good
    };
    assert_eq!(
        check_rota(&long),
        Err(CheckRotaError::Number("12345;rm".into()))
    );
    check(&w, "T1", &[]);
}

#[test]
fn the_book_knows_who_answers_from_rosters_alone() {
    let mut w = World::new();
    let (town, county) = (w.person_of("T1.s"), w.person_of("C1.s"));
    sign(&mut w, "T1.h", rota(town, &[]), &[]);
    sign(&mut w, "C1.h2", rota(county, &[]), &[]);
    let (rules, authority) = (RulePack::builtin(), w.authority());
    let rosters = ["T1", "C1"].map(|at| (office(at), roster(&w, at)));
    let book = Book::read((&authority, &rules), &rosters.into());
    let names = |at: i64| {
        let found = on_duty(&rules, &book, office("T1"), at);
        let names = found.people.iter().map(|one| one.name.clone());
        (names.collect::<Vec<_>>(), found.unlisted)
    };
    let listed = ["T1.s".to_owned(), "C1.s".to_owned()].to_vec();
    assert_eq!(names(10 * DAY), (listed, vec![]));
    // After the shifts: the county's heads, and a notice.
    let (heads, unlisted) = names(11 * DAY);
    assert_eq!(unlisted, [office("C1")]);
    assert!(heads.contains(&"C1.h2".to_owned()), "{heads:?}");
    assert!(!heads.contains(&"C1.s".to_owned()), "{heads:?}");
}

#[test]
fn a_hand_over_is_taken_by_another_person_who_signs_the_same_list() {
    let mut w = World::new();
    let given = HandOver {
        takes: None,
        list: [1; 32],
        open: 2,
        untold: 1,
    };
    let first = sign(&mut w, "T1.s", given.clone(), &[]);
    is_good_by_both(&w, first);
    let taking = |list: u8| HandOver {
        takes: Some(first),
        list: [list; 32],
        ..given.clone()
    };
    let taken = |w: &World| {
        let facts = roster(w, "T1");
        let rules = RulePack::builtin();
        let found = hand_overs((&w.authority(), &rules), office("T1"), &facts);
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].by, found[0].taken.map(|(_, person, _)| person))
    };
    let left = w.person_of("T1.s");
    sign(&mut w, "T1.s", taking(1), &[]);
    assert_eq!(taken(&w), (left, None), "by the same person");
    sign(&mut w, "T1.h", taking(2), &[first]);
    assert_eq!(taken(&w), (left, None), "another list");
    let draft = Draft {
        dossier: Some(w.roster("T1")),
        deps: vec![first],
        day: 9,
        ..Draft::default()
    };
    w.sign("T2.s", draft, taking(1).into());
    assert_eq!(taken(&w), (left, None), "by another office");
    sign(&mut w, "T1.h", taking(1), &[first]);
    assert_eq!(taken(&w), (left, Some(w.person_of("T1.h"))));
}
