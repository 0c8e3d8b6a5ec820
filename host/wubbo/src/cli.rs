//! The command line: what `wubbo` is asked to do, and with which exit code it says how that went.
//!
//! Exit codes: 0 done, 1 failed, 2 a wrong command line, 64 a wrong configuration.

mod bench;
mod call;
mod decode;
mod explain;
mod http;
mod output;
mod plugin;
mod run;
mod table;
mod target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The exit code of a configuration that cannot be used (BSD `EX_USAGE`).
const EXIT_CONFIG: u8 = 64;

/// A Dubbo-compatible RPC runtime whose policies are swapped while traffic runs.
#[derive(Debug, Parser)]
#[command(name = "wubbo", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Call(call::Call),
    Bench(bench::Bench),
    Decode(decode::Decode),
    Explain(explain::Explain),
    Plugin(plugin::Plugin),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    crate::raise_open_files();
    let done = match Arguments::parse().command {
        Command::Run(run) => run.run(),
        Command::Call(call) => call.run(),
        Command::Bench(bench) => bench.run(),
        Command::Decode(decode) => decode.run(),
        Command::Explain(explain) => explain.run(),
        Command::Plugin(plugin) => plugin.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("wubbo: {error:#}"));
            let config = error.downcast_ref::<crate::config::ConfigError>().is_some();
            if config {
                ExitCode::from(EXIT_CONFIG)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
