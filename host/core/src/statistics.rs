//! Counters of one endpoint, kept by every call whether a policy reads them or not.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Live counters of a provider as this process sees it. Every field is read and written without a lock.
#[derive(Debug, Default)]
pub struct EndpointStatistics {
    active: AtomicU32,
    total: AtomicU64,
    failed: AtomicU64,
    elapsed_us: AtomicU64,
}

impl EndpointStatistics {
    /// Notes that a call starts. Every `begin` is matched by one [`EndpointStatistics::end`].
    pub fn begin(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a call ended after `elapsed`.
    pub fn end(&self, elapsed: Duration, succeeded: bool) {
        self.active.fetch_sub(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        if !succeeded {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.elapsed_us.fetch_add(micros, Ordering::Relaxed);
    }

    /// Calls in flight.
    #[must_use]
    pub fn active(&self) -> u32 {
        self.active.load(Ordering::Relaxed)
    }

    /// Calls ended.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Calls that ended in an error or an exception of the framework.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Time spent in ended calls, microseconds.
    #[must_use]
    pub fn elapsed_us(&self) -> u64 {
        self.elapsed_us.load(Ordering::Relaxed)
    }
}
