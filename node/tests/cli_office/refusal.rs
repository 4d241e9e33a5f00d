//! A table of refusals: each has a status and a sentence with the rule and the value.

use crate::world::{PASSPHRASE, PROVINCE, World, names_in};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn odd_people_and_passphrases_make_no_directory() {
    let world = World::empty();
    let number = "9".repeat(40);
    let number = format!("{number},甲,staff,OFF_STAFF");
    let twice = ["T1,甲,staff,OFF_STAFF", "T1,乙,staff,OFF_STAFF"];
    let cases: [(&str, &[&str], i32, &str); 7] = [
        ("long number", &[&number], 65, "1 to 32 letters and digits"),
        ("odd number", &["../x,甲,staff,OFF_STAFF"], 65, "\"../x\""),
        ("no number", &[",甲,staff,OFF_STAFF"], 65, "staff number"),
        ("twice", &twice, 65, "T1 comes twice"),
        ("unknown role", &["T1,甲,staff,KING"], 65, "\"KING\""),
        (
            "role of a county",
            &["T1,甲,staff,CTY_HEAD"],
            65,
            "not at tier 1",
        ),
        ("no role", &["T1,甲,witness,"], 64, "witness"),
    ];
    for (case, people, status, words) in cases {
        let said = world.init("x", 1, people, &["--drill"]);
        said.refused(case, status, words);
    }
    let short = world.init_by("x", 1, &["T1,甲,staff,OFF_STAFF"], &["--drill"], "短口令");
    short.refused("short passphrase", 65, "8 to 256 characters, not 3");
    let said = world.init("x", 1, &["T1,甲,staff,OFF_STAFF"], &["--drill", "--root"]);
    said.refused("root without a keeper", 65, "must be its keeper");
    assert_eq!(names_in(&world.path("")), Vec::<String>::new());
}

#[test]
fn a_directory_is_made_once() {
    let world = World::asked();
    let before = world.read("c/office.json");
    let said = world.init("c", 1, &["T1,甲,staff,OFF_STAFF"], &["--drill"]);
    said.refused("exists", 73, "is an office already");
    assert_eq!(world.read("c/office.json"), before);
}

#[test]
fn only_a_keeper_with_the_right_passphrase_appoints_and_revokes() {
    let world = World::joined();
    let request = "t/request.json";
    let words = "must belong together";
    let said = world.appoint_by("c", "K1", request, "odd", "不是这个口令的");
    said.refused("wrong passphrase", 77, words);
    world
        .appoint_file("c", "NOBODY", request, "odd")
        .refused("unknown keeper", 77, words);
    let no_keeper = "only a keeper";
    world
        .appoint_file("c", "C1", request, "odd")
        .refused("no keeper", 77, no_keeper);
    world
        .revoke("c", "C1", "T1")
        .refused("no keeper", 77, no_keeper);
    let said = world.enrol(
        "c",
        "C1",
        "C9,甲,staff,CTY_CASE",
        ["不是这个口令的", PASSPHRASE],
    );
    said.refused("wrong passphrase of who enrols", 77, words);
    let said = world.enrol("c", "C1", "C9,甲,staff,CTY_CASE", [PASSPHRASE, "短"]);
    said.refused("short passphrase of the new one", 65, "8 to 256");
    let said = world.enrol("c", "C1", "C9,甲,staff,OFF_HEAD", [PASSPHRASE; 2]);
    said.refused("role of a township", 65, "not at tier 2");
    world
        .appoint_file("c", "K1", "none.json", "odd")
        .refused("no file", 66, "none.json");
    world
        .join("c", "none")
        .refused("no file", 66, "none.answer");
    world
        .init("new", 1, &["T1,甲,staff,OFF_STAFF"], &["--drill"])
        .done();
    world
        .run("new")
        .refused("not joined", 78, "has not joined yet");
}

#[test]
fn a_node_refuses_a_configuration_that_it_does_not_understand() {
    let world = World::asked();
    let sound = String::from_utf8(world.read("p/jiaolian.toml")).unwrap();
    let link = "[link]\nbind = \"127.0.0.1:0\"";
    let cases = [
        ("unknown key", format!("colour = 1\n{sound}"), "colour"),
        (
            "open to all",
            sound.replace(link, "[link]\nbind = \"0.0.0.0:0\""),
            "0.0.0.0",
        ),
        (
            "no drill said",
            sound.replace("demo = true", "demo = false"),
            "node.demo",
        ),
        (
            "wrong type",
            sound.replace("demo = true", "demo = 3"),
            "boolean",
        ),
        ("empty", String::new(), "missing field"),
        ("no TOML", "[[[".to_owned(), "jiaolian.toml:1"),
    ];
    for (case, text, words) in cases {
        assert_ne!(text, sound, "{case}");
        world.write("p/jiaolian.toml", text);
        world.run("p").refused(case, 78, words);
    }
    world.write("p/jiaolian.toml", &sound);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let at = sound.find("[http]\nbind = \"").unwrap() + 15;
    let end = at + sound[at..].find('"').unwrap();
    let busy = format!("{}{address}{}", &sound[..at], &sound[end..]);
    world.write("p/jiaolian.toml", busy);
    let said = world.run("p");
    // The log comes before the sentence here: links were open already.
    assert_eq!(said.status, 69, "{}", said.err);
    assert!(said.err.contains(&address), "{}", said.err);
    fs::remove_file(world.path("p/jiaolian.toml")).unwrap();
    world
        .run("p")
        .refused("no configuration", 78, "jiaolian.toml");
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let world = World::asked();
    let path = world.path("p/ops.key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    world.run("p").refused("open to others", 78, "ops.key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, [1; 7]).unwrap();
    world.run("p").refused("cut short", 78, "ops.key");
    let again = world.init("p", 4, &PROVINCE, &["--drill", "--root"]);
    again.refused("init over it", 73, "already");
}
