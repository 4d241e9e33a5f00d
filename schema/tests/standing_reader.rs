//! Who oversees changes nothing: every act of a case or an alarm that a procurator signs is void, by
//! the fold and by the second opinion, with the roles of the rule pack; the same act by an officer counts.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{
    Act, Amend, Apply, Assign, Consult, Correct, Damage, Endorse, Entrust, HandOver, Ledger, Log,
    Open, Parted, Policy, Purge, Raise, Restyle, Revoke, Rota, Seal, Serve, Shred, Shredded, Step,
    Vouch, Withdraw,
};
use jiaolian_schema::authority::{State, VoidReason, Wait};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{AlarmId, DossierId, EnvelopeId, PersonCode};
use jiaolian_schema::opinion::{self, Opinion};
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::standing::{Decision, Signer, SlotAct, SlotRules, fold, is_void_by_reading};
use jiaolian_schema::value::Fields;
use std::collections::BTreeSet;
use town::{Draft, World, office};

/// The case of C1 with a matter that an officer decided; P1 is its procurator, S1 holds the role beside
/// another one.
fn world() -> (World, EnvelopeId, EnvelopeId) {
    let mut w = World::new();
    for (who, roles) in [("C1.p1", &["PROC"][..]), ("C1.s1", &["CTY_HEAD", "PROC"])] {
        w.appoint(who, "C1.k", Duty::Staff, roles, 0, 100_000);
    }
    w.open("C1.s");
    let matter = w.apply("C1.s", "leave", (12, 21));
    let yes = w.step("C1.h2", matter, "approve", &[], &[]);
    (w, matter, yes)
}

/// Every act of a case or an alarm, on a matter and a decision in it.
fn acts(w: &World, matter: EnvelopeId, decision: EnvelopeId) -> Vec<Act> {
    let case = w.case.unwrap();
    let (fields, words) = (Fields::new, String::new);
    let step = |event: &str, replaces: &[EnvelopeId]| Step {
        matter,
        event: event.to_owned(),
        replaces: replaces.to_vec(),
        section: None,
        fields: fields(),
        span: None,
    };
    vec![
        Assign {
            office: office("T1"),
            replaces: vec![],
        }
        .into(),
        Amend {
            field: "term".to_owned(),
            replaces: vec![],
            value: vec![1],
        }
        .into(),
        Apply {
            workflow: "leave".to_owned(),
            version: 1,
            on_behalf: 1,
            span: None,
            area: None,
            fields: fields(),
        }
        .into(),
        step("verify", &[]).into(),
        step("refuse", &[decision]).into(),
        step("adjudicate_refuse", &[decision]).into(),
        Serve {
            decision,
            fields: fields(),
        }
        .into(),
        Withdraw {
            act: matter,
            reason: words(),
        }
        .into(),
        Correct {
            act: matter,
            fields: fields(),
            reason: words(),
        }
        .into(),
        Shredded {
            shred: decision,
            dossier: case,
        }
        .into(),
        Parted {
            dossier: case,
            to: office("T1"),
        }
        .into(),
        Seal {
            sealed: 1,
            ground: "under_18_five_years".to_owned(),
            document: "1".to_owned(),
            replaces: vec![],
        }
        .into(),
        Consult {
            person: w.person_of("C1.a"),
            ground: "judicial_case".to_owned(),
            unit: "1".to_owned(),
            purpose: "1".to_owned(),
            document: "1".to_owned(),
            from: 11,
            to: i64::MAX,
        }
        .into(),
        // No act has this number, and it is not one of the roster's.
        Act::Unknown {
            kind: 0,
            content: vec![],
        },
        Act::Unknown {
            kind: 50,
            content: vec![],
        },
        Act::Unknown {
            kind: 95,
            content: vec![],
        },
    ]
}

/// Acts of duty.
fn of_duty() -> [Act; 2] {
    let rota = Rota {
        hours: None,
        workdays: 0,
        shifts: vec![],
        phones: vec![],
        replaces: vec![],
    };
    let hand_over = HandOver {
        takes: None,
        list: [1; 32],
        open: 0,
        untold: 0,
    };
    [rota.into(), hand_over.into()]
}

/// Acts that open a dossier of their own.
fn openings(case: DossierId) -> Vec<Act> {
    vec![
        Open {
            office: office("C1"),
            person: PersonCode([8; 16]),
            minor: 0,
            fields: Fields::new(),
        }
        .into(),
        Raise {
            alarm: AlarmId([1; 32]),
            case,
            office: office("C1"),
            person: PersonCode([7; 16]),
            kind: "GEO_OUT".to_owned(),
            severity: 3,
            fence: String::new(),
            time: 1,
            decided_at: 1,
            retrospective: 0,
            evidence: vec![],
        }
        .into(),
    ]
}

/// How an envelope stands by the fold's list and by the second opinion, under the rule pack.
#[track_caller]
fn states(w: &World, id: EnvelopeId) -> (Option<State>, opinion::State) {
    let (rules, authority) = (RulePack::builtin(), w.authority());
    let dossier = w.facts[&id].dossier;
    let mut facts = w.facts.clone();
    facts.retain(|_, fact| fact.dossier == dossier);
    let standing = fold(&authority, &rules, &facts);
    let mut listed = standing.listed.iter();
    let listed = listed.find(|(one, _)| *one == id).map(|(_, state)| *state);
    let papers = w.papers();
    (listed, Opinion::of(&papers).state_under(id, &rules))
}

#[track_caller]
fn reads(w: &World, id: EnvelopeId, what: &str) {
    let (fold, second) = states(w, id);
    assert_eq!(fold, Some(State::Void(VoidReason::Reads)), "{what}");
    assert_eq!(second, opinion::State::Void(opinion::Void::Reads), "{what}");
    let fact = &w.facts[&id];
    assert!(
        is_void_by_reading(&w.authority(), &RulePack::builtin(), fact),
        "{what}"
    );
}

#[track_caller]
fn counts(w: &World, id: EnvelopeId, what: &str) {
    let (fold, second) = states(w, id);
    assert_eq!(fold, None, "{what}");
    assert!(
        matches!(second, opinion::State::Good { .. }),
        "{what}: {second:?}"
    );
    let rules = RulePack::builtin();
    assert!(
        !is_void_by_reading(&w.authority(), &rules, &w.facts[&id]),
        "{what}"
    );
}

#[test]
fn every_act_of_a_case_is_void_by_a_procurator_and_counts_by_an_officer() {
    let (w, matter, decision) = world();
    let mut seen = BTreeSet::new();
    for act in acts(&w, matter, decision).into_iter().chain(of_duty()) {
        let what = format!("{act:?}");
        seen.insert(act.kind());
        let sign = |who: &str| {
            let mut w = w.clone();
            let id = w.any(who, act.clone(), &[matter, decision]);
            (w, id)
        };
        for who in ["C1.p1", "C1.s1"] {
            let (w, id) = sign(who);
            reads(&w, id, &what);
            w.agree();
            let standing = w.standing();
            assert_eq!(standing.place, office("C1"), "{what}");
            assert!(
                standing
                    .fields
                    .values()
                    .all(|slot| slot.in_force().is_none()),
                "{what}"
            );
            assert!(
                !standing.unknown && !standing.is_withdrawn(matter),
                "{what}"
            );
            let decided = |standing: &jiaolian_schema::standing::Standing| {
                format!("{:?}", standing.matters[&matter].slots)
            };
            assert_eq!(decided(&standing), decided(&world().0.standing()), "{what}");
        }
        let (w, id) = sign("C1.h");
        counts(&w, id, &what);
    }
    for act in openings(w.case.unwrap()) {
        seen.insert(act.kind());
        let mut w = w.clone();
        let id = w.sign("C1.p1", Draft::default(), act.clone());
        reads(&w, id, &format!("{act:?}"));
        let id = w.sign("C1.h", Draft::default(), act.clone());
        counts(&w, id, &format!("{act:?}"));
    }
    // A kind that this build knows is in one of the tables above.
    let known = (32..96u16).filter(|kind| {
        let garbage = jiaolian_schema::canon::encode(&jiaolian_schema::act::ActBytes {
            kind: *kind,
            at: 0,
            content: vec![0xFF],
        });
        Act::from_payload(&garbage).is_err()
    });
    let missing: Vec<u16> = known.filter(|kind| !seen.contains(kind)).collect();
    assert!(missing.is_empty(), "kinds without a row: {missing:?}");
}

#[test]
fn what_a_node_logs_counts_whatever_its_appointment_reads() {
    let (mut w, _, decision) = world();
    let opening = Ledger {
        office: office("C1"),
        after: None,
    };
    let log = w.sign("C1.s1", Draft::default(), opening.into());
    let acts: Vec<Act> = vec![
        Log {
            first: 1,
            before: [0; 32],
            last: [1; 32],
            rows: vec![],
        }
        .into(),
        Damage { flaws: vec![] }.into(),
        Purge {
            log: log.into(),
            last: decision,
            top: 1,
            hash: [1; 32],
        }
        .into(),
    ];
    counts(&w, log, "the opening of a log");
    for act in acts {
        let draft = Draft {
            dossier: Some(log.into()),
            ..Draft::default()
        };
        let what = format!("{act:?}");
        let id = w.sign("C1.s1", draft, act);
        counts(&w, id, &what);
    }
}

#[test]
fn a_number_of_the_roster_that_nobody_knows_is_not_bound() {
    for kind in [11, 15, 31] {
        let (mut w, ..) = world();
        w.appoint("C1.q", "P.k", Duty::Keeper, &["KEEPER", "PROC"], 0, 100_000);
        let content = vec![];
        let id = w.any("C1.q", Act::Unknown { kind, content }, &[]);
        counts(&w, id, &format!("{kind}"));
        let standing = fold(&w.authority(), &RulePack::builtin(), &w.case_facts());
        assert!(standing.unknown, "{kind}");
    }
}

#[test]
fn what_waits_by_an_earlier_rule_waits_by_it_for_who_only_reads_too() {
    let (mut w, matter, decision) = world();
    let id = w.step("C1.p1", matter, "verify", &[], &[decision]);
    w.revoke("C1.k", "C1.p1", None, &[]);
    let (fold, second) = states(&w, id);
    assert_eq!(fold, Some(State::Waiting(Wait::Cut)));
    assert_eq!(second, Opinion::of(&w.papers()).state(id));
}

#[test]
fn a_change_of_texts_is_void_by_a_procurator_too() {
    let (mut w, ..) = world();
    let id = w.edit("C1.p1");
    reads(&w, id, "an edit");
    let id = w.edit("C1.h");
    counts(&w, id, "an edit");
}

#[test]
fn acts_of_the_roster_are_void_by_any_staff_key_already() {
    let (w, _, decision) = world();
    let (at, author) = (w.at(decision), w.author("C1.a"));
    let acts: Vec<Act> = vec![
        Revoke {
            author,
            at: None,
            replaces: vec![],
            reason: String::new(),
            compromised_since: None,
        }
        .into(),
        Endorse {
            author,
            at,
            replaces: vec![],
        }
        .into(),
        Policy {
            stale_days: 1,
            fold_version: 1,
            rule_pack: [0; 32],
        }
        .into(),
        Entrust {
            office: office("T1"),
            actions: vec!["leave".to_owned()],
            from: 0,
            to: 1,
            document: String::new(),
            ends: None,
        }
        .into(),
        Restyle {
            office: office("T1"),
            from_day: 0,
            name: None,
            code: None,
        }
        .into(),
        Shred {
            dossier: w.case.unwrap(),
            basis: String::new(),
            document: String::new(),
        }
        .into(),
        Vouch {
            authority: None,
            replaces: vec![],
            document: String::new(),
        }
        .into(),
    ];
    for act in acts {
        let mut w = w.clone();
        let draft = Draft {
            dossier: Some(w.roster("C1")),
            ..Draft::default()
        };
        let id = w.sign("C1.p1", draft, act.clone());
        let authority = w.authority();
        let state = authority.state(&w.facts[&id], true);
        assert_eq!(state, State::Void(VoidReason::Duty), "{act:?}");
        let rules = RulePack::builtin();
        assert!(
            !is_void_by_reading(&authority, &rules, &w.facts[&id]),
            "{act:?}"
        );
        w.agree();
    }
}

/// A pack that says nothing of who only reads.
#[derive(Debug)]
struct Silent;

impl SlotRules for Silent {
    fn decision(&self, _: &str, _: u16, _: &str) -> Option<Decision> {
        None
    }

    fn leads(&self, _: &str) -> bool {
        false
    }

    fn competent(&self, _: &Signer<'_>, _: &SlotAct<'_>, _: u8) -> bool {
        false
    }
}

#[test]
fn a_pack_that_says_nothing_binds_nobody() {
    let (mut w, matter, decision) = world();
    let id = w.step("C1.p1", matter, "verify", &[], &[decision]);
    let standing = fold(&w.authority(), &Silent, &w.case_facts());
    assert!(standing.listed.is_empty());
    assert!(!is_void_by_reading(&w.authority(), &Silent, &w.facts[&id]));
}

#[test]
fn a_persons_other_appointment_is_not_bound() {
    let (mut w, matter, decision) = world();
    w.appoint("C1.q", "C1.k", Duty::Staff, &["OFF_STAFF"], 0, 100_000);
    let id = w.step("C1.q", matter, "verify", &[], &[decision]);
    counts(&w, id, "an officer's own seat");
}
