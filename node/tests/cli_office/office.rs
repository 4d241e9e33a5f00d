//! What a keeper says of offices below and of numbers for all: names by date, entrustment, policy.

use crate::world::World;
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
