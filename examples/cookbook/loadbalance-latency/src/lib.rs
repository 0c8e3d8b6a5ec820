//! Load balancer `latency`: of two candidates taken by chance the one that is likely to answer sooner.
//!
//! The idea: the host measures every provider anyway, so a policy has only to look. Two by chance instead of the best of all, because
//! the best would get everybody's next call at once, before its numbers show it.

use wubbo_plugin_sdk::{
    Candidates, LoadBalance, NoConfig, Providers, Result, Routing, wubbo_plugin,
};

/// The policy; what it needs is the host's.
#[derive(Debug)]
pub struct Latency;

#[wubbo_plugin(
    kind = loadbalance,
    name = "latency",
    description = "picks the faster of two by chance, as measured"
)]
impl LoadBalance for Latency {
    type Config = NoConfig;
    type Table = ();

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn on_providers(&mut self, _providers: &Providers<'_>, _before: Option<&()>) -> Result<()> {
        Ok(())
    }

    fn select(
        &mut self,
        _table: &mut (),
        call: &Routing<'_>,
        candidates: &Candidates<'_>,
    ) -> Result<Option<usize>> {
        let count = candidates.count();
        if count < 2 {
            return Ok(candidates.nth(0));
        }
        // One crossing gives bits for two choices.
        let random = call.host().random()?;
        let below = |bits: u64, bound: usize| usize::try_from(bits % bound as u64).unwrap_or(0);
        let first = below(random & 0xffff_ffff, count);
        // Somebody else: a step of 1 to count - 1 around the circle.
        let second = (first + 1 + below(random >> 32, count - 1)) % count;
        let (Some(first), Some(second)) = (candidates.nth(first), candidates.nth(second)) else {
            return Ok(None);
        };
        let sooner = match cost(call, first)? <= cost(call, second)? {
            true => first,
            false => second,
        };
        Ok(Some(sooner))
    }
}

/// What a call would wait there: the smoothed latency, once for each call under way and once for itself. A provider that nobody has
/// called yet costs almost nothing, so it is tried.
fn cost(call: &Routing<'_>, row: usize) -> Result<i64> {
    let latency = call.latency_us(row)?.max(1);
    Ok(latency.saturating_mul(call.active(row)?.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::Cell;
    use wubbo_plugin_sdk::testing::{BalancerBench, Call};

    /// Providers with these latencies and calls under way; how often each of them is picked in 300 choices.
    fn shares(latencies: &[i64], active: &[i64]) -> Vec<usize> {
        let mut bench = BalancerBench::new(factory(), "{}").unwrap();
        let url = |row: usize| format!("dubbo://10.0.0.{row}:20880/com.shop.Cart");
        let urls: Vec<String> = (0..latencies.len()).map(url).collect();
        bench.providers(&urls).unwrap();
        bench.cells(Cell::LatencyUs, latencies).unwrap();
        bench.cells(Cell::Active, active).unwrap();
        let mut shares = vec![0; latencies.len()];
        for _ in 0..300 {
            let row = bench.select(&Call::new("com.shop.Cart", "get")).unwrap();
            shares[row.unwrap()] += 1;
        }
        shares
    }

    #[test]
    fn the_slowest_is_never_picked_and_the_others_share() {
        let shares = shares(&[900, 20_000, 1000], &[0, 0, 0]);
        assert_eq!(shares[1], 0, "{shares:?}");
        assert!(shares[0] > shares[2] && shares[2] > 50, "{shares:?}");
    }

    #[test]
    fn a_fast_provider_that_is_busy_is_slow() {
        assert_eq!(shares(&[900, 1000], &[9, 0]), [0, 300]);
        assert_eq!(shares(&[900, 1000], &[0, 0]), [300, 0]);
    }

    #[test]
    fn a_provider_without_a_measurement_is_tried() {
        assert_eq!(shares(&[900, 0], &[0, 3]), [0, 300]);
    }
}
