//! One set of counters.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The weight of one call in the smoothed latency is 1 in 2 to the power of this.
const SMOOTHING_SHIFT: u32 = 3;

/// How a counted call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// With an answer of the service, an exception of its own included.
    Succeeded,
    /// With an error that another provider may not have given.
    Failed,
    /// Without saying anything about the provider: the caller went away, or the call itself was wrong.
    Neither,
}

/// Counters of calls to one endpoint. Each is read by itself: two of them may be of different moments.
#[derive(Debug, Default)]
pub struct CallStatistics {
    active: AtomicU32,
    consecutive_failures: AtomicU32,
    total: AtomicU64,
    failed: AtomicU64,
    latency_us: AtomicU64,
    last_failure_ms: AtomicU64,
}

impl CallStatistics {
    pub(super) const fn new() -> Self {
        Self {
            active: AtomicU32::new(0),
            consecutive_failures: AtomicU32::new(0),
            total: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            latency_us: AtomicU64::new(0),
            last_failure_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn begin(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self, elapsed: Duration, end: CallEnd) {
        self.active.fetch_sub(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        match end {
            CallEnd::Succeeded => {
                // Nearly always zero already: a read keeps the line shared.
                if self.consecutive_failures() != 0 {
                    self.consecutive_failures.store(0, Ordering::Relaxed);
                }
                self.smooth(elapsed, false);
            }
            CallEnd::Failed => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                self.consecutive_failures.fetch_add(1, Ordering::Relaxed);
                self.last_failure_ms
                    .store(unix_ms(SystemTime::now()), Ordering::Relaxed);
                // A provider that refuses quickly must not look like a fast one.
                self.smooth(elapsed, true);
            }
            CallEnd::Neither => {}
        }
    }

    fn smooth(&self, elapsed: Duration, only_slower: bool) {
        let sample = u64::try_from(elapsed.as_micros())
            .unwrap_or(u64::MAX)
            .clamp(1, u64::MAX >> SMOOTHING_SHIFT);
        let old = self.latency_us();
        if only_slower && sample <= old {
            return;
        }
        let new = match old {
            0 => sample,
            old => old - (old >> SMOOTHING_SHIFT) + (sample >> SMOOTHING_SHIFT),
        };
        // One try: a sample that is lost to another call's is no loss.
        let _ =
            self.latency_us
                .compare_exchange(old, new.max(1), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Calls in flight.
    #[must_use]
    pub fn active(&self) -> u32 {
        self.active.load(Ordering::Relaxed)
    }

    /// Calls ended, however.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Calls ended with [`CallEnd::Failed`].
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Smoothed time of a call, microseconds: each call counts for an eighth, a failed one only when it took longer than that.
    /// 0 before the first.
    #[must_use]
    pub fn latency_us(&self) -> u64 {
        self.latency_us.load(Ordering::Relaxed)
    }

    /// Failed calls since the last that succeeded.
    #[must_use]
    pub fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures.load(Ordering::Relaxed)
    }

    /// When the last failed call ended, milliseconds since the Unix epoch; 0: never.
    #[must_use]
    pub fn last_failure_ms(&self) -> u64 {
        self.last_failure_ms.load(Ordering::Relaxed)
    }
}

fn unix_ms(now: SystemTime) -> u64 {
    now.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}
