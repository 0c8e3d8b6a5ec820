//! What callers saw, added up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;

/// Longest time that is told apart from longer ones.
const LONGEST_US: u64 = 60_000_000;
/// Histograms that callers share; each has some 140 KB.
const PARTS_MAX: usize = 64;

/// Times and failures. Send + Sync.
pub(super) struct Recorder {
    pub(super) latencies: Times,
    /// From when calls were due until they were sent; nothing in a closed loop.
    pub(super) sent_late: Times,
    pub(super) failures: AtomicU64,
    pub(super) first_failure: OnceLock<String>,
    /// Calls that were answered so far, well or not, measured or not.
    pub(super) answered: AtomicU64,
}

impl Recorder {
    pub(super) fn new(callers: usize) -> anyhow::Result<Self> {
        Ok(Self {
            latencies: Times::new(callers)?,
            sent_late: Times::new(callers)?,
            failures: AtomicU64::new(0),
            first_failure: OnceLock::new(),
            answered: AtomicU64::new(0),
        })
    }

    /// Notes how a call of this caller ended; `latency` when it is measured.
    pub(super) fn note(
        &self,
        caller: usize,
        done: Result<(), String>,
        latency: impl FnOnce() -> Option<Duration>,
    ) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        match done {
            Ok(()) => {
                if let Some(latency) = latency() {
                    self.latencies.record(caller, latency);
                }
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                self.first_failure.get_or_init(|| error);
            }
        }
    }
}

/// Times in microseconds. Send + Sync.
pub(super) struct Times(Vec<Mutex<Histogram<u64>>>);

impl Times {
    fn new(callers: usize) -> anyhow::Result<Self> {
        let parts = (0..callers.clamp(1, PARTS_MAX)).map(|_| Ok(Mutex::new(histogram()?)));
        parts.collect::<anyhow::Result<_>>().map(Self)
    }

    pub(super) fn record(&self, caller: usize, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(LONGEST_US);
        if let Some(part) = self.0.get(caller % self.0.len()) {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.saturating_record(micros);
        }
    }

    /// All of them.
    pub(super) fn whole(&self) -> anyhow::Result<Histogram<u64>> {
        let mut whole = histogram()?;
        for part in &self.0 {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            whole.add(&*part).context("times cannot be added up")?;
        }
        Ok(whole)
    }
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).context("no histogram")
}
