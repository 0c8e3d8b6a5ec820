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

    /// The registries that were opened as `names`, in that order.
    ///
    /// # Errors
    /// There is no such one; the message lists the names.
    pub(crate) fn named(&self, names: &[String]) -> Result<Vec<Arc<dyn Registry>>, Error> {
        let one = |name: &String| {
            self.open.get(name).cloned().ok_or_else(|| {
                let known: Vec<&str> = self.open.keys().map(String::as_str).collect();
                let known = known.join(", ");
                let message = format!("no registry is named {name}; known: {known}");
                Error::new(ErrorKind::Config, message)
            })
        };
        names.iter().map(one).collect()
    }
}
