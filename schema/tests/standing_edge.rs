//! Edges that a small change of the rules' code would move without any story feeling it: each is a
//! condition that was taken away once, and nobody noticed.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Entrust, Span, Step};
use jiaolian_schema::authority::State;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::permits;
use jiaolian_schema::value::Fields;
use town::{DAY, Draft, World, office};

const MARCH_1: i32 = 20_513;

/// Somebody is back from one leave on its third day.
fn back(w: &mut World, matter: EnvelopeId, last_day: i32) {
    let act = Step {
        matter,
        event: "return".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: Fields::new(),
        span: Some(Span {
            first_day: MARCH_1,
            last_day,
        }),
    };
    let case = w.case.expect("a case is open");
    let draft = Draft {
        dossier: Some(case),
        deps: vec![case.into(), matter],
        day: 20,
        ..Draft::default()
    };
    w.sign("C1.s", draft, act.into());
}

#[test]
fn a_return_from_one_leave_shortens_no_other() {
    let mut w = World::new();
    w.open("C1.s");
    let first = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 9));
    let second = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 8));
    for matter in [first, second] {
        w.step("C1.a", matter, "approve", &[], &[]);
    }
    back(&mut w, second, MARCH_1 + 2);
    let standing = w.standing();
    let last = |matter| standing.matters[&matter].grant.map(|grant| grant.last_day);
    assert_eq!(last(first), Some(MARCH_1 + 9));
    assert_eq!(last(second), Some(MARCH_1 + 2));
}

#[test]
fn only_a_leave_opens_a_fence() {
    let mut w = World::new();
    w.open("C1.s");
    let leave = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 4));
    let transfer = w.apply("C1.s", "transfer", (MARCH_1, MARCH_1 + 4));
    w.step("C1.a", leave, "approve", &[], &[]);
    w.step("C2.a", transfer, "register", &[], &[]);
    let standing = w.standing();
    assert!(standing.matters[&transfer].grant.is_some());
    let open: Vec<EnvelopeId> = permits(&standing)
        .iter()
        .map(|permit| permit.matter)
        .collect();
    assert_eq!(open, [leave]);
}

#[test]
fn a_revocation_endorses_nothing_that_it_leaves() {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["OFF_HEAD"], 0, 31);
    w.open("T1.s");
    let straddling = w.note("T1.x", 31);
    w.receipt("C1.w", 33, &[straddling]);
    assert_eq!(w.word(straddling), "waiting Window");
    let at = w.at(straddling);
    w.revoke("C1.k", "T1.x", Some(at), &[]);
    assert_eq!(w.word(straddling), "waiting Window");
    w.endorse("P.k", "T1.x", straddling, 40);
    assert_eq!(w.word(straddling), "good");
}

#[test]
fn a_chain_has_a_gap_where_a_head_is_missing_and_nowhere_else() {
    let mut w = World::new();
    w.open("T1.s");
    let notes = [1, 2, 3].map(|day| w.note("T1.a", day));
    let author = w.author("T1.a");
    assert_eq!(w.authority().chain_gap(author), None);
    assert_eq!(w.authority().chain_tip(author).map(|tip| tip.n), Some(3));
    w.forget(notes[1]);
    assert_eq!(w.authority().chain_gap(author), Some(2));
    assert_eq!(w.authority().chain_tip(author).map(|tip| tip.n), Some(1));
}

/// A county's matter: the head of T1's case asks, two deputies contradict one another on day 12.
fn quarrel(first: &str, second: &str) -> (World, EnvelopeId, EnvelopeId, EnvelopeId) {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.h", "leave", (MARCH_1, MARCH_1 + 9));
    let yes = w.step(first, matter, "approve", &[], &[]);
    let no = w.step(second, matter, "refuse", &[], &[]);
    w.receipt("P.w", 12, &[yes, no]);
    (w, matter, yes, no)
}

#[test]
fn an_entrustment_is_of_one_office_and_not_of_its_neighbour() {
    let mut w = World::new();
    let entrust = Entrust {
        office: office("T1"),
        actions: vec!["leave".to_owned()],
        from: 0,
        to: 20 * DAY,
        document: String::new(),
    };
    let draft = Draft {
        dossier: Some(w.roster("C1")),
        ..Draft::default()
    };
    w.sign("C1.k", draft, entrust.into());
    let authority = w.authority();
    assert!(authority.entrusted(office("T1"), "leave", 10 * DAY));
    assert!(!authority.entrusted(office("T2"), "leave", 10 * DAY));
}

#[test]
fn an_endorsement_bars_nobody() {
    let mut w = World::new();
    w.open("T1.s");
    let note = w.note("T1.a", 3);
    w.endorse("C1.k", "T1.a", note, 5);
    assert!(!w.authority().is_barred(w.author("T1.a")));
    w.revoke("C1.k", "T1.a", None, &[]);
    assert!(w.authority().is_barred(w.author("T1.a")));
}

#[test]
fn what_an_endorsement_heals_is_filed_no_earlier_than_that() {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["OFF_HEAD"], 0, 31);
    w.open("T1.s");
    let straddling = w.note("T1.x", 31);
    w.receipt("C1.w", 33, &[straddling]);
    let endorse = w.endorse("C1.k", "T1.x", straddling, 40);
    assert_eq!(w.state(straddling), State::Good { filed: None });
    w.receipt("P.w", 44, &[endorse]);
    let filed = Some(44 * DAY);
    assert_eq!(w.state(straddling), State::Good { filed });
}

#[test]
fn a_receipt_of_the_very_instant_of_the_one_it_cites_counts() {
    let mut w = World::new();
    w.open("T1.s");
    let note = w.note("T1.a", 3);
    let above = w.receipt("P.w", 9, &[]);
    w.cite("C1.w", above);
    w.receipt("C1.w", 9, &[note]);
    assert_eq!(w.authority().filed0(note), Some(9 * DAY));
}

#[test]
fn the_roots_acts_are_filed_when_they_were_signed() {
    let w = World::new();
    let id = w.appointment_of("C1.k");
    let window = w.authority().window(&w.facts[&id]);
    assert_eq!(window.filed, Some(0));
}

#[test]
fn whoever_signed_one_of_the_rivals_settles_nothing_be_it_the_head() {
    let (mut w, matter, yes, no) = quarrel("C1.h2", "C1.b");
    w.step("C1.h2", matter, "adjudicate_approve", &[yes, no], &[]);
    assert_eq!(w.slot(matter), "conflicted, undecided");
}

#[test]
fn nobody_adjudicates_the_own_decision() {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.h", "leave", (MARCH_1, MARCH_1 + 9));
    let yes = w.step("C1.h2", matter, "approve", &[], &[]);
    w.step("C1.h2", matter, "adjudicate_refuse", &[yes], &[]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn decisions_of_two_offices_that_agree_stand_together() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.h", "leave", (MARCH_1, MARCH_1 + 4));
    let mut both = [
        w.step("T1.a", matter, "approve", &[], &[]),
        w.step("C1.a", matter, "approve", &[], &[]),
    ];
    both.sort_unstable();
    let standing = w.standing();
    let slot = standing.matters[&matter].slots.values().next();
    assert_eq!(slot.map(|slot| slot.tips().to_vec()), Some(both.to_vec()));
}

#[test]
fn a_service_without_effect_gives_nothing_to_rely_on() {
    let (mut w, matter, yes, _) = quarrel("C1.a", "C1.b");
    w.serve("C1.s", yes, 12);
    assert!(w.reliance(matter));
    let (mut w, matter, yes, _) = quarrel("C1.a", "C1.b");
    w.serve("C1.s", yes, 12);
    w.revoke("P.k", "C1.s", None, &[]);
    assert!(!w.reliance(matter));
}

#[test]
fn a_refusal_is_nothing_to_rely_on() {
    let (mut w, matter, _, no) = quarrel("C1.a", "C1.b");
    w.serve("C1.s", no, 12);
    assert!(!w.reliance(matter));
}

#[test]
fn a_service_some_days_after_the_contrary_decision_is_still_relied_on() {
    let (mut w, matter, yes, _) = quarrel("C1.a", "C1.b");
    let serve = w.serve("C1.s", yes, 15);
    w.receipt("P.w", 15, &[serve]);
    assert!(w.reliance(matter));
}

#[test]
fn a_refusal_over_an_approval_that_never_counted_grants_nothing() {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.h", "leave", (MARCH_1, MARCH_1 + 9));
    let void = w.step("T1.a", matter, "approve", &[], &[]);
    w.step("C1.a", matter, "refuse", &[void], &[]);
    assert_eq!(w.slot(matter), "refuse");
    assert_eq!(w.standing().matters[&matter].grant, None);
}

/// A township's release: another county registers, its own cancels and serves that.
fn baton(by: &str, days: [i64; 2]) -> String {
    let mut w = World::new();
    w.open("T1.s");
    let release = w.apply("T1.h", "transfer", (12, 40));
    let register = w.step("C2.a", release, "register", &[], &[]);
    let cancel = w.step("C1.a", release, "cancel", &[], &[]);
    let serve = w.serve("T1.s", cancel, 15);
    w.receipt("P.w", days[0], &[register]);
    w.receipt(by, days[1], &[serve]);
    w.slot(release)
}

#[test]
fn a_baton_is_decided_by_what_the_common_superior_filed() {
    assert_eq!(baton("P.w", [16, 17]), "approve");
    assert_eq!(baton("P.w", [16, 16]), "conflicted, undecided");
    // What the old office's own county filed earlier counts for nothing here.
    assert_eq!(baton("C1.w", [16, 10]), "approve");
}
