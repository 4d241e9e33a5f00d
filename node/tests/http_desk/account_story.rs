//! One file proves what an officer did, knew and could reach during an outage, and whoever changes
//! it is found out.

use crate::client::{Client, offer};
use crate::office::{Office, START, endpoint, key};
use jiaolian_node::account::{CheckAccountError, Line, check};
use jiaolian_node::owner::Node;
use jiaolian_schema::id::hex;
use jiaolian_schema::suite::Sign as _;
use jiaolian_sync::Peer;
use serde_json::json;

const MINUTE: i64 = 60_000;

async fn line(office: &Office, up: bool) {
    let job = move |node: &mut Node| {
        let (peer, now) = (Peer(endpoint("township")), node.now());
        node.replica.tick(now, [9; 32]);
        if up {
            node.replica.connect(peer, now);
        } else {
            node.replica.disconnect(peer);
        }
    };
    office.owner.call(job).await.unwrap();
}

/// The line is cut; an alarm comes; the officer on duty sees it, takes it, reads the case and asks
/// for a leave in it; the line comes back.
async fn outage(office: &Office) {
    let case = office.case("张三", "township", 0).await;
    let duty = Client::signed_in(office, "C3").await;
    line(office, true).await;
    office.advance(MINUTE);
    line(office, false).await;
    office.advance(MINUTE);
    let alarm = office.raise(case, "township", 1, 2).await;
    office.advance(MINUTE);
    assert_eq!(duty.get("/api/v1/alarms").await.ok(200)["total"], 1);
    office.advance(MINUTE);
    let page = duty.get(&format!("/api/v1/alarms/{alarm}")).await.ok(200);
    duty.sign(offer(&page, "acknowledge"), json!({}))
        .await
        .ok(201);
    office.advance(MINUTE);
    duty.get(&format!("/api/v1/cases/{case}")).await.ok(200);
    office.advance(MINUTE);
    let foreign = "/api/v1/cases/".to_owned() + &"ab".repeat(32);
    duty.get(&foreign).await.refused(404, "not_found");
    office.advance(MINUTE);
    line(office, true).await;
    office.advance(MINUTE);
}

fn root() -> String {
    hex(&key("root").public_key())
}

async fn account(office: &Office, client: &Client, number: &str, to: i64) -> Vec<u8> {
    let path = format!("/api/v1/account?person={number}&from={START}&to={to}");
    let answer = client.get(&path).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    assert!(
        answer
            .head
            .to_lowercase()
            .contains("attachment; filename=\"account-")
    );
    let _ = office;
    answer.body
}

#[tokio::test]
async fn an_outage_is_read_back_minute_by_minute_from_one_file() {
    let office = Office::open().await;
    outage(&office).await;
    let duty = Client::signed_in(&office, "C3").await;
    let bytes = account(&office, &duty, "C3", START + 60 * MINUTE).await;
    let checked = check(&bytes, Some(&root())).unwrap();
    assert_eq!(
        (checked.name.as_str(), checked.office.as_str()),
        ("周值", "浏阳市司法局")
    );
    let told = |kind: &str| -> &Line {
        let mut lines = checked.lines.iter();
        let found = lines.find(|line| line.kind == kind);
        found.unwrap_or_else(|| panic!("no {kind} in {:#?}", checked.lines))
    };
    assert_eq!(told("line_up").at, START);
    let cut = told("line_down");
    assert_eq!(
        (cut.at, cut.minute.as_str()),
        (START + MINUTE, "2026-03-02 09:01")
    );
    assert!(cut.text.contains("集里司法所"), "{}", cut.text);
    assert!(!cut.lines.as_ref().unwrap()[0].up);
    assert_eq!(
        (told("alarm_shown").at, told("alarm_shown").part),
        (START + 3 * MINUTE, "knew")
    );
    assert_eq!(told("alarm").at, START + 4 * MINUTE);
    let mut signed = checked
        .lines
        .iter()
        .filter(|line| line.kind == "signed" && line.part == "did");
    let claim = signed.next().unwrap();
    assert_eq!(claim.at, START + 4 * MINUTE);
    assert!(
        claim.act.is_some() && claim.text.contains("接警"),
        "{}",
        claim.text
    );
    assert_eq!(told("case").at, START + 5 * MINUTE);
    assert_eq!(told("denied").at, START + 6 * MINUTE);
    let back = checked
        .lines
        .iter()
        .rfind(|line| line.kind == "line_up")
        .unwrap();
    assert_eq!(back.at, START + 7 * MINUTE);
    assert!(back.lines.as_ref().unwrap()[0].up);
    let whole = format!("{:?}", checked.lines);
    assert!(
        !whole.contains("张三"),
        "nothing of the person concerned is in it"
    );
    assert!(!String::from_utf8_lossy(&bytes).contains("张三"));
}

#[tokio::test]
async fn whoever_changes_one_byte_of_an_account_is_found_out() {
    let office = Office::open().await;
    outage(&office).await;
    let duty = Client::signed_in(&office, "C3").await;
    let bytes = account(&office, &duty, "C3", START + 60 * MINUTE).await;
    check(&bytes, Some(&root())).unwrap();
    let wrong = check(&bytes, Some(&"00".repeat(32)));
    assert!(
        matches!(wrong, Err(CheckAccountError::OtherRoot(_))),
        "{wrong:?}"
    );
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(check(&changed, Some(&root())).is_err(), "byte {at}");
    }
    assert!(check(&bytes[..bytes.len() - 1], None).is_err());
    assert!(matches!(
        check(b"", None),
        Err(CheckAccountError::NoAccount(_))
    ));
}

#[tokio::test]
async fn an_account_is_for_the_person_for_the_head_and_for_those_who_oversee() {
    let office = Office::open().await;
    outage(&office).await;
    let to = START + 60 * MINUTE;
    for number in ["C3", "C2", "P1"] {
        let client = Client::signed_in(&office, number).await;
        let bytes = account(&office, &client, "C3", to).await;
        assert_eq!(check(&bytes, Some(&root())).unwrap().name, "周值");
    }
    let other = Client::signed_in(&office, "C1").await;
    let path =
        |number: &str, to: i64| format!("/api/v1/account?person={number}&from={START}&to={to}");
    other.get(&path("C3", to)).await.refused(404, "not_found");
    other
        .get(&path("nobody", to))
        .await
        .refused(404, "not_found");
    other
        .get(&path("C1", START))
        .await
        .refused(400, "bad_request");
    other
        .get(&path("C1", START + 32 * 24 * 60 * MINUTE))
        .await
        .refused(400, "bad_request");
}

#[tokio::test]
async fn the_command_checks_an_account_without_any_node() {
    let office = Office::open().await;
    outage(&office).await;
    let duty = Client::signed_in(&office, "C3").await;
    let bytes = account(&office, &duty, "C3", START + 60 * MINUTE).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("account.jla");
    std::fs::write(&file, &bytes).unwrap();
    let run = |root: &str| {
        let program = env!("CARGO_BIN_EXE_jiaolian");
        let mut command = std::process::Command::new(program);
        command
            .args(["account", "--check"])
            .arg(&file)
            .args(["--root", root]);
        command.output().unwrap()
    };
    let output = run(&root());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.trim_end().ends_with("VALID"), "{text}");
    assert!(
        text.contains("2026-03-02 09:01 线路断开: 集里司法所"),
        "{text}"
    );
    let refused = run(&"00".repeat(32));
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8(refused.stderr)
            .unwrap()
            .starts_with("INVALID")
    );
}
