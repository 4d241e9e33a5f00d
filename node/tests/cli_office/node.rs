//! A running node: its first line, its pages, its end.

use crate::world::{PASSPHRASE, World};
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longest wait for an answer, s.
const ANSWER_WAIT_S: u64 = 60;

pub(crate) struct Node {
    child: Child,
    pub(crate) ready: Json,
}

impl Node {
    /// Starts a node and waits for its first line.
    pub(crate) fn start(world: &World, name: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_jiaolian"))
            .args(["run", "--json", "--dir", &world.text(name)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).expect("the node said where it is");
        Self { child, ready }
    }

    /// The system asks it to end; its exit status.
    pub(crate) fn stop(mut self) -> i32 {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// The power is cut.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Status, head and body of an answer.
    pub(crate) fn ask(
        &self,
        path: &str,
        cookie: &str,
        form: Option<&Json>,
    ) -> (u16, String, String) {
        let address = self.ready["http"].as_str().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let wait = Some(Duration::from_secs(ANSWER_WAIT_S));
        stream.set_read_timeout(wait).unwrap();
        let method = if form.is_some() { "POST" } else { "GET" };
        let body = form.map(Json::to_string).unwrap_or_default();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nX-Jiaolian: 1\r\nCookie: {cookie}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        let (head, body) = all.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    /// Looks at a page until it says so, again after each event that the node tells of.
    pub(crate) fn until(&self, cookie: &str, path: &str, holds: impl Fn(&Json) -> bool) -> Json {
        let address = self.ready["http"].as_str().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let wait = Some(Duration::from_secs(ANSWER_WAIT_S));
        stream.set_read_timeout(wait).unwrap();
        let ask = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nX-Jiaolian: 1\r\nCookie: {cookie}\r\n\r\n"
        );
        stream.write_all(ask.as_bytes()).unwrap();
        let mut events = BufReader::new(stream);
        loop {
            let (status, _, body) = self.ask(path, cookie, None);
            let page: Json = serde_json::from_str(&body).unwrap();
            if status == 200 && holds(&page) {
                return page;
            }
            let mut line = String::new();
            while line.trim().is_empty() {
                line.clear();
                assert_ne!(events.read_line(&mut line).unwrap(), 0, "{path}: {page}");
            }
        }
    }

    /// What the node tells a page until an event of that name came.
    pub(crate) fn events_until(&self, cookie: &str, name: &str) -> String {
        let address = self.ready["http"].as_str().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let wait = Some(Duration::from_secs(ANSWER_WAIT_S));
        stream.set_read_timeout(wait).unwrap();
        let ask = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nX-Jiaolian: 1\r\nCookie: {cookie}\r\n\r\n"
        );
        stream.write_all(ask.as_bytes()).unwrap();
        let (mut events, mut told) = (BufReader::new(stream), String::new());
        while !told.contains(&format!("event: {name}\n")) || !told.ends_with("\n\n") {
            assert_ne!(events.read_line(&mut told).unwrap(), 0, "{told}");
        }
        told
    }

    /// Signs an offer of a page as the console does.
    pub(crate) fn sign(&self, cookie: &str, offer: &Json, fields: &Json) -> (u16, String) {
        let strong = offer["passphrase"].as_bool().unwrap();
        let form = json!({
            "event": offer["event"], "fields": fields, "section_id": offer["section"]["id"],
            "sign": strong.then(|| json!({ "passphrase": PASSPHRASE })), "dry_run": false,
        });
        let (status, _, body) = self.ask(offer["post"].as_str().unwrap(), cookie, Some(&form));
        (status, body)
    }

    /// Signs a person in; the cookie.
    pub(crate) fn sign_in(&self, staff_number: &str) -> String {
        let form = json!({ "staff_number": staff_number, "passphrase": PASSPHRASE });
        let (status, head, body) = self.ask("/api/v1/session", "", Some(&form));
        assert_eq!(status, 201, "{body}");
        let lower = |line: &&str| line.to_lowercase().starts_with("set-cookie:");
        let line = head.lines().find(lower).unwrap();
        let (_, set) = line.split_once(':').unwrap();
        set.split(';').next().unwrap().trim().to_owned()
    }

    /// A county's officer opens a case for a person; status and body.
    pub(crate) fn open_case(&self, cookie: &str, id_number: &str) -> (u16, String) {
        self.open_case_at(cookie, id_number, None)
    }

    /// The same for an office below, by its id.
    pub(crate) fn open_case_at(
        &self,
        cookie: &str,
        id_number: &str,
        at: Option<&Json>,
    ) -> (u16, String) {
        self.open_case_by(cookie, id_number, at, PASSPHRASE)
    }

    /// The same by somebody with another passphrase.
    pub(crate) fn open_case_by(
        &self,
        cookie: &str,
        id_number: &str,
        at: Option<&Json>,
        words: &str,
    ) -> (u16, String) {
        let (status, _, page) = self.ask("/api/v1/cases/new", cookie, None);
        assert_eq!(status, 200, "{page}");
        let page: Json = serde_json::from_str(&page).unwrap();
        let offer = &page["offer"];
        let fields = offer["fields"].as_array().unwrap();
        let office = fields.iter().find(|field| field["name"] == "office");
        let township = at.unwrap_or(&office.unwrap()["choices"][0]["code"]);
        let form = json!({
            "event": offer["event"],
            "fields": { "office": township, "name": "赵六", "id_number": id_number, "sex": "01",
                "kind": "02", "term_first": "2026-01-01", "term_last": "2027-12-31" },
            "section_id": offer["section"]["id"],
            "sign": { "passphrase": words },
            "dry_run": false,
        });
        let (status, _, body) = self.ask("/api/v1/cases", cookie, Some(&form));
        (status, body)
    }
}
