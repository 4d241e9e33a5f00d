//! How offices live: made, joined, run, stopped, cut off, run again, one person more, one less.

use crate::node::Node;
use crate::world::{PASSPHRASE, World};
use serde_json::json;

#[test]
fn a_root_and_two_tiers_come_to_life_by_files_carried_by_hand() {
    let world = World::joined();
    for (name, tier) in [("p", 4), ("c", 2), ("t", 1)] {
        let status = world.status(name);
        assert_eq!(status["joined"], true, "{status}");
        assert_eq!(status["running"], false, "{status}");
        assert_eq!(
            (&status["tier"], &status["refused"]),
            (&json!(tier), &json!(0))
        );
    }
    // The same answer again changes nothing.
    let again = world.join("t", "t").done();
    assert_eq!(again["stored"], 0, "{again}");
}

#[test]
fn a_node_says_where_it_is_answers_and_leaves_its_directory_free() {
    let world = World::asked();
    assert_eq!(world.status("c")["joined"], false);
    let node = Node::start(&world, "p");
    assert_eq!(node.ready["office"], world.status("p")["office"]);
    for (path, words) in [
        ("/healthz", "\"ok\":true"),
        ("/readyz", "\"store\":true"),
        ("/metrics", "rss_bytes"),
    ] {
        let (status, _, body) = node.ask(path, "", None);
        assert_eq!(status, 200, "{path}");
        assert!(body.contains(words), "{path}: {body}");
    }
    let status = world.status("p");
    assert_eq!(
        (&status["running"], &status["ready"]["locked"]),
        (&json!(true), &json!(true))
    );
    let held = "in use by a running node";
    world.run("p").refused("a second run", 75, held);
    world.join("p", "p").refused("join beside it", 75, held);
    assert_eq!(node.stop(), 0);
    assert_eq!(world.status("p")["running"], false);

    Node::start(&world, "p").kill();
    assert_eq!(world.status("p")["running"], false);
    let node = Node::start(&world, "p");
    assert_eq!(node.ask("/healthz", "", None).0, 200);
    assert_eq!(node.stop(), 0);
    world.appoint("p", "P1", "c").done();
}

#[test]
fn a_live_node_has_no_door_for_drills() {
    let world = World::empty();
    world
        .init("p", 4, &["P1,周建民,keeper,KEEPER"], &["--root"])
        .done();
    world.appoint("p", "P1", "p").done();
    world.join("p", "p").done();
    let node = Node::start(&world, "p");
    assert_eq!(node.ready["drill"], json!(null));
    let (status, _, _) = node.ask("/api/v1/drill/state", "", None);
    assert_eq!(status, 404);
    assert_eq!(node.stop(), 0);

    let sound = String::from_utf8(world.read("p/jiaolian.toml")).unwrap();
    let door = "\n[drill]\nbind = \"127.0.0.1:0\"\ntoken = \"sixteen bytes or more\"\n";
    world.write("p/jiaolian.toml", format!("{sound}{door}"));
    world.run("p").refused("the door alone", 78, "[drill]");
    let demo = sound.replace("demo = false", "demo = true");
    world.write("p/jiaolian.toml", format!("{demo}{door}"));
    world.run("p").refused("the door of a demo", 78, "is live");
    world.write("p/jiaolian.toml", demo);
    world.run("p").refused("a demo", 78, "node.demo");
}

#[test]
fn a_second_person_adds_one_key_and_a_revoked_one_signs_in_no_more() {
    let world = World::joined();
    let person = "T2,陈梅,staff,OFF_HEAD";
    world.enrol("t", "T1", person, [PASSPHRASE; 2]).done();
    let twice = world.enrol("t", "T1", person, [PASSPHRASE; 2]);
    twice.refused("enrolled twice", 65, "T2 is enrolled already");
    let appointed = world.appoint("c", "K1", "t").done();
    assert_eq!(appointed["signed"], 1, "{appointed}");
    let joined = world.join("t", "t").done();
    assert_eq!(joined["stored"], 1, "{joined}");
    let node = Node::start(&world, "t");
    node.sign_in("T1");
    node.sign_in("T2");
    assert_eq!(node.stop(), 0);

    let revoked = world.revoke("c", "K1", "T2").done();
    assert_eq!(revoked["revoked"], 1);
    world
        .revoke("c", "K1", "T2")
        .refused("revoked twice", 65, "nobody with");
    world.revoke("c", "K1", "X9").refused("nobody", 65, "X9");
    // The next answer appoints the key no more and carries the no to where no link is.
    assert_eq!(world.appoint("c", "K1", "t").done()["signed"], 0);
    assert_eq!(world.join("t", "t").done()["stored"], 1);
    let node = Node::start(&world, "t");
    node.sign_in("T1");
    let form = json!({ "staff_number": "T2", "passphrase": PASSPHRASE });
    assert_eq!(node.ask("/api/v1/session", "", Some(&form)).0, 401);
    assert_eq!(node.stop(), 0);
}
