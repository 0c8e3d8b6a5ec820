//! A Dubbo provider in Rust, whole: the demo service behind one or more listeners, announced at registries, stopped in order.
//!
//! Read `types.rs` (the Java classes), `echo.rs` (the service), then this file (how it is served).

mod args;
mod echo;
mod types;

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use wubbo::{PluginsConfig, Server};

use crate::args::Args;
use crate::echo::Echo;

/// What consumers see as our application.
const APPLICATION: &str = "wubbo-demo-provider";

/// How long calls in flight may take to end once we are told to stop; Dubbo's `dubbo.service.shutdown.wait` is the same.
const DRAIN_MAX: Duration = Duration::from_secs(10);

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
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
    let mut plugins = PluginsConfig {
        dir: args.plugins,
        ..PluginsConfig::default()
    };
    if let Some(threads) = args.threads {
        plugins.workers = threads;
    }
    server.plugins(plugins)
}

/// Says that `url` is served and announced. Whoever started us waits for this line; that it may have gone is no failure of ours.
fn ready(url: &wubbo::core::Url) {
    let mut stdout = std::io::stdout().lock();
    let _reader_gone = writeln!(stdout, "READY {url}").and_then(|()| stdout.flush());
}
