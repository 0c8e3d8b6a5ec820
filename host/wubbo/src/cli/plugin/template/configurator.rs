//! Gives the URLs of services the parameters that they leave out, such as a timeout or retries.

use std::collections::BTreeMap;

use serde::Deserialize;
use wubbo_plugin_sdk::{ConfiguredUrl, Configurator, Error, Result, wubbo_plugin};

/// The configuration, from the YAML beside the wasm file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// Parameter to value.
    parameters: BTreeMap<String, String>,
}

#[wubbo_plugin(kind = configurator, name = "plugin-name", side = consumer)]
impl Configurator for Defaults {
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        if config.parameters.contains_key("") {
            return Err(Error::new("parameters: a key is empty"));
        }
        Ok(config)
    }

    fn configure_url(&mut self, url: &mut ConfiguredUrl<'_>) -> Result<()> {
        for (key, value) in &self.parameters {
            if url.parameter(key.as_str())?.is_none() {
                url.set_parameter(key.as_str(), value)?;
            }
        }
        Ok(())
    }

    fn schema() -> &'static str {
        r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "parameters": {
      "type": "object",
      "additionalProperties": { "type": "string" },
      "description": "parameter to value; one that a URL has already is left as it is"
    }
  }
}"#
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::ConfiguratorBench;

    fn configured(config: &str, url: &str) -> String {
        let mut bench = ConfiguratorBench::new(factory(), config).unwrap();
        bench.configure(url).unwrap()
    }

    #[test]
    fn what_a_url_leaves_out_is_given() {
        let config = r#"{ "parameters": { "retries": "0", "timeout": "3000" } }"#;
        assert_eq!(
            configured(config, "dubbo://10.0.0.1:20880/com.shop.Cart?timeout=500"),
            "dubbo://10.0.0.1:20880/com.shop.Cart?timeout=500&retries=0"
        );
    }

    #[test]
    fn without_parameters_a_url_stays_as_it_is() {
        let url = "dubbo://10.0.0.1:20880/com.shop.Cart?timeout=500";
        assert_eq!(configured("{}", url), url);
    }

    #[test]
    fn a_configuration_that_makes_no_sense_is_refused() {
        let config = r#"{ "parameters": { "": "x" } }"#;
        let refused = ConfiguratorBench::new(factory(), config).unwrap_err();
        assert!(refused.to_string().contains("a key is empty"), "{refused}");
    }
}
