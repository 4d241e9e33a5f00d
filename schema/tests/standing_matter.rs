//! Matters beyond the vectors: levels by cumulated days, permits for the watch, placement, minors,
//! unknown acts.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, Assign, Open, Span, Step};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{EnvelopeId, PersonCode};
use jiaolian_schema::standing::{Outcome, permits};
use jiaolian_schema::value::Fields;
use town::{DAY, Draft, World, office};

/// 2026-03-01, days since 1970-01-01.
const MARCH_1: i32 = 20_513;

fn county() -> World {
    let mut w = World::new();
    w.open("C1.s");
    w
}

fn step_with_days(
    w: &mut World,
    who: &str,
    matter: EnvelopeId,
    event: &str,
    last: i32,
) -> EnvelopeId {
    let act = Step {
        matter,
        event: event.to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: Fields::new(),
        span: Some(Span {
            first_day: MARCH_1,
            last_day: last,
        }),
    };
    let facts = w.case_facts();
    let seen = facts.keys().copied().filter(|id| *id != matter);
    let deps: Vec<EnvelopeId> = seen.chain([matter]).collect();
    let draft = Draft {
        dossier: w.case,
        deps,
        day: 12,
        ..Draft::default()
    };
    w.sign(who, draft, act.into())
}

/// The example of the rule: 1–20 March, then 6–16 April: 31 days in the two months that end on 16
/// April.
fn second_leave(returned: Option<i32>, knows: bool) -> String {
    let mut w = county();
    let first = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 19));
    let granted = w.step("C1.a", first, "approve", &[], &[]);
    let mut seen = vec![granted];
    if let Some(last) = returned {
        seen.push(step_with_days(&mut w, "C1.s", first, "return", last));
    }
    let second = w.apply("C1.s", "leave", (MARCH_1 + 36, MARCH_1 + 46));
    w.step(
        "C1.b",
        second,
        "approve",
        &[],
        if knows { &seen } else { &[] },
    );
    w.slot(second)
}

#[test]
fn days_of_granted_leaves_add_up_over_two_months() {
    assert_eq!(
        second_leave(None, true),
        "open",
        "31 days belong to the city"
    );
}

#[test]
fn a_day_that_two_leaves_share_counts_once() {
    let mut w = county();
    let first = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 19));
    let granted = w.step("C1.a", first, "approve", &[], &[]);
    let second = w.apply("C1.s", "leave", (MARCH_1 + 10, MARCH_1 + 29));
    w.step("C1.b", second, "approve", &[], &[granted]);
    assert_eq!(w.slot(second), "approve", "30 days, ten of them twice");
    let third = w.apply("C1.s", "leave", (MARCH_1 + 11, MARCH_1 + 30));
    w.step("C1.b", third, "approve", &[], &[granted]);
    assert_eq!(w.slot(third), "open", "31 days belong to the city");
}

#[test]
fn an_early_return_counts_with_its_actual_days() {
    assert_eq!(second_leave(Some(MARCH_1 + 18), true), "approve");
}

#[test]
fn a_leave_that_the_signer_could_not_know_of_is_not_counted() {
    assert_eq!(second_leave(None, false), "approve");
}

#[test]
fn a_granted_leave_is_a_permit_from_its_signing_on() {
    let mut w = county();
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 4));
    assert!(permits(&w.standing()).is_empty());
    w.step_on("C1.a", matter, "approve", &[], &[], 11);
    let permit = &permits(&w.standing())[0];
    assert_eq!((permit.first_day, permit.last_day), (MARCH_1, MARCH_1 + 4));
    assert_eq!((permit.signed_at, permit.revoked_at), (11 * DAY, None));
    assert_eq!(permit.person, PersonCode([7; 16]));
    step_with_days(&mut w, "C1.s", matter, "return", MARCH_1 + 2);
    assert_eq!(permits(&w.standing())[0].last_day, MARCH_1 + 2);
}

#[test]
fn a_replaced_approval_covers_the_time_before_it_was_replaced() {
    let mut w = county();
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 4));
    let yes = w.step_on("C1.a", matter, "approve", &[], &[], 11);
    w.step_on("C1.b", matter, "refuse", &[yes], &[], 13);
    let permit = &permits(&w.standing())[0];
    assert_eq!(permit.revoked_at, Some(13 * DAY));
}

#[test]
fn a_served_approval_is_a_permit_until_its_refusal_is_served() {
    let mut w = county();
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 4));
    let yes = w.step_on("C1.a", matter, "approve", &[], &[], 11);
    w.serve("C1.s", yes, 12);
    let no = w.step_on("C1.b", matter, "refuse", &[yes], &[], 13);
    assert!(w.reliance(matter));
    assert_eq!(permits(&w.standing())[0].revoked_at, None);
    w.serve("C1.s", no, 15);
    assert!(!w.reliance(matter));
    assert_eq!(permits(&w.standing())[0].revoked_at, Some(15 * DAY));
}

#[test]
fn scenario_9_a_conflict_without_service_opens_no_fence() {
    let mut w = county();
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 9));
    let yes = w.step("C1.a", matter, "approve", &[], &[]);
    let no = w.step("C1.b", matter, "refuse", &[], &[]);
    assert!(permits(&w.standing()).is_empty());
    let standing = w.standing();
    let outcomes = standing.matters[&matter]
        .steps
        .iter()
        .map(|step| step.outcome);
    assert!(outcomes.eq([Outcome::Conflicted, Outcome::Conflicted]));
    w.serve("C1.s", yes, 12);
    assert_eq!(permits(&w.standing()).len(), 1);
    assert_eq!(
        w.standing().matters[&matter].slots["decide"].tips().len(),
        2
    );
    w.step("C1.h2", matter, "adjudicate_approve", &[yes, no], &[]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn a_deputy_who_heads_nothing_settles_no_quarrel_of_the_own_office() {
    let mut w = county();
    w.appoint(
        "C1.c",
        "C1.k",
        jiaolian_schema::envelope::Duty::Staff,
        &["X_DEP"],
        0,
        100,
    );
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 9));
    let yes = w.step("C1.a", matter, "approve", &[], &[]);
    let no = w.step("C1.b", matter, "refuse", &[], &[]);
    w.step("C1.c", matter, "adjudicate_approve", &[yes, no], &[]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
}

#[test]
fn nobody_replaces_decisions_of_a_higher_office() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (MARCH_1, MARCH_1 + 9));
    let yes = w.step("C1.a", matter, "approve", &[], &[]);
    let no = w.step("C1.b", matter, "refuse", &[], &[]);
    w.step("T1.h", matter, "adjudicate_approve", &[yes, no], &[]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
}

#[test]
fn a_decision_must_have_seen_what_it_replaces() {
    let mut w = county();
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 9));
    let yes = w.step("C1.a", matter, "approve", &[], &[]);
    let act = Step {
        matter,
        event: "refuse".to_owned(),
        replaces: vec![yes],
        section: None,
        fields: Fields::new(),
        span: None,
    };
    let draft = Draft {
        dossier: w.case,
        deps: vec![matter],
        ..Draft::default()
    };
    w.sign("C1.b", draft, act.into());
    assert_eq!(w.slot(matter), "approve");
}

fn assign(w: &mut World, who: &str, to: &str) -> EnvelopeId {
    let act = Assign {
        office: office(to),
        replaces: Vec::new(),
    };
    let case: EnvelopeId = w.case.expect("a case is open").into();
    let draft = Draft {
        dossier: w.case,
        deps: vec![case],
        ..Draft::default()
    };
    w.sign(who, draft, act.into())
}

#[test]
fn the_county_assigns_a_case_within_itself_and_old_decisions_stay() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (MARCH_1, MARCH_1 + 4));
    w.step("T1.a", matter, "approve", &[], &[]);
    assign(&mut w, "T1.h", "T2");
    assert_eq!(
        w.standing().place,
        office("T1"),
        "a township assigns nothing"
    );
    assign(&mut w, "C1.h2", "T3");
    assert_eq!(w.standing().place, office("T1"), "another county's office");
    let id = assign(&mut w, "C1.a", "T2");
    assert_eq!(w.standing().place, office("T2"));
    assert_eq!(w.slot(matter), "approve");
    let late = w.step("T1.b", matter, "refuse", &[], &[id]);
    let standing = w.standing();
    let step = standing.matters[&matter]
        .steps
        .iter()
        .find(|step| step.id == late);
    assert_eq!(step.unwrap().outcome, Outcome::NotCompetent);
}

#[test]
fn a_revoked_officers_opening_leaves_no_gap() {
    let mut w = World::new();
    w.open("T1.s");
    w.revoke("C1.k", "T1.s", None, &[]);
    let standing = w.standing();
    assert_eq!(
        (standing.kind, standing.place),
        (DossierKind::Case, office("T1"))
    );
    assert_eq!(standing.listed.len(), 1);
}

#[test]
fn a_minors_case_is_decided_by_those_appointed_for_minors() {
    let mut w = World::new();
    let act = Open {
        office: office("C1"),
        person: PersonCode([7; 16]),
        minor: 1,
        fields: Fields::new(),
    };
    let id = w.sign("C1.s", Draft::default(), act.into());
    w.case = Some(id.into());
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 4));
    w.appoint_for("C1.adult", "C1.k", &["X_DEP"], &[1]);
    w.step("C1.adult", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "open");
    w.step("C1.a", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn an_act_of_an_unknown_kind_is_told_and_changes_nothing_else() {
    let mut w = county();
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 4));
    w.step("C1.a", matter, "approve", &[], &[]);
    assert!(!w.standing().unknown);
    let draft = Draft {
        dossier: w.case,
        deps: vec![matter],
        ..Draft::default()
    };
    let act = Act::Unknown {
        kind: 63,
        content: vec![0xF6],
    };
    w.sign("C1.s", draft, act);
    assert!(w.standing().unknown);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn the_state_root_tells_different_standings_apart() {
    let mut w = county();
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 4));
    let before = w.standing().state_root();
    assert_eq!(before, w.standing().state_root());
    w.step("C1.a", matter, "approve", &[], &[]);
    assert_ne!(before, w.standing().state_root());
}
