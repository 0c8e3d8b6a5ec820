//! A registry at a server that keeps a tree of nodes and sessions that own some of them, in Dubbo's own layout: what ZooKeeper and
//! etcd have in common.
//!
//! A node per entry, bound to our session: it goes with this process. One connection per cluster serves every registry value
//! that names it ([`link`]); every wanted node has a task that keeps it ([`node`]), every directory that somebody subscribed to
//! one that reads it ([`follow`]). An outage stops none of them and tells subscribers nothing.

pub(crate) mod backend;
mod config_center;
mod follow;
pub(crate) mod link;
pub(crate) mod node;
pub(crate) mod path;
mod registrar;
pub(crate) mod settings;
mod shared;
mod shelf;
mod shelves;
mod simplified;
pub(crate) mod tls;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use wubbo_core::{BoxFuture, Error, ErrorKind, Registry, Subscription, Tasks, Url, keys};

use self::backend::Backend;
pub(crate) use self::config_center::TreeConfigCenter;
use self::node::Node;
use self::settings::{REGISTRY, Settings};
use self::shared::Shared;
use crate::last_lists::LastLists;

/// Whether an entry lives with its process; default `true` (Dubbo Java `RegistryConstants.DYNAMIC_KEY`).
const DYNAMIC: &str = "dynamic";
/// Whether a registration must succeed at once; default `true` (Dubbo Java `CommonConstants.CHECK_KEY`).
const CHECK: &str = "check";

/// How long a subscriber waits for a first connection before it gets the list of a former life. References wait three times
/// as long for their first list.
const OFFER_AFTER: Duration = Duration::from_secs(1);

/// A registry at a cluster of servers.
///
/// Dropping the value takes its entries back and ends its subscriptions. The session is closed with the last value of a cluster;
/// when the runtime ends first, the entries stay for the session's time-out.
#[derive(Debug)]
pub(crate) struct TreeRegistry<B: Backend> {
    url: Url,
    settings: Settings,
    /// Tells what this value announced and subscribed to from that of others with the same connection.
    holder: u64,
    shared: Arc<Shared<B>>,
    last_lists: Option<Arc<LastLists>>,
    /// Offers of last lists that may become due; dropped with this value.
    offers: Tasks,
}

impl<B: Backend> TreeRegistry<B> {
    /// Opens the registry that `address` names, such as `zookeeper://h1:2181?backup=h2:2181,h3:2181`. It is connected in the
    /// background. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the address cannot be one. A cluster that is out of reach now is no error.
    pub(crate) fn open(address: &str) -> Result<Self, Error> {
        let (url, settings) = settings::read::<B>(REGISTRY, address)?;
        let (shared, holder) = Shared::of(&settings.cluster);
        let last_lists = settings.file.as_deref().map(LastLists::open);
        Ok(Self {
            url,
            settings,
            holder,
            shared,
            last_lists: last_lists.map(Arc::new),
            offers: Tasks::new("registry last lists"),
        })
    }

    /// Whether [`TreeRegistry::open`] takes `address`; nothing is connected.
    ///
    /// # Errors
    /// As [`TreeRegistry::open`].
    pub(crate) fn check(address: &str) -> Result<(), Error> {
        settings::read::<B>(REGISTRY, address).map(|_| ())
    }

    /// `url` as it is announced.
    fn announced(&self, url: &Url) -> Url {
        let consumer = url.protocol() == "consumer";
        let url = if consumer && url.get(keys::CATEGORY).is_none() {
            url.with_params([(keys::CATEGORY, "consumers"), (CHECK, "false")])
        } else {
            url.clone()
        };
        if self.settings.simplified {
            simplified::simplified(&url, &self.settings.extra_keys)
        } else {
            url
        }
    }

    fn node(&self, url: &Url) -> Result<Node, Error> {
        let root = &self.settings.root;
        let url = self.announced(url);
        let (directory, name) = root.entry(&url).map_err(|cause| {
            Error::new(ErrorKind::Config, format!("registration {url:?}: {cause}"))
        })?;
        // As in dubbo-go: whoever looks for the providers finds their directory, even before the first is there.
        let providers = root.directory(url.service(), path::PROVIDERS);
        let further = (url.protocol() == "consumer" && providers != directory).then_some(providers);
        Ok(Node {
            directory,
            name,
            further: further.into_iter().collect(),
            stays: !url.get_bool(DYNAMIC, true),
        })
    }

    /// Lets a subscriber start with the list of a former life when the registry stays out of reach.
    fn offer(&self, id: u64, consumer: Url, last_lists: Arc<LastLists>) {
        let (shelves, link) = (Arc::clone(&self.shared.shelves), self.shared.link.clone());
        self.offers.spawn(async move {
            sleep(OFFER_AFTER).await;
            if link.is_live() {
                return;
            }
            if let Some(urls) = last_lists.get(&consumer).await {
                let (service, entries) = (consumer.service(), urls.len());
                tracing::warn!(
                    service,
                    entries,
                    "registry out of reach, its last list is taken from the file"
                );
                shelves.offer(id, urls);
            }
        });
    }

    fn limit(&self) -> Duration {
        self.shared.link.patience(self.settings.timeout)
    }

    fn failed(&self, what: &str, url: &Url, reason: &str) -> Error {
        let registry = &self.url;
        let message = format!("registry {registry:?}: cannot {what} {url:?}: {reason}");
        Error::new(ErrorKind::Registry, message)
    }
}

impl<B: Backend> Registry for TreeRegistry<B> {
    fn url(&self) -> &Url {
        &self.url
    }

    fn register<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let node = self.node(url)?;
            let path = node.path();
            let registrar = &self.shared.registrar;
            let limit = self.limit();
            let Err(reason) = registrar.announce(self.holder, node, limit).await else {
                return Ok(());
            };
            let error = self.failed("register", url, &reason);
            let check = self.settings.check && url.get_bool(CHECK, true);
            if check && url.protocol() != "consumer" {
                registrar.cancel(self.holder, &path);
                return Err(error);
            }
            tracing::warn!(%error, "registry entry is made later");
            Ok(())
        })
    }

    fn unregister<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let path = self.node(url)?.path();
            let registrar = &self.shared.registrar;
            let withdrawn = registrar.withdraw(self.holder, &path, self.limit());
            withdrawn
                .await
                .map_err(|reason| self.failed("unregister", url, &reason))
        })
    }

    fn subscribe<'a>(&'a self, consumer: &'a Url) -> BoxFuture<'a, Result<Subscription, Error>> {
        Box::pin(async move {
            let shelves = &self.shared.shelves;
            let (root, last_lists) = (&self.settings.root, self.last_lists.clone());
            let (subscription, id) =
                shelves.subscribe(self.holder, root, consumer, last_lists.clone())?;
            if let Some(last_lists) = last_lists {
                self.offer(id, consumer.clone(), last_lists);
            }
            Ok(subscription)
        })
    }

    fn is_available(&self) -> bool {
        self.shared.link.is_live()
    }
}

impl<B: Backend> Drop for TreeRegistry<B> {
    fn drop(&mut self) {
        self.shared.registrar.end(self.holder);
        self.shared.shelves.end(self.holder);
    }
}

#[cfg(test)]
mod tests;
