//! A record that the county's head seals, opens for a lawful query and unseals, on the command line: on
//! the grounds of the law alone, by nobody else, and shown by the node to whom it is opened.

use crate::node::Node;
use crate::world::{Said, World};
use serde_json::Value as Json;

const LETTER: [&str; 6] = [
    "--unit",
    "冷水江市人民检察院",
    "--purpose",
    "办理案件",
    "--document",
    "冷检调〔2026〕7号",
];

fn names(node: &Node, cookie: &str) -> Vec<String> {
    let (status, _, body) = node.ask("/api/v1/cases", cookie, None);
    assert_eq!(status, 200, "{body}");
    let page: Json = serde_json::from_str(&body).unwrap();
    let name = |row: &Json| row["name"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(name).collect()
}

fn seen_by(world: &World, number: &str) -> Vec<String> {
    let node = Node::start(world, "c");
    let seen = names(&node, &node.sign_in(number));
    assert_eq!(node.stop(), 0);
    seen
}

#[test]
fn a_countys_head_seals_opens_and_unseals_a_record_on_the_grounds_of_the_law_alone() {
    let world = World::joined();
    let node = Node::start(&world, "c");
    let (status, body) = node.open_case(&node.sign_in("C1"), "431381790630002");
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);
    let body: Json = serde_json::from_str(&body).unwrap();
    let case = body["target"]["id"].as_str().unwrap().to_owned();
    let seal = |by: &str, ground: &str, more: &[&str]| -> Said {
        let words = [
            &[
                "--case",
                &case,
                "--ground",
                ground,
                "--document",
                "冷司封〔2026〕1号",
            ],
            more,
        ];
        world.by(&["seal"], "c", by, &words.concat())
    };
    let consult = |by: &str, ground: &str, more: &[&str]| -> Said {
        let words = [
            &["--case", &case, "--ground", ground, "--reader", "C1"],
            &LETTER[..],
            more,
        ];
        world.by(&["consult"], "c", by, &words.concat())
    };
    assert_eq!(seen_by(&world, "C1"), ["赵六"]);
    consult("H1", "judicial_case", &[]).refused("not sealed", 65, "sealed");
    seal("C1", "under_18_five_years", &[]).refused("no head", 65, "S-1");
    seal("H1", "retrial", &[]).refused("a ground of lifting", 65, "under_18_five_years");
    seal("H1", "retrial", &["--lift"]).refused("not sealed", 65, "only a case that is sealed");
    assert_eq!(
        seen_by(&world, "C1"),
        ["赵六"],
        "nothing that was refused counts"
    );

    assert_eq!(
        seal("H1", "under_18_five_years", &[]).done()["sealed"],
        true
    );
    seal("H1", "under_18_five_years", &[]).refused("twice", 65, "already");
    for number in ["C1", "H1"] {
        assert!(seen_by(&world, number).is_empty(), "{number}");
    }
    assert_eq!(world.status("c")["cases"], 0);

    consult("C1", "judicial_case", &[]).refused("no head", 65, "S-1");
    consult("H1", "curiosity", &[]).refused("no ground", 65, "judicial_case");
    consult("H1", "judicial_case", &["--days", "6"]).refused("too long", 65, "1..=5");
    assert!(seen_by(&world, "C1").is_empty());
    consult("H1", "judicial_case", &["--days", "2"]).done();
    assert_eq!(seen_by(&world, "C1"), ["赵六"]);
    assert!(
        seen_by(&world, "H1").is_empty(),
        "who opened it reads nothing"
    );

    seal("H1", "state_rule", &["--lift"]).refused("no ground of lifting", 65, "retrial");
    // A node that runs does the same and shows it at once.
    let node = Node::start(&world, "c");
    let cookie = node.sign_in("H1");
    assert!(names(&node, &cookie).is_empty());
    seal("C1", "retrial", &["--lift"]).refused("no head at a running node", 65, "S-1");
    assert_eq!(seal("H1", "retrial", &["--lift"]).done()["sealed"], false);
    assert_eq!(names(&node, &cookie), ["赵六"]);
    assert_eq!(node.stop(), 0);
}
