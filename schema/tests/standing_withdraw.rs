//! The golden vectors of withdrawal and correction, Q1–Q8 of `docs/standing-quarrel.md`, most of them
//! in every order of arrival.

#![allow(clippy::unwrap_used)]

#[path = "world/arrival.rs"]
mod arrival;
#[path = "world/town.rs"]
mod town;

use arrival::Orders;
use jiaolian_schema::act::{Span, Step, Withdraw};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::{Outcome, permits};
use jiaolian_schema::value::Fields;
use town::{DAY, Draft, World};

/// C1's matter: s applies, a verifies with a note.
fn verified() -> (World, EnvelopeId, EnvelopeId) {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.s", "leave", (12, 21));
    let verify = w.step("C1.a", matter, "verify", &[], &[]);
    (w, matter, verify)
}

fn outcome(w: &World, matter: EnvelopeId, step: EnvelopeId) -> Outcome {
    let standing = w.standing();
    let steps = &standing.matters[&matter].steps;
    steps.iter().find(|one| one.id == step).unwrap().outcome
}

fn is_free(w: &World, act: EnvelopeId) -> bool {
    w.standing().unfollowed.contains(&act)
}

#[test]
fn q1_an_author_takes_back_what_nobody_went_on_from() {
    let (mut w, matter, verify) = verified();
    assert!(is_free(&w, verify) && !is_free(&w, matter));
    let back = w.withdraw("C1.a", verify, &[]);
    assert_eq!(outcome(&w, matter, verify), Outcome::Withdrawn);
    assert!(w.standing().withdrawals[&back].counts);
    assert!(
        is_free(&w, matter),
        "the application is the last step again"
    );
    assert_eq!(Orders::try_all(&w, &[matter, verify, back]), 12);
}

#[test]
fn q1_nobody_takes_back_another_persons_act() {
    let (mut w, matter, verify) = verified();
    let back = w.withdraw("C1.h2", verify, &[]);
    assert_eq!(outcome(&w, matter, verify), Outcome::Recorded);
    assert!(!w.standing().withdrawals[&back].counts);
    Orders::try_all(&w, &[verify, back]);
}

#[test]
fn q1_a_withdrawal_that_is_not_good_takes_nothing_back() {
    let (mut w, matter, verify) = verified();
    let back = w.withdraw("C1.a", verify, &[]);
    let at = w.at(verify);
    let cut = w.revoke("P.k", "C1.a", Some(at), &[]);
    assert_eq!(outcome(&w, matter, verify), Outcome::Recorded);
    Orders::try_all(&w, &[verify, back, cut]);
}

#[test]
fn q1_a_withdrawal_must_have_seen_the_act() {
    let (mut w, matter, _) = verified();
    let yes = w.step("C1.h2", matter, "approve", &[], &[]);
    let withdraw = Withdraw {
        act: yes,
        reason: String::new(),
    };
    w.forget_place("C1.h2");
    let draft = Draft {
        dossier: w.case,
        deps: vec![matter],
        ..Draft::default()
    };
    let back = w.sign("C1.h2", draft, withdraw.into());
    assert_eq!(w.slot(matter), "approve");
    assert!(!w.standing().withdrawals[&back].counts);
}

#[test]
fn q2_records_alarms_and_amends_are_not_taken_back() {
    let mut w = World::new();
    w.open("C1.s");
    let record = w.apply("C1.s", "record", (12, 12));
    let term = w.amend("C1.h", "A", &[]);
    let first = w.withdraw("C1.s", record, &[]);
    let second = w.withdraw("C1.h", term, &[]);
    let standing = w.standing();
    assert!(!standing.withdrawals[&first].counts && !standing.withdrawals[&second].counts);
    assert!(!standing.matters[&record].withdrawn);
    assert_eq!(w.field(), "A");
}

#[test]
fn q3_after_the_next_step_nothing_is_taken_back() {
    let (mut w, matter, verify) = verified();
    let yes = w.step("C1.h2", matter, "approve", &[], &[verify]);
    assert!(!is_free(&w, verify));
    let back = w.withdraw("C1.a", verify, &[yes]);
    assert_eq!(outcome(&w, matter, verify), Outcome::Recorded);
    assert_eq!(w.slot(matter), "approve");
    Orders::try_all(&w, &[verify, yes, back]);
}

#[test]
fn q3_a_next_step_that_knew_nothing_stands_against_it_too() {
    let (mut w, matter, verify) = verified();
    let back = w.withdraw("C1.a", verify, &[]);
    assert_eq!(outcome(&w, matter, verify), Outcome::Withdrawn);
    let yes = w.step("C1.h2", matter, "approve", &[], &[verify]);
    let filed = w.receipt("P.w", 12, &[verify, back, yes]);
    assert_eq!(outcome(&w, matter, verify), Outcome::Recorded);
    assert_eq!(Orders::try_all(&w, &[verify, back, yes, filed]), 48);
}

#[test]
fn q3_a_step_without_effect_stands_against_nothing() {
    let (mut w, matter, verify) = verified();
    let yes = w.step("C1.s", matter, "approve", &[], &[verify]);
    assert_eq!(outcome(&w, matter, yes), Outcome::NotCompetent);
    let back = w.withdraw("C1.a", verify, &[]);
    assert_eq!(outcome(&w, matter, verify), Outcome::Withdrawn);
    Orders::try_all(&w, &[verify, yes, back]);
}

#[test]
fn q3_steps_are_taken_back_one_after_the_other_from_the_last() {
    let (mut w, matter, verify) = verified();
    let yes = w.step("C1.h2", matter, "approve", &[], &[verify]);
    let first = w.withdraw("C1.a", verify, &[yes]);
    assert_eq!(outcome(&w, matter, verify), Outcome::Recorded);
    let second = w.withdraw("C1.h2", yes, &[first]);
    assert_eq!(w.slot(matter), "open");
    assert_eq!(outcome(&w, matter, yes), Outcome::Withdrawn);
    assert_eq!(outcome(&w, matter, verify), Outcome::Withdrawn);
    assert_eq!(Orders::try_all(&w, &[verify, yes, first, second]), 48);
}

#[test]
fn q4_a_next_step_that_knew_of_the_withdrawal_does_not_bring_it_back() {
    let (mut w, matter, verify) = verified();
    let back = w.withdraw("C1.a", verify, &[]);
    let again = w.step("C1.h2", matter, "verify", &[], &[back]);
    assert_eq!(outcome(&w, matter, verify), Outcome::Withdrawn);
    assert_eq!(outcome(&w, matter, again), Outcome::Recorded);
    Orders::try_all(&w, &[verify, back, again]);
}

/// The withdrawal is filed on day 12, the approval that did not know of it on another day or never.
fn rival(day: Option<i64>) -> (World, [EnvelopeId; 3]) {
    let (mut w, matter, verify) = verified();
    let back = w.withdraw("C1.a", verify, &[]);
    let yes = w.step("C1.h2", matter, "approve", &[], &[verify]);
    w.receipt("P.w", 12, &[verify, back]);
    if let Some(day) = day {
        w.receipt("P.w", day, &[yes]);
    }
    (w, [matter, verify, yes])
}

#[test]
fn q4_a_step_filed_within_seven_days_stands_against_a_withdrawal() {
    let (w, [matter, verify, _]) = rival(Some(18));
    assert_eq!(outcome(&w, matter, verify), Outcome::Recorded);
}

#[test]
fn q4_a_step_filed_seven_days_later_or_never_does_not() {
    for day in [Some(19), None] {
        let (w, [matter, verify, yes]) = rival(day);
        assert_eq!(outcome(&w, matter, verify), Outcome::Withdrawn, "{day:?}");
        assert_eq!(outcome(&w, matter, yes), Outcome::Live, "{day:?}");
    }
}

#[test]
fn q4_a_served_decision_is_not_taken_back_however_late_the_service_is_filed() {
    let (mut w, matter, verify) = verified();
    let yes = w.step("C1.h2", matter, "approve", &[], &[verify]);
    let serve = w.serve("C1.s", yes, 12);
    let back = w.withdraw("C1.h2", yes, &[]);
    let filed = w.receipt("P.w", 12, &[yes, back]);
    assert_eq!(w.slot(matter), "approve", "an unfiled service counts");
    assert_eq!(Orders::try_all(&w, &[yes, serve, back, filed]), 48);
    w.receipt("P.w", 40, &[serve]);
    assert_eq!(w.slot(matter), "open", "filed a month later it does not");
}

#[test]
fn q5_what_a_withdrawn_decision_replaced_stands_again() {
    let (mut w, matter, _) = verified();
    let yes = w.step("C1.b", matter, "approve", &[], &[]);
    let no = w.step("C1.h2", matter, "refuse", &[yes], &[]);
    assert_eq!(w.slot(matter), "refuse");
    let back = w.withdraw("C1.h2", no, &[]);
    assert_eq!(w.slot(matter), "approve");
    assert_eq!(Orders::try_all(&w, &[yes, no, back]), 12);
}

#[test]
fn q5_a_quarrel_ends_when_one_of_two_takes_back() {
    let (mut w, matter, _) = verified();
    let yes = w.step("C1.b", matter, "approve", &[], &[]);
    let no = w.step("C1.h2", matter, "refuse", &[], &[]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
    let back = w.withdraw("C1.h2", no, &[yes]);
    assert_eq!(w.slot(matter), "approve");
    Orders::try_all(&w, &[yes, no, back]);
}

#[test]
fn q5_a_withdrawn_application_ends_its_matter() {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.s", "leave", (12, 21));
    let back = w.withdraw("C1.s", matter, &[]);
    assert!(w.standing().matters[&matter].withdrawn);
    let yes = w.step("C1.a", matter, "approve", &[], &[back]);
    assert_eq!(w.slot(matter), "open");
    assert_eq!(outcome(&w, matter, yes), Outcome::NoEffect);
    assert!(permits(&w.standing()).is_empty());
    assert_eq!(Orders::try_all(&w, &[matter, back, yes]), 12);
}

/// A leave of twenty days was granted and taken back before eleven more are decided: 31 days belong
/// to a higher level, 11 do not.
#[test]
fn q5_days_that_were_taken_back_do_not_add_up() {
    let mut w = World::new();
    w.open("C1.s");
    let first = w.apply("C1.s", "leave", (20_513, 20_532));
    let granted = w.step("C1.a", first, "approve", &[], &[]);
    let back = w.withdraw("C1.a", granted, &[]);
    let second = w.apply("C1.s", "leave", (20_549, 20_559));
    let ignorant = w.step("C1.b", second, "approve", &[], &[granted]);
    assert_eq!(outcome(&w, second, ignorant), Outcome::NotCompetent);
    let knowing = w.step("C1.b", second, "approve", &[], &[back]);
    assert_eq!(outcome(&w, second, knowing), Outcome::Live);
    Orders::try_all(&w, &[granted, back, ignorant, knowing]);
}

#[test]
fn q5_days_that_a_withdrawn_return_set_are_not_set() {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.s", "leave", (20_513, 20_517));
    let yes = w.step("C1.a", matter, "approve", &[], &[]);
    let act = Step {
        matter,
        event: "return".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: Fields::new(),
        span: Some(Span {
            first_day: 20_513,
            last_day: 20_514,
        }),
    };
    let draft = Draft {
        dossier: w.case,
        deps: vec![matter, yes],
        day: 12,
        ..Draft::default()
    };
    let returned = w.sign("C1.s", draft, act.into());
    assert_eq!(permits(&w.standing())[0].last_day, 20_514);
    w.withdraw("C1.s", returned, &[]);
    assert_eq!(permits(&w.standing())[0].last_day, 20_517);
}

#[test]
fn q6_a_leave_that_was_taken_back_covers_the_time_before() {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.s", "leave", (20_513, 20_517));
    let yes = w.step_on("C1.a", matter, "approve", &[], &[], 9);
    assert_eq!(permits(&w.standing())[0].revoked_at, None);
    w.withdraw("C1.a", yes, &[]);
    let permit = &permits(&w.standing())[0];
    assert_eq!(
        (permit.signed_at, permit.revoked_at),
        (9 * DAY, Some(11 * DAY))
    );
}

#[test]
fn q8_a_correction_changes_no_standing_and_needs_a_reason() {
    let (mut w, matter, verify) = verified();
    let yes = w.step("C1.h2", matter, "approve", &[], &[verify]);
    let slots = w.standing().matters[&matter].slots.clone();
    let blank = w.correct("C1.a", verify, "  ");
    let own = w.correct("C1.a", verify, "the wrong telephone");
    let head = w.correct("C1.h2", verify, "the wrong day");
    let above = w.correct("P.s", verify, "the wrong place");
    let neighbour = w.correct("C2.s", verify, "none of their business");
    let standing = w.standing();
    let mut expected = vec![own, head, above];
    expected.sort_unstable();
    assert_eq!(standing.corrections[&verify], expected);
    assert_eq!(standing.matters[&matter].slots, slots);
    assert_eq!(outcome(&w, matter, verify), Outcome::Recorded);
    Orders::try_all(&w, &[verify, yes, blank, own, neighbour]);
}

#[test]
fn a_dossier_without_such_acts_keeps_its_root() {
    let (mut w, matter, verify) = verified();
    w.step("C1.h2", matter, "approve", &[], &[verify]);
    let before = w.standing().state_root();
    // The root of this very story, for ever.
    assert_eq!(
        jiaolian_schema::id::hex(&before),
        include_str!("golden/root_verified.txt").trim()
    );
    w.correct("C1.a", verify, "the wrong day");
    assert_ne!(w.standing().state_root(), before);
}

#[test]
fn only_staff_takes_back() {
    let (mut w, _, verify) = verified();
    let back = w.withdraw("C1.a", verify, &[]);
    assert_eq!(w.word(back), "good");
    w.appoint("C1.z", "P.k", Duty::Keeper, &["KEEPER"], 0, 100);
    let wrong = w.withdraw("C1.z", verify, &[]);
    assert_eq!(w.word(wrong), "void Duty");
}
