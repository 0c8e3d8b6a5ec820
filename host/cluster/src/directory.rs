//! The live list of a service's providers, as registries announce them.

use std::sync::Arc;
use std::time::Duration;

use wubbo_core::{Directory, Protocol, ProviderList, Url};

use crate::announcements::Announcements;
use crate::build::ListBuilder;
use crate::context::DirectoryContext;
use crate::live::{LiveList, Source};

/// Follows the subscriptions of one service. Send + Sync; dropping it ends them.
#[derive(Debug)]
pub struct RegistryDirectory {
    url: Url,
    registry: String,
    live: LiveList,
}

impl RegistryDirectory {
    /// Follows `announcements` for the reference `url`; a provider that several registries announce is one. Entries of protocols that
    /// are not among `protocols` are skipped and counted, and with `skip_gateways` so are entries that a gateway registered (spec
    /// GW-2). Must be called on a tokio runtime.
    #[must_use]
    pub fn new(
        url: Url,
        protocols: &[Arc<dyn Protocol>],
        skip_gateways: bool,
        context: DirectoryContext,
        announcements: Announcements,
    ) -> Self {
        let builder = ListBuilder::new(url.clone(), protocols, skip_gateways);
        Self {
            url,
            registry: announcements.registries(),
            live: LiveList::start(builder, context, Source::Registries(announcements)),
        }
    }

    /// Waits for the first list, for `limit` at most; whether it is there.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn wait_ready(&self, limit: Duration) -> bool {
        self.live.wait_ready(limit).await
    }
}

impl Directory for RegistryDirectory {
    fn url(&self) -> &Url {
        &self.url
    }

    fn registry(&self) -> &str {
        &self.registry
    }

    fn list(&self) -> Arc<ProviderList> {
        self.live.list()
    }
}
