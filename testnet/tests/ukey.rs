//! An officer whose key is on a UKey: signs with its PIN; where the key is pulled out, another one is
//! plugged in, or the PIN is wrong, nothing is signed and nothing stored. A county on suite 2 above a
//! township on suite 1 goes along, as processes.

#![allow(clippy::unwrap_used)]

use jiaolian_testnet::client::{Answer, Client};
use jiaolian_testnet::people::invent;
use jiaolian_testnet::process::{NodeProcess, ProcessError, Program};
use jiaolian_testnet::ukey::TRIES_MAX;
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PASSPHRASE: &str = "正确的马电池订书钉";
const PIN: &str = "246810";

/// A key in somebody's hand, plugged in while this lives.
struct Plugged {
    process: Child,
    told: Json,
}

impl Plugged {
    fn new(chip: &Path, at: &Path, suite: u8) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_testnet"))
            .args(["ukey", "--suite", &suite.to_string(), "--chip"])
            .arg(chip)
            .arg("--at")
            .arg(at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.as_mut().unwrap();
        input.write_all(format!("{PIN}\n").as_bytes()).unwrap();
        let mut line = String::new();
        let output = process.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).unwrap();
        Self { process, told }
    }

    /// Pulls it out: its process sees its input end.
    fn pull_out(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

/// Directories side by side and the commands as an officer types them.
struct House {
    dir: tempfile::TempDir,
    program: Program,
}

impl House {
    fn new() -> Self {
        let program = Program::of_testnet(Path::new(env!("CARGO_BIN_EXE_testnet")));
        let dir = tempfile::tempdir().unwrap();
        Self { dir, program }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    async fn run(&self, arguments: &[&str], lines: &[&str]) -> Result<Json, ProcessError> {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let said = self.program.run(&arguments, lines).await?;
        Ok(serde_json::from_str(&said).unwrap())
    }

    async fn init(&self, name: &str, tier: &str, suite: &str, people: &[&str], more: &[&str]) {
        let dir = self.text(name);
        let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let http = http.local_addr().unwrap().to_string();
        let mut words = vec!["init", "--json", "--drill", "--passphrase-stdin", "--dir"];
        words.extend([dir.as_str(), "--name", "试点机关", "--code", "431381"]);
        words.extend(["--tier", tier, "--suite", suite, "--link", "127.0.0.1:0"]);
        words.extend(["--http", http.as_str()]);
        for person in people {
            words.extend(["--person", person]);
        }
        words.extend(more);
        let lines = vec![PASSPHRASE; people.len()];
        self.run(&words, &lines).await.unwrap();
    }

    async fn enrol(&self, person: &str, more: &[&str]) -> Result<Json, ProcessError> {
        let dir = self.text("county");
        let mut words = vec![
            "enrol",
            "--json",
            "--passphrase-stdin",
            "--dir",
            dir.as_str(),
        ];
        words.extend(["--as", "K1", "--person", person]);
        words.extend(more);
        self.run(&words, &[PASSPHRASE; 2]).await
    }

    async fn appoint(&self, by: &str, below: &str, lines: &[&str]) -> Result<Json, ProcessError> {
        let (dir, request) = (
            self.text("county"),
            self.text(&format!("{below}/request.json")),
        );
        let out = self.text(&format!("{below}.answer"));
        let mut words = vec![
            "appoint",
            "--json",
            "--passphrase-stdin",
            "--dir",
            dir.as_str(),
        ];
        words.extend([
            "--as",
            by,
            "--request",
            request.as_str(),
            "--out",
            out.as_str(),
        ]);
        self.run(&words, lines).await
    }

    async fn join(&self, name: &str) {
        let (dir, file) = (self.text(name), self.text(&format!("{name}.answer")));
        let words = [
            "join",
            "--json",
            "--dir",
            dir.as_str(),
            "--file",
            file.as_str(),
        ];
        self.run(&words, &[]).await.unwrap();
    }

    fn request(&self, name: &str) -> Json {
        let text = std::fs::read_to_string(self.path(name).join("request.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

#[track_caller]
fn refused(ended: Result<Json, ProcessError>, status: i32, words: &str) {
    let Err(ProcessError::Refused {
        status: said,
        reason,
        ..
    }) = ended
    else {
        panic!("not refused: {ended:?}");
    };
    assert_eq!(said, format!("exit status: {status}"), "{reason}");
    assert!(reason.contains(words), "{reason}");
    assert!(
        !reason.contains(PIN) && !reason.contains("panicked"),
        "{reason}"
    );
}

/// A county on suite 2 that is its own root, with a township on suite 1 below.
async fn county() -> House {
    let house = House::new();
    let people = ["K1,李卫东,keeper,KEEPER", "C1,王秀英,staff,CTY_CASE"];
    house.init("county", "2", "2", &people, &["--root"]).await;
    let people = ["T1,刘建国,staff,OFF_STAFF"];
    house.init("town", "1", "1", &people, &[]).await;
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_appoints_with_a_ukey_and_not_without_it() {
    let house = county().await;
    let (chip, at) = (house.path("chip"), house.path("ukey.json"));
    let place = at.display().to_string();
    let person = "K2,赵国强,keeper,KEEPER";
    refused(
        house.enrol(person, &["--ukey", &place]).await,
        69,
        "plugged in",
    );
    let key = Plugged::new(&chip, &at, 2);
    let crossed = house
        .enrol(person, &["--ukey", &place, "--suite", "1"])
        .await;
    refused(crossed, 65, "is of suite 2, not 1");
    house.enrol(person, &["--ukey", &place]).await.unwrap();
    let seats = house.request("county")["seats"].clone();
    let seats = seats.as_array().unwrap();
    assert!(seats.iter().all(|seat| seat["suite"] == 2), "{seats:?}");
    assert_eq!(seats.last().unwrap()["key"], key.told["key"]);
    house.appoint("K1", "county", &[PASSPHRASE]).await.unwrap();
    house.join("county").await;

    let wrong = house.appoint("K2", "town", &[PASSPHRASE, "135791"]).await;
    refused(wrong, 77, "5 tries are left");
    assert!(!house.path("town.answer").exists());
    key.pull_out();
    let absent = house.appoint("K2", "town", &[PASSPHRASE, PIN]).await;
    refused(absent, 69, "plugged in");
    let other = Plugged::new(&house.path("other chip"), &at, 2);
    let other_key = house.appoint("K2", "town", &[PASSPHRASE, PIN]).await;
    refused(other_key, 77, "the one that was enrolled");
    other.pull_out();

    let key = Plugged::new(&chip, &at, 2);
    let done = house
        .appoint("K2", "town", &[PASSPHRASE, PIN])
        .await
        .unwrap();
    // The office, its node and witness, and one officer: what was refused before left nothing.
    assert_eq!(done["signed"], 4, "{done}");
    house.join("town").await;
    let seats = house.request("town")["seats"].clone();
    assert!(
        seats
            .as_array()
            .unwrap()
            .iter()
            .all(|seat| seat["suite"] == 1)
    );
    key.pull_out();
}

/// An officer at the county's pages.
struct Desk {
    node: NodeProcess,
    officer: Client,
    town: String,
}

impl Desk {
    async fn form(&self, proof: Json) -> Answer {
        let page = self.officer.get("/api/v1/cases/new").await.unwrap();
        let person = invent("431381100", 7);
        let fields = json!({
            "office": self.town, "name": person.name, "id_number": person.id_number,
            "sex": if person.female { "02" } else { "01" }, "kind": "02",
            "term_first": "2026-01-05", "term_last": "2027-01-04", "class": "general",
            "decision_organ": "演练人民法院",
        });
        let body = json!({ "event": "open", "fields": fields, "sign": proof });
        let post = page["offer"]["post"].as_str().unwrap();
        self.officer.send("POST", post, Some(&body)).await.unwrap()
    }

    async fn refused(&self, proof: Json, status: u16, code: &str, words: &str) {
        let answer = self.form(proof).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.json["error"]["code"], code, "{}", answer.text);
        let said = answer.json["error"]["message_zh"].as_str().unwrap();
        assert!(said.contains(words), "{said}");
        let cases = self.officer.get("/api/v1/cases").await.unwrap();
        assert_eq!(cases["items"], json!([]), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_signs_with_a_ukey_and_a_refusal_stores_nothing() {
    let house = county().await;
    let (chip, at) = (house.path("chip"), house.path("ukey.json"));
    let key = Plugged::new(&chip, &at, 2);
    let place = at.display().to_string();
    let person = "C2,陈梅,staff,CTY_CASE";
    house.enrol(person, &["--ukey", &place]).await.unwrap();
    house.appoint("K1", "county", &[PASSPHRASE]).await.unwrap();
    house.join("county").await;
    let founded = house.appoint("K1", "town", &[PASSPHRASE]).await.unwrap();
    let node = house.program.start(&house.path("county")).await.unwrap();
    let officer = Client::sign_in(node.ready.http, "C2", PASSPHRASE)
        .await
        .unwrap();
    let town = founded["office"].as_str().unwrap().to_owned();
    let desk = Desk {
        node,
        officer,
        town,
    };

    desk.refused(json!(null), 401, "ukey_pin", "PIN").await;
    desk.refused(json!({ "passphrase": PASSPHRASE }), 401, "ukey_pin", "PIN")
        .await;
    let both = json!({ "passphrase": PASSPHRASE, "pin": PIN });
    desk.refused(both, 400, "bad_request", "之一").await;
    desk.refused(json!({ "pin": "135791" }), 401, "ukey_pin_wrong", "5")
        .await;
    key.pull_out();
    desk.refused(json!({ "pin": PIN }), 409, "ukey_absent", "请插入UKey")
        .await;
    let other = Plugged::new(&house.path("other chip"), &at, 1);
    desk.refused(json!({ "pin": PIN }), 409, "ukey_other", "不是您的UKey")
        .await;
    other.pull_out();

    let key = Plugged::new(&chip, &at, 2);
    let signed = desk.form(json!({ "pin": PIN })).await;
    assert_eq!(signed.status, 201, "{}", signed.text);
    let case = signed.json["target"]["id"].as_str().unwrap().to_owned();
    light_acts(&desk, &case, key).await;

    // The device locks itself, whatever PIN comes then, and stays locked when it is plugged in anew.
    let key = Plugged::new(&chip, &at, 2);
    for left in (0..TRIES_MAX).rev() {
        let answer = desk.form(json!({ "pin": "135791" })).await;
        let code = if left == 0 {
            "ukey_locked"
        } else {
            "ukey_pin_wrong"
        };
        assert_eq!(
            answer.json["error"]["code"], code,
            "{left}: {}",
            answer.text
        );
    }
    key.pull_out();
    let key = Plugged::new(&chip, &at, 2);
    let locked = desk.form(json!({ "pin": PIN })).await;
    assert_eq!(
        (locked.status, &locked.json["error"]["code"]),
        (403, &json!("ukey_locked"))
    );
    key.pull_out();
    assert!(desk.node.stop().await.unwrap());
}

/// What needs no passphrase needs no PIN while the key that was once opened stays in.
async fn light_acts(desk: &Desk, case: &str, key: Plugged) {
    let page = format!("/api/v1/cases/{case}/texts");
    let save = async |value: &str| {
        let texts = desk.officer.get(&page).await.unwrap();
        let items = texts["items"].as_array().unwrap();
        let plan = items.iter().find(|text| text["name"] == "plan").unwrap();
        let body = json!({ "base": plan["version"], "value": value });
        let path = format!("{page}/plan");
        desk.officer.send("PUT", &path, Some(&body)).await.unwrap()
    };
    let saved = save("每月走访一次。").await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    key.pull_out();
    let absent = save("每周走访一次。").await;
    assert_eq!(
        (absent.status, &absent.json["error"]["code"]),
        (409, &json!("ukey_absent"))
    );
    let texts = desk.officer.get(&page).await.unwrap();
    assert!(texts.to_string().contains("每月走访一次"), "{texts}");
}
