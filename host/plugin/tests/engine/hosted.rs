//! A plugin under test inside a real host: the form that answers the same cases as the SDK's benches do.
//!
//! Each case gets a host of its own; its clock stands still until the case moves it. Instances do not take turns here: a thread keeps
//! to its slot.

mod configuring;
mod filter;
mod routing;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use wubbo_core::{PolicySet, Rule, RuleScope, RuleSet};
use wubbo_plugin::{PluginClock, PluginStatus, RefusedRule};
use wubbo_plugin_sdk::testing::{BalancerForm, ConfiguratorForm, FilterForm, Form, RouterForm};
use wubbo_plugin_sdk::{Error, Manifest, Result, Scope};

use crate::rig::{Rig, try_start};

/// One plugin in one form.
pub(crate) struct Hosted {
    pub(crate) identity: String,
    pub(crate) module: Arc<[u8]>,
    /// Whether instances come from the pool.
    pub(crate) pooling: bool,
    /// Compiled modules are kept here, so that a case does not compile.
    pub(crate) cache: Arc<tempfile::TempDir>,
}

impl Hosted {
    /// A host with the plugin and this configuration.
    ///
    /// # Errors
    /// Why the plugin is not live.
    pub(crate) fn start(&self, config: &str) -> Result<Host> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let settings: serde_json::Value = serde_json::from_str(config).unwrap();
        let tree = serde_json::json!({ "config": settings });
        let clock = PluginClock::still();
        let pooling = self.pooling;
        let files = [("p.wasm", &*self.module)];
        let started = runtime.block_on(try_start(&files, Vec::new(), |host| {
            host.configs.insert(self.identity.clone(), tree);
            host.required.push(self.identity.clone());
            host.cache_dir = Some(self.cache.path().to_owned());
            host.clock = clock.clone();
            host.pooling = pooling;
            host.max = 1;
            // The file is there before the host looks.
            host.settle = Duration::from_millis(1);
        }));
        let rig = started.map_err(|error| Error::new(error.to_string()))?;
        assert_eq!(rig.host.status().pooling, pooling);
        Ok(Host {
            identity: self.identity.clone(),
            runtime,
            rig,
            clock,
            rules: Vec::new(),
            rules_version: 0,
            failures: 0,
        })
    }
}

/// The identity in a module's manifest.
pub(crate) fn identity(module: &[u8]) -> String {
    let checked = wubbo_plugin::Checked::new(module).unwrap();
    Manifest::identity(checked.manifest())
}

impl Form for Hosted {
    fn filter(&self, config: &str) -> Result<Box<dyn FilterForm>> {
        Ok(Box::new(self.start(config)?))
    }

    fn router(&self, config: &str) -> Result<Box<dyn RouterForm>> {
        Ok(Box::new(routing::Routed::new(self.start(config)?)))
    }

    fn balancer(&self, config: &str) -> Result<Box<dyn BalancerForm>> {
        fastrand::seed(7);
        Ok(Box::new(routing::Routed::new(self.start(config)?)))
    }

    fn configurator(&self, config: &str) -> Result<Box<dyn ConfiguratorForm>> {
        Ok(Box::new(self.start(config)?))
    }
}

/// A host with one plugin, and the runtime that it lives on.
pub(crate) struct Host {
    pub(crate) identity: String,
    pub(crate) rig: Rig,
    pub(crate) clock: PluginClock,
    rules: Vec<Rule>,
    rules_version: u64,
    /// Hooks known to have failed.
    failures: u64,
    pub(crate) runtime: Runtime,
}

impl Host {
    pub(crate) fn status(&self) -> PluginStatus {
        self.rig.plugin(&self.identity)
    }

    pub(crate) fn policies(&self) -> Arc<PolicySet> {
        self.rig.policies.load()
    }

    pub(crate) fn advance_ms(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }

    /// What a hook that ran just now answered, when the host went on without it.
    ///
    /// # Errors
    /// It failed.
    pub(crate) fn failed(&mut self) -> Result<()> {
        let status = self.status();
        let counters = &status.counters;
        let trips: u64 = counters.trips.values().sum();
        let failures = counters.failed + counters.unknown_table + counters.absent + trips;
        if failures == std::mem::replace(&mut self.failures, failures) {
            return Ok(());
        }
        let trip = status.trips.last().map(|trip| trip.reason.clone());
        let said = self.rig.lines.texts().last().cloned();
        let reason = trip.or(said).unwrap_or_default();
        Err(Error::new(format!("the hook failed: {reason}")))
    }

    /// Follows one more rule, or one less.
    ///
    /// # Errors
    /// The plugin refuses it, with the place.
    pub(crate) fn follow(
        &mut self,
        scope: Scope,
        key: &str,
        group: &str,
        text: Option<&str>,
    ) -> Result<()> {
        self.rules
            .retain(|rule| (&*rule.key, &*rule.group) != (key, group));
        let scope = match scope {
            Scope::Application => RuleScope::Application,
            Scope::Service => RuleScope::Service,
        };
        self.rules.extend(text.map(|text| Rule {
            scope,
            key: key.into(),
            group: group.into(),
            text: text.into(),
        }));
        self.rules_version += 1;
        let rules = RuleSet::new(self.rules_version, self.rules.clone());
        self.runtime.block_on(self.rig.host.set_rules(rules.into()));
        let refused = self.status().rules.unwrap_or_default().refused;
        match refused
            .iter()
            .find(|rule| rule.version == self.rules_version)
        {
            None => Ok(()),
            Some(RefusedRule {
                line,
                column,
                message,
                ..
            }) => Err(Error::new(message.clone()).at(*line, *column)),
        }
    }
}

/// Where the sources of the first-party plugins are.
pub(crate) fn plugins() -> Vec<String> {
    let folder = crate::built::root().join("plugins");
    let is_crate = |path: &Path| path.join("Cargo.toml").exists();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| is_crate(&entry.path()))
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
