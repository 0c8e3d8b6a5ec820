//! What an operator does to one plugin while calls run: go back to a kept generation, end a quarantine.

use std::sync::{Arc, PoisonError};

use super::PluginHost;
use crate::error::{PluginError, PluginErrorKind};
use crate::status::PluginStatus;
#[cfg(feature = "wasm")]
use crate::status::PluginsStatus;

impl PluginHost {
    /// Rolls the plugin of `identity`, such as `filter/token`, back to the generation that was live before the one that is, or to the
    /// kept one whose digest begins with `to`. It goes through the same pipeline as a new file, is published in one store, and stays,
    /// also after a restart, until the bytes or the configuration of the file change. Going to what the file itself gives ends it.
    /// Returns the plugin as it is then.
    ///
    /// # Errors
    /// Kind `Unknown`: no file gives such a plugin, or no such generation is kept. `Argument`: `to` is no digest. `Conflict`: a linked
    /// plugin, a file that is gone or disabled, no earlier generation, the one that is live already, several that fit, no directory
    /// for kept generations. `Damaged`: what is kept cannot be believed. Else as a file that is refused; what is live stays.
    ///
    /// # Cancel safety
    /// It may have been rolled back or not, or be rolled back later.
    pub async fn roll_back(
        &self,
        identity: &str,
        to: Option<&str>,
    ) -> Result<PluginStatus, PluginError> {
        #[cfg(feature = "wasm")]
        if let Some(roll_backs) = &self.roll_backs {
            roll_backs.ask(identity, to).await?;
            return self.plugin(identity);
        }
        self.plugin(identity)?;
        let wanted = to.unwrap_or("an earlier generation");
        let text = format!("{identity}: cannot go back to {wanted}: there is no plugin directory");
        Err(PluginError::new(PluginErrorKind::Conflict, text))
    }

    /// Ends the quarantine of a plugin: its failures are forgotten and every instance is made anew at once. Returns the plugin as it
    /// is then; the instances may still be on their way.
    ///
    /// # Errors
    /// Kind `Unknown`: there is no such plugin. `Conflict`: it is not in quarantine.
    pub async fn clear_quarantine(&self, identity: &str) -> Result<PluginStatus, PluginError> {
        let (inner, asked) = (Arc::clone(&self.inner), identity.to_owned());
        let cleared = tokio::task::spawn_blocking(move || {
            // While the rules change, another edition may be about to take the place and the health of this one.
            let changes = &inner.workshop.changes;
            let _alone = changes.lock().unwrap_or_else(PoisonError::into_inner);
            let generation = inner.book().generation(&asked);
            generation.map(|generation| generation.forgive())
        });
        let cleared = cleared.await.map_err(|error| {
            PluginError::new(PluginErrorKind::Engine, format!("{identity}: {error}"))
        })?;
        match cleared {
            Some(true) => self.plugin(identity),
            Some(false) => {
                let text = format!("{identity} is not in quarantine");
                Err(PluginError::new(PluginErrorKind::Conflict, text))
            }
            None => Err(unknown(identity)),
        }
    }

    /// The state of one plugin now.
    ///
    /// # Errors
    /// Kind `Unknown`: there is no such plugin.
    pub fn plugin(&self, identity: &str) -> Result<PluginStatus, PluginError> {
        let plugins = self.status().plugins.into_iter();
        let mut found = plugins.filter(|plugin| plugin.identity == identity);
        found.next().ok_or_else(|| unknown(identity))
    }

    /// Adds what the engine counts, and what is kept on disk.
    #[cfg(feature = "wasm")]
    pub(super) fn with_wasm(&self, mut status: PluginsStatus) -> PluginsStatus {
        if let Some(engine) = &self.inner.engine {
            status.memory_bytes = engine.memory_used();
            status.pooling = engine.pooling();
            status.compilations = engine.compilations();
        }
        if let Some(archive) = &self.inner.archive {
            status.archive = Some(archive.status());
            for plugin in &mut status.plugins {
                plugin.kept = archive.report(&plugin.identity, plugin.digest.as_deref());
            }
        }
        status
    }
}

fn unknown(identity: &str) -> PluginError {
    let text = format!("{identity}: there is no such plugin");
    PluginError::new(PluginErrorKind::Unknown, text)
}
