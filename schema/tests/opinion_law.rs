//! The shipped rules, read by both opinions: levels, entrustment, roles, and that nobody decides what
//! the same person prepared at any step that the table sets apart.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::Entrust;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::opinion::{Broken, Decided, Opinion};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::standing::{Outcome, SlotStanding, fold};
use town::{DAY, Draft, World, office};

/// T1 is entrusted with leaves; a case of T1 is open.
fn township() -> World {
    let mut w = World::new();
    let entrust = Entrust {
        office: office("T1"),
        actions: vec!["leave".to_owned()],
        from: 0,
        to: 100 * DAY,
        document: String::new(),
        ends: None,
    };
    let draft = Draft {
        dossier: Some(w.roster("C1")),
        ..Draft::default()
    };
    w.sign("C1.k", draft, entrust.into());
    w.open("T1.s");
    w
}

/// What both say of a decision.
fn both(w: &World, id: EnvelopeId) -> Decided {
    let rules = RulePack::builtin();
    let case = w.case.unwrap();
    let standing = fold(&w.authority(), &rules, &w.case_facts());
    let mut steps = standing.matters.values().flat_map(|matter| &matter.steps);
    let first = steps.find(|step| step.id == id).unwrap().outcome;
    let papers = w.papers();
    let second = Opinion::of(&papers).of_case(case, &rules).decided[&id].clone();
    match (&second, first) {
        (Decided::Stands, Outcome::Live) | (Decided::Incompetent(_), Outcome::NotCompetent) => {}
        _ => panic!("fold {first:?}, second {second:?}"),
    }
    second
}

fn leave(w: &mut World, by: &str, days: i32) -> EnvelopeId {
    w.apply(by, "leave", (20_513, 20_512 + days))
}

#[test]
fn an_entrusted_township_grants_seven_days_and_not_eight() {
    let mut w = township();
    let seven = leave(&mut w, "T1.s", 7);
    let id = w.step("T1.h", seven, "approve", &[], &[]);
    assert_eq!(both(&w, id), Decided::Stands);
    let mut w = township();
    let eight = leave(&mut w, "T1.s", 8);
    let id = w.step("T1.h", eight, "approve", &[], &[]);
    assert_eq!(both(&w, id), Decided::Incompetent(Broken::Level));
    let id = w.step("C1.h2", eight, "approve", &[], &[]);
    assert_eq!(both(&w, id), Decided::Stands);
}

#[test]
fn without_entrustment_the_county_decides() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = leave(&mut w, "T1.s", 3);
    let id = w.step("T1.h", matter, "approve", &[], &[]);
    assert_eq!(both(&w, id), Decided::Incompetent(Broken::Level));
    let id = w.step("C1.h2", matter, "approve", &[], &[]);
    assert_eq!(both(&w, id), Decided::Stands);
}

#[test]
fn a_clerk_and_a_head_of_another_place_grant_nothing() {
    let mut w = township();
    let matter = leave(&mut w, "T1.s", 3);
    let clerk = w.step("T1.s", matter, "approve", &[], &[]);
    let other = w.step("T2.h", matter, "approve", &[], &[]);
    assert_eq!(both(&w, clerk), Decided::Incompetent(Broken::Level));
    assert_eq!(both(&w, other), Decided::Incompetent(Broken::Office));
}

#[test]
fn whoever_verified_does_not_grant() {
    let mut w = township();
    let matter = leave(&mut w, "T1.s", 3);
    let verified = w.step("T1.h", matter, "verify", &[], &[]);
    let own = w.step("T1.h", matter, "approve", &[], &[verified]);
    assert_eq!(both(&w, own), Decided::Incompetent(Broken::Preparer));
    let other = w.step("C1.h2", matter, "approve", &[], &[verified]);
    assert_eq!(both(&w, other), Decided::Stands);
}

#[test]
fn whoever_only_entered_the_application_may_refuse_an_extension_that_another_asked_for() {
    let mut w = township();
    let matter = leave(&mut w, "T1.h", 3);
    let asked = w.step("T1.s", matter, "extend", &[], &[]);
    let id = w.step("T1.h", matter, "refuse_extension", &[], &[asked]);
    assert_eq!(both(&w, id), Decided::Stands);
    let own = w.step("T1.h", matter, "extend", &[], &[id]);
    let again = w.step("T1.h", matter, "refuse_extension", &[id], &[own]);
    assert_eq!(both(&w, again), Decided::Incompetent(Broken::Preparer));
}

/// Two of C1 contradict one another about a leave of 20 days, which is a county's to grant; the
/// county's head signed one side.
fn quarrel() -> (World, EnvelopeId, [EnvelopeId; 2]) {
    let mut w = township();
    w.appoint("C1.d", "C1.k", Duty::Staff, &["CTY_DEP"], 0, 100);
    w.appoint("P.p", "P.k", Duty::Staff, &["PRO_HEAD"], 0, 100);
    let matter = leave(&mut w, "T1.s", 20);
    let yes = w.step("C1.h2", matter, "approve", &[], &[]);
    let no = w.step("C1.d", matter, "refuse", &[], &[]);
    (w, matter, [yes, no])
}

#[test]
fn a_head_above_rules_where_the_county_s_own_head_took_a_side() {
    let (w, matter, rivals) = quarrel();
    let rules = RulePack::builtin();
    for (by, expected) in [
        ("P.p", Decided::Stands),
        ("P.s", Decided::Incompetent(Broken::Level)),
        ("C1.h2", Decided::Incompetent(Broken::Quarrel)),
        ("C2.h2", Decided::Incompetent(Broken::Office)),
    ] {
        let mut w = w.clone();
        let ruling = w.step(by, matter, "refuse", &rivals, &rivals);
        assert_eq!(both(&w, ruling), expected, "{by}");
        let standing = fold(&w.authority(), &rules, &w.case_facts());
        let settled = matches!(
            standing.matters[&matter].slots["grant"],
            SlotStanding::Stands { .. }
        );
        assert_eq!(settled, expected == Decided::Stands, "{by}");
    }
}

#[test]
fn q9_three_sides_are_a_quarrel_too_and_all_of_them_lie_below_who_rules() {
    let (mut w, matter, [yes, no]) = quarrel();
    w.appoint("C1.e", "C1.k", Duty::Staff, &["CTY_DEP"], 0, 100);
    let third = w.step("C1.e", matter, "refuse", &[], &[]);
    let above = w.step("P.s", matter, "approve", &[], &[]);
    for (other, expected) in [
        (third, Decided::Stands),
        (above, Decided::Incompetent(Broken::Level)),
    ] {
        let mut w = w.clone();
        let all = [yes, no, other];
        let ruling = w.step("P.p", matter, "refuse", &all, &all);
        assert_eq!(both(&w, ruling), expected);
    }
}

#[test]
fn nobody_above_decides_at_another_level_where_there_is_no_quarrel_of_two() {
    let (mut w, matter, [yes, _]) = quarrel();
    let clerk = w.step("C1.s", matter, "approve", &[], &[]);
    for (replaces, case) in [
        (vec![], "none"),
        (vec![yes], "one"),
        (vec![yes, clerk], "one of two competent"),
    ] {
        let mut w = w.clone();
        let mut deps = replaces.clone();
        deps.push(matter);
        let ruling = w.step("P.p", matter, "refuse", &replaces, &deps);
        assert_eq!(
            both(&w, ruling),
            Decided::Incompetent(Broken::Level),
            "{case}"
        );
    }
}
