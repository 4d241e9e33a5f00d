//! Measuring: every figure stands beside a peer's or a limit, as a ratio, so that a slow or a busy
//! machine does not change what it says.
//!
//! Peers that run in the same process (`geo`, `redb`, a bare signature, a bare disk sync) are
//! measured in the same run. Peers that do not are constants of `peer` with their source.

mod alarm;
mod dice;
mod field;
mod figure;
mod fold;
mod gateway;
mod hour;
mod ingest;
mod key;
mod latency;
mod node;
mod paper;
mod peer;
mod pen;
mod reconcile;
mod rival;
mod seal;
mod start;
mod supervise;
mod table;
mod terrain;
mod timing;
mod track;
mod watch;
mod wire;
mod world;

pub use figure::{Better, Figure};
pub use start::{Launch, LaunchError, Started, launch};

use clap::ValueEnum;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use thiserror::Error;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Section {
    /// Everything below.
    All,
    /// Two replicas meet again: bytes, messages, flights, time.
    Reconcile,
    /// Verdicts a second, and fences that hold a place among ten thousand.
    Watch,
    /// Supervision: fixes judged a second with ten thousand people under watch, bytes of a stored
    /// position, an hour of a county.
    Supervise,
    /// Standing of a long case; authority over many heads.
    Fold,
    /// Reports made durable a second, by commits and through a gateway, and their bytes on the disk.
    Ingest,
    /// Signatures and sealing.
    Seal,
    /// Start of a node.
    Start,
    /// Real nodes on a real line: alarms, and meeting again.
    Latency,
    /// What the watch says against what happened, over a labelled corpus.
    Alarms,
}

/// One part of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Part {
    /// Of `ingest`: commits to a store, without a gateway.
    Store,
    /// Of `ingest`: a whole gateway beside its peers.
    Gateway,
    /// Of `supervise`: fixes judged, and a verdict alone.
    Judged,
    /// Of `supervise`: bytes of a stored position.
    Track,
    /// Of `supervise`: an hour of a county.
    Hour,
}

/// What `testnet bench` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// What to measure.
    #[arg(value_enum, default_value = "all")]
    pub section: Section,
    /// Small sizes: checks that everything runs, measures little.
    #[arg(long)]
    pub quick: bool,
    /// Only one part of `ingest` or `supervise`.
    #[arg(long, value_enum)]
    pub only: Option<Part>,
    /// People of the hour in `supervise`; 25,000 without.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub people: Option<u32>,
    /// One JSON object instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Dossiers of the one size at which `reconcile` measures; 1,000, 10,000 and 100,000 without.
    #[arg(long, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub dossiers: Option<u32>,
    /// A node's program, to measure its start as a process.
    #[arg(long, requires = "ready")]
    pub program: Option<PathBuf>,
    /// An argument of that program; may come again.
    #[arg(long = "program-arg", allow_hyphen_values = true)]
    pub program_args: Vec<String>,
    /// Where that program answers `GET /readyz`.
    #[arg(long)]
    pub ready: Option<SocketAddr>,
    /// Real tracks `user,time_utc,lat,lon` with a first line of names: by which people of `alarms`
    /// move (`.csv.gz` too), and whose bytes stored `supervise` tells (`.csv`).
    #[arg(long)]
    pub tracks: Option<PathBuf>,
    /// Another set of county boundaries (GeoJSON), by which `alarms` judges the same people.
    #[arg(long)]
    pub boundaries: Option<PathBuf>,
    /// `alarms` says of each delay above the goal where its time went, lists needless rows, and
    /// leaves out all other conditions.
    #[arg(long)]
    pub why: bool,
    /// Share of the devices of `alarms`, 0 to 1, that do not report quicker when they are told to.
    #[arg(long)]
    pub deaf: Option<f64>,
}

/// Why a figure could not be measured.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum MeasureError {
    #[error(transparent)]
    Sign(#[from] jiaolian_sync::SignError),
    #[error(transparent)]
    Open(#[from] jiaolian_sync::OpenError),
    #[error(transparent)]
    Read(#[from] jiaolian_sync::StoreError),
    #[error(transparent)]
    Report(#[from] jiaolian_sync::ReportError),
    #[error(transparent)]
    Store(#[from] jiaolian_node::store::OpenStoreError),
    #[error(transparent)]
    Commit(#[from] jiaolian_node::store::CommitError),
    #[error(transparent)]
    Redb(#[from] redb::Error),
    #[error(transparent)]
    Disk(#[from] std::io::Error),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error(transparent)]
    Province(#[from] crate::province::ProvinceError),
    #[error(transparent)]
    Client(#[from] crate::client::ClientError),
    #[error("the two sides must come to have the same: {0}")]
    Apart(String),
    #[error("{0}")]
    Wrong(String),
}

impl Args {
    /// Whether a part is to be measured.
    fn wants(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}

/// Measures and prints; 70 where something could not be measured, 1 where the table can't be
/// printed.
pub fn main(args: &Args, out: &mut dyn Write) -> ExitCode {
    let (figures, notes) = match measure(args) {
        Ok(measured) => measured,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error}");
            return ExitCode::from(70);
        }
    };
    let text = if args.json {
        table::json(&figures, &notes)
    } else {
        table::text(&figures, &notes)
    };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// All figures of the sections asked for, in the order of the table, and what is to be said of peers that
/// are not there.
pub fn measure(args: &Args) -> Result<(Vec<Figure>, Vec<String>), MeasureError> {
    let asked = |section| args.section == Section::All || args.section == section;
    let (mut figures, mut notes) = (Vec::new(), Vec::new());
    if asked(Section::Reconcile) {
        figures.extend(reconcile::measure(args)?);
    }
    if asked(Section::Watch) {
        figures.extend(watch::measure(args.quick)?);
    }
    if asked(Section::Supervise) {
        figures.extend(supervise::measure(args, &mut notes)?);
    }
    if asked(Section::Fold) {
        figures.extend(fold::measure(args.quick)?);
    }
    if asked(Section::Ingest) {
        figures.extend(ingest::measure(args, &mut notes)?);
    }
    if asked(Section::Seal) {
        figures.extend(seal::measure(args.quick));
    }
    if asked(Section::Start) {
        figures.extend(start::measure(args)?);
    }
    if asked(Section::Latency) {
        figures.extend(latency::measure(args.quick)?);
    }
    if asked(Section::Alarms) {
        figures.extend(alarm::measure(args, &mut notes)?);
    }
    Ok((figures, notes))
}
