//! Cases of configurators.

use super::rule::{RuleCase, accept, misplace};
use super::{Case, empty};
use crate::error::{Error, Result};
use crate::testing::Form;
use crate::testing::url::TestUrl;
use serde::Deserialize;
use serde_json::Value;

/// One URL.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfiguratorCase {
    /// The row's id in the spec, or what it is about.
    pub id: String,
    /// Configuration; `{}` if absent.
    #[serde(default = "empty")]
    pub config: Value,
    /// Whether this process exports the URL; else it is a provider's as a consumer sees it.
    #[serde(default)]
    pub export: bool,
    /// The URL.
    pub url: String,
    /// Rules, set one after another.
    #[serde(default)]
    pub rules: Vec<RuleCase>,
    /// The URL afterwards; the order of its parameters means nothing.
    pub expect: String,
}

impl Case for ConfiguratorCase {
    const SPOILS: &'static [fn(&mut Self) -> bool] = &[
        |case| {
            case.expect.push('x');
            true
        },
        |case| accept(&mut case.rules),
        |case| misplace(&mut case.rules),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn check(&self, form: &dyn Form) -> Result<()> {
        let mut configurator = form.configurator(&self.config.to_string())?;
        for rule in &self.rules {
            rule.follow(|scope, key, group, text| configurator.rule(scope, key, group, text))?;
        }
        for _ in 0..2 {
            let found = configurator.configure(&self.url, self.export)?;
            if !TestUrl::parse(&found)?.same(&TestUrl::parse(&self.expect)?) {
                return Err(Error::new(format!(
                    "expected {}, found {found}",
                    self.expect
                )));
            }
        }
        Ok(())
    }
}
