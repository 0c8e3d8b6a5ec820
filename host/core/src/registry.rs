//! Where providers are announced and found.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::{BoxFuture, Error, Url, keys};

/// The full list that a subscriber sees at one moment. An empty one says that there is no provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Every entry that matches the subscription, in a stable order.
    pub urls: Vec<Url>,
    /// Entries that could not be read, with the reason; already logged by the registry.
    pub unreadable: usize,
}

/// A stream of [`Snapshot`]s: the latest one wins, none is queued. Dropping it ends the subscription.
pub struct Subscription {
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    started: bool,
    _guard: Box<dyn Any + Send + Sync>,
}

impl Subscription {
    /// A subscription fed by the sender of `snapshots`; `guard` is dropped with it. The channel holds `None` until the first list is
    /// known, and its sender says nothing during an outage.
    pub fn new(
        snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
        guard: impl Any + Send + Sync,
    ) -> Self {
        Self {
            snapshots,
            started: false,
            _guard: Box::new(guard),
        }
    }

    /// Waits for the next list that was not seen yet; at first, for the first. `None` when the registry was closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn next(&mut self) -> Option<Arc<Snapshot>> {
        if !self.started {
            self.started = true;
            self.snapshots.mark_changed();
        }
        loop {
            self.snapshots.changed().await.ok()?;
            let latest = self.snapshots.borrow_and_update().clone();
            if latest.is_some() {
                return latest;
            }
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("latest", &*self.snapshots.borrow())
            .finish()
    }
}

/// What tells the registry at `url` from others, for logs, errors and whatever is kept for each: protocol, address or path, and the root
/// that its servers are asked for (`group`). Nothing secret is in it.
#[must_use]
pub fn registry_name(url: &Url) -> String {
    // A file registry has a path and no address.
    let place = if url.host().is_empty() {
        ""
    } else {
        url.location().trim_end_matches(':')
    };
    let mut name = format!("{}://{place}{}", url.protocol(), url.path());
    if let Some(root) = url.get(keys::GROUP) {
        name.push_str("?group=");
        name.push_str(root);
    }
    name
}

/// A registry: memory, file, ZooKeeper and so on. Object safe, Send + Sync.
///
/// Called at start-up, at shutdown and on demand when a reference is made; never per call.
pub trait Registry: Send + Sync + fmt::Debug {
    /// The registry's own URL, its address as an operator wrote it.
    fn url(&self) -> &Url;

    /// Announces `url` until [`Registry::unregister`], or until this process dies. Announcing an entry again is no error.
    ///
    /// # Errors
    /// The registry cannot be written now; the caller may try again.
    fn register<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<(), Error>>;

    /// Takes `url` back. An entry that is not there is no error.
    ///
    /// # Errors
    /// The registry cannot be written now.
    fn unregister<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<(), Error>>;

    /// Follows the entries that `consumer` asks for (`consumer://host/interface?group=..&version=..&category=..`).
    ///
    /// # Errors
    /// The subscription cannot be made at all, such as a URL without an interface. An outage is no error: the first list comes
    /// when the registry is back.
    fn subscribe<'a>(&'a self, consumer: &'a Url) -> BoxFuture<'a, Result<Subscription, Error>>;

    /// Whether the registry can be reached now.
    fn is_available(&self) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_told_apart() {
        for (url, name) in [
            ("file:///a/registry", "file:///a/registry"),
            ("file:///b/registry", "file:///b/registry"),
            ("memory://one", "memory://one"),
            (
                "zookeeper://me:secret@h1:2181?timeout=5s",
                "zookeeper://h1:2181",
            ),
            (
                "zookeeper://h1:2181?group=shop",
                "zookeeper://h1:2181?group=shop",
            ),
            ("etcd://h1:2379", "etcd://h1:2379"),
        ] {
            assert_eq!(registry_name(&Url::parse(url).unwrap()), name);
        }
    }

    #[tokio::test]
    async fn the_latest_list_wins_and_none_is_seen_twice() {
        let (sender, receiver) = watch::channel(None);
        let mut subscription = Subscription::new(receiver, ());
        let list = |unreadable| {
            Some(Arc::new(Snapshot {
                urls: vec![],
                unreadable,
            }))
        };
        sender.send_replace(list(1));
        sender.send_replace(list(2));
        assert_eq!(
            subscription
                .next()
                .await
                .map(|snapshot| snapshot.unreadable),
            Some(2)
        );
        sender.send_replace(list(3));
        assert_eq!(
            subscription
                .next()
                .await
                .map(|snapshot| snapshot.unreadable),
            Some(3)
        );
        drop(sender);
        assert!(subscription.next().await.is_none());
    }

    #[tokio::test]
    async fn a_list_from_before_the_subscription_is_seen() {
        let (_sender, receiver) = watch::channel(Some(Arc::new(Snapshot::default())));
        assert!(Subscription::new(receiver, ()).next().await.is_some());
    }
}
