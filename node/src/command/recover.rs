//! `jiaolian recover`: the county's recovery key, which two people hold off-line, a half each. A node
//! leaves copies of its CASE secret for it; when nobody at an office can sign in any more, both
//! together give its officers new keys.

use super::enrol::read_request;
use super::init::{suite, write};
use super::person::Newcomer;
use super::secret::{Source, open_ring};
use super::{
    Done, EXIT_CANNOT_CREATE, EXIT_DATA, EXIT_IO, EXIT_NO_PERMISSION, Refusal, cost, read_bounded,
};
use crate::home::{Home, REQUEST_FILE};
use crate::key::{KeyRing, OfficerKey, RecoveryShare, ShareError};
use crate::platform;
use crate::request::Request;
use crate::seal::CaseSecret;
use crate::store::CACHE_MIB_DEFAULT;
use clap::{Args, Subcommand};
use jiaolian_schema::id::PersonId;
use jiaolian_schema::rule::RulePack;
use jiaolian_schema::suite::Suite;
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Largest file of one half, bytes.
const SHARE_BYTES_MAX: usize = 16 * 1024;

/// `jiaolian recover`.
#[derive(Debug, Args)]
pub struct Recover {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a recovery key in two halves, each in a file under its holder's passphrase.
    New(New),
    /// At a node: leave copies of the CASE secret for the key, now and whenever it changes.
    Trust(Trust),
    /// At a node where nobody can sign in any more: open the copy with both halves and enrol people.
    Open(Open),
}

#[derive(Debug, Args)]
struct New {
    /// The two files to make, one for each holder.
    #[arg(long = "out", num_args = 2, required = true)]
    out: Vec<PathBuf>,
    /// A drill (演练): its passphrases are known to all.
    #[arg(long)]
    drill: bool,
    /// The suite of the offices whose copies it opens: 1 (Ed25519), 2 (SM2, SM3, SM4).
    #[arg(long, default_value = "1", value_parser = suite)]
    suite: Suite,
    /// Read the two passphrases from standard input, one a line.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Trust {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// Staff number of a person who is enrolled here.
    #[arg(long = "as")]
    by: String,
    /// Either half's file; only what is public in it is read.
    #[arg(long)]
    half: PathBuf,
    /// Read the passphrase from standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Open {
    /// The office's data directory.
    #[arg(long)]
    dir: PathBuf,
    /// The files of both halves.
    #[arg(long = "half", num_args = 2, required = true)]
    halves: Vec<PathBuf>,
    /// A person to enrol, `number,name,keeper|staff,ROLE+ROLE`; comes once or more.
    #[arg(long = "person", required = true, value_parser = Newcomer::parse)]
    people: Vec<Newcomer>,
    /// Read passphrases from standard input, one a line: of the two halves, then of the people.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Recover {
    pub(super) fn json(&self) -> bool {
        match &self.what {
            What::New(new) => new.json,
            What::Trust(trust) => trust.json,
            What::Open(open) => open.json,
        }
    }

    pub(super) fn run(&self) -> Result<Done, Refusal> {
        match &self.what {
            What::New(new) => new.run(),
            What::Trust(trust) => trust.run(),
            What::Open(open) => open.run(),
        }
    }
}

impl New {
    fn run(&self) -> Result<Done, Refusal> {
        let source = Source::new(self.passphrase_stdin);
        let [first, second] = [1, 2].map(|half| source.ask_new(&format!("恢复密钥第 {half} 份")));
        let (first, second) = (first?, second?);
        if first == second {
            return Err(Refusal::data("each holder has a passphrase of the own"));
        }
        for words in [&first, &second] {
            crate::key::check_passphrase(words).map_err(Refusal::data)?;
        }
        let halves = RecoveryShare::make((cost(self.drill), self.suite), [&first, &second]);
        for (path, half) in self.out.iter().zip(&halves) {
            let text = serde_json::to_string_pretty(half).expect("a half has only texts");
            let made = platform::create_private(path).and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
            made.map_err(|error| {
                Refusal::new(EXIT_CANNOT_CREATE, format!("{}: {error}", path.display()))
            })?;
        }
        let shown = |at: usize| self.out[at].display().to_string();
        Ok(Done {
            line: format!(
                "恢复密钥已分成两份: {} 和 {}。请分交两人离线保管，任何一份单独都打不开。",
                shown(0),
                shown(1)
            ),
            data: json!({ "halves": [shown(0), shown(1)], "key": halves[0].key }),
        })
    }
}

impl Trust {
    fn run(&self) -> Result<Done, Refusal> {
        let half = read_half(&self.half)?;
        let key = half
            .public()
            .ok_or_else(|| Refusal::data("the half names no key"))?;
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let keys = KeyRing::new(cost(home.identity.drill));
        let source = Source::new(self.passphrase_stdin);
        let words = source.ask(&self.by)?;
        let opened = open_ring(&store.reader(), &keys, &self.by, &words)?;
        store
            .commit(&KeyRing::escrow(&opened.case_secret, &key))
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        Ok(Done {
            line: format!(
                "{} 的案件密钥已为县级恢复密钥留存一份。",
                home.identity.name
            ),
            data: json!({ "key": half.key }),
        })
    }
}

impl Open {
    fn run(&self) -> Result<Done, Refusal> {
        let (home, store) = Home::open(&self.dir, CACHE_MIB_DEFAULT)?;
        let rules = RulePack::builtin();
        for person in &self.people {
            person
                .check(&rules, home.identity.tier)
                .map_err(Refusal::data)?;
        }
        let source = Source::new(self.passphrase_stdin);
        let recovery = join_halves(&self.halves, source)?;
        let copy = KeyRing::recover(&store, &recovery).map_err(|error| {
            Refusal::new(
                EXIT_NO_PERMISSION,
                format!("the copy at this node is for another key: {error}"),
            )
        })?;
        let case =
            copy.ok_or_else(|| Refusal::data("this node left no copy for a recovery key"))?;
        store
            .unlock(case.clone())
            .map_err(|error| Refusal::new(EXIT_IO, error))?;
        let keys = KeyRing::new(cost(home.identity.drill));
        let path = self.dir.join(REQUEST_FILE);
        let mut request = read_request(&path)?;
        for person in &self.people {
            let words = source.ask_new(&person.staff_number)?;
            let key = OfficerKey::generate(home.identity.suite());
            let ring = keys.enrol(&person.staff_number, &words, &key, &case);
            let ring = ring.map_err(Refusal::data)?;
            store
                .commit(&[ring])
                .map_err(|error| Refusal::new(EXIT_IO, error))?;
            reseat(&mut request, person, &key);
        }
        write(&path, &request.to_text())?;
        Ok(Done {
            line: format!(
                "已用恢复密钥为 {} 人建立新密钥。请把申请文件 {} 交上级机关重新任命。",
                self.people.len(),
                path.display()
            ),
            data: json!({ "enrolled": self.people.len(), "request": path.display().to_string() }),
        })
    }
}

/// The person's seat with the new key: the same person where the number was enrolled before.
fn reseat(request: &mut Request, person: &Newcomer, key: &OfficerKey) {
    let number = &person.staff_number;
    let old = request
        .seats
        .iter()
        .position(|seat| seat.staff_number == *number);
    let known = old.and_then(|at| PersonId::from_hex(&request.seats.remove(at).person));
    let mut seat = person.seat(key);
    if let Some(same) = known {
        seat.person = same.to_hex();
    }
    request.seats.push(seat);
}

/// The recovery key of the files of both halves.
pub(super) fn join_halves(paths: &[PathBuf], source: Source) -> Result<CaseSecret, Refusal> {
    let [one, two] = paths else {
        return Err(Refusal::data("a recovery key has two halves"));
    };
    let (one, two) = (read_half(one)?, read_half(two)?);
    let first = source.ask(&format!("恢复密钥第 {} 份", one.half))?;
    let second = source.ask(&format!("恢复密钥第 {} 份", two.half))?;
    RecoveryShare::join([(&one, &first), (&two, &second)]).map_err(|error| match error {
        ShareError::Refused(_) => Refusal::new(EXIT_NO_PERMISSION, error),
        error => Refusal::new(EXIT_DATA, error),
    })
}

fn read_half(path: &Path) -> Result<RecoveryShare, Refusal> {
    let bytes = read_bounded(path, SHARE_BYTES_MAX)?;
    let text = String::from_utf8_lossy(&bytes);
    RecoveryShare::parse(&text)
        .map_err(|error| Refusal::data(format!("{}: {error}", path.display())))
}
