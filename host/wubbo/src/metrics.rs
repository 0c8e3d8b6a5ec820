//! What this process counts about calls. Counting is a mechanic of the host: no policy needs to be present for it.
//!
//! A service's counters are made once, when it is exported or referred, and then touched without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use wubbo_core::{ErrorKind, Outcome, ResultKind, ServiceKey};

/// Upper bounds of the latency buckets, microseconds; one more bucket holds what is slower.
pub const BUCKETS_US: [u64; 14] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000,
    5_000_000,
];

/// On which side of a call the counting happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Calls that came in and were answered by a service of this process.
    Provider,
    /// Calls that this process made.
    Consumer,
    /// Calls that came in and were passed on.
    Gateway,
}

impl Side {
    /// The label's value.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
            Self::Gateway => "gateway",
        }
    }
}

/// The counters of one service on one side.
#[derive(Debug)]
pub struct CallCounters {
    /// On which side.
    pub side: Side,
    /// Of which service.
    pub service: ServiceKey,
    ok: AtomicU64,
    exceptions: AtomicU64,
    errors: [AtomicU64; ErrorKind::ALL.len()],
    active: AtomicU64,
    elapsed_us: AtomicU64,
    buckets: [AtomicU64; BUCKETS_US.len() + 1],
}

impl CallCounters {
    fn new(side: Side, service: ServiceKey) -> Self {
        Self {
            side,
            service,
            ok: AtomicU64::new(0),
            exceptions: AtomicU64::new(0),
            errors: [const { AtomicU64::new(0) }; ErrorKind::ALL.len()],
            active: AtomicU64::new(0),
            elapsed_us: AtomicU64::new(0),
            buckets: [const { AtomicU64::new(0) }; BUCKETS_US.len() + 1],
        }
    }

    /// Counts a call from here until the guard is finished or dropped; dropped means that the caller went away.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Counting {
        self.active.fetch_add(1, Ordering::Relaxed);
        Counting {
            counters: self.clone(),
            since: Instant::now(),
            finished: false,
        }
    }

    /// Calls that ended, by result: `ok`, `exception`, and the names of the error kinds that occurred.
    #[must_use]
    pub fn by_result(&self) -> Vec<(&'static str, u64)> {
        let errors = ErrorKind::ALL
            .iter()
            .zip(&self.errors)
            .map(|(kind, count)| (kind.name(), load(count)));
        [
            ("ok", load(&self.ok)),
            ("exception", load(&self.exceptions)),
        ]
        .into_iter()
        .chain(errors.filter(|(_, count)| *count > 0))
        .collect()
    }

    /// Calls in flight.
    #[must_use]
    pub fn active(&self) -> u64 {
        load(&self.active)
    }

    /// Sum of the latencies in seconds, and the counts per bucket of [`BUCKETS_US`] with the overflow bucket last.
    #[must_use]
    pub fn latency(&self) -> (f64, Vec<u64>) {
        let sum = Duration::from_micros(load(&self.elapsed_us)).as_secs_f64();
        (sum, self.buckets.iter().map(load).collect())
    }

    fn end(&self, elapsed: Duration, outcome: Option<&Outcome>) {
        self.active.fetch_sub(1, Ordering::Relaxed);
        let counter = match outcome {
            Some(Ok(result)) => match result.kind {
                ResultKind::Exception(_) => &self.exceptions,
                ResultKind::Value(_) | ResultKind::Null => &self.ok,
            },
            Some(Err(error)) => self.error(error.kind()),
            None => self.error(ErrorKind::Cancelled),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.elapsed_us.fetch_add(micros, Ordering::Relaxed);
        let bucket = BUCKETS_US.partition_point(|bound| *bound < micros);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn error(&self, kind: ErrorKind) -> &AtomicU64 {
        let index = ErrorKind::ALL.iter().position(|known| *known == kind);
        index
            .and_then(|index| self.errors.get(index))
            .unwrap_or(&self.exceptions)
    }
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// A call being counted.
#[derive(Debug)]
pub struct Counting {
    counters: Arc<CallCounters>,
    since: Instant,
    finished: bool,
}

impl Counting {
    /// The call ended with `outcome`.
    pub fn finish(mut self, outcome: &Outcome) {
        self.finished = true;
        self.counters.end(self.since.elapsed(), Some(outcome));
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        if !self.finished {
            self.counters.end(self.since.elapsed(), None);
        }
    }
}

/// Every service's counters of this process.
#[derive(Debug, Default)]
pub struct Metrics {
    calls: Mutex<Vec<Arc<CallCounters>>>,
    polled_ns: AtomicU64,
}

impl Metrics {
    /// The counters of `service` on `side`, made when asked for the first time. Not for the call path.
    #[must_use]
    pub fn counters(&self, side: Side, service: &ServiceKey) -> Arc<CallCounters> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let known = calls
            .iter()
            .find(|known| known.side == side && known.service == *service);
        known.cloned().unwrap_or_else(|| {
            let counters = Arc::new(CallCounters::new(side, service.clone()));
            calls.push(counters.clone());
            counters
        })
    }

    /// Counts time in which a worker stayed awake for the next event.
    #[cfg(feature = "cli")]
    pub(crate) fn count_polled(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.polled_ns.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Time in which a worker stayed awake for the next event, with what it did for others meanwhile.
    #[must_use]
    pub fn polled(&self) -> Duration {
        Duration::from_nanos(load(&self.polled_ns))
    }

    /// Every service's counters.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<CallCounters>> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use wubbo_core::{Error, RpcResult};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_call_is_counted_once_however_it_ends() {
        let metrics = Metrics::default();
        let counters = metrics.counters(Side::Provider, &ServiceKey::new("a.B", "", ""));
        counters.begin().finish(&Ok(RpcResult::null()));
        counters
            .begin()
            .finish(&Ok(RpcResult::exception("x.Y", None)));
        counters
            .begin()
            .finish(&Err(Error::new(ErrorKind::Forbidden, "no")));
        drop(counters.begin());
        let slow = counters.begin();
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(counters.active(), 1);
        slow.finish(&Ok(RpcResult::null()));

        let results = counters.by_result();
        assert_eq!(
            results,
            [
                ("ok", 2),
                ("exception", 1),
                ("forbidden", 1),
                ("cancelled", 1)
            ]
        );
        let (sum, buckets) = counters.latency();
        assert_eq!(buckets.iter().sum::<u64>(), 5);
        assert_eq!(buckets.last(), Some(&1));
        assert!((60.0..60.1).contains(&sum));
    }
}
