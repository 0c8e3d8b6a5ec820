//! What a registry knows, handed out to its subscribers: the part that all registries have in common.
//! A registry puts up the whole view; the board finds each subscriber's part and tells those for whom it changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use wubbo_core::{Error, ErrorKind, Snapshot, Subscription, Url};

use crate::matching::{wants, wants_category};

/// Every entry by its interface.
pub(crate) type View = BTreeMap<String, Vec<Item>>;

/// One announced entry, or one that is there and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) category: String,
    pub(crate) url: Option<Url>,
}

/// The view and its subscribers.
#[derive(Debug, Default)]
pub(crate) struct Board {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// `None` until the registry was reached for the first time.
    view: Option<Arc<View>>,
    subscribers: Vec<Subscriber>,
}

#[derive(Debug)]
struct Subscriber {
    consumer: Url,
    snapshots: watch::Sender<Option<Arc<Snapshot>>>,
}

impl Board {
    /// Puts up a new view. Subscribers whose list did not change hear nothing.
    pub(crate) fn publish(&self, view: Arc<View>) {
        let mut state = self.lock();
        // A subscription that was dropped leaves here: at the latest with the next news.
        state
            .subscribers
            .retain(|subscriber| !subscriber.snapshots.is_closed());
        for subscriber in &state.subscribers {
            subscriber.tell(&view);
        }
        state.view = Some(view);
    }

    /// Adds a subscriber, who gets its first list at once if there is a view.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when `consumer` names no interface.
    pub(crate) fn subscribe(&self, consumer: &Url) -> Result<Subscription, Error> {
        if consumer.service().is_empty() {
            let message = format!("subscription {consumer:?}: names no interface");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let (snapshots, receiver) = watch::channel(None);
        let subscriber = Subscriber {
            consumer: consumer.clone(),
            snapshots,
        };
        let mut state = self.lock();
        if let Some(view) = &state.view {
            subscriber.tell(view);
        }
        state
            .subscribers
            .retain(|subscriber| !subscriber.snapshots.is_closed());
        state.subscribers.push(subscriber);
        Ok(Subscription::new(receiver, ()))
    }

    /// Ends all subscriptions.
    pub(crate) fn close(&self) {
        self.lock().subscribers.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    fn tell(&self, view: &View) {
        let snapshot = select(view, &self.consumer);
        self.snapshots.send_if_modified(|last| {
            let news = last.as_deref() != Some(&snapshot);
            if news {
                *last = Some(Arc::new(snapshot));
            }
            news
        });
    }
}

/// The part of `view` that `consumer` asks for, sorted by text; an entry announced by several owners once.
pub(crate) fn select(view: &View, consumer: &Url) -> Snapshot {
    let mut urls = Vec::new();
    let mut unreadable = 0;
    for item in shelves(view, consumer.service()).flatten() {
        match &item.url {
            Some(url) if wants(consumer, url, &item.category) => urls.push(url.clone()),
            Some(_) => {}
            None => unreadable += usize::from(wants_category(consumer, &item.category)),
        }
    }
    urls.sort_by_cached_key(Url::to_string);
    urls.dedup();
    Snapshot { urls, unreadable }
}

/// The entries of `interface` and those for every interface; all entries for `*`.
fn shelves<'view>(
    view: &'view View,
    interface: &str,
) -> Box<dyn Iterator<Item = &'view Vec<Item>> + 'view> {
    if interface == "*" {
        return Box::new(view.values());
    }
    Box::new([view.get(interface), view.get("*")].into_iter().flatten())
}

#[cfg(test)]
mod tests;
