//! The metrics that a plugin defines for itself: counters, gauges and histograms of one generation (ABI.md 8.6).
//! They are defined while an instance starts and only updated afterwards, so an update is an atomic add without a lock.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::Serialize;
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::limits::{MESSAGE_MAX, METRICS_MAX, NAME_MAX};
use wubbo_plugin_sdk::native::{HostResult, MetricKind};

/// Histogram buckets: bucket i counts values below 2^i.
const BUCKETS: usize = 64;

/// The metrics of one generation.
pub(crate) struct Metrics {
    metrics: Box<[OnceLock<Metric>]>,
    /// Held while one is defined, so that a name gets one number.
    defining: Mutex<usize>,
}

struct Metric {
    kind: MetricKind,
    name: Box<str>,
    help: Box<str>,
    value: AtomicI64,
    buckets: Option<Box<[AtomicU64; BUCKETS]>>,
}

/// One metric as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MetricValue {
    /// Name without the prefix `wubbo_plugin_`.
    pub name: String,
    /// What it means, in the plugin's words.
    pub help: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Value of a counter or gauge; sum of a histogram.
    pub value: i64,
    /// Histogram: bucket i counts values below 2^i; empty for others.
    pub buckets: Vec<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            metrics: (0..METRICS_MAX).map(|_| OnceLock::new()).collect(),
            defining: Mutex::new(0),
        }
    }

    pub(crate) fn define(&self, kind: MetricKind, name: &str, help: &str) -> HostResult<u32> {
        if !is_name(name) || help.len() > MESSAGE_MAX {
            return Err(ErrorKind::BadArgument);
        }
        let mut count = self.defining.lock().unwrap_or_else(PoisonError::into_inner);
        for number in 0..*count {
            let known = self.metrics.get(number).and_then(OnceLock::get);
            match known.filter(|known| *known.name == *name) {
                Some(known) if known.kind == kind => {
                    return number.try_into().map_err(|_| ErrorKind::Quota);
                }
                Some(_) => return Err(ErrorKind::Conflict),
                None => {}
            }
        }
        let place = self.metrics.get(*count).ok_or(ErrorKind::Quota)?;
        let buckets = || Box::new([const { AtomicU64::new(0) }; BUCKETS]);
        let metric = Metric {
            kind,
            name: name.into(),
            help: help.into(),
            value: AtomicI64::new(0),
            buckets: (kind == MetricKind::Histogram).then(buckets),
        };
        place.set(metric).map_err(|_| ErrorKind::Quota)?;
        *count += 1;
        u32::try_from(*count - 1).map_err(|_| ErrorKind::Quota)
    }

    pub(crate) fn update(&self, number: u32, value: i64) -> HostResult<()> {
        let number = usize::try_from(number).map_err(|_| ErrorKind::BadArgument)?;
        let metric = self.metrics.get(number).and_then(OnceLock::get);
        let metric = metric.ok_or(ErrorKind::BadArgument)?;
        if metric.kind == MetricKind::Gauge {
            metric.value.store(value, Ordering::Relaxed);
            return Ok(());
        }
        let size = u64::try_from(value).map_err(|_| ErrorKind::BadArgument)?;
        metric.value.fetch_add(value, Ordering::Relaxed);
        let bucket = (u64::BITS - size.leading_zeros()) as usize;
        if let Some(cell) = metric
            .buckets
            .as_ref()
            .and_then(|buckets| buckets.get(bucket))
        {
            cell.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(crate) fn report(&self) -> Vec<MetricValue> {
        let count = *self.defining.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = |metric: &Metric| MetricValue {
            name: metric.name.to_string(),
            help: metric.help.to_string(),
            kind: match metric.kind {
                MetricKind::Counter => "counter",
                MetricKind::Gauge => "gauge",
                MetricKind::Histogram => "histogram",
            },
            value: metric.value.load(Ordering::Relaxed),
            buckets: metric
                .buckets
                .iter()
                .flat_map(|buckets| buckets.iter())
                .map(|cell| cell.load(Ordering::Relaxed))
                .collect(),
        };
        let found = (0..count).filter_map(|number| self.metrics.get(number)?.get());
        found.map(shown).collect()
    }
}

fn is_name(name: &str) -> bool {
    let first = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    first && rest && name.len() <= NAME_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_and_kind_are_the_same_metric() {
        let metrics = Metrics::new();
        assert_eq!(metrics.define(MetricKind::Counter, "seen", "calls"), Ok(0));
        assert_eq!(metrics.define(MetricKind::Counter, "seen", "calls"), Ok(0));
        assert_eq!(
            metrics.define(MetricKind::Gauge, "seen", ""),
            Err(ErrorKind::Conflict)
        );
        assert_eq!(
            metrics.define(MetricKind::Gauge, "Bad", ""),
            Err(ErrorKind::BadArgument)
        );
        for number in 1..METRICS_MAX {
            let name = format!("m{number}");
            assert_eq!(
                metrics.define(MetricKind::Gauge, &name, ""),
                Ok(u32::try_from(number).unwrap())
            );
        }
        assert_eq!(
            metrics.define(MetricKind::Gauge, "too_many", ""),
            Err(ErrorKind::Quota)
        );
        assert_eq!(metrics.report().len(), METRICS_MAX);
    }

    #[test]
    fn each_kind_keeps_what_it_should() {
        let metrics = Metrics::new();
        metrics.define(MetricKind::Counter, "c", "").unwrap();
        metrics.define(MetricKind::Gauge, "g", "").unwrap();
        metrics.define(MetricKind::Histogram, "h", "").unwrap();
        for value in [3, 4] {
            (0..3).for_each(|number| metrics.update(number, value).unwrap());
        }
        assert_eq!(metrics.update(0, -1), Err(ErrorKind::BadArgument));
        assert_eq!(metrics.update(1, -1), Ok(()));
        assert_eq!(metrics.update(9, 1), Err(ErrorKind::BadArgument));
        let values: Vec<_> = metrics.report().iter().map(|metric| metric.value).collect();
        assert_eq!(values, [7, -1, 7]);
        let buckets = &metrics.report()[2].buckets;
        assert_eq!((buckets[2], buckets[3]), (1, 1));
    }
}
