//! The live list of a service's providers, as a registry announces them.

use std::sync::Arc;
use std::time::Duration;

use wubbo_core::{Directory, Protocol, ProviderList, Subscription, Url};

use crate::build::ListBuilder;
use crate::context::DirectoryContext;
use crate::live::{LiveList, Source};

/// Follows one subscription. Send + Sync; dropping it ends the subscription.
#[derive(Debug)]
pub struct RegistryDirectory {
    url: Url,
    registry: String,
    live: LiveList,
}

impl RegistryDirectory {
    /// Follows `subscription` for the reference `url`; `registry` is named in errors. Entries of protocols that are not among
    /// `protocols` are skipped and counted, and with `skip_gateways` so are entries that a gateway registered (spec GW-2).
    /// Must be called on a tokio runtime.
    #[must_use]
    pub fn new(
        url: Url,
        registry: &Url,
        protocols: &[Arc<dyn Protocol>],
        skip_gateways: bool,
        context: DirectoryContext,
        subscription: Subscription,
    ) -> Self {
        // A file registry has a path and no address.
        let place = if registry.host().is_empty() {
            ""
        } else {
            registry.location()
        };
        let builder = ListBuilder::new(url.clone(), protocols, skip_gateways);
        Self {
            url,
            registry: format!("{}://{place}{}", registry.protocol(), registry.path()),
            live: LiveList::start(builder, context, Source::Registry(subscription)),
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
