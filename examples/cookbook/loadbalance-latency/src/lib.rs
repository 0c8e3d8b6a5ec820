//! Load balancer `latency`: the slower a provider answers, and the more calls it has, the fewer calls it gets.
//!
//! The idea: the host measures every provider anyway, so a policy has only to look. A slow provider gets few calls instead of none,
//! because only calls can show that it has become fast again.

use wubbo_plugin_sdk::{
    Candidates, Cell, LoadBalance, NoConfig, Providers, Result, Routing, wubbo_plugin,
};

/// The share of a provider that costs 1; divided by what one really costs.
const WHOLE: u64 = 1 << 40;

/// The policy; what it keeps is room for the host's numbers, so that a call allocates nothing.
#[derive(Debug, Default)]
pub struct Latency {
    latency: Vec<i64>,
    active: Vec<i64>,
    shares: Vec<(usize, u64)>,
}

#[wubbo_plugin(
    kind = loadbalance,
    name = "latency",
    description = "picks by chance, in inverse proportion to measured latency and calls under way"
)]
impl LoadBalance for Latency {
    type Config = NoConfig;
    type Table = ();

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self::default())
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
        // Two crossings, however long the list is.
        call.column(Cell::LatencyUs, &mut self.latency)?;
        call.column(Cell::Active, &mut self.active)?;
        // Somebody without a measurement counts as the fastest: it is tried, and not flooded.
        let measured = candidates.iter().filter_map(|row| self.latency.get(row));
        let fastest = measured.copied().filter(|us| *us > 0).min().unwrap_or(1);
        self.shares.clear();
        let mut total = 0;
        for row in candidates {
            let number = |column: &[i64]| column.get(row).copied().unwrap_or(0).max(0);
            let latency = match number(&self.latency) {
                0 => fastest,
                latency => latency,
            };
            // What a call would wait there: once for each call under way, and once for itself.
            let cost = latency.saturating_mul(number(&self.active).saturating_add(1));
            total += (WHOLE / cost.unsigned_abs()).max(1);
            self.shares.push((row, total));
        }
        let place = call.host().random()?.checked_rem(total).unwrap_or(0);
        let chosen = self.shares.iter().find(|(_, end)| place < *end);
        Ok(chosen.map(|(row, _)| *row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::{BalancerBench, Call};

    /// Providers with these latencies and calls under way; how often each of them is picked in 3000 choices.
    fn shares(latencies: &[i64], active: &[i64]) -> Vec<usize> {
        let mut bench = BalancerBench::new(factory(), "{}").unwrap();
        let url = |row: usize| format!("dubbo://10.0.0.{row}:20880/com.shop.Cart");
        let urls: Vec<String> = (0..latencies.len()).map(url).collect();
        bench.providers(&urls).unwrap();
        bench.cells(Cell::LatencyUs, latencies).unwrap();
        bench.cells(Cell::Active, active).unwrap();
        let mut shares = vec![0; latencies.len()];
        for _ in 0..3000 {
            let row = bench.select(&Call::new("com.shop.Cart", "get")).unwrap();
            shares[row.unwrap()] += 1;
        }
        shares
    }

    #[test]
    fn a_slow_provider_gets_little_but_something() {
        // One part of 41.
        let shares = shares(&[1000, 20_000, 1000], &[0, 0, 0]);
        assert!((20..150).contains(&shares[1]), "{shares:?}");
        assert!(shares[0].abs_diff(shares[2]) < 400, "{shares:?}");
    }

    #[test]
    fn a_busy_provider_gets_little() {
        // One part of eleven.
        let shares = shares(&[1000, 1000], &[9, 0]);
        assert!((150..450).contains(&shares[0]), "{shares:?}");
    }

    #[test]
    fn a_provider_without_a_measurement_counts_as_the_fastest() {
        let shares = shares(&[0, 1000, 9000], &[0, 0, 0]);
        assert!(shares[0].abs_diff(shares[1]) < 400, "{shares:?}");
        assert!(shares[2] < 300, "{shares:?}");
    }

    #[test]
    fn nobody_is_nobody_and_a_lone_one_is_it() {
        let mut bench = BalancerBench::new(factory(), "{}").unwrap();
        let urls = ["dubbo://a:1/com.shop.Cart", "dubbo://b:1/com.shop.Cart"];
        bench.providers(&urls).unwrap();
        let call = Call::new("com.shop.Cart", "get");
        assert_eq!(bench.select_among(&call, &[]).unwrap(), None);
        assert_eq!(bench.select_among(&call, &[1]).unwrap(), Some(1));
    }
}
