//! The host's functions besides the call, each an import.

use crate::guest::imports;
use crate::native::{Clock, Expect, HostResult, Level, LogTarget, MetricKind};

/// The host, reached by imports.
#[derive(Debug)]
pub(crate) struct GuestHost;

impl GuestHost {
    pub(crate) fn log(&self, target: LogTarget, level: Level, text: &str) -> HostResult<()> {
        imports::log(target, level, text)
    }

    pub(crate) fn clock(&self, clock: Clock) -> HostResult<i64> {
        imports::clock(clock)
    }

    pub(crate) fn random(&self) -> HostResult<u64> {
        Ok(imports::random())
    }

    pub(crate) fn state_get(&self, key: &str) -> HostResult<Vec<u8>> {
        imports::state_get(key)
    }

    pub(crate) fn state_add(&self, key: &str, delta: i64, ttl_ms: i64) -> HostResult<i64> {
        imports::state_add(key, delta, ttl_ms)
    }

    pub(crate) fn state_cas(
        &self,
        key: &str,
        expected: Expect<'_>,
        new: Option<&[u8]>,
        ttl_ms: i64,
    ) -> HostResult<()> {
        imports::state_cas(key, expected, new, ttl_ms)
    }

    pub(crate) fn metric_define(
        &self,
        kind: MetricKind,
        name: &str,
        help: &str,
    ) -> HostResult<u32> {
        imports::metric_define(kind, name, help)
    }

    pub(crate) fn metric_update(&self, metric: u32, value: i64) -> HostResult<()> {
        imports::metric_update(metric, value)
    }
}
