//! The registries of this process, opened once and shared by services and references.

use std::collections::BTreeMap;
use std::sync::Arc;

use wubbo_core::{Error, ErrorKind, Registry};

/// Open registries by the names that the configuration gives them.
#[derive(Debug, Default)]
pub(crate) struct Registries {
    open: BTreeMap<String, Arc<dyn Registry>>,
}

impl Registries {
    /// Opens the registry at `address` (`file:./registry`, `memory://name`) under `name`.
    ///
    /// # Errors
    /// The address is of no known form, or the registry cannot be started.
    pub(crate) async fn open(
        &mut self,
        name: &str,
        address: &str,
    ) -> Result<Arc<dyn Registry>, Error> {
        let registry = wubbo_registry::open(address).await?;
        self.open.insert(name.to_owned(), registry.clone());
        Ok(registry)
    }

    /// The registry that was opened as `name`.
    ///
    /// # Errors
    /// There is none; the message lists the names.
    pub(crate) fn named(&self, name: &str) -> Result<Arc<dyn Registry>, Error> {
        self.open.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.open.keys().map(String::as_str).collect();
            Error::new(
                ErrorKind::Config,
                format!("no registry is named {name}; known: {}", known.join(", ")),
            )
        })
    }
}
