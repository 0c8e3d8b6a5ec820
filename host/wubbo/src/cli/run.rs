//! `wubbo run`: a gateway from a configuration file, until it is told to stop.

use std::path::PathBuf;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{output, plugin};
use crate::assemble::assemble;
use crate::config::Config;

/// Runs the gateway that a configuration file describes.
///
/// Prints `READY <listen url>` per listener once it is served. SIGTERM or SIGINT: takes its entries back, tells consumers, lets calls in
/// flight end within `shutdown.timeout`, exits with 0. A wrong configuration exits with 64 and lists every problem; nothing is bound then.
///
/// Example: wubbo run -c wubbo.yaml
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The configuration file.
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        default_value = "wubbo.yaml"
    )]
    config: PathBuf,
    /// What is logged, as `tracing` filters say it, such as `info,wubbo_plugin=debug`.
    #[arg(long, default_value = "info")]
    log: String,
}

impl Run {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let filter =
            EnvFilter::try_new(&self.log).with_context(|| format!("--log {}", self.log))?;
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
        let mut config = Config::load(&self.config)?;
        config.plugins.compiler = plugin::compiler();
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        if let Some(threads) = config.threads {
            runtime.worker_threads(threads);
        }
        let runtime = runtime
            .enable_all()
            .build()
            .context("the worker threads cannot be started")?;
        runtime.block_on(serve(config))
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    // Before anything is bound, so that a signal during the start is not lost.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be waited for")?;
    let drain = config.drain;
    let running = assemble(config).await?;
    if let Some(address) = running.admin_addr() {
        tracing::info!(%address, "admin server listens");
    }
    for url in running.listening() {
        output::line(&format!("READY {}://{}", url.protocol(), url.location()));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: entries are taken back, calls in flight end");
    let cut_off = running.stop(drain).await;
    if cut_off > 0 {
        tracing::warn!(
            calls = cut_off,
            "calls were cut off at the end of the drain time"
        );
    }
    Ok(())
}
