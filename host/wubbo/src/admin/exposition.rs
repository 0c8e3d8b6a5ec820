//! The counters of this process as OpenMetrics text. Every metric has its unit and labels here, in one place.
//!
//! Label values are bounded: services are those exported or referred, plugins those that are loaded; both leave with their owner.

mod own;
mod plugins;

use std::fmt::{self, Write};
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use wubbo_plugin::PluginHost;

use crate::metrics::{BUCKETS_US, CallCounters, Metrics};

/// The text that `/metrics` answers with.
pub(super) fn text(metrics: &Arc<Metrics>, plugins: &Arc<PluginHost>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Calls(metrics.clone())));
    registry.register_collector(Box::new(plugins::Plugins(plugins.clone())));
    let mut text = String::new();
    if prometheus_client::encoding::text::encode(&mut text, &registry).is_err() {
        // Writing to a String does not fail; a collector that does is told in place of its metrics.
        let _string = writeln!(text, "# a collector failed");
    }
    text
}

/// `wubbo_calls`, `wubbo_calls_active`, `wubbo_call_duration_seconds`, by side and service, and `wubbo_gateway_busy_poll_seconds`.
#[derive(Debug)]
struct Calls(Arc<Metrics>);

impl Collector for Calls {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let all = self.0.all();
        let mut total = encoder.encode_descriptor(
            "wubbo_calls",
            "calls that ended, by result",
            None,
            MetricType::Counter,
        )?;
        for calls in &all {
            let service = calls.service.to_string();
            for (result, count) in calls.by_result() {
                let labels = [
                    ("side", calls.side.name()),
                    ("service", &service),
                    ("result", result),
                ];
                counter(&mut total, &labels, count)?;
            }
        }
        let mut active = encoder.encode_descriptor(
            "wubbo_calls_active",
            "calls in flight",
            None,
            MetricType::Gauge,
        )?;
        for calls in &all {
            let service = calls.service.to_string();
            let labels = [("side", calls.side.name()), ("service", &service)];
            active
                .encode_family(&labels)?
                .encode_gauge(&signed(calls.active()))?;
        }
        let help = "time from a call's start to its end";
        let mut duration = encoder.encode_descriptor(
            "wubbo_call_duration_seconds",
            help,
            None,
            MetricType::Histogram,
        )?;
        all.iter()
            .try_for_each(|calls| histogram(&mut duration, calls))?;
        let mut polled = encoder.encode_descriptor(
            "wubbo_gateway_busy_poll_seconds",
            "time that a worker stayed awake for the next event",
            None,
            MetricType::Counter,
        )?;
        polled.encode_counter::<NoLabelSet, _, u64>(&self.0.polled().as_secs_f64(), None)
    }
}

fn histogram(encoder: &mut MetricEncoder<'_>, calls: &CallCounters) -> Result<(), fmt::Error> {
    let service = calls.service.to_string();
    let labels = [("side", calls.side.name()), ("service", service.as_str())];
    let (sum, counts) = calls.latency();
    let bounds = BUCKETS_US
        .iter()
        .map(|micros| *micros as f64 / 1e6)
        .chain([f64::MAX]);
    let buckets: Vec<(f64, u64)> = bounds.zip(counts.iter().copied()).collect();
    encoder
        .encode_family(&labels)?
        .encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
}

fn counter(
    metric: &mut MetricEncoder<'_>,
    labels: &impl EncodeLabelSet,
    value: u64,
) -> Result<(), fmt::Error> {
    metric
        .encode_family(labels)?
        .encode_counter::<NoLabelSet, _, u64>(&value, None)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
