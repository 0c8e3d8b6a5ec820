//! Configurator `timeout`: another time-out for some methods, whatever consumers and providers say.
//!
//! The idea: a configurator works on the URLs, off the call path, whenever one comes or this plugin changes. A call costs nothing.

use serde::Deserialize;
use std::collections::BTreeMap;
use wubbo_plugin_sdk::{Configurator, ConfiguredUrl, Error, Result, wubbo_plugin};

/// The configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// Milliseconds by method; `*` is every method that is not named.
    methods: BTreeMap<String, u32>,
}

#[wubbo_plugin(
    kind = configurator,
    name = "timeout",
    side = consumer,
    description = "sets the time-outs of methods"
)]
impl Configurator for Timeouts {
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        match config.methods.iter().find(|(_, millis)| **millis == 0) {
            Some((method, _)) => Err(Error::new(format!(
                "methods.{method}: expected a time-out above 0 ms"
            ))),
            None => Ok(config),
        }
    }

    fn configure_url(&mut self, url: &mut ConfiguredUrl<'_>) -> Result<()> {
        for (method, millis) in &self.methods {
            // Dubbo's keys: the method's own wins over the service's.
            let key = match method.as_str() {
                "*" => "timeout".to_owned(),
                method => format!("methods.{method}.timeout"),
            };
            url.set_parameter(key.as_str(), &millis.to_string())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::ConfiguratorBench;

    #[test]
    fn methods_and_the_rest_get_their_time_outs() {
        let config = r#"{ "methods": { "search": 300, "*": 2000 } }"#;
        let mut bench = ConfiguratorBench::new(factory(), config).unwrap();
        let url = "dubbo://10.0.0.1:20880/com.shop.Cart?timeout=5000";
        let configured = format!("{}&methods.search.timeout=300", url.replace("5000", "2000"));
        assert_eq!(bench.configure(url).unwrap(), configured);
    }

    #[test]
    fn without_methods_a_url_stays_as_it_is() {
        let mut bench = ConfiguratorBench::new(factory(), "{}").unwrap();
        let url = "dubbo://10.0.0.1:20880/com.shop.Cart?timeout=5000";
        assert_eq!(bench.configure(url).unwrap(), url);
    }

    #[test]
    fn no_time_at_all_is_refused() {
        let config = r#"{ "methods": { "get": 0 } }"#;
        let refused = ConfiguratorBench::new(factory(), config).unwrap_err();
        assert!(
            refused.to_string().contains("methods.get: expected"),
            "{refused}"
        );
    }
}
