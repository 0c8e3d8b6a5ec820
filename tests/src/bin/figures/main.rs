//! `cargo xtask bench`: what a call costs a provider, a consumer and a gateway, each figure beside its goal and beside that of the
//! real peers in the same run.
//!
//! The server under measurement has core 0 for itself, everything else runs on core 1; CPU times come from the kernel. On a machine
//! that is busy the times grow, the ratios hardly.
//!
//! With the argument `hop`: only the latency that a gateway adds and what a bulk call costs it.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program whose output is its figures"
)]

mod calls;
mod consumers;
mod floor;
mod gateway;
mod peers;
mod providers;
mod relay;
mod server;

use std::process::ExitCode;

use peers::Peers;
use wubbo_tests::process::Error;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [] => figures(),
        [part] if part == "hop" => gateway::hops(),
        [mode, answer] if mode == floor::MODE => floor::serve(answer),
        [mode, target] if mode == relay::MODE => relay::serve(target),
        other => Err(Error::new(&format!("no such mode: {}", other.join(" ")))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn figures() -> Result<(), Error> {
    let peers = Peers::installed()?;
    providers::table(&peers)?;
    consumers::table(&peers)?;
    gateway::tables()
}
