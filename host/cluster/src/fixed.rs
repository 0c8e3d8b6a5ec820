//! A list of providers that somebody wrote down.

use std::sync::Arc;

use wubbo_core::{Directory, Protocol, ProviderList, Url};

use crate::build::ListBuilder;

/// Providers by direct URL. Send + Sync.
#[derive(Debug)]
pub struct StaticDirectory {
    url: Url,
    list: Arc<ProviderList>,
}

impl StaticDirectory {
    /// The providers at `providers` for the reference `url`. What cannot be called is skipped and counted, as in a registry's list.
    #[must_use]
    pub fn new(url: Url, providers: &[Url], protocols: &[Arc<dyn Protocol>]) -> Self {
        let list = ListBuilder::new(url.clone(), protocols, false).build(providers);
        Self {
            url,
            list: Arc::new(list),
        }
    }
}

impl Directory for StaticDirectory {
    fn url(&self) -> &Url {
        &self.url
    }

    fn registry(&self) -> &str {
        ""
    }

    fn list(&self) -> Arc<ProviderList> {
        self.list.clone()
    }
}
