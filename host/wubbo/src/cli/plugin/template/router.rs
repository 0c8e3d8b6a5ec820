//! Prefers providers that carry a parameter in their URL, such as those of the caller's own zone. When none does, all pass.

use serde::Deserialize;
use wubbo_plugin_sdk::{
    Candidates, Error, Hook, Providers, Result, Router, Routing, Setup, Space, wubbo_plugin,
};

/// The configuration, from the YAML beside the wasm file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preferred {
    /// The parameter of a provider's URL.
    key: String,
    /// What it must be; empty: everybody passes.
    value: String,
}

impl Default for Preferred {
    fn default() -> Self {
        Self {
            key: "zone".to_owned(),
            value: String::new(),
        }
    }
}

/// What is worked out once per list of providers, so that a call costs a few instructions: bit `row % 64` of word `row / 64` is set
/// when the provider in that row is preferred.
pub struct Table {
    preferred: Vec<u64>,
}

#[wubbo_plugin(kind = router, name = "plugin-name")]
impl Router for Preferred {
    type Config = Self;
    type Table = Table;

    fn new(config: Self) -> Result<Self> {
        if config.key.is_empty() {
            return Err(Error::new("key: expected the name of a URL parameter"));
        }
        Ok(config)
    }

    fn setup(&mut self, setup: &mut Setup<'_>) -> Result<()> {
        setup.read(Space::Url, self.key.as_str(), Hook::OnProviders);
        Ok(())
    }

    fn on_providers(
        &mut self,
        providers: &Providers<'_>,
        _before: Option<&Table>,
    ) -> Result<Table> {
        let column = providers.column(Space::Url, self.key.as_str())?;
        let mut preferred = vec![0; providers.len().div_ceil(64)];
        for row in 0..providers.len() {
            let wanted = self.value.is_empty() || column.get(row) == Some(self.value.as_str());
            if let Some(word) = preferred.get_mut(row / 64) {
                *word |= u64::from(wanted) << (row % 64);
            }
        }
        Ok(Table { preferred })
    }

    fn route(
        &mut self,
        table: &mut Table,
        _call: &Routing<'_>,
        candidates: &mut Candidates<'_>,
    ) -> Result<()> {
        let mut pairs = table.preferred.iter().zip(candidates.words());
        if pairs.any(|(preferred, candidates)| preferred & candidates != 0) {
            candidates.intersect(&table.preferred);
        }
        Ok(())
    }

    fn schema() -> &'static str {
        r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "key": { "type": "string", "minLength": 1, "default": "zone", "description": "the parameter of a provider's URL" },
    "value": { "type": "string", "default": "", "description": "what it must be; empty: everybody passes" }
  }
}"#
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::{Call, RouterBench};

    /// The providers that a call may still go to.
    fn route(config: &str, zones: &[&str]) -> Vec<usize> {
        let mut bench = RouterBench::new(factory(), config).unwrap();
        let url = |zone: &&str| format!("dubbo://10.0.0.1:20880/com.shop.Cart?zone={zone}");
        let urls: Vec<String> = zones.iter().map(url).collect();
        bench.providers(&urls).unwrap();
        bench.route(&Call::new("com.shop.Cart", "get")).unwrap()
    }

    #[test]
    fn providers_of_the_zone_are_preferred() {
        let north = r#"{ "value": "north" }"#;
        assert_eq!(route(north, &["north", "south", "north"]), [0, 2]);
    }

    #[test]
    fn without_any_in_the_zone_all_pass() {
        assert_eq!(route(r#"{ "value": "west" }"#, &["north", "south"]), [0, 1]);
        assert_eq!(route("{}", &["north", "south"]), [0, 1]);
    }

    #[test]
    fn more_providers_than_a_word_has_bits() {
        let zones: Vec<&str> = (0..130).map(|row| if row % 64 == 1 { "a" } else { "b" }).collect();
        assert_eq!(route(r#"{ "value": "a" }"#, &zones), [1, 65, 129]);
    }

    #[test]
    fn a_configuration_that_makes_no_sense_is_refused() {
        let refused = RouterBench::new(factory(), r#"{ "key": "" }"#).unwrap_err();
        assert!(refused.to_string().contains("key: expected"), "{refused}");
    }
}
