//! A drill's province, county and township as directories, and the commands as an officer types them.

use serde_json::Value as Json;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const PASSPHRASE: &str = "正确的马电池订书钉";
pub(crate) const PROVINCE: [&str; 1] = ["P1,周建民,keeper,KEEPER"];
pub(crate) const COUNTY: [&str; 3] = [
    "K1,李卫东,keeper,KEEPER",
    "C1,王秀英,staff,CTY_CASE",
    "H1,赵国强,staff,CTY_HEAD",
];
pub(crate) const TOWNSHIP: [&str; 1] = ["T1,刘建国,staff,OFF_STAFF"];

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    #[track_caller]
    pub(crate) fn done(self) -> Json {
        assert_eq!(self.status, 0, "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }

    #[track_caller]
    pub(crate) fn refused(&self, case: &str, status: i32, words: &str) {
        assert_eq!(self.status, status, "{case}: {}{}", self.err, self.out);
        assert!(self.err.contains(words), "{case}: {}", self.err);
        assert!(!self.err.contains("panicked"), "{case}: {}", self.err);
        assert!(self.err.len() < 1_000, "{case}: {} bytes", self.err.len());
        assert_eq!(self.out, "", "{case}");
    }
}

/// Runs a command to its end, with a passphrase on each of some lines.
pub(crate) fn jiaolian(arguments: &[&str], lines: &[&str]) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jiaolian"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = lines.join("\n") + "\n";
    // A command that refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    let output = child.wait_with_output().unwrap();
    Said {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Directories side by side.
#[derive(Debug)]
pub(crate) struct World {
    dir: tempfile::TempDir,
}

impl World {
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir }
    }

    /// A drill's province that has joined itself, and a county that has asked.
    pub(crate) fn asked() -> Self {
        let world = Self::empty();
        world.init("p", 4, &PROVINCE, &["--drill", "--root"]).done();
        world.appoint("p", "P1", "p").done();
        world.join("p", "p").done();
        world.init("c", 2, &COUNTY, &["--drill"]).done();
        world
    }

    /// The county and a township have joined too.
    pub(crate) fn joined() -> Self {
        let world = Self::asked();
        world.appoint("p", "P1", "c").done();
        world.join("c", "c").done();
        world.init("t", 1, &TOWNSHIP, &["--drill"]).done();
        world.appoint("c", "K1", "t").done();
        world.join("t", "t").done();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn init(&self, name: &str, tier: u8, people: &[&str], more: &[&str]) -> Said {
        self.init_by(name, tier, people, more, PASSPHRASE)
    }

    /// The same for an office that its nodes below call at an address.
    pub(crate) fn init_at(
        &self,
        name: &str,
        tier: u8,
        people: &[&str],
        (link, more): (&str, &[&str]),
    ) -> Said {
        self.init_with(name, (tier, link), people, more, PASSPHRASE)
    }

    pub(crate) fn init_by(
        &self,
        name: &str,
        tier: u8,
        people: &[&str],
        more: &[&str],
        words: &str,
    ) -> Said {
        self.init_with(name, (tier, "127.0.0.1:0"), people, more, words)
    }

    fn init_with(
        &self,
        name: &str,
        (tier, link): (u8, &str),
        people: &[&str],
        more: &[&str],
        words: &str,
    ) -> Said {
        let (dir, tier, http) = (self.text(name), tier.to_string(), free_port());
        let mut arguments = vec!["init", "--json", "--passphrase-stdin", "--dir", &dir];
        arguments.extend(["--name", "试点机关", "--code", "430000", "--tier", &tier]);
        arguments.extend(["--link", link, "--http", &http]);
        arguments.extend(more);
        for person in people {
            arguments.extend(["--person", person]);
        }
        jiaolian(&arguments, &vec![words; people.len()])
    }

    /// The keeper of one directory appoints what another one's request asks for.
    pub(crate) fn appoint(&self, above: &str, keeper: &str, below: &str) -> Said {
        self.appoint_file(above, keeper, &format!("{below}/request.json"), below)
    }

    pub(crate) fn appoint_file(&self, above: &str, keeper: &str, request: &str, out: &str) -> Said {
        self.appoint_by(above, keeper, request, out, PASSPHRASE)
    }

    pub(crate) fn appoint_by(
        &self,
        above: &str,
        keeper: &str,
        request: &str,
        out: &str,
        words: &str,
    ) -> Said {
        let (dir, request) = (self.text(above), self.text(request));
        let out = self.text(&format!("{out}.answer"));
        let mut arguments = vec!["appoint", "--json", "--passphrase-stdin", "--dir", &dir];
        arguments.extend(["--as", keeper, "--request", &request, "--out", &out]);
        jiaolian(&arguments, &[words])
    }

    pub(crate) fn join(&self, name: &str, answer: &str) -> Said {
        let (dir, file) = (self.text(name), self.text(&format!("{answer}.answer")));
        jiaolian(&["join", "--json", "--dir", &dir, "--file", &file], &[])
    }

    pub(crate) fn enrol(&self, name: &str, by: &str, person: &str, words: [&str; 2]) -> Said {
        let dir = self.text(name);
        let mut arguments = vec!["enrol", "--json", "--passphrase-stdin", "--dir", &dir];
        arguments.extend(["--as", by, "--person", person]);
        jiaolian(&arguments, &words)
    }

    pub(crate) fn revoke(&self, name: &str, keeper: &str, staff: &str) -> Said {
        let dir = self.text(name);
        let mut arguments = vec!["revoke", "--json", "--passphrase-stdin", "--dir", &dir];
        arguments.extend(["--as", keeper, "--staff", staff, "--reason", "调离岗位"]);
        jiaolian(&arguments, &[PASSPHRASE])
    }

    /// A command at a directory by one of its people, with what else it takes.
    pub(crate) fn by(&self, command: &[&str], name: &str, number: &str, more: &[&str]) -> Said {
        let dir = self.text(name);
        let mut arguments = command.to_vec();
        arguments.extend([
            "--json",
            "--passphrase-stdin",
            "--dir",
            &dir,
            "--as",
            number,
        ]);
        arguments.extend(more);
        jiaolian(&arguments, &[PASSPHRASE])
    }

    /// What is on file about a directory's own office.
    pub(crate) fn show(&self, name: &str) -> Json {
        jiaolian(
            &["office", "show", "--json", "--dir", &self.text(name)],
            &[],
        )
        .done()
    }

    /// The request goes up once more, and the answer comes back.
    pub(crate) fn appoint_again(&self, above: &str, keeper: &str, below: &str) -> Json {
        let done = self.appoint(above, keeper, below).done();
        self.join(below, below).done();
        done
    }

    pub(crate) fn status(&self, name: &str) -> Json {
        jiaolian(&["status", "--json", "--dir", &self.text(name)], &[]).done()
    }

    /// `run` of a node that is expected not to come up.
    pub(crate) fn run(&self, name: &str) -> Said {
        jiaolian(&["run", "--json", "--dir", &self.text(name)], &[])
    }
}

/// An address that nobody listens at now.
pub(crate) fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// The same for the road between nodes.
pub(crate) fn free_link() -> String {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().to_string()
}

pub(crate) fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
