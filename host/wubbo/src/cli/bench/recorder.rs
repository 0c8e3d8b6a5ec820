//! What callers saw, added up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;

/// Longest latency that is told apart from longer ones.
const LATENCY_MAX_US: u64 = 60_000_000;
/// Histograms that callers share; each has some 140 KB.
const PARTS_MAX: usize = 64;

/// Latencies in microseconds and failures. Send + Sync.
pub(super) struct Recorder {
    parts: Vec<Mutex<Histogram<u64>>>,
    pub(super) failures: AtomicU64,
    pub(super) first_failure: OnceLock<String>,
    /// Calls that were answered so far, well or not, measured or not.
    pub(super) answered: AtomicU64,
}

impl Recorder {
    pub(super) fn new(callers: usize) -> anyhow::Result<Self> {
        let parts = (0..callers.clamp(1, PARTS_MAX)).map(|_| Ok(Mutex::new(histogram()?)));
        Ok(Self {
            parts: parts.collect::<anyhow::Result<_>>()?,
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
                    self.record(caller, latency);
                }
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                self.first_failure.get_or_init(|| error);
            }
        }
    }

    pub(super) fn record(&self, caller: usize, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LATENCY_MAX_US);
        if let Some(part) = self.parts.get(caller % self.parts.len()) {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.saturating_record(micros);
        }
    }

    /// All latencies.
    pub(super) fn latency(&self) -> anyhow::Result<Histogram<u64>> {
        let mut whole = histogram()?;
        for part in &self.parts {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            whole.add(&*part).context("latencies cannot be added up")?;
        }
        Ok(whole)
    }
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, LATENCY_MAX_US, 3).context("no histogram")
}
