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
        let mut sum = 0_u64;
        for i in 0..5_000_000_u64 {
            sum = sum.wrapping_mul(31).wrapping_add(i);
        }
        assert_ne!(sum, 0);
        assert!(of_process(std::process::id()) > before);
        assert_eq!(of_process(u32::MAX), None);
    }
}
