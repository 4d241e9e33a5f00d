//! Evidence by hand: an officer writes a case to a file at a node that does not run, and the office
//! above judges it by the root that it trusts itself.

use crate::node::Node;
use crate::world::{PASSPHRASE, World, jiaolian};
use serde_json::{Value as Json, json};

/// A valid number in the old form.
const ID_NUMBER: &str = "431381790630002";

fn export(world: &World, what: &[&str], by: &str, words: &str) -> crate::world::Said {
    let (dir, out) = (world.text("c"), world.text("evidence"));
    let mut arguments = vec!["export", "--json", "--passphrase-stdin", "--dir", &dir];
    arguments.extend(["--as", by, "--purpose", "court", "--out", &out]);
    arguments.extend(what);
    jiaolian(&arguments, &[words])
}

#[test]
fn a_case_goes_to_a_file_that_the_office_above_judges_by_its_own_root() {
    let world = World::joined();
    let node = Node::start(&world, "c");
    let cookie = node.sign_in("C1");
    let (status, body) = node.open_case(&cookie, ID_NUMBER);
    assert_eq!(status, 201, "{body}");
    let signed: Json = serde_json::from_str(&body).unwrap();
    let case = signed["target"]["id"].as_str().unwrap().to_owned();
    let held = export(&world, &["--case", &case], "C1", PASSPHRASE);
    held.refused("a running node", 75, "is in use by a running node");
    assert_eq!(node.stop(), 0);

    export(&world, &["--case", &case], "C1", "错误的口令错误的口令").refused(
        "a wrong passphrase",
        77,
        "",
    );
    export(&world, &["--case", &case], "K1", PASSPHRASE).refused(
        "a keeper",
        77,
        "no seat here that reads cases",
    );
    export(&world, &["--case", &"00".repeat(32)], "C1", PASSPHRASE).refused("no such case", 65, "");
    export(&world, &["--case", "2026-1"], "C1", PASSPHRASE).refused(
        "no such number",
        65,
        "\"2026-1\"",
    );
    let said = export(&world, &["--case", &case], "C1", PASSPHRASE).done();
    assert!(said["bytes"].as_u64().unwrap() > 1_000);

    let file = world.text("evidence");
    let root = world.text("p/office.json");
    let said = jiaolian(&["verify", &file, "--root", &root, "--json"], &[]).done();
    assert_eq!(
        (&said["valid"], &said["root_given"]),
        (&json!(true), &json!(true)),
        "{said}"
    );
    assert_eq!(said["subject"]["id"], case);
    let own: Json = serde_json::from_slice(&world.read("p/office.json")).unwrap();
    assert!(own["root"]["key"].is_string());

    let mut foreign = own["root"].clone();
    foreign["key"] = json!("11".repeat(32));
    world.write("foreign.json", foreign.to_string());
    let said = jiaolian(
        &["verify", &file, "--root", &world.text("foreign.json")],
        &[],
    );
    assert_eq!(said.status, 1, "{}", said.out);
    assert!(said.out.contains("NOT VALID: "), "{}", said.out);
    let said = jiaolian(&["verify", &world.text("absent")], &[]);
    assert_eq!(said.status, 66, "{}", said.out);
}
