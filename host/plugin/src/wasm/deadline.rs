//! A hook's limit of CPU time, checked at the ticks that fall inside it.
//!
//! A hook shorter than a tick pays nothing. The first tick inside charges one full tick and notes the thread's CPU clock, later
//! ticks read the clock. Wall time never counts: a guest that the host did not let run is not punished.

use std::fmt;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_gettime};

use super::ticker::TICK;

/// A hook above this wall time says that the host is overloaded.
const OVERLOAD: Duration = Duration::from_secs(1);

/// CPU time between two ticks that only a guest which computes can have used.
const LEAST: Duration = Duration::from_micros(500);

/// The limit of the hook that runs now.
#[derive(Debug)]
pub(super) struct CpuDeadline {
    limit: Duration,
    first: Option<(Duration, Instant)>,
    overloaded: bool,
}

/// A hook used up its CPU time.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeadlineReached {
    pub(super) limit: Duration,
    pub(super) charged: Duration,
}

impl fmt::Display for DeadlineReached {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "used {:.1?} of CPU time, limit {:.1?}",
            self.charged, self.limit
        )
    }
}

impl std::error::Error for DeadlineReached {}

impl CpuDeadline {
    /// A deadline that the next entry starts. A limit below one tick counts as one.
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit: Self::at_least_a_tick(limit),
            first: None,
            overloaded: false,
        }
    }

    /// Starts anew with another limit, before an entry.
    #[inline]
    pub(super) fn restart(&mut self, limit: Duration) {
        self.limit = limit;
        self.first = None;
        self.overloaded = false;
    }

    /// The shortest limit that can be told from bad luck.
    pub(super) fn at_least_a_tick(limit: Duration) -> Duration {
        limit.max(TICK)
    }

    /// One tick fell inside the hook.
    pub(super) fn tick(&mut self) -> Result<(), DeadlineReached> {
        let charged = match self.first {
            None => {
                self.first = Some((thread_cpu(), Instant::now()));
                TICK
            }
            Some((cpu, wall)) => {
                self.overloaded = self.overloaded || wall.elapsed() > OVERLOAD;
                TICK + thread_cpu().saturating_sub(cpu)
            }
        };
        // What the first tick charged may be far more than was used. Where that alone is the limit, the rest must be of some size:
        // a hook of microseconds that two ticks fell into was not let run, and is innocent.
        if charged <= self.limit || charged < TICK + LEAST {
            return Ok(());
        }
        Err(DeadlineReached {
            limit: self.limit,
            charged,
        })
    }

    /// Whether the hook took more than a second of wall time, as far as ticks saw it.
    pub(super) fn overloaded(&self) -> bool {
        self.overloaded
    }
}

/// CPU time of this thread so far.
fn thread_cpu() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(tv_sec).unwrap_or(0),
        u32::try_from(tv_nsec).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tick_is_never_the_end() {
        // However short the limit: the tick may have come right after the entry.
        for micros in [1, 200, 1000, 5000] {
            assert!(
                CpuDeadline::new(Duration::from_micros(micros))
                    .tick()
                    .is_ok()
            );
        }
    }

    #[test]
    fn a_hook_that_was_not_let_run_is_innocent_at_the_shortest_limit() {
        let mut deadline = CpuDeadline::new(TICK);
        for _ in 0..5 {
            assert!(deadline.tick().is_ok());
        }
        let start = thread_cpu();
        while thread_cpu() - start < LEAST {}
        assert!(deadline.tick().is_err());
    }

    #[test]
    fn waiting_costs_nothing_and_computing_does() {
        let mut deadline = CpuDeadline::new(Duration::from_millis(3));
        assert!(deadline.tick().is_ok());
        // Off the CPU far above the limit.
        std::thread::park_timeout(Duration::from_millis(10));
        assert!(deadline.tick().is_ok());
        let start = thread_cpu();
        while thread_cpu() - start < Duration::from_millis(3) {}
        let reached = deadline.tick().unwrap_err();
        assert!(reached.charged > reached.limit);
    }
}
