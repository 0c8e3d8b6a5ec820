//! What several registries announce about one service, as one stream of lists.

use std::future::poll_fn;
use std::ops::Range;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use wubbo_core::{Snapshot, Subscription, Url, registry_name};

/// How long a first list that names nobody waits for what other registries say. A call waits longer for its first list.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The subscriptions of one service at one or more registries. Their lists are put one behind the other, in the order in which they
/// were given: what a registry says of a provider counts before what a later one says. Which registry announces whom is kept.
///
/// A registry that is out of reach says nothing, and its last list stays; it takes nothing away from the others.
#[derive(Debug, Default)]
pub struct Announcements {
    sources: Vec<Source>,
    /// Whether a list was given out already.
    said: bool,
    /// When a list is given out although some registry was not heard yet.
    until: Option<Instant>,
}

/// What was announced last.
#[derive(Clone, Debug)]
pub(crate) struct Announced {
    /// All of it.
    pub(crate) snapshot: Arc<Snapshot>,
    /// Of several registries, the part of `snapshot` that each announces.
    pub(crate) registries: Vec<(Url, Range<usize>)>,
}

#[derive(Debug)]
struct Source {
    registry: Url,
    subscription: Subscription,
    open: bool,
    latest: Option<Arc<Snapshot>>,
}

impl Announcements {
    /// Adds what `registry` announces by `subscription`.
    #[must_use]
    pub fn and(mut self, registry: &Url, subscription: Subscription) -> Self {
        self.sources.push(Source {
            registry: registry.clone(),
            subscription,
            open: true,
            latest: None,
        });
        self
    }

    /// The registries, as errors name them.
    pub(crate) fn registries(&self) -> String {
        let names: Vec<String> = self
            .sources
            .iter()
            .map(|source| registry_name(&source.registry))
            .collect();
        names.join(", ")
    }

    /// The next list; `None` when every registry was closed.
    ///
    /// The first one is given out as soon as it names somebody, or every registry was heard, or the patience with one that says
    /// nothing is over.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(crate) async fn next(&mut self) -> Option<Announced> {
        loop {
            let until = self.until.filter(|_| !self.said);
            let news = tokio::select! {
                heard = hear(&mut self.sources) => heard?,
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {
                    return self.give_out();
                }
            };
            match self.said {
                true if news => return self.give_out(),
                false if self.is_telling() => return self.give_out(),
                _ => {}
            }
            self.until.get_or_insert_with(|| Instant::now() + PATIENCE);
        }
    }

    /// Whether calls can begin with what was heard.
    fn is_telling(&self) -> bool {
        let somebody = |source: &Source| {
            let latest = source.latest.as_ref();
            latest.is_some_and(|list| !list.urls.is_empty())
        };
        let heard = |source: &Source| source.latest.is_some() || !source.open;
        self.sources.iter().any(somebody) || self.sources.iter().all(heard)
    }

    fn give_out(&mut self) -> Option<Announced> {
        self.said = true;
        if let [only] = &*self.sources {
            return only.latest.clone().map(Announced::of_one);
        }
        if self.sources.iter().all(|source| source.latest.is_none()) {
            return None;
        }
        let mut all = Snapshot::default();
        let mut registries = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            let from = all.urls.len();
            if let Some(list) = &source.latest {
                all.urls.extend_from_slice(&list.urls);
                all.unreadable += list.unreadable;
            }
            registries.push((source.registry.clone(), from..all.urls.len()));
        }
        Some(Announced {
            snapshot: Arc::new(all),
            registries,
        })
    }
}

impl Announced {
    /// What one registry announces, or somebody wrote down.
    pub(crate) fn of_one(snapshot: Arc<Snapshot>) -> Self {
        Self {
            snapshot,
            registries: Vec::new(),
        }
    }
}

impl Source {
    /// Whether it said something; if not, it was closed.
    async fn hear(&mut self) -> bool {
        match self.subscription.next().await {
            Some(list) => {
                self.latest = Some(list);
                true
            }
            None => {
                self.open = false;
                false
            }
        }
    }
}

/// Waits until some of `sources` said something, or was closed, which is no news. `None`: none is left.
async fn hear(sources: &mut [Source]) -> Option<bool> {
    let open = sources.iter_mut().filter(|source| source.open);
    let mut waiting: Vec<_> = open.map(|source| Box::pin(source.hear())).collect();
    if waiting.is_empty() {
        return None;
    }
    let heard = poll_fn(|context| {
        // Every one is asked, so that none waits for a talkative one.
        let asked = waiting
            .iter_mut()
            .map(|source| source.as_mut().poll(context));
        let sum = |sum: Option<bool>, one| match one {
            Poll::Ready(news) => Some(sum.unwrap_or(false) | news),
            Poll::Pending => sum,
        };
        asked.fold(None, sum).map_or(Poll::Pending, Poll::Ready)
    });
    Some(heard.await)
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;
    use tokio::time::timeout;

    use super::*;

    type Registry = watch::Sender<Option<Arc<Snapshot>>>;

    fn registries(count: usize) -> (Vec<Registry>, Announcements) {
        let mut announcements = Announcements::default();
        let mut registries = Vec::new();
        for number in 0..count {
            let (sender, receiver) = watch::channel(None);
            let url = Url::parse(&format!("memory://r{number}")).unwrap();
            announcements = announcements.and(&url, Subscription::new(receiver, ()));
            registries.push(sender);
        }
        (registries, announcements)
    }

    fn announce(registry: &Registry, ports: &[u16]) {
        let url = |port: &u16| Url::parse(&format!("dubbo://10.0.0.1:{port}/a.B")).unwrap();
        let urls = ports.iter().map(url).collect();
        registry.send_replace(Some(Arc::new(Snapshot {
            urls,
            unreadable: 1,
        })));
    }

    fn ports(list: &Announced) -> Vec<u16> {
        list.snapshot.urls.iter().filter_map(Url::port).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_lists_are_one_in_the_order_of_the_registries() {
        let (registries, mut announcements) = registries(2);
        assert_eq!(announcements.registries(), "memory://r0, memory://r1");
        announce(&registries[1], &[3]);
        announce(&registries[0], &[1, 2]);
        let list = announcements.next().await.unwrap();
        assert_eq!((ports(&list), list.snapshot.unreadable), (vec![1, 2, 3], 2));
        let of_each: Vec<_> = list.registries.into_iter().map(|(_, part)| part).collect();
        assert_eq!(of_each, [0..2, 2..3]);
        // Each says what changed with it alone.
        announce(&registries[1], &[]);
        assert_eq!(ports(&announcements.next().await.unwrap()), [1, 2]);
        announce(&registries[0], &[1]);
        assert_eq!(ports(&announcements.next().await.unwrap()), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_registry_out_of_reach_holds_up_nobody() {
        let (registries, mut announcements) = registries(3);
        announce(&registries[0], &[1]);
        let begun = Instant::now();
        assert_eq!(ports(&announcements.next().await.unwrap()), [1]);
        assert_eq!(begun.elapsed(), Duration::ZERO, "somebody can be called");
        announce(&registries[1], &[2]);
        assert_eq!(ports(&announcements.next().await.unwrap()), [1, 2]);
        // One that is closed keeps what it said; the others go on.
        let [first, second, third] = <[Registry; 3]>::try_from(registries).unwrap();
        drop(first);
        announce(&third, &[3]);
        assert_eq!(ports(&announcements.next().await.unwrap()), [1, 2, 3]);
        drop((second, third));
        assert!(announcements.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_said_when_all_say_so_or_after_a_while() {
        let (registries, mut announcements) = registries(2);
        announce(&registries[0], &[]);
        let early = timeout(PATIENCE / 2, announcements.next()).await;
        assert!(early.is_err(), "the other one may know somebody");
        assert!(ports(&announcements.next().await.unwrap()).is_empty());

        let (registries, mut announcements) = self::registries(2);
        announce(&registries[0], &[]);
        announce(&registries[1], &[]);
        let begun = Instant::now();
        assert!(ports(&announcements.next().await.unwrap()).is_empty());
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
