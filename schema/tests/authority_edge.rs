//! Chains, statements, windows and the root where one check alone keeps something from counting.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{
    Act, Acting, Appoint, At, Entrust, FormerKeeper, Found, PublicKey, Root, RootSignature,
    RootStatement, Stays,
};
use jiaolian_schema::admit::Introductions;
use jiaolian_schema::authority::{Authority, PathState, State, Wait};
use jiaolian_schema::envelope::{Duty, Head};
use jiaolian_schema::id::{BodyHash, EnvelopeId, sha256};
use town::{DAY, Draft, World, office, stranger};

const ALWAYS: i64 = 100_000;

/// T1's officer x with three notes.
fn noted() -> (World, [EnvelopeId; 3]) {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    w.open("T1.s");
    let notes = [3, 4, 5].map(|day| w.note("T1.x", day));
    (w, notes)
}

fn appoint_of(w: &World, id: EnvelopeId) -> Appoint {
    match w.facts[&id].what.roster_act() {
        Some(Act::Appoint(appoint)) => appoint,
        other => panic!("{other:?}"),
    }
}

fn roster_of(w: &World, at: &str, day: i64) -> Draft {
    Draft {
        dossier: Some(w.roster(at)),
        day,
        ..Draft::default()
    }
}

#[test]
fn rule_7_a_chain_hangs_on_heads_of_its_own_author_at_their_own_positions() {
    let (mut w, [one, two, _]) = noted();
    let colleague = w.note("T1.a", 3);
    assert_eq!(w.heads[&colleague].n, 1);
    // x's next head at position 2 names what a colleague signed first.
    let on_another = w.note_after("T1.x", 12, 1, Some(colleague));
    // And one at position 2 that names x's own second.
    let on_itself = w.note_after("T1.x", 13, 1, Some(two));
    for id in [on_another, on_itself] {
        assert_eq!(w.word(id), "waiting Gap");
    }
    // Two ids are known at position 1 now, since a head of x's names the other one.
    assert_eq!(w.word(one), "waiting Fork");
}

#[test]
fn rule_7_what_is_only_named_is_no_head_and_what_it_hangs_on_no_tip() {
    let (mut w, [one, two, three]) = noted();
    let x = w.author("T1.x");
    w.forget(two);
    let authority = w.authority();
    assert_eq!(
        authority.heads_at(x, 2),
        [],
        "named by the third and not here"
    );
    assert_eq!(authority.chain_tip(x), Some(At { n: 1, id: one }));
    assert_eq!(authority.path_state(three), PathState::Gap);
    let (mut w, [_, two, three]) = noted();
    w.forget(three);
    let loose = w.note_after("T1.x", 14, 2, Some(EnvelopeId([5; 32])));
    let authority = w.authority();
    // Two ids are known at position 2, so that the chain is forked there.
    assert_eq!(authority.fork_of(x), Some(2));
    assert_eq!(authority.chain_tip(x).map(|at| at.n), Some(2));
    assert_eq!(authority.chain_tip(x).map(|at| at.id), Some(two));
    assert_eq!(authority.path_state(loose), PathState::Gap);
}

#[test]
fn the_tip_of_a_forked_chain_lies_on_the_good_path_where_that_reaches_so_far() {
    let (mut w, [one, _, three]) = noted();
    let x = w.author("T1.x");
    let rival = w.note_after("T1.x", 12, 1, Some(one));
    let last = w.note_after("T1.x", 13, 2, Some(rival));
    for covered in [three, last] {
        let mut w = w.clone();
        w.receipt("C1.w", 20, &[covered]);
        let tip = w.authority().chain_tip(x);
        assert_eq!(tip, Some(At { n: 3, id: covered }));
    }
}

#[test]
fn a_head_without_a_position_is_not_taken() {
    let (w, [one, ..]) = noted();
    let mut authority = w.authority();
    let head = Head {
        n: 0,
        prev: None,
        body_hash: BodyHash([9; 32]),
        ..w.heads[&one].clone()
    };
    let x = head.author;
    authority.add_head(EnvelopeId([7; 32]), &head);
    assert_eq!(authority.heads_at(x, 0), []);
    assert_eq!(format!("{authority:?}"), format!("{:?}", w.authority()));
}

#[test]
fn rule_21_what_lies_in_another_dossier_completes_nothing() {
    let (mut w, _) = noted();
    let elsewhere = w.appointment_of("T1.x");
    let draft = Draft {
        dossier: w.case,
        deps: vec![elsewhere],
        ..Draft::default()
    };
    let amend = jiaolian_schema::act::Amend {
        field: "term".to_owned(),
        replaces: Vec::new(),
        value: b"A".to_vec(),
    };
    let id = w.sign("T1.a", draft, amend.into());
    assert!(w.authority().is_complete(elsewhere));
    assert_eq!(w.word(id), "waiting Deps");
    // Nor where what it names comes after it.
    let mut late = Authority::new(w.root.clone());
    late.extend(
        w.heads.iter().map(|(id, head)| (*id, head)),
        w.facts.values().filter(|fact| fact.id != elsewhere),
    );
    late.add_fact(&w.facts[&elsewhere]);
    assert!(!late.is_complete(id) && late.is_complete(elsewhere));
}

#[test]
fn rule_14_a_statement_is_dropped_by_its_own_office_only() {
    let (mut w, notes) = noted();
    let cut = w.revoke("C1.k", "T1.x", None, &[]);
    let at = w.at(notes[2]);
    let above = w.revoke("P.k", "T1.x", Some(at), &[cut]);
    assert_eq!(
        w.words(&notes),
        ["waiting Cut"; 3],
        "{above} is of another office"
    );
    w.revoke("C1.k", "T1.x", Some(at), &[cut]);
    assert_eq!(w.words(&notes), ["good"; 3]);
}

#[test]
fn rule_12_a_position_says_no_to_the_other_branch_though_that_was_covered() {
    let (mut w, [one, two, _]) = noted();
    let rival = w.note_after("T1.x", 12, 1, Some(one));
    w.receipt("C1.w", 5, &[rival]);
    assert_eq!(w.words(&[two, rival]), ["waiting Fork", "good"]);
    let at = w.at(two);
    w.revoke("P.k", "T1.x", Some(at), &[]);
    assert_eq!(
        w.words(&[one, two, rival]),
        ["good", "waiting Fork", "waiting Cut"]
    );
}

#[test]
fn rule_10_a_receipt_after_the_one_it_cites_counts() {
    let mut w = World::new();
    w.open("T1.s");
    let note = w.note("T1.a", 3);
    let seen = w.receipt("P.w", 4, &[]);
    w.cite("C1.w", seen);
    w.receipt("C1.w", 6, &[note]);
    assert_eq!(w.authority().filed0(note), Some(6 * DAY));
    w.agree();
}

#[test]
fn rule_23_the_newest_of_two_cited_receipts_is_the_lower_bound() {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 0, 20);
    w.open("T1.s");
    let first = w.receipt("C1.w", 10, &[]);
    let second = w.receipt("C1.w", 21, &[]);
    w.cite("T1.x", first);
    let early = w.note("T1.x", 12);
    w.cite("T1.x", second);
    let late = w.note("T1.x", 12);
    w.cite("T1.x", first);
    let after = w.note("T1.x", 12);
    assert_eq!(
        w.words(&[early, late, after]),
        ["good", "void Interval", "void Interval"]
    );
    let window = w.authority().window(&w.facts[&late]);
    assert_eq!(window.lower, Some(21 * DAY));
}

#[test]
fn rule_24_a_claim_before_the_interval_waits_while_it_is_not_filed() {
    for (day, expected) in [
        (9, "waiting Window"),
        (10, "good"),
        (20, "good"),
        (21, "void Interval"),
    ] {
        let mut w = World::new();
        w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 10, 20);
        w.open("T1.s");
        let id = w.note("T1.x", day);
        assert_eq!(w.word(id), expected, "claimed on day {day}");
    }
}

#[test]
fn rule_26_the_latest_of_the_endorsements_below_dates_what_rests_on_them() {
    // The first note is healed late, the second early; the second rests on both.
    let (mut w, [one, two, _]) = noted();
    w.receipt("P.w", 6, &[one, two]);
    w.revoke("C1.k", "T1.x", None, &[]);
    w.endorse("P.k", "T1.x", one, 90);
    w.endorse("P.k", "T1.x", two, 40);
    w.agree();
    let filed = |w: &World, id| match w.state(id) {
        State::Good { filed } => filed,
        other => panic!("{other:?}"),
    };
    assert_eq!(filed(&w, two), Some(40 * DAY));
    assert_eq!(
        filed(&w, one),
        Some(40 * DAY),
        "the second reaches down to it"
    );
}

#[test]
fn rule_21_what_waits_for_its_chain_is_not_yet_void_for_what_it_says() {
    let mut w = World::new();
    let beyond = w.appoint("T1.z", "C1.k", Duty::Staff, &["SYS_ADM", "X_DEP"], 0, 31);
    assert_eq!(w.word(beyond), "void Scope");
    w.revoke("P.k", "C1.k", None, &[]);
    assert_eq!(w.word(beyond), "waiting Cut");
}

#[test]
fn r_11_an_administrator_stands_in_for_nobody() {
    let mut w = World::new();
    let plain = w.appoint("T1.z", "T1.k", Duty::Staff, &["SYS_ADM"], 0, 31);
    assert_eq!(w.word(plain), "good");
    let act = Appoint {
        acting: Some(Acting {
            person: w.person_of("T1.h"),
            condition: String::new(),
        }),
        ..appoint_of(&w, plain)
    };
    let id = w.reappoint("T1.z", "T1.k", act);
    assert_eq!(w.word(id), "void Scope");
}

#[test]
fn rule_22_a_bounded_keeper_confers_what_it_lists_and_no_keeper_without_a_list() {
    let mut w = World::new();
    w.appoint("C1.n", "P.k", Duty::Keeper, &["KEEPER", "X_DEP"], 0, ALWAYS);
    for (who, duty, roles, expected) in [
        ("T1.p", Duty::Staff, &["X_DEP"][..], "good"),
        ("T1.p", Duty::Staff, &[], "good"),
        ("T1.p", Duty::Staff, &["KEEPER"], "good"),
        ("T1.p", Duty::Staff, &["OFF_HEAD"], "void Scope"),
        ("T1.n", Duty::Keeper, &["KEEPER", "X_DEP"], "good"),
        ("T1.n", Duty::Keeper, &["KEEPER"], "void Scope"),
        ("T1.n", Duty::Keeper, &[], "void Scope"),
        ("T1.n", Duty::Keeper, &["KEEPER", "OFF_HEAD"], "void Scope"),
    ] {
        let id = w.appoint(who, "C1.n", duty, roles, 0, 31);
        assert_eq!(w.word(id), expected, "{duty:?} {roles:?}");
    }
}

fn lends(w: &mut World, by: &str, from: i64, ends: &[EnvelopeId], day: i64) -> EnvelopeId {
    let act = Entrust {
        office: office("T1"),
        actions: vec!["leave".to_owned()],
        from: from * DAY,
        to: 100 * DAY,
        document: String::new(),
        ends: (!ends.is_empty()).then(|| ends.to_vec()),
    };
    let draft = roster_of(w, "C1", day);
    w.sign(by, draft, act.into())
}

#[test]
fn r_30_an_end_names_the_entrustment_that_it_ends() {
    let mut w = World::new();
    let first = lends(&mut w, "C1.k", 10, &[], 9);
    let second = lends(&mut w, "C1.k", 10, &[], 9);
    lends(&mut w, "C1.k", 200, &[first], 50);
    let ends = |id| {
        let authority = w.authority();
        let mut all = authority.entrustments_of(office("T1"));
        all.find(|one| one.id == id).unwrap().ended
    };
    assert_eq!(ends(first), Some(200 * DAY));
    assert_eq!(ends(second), None);
}

#[test]
fn r_30_an_end_is_no_older_than_what_its_signer_had_seen() {
    let mut w = World::new();
    let first = lends(&mut w, "C1.k", 10, &[], 9);
    let seen = w.receipt("P.w", 50, &[]);
    w.cite("C1.k", seen);
    lends(&mut w, "C1.k", 20, &[first], 20);
    let authority = w.authority();
    let ended: Vec<_> = authority
        .entrustments_of(office("T1"))
        .map(|one| one.ended)
        .collect();
    assert!(ended.contains(&Some(50 * DAY)), "{ended:?}");
}

fn key(name: &str) -> PublicKey {
    PublicKey {
        suite: 1,
        key: sha256(&[b"key", name.as_bytes()]).to_vec(),
    }
}

fn next_root(keeper: &str, former: &str) -> Root {
    let statement = RootStatement {
        version: 2,
        keeper: key(keeper),
        former: vec![FormerKeeper {
            key: key(former),
            stays: Stays::All,
        }],
        ..RootStatement::single(office("P"), key("P.k"))
    };
    let mut signature = [0; 64];
    let by = key("P.k");
    let hash = sha256(&[&by.key, &statement.signed_bytes()]);
    signature[..32].copy_from_slice(&hash);
    Root {
        signatures: vec![RootSignature { key: by, signature }],
        statement,
    }
}

#[test]
fn r_4_staff_may_carry_a_root_statement_and_its_envelope_is_good() {
    let mut w = World::new();
    w.appoint("P.k2", "P.k", Duty::Keeper, &["KEEPER"], 0, ALWAYS);
    let draft = roster_of(&w, "P", 11);
    let root = next_root("P.k2", "P.k");
    let id = w.sign("T1.a", draft, root.clone().into());
    assert_eq!(w.word(id), "good");
    let authority = w.authority();
    assert_eq!(authority.root().version, 2);
    assert_eq!(authority.root_act(id), Some(&root));
    assert_eq!(authority.root_act(w.appointment_of("P.k2")), None);
}

#[test]
fn r_7_a_root_statement_introduces_the_keepers_that_it_names() {
    let mut w = World::new();
    let draft = roster_of(&w, "P", 11);
    let root = next_root("P.new", "P.old");
    let authors = [&root.statement.keeper, &root.statement.former[0].key]
        .map(|key| key.keeper_of(office("P")).author());
    assert!(
        authors
            .iter()
            .all(|author| w.authority().introduction(*author).is_none())
    );
    w.sign("P.k", draft, root.into());
    assert!(
        authors
            .iter()
            .all(|author| w.authority().introduction(*author).is_some())
    );
    assert!(w.authority().introduction(stranger("P.q", "P")).is_none());
}

#[test]
fn r_6_a_keeper_of_the_root_is_judged_by_nobody_and_bounded_by_no_appointment() {
    let mut w = World::new();
    w.appoint("P.k2", "P.k", Duty::Keeper, &["KEEPER", "X_DEP"], 0, ALWAYS);
    let draft = roster_of(&w, "P", 11);
    w.sign("P.k", draft, next_root("P.k2", "P.k").into());
    let by_former = w.appoint("P.p", "P.k", Duty::Staff, &["X_DEP"], 0, 31);
    let beyond = w.appoint("C1.p", "P.k2", Duty::Staff, &["OFF_HEAD"], 0, 31);
    assert_eq!(
        w.word(beyond),
        "good",
        "beyond what it was once appointed to"
    );
    w.revoke("P.k2", "P.k", None, &[]);
    assert_eq!(
        w.word(by_former),
        "good",
        "the statement says that all of it stays"
    );
    w.revoke("P.k", "P.k2", None, &[]);
    assert_eq!(w.word(beyond), "good");
}

#[test]
fn rule_24_only_a_keeper_of_the_root_founds_the_root_office() {
    let mut w = World::empty();
    w.found("P", None, 4);
    w.appoint("P.w", "P.k", Duty::Witness, &["NODE_WITNESS"], -20, ALWAYS);
    w.found("C1", Some("P"), 2);
    w.appoint("C1.k", "P.k", Duty::Keeper, &["KEEPER"], -20, ALWAYS);
    let act = Found {
        office: office("P"),
        parent: None,
        tier: 5,
        code: String::new(),
        name: "usurped".to_owned(),
        drill: 0,
        nonce: None,
    };
    let draft = Draft {
        day: -10,
        ..Draft::default()
    };
    let id = w.sign("C1.k", draft, act.into());
    w.receipt("P.w", -10, &[id]);
    assert_eq!(w.word(id), "good");
    let authority = w.authority();
    assert_eq!(
        authority.filed0(id),
        Some(-10 * DAY),
        "before the root's own"
    );
    assert_eq!(authority.offices().get(office("P")).unwrap().name, "P");
}

#[test]
fn rule_18_what_an_endorsed_branch_appoints_is_filed_no_earlier_than_the_endorsement() {
    let mut w = World::new();
    let mut rival = w.clone();
    let seat = w.appoint("T1.z", "C1.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    let other = rival.appoint("T1.q", "C1.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    w.heads.insert(other, rival.heads[&other].clone());
    w.open("T1.s");
    let note = w.note("T1.z", 10);
    w.receipt("C1.w", 12, &[note]);
    assert_eq!(w.state(seat), State::Waiting(Wait::Fork));
    assert_eq!(w.state(note), State::Waiting(Wait::Appointment));
    w.endorse("P.k", "C1.k", seat, 40);
    assert_eq!(w.state(seat), State::Good { filed: None });
    let filed = Some(40 * DAY);
    assert_eq!(w.state(note), State::Good { filed });
}
