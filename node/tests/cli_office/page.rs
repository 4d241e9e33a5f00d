//! Pages in a browser against nodes that run as processes: the sign-in form, a forgotten passphrase on both
//! desks, and a stand-in who steps in and back.

use crate::endorse::linked;
use crate::node::Node;
use crate::world::{PASSPHRASE, World};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn web_ui() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("web-ui")
}

/// The browser to drive. What is missing is a failure: a story that was not played holds nothing.
fn chromium() -> PathBuf {
    let named = std::env::var_os("JIAOLIAN_CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).map(|folder| folder.join("chromium"));
    let found = named.or_else(|| folders.find(|path| path.is_file()));
    found.expect("no `chromium` in PATH: run `make chromium`, or name one in JIAOLIAN_CHROMIUM")
}

fn page(node: &Node) -> String {
    format!("http://{}/", node.ready["http"].as_str().unwrap())
}

fn person(number: &str) -> String {
    format!("{number}:{PASSPHRASE}")
}

/// Plays the stories of a theme with a person at a node, and one at the node above it.
fn play(theme: &str, here: (&Node, &str), above: (&Node, &str)) {
    let shots = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("JIAOLIAN_SHOTS").map(PathBuf::from);
    let played = Command::new("npm")
        .args(["run", "--silent", "e2e"])
        .current_dir(web_ui())
        .env("JIAOLIAN_THEME", theme)
        .env("JIAOLIAN_URL", page(here.0))
        .env("JIAOLIAN_STAFF", person(here.1))
        .env("JIAOLIAN_HEAD", person(above.1))
        .env("JIAOLIAN_COUNTY", person(above.1))
        .env("JIAOLIAN_COUNTY_URL", page(above.0))
        .env("JIAOLIAN_SHOTS", kept.as_deref().unwrap_or(shots.path()))
        .env("JIAOLIAN_CHROMIUM", chromium())
        .stdin(Stdio::null())
        .output()
        .expect("npm can be started");
    let said = [played.stdout, played.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(played.status.success(), "{theme} does not hold:\n{said}");
}

#[test]
fn the_sign_in_form_holds_in_a_browser() {
    let world = World::joined();
    let node = Node::start(&world, "c");
    play("sign_in", (&node, "C1"), (&node, "H1"));
    assert_eq!(node.stop(), 0);
}

#[test]
fn a_forgotten_passphrase_is_answered_in_two_browsers() {
    let world = linked();
    let (county, township) = (Node::start(&world, "c"), Node::start(&world, "t"));
    play("reenrol", (&township, "T1"), (&county, "K1"));
    assert_eq!((county.stop(), township.stop()), (0, 0));
}

#[test]
fn the_duty_list_is_set_and_the_duty_handed_over_in_a_browser() {
    let world = World::joined();
    let node = Node::start(&world, "c");
    play("duty", (&node, "C1"), (&node, "H1"));
    assert_eq!(node.stop(), 0);
}

#[test]
fn a_stand_in_steps_in_and_back_in_a_browser_and_the_county_sees_it() {
    let world = linked();
    let person = "T2,陈梅,staff,OFF_HEAD";
    world.enrol("t", "T1", person, [PASSPHRASE; 2]).done();
    let words = ["--condition", "所长外出超过三日"];
    let place = [
        "--stand-in",
        "T1",
        "--in-place-of",
        "T2",
        "--role",
        "OFF_HEAD",
    ];
    world
        .by(&["enrol"], "t", "T1", &[&place[..], &words].concat())
        .done();
    assert_eq!(world.appoint_again("c", "K1", "t")["signed"], 2);
    let (county, township) = (Node::start(&world, "c"), Node::start(&world, "t"));
    play("stand_in", (&township, "T1"), (&county, "H1"));
    assert_eq!((county.stop(), township.stop()), (0, 0));
    let shown = &world.show("t")["stand_ins"][0]["stood_in"];
    assert_eq!(shown.as_array().unwrap().len(), 2, "{shown}");
}
