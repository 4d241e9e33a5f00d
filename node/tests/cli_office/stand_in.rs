//! A stand-in (AB岗) is appointed ahead, takes the place without a link, is shown as 代, and gives it
//! back.

use crate::node::Node;
use crate::world::{PASSPHRASE, World};
use serde_json::{Value as Json, json};

fn capacity(world: &World, number: &str) -> String {
    let node = Node::start(world, "c");
    let form = json!({ "staff_number": number, "passphrase": PASSPHRASE });
    let (status, _, body) = node.ask("/api/v1/session", "", Some(&form));
    assert_eq!(status, 201, "{body}");
    let body: Json = serde_json::from_str(&body).unwrap();
    assert_eq!(node.stop(), 0);
    body["capacity"]["zh"].as_str().unwrap().to_owned()
}

#[test]
fn a_stand_in_takes_the_place_when_the_condition_comes_about_and_gives_it_back() {
    let world = World::joined();
    world
        .enrol("c", "K1", "D1,钱副职,staff,CTY_DEP", [PASSPHRASE; 2])
        .done();
    let place = |role: &str| {
        let more = ["--stand-in", "D1", "--in-place-of", "H1", "--role", role];
        let words = ["--condition", "负责人外出超过三日"];
        world.by(&["enrol"], "c", "K1", &[&more[..], &words].concat())
    };
    place("KING").refused("no such role", 65, "no role");
    place("CTY_HEAD").done();
    assert_eq!(world.appoint_again("p", "P1", "c")["signed"], 2);
    assert_eq!(world.appoint_again("p", "P1", "c")["signed"], 0);
    let stand = |number: &str, more: &[&str]| {
        let more = [&["--reason", "负责人赴省参会五日"], more].concat();
        world.by(&["stand-in"], "c", number, &more)
    };
    stand("C1", &[]).refused("nobody's stand-in", 77, "AB岗");
    stand("D1", &["--back"]).refused("not taken yet", 65, "only a place that was taken");
    assert_eq!(capacity(&world, "D1"), "县级机构分管副职");

    let taken = stand("D1", &[]).done();
    assert_eq!(taken["condition"], "负责人外出超过三日");
    stand("D1", &[]).refused("taken twice", 65, "taken already");
    assert_eq!(capacity(&world, "D1"), "代县级社区矫正机构负责人");
    let shown = &world.show("c")["stand_ins"][0];
    assert_eq!(
        (&shown["name"], &shown["stood_in"][0]["back"]),
        (&json!("钱副职"), &json!(false))
    );

    stand("D1", &["--back"]).done();
    assert_eq!(capacity(&world, "D1"), "县级机构分管副职");
}
