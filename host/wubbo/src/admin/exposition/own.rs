//! The metrics that plugins define for themselves, as `wubbo_plugin_<name>` by plugin and generation.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use wubbo_plugin::{MetricValue, PluginStatus};

use super::{counter, plugins::is_ours};

/// One metric of one plugin.
type Found<'a> = (&'a PluginStatus, &'a MetricValue);

/// Plugins that use one name share a family; its kind and help are those of the first of them, and another kind is not shown.
pub(super) fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    plugins: &[PluginStatus],
) -> Result<(), fmt::Error> {
    let mut families: BTreeMap<String, Vec<Found<'_>>> = BTreeMap::new();
    for plugin in plugins {
        for metric in &plugin.metrics {
            let name = format!("wubbo_plugin_{}", metric.name);
            if !is_ours(&name) {
                families.entry(name).or_default().push((plugin, metric));
            }
        }
    }
    for (name, found) in families {
        let Some((_, first)) = found.first() else {
            continue;
        };
        let kind = match first.kind {
            "counter" => MetricType::Counter,
            "gauge" => MetricType::Gauge,
            _ => MetricType::Histogram,
        };
        let mut family = encoder.encode_descriptor(&name, &first.help, None, kind)?;
        for (plugin, metric) in found.iter().filter(|(_, metric)| metric.kind == first.kind) {
            let generation = plugin.generation.to_string();
            let labels = [
                ("plugin", plugin.identity.as_str()),
                ("generation", generation.as_str()),
            ];
            one(&mut family, &labels, metric)?;
        }
    }
    Ok(())
}

fn one(
    family: &mut MetricEncoder<'_>,
    labels: &[(&str, &str); 2],
    metric: &MetricValue,
) -> Result<(), fmt::Error> {
    match metric.kind {
        "counter" => counter(family, labels, u64::try_from(metric.value).unwrap_or(0)),
        "gauge" => family.encode_family(labels)?.encode_gauge(&metric.value),
        _ => {
            let used = metric.buckets.iter().rposition(|count| *count > 0);
            let counts = metric.buckets.iter().take(used.map_or(0, |last| last + 1));
            let buckets = counts.enumerate().map(|(power, count)| {
                // Bucket i counts whole numbers below 2^i.
                let bound = 2_f64.powi(i32::try_from(power).unwrap_or(i32::MAX)) - 1.0;
                (bound, *count)
            });
            let buckets: Vec<(f64, u64)> = buckets.chain([(f64::MAX, 0)]).collect();
            let count = metric.buckets.iter().sum();
            family
                .encode_family(labels)?
                .encode_histogram::<NoLabelSet>(metric.value as f64, count, &buckets, None)
        }
    }
}
