//! The edges of the rules by which an office passes to another superior (R-22, R-60 to R-68 of
//! `docs/standing-roster.md`): the instant at which something turns, who is left out, and what is
//! learnt in a later breath.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Found, Receipt, Receipted, Replant, bound_office_id};
use jiaolian_schema::authority::{Authority, State};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::hold::{NEVER, Office, Offices, Stay, day_start};
use jiaolian_schema::id::{EnvelopeId, OfficeId};
use town::{DAY, Draft, World, office};

const ALWAYS: i64 = 100_000;

fn moved() -> World {
    let mut w = World::deep();
    w.replant("K1.k", "T1", "C2", 20, 10);
    w
}

fn above(w: &World, lower: &str, day: i64) -> OfficeId {
    let authority = w.authority();
    authority.offices().path_at(office(lower), day * DAY)[1]
}

fn noted(w: &mut World) -> EnvelopeId {
    w.open("T1.s");
    w.note("T1.a", 12)
}

/// A receipt at an instant, ms UTC.
fn receipt_at(w: &mut World, witness: &str, time: i64, id: EnvelopeId) -> EnvelopeId {
    let row = Receipted {
        author: w.heads[&id].author,
        n: w.heads[&id].n,
        id,
        whole: 1,
    };
    let draft = Draft {
        dossier: Some(w.roster("C1")),
        ..Draft::default()
    };
    w.sign_receipt(witness, draft, &Receipt::new(1, time, vec![row]))
}

#[test]
fn r_61_known_at_the_instant_of_closing_is_known_too_late() {
    for (before, expected) in [(1, "waiting Cut"), (0, "good")] {
        let mut w = moved();
        let note = noted(&mut w);
        let revoke = w.revoke_on("C1.k", "T1.a", None, &[], 15);
        receipt_at(&mut w, "K1.w", day_start(30) - before, revoke);
        assert_eq!(w.word(note), expected, "{before} ms before");
    }
}

#[test]
fn r_61_the_stay_names_its_act_and_begins_at_its_own_instant() {
    let mut w = World::deep();
    assert!(!w.authority().offices().has_moves());
    let plan = w.replant("K1.k", "T1", "C2", 20, 10);
    let authority = w.authority();
    let mut tree = authority.offices().clone();
    assert!(tree.has_moves());
    let acts: Vec<Option<EnvelopeId>> = tree.stays(office("T1")).iter().map(|s| s.act).collect();
    assert_eq!(acts, [None, Some(plan)]);
    let parent = |now| authority.offices().as_of(now).path(office("T1"))[1];
    assert_eq!(parent(day_start(20) - 1), office("C1"));
    assert_eq!(parent(day_start(20)), office("C2"));
    tree.set_stays(office("T1"), Vec::new());
    assert!(!tree.has_moves());
}

#[test]
fn r_62_the_new_office_is_of_a_higher_tier_and_its_signer_stood_above_both_when_it_said_so() {
    let mut w = World::deep();
    w.found("C8", Some("K1"), 1);
    w.replant("K1.k", "T1", "C8", 20, 10);
    assert_eq!(above(&w, "T1", 25), office("C1"), "of T1's own tier");
    noted(&mut w);
    w.agree();
    // K2 comes to stand above C2 on day 30.
    for (said, under) in [(12, "C2"), (31, "C3")] {
        let mut w = World::deep();
        w.replant("P.k", "C2", "K2", 30, 11);
        w.replant("K2.k", "T3", "C3", 40, said);
        assert_eq!(above(&w, "T3", 40), office(under), "said on day {said}");
        noted(&mut w);
        w.agree();
    }
}

#[test]
fn r_64_of_an_appointment_by_who_never_was_a_judge_nothing_is_awaited() {
    let mut w = World::deep();
    w.open("T1.s");
    let id = w.appoint("T1.z", "C3.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    let note = w.note("T1.z", 30);
    assert_eq!(w.word(note), "void Appointment");
    w.revoke_on("K2.k", "C3.k", Some(w.receipt_before(id)), &[], 31);
    assert_eq!(w.word(id), "waiting Cut");
    assert_eq!(w.word(note), "void Appointment");
    // A keeper is no judge of another keeper of its office.
    let id = w.appoint("C1.k2", "C1.k", Duty::Keeper, &["KEEPER"], 0, ALWAYS);
    assert!(!w.authority().is_appointed(id));
    let id = w.appoint("C1.k3", "K1.k", Duty::Keeper, &["KEEPER"], 0, ALWAYS);
    assert!(w.authority().is_appointed(id));
}

#[test]
fn rule_22_an_appointment_to_an_office_that_is_not_yet_founded_waits() {
    let mut w = World::deep();
    w.appoint("X9.z", "P.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    w.open("T1.s");
    let note = w.note("X9.z", 30);
    assert_eq!(w.word(note), "waiting Appointment");
    w.found("X9", Some("K1"), 2);
    assert_eq!(w.word(note), "good");
}

#[test]
fn r_65_the_later_superior_takes_no_word_of_a_higher_one_away() {
    let mut w = moved();
    let note = noted(&mut w);
    let cut = w.revoke_on("K1.k", "T1.a", None, &[], 12);
    w.endorse_over("C2.k", "T1.a", note, 25, &[cut]);
    assert_eq!(w.word(note), "waiting Cut");
}

#[test]
fn rule_26_only_endorsements_set_the_time_of_what_no_longer_is_cut() {
    let mut w = World::deep();
    w.open("T1.s");
    let first = w.note("T1.a", 12);
    let second = w.note("T1.a", 13);
    let third = w.note("T1.a", 13);
    w.receipt("K1.w", 14, &[first, second]);
    let cut = w.revoke_on("P.k", "T1.a", None, &[], 15);
    w.revoke_on("P.k", "T1.a", Some(w.at(third)), &[], 20);
    w.endorse_over("P.k", "T1.a", third, 40, &[cut]);
    // What it is endorsed up to is not here, so nobody says yes to what lies below.
    w.forget(third);
    for id in [first, second] {
        let filed = Some(40 * DAY);
        assert_eq!(w.word(id), "good");
        assert_eq!(w.state(id), State::Good { filed });
    }
}

#[test]
fn a_move_is_open_while_it_is_unknown_whether_it_counts() {
    let open = |w: &World, near: &str| w.authority().has_open_move(office(near));
    let w = moved();
    for near in ["P", "K1", "C1", "T1", "T4"] {
        assert!(!open(&w, near), "all is known at {near}");
    }
    let by = |who: &str, under: &str| Replant {
        office: office(who),
        parent: office(under),
        from_day: 20,
        grace_days: 10,
    };
    let mut gap = World::deep();
    let below = gap.revoke("K1.k", "K1.s", None, &[]);
    gap.replant("K1.k", "T1", "C2", 20, 10);
    gap.forget(below);
    let mut whom = World::deep();
    whom.replant_as("K1.k", by("T9", "C2"), 10);
    let mut under = World::deep();
    under.replant_as("K1.k", by("T1", "C9"), 10);
    for (what, w) in [("a head", gap), ("whom", whom), ("under whom", under)] {
        for near in ["K1", "C1", "T1", "T3"] {
            assert!(open(&w, near), "{what} is missing at {near}");
        }
        for near in ["P", "K2", "C3", "T4"] {
            assert!(!open(&w, near), "K1 never stood above {near}");
        }
    }
}

fn row(parent: Option<&str>) -> Office {
    Office {
        parent: parent.map(office),
        tier: 1,
        code: String::new(),
        name: String::new(),
        drill: 0,
    }
}

fn stay(parent: &str, from: i64) -> Stay {
    Stay {
        parent: office(parent),
        from,
        to: NEVER,
        closes: NEVER,
        act: None,
    }
}

#[test]
fn an_office_is_alike_where_its_superiors_are_the_same_at_all_times() {
    let tree = |w: &World| w.authority().offices().clone();
    let (still, day_20) = (tree(&World::deep()), tree(&moved()));
    let mut w = World::deep();
    w.replant("K1.k", "T1", "C2", 21, 10);
    let day_21 = tree(&w);
    let t1 = office("T1");
    for (one, other) in [(&still, &day_20), (&day_20, &day_21)] {
        assert!(!one.is_alike(other, t1) && !other.is_alike(one, t1));
        for name in ["T2", "C1", "C2", "P"] {
            let id = office(name);
            assert!(one.is_alike(other, id) && other.is_alike(one, id), "{name}");
        }
    }
    for same in [&still, &day_20] {
        assert!(same.is_alike(same, t1));
    }
    // The same superiors in another order, beside an office that moves.
    let order = |rows: [(&str, Option<&str>); 4]| {
        let mut tree = Offices::default();
        for (name, parent) in rows {
            tree.insert(office(name), row(parent));
        }
        tree.insert(office("Y"), row(Some("P")));
        tree.set_stays(office("Y"), vec![stay("P", 0), stay("A", 1)]);
        tree
    };
    let one = order([
        ("P", None),
        ("A", Some("P")),
        ("B", Some("A")),
        ("X", Some("B")),
    ]);
    let other = order([
        ("P", None),
        ("B", Some("P")),
        ("A", Some("B")),
        ("X", Some("A")),
    ]);
    assert!(!one.is_alike(&other, office("X")));
    // Known in one of them only.
    let mut more = one.clone();
    more.insert(office("Z"), row(None));
    assert!(!one.is_alike(&more, office("Z")) && !more.is_alike(&one, office("Z")));
}

#[test]
fn r_22_a_bound_founding_that_comes_later_and_is_not_good_displaces_another() {
    let mut w = World::new();
    let nonce = [7; 16];
    let id = bound_office_id(office("C2"), nonce);
    let found = |parent: &str, nonce| Found {
        office: id,
        parent: Some(office(parent)),
        tier: 1,
        code: "X".to_owned(),
        name: "X".to_owned(),
        drill: 0,
        nonce,
    };
    w.sign("C1.k", Draft::default(), found("C1", None).into());
    // Signed by who may not found there, on a head whose chain is not here: nobody is judged again.
    let below = w.revoke("T3.k", "T3.s", None, &[]);
    let bound = w.sign("T3.k", Draft::default(), found("C2", Some(nonce)).into());
    w.forget(below);
    let mut authority = Authority::new(w.root.clone());
    let heads = w.heads.iter().filter(|(one, _)| **one != bound);
    let facts = w.facts.values().filter(|fact| fact.id != bound);
    authority.extend(heads.map(|(id, head)| (*id, head)), facts);
    assert!(authority.offices().get(id).is_some());
    authority.extend([(bound, &w.heads[&bound])], [&w.facts[&bound]]);
    assert!(authority.offices().get(id).is_none());
    assert!(w.authority().offices().get(id).is_none());
}

#[test]
fn a_move_that_comes_later_moves_the_office_at_once() {
    let mut w = World::deep();
    let plan = w.replant("K1.k", "T1", "C2", 20, 10);
    let mut authority = Authority::new(w.root.clone());
    let heads = w.heads.iter().filter(|(one, _)| **one != plan);
    let facts = w.facts.values().filter(|fact| fact.id != plan);
    authority.extend(heads.map(|(id, head)| (*id, head)), facts);
    assert!(!authority.offices().has_moves());
    authority.extend([(plan, &w.heads[&plan])], [&w.facts[&plan]]);
    assert_eq!(
        authority.offices().path_at(office("T1"), 20 * DAY)[1],
        office("C2")
    );
}
