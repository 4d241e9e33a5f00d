//! What is not signed: by the wrong key, outside an appointment, with a clock that lies, from a
//! disk that is too old.

use crate::world::{C, DAY, START, T1, World, signer};
use jiaolian_schema::act::Amend;
use jiaolian_schema::content::{Content, ContentKind, EditCommand};
use jiaolian_sync::{Draft, Payload, SignError};

#[test]
fn a_key_that_is_not_the_authors_signs_nothing() {
    let mut world = World::new();
    let seat = world.seats["t1-head"];
    let draft = Draft {
        dossier: None,
        payload: Payload::Edit(Vec::new()),
    };
    let refused = world
        .replica(T1)
        .sign(&signer("t1-officer"), seat, draft, START, [0; 16]);
    assert_eq!(refused, Err(SignError::OtherKey(seat.author)));
}

#[test]
fn outside_the_appointment_nothing_is_signed() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.now = START + 701 * DAY;
    let amend = Amend {
        field: "term".to_owned(),
        replaces: Vec::new(),
        value: vec![1],
    };
    let refused = world.act(T1, "t1-officer", Some(case), amend.into());
    assert!(
        matches!(refused, Err(SignError::OutsideInterval { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_clock_before_the_newest_receipt_signs_nothing() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    world.net.now = START;
    let amend = Amend {
        field: "term".to_owned(),
        replaces: Vec::new(),
        value: vec![1],
    };
    let refused = world.act(T1, "t1-officer", Some(case), amend.into());
    assert!(
        matches!(refused, Err(SignError::ClockBehind { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_disk_older_than_the_chain_signs_nothing() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    world.net.rest();
    let old = world.image(T1);
    world.amend(T1, "t1-officer", case, "term", b"x");
    world.net.rest();
    world.put_back(T1, old);
    world.net.heal(C, T1);
    world.net.rest();
    let amend = Amend {
        field: "term".to_owned(),
        replaces: Vec::new(),
        value: vec![1],
    };
    let refused = world.act(T1, "t1-officer", Some(case), amend.into());
    assert_eq!(refused, Err(SignError::RolledBack { tip: 1, known: 2 }));
}

#[test]
fn one_without_the_capacity_signs_no_decision() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let matter = world.apply(T1, "t1-officer", case);
    let refused = world.step(T1, "t1-officer", case, matter, "approve");
    assert!(
        matches!(refused, Err(SignError::NoEffect(_))),
        "{refused:?}"
    );
    world.step(T1, "t1-head", case, matter, "approve").unwrap();
    let late = world.step(T1, "t1-deputy", case, matter, "refuse");
    assert!(matches!(late, Err(SignError::NoEffect(_))), "{late:?}");
}

#[test]
fn without_word_from_above_decisions_wait_and_records_go_on() {
    let mut world = World::new();
    world.link_all();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let matter = world.apply(T1, "t1-officer", case);
    world.net.rest();
    world.net.cut(C, T1);
    world.net.tick(8 * DAY);
    let refused = world.step(T1, "t1-head", case, matter, "approve");
    assert!(
        matches!(
            refused,
            Err(SignError::Stale {
                days: 7 | 8,
                limit: 7
            })
        ),
        "{refused:?}"
    );
    world.amend(T1, "t1-officer", case, "term", b"recorded");
    world.net.heal(C, T1);
    world.net.rest();
    world.step(T1, "t1-head", case, matter, "approve").unwrap();
}

#[test]
fn an_edit_that_automerge_must_not_see_is_not_signed_and_a_true_one_travels() {
    let mut world = World::new();
    let case = world.open(T1, "t1-officer", "t1", 1, false);
    let refused = world.sign(T1, "t1-officer", Some(case), Payload::Edit(vec![1, 2, 3]));
    assert!(
        matches!(&refused, Err(SignError::Refused(why)) if why.contains("Automerge")),
        "{refused:?}"
    );
    let content = Content::genesis(ContentKind::Case);
    let command = EditCommand::Text {
        name: "plan",
        base: &content.heads(),
        text: "每月走访一次",
    };
    let author = world.seats["t1-officer"].author;
    let change = content.edit(&author.0, START, command).unwrap();
    world
        .sign(T1, "t1-officer", Some(case), Payload::Edit(change))
        .unwrap();
    world.link_all();
    world.net.rest();
    assert_eq!(world.replica(C).facts(case).unwrap().len(), 2);
}
