//! A forgotten passphrase where no link is: the township asks, the county answers by the code that
//! is read over the telephone, and a colleague or a changed file gets nothing.

use crate::node::Node;
use crate::world::{PASSPHRASE, Said, World, jiaolian};
use serde_json::{Value as Json, json};

const NEW: &str = "这回不会再忘的口令";

impl World {
    fn ask(&self, name: &str, staff: &str, out: &str) -> Said {
        let (dir, out) = (self.text(name), self.text(out));
        let words = [
            "reenrol",
            "ask",
            "--json",
            "--passphrase-stdin",
            "--dir",
            &dir,
        ];
        jiaolian(
            &[&words[..], &["--staff", staff, "--out", &out]].concat(),
            &[NEW],
        )
    }

    fn answer(&self, name: &str, keeper: &str, code: &str, files: [&str; 2]) -> Said {
        let dir = self.text(name);
        let [request, out] = files.map(|file| self.text(file));
        let words = [
            "reenrol",
            "answer",
            "--json",
            "--passphrase-stdin",
            "--dir",
            &dir,
        ];
        let more = [
            "--as",
            keeper,
            "--code",
            code,
            "--request",
            &request,
            "--out",
            &out,
        ];
        jiaolian(&[&words[..], &more].concat(), &[PASSPHRASE])
    }

    fn take(&self, name: &str, file: &str) -> Said {
        let (dir, file) = (self.text(name), self.text(file));
        jiaolian(
            &["reenrol", "take", "--json", "--dir", &dir, "--file", &file],
            &[],
        )
    }
}

fn sign_in(node: &Node, staff: &str, words: &str) -> (u16, Json) {
    let form = json!({ "staff_number": staff, "passphrase": words });
    let (status, _, body) = node.ask("/api/v1/session", "", Some(&form));
    (status, serde_json::from_str(&body).unwrap())
}

/// A code with one digit exchanged for another.
fn slipped(code: &str) -> String {
    let other = if code.starts_with('1') { "2" } else { "1" };
    other.to_owned() + &code[1..]
}

#[test]
fn a_new_key_is_appointed_by_code_and_file_and_the_old_one_is_told_no() {
    let world = World::joined();
    let asked = world.ask("t", "T1", "t.ask").done();
    let code = asked["code"].as_str().unwrap();
    // Up to here nothing has changed: the old passphrase works, the new one does not.
    let node = Node::start(&world, "t");
    assert_eq!(sign_in(&node, "T1", NEW).0, 401);
    assert_eq!(sign_in(&node, "T1", PASSPHRASE).0, 201);
    assert_eq!(node.stop(), 0);

    let files = ["t.ask", "t.reply"];
    world
        .answer("c", "K1", &slipped(code), files)
        .refused("a slip", 65, "one of them is wrong");
    world
        .answer("c", "C1", code, files)
        .refused("staff", 77, "only a keeper");
    let line = String::from_utf8(world.read("t.ask")).unwrap();
    world.write("bad.ask", line.replace('0', "1"));
    world
        .answer("c", "K1", code, ["bad.ask", "x"])
        .refused("changed", 65, "request");
    let answered = world.answer("c", "K1", code, files).done();
    assert_eq!(
        (&answered["name"], &answered["staff_number"]),
        (&json!("刘建国"), &json!("T1"))
    );
    world
        .answer("c", "K1", code, files)
        .refused("answered twice", 65, "has been answered");

    let taken = world.take("t", "t.reply").done();
    assert_eq!(taken["appointed"], true, "{taken}");
    let node = Node::start(&world, "t");
    assert_eq!(
        sign_in(&node, "T1", PASSPHRASE).0,
        401,
        "the forgotten passphrase is out"
    );
    let (status, session) = sign_in(&node, "T1", NEW);
    assert_eq!(
        (status, &session["person"]["name"]),
        (201, &json!("刘建国"))
    );
    // Nobody else is at this desk, so case files stay closed to the new key, and the strip says why.
    let (_, _, about) = node.ask("/api/v1/node", "", None);
    assert!(about.contains("\"locked\":true"), "{about}");
    assert_eq!(node.stop(), 0);

    // The old passphrase comes back to mind: it opens no session, but the case files.
    let dir = world.text("t");
    let words = [
        "reenrol",
        "recall",
        "--json",
        "--passphrase-stdin",
        "--dir",
        &dir,
        "--staff",
        "T1",
    ];
    jiaolian(&words, &[NEW, "wrong wrong"]).refused("not that one", 77, "belong together");
    jiaolian(&words, &[NEW, PASSPHRASE]).done();
    let node = Node::start(&world, "t");
    assert_eq!(sign_in(&node, "T1", NEW).0, 201);
    let (_, _, about) = node.ask("/api/v1/node", "", None);
    assert!(about.contains("\"locked\":false"), "{about}");
    assert_eq!(node.stop(), 0);
}

#[test]
fn the_right_code_opens_nothing_for_another_desk_and_a_colleague_answers_nobody() {
    let world = World::joined();
    // A keeper of the county itself is a colleague of the county's officers.
    let asked = world.ask("c", "C1", "c.ask").done();
    let code = asked["code"].as_str().unwrap();
    let colleague = world.answer("c", "K1", code, ["c.ask", "c.reply"]);
    colleague.refused("a colleague", 65, "a colleague never does");
    // Another request of the same desk does not pass for the one whose code was read out.
    let other = world.ask("t", "T1", "t.ask").done();
    let mixed = world.answer("c", "K1", code, ["t.ask", "x.reply"]);
    mixed.refused("another request", 65, "no request with this code");
    // An answer for one desk is nothing to another, and nothing to one that did not ask.
    world
        .answer(
            "c",
            "K1",
            other["code"].as_str().unwrap(),
            ["t.ask", "t.reply"],
        )
        .done();
    world
        .take("c", "t.reply")
        .refused("another desk", 65, "the answer is for office");
    world.write("cut.reply", &world.read("t.reply")[..200]);
    world
        .take("t", "cut.reply")
        .refused("cut short", 65, "no answer to a request");

    // A number that nobody has is shown as much as one that somebody has, and gives nothing.
    let nobody = world.ask("t", "T9", "n.ask").done();
    assert_eq!(nobody["code"].as_str().unwrap().len(), code.len());
    let nothing = world.answer(
        "c",
        "K1",
        nobody["code"].as_str().unwrap(),
        ["n.ask", "n.reply"],
    );
    nothing.refused("nobody's", 65, "request");
}
