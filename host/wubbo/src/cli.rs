//! The command line: what `wubbo` is asked to do, and with which exit code it says how that went.
//!
//! Exit codes: 0 done, 1 failed, 2 a wrong command line, 64 a wrong configuration.

mod arguments;
mod attach;
mod bench;
mod call;
mod decode;
mod detach;
mod explain;
mod http;
mod output;
mod place;
mod plugin;
mod registry;
mod run;
mod table;
mod target;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// The exit code of a configuration that cannot be used (BSD `EX_USAGE`).
const EXIT_CONFIG: u8 = 64;

/// What `--registry` expects.
const EXAMPLE_REGISTRY: &str =
    "The registry, such as zookeeper://127.0.0.1:2181 or file:./registry";

/// A registry's or config center's address that cannot be one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadAddress(String);

/// Runs a command on a runtime of its own.
fn on_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build()?.block_on(work)
}

/// A duration on the command line.
fn duration(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text)
        .ok_or_else(|| "expected a duration with its unit, such as 500ms or 3s".to_owned())
}

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
    Attach(attach::Attach),
    Bench(bench::Bench),
    Decode(decode::Decode),
    Detach(detach::Detach),
    Explain(explain::Explain),
    Plugin(plugin::Plugin),
    Registry(registry::Registry),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    crate::raise_open_files();
    let done = match Arguments::parse().command {
        Command::Run(run) => run.run(),
        Command::Call(call) => call.run(),
        Command::Attach(attach) => attach.run(),
        Command::Bench(bench) => bench.run(),
        Command::Decode(decode) => decode.run(),
        Command::Detach(detach) => detach.run(),
        Command::Explain(explain) => explain.run(),
        Command::Plugin(plugin) => plugin.run(),
        Command::Registry(registry) => registry.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("wubbo: {error:#}"));
            let config = error.is::<crate::config::ConfigError>() || error.is::<BadAddress>();
            if config {
                ExitCode::from(EXIT_CONFIG)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
