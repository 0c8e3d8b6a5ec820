//! The time that plugins see: what `clock` answers, and by which shared state expires.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The system's clock, or one that stands still until it is moved. Clones move together.
///
/// Deadlines, back-off and every other time of the host itself keep to the system's clock.
#[derive(Debug, Clone, Default)]
pub struct PluginClock(Option<Arc<Still>>);

#[derive(Debug)]
struct Still {
    instant: Instant,
    unix: Duration,
    moved_ms: AtomicU64,
}

impl PluginClock {
    /// A clock for tests: it shows this moment until [`PluginClock::advance`].
    #[must_use]
    pub fn still() -> Self {
        Self(Some(Arc::new(Still {
            instant: Instant::now(),
            unix: system_unix(),
            moved_ms: AtomicU64::new(0),
        })))
    }

    /// Moves a clock that stands still, by whole milliseconds; the system's goes its own way.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        if let Some(still) = &self.0 {
            still.moved_ms.fetch_add(by, Ordering::Relaxed);
        }
    }

    pub(crate) fn now(&self) -> Instant {
        match &self.0 {
            None => Instant::now(),
            Some(still) => still.instant + still.moved(),
        }
    }

    /// Since the Unix epoch.
    pub(crate) fn unix(&self) -> Duration {
        match &self.0 {
            None => system_unix(),
            Some(still) => still.unix + still.moved(),
        }
    }
}

impl Still {
    fn moved(&self) -> Duration {
        Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }
}

fn system_unix() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_still_clock_moves_only_when_told_and_with_its_clones() {
        let clock = PluginClock::still();
        let (now, unix) = (clock.now(), clock.unix());
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!((clock.now(), clock.unix()), (now, unix));
        let minute = Duration::from_secs(60);
        clock.clone().advance(minute);
        assert_eq!((clock.now(), clock.unix()), (now + minute, unix + minute));
    }

    #[test]
    fn the_systems_clock_goes_its_own_way() {
        let clock = PluginClock::default();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() < Instant::now() + Duration::from_secs(60));
        assert!(clock.unix() < system_unix() + Duration::from_secs(60));
    }
}
