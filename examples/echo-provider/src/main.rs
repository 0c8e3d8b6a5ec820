//! A Dubbo provider in Rust, whole: the demo service behind one or more listeners, announced at registries, stopped in order.
//!
//! Read `types.rs` (the Java classes), `echo.rs` (the service), then this file (how it is served).

mod args;
mod echo;
mod types;

use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use wubbo::core::Url;
use wubbo::{PluginsConfig, Server};

use crate::args::Args;
use crate::echo::Echo;

/// Lists of beans are many small allocations; with the system's allocator they were a third of a call.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What consumers see as our application.
const APPLICATION: &str = "wubbo-demo-provider";

/// How long calls in flight may take to end once we are told to stop; Dubbo's `dubbo.service.shutdown.wait` is the same.
const DRAIN_MAX: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let args = Args::parse();
    wubbo::raise_open_files();
    tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .init();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nobody_reads = writeln!(stderr(), "echo-provider: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = args.threads {
        runtime.worker_threads(threads);
    }
    let runtime = runtime
        .enable_all()
        .build()
        .context("the worker threads cannot be started")?;
    runtime.block_on(serve(args))
}

async fn serve(args: Args) -> anyhow::Result<()> {
    // Before anything is bound, so that a signal during the start is not lost.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be waited for")?;

    let running = describe(args).start().await?;
    for url in running.listening() {
        ready(url);
    }

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // Takes our entries back, tells consumers, lets calls in flight end.
    let cut_off = running.stop(DRAIN_MAX).await;
    if cut_off > 0 {
        tracing::warn!(calls = cut_off, "calls were cut off: they took too long");
    }
    Ok(())
}

/// What is served, where, and where it is announced.
fn describe(args: Args) -> Server {
    let mut server = Server::new(APPLICATION).service(Echo::new(args.name));
    for url in &args.listen {
        server = server.listen(url);
    }
    for address in &args.registry {
        server = server.registry(address);
    }
    if let Some(address) = &args.config_center {
        server = server.config_center(address);
    }
    let mut plugins = PluginsConfig {
        dir: args.plugins,
        ..PluginsConfig::default()
    };
    if let Some(threads) = args.threads {
        plugins.workers = threads;
    }
    server.plugins(plugins)
}

/// Says that `url` is served and announced; without its parameters, which may be secrets. Whoever started us waits for this line; that
/// it may have gone is no failure of ours.
fn ready(url: &Url) {
    let mut stdout = stdout().lock();
    let line = format!("READY {}://{}", url.protocol(), url.location());
    let _nobody_reads = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
