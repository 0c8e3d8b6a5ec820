//! A generation as a [`Configurator`]. Off the call path: it waits for an instance where every one is in use.

use std::fmt;
use std::sync::Arc;

use wubbo_core::{Configurator, ConfigureSide, Url};
use wubbo_plugin_sdk::abi::commands::{Command, check};
use wubbo_plugin_sdk::abi::interest::Hook;

use crate::enter;
use crate::generation::Generation;
use crate::slots::{NoneFree, Tally};

/// One edition of a configurator.
pub(crate) struct PluginConfigurator {
    generation: Arc<Generation>,
}

impl PluginConfigurator {
    pub(crate) fn new(generation: Arc<Generation>) -> Self {
        Self { generation }
    }

    fn rewrite(&self, url: &Url, side: ConfigureSide) -> Result<Option<Url>, String> {
        let generation = &*self.generation;
        let taken = match generation.slots.take() {
            Ok(taken) => taken,
            Err(missing) => {
                let waited = (missing == NoneFree::Busy).then(|| generation.slots.wait_own());
                let taken = waited.flatten();
                taken.ok_or_else(|| generation.missing(missing).to_owned())?
            }
        };
        let hook = Hook::ConfigureUrl;
        let (taken, ()) = enter::run_on(generation, taken, hook, |seat| {
            seat.clear();
            seat.instance.configure(url, side, &mut seat.commands)
        })?;
        let Some(seat) = taken.as_ref().filter(|seat| !seat.commands.is_empty()) else {
            return Ok(None);
        };
        let reason = match check(&seat.commands, hook, generation.shared.write) {
            Ok(batch) => {
                let rewritten = batch
                    .iter()
                    .fold(url.to_builder(), |url, command| match command {
                        Command::SetParameter(key, value) => url.param(key, value),
                        Command::RemoveParameter(key) => url.without_param(key),
                        // The check lets nothing else through.
                        _ => url,
                    });
                Tally::add(&taken.tally().decided);
                return Ok(Some(rewritten.build()));
            }
            Err(bad) => bad.to_string(),
        };
        Err(enter::bad_answer(generation, taken, hook, reason))
    }
}

impl Configurator for PluginConfigurator {
    fn name(&self) -> &str {
        &self.generation.shared.manifest.name
    }

    fn configure(&self, url: &Url, side: ConfigureSide) -> Option<Url> {
        match self.rewrite(url, side) {
            Ok(rewritten) => rewritten,
            Err(reason) => {
                let text = format!("configure_url: {reason}; the url stays as it is");
                self.generation.shared.note(tracing::Level::WARN, &text);
                None
            }
        }
    }
}

impl fmt::Debug for PluginConfigurator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PluginConfigurator")
            .field("plugin", &self.generation.shared.label)
            .field("edition", &self.generation.edition)
            .finish_non_exhaustive()
    }
}
