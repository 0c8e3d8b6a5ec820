//! A plugin host over a temporary directory, and calls through what it publishes.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wubbo_core::{
    AttachmentValue, Chain, Invocation, Outcome, PolicySet, PolicySlot, Request, RequestBody,
    RpcResult, ServiceKey, Slot, Stage, Url,
};
use wubbo_plugin::{LogSink, PluginError, PluginHost, PluginsConfig, PluginsStatus};
use wubbo_plugin_sdk::native::Factory;

/// What tests wait at most for what should take milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Held by tests that use or measure much memory: they share a process.
pub(crate) static MEMORY: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Every line that plugins wrote: plugin, level, target, text.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<(String, tracing::Level, String, String)>>);

impl LogSink for Lines {
    fn log(&self, plugin: &str, level: tracing::Level, target: &str, line: &str) {
        let line = (plugin.to_owned(), level, target.to_owned(), line.to_owned());
        self.0.lock().unwrap().push(line);
    }
}

impl Lines {
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|line| line.3.clone())
            .collect()
    }

    pub(crate) fn all(&self) -> Vec<(String, tracing::Level, String, String)> {
        self.0.lock().unwrap().clone()
    }
}

/// A host, what it publishes, and where its files are.
pub(crate) struct Rig {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) host: PluginHost,
    pub(crate) policies: Arc<PolicySlot>,
    pub(crate) lines: Arc<Lines>,
}

/// A configuration for tests: two slots per generation unless told otherwise.
pub(crate) fn config(dir: &Path) -> PluginsConfig {
    PluginsConfig {
        dir: Some(dir.to_owned()),
        workers: 1,
        max: 8,
        ..PluginsConfig::default()
    }
}

pub(crate) async fn try_start(
    files: &[(&str, &[u8])],
    builtins: Vec<Factory>,
    tweak: impl FnOnce(&mut PluginsConfig),
) -> Result<Rig, PluginError> {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    start_in(dir, builtins, tweak).await
}

/// A host over a directory that holds what it holds.
pub(crate) async fn start_in(
    dir: tempfile::TempDir,
    builtins: Vec<Factory>,
    tweak: impl FnOnce(&mut PluginsConfig),
) -> Result<Rig, PluginError> {
    let mut config = config(dir.path());
    tweak(&mut config);
    let policies = Arc::new(Slot::new(PolicySet::default()));
    let lines = Arc::new(Lines::default());
    let host = PluginHost::start(
        config,
        builtins,
        Arc::clone(&policies),
        Arc::clone(&lines) as Arc<dyn LogSink>,
    )
    .await?;
    Ok(Rig {
        dir,
        host,
        policies,
        lines,
    })
}

pub(crate) async fn start(files: &[(&str, &[u8])]) -> Rig {
    try_start(files, Vec::new(), |_| {}).await.unwrap()
}

impl Rig {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Stops the host and starts another one over the same directory, as a restart of the process would.
    pub(crate) async fn restart(
        self,
        builtins: Vec<Factory>,
        tweak: impl FnOnce(&mut PluginsConfig),
    ) -> Result<Self, PluginError> {
        self.host.shutdown().await;
        start_in(self.dir, builtins, tweak).await
    }

    /// Writes beside and renames, as `wubbo plugin` and careful operators do.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let beside = self.path(&format!(".{name}.new"));
        std::fs::write(&beside, bytes).unwrap();
        std::fs::rename(beside, self.path(name)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    /// Waits until the status is as wanted.
    pub(crate) async fn until(
        &self,
        what: &str,
        wanted: impl FnMut(&PluginsStatus) -> bool,
    ) -> PluginsStatus {
        match tokio::time::timeout(PATIENCE, self.host.until(wanted)).await {
            Ok(status) => status,
            Err(_) => panic!("never {what}: {:#?}", self.host.status()),
        }
    }

    pub(crate) async fn until_generation(&self, identity: &str, generation: u64) -> PluginsStatus {
        let live = |status: &PluginsStatus| {
            status
                .plugin(identity)
                .is_some_and(|plugin| plugin.generation == generation)
        };
        self.until(&format!("{identity}@{generation}"), live).await
    }

    /// A call with one attachment `n=1` and the argument 7, under the policies of now.
    pub(crate) fn invocation(&self) -> Invocation {
        self.invocation_on(Url::parse("dubbo://127.0.0.1:1/a.B").unwrap())
    }

    pub(crate) fn invocation_on(&self, url: Url) -> Invocation {
        let mut request = Request::new(ServiceKey::new("a.B", "", ""), "call");
        request.attachments.set("n", "1");
        request.body = RequestBody::Values(vec![wubbo_hessian2::Value::Int(7)]);
        request.policies = self.policies.load();
        Invocation::new(request, url)
    }

    /// Runs a call through the provider's filters to a service that answers what it got in its response attachments.
    pub(crate) async fn call(&self) -> Outcome {
        self.call_with(self.invocation()).await
    }

    pub(crate) async fn call_with(&self, invocation: Invocation) -> Outcome {
        Chain::new(Stage::Provider)
            .invoke(invocation, |seen| async move { Ok(mirror(&seen)) })
            .await
    }

    /// The same with a service that takes its time.
    pub(crate) async fn call_and(&self, meanwhile: impl Future<Output = ()>) -> Outcome {
        let service = |seen: Invocation| async move {
            meanwhile.await;
            Ok(mirror(&seen))
        };
        Chain::new(Stage::Provider)
            .invoke(self.invocation(), service)
            .await
    }
}

/// A null whose attachments are the request's, each with `seen.` before its key, and the body as text.
pub(crate) fn mirror(seen: &Invocation) -> RpcResult {
    let mut result = RpcResult::null();
    for entry in seen.attachments().iter() {
        let value = AttachmentValue::from(entry.text.unwrap_or_default());
        result.attachments.set(format!("seen.{}", entry.key), value);
    }
    result
        .attachments
        .set("body", format!("{:?}", seen.body()).as_str());
    result
}

/// The response attachments, sorted.
pub(crate) fn attachments(outcome: &Outcome) -> Vec<(String, String)> {
    let result = outcome.as_ref().expect("an answer of the service");
    let pair = |entry: wubbo_core::Entry<'_>| {
        (
            entry.key.to_owned(),
            entry.text.unwrap_or_default().to_owned(),
        )
    };
    let mut pairs: Vec<_> = result.attachments.iter().map(pair).collect();
    pairs.sort();
    pairs
}

pub(crate) fn attachment(outcome: &Outcome, key: &str) -> Option<String> {
    attachments(outcome)
        .into_iter()
        .find(|(known, _)| known == key)
        .map(|(_, value)| value)
}

/// CPU time of this thread.
pub(crate) fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}

/// Resident memory of this process, bytes.
pub(crate) fn rss() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}
