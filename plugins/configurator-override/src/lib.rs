//! Configurator `override`: what operators change about the URLs of services and providers without a release.
//!
//! Lists of override URLs come first, those of registries before any other, then the rules of the application, then those of the service: the last one wins.

use item::{Side, Target};
use rule::{Class, Rule};
use serde::Deserialize;
use wubbo_plugin_sdk::{
    Configurator, ConfiguredUrl, Result, Setup, field, service_key, wubbo_plugin,
};

mod address_url;
mod condition;
mod item;
mod rule;

/// The configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// By which address rules name this machine as a consumer. Default: the parameter `register.ip` of the URL.
    #[serde(default)]
    pub host: String,
}

/// The policy; it keeps the rules in the order in which they are applied.
#[derive(Debug)]
pub struct OverrideConfigurator {
    host: String,
    rules: Vec<Rule>,
}

#[wubbo_plugin(
    kind = configurator,
    name = "override",
    side = both,
    description = "applies the override rules of services and applications to URLs"
)]
impl Configurator for OverrideConfigurator {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self {
            host: config.host,
            rules: Vec::new(),
        })
    }

    fn on_rule(&mut self, rule: &wubbo_plugin_sdk::Rule<'_>, _setup: &mut Setup<'_>) -> Result<()> {
        let is_new = |known: &Rule| known.key != rule.key() || known.group != rule.group();
        self.rules.retain(is_new);
        if let Some(text) = rule.text() {
            self.rules.extend(Rule::read(rule, text)?);
        }
        self.rules.sort_by(|a, b| a.class.cmp(&b.class));
        Ok(())
    }

    fn configure_url(&mut self, url: &mut ConfiguredUrl<'_>) -> Result<()> {
        if self.rules.is_empty() {
            return Ok(());
        }
        let mut target = self.target(url)?;
        for rule in &self.rules {
            if is_about(&rule.class, &target)? {
                for one in &rule.overrides {
                    one.apply(&mut target)?;
                }
            }
        }
        let set = target.set;
        for (key, value) in set {
            let present = url.parameter(key.as_str())?.unwrap_or_default();
            match value.as_str() {
                same if same == present => {}
                "" => url.remove_parameter(key.as_str())?,
                value => url.set_parameter(key.as_str(), value)?,
            }
        }
        Ok(())
    }

    fn schema() -> &'static str {
        r#"{"type":"object","additionalProperties":false,"properties":{"host":{"type":"string","default":""}}}"#
    }
}

impl OverrideConfigurator {
    fn target<'u, 'a>(&self, url: &'u ConfiguredUrl<'a>) -> Result<Target<'u, 'a>> {
        let consumer = match &*self.host {
            "" => url.parameter("register.ip")?.map(|host| host.into_owned()),
            host => Some(host.to_owned()),
        };
        Ok(Target {
            url,
            side: if url.is_provider_side() {
                Side::Provider
            } else {
                Side::Consumer
            },
            host: url.host()?.into_owned(),
            port: url.port()?,
            service: service_key(&url.field(field::SERVICE_KEY)?.unwrap_or_default()),
            consumer,
            set: Default::default(),
        })
    }
}

/// A consumer follows the rules of its own application; a URL of its own says which that is.
fn is_about(class: &Class, target: &Target<'_, '_>) -> Result<bool> {
    Ok(match class {
        Class::Urls(_) => true,
        Class::Application(_) if target.side == Side::Consumer => true,
        Class::Application(name) => target.parameter("application")? == *name,
        Class::Service(service) | Class::Registered(service) => target.service == *service,
    })
}

#[cfg(test)]
mod tests;
