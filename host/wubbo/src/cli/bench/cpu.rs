//! The CPU time of another process, to the nanosecond where the kernel keeps it.

use std::time::Duration;

/// CPU time that the threads of `pid` have used so far; `None` when there is no such process or the kernel does not say.
pub(super) fn of_process(pid: u32) -> Option<Duration> {
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
    use super::*;

    #[test]
    fn our_own_time_grows() {
        let before = of_process(std::process::id());
        // The kernel counts a thread's time when it looks at it: at a tick, which may be 10 ms away.
        let until = std::time::Instant::now() + Duration::from_secs(5);
        while of_process(std::process::id()) == before && std::time::Instant::now() < until {
            std::hint::spin_loop();
        }
        assert!(of_process(std::process::id()) > before);
        assert_eq!(of_process(u32::MAX), None);
    }
}
