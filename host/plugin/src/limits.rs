//! How much a plugin may use: what its manifest wishes, what the operator says, and the defaults of the ABI.

use std::time::Duration;

use serde::Serialize;
use wubbo_plugin_sdk::abi::limits;
use wubbo_plugin_sdk::{Kind, WishedLimits};

/// The largest memory that an operator may grant one instance: the size of a slot in the instance pool.
pub const MEMORY_BYTES_MAX: usize = 64 << 20;
/// The longest hook that an operator may grant.
pub const HOOK_MAX: Duration = Duration::from_secs(1);
/// The longest configuration hook that an operator may grant.
pub const CONFIGURE_MAX: Duration = Duration::from_secs(30);

/// The limits of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Memory of one instance in bytes. Default 16 MiB, at most 64 MiB.
    pub memory_bytes: usize,
    /// CPU time of one per-call hook in microseconds, checked in ticks of 1 ms. Default 5,000 for a filter, at most 1 s.
    pub hook_us: u64,
    /// CPU time in milliseconds of one hook off the call path, and of the start of an instance. Default 1,000, at most 30,000.
    pub configure_ms: u64,
}

/// What an operator's YAML says about limits; what it leaves out is the plugin's wish, up to the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct GrantedLimits {
    pub(crate) memory_bytes: Option<usize>,
    pub(crate) hook: Option<Duration>,
    pub(crate) configure: Option<Duration>,
}

impl Limits {
    /// The operator's word counts; without one a plugin may only lower the defaults.
    pub(crate) fn resolve(kind: Kind, wished: WishedLimits, granted: GrantedLimits) -> Self {
        let hook_us = match kind {
            Kind::Filter => limits::FILTER_HOOK_US,
            _ => limits::PICK_HOOK_US,
        };
        let lower =
            |wish: Option<u64>, default: u64| wish.map_or(default, |wish| wish.min(default));
        let memory = usize::try_from(lower(wished.memory_bytes, limits::MEMORY_BYTES as u64));
        Self {
            memory_bytes: granted
                .memory_bytes
                .unwrap_or(memory.unwrap_or(limits::MEMORY_BYTES)),
            hook_us: granted
                .hook
                .map_or_else(|| lower(wished.hook_us, hook_us), micros),
            configure_ms: granted.configure.map_or_else(
                || lower(wished.configure_ms, limits::CONFIGURE_MS),
                |time| micros(time) / 1000,
            ),
        }
    }

    /// [`Limits::hook_us`] as a duration.
    #[must_use]
    pub fn hook(&self) -> Duration {
        Duration::from_micros(self.hook_us)
    }

    /// [`Limits::configure_ms`] as a duration.
    #[must_use]
    pub fn configure(&self) -> Duration {
        Duration::from_millis(self.configure_ms)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Reads a size such as `32MiB`, `512KiB`, `1GiB` or plain bytes.
pub(crate) fn parse_size(text: &str) -> Option<usize> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits)?;
    let shift = match unit.trim() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_may_lower_its_limits_and_only_the_operator_may_raise_them() {
        let wished = WishedLimits {
            memory_bytes: Some(1 << 30),
            hook_us: Some(200),
            configure_ms: None,
        };
        let limits = Limits::resolve(Kind::Filter, wished, GrantedLimits::default());
        assert_eq!(
            limits,
            Limits {
                memory_bytes: 16 << 20,
                hook_us: 200,
                configure_ms: 1000
            }
        );
        let granted = GrantedLimits {
            memory_bytes: Some(32 << 20),
            hook: Some(Duration::from_millis(9)),
            configure: Some(Duration::from_secs(2)),
        };
        let limits = Limits::resolve(Kind::Filter, wished, granted);
        assert_eq!(
            limits,
            Limits {
                memory_bytes: 32 << 20,
                hook_us: 9000,
                configure_ms: 2000
            }
        );
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("16MiB"), Some(16 << 20));
        assert_eq!(parse_size("2 KiB"), Some(2048));
        assert_eq!(parse_size("7"), Some(7));
        for bad in ["", "MiB", "1MB", "-1", "1.5MiB", "99999999999GiB"] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
    }
}
