//! Statements that a valid key signs and that must not do what they say: appointments wider than
//! their issuer's, offices in a ring, revocations from beside, decisions carried into another case.
//! A row is the number of the bad-input catalogue, what is tried, and how it stands.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, Appoint, Found};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::hold::DEPTH_MAX;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::Outcome;
use town::{Draft, World, office};

const ALWAYS: i64 = 100_000;

/// An appointment like another one but for what a forger changes.
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

/// A keeper of the township whose own appointment is narrow, and an appointment that fits into it.
fn narrow_keeper() -> (World, EnvelopeId) {
    let mut w = World::new();
    let roles = ["KEEPER", "OFF_STAFF"];
    let wide = w.appoint("T1.n", "C1.k", Duty::Keeper, &roles, 0, ALWAYS);
    let narrow = appoint_like(&mut w, "C1.k", wide, |appoint| {
        appoint.depth = 1;
        appoint.kinds = vec![1];
    });
    w.sign_under("T1.n", narrow);
    let wide = w.appoint("T1.p", "T1.k", Duty::Staff, &["OFF_STAFF"], 0, ALWAYS);
    let fits = appoint_like(&mut w, "T1.n", wide, |appoint| {
        appoint.depth = 1;
        appoint.kinds = vec![1];
    });
    (w, fits)
}

#[test]
fn row_68_an_appointment_wider_than_its_issuers_is_void_and_all_under_it_waits() {
    type Change = fn(&mut Appoint);
    let rows: [(&str, Change, &str); 6] = [
        ("as wide as the issuer's", |_| {}, "good"),
        (
            "a role more",
            |appoint| appoint.roles.push("OFF_HEAD".to_owned()),
            "void Scope",
        ),
        (
            "a kind of case more",
            |appoint| appoint.kinds.push(2),
            "void Scope",
        ),
        (
            "a level of delegation more",
            |appoint| appoint.depth = 2,
            "void Scope",
        ),
        (
            "row 73: an interval that ends before it starts",
            |appoint| appoint.not_after = appoint.not_before - 1,
            "void Scope",
        ),
        (
            "a keeper without any role named",
            |appoint| {
                appoint.duty = Duty::Keeper;
                appoint.roles.clear();
            },
            "void Scope",
        ),
    ];
    for (what, change, expected) in rows {
        let (mut w, fits) = narrow_keeper();
        let id = appoint_like(&mut w, "T1.n", fits, |appoint| {
            appoint.key = vec![8; 32];
            change(appoint);
        });
        assert_eq!(w.word(id), expected, "{what}");
        assert_eq!(w.authority().is_appointed(id), expected == "good", "{what}");
    }
}

#[test]
fn row_68_an_appointment_beyond_the_issuers_offices_makes_nobody() {
    let rows = [
        ("a township for its county", "T1.k", "C1.q"),
        ("a township for its neighbour", "T1.k", "T2.q"),
        ("a county for another county's township", "C2.k", "T1.q"),
        ("staff for its own office", "T1.h", "T1.q"),
    ];
    for (what, by, whom) in rows {
        let mut w = World::new();
        w.open("T1.s");
        let id = w.appoint(whom, by, Duty::Staff, &["OFF_HEAD"], 0, ALWAYS);
        let act = w.note(whom, 3);
        assert!(!w.authority().is_appointed(id), "{what}");
        assert!(!w.state(act).is_good(), "{what}: {}", w.word(act));
    }
}

fn found_at(w: &mut World, by: &str, name: &str, parent: Option<&str>, tier: u8) {
    let found = Found {
        office: office(name),
        parent: parent.map(office),
        tier,
        code: name.to_owned(),
        name: name.to_owned(),
        drill: 0,
        nonce: None,
    };
    w.sign(by, Draft::default(), found.into());
}

#[test]
fn row_69_offices_in_a_ring_or_deeper_than_the_tree_may_be_are_none() {
    let mut w = World::new();
    let before = w.authority().offices().clone();
    // The county founds its own superior again below itself, and itself below its township.
    found_at(&mut w, "C1.k", "P", Some("C1"), 1);
    found_at(&mut w, "T1.k", "C1", Some("T1"), 0);
    // Of the same tier, or of a higher one.
    found_at(&mut w, "C1.k", "T8", Some("C1"), 2);
    found_at(&mut w, "C1.k", "T9", Some("C1"), 4);
    assert_eq!(*w.authority().offices(), before);
    let mut deep = World::empty();
    deep.found("P", None, u8::MAX);
    let mut above = "P".to_owned();
    for level in 1..DEPTH_MAX + 3 {
        let name = format!("L{level}");
        deep.found(&name, Some(&above), u8::MAX - level as u8);
        deep.appoint(
            &format!("{name}.k"),
            "P.k",
            Duty::Keeper,
            &["KEEPER"],
            0,
            ALWAYS,
        );
        above = name;
    }
    let authority = deep.authority();
    let offices = authority.offices();
    assert_eq!(offices.iter().count(), DEPTH_MAX);
    assert!(
        offices
            .iter()
            .all(|(id, _)| offices.path(id).len() <= DEPTH_MAX)
    );
}

#[test]
fn row_70_a_revocation_by_nobody_above_has_no_effect() {
    let rows = [
        ("by another county's keeper", "C2.k", "T1.a"),
        ("by the neighbour's keeper", "T2.k", "T1.a"),
        (
            "of the county's staff by the township's keeper",
            "T1.k",
            "C1.a",
        ),
        ("of the keeper above", "T1.k", "C1.k"),
        ("of a keeper by itself", "C1.k", "C1.k"),
        ("of the root", "C1.k", "P.k"),
        ("by a deputy", "C1.a", "T1.a"),
        ("by the witness's office neighbour", "C2.k", "C1.w"),
    ];
    for (what, by, whose) in rows {
        let mut w = World::new();
        w.open("T1.s");
        let matter = w.apply("T1.s", "leave", (12, 14));
        let yes = w.step("T1.a", matter, "approve", &[], &[]);
        let others = w.step("C1.a", matter, "approve", &[], &[]);
        w.revoke(by, whose, None, &[]);
        assert_eq!(w.words(&[yes, others]), ["good", "good"], "{what}");
        assert_eq!(w.slot(matter), "approve", "{what}");
        assert!(!w.authority().is_barred(w.author(whose)), "{what}");
    }
}

#[test]
fn row_71_a_second_root_is_no_root() {
    let mut w = World::new();
    let before = w.authority().offices().clone();
    found_at(&mut w, "C1.k", "R", None, 5);
    found_at(&mut w, "P.k", "R", None, 5);
    assert_eq!(*w.authority().offices(), before);
}

#[test]
fn row_72_a_decision_carried_into_another_case_or_matter_decides_nothing() {
    let mut w = World::new();
    let first = w.open("T1.s");
    let elsewhere = w.apply("T1.s", "leave", (12, 14));
    w.open("T1.h");
    let matter = w.apply("T1.s", "leave", (12, 14));
    // Signed in this case, of a matter of the other one.
    let carried = w.step("T1.a", elsewhere, "approve", &[], &[]);
    assert_eq!(w.word(carried), "waiting Deps");
    assert_eq!(w.slot(matter), "open");
    // In this case and in its past, and yet of a matter that is none: the opening of the case.
    let opening: EnvelopeId = w.case.expect("a case is open").into();
    let aimless = w.step("T1.a", opening, "approve", &[], &[]);
    // Of no matter that is here at all.
    let nowhere = w.step("T1.b", EnvelopeId([7; 32]), "approve", &[], &[]);
    assert_eq!(w.slot(matter), "open");
    assert!(w.words(&[aimless, nowhere])[1].starts_with("waiting"));
    // The other case knows nothing of it either.
    w.case = Some(first);
    assert_eq!(w.slot(elsewhere), "open");
}

#[test]
fn row_72_a_decision_that_did_not_see_its_matter_counts_nowhere() {
    let mut w = World::new();
    let case = w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (12, 14));
    let act = jiaolian_schema::act::Step {
        matter,
        event: "approve".to_owned(),
        replaces: Vec::new(),
        section: None,
        fields: jiaolian_schema::value::Fields::new(),
        span: None,
    };
    let draft = Draft {
        dossier: Some(case),
        deps: vec![case.into()],
        day: 11,
        ..Draft::default()
    };
    let blind = w.sign("T1.a", draft, act.into());
    assert_eq!(w.word(blind), "good");
    let standing = w.standing();
    let step = standing.matters[&matter]
        .steps
        .iter()
        .find(|s| s.id == blind);
    assert_eq!(step.map(|step| step.outcome), Some(Outcome::NotCompetent));
    assert_eq!(w.slot(matter), "open");
}

#[test]
fn row_73_an_interval_that_ends_before_it_starts_appoints_nobody() {
    let mut w = World::new();
    w.open("T1.s");
    let id = w.appoint("T1.x", "P.k", Duty::Staff, &["OFF_HEAD"], 20, 10);
    let act = w.note("T1.x", 15);
    assert_eq!(w.word(id), "void Scope");
    assert_eq!(w.word(act), "waiting Appointment");
}

/// A keeper gone mad says no to everybody about everything: what it says is one voice, and listening
/// to it takes no longer than there are statements and heads.
#[test]
fn row_74_thousands_of_statements_by_one_issuer_are_one_voice() {
    let mut w = World::new();
    w.open("T1.s");
    let notes: Vec<EnvelopeId> = (0..20).map(|day| w.note("T1.a", day)).collect();
    for round in 0..4_000_u64 {
        let at = w.at(notes[round as usize % notes.len()]);
        w.revoke("T1.k", "T1.a", Some(at), &[]);
    }
    w.endorse("P.k", "T1.a", notes[4], 60);
    let authority = w.authority();
    let good = notes.iter().filter(|id| {
        let fact = &w.facts[*id];
        authority.state(fact, true).is_good()
    });
    assert_eq!(good.count(), 5);
    assert_eq!(authority.named_positions(w.author("T1.a")).len(), 4_001);
    assert!(
        authority
            .chain_tip(w.author("T1.k"))
            .is_some_and(|tip| tip.n >= 4_000)
    );
}
