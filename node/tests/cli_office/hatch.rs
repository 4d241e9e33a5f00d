//! A keeper's commands at a node that runs: the same words as at one that is stopped, signed by the
//! keeper's key where the command is typed, seen by other running nodes at once, and by nobody who
//! has not the directory's secret.

use crate::endorse::linked;
use crate::node::Node;
use crate::world::{PASSPHRASE, Said, World, jiaolian};
use serde_json::{Value as Json, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

fn at(world: &World) -> String {
    let place: Json = serde_json::from_slice(&world.read("c/hatch")).unwrap();
    place["at"].as_str().unwrap().to_owned()
}

#[test]
fn a_stolen_key_is_revoked_at_a_running_node_and_the_next_running_node_sees_it() {
    let world = linked();
    let (county, township) = (Node::start(&world, "c"), Node::start(&world, "t"));
    let officer = township.sign_in("T1");
    let revoked = world.revoke("c", "K1", "T1").done();
    assert_eq!(revoked["revoked"], 1, "{revoked}");
    let told = township.events_until(&officer, "signed_out");
    assert!(told.contains("revoked"), "{told}");
    let form = json!({ "staff_number": "T1", "passphrase": PASSPHRASE });
    assert_eq!(township.ask("/api/v1/session", "", Some(&form)).0, 401);
    // A second word of the same keeper goes on the same chain, by the hatch and after a stop.
    let days = |n: &str| world.by(&["office", "policy"], "c", "K1", &["--stale-days", n]);
    days("3").done();
    assert_eq!((county.stop(), township.stop()), (0, 0));
    assert!(!world.path("c/hatch").exists());
    days("4").done();
    let county = Node::start(&world, "c");
    days("5").done();
    assert_eq!(world.show("c")["policy"]["stale_days"], 5);
    assert_eq!(county.stop(), 0);
    assert_eq!(world.show("c")["policy"]["stale_days"], 5);
}

/// Commands that change nothing, whatever they say.
fn commands(world: &World) -> Vec<(&'static str, Said)> {
    let revoke = |by: &str, more: &[&str]| {
        world.by(
            &["revoke"],
            "c",
            by,
            &[&["--reason", "调离"], more].concat(),
        )
    };
    let township = world.status("t")["office"].as_str().unwrap().to_owned();
    let rename = |more: &[&str]| {
        let days = [&["--from", "2026-01-01", "--name", "甲"], more].concat();
        world.by(&["office", "rename"], "c", "K1", &days)
    };
    let wrong = jiaolian(
        &[
            "revoke",
            "--json",
            "--passphrase-stdin",
            "--dir",
            &world.text("c"),
            "--as",
            "K1",
            "--staff",
            "C1",
            "--reason",
            "调离",
        ],
        &["不是这个口令的"],
    );
    let new = |out: &str| {
        let (dir, out) = (world.text("p"), world.text(out));
        let key = "11".repeat(32);
        let more = [
            "--dir",
            &dir,
            "--out",
            &out,
            "--threshold",
            "1",
            "--key",
            &key,
        ];
        jiaolian(&[&["root", "new", "--json"], &more[..]].concat(), &[])
    };
    vec![
        ("a wrong passphrase", wrong),
        ("no keeper", revoke("C1", &["--staff", "T1"])),
        ("a number that nobody has", revoke("X7", &["--staff", "T1"])),
        ("nobody", revoke("K1", &["--staff", "X9"])),
        (
            "a position that is not here",
            revoke("K1", &["--staff", "C1", "--at", "9"]),
        ),
        (
            "nothing waits",
            world.by(&["endorse"], "c", "K1", &["--staff", "C1"]),
        ),
        (
            "nobody's stand-in",
            world.by(&["stand-in"], "c", "C1", &["--reason", "外出"]),
        ),
        ("no office", rename(&["--office", "nowhere"])),
        (
            "an office above",
            rename(&["--office", world.status("p")["office"].as_str().unwrap()]),
        ),
        (
            "an empty name",
            rename(&["--office", &township, "--code", "x y"]),
        ),
        (
            "what is on file",
            jiaolian(
                &["office", "show", "--json", "--dir", &world.text("c")],
                &[],
            ),
        ),
        (
            "no orders",
            jiaolian(&["shred", "--json", "--dir", &world.text("c")], &[]),
        ),
        ("nothing new to appoint", world.appoint("c", "K1", "t")),
        ("a draft of the root", new("draft.json")),
    ]
}

#[test]
fn what_a_command_says_is_the_same_at_a_node_that_runs() {
    let world = World::joined();
    let stopped = commands(&world);
    let answer = world.read("t.answer");
    let (county, province) = (Node::start(&world, "c"), Node::start(&world, "p"));
    for ((case, before), (_, now)) in stopped.iter().zip(commands(&world)) {
        assert_eq!(
            (&now.out, now.status),
            (&before.out, before.status),
            "{case}: {}",
            now.err
        );
        assert_eq!(now.err, before.err, "{case}");
        assert!(!now.err.contains("panicked"), "{case}");
    }
    assert_eq!(world.read("t.answer"), answer);
    assert_eq!((county.stop(), province.stop()), (0, 0));
}

#[test]
fn every_keepers_command_is_done_by_a_running_node() {
    let world = World::joined();
    world
        .enrol("c", "K1", "D1,钱副职,staff,CTY_DEP", [PASSPHRASE; 2])
        .done();
    let words = ["--condition", "负责人外出超过三日"];
    let more = [
        "--stand-in",
        "D1",
        "--in-place-of",
        "H1",
        "--role",
        "CTY_HEAD",
    ];
    world
        .by(&["enrol"], "c", "K1", &[&more[..], &words].concat())
        .done();
    let province = Node::start(&world, "p");
    assert_eq!(world.appoint("p", "P1", "c").done()["signed"], 2);
    world.join("c", "c").done();
    let county = Node::start(&world, "c");
    let reason = ["--reason", "负责人赴省参会五日"];
    world.by(&["stand-in"], "c", "D1", &reason).done();
    world
        .by(&["stand-in"], "c", "D1", &reason)
        .refused("taken twice", 65, "taken already");
    assert_eq!(world.show("c")["stand_ins"][0]["name"], "钱副职");

    let township = world.status("t")["office"].as_str().unwrap().to_owned();
    let until = [
        "--office",
        &township,
        "--from",
        "2026-01-01",
        "--to",
        "2999-12-31",
    ];
    let entrust = [&until[..], &["--action", "leave"]].concat();
    world.by(&["office", "entrust"], "c", "K1", &entrust).done();
    let rename = [
        "--office",
        &township,
        "--from",
        "2026-01-01",
        "--name",
        "新城司法所",
    ];
    world.by(&["office", "rename"], "c", "K1", &rename).done();

    let clerk = county.sign_in("C1");
    let (status, body) = county.open_case(&clerk, "431381790630002");
    assert_eq!(status, 201, "{body}");
    let (_, _, page) = county.ask("/api/v1/cases", &clerk, None);
    let page: Json = serde_json::from_str(&page).unwrap();
    let case = page["items"][0]["id"].as_str().unwrap();
    let order = [
        "--case",
        case,
        "--basis",
        "实施办法第五十三条",
        "--document",
        "浏司销〔2026〕1号",
    ];
    let shredded = world.by(&["shred"], "c", "K1", &order).done();
    let confirmed = shredded["shreds"][0]["confirmed"].as_array().unwrap();
    assert_eq!(confirmed.len(), 1, "{shredded}");
    assert_eq!(
        county.ask(&format!("/api/v1/cases/{case}"), &clerk, None).0,
        404
    );

    let out = world.text("account.jla");
    let account = [
        "account",
        "--json",
        "--dir",
        &world.text("c"),
        "--person",
        "C1",
        "--from",
        "2020-01-01",
        "--to",
        "2020-01-20",
        "--out",
        &out,
    ];
    jiaolian(&account, &[]).done();
    jiaolian(&["account", "--json", "--check", &out], &[]).done();
    assert_eq!((county.stop(), province.stop()), (0, 0));
    for name in ["c", "p"] {
        let node = Node::start(&world, name);
        assert_eq!(node.ask("/healthz", "", None).0, 200);
        assert_eq!(node.stop(), 0);
    }
}

#[test]
fn nobody_without_the_secret_of_the_directory_is_answered() {
    let world = World::joined();
    let county = Node::start(&world, "c");
    let mode = std::fs::metadata(world.path("c/hatch"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let heard = |words: &[&[u8]]| {
        let mut stream = TcpStream::connect(at(&world)).unwrap();
        let mut heard = Vec::new();
        for word in words {
            // The node may hang up before the last of it.
            let _ = stream.write_all(word);
        }
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut heard);
        heard.len()
    };
    let page = b"POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil\r\n\r\n";
    assert_eq!(heard(&[page]), 0, "a browser");
    assert_eq!(
        heard(&[b"jiaolian-hatch/2", &[1; 32]]),
        0,
        "another greeting"
    );
    // The node proves itself first and says no more to who proves nothing.
    assert_eq!(heard(&[b"jiaolian-hatch/1", &[1; 32], &[2; 32]]), 64);
    assert_eq!(
        heard(&[b"jiaolian-hatch/1", &[1; 32], &[2; 32], &[255; 4]]),
        64
    );

    // A file that another could write, and one of an earlier run, open nothing.
    let sound = world.read("c/hatch");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(world.path("c/hatch"), open).unwrap();
    world
        .revoke("c", "K1", "C1")
        .refused("an open file", 75, "0600");
    let mut place: Json = serde_json::from_slice(&sound).unwrap();
    place["secret"] = json!("00".repeat(32));
    world.write("c/hatch", place.to_string());
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(world.path("c/hatch"), private).unwrap();
    world
        .revoke("c", "K1", "C1")
        .refused("a stale secret", 75, "another program");
    world.write("c/hatch", &sound);
    assert_eq!(world.revoke("c", "K1", "C1").done()["revoked"], 1);

    // What opens the directory itself still says so.
    world
        .join("c", "c")
        .refused("join beside it", 75, "in use by a running node");
    // A killed node's file is in nobody's way.
    county.kill();
    assert_eq!(world.revoke("c", "K1", "H1").done()["revoked"], 1);
}
