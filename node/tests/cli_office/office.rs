//! What a keeper says of offices below and of numbers for all: names by date, entrustment, policy.

use crate::node::Node;
use crate::world::{COUNTY, PROVINCE, TOWNSHIP, World, free_link, jiaolian};
use serde_json::json;

#[test]
fn an_office_is_renamed_from_a_day_on_and_stays_the_same_office() {
    let world = World::joined();
    let office = world.status("t")["office"].as_str().unwrap().to_owned();
    let rename = |by: (&str, &str), office: &str, from: &str, name: &str| {
        let more = ["--office", office, "--from", from, "--name", name];
        world.by(&["office", "rename"], by.0, by.1, &more)
    };
    rename(("c", "K1"), &office, "2026-01-01", "新城司法所").done();
    rename(("c", "K1"), &office, "2999-01-01", "远期司法所").done();
    let shown = &world.appoint_again("c", "K1", "t");
    assert_eq!(shown["signed"], 0);
    let shown = world.show("t");
    assert_eq!(
        (&shown["name"], &shown["founded_as"]),
        (&json!("新城司法所"), &json!("试点机关"))
    );
    assert_eq!(shown["names"][1]["from"], "2999-01-01");
    let own = world.status("c")["office"].as_str().unwrap().to_owned();
    rename(("c", "K1"), &own, "2026-01-01", "自封").refused(
        "itself",
        65,
        "an office speaks of those below it",
    );
    rename(("c", "C1"), &office, "2026-01-01", "甲").refused("no keeper", 77, "only a keeper");
    rename(("c", "K1"), "nowhere", "2026-01-01", "甲").refused("no office", 65, "no office");
    rename(("c", "K1"), &office, "一月", "甲").refused("no day", 64, "2026-03-01");
    rename(("c", "K1"), &office, "2026-01-01", "").refused("no name", 65, "1 to 100");
}

#[test]
fn entrustment_names_actions_of_the_rules_and_ends_by_a_later_one() {
    let world = World::joined();
    let office = world.status("t")["office"].as_str().unwrap().to_owned();
    let entrust = |more: &[&str]| {
        let days = [
            "--office",
            &office,
            "--from",
            "2026-01-01",
            "--to",
            "2999-12-31",
        ];
        world.by(
            &["office", "entrust"],
            "c",
            "K1",
            &[&days[..], more].concat(),
        )
    };
    entrust(&[]).refused("nothing to end", 65, "nothing is entrusted");
    entrust(&["--action", "parole"]).refused("unknown", 65, "they know no action \"parole\"");
    let said = world.by(
        &["appoint"],
        "c",
        "K1",
        &[
            "--request",
            &world.text("t/request.json"),
            "--out",
            &world.text("o"),
            "--entrust",
            "x",
        ],
    );
    said.refused("unknown at appoint", 65, "they know no action \"x\"");
    entrust(&["--action", "leave", "--document", "浏司委〔2026〕1号"]).done();
    assert_eq!(entrust(&["--action", "leave"]).done()["ended"], 1);
    assert_eq!(entrust(&[]).done()["ended"], 1);
    world.appoint_again("c", "K1", "t");
    let on_file = world.show("t")["entrustments"].clone();
    let on_file = on_file.as_array().unwrap();
    let open = on_file.iter().filter(|one| one["ended"].is_null());
    assert_eq!((on_file.len(), open.count()), (3, 1), "{on_file:?}");
}

#[test]
fn policy_lies_in_the_range_of_the_rules_and_goes_down() {
    let world = World::joined();
    let policy = |more: &[&str]| world.by(&["office", "policy"], "c", "K1", more);
    for days in ["0", "31"] {
        let said = policy(&["--stale-days", days]);
        said.refused(days, 65, "policy stale_days lies in 1..=30");
    }
    policy(&["--fold-version", "9"]).refused("fold", 65, "this build folds versions 1 to");
    policy(&["--rule-pack", "zz"]).refused("pack", 65, "64 hexadecimal digits");
    let signed = policy(&["--stale-days", "3"]).done();
    world.appoint_again("c", "K1", "t");
    let shown = &world.show("t")["policy"];
    assert_eq!(shown["stale_days"], 3);
    for field in ["fold_version", "rule_pack", "act"] {
        assert_eq!(shown[field], signed[field], "{field}");
    }
    assert_eq!(world.show("p")["policy"]["stale_days"], 7);
}

/// A province over two counties with a township under the first, of which the province has heard by the
/// line.
fn two_counties() -> World {
    let world = World::empty();
    let link = free_link();
    let root = (link.as_str(), &["--drill", "--root"][..]);
    let people = [PROVINCE[0], "S1,陈明,staff,PRO_STAFF"];
    world.init_at("p", 4, &people, root).done();
    world.appoint("p", "P1", "p").done();
    world.join("p", "p").done();
    for county in ["c", "c2"] {
        world.init(county, 2, &COUNTY, &["--drill"]).done();
        world.appoint("p", "P1", county).done();
        world.join(county, county).done();
    }
    world.init("t", 1, &TOWNSHIP, &["--drill"]).done();
    world.appoint("c", "K1", "t").done();
    world.join("t", "t").done();
    let (upper, lower) = (Node::start(&world, "p"), Node::start(&world, "c"));
    let cookie = upper.sign_in("S1");
    upper.until(&cookie, "/api/v1/network", |page| {
        page["offices"].as_array().unwrap().len() == 4
    });
    assert_eq!((lower.stop(), upper.stop()), (0, 0));
    world
}

#[test]
fn a_township_passes_to_another_county_from_a_day_on() {
    let world = two_counties();
    let id = |name: &str| world.status(name)["office"].as_str().unwrap().to_owned();
    let (province, old, new, township) = (id("p"), id("c"), id("c2"), id("t"));
    let moved = |by: (&str, &str), under: &str, from: &str, more: &[&str]| {
        let words = ["--office", &township, "--under", under, "--from", from];
        world.by(
            &["office", "move"],
            by.0,
            by.1,
            &[&words[..], more].concat(),
        )
    };
    let root = ("p", "P1");
    for (what, said, rule) in [
        (
            "today",
            moved(root, &new, "2026-01-01", &[]),
            "R-62: 隶属调整最早自签署次日起生效, 2026-01-01",
        ),
        (
            "grace",
            moved(root, &new, "2999-01-01", &["--grace-days", "31"]),
            "at most 30 days, not 31",
        ),
        (
            "depth",
            moved(root, &province, "2999-01-01", &[]),
            "has depth 0, not 1",
        ),
        (
            "itself",
            moved(root, &township, "2999-01-01", &[]),
            "has depth 2, not 1",
        ),
        (
            "the same",
            moved(root, &old, "2999-01-01", &[]),
            "本来就隶属该上级",
        ),
        (
            "unknown",
            moved(root, "nowhere", "2999-01-01", &[]),
            "no office \"nowhere\" is known here",
        ),
        (
            "the old county",
            moved(("c", "K1"), &new, "2999-01-01", &[]),
            "no office",
        ),
        (
            "the old county alone",
            moved(("c", "K1"), &old, "2999-01-01", &[]),
            "R-62: 须由原上级与新上级的共同上级签署",
        ),
    ] {
        said.refused(what, 65, rule);
    }
    let done = moved(root, &new, "2999-01-01", &[]).done();
    assert_eq!(
        (&done["grace_days"], &done["called_off"]),
        (&json!(7), &json!(false))
    );
    let dir = world.text("p");
    let show = || {
        let words = [
            "office", "show", "--json", "--dir", &dir, "--office", &township,
        ];
        jiaolian(&words, &[]).done()["superiors"].clone()
    };
    let stays = show();
    assert_eq!(
        (&stays[0]["office"], &stays[0]["from"]),
        (&json!(old), &json!(null))
    );
    assert_eq!(
        (&stays[1]["office"], &stays[1]["from"]),
        (&json!(new), &json!("2999-01-01"))
    );
    assert_eq!(stays[1]["act"], done["act"]);
    let planned = || {
        let node = Node::start(&world, "p");
        let cookie = node.sign_in("S1");
        let page = node.until(&cookie, "/api/v1/network", |_| true);
        assert_eq!(node.stop(), 0);
        let offices = page["offices"].as_array().unwrap().clone();
        let own = offices
            .into_iter()
            .find(|one| one["office"]["id"] == json!(township));
        own.unwrap()
    };
    let own = planned();
    assert_eq!(own["parent_id"], json!(old), "until the day");
    assert_eq!(
        (&own["planned"]["office"]["id"], &own["planned"]["from"]),
        (&json!(new), &json!("2999-01-01"))
    );
    // Called off.
    let done = moved(root, &old, "2999-01-01", &[]).done();
    assert_eq!(done["called_off"], true);
    assert_eq!(show().as_array().unwrap().len(), 1);
    assert_eq!(planned()["planned"], json!(null));
}
