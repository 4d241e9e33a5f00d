//! Work that a revocation left waiting: listed in plain words, healed by one act, and the key stays
//! withdrawn.

use crate::node::Node;
use crate::world::{COUNTY, PASSPHRASE, TOWNSHIP, World};
use serde_json::{Value as Json, json};

fn total(page: &Json) -> u64 {
    page["total"].as_u64().unwrap_or(0)
}

#[test]
fn a_stolen_desks_work_waits_and_one_act_brings_the_honest_part_back() {
    let world = World::joined();
    let node = Node::start(&world, "c");
    let cookie = node.sign_in("C1");
    for id_number in ["431381790630002", "431381850414001"] {
        let (status, body) = node.open_case(&cookie, id_number);
        assert_eq!(status, 201, "{body}");
    }
    assert_eq!(node.stop(), 0);

    let more = ["--staff", "C1", "--reason", "电脑失窃", "--at", "1"];
    let since = ["--compromised-since", "2026-03-01"];
    let revoked = world.by(&["revoke"], "c", "K1", &[&more[..], &since].concat());
    let revoked = revoked.done();
    assert_eq!(
        (&revoked["revoked"], &revoked["keys"][0]["at"]),
        (&json!(1), &json!(1))
    );

    let listed = world.by(&["endorse"], "c", "K1", &["--staff", "C1"]).done();
    let heals = listed["heals"].as_array().unwrap();
    assert!(!heals.is_empty() && listed["signed"] == 0, "{listed}");
    assert!(
        heals
            .iter()
            .any(|one| one["title"] == "登记入矫" && one["name"] == "王秀英")
    );
    assert!(
        heals
            .iter()
            .all(|one| one["reason"] == "待补认 (签名已停用)"),
        "{listed}"
    );
    let words = world.by(&["endorse"], "c", "K1", &["--staff", "C1", "--at", "9"]);
    words.refused(
        "a position that is not here",
        65,
        "is not here; known up to",
    );

    let healed = world
        .by(&["endorse"], "c", "K1", &["--staff", "C1", "--yes"])
        .done();
    assert_eq!(
        (&healed["signed"], &healed["heals"]),
        (&json!(1), &listed["heals"])
    );
    let again = world.by(&["endorse"], "c", "K1", &["--staff", "C1", "--yes"]);
    again.refused("healed already", 65, "nothing of staff number C1 waits");

    let node = Node::start(&world, "c");
    let form = json!({ "staff_number": "C1", "passphrase": PASSPHRASE });
    assert_eq!(node.ask("/api/v1/session", "", Some(&form)).0, 401);
    let (status, _, page) = node.ask("/api/v1/cases", &node.sign_in("H1"), None);
    assert_eq!(status, 200, "{page}");
    assert_eq!(total(&serde_json::from_str(&page).unwrap()), 2);
    assert_eq!(node.stop(), 0);
}

#[test]
fn who_is_compromised_since_a_day_keeps_what_the_office_above_had_seen_by_then() {
    let world = World::joined();
    let node = Node::start(&world, "c");
    let (status, body) = node.open_case(&node.sign_in("C1"), "431381790630002");
    assert_eq!(status, 201, "{body}");
    assert_eq!(node.stop(), 0);
    let more = [
        "--staff",
        "C1",
        "--reason",
        "电脑失窃",
        "--compromised-since",
    ];
    let future = world.by(
        &["revoke"],
        "c",
        "K1",
        &[&more[..], &["2999-01-01"]].concat(),
    );
    future.refused("in times to come", 65, "has come");
    let odd = world.by(&["revoke"], "c", "K1", &[&more[..], &["昨天"]].concat());
    odd.refused("no day", 64, "2026-03-01");
    // No witness of the province ever ran: nothing was seen from above.
    let revoked = world.by(
        &["revoke"],
        "c",
        "K1",
        &[&more[..], &["2026-03-01"]].concat(),
    );
    assert_eq!(revoked.done()["keys"][0]["at"], json!(null));
    let listed = world.by(&["endorse"], "c", "K1", &["--staff", "C1", "--at", "1"]);
    assert_eq!(listed.done()["heals"].as_array().unwrap().len(), 1);
}

/// County and township at addresses of their own, so that they find one another again after a stop.
pub(crate) fn linked() -> World {
    let world = World::asked();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let config = String::from_utf8(world.read("c/jiaolian.toml")).unwrap();
    let config = config.replace(
        "[link]\nbind = \"127.0.0.1:0\"",
        &format!("[link]\nbind = \"{address}\""),
    );
    assert!(config.contains(&address.to_string()));
    world.write("c/jiaolian.toml", config);
    world.appoint("p", "P1", "c").done();
    world.join("c", "c").done();
    world.init("t", 1, &TOWNSHIP, &["--drill"]).done();
    world.appoint("c", "K1", "t").done();
    world.join("t", "t").done();
    assert_eq!(COUNTY.len(), 3);
    world
}

#[test]
fn work_that_arrives_late_after_a_revocation_is_healed_by_one_act() {
    let world = linked();
    let (county, township) = (Node::start(&world, "c"), Node::start(&world, "t"));
    let place = &township.ready["office"];
    let clerk = county.sign_in("C1");
    let (status, body) = county.open_case_at(&clerk, "431381790630002", Some(place));
    assert_eq!(status, 201, "{body}");
    let officer = township.sign_in("T1");
    let cases = township.until(&officer, "/api/v1/cases", |page| total(page) == 1);
    assert_eq!(county.stop(), 0);

    // The line is down: the officer works on, and the county withdraws the key meanwhile.
    let case = cases["items"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/cases/{case}");
    let (_, _, page) = township.ask(&path, &officer, None);
    let page: Json = serde_json::from_str(&page).unwrap();
    let records = page["records"].as_array().unwrap();
    let visit = records
        .iter()
        .find(|offer| offer["event"] == "record:visit");
    let form = json!({ "on": "2026-03-02", "note": "家访" });
    let (status, body) = township.sign(&officer, visit.unwrap(), &form);
    assert_eq!(status, 201, "{body}");
    assert_eq!(world.revoke("c", "K1", "T1").done()["revoked"], 1);

    let county = Node::start(&world, "c");
    let (head, timeline) = (county.sign_in("H1"), format!("{path}/timeline"));
    let page = county.until(&head, &timeline, |page| total(page) == 2);
    let late = |page: &Json| {
        let acts = page["items"].as_array().unwrap().iter();
        let mut visits = acts.filter(|act| act["kind"] == "visit");
        visits.next().unwrap()["standing"].clone()
    };
    let standing = late(&page);
    assert_eq!(
        (&standing["state"], &standing["reason"]),
        (&json!("waiting"), &json!("cut"))
    );
    assert_eq!(county.stop(), 0);

    let listed = world.by(&["endorse"], "c", "K1", &["--staff", "T1"]).done();
    assert_eq!(listed["heals"].as_array().unwrap().len(), 1, "{listed}");
    let healed = world
        .by(&["endorse"], "c", "K1", &["--staff", "T1", "--yes"])
        .done();
    assert_eq!(healed["signed"], 1);
    let county = Node::start(&world, "c");
    let head = county.sign_in("H1");
    let (_, _, page) = county.ask(&timeline, &head, None);
    let standing = late(&serde_json::from_str(&page).unwrap());
    assert!(
        standing["state"] == "good" || standing["state"] == "unfiled",
        "{standing}"
    );
    assert_eq!((county.stop(), township.stop()), (0, 0));
}
