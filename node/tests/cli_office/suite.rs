//! Offices of either suite above and below one another, made, joined and run as an officer does it.

use crate::node::Node;
use crate::world::{COUNTY, PASSPHRASE, PROVINCE, TOWNSHIP, World, jiaolian};
use serde_json::{Value as Json, json};

fn seats(world: &World, name: &str) -> Vec<Json> {
    let request: Json =
        serde_json::from_slice(&world.read(&format!("{name}/request.json"))).unwrap();
    request["seats"].as_array().unwrap().clone()
}

/// A province on suite 1, a county on suite 2 with one officer on suite 1, a township on suite 1.
fn mixed() -> World {
    let world = World::empty();
    world.init("p", 4, &PROVINCE, &["--drill", "--root"]).done();
    world.appoint("p", "P1", "p").done();
    world.join("p", "p").done();
    world
        .init("c", 2, &COUNTY, &["--drill", "--suite", "2"])
        .done();
    let dir = world.text("c");
    let person = "C2,陈梅,staff,CTY_CASE";
    let mut words = vec!["enrol", "--json", "--passphrase-stdin", "--dir", &dir];
    words.extend(["--as", "K1", "--person", person, "--suite", "1"]);
    jiaolian(&words, &[PASSPHRASE; 2]).done();
    world.appoint("p", "P1", "c").done();
    world.join("c", "c").done();
    world.init("t", 1, &TOWNSHIP, &["--drill"]).done();
    world.appoint("c", "K1", "t").done();
    world.join("t", "t").done();
    world
}

#[test]
fn an_office_on_suite_two_stands_between_two_on_suite_one_and_opens_cases() {
    let world = mixed();
    let suites: Vec<_> = seats(&world, "c")
        .iter()
        .map(|seat| seat["suite"].clone())
        .collect();
    // The node, its witness and three people; one person more with a key of suite 1.
    assert_eq!(suites, [2, 2, 2, 2, 2, 1].map(Json::from));
    let county: Json = serde_json::from_slice(&world.read("c/office.json")).unwrap();
    assert_eq!(
        (&county["suite"], &county["root"]["suite"]),
        (&json!(2), &json!(1))
    );
    let town: Json = serde_json::from_slice(&world.read("t/office.json")).unwrap();
    assert_eq!(
        town["suite"],
        json!(null),
        "an office of suite 1 says nothing of it"
    );

    let node = Node::start(&world, "c");
    for (number, id) in [("C1", "431381790630002"), ("C2", "431381800101003")] {
        let cookie = node.sign_in(number);
        let (status, body) = node.open_case(&cookie, id);
        assert_eq!(status, 201, "{number}: {body}");
    }
    assert_eq!(node.stop(), 0);
    let again = Node::start(&world, "c");
    let cookie = again.sign_in("H1");
    let (status, _, cases) = again.ask("/api/v1/cases", &cookie, None);
    let cases: Json = serde_json::from_str(&cases).unwrap();
    assert_eq!((status, &cases["total"]), (200, &json!(2)), "{cases}");
    assert_eq!(again.stop(), 0);
}

#[test]
fn a_suite_that_is_not_known_is_refused_by_its_number() {
    let world = World::empty();
    let said = world.init("p", 4, &PROVINCE, &["--root", "--suite", "99"]);
    assert!(
        said.err.contains("a suite is 1 (Ed25519) or 2"),
        "{}",
        said.err
    );
    assert!(!world.path("p").exists());

    world
        .init("p", 4, &PROVINCE, &["--root", "--suite", "2"])
        .done();
    let sound = String::from_utf8(world.read("p/office.json")).unwrap();
    world.write(
        "p/office.json",
        sound.replace("\"suite\": 2", "\"suite\": 99"),
    );
    world
        .run("p")
        .refused("a later build's office", 78, "`suite` = 99");
    // The disk was sealed in suite 2: nothing of it opens in suite 1.
    world.write(
        "p/office.json",
        sound.replacen("\"suite\": 2,", "\"suite\": 1,", 1),
    );
    let other = world.run("p");
    assert_eq!(other.status, 78, "{}", other.err);
    world.write("p/office.json", &sound);
    world.appoint("p", "P1", "p").done();
}

#[test]
fn a_seat_of_suite_two_names_a_point_of_its_curve() {
    let world = World::empty();
    world.init("p", 4, &PROVINCE, &["--drill", "--root"]).done();
    world.appoint("p", "P1", "p").done();
    world.join("p", "p").done();
    world
        .init("c", 2, &COUNTY, &["--drill", "--suite", "2"])
        .done();
    let sound: Json = serde_json::from_slice(&world.read("c/request.json")).unwrap();
    let key = sound["seats"][3]["key"].as_str().unwrap();
    let off = format!(
        "{}{}",
        &key[..128],
        if key.ends_with("00") { "01" } else { "00" }
    );
    let compressed = format!("02{}", &key[2..66]);
    for (case, odd) in [("off the curve", &off), ("compressed", &compressed)] {
        let mut request = sound.clone();
        request["seats"][3]["key"] = json!(odd);
        world.write("odd.json", request.to_string());
        let said = world.appoint_file("p", "P1", "odd.json", "odd");
        said.refused(case, 65, "a point on the SM2 curve");
    }
    let mut crossed = sound.clone();
    crossed["seats"][3]["suite"] = json!(1);
    world.write("odd.json", crossed.to_string());
    let said = world.appoint_file("p", "P1", "odd.json", "odd");
    said.refused("suite 1 with a key of suite 2", 65, "64 hexadecimal digits");
}
