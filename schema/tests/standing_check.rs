//! What a dossier of each kind is about, and what of its acts a single check keeps without effect.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, Ledger, Raise, Step};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, PersonCode};
use jiaolian_schema::standing::Standing;
use jiaolian_schema::value::Fields;
use town::{Draft, World, office};

fn opened(w: &mut World, by: &str, act: Act) -> Standing {
    let id = w.sign(by, Draft::default(), act);
    w.case = Some(id.into());
    w.standing()
}

#[test]
fn rule_28_a_dossier_is_about_what_its_opening_says() {
    let mut w = World::new();
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
    let alarm = opened(&mut w, "C1.s", raise.into());
    assert_eq!(alarm.kind, DossierKind::Alarm);
    assert_eq!((alarm.place, alarm.minor), (office("T1"), false));
    assert_eq!(alarm.person, Some(PersonCode([7; 16])));
    assert_eq!(alarm.matters.len(), 1);
    let ledger = Ledger {
        office: office("C1"),
        after: None,
    };
    let log = opened(&mut w, "C1.s", ledger.into());
    assert_eq!(log.kind, DossierKind::Audit);
    assert_eq!((log.place, log.person), (office("C1"), None));
    w.case = Some(w.roster("T1"));
    let roster = w.standing();
    assert_eq!(roster.kind, DossierKind::Roster);
    assert_eq!((roster.place, roster.person), (office("T1"), None));
    // A dossier whose opening is not here is the root's until it comes.
    let case = w.open("T1.s");
    w.note("T1.a", 5);
    w.forget(case.into());
    assert_eq!(w.standing().place, office("P"));
}

#[test]
fn q1_what_was_taken_back_is_that_act_and_no_other() {
    let mut w = World::new();
    w.open("C1.s");
    let matter = w.apply("C1.s", "leave", (12, 21));
    let verify = w.step("C1.a", matter, "verify", &[], &[]);
    let other = w.step("C1.b", matter, "verify", &[], &[]);
    w.withdraw("C1.a", verify, &[]);
    w.withdraw("C1.h", other, &[]);
    let standing = w.standing();
    assert!(standing.is_withdrawn(verify));
    assert!(!standing.is_withdrawn(other), "not by another's hand");
    assert!(!standing.is_withdrawn(matter));
}

fn unknown(w: &mut World, who: &str) -> EnvelopeId {
    let draft = Draft {
        dossier: w.case,
        deps: vec![w.case.unwrap().into()],
        day: 11,
        ..Draft::default()
    };
    let act = Act::Unknown {
        kind: 63,
        content: vec![0xa0],
    };
    w.sign(who, draft, act)
}

#[test]
fn rule_39_an_unknown_act_counts_as_such_only_while_it_is_good() {
    let mut w = World::new();
    w.open("T1.s");
    unknown(&mut w, "T1.a");
    assert!(w.standing().unknown);
    let mut cut = w.clone();
    cut.revoke("C1.k", "T1.a", None, &[]);
    assert!(!cut.standing().unknown);
}

#[test]
fn rule_2_an_unknown_act_of_the_roster_is_a_keepers_and_any_other_staffs() {
    for (kind, keeper, staff) in [
        (31, "good", "void Duty"),
        (32 + 31, "void Duty", "good"),
        (30, "good", "void Duty"),
        (62, "void Duty", "good"),
    ] {
        for (who, expected) in [("T1.k", keeper), ("T1.a", staff)] {
            let mut w = World::new();
            let draft = Draft {
                dossier: Some(w.roster("T1")),
                ..Draft::default()
            };
            let act = Act::Unknown {
                kind,
                content: vec![0xa0],
            };
            let id = w.sign(who, draft, act);
            assert_eq!(w.word(id), expected, "{who} signs {kind}");
        }
    }
}

#[test]
fn rule_29_steps_of_another_matter_prepare_nothing() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (12, 15));
    let other = w.apply("T1.s", "leave", (32, 35));
    let elsewhere = w.step("T1.a", other, "verify", &[], &[]);
    w.step("T1.a", matter, "approve", &[], &[elsewhere]);
    assert_eq!(w.slot(matter), "approve");
}

#[test]
fn rule_29_who_verified_does_not_decide_unless_that_had_no_effect_or_was_not_seen() {
    let case = || {
        let mut w = World::new();
        w.open("T1.s");
        let matter = w.apply("T1.s", "leave", (12, 15));
        (w, matter)
    };
    let (mut w, matter) = case();
    let seen = w.step("T1.a", matter, "verify", &[], &[]);
    w.step("T1.a", matter, "approve", &[], &[seen]);
    assert_eq!(w.slot(matter), "open", "the same person");
    w.step("T1.b", matter, "approve", &[], &[seen]);
    assert_eq!(w.slot(matter), "approve", "a colleague");

    let (mut w, matter) = case();
    let seen = w.step("T1.a", matter, "verify", &[], &[]);
    w.withdraw("T1.a", seen, &[]);
    w.step("T1.a", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "approve", "who took it back");

    let (mut w, matter) = case();
    w.step("T1.a", matter, "verify", &[], &[]);
    w.forget_place("T1.a");
    w.step("T1.a", matter, "approve", &[], &[]);
    assert_eq!(w.slot(matter), "approve", "it does not lie in the past");

    let (mut w, matter) = case();
    let other = w.appointment_of("T1.b");
    let own = w.appointment_of("T1.a");
    w.sign_under("T1.a", other);
    let void = w.step("T1.a", matter, "verify", &[], &[]);
    assert_eq!(w.word(void), "void Appointment");
    w.sign_under("T1.a", own);
    w.step("T1.a", matter, "approve", &[], &[void]);
    assert_eq!(w.slot(matter), "approve", "what is void prepares nothing");
}

#[test]
fn rule_29_under_anothers_appointment_nobody_is_competent_while_it_waits() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (12, 15));
    w.sign_under("T1.s", w.appointment_of("T1.h"));
    let id = w.step("T1.s", matter, "approve", &[], &[]);
    assert_eq!(w.word(id), "void Appointment");
    w.serve("T1.b", id, 12);
    assert!(!w.reliance(matter));
}

#[test]
fn rule_29_two_or_more_are_replaced_by_a_head_or_from_above_only() {
    for (who, event, expected) in [
        ("T1.h2", "refuse", "refuse"),
        ("T1.x", "refuse", "conflicted, undecided"),
        ("C1.a", "refuse", "refuse"),
        ("T1.x", "adjudicate_refuse", "conflicted, undecided"),
        ("C1.a", "adjudicate_refuse", "refuse"),
    ] {
        let mut w = World::new();
        w.appoint(
            "T1.x",
            "T1.k",
            jiaolian_schema::envelope::Duty::Staff,
            &["X_DEP"],
            0,
            900,
        );
        w.open("T1.s");
        let matter = w.apply("T1.s", "leave", (12, 15));
        let yes = w.step("T1.a", matter, "approve", &[], &[]);
        let no = w.step("T1.b", matter, "refuse", &[], &[]);
        w.step(who, matter, event, &[yes, no], &[]);
        assert_eq!(w.slot(matter), expected, "{who} {event}");
    }
    // One alone is replaced by any colleague.
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (12, 15));
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    w.step("T1.b", matter, "refuse", &[yes], &[]);
    assert_eq!(w.slot(matter), "refuse");
}

/// A step of a matter that sets its own last day.
fn set_days(
    w: &mut World,
    who: &str,
    matter: EnvelopeId,
    event: &str,
    last_day: i32,
) -> EnvelopeId {
    let act = Step {
        matter,
        event: event.to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: Fields::new(),
        span: Some(jiaolian_schema::act::Span {
            first_day: 12,
            last_day,
        }),
    };
    let draft = Draft {
        dossier: w.case,
        deps: vec![matter],
        day: 11,
        ..Draft::default()
    };
    w.sign(who, draft, act.into())
}

#[test]
fn rule_29_an_extension_is_weighed_with_the_days_that_it_sets() {
    for (last_day, expected) in [(41, "approve"), (42, "open")] {
        let mut w = World::new();
        w.open("T1.s");
        let matter = w.apply("T1.s", "leave", (12, 15));
        set_days(&mut w, "T1.a", matter, "extend", last_day);
        assert_eq!(w.slot(matter), expected, "to day {last_day}");
    }
}

#[test]
fn rule_38_a_cancel_counts_by_its_own_good_service_only() {
    for case in 0..4 {
        let mut w = World::new();
        w.open("T1.s");
        let matter = w.apply("T1.s", "transfer", (12, 12));
        let register = w.step("T3.h", matter, "register", &[], &[]);
        let cancel = w.step("T1.h", matter, "cancel", &[], &[]);
        let other = w.step("T1.a", matter, "note", &[], &[]);
        let expected = match case {
            0 => "approve",
            1 => {
                w.serve("T1.s", other, 13);
                "approve"
            }
            2 => {
                w.serve("T1.k", cancel, 13);
                "approve"
            }
            _ => {
                let serve = w.serve("T1.s", cancel, 13);
                w.receipt("P.w", 14, &[serve]);
                w.receipt("P.w", 15, &[register]);
                "refuse"
            }
        };
        assert_eq!(w.slot(matter), expected, "{case}");
    }
}

#[test]
fn rule_38_no_office_outranks_another_and_a_cancel_is_seen_by_its_service() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "transfer", (12, 12));
    let cancel = w.step("C1.h", matter, "cancel", &[], &[]);
    w.step("T3.h", matter, "register", &[], &[cancel]);
    w.serve("C1.s", cancel, 13);
    assert_eq!(
        w.slot(matter),
        "conflicted, undecided",
        "who saw the cancel alone"
    );
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "transfer", (12, 12));
    let cancel = w.step("C1.h", matter, "cancel", &[], &[]);
    let serve = w.serve("C1.s", cancel, 13);
    w.step("T3.h", matter, "register", &[], &[serve]);
    assert_eq!(w.slot(matter), "refuse", "who saw it served is late");
}

#[test]
fn rule_38_who_cancels_does_not_move_the_common_superior() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "transfer", (12, 12));
    let cancel = w.step("P.h", matter, "cancel", &[], &[]);
    let register = w.step("T2.h", matter, "register", &[], &[]);
    let serve = w.serve("T1.s", cancel, 13);
    w.receipt("C1.w", 14, &[register]);
    w.receipt("P.w", 15, &[serve]);
    assert_eq!(
        w.slot(matter),
        "approve",
        "the county is over both townships"
    );
}
