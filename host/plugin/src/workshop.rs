//! Makes generations: everything that all of them have in common, handed to the pieces that start one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use wubbo_plugin_sdk::Manifest;
use wubbo_plugin_sdk::native::Factory;

use crate::book::Live;
use crate::config::PluginsConfig;
use crate::definition::Given;
use crate::error::{PluginError, PluginErrorKind};
use crate::generation::{Form, Generation, Making, Placement};
use crate::keeper::Keeper;
use crate::log::LogSink;
use crate::news::News;
use crate::rules::Rules;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::state::States;
use crate::status::Origin;
use crate::tables::Tables;

/// What every generation is made with.
pub(crate) struct Workshop {
    pub(crate) config: PluginsConfig,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) keeper: Keeper,
    pub(crate) news: News,
    pub(crate) states: States,
    pub(crate) tables: Arc<Tables>,
    pub(crate) rules: Rules,
    /// Held while generations or editions are made and published: one change of the set at a time. By threads that may block.
    pub(crate) changes: Mutex<()>,
    /// The last generation number of each identity.
    numbers: Mutex<BTreeMap<String, u64>>,
}

impl Workshop {
    pub(crate) fn new(
        config: PluginsConfig,
        log: Arc<dyn LogSink>,
        keeper: Keeper,
        tables: Arc<Tables>,
        news: News,
    ) -> Self {
        Self {
            config,
            log,
            keeper,
            news,
            tables,
            states: States::default(),
            rules: Rules::new(),
            changes: Mutex::new(()),
            numbers: Mutex::default(),
        }
    }

    /// Starts a generation: canary, self-test, every slot warm. `before` is the one whose place it is to take.
    ///
    /// # Errors
    /// As [`Generation::start`].
    pub(crate) fn make(
        &self,
        manifest: Manifest,
        settings: &Settings,
        form: Form,
        digest: Option<[u8; 32]>,
        before: Option<&Generation>,
    ) -> Result<Arc<Generation>, PluginError> {
        settings.fit(&manifest)?;
        let identity = manifest.identity();
        let number = {
            let numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
            numbers.get(&identity).copied().unwrap_or(0) + 1
        };
        let placement = Placement {
            order: settings.order.unwrap_or(manifest.order),
            side: settings.side.unwrap_or(manifest.side),
            stage: settings.stage.unwrap_or(manifest.stage),
            applies: settings.applies.clone(),
        };
        let state = self.states.of(&identity, manifest.state_version);
        let last_good = before.map(|before| Arc::clone(&before.shared.last_good));
        let clock = self.config.clock.clone();
        let shared = Shared::new(
            manifest,
            settings,
            number,
            state,
            last_good.unwrap_or_default(),
            clock,
            Arc::clone(&self.log),
        );
        let generation = Generation::start(Making {
            identity: identity.as_str().into(),
            number,
            shared,
            form,
            placement,
            digest,
            slots: self.config.slots(),
            keeper: self.keeper.clone(),
            news: self.news.clone(),
            tables: Arc::clone(&self.tables),
            rules: self.rules.applied(),
            before: before.map(Generation::accepted),
        })?;
        // A generation that did not start has no number: the live ones count 1, 2, 3.
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.insert(identity, number);
        Ok(generation)
    }

    /// The settings that the host's configuration holds for a linked plugin.
    fn settings_of(&self, manifest: &Manifest) -> Result<Settings, PluginError> {
        let tree = self.config.configs.get(&manifest.identity());
        let given = tree.map_or(Given::Nothing, |tree| Given::Host(tree.clone()));
        Settings::of(&given, manifest)
    }

    /// Starts the linked plugins.
    ///
    /// # Errors
    /// The first that has a bad manifest or configuration, or whose identity another one has.
    pub(crate) fn builtins(
        &self,
        factories: &[Factory],
    ) -> Result<BTreeMap<String, Live>, PluginError> {
        let mut builtins = BTreeMap::new();
        for factory in factories {
            let manifest = Manifest::parse(factory.manifest);
            let manifest = manifest.map_err(|error| {
                PluginError::new(PluginErrorKind::Check, format!("a linked plugin: {error}"))
            })?;
            let identity = manifest.identity();
            if builtins.contains_key(&identity) {
                return Err(PluginError::new(
                    PluginErrorKind::Duplicate,
                    format!("{identity} is linked twice"),
                ));
            }
            let settings = self.settings_of(&manifest)?;
            if settings.disabled {
                continue;
            }
            let generation = self.make(
                manifest,
                &settings,
                Form::Native(factory.create),
                None,
                None,
            );
            let generation = generation.map_err(|error| error.of(&identity))?;
            let live = Live {
                generation,
                origin: Origin::Builtin,
                file: None,
                sha256: None,
                swap_ms: None,
                cached: false,
                rolled_back: None,
            };
            builtins.insert(identity, live);
        }
        Ok(builtins)
    }
}
