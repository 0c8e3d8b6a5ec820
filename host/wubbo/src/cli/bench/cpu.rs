//! The CPU time of processes, to the nanosecond where the kernel keeps it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Plan;

/// CPU time that was used, and the calls that were answered with it.
#[derive(Clone, Copy)]
pub(super) struct CpuTimes {
    answered: u64,
    own: Option<Duration>,
    server: Option<Duration>,
}

impl CpuTimes {
    /// So far.
    pub(super) fn now(plan: &Plan) -> Self {
        Self {
            answered: plan.recorder.answered.load(Ordering::Relaxed),
            own: of_process(std::process::id()),
            server: plan.server_pid.and_then(of_process),
        }
    }

    /// From `before` until then.
    pub(super) fn since(self, before: Self) -> Self {
        let difference = |before: Option<Duration>, after: Option<Duration>| {
            before
                .zip(after)
                .map(|(before, after)| after.saturating_sub(before))
        };
        Self {
            answered: self.answered.saturating_sub(before.answered),
            own: difference(before.own, self.own),
            server: difference(before.server, self.server),
        }
    }

    /// Microseconds of our own CPU time per call.
    pub(super) fn own_us(&self) -> Option<f64> {
        self.per_call(self.own)
    }

    /// Microseconds of the server's CPU time per call.
    pub(super) fn server_us(&self) -> Option<f64> {
        self.per_call(self.server)
    }

    fn per_call(&self, time: Option<Duration>) -> Option<f64> {
        time.filter(|_| self.answered > 0)
            .map(|time| time.as_secs_f64() * 1e6 / self.answered as f64)
    }
}

/// CPU time that the threads of `pid` have used so far; `None` when there is no such process or the kernel does not say.
fn of_process(pid: u32) -> Option<Duration> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let mut total = 0_u64;
    for task in tasks {
        // A thread that ended meanwhile is not counted.
        let Ok(text) = std::fs::read_to_string(task.ok()?.path().join("schedstat")) else {
            continue;
        };
        total += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(total))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Instant;

    use super::*;

    /// Of a process with one thread: in this one, threads of other tests end and take their time with them.
    #[test]
    fn the_time_of_a_busy_process_grows() {
        let mut busy = Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .spawn()
            .unwrap();
        let before = of_process(busy.id()).unwrap();
        // The kernel counts a thread's time when it looks at it, and a loaded machine may let this one wait.
        let until = Instant::now() + Duration::from_secs(60);
        let grew = loop {
            if of_process(busy.id()).is_some_and(|now| now > before) {
                break true;
            }
            if Instant::now() > until {
                break false;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        busy.kill().unwrap();
        busy.wait().unwrap();
        assert!(grew);
        assert_eq!(of_process(u32::MAX), None);
    }
}
