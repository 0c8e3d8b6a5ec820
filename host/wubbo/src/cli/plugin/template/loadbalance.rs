//! Looks at two providers by chance and takes the one with fewer running calls ("power of two choices").
//! Nearly as even as asking all of them, at the price of two reads however long the list is.

use wubbo_plugin_sdk::{
    Candidates, LoadBalance, NoConfig, Providers, Result, Routing, wubbo_plugin,
};

/// The policy keeps nothing: the host counts running calls.
#[derive(Debug)]
pub struct TwoChoices;

#[wubbo_plugin(kind = loadbalance, name = "plugin-name")]
impl LoadBalance for TwoChoices {
    type Config = NoConfig;
    /// What is kept per list of providers: nothing.
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
        let random = call.host().random()?;
        let first = below(random, count);
        // Any but the first: one to `count - 1` places further, around the end.
        let second = (first + 1 + below(random >> 32, count - 1)) % count;
        let (Some(first), Some(second)) = (candidates.nth(first), candidates.nth(second)) else {
            return Ok(candidates.nth(0));
        };
        let quieter = call.active(second)? < call.active(first)?;
        Ok(Some(if quieter { second } else { first }))
    }
}

/// A number below `end`, from the lower half of `random`.
fn below(random: u64, end: usize) -> usize {
    let low = random & u64::from(u32::MAX);
    usize::try_from(low % end.max(1) as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::Cell;
    use wubbo_plugin_sdk::testing::{BalancerBench, Call};

    /// A bench with so many running calls per provider.
    fn bench(active: &[i64]) -> BalancerBench {
        let mut bench = BalancerBench::new(factory(), "{}").unwrap();
        let urls: Vec<String> = (0..active.len())
            .map(|row| format!("dubbo://10.0.0.{row}:20880/com.shop.Cart"))
            .collect();
        bench.providers(&urls).unwrap();
        bench.cells(Cell::Active, active).unwrap();
        bench
    }

    #[test]
    fn of_two_the_quieter_one_gets_every_call() {
        let call = Call::new("com.shop.Cart", "get");
        let mut bench = bench(&[5, 1]);
        for _ in 0..50 {
            assert_eq!(bench.select(&call).unwrap(), Some(1));
        }
    }

    #[test]
    fn the_busiest_of_many_gets_none_and_every_other_some() {
        let call = Call::new("com.shop.Cart", "get");
        let mut bench = bench(&[3, 9, 3, 3]);
        let mut got = [0; 4];
        for _ in 0..2000 {
            got[bench.select(&call).unwrap().unwrap()] += 1;
        }
        assert_eq!(got[1], 0, "{got:?}");
        assert!(got[0] > 300 && got[2] > 300 && got[3] > 300, "{got:?}");
    }

    #[test]
    fn one_candidate_is_taken_and_none_is_none() {
        let call = Call::new("com.shop.Cart", "get");
        let mut bench = bench(&[1, 1, 1]);
        assert_eq!(bench.select_among(&call, &[2]).unwrap(), Some(2));
        assert_eq!(bench.select_among(&call, &[]).unwrap(), None);
    }
}
