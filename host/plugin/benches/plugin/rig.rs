//! A running plugin host over a directory of its own, for benches.

use std::path::Path;
use std::sync::Arc;

use criterion::BenchmarkGroup;
use tokio::runtime::Runtime;
use wubbo_core::{PolicySet, PolicySlot, Slot};
use wubbo_plugin::{LogSink, PluginHost, PluginsConfig};
use wubbo_plugin_sdk::native::Factory;

use crate::cpu::CpuTime;

struct Silent;

impl LogSink for Silent {
    fn log(&self, _plugin: &str, _level: tracing::Level, _target: &str, _line: &str) {}
}

/// A host and what it publishes.
pub(crate) struct Rig {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) host: PluginHost,
    pub(crate) policies: Arc<PolicySlot>,
}

impl Rig {
    /// Starts a host over `files`; the linked policies are active only where there is no file.
    pub(crate) fn start(
        runtime: &Runtime,
        linked: Vec<Factory>,
        files: &[(String, Vec<u8>)],
        cache: Option<&Path>,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, bytes) in files {
            std::fs::write(dir.path().join(name), bytes).expect("a file");
        }
        let config = PluginsConfig {
            dir: Some(dir.path().to_owned()),
            cache_dir: cache.map(Path::to_owned),
            builtins: files.is_empty(),
            ..PluginsConfig::default()
        };
        let policies = Arc::new(Slot::new(PolicySet::default()));
        let start = PluginHost::start(config, linked, Arc::clone(&policies), Arc::new(Silent));
        let host = runtime.block_on(start).expect("a host");
        Self {
            dir,
            host,
            policies,
        }
    }

    /// Measures one call in CPU time, and fails where the figure would be one of failure policies, or of nothing at all.
    pub(crate) fn measure<R>(
        &self,
        group: &mut BenchmarkGroup<'_, CpuTime>,
        title: &str,
        mut call: impl FnMut() -> R,
    ) {
        let entered = self.entered();
        let mut chosen = false;
        group.bench_function(title, |bencher| {
            chosen = true;
            bencher.iter(&mut call);
        });
        assert!(self.entered() > entered || !chosen, "{title}: no hook");
        for plugin in self.host.status().plugins {
            let trips: u64 = plugin.counters.trips.values().sum();
            let failed = (trips, plugin.counters.failed, plugin.counters.unknown_table);
            assert_eq!(failed, (0, 0, 0), "{title}: {}", plugin.identity);
        }
    }

    /// Hooks entered so far.
    fn entered(&self) -> u64 {
        let plugins = self.host.status().plugins;
        plugins.iter().map(|plugin| plugin.counters.hooks).sum()
    }
}
