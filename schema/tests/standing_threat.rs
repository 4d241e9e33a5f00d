//! Threats to what has effect, by their numbers in the threat model: a signature dated back, a
//! county that turns on others, clocks that are years off. Each is tried in every small form.

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{Act, Found, Policy};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::EnvelopeId;
use jiaolian_schema::standing::Outcome;
use std::collections::BTreeMap;
use town::{Draft, World, office};

const ALWAYS: i64 = 100_000;
const YEAR: i64 = 365;

/// An officer whose last act a superior has covered, at day 10 and position `covered` of `length`.
fn covered_chain(length: usize, covered: usize) -> (World, Vec<EnvelopeId>) {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    w.open("T1.s");
    let ids: Vec<EnvelopeId> = (0..length as i64).map(|day| w.note("T1.x", day)).collect();
    w.receipt("C1.w", 10, &[ids[covered - 1]]);
    (w, ids)
}

#[test]
fn t4_nothing_is_slipped_in_before_a_receipt_that_was_given() {
    let mut tried = 0;
    for length in 1..=4 {
        for covered in 1..=length {
            for at in 1..=covered {
                for more in 1..=3_u64 {
                    for (filer, endorsed) in
                        [(None, false), (Some("C1.w"), false), (Some("P.w"), true)]
                    {
                        let (mut w, honest) = covered_chain(length, covered);
                        // The owner of the key, or a thief, signs positions again, dated back.
                        let mut prev = at.checked_sub(2).map(|below| honest[below]);
                        let mut forged = Vec::new();
                        for step in 0..more {
                            let n = at as u64 - 1 + step;
                            let id = w.note_after("T1.x", -5, n, prev);
                            prev = Some(id);
                            forged.push(id);
                        }
                        if let Some(witness) = filer {
                            w.receipt(witness, 11, &forged);
                        }
                        if endorsed {
                            w.endorse("P.k", "T1.x", forged[forged.len() - 1], 12);
                        }
                        let story = format!("{length} {covered} {at} {more} {filer:?}");
                        let words = w.words(&forged);
                        assert!(
                            words.iter().all(|word| word == "waiting Fork"),
                            "{words:?} {story}"
                        );
                        let kept = w.words(&honest[..covered]);
                        assert!(kept.iter().all(|word| word == "good"), "{kept:?} {story}");
                        tried += 1;
                    }
                }
            }
        }
    }
    assert_eq!(tried, 180);
}

#[test]
fn t4_a_window_is_what_receipts_prove_whatever_is_claimed() {
    for claimed in [-2 * YEAR, -30, 5, 7, 30, 2 * YEAR] {
        let mut w = World::new();
        w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], -5 * YEAR, 5 * YEAR);
        w.open("T1.s");
        let seen = w.receipt("C1.w", 6, &[]);
        w.cite("T1.x", seen);
        let id = w.note("T1.x", claimed);
        w.receipt("C1.w", 8, &[id]);
        let window = w.authority().window(&w.facts[&id]);
        let shown = window.clamp(claimed * town::DAY) / town::DAY;
        assert_eq!(shown, claimed.clamp(6, 8), "claimed {claimed}");
    }
}

/// Everything about another county that has effect: its offices, its people's acts, its case.
fn elsewhere(w: &World, matter: EnvelopeId, ids: &[EnvelopeId]) -> String {
    let authority = w.authority();
    let offices = authority.offices();
    let others = ["P", "C2", "T3"].map(|name| offices.get(office(name)).cloned());
    let people = ["P.k", "P.w", "C2.k", "C2.w", "T3.a", "T3.h"];
    let barred = people.map(|who| authority.is_barred(w.author(who)));
    let states: Vec<_> = ids.iter().map(|id| w.state(*id)).collect();
    let policy = authority.policy(office("T3"));
    let standing = w.standing();
    let steps = standing.matters[&matter].steps.iter();
    let outcomes: Vec<_> = steps
        .filter(|step| ids.contains(&step.id) || step.outcome == Outcome::Live)
        .map(|step| (step.id, step.outcome, step.at))
        .collect();
    let slot = w.slot(matter);
    format!("{others:?} {barred:?} {states:?} {policy:?} {outcomes:?} {slot}")
}

/// The other county's case, decided, filed and served; its offices were filed when they were founded.
fn neighbour() -> (World, EnvelopeId, Vec<EnvelopeId>) {
    let mut w = World::new();
    let founded = ["C2", "T3"].map(|name| w.roster(name).into());
    w.receipt("P.w", 1, &founded);
    w.open("T3.s");
    let matter = w.apply("T3.h", "leave", (12, 14));
    let yes = w.step("T3.a", matter, "approve", &[], &[]);
    let filed = w.receipt("C2.w", 12, &[yes]);
    let serve = w.serve("T3.s", yes, 12);
    let above = w.receipt("P.w", 13, &[filed]);
    (w, matter, vec![yes, filed, serve, above])
}

type Attack = fn(&mut World, EnvelopeId, &[EnvelopeId]);

/// What a county can do with its keepers, witnesses and staff against a county beside it, its own
/// superior and the root.
const ATTACKS: [(&str, Attack); 14] = [
    ("says no to the neighbour's deputy", |w, _, _| {
        w.revoke("C1.k", "T3.a", None, &[]);
    }),
    (
        "says no to the neighbour's keeper and witness",
        |w, _, _| {
            w.revoke("C1.k", "C2.k", None, &[]);
            w.revoke("C1.k", "C2.w", None, &[]);
        },
    ),
    ("says no to its superior", |w, _, _| {
        w.revoke("C1.k", "P.k", None, &[]);
        w.revoke("C1.k", "P.w", None, &[]);
    }),
    (
        "receipts the neighbour's acts before they were signed",
        |w, _, ids| {
            w.receipt("C1.w", -100, ids);
            w.receipt("C1.w", 500, ids);
        },
    ),
    ("dates its own receipts back", |w, _, ids| {
        w.receipt("C1.w", 40, ids);
        w.receipt("C1.w", 1, ids);
    }),
    ("appoints a head at the neighbour's", |w, matter, _| {
        w.appoint("T3.q", "C1.k", Duty::Staff, &["OFF_HEAD"], 0, ALWAYS);
        w.step("T3.q", matter, "refuse", &[], &[]);
    }),
    (
        "lets its own head refuse the neighbour's matter",
        |w, matter, ids| {
            w.step("C1.h2", matter, "adjudicate_refuse", &ids[..1], &[]);
            w.step("C1.a", matter, "refuse", &[], &[]);
        },
    ),
    (
        "founds the neighbour's township again below itself",
        |w, _, _| {
            refound(w, "C1.k", "T3", Some("C1"), 1);
            refound(w, "C1.k", "C2", Some("C1"), 1);
        },
    ),
    ("founds a root of its own", |w, _, _| {
        refound(w, "C1.k", "P", None, 5);
    }),
    ("sets a policy for all", |w, _, _| {
        let policy = Policy {
            stale_days: 1,
            fold_version: 9,
            rule_pack: [0; 32],
        };
        let draft = Draft {
            dossier: Some(w.roster("C2")),
            ..Draft::default()
        };
        w.sign("C1.k", draft, policy.into());
    }),
    ("forks its keeper and its witness", |w, _, _| {
        w.fork_first("C1.w", 3);
        w.note_after("C1.k", 3, 0, None);
    }),
    ("endorses and cuts the neighbour's chain", |w, _, ids| {
        w.endorse("C1.k", "T3.a", ids[0], 20);
        let at = w.at(ids[0]);
        w.revoke("C1.k", "T3.a", Some(at), &[]);
    }),
    ("appoints a witness above everybody", |w, _, ids| {
        w.appoint("P.w2", "C1.k", Duty::Witness, &["NODE_WITNESS"], 0, ALWAYS);
        w.receipt("P.w2", 1, ids);
    }),
    ("lends its staff a root's appointment", |w, matter, _| {
        let like = w.appointment_of("T3.h");
        w.sign_under("C1.a", like);
        w.step("C1.a", matter, "refuse", &[], &[]);
    }),
];

fn refound(w: &mut World, by: &str, name: &str, parent: Option<&str>, tier: u8) {
    let found = Found {
        office: office(name),
        parent: parent.map(office),
        tier,
        code: name.to_owned(),
        name: "taken".to_owned(),
        drill: 0,
        nonce: None,
    };
    w.sign(by, Draft::default(), found.into());
}

#[test]
fn t6_a_compromised_county_has_no_effect_in_another_subtree() {
    for (what, attack) in ATTACKS {
        let (mut w, matter, ids) = neighbour();
        let before = elsewhere(&w, matter, &ids);
        attack(&mut w, matter, &ids);
        assert_eq!(elsewhere(&w, matter, &ids), before, "{what}");
    }
    // All at once, too.
    let (mut w, matter, ids) = neighbour();
    let before = elsewhere(&w, matter, &ids);
    for (_, attack) in ATTACKS {
        attack(&mut w, matter, &ids);
    }
    assert_eq!(elsewhere(&w, matter, &ids), before);
}

#[test]
fn t6_a_county_changes_nothing_that_its_township_signed() {
    let mut w = World::new();
    w.open("T1.s");
    let matter = w.apply("T1.s", "leave", (12, 14));
    let yes = w.step("T1.a", matter, "approve", &[], &[]);
    let said: BTreeMap<_, _> = w.case_facts();
    w.revoke("C1.k", "T1.a", None, &[]);
    w.receipt("C1.w", 1, &[yes]);
    w.step("C1.a", matter, "refuse", &[yes], &[]);
    // What was signed is there as it was signed; the office above puts it into force again.
    for (id, fact) in &said {
        assert_eq!(w.case_facts().get(id), Some(fact));
    }
    assert_eq!(w.word(yes), "waiting Cut");
    w.endorse("P.k", "T1.a", yes, 60);
    assert_eq!(w.word(yes), "good");
}

/// A quarrel that is settled and served, with each signer's clock so many days off.
fn story_with_clocks(off: [i64; 4]) -> String {
    let mut w = World::new();
    let people = ["C1.v", "C1.x", "C1.y", "C1.z"];
    for who in people {
        let roles: &[&str] = if who == "C1.z" {
            &["CTY_HEAD"]
        } else {
            &["X_DEP"]
        };
        w.appoint(who, "C1.k", Duty::Staff, roles, -1_000, ALWAYS);
    }
    w.open("C1.s");
    let matter = w.apply("C1.s", "leave", (12, 21));
    let yes = w.step_on("C1.x", matter, "approve", &[], &[], 11 + off[0]);
    let no = w.step_on("C1.y", matter, "refuse", &[], &[], 11 + off[1]);
    w.receipt("P.w", 12, &[yes]);
    let mut said = vec![w.slot(matter)];
    w.receipt("P.w", 13, &[no]);
    said.push(w.slot(matter));
    let both = [yes, no];
    let settled = w.step_on(
        "C1.z",
        matter,
        "adjudicate_approve",
        &both,
        &[],
        14 + off[2],
    );
    w.receipt("P.w", 15, &[settled]);
    said.push(w.slot(matter));
    let late = w.step_on("C1.x", matter, "refuse", &[], &[], 11 + off[3]);
    w.receipt("P.w", 30, &[late]);
    said.push(w.slot(matter));
    let serve = w.serve("C1.v", settled, 16 + off[3]);
    w.receipt("P.w", 17, &[serve]);
    let standing = w.standing();
    let matter = &standing.matters[&matter];
    let outcome = |id| {
        matter
            .steps
            .iter()
            .find(|step| step.id == id)
            .map(|step| step.outcome)
    };
    said.push(format!(
        "{:?} {} {} {}",
        [yes, no, settled, late].map(outcome),
        matter.served,
        matter.reliance,
        matter.grant.is_some()
    ));
    said.join("; ")
}

#[test]
fn t13_clocks_two_years_off_change_nothing_but_the_time_that_is_claimed() {
    let right = story_with_clocks([0; 4]);
    assert!(
        right.contains("conflicted") && right.contains("Late"),
        "{right}"
    );
    let days = [-2 * YEAR, -30, 1, 2 * YEAR];
    for code in 0..4_usize.pow(4) {
        let off = [0, 2, 4, 6].map(|shift| days[code >> shift & 3]);
        assert_eq!(story_with_clocks(off), right, "{off:?}");
    }
}

/// A superior's witness whose clock is years ahead: its receipts are kept and the window says so.
#[test]
fn row_52_a_receipt_from_the_future_is_kept_and_shows_in_the_window() {
    let mut w = World::new();
    w.open("T1.s");
    let id = w.note("T1.a", 3);
    let receipt = w.receipt("C1.w", 2 * YEAR, &[id]);
    assert_eq!(w.word(id), "good");
    let window = w.authority().window(&w.facts[&id]);
    assert_eq!(window.filed, Some(2 * YEAR * town::DAY));
    // The office above filed it at its true time: that one counts.
    w.receipt("P.w", 5, &[id, receipt]);
    let window = w.authority().window(&w.facts[&id]);
    assert_eq!(window.filed, Some(5 * town::DAY));
}

#[test]
fn t3_an_approval_needs_every_one_of_its_conditions() {
    type Break = fn(&mut World, &mut Draft, &mut Act);
    let rows: [(&str, &str, Break, &str); 7] = [
        ("as it should be", "T1.a", |_, _, _| {}, "approve"),
        ("by who prepared it", "T1.h", |_, _, _| {}, "open"),
        ("without the role", "T1.s", |_, _, _| {}, "open"),
        ("by another township", "T2.a", |_, _, _| {}, "open"),
        ("by a keeper", "T1.k", |_, _, _| {}, "open"),
        (
            "in another matter's name",
            "T1.a",
            |_, _, act| {
                if let Act::Step(step) = act {
                    step.matter = EnvelopeId([3; 32]);
                }
            },
            "open",
        ),
        (
            "without having seen the application",
            "T1.a",
            |w, draft, _| {
                let case: EnvelopeId = w.case.expect("a case is open").into();
                draft.deps = vec![case];
            },
            "open",
        ),
    ];
    for (what, who, change, expected) in rows {
        let mut w = World::new();
        let case = w.open("T1.s");
        let matter = w.apply("T1.h", "leave", (12, 14));
        let step = jiaolian_schema::act::Step {
            matter,
            event: "approve".to_owned(),
            replaces: Vec::new(),
            section: None,
            fields: jiaolian_schema::value::Fields::new(),
            span: None,
        };
        let mut draft = Draft {
            dossier: Some(case),
            deps: vec![case.into(), matter],
            day: 11,
            ..Draft::default()
        };
        let mut act = Act::from(step);
        change(&mut w, &mut draft, &mut act);
        w.sign(who, draft, act);
        assert_eq!(w.slot(matter), expected, "{what}");
    }
}
