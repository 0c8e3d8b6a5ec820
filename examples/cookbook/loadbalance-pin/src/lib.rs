//! Load balancer `pin`: a call that names a provider gets that one; all others are spread evenly.
//!
//! The idea: a caller who looks for a bug in one instance can reach it through the gateway, and nobody else notices.

use serde::Deserialize;
use std::collections::HashMap;
use wubbo_plugin_sdk::{Candidates, LoadBalance, Providers, Result, Routing, Space, wubbo_plugin};

/// The configuration.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pin {
    /// Whether a call fails when its provider is not among the candidates. Default: it goes to any.
    strict: bool,
}

#[wubbo_plugin(
    kind = loadbalance,
    name = "pin",
    reads(attachment("pin")),
    reads_on_providers(field("address")),
    description = "sends a call to the provider that it names"
)]
impl LoadBalance for Pin {
    type Config = Self;
    /// The row of each address.
    type Table = HashMap<String, usize>;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }

    fn on_providers(
        &mut self,
        providers: &Providers<'_>,
        _before: Option<&Self::Table>,
    ) -> Result<Self::Table> {
        let addresses = providers.column(Space::Field, "address")?;
        let row = |row| Some((addresses.get(row)?.to_owned(), row));
        Ok((0..providers.len()).filter_map(row).collect())
    }

    fn select(
        &mut self,
        rows: &mut Self::Table,
        call: &Routing<'_>,
        candidates: &Candidates<'_>,
    ) -> Result<Option<usize>> {
        if let Some(pin) = call.attachment("pin")? {
            // Routers come first: a provider that a rule took out stays out.
            let named = rows.get(&*pin).filter(|row| candidates.contains(**row));
            if named.is_some() || self.strict {
                return Ok(named.copied());
            }
        }
        let count = u64::try_from(candidates.count()).unwrap_or(0);
        let place = call.host().random()?.checked_rem(count).unwrap_or(0);
        Ok(candidates.nth(usize::try_from(place).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::{BalancerBench, Call};

    fn bench(config: &str) -> BalancerBench {
        let mut bench = BalancerBench::new(factory(), config).unwrap();
        let urls = [1, 2, 3].map(|host| format!("dubbo://10.0.0.{host}:20880/com.shop.Cart"));
        bench.providers(&urls).unwrap();
        bench
    }

    fn pinned(address: &str) -> Call {
        Call::new("com.shop.Cart", "get").attachment("pin", address)
    }

    #[test]
    fn a_call_gets_the_provider_that_it_names() {
        let mut bench = bench("{}");
        for _ in 0..20 {
            let row = bench.select(&pinned("10.0.0.2:20880")).unwrap();
            assert_eq!(row, Some(1));
        }
    }

    #[test]
    fn one_that_is_no_candidate_is_replaced_or_missed() {
        for address in ["10.0.0.2:20880", "10.9.9.9:1", ""] {
            let row = bench("{}").select_among(&pinned(address), &[0, 2]).unwrap();
            assert!(row == Some(0) || row == Some(2), "{row:?}");
            let mut strict = bench(r#"{ "strict": true }"#);
            let row = strict.select_among(&pinned(address), &[0, 2]).unwrap();
            assert_eq!(row, None, "{address}");
        }
    }

    #[test]
    fn calls_without_a_name_are_spread() {
        let mut bench = bench("{}");
        let mut shares = [0; 3];
        for _ in 0..300 {
            let row = bench.select(&Call::new("com.shop.Cart", "get")).unwrap();
            shares[row.unwrap()] += 1;
        }
        assert!(shares.iter().all(|share| *share > 50), "{shares:?}");
    }
}
