//! The golden vectors of windows, statements and forks: 17–41, 44, 45; and who may appoint whom.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Entrust, Found, Policy};
use jiaolian_schema::authority::{PathState, State};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use town::{DAY, Draft, World, office};

const GOOD: &str = "good";
const CUT: &str = "waiting Cut";
const FORK: &str = "waiting Fork";
const GAP: &str = "waiting Gap";

/// T1's officer x, appointed up to day 31 (scenario 10), and a case to sign in.
fn term() -> World {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["OFF_HEAD"], 0, 31);
    w.open("T1.s");
    w
}

fn signed(claimed: i64, filed: Option<i64>) -> (World, EnvelopeId) {
    let mut w = term();
    let e = w.note("T1.x", claimed);
    if let Some(day) = filed {
        w.receipt("C1.w", day, &[e]);
    }
    (w, e)
}

fn word(claimed: i64, filed: Option<i64>) -> String {
    let (w, e) = signed(claimed, filed);
    w.word(e)
}

#[test]
fn v17_scenario_10_signed_on_the_last_day_and_seen_later_waits() {
    assert_eq!(word(31, Some(33)), "waiting Window");
}

#[test]
fn v18_scenario_10_seen_on_the_last_day_is_good() {
    assert_eq!(word(31, Some(31)), GOOD);
}

#[test]
fn v19_scenario_10_signed_after_the_end_is_void() {
    assert_eq!(word(32, Some(33)), "void Interval");
}

#[test]
fn v20_signed_inside_and_not_filed_is_good_at_once() {
    assert_eq!(word(31, None), GOOD);
}

#[test]
fn v21_a_head_that_cites_a_receipt_after_the_end_is_void() {
    let mut w = term();
    let receipt = w.receipt("C1.w", 32, &[]);
    w.cite("T1.x", receipt);
    let e = w.note("T1.x", 30);
    w.receipt("C1.w", 33, &[e]);
    assert_eq!(w.word(e), "void Interval");
}

#[test]
fn v22_an_endorsement_heals_what_straddles_the_end() {
    let (mut w, e) = signed(31, Some(33));
    w.endorse("C1.k", "T1.x", e, 40);
    assert_eq!(w.word(e), GOOD);
}

#[test]
fn an_endorsement_never_heals_what_is_void() {
    let (mut w, e) = signed(32, Some(33));
    w.endorse("C1.k", "T1.x", e, 40);
    assert_eq!(w.word(e), "void Interval");
}

#[test]
fn v23_scenario_11_a_fast_clock_does_no_harm_when_filed_in_time() {
    assert_eq!(word(32, Some(31)), GOOD);
}

/// n1 claims 3, n2 claims 5, n3 claims 3; receipts on 3, 5 and 8.
fn notes() -> (World, [EnvelopeId; 3]) {
    let mut w = term();
    let ids = [3, 5, 3].map(|day| w.note("T1.x", day));
    for (id, day) in ids.iter().zip([3, 5, 8]) {
        w.receipt("C1.w", day, &[*id]);
    }
    (w, ids)
}

#[test]
fn v24_scenario_24_a_revocation_cuts_by_position_whatever_time_is_claimed() {
    let (mut w, ids) = notes();
    let at = w.at(ids[0]);
    w.revoke("C1.k", "T1.x", Some(at), &[]);
    assert_eq!(w.words(&ids), [GOOD, CUT, CUT]);
}

#[test]
fn v25_inside_one_office_the_smaller_cut_holds() {
    let (mut w, ids) = notes();
    for n in [1, 0] {
        let at = w.at(ids[n]);
        w.revoke("C1.k", "T1.x", Some(at), &[]);
    }
    assert_eq!(w.words(&ids), [GOOD, CUT, CUT]);
}

#[test]
fn v26_a_superiors_endorsement_stands_against_a_revocation_from_below() {
    let (mut w, ids) = notes();
    w.revoke("C1.k", "T1.x", None, &[]);
    w.endorse("P.k", "T1.x", ids[1], 40);
    assert_eq!(w.words(&ids), [GOOD, GOOD, CUT]);
}

#[test]
fn v27_a_superiors_revocation_stands_against_an_endorsement_from_below() {
    let (mut w, ids) = notes();
    let at = w.at(ids[0]);
    w.revoke("P.k", "T1.x", Some(at), &[]);
    w.endorse("C1.k", "T1.x", ids[2], 40);
    assert_eq!(w.words(&ids), [GOOD, CUT, CUT]);
}

#[test]
fn v28_an_office_that_says_both_says_no() {
    let (mut w, ids) = notes();
    let at = w.at(ids[0]);
    w.revoke("P.k", "T1.x", Some(at), &[]);
    w.endorse("P.k", "T1.x", ids[1], 40);
    assert_eq!(w.words(&ids), [GOOD, CUT, CUT]);
}

#[test]
fn v29_a_later_statement_that_names_the_earlier_takes_its_place() {
    let (mut w, ids) = notes();
    let at = w.at(ids[0]);
    let first = w.revoke("P.k", "T1.x", Some(at), &[]);
    let at = w.at(ids[1]);
    w.revoke("P.k", "T1.x", Some(at), &[first]);
    assert_eq!(w.words(&ids), [GOOD, GOOD, CUT]);
}

#[test]
fn v30_a_county_has_no_say_about_another_countys_people() {
    let (mut w, ids) = notes();
    w.revoke("C2.k", "T1.x", None, &[]);
    assert_eq!(w.words(&ids), [GOOD, GOOD, GOOD]);
}

/// n1 n2 n3 and a second head at n2.
fn forked() -> (World, [EnvelopeId; 4]) {
    let mut w = term();
    let [n1, n2, n3] = [3, 5, 6].map(|day| w.note("T1.x", day));
    let n2b = w.note_after("T1.x", 5, 1, Some(n1));
    (w, [n1, n2, n3, n2b])
}

#[test]
fn v31_the_branch_that_was_covered_first_stands_as_far_as_it_is_covered() {
    let (mut w, ids) = forked();
    w.receipt("C1.w", 5, &[ids[1]]);
    assert_eq!(w.words(&ids), [GOOD, GOOD, FORK, FORK]);
    let forks = w.authority().forks();
    assert_eq!(forks.len(), 1);
    assert_eq!((forks[0].n, forks[0].ids.len()), (2, 2));
}

#[test]
fn v32_covering_the_other_branch_later_changes_nothing() {
    let (mut w, ids) = forked();
    w.receipt("C1.w", 5, &[ids[1]]);
    w.receipt("C1.w", 9, &[ids[3]]);
    assert_eq!(w.words(&ids), [GOOD, GOOD, FORK, FORK]);
}

#[test]
fn v33_of_two_branches_that_nobody_covered_neither_counts() {
    let (w, ids) = forked();
    assert_eq!(w.words(&ids), [GOOD, FORK, FORK, FORK]);
}

#[test]
fn v34_of_two_branches_covered_at_the_same_time_neither_counts() {
    let (mut w, ids) = forked();
    w.receipt("C1.w", 5, &[ids[1]]);
    w.receipt("P.w", 5, &[ids[3]]);
    assert_eq!(w.words(&ids), [GOOD, FORK, FORK, FORK]);
}

#[test]
fn v35_later_coverage_lengthens_the_branch_that_stands() {
    let (mut w, ids) = forked();
    w.receipt("C1.w", 5, &[ids[1]]);
    w.receipt("C1.w", 9, &[ids[2]]);
    assert_eq!(w.words(&ids), [GOOD, GOOD, GOOD, FORK]);
}

#[test]
fn v36_an_endorsement_never_displaces_a_covered_branch() {
    let (mut w, ids) = forked();
    w.receipt("C1.w", 5, &[ids[1]]);
    w.endorse("P.k", "T1.x", ids[3], 40);
    assert_eq!(w.words(&ids), [GOOD, GOOD, FORK, FORK]);
}

#[test]
fn v37_a_revocation_below_the_fork_and_an_endorsement_change_the_branch() {
    let (mut w, ids) = forked();
    w.receipt("C1.w", 5, &[ids[1]]);
    let at = w.at(ids[0]);
    w.revoke("C1.k", "T1.x", Some(at), &[]);
    w.endorse("P.k", "T1.x", ids[3], 40);
    assert_eq!(w.words(&ids), [GOOD, CUT, CUT, GOOD]);
}

#[test]
fn v38_an_endorsement_settles_what_nobody_covered() {
    let (mut w, ids) = forked();
    w.endorse("C1.k", "T1.x", ids[3], 40);
    assert_eq!(w.words(&ids), [GOOD, FORK, FORK, GOOD]);
}

#[test]
fn v39_an_id_that_a_head_names_forks_the_chain_though_it_is_not_here() {
    let mut w = term();
    let [n1, n2, n3] = [3, 5, 6].map(|day| w.note("T1.x", day));
    let n3z = w.note_after("T1.x", 6, 2, Some(EnvelopeId([9; 32])));
    assert_eq!(w.words(&[n1, n2, n3]), [GOOD, FORK, FORK]);
    assert_eq!(w.word(n3z), GAP);
}

#[test]
fn v40_what_a_revoked_keeper_appointed_waits_with_all_under_it() {
    let mut w = term();
    let appointment = w.appoint("T1.z", "C1.k", Duty::Staff, &["OFF_HEAD"], 0, 31);
    let e = w.note("T1.z", 3);
    assert_eq!(w.words(&[appointment, e]), [GOOD, GOOD]);
    w.revoke("P.k", "C1.k", None, &[]);
    assert_eq!(w.words(&[appointment, e]), [CUT, "waiting Appointment"]);
}

#[test]
fn v41_the_receipts_of_a_revoked_witness_are_gone() {
    let (mut w, e) = signed(31, Some(31));
    w.revoke("P.k", "C1.w", None, &[]);
    w.receipt("P.w", 33, &[e]);
    assert_eq!(w.word(e), "waiting Window");
}

#[test]
fn v44_a_head_above_a_missing_one_waits() {
    let mut w = term();
    let [n1, n2] = [3, 5].map(|day| w.note("T1.x", day));
    w.forget(n1);
    assert_eq!(w.word(n2), GAP);
    let authority = w.authority();
    assert_eq!(authority.chain_gap(w.author("T1.x")), Some(1));
    assert_eq!(authority.chain_tip(w.author("T1.x")), None);
}

#[test]
fn v45_a_revocation_at_a_head_that_is_not_here_cuts_above_it_only() {
    let mut w = term();
    let ids = [3, 5, 6].map(|day| w.note("T1.x", day));
    let at = jiaolian_schema::act::At {
        n: 2,
        id: EnvelopeId([9; 32]),
    };
    w.revoke("C1.k", "T1.x", Some(at), &[]);
    assert_eq!(w.words(&ids), [GOOD, GOOD, CUT]);
}

#[test]
fn a_receipt_dated_before_the_one_before_it_does_not_count() {
    let mut w = term();
    let e = w.note("T1.x", 3);
    w.receipt("C1.w", 10, &[]);
    w.receipt("C1.w", 5, &[e]);
    w.receipt("C1.w", 6, &[e]);
    assert_eq!(w.authority().filed0(e), None);
    w.receipt("C1.w", 12, &[e]);
    assert_eq!(w.authority().filed0(e), Some(12 * DAY));
}

#[test]
fn a_receipt_dated_before_the_one_it_cites_does_not_count() {
    let mut w = term();
    let e = w.note("T1.x", 3);
    let upper = w.receipt("P.w", 20, &[]);
    w.cite("C1.w", upper);
    w.receipt("C1.w", 10, &[e]);
    assert_eq!(w.authority().filed0(e), None);
}

#[test]
fn only_witnesses_strictly_above_file() {
    let mut w = term();
    let e = w.note("T1.x", 3);
    w.receipt("T1.w", 4, &[e]);
    w.receipt("C2.w", 4, &[e]);
    assert_eq!(w.authority().filed0(e), None);
}

#[test]
fn covering_a_head_covers_all_below_it_and_files_none_of_them() {
    let mut w = term();
    let [n1, n2] = [3, 5].map(|day| w.note("T1.x", day));
    w.receipt("C1.w", 6, &[n2]);
    let authority = w.authority();
    assert_eq!(authority.covered(n1), Some(6 * DAY));
    assert_eq!(authority.filed0(n1), None);
    assert_eq!(authority.filed0(n2), Some(6 * DAY));
}

#[test]
fn an_act_outside_its_authors_duty_is_void() {
    let mut w = term();
    let e = w.note("T1.k", 3);
    assert_eq!(w.word(e), "void Duty");
}

#[test]
fn an_appointment_by_a_neighbouring_keeper_makes_nobody() {
    let mut w = term();
    w.appoint("T1.q", "T2.k", Duty::Staff, &["OFF_HEAD"], 0, 31);
    let e = w.note("T1.q", 3);
    assert_eq!(w.word(e), "void Appointment");
}

#[test]
fn a_keeper_does_not_appoint_its_own_offices_keepers() {
    let mut w = term();
    w.appoint("T1.k2", "T1.k", Duty::Keeper, &["KEEPER"], 0, 31);
    let e = w.appoint("T1.q", "T1.k2", Duty::Staff, &["OFF_HEAD"], 0, 31);
    assert_eq!(w.word(e), "void Appointment");
}

#[test]
fn nobody_confers_roles_beyond_those_of_the_own_appointment() {
    let mut w = term();
    w.appoint(
        "T1.k2",
        "C1.k",
        Duty::Keeper,
        &["KEEPER", "OFF_STAFF"],
        0,
        31,
    );
    let narrow = w.appoint("T1.p", "T1.k2", Duty::Staff, &["OFF_STAFF"], 0, 31);
    let wide = w.appoint("T1.q", "T1.k2", Duty::Staff, &["OFF_HEAD"], 0, 31);
    let e = w.note("T1.q", 3);
    assert_eq!(w.words(&[narrow, wide]), [GOOD, "void Scope"]);
    assert_eq!(w.word(e), "waiting Appointment");
}

#[test]
fn an_office_is_founded_by_its_parents_keeper_only() {
    let mut w = World::new();
    w.found("T9", Some("C1"), 1);
    let authority = w.authority();
    let offices = authority.offices();
    assert_eq!(
        offices.get(office("T9")).unwrap().parent,
        Some(office("C1"))
    );
    assert_eq!(offices.depth(office("T9")), Some(2));
    w.revoke("P.k", "C1.k", None, &[]);
    assert!(w.authority().offices().get(office("T9")).is_none());
}

#[test]
fn a_drill_office_founded_under_a_live_root_is_no_office() {
    let mut w = World::new();
    for (name, drill) in [("T8", 1), ("T9", 0)] {
        let found = Found {
            office: office(name),
            parent: Some(office("C1")),
            tier: 1,
            code: name.to_owned(),
            name: name.to_owned(),
            drill,
            nonce: None,
        };
        w.sign("C1.k", Draft::default(), found.into());
    }
    let authority = w.authority();
    assert!(authority.offices().get(office("T8")).is_none());
    assert!(authority.offices().get(office("T9")).is_some());
}

#[test]
fn a_revoked_node_loses_its_transport_key() {
    let mut w = World::new();
    let id = w.appoint("T1.node", "T1.k", Duty::Staff, &["NODE"], 0, 31);
    let seats = w.authority().endpoints();
    assert_eq!(
        seats
            .values()
            .map(|seat| seat.appointment)
            .collect::<Vec<_>>(),
        [id]
    );
    w.revoke("C1.k", "T1.node", None, &[]);
    assert!(w.authority().endpoints().is_empty());
}

#[test]
fn entrustment_comes_from_above_and_within_its_days() {
    let mut w = World::new();
    let act = |to: &str| Entrust {
        office: office(to),
        actions: vec!["leave".to_owned()],
        from: 10 * DAY,
        to: 20 * DAY,
        document: String::new(),
        ends: None,
    };
    for to in ["T1", "T3"] {
        let draft = Draft {
            dossier: Some(w.roster("C1")),
            ..Draft::default()
        };
        w.sign("C1.k", draft, act(to).into());
    }
    let authority = w.authority();
    assert!(authority.entrusted(office("T1"), "leave", 15 * DAY));
    assert!(!authority.entrusted(office("T1"), "leave", 21 * DAY));
    assert!(!authority.entrusted(office("T1"), "device", 15 * DAY));
    assert!(!authority.entrusted(office("T3"), "leave", 15 * DAY));
}

#[test]
fn the_highest_offices_policy_is_in_force() {
    let mut w = World::new();
    assert_eq!(w.authority().policy(office("T1")).stale_days, 7);
    for (by, stale_days) in [("C1.k", 3), ("P.k", 9), ("C2.k", 1)] {
        let draft = Draft {
            dossier: Some(w.roster(&by[..by.len() - 2])),
            ..Draft::default()
        };
        let policy = Policy {
            stale_days,
            fold_version: 1,
            rule_pack: [1; 32],
        };
        w.sign(by, draft, policy.into());
    }
    assert_eq!(w.authority().policy(office("T1")).stale_days, 9);
}

#[test]
fn new_heads_cite_the_newest_counting_receipt_from_above() {
    let mut w = World::new();
    assert_eq!(w.authority().newest_receipt_for(office("T1")), None);
    w.receipt("C1.w", 5, &[]);
    let newest = w.receipt("P.w", 9, &[]);
    w.receipt("C2.w", 30, &[]);
    let found = w.authority().newest_receipt_for(office("T1"));
    assert_eq!(found, Some((newest, 9 * DAY)));
}

#[test]
fn filing_shows_in_the_state_and_an_unknown_head_is_a_gap() {
    let (w, e) = signed(3, Some(5));
    assert_eq!(
        w.state(e),
        State::Good {
            filed: Some(5 * DAY)
        }
    );
    let authority = w.authority();
    assert_eq!(authority.path_state(EnvelopeId([1; 32])), PathState::Gap);
}
