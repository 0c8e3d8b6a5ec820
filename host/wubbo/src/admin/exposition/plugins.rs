//! `wubbo_plugin_*`: what the host counts about each plugin, and `wubbo_plugins_*`: about all of them. A plugin that is unloaded, and a
//! generation that is gone, take their series with them.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use wubbo_plugin::{PluginHost, PluginState, PluginStatus, PluginsStatus};

use super::{counter, own, signed};

/// The plugins of a host.
#[derive(Debug)]
pub(super) struct Plugins(pub(super) Arc<PluginHost>);

/// A series of one plugin: its last label, and its value.
type Series = (&'static str, u64);
type Many = fn(&PluginStatus) -> Vec<Series>;
type One = fn(&PluginStatus) -> u64;

/// A family of counters by plugin and, where it says so, generation.
struct Counters {
    name: &'static str,
    help: &'static str,
    /// The name of the last label.
    label: &'static str,
    by_generation: bool,
    read: Many,
}

const COUNTERS: [Counters; 4] = [
    Counters {
        name: "wubbo_plugin_calls",
        help: "hooks that were to run, by what came of them",
        label: "result",
        by_generation: true,
        read: calls,
    },
    Counters {
        name: "wubbo_plugin_trips",
        help: "instances thrown away, by class of the failure",
        label: "class",
        by_generation: true,
        read: |plugin| {
            plugin
                .counters
                .trips
                .iter()
                .map(|(class, count)| (*class, *count))
                .collect()
        },
    },
    Counters {
        name: "wubbo_plugin_rebuilt",
        help: "instances built in place of those that were thrown away",
        label: "",
        by_generation: true,
        read: |plugin| vec![("", plugin.counters.rebuilt)],
    },
    Counters {
        name: "wubbo_plugin_swaps",
        help: "new generations, by how that ended",
        label: "result",
        by_generation: false,
        read: |plugin| {
            let swaps = &plugin.swaps;
            vec![
                ("live", swaps.live),
                ("rolled_back", swaps.rolled_back),
                ("refused", swaps.refused),
            ]
        },
    },
];

const GAUGES: [(&str, &str, One); 5] = [
    (
        "wubbo_plugin_memory_bytes",
        "guest memory of idle instances of the current generation",
        |plugin| plugin.memory_bytes as u64,
    ),
    (
        "wubbo_plugin_live_generations",
        "generations that hold instances",
        |plugin| plugin.live_generations as u64,
    ),
    (
        "wubbo_plugin_kept_generations",
        "generations on disk that it can be rolled back to, the live one among them",
        |plugin| plugin.kept.len() as u64,
    ),
    (
        "wubbo_plugin_quarantined",
        "1 while its failure policy answers because it failed too often",
        |plugin| u64::from(plugin.state == PluginState::Quarantined),
    ),
    (
        "wubbo_plugin_rolled_back",
        "1 while an earlier generation serves than its file gives",
        |plugin| u64::from(plugin.rolled_back.is_some()),
    ),
];

/// Every name that the host uses itself; a plugin's own metric of such a name is not shown.
pub(super) fn is_ours(name: &str) -> bool {
    let others = [
        "wubbo_plugin_instances",
        "wubbo_plugin_hook_duration_seconds",
    ];
    COUNTERS.iter().any(|counters| counters.name == name)
        || GAUGES.iter().any(|(gauge, ..)| *gauge == name)
        || others.contains(&name)
}

/// `passed`: the hook ran and left the call alone, or changed only what it may; the others are told apart.
fn calls(plugin: &PluginStatus) -> Vec<Series> {
    let counters = &plugin.counters;
    let decided = [
        ("replied", counters.replies),
        ("narrowed", counters.narrowed),
        ("nobody", counters.nobody),
        ("configured", counters.configured),
        ("failed", counters.failed),
        ("tripped", counters.trips.values().sum()),
    ];
    let ran: u64 = decided.iter().map(|(_, count)| count).sum();
    let not_run = [
        ("busy", counters.busy),
        ("absent", counters.absent),
        ("unknown_table", counters.unknown_table),
    ];
    let passed = [("passed", counters.hooks.saturating_sub(ran))];
    passed.into_iter().chain(decided).chain(not_run).collect()
}

impl Collector for Plugins {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let status = self.0.status();
        for counters in &COUNTERS {
            count(&mut encoder, counters, &status.plugins)?;
        }
        for (name, help, read) in GAUGES {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for plugin in &status.plugins {
                let labels = [("plugin", plugin.identity.as_str())];
                metric
                    .encode_family(&labels)?
                    .encode_gauge(&signed(read(plugin)))?;
            }
        }
        instances(&mut encoder, &status.plugins)?;
        durations(&mut encoder, &status.plugins)?;
        own::encode(&mut encoder, &status.plugins)?;
        all(&mut encoder, &status)
    }
}

fn count(
    encoder: &mut DescriptorEncoder<'_>,
    counters: &Counters,
    plugins: &[PluginStatus],
) -> Result<(), fmt::Error> {
    let mut metric =
        encoder.encode_descriptor(counters.name, counters.help, None, MetricType::Counter)?;
    for plugin in plugins {
        let generation = plugin.generation.to_string();
        for (value, count) in (counters.read)(plugin) {
            let mut labels = vec![("plugin", plugin.identity.as_str())];
            if counters.by_generation {
                labels.push(("generation", generation.as_str()));
            }
            if !counters.label.is_empty() {
                labels.push((counters.label, value));
            }
            counter(&mut metric, &labels, count)?;
        }
    }
    Ok(())
}

/// Of draining generations too: it is they that hold memory unseen.
fn instances(
    encoder: &mut DescriptorEncoder<'_>,
    plugins: &[PluginStatus],
) -> Result<(), fmt::Error> {
    let help = "instances that there are";
    let mut metric =
        encoder.encode_descriptor("wubbo_plugin_instances", help, None, MetricType::Gauge)?;
    for plugin in plugins {
        let mut numbers = std::collections::BTreeMap::new();
        let draining = plugin.draining.iter();
        let draining = draining.map(|older| (older.generation, older.instances));
        for (generation, count) in draining.chain([(plugin.generation, plugin.instances)]) {
            *numbers.entry(generation).or_insert(0_usize) += count;
        }
        for (generation, count) in numbers
            .into_iter()
            .filter(|(generation, _)| *generation > 0)
        {
            let generation = generation.to_string();
            let labels = [
                ("plugin", plugin.identity.as_str()),
                ("generation", &generation),
            ];
            metric
                .encode_family(&labels)?
                .encode_gauge(&signed(count as u64))?;
        }
    }
    Ok(())
}

fn durations(
    encoder: &mut DescriptorEncoder<'_>,
    plugins: &[PluginStatus],
) -> Result<(), fmt::Error> {
    let help = "time that a hook took, of one hook in 64";
    let name = "wubbo_plugin_hook_duration_seconds";
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for plugin in plugins.iter().filter(|plugin| plugin.generation > 0) {
        let latency = &plugin.counters.latency;
        let generation = plugin.generation.to_string();
        let labels = [
            ("plugin", plugin.identity.as_str()),
            ("generation", &generation),
        ];
        let last = latency.buckets.len().saturating_sub(1);
        let bound = |at: usize| match at {
            at if at == last => f64::MAX,
            at => 2_f64.powi(i32::try_from(at).unwrap_or(i32::MAX) + 5) / 1e9,
        };
        let counts = latency.buckets.iter().enumerate();
        let buckets: Vec<(f64, u64)> = counts.map(|(at, count)| (bound(at), *count)).collect();
        let total = latency.total_ns as f64 / 1e9;
        metric
            .encode_family(&labels)?
            .encode_histogram::<NoLabelSet>(total, latency.samples, &buckets, None)?;
    }
    Ok(())
}

fn all(encoder: &mut DescriptorEncoder<'_>, status: &PluginsStatus) -> Result<(), fmt::Error> {
    let directory = status.directory.as_ref();
    let refused = directory.map_or(0, |directory| directory.refused.len());
    let outage = directory.is_some_and(|directory| directory.outage.is_some());
    let kept = status.archive.as_ref().map_or(0, |archive| archive.bytes);
    let gauges = [
        (
            "wubbo_plugins_memory_bytes",
            "guest memory of all instances",
            status.memory_bytes as u64,
        ),
        (
            "wubbo_plugins_refused_files",
            "files of the directory that are not live",
            refused as u64,
        ),
        (
            "wubbo_plugins_outage",
            "1 while the directory cannot be used",
            u64::from(outage),
        ),
        (
            "wubbo_plugins_kept_bytes",
            "size of the generations on disk",
            kept,
        ),
    ];
    for (name, help, value) in gauges {
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&signed(value))?;
    }
    let help = "modules that were compiled; those from the cache are not among them";
    let name = "wubbo_plugins_compilations";
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    metric.encode_counter::<NoLabelSet, _, u64>(&status.compilations, None)
}
