//! The two windows over the host's shared state.

use crate::limit::Limit;
use wubbo_plugin_sdk::abi::limits::STATE_VALUE_MAX;
use wubbo_plugin_sdk::{Expect, Host, Result};

/// Bytes of one grant's time.
const GRANT_BYTES: usize = 8;

/// Counts the call; granted while the count is within the rate. Refused calls count too, as in dubbo-go.
///
/// # Errors
/// The plugin's share of state is used up.
pub(crate) fn fixed(host: Host<'_>, key: &str, limit: &Limit) -> Result<bool> {
    Ok(host.state().add(key, 1, limit.interval_ms)? <= limit.rate)
}

/// Grants if fewer than the rate were granted in the last interval. Refused calls leave no trace, as in dubbo-go.
///
/// # Errors
/// The plugin's share of state is used up.
pub(crate) fn sliding(host: Host<'_>, key: &str, limit: &Limit) -> Result<bool> {
    let rate = usize::try_from(limit.rate).unwrap_or(usize::MAX);
    let room = rate.min(STATE_VALUE_MAX / GRANT_BYTES);
    // Somebody else was granted whenever the exchange fails, so after so many rounds there is no room left.
    for _ in 0..=room {
        let present = host.state().get(key)?;
        let now = host.now_ms()?;
        let grants = present.as_deref().unwrap_or_default();
        let oldest = now.saturating_sub(limit.interval_ms);
        let over = grants
            .chunks_exact(GRANT_BYTES)
            .take_while(|grant| time(grant) < oldest)
            .count();
        let kept = grants.get(over * GRANT_BYTES..).unwrap_or_default();
        if kept.len() / GRANT_BYTES >= room {
            return Ok(false);
        }
        let next = [kept, &now.to_le_bytes()].concat();
        let expected = present.as_deref().map_or(Expect::Absent, Expect::Value);
        // A grant is over when it is strictly older than the interval.
        let ttl_ms = limit.interval_ms.saturating_add(1);
        if host
            .state()
            .compare_and_set(key, expected, Some(&next), ttl_ms)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn time(grant: &[u8]) -> i64 {
    grant.try_into().map_or(0, i64::from_le_bytes)
}
