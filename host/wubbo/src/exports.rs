//! What this process exports, as the override rules want it: a rule that changes a service's URL changes it under the running listener,
//! and its entries are made anew (spec/30 section 6.4). Connections and calls in flight notice nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;
use wubbo_cluster::{ConfigurationWatch, configure};
use wubbo_core::{ConfigureSide, Error, PolicySet, PolicySlot, Registry, Slot, Tasks, Url};

use crate::publish::Published;

/// When a registry that refused an entry is asked again.
const AGAIN: Duration = Duration::from_secs(3);
/// How long taking the entries back may take; a registry that is out of reach forgets them by itself.
const WITHDRAW_MAX: Duration = Duration::from_secs(15);

/// A service at one listener.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    /// Its URL as the program wants it.
    offered: Url,
    /// The same as the rules want it.
    url: Arc<Slot<Url>>,
}

impl Export {
    /// An export of the service that `offered` names, as no rule changed it yet.
    #[must_use]
    pub(crate) fn new(offered: Url) -> Self {
        Self {
            url: Arc::new(Slot::new(offered.clone())),
            offered,
        }
    }

    /// Where calls find its URL.
    #[must_use]
    pub(crate) fn url(&self) -> &Arc<Slot<Url>> {
        &self.url
    }

    /// Says where consumers reach it, now that it is bound.
    pub(crate) fn bound(&mut self, at: &Url) {
        let offered = self.offered.with_host(at.host());
        self.offered = match at.port() {
            Some(port) => offered.with_port(port),
            None => offered,
        };
        self.url.publish(Arc::new(self.offered.clone()));
    }

    /// What a rule is about: the service as it was offered.
    #[must_use]
    pub(crate) fn offered(&self) -> &Url {
        &self.offered
    }

    /// What registries are told; parameters that begin with a dot are this process's own (V-PROTO-11).
    fn announced(&self) -> Url {
        self.url.load().without_params_prefixed(".")
    }

    /// Follows the configurators of `policies`.
    async fn follow(&self, policies: &Arc<PolicySet>) {
        let side = ConfigureSide::Provider;
        let interface = self.offered.service_key().interface();
        let one = move |url: &Url, policies: &PolicySet| policies.configured(url, side);
        let urls = vec![self.offered.clone()];
        let configured = configure(urls, interface, side, policies, one).await.pop();
        if let Some(url) = configured.filter(|url| *url != *self.url.load()) {
            tracing::info!(service = %self.offered.service_key(), %url, "service exported anew");
            self.url.publish(Arc::new(url));
        }
    }
}

/// Everything that is exported, its entries at the registries, and the task that keeps both. Dropping it ends the task and leaves the
/// entries to the registries.
#[derive(Debug)]
pub(crate) struct Exports {
    stop: Option<oneshot::Sender<()>>,
    keeper: Tasks,
}

impl Exports {
    /// Lets the rules change `exports`, announces them at `registries`, and keeps them so. `configuration` tells that configurators
    /// or their rules are others.
    ///
    /// # Errors
    /// A registry cannot be written; what was announced is left to the registries' values.
    pub(crate) async fn start(
        exports: Vec<Export>,
        registries: &[Arc<dyn Registry>],
        policies: Arc<PolicySlot>,
        configuration: ConfigurationWatch,
    ) -> Result<Self, Error> {
        let mut keeper = Keeper {
            exports,
            published: Published::default(),
            policies,
            configuration,
        };
        keeper.configure().await;
        for registry in registries {
            for export in &keeper.exports {
                let url = export.announced();
                keeper.published.announce(registry, url).await?;
            }
        }
        let (stop, stopped) = oneshot::channel();
        let tasks = Tasks::new("exports");
        tasks.spawn(keeper.run(stopped));
        Ok(Self {
            stop: Some(stop),
            keeper: tasks,
        })
    }

    /// Takes every entry back.
    pub(crate) async fn withdraw(&mut self) {
        // The task is gone only when it panicked, which is in the log.
        let _gone = self.stop.take().map(|stop| stop.send(()));
        self.keeper.join(WITHDRAW_MAX).await;
    }
}

struct Keeper {
    exports: Vec<Export>,
    published: Published,
    policies: Arc<PolicySlot>,
    configuration: ConfigurationWatch,
}

impl Keeper {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut late = false;
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                () = self.configuration.changed() => self.configure().await,
                () = sleep(AGAIN), if late => {}
            }
            late = !self.announce_anew().await;
        }
        self.published.withdraw().await;
    }

    async fn configure(&self) {
        let policies = self.policies.load();
        for export in &self.exports {
            export.follow(&policies).await;
        }
    }

    /// Whether every registry now has every entry as it is to be.
    async fn announce_anew(&mut self) -> bool {
        let mut done = true;
        for export in &self.exports {
            done &= self.published.renew(&export.announced()).await;
        }
        done
    }
}

#[cfg(test)]
mod tests;
