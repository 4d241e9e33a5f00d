//! Keys that change hands: who left reads nothing new, two people who hold a half each let an office in
//! again, and what comes back from a backup signs with new keys only.

use crate::node::Node;
use crate::world::{PASSPHRASE, Said, World, jiaolian};
use serde_json::{Value as Json, json};
use std::fs;

const HOLDERS: [&str; 2] = ["甲保管人自己的口令", "乙保管人自己的口令"];
const BACKUP_WORDS: &str = "备份口令要另外保管";
const NEW_WORDS: &str = "重新任命后的新口令";
const C1: &str = "C1,王秀英,staff,CTY_CASE";

/// A command on a directory of the world, with passphrases on lines.
fn on(world: &World, dir: &str, words: &[&str], lines: &[&str]) -> Said {
    let dir = world.text(dir);
    let mut arguments = words.to_vec();
    arguments.extend(["--json", "--passphrase-stdin", "--dir", &dir]);
    jiaolian(&arguments, lines)
}

/// A county with a case in it.
fn with_case() -> World {
    let world = World::joined();
    let node = Node::start(&world, "c");
    let (status, body) = node.open_case(&node.sign_in("C1"), "431381790630002");
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);
    world
}

fn sign_in(node: &Node, number: &str, words: &str) -> (u16, String) {
    let form = json!({ "staff_number": number, "passphrase": words });
    let (status, head, body) = node.ask("/api/v1/session", "", Some(&form));
    let cookie = head
        .lines()
        .find(|line| line.to_lowercase().starts_with("set-cookie:"));
    let cookie = cookie.and_then(|line| line.split_once(':')?.1.split(';').next());
    (status, cookie.unwrap_or(&body).trim().to_owned())
}

/// Names of the cases that somebody is shown.
fn cases(node: &Node, cookie: &str) -> Vec<String> {
    let (status, _, body) = node.ask("/api/v1/cases", cookie, None);
    assert_eq!(status, 200, "{body}");
    let page: Json = serde_json::from_str(&body).unwrap();
    let name = |row: &Json| row["name"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn whoever_leaves_is_given_no_later_epoch_and_whoever_stays_needs_no_new_passphrase() {
    let world = with_case();
    let rotate = |more: &[&str], words: &str| {
        let words_of = [&["rotate"], more].concat();
        on(&world, "c", &words_of, &[words])
    };
    rotate(&["--as", "C1"], "不是这个口令啊").refused("wrong words", 77, "belong together");
    rotate(&["--as", "C1", "--remove", "X9"], PASSPHRASE).refused("nobody", 65, "X9");
    rotate(&["--as", "C1", "--remove", "C1"], PASSPHRASE).refused("oneself", 65, "own ring");
    let turned = rotate(&["--as", "C1", "--remove", "H1"], PASSPHRASE).done();
    assert_eq!(
        (&turned["epoch"], &turned["whole"]),
        (&json!(2), &json!(true)),
        "{turned}"
    );
    assert_eq!(rotate(&["--as", "K1"], PASSPHRASE).done()["epoch"], 3);

    let node = Node::start(&world, "c");
    assert_eq!(sign_in(&node, "H1", PASSPHRASE).0, 401);
    let cookie = node.sign_in("C1");
    assert_eq!(cases(&node, &cookie), ["赵六"]);
    let (status, body) = node.open_case(&cookie, "431381800101001");
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);
}

#[test]
fn a_revoked_officers_ring_goes_by_itself_when_the_next_one_signs_in() {
    let world = with_case();
    world.revoke("p", "P1", "H1").done();
    world.appoint("p", "P1", "c").done();
    world.join("c", "c").done();
    let node = Node::start(&world, "c");
    assert_eq!(cases(&node, &node.sign_in("C1")), ["赵六"]);
    assert_eq!(node.stop(), 0);
    let again = on(
        &world,
        "c",
        &["rotate", "--as", "C1", "--remove", "H1"],
        &[PASSPHRASE],
    );
    again.refused("gone already", 65, "H1");
    assert_eq!(
        on(&world, "c", &["rotate", "--as", "C1"], &[PASSPHRASE]).done()["epoch"],
        3
    );
}

#[test]
fn two_people_with_a_half_each_let_an_office_in_again_and_neither_alone() {
    let world = with_case();
    let [one, two] = ["one.half", "two.half"].map(|name| world.text(name));
    let new = [
        "recover",
        "new",
        "--json",
        "--drill",
        "--passphrase-stdin",
        "--out",
        &one,
        &two,
    ];
    jiaolian(&new, &[HOLDERS[0], HOLDERS[0]]).refused("one holder", 65, "of the own");
    jiaolian(&new, &[HOLDERS[0], "短"]).refused("a short one", 65, "8 to 256");
    jiaolian(&new, &HOLDERS).done();
    jiaolian(&new, &HOLDERS).refused("made twice", 73, "one.half");
    let trust = ["recover", "trust", "--as", "C1", "--half", &one];
    on(&world, "c", &trust, &[PASSPHRASE]).done();
    // Later epochs are left for the key too, without its holders.
    on(&world, "c", &["rotate", "--as", "C1"], &[PASSPHRASE]).done();

    let open = |halves: [&str; 2], lines: &[&str]| {
        let words = [
            "recover", "open", "--person", C1, "--half", halves[0], halves[1],
        ];
        on(&world, "c", &words, lines)
    };
    let all = [HOLDERS[0], HOLDERS[1], NEW_WORDS];
    open([&one, &one], &[HOLDERS[0], HOLDERS[0], NEW_WORDS]).refused(
        "one twice",
        65,
        "half 1 and half 2",
    );
    open([&one, &two], &[HOLDERS[0], HOLDERS[0], NEW_WORDS]).refused("one's words", 77, "half 2");
    let no_copy = on(
        &world,
        "t",
        &[
            "recover",
            "open",
            "--person",
            "T1,刘建国,staff,OFF_STAFF",
            "--half",
            &one,
            &two,
        ],
        &all,
    );
    no_copy.refused("no copy", 65, "no copy");
    assert_eq!(open([&one, &two], &all).done()["enrolled"], 1);

    // The old key is not the new one: the province appoints it anew.
    let node = Node::start(&world, "c");
    assert_eq!(sign_in(&node, "C1", PASSPHRASE).0, 401);
    assert_eq!(node.stop(), 0);
    assert_eq!(world.appoint("p", "P1", "c").done()["signed"], 1);
    world.join("c", "c").done();
    let node = Node::start(&world, "c");
    let (status, cookie) = sign_in(&node, "C1", NEW_WORDS);
    assert_eq!(status, 201, "{cookie}");
    assert_eq!(cases(&node, &cookie), ["赵六"]);
    assert_eq!(node.stop(), 0);
}

#[test]
fn a_restored_office_reads_its_cases_and_signs_with_new_keys_only() {
    let world = with_case();
    let file = world.text("c.backup");
    let words = ["backup", "--as", "C1", "--out", &file];
    let made = on(&world, "c", &words, &[PASSPHRASE, BACKUP_WORDS]).done();
    assert_eq!(made["sealed_to"], "passphrase", "{made}");
    on(&world, "c", &["backup", "--out", &file], &[]).refused(
        "no recovery key",
        65,
        "recovery key",
    );
    let bytes = world.read("c.backup");
    for name in ["ops.key", "transport.key", "witness.key", "node-staff.key"] {
        let key = world.read(&format!("c/{name}"));
        assert!(
            !bytes.windows(key.len()).any(|window| window == key),
            "{name}"
        );
    }
    // More is signed after the backup: its keys' chains go on without it.
    let node = Node::start(&world, "c");
    let cookie = node.sign_in("C1");
    let (status, body) = node.open_case(&cookie, "431381800101001");
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);

    let restore = |dir: &str, file: &str, lines: &[&str]| {
        let file = world.text(file);
        on(
            &world,
            dir,
            &["restore", "--file", &file, "--person", C1],
            lines,
        )
    };
    let all = [BACKUP_WORDS, NEW_WORDS];
    restore("r", "c.backup", &[NEW_WORDS, NEW_WORDS]).refused("other words", 77, "passphrase");
    for cut in [bytes.len() - 1, bytes.len() / 2, 200] {
        world.write("cut.backup", &bytes[..cut]);
        let said = restore("r", "cut.backup", &all);
        assert!([65, 77].contains(&said.status), "{cut}: {said:?}");
    }
    let mut edited = bytes.clone();
    *edited.last_mut().unwrap() ^= 1;
    world.write("edited.backup", edited);
    restore("r", "edited.backup", &all).refused("edited", 65, "not what was written");
    world.write("joined.backup", [&bytes[..], b"x"].concat());
    restore("r", "joined.backup", &all).refused("added to", 65, "not what was written");
    restore("c", "c.backup", &all).refused("over another", 73, "exists");
    restore("r", "c.backup", &all).done();

    // It runs and answers at once; nobody signs before the province has appointed the new keys.
    let status = world.status("r");
    assert_eq!(
        (&status["joined"], &status["cases"]),
        (&json!(true), &json!(1)),
        "{status}"
    );
    let node = Node::start(&world, "r");
    assert_eq!(node.ask("/readyz", "", None).0, 200);
    for words in [PASSPHRASE, NEW_WORDS] {
        assert_ne!(sign_in(&node, "C1", words).0, 201, "{words}");
    }
    assert_eq!(node.stop(), 0);
    let old = ["transport.key", "witness.key", "node-staff.key"];
    assert!(
        old.iter()
            .all(|name| world.read(&format!("c/{name}")) != world.read(&format!("r/{name}")))
    );

    fs::remove_dir_all(world.path("c")).unwrap();
    assert_eq!(world.appoint("p", "P1", "r").done()["signed"], 3);
    world.join("r", "r").done();
    let node = Node::start(&world, "r");
    let (status, cookie) = sign_in(&node, "C1", NEW_WORDS);
    assert_eq!(status, 201, "{cookie}");
    assert_eq!(cases(&node, &cookie), ["赵六"]);
    let (status, body) = node.open_case_by(&cookie, "431381800101001", None, NEW_WORDS);
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);
}
