//! A plugin under test inside a real host: the form that answers the same cases as the SDK's benches do.
//!
//! Each case gets a host of its own; its clock stands still until the case moves it. Instances do not take turns here: a thread keeps
//! to its slot.

mod configuring;
pub(crate) mod filter;
mod routing;

pub(crate) use routing::{Routed, SERVICE};

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Runtime;
use wubbo_core::{PolicySet, Rule, RuleScope, RuleSet};
use wubbo_plugin::{ImportWatch, PluginClock, PluginStatus, RefusedRule};
use wubbo_plugin_sdk::native::Factory;
use wubbo_plugin_sdk::testing::{BalancerForm, ConfiguratorForm, FilterForm, Form, RouterForm};
use wubbo_plugin_sdk::{Error, Manifest, Result, Scope};

use crate::rig::{Rig, try_start};

/// What instances are made of.
#[derive(Clone)]
pub(crate) enum Code {
    Linked(Factory),
    Wasm {
        module: Arc<[u8]>,
        /// Whether instances come from the pool.
        pooling: bool,
    },
}

/// One plugin in one form.
pub(crate) struct Hosted {
    pub(crate) identity: String,
    pub(crate) code: Code,
    /// Who is told of the imports that a module calls.
    pub(crate) watch: Option<ImportWatch>,
    /// Compiled modules are kept here, so that a case does not compile.
    pub(crate) cache: Arc<tempfile::TempDir>,
}

impl Hosted {
    /// A host with the plugin and this configuration.
    ///
    /// # Errors
    /// Why the plugin is not live.
    pub(crate) fn start(&self, config: &str) -> Result<Host> {
        self.start_granted(&serde_json::from_str(config).unwrap(), None)
    }

    /// The same with grants of the operator.
    ///
    /// # Errors
    /// As [`Hosted::start`].
    pub(crate) fn start_granted(&self, config: &Value, grants: Option<&Value>) -> Result<Host> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut tree = serde_json::json!({ "config": config });
        if let Some(grants) = grants {
            tree["grants"] = grants.clone();
        }
        let clock = PluginClock::still();
        let (files, builtins, pooling) = match &self.code {
            Code::Linked(factory) => (Vec::new(), vec![*factory], true),
            Code::Wasm { module, pooling } => (vec![("p.wasm", &**module)], Vec::new(), *pooling),
        };
        let started = runtime.block_on(try_start(&files, builtins, |host| {
            host.configs.insert(self.identity.clone(), tree);
            host.required.push(self.identity.clone());
            host.cache_dir = Some(self.cache.path().to_owned());
            host.clock = clock.clone();
            host.watch = self.watch.clone();
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
            failures: (0, 0),
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

/// How the error begins of a hook that answered a failure.
pub(crate) const ANSWERED: &str = "the hook answered a failure";

/// A host with one plugin, and the runtime that it lives on.
pub(crate) struct Host {
    pub(crate) identity: String,
    pub(crate) rig: Rig,
    pub(crate) clock: PluginClock,
    rules: Vec<Rule>,
    rules_version: u64,
    /// Hooks known to have answered a failure, and known to have ended otherwise.
    failures: (u64, u64),
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
        let others = counters.unknown_table + counters.absent + trips;
        let before = std::mem::replace(&mut self.failures, (counters.failed, others));
        if before == self.failures {
            return Ok(());
        }
        let said = self.rig.lines.texts().last().cloned();
        let trip = status.trips.last().map(|trip| trip.reason.clone());
        let text = match before.0 == counters.failed {
            true => format!("the hook ended: {}", trip.or(said).unwrap_or_default()),
            false => format!("{ANSWERED}: {}", said.unwrap_or_default()),
        };
        Err(Error::new(text))
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
