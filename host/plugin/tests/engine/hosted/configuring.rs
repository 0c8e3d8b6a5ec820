//! Configurators in a host.

use wubbo_core::{ConfigureSide, Url};
use wubbo_plugin_sdk::testing::ConfiguratorForm;
use wubbo_plugin_sdk::{Error, Result, Scope};

use super::Host;

impl ConfiguratorForm for Host {
    fn rule(&mut self, scope: Scope, key: &str, group: &str, text: Option<&str>) -> Result<()> {
        self.follow(scope, key, group, text)
    }

    fn configure(&mut self, url: &str, export: bool) -> Result<String> {
        let given = Url::parse(url).map_err(|error| Error::new(error.to_string()))?;
        let side = match export {
            true => ConfigureSide::Provider,
            false => ConfigureSide::Consumer,
        };
        let policies = self.policies();
        let entry = &policies.configurators()[0];
        let configured = entry.configurator.configure(&given, side);
        self.failed()?;
        // A URL that is left alone is told as it was given: reading it drops what is no part of it.
        Ok(configured.map_or_else(|| url.to_owned(), |url| printed(&url)))
    }
}

/// As the cases write URLs: separators in values escaped, nothing else.
fn printed(url: &Url) -> String {
    let escaped = |text: &str| {
        text.replace('%', "%25")
            .replace('&', "%26")
            .replace('=', "%3D")
    };
    let pairs: Vec<String> = url
        .params()
        .map(|(key, value)| format!("{}={}", escaped(key), escaped(value)))
        .collect();
    let (protocol, location) = (url.protocol(), url.location());
    let path = url.path();
    match pairs.is_empty() {
        true => format!("{protocol}://{location}{path}"),
        false => format!("{protocol}://{location}{path}?{}", pairs.join("&")),
    }
}
