//! A worker that stays awake between the events of calls that follow each other closely.
//!
//! Falling asleep and being woken cost a worker more than passing a call on, and the call waits for it: once for its request and once
//! for its answer. So one task asks for the processor again and again instead; while there is such a task, its worker looks at the sockets
//! without waiting. How long it goes on is learnt from the waits that were, apart for answers and for requests, since a provider answers
//! at its own pace and consumers call at theirs (Linux does the same for a virtual processor that halts, `halt_poll_ns`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::yield_now;
use wubbo_core::Tasks;

use crate::metrics::Metrics;

/// The longest bound that can be asked for: a wait of a millisecond is no longer a matter of falling asleep.
pub(crate) const LONGEST: Duration = Duration::from_millis(1);
/// A shorter time is not worth it.
const SHORTEST: Duration = Duration::from_micros(5);

/// What a gateway's calls tell the task that polls. Send + Sync.
#[derive(Debug)]
pub(crate) struct BusyPoll {
    events: AtomicU64,
    in_flight: AtomicU64,
    /// Where the last event was seen.
    thread: AtomicUsize,
    asleep: AtomicBool,
    wake: Notify,
    metrics: Arc<Metrics>,
}

/// A call in flight: its start and its end are events.
#[derive(Debug)]
pub(crate) struct Call<'a>(&'a BusyPoll);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.0.note();
    }
}

impl BusyPoll {
    /// Starts the task in `tasks`; it polls for `longest` after an event at most.
    pub(crate) fn start(longest: Duration, metrics: Arc<Metrics>, tasks: &Tasks) -> Arc<Self> {
        let shared = Arc::new(Self {
            events: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            thread: AtomicUsize::new(0),
            asleep: AtomicBool::new(false),
            wake: Notify::new(),
            metrics,
        });
        let own = shared.clone();
        tasks.spawn(async move { own.run(longest).await });
        shared
    }

    /// A call has come.
    pub(crate) fn call(&self) -> Call<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.note();
        Call(self)
    }

    fn note(&self) {
        self.thread.store(this_thread(), Ordering::Relaxed);
        // In one order with the other side's look at `events` and its store of `asleep`: one of us sees the other.
        self.events.fetch_add(1, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    async fn run(&self, longest: Duration) {
        let (mut answers, mut requests) = (Window::new(longest), Window::new(longest));
        loop {
            let (seen, since) = (self.events.load(Ordering::SeqCst), Instant::now());
            let window = match self.in_flight.load(Ordering::Relaxed) {
                0 => &mut requests,
                _ => &mut answers,
            };
            if !self.polled(seen, since, window.now).await {
                self.slept(seen).await;
            }
            window.learn(since.elapsed());
        }
    }

    /// Polls until there is a further event, for `window` at most; whether there is.
    async fn polled(&self, seen: u64, since: Instant, window: Duration) -> bool {
        // Another worker looks at the sockets, asleep most likely; it will see the next event, wake this task, and poll.
        if window.is_zero() || self.thread.load(Ordering::Relaxed) != this_thread() {
            return false;
        }
        let found = loop {
            yield_now().await;
            if self.events.load(Ordering::Relaxed) != seen {
                break true;
            }
            if since.elapsed() >= window {
                break false;
            }
        };
        self.metrics.count_polled(since.elapsed());
        found
    }

    async fn slept(&self, seen: u64) {
        self.asleep.store(true, Ordering::SeqCst);
        while self.events.load(Ordering::SeqCst) == seen {
            self.wake.notified().await;
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}

/// A number of the current thread.
fn this_thread() -> usize {
    thread_local!(static PLACE: u8 = const { 0 });
    PLACE.with(|place| std::ptr::from_ref(place).addr())
}

/// How long to poll for one kind of event.
#[derive(Debug)]
struct Window {
    now: Duration,
    longest: Duration,
}

impl Window {
    fn new(longest: Duration) -> Self {
        Self {
            now: Duration::ZERO,
            longest,
        }
    }

    /// After a wait of this length: twice as long next time if polling would have seen its end, half as long if not.
    fn learn(&mut self, waited: Duration) {
        if waited <= self.now {
            return;
        }
        self.now = if waited <= self.longest {
            (waited * 2).max(SHORTEST).min(self.longest)
        } else if self.now > SHORTEST {
            self.now / 2
        } else {
            Duration::ZERO
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for the timers of a busy machine.
    const BOUND: Duration = Duration::from_millis(50);
    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn the_time_is_learnt_from_the_waits() {
        let us = Duration::from_micros;
        let mut window = Window::new(us(250));
        // A wait, and how long the next one is polled for.
        for (waited, next) in [
            (1000, 0),
            (251, 0),
            (30, 60),
            (1, 60),
            (60, 60),
            (100, 200),
            (180, 200),
            (240, 250),
            (250, 250),
            (300, 125),
            (9000, 62),
            (9000, 31),
            (9000, 15),
            (9000, 7),
            (9000, 3),
            (9000, 0),
            (1, 5),
        ] {
            window.learn(us(waited));
            assert_eq!(window.now.as_micros(), next, "after {waited} us");
        }
    }

    struct Scene {
        busy_poll: Arc<BusyPoll>,
        metrics: Arc<Metrics>,
        _tasks: Tasks,
    }

    fn scene(bound: Duration) -> Scene {
        let (metrics, tasks) = (Arc::new(Metrics::default()), Tasks::new("busy poll"));
        Scene {
            busy_poll: BusyPoll::start(bound, metrics.clone(), &tasks),
            metrics,
            _tasks: tasks,
        }
    }

    /// Calls of a millisecond, a millisecond apart, until it is so or there were this many.
    async fn calls(scene: &Scene, most: usize, until: impl Fn() -> bool) {
        for _ in 0..most {
            if until() {
                return;
            }
            let call = scene.busy_poll.call();
            tokio::time::sleep(Duration::from_millis(1)).await;
            drop(call);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn calls_that_are_close_keep_it_awake_and_it_sleeps_when_they_end() {
        let scene = scene(BOUND);
        let polled = || scene.metrics.polled();
        let enough = || polled() > Duration::from_millis(20);
        calls(&scene, 10_000, enough).await;
        assert!(enough(), "{:?}", polled());
        let until = Instant::now() + LIMIT;
        while !scene.busy_poll.asleep.load(Ordering::SeqCst) && Instant::now() < until {
            tokio::time::sleep(BOUND).await;
        }
        let before = polled();
        tokio::time::sleep(BOUND * 4).await;
        assert_eq!(polled(), before);
        // The next event wakes it.
        let enough = || polled() > before;
        calls(&scene, 10_000, enough).await;
        assert!(enough());
    }

    #[tokio::test]
    async fn calls_further_apart_than_the_bound_are_not_polled_for() {
        let scene = scene(Duration::from_micros(10));
        calls(&scene, 50, || false).await;
        assert_eq!(scene.metrics.polled(), Duration::ZERO);
        assert_eq!(scene.busy_poll.in_flight.load(Ordering::Relaxed), 0);
    }
}
