//! The binary.

use std::process::ExitCode;

use clap::Parser;
use jiaolian_node::command::Office;
use jiaolian_node::tool::Tool;

/// Exit status of sysexits for a command line that is not understood.
const EXIT_USAGE: u8 = 64;

/// 矫联: an offline-first node for every tier of community corrections.
#[derive(Debug, Parser)]
#[command(name = "jiaolian", version)]
enum Command {
    #[command(flatten)]
    Office(Box<Office>),
    #[command(flatten)]
    Tool(Tool),
}

fn main() -> ExitCode {
    match Command::try_parse() {
        Ok(Command::Office(office)) => office.run(),
        Ok(Command::Tool(tool)) => tool.run(),
        Err(error) => {
            let is_mistake = error.use_stderr();
            // With the stream gone there is nobody left to tell.
            let _ = error.print();
            if is_mistake {
                ExitCode::from(EXIT_USAGE)
            } else {
                ExitCode::SUCCESS
            }
        }
    }
}
