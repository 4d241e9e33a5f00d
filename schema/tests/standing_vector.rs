//! The golden vectors of slots, fields, reliance and batons: 1–16, 42, 43, 46–55.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::id::EnvelopeId;
use town::World;

/// T1's matter: h applies for three days.
fn township() -> (World, EnvelopeId) {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.h", "leave", (12, 14));
    (w, matter)
}

/// A county's matter: C1's a approves and b refuses, neither knowing of the other.
fn quarrel() -> (World, EnvelopeId, EnvelopeId, EnvelopeId) {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.h", "leave", (12, 21));
    let approve = w.step("C1.a", matter, "approve", &[], &[]);
    let refuse = w.step("C1.b", matter, "refuse", &[], &[]);
    (w, matter, approve, refuse)
}

#[test]
fn v01_an_approval_without_any_receipt_stands_at_once() {
    let (mut w, matter) = township();
    w.step("T1.a", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn v02_nobody_approves_what_the_same_person_prepared() {
    let (mut w, matter) = township();
    w.step("T1.h", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "open");
}

#[test]
fn v03_a_neighbouring_township_is_not_competent() {
    let (mut w, matter) = township();
    w.step("T2.a", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "open");
}

#[test]
fn v04_scenario_9_two_deputies_who_contradict_one_another_are_conflicted() {
    let (mut w, matter, a, b) = quarrel();
    w.receipt("P.w", 12, &[a]);
    w.receipt("P.w", 12, &[b]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
}

#[test]
fn v05_the_order_of_links_does_not_decide() {
    let (mut w, matter, a, b) = quarrel();
    w.receipt("P.w", 12, &[a]);
    w.receipt("P.w", 13, &[b]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
}

#[test]
fn v06_a_rival_filed_seven_days_later_is_late() {
    let (mut w, matter, a, b) = quarrel();
    w.receipt("P.w", 12, &[a]);
    w.receipt("P.w", 19, &[b]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn v07_an_unfiled_rival_never_disturbs_a_filed_one() {
    let (mut w, matter, a, _) = quarrel();
    w.receipt("P.w", 12, &[a]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn v08_two_unfiled_rivals_are_conflicted() {
    let (w, matter, ..) = quarrel();
    assert_eq!(w.slot(matter), "conflicted, undecided");
}

fn filed_quarrel() -> (World, EnvelopeId, EnvelopeId, EnvelopeId) {
    let (mut w, matter, a, b) = quarrel();
    w.receipt("P.w", 12, &[a, b]);
    (w, matter, a, b)
}

#[test]
fn v09_a_head_who_signed_neither_settles_it() {
    let (mut w, matter, a, b) = filed_quarrel();
    w.step("C1.h2", matter, "adjudicate_refuse", &[a, b], &[]);
    assert_eq!(w.slot(matter), "refuse");
}

#[test]
fn v10_a_rival_does_not_settle_his_own_quarrel() {
    let (mut w, matter, a, b) = filed_quarrel();
    w.step("C1.b", matter, "adjudicate_refuse", &[a, b], &[]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
}

#[test]
fn v11_without_its_adjudicator_the_quarrel_is_back() {
    let (mut w, matter, a, b) = filed_quarrel();
    w.step("C1.h2", matter, "adjudicate_refuse", &[a, b], &[]);
    w.revoke("P.k", "C1.h2", None, &[]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
}

fn tiers(county_day: i64) -> String {
    let (mut w, matter) = township();
    let approve = w.step("T1.a", matter, "approve", &[], &[]);
    let refuse = w.step("C1.a", matter, "refuse", &[], &[]);
    w.receipt("P.w", 12, &[approve]);
    w.receipt("P.w", county_day, &[refuse]);
    w.slot(matter)
}

#[test]
fn v12_the_higher_office_wins_among_rivals() {
    assert_eq!(tiers(12), "refuse");
}

#[test]
fn v13_the_higher_office_is_late_like_everybody() {
    assert_eq!(tiers(41), "approve");
}

fn served_quarrel(day: i64) -> (World, EnvelopeId, EnvelopeId, EnvelopeId) {
    let (mut w, matter, a, b) = filed_quarrel();
    let serve = w.serve("C1.s", a, 12);
    w.receipt("P.w", day, &[serve]);
    (w, matter, a, b)
}

#[test]
fn v14_whoever_was_served_an_approval_may_rely_on_it() {
    let (w, matter, ..) = served_quarrel(12);
    assert_eq!(w.slot(matter), "conflicted, undecided");
    assert!(w.reliance(matter));
}

#[test]
fn v15_a_service_long_after_the_contrary_decision_gives_no_reliance() {
    let (w, matter, ..) = served_quarrel(25);
    assert!(!w.reliance(matter));
}

#[test]
fn v16_reliance_ends_when_the_adjudication_is_served() {
    let (mut w, matter, a, b) = served_quarrel(12);
    let settled = w.step("C1.h2", matter, "adjudicate_refuse", &[a, b], &[]);
    assert!(w.reliance(matter), "not before it is served");
    w.serve("C1.s", settled, 14);
    assert!(!w.reliance(matter));
}

#[test]
fn v42_a_body_that_was_held_back_is_late_although_its_head_was_covered() {
    let (mut w, matter, a, b) = quarrel();
    w.receipt("P.w", 12, &[a]);
    w.receipt_as("P.w", 12, &[b], 0);
    w.receipt("P.w", 60, &[b]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn v43_an_approval_with_a_missing_dep_waits() {
    let (mut w, matter) = township();
    let note = w.note("T1.s", 10);
    let approve = w.step("T1.a", matter, "approve", &[], &[note]);
    w.forget(note);
    assert_eq!(w.word(approve), "waiting Deps");
    assert_eq!(w.slot(matter), "open");
}

fn fields() -> (World, [EnvelopeId; 3]) {
    let mut w = World::new();
    w.open("C1.s");
    let e = w.amend("C1.h", "A", &[]);
    let x = w.amend("C1.a", "B", &[e]);
    let y = w.amend("C1.b", "C", &[e]);
    (w, [e, x, y])
}

#[test]
fn v46_two_amends_of_one_value_are_conflicted_and_the_value_before_stays() {
    let (mut w, ids) = fields();
    w.receipt("P.w", 12, &ids);
    assert_eq!(w.field(), "conflicted, A in force");
}

#[test]
fn v47_an_amend_filed_much_later_does_not_contest() {
    let (mut w, [e, x, y]) = fields();
    w.receipt("P.w", 12, &[e, x]);
    w.receipt("P.w", 40, &[y]);
    assert_eq!(w.field(), "B");
}

#[test]
fn v48_amends_of_a_value_that_is_not_here_wait() {
    let (mut w, [e, x, y]) = fields();
    w.receipt("P.w", 12, &[e, x, y]);
    w.facts.remove(&e);
    assert_eq!(w.words(&[x, y]), ["waiting Deps", "waiting Deps"]);
    assert_eq!(w.field(), "open");
}

#[test]
fn v49_an_honest_amend_over_a_revoked_one_stands() {
    let mut w = World::new();
    w.open("C1.s");
    let e = w.amend("C1.h", "A", &[]);
    let x = w.amend("C1.b", "BAD", &[e]);
    w.amend("C1.a", "C", &[x]);
    w.revoke("C1.k", "C1.b", None, &[]);
    assert_eq!(w.field(), "C");
    assert_eq!(w.word(x), "waiting Cut");
}

fn revoked_first() -> (World, EnvelopeId, EnvelopeId) {
    let (mut w, matter, a, b) = quarrel();
    w.receipt("P.w", 12, &[a]);
    w.receipt("P.w", 40, &[b]);
    w.revoke("C1.k", "C1.a", None, &[]);
    (w, matter, a)
}

#[test]
fn v50_when_the_first_is_revoked_the_second_stands() {
    let (w, matter, _) = revoked_first();
    assert_eq!(w.slot(matter), "refuse");
}

#[test]
fn v51_an_endorsement_does_not_date_back() {
    let (mut w, matter, a) = revoked_first();
    w.endorse("P.k", "C1.a", a, 91);
    assert_eq!(w.word(a), "good");
    assert_eq!(w.slot(matter), "refuse");
}

#[test]
fn an_endorsement_that_drops_the_revocation_does_not_date_back_either() {
    let (mut w, matter, a, b) = quarrel();
    w.receipt("P.w", 12, &[a]);
    w.receipt("P.w", 40, &[b]);
    let no = w.revoke("P.k", "C1.a", None, &[]);
    w.endorse_over("P.k", "C1.a", a, 91, &[no]);
    assert_eq!(w.word(a), "good");
    assert_eq!(w.slot(matter), "refuse");
}

#[test]
fn an_endorsement_that_did_not_decide_dates_nothing_back() {
    let (mut w, matter, a) = revoked_first();
    let below = w.endorse("C1.k", "C1.a", a, 20);
    w.receipt("P.w", 42, &[below]);
    assert_eq!(w.word(a), "waiting Cut", "one office says both");
    w.endorse("P.k", "C1.a", a, 91);
    assert_eq!(w.word(a), "good");
    assert_eq!(w.slot(matter), "refuse");
}

fn release() -> (World, EnvelopeId, EnvelopeId) {
    let mut w = World::new();
    w.open("C1.s");
    let release = w.apply("C1.h", "transfer", (12, 40));
    let register = w.step("C2.a", release, "register", &[], &[]);
    w.receipt("P.w", 16, &[register]);
    let cancel = w.step("C1.a", release, "cancel", &[], &[]);
    (w, release, cancel)
}

#[test]
fn v52_scenario_15_a_cancel_that_was_not_served_has_no_effect() {
    let (w, release, _) = release();
    assert_eq!(w.slot(release), "approve");
}

#[test]
fn v53_a_cancel_served_and_filed_before_the_register_keeps_the_old_office() {
    let mut w = World::new();
    w.open("C1.s");
    let release = w.apply("C1.h", "transfer", (12, 40));
    let register = w.step("C2.a", release, "register", &[], &[]);
    let cancel = w.step("C1.a", release, "cancel", &[], &[]);
    let serve = w.serve("C1.s", cancel, 15);
    w.receipt("P.w", 15, &[serve]);
    w.receipt("P.w", 16, &[register]);
    assert_eq!(w.slot(release), "refuse");
}

#[test]
fn v54_the_claimed_time_of_a_service_decides_nothing() {
    let (mut w, release, cancel) = release();
    let serve = w.serve("C1.s", cancel, 15);
    w.receipt("P.w", 17, &[serve]);
    assert_eq!(w.slot(release), "approve");
}

fn witness_forks(covered: bool) -> String {
    let (mut w, matter) = township();
    let approve = w.step("T1.a", matter, "approve", &[], &[]);
    let refuse = w.step("T1.b", matter, "refuse", &[], &[]);
    let receipt = w.receipt("C1.w", 6 + 5, &[approve]);
    if covered {
        w.receipt("P.w", 12, &[receipt]);
    }
    w.receipt("P.w", 21, &[refuse]);
    w.fork_first("C1.w", 11);
    w.slot(matter)
}

#[test]
fn v55_what_only_a_forked_witness_filed_is_unfiled_again() {
    assert_eq!(witness_forks(false), "refuse");
}

#[test]
fn v55_unless_its_superior_had_covered_the_receipt() {
    assert_eq!(witness_forks(true), "approve");
}
