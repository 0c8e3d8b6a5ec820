//! The load: this program again, as a consumer that finds the gateway in the outer registry and reports on standard output.

use std::io::{Read as _, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use wubbo::Client;
use wubbo::core::ServiceKey;

use crate::load::{Load, Summary};
use crate::process::{Error, Process, Read};

/// Callers of the load, each with one call in flight.
const CALLERS: usize = 32;
/// Time between two reports.
const REPORT: Duration = Duration::from_millis(200);

/// Starts the load.
pub(super) fn spawn(registry: &str) -> std::io::Result<Process> {
    Process::start(super::stage::load_command(registry))
}

/// One report.
pub(super) fn parse(line: &str) -> Result<Summary, Error> {
    serde_json::from_str(line)
        .map_err(|error| Error::new(&format!("the load said {line:?}: {error}")))
}

/// Closes the load's standard input, which ends it, and reads its last report.
pub(super) fn finish(mut load: Process, deadline: Instant) -> Result<Summary, Error> {
    load.close_input();
    let mut last = None;
    loop {
        match load.line(deadline) {
            Read::Line(line) => last = Some(parse(&line)?),
            Read::End => break,
            Read::Late => return Err(Error::new("the load did not end in time")),
        }
    }
    last.ok_or_else(|| Error::new(&format!("the load reported nothing: {}", load.log())))
}

/// Runs the load until standard input is closed.
#[must_use]
pub fn load(registry: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let done = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(call(registry)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _parent_gone = writeln!(std::io::stderr(), "load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn call(registry: &str) -> Result<(), String> {
    let client = Client::builder("demo-load")
        .registry(registry)
        .parameter("retries", "0")
        .build()
        .await;
    let client = client.map_err(|error| error.report())?;
    let service = ServiceKey::new("org.wubbo.demo.EchoService", "", "1.0.0");
    let stub = client
        .stub(&service)
        .await
        .map_err(|error| error.report())?;
    let load = Load::start(&stub, CALLERS);
    let mut closed = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    loop {
        tokio::select! {
            _ = &mut closed => break,
            () = tokio::time::sleep(REPORT) => report(&load.summary())?,
        }
    }
    report(&load.stop().await)
}

fn report(summary: &Summary) -> Result<(), String> {
    let line = serde_json::to_string(summary).map_err(|error| error.to_string())?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .map_err(|error| error.to_string())
}
