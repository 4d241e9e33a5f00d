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
