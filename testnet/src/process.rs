//! One office's node as a process of its own: started, listened to, cut off from power.

use serde::Deserialize;
use std::fs::OpenOptions;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longest wait for a node's first line, s.
const READY_WAIT_S: u64 = 120;
/// The node's log in its directory.
pub const LOG_FILE: &str = "node.log";

/// Why a process did not do what was asked.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// It could not be started or spoken to.
    #[error("{0}: {1}")]
    System(String, io::Error),
    /// It ended with a refusal.
    #[error("`jiaolian {command}` ended with {status}: {reason}")]
    Refused {
        /// Its arguments.
        command: String,
        /// Its exit status.
        status: String,
        /// What it said.
        reason: String,
    },
    /// It did not say where it can be reached.
    #[error("the node in {0} did not become ready; see its log")]
    NotReady(String),
}

/// Where a running node can be reached.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    /// Office id, hexadecimal.
    pub office: String,
    /// Name.
    pub name: String,
    /// Transport key, hexadecimal.
    pub endpoint: String,
    /// Pages.
    pub http: SocketAddr,
    /// Devices.
    pub gateway: Option<SocketAddr>,
    /// The drill's door.
    pub drill: Option<SocketAddr>,
}

/// The program, and the arguments before every command of a node.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    before: Vec<String>,
    log: Option<&'static str>,
}

/// A running node.
#[derive(Debug)]
pub struct NodeProcess {
    child: Child,
    door: Option<Child>,
    /// Where it can be reached.
    pub ready: Ready,
    /// From the start of the process to its first line.
    pub start_time: Duration,
}

impl Program {
    /// The binary `testnet` itself, which runs the commands of a node after the word `node`.
    pub fn of_testnet(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            before: vec!["node".to_owned()],
            log: None,
        }
    }

    /// The same with nodes that log so much, say `debug`.
    #[must_use]
    pub fn logging(self, level: &'static str) -> Self {
        Self {
            log: Some(level),
            ..self
        }
    }

    /// Runs one command to its end with lines on its standard input, and gives what it said.
    pub async fn run(&self, arguments: &[String], lines: &[&str]) -> Result<String, ProcessError> {
        let failed = |error| ProcessError::System(self.path.display().to_string(), error);
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(mut input) = child.stdin.take() {
            let text = lines.join("\n") + "\n";
            // A command that refuses its arguments reads no input.
            let _ = input.write_all(text.as_bytes()).await;
        }
        let output = child.wait_with_output().await.map_err(failed)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(ProcessError::Refused {
            command: arguments.first().cloned().unwrap_or_default(),
            status: output.status.to_string(),
            reason: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    /// Starts the node of a directory and waits for its first line.
    pub async fn start(&self, dir: &Path) -> Result<NodeProcess, ProcessError> {
        self.start_as(dir, &[]).await
    }

    /// Starts a node behind other words, say those that enter a network namespace.
    pub async fn start_as(
        &self,
        dir: &Path,
        before: &[String],
    ) -> Result<NodeProcess, ProcessError> {
        let shown = dir.display().to_string();
        let failed = |error| ProcessError::System(shown.clone(), error);
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.join(LOG_FILE))
            .map_err(failed)?;
        let started = Instant::now();
        let mut child = self
            .command_behind(before)
            .envs(self.log.map(|level| ("JIAOLIAN_LOG", level)))
            .args(&self.before)
            .args(["run", "--json", "--dir"])
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let output = child.stdout.take().expect("it was asked for");
        let mut lines = BufReader::new(output).lines();
        let line = timeout(Duration::from_secs(READY_WAIT_S), lines.next_line()).await;
        let line = line.ok().and_then(Result::ok).flatten();
        let ready = line.and_then(|line| serde_json::from_str(&line).ok());
        let ready = ready.ok_or_else(|| ProcessError::NotReady(dir.display().to_string()))?;
        Ok(NodeProcess {
            child,
            door: None,
            ready,
            start_time: started.elapsed(),
        })
    }

    /// Makes the drill's door of a node in a network namespace reachable from outside, at the
    /// namespace's address.
    pub async fn open_door(
        &self,
        node: &mut NodeProcess,
        before: &[String],
        ip: IpAddr,
    ) -> Result<(), ProcessError> {
        let Some(to) = node.ready.drill else {
            return Ok(());
        };
        let failed = |error| ProcessError::System("the drill's door".to_owned(), error);
        let mut child = self
            .command_behind(before)
            .args(["door", "--listen", &SocketAddr::new(ip, 0).to_string()])
            .args(["--to", &to.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let output = child.stdout.take().expect("it was asked for");
        let line = BufReader::new(output).lines().next_line().await;
        let line = line.map_err(failed)?.unwrap_or_default();
        node.ready.drill = Some(line.parse().map_err(|_| ProcessError::NotReady(line))?);
        node.door = Some(child);
        Ok(())
    }

    /// The program alone, behind other words.
    fn command_behind(&self, before: &[String]) -> Command {
        let Some((first, rest)) = before.split_first() else {
            return Command::new(&self.path);
        };
        let mut command = Command::new(first);
        command.args(rest).arg(&self.path);
        command
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.before);
        command
    }
}

impl NodeProcess {
    /// Cuts its power: SIGKILL, nothing is flushed.
    pub async fn kill(mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Asks it to end and waits for that.
    pub async fn stop(mut self) -> io::Result<bool> {
        let Some(pid) = self.child.id() else {
            return Ok(true);
        };
        Command::new("kill").arg(pid.to_string()).status().await?;
        Ok(self.child.wait().await?.success())
    }

    /// Process id.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}
