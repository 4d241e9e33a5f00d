//! The rules by which an office passes to another superior (R-60 to R-69 of
//! `docs/standing-roster.md`), each by its name, through both opinions.
//!
//! P over the cities K1 and K2; C1 and C2 under K1, C3 under K2; T1 and T2 under C1, T3 under C2, T4
//! under C3. Unless said otherwise K1 signs on day 10 that T1 stands under C2 from day 20 on, with
//! ten days of grace.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Entrust, Policy, Restyle, Vouch};
use jiaolian_schema::authority::State;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::hold::{Audience, DossierKind, EVER, Moment, day_of, day_start};
use jiaolian_schema::hold::{may_get, may_hold};
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::Outcome;
use std::collections::BTreeSet;
use town::{DAY, Draft, World, office};

const ALWAYS: i64 = 100_000;

fn moved() -> World {
    let mut w = World::deep();
    w.replant("K1.k", "T1", "C2", 20, 10);
    w
}

/// Names of the offices above another one at noon of a day in Shanghai, the lowest first.
fn above(w: &World, lower: &str, day: i64) -> Vec<String> {
    let authority = w.authority();
    let path = authority.offices().path_at(office(lower), day * DAY);
    let path = path.into_iter().skip(1);
    path.map(|id| authority.offices().get(id).unwrap().name.clone())
        .collect()
}

fn in_roster(w: &World, at: &str, day: i64) -> Draft {
    Draft {
        dossier: Some(w.roster(at)),
        day,
        ..Draft::default()
    }
}

/// A second head of T1's case work, on day 12, that is good while nobody speaks of it.
fn noted(w: &mut World) -> EnvelopeId {
    w.open("T1.s");
    w.note("T1.a", 12)
}

#[test]
fn r_61_an_office_stands_under_the_new_superior_from_midnight_in_shanghai_on() {
    let w = moved();
    assert_eq!(above(&w, "T1", 19), ["C1", "K1", "P"]);
    assert_eq!(above(&w, "T1", 20), ["C2", "K1", "P"]);
    let authority = w.authority();
    let offices = authority.offices();
    let stood = |upper, at| offices.stood_above(office(upper), office("T1"), Moment::at(at));
    let midnight = 20 * DAY - 8 * 3_600_000;
    assert_eq!(day_start(20), midnight);
    assert_eq!((day_of(midnight - 1), day_of(midnight)), (19, 20));
    assert!(stood("C1", midnight - 1) && !stood("C1", midnight));
    assert!(!stood("C2", midnight - 1) && stood("C2", midnight));
    assert!(stood("K1", 0) && stood("K1", midnight));
    let stays = offices.stays(office("T1"));
    assert_eq!((stays[0].from, stays[0].to), (EVER, midnight));
    assert_eq!(stays[0].closes, midnight + 10 * DAY);
    // Nothing else moved, and of a neighbour nothing is kept.
    assert_eq!(above(&w, "T2", 20), ["C1", "K1", "P"]);
    assert!(offices.stays(office("T2")).is_empty());
}

#[test]
fn r_62_only_who_stands_above_both_superiors_moves_an_office() {
    let rows = [
        ("the city of both counties", "K1.k", "T1", "C2", true),
        ("the root", "P.k", "T1", "C2", true),
        ("the root, between cities", "P.k", "T1", "C3", true),
        ("a city to another city's county", "K1.k", "T1", "C3", false),
        ("a city that would have it", "K2.k", "T1", "C3", false),
        ("the old county", "C1.k", "T1", "C2", false),
        ("the new county", "C2.k", "T1", "C2", false),
        ("the office itself", "T1.k", "T1", "C2", false),
        ("the root, a county between cities", "P.k", "C1", "K2", true),
        ("the old city, a county", "K1.k", "C1", "K2", false),
        ("staff", "K1.h2", "T1", "C2", false),
    ];
    for (what, by, who, under, counts) in rows {
        let mut w = World::deep();
        noted(&mut w);
        let before = above(&w, who, 25);
        w.replant(by, who, under, 20, 10);
        w.agree();
        assert_eq!(above(&w, who, 25)[0] == under, counts, "{what}");
        assert_eq!(above(&w, who, 25) != before, counts, "{what}");
    }
}

#[test]
fn r_62_a_move_that_is_not_good_moves_nothing_and_comes_back_with_its_signer() {
    let mut w = World::deep();
    noted(&mut w);
    let plan = w.replant("K1.k", "T1", "C2", 20, 10);
    let revoke = w.revoke_on("P.k", "K1.k", Some(w.receipt_before(plan)), &[], 15);
    assert_eq!(w.word(plan), "waiting Cut");
    assert_eq!(above(&w, "T1", 25)[0], "C1");
    w.endorse("P.k", "K1.k", plan, 16);
    assert_eq!(above(&w, "T1", 25)[0], "C1", "one office says both: no");
    w.endorse_over("P.k", "K1.k", plan, 17, &[revoke]);
    assert_eq!(w.word(plan), "good");
    assert_eq!(above(&w, "T1", 25)[0], "C2");
}

#[test]
fn r_62_on_one_day_the_higher_office_wins_then_the_later_word() {
    let mut w = World::deep();
    w.replant("P.k", "T1", "C3", 20, 9);
    w.replant("K1.k", "T1", "C2", 20, 10);
    assert_eq!(above(&w, "T1", 20)[0], "C3");
    let mut w = World::deep();
    w.replant("K1.k", "T1", "C2", 20, 10);
    w.replant("K1.k", "T1", "C1", 20, 11);
    assert_eq!(above(&w, "T1", 20)[0], "C1", "the plan is called off");
    assert!(w.authority().offices().stays(office("T1")).is_empty());
    // A later day goes on from what came before.
    w.replant("K1.k", "T1", "C2", 30, 10);
    w.replant("P.k", "T1", "C3", 40, 10);
    let firsts = [20, 30, 40].map(|day| above(&w, "T1", day)[0].clone());
    assert_eq!(firsts, ["C1", "C2", "C3"]);
    // From there K1 has no say.
    w.replant("K1.k", "T1", "C1", 50, 10);
    assert_eq!(above(&w, "T1", 50)[0], "C3");
    noted(&mut w);
    w.agree();
}

#[test]
fn r_62_of_two_moves_said_at_once_the_greater_id_wins() {
    let mut w = World::deep();
    let ids = [
        (w.replant("P.k", "T1", "C2", 20, 10), "C2"),
        (w.replant("P.k", "T1", "C3", 20, 10), "C3"),
    ];
    let (_, expected) = ids.into_iter().max().unwrap();
    assert_eq!(above(&w, "T1", 20)[0], expected);
    noted(&mut w);
    w.agree();
}

#[test]
fn r_62_no_move_reaches_back_before_the_day_after_it_was_said() {
    let mut w = World::deep();
    w.replant("K1.k", "T1", "C2", 5, 10);
    assert_eq!(above(&w, "T1", 10)[0], "C1");
    assert_eq!(above(&w, "T1", 11)[0], "C2");
    // What a superior's receipt proves to be later was said later.
    let mut w = World::deep();
    let receipt = w.receipt("P.w", 30, &[w.appointment_of("K1.k")]);
    w.cite("K1.k", receipt);
    w.replant("K1.k", "T1", "C2", 20, 10);
    assert_eq!(above(&w, "T1", 30)[0], "C1");
    assert_eq!(above(&w, "T1", 31)[0], "C2");
    noted(&mut w);
    w.agree();
    // So has what is known only long after its day.
    for (known, first) in [(25, 20), (27, 20), (28, 21), (40, 33)] {
        let mut w = World::deep();
        noted(&mut w);
        let plan = w.replant("K1.k", "T1", "C2", 20, 10);
        w.receipt("P.w", known, &[plan]);
        assert_eq!(above(&w, "T1", first - 1)[0], "C1", "known on day {known}");
        assert_eq!(above(&w, "T1", first)[0], "C2", "known on day {known}");
        w.agree();
    }
}

#[test]
fn r_62_a_plan_lapses_where_its_signer_no_longer_stands_above_both_on_the_day() {
    let mut w = World::deep();
    noted(&mut w);
    w.replant("K1.k", "T1", "C2", 40, 10);
    assert_eq!(above(&w, "T1", 40)[0], "C2");
    w.replant("P.k", "C2", "K2", 30, 11);
    assert_eq!(above(&w, "T1", 40), ["C1", "K1", "P"]);
    assert_eq!(above(&w, "T3", 40), ["C2", "K2", "P"]);
    // What was to come before that day still does.
    w.replant("K1.k", "T1", "C2", 25, 12);
    assert_eq!(above(&w, "T1", 29), ["C2", "K1", "P"]);
    assert_eq!(above(&w, "T1", 40), ["C2", "K2", "P"]);
    w.agree();
}

#[test]
fn r_62_who_stood_above_once_moves_nothing_afterwards_whatever_day_it_claims() {
    let mut w = World::deep();
    noted(&mut w);
    w.replant("P.k", "T1", "C3", 20, 10);
    let late = w.replant("K1.k", "T1", "C2", 19, 15);
    // Until anybody above sees it, it is what K1 might have said then.
    assert_eq!(above(&w, "T1", 19)[0], "C2");
    assert_eq!(above(&w, "T1", 20)[0], "C3");
    w.receipt("P.w", 31, &[late]);
    assert_eq!(above(&w, "T1", 19)[0], "C1");
    w.agree();
}

#[test]
fn r_63_moves_of_superiors_compose_and_depth_stays() {
    let mut w = moved();
    w.replant("P.k", "C2", "K2", 30, 10);
    let days = [19, 20, 30].map(|day| above(&w, "T1", day).join(" "));
    assert_eq!(days, ["C1 K1 P", "C2 K1 P", "C2 K2 P"]);
    let authority = w.authority();
    assert_eq!(authority.offices().depth(office("T1")), Some(3));
    noted(&mut w);
    w.agree();
}

#[test]
fn r_64_a_superior_speaks_by_the_time_at_which_it_spoke() {
    let rows = [
        ("C1.k", 12, true),
        ("C1.k", 19, true),
        ("C1.k", 20, false),
        ("C1.k", 35, false),
        ("C2.k", 12, false),
        ("C2.k", 19, false),
        ("C2.k", 20, true),
        ("K1.k", 12, true),
        ("K1.k", 35, true),
        ("P.k", 35, true),
        ("T1.k", 35, true),
        ("C3.k", 35, false),
    ];
    for (by, day, speaks) in rows {
        let mut w = moved();
        let note = noted(&mut w);
        w.revoke_on(by, "T1.a", None, &[], day);
        let expected = if speaks { "waiting Cut" } else { "good" };
        assert_eq!(w.word(note), expected, "{by} on day {day}");
        assert_eq!(w.authority().is_barred(w.author("T1.a")), speaks);
    }
}

#[test]
fn r_61_what_was_said_before_still_counts_when_it_becomes_known_within_the_grace() {
    for (known, speaks) in [(15, true), (25, true), (29, true), (30, false), (50, false)] {
        let mut w = moved();
        let note = noted(&mut w);
        let revoke = w.revoke_on("C1.k", "T1.a", None, &[], 15);
        assert_eq!(w.word(note), "waiting Cut", "not yet known");
        w.receipt("K1.w", known, &[revoke]);
        let expected = if speaks { "waiting Cut" } else { "good" };
        assert_eq!(w.word(note), expected, "known on day {known}");
        // Whoever stays the superior may be late.
        let mut w = World::deep();
        let note = noted(&mut w);
        let revoke = w.revoke_on("C1.k", "T1.a", None, &[], 15);
        w.receipt("K1.w", known, &[revoke]);
        assert_eq!(w.word(note), "waiting Cut");
    }
}

#[test]
fn r_64_appointments_stay_run_out_and_are_made_by_who_is_superior_then() {
    let rows = [
        ("C1.k", 15, "good"),
        ("C1.k", 25, "void Appointment"),
        ("C2.k", 15, "void Appointment"),
        ("C2.k", 25, "good"),
        ("K1.k", 25, "good"),
        ("C3.k", 25, "void Appointment"),
    ];
    for (by, day, expected) in rows {
        let mut w = moved();
        w.open("T1.s");
        let like = w.appoint("T1.z", "P.k", Duty::Staff, &["X_DEP"], 0, 40);
        let act = w.facts[&like].what.roster_act().unwrap();
        w.forget(like);
        let draft = in_roster(&w, "T1", day);
        let id = w.sign(by, draft, act);
        w.sign_under("T1.z", id);
        let note = w.note("T1.z", 30);
        assert_eq!(w.word(note), expected, "{by} on day {day}");
        assert_eq!(w.authority().is_appointed(id), expected == "good");
        let late = w.note("T1.z", 41);
        assert!(w.word(late).starts_with("void"), "it runs out as it says");
    }
    // Of one who was never a superior nothing is read; of one who was, first whether it is good.
    let mut w = moved();
    w.open("T1.s");
    let id = w.appoint("T1.z", "C1.k", Duty::Staff, &["X_DEP"], 0, 40);
    let note = w.note("T1.z", 30);
    assert_eq!(w.word(note), "good");
    w.revoke_on("K1.k", "C1.k", Some(w.receipt_before(id)), &[], 31);
    assert_eq!(w.word(note), "waiting Appointment");
}

#[test]
fn r_64_receipts_file_by_who_is_superior_when_they_are_dated() {
    let rows = [
        ("C1.w", 15, Some(15)),
        ("C1.w", 25, None),
        ("C2.w", 15, None),
        ("C2.w", 25, Some(25)),
        ("K1.w", 25, Some(25)),
    ];
    for (by, day, filed) in rows {
        let mut w = moved();
        let note = noted(&mut w);
        let receipt = w.receipt(by, day, &[note]);
        let filed = filed.map(|day| day * DAY);
        assert_eq!(w.authority().filed0(note), filed, "{by} on day {day}");
        assert_eq!(w.authority().covered(note), filed, "{by} on day {day}");
        // As the bound of what cites it, and as what new heads cite.
        w.cite("T1.a", receipt);
        let next = w.note("T1.a", 1);
        let lower = w.authority().window(&w.facts[&next]).lower;
        assert_eq!(lower, filed, "{by} on day {day}");
        let newest = w.authority().newest_receipt_for(office("T1"));
        assert_eq!(newest, filed.map(|time| (receipt, time)));
        w.agree();
    }
}

#[test]
fn r_65_of_one_depth_the_later_superior_is_asked_first() {
    let mut w = moved();
    let note = noted(&mut w);
    let cut = w.revoke_on("C1.k", "T1.a", None, &[], 12);
    w.endorse("C2.k", "T1.a", note, 25);
    assert_eq!(w.word(note), "good", "the new county heals");
    let more = w.note("T1.a", 26);
    assert_eq!(w.word(more), "waiting Cut", "and no further than it says");
    let up_to = w.at(more);
    w.revoke_on("C2.k", "T1.a", Some(up_to), &[cut], 27);
    assert_eq!(w.word(more), "good", "it may take the old word's place");

    let mut w = moved();
    let note = noted(&mut w);
    w.endorse("C1.k", "T1.a", note, 12);
    w.revoke_on("C2.k", "T1.a", None, &[], 25);
    assert_eq!(w.word(note), "waiting Cut");
    w.endorse("K1.k", "T1.a", note, 26);
    assert_eq!(
        w.word(note),
        "good",
        "the city above both is asked before both"
    );
    let mut w = moved();
    let note = noted(&mut w);
    let cut = w.revoke_on("C2.k", "T1.a", None, &[], 25);
    w.endorse_over("C1.k", "T1.a", note, 12, &[cut]);
    assert_eq!(
        w.word(note),
        "waiting Cut",
        "the old one replaces nothing of the new"
    );
}

#[test]
fn r_65_an_office_that_comes_back_speaks_with_two_voices_and_one_that_never_left_with_one() {
    let back = |w: &mut World| w.replant("K1.k", "T1", "C1", 40, 10);
    let mut w = moved();
    back(&mut w);
    let note = noted(&mut w);
    w.revoke_on("C1.k", "T1.a", None, &[], 12);
    w.endorse("C1.k", "T1.a", note, 45);
    assert_eq!(w.word(note), "good");
    let mut w = moved();
    back(&mut w);
    let note = noted(&mut w);
    w.revoke_on("K1.k", "T1.a", None, &[], 12);
    w.endorse("K1.k", "T1.a", note, 45);
    assert_eq!(w.word(note), "waiting Cut", "K1 stood above all the time");
    // Before it has come back, the plan to do so gives the old word no weight.
    let mut w = moved();
    let note = noted(&mut w);
    w.revoke_on("C1.k", "T1.a", None, &[], 12);
    w.endorse("C2.k", "T1.a", note, 25);
    back(&mut w);
    assert_eq!(w.word(note), "good");
}

#[test]
fn r_65_on_a_frozen_chain_the_yes_of_the_later_superior_is_the_higher_one() {
    let mut w = moved();
    let first = noted(&mut w);
    let other = w.note_after("T1.a", 13, 0, None);
    w.endorse("C1.k", "T1.a", first, 14);
    assert_eq!(w.words(&[first, other]), ["good", "waiting Fork"]);
    w.endorse("C2.k", "T1.a", other, 25);
    assert_eq!(w.words(&[first, other]), ["waiting Fork", "good"]);
}

/// A leave of T1, and a decision on it.
fn decided(w: &mut World, who: &str, day: i64) -> (EnvelopeId, EnvelopeId) {
    w.open("T1.s");
    let matter = w.apply("T1.h", "leave", (12, 20));
    let decision = w.step_on(who, matter, "approve", &[], &[], day);
    (matter, decision)
}

#[test]
fn rule_26_an_endorsement_in_place_of_a_revocation_sets_the_time_beyond_its_position_too() {
    let mut w = World::deep();
    w.open("T1.s");
    let first = w.note("T1.a", 12);
    let second = w.note("T1.a", 13);
    w.receipt("K1.w", 14, &[first, second]);
    let cut = w.revoke_on("P.k", "T1.a", None, &[], 15);
    w.endorse_over("P.k", "T1.a", first, 40, &[cut]);
    for id in [first, second] {
        let filed = Some(40 * DAY);
        assert_eq!(w.state(id), State::Good { filed });
    }
    w.agree();
}

#[test]
fn r_66_r_67_a_matter_is_decided_by_who_is_superior_then() {
    let rows = [
        ("C1.a", 15, "approve"),
        ("C1.a", 25, "open"),
        ("C2.a", 15, "open"),
        ("C2.a", 25, "approve"),
        ("K1.a", 25, "approve"),
        ("T1.a", 25, "approve"),
        ("C3.a", 25, "open"),
    ];
    for (who, day, expected) in rows {
        let mut w = moved();
        let (matter, _) = decided(&mut w, who, day);
        assert_eq!(w.slot(matter), expected, "{who} on day {day}");
    }
    // What the old county decided in its time stands, if it became known within the grace.
    for (known, expected) in [(25, "approve"), (31, "open")] {
        let mut w = moved();
        let (matter, decision) = decided(&mut w, "C1.a", 15);
        w.receipt("K1.w", known, &[decision]);
        assert_eq!(w.slot(matter), expected, "known on day {known}");
    }
}

#[test]
fn r_66_the_new_county_settles_and_nobody_below_undoes_what_the_old_one_decided() {
    let mut w = moved();
    let (matter, first) = decided(&mut w, "C1.a", 15);
    let second = w.step_on("C1.b", matter, "refuse", &[], &[], 15);
    assert_eq!(w.slot(matter), "conflicted, undecided");
    let both = [first, second];
    let mut below = w.clone();
    below.step_on("T1.h2", matter, "adjudicate_refuse", &both, &[], 25);
    assert_eq!(below.slot(matter), "conflicted, undecided");
    let settled = w.step_on("C2.h2", matter, "adjudicate_refuse", &both, &[], 25);
    assert_eq!(w.slot(matter), "refuse");
    let steps = &w.standing().matters[&matter].steps;
    let step = steps.iter().find(|step| step.id == settled).unwrap();
    assert_eq!(step.outcome, Outcome::Live);
}

#[test]
fn r_66_r_30_entrustments_stay_and_the_new_superior_ends_them() {
    let entrust = |ends: Vec<EnvelopeId>, days: (i64, i64)| Entrust {
        office: office("T1"),
        actions: vec!["leave".to_owned()],
        from: days.0 * DAY,
        to: days.1 * DAY,
        document: String::new(),
        ends: (!ends.is_empty()).then_some(ends),
    };
    let mut w = moved();
    let draft = in_roster(&w, "C1", 12);
    let first = w.sign("C1.k", draft, entrust(vec![], (10, 100)).into());
    let entrusted = |w: &World, day: i64| w.authority().entrusted(office("T1"), "leave", day * DAY);
    assert!(entrusted(&w, 15) && entrusted(&w, 60));
    let mut ending = entrust(vec![first], (30, 100));
    ending.actions.clear();
    for (by, day, ends) in [("C2.k", 25, true), ("C2.k", 15, false), ("C1.k", 25, false)] {
        let mut w = w.clone();
        let draft = in_roster(&w, "C2", day);
        w.sign(by, draft, ending.clone().into());
        assert_eq!(!entrusted(&w, 60), ends, "{by} on day {day}");
        assert!(entrusted(&w, 29));
    }
    let mut late = moved();
    let draft = in_roster(&late, "C1", 25);
    late.sign("C1.k", draft, entrust(vec![], (10, 100)).into());
    assert!(!entrusted(&late, 60));
}

#[test]
fn r_66_policies_names_and_vouchings_are_asked_of_who_was_superior_then() {
    let policy = |days| Policy {
        stale_days: days,
        fold_version: 1,
        rule_pack: [7; 32],
    };
    let mut w = moved();
    let stale = |w: &World| w.authority().policy(office("T1")).stale_days;
    for (by, day, days, expected) in [
        ("C1.k", 12, 3, 3),
        ("C1.k", 25, 4, 3),
        ("C2.k", 15, 5, 3),
        ("C2.k", 25, 6, 6),
        ("K1.k", 11, 9, 9),
    ] {
        let draft = in_roster(&w, by.split('.').next().unwrap(), day);
        w.sign(by, draft, policy(days).into());
        assert_eq!(stale(&w), expected, "{by} on day {day}");
    }
    let vouch = |replaces: Vec<EnvelopeId>| Vouch {
        authority: replaces.is_empty().then_some([9; 32]),
        document: String::new(),
        replaces,
    };
    let draft = in_roster(&w, "C1", 12);
    let old = w.sign("C1.k", draft, vouch(vec![]).into());
    let draft = in_roster(&w, "C2", 12);
    w.sign("C2.k", draft, vouch(vec![]).into());
    let known = |w: &World| -> Vec<EnvelopeId> {
        w.authority().vouchings(office("T1")).into_keys().collect()
    };
    assert_eq!(known(&w), [old]);
    let draft = in_roster(&w, "C2", 25);
    w.sign("C2.k", draft, vouch(vec![old]).into());
    assert!(known(&w).is_empty());
    for (by, day, name) in [
        ("C1.k", 25, "旧县"),
        ("C2.k", 15, "早了"),
        ("C2.k", 25, "新县"),
    ] {
        let act = Restyle {
            office: office("T1"),
            from_day: 0,
            name: Some(name.to_owned()),
            code: None,
        };
        let draft = in_roster(&w, "T1", day);
        w.sign(by, draft, act.into());
    }
    assert_eq!(
        w.authority().name_at(office("T1"), 60).unwrap().name,
        "新县"
    );
}

#[test]
fn r_66_a_baton_is_asked_of_the_common_superior_of_the_time() {
    // T1 released, T3 registers; from day 20 on both stand under C2.
    let mut w = moved();
    w.open("T1.s");
    let matter = w.apply("T1.h", "transfer", (12, 20));
    let cancel = w.step_on("T1.a", matter, "cancel", &[], &[], 15);
    let served = w.serve("T1.s", cancel, 15);
    let register = w.step_on("T3.h2", matter, "register", &[], &[], 25);
    assert_eq!(w.slot(matter), "conflicted, undecided");
    w.receipt("C2.w", 26, &[register, served]);
    assert_eq!(
        w.slot(matter),
        "approve",
        "K1 was above both when the cancel was served"
    );
    w.receipt("K1.w", 24, &[served]);
    assert_eq!(w.slot(matter), "refuse");
}

#[test]
fn r_68_who_keeps_and_who_gets_what() {
    let w = moved();
    let authority = w.authority();
    let offices = authority.offices();
    let names = ["P", "K1", "K2", "C1", "C2", "C3", "T1", "T2", "T3"];
    let told = |kind, place: &str, day: Option<i64>| {
        let audience = Audience {
            kind,
            place: office(place),
            minor: false,
        };
        let may = |name: &&str| match day {
            None => may_hold(offices, office(name), &audience),
            Some(day) => may_get(offices, office(name), &audience, day * DAY),
        };
        names.into_iter().filter(may).collect::<Vec<_>>().join(" ")
    };
    let case = |day| told(DossierKind::Case, "T1", day);
    assert_eq!(case(None), "P K1 C1 C2 T1");
    assert_eq!(
        case(Some(-11)),
        "P K1 C1 T1",
        "the plan is for later than 30 days"
    );
    assert_eq!(case(Some(-9)), "P K1 C1 C2 T1", "the archive goes ahead");
    assert_eq!(case(Some(19)), "P K1 C1 C2 T1");
    assert_eq!(case(Some(20)), "P K1 C2 T1", "the old county gets no more");
    assert_eq!(told(DossierKind::Case, "T2", Some(20)), "P K1 C1 T2");
    let roster = |place: &str, day| told(DossierKind::Roster, place, Some(day));
    // Whoever has dossiers of T1 reads them by the rosters of all who ever spoke of it.
    for day in [-20, 20] {
        assert_eq!(roster("T1", day), "P K1 C1 C2 T1");
        assert_eq!(roster("C1", day), "P K1 C1 C2 T1 T2");
        assert_eq!(roster("C2", day), "P K1 C1 C2 T1 T3");
        assert_eq!(roster("T2", day), "P K1 C1 T2");
    }
    assert_eq!(roster("K1", 20), "P K1 C1 C2 T1 T2 T3");
    assert_eq!(roster("C3", 20), "P K2 C3");
    for name in names {
        let shares = |other: &&str| offices.share_evidence(office(name), office(other));
        let named = names.iter().copied().filter(shares).map(office);
        let found = offices.evidence(office(name)).into_iter();
        let found = found.filter(|id| names.iter().any(|name| office(name) == *id));
        assert_eq!(found.collect::<BTreeSet<_>>(), named.collect(), "{name}");
    }
    assert_eq!(offices.as_of(20 * DAY).path(office("T1"))[1], office("C2"));
    assert_eq!(offices.as_of(19 * DAY).path(office("T1"))[1], office("C1"));
    assert_eq!(offices.next_turn(0), Some(day_start(20)));
    assert_eq!(offices.next_turn(day_start(20)), None);
}

#[test]
fn r_69_what_is_said_of_an_old_superiors_key_still_reaches_what_it_had_signed() {
    let mut w = moved();
    let note = noted(&mut w);
    let id = w.appoint("T1.z", "C1.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    let by = w.note("T1.z", 30);
    w.replant("P.k", "C2", "K2", 25, 10);
    let before = w.receipt_before(id);
    w.revoke_on("K1.k", "C1.k", Some(before), &[], 35);
    assert_eq!(w.words(&[note, by]), ["good", "waiting Appointment"]);
    // The common superior heals it.
    w.endorse("P.k", "C1.k", id, 36);
    assert_eq!(w.word(by), "good");
}
