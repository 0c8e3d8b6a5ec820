//! A configurator under test.

use super::memory::MemoryHost;
use super::pair::Pair;
use super::rules::Rules;
use super::url::{TestUrl, UrlView};
use super::{manifest, needs_on_rule};
use crate::abi::commands::{self, WriteGrants};
use crate::abi::interest::Hook;
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::native::{Create, CreateConfigurator, Factory, NativeConfigurator};
use crate::rule::Scope;
use std::fmt;

/// Two instances of a configurator, one in-memory host.
pub struct ConfiguratorBench {
    manifest: Manifest,
    create: CreateConfigurator,
    config: String,
    pair: Pair<dyn NativeConfigurator>,
    host: MemoryHost,
    rules: Rules,
}

impl fmt::Debug for ConfiguratorBench {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ConfiguratorBench")
            .field("plugin", &self.manifest.identity())
            .finish_non_exhaustive()
    }
}

impl ConfiguratorBench {
    /// Builds two instances from a configuration in JSON, `{}` for none.
    ///
    /// # Errors
    /// The manifest is bad or not a configurator's, or the policy refuses the configuration.
    pub fn new(factory: Factory, config: &str) -> Result<Self> {
        let manifest = manifest(factory)?;
        let Create::Configurator(create) = factory.create else {
            return Err(Error::new("this bench runs configurators"));
        };
        let host = MemoryHost::default();
        let pair = host.building(|| Pair::new(|| create(config, &host)))?;
        Ok(Self {
            manifest,
            create,
            config: config.to_owned(),
            pair,
            host,
            rules: Rules::default(),
        })
    }

    /// What the manifest says.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The host: what was logged and counted, its clock, the shared state.
    #[must_use]
    pub const fn host(&self) -> &MemoryHost {
        &self.host
    }

    /// Sets a rule: as in the host, new instances get all rules; when one is refused the instances that were there stay.
    ///
    /// # Errors
    /// The policy refuses it, with line and column where it knows them.
    pub fn rule(&mut self, scope: Scope, key: &str, group: &str, text: &str) -> Result<()> {
        self.change(self.rules.with(scope, key, group, Some(text)))
    }

    /// Deletes a rule; otherwise as [`ConfiguratorBench::rule`].
    ///
    /// # Errors
    /// As [`ConfiguratorBench::rule`].
    pub fn remove_rule(&mut self, scope: Scope, key: &str, group: &str) -> Result<()> {
        self.change(self.rules.with(scope, key, group, None))
    }

    fn change(&mut self, rules: Rules) -> Result<()> {
        needs_on_rule(&self.manifest)?;
        let (host, create, config) = (&self.host, self.create, self.config.as_str());
        let mut pair = host.building(|| Pair::new(|| create(config, host)))?;
        pair.each(|instance| rules.tell(|rule| instance.on_rule(rule, host)))?;
        (self.pair, self.rules) = (pair, rules);
        Ok(())
    }

    /// Configures the URL of a provider as a consumer sees it: the URL as it is afterwards.
    ///
    /// # Errors
    /// The text is no URL, the hook failed, or the host would refuse its commands.
    pub fn configure(&mut self, url: &str) -> Result<String> {
        self.run(url, false)
    }

    /// The same with the URL of a service that this process exports.
    ///
    /// # Errors
    /// As [`ConfiguratorBench::configure`].
    pub fn configure_export(&mut self, url: &str) -> Result<String> {
        self.run(url, true)
    }

    fn run(&mut self, url: &str, provider_side: bool) -> Result<String> {
        let mut url = TestUrl::parse(url)?;
        let mut out = Vec::new();
        let view = UrlView {
            url: &url,
            host: &self.host,
            provider_side,
        };
        self.pair.next().configure_url(&view, &mut out)?;
        let batch = commands::check(&out, Hook::ConfigureUrl, WriteGrants::default())
            .map_err(|bad| Error::new(bad.to_string()))?;
        batch.into_iter().for_each(|command| url.apply(command));
        Ok(url.to_string())
    }

    /// Runs `tick` on one instance.
    ///
    /// # Errors
    /// The hook failed.
    pub fn tick(&mut self) -> Result<()> {
        self.pair.next().tick(&self.host)
    }

    /// Runs `self_test`.
    ///
    /// # Errors
    /// The policy says that it is not fit.
    pub fn self_test(&mut self) -> Result<()> {
        self.pair.next().self_test(&self.host)
    }
}
