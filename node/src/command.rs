//! The commands by which an office comes to life and is looked after: `init`, `enrol`, `appoint`,
//! `revoke`, `endorse`, `root`, `stand-in`, `office`, `join`, `rotate`, `recover`, `backup`, `restore`,
//! `shred`, `run`, `status`, `account`, `export`, `verify`. Each says in one line what it did, or in
//! one JSON object with `--json`.

mod account;
mod appoint;
mod backup;
mod certificate;
mod desk;
mod endorse;
mod enrol;
mod export;
mod init;
mod join;
mod office;
mod person;
mod recover;
mod reenrol;
mod restore;
mod revoke;
mod root;
mod rotate;
mod seal;
mod secret;
mod shred;
mod stand_in;
mod status;
mod task;
mod verify;
mod work;

use crate::hatch::Wire;
use crate::home::HomeError;
use crate::key::Cost;
use crate::run::RunError;
use clap::{Args, Parser as _, Subcommand};
use serde_json::Value as Json;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

pub(crate) use desk::Moment;
pub(crate) use secret::{open_lent, refuse_key};
pub(crate) use task::{Asked, Outcome};
pub(crate) use work::{Left, Who, Work};

/// Input was refused.
pub const EXIT_DATA: u8 = 65;
/// A file could not be read.
pub const EXIT_NO_INPUT: u8 = 66;
/// Nothing answers.
pub const EXIT_UNAVAILABLE: u8 = 69;
/// A file could not be made.
pub const EXIT_CANNOT_CREATE: u8 = 73;
/// The disk refused.
pub const EXIT_IO: u8 = 74;
/// Another process holds what is needed; try later.
pub const EXIT_LATER: u8 = 75;
/// Staff number and passphrase don't belong together, or the person may not do it.
pub const EXIT_NO_PERMISSION: u8 = 77;
/// The configuration is refused.
pub const EXIT_CONFIG: u8 = 78;

/// Commands that make, join and run an office's node.
#[derive(Debug, Subcommand)]
pub enum Office {
    /// Make a data directory for an office: keys, an empty store, the first people, and the request
    /// to the office above.
    Init(init::Init),
    /// Enrol one more person at this node and add the key to the request.
    Enrol(enrol::Enrol),
    /// Appoint, at the office above, what a request asks for, and write the answer.
    Appoint(appoint::Appoint),
    /// Make, carry and install the certificate with which a node serves the local network.
    #[command(subcommand)]
    Certificate(certificate::Certificate),
    /// Give an officer whose passphrase is forgotten a new key, by a code read over the telephone.
    #[command(subcommand)]
    Reenrol(reenrol::Reenrol),
    /// Say no to a person's keys from now on.
    Revoke(revoke::Revoke),
    /// Say yes to what waits of a person's work.
    Endorse(endorse::Endorse),
    /// Root keys and the statement that they sign.
    Root(root::Root),
    /// Take the place that one was appointed a stand-in for, or give it back.
    StandIn(stand_in::StandIn),
    /// Name, entrust and set numbers for offices below.
    Office(office::Office),
    /// Join by the answer of the office above.
    Join(join::Join),
    /// Order that a case is destroyed at every office that holds it, or tell how far orders were
    /// followed.
    Shred(shred::Shred),
    /// Seal a case's record, or lift its seal.
    Seal(seal::Seal),
    /// Open a sealed case to one person for a lawful query.
    Consult(seal::Consult),
    /// Begin a new epoch for the keys of case files, without those who left.
    Rotate(rotate::Rotate),
    /// The county's recovery key in two halves.
    Recover(recover::Recover),
    /// Write an office's store and keys into one sealed file.
    Backup(backup::Backup),
    /// Make a data directory of a backup, with new keys to sign with.
    Restore(restore::Restore),
    /// Run the node until it is told to stop.
    Run(Run),
    /// Make, or check, the account of a person's duty: what was done, known and in reach, minute by
    /// minute.
    Account(account::Account),
    /// Write a case, a matter or an alarm with everything that its standing rests on as one file.
    Export(export::Export),
    /// Judge such a file anew, with no node and no network.
    Verify(verify::Verify),
    /// Tell how a node is: running or not, joined or not, what it holds.
    Status(status::Status),
}

/// `jiaolian run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The office's data directory.
    #[arg(long)]
    pub dir: PathBuf,
    /// Say in JSON where the node can be reached.
    #[arg(long)]
    pub json: bool,
}

/// Why a command did nothing, and the exit status that says so.
#[derive(Debug)]
pub struct Refusal {
    /// Exit status, of sysexits.
    pub status: u8,
    /// What is wrong, with the value.
    pub reason: String,
}

impl Refusal {
    /// A refusal.
    #[allow(clippy::needless_pass_by_value)]
    pub fn new(status: u8, reason: impl ToString) -> Self {
        Self {
            status,
            reason: reason.to_string(),
        }
    }

    /// Input that breaks a rule.
    #[allow(clippy::needless_pass_by_value)]
    pub fn data(reason: impl ToString) -> Self {
        Self::new(EXIT_DATA, reason)
    }
}

impl From<HomeError> for Refusal {
    fn from(error: HomeError) -> Self {
        let status = match &error {
            HomeError::Held(_) | HomeError::Store(crate::store::OpenStoreError::Held) => EXIT_LATER,
            HomeError::Identity(crate::identity::IdentityError::Missing(_)) => EXIT_NO_INPUT,
            HomeError::Identity(crate::identity::IdentityError::Exists(_)) => EXIT_CANNOT_CREATE,
            HomeError::NotJoined | HomeError::Identity(_) | HomeError::Key(_) => EXIT_CONFIG,
            HomeError::Sign(_) => EXIT_DATA,
            _ => EXIT_IO,
        };
        Self::new(status, error)
    }
}

impl From<RunError> for Refusal {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Home(error) => error.into(),
            RunError::Config(_) | RunError::Notify(_) => Self::new(EXIT_CONFIG, error),
            RunError::Stopped(_) | RunError::System(_) | RunError::Tls(_) | RunError::Duty(_) => {
                Self::new(EXIT_IO, error)
            }
            RunError::Bind { .. } | RunError::Link(_) => Self::new(EXIT_UNAVAILABLE, error),
        }
    }
}

/// What a command did: one sentence and the same as data.
#[derive(Debug)]
pub struct Done {
    /// A sentence, Chinese.
    pub line: String,
    /// The same as data.
    pub data: Json,
}

/// The work of a request that came through the hatch of a node that runs.
pub(crate) fn work_of(wire: &Wire) -> Result<Arc<dyn Work>, Refusal> {
    let words = match wire {
        Wire::Line(words) => words,
        Wire::RootBefore(stays) => return Ok(root::before(stays)),
        Wire::OwnKey(number) => return Ok(root::own_key(number)),
    };
    let line = std::iter::once("jiaolian").chain(words.iter().map(String::as_str));
    let line = Line::try_parse_from(line).map_err(Refusal::data)?;
    line.office.work().ok_or_else(|| {
        Refusal::new(
            EXIT_LATER,
            "this command opens the directory itself: stop the node first",
        )
    })
}

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    office: Office,
}

impl Office {
    /// The command as a work that a node does whether it runs or not.
    fn work(self) -> Option<Arc<dyn Work>> {
        match self {
            Self::Appoint(command) => Some(Arc::new(command)),
            Self::Revoke(command) => Some(Arc::new(command)),
            Self::Endorse(command) => Some(Arc::new(command)),
            Self::StandIn(command) => Some(Arc::new(command)),
            Self::Shred(command) => Some(Arc::new(command)),
            Self::Seal(command) => Some(Arc::new(command)),
            Self::Consult(command) => Some(Arc::new(command)),
            Self::Account(command) => command.work(),
            Self::Office(command) => Some(command.work()),
            Self::Root(command) => command.work(),
            Self::Reenrol(command) => command.work(),
            Self::Certificate(command) => command.work(),
            _ => None,
        }
    }

    /// Runs the command.
    pub fn run(self) -> ExitCode {
        // Every one of them may hold a secret in memory.
        if let Err(error) = crate::platform::forbid_dumps() {
            let _ = writeln!(
                io::stderr().lock(),
                "core dumps could not be forbidden: {error}"
            );
        }
        let (json, done) = match self {
            Self::Init(command) => (command.json, command.run()),
            Self::Enrol(command) => (command.json, command.run()),
            Self::Appoint(command) => (command.json, work::carry_out(&command)),
            Self::Certificate(command) => (command.json(), command.run()),
            Self::Reenrol(command) => (command.json(), command.run()),
            Self::Revoke(command) => (command.hand.json, work::carry_out(&command)),
            Self::Endorse(command) => (command.hand.json, work::carry_out(&command)),
            Self::Root(command) => (command.json, command.run()),
            Self::StandIn(command) => (command.hand.json, work::carry_out(&command)),
            Self::Office(command) => (command.json(), work::carry_out(&*command.work())),
            Self::Join(command) => (command.json, command.run()),
            Self::Account(command) => (command.json, command.run()),
            Self::Seal(command) => (command.hand.json, work::carry_out(&command)),
            Self::Consult(command) => (command.hand.json, work::carry_out(&command)),
            Self::Rotate(command) => (command.json, command.run()),
            Self::Recover(command) => (command.json(), command.run()),
            Self::Backup(command) => (command.json, command.run()),
            Self::Restore(command) => (command.json, command.run()),
            Self::Shred(command) => (command.json, work::carry_out(&command)),
            Self::Export(command) => (command.json, command.run()),
            Self::Verify(command) => return command.run(),
            Self::Status(command) => (command.json, command.run()),
            Self::Run(command) => {
                let ended = crate::run::run(&command.dir, command.json);
                return tell(ended.map_err(Refusal::from));
            }
        };
        tell(done.and_then(|done| {
            let mut output = io::stdout().lock();
            let written = if json {
                writeln!(output, "{}", done.data)
            } else {
                writeln!(output, "{}", done.line)
            };
            written.map_err(|error| Refusal::new(EXIT_IO, error))
        }))
    }
}

fn tell(ended: Result<(), Refusal>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(io::stderr().lock(), "{}", refusal.reason);
            ExitCode::from(refusal.status)
        }
    }
}

/// What one guess of a passphrase costs at a node. A drill's passphrases are known to all.
pub fn cost(drill: bool) -> Cost {
    if drill { Cost::DRILL } else { Cost::DESK }
}

/// Reads a file that somebody carried here, at most one byte more than it may have; the reader of its
/// form refuses the longer one.
fn read_bounded(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    let failed =
        |error: io::Error| Refusal::new(EXIT_NO_INPUT, format!("{}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let mut bounded = file.take(bytes_max as u64 + 1);
    bounded.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > bytes_max {
        let path = path.display();
        return Err(Refusal::data(format!(
            "{path} has more than the {bytes_max} bytes that such a file may have"
        )));
    }
    Ok(bytes)
}

/// The time, ms UTC.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
