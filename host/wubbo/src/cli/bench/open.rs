//! The open loop: calls are due at even distances, and a latency begins when its call was due.
//!
//! A pacer hands out places to call, callers take them in order. When all are busy places pile up, as a number; whoever takes one
//! later is late, and its latency says so (without that, a server that stops for a second would be seen by one call per caller only:
//! "coordinated omission").

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use wubbo_core::Tasks;

use super::cpu::CpuTimes;
use super::{CALL_LIMIT, Plan, Ran};

/// Timers end up to a millisecond late, so the last part of a wait is spent looking at the clock, between other tasks.
const TIMER_SLACK: Duration = Duration::from_millis(2);

/// When which call is due.
#[derive(Clone, Copy)]
struct Schedule {
    start: Instant,
    rate: u32,
    /// Calls before the measurement.
    unmeasured: u64,
    total: u64,
}

impl Schedule {
    fn new(plan: &Plan, rate: u32) -> Self {
        let calls = |time: Duration| (time.as_secs_f64() * f64::from(rate)) as u64;
        Self {
            start: Instant::now(),
            rate,
            unmeasured: calls(plan.warm_up),
            total: calls(plan.warm_up + plan.duration).max(1),
        }
    }

    fn due(&self, call: u64) -> Instant {
        let nanos = u128::from(call) * 1_000_000_000 / u128::from(self.rate);
        self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How long ago a call was due; `None` when it belongs to the warm-up.
    fn since(&self, call: u64) -> Option<Duration> {
        (call >= self.unmeasured).then(|| self.due(call).elapsed())
    }
}

pub(super) async fn run(plan: &Plan, rate: u32) -> Ran {
    let schedule = Schedule::new(plan, rate);
    // A place for every call that is due, and at the end one for each caller, which ends it.
    let places = Arc::new(Semaphore::new(0));
    let taken = Arc::new(AtomicU64::new(0));
    let callers = Tasks::new("bench");
    for caller in 0..plan.callers {
        let (load, recorder) = (plan.load.clone(), plan.recorder.clone());
        let (places, taken) = (places.clone(), taken.clone());
        callers.spawn(async move {
            while let Ok(place) = places.acquire().await {
                place.forget();
                let call = taken.fetch_add(1, Ordering::Relaxed);
                if call >= schedule.total {
                    return;
                }
                if let Some(late) = schedule.since(call) {
                    recorder.sent_late.record(caller, late);
                }
                let done = load.call().await;
                recorder.note(caller, done, || schedule.since(call));
            }
        });
    }
    let pacer = Tasks::new("pacer");
    let due = places.clone();
    pacer.spawn(async move {
        for call in 0..schedule.total {
            wait_until(schedule.due(call)).await;
            due.add_permits(1);
        }
    });

    sleep_until(schedule.due(schedule.unmeasured)).await;
    let before = CpuTimes::now(plan);
    // The pacer ends when the last call is due; it cannot be later than the clock.
    pacer.join(plan.duration + CALL_LIMIT).await;
    places.add_permits(plan.callers);
    let stopper = Tasks::new("bench limit");
    let limited = places.clone();
    stopper.spawn(async move {
        tokio::time::sleep(CALL_LIMIT).await;
        limited.close();
    });
    // Whoever is in flight when the places are closed ends by its time-out.
    callers.join(CALL_LIMIT * 3).await;
    let after = CpuTimes::now(plan);
    let unsent = taken.load(Ordering::Relaxed).min(schedule.total)..schedule.total;
    for call in unsent.clone() {
        // At least so long it would have taken.
        if let Some(latency) = schedule.since(call) {
            plan.recorder.latencies.record(0, latency);
        }
    }
    Ran {
        elapsed: schedule.due(schedule.unmeasured).elapsed(),
        cpu: after.since(before),
        unsent: unsent.end - unsent.start,
    }
}

async fn wait_until(due: Instant) {
    if due.saturating_duration_since(Instant::now()) > TIMER_SLACK {
        sleep_until(due - TIMER_SLACK).await;
    }
    while Instant::now() < due {
        tokio::task::yield_now().await;
    }
}
