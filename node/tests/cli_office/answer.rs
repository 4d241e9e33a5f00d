//! Answers that were damaged, mistaken or forged on their way: refused whole, and the right one still
//! works afterwards as if nothing had been.

use crate::world::{PASSPHRASE, PROVINCE, World};
use jiaolian_node::request::Answer;
use jiaolian_schema::id::OfficeId;
use serde_json::Value as Json;

/// Refuses a file, and nothing of it stays.
#[track_caller]
fn refused(world: &World, case: &str, bytes: &[u8], words: &str) {
    let before = world.read("c/office.json");
    world.write("odd.answer", bytes);
    world.join("c", "odd").refused(case, 65, words);
    assert_eq!(world.read("c/office.json"), before, "{case}");
}

/// The right answer is stored whole: nothing of the refused ones was there.
#[track_caller]
fn right_one_works(world: &World) {
    let whole = Answer::parse(&world.read("c.answer")).unwrap();
    let joined = world.join("c", "c").done();
    assert_eq!(joined["known"], 0, "{joined}");
    assert_eq!(joined["stored"], whole.envelopes.len(), "{joined}");
    assert_eq!(world.status("c")["joined"], true);
}

#[test]
fn a_damaged_answer_is_refused_whole_wherever_the_damage_is() {
    let world = World::asked();
    world.appoint("p", "P1", "c").done();
    let whole = world.read("c.answer");
    for at in (0..whole.len()).step_by(10) {
        let mut odd = whole.clone();
        odd[at] ^= 1 << (at % 8);
        refused(&world, &format!("byte {at}"), &odd, "");
    }
    for length in (0..whole.len()).step_by(101) {
        refused(&world, &format!("{length} bytes"), &whole[..length], "");
    }
    right_one_works(&world);
}

type Change = &'static dyn Fn(&mut Answer);

#[test]
fn an_answer_changed_on_purpose_is_refused_by_signatures_and_roster() {
    let world = World::asked();
    world.appoint("p", "P1", "c").done();
    let whole = Answer::parse(&world.read("c.answer")).unwrap();
    let changed = |change: &dyn Fn(&mut Answer)| {
        let mut odd = whole.clone();
        change(&mut odd);
        odd.to_bytes()
    };
    let cases: [(&str, Change, &str); 8] = [
        ("office", &|a| a.office = OfficeId([7; 16]), "is for office"),
        ("drill", &|a| a.drill = 0, "never join"),
        ("superior", &|a| a.superior = [9; 32], "its roster does not"),
        (
            "address",
            &|a| a.addresses = vec!["somewhere".into()],
            "ip:port",
        ),
        ("root", &|a| a.root_key = vec![3; 32], ""),
        ("nothing inside", &|a| a.envelopes.clear(), "is for office"),
        (
            "signature",
            &|a| a.envelopes[1].signature[5] ^= 1,
            "is refused",
        ),
        ("first lacking", &|a| drop(a.envelopes.remove(0)), ""),
    ];
    for (case, change, words) in cases {
        refused(&world, case, &changed(change), words);
    }
    for at in 0..whole.envelopes.len() {
        let flip = |a: &mut Answer| a.envelopes[at].body.as_mut().unwrap()[30] ^= 4;
        refused(&world, &format!("body {at}"), &changed(&flip), "");
    }
    right_one_works(&world);
}

#[test]
fn an_answer_for_other_keys_another_office_or_of_another_root_is_refused() {
    let world = World::asked();
    // The node's keys were made anew after the request had gone.
    let mut older: Json = serde_json::from_slice(&world.read("c/request.json")).unwrap();
    let keys = [0, 1].map(|seat| older["seats"][seat]["key"].clone());
    for (seat, key) in [1, 0].into_iter().zip(keys) {
        older["seats"][seat]["key"] = key;
    }
    world.write("older.json", older.to_string());
    world.appoint_file("p", "P1", "older.json", "older").done();
    refused(&world, "older", &world.read("older.answer"), "other keys");
    refused(
        &world,
        "another office",
        &world.read("p.answer"),
        "is for office",
    );

    world.init("q", 4, &PROVINCE, &["--drill", "--root"]).done();
    world.appoint("q", "P1", "q").done();
    world.join("q", "q").done();
    world
        .appoint_file("q", "P1", "c/request.json", "foreign")
        .done();
    world.appoint("p", "P1", "c").done();
    world.join("c", "c").done();
    refused(
        &world,
        "another root",
        &world.read("foreign.answer"),
        "trusts the root",
    );
}

#[test]
fn an_answer_made_before_the_newest_person_still_joins_and_the_next_adds_the_rest() {
    let world = World::asked();
    world.appoint("p", "P1", "c").done();
    let person = "C2,孙丽,staff,CTY_REVIEW";
    world.enrol("c", "C1", person, [PASSPHRASE; 2]).done();
    world.join("c", "c").done();
    world.appoint("p", "P1", "c").done();
    assert_eq!(world.join("c", "c").done()["stored"], 1);
}
