//! The root from one key to two of three: drafted at a node, signed on files that travel by hand, put
//! together, installed, and followed by those below.

use crate::endorse::linked;
use crate::node::Node;
use crate::world::{PASSPHRASE, Said, World, jiaolian};
use serde_json::{Value as Json, json};

fn root(step: &str, more: &[&str]) -> Said {
    let arguments = [&["root", step, "--json"], more].concat();
    jiaolian(&arguments, &[PASSPHRASE, PASSPHRASE])
}

impl World {
    fn root_key(&self, name: &str) -> String {
        let out = self.text(name);
        let made = root("key", &["--passphrase-stdin", "--out", &out]).done();
        made["key"].as_str().unwrap().to_owned()
    }

    fn sign_root(&self, file: &str, key: &str) -> Said {
        let (file, key) = (self.text(file), self.text(key));
        root(
            "sign",
            &["--passphrase-stdin", "--file", &file, "--key", &key],
        )
    }

    fn install(&self, name: &str, file: &str) -> Said {
        let (dir, file) = (self.text(name), self.text(file));
        root("install", &["--dir", &dir, "--file", &file])
    }

    /// Version 2: two of three keys, and P2 keeps the root office instead of P1.
    fn second_root(&self) -> String {
        let person = "P2,吴新任,keeper,KEEPER";
        let keeper = self.enrol("p", "P1", person, [PASSPHRASE; 2]).done();
        let keeper = keeper["key"].as_str().unwrap().to_owned();
        let keys = ["k1", "k2", "k3"].map(|name| self.root_key(name));
        let (dir, out) = (self.text("p"), self.text("v2.json"));
        let mut more = vec!["--dir", &dir, "--out", &out, "--threshold", "2"];
        more.extend(["--keeper", &keeper]);
        for key in &keys {
            more.extend(["--key", key]);
        }
        let draft = root("new", &more).done();
        assert_eq!(
            (&draft["version"], &draft["signatures"]),
            (&json!(2), &json!(0))
        );
        keeper
    }
}

#[test]
fn two_of_three_take_the_root_over_and_the_county_follows_by_the_next_answer() {
    let world = World::joined();
    let keeper = world.second_root();
    let draft = world.read("v2.json");
    for copy in ["a.json", "b.json", "c.json"] {
        world.write(copy, &draft);
    }
    let (dir, file) = (world.text("p"), world.text("a.json"));
    let more = [
        "--passphrase-stdin",
        "--file",
        &file,
        "--dir",
        &dir,
        "--as",
        "P1",
    ];
    root("sign", &more).done();
    world.sign_root("b.json", "k1").done();
    world
        .install("p", "b.json")
        .refused("one key of two", 65, "it carries 0 and 1");
    world.sign_root("c.json", "k3").done();
    let copies = ["a.json", "b.json", "c.json"].map(|copy| world.text(copy));
    let mut more = Vec::new();
    for copy in &copies {
        more.extend(["--file", copy]);
    }
    let whole = world.text("whole.json");
    more.extend(["--out", &whole]);
    assert_eq!(root("combine", &more).done()["signatures"], 2);

    let done = world.install("p", "whole.json").done();
    assert_eq!(
        (&done["version"], &done["carried"]),
        (&json!(2), &json!(true))
    );
    let again = world.install("p", "whole.json");
    again.refused("the same again", 65, "versions of the root never go down");
    let root = &world.show("p")["root"];
    assert_eq!(
        (&root["version"], &root["threshold"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(root["keeper"], json!(keeper));

    // What the former keeper had appointed stays; what comes now is the new one's word.
    world
        .enrol("c", "K1", "C2,孙丽,staff,CTY_REVIEW", [PASSPHRASE; 2])
        .done();
    let former = world.appoint("p", "P1", "c");
    former.refused("the former keeper", 77, "only a keeper");
    let newer = world.appoint("p", "P2", "c").done();
    assert_eq!(newer["signed"], 1, "{newer}");
    let ahead = world.join("c", "c");
    ahead.refused("an answer of a newer root", 65, "jiaolian root install");
    world.install("c", "whole.json").done();
    world.join("c", "c").done();
    let shown: Json = world.show("c");
    assert_eq!(shown["root"]["keeper"], json!(keeper));
    world.appoint("c", "K1", "t").done();
}

#[test]
fn odd_files_and_too_few_signatures_install_nothing() {
    let world = World::joined();
    world.second_root();
    let pin = world.read("p/office.json");
    let draft: Json = serde_json::from_slice(&world.read("v2.json")).unwrap();
    let digits = "a".repeat(128);
    let cases: [(&str, Json, &str); 7] = [
        ("/form", json!("jiaolian-root/9"), "form"),
        ("/threshold", json!(4), "between 1 and all must sign"),
        ("/version", json!(0), "version from 1"),
        ("/version", json!(1), "never go down"),
        ("/version", json!(3), "must follow version 1"),
        ("/office", json!("xyz"), "32 digits"),
        (
            "/signatures",
            json!([{ "suite": 1, "key": draft["keys"][0]["key"], "signature": digits }]),
            "does not verify",
        ),
    ];
    for (place, value, words) in cases {
        let mut odd = draft.clone();
        *odd.pointer_mut(place).unwrap() = value;
        world.write("odd.json", odd.to_string());
        world.install("p", "odd.json").refused(place, 65, words);
    }
    world
        .install("p", "k1")
        .refused("a key", 65, "is not a root statement");
    let wrong = jiaolian(
        &[
            "root",
            "sign",
            "--passphrase-stdin",
            "--file",
            &world.text("v2.json"),
            "--key",
            &world.text("k1"),
        ],
        &["不是这个口令的"],
    );
    assert_eq!(wrong.status, 77, "{}", wrong.err);
    world.sign_root("v2.json", "k1").done();
    world.sign_root("v2.json", "k2").done();
    let said = world.install("p", "v2.json");
    said.refused("without the key before", 65, "it carries 0 and 2");
    assert_eq!(world.read("p/office.json"), pin);
}

#[test]
fn running_nodes_sign_and_trust_a_newer_root_and_their_lines_come_back() {
    let world = linked();
    world.second_root();
    let province = Node::start(&world, "p");
    let (county, township) = (Node::start(&world, "c"), Node::start(&world, "t"));
    let officer = township.sign_in("T1");
    let (dir, file) = (world.text("p"), world.text("v2.json"));
    let by_p1 = [
        "--passphrase-stdin",
        "--file",
        &file,
        "--dir",
        &dir,
        "--as",
        "P1",
    ];
    let before = world.install("p", "v2.json");
    before.refused("without signatures", 65, "it carries 0 and 0");
    root("sign", &by_p1).done();
    world.sign_root("v2.json", "k1").done();
    world.sign_root("v2.json", "k2").done();

    let done = world.install("p", "v2.json").done();
    assert_eq!(done["carried"], true, "{done}");
    let again = world.install("p", "v2.json");
    again.refused("the same again", 65, "versions of the root never go down");
    assert_eq!(world.show("p")["root"]["version"], 2);
    world.install("c", "v2.json").done();
    assert_eq!(world.show("c")["root"]["version"], 2);
    // The county's line to the township was begun anew: a word of its keeper goes over it.
    world.revoke("c", "K1", "T1").done();
    let told = township.events_until(&officer, "signed_out");
    assert!(told.contains("revoked"), "{told}");
    for node in [province, county, township] {
        assert_eq!(node.stop(), 0);
    }
    for name in ["p", "c"] {
        let node = Node::start(&world, name);
        assert_eq!(world.show(name)["root"]["version"], 2);
        assert_eq!(node.stop(), 0);
    }
}
