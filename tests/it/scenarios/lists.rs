//! Every list that a consumer was given, with its time: of a subscription over the consumer's own session.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wubbo::core::{Registry, Tasks};

use super::scene::SERVICE;

/// One list, as sorted texts of its URLs.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) at: Instant,
    pub(super) urls: Vec<String>,
}

/// The lists so far. Dropping it ends the subscription.
pub(super) struct Lists {
    seen: Arc<Mutex<Vec<List>>>,
    registry: Arc<dyn Registry>,
    _keeper: Tasks,
}

impl List {
    /// Whether a provider at `location`, such as `127.0.0.1:20880`, is in it.
    pub(super) fn has(&self, location: &str) -> bool {
        self.at(location).next().is_some()
    }

    /// The entries of dubbo providers at `location`.
    pub(super) fn at<'a>(&'a self, location: &str) -> impl Iterator<Item = &'a String> {
        let start = format!("dubbo://{location}/");
        self.urls.iter().filter(move |url| url.starts_with(&start))
    }

    /// How many can be called.
    pub(super) fn callable(&self) -> usize {
        self.urls
            .iter()
            .filter(|url| url.starts_with("dubbo://"))
            .count()
    }
}

impl Lists {
    /// Subscribes to the demo service at `address`.
    pub(super) async fn of(address: &str) -> Self {
        let registry = wubbo_registry::open(address).await.unwrap();
        let consumer = format!("consumer://127.0.0.1/{SERVICE}?version=1.0.0");
        let consumer = consumer.parse().unwrap();
        let mut subscription = registry.subscribe(&consumer).await.unwrap();
        let seen = Arc::<Mutex<Vec<List>>>::default();
        let keeper = Tasks::new("lists");
        let all = Arc::clone(&seen);
        keeper.spawn(async move {
            while let Some(list) = subscription.next().await {
                let urls = list.urls.iter().map(ToString::to_string).collect();
                let at = Instant::now();
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(List { at, urls });
            }
        });
        Self {
            seen,
            registry,
            _keeper: keeper,
        }
    }

    /// Whether the consumer's session is connected.
    pub(super) fn is_connected(&self) -> bool {
        self.registry.is_available()
    }

    /// The lists from `since` on, the one that was valid then first.
    pub(super) fn since(&self, since: Instant) -> Vec<List> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let older = seen.iter().take_while(|list| list.at < since).count();
        seen.iter().skip(older.saturating_sub(1)).cloned().collect()
    }

    /// The newest list.
    pub(super) fn now(&self) -> List {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let none = List {
            at: Instant::now(),
            urls: Vec::new(),
        };
        seen.last().cloned().unwrap_or(none)
    }

    /// How long after `since` the first list came that is `right`, if one came.
    pub(super) fn first(&self, since: Instant, right: impl Fn(&List) -> bool) -> Option<Duration> {
        let lists = self.since(since);
        let found = lists.iter().find(|list| right(list))?;
        Some(found.at.saturating_duration_since(since))
    }

    /// Waits for a list that is `right`; how long after `since` it came.
    pub(super) async fn wait(
        &self,
        what: &str,
        since: Instant,
        right: impl Fn(&List) -> bool,
    ) -> Duration {
        let limit = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(took) = self.first(since, &right) {
                return took;
            }
            assert!(Instant::now() < limit, "{what}: {:?}", self.now());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
