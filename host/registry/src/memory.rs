//! The registry inside one process: for tests, demos and services that call each other within it.
//! All who open one name share it; an entry lives as long as the registry value that announced it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use wubbo_core::{BoxFuture, Error, ErrorKind, Registry, Subscription, Url};

use crate::board::{Board, Item, View};
use crate::matching::category;

/// A registry in this process. Values opened with one name see each other's entries at once.
///
/// Dropping a value takes its entries back and ends the subscriptions if it was the last one of its name.
#[derive(Debug)]
pub struct MemoryRegistry {
    url: Url,
    /// Tells the entries of this value from those of others with the same name.
    holder: u64,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    board: Board,
    entries: Mutex<Vec<(u64, Url)>>,
}

impl MemoryRegistry {
    /// Opens the registry `name` of this process, made by whoever opens it first.
    #[must_use]
    pub fn open(name: &str) -> Self {
        static HOLDERS: AtomicU64 = AtomicU64::new(0);
        Self {
            url: Url::builder().protocol("memory").host(name).build(),
            holder: HOLDERS.fetch_add(1, Ordering::Relaxed),
            shared: shared(name),
        }
    }

    /// With these parameters in its address.
    pub(crate) fn saying(mut self, parameters: Vec<(&str, &str)>) -> Self {
        self.url = self.url.with_params(parameters);
        self
    }
}

/// The one registry of this name; those that nobody holds any more leave with the next opening.
fn shared(name: &str) -> Arc<Shared> {
    static REGISTRIES: OnceLock<Mutex<HashMap<String, Weak<Shared>>>> = OnceLock::new();
    let mut registries = REGISTRIES
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    registries.retain(|_, registry| registry.strong_count() > 0);
    if let Some(found) = registries.get(name).and_then(Weak::upgrade) {
        return found;
    }
    let made = Arc::new(Shared::default());
    made.change(|_| ());
    registries.insert(name.to_owned(), Arc::downgrade(&made));
    made
}

impl Shared {
    /// Changes the entries and puts the new view up. Under one lock, so that views go up in the order of the changes.
    fn change(&self, change: impl FnOnce(&mut Vec<(u64, Url)>)) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut entries);
        let mut view = View::new();
        for (_, url) in entries.iter() {
            let item = Item {
                category: category(url).to_owned(),
                url: Some(url.clone()),
            };
            view.entry(url.service().to_owned()).or_default().push(item);
        }
        self.board.publish(Arc::new(view));
    }
}

impl Registry for MemoryRegistry {
    fn url(&self) -> &Url {
        &self.url
    }

    fn register<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if url.service().is_empty() {
                let message = format!("registration {url:?}: names no interface");
                return Err(Error::new(ErrorKind::Config, message));
            }
            let entry = (self.holder, url.clone());
            self.shared.change(|entries| {
                if !entries.contains(&entry) {
                    entries.push(entry);
                }
            });
            Ok(())
        })
    }

    fn unregister<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let entry = (self.holder, url.clone());
            self.shared
                .change(|entries| entries.retain(|other| *other != entry));
            Ok(())
        })
    }

    fn subscribe<'a>(&'a self, consumer: &'a Url) -> BoxFuture<'a, Result<Subscription, Error>> {
        Box::pin(async move { self.shared.board.subscribe(consumer) })
    }

    fn is_available(&self) -> bool {
        true
    }
}

impl Drop for MemoryRegistry {
    fn drop(&mut self) {
        self.shared
            .change(|entries| entries.retain(|(holder, _)| *holder != self.holder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[tokio::test]
    async fn conforms() {
        let open = async || Arc::new(MemoryRegistry::open("conformance")) as Arc<dyn Registry>;
        conformance::check("memory", open).await;
    }

    #[tokio::test]
    async fn names_are_apart() {
        let one = MemoryRegistry::open("one");
        let two = MemoryRegistry::open("two");
        one.register(&Url::parse("dubbo://h:1/a.B").unwrap())
            .await
            .unwrap();
        let consumer = Url::parse("consumer://c/a.B").unwrap();
        let mut subscription = two.subscribe(&consumer).await.unwrap();
        assert!(subscription.next().await.unwrap().urls.is_empty());
    }

    #[tokio::test]
    async fn a_name_that_nobody_holds_is_forgotten() {
        let first = MemoryRegistry::open("forgotten");
        let held = Arc::downgrade(&first.shared);
        drop(first);
        assert_eq!(held.strong_count(), 0);
    }
}
