//! The toolbox: small commands with firm forms that other people's scripts lean on.
//!
//! One line out per line in, in order; a bad line is answered with its reason, the rest is still
//! answered, and the exit status says at the end that there was one.

pub mod contains;
mod csv;
pub mod datum;
pub mod decode;
pub mod exhibit;
mod line;
pub mod replay;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use jiaolian_schema::datum::Datum;

/// Exit status of sysexits: some input was refused.
pub const EXIT_DATA: u8 = 65;
/// What was judged anew is not what was said.
pub const EXIT_DIFFERS: u8 = 1;
/// A file could not be read.
pub const EXIT_NO_INPUT: u8 = 66;
/// Reading or writing broke off.
pub const EXIT_IO: u8 = 74;

/// Commands of the toolbox that work on places.
#[derive(Debug, Subcommand)]
pub enum Tool {
    /// Carry longitude and latitude from one datum to another: a line `lon,lat` in, a line
    /// `lon,lat` out.
    Datum {
        /// Datum of the input: wgs84, cgcs2000, gcj02 or bd09.
        #[arg(long, value_parser = Datum::parse)]
        from: Datum,
        /// Datum of the output.
        #[arg(long, value_parser = Datum::parse)]
        to: Datum,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Read what positioning devices sent, from recorded bytes.
    Decode {
        /// The protocol.
        #[command(subcommand)]
        protocol: decode::Protocol,
    },
    /// Name the fences that contain a place: a line `lon,lat` (WGS-84) in, a line of ids out.
    Contains {
        /// Fences, a GeoJSON `FeatureCollection`.
        #[arg(long)]
        fences: PathBuf,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Judge recorded fixes: exits, entries and clears, one JSON object a line. Of a bundle of an
    /// alarm: whether its reports come to what the alarm says.
    Replay {
        /// An alarm's bundle, as `jiaolian export --alarm` writes it.
        #[arg(required_unless_present_all = ["fences", "fixes"])]
        #[arg(conflicts_with_all = ["fences", "fixes", "permits"])]
        bundle: Option<PathBuf>,
        /// The alarm that is meant, by its id in hexadecimal; refused where the bundle is of another.
        #[arg(long, requires = "bundle")]
        alarm: Option<String>,
        /// Fences, a GeoJSON `FeatureCollection`.
        #[arg(long)]
        fences: Option<PathBuf>,
        /// Fixes, CSV with the columns `person,time,lat,lon,accuracy_m,source`.
        #[arg(long)]
        fixes: Option<PathBuf>,
        /// Permits, a JSON array.
        #[arg(long)]
        permits: Option<PathBuf>,
        /// Accepted for uniformity; the answer is JSON in any case.
        #[arg(long)]
        json: bool,
    },
}

/// How a run over lines ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every line was answered.
    Whole,
    /// Some lines were bad.
    SomeBad,
    /// What was judged is not what the file says.
    Differs,
}

/// Why a run was refused or broke off.
#[derive(Debug, thiserror::Error)]
pub enum RunToolError {
    /// A file could not be opened or read.
    #[error("{} could not be read: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file breaks a rule, so nothing is answered.
    #[error("{}: {rule}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The rule.
        rule: String,
    },
    /// A stream broke off.
    #[error("reading or writing broke off: {0}")]
    Stream(#[from] io::Error),
}

impl RunToolError {
    const fn exit_status(&self) -> u8 {
        match self {
            Self::File { .. } => EXIT_NO_INPUT,
            Self::Refused { .. } => EXIT_DATA,
            Self::Stream(_) => EXIT_IO,
        }
    }
}

impl Tool {
    /// Runs the command on standard input and output.
    pub fn run(self) -> ExitCode {
        let (input, mut output) = (io::stdin().lock(), io::stdout().lock());
        let outcome = match self {
            Self::Datum { from, to, json } => {
                datum::run(from, to, Answer::new(json), input, &mut output)
            }
            Self::Decode {
                protocol: decode::Protocol::Jt808 { .. },
            } => decode::run(input, &mut output),
            Self::Contains { fences, json } => {
                contains::run(&fences, Answer::new(json), input, &mut output)
            }
            Self::Replay {
                bundle: Some(bundle),
                alarm,
                ..
            } => exhibit::run(&bundle, alarm.as_deref(), &mut output),
            Self::Replay {
                fences,
                fixes,
                permits,
                ..
            } => {
                let (fences, fixes) = (fences.unwrap_or_default(), fixes.unwrap_or_default());
                replay::run(&fences, &fixes, permits.as_deref(), &mut output)
            }
        };
        match outcome {
            Ok(Outcome::Whole) => ExitCode::SUCCESS,
            Ok(Outcome::SomeBad) => ExitCode::from(EXIT_DATA),
            Ok(Outcome::Differs) => ExitCode::from(EXIT_DIFFERS),
            // The reader of our output has seen enough.
            Err(RunToolError::Stream(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            Err(error) => {
                complain(&error);
                ExitCode::from(error.exit_status())
            }
        }
    }
}

/// In what form lines are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Plain texts; a bad line is `!reason`.
    Text,
    /// One JSON object a line.
    Json,
}

impl Answer {
    const fn new(is_json: bool) -> Self {
        if is_json { Self::Json } else { Self::Text }
    }
}

fn read_file(path: &std::path::Path) -> Result<Vec<u8>, RunToolError> {
    std::fs::read(path).map_err(|cause| RunToolError::File {
        path: path.to_owned(),
        cause,
    })
}

fn refused(path: &std::path::Path, rule: &dyn fmt::Display) -> RunToolError {
    RunToolError::Refused {
        path: path.to_owned(),
        rule: rule.to_string(),
    }
}

fn complain(error: &RunToolError) {
    use std::io::Write;
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{error}");
}
