//! Edges that a small change of the rules' code would move without any story feeling it: each is a
//! condition that was taken away once, and nobody noticed.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, Appoint, Entrust, Found, Span, Step, bound_office_id};
use jiaolian_schema::authority::State;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::{SlotStanding, permits};
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
fn who_signed_under_another_s_appointment_is_nobody_and_settles_no_quarrel() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (MARCH_1, MARCH_1 + 4));
    w.sign_under("T1.a", w.appointment_of("T1.b"));
    let stray = w.step("T1.a", matter, "refuse", &[], &[]);
    w.step("C1.h", matter, "adjudicate_approve", &[stray], &[]);
    w.agree();
    assert_eq!(
        w.standing().matters[&matter].slots["decide"],
        SlotStanding::Open
    );
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
        ends: None,
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

/// Signs an appointment like another one but for one change.
fn appoint_like(
    w: &mut World,
    by: &str,
    like: EnvelopeId,
    change: impl FnOnce(&mut Appoint),
) -> EnvelopeId {
    let Some(Act::Appoint(mut appoint)) = w.facts[&like].what.roster_act() else {
        panic!("{like} appoints nobody");
    };
    change(&mut appoint);
    let draft = Draft {
        dossier: Some(w.roster("T1")),
        ..Draft::default()
    };
    w.sign(by, draft, appoint.into())
}

#[test]
fn only_nodes_have_transport_keys() {
    let mut w = World::new();
    let like = w.appointment_of("T1.a");
    appoint_like(&mut w, "C1.k", like, |appoint| {
        appoint.endpoint = Some([7; 32]);
    });
    assert!(w.authority().endpoints().is_empty());
}

#[test]
fn no_county_founds_below_another_and_the_first_of_two_foundings_stands() {
    let found = |parent: &str, name: &str| Found {
        office: office("T9"),
        parent: Some(office(parent)),
        tier: 1,
        code: name.to_owned(),
        name: name.to_owned(),
        drill: 0,
        nonce: None,
    };
    let mut w = World::new();
    w.sign("C2.k", Draft::default(), found("C1", "stolen").into());
    assert!(w.authority().offices().get(office("T9")).is_none());
    let names = ["one", "two"];
    let claims = names.map(|name| w.sign("C1.k", Draft::default(), found("C1", name).into()));
    for (filed, name) in claims.iter().zip(names) {
        let mut w = w.clone();
        w.receipt("P.w", 3, &[*filed]);
        w.receipt("P.w", 4, &claims);
        let authority = w.authority();
        let office = authority.offices().get(office("T9"));
        assert_eq!(office.map(|office| office.name.as_str()), Some(name));
    }
}

/// C1 founds an office whose id is made of C1's own; a thief under C2 has seen the request and is
/// first, at the same level or above, and receipted first.
#[test]
fn nobody_takes_an_office_whose_id_is_made_of_another_parent() {
    let nonce = [9; 16];
    let id = bound_office_id(office("C1"), nonce);
    let found = |parent: &str, nonce| Found {
        office: id,
        parent: Some(office(parent)),
        tier: 1,
        code: String::new(),
        name: parent.to_owned(),
        drill: 0,
        nonce,
    };
    let mut w = World::new();
    let stolen = [None, Some(nonce)]
        .map(|nonce| w.sign("C2.k", Draft::default(), found("C2", nonce).into()));
    w.sign("P.k", Draft::default(), found("P", None).into());
    w.receipt("P.w", 3, &stolen);
    let name = |w: &World| {
        w.agree();
        let authority = w.authority();
        let office = authority.offices().get(id);
        office.map(|office| office.name.clone())
    };
    w.offices.insert("made".to_owned(), id);
    assert_eq!(name(&w).as_deref(), Some("P"));
    let own = w.sign("C1.k", Draft::default(), found("C1", Some(nonce)).into());
    assert_eq!(name(&w).as_deref(), Some("C1"));
    w.receipt("P.w", 9, &[own]);
    assert_eq!(name(&w).as_deref(), Some("C1"));
    // Bytes alone show whose the id is: a founding that does not count keeps thieves out too.
    w.revoke("P.k", "C1.k", None, &[]);
    assert_eq!(name(&w), None);
}

#[test]
fn an_appointment_that_is_cited_and_not_here_is_waited_for() {
    let mut w = World::new();
    w.open("T1.s");
    let like = w.appointment_of("T1.a");
    let second = appoint_like(&mut w, "C1.k", like, |appoint| appoint.depth = 0);
    w.sign_under("T1.a", second);
    let note = w.note("T1.a", 3);
    assert_eq!(w.word(note), "good");
    w.facts.remove(&second);
    assert_eq!(w.word(note), "waiting Appointment");
}

#[test]
fn nobody_signs_for_an_office_that_is_not_founded() {
    let mut w = World::new();
    w.appoint("T1.z", "P.k", Duty::Staff, &["X_DEP"], 0, 100);
    w.open("T1.s");
    let note = w.note("T1.z", 3);
    assert_eq!(w.word(note), "good");
    let founding = w.roster("T1").into();
    w.forget(founding);
    assert_eq!(w.word(note), "waiting Appointment");
}

#[test]
fn a_claim_before_the_interval_waits_though_it_was_filed_inside() {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 20, 40);
    w.open("T1.s");
    let early = w.note("T1.x", 10);
    w.receipt("C1.w", 25, &[early]);
    assert_eq!(w.word(early), "waiting Window");
}

#[test]
fn an_interval_of_one_instant_is_an_interval() {
    let mut w = World::new();
    let id = w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 20, 20);
    assert_eq!(w.word(id), "good");
}

#[test]
fn an_adults_case_is_decided_by_those_appointed_for_adults() {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.s", "leave", (MARCH_1, MARCH_1 + 4));
    w.appoint_for("C1.minor", "C1.k", &["X_DEP"], &[2]);
    w.step("C1.minor", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "open");
    w.appoint_for("C1.adult", "C1.k", &["X_DEP"], &[1]);
    w.step("C1.adult", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn days_of_another_kind_of_matter_are_no_days_of_leave() {
    let mut w = World::new();
    w.open("C1.s");
    let transfer = w.apply("C1.s", "transfer", (MARCH_1, MARCH_1 + 40));
    let register = w.step("C2.a", transfer, "register", &[], &[]);
    let leave = w.apply("C1.s", "leave", (MARCH_1 + 30, MARCH_1 + 40));
    w.step("C1.a", leave, "approve", &[], &[register, transfer]);
    assert_eq!(w.slot(leave), "approve");
}

#[test]
fn who_saw_a_decision_and_does_not_replace_it_is_late_before_anything_is_filed() {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.h", "leave", (MARCH_1, MARCH_1 + 4));
    let yes = w.step("C1.a", matter, "approve", &[], &[]);
    w.step("C1.b", matter, "refuse", &[], &[yes]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn of_two_endorsements_the_one_that_reaches_so_far_dates_it() {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["OFF_HEAD"], 0, 31);
    w.open("T1.s");
    let [first, second] = [31, 31].map(|day| w.note("T1.x", day));
    w.receipt("C1.w", 33, &[first, second]);
    let early = w.endorse("C1.k", "T1.x", first, 40);
    let late = w.endorse("C1.k", "T1.x", second, 50);
    w.receipt("P.w", 41, &[early]);
    w.receipt("P.w", 52, &[late]);
    let filed = |id| match w.state(id) {
        State::Good { filed } => filed,
        state => panic!("{state:?}"),
    };
    assert_eq!(filed(first), Some(41 * DAY));
    assert_eq!(filed(second), Some(52 * DAY));
}

#[test]
fn a_head_that_cites_an_older_receipt_does_not_reach_back() {
    let mut w = World::new();
    w.open("T1.s");
    let receipts = [6, 9].map(|day| w.receipt("C1.w", day, &[]));
    w.cite("T1.a", receipts[1]);
    w.note("T1.a", 10);
    w.cite("T1.a", receipts[0]);
    let later = w.note("T1.a", 2);
    let window = w.authority().window(&w.facts[&later]);
    assert_eq!(window.lower, Some(9 * DAY));
}
