//! Days, reliance, withdrawal and correction where one check alone keeps something from counting.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, Amend, Appoint, Assign, Correct, Raise, Span, Step};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, OfficeId, PersonCode, sha256};
use jiaolian_schema::standing::{
    FOLD_VERSION, Outcome, SlotStanding, SlotValue, Standing, Withdrawal,
};
use jiaolian_schema::value::Fields;
use minicbor::Encoder;
use std::collections::{BTreeMap, BTreeSet};
use town::{DAY, Draft, World, office};

const ALWAYS: i64 = 100_000;

/// A case of T1 with a leave that its staff applied for.
fn leave(days: (i32, i32)) -> (World, EnvelopeId) {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 0, 31);
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", days);
    (w, matter)
}

fn in_case(w: &World, deps: &[EnvelopeId], day: i64) -> Draft {
    Draft {
        dossier: w.case,
        deps: deps.to_vec(),
        day,
        ..Draft::default()
    }
}

/// A step that sets days of its own.
fn set_days(
    w: &mut World,
    who: &str,
    matter: EnvelopeId,
    (event, last_day): (&str, i32),
    seen: &[EnvelopeId],
) -> EnvelopeId {
    let act = Step {
        matter,
        event: event.to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: Fields::new(),
        span: Some(Span {
            first_day: 12,
            last_day,
        }),
    };
    let deps: Vec<EnvelopeId> = seen.iter().copied().chain([matter]).collect();
    let draft = in_case(w, &deps, 11);
    w.sign(who, draft, act.into())
}

fn outcome(w: &World, step: EnvelopeId) -> Outcome {
    w.agree();
    let standing = w.standing();
    let mut steps = standing.matters.values().flat_map(|matter| &matter.steps);
    steps.find(|one| one.id == step).unwrap().outcome
}

/// Somebody else's key at another desk, of the same person as `like`.
fn second_key(w: &mut World, who: &str, by: &str, like: &str) {
    let plain = w.appoint(who, by, Duty::Staff, &["X_DEP"], 0, ALWAYS);
    let Some(Act::Appoint(appoint)) = w.facts[&plain].what.roster_act() else {
        panic!("an appointment");
    };
    let act = Appoint {
        person: w.person_of(like),
        ..appoint
    };
    w.reappoint(who, by, act);
}

/// Whether 25 more days are approved by the township, which has 30 days in two months.
fn more_days(w: &mut World, seen: &[EnvelopeId]) -> String {
    w.forget_place("T1.s");
    let more = w.apply("T1.s", "leave", (41, 65));
    w.forget_place("T1.h2");
    w.step("T1.h2", more, "approve", &[], seen);
    w.slot(more)
}

#[test]
fn rule_29_days_add_up_where_a_leave_was_granted_and_as_far_as_was_seen() {
    let (mut w, matter) = leave((12, 20));
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    assert_eq!(more_days(&mut w.clone(), &[yes]), "open", "9 and 25 days");
    assert_eq!(more_days(&mut w, &[]), "approve", "unseen");
    let (mut w, matter) = leave((12, 20));
    let no = w.step("T1.a", matter, "refuse", &[], &[]);
    assert_eq!(more_days(&mut w, &[no]), "approve", "refused");
    let (mut w, matter) = leave((12, 20));
    let longer = set_days(&mut w, "T1.a", matter, ("extend", 22), &[]);
    assert_eq!(more_days(&mut w, &[longer]), "approve", "only lengthened");
    assert_eq!(w.standing().matters[&matter].grant, None);
}

#[test]
fn rule_29_an_extension_adds_days_and_a_return_takes_them() {
    let (mut w, matter) = leave((12, 14));
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    assert_eq!(
        more_days(&mut w.clone(), &[yes]),
        "approve",
        "3 and 25 days"
    );
    let longer = set_days(&mut w, "T1.b", matter, ("extend", 20), &[yes]);
    assert_eq!(
        more_days(&mut w.clone(), &[longer]),
        "open",
        "9 and 25 days"
    );
    let last_day = |w: &World| w.standing().matters[&matter].grant.unwrap().last_day;
    assert_eq!(last_day(&w), 20);
    set_days(&mut w, "T1.b", matter, ("note", 13), &[longer]);
    assert_eq!(
        last_day(&w),
        20,
        "only a return says when somebody came back"
    );
    let mut void = w.clone();
    void.forget_place("T1.x");
    let late = Step {
        matter,
        event: "return".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: Fields::new(),
        span: Some(Span {
            first_day: 12,
            last_day: 13,
        }),
    };
    let draft = in_case(&void, &[matter], 40);
    let id = void.sign("T1.x", draft, late.into());
    assert_eq!(void.word(id), "void Interval");
    assert_eq!(last_day(&void), 20);
    let back = set_days(&mut w, "T1.s", matter, ("return", 14), &[longer]);
    assert_eq!(last_day(&w), 14);
    assert_eq!(more_days(&mut w.clone(), &[back]), "approve");
    assert_eq!(
        more_days(&mut w, &[longer]),
        "open",
        "who had not seen the return"
    );
}

#[test]
fn rule_29_the_two_months_begin_on_the_day_after_the_same_day() {
    // Up to 1 April 1970: from 2 February, day 32.
    for (first, last, expected) in [(25, 31, "approve"), (26, 32, "open")] {
        let (mut w, matter) = leave((first, last));
        let yes = w.step("T1.a", matter, "approve", &[], &[]);
        let more = w.apply("T1.s", "leave", (61, 90));
        w.step("T1.b", more, "approve", &[], &[yes]);
        assert_eq!(w.slot(more), expected, "up to day {last}");
    }
}

/// An approval by a and a refusal by b, neither knowing of the other; the approval was served by
/// somebody who had seen `more`.
fn quarrel() -> (World, EnvelopeId, EnvelopeId, EnvelopeId) {
    let (mut w, matter) = leave((12, 15));
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    let no = w.step("T1.b", matter, "refuse", &[], &[]);
    (w, matter, yes, no)
}

fn serve_seeing(w: &mut World, decision: EnvelopeId, seen: &[EnvelopeId]) -> EnvelopeId {
    let act = jiaolian_schema::act::Serve {
        decision,
        fields: Fields::new(),
    };
    let deps: Vec<EnvelopeId> = seen.iter().copied().chain([decision]).collect();
    w.forget_place("T1.s");
    let draft = in_case(w, &deps, 12);
    w.sign("T1.s", draft, act.into())
}

#[test]
fn rule_37_only_a_contrary_decision_that_counts_bars_reliance() {
    let (mut w, matter, yes, no) = quarrel();
    serve_seeing(&mut w, yes, &[no]);
    assert!(!w.reliance(matter), "the service had seen the refusal");

    let (mut w, matter, yes, _) = quarrel();
    let by_staff = w.step("T1.s", matter, "refuse", &[], &[]);
    assert_eq!(outcome(&w, by_staff), Outcome::NotCompetent);
    serve_seeing(&mut w, yes, &[by_staff]);
    assert!(w.reliance(matter), "who refused was not competent");

    let (mut w, matter, yes, _) = quarrel();
    let void = w.step_on("T1.x", matter, "refuse", &[], &[], 40);
    assert_eq!(w.word(void), "void Interval");
    serve_seeing(&mut w, yes, &[void]);
    assert!(w.reliance(matter), "the refusal was void");

    let (mut w, matter, yes, _) = quarrel();
    let taken = w.step("T1.h2", matter, "refuse", &[], &[]);
    let back = w.withdraw("T1.h2", taken, &[]);
    serve_seeing(&mut w, yes, &[taken, back]);
    assert_eq!(outcome(&w, taken), Outcome::Withdrawn);
    assert!(w.reliance(matter), "the refusal was taken back");
}

#[test]
fn rule_37_a_service_filed_seven_days_after_the_contrary_decision_is_too_late() {
    for (day, relies) in [(18, true), (19, false), (20, false)] {
        let (mut w, matter, yes, no) = quarrel();
        let serve = serve_seeing(&mut w, yes, &[]);
        w.receipt("C1.w", 12, &[yes, no]);
        w.receipt("P.w", day, &[serve]);
        assert_eq!(w.reliance(matter), relies, "served on day {day}");
    }
}

#[test]
fn rule_37_what_is_void_or_was_never_the_signers_to_decide_is_nothing_to_rely_on() {
    let (mut w, matter) = leave((12, 15));
    let void = w.step_on("T1.x", matter, "approve", &[], &[], 40);
    serve_seeing(&mut w, void, &[]);
    assert_eq!(w.word(void), "void Interval");
    assert!(!w.reliance(matter));
    // Under the head's appointment, by a key that was cut since.
    let (mut w, matter) = leave((12, 15));
    let seat = w.appointment_of("T1.h");
    w.sign_under("T1.b", seat);
    let borrowed = w.step("T1.b", matter, "approve", &[], &[]);
    serve_seeing(&mut w, borrowed, &[]);
    w.revoke("C1.k", "T1.b", None, &[]);
    assert_eq!(w.word(borrowed), "waiting Cut");
    assert!(!w.reliance(matter));
    // Cut as well, but under the signer's own.
    let (mut w, matter) = leave((12, 15));
    let own = w.step("T1.b", matter, "approve", &[], &[]);
    serve_seeing(&mut w, own, &[]);
    w.revoke("C1.k", "T1.b", None, &[]);
    assert!(w.reliance(matter));
}

#[test]
fn rule_37_a_decision_that_spares_the_person_is_relied_on_whatever_its_word() {
    for (served, relies) in [("bind", false), ("free", true)] {
        let (mut w, matter) = leave((12, 15));
        let bind = w.step("T1.a", matter, "bind", &[], &[]);
        let free = w.step("T1.b", matter, "free", &[], &[]);
        serve_seeing(&mut w, if served == "bind" { bind } else { free }, &[]);
        assert_eq!(w.slot(matter), "conflicted, undecided");
        assert_eq!(w.reliance(matter), relies, "{served}");
        // What is refused is no permit, though it spares the person; what burdens is none either.
        assert_eq!(w.standing().matters[&matter].grant, None, "{served}");
        let mut settled = w.clone();
        settled.step("T1.h", matter, "free", &[bind, free], &[]);
        assert!(!settled.reliance(matter), "it stands with that value");
    }
    let (mut w, matter) = leave((12, 15));
    w.step("T1.a", matter, "bind", &[], &[]);
    assert_eq!(w.standing().matters[&matter].grant, None);
}

#[test]
fn a_matter_tells_its_steps_in_order_and_whether_what_stands_was_served() {
    let (mut w, matter) = leave((12, 15));
    let events = [
        "verify", "note", "verify", "note", "note", "verify", "note", "note",
    ];
    let mut ids = Vec::new();
    for event in events {
        let last: Vec<EnvelopeId> = ids.last().copied().into_iter().collect();
        ids.push(w.step("T1.b", matter, event, &[], &last));
    }
    let lost = w.step("T1.h", matter, "note", &[], &[]);
    let without = w.step("T1.h2", matter, "note", &[], &[lost]);
    let yes = w.step("T1.a", matter, "approve", &[], &[*ids.last().unwrap()]);
    w.forget(lost);
    ids.extend([yes, without]);
    let standing = w.standing();
    let told = &standing.matters[&matter];
    let order: Vec<EnvelopeId> = told.steps.iter().map(|step| step.id).collect();
    assert_eq!(order, ids, "what is not complete comes last");
    let names: Vec<&str> = told.steps.iter().map(|step| step.event.as_str()).collect();
    assert_eq!(names[..8], events);
    assert!(!told.served);
    w.serve("T1.s", yes, 12);
    assert!(w.standing().matters[&matter].served);
}

#[test]
fn a_refusal_ends_the_approval_that_it_names_whoever_else_refuses() {
    let mut before = BTreeSet::new();
    for turn in 0..12 {
        let (mut w, matter) = leave((12, 15));
        for _ in 0..turn {
            w.note("T1.a", 11);
        }
        let yes = w.step("T1.a", matter, "approve", &[], &[]);
        let no = w.step("T1.b", matter, "refuse", &[], &[]);
        // One head's refusal replaces both, another one's the refusal alone.
        let over = w.step("T1.h", matter, "refuse", &[yes, no], &[]);
        w.forget_place("T1.h2");
        let beside = w.step("T1.h2", matter, "refuse", &[no], &[]);
        before.insert((no < yes, beside < over));
        assert_eq!(w.slot(matter), "refuse");
        let grant = w.standing().matters[&matter].grant.unwrap();
        assert_eq!((grant.decision, grant.revoked_at), (yes, Some(11 * DAY)));
    }
    let seen = [
        before.iter().any(|(no, _)| *no),
        before.iter().any(|(_, beside)| *beside),
    ];
    assert_eq!(seen, [true, true], "both orders of ids were met");
}

#[test]
fn q6_only_a_good_competent_approval_that_was_taken_back_covered_anything() {
    let grant = |w: &World, matter| w.standing().matters[&matter].grant;
    let (mut w, matter) = leave((12, 15));
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    w.withdraw("T1.a", yes, &[]);
    let found = grant(&w, matter).unwrap();
    assert_eq!((found.decision, found.revoked_at), (yes, Some(11 * DAY)));
    for (who, event) in [("T1.b", "refuse"), ("T1.s", "approve")] {
        let (mut w, matter) = leave((12, 15));
        let id = w.step(who, matter, event, &[], &[]);
        w.withdraw(who, id, &[]);
        assert_eq!(outcome(&w, id), Outcome::Withdrawn);
        assert_eq!(grant(&w, matter), None, "{who} {event}");
    }
    // Void, and taken back by the same person's other key.
    let (mut w, matter) = leave((12, 15));
    second_key(&mut w, "T1.p", "T1.k", "T1.x");
    let void = w.step_on("T1.x", matter, "approve", &[], &[], 40);
    w.withdraw("T1.p", void, &[]);
    assert_eq!(w.word(void), "void Interval");
    assert_eq!(grant(&w, matter), None);
    // A quarrel, and another person's withdrawal: nothing is granted, and nothing was.
    let (mut w, matter, yes, _) = quarrel();
    w.withdraw("T1.b", yes, &[]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
    assert_eq!(grant(&w, matter), None);
}

#[test]
fn q6_an_application_that_was_taken_back_ends_what_was_approved_unawares() {
    let (mut w, matter) = leave((12, 15));
    let back = w.withdraw("T1.s", matter, &[]);
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    w.receipt("C1.w", 5, &[back]);
    w.receipt("P.w", 20, &[yes]);
    let matter = &w.standing().matters[&matter];
    assert!(matter.withdrawn);
    let grant = matter.grant.unwrap();
    assert_eq!((grant.decision, grant.revoked_at), (yes, Some(5 * DAY)));
}

/// A leave that a verified; a takes the verification back without knowing what came of it.
fn taken_back() -> (World, EnvelopeId, EnvelopeId, EnvelopeId) {
    let (mut w, matter) = leave((12, 15));
    let verify = w.step("T1.a", matter, "verify", &[], &[]);
    let back = w.withdraw("T1.a", verify, &[]);
    (w, matter, verify, back)
}

#[test]
fn q5_what_a_signer_knew_is_read_from_what_the_signer_had_seen() {
    let (mut w, matter, verify, back) = taken_back();
    let next = w.step("T1.b", matter, "note", &[], &[verify]);
    let (mut unaware, mut aware) = (w.clone(), w);
    unaware.step("T1.a", matter, "approve", &[], &[back]);
    assert_eq!(
        outcome(&unaware, verify),
        Outcome::Recorded,
        "{next} went on from it"
    );
    assert_eq!(
        unaware.slot(matter),
        "approve",
        "the signer knew it as taken back"
    );
    aware.step("T1.a", matter, "approve", &[], &[back, next]);
    assert_eq!(
        aware.slot(matter),
        "open",
        "the signer knew that it was not"
    );
}

#[test]
fn q3_only_good_steps_and_services_of_the_same_matter_go_on() {
    let (mut w, matter, verify, _) = taken_back();
    w.step_on("T1.x", matter, "note", &[], &[verify], 40);
    assert_eq!(outcome(&w, verify), Outcome::Withdrawn, "a void note");
    let (mut w, _, verify, _) = taken_back();
    let other = w.apply("T1.s", "leave", (52, 55));
    w.step("T1.b", other, "note", &[], &[verify]);
    assert_eq!(outcome(&w, verify), Outcome::Withdrawn, "a note elsewhere");
    let (mut w, _, verify, _) = taken_back();
    let other = w.apply("T1.s", "leave", (52, 55));
    let elsewhere = w.step("T1.b", other, "approve", &[], &[]);
    serve_seeing(&mut w, elsewhere, &[verify]);
    assert_eq!(
        outcome(&w, verify),
        Outcome::Withdrawn,
        "a service elsewhere"
    );
    let (mut w, matter, verify, _) = taken_back();
    w.step("T1.b", matter, "note", &[], &[verify]);
    assert_eq!(outcome(&w, verify), Outcome::Recorded);
}

#[test]
fn q3_the_service_of_a_decision_that_was_taken_back_goes_on_from_nothing() {
    let (mut w, matter) = leave((12, 15));
    let verify = w.step("T1.a", matter, "verify", &[], &[]);
    let yes = w.step("T1.b", matter, "approve", &[], &[verify]);
    let first = w.withdraw("T1.b", yes, &[]);
    serve_seeing(&mut w, yes, &[first]);
    assert_eq!(
        outcome(&w, yes),
        Outcome::Withdrawn,
        "the service knew of it"
    );
    w.withdraw("T1.a", verify, &[]);
    assert_eq!(outcome(&w, verify), Outcome::Withdrawn);
}

#[test]
fn q4_what_the_withdrawal_had_seen_stands_against_it_however_late_it_is_filed() {
    for (knows, expected) in [(true, Outcome::Recorded), (false, Outcome::Withdrawn)] {
        let (mut w, matter) = leave((12, 15));
        let verify = w.step("T1.a", matter, "verify", &[], &[]);
        let next = w.step("T1.b", matter, "note", &[], &[verify]);
        let seen: &[EnvelopeId] = if knows { &[next] } else { &[] };
        let back = w.withdraw("T1.a", verify, seen);
        w.receipt("C1.w", 12, &[back]);
        assert_eq!(outcome(&w, verify), expected, "knows: {knows}");
    }
}

#[test]
fn q8_a_correction_is_good_has_seen_the_act_and_is_of_one_that_is_corrected() {
    let (mut w, matter, yes, _) = quarrel();
    let corrections = |w: &World| w.standing().corrections;
    let term = w.amend("T1.h", "A", &[]);
    w.correct("T1.h", term, "as told");
    assert_eq!(corrections(&w), BTreeMap::new(), "a field is amended");
    let unseen = Correct {
        act: yes,
        fields: [("note".to_owned(), "as it was".into())].into(),
        reason: "as told".to_owned(),
    };
    w.forget_place("T1.h2");
    let draft = in_case(&w, &[matter], 12);
    w.sign("T1.h2", draft, unseen.into());
    assert_eq!(corrections(&w), BTreeMap::new(), "not seen");
    let mut cut = w.clone();
    let own = cut.correct("T1.a", yes, "as told");
    assert_eq!(corrections(&cut), [(yes, vec![own])].into());
    cut.revoke("C1.k", "T1.a", None, &[]);
    assert_eq!(corrections(&cut), BTreeMap::new(), "not good any more");
    w.correct("T2.a", yes, "as told");
    assert_eq!(corrections(&w), BTreeMap::new(), "of a neighbour");
    second_key(&mut w, "T2.p", "T2.k", "T1.a");
    let moved = w.correct("T2.p", yes, "as told");
    assert_eq!(
        corrections(&w),
        [(yes, vec![moved])].into(),
        "who has moved there"
    );
}

#[test]
fn d1_what_was_served_taken_back_or_never_counted_is_not_free() {
    let free = |w: &World, id| w.standing().unfollowed.contains(&id);
    let (mut w, matter) = leave((12, 15));
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    assert!(free(&w, yes) && !free(&w, matter));
    let mut served = w.clone();
    served.serve("T1.s", yes, 12);
    assert!(!free(&served, yes));
    w.withdraw("T1.a", yes, &[]);
    assert!(!free(&w, yes) && free(&w, matter));
    let void = w.step_on("T1.x", matter, "note", &[], &[], 40);
    assert!(!free(&w, void));
}

#[test]
fn rule_33_a_later_decision_is_late_only_where_both_replace_the_same() {
    // x answers the approval, e the refusal: neither is the other's rival, weeks apart.
    let (mut w, matter, yes, no) = quarrel();
    w.forget_place("T1.h2");
    let x = w.step("T1.h2", matter, "refuse", &[yes], &[]);
    let e = w.step("C1.a", matter, "approve", &[no], &[]);
    w.receipt("C1.w", 6, &[yes, no, x]);
    w.receipt("P.w", 40, &[e]);
    assert_eq!(w.slot(matter), "approve", "of the higher office");
    // Who replaces the refusal alone is not late after the approval.
    let (mut w, matter, yes, no) = quarrel();
    w.forget_place("T1.h2");
    let e = w.step("T1.h2", matter, "approve", &[no], &[]);
    w.receipt("C1.w", 6, &[yes, no]);
    w.receipt("P.w", 40, &[e]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn rule_34_a_slot_says_whether_it_is_filed_and_what_is_in_force_meanwhile() {
    let (mut w, matter) = leave((12, 15));
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    let filed = |w: &World| match &w.standing().matters[&matter].slots["decide"] {
        SlotStanding::Stands { filed, .. } => *filed,
        other => panic!("{other:?}"),
    };
    assert!(!filed(&w));
    w.receipt("C1.w", 12, &[yes]);
    assert!(filed(&w));
    let first = w.amend("T1.h", "A", &[]);
    w.forget_place("T1.a");
    w.forget_place("T1.b");
    w.amend("T1.a", "B", &[first]);
    w.amend("T1.b", "C", &[first]);
    assert_eq!(w.field(), "conflicted, A in force");
    let standing = w.standing();
    let (ids, value) = standing.fields["term"].in_force().unwrap();
    assert_eq!(ids, [first]);
    let SlotValue::Field { hash, .. } = value else {
        panic!("{value:?}");
    };
    assert_eq!(*hash, sha256(&[b"A"]));
}

fn assign(w: &mut World, who: &str, to: &str) {
    let act = Assign {
        office: office(to),
        replaces: Vec::new(),
    };
    let draft = in_case(w, &[w.case.unwrap().into()], 11);
    w.sign(who, draft, act.into());
}

#[test]
fn rule_28_who_assigns_a_case_stands_over_where_it_is_and_where_it_goes() {
    let (w, _) = leave((12, 15));
    for (who, to, place) in [
        ("C1.h", "T2", "T2"),
        ("C2.h", "T3", "T1"),
        ("C1.h", "T3", "T1"),
        ("P.h", "T3", "T3"),
    ] {
        let mut w = w.clone();
        assign(&mut w, who, to);
        w.agree();
        assert_eq!(w.standing().place, office(place), "{who} to {to}");
    }
}

#[test]
fn rule_29_an_alarm_is_for_whoever_serves_there_whatever_cases_one_is_for() {
    for (minor_only, in_an_alarm) in [(false, true), (true, true), (true, false)] {
        let mut w = World::new();
        let kinds: &[u8] = if minor_only { &[2] } else { &[1, 2] };
        w.appoint_for("T1.m", "T1.k", &["X_DEP"], kinds);
        let raise = Raise {
            alarm: AlarmId([1; 32]),
            case: DossierId([2; 32]),
            office: office("T1"),
            person: PersonCode([7; 16]),
            kind: "GEO_OUT".to_owned(),
            severity: 1,
            fence: String::new(),
            time: 0,
            decided_at: 0,
            retrospective: 0,
            evidence: Vec::new(),
        };
        if in_an_alarm {
            let id = w.sign("T1.s", Draft::default(), raise.into());
            w.case = Some(id.into());
        } else {
            w.open("T1.s");
        }
        let amend = Amend {
            field: "term".to_owned(),
            replaces: Vec::new(),
            value: b"A".to_vec(),
        };
        let draft = in_case(&w, &[w.case.unwrap().into()], 11);
        w.sign("T1.m", draft, amend.into());
        let expected = if in_an_alarm { "A" } else { "open" };
        assert_eq!(w.field(), expected);
    }
}

#[test]
fn rule_29_a_verification_without_effect_prepares_nothing() {
    let (mut w, matter) = leave((12, 15));
    let void = w.step_on("T1.x", matter, "verify", &[], &[], 40);
    assert_eq!(w.word(void), "void Interval");
    w.step("T1.x", matter, "approve", &[], &[void]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn rule_38_who_served_a_cancel_after_a_register_is_late_whenever_that_is_filed() {
    for turn in 0..4 {
        let mut w = World::new();
        w.open("T1.s");
        let matter = w.apply("T1.s", "transfer", (12, 12));
        for _ in 0..turn {
            w.note("T1.a", 11);
        }
        let cancel = w.step("T1.h", matter, "cancel", &[], &[]);
        let register = w.step("T3.h", matter, "register", &[], &[]);
        let serve = serve_seeing(&mut w, cancel, &[register]);
        w.receipt("P.w", 15, &[serve]);
        w.receipt("P.w", 20, &[register]);
        assert_eq!(w.slot(matter), "approve", "{turn}");
    }
}

#[test]
fn the_past_of_a_long_case_is_as_exact_as_that_of_a_short_one() {
    let (mut w, matter) = leave((12, 15));
    let mut last = matter;
    for _ in 0..140 {
        last = w.step("T1.b", matter, "note", &[], &[last]);
    }
    let verify = w.step("T1.a", matter, "verify", &[], &[last]);
    // A short past after so long a case, then one that unites both.
    let lone = w.apply("T1.h", "leave", (52, 55));
    let both = w.step("T1.a", matter, "approve", &[], &[verify, lone]);
    assert_eq!(
        outcome(&w, both),
        Outcome::NotCompetent,
        "who verified had seen it"
    );
    let yes = w.step("T1.h2", matter, "approve", &[], &[lone, verify]);
    assert_eq!(outcome(&w, yes), Outcome::Live);
    let standing = w.standing();
    let steps = &standing.matters[&matter].steps;
    assert_eq!(steps.len(), 143);
    assert_eq!(steps[139].id, last);
    // One that knows of nothing and is read after all the others, by its id.
    let lone = |last_day| {
        let mut w = w.clone();
        w.forget_place("T1.h");
        let matter = w.apply("T1.h", "leave", (52, last_day));
        (w, matter)
    };
    let mut all = (55..3_000).map(lone);
    let (mut w, matter) = all.find(|(_, id)| id.0[0] == 0xff).unwrap();
    w.forget_place("T1.h2");
    w.step("C1.h", matter, "verify", &[], &[]);
    let standing = w.standing();
    assert_eq!(
        standing.matters[&matter].steps[0].outcome,
        Outcome::Recorded
    );
}

#[test]
fn the_root_of_a_standing_is_over_its_bytes_with_what_was_taken_back() {
    let id = |byte| EnvelopeId([byte; 32]);
    let withdrawal = |counts| Withdrawal { act: id(2), counts };
    let standing = |counts| Standing {
        kind: DossierKind::Case,
        place: OfficeId([1; 16]),
        minor: false,
        person: None,
        fields: BTreeMap::new(),
        matters: BTreeMap::new(),
        listed: Vec::new(),
        unknown: false,
        withdrawals: [(id(1), withdrawal(counts))].into(),
        corrections: BTreeMap::new(),
        seal: SlotStanding::Open,
        consults: Vec::new(),
        unfollowed: BTreeSet::new(),
    };
    let expected = |counts: bool| {
        let mut out = Encoder::new(Vec::new());
        out.array(11).unwrap().u16(FOLD_VERSION).unwrap();
        out.u8(2).unwrap().bytes(&[1; 16]).unwrap();
        out.bool(false)
            .unwrap()
            .null()
            .unwrap()
            .bool(false)
            .unwrap();
        for _ in 0..3 {
            out.array(0).unwrap();
        }
        out.array(1).unwrap().array(3).unwrap();
        out.bytes(&[1; 32]).unwrap().bytes(&[2; 32]).unwrap();
        out.bool(counts).unwrap().array(0).unwrap();
        sha256(&[&out.into_writer()])
    };
    for counts in [false, true] {
        assert_eq!(standing(counts).state_root(), expected(counts));
    }
}
