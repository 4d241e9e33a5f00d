//! A seat whose roles changed is appointed anew with the same key; what it had beyond that goes on, and the
//! keeper is told what takes it back.

use crate::node::Node;
use crate::world::World;
use serde_json::json;

fn seat(world: &World, roles: &[&str]) {
    let roles = roles.iter().flat_map(|role| ["--role", role]);
    let more: Vec<&str> = ["--seat", "C1"].into_iter().chain(roles).collect();
    world.by(&["enrol"], "c", "K1", &more).done();
}

#[test]
fn a_changed_seat_is_appointed_anew_and_what_it_loses_is_named() {
    let world = World::joined();
    seat(&world, &["CTY_CASE", "MINOR_OFFICER"]);
    let wider = world.appoint_again("p", "P1", "c");
    assert_eq!((&wider["signed"], &wider["left"]), (&json!(1), &json!([])));
    assert_eq!(world.appoint_again("p", "P1", "c")["signed"], 0);
    let node = Node::start(&world, "c");
    let cookie = node.sign_in("C1");
    let (_, _, body) = node.ask("/api/v1/session", &cookie, None);
    assert!(body.contains("MINOR_OFFICER"), "{body}");
    assert_eq!(node.stop(), 0);

    // Another role instead: the new one is given, the old ones go on, and that is said.
    seat(&world, &["CTY_REVIEW"]);
    let other = world.appoint_again("p", "P1", "c");
    assert_eq!(other["signed"], 1, "{other}");
    let left = json!([{
        "staff_number": "C1", "roles": ["CTY_CASE", "MINOR_OFFICER"], "minors": true,
    }]);
    assert_eq!(other["left"], left);
    let fewer = world.appoint_again("p", "P1", "c");
    assert_eq!((&fewer["signed"], &fewer["left"]), (&json!(0), &left));

    // What takes it back: a new key for the seat, and a no to the old one.
    world.by(&["enrol"], "c", "C1", &["--again"]).done();
    world.revoke("p", "P1", "C1").done();
    let anew = world.appoint_again("p", "P1", "c");
    assert_eq!((&anew["signed"], &anew["left"]), (&json!(1), &json!([])));
    let node = Node::start(&world, "c");
    let cookie = node.sign_in("C1");
    let (_, _, body) = node.ask("/api/v1/session", &cookie, None);
    assert!(
        body.contains("CTY_REVIEW") && !body.contains("CTY_CASE"),
        "{body}"
    );
    assert_eq!(node.stop(), 0);
}

#[test]
fn a_seat_has_roles_of_the_rules_and_is_enrolled() {
    let world = World::joined();
    let more = ["--seat", "X9", "--role", "CTY_CASE"];
    world
        .by(&["enrol"], "c", "K1", &more)
        .refused("nobody", 65, "X9 is not enrolled here");
    let more = ["--seat", "C1", "--role", "KING"];
    world
        .by(&["enrol"], "c", "K1", &more)
        .refused("no such role", 65, "no role");
    let more = ["--seat", "C1", "--role", "OFF_HEAD"];
    world
        .by(&["enrol"], "c", "K1", &more)
        .refused("another tier", 65, "tiers [1]");
}
