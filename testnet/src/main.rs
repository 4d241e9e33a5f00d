//! The binary `testnet`: one subcommand for each way of running many offices on one machine.

use clap::{Parser, Subcommand};
use jiaolian_node::command::Office;
use std::process::ExitCode;

/// Many offices on one machine: simulation, benchmarks, real processes.
#[derive(Debug, Parser)]
#[command(name = "testnet", version)]
struct Command {
    #[command(subcommand)]
    what: What,
}

/// What to run; each is one function of its module.
#[derive(Debug, Subcommand)]
enum What {
    /// Twelve nodes in virtual time under faults, the same output for the same seed.
    Sim(jiaolian_testnet::sim::SimCommand),
    /// A drill province of real processes, with a page to cut lines and switch nodes off.
    Up(jiaolian_testnet::up::UpCommand),
    /// Measures, and prints each figure as a ratio to a peer or limit.
    Bench(jiaolian_testnet::bench::Args),
    /// Writes people with a month of reports and the truth about them, for judging judges.
    Corpus(jiaolian_testnet::corpus::CorpusCommand),
    /// The software twin of a UKey, plugged in until its standard input ends.
    Ukey(jiaolian_testnet::ukey::UkeyCommand),
    /// Passes connections on into a network namespace; a drill starts it by itself.
    #[command(hide = true)]
    Door(jiaolian_testnet::door::DoorCommand),
    /// The commands of a node, as `jiaolian` has them, so that one binary is enough for a drill.
    #[command(subcommand)]
    Node(Office),
}

fn main() -> ExitCode {
    match Command::parse().what {
        What::Sim(command) => jiaolian_testnet::sim::command(&command),
        What::Up(command) => jiaolian_testnet::up::command(&command),
        What::Bench(args) => jiaolian_testnet::bench::main(&args, &mut std::io::stdout().lock()),
        What::Corpus(command) => jiaolian_testnet::corpus::command(&command),
        What::Ukey(ukey) => jiaolian_testnet::ukey::command(&ukey),
        What::Door(door) => jiaolian_testnet::door::command(&door),
        What::Node(office) => office.run(),
    }
}
