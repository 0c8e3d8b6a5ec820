//! What is known of the directories that somebody is subscribed to, and who that is. One directory is followed once, however
//! many subscriptions need it, and no longer than one does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tokio::time::Instant;
use wubbo_core::{Error, ErrorKind, Snapshot, Subscription, Tasks, Url};

use super::backend::{Backend, Live, Reading};
use super::follow::{Follower, follow};
use super::link::Link;
use super::path::{self, ANY, Root};
use super::shelf::{Contents, Items, Shelf};
use crate::board::{View, select};
use crate::last_lists::LastLists;

/// Shelves and subscribers of one cluster.
#[derive(Debug)]
pub(crate) struct Shelves<B: Backend> {
    link: Link<B::Live>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    shelves: HashMap<String, Followed<Items>>,
    /// The interfaces under a root, by their node names, for those who ask for all of them.
    roots: HashMap<String, Followed<Arc<[String]>>>,
    subscribers: BTreeMap<u64, Subscriber>,
}

/// A node that is followed.
#[derive(Debug)]
struct Followed<T> {
    /// `None` until it was read for the first time.
    found: Option<T>,
    readers: usize,
    /// Dropped with this value, which ends the following.
    _task: Tasks,
}

#[derive(Debug)]
struct Subscriber {
    /// The registry value that it was made through.
    holder: u64,
    consumer: Url,
    root: Root,
    directories: BTreeSet<String>,
    /// Where its lists are remembered.
    last_lists: Option<Arc<LastLists>>,
    snapshots: watch::Sender<Option<Arc<Snapshot>>>,
}

impl<B: Backend> Shelves<B> {
    pub(crate) fn new(link: Link<B::Live>) -> Arc<Self> {
        Arc::new(Self {
            link,
            state: Mutex::default(),
        })
    }

    /// Adds a subscriber; its first list comes when every directory that it needs was read once.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when `consumer` names no interface or no category.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        holder: u64,
        root: &Root,
        consumer: &Url,
        last_lists: Option<Arc<LastLists>>,
    ) -> Result<(Subscription, u64), Error> {
        let refuse = |cause: &str| {
            let message = format!("subscription {consumer:?}: {cause}");
            Err(Error::new(ErrorKind::Config, message))
        };
        let categories = path::categories(consumer);
        if consumer.service().is_empty() {
            return refuse("names no interface");
        }
        if categories.is_empty() {
            return refuse("names no category");
        }
        let (snapshots, receiver) = watch::channel(None);
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        let subscriber = Subscriber {
            holder,
            consumer: consumer.clone(),
            root: root.clone(),
            directories: BTreeSet::new(),
            last_lists,
            snapshots,
        };
        state.subscribers.insert(id, subscriber);
        if consumer.service() == ANY {
            self.read_root(&mut state, root);
            self.widen(&mut state, id);
        } else {
            let interface = consumer.service();
            for category in &categories {
                let directory = root.directory(interface, category);
                self.read_directory(&mut state, id, directory, interface, category);
            }
        }
        state.tell(id);
        let shelves = Arc::downgrade(self);
        let subscription = Subscription::new(receiver, Reader { shelves, id });
        Ok((subscription, id))
    }

    /// Gives a subscriber that has no list yet the one of a former life.
    pub(crate) fn offer(&self, id: u64, urls: Vec<Url>) {
        let state = self.lock();
        let Some(subscriber) = state.subscribers.get(&id) else {
            return;
        };
        subscriber.snapshots.send_if_modified(|last| {
            let first = last.is_none();
            if first {
                let unreadable = 0;
                *last = Some(Arc::new(Snapshot { urls, unreadable }));
            }
            first
        });
    }

    /// Ends the subscriptions that were made through one registry value.
    pub(crate) fn end(&self, holder: u64) {
        let mut state = self.lock();
        let ended: Vec<u64> = state
            .subscribers
            .iter()
            .filter(|(_, subscriber)| subscriber.holder == holder)
            .map(|(id, _)| *id)
            .collect();
        for id in ended {
            state.leave(id);
        }
    }

    /// Puts up what was found in `directory`.
    pub(crate) fn publish(&self, directory: &str, items: Items) {
        let mut state = self.lock();
        let Some(shelf) = state.shelves.get_mut(directory) else {
            return;
        };
        shelf.found = Some(items);
        for (id, subscriber) in &state.subscribers {
            if subscriber.directories.contains(directory) {
                state.tell(*id);
            }
        }
    }

    /// Takes the interfaces that are there, so that those who ask for all of them see new ones.
    fn publish_root(self: &Arc<Self>, root: &str, names: Vec<String>) {
        let mut state = self.lock();
        let Some(followed) = state.roots.get_mut(root) else {
            return;
        };
        followed.found = Some(names.into());
        let concerned: Vec<u64> = state
            .subscribers
            .iter()
            .filter(|(_, known)| known.asks_for_all() && known.root.as_str() == root)
            .map(|(id, _)| *id)
            .collect();
        for id in concerned {
            self.widen(&mut state, id);
            state.tell(id);
        }
    }

    /// Lets a subscriber for all interfaces read those that are known by now.
    fn widen(self: &Arc<Self>, state: &mut State, id: u64) {
        let Some(subscriber) = state.subscribers.get(&id) else {
            return;
        };
        let (root, categories) = (
            subscriber.root.clone(),
            path::categories(&subscriber.consumer),
        );
        let found = state
            .roots
            .get(root.as_str())
            .and_then(|root| root.found.clone());
        for name in found.iter().flat_map(|names| names.iter()) {
            let Some(interface) = path::interface(name) else {
                continue;
            };
            for category in &categories {
                let directory = root.child(name, category);
                self.read_directory(state, id, directory, &interface, category);
            }
        }
    }

    fn read_root(self: &Arc<Self>, state: &mut State, root: &Root) {
        let key = root.as_str().to_owned();
        let followed = state.roots.entry(key.clone()).or_insert_with(|| {
            let root = Services {
                shelves: Arc::downgrade(self),
                path: key,
            };
            Followed::start("registry root", follow(self.link.clone(), root))
        });
        followed.readers += 1;
    }

    fn read_directory(
        self: &Arc<Self>,
        state: &mut State,
        id: u64,
        directory: String,
        interface: &str,
        category: &str,
    ) {
        let Some(subscriber) = state.subscribers.get_mut(&id) else {
            return;
        };
        if !subscriber.directories.insert(directory.clone()) {
            return;
        }
        let followed = state.shelves.entry(directory.clone()).or_insert_with(|| {
            let shelf = Shelf {
                shelves: Arc::downgrade(self),
                directory,
                interface: interface.to_owned(),
                category: category.to_owned(),
                contents: Contents::default(),
            };
            Followed::start("registry directory", follow(self.link.clone(), shelf))
        });
        followed.readers += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Followed<T> {
    fn start(name: &'static str, task: impl Future<Output = ()> + Send + 'static) -> Self {
        let tasks = Tasks::new(name);
        tasks.spawn(task);
        Self {
            found: None,
            readers: 0,
            _task: tasks,
        }
    }
}

impl State {
    /// Gives a subscriber its list, if all of it is known and it is news.
    fn tell(&self, id: u64) {
        let Some(subscriber) = self.subscribers.get(&id) else {
            return;
        };
        let root = subscriber.root.as_str();
        let waits = || self.roots.get(root).is_none_or(|root| root.found.is_none());
        if subscriber.asks_for_all() && waits() {
            return;
        }
        let mut items = Vec::new();
        for directory in &subscriber.directories {
            match self.shelves.get(directory).map(|shelf| &shelf.found) {
                Some(Some(found)) => items.extend(found.iter().cloned()),
                _ => return,
            }
        }
        let view = View::from([(subscriber.consumer.service().to_owned(), items)]);
        let snapshot = select(&view, &subscriber.consumer);
        if let Some(last_lists) = &subscriber.last_lists {
            last_lists.put(&subscriber.consumer, &snapshot.urls);
        }
        subscriber.snapshots.send_if_modified(|last| {
            let news = last.as_deref() != Some(&snapshot);
            if news {
                *last = Some(Arc::new(snapshot));
            }
            news
        });
    }

    /// Removes a subscriber and what nobody else reads.
    fn leave(&mut self, id: u64) {
        let Some(subscriber) = self.subscribers.remove(&id) else {
            return;
        };
        if subscriber.asks_for_all() {
            release(&mut self.roots, subscriber.root.as_str());
        }
        for directory in &subscriber.directories {
            release(&mut self.shelves, directory);
        }
    }
}

fn release<T>(followed: &mut HashMap<String, Followed<T>>, key: &str) {
    if let Some(found) = followed.get_mut(key) {
        found.readers = found.readers.saturating_sub(1);
        if found.readers == 0 {
            followed.remove(key);
        }
    }
}

impl Subscriber {
    fn asks_for_all(&self) -> bool {
        self.consumer.service() == ANY
    }
}

/// Ends a subscription when it is dropped.
struct Reader<B: Backend> {
    shelves: Weak<Shelves<B>>,
    id: u64,
}

impl<B: Backend> Drop for Reader<B> {
    fn drop(&mut self) {
        if let Some(shelves) = self.shelves.upgrade() {
            shelves.lock().leave(self.id);
        }
    }
}

/// Reads which interfaces there are.
struct Services<B: Backend> {
    shelves: Weak<Shelves<B>>,
    path: String,
}

impl<B: Backend> Follower<B::Live> for Services<B> {
    type Found = Vec<String>;

    fn path(&self) -> &str {
        &self.path
    }

    fn read(&self, live: &B::Live) -> impl Future<Output = Reading<Vec<String>>> + Send {
        live.interfaces(&self.path)
    }

    fn found(&mut self, _live: &B::Live, names: Vec<String>) -> Option<Instant> {
        if let Some(shelves) = self.shelves.upgrade() {
            shelves.publish_root(&self.path, names);
        }
        None
    }
}
