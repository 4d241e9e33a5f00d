//! Wrong passphrases slow down the next try also after the process was ended; a damaged file of them slows
//! nobody down, and a time that is over is over.

use crate::node::Node;
use crate::world::{PASSPHRASE, World, jiaolian};
use serde_json::json;

const WRONG: &str = "不是这个口令的";
/// More tries than ever cost no wait.
const TRIES_MAX: usize = 50;

fn sign_in(node: &Node, words: &str) -> u16 {
    let form = json!({ "staff_number": "C1", "passphrase": words });
    node.ask("/api/v1/session", "", Some(&form)).0
}

/// Wrong tries until one comes too soon.
fn exhaust(node: &Node) {
    let mut tries = (0..TRIES_MAX).map(|_| sign_in(node, WRONG));
    assert!(tries.any(|status| status == 429), "no try came too soon");
}

/// Sets the node's clock ahead, or back again.
fn shift_clock(world: &World, seconds: i64) {
    let config = String::from_utf8(world.read("c/jiaolian.toml")).unwrap();
    let (plain, _) = config.split_once("\n[drill]").unwrap_or((&config, ""));
    let drill = format!(
        "\n[drill]\nbind = \"127.0.0.1:0\"\ntoken = \"sixteen bytes or more\"\nclock_offset_s = {seconds}\n"
    );
    world.write("c/jiaolian.toml", format!("{plain}{drill}"));
}

#[test]
fn whoever_guesses_gains_nothing_by_ending_the_node_and_nobody_is_locked_out() {
    let world = World::joined();
    let node = Node::start(&world, "c");
    exhaust(&node);
    node.kill();
    let node = Node::start(&world, "c");
    // With nothing kept four tries would cost no wait.
    let again = [sign_in(&node, WRONG), sign_in(&node, WRONG)];
    assert!(again.contains(&429), "{again:?}");
    node.kill();

    // The command line counts on the same file.
    let revoke = || {
        let dir = world.text("c");
        let words = [
            "revoke",
            "--json",
            "--passphrase-stdin",
            "--dir",
            &dir,
            "--as",
            "K1",
        ];
        let more = ["--staff", "C1", "--reason", "调离"];
        jiaolian(&[&words[..], &more].concat(), &[WRONG])
    };
    let mut said = (0..TRIES_MAX).map(|_| revoke().err);
    assert!(
        said.any(|err| err.contains("the next try")),
        "no try came too soon"
    );

    // An hour later it is over, and a clock that was an hour ahead keeps nobody out for an hour.
    shift_clock(&world, 3_600);
    let node = Node::start(&world, "c");
    assert_eq!(sign_in(&node, PASSPHRASE), 201);
    exhaust(&node);
    node.kill();
    shift_clock(&world, 0);
    let node = Node::start(&world, "c");
    let mut tries = (0..100_000).map(|_| sign_in(&node, PASSPHRASE));
    assert!(tries.any(|status| status == 201), "the wait never ended");

    exhaust(&node);
    node.kill();
    world.write("c/attempt", b"damaged");
    let node = Node::start(&world, "c");
    assert_eq!(
        sign_in(&node, PASSPHRASE),
        201,
        "a damaged file locks nobody out"
    );
    assert_eq!(node.stop(), 0);
}
