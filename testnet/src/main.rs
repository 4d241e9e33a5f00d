//! The binary `testnet`: one subcommand for each way of running many offices on one machine.

#![allow(clippy::print_stdout)]

use clap::{Parser, Subcommand};
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
}

fn main() -> ExitCode {
    match Command::parse().what {
        What::Sim(command) => jiaolian_testnet::sim::command(&command),
    }
}
