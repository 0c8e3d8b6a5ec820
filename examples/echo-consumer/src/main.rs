//! A Dubbo consumer in Rust, whole: calls every method of the demo service and checks what comes back.
//!
//! Read `contract.rs` (the Java interface as a Rust trait), then this file (how a client is made), then `cases/` (how it is used).

mod args;
mod case;
mod cases;
mod check;
mod contract;
mod report;

use std::io::{Write, stderr};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use wubbo::Client;

use crate::args::Args;
use crate::case::Case;
use crate::contract::EchoServiceClient;
use crate::report::Report;

/// What providers see as our application.
const APPLICATION: &str = "wubbo-demo-consumer";

/// How long a call may take, in milliseconds, as Dubbo's key `timeout` has it. The largest answers are a few MB.
const TIMEOUT_MS: &str = "5000";

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(code) => code,
        Err(error) => {
            let _nobody_reads = writeln!(stderr(), "echo-consumer: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let service = connect(&args).await?;
    let mut report = Report::new(args.json);
    for case in cases::all() {
        if case.is_selected_by(&args.case) {
            let outcome = repeat(&case, &service, args.count).await;
            report.case(case.id(), outcome)?;
        }
    }
    report.end()
}

/// A typed client: of a direct address, or of whatever providers a registry knows. Nothing is connected before the first call.
async fn connect(args: &Args) -> anyhow::Result<EchoServiceClient> {
    let client = Client::builder(APPLICATION).parameter("timeout", TIMEOUT_MS);
    match (&args.target.url, &args.target.registry) {
        (_, Some(address)) => {
            let client = client.registry(address).build().await?;
            Ok(client.refer().await?)
        }
        (url, None) => {
            let url = url.as_deref().context("neither --url nor --registry")?;
            Ok(client.build().await?.direct(url)?)
        }
    }
}

/// Runs a case `count` times, up to its first failure.
async fn repeat(case: &Case, service: &EchoServiceClient, count: u32) -> anyhow::Result<()> {
    for round in 1..=count {
        let outcome = case.run(service.clone()).await;
        if count == 1 {
            return outcome;
        }
        outcome.with_context(|| format!("round {round} of {count}"))?;
    }
    Ok(())
}
