//! Requests come from other hands: what is odd or asks for too much is refused before anything is
//! signed.

use crate::world::{PROVINCE, World};
use serde_json::{Value as Json, json};

#[test]
fn an_odd_request_is_refused_before_anything_is_signed() {
    let world = World::asked();
    let sound: Json = serde_json::from_slice(&world.read("c/request.json")).unwrap();
    let long = "长".repeat(100_000);
    // Seats: 0 the node, 1 its witness, 2 the keeper, 3 and 4 staff.
    let cases: [(&str, Json, &str); 21] = [
        ("/more", json!(1), "unknown field"),
        ("/form", json!("jiaolian-request/9"), "form"),
        ("/office", json!("xyz"), "32 hexadecimal digits"),
        ("/tier", json!(9), "not 9"),
        ("/tier", json!(-1), "-1"),
        ("/tier", json!(5), ""),
        ("/name", json!("甲\u{7}乙"), "control characters"),
        ("/name", json!(long), "1 to 100"),
        ("/code", json!("../.."), "letters and digits"),
        ("/seats/3/name", json!("王\u{1b}[2J"), "control characters"),
        ("/seats/3/name", json!(long), "1 to 110"),
        ("/seats/3/key", json!("zz"), "64 hexadecimal digits"),
        ("/seats/3/person", json!("zz"), "32 hexadecimal digits"),
        ("/seats/3/suite", json!(99), "Ed25519"),
        (
            "/seats/3/key",
            sound["seats"][4]["key"].clone(),
            "another seat",
        ),
        ("/seats/3/staff_number", json!("H1"), "another seat"),
        ("/seats/3/roles", json!(["KING"]), "no role \"KING\""),
        ("/seats/3/roles", json!(["OFF_HEAD"]), "not at tier 2"),
        ("/seats/3/roles", json!(["KEEPER"]), "another duty"),
        ("/seats/3/duty", json!("witness"), "another duty"),
        (
            "/seats/3/endpoint",
            sound["seats"][3]["key"].clone(),
            "transport key",
        ),
    ];
    for (place, value, words) in cases {
        let mut odd = sound.clone();
        match odd.pointer_mut(place) {
            Some(field) => *field = value,
            None => odd["more"] = value,
        }
        world.write("odd.json", odd.to_string());
        let said = world.appoint_file("p", "P1", "odd.json", "odd");
        said.refused(place, 65, words);
    }
    for (case, bytes, words) in [
        ("10 MB", vec![b' '; 10_000_000], "more than"),
        ("not UTF-8", vec![0xff; 10], "UTF-8"),
        ("empty", Vec::new(), "no request file"),
        ("deep", vec![b'['; 100_000], "no request file"),
    ] {
        world.write("odd.json", bytes);
        let said = world.appoint_file("p", "P1", "odd.json", "odd");
        said.refused(case, 65, words);
    }
    assert!(!world.path("odd.answer").exists());
    // The office, the node's two keys and three people: nothing was signed before.
    assert_eq!(world.appoint("p", "P1", "c").done()["signed"], 6);
}

#[test]
fn an_office_asks_for_no_more_than_its_place() {
    let world = World::joined();
    let mut higher: Json = serde_json::from_slice(&world.read("c/request.json")).unwrap();
    higher["tier"] = json!(3);
    for seat in [3, 4] {
        higher["seats"][seat]["roles"] = json!([]);
    }
    world.write("odd.json", higher.to_string());
    let said = world.appoint_file("p", "P1", "odd.json", "odd");
    said.refused("a county as a city", 65, "keeps its tier");
    let said = world.appoint_file("c", "K1", "p/request.json", "odd");
    said.refused("a province under a county", 65, "higher tier");
    let mut township: Json = serde_json::from_slice(&world.read("t/request.json")).unwrap();
    township["tier"] = json!(5);
    world.write("odd.json", township.to_string());
    let said = world.appoint_file("c", "K1", "odd.json", "odd");
    said.refused("a township as the ministry", 65, "");
}

#[test]
fn a_drill_and_a_live_office_never_join() {
    let world = World::asked();
    world.init("live", 4, &PROVINCE, &["--root"]).done();
    world
        .init("live_c", 2, &["K1,李卫东,keeper,KEEPER"], &[])
        .done();
    let words = "never join";
    let said = world.appoint("live", "P1", "c");
    said.refused("a drill at a live office", 65, words);
    let said = world.appoint("p", "P1", "live_c");
    said.refused("a live office at a drill", 65, words);
}
