//! Configurator `drain`: providers of one version, zone or host group get less of the calls, or none.
//!
//! The idea: a weight is a parameter like any other, so taking a group out of the balance needs no restart and no rule, and putting it
//! back is deleting a file.

use serde::Deserialize;
use wubbo_plugin_sdk::{Configurator, ConfiguredUrl, Error, Result, keys, wubbo_plugin};

/// Dubbo's weight of a provider that says none.
const WEIGHT: u64 = 100;

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drain {
    /// The parameter of a provider's URL that tells the group, such as `zone` or `app.version`.
    key: String,
    /// What it is for the group to be drained.
    value: String,
    /// What is left of the weight, 0 to 100 percent.
    #[serde(default)]
    percent: u64,
}

#[wubbo_plugin(
    kind = configurator,
    name = "drain",
    side = consumer,
    description = "lowers the weight of a group of providers"
)]
impl Configurator for Drain {
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        if config.key.is_empty() || config.percent > 100 {
            return Err(Error::new(
                "expected a parameter's name as key, and 0 to 100 as percent",
            ));
        }
        Ok(config)
    }

    fn configure_url(&mut self, url: &mut ConfiguredUrl<'_>) -> Result<()> {
        if url.parameter(self.key.as_str())?.as_deref() != Some(self.value.as_str()) {
            return Ok(());
        }
        let weight = url.parameter(keys::WEIGHT)?;
        let weight = weight.and_then(|text| text.parse().ok()).unwrap_or(WEIGHT);
        // Not `disabled=true`: a provider of weight 0 is still the last resort when all others are gone.
        let left = weight.saturating_mul(self.percent) / 100;
        url.set_parameter(keys::WEIGHT, &left.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::ConfiguratorBench;

    fn drained(config: &str, parameters: &str) -> String {
        let mut bench = ConfiguratorBench::new(factory(), config).unwrap();
        let url = format!("dubbo://10.0.0.1:20880/com.shop.Cart?{parameters}");
        let configured = bench.configure(&url).unwrap();
        configured.split_once('?').unwrap().1.to_owned()
    }

    #[test]
    fn the_group_loses_weight_and_others_do_not() {
        let config = r#"{ "key": "zone", "value": "north", "percent": 50 }"#;
        assert_eq!(drained(config, "zone=north"), "zone=north&weight=50");
        assert_eq!(
            drained(config, "weight=7&zone=north"),
            "weight=3&zone=north"
        );
        assert_eq!(drained(config, "zone=south"), "zone=south");
        let all = r#"{ "key": "zone", "value": "north" }"#;
        assert_eq!(drained(all, "zone=north&weight=80"), "zone=north&weight=0");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for config in [
            "{}",
            r#"{ "key": "", "value": "x" }"#,
            r#"{ "key": "zone", "value": "x", "percent": 101 }"#,
        ] {
            assert!(
                ConfiguratorBench::new(factory(), config).is_err(),
                "{config}"
            );
        }
    }
}
