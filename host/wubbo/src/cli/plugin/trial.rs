//! Puts a module into the directory of a plugin host that serves nobody, and asks what became of it: compiled, started, self-tested.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use wubbo_core::{PolicySet, Slot};
use wubbo_plugin::{LogSink, PluginHost, PluginState, PluginsConfig, PluginsStatus};

use crate::cli::output;

/// What a host made of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It would serve.
    Live,
    /// It would not: why.
    Refused(String),
    /// Its YAML says `enabled: false`.
    Disabled,
}

/// Tries a module with the YAML that stands beside it, if there is one.
///
/// # Errors
/// There is no place for the directory, or the host itself does not start.
pub(super) fn run(module: &[u8], yaml: Option<&[u8]>) -> anyhow::Result<Verdict> {
    let folder = tempfile::tempdir().context("no temporary folder for a trial")?;
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))
    };
    put("trial.wasm", module)?;
    if let Some(yaml) = yaml {
        put("trial.yaml", yaml)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let status = runtime.block_on(ask(folder.path()))?;
    verdict(&status).ok_or_else(|| anyhow!("the trial's host says nothing about the file"))
}

async fn ask(folder: &Path) -> anyhow::Result<PluginsStatus> {
    let config = PluginsConfig {
        dir: Some(folder.to_owned()),
        builtins: false,
        workers: 1,
        pooling: false,
        ..PluginsConfig::default()
    };
    let policies = Arc::new(Slot::new(PolicySet::default()));
    let host = PluginHost::start(config, Vec::new(), policies, Arc::new(Lines)).await?;
    let status = host.status();
    host.shutdown().await;
    Ok(status)
}

/// What the plugin logs while it starts.
struct Lines;

impl LogSink for Lines {
    fn log(&self, plugin: &str, level: tracing::Level, _: &str, line: &str) {
        output::complain(&format!("{plugin} logs {level}: {line}"));
    }
}

fn verdict(status: &PluginsStatus) -> Option<Verdict> {
    if let Some(refused) = status
        .directory
        .as_ref()
        .and_then(|dir| dir.refused.first())
    {
        return Some(Verdict::Refused(refused.error.reason.clone()));
    }
    let plugin = status.plugins.first()?;
    Some(match (&plugin.state, &plugin.last_error) {
        (PluginState::Disabled, _) => Verdict::Disabled,
        (PluginState::Live, None) => Verdict::Live,
        (_, Some(error)) => Verdict::Refused(error.reason.clone()),
        (state, None) => Verdict::Refused(format!("it is {state:?}")),
    })
}
