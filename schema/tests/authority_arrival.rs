//! What comes last changes what was made of all before: one arrival for each short cut that a node's
//! memory takes, held against a node that got everything at once.

#![allow(clippy::unwrap_used)]

#[path = "world/town.rs"]
mod town;

use jiaolian_schema::act::{
    Act, FormerKeeper, Found, PublicKey, Receipt, Root, RootSignature, RootStatement, Stays,
};
use jiaolian_schema::authority::{Authority, PathState, State};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{EnvelopeId, sha256};
use town::{DAY, Draft, World, office};

const ALWAYS: i64 = 100_000;

/// T1's officer x with three notes.
fn noted() -> (World, [EnvelopeId; 3]) {
    let mut w = World::new();
    w.appoint("T1.x", "T1.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    w.open("T1.s");
    let notes = [3, 4, 5].map(|day| w.note("T1.x", day));
    (w, notes)
}

/// A node that got these envelopes after all others, one after the other; its memory is that of one
/// that got everything at once.
fn with_last(w: &World, last: &[EnvelopeId]) -> Authority {
    let mut authority = without(w, last);
    for id in last {
        authority.add_head(*id, &w.heads[id]);
        authority.add_fact(&w.facts[id]);
    }
    same(w, &authority);
    authority
}

fn without(w: &World, last: &[EnvelopeId]) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    let heads = w.heads.iter().filter(|(id, _)| !last.contains(id));
    let facts = w.facts.values().filter(|fact| !last.contains(&fact.id));
    authority.extend(heads.map(|(id, head)| (*id, head)), facts);
    authority
}

fn same(w: &World, slow: &Authority) {
    assert!(
        format!("{slow:?}") == format!("{:?}", w.authority()),
        "the memories differ"
    );
}

#[test]
fn an_earlier_receipt_that_comes_later_files_and_covers_earlier() {
    let (mut w, [one, two, _]) = noted();
    let early = w.receipt("C1.w", 6, &[two]);
    w.receipt("P.w", 9, &[two]);
    let authority = with_last(&w, &[early]);
    assert_eq!(authority.filed0(two), Some(6 * DAY));
    assert_eq!(authority.covered(one), Some(6 * DAY));
}

#[test]
fn a_receipt_whose_body_comes_after_a_later_ones_counts() {
    let (mut w, [_, two, _]) = noted();
    let first = w.receipt("C1.w", 6, &[two]);
    // In another roster, so that it is complete without the first one.
    let draft = Draft {
        dossier: Some(w.roster("C2")),
        ..Draft::default()
    };
    w.sign_receipt("C1.w", draft, &Receipt::new(1, 9 * DAY, Vec::new()));
    let authority = with_body_last(&w, first);
    assert_eq!(authority.filed0(two), Some(6 * DAY));
}

#[test]
fn a_receipt_that_counts_only_when_another_is_here_moves_whoever_cites_it() {
    let (mut w, _) = noted();
    let first = w.appointment_of("C1.a");
    let draft = Draft {
        dossier: Some(w.roster("C1")),
        deps: vec![first],
        ..Draft::default()
    };
    let seen = w.sign_receipt("C1.w", draft, &Receipt::new(1, 9 * DAY, Vec::new()));
    w.cite("T1.x", seen);
    let note = w.note("T1.x", 5);
    let authority = with_body_last(&w, first);
    assert_eq!(authority.window(&w.facts[&note]).lower, Some(9 * DAY));
}

/// As `with_last`, but all heads are here and one body is not.
fn with_body_last(w: &World, last: EnvelopeId) -> Authority {
    let mut authority = Authority::new(w.root.clone());
    authority.extend(
        w.heads.iter().map(|(id, head)| (*id, head)),
        w.facts.values().filter(|fact| fact.id != last),
    );
    authority.add_fact(&w.facts[&last]);
    same(w, &authority);
    authority
}

#[test]
fn rule_18_a_head_that_comes_last_on_a_frozen_branch_waits_to_be_covered() {
    let (mut w, [one, two, three]) = noted();
    w.note_after("T1.x", 12, 1, Some(one));
    w.receipt("C1.w", 6, &[two]);
    let authority = with_last(&w, &[three]);
    assert_eq!(authority.path_state(two), PathState::Good);
    assert_eq!(authority.path_state(three), PathState::Fork);
}

#[test]
fn rule_10_a_cited_receipt_bounds_whoever_cites_it_though_it_is_void() {
    let (mut w, [_, two, _]) = noted();
    w.appoint("P.v", "P.k", Duty::Witness, &["NODE_WITNESS"], 0, 8);
    let void = w.receipt("P.v", 9, &[]);
    w.cite("C1.w", void);
    w.receipt("C1.w", 6, &[two]);
    assert_eq!(w.word(void), "void Interval");
    assert_eq!(without(&w, &[void]).filed0(two), Some(6 * DAY));
    assert_eq!(with_last(&w, &[void]).filed0(two), None);
}

#[test]
fn a_receipt_that_comes_last_moves_the_window_of_whoever_cites_it() {
    let (mut w, _) = noted();
    let seen = w.receipt("C1.w", 9, &[]);
    w.cite("T1.x", seen);
    let note = w.note("T1.x", 5);
    let authority = with_last(&w, &[seen]);
    assert_eq!(authority.window(&w.facts[&note]).lower, Some(9 * DAY));
}

#[test]
fn a_receipt_over_a_keepers_act_that_comes_last_dates_what_rests_on_it() {
    let (mut w, [one, ..]) = noted();
    w.receipt("C1.w", 6, &[one]);
    w.revoke("T1.k", "T1.x", None, &[]);
    let endorse = w.endorse("C1.k", "T1.x", one, 30);
    let filed = w.receipt("P.w", 40, &[endorse]);
    let state = |authority: &Authority| authority.state(&w.facts[&one], true);
    assert_eq!(state(&without(&w, &[filed])), State::Good { filed: None });
    let filed_at = Some(40 * DAY);
    assert_eq!(
        state(&with_last(&w, &[filed])),
        State::Good { filed: filed_at }
    );
}

#[test]
fn rule_18_a_receipt_that_comes_last_settles_a_fork() {
    let (mut w, [one, two, _]) = noted();
    let rival = w.note_after("T1.x", 12, 1, Some(one));
    let covered = w.receipt("C1.w", 6, &[rival]);
    assert_eq!(without(&w, &[covered]).path_state(rival), PathState::Fork);
    let authority = with_last(&w, &[covered]);
    assert_eq!(authority.path_state(rival), PathState::Good);
    assert_eq!(authority.path_state(two), PathState::Fork);
}

#[test]
fn rule_18_of_two_covered_branches_the_one_covered_first_stands_and_only_it_goes_on() {
    for swapped in [false, true] {
        let (mut w, [one, two, three]) = noted();
        let rival = w.note_after("T1.x", 12, 1, Some(one));
        let last = w.note_after("T1.x", 13, 2, Some(rival));
        let mut branches = [(two, three), (rival, last)];
        if swapped {
            branches.reverse();
        }
        let [(first, above), (second, above_second)] = branches;
        w.receipt("C1.w", 6, &[first]);
        w.receipt("P.w", 9, &[above_second]);
        let authority = with_last(&w, &[above]);
        let state = |id| authority.path_state(id);
        assert_eq!(
            (state(first), state(second)),
            (PathState::Good, PathState::Fork)
        );
        // Above it, the branch that stands is not covered, and the covered one hangs elsewhere.
        assert_eq!(
            (state(above), state(above_second)),
            (PathState::Fork, PathState::Fork)
        );
    }
}

#[test]
fn a_head_that_lies_about_its_position_lengthens_nothing() {
    let (mut w, [_, _, three]) = noted();
    let lying = w.note_after("T1.x", 12, 5, Some(three));
    assert_eq!(w.heads[&lying].n, 6);
    let authority = with_last(&w, &[lying]);
    assert_eq!(authority.path_state(lying), PathState::Gap);
    assert_eq!(authority.chain_tip(w.author("T1.x")).unwrap().id, three);
}

#[test]
fn rule_26_a_later_endorsement_below_is_not_undone_by_an_earlier_one_above() {
    let (mut w, [one, two, _]) = noted();
    w.receipt("P.w", 6, &[one, two]);
    w.revoke("T1.k", "T1.x", None, &[]);
    w.endorse("P.k", "T1.x", one, 90);
    let of_county = w.endorse("C1.k", "T1.x", two, 30);
    w.receipt("P.w", 40, &[of_county]);
    w.agree();
    let filed = Some(90 * DAY);
    assert_eq!(w.state(one), State::Good { filed });
    assert_eq!(w.state(two), State::Good { filed }, "it hangs on the first");
}

#[test]
fn rule_21_an_envelope_that_names_what_lies_in_another_dossier_waits_in_any_order() {
    let (mut w, _) = noted();
    let elsewhere = w.appointment_of("T1.x");
    let draft = Draft {
        dossier: w.case,
        deps: vec![elsewhere],
        ..Draft::default()
    };
    let act = jiaolian_schema::act::Amend {
        field: "term".to_owned(),
        replaces: Vec::new(),
        value: b"A".to_vec(),
    };
    let id = w.sign("T1.a", draft, act.into());
    for last in [id, elsewhere] {
        let mut authority = without(&w, &[last]);
        authority.add_head(last, &w.heads[&last]);
        authority.add_fact(&w.facts[&last]);
        assert!(!authority.is_complete(id) && authority.is_complete(elsewhere));
    }
}

#[test]
fn the_foundings_that_come_last_move_everybody_whom_they_concern() {
    let (mut w, [_, two, three]) = noted();
    w.receipt("C1.w", 6, &[two]);
    w.receipt("P.w", 9, &[three]);
    let of_the_root = EnvelopeId::from(w.roster("P"));
    let authority = with_last(&w, &[of_the_root]);
    assert_eq!(authority.filed0(two), Some(6 * DAY));
    assert_eq!(
        authority.filed0(three),
        Some(9 * DAY),
        "by a witness of the root office"
    );
    // Another county founded T1 as well, and that was filed first.
    let act = Found {
        office: office("T1"),
        parent: Some(office("C2")),
        tier: 1,
        code: String::new(),
        name: "T1".to_owned(),
        drill: 0,
        nonce: None,
    };
    let rival = w.sign("C2.k", Draft::default(), act.into());
    let filed = w.receipt("P.w", 10, &[rival]);
    let authority = with_last(&w, &[rival, filed]);
    assert_eq!(
        authority.offices().get(office("T1")).unwrap().parent,
        Some(office("C2"))
    );
    assert_eq!(authority.filed0(two), None, "C1 stands over it no more");
}

#[test]
fn the_founding_of_the_root_that_comes_last_moves_those_who_sit_there() {
    let mut w = World::empty();
    w.found("C1", Some("P"), 2);
    w.appoint("P.w", "P.k", Duty::Witness, &["NODE_WITNESS"], 0, ALWAYS);
    w.appoint("C1.a", "P.k", Duty::Staff, &["X_DEP"], 0, ALWAYS);
    w.open("C1.a");
    let note = w.note("C1.a", 3);
    w.receipt("P.w", 9, &[note]);
    let found = w.found("P", None, 4);
    assert_eq!(without(&w, &[found]).filed0(note), None);
    assert_eq!(with_last(&w, &[found]).filed0(note), Some(9 * DAY));
}

#[test]
fn r_5_a_former_keepers_next_head_is_cut_when_it_comes() {
    let mut w = World::new();
    w.appoint("P.k2", "P.k", Duty::Keeper, &["KEEPER"], 0, ALWAYS);
    let key = |name: &str| PublicKey {
        suite: 1,
        key: sha256(&[b"key", name.as_bytes()]).to_vec(),
    };
    let statement = RootStatement {
        version: 2,
        keeper: key("P.k2"),
        former: vec![FormerKeeper {
            key: key("P.k"),
            stays: Stays::UpTo(w.at(w.appointment_of("P.k2"))),
        }],
        ..RootStatement::single(office("P"), key("P.k"))
    };
    let root: Act = Root {
        statement,
        signatures: vec![RootSignature {
            key: key("P.k"),
            signature: [0; 64],
        }],
    }
    .into();
    let draft = Draft {
        dossier: Some(w.roster("P")),
        ..Draft::default()
    };
    w.sign("T1.a", draft, root);
    let late = w.appoint("P.q", "P.k", Duty::Staff, &["X_DEP"], 0, 31);
    assert_eq!(with_last(&w, &[late]).path_state(late), PathState::Cut);
}
