//! A disk that was set back (还原卡, an old image) signs nothing that others know already.

use crate::node::Node;
use crate::world::World;
use serde_json::Value as Json;
use std::fs;

#[test]
fn a_rolled_back_node_stays_up_and_its_officer_signs_no_more() {
    let world = World::joined();
    fs::copy(world.path("c/store"), world.path("store.old")).unwrap();
    let node = Node::start(&world, "c");
    let (status, body) = node.open_case(&node.sign_in("C1"), "431381790630002");
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);

    fs::copy(world.path("store.old"), world.path("c/store")).unwrap();
    let node = Node::start(&world, "c");
    let (status, body) = node.open_case(&node.sign_in("C1"), "431381790630002");
    let body: Json = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, body["error"]["code"].as_str()),
        (409, Some("rolled_back"))
    );
    assert_eq!(node.ask("/healthz", "", None).0, 200);
    assert_eq!(node.stop(), 0);
}

#[test]
fn a_keeper_at_a_rolled_back_disk_appoints_and_revokes_nobody() {
    let world = World::joined();
    fs::copy(world.path("c/store"), world.path("store.old")).unwrap();
    world.revoke("c", "K1", "T1").done();
    fs::copy(world.path("store.old"), world.path("c/store")).unwrap();
    let again = world.revoke("c", "K1", "T1");
    again.refused("revoke", 65, "rolled_back");
    world
        .appoint("c", "K1", "t")
        .refused("appoint", 65, "rolled_back");
}

#[test]
fn after_a_rollback_one_command_gives_a_new_key_and_the_same_person_works_on() {
    let world = World::joined();
    fs::copy(world.path("c/store"), world.path("store.old")).unwrap();
    let node = Node::start(&world, "c");
    let (status, body) = node.open_case(&node.sign_in("C1"), "431381790630002");
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);
    fs::copy(world.path("store.old"), world.path("c/store")).unwrap();

    let before: Json = serde_json::from_slice(&world.read("c/request.json")).unwrap();
    let again = world.by(&["enrol"], "c", "C1", &["--again"]).done();
    let after: Json = serde_json::from_slice(&world.read("c/request.json")).unwrap();
    let seat = |request: &Json| {
        let seats = request["seats"].as_array().unwrap().iter();
        let mut own = seats.filter(|seat| seat["staff_number"] == "C1");
        own.next().unwrap().clone()
    };
    assert_eq!(seat(&before)["person"], seat(&after)["person"]);
    assert_eq!(again["person"], seat(&after)["person"]);
    assert_ne!(seat(&before)["key"], seat(&after)["key"]);
    world.appoint_again("p", "P1", "c");

    let node = Node::start(&world, "c");
    let (status, body) = node.open_case(&node.sign_in("C1"), "431381790630002");
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);
    assert_eq!(world.status("c")["cases"], 1);
}

#[test]
fn without_the_second_place_nobody_signs_until_each_has_a_new_key() {
    let world = World::joined();
    fs::remove_file(world.path("c/tip")).unwrap();
    world.by(&["enrol"], "c", "C1", &["--again"]).done();
    world.appoint_again("p", "P1", "c");
    let node = Node::start(&world, "c");
    let (status, body) = node.open_case(&node.sign_in("C1"), "431381790630002");
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);
    // The keeper's old key is as doubtful as before.
    world
        .revoke("c", "K1", "T1")
        .refused("K1", 65, "rolled_back");
    world.by(&["enrol"], "c", "K1", &["--again"]).done();
    world.appoint_again("p", "P1", "c");
    world.revoke("c", "K1", "T1").done();
}

#[test]
fn a_store_cut_short_is_refused_and_left_as_it_is() {
    let world = World::asked();
    let whole = world.read("p/store");
    for length in [0, 100, whole.len() / 2, whole.len() - 1] {
        world.write("p/store", &whole[..length]);
        let said = world.run("p");
        assert_ne!(said.status, 0, "{length}");
        said.refused(&format!("{length} bytes"), 74, "store");
        assert_eq!(world.read("p/store"), &whole[..length], "{length}");
    }
    world.write("p/store", whole);
    assert_eq!(Node::start(&world, "p").stop(), 0);
}
