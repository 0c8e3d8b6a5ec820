//! Real Dubbo calls in a closed loop, each looked at: did it fail, and did both hooks of the greeting filter belong to one generation?
//!
//! A tenth of the calls are `sleep(50)`, so that swaps do fall between the two hooks of a call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use wubbo::contract::Stub;
use wubbo::core::Tasks;
use wubbo::hessian2::Value;
use wubbo::{CallOptions, ResponseAttachments};

/// What the greeting filter's request hook stamped.
pub const REQUEST_STAMP: &str = "hello.request";
/// What its response hook stamped.
pub const RESPONSE_STAMP: &str = "hello.response";

/// One call in so many sleeps.
const SLEEP_EVERY: u64 = 10;
const SLEEP_MS: i64 = 50;
const LATENCY_MAX_US: u64 = 60_000_000;

/// What the calls so far showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Calls that ended.
    pub calls: u64,
    /// Calls that failed, or answered something else than they should.
    pub failures: u64,
    /// What the first failure said.
    pub first_failure: Option<String>,
    /// Calls by the generation that both hooks stamped; `none` when no hook ran.
    pub generations: BTreeMap<String, u64>,
    /// Calls whose two stamps differ.
    pub mixed: u64,
    /// Calls that began under one generation and ended when a newer one was seen: a swap fell between their hooks.
    pub spanning: u64,
    /// Half of the calls that do not sleep were faster, microseconds.
    pub p50_us: u64,
    /// 99 of 100 calls that do not sleep were faster, microseconds.
    pub p99_us: u64,
}

/// The number in a greeting such as `g12`; generations are numbered upward.
#[must_use]
pub fn number(greeting: &str) -> Option<u64> {
    greeting.strip_prefix('g')?.parse().ok()
}

/// What one caller saw; merged now and then.
#[derive(Debug)]
struct Seen {
    summary: Summary,
    latency: Histogram<u64>,
}

/// Callers that run until they are stopped. Dropping it aborts them.
#[derive(Debug)]
pub struct Load {
    callers: Tasks,
    seen: Vec<Arc<Mutex<Seen>>>,
    stop: Arc<AtomicBool>,
}

impl Load {
    /// Starts `callers` callers of `stub`, each with one call in flight.
    #[must_use]
    pub fn start(stub: &Stub, callers: usize) -> Self {
        let (tasks, stop, newest) = (
            Tasks::new("load"),
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let seen: Vec<_> = (0..callers)
            .map(|_| Arc::new(Mutex::new(Seen::new())))
            .collect();
        for (index, seen) in seen.iter().enumerate() {
            let caller = Caller {
                stub: stub.clone(),
                seen: seen.clone(),
                newest: newest.clone(),
            };
            let stop = stop.clone();
            tasks.spawn(async move {
                // Callers start at different places, so that they do not all sleep together.
                let mut call = index as u64;
                while !stop.load(Ordering::Relaxed) {
                    caller.call(call).await;
                    call += 1;
                }
            });
        }
        Self {
            callers: tasks,
            seen,
            stop,
        }
    }

    /// What was seen so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut whole = Seen::new();
        for seen in &self.seen {
            whole.add(&seen.lock().unwrap_or_else(PoisonError::into_inner));
        }
        whole.finish()
    }

    /// Lets every caller end its call; then the whole summary.
    pub async fn stop(self) -> Summary {
        self.stop.store(true, Ordering::Relaxed);
        self.callers.join(std::time::Duration::from_secs(20)).await;
        self.summary()
    }
}

struct Caller {
    stub: Stub,
    seen: Arc<Mutex<Seen>>,
    newest: Arc<AtomicU64>,
}

impl Caller {
    async fn call(&self, call: u64) {
        let response = ResponseAttachments::new();
        let options = CallOptions::new()
            .timeout(std::time::Duration::from_secs(10))
            .capture(&response);
        let stub = self.stub.with(options);
        let sleeps = call.is_multiple_of(SLEEP_EVERY);
        let since = Instant::now();
        let (answer, expected) = if sleeps {
            let answer = stub
                .invoke("sleep", &["long"], vec![Value::Long(SLEEP_MS)])
                .await;
            (answer, Value::from(format!("slept {SLEEP_MS}")))
        } else {
            let text = Value::from(format!("call {call}"));
            (
                stub.invoke("echo", &["java.lang.String"], vec![text.clone()])
                    .await,
                text,
            )
        };
        let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(LATENCY_MAX_US);
        let failure = match answer {
            Ok(answer) if answer == expected => None,
            Ok(answer) => Some(format!("answered {answer:?} instead of {expected:?}")),
            Err(error) => Some(error.to_string()),
        };
        let stamps = (response.get(REQUEST_STAMP), response.get(RESPONSE_STAMP));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.note(failure, stamps, &self.newest);
        if !sleeps {
            seen.latency.saturating_record(micros);
        }
    }
}

impl Seen {
    fn new() -> Self {
        let latency = Histogram::new_with_bounds(1, LATENCY_MAX_US, 3)
            .expect("bounds that a histogram can have");
        Self {
            summary: Summary::default(),
            latency,
        }
    }

    fn note(
        &mut self,
        failure: Option<String>,
        stamps: (Option<String>, Option<String>),
        newest: &AtomicU64,
    ) {
        let summary = &mut self.summary;
        summary.calls += 1;
        if let Some(failure) = failure {
            summary.failures += 1;
            summary.first_failure.get_or_insert(failure);
            return;
        }
        match stamps {
            (None, None) => *summary.generations.entry("none".into()).or_default() += 1,
            (Some(request), Some(response)) if request == response => {
                if let Some(number) = number(&request)
                    && newest.fetch_max(number, Ordering::Relaxed) > number
                {
                    summary.spanning += 1;
                }
                *summary.generations.entry(request).or_default() += 1;
            }
            _ => summary.mixed += 1,
        }
    }

    fn add(&mut self, other: &Self) {
        let (whole, part) = (&mut self.summary, &other.summary);
        whole.calls += part.calls;
        whole.failures += part.failures;
        whole.mixed += part.mixed;
        whole.spanning += part.spanning;
        if whole.first_failure.is_none() {
            whole.first_failure.clone_from(&part.first_failure);
        }
        for (generation, calls) in &part.generations {
            *whole.generations.entry(generation.clone()).or_default() += calls;
        }
        self.latency
            .add(&other.latency)
            .expect("histograms of the same bounds");
    }

    fn finish(mut self) -> Summary {
        self.summary.p50_us = self.latency.value_at_quantile(0.5);
        self.summary.p99_us = self.latency.value_at_quantile(0.99);
        self.summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detector_catches_two_generations_in_one_call() {
        let newest = AtomicU64::new(0);
        let mut seen = Seen::new();
        let both =
            |request: &str, response: &str| (Some(request.to_owned()), Some(response.to_owned()));
        seen.note(None, both("g1", "g1"), &newest);
        seen.note(None, both("g2", "g2"), &newest);
        seen.note(None, both("g1", "g1"), &newest);
        seen.note(None, both("g1", "g2"), &newest);
        seen.note(None, (Some("g1".into()), None), &newest);
        seen.note(None, (None, None), &newest);
        seen.note(Some("refused".into()), (None, None), &newest);
        let summary = seen.finish();
        assert_eq!(
            (
                summary.calls,
                summary.failures,
                summary.mixed,
                summary.spanning
            ),
            (7, 1, 2, 1)
        );
        let counted: Vec<(&str, u64)> = summary
            .generations
            .iter()
            .map(|(name, calls)| (name.as_str(), *calls))
            .collect();
        assert_eq!(counted, [("g1", 2), ("g2", 1), ("none", 1)]);
    }
}
