//! How fast a node starts and how much memory it takes: what is read at a start in this process, and
//! a whole node as a process of its own.

use super::field::{Field, TOWNSHIP};
use super::figure::Figure;
use super::ingest::Township;
use super::{Args, MeasureError, peer, timing};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use thiserror::Error;

const SECTION: &str = "start";
/// Cases of a township.
const CASES: u64 = 200;
/// Starts of which the median counts.
const RUNS: usize = 5;
/// How long a program may take to be ready, ms.
const READY_MS_MAX: u64 = 30_000;
/// Pause between two questions whether it is ready, ms.
const ASK_MS: u64 = 5;
/// How long one question may take.
const ASK_PATIENCE: Duration = Duration::from_millis(500);
const KIB_PER_MIB: f64 = 1024.0;

/// A program that is to be started and measured.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where it answers `GET /readyz` with 200 once it is ready.
    pub ready: SocketAddr,
}

/// What a start took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// From the start of the process to its first 200.
    pub took: Duration,
    /// Resident memory then, KiB; none where the system does not tell.
    pub resident_kib: Option<u64>,
}

/// Why a start could not be measured.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// Something else answers where it is to answer.
    #[error("nothing may answer at {0} before the program runs")]
    Taken(SocketAddr),
    /// It did not run.
    #[error("{0} must be a program that runs: {1}")]
    Spawn(PathBuf, std::io::Error),
    /// It ended.
    #[error("{0} must stay up until it is ready; it ended with {1}")]
    Ended(PathBuf, std::process::ExitStatus),
    /// It took too long.
    #[error("{0} must be ready within {READY_MS_MAX} ms")]
    Late(PathBuf),
}

/// Starts a program, waits until it says that it is ready, and ends it. `jiaolian run` over a
/// township's directory is measured by handing it in here.
pub fn launch(launch: &Launch) -> Result<Started, LaunchError> {
    if TcpStream::connect_timeout(&launch.ready, ASK_PATIENCE).is_ok() {
        return Err(LaunchError::Taken(launch.ready));
    }
    let started = Instant::now();
    let child = Command::new(&launch.program)
        .args(&launch.args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| LaunchError::Spawn(launch.program.clone(), error))?;
    let mut running = Running(child);
    while !is_ready(launch.ready) {
        if let Ok(Some(status)) = running.0.try_wait() {
            return Err(LaunchError::Ended(launch.program.clone(), status));
        }
        if started.elapsed() > Duration::from_millis(READY_MS_MAX) {
            return Err(LaunchError::Late(launch.program.clone()));
        }
        std::thread::sleep(Duration::from_millis(ASK_MS));
    }
    Ok(Started {
        took: started.elapsed(),
        resident_kib: resident_kib(running.0.id()),
    })
}

/// Ends its process when it is let go.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_ready(at: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&at, ASK_PATIENCE) else {
        return false;
    };
    let ask = format!("GET /readyz HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    let mut status = [0; 12];
    stream.set_read_timeout(Some(ASK_PATIENCE)).is_ok()
        && stream.write_all(ask.as_bytes()).is_ok()
        && stream.read_exact(&mut status).is_ok()
        && status.ends_with(b" 200")
}

fn resident_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

pub(super) fn measure(args: &Args) -> Result<Vec<Figure>, MeasureError> {
    let mut figures = vec![opened(args.quick)?];
    if let (Some(program), Some(ready)) = (&args.program, args.ready) {
        let plan = Launch {
            program: program.clone(),
            args: args.program_args.clone(),
            ready,
        };
        figures.extend(launched(&plan, 1, args.quick)?);
    } else {
        figures.extend(township(args.quick)?);
    }
    Ok(figures)
}

/// The node of a township with all its cases, entered over HTTP, as a process; its superior is
/// away.
fn township(quick: bool) -> Result<Vec<Figure>, MeasureError> {
    let cases = if quick { 2 } else { CASES };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut field = runtime.block_on(Field::open_on_loopback(cases as usize))?;
    let (program, dir, ready) = runtime.block_on(async {
        let site = field.province.site(TOWNSHIP)?;
        let dir = site.dir.display().to_string();
        let ready = field.province.running(TOWNSHIP)?.ready.http;
        field.province.stop_all().await;
        Ok::<_, MeasureError>((std::env::current_exe()?, dir, ready))
    })?;
    let plan = Launch {
        program,
        args: ["node", "run", "--dir", &dir].map(str::to_owned).to_vec(),
        ready,
    };
    launched(&plan, cases, quick)
}

/// Disk, seal and replica of a township, opened in this process.
fn opened(quick: bool) -> Result<Figure, MeasureError> {
    let cases = if quick { 5 } else { CASES };
    let township = Township::with_cases(cases)?;
    let mut closed = township.close();
    let mut failed = None;
    let took = timing::median_of(RUNS, || {
        let (took, opened) = timing::time(|| closed.open());
        failed = failed.take().or(opened.err());
        took
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let limit = peer::LIMIT_TOWNSHIP_START_MS;
    Ok(Figure::timed(
        SECTION,
        "open disk and replica (n cases)",
        cases,
        (timing::millis(took), "ms"),
    )
    .against(limit.name, limit.figure)
    .goal(1.0))
}

/// A whole node as a process.
fn launched(plan: &Launch, cases: u64, quick: bool) -> Result<Vec<Figure>, MeasureError> {
    let mut starts = Vec::new();
    for _ in 0..if quick { 1 } else { RUNS } {
        starts.push(launch(plan)?);
    }
    starts.sort_by_key(|started| started.took);
    let middle = starts[starts.len() / 2];
    let (time, memory) = (peer::LIMIT_TOWNSHIP_START_MS, peer::LIMIT_TOWNSHIP_MIB);
    let mut figures = vec![
        Figure::timed(
            SECTION,
            "process ready (n cases)",
            cases,
            (timing::millis(middle.took), "ms"),
        )
        .against(time.name, time.figure)
        .goal(1.0),
    ];
    if let Some(kib) = middle.resident_kib {
        let mib = kib as f64 / KIB_PER_MIB;
        figures.push(
            Figure::timed(SECTION, "resident memory when ready", cases, (mib, "MiB"))
                .against(memory.name, memory.figure)
                .goal(1.0),
        );
    }
    Ok(figures)
}
