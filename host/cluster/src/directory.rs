//! The live list of a service's providers, as a registry announces them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use wubbo_core::{Directory, Protocol, ProviderList, Slot, Subscription, Tasks, Url};

use crate::build::ListBuilder;

/// Follows one subscription. Send + Sync; dropping it ends the subscription.
#[derive(Debug)]
pub struct RegistryDirectory {
    url: Url,
    registry: String,
    list: Arc<Slot<ProviderList>>,
    ready: watch::Receiver<bool>,
    _follower: Tasks,
}

impl RegistryDirectory {
    /// Follows `subscription` for the reference `url`; `registry` is named in errors. Entries of protocols that are not among
    /// `protocols` are skipped and counted, and with `skip_gateways` so are entries that a gateway registered (spec GW-2).
    #[must_use]
    pub fn new(
        url: Url,
        registry: &Url,
        protocols: &[Arc<dyn Protocol>],
        skip_gateways: bool,
        mut subscription: Subscription,
    ) -> Self {
        let list = Arc::new(Slot::new(ProviderList::default()));
        let (first, ready) = watch::channel(false);
        let mut builder = ListBuilder::new(url.clone(), protocols, skip_gateways);
        let follower = Tasks::new("directory");
        let (slot, service) = (list.clone(), url.service_key().clone());
        follower.spawn(async move {
            // An outage says nothing, so the last list stays; the loop ends when the registry is closed.
            while let Some(snapshot) = subscription.next().await {
                let mut next = builder.build(&snapshot.urls);
                next.skipped += snapshot.unreadable;
                let (providers, skipped) = (next.invokers.len(), next.skipped);
                tracing::info!(%service, providers, skipped, "provider list changed");
                slot.publish(Arc::new(next));
                first.send_replace(true);
            }
        });
        // A file registry has a path and no address.
        let place = if registry.host().is_empty() {
            ""
        } else {
            registry.location()
        };
        let registry = format!("{}://{place}{}", registry.protocol(), registry.path());
        Self {
            url,
            registry,
            list,
            ready,
            _follower: follower,
        }
    }

    /// Waits for the first list, for `limit` at most; whether it is there.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn wait_ready(&self, limit: Duration) -> bool {
        let mut ready = self.ready.clone();
        // The sender is gone only with the directory, whose list is then as good as it gets.
        timeout(limit, ready.wait_for(|ready| *ready))
            .await
            .is_ok_and(|waited| waited.is_ok())
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
        self.list.load()
    }
}
