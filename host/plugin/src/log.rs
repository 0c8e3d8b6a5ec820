//! What a plugin may write, and how much: lines are cut, cleaned of control characters and counted before they reach the sink.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::limits::{ACCESS_LINE_MAX, LOG_LINE_MAX};
use wubbo_plugin_sdk::native::{HostResult, Level, LogTarget};

/// Where the host takes what plugins write.
///
/// Called on the call path, from any worker thread; must not block: a sink with a slow back end queues, within a bound, and drops.
pub trait LogSink: Send + Sync {
    /// Takes one line without its end. `plugin` is kind, name and generation (`filter/token@3`). An empty `target` is the host's log; else it is an
    /// access-log line: `true` or `default` for the application's log, or the name of a file. The sink puts the time before it.
    fn log(&self, plugin: &str, level: tracing::Level, target: &str, line: &str);
}

/// Host-log lines that one generation may write in a second.
pub(crate) const LINES_PER_SECOND: u64 = 100;
/// Access-log lines that one hook may write; the sink's queue bounds the rest.
pub(crate) const ACCESS_LINES_PER_HOOK: u32 = 8;

/// The share of log lines of one generation.
pub(crate) struct LogShare {
    start: Instant,
    /// Number of the second in the upper half, lines written in it in the lower.
    used: AtomicU64,
}

impl LogShare {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            used: AtomicU64::new(0),
        }
    }

    /// Whether one more line may be written at `now`.
    pub(crate) fn take(&self, now: Instant) -> bool {
        let second = now.saturating_duration_since(self.start).as_secs() & u64::from(u32::MAX);
        let next = |used: u64| match used >> 32 == second {
            true if used & u64::from(u32::MAX) >= LINES_PER_SECOND => None,
            true => Some(used + 1),
            false => Some(second << 32 | 1),
        };
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }
}

/// Cuts and cleans a line for its target.
pub(crate) fn line(target: LogTarget, text: &str) -> std::borrow::Cow<'_, str> {
    let max = match target {
        LogTarget::Host => LOG_LINE_MAX,
        LogTarget::Access => ACCESS_LINE_MAX,
    };
    let text = cut(text, max);
    match text.contains(char::is_control) {
        true => text.replace(char::is_control, " ").into(),
        false => text.into(),
    }
}

/// The beginning of `text`, at most `max` bytes and whole characters.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// The level of the host's log that a plugin's level is.
pub(crate) fn level(level: Level) -> tracing::Level {
    match level {
        Level::Error => tracing::Level::ERROR,
        Level::Warn => tracing::Level::WARN,
        Level::Info => tracing::Level::INFO,
        Level::Debug => tracing::Level::DEBUG,
        Level::Trace => tracing::Level::TRACE,
    }
}

/// The answer when a share is used up.
pub(crate) const NO_SHARE: HostResult<()> = Err(ErrorKind::Quota);

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn lines_are_cut_at_a_character_and_cleaned() {
        let long = "é".repeat(LOG_LINE_MAX);
        assert_eq!(line(LogTarget::Host, &long).len(), LOG_LINE_MAX);
        let odd = format!("x{}", "é".repeat(LOG_LINE_MAX));
        assert_eq!(line(LogTarget::Host, &odd).len(), LOG_LINE_MAX - 1);
        assert_eq!(line(LogTarget::Access, &long).len(), 2 * LOG_LINE_MAX);
        assert_eq!(line(LogTarget::Host, "a\nb\u{7f}c"), "a b c");
    }

    #[test]
    fn a_share_is_per_second() {
        let share = LogShare::new();
        let now = share.start;
        let granted = (0..2 * LINES_PER_SECOND)
            .filter(|_| share.take(now))
            .count();
        assert_eq!(granted as u64, LINES_PER_SECOND);
        assert!(share.take(now + Duration::from_secs(1)));
    }
}
