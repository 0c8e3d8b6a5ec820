//! Router `zone`: calls stay in the own zone while enough of its providers are left, else they go anywhere.
//!
//! The idea: a preference with a floor. A zone that lost most of its providers is not overrun by the calls of the whole zone.

use serde::Deserialize;
use wubbo_plugin_sdk::{
    Candidates, Error, Providers, Result, Router, Routing, Space, wubbo_plugin,
};

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// The zone of this process, as providers spell theirs.
    zone: String,
    /// Calls stay in the zone while so many of its providers are candidates.
    #[serde(default = "one")]
    at_least: usize,
}

fn one() -> usize {
    1
}

// A late router (large `order`): tag and condition rules have spoken before, so the floor counts who may really be called.
#[wubbo_plugin(
    kind = router,
    name = "zone",
    order = 1000,
    reads_on_providers(url("zone")),
    description = "keeps calls in the own zone while enough of its providers are left"
)]
impl Router for Zone {
    type Config = Self;
    /// The rows of the own zone, as a set.
    type Table = Vec<u64>;

    fn new(config: Self) -> Result<Self> {
        if config.zone.is_empty() {
            return Err(Error::new("zone: expected the zone of this process"));
        }
        Ok(config)
    }

    fn on_providers(
        &mut self,
        providers: &Providers<'_>,
        _before: Option<&Vec<u64>>,
    ) -> Result<Vec<u64>> {
        let zones = providers.column(Space::Url, "zone")?;
        Ok(zones.rows_where(|zone| zone == Some(self.zone.as_str())))
    }

    fn route(
        &mut self,
        near: &mut Vec<u64>,
        call: &Routing<'_>,
        candidates: &mut Candidates<'_>,
    ) -> Result<()> {
        let stays = candidates.prefer(near, self.at_least);
        call.note(
            None,
            match stays {
                true => "the own zone has enough providers",
                false => "the own zone has too few providers: all",
            },
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::{Call, RouterBench};

    fn bench(config: &str, zones: &[&str]) -> RouterBench {
        let mut bench = RouterBench::new(factory(), config).unwrap();
        let url = |zone: &&str| format!("dubbo://10.0.0.1:20880/com.shop.Cart?zone={zone}");
        let urls: Vec<String> = zones.iter().map(url).collect();
        bench.providers(&urls).unwrap();
        bench
    }

    #[test]
    fn calls_stay_in_the_zone_while_enough_of_it_are_left() {
        let call = Call::new("com.shop.Cart", "get");
        let mut one = bench(r#"{ "zone": "a" }"#, &["a", "b", "a", ""]);
        assert_eq!(one.route(&call).unwrap(), [0, 2]);
        assert_eq!(one.route_among(&call, &[1, 2]).unwrap(), [2]);
        assert_eq!(one.route_among(&call, &[1, 3]).unwrap(), [1, 3]);
        let mut two = bench(r#"{ "zone": "a", "at_least": 2 }"#, &["a", "b", "a"]);
        assert_eq!(two.route(&call).unwrap(), [0, 2]);
        assert_eq!(two.route_among(&call, &[1, 2]).unwrap(), [1, 2]);
    }

    #[test]
    fn a_zone_without_a_name_is_refused() {
        for config in ["{}", r#"{ "zone": "" }"#] {
            let refused = RouterBench::new(factory(), config).unwrap_err();
            assert!(refused.to_string().contains("zone"), "{refused}");
        }
    }
}
