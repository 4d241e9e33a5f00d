//! Stand-ins, names by date, entrustments that end, administrators apart, one person with several
//! keys and several superiors.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, Acting, Appoint, Entrust, Restyle, StandIn};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::fact::What;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::opinion::Opinion;
use town::{DAY, Draft, World, office};

fn in_roster(w: &World, at: &str, day: i64) -> Draft {
    Draft {
        dossier: Some(w.roster(at)),
        day,
        ..Draft::default()
    }
}

/// What an appointing act says.
fn appoint_of(w: &World, id: EnvelopeId) -> Appoint {
    let What::Roster(_) = &w.facts[&id].what else {
        panic!("a roster act");
    };
    match w.facts[&id].what.roster_act() {
        Some(Act::Appoint(appoint)) => appoint,
        other => panic!("{other:?}"),
    }
}

/// Signs one more appointment of `who`, changed, under which it signs from then on.
fn appoint_changed(
    w: &mut World,
    who: &str,
    (by, roles): (&str, &[&str]),
    change: impl Fn(&mut Appoint),
) -> EnvelopeId {
    let plain = w.appoint(who, by, Duty::Staff, roles, 0, 1_000);
    let mut appoint = appoint_of(w, plain);
    change(&mut appoint);
    w.reappoint(who, by, appoint)
}

/// T1's deputy d stands in for its head h when h is away; T1.h has applied for leave for somebody.
fn stand_in() -> (World, EnvelopeId, EnvelopeId) {
    let mut w = World::new();
    let head = appoint_of(&w, w.appointment_of("T1.h")).person;
    let seat = appoint_changed(&mut w, "T1.d", ("T1.k", &["X_DEP"]), |appoint| {
        appoint.acting = Some(Acting {
            person: head,
            condition: "所长外出超过三日".to_owned(),
        });
    });
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (12, 15));
    (w, seat, matter)
}

fn stands(w: &mut World, who: &str, appointment: EnvelopeId, back: u8) -> EnvelopeId {
    let act = StandIn {
        appointment,
        reason: "所长赴省参会".to_owned(),
        back,
    };
    let draft = in_roster(w, "T1", 11);
    w.sign(who, draft, act.into())
}

#[test]
fn r_10_a_stand_in_decides_nothing_before_taking_the_place_and_everything_after() {
    let (mut w, seat, matter) = stand_in();
    w.step("T1.d", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "open");
    let taken = stands(&mut w, "T1.d", seat, 0);
    assert_eq!(w.word(taken), "good");
    assert_eq!(
        w.slot(matter),
        "open",
        "what was signed before stays without effect"
    );
    w.step("T1.d", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "approve");
    // Without a link: nothing of this was ever receipted.
    assert_eq!(w.authority().filed0(taken), None);
}

#[test]
fn r_10_the_place_is_given_back_by_the_same_hand_and_taken_again() {
    let (mut w, seat, matter) = stand_in();
    stands(&mut w, "T1.d", seat, 0);
    stands(&mut w, "T1.d", seat, 1);
    w.step("T1.d", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "open");
    stands(&mut w, "T1.d", seat, 0);
    w.step("T1.d", matter, "refuse", &[], &[]);
    assert_eq!(w.slot(matter), "refuse");
    let authority = w.authority();
    assert_eq!(authority.stood_in(seat).count(), 3);
    assert_eq!(authority.stand_in_seats().count(), 1);
}

#[test]
fn r_10_nobody_else_takes_the_place_for_the_stand_in() {
    let (mut w, seat, matter) = stand_in();
    stands(&mut w, "T1.a", seat, 0);
    stands(&mut w, "T1.k", seat, 0);
    w.step("T1.d", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "open");
}

#[test]
fn r_10_a_revoked_standing_in_takes_its_decisions_with_it() {
    let (mut w, seat, matter) = stand_in();
    stands(&mut w, "T1.d", seat, 0);
    w.step("T1.d", matter, "approve", &[], &[]);
    w.revoke("C1.k", "T1.d", None, &[]);
    assert_eq!(w.slot(matter), "open");
}

#[test]
fn r_10_a_stand_in_is_staff_and_stands_in_for_somebody_else() {
    let mut w = World::new();
    let own = appoint_changed(&mut w, "T1.d", ("T1.k", &["X_DEP"]), |appoint| {
        appoint.acting = Some(Acting {
            person: appoint.person,
            condition: String::new(),
        });
    });
    assert_eq!(w.word(own), "void Scope");
    let head = appoint_of(&w, w.appointment_of("T1.h")).person;
    let keeper = appoint_changed(&mut w, "T1.e", ("C1.k", &["KEEPER"]), |appoint| {
        appoint.duty = Duty::Keeper;
        appoint.acting = Some(Acting {
            person: head,
            condition: String::new(),
        });
    });
    assert_eq!(w.word(keeper), "void Scope");
}

fn restyle(w: &mut World, by: &str, day: i32, name: &str, code: Option<&str>) -> EnvelopeId {
    let act = Restyle {
        office: office("T1"),
        from_day: day,
        name: Some(name.to_owned()),
        code: code.map(str::to_owned),
    };
    let draft = in_roster(w, "T1", 5);
    w.sign(by, draft, act.into())
}

fn named(w: &World, day: i32) -> (String, String) {
    let authority = w.authority();
    let name = authority.name_at(office("T1"), day).unwrap();
    let name = (name.name.to_owned(), name.code.to_owned());
    let papers = w.papers();
    let second = Opinion::of(&papers).called(office("T1"), day);
    assert_eq!(second.as_ref(), Some(&name));
    name
}

#[test]
fn r_20_an_office_is_called_by_what_was_in_force_on_the_day() {
    let mut w = World::new();
    restyle(&mut w, "C1.k", 100, "新城司法所", Some("430181002"));
    restyle(&mut w, "C1.k", 200, "新城街道司法所", None);
    let words = |day| named(&w, day);
    assert_eq!(words(99), ("T1".into(), "T1".into()));
    assert_eq!(words(100), ("新城司法所".into(), "430181002".into()));
    assert_eq!(words(200), ("新城街道司法所".into(), "430181002".into()));
    let authority = w.authority();
    assert_eq!(authority.restyles_of(office("T1")).len(), 2);
    // The office stays the same thing to every rule.
    assert_eq!(authority.offices().get(office("T1")).unwrap().name, "T1");
}

#[test]
fn r_20_only_an_office_above_names_and_the_higher_one_wins_a_day() {
    let mut w = World::new();
    for (by, name) in [("T1.k", "自封"), ("C2.k", "邻县")] {
        restyle(&mut w, by, 50, name, None);
    }
    // A witness signs nothing but receipts; the door keeps it out.
    let stray = restyle(&mut w, "C1.w", 50, "收讫", None);
    assert!(w.admitted(stray).is_err());
    let authority = w.authority();
    assert_eq!(authority.name_at(office("T1"), 60).unwrap().name, "T1");
    w.forget(stray);
    assert_eq!(named(&w, 60).0, "T1");
    restyle(&mut w, "P.k", 100, "省定名称", None);
    restyle(&mut w, "C1.k", 100, "县定名称", None);
    assert_eq!(named(&w, 100).0, "省定名称");
}

fn entrust(w: &mut World, by: &str, days: (i64, i64), ends: &[EnvelopeId], day: i64) -> EnvelopeId {
    let act = Entrust {
        office: office("T1"),
        actions: vec!["leave".to_owned()],
        from: days.0 * DAY,
        to: days.1 * DAY,
        document: String::new(),
        ends: (!ends.is_empty()).then(|| ends.to_vec()),
    };
    let at = by.split('.').next().unwrap().to_owned();
    let draft = in_roster(w, &at, day);
    w.sign(by, draft, act.into())
}

fn entrusted(w: &World, day: i64) -> bool {
    w.authority().entrusted(office("T1"), "leave", day * DAY)
}

#[test]
fn r_30_an_entrustment_ends_where_another_takes_its_place_and_never_backwards() {
    let mut w = World::new();
    let first = entrust(&mut w, "C1.k", (10, 100), &[], 9);
    assert!(!entrusted(&w, 9) && entrusted(&w, 10) && entrusted(&w, 100));
    // Signed on day 50: what was entrusted up to then stays so, whatever first day it names.
    let ending = Entrust {
        office: office("T1"),
        actions: Vec::new(),
        from: 20 * DAY,
        to: 100 * DAY,
        document: String::new(),
        ends: Some(vec![first]),
    };
    let draft = in_roster(&w, "C1", 50);
    let mut by_neighbour = w.clone();
    let draft_there = in_roster(&by_neighbour, "C2", 50);
    by_neighbour.sign("C2.k", draft_there, ending.clone().into());
    assert!(entrusted(&by_neighbour, 60), "a neighbour ends nothing");
    w.sign("C1.k", draft, ending.into());
    assert!(entrusted(&w, 49) && !entrusted(&w, 50) && !entrusted(&w, 60));
    entrust(&mut w, "P.k", (70, 80), &[], 51);
    assert!(entrusted(&w, 75) && !entrusted(&w, 81));
}

#[test]
fn r_40_an_administrators_role_is_held_alone_by_staff() {
    let mut w = World::new();
    for (roles, word) in [
        (&["SYS_ADM"][..], "good"),
        (&["SEC_ADM"], "good"),
        (&["SEC_AUD"], "good"),
        (&["SEC_ADM", "SEC_AUD"], "void Scope"),
        (&["OFF_STAFF", "SYS_ADM"], "void Scope"),
        (&["KEEPER", "SEC_AUD"], "void Scope"),
    ] {
        let id = w.appoint("T1.z", "T1.k", Duty::Staff, roles, 0, 31);
        assert_eq!(w.word(id), word, "{roles:?}");
    }
    let keeper = w.appoint("T1.z", "C1.k", Duty::Keeper, &["SEC_AUD"], 0, 31);
    assert_eq!(w.word(keeper), "void Scope");
    let at_the_root = w.appoint("P.z", "P.k", Duty::Staff, &["SEC_ADM", "SYS_ADM"], 0, 31);
    assert_eq!(
        w.word(at_the_root),
        "void Scope",
        "not even by the root's keeper"
    );
}

#[test]
fn r_41_an_administrator_with_a_second_seat_is_listed() {
    let mut w = World::new();
    let admin = w.appoint("T1.z", "T1.k", Duty::Staff, &["SYS_ADM"], 0, 31);
    let person = appoint_of(&w, admin).person;
    assert_eq!(w.authority().admin_clashes(), []);
    let same = appoint_changed(&mut w, "T2.z", ("T2.k", &["SYS_ADM"]), |a| {
        a.person = person;
    });
    assert_eq!(
        w.authority().admin_clashes(),
        [],
        "one function at two desks"
    );
    let other = appoint_changed(&mut w, "T3.z", ("T3.k", &["OFF_STAFF"]), |a| {
        a.person = person;
    });
    let authority = w.authority();
    let clashes = authority.admin_clashes();
    assert_eq!(clashes.len(), 2);
    assert!(
        clashes
            .iter()
            .all(|clash| clash.person == person && clash.other == other)
    );
    assert!(clashes.iter().any(|clash| clash.admin == same));
    let auditor = Appoint {
        roles: vec!["SEC_AUD".to_owned()],
        ..appoint_of(&w, admin)
    };
    assert!(authority.clash_with(&auditor).is_some());
    w.revoke("C2.k", "T3.z", None, &[]);
    assert_eq!(w.authority().admin_clashes(), []);
}

#[test]
fn one_officer_at_two_offline_desks_on_one_day_freezes_nobody() {
    let mut w = World::new();
    let here = w.appoint("T1.p", "T1.k", Duty::Staff, &["OFF_STAFF"], 0, 31);
    let person = appoint_of(&w, here).person;
    appoint_changed(&mut w, "T1.q", ("T1.k", &["OFF_STAFF"]), |a| {
        a.person = person;
    });
    w.open("T1.s");
    let signed = [
        w.note("T1.p", 3),
        w.note("T1.q", 3),
        w.note("T1.p", 3),
        w.note("T1.q", 3),
    ];
    assert_eq!(w.words(&signed), ["good"; 4]);
    assert!(w.authority().forks().is_empty());
}

#[test]
fn one_person_under_two_superiors_is_revoked_by_each_in_its_own_capacity_only() {
    let mut w = World::new();
    let here = w.appoint("T1.p", "T1.k", Duty::Staff, &["OFF_STAFF"], 0, 31);
    let person = appoint_of(&w, here).person;
    appoint_changed(&mut w, "T3.p", ("T3.k", &["OFF_STAFF"]), |a| {
        a.person = person;
    });
    w.open("T1.s");
    let (one, other) = (w.note("T1.p", 3), w.note("T3.p", 3));
    w.revoke("C2.k", "T1.p", None, &[]);
    w.revoke("C1.k", "T3.p", None, &[]);
    assert_eq!(w.words(&[one, other]), ["good", "good"]);
    w.revoke("C1.k", "T1.p", None, &[]);
    assert_eq!(w.words(&[one, other]), ["waiting Cut", "good"]);
    w.revoke("C2.k", "T3.p", None, &[]);
    assert_eq!(w.words(&[one, other]), ["waiting Cut", "waiting Cut"]);
}
