//! The deterministic simulator: twelve Replicas in virtual time under every kind of trouble, and the
//! rules that must hold when the trouble is over. A seed determines every byte of the output.

mod adversary;
mod check;
pub(crate) mod dice;
mod disk;
mod fault;
mod found;
mod heal;
mod journal;
mod keeper;
mod net;
mod node;
mod person;
mod plan;
mod queue;
mod report;
mod signature;
mod staff;
mod world;

pub use fault::{Counts, Fault};
pub use report::Report;
pub use signature::Suites;

use plan::DAY_MS;
use std::io::Write as _;
use std::process::ExitCode;
use world::World;

/// Longest run, days.
const DAYS_MAX: u32 = 400;
/// From so many seeds on every kind of fault must have come at least once.
const GATE_SEEDS_MIN: u64 = 20;

/// `testnet sim`: one seed or a range of them.
#[derive(Debug, Clone, clap::Args)]
pub struct SimCommand {
    /// One seed.
    #[arg(long, conflicts_with = "seeds")]
    pub seed: Option<u64>,
    /// Seeds `FROM..TO`, the last not included.
    #[arg(long, value_parser = read_range)]
    pub seeds: Option<(u64, u64)>,
    /// Days of trouble in virtual time, 1 to 400.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX)))]
    pub days: u32,
    /// In which suites everybody signs: 1, 2, or `mixed` for one drawn for each key.
    #[arg(long, default_value = "1", value_parser = Suites::read)]
    pub suite: Suites,
}

fn read_range(text: &str) -> Result<(u64, u64), String> {
    let range = text
        .split_once("..")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    range
        .filter(|(from, to)| from < to)
        .ok_or_else(|| format!("seeds are FROM..TO with FROM below TO, this is {text:?}"))
}

/// Runs the command; exit status 1 where a rule is broken.
pub fn command(command: &SimCommand) -> ExitCode {
    let (from, to) = match (command.seed, command.seeds) {
        (_, Some(range)) => range,
        (seed, None) => (seed.unwrap_or(1), seed.unwrap_or(1) + 1),
    };
    let (mut all, mut broken) = (Counts::new(), 0);
    let mut out = std::io::stdout().lock();
    for seed in from..to {
        let report = run_in(seed, command.days, command.suite);
        for (fault, count) in &report.faults {
            *all.entry(*fault).or_default() += count;
        }
        broken += report.broken.len();
        // Nobody reads on where the pipe is closed.
        let text = if to - from == 1 {
            report.to_string()
        } else {
            report.line()
        };
        if out.write_all(text.as_bytes()).is_err() {
            return ExitCode::FAILURE;
        }
    }
    let missing = Fault::ALL.iter().filter(|fault| !all.contains_key(fault));
    let missing: Vec<&str> = missing.map(|fault| fault.word()).collect();
    if to - from >= GATE_SEEDS_MIN && !missing.is_empty() {
        broken += 1;
        let _ = writeln!(
            out,
            "never came in {} seeds: {}",
            to - from,
            missing.join(" ")
        );
    }
    if to - from > 1 {
        let faults: u64 = all.values().sum();
        let _ = writeln!(
            out,
            "seeds {from}..{to}: {faults} faults, {broken} rules broken"
        );
    }
    if broken == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One seed's world for so many days of trouble, then healed and checked.
pub fn run(seed: u64, days: u32) -> Report {
    run_in(seed, days, Suites::default())
}

/// The same with everybody's keys in these suites.
pub fn run_in(seed: u64, days: u32, suites: Suites) -> Report {
    let mut world = World::new(seed, suites);
    world.begin();
    world.run_until(plan::START + i64::from(days.min(DAYS_MAX)) * DAY_MS);
    let rested_ms = world.heal();
    let (broken, state) = check::check(&mut world);
    Report::of(&world, days, rested_ms, broken, state)
}
