//! A generation as a [`Configurator`]. Off the call path: it waits for an instance where every one is in use. When it fails, what it
//! last did to the URL is done again.

mod last_good;

use std::fmt;
use std::sync::Arc;

use wubbo_core::{Configurator, ConfigureSide, Url};
use wubbo_plugin_sdk::abi::commands::{Command, check};
use wubbo_plugin_sdk::abi::interest::Hook;

use crate::enter;
use crate::generation::Generation;
use crate::slots::{NoneFree, Tally};
use last_good::{Changes, apply};

pub(crate) use last_good::LastGood;

/// One edition of a configurator.
pub(crate) struct PluginConfigurator {
    generation: Arc<Generation>,
}

impl PluginConfigurator {
    pub(crate) fn new(generation: Arc<Generation>) -> Self {
        Self { generation }
    }

    /// What the plugin wants changed.
    fn ask(&self, url: &Url, side: ConfigureSide) -> Result<Changes, String> {
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
            return Ok(Changes::new());
        };
        let reason = match check(&seat.commands, hook, generation.shared.write) {
            Ok(batch) => {
                let changes = batch.iter().filter_map(|command| match command {
                    Command::SetParameter(key, value) => {
                        Some((key.to_owned(), Some(value.to_owned())))
                    }
                    Command::RemoveParameter(key) => Some((key.to_owned(), None)),
                    // The check lets nothing else through.
                    _ => None,
                });
                Tally::add(&taken.tally().decided);
                return Ok(changes.collect());
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
        let shared = &self.generation.shared;
        match self.ask(url, side) {
            Ok(changes) => {
                let rewritten = (!changes.is_empty()).then(|| apply(url, &changes));
                shared.last_good.note(url, side, changes);
                rewritten
            }
            Err(reason) => {
                let last = shared.last_good.of(url, side);
                let instead = match &last {
                    Some(_) => "the url is configured as it was",
                    None => "the url stays as it is",
                };
                let text = format!("configure_url: {reason}; {instead}");
                shared.note(tracing::Level::WARN, &text);
                let last = last.filter(|changes| !changes.is_empty())?;
                Some(apply(url, &last))
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
