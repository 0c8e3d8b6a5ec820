//! One connection per cluster and runtime, however many registry values name it. Not per process alone: the tasks behind it
//! end with the runtime that they were started on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::runtime::{Handle, Id};

use super::link::Link;
use super::registrar::Registrar;
use super::settings::Cluster;
use super::shelves::Shelves;

/// What the registry values of one cluster have in common. The session is closed with it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) link: Link,
    pub(super) registrar: Registrar,
    pub(super) shelves: Arc<Shelves>,
}

type Clusters = HashMap<(Id, Cluster), Weak<Shared>>;

impl Shared {
    /// The one of this cluster, with a number for the new user of it; those that nobody holds any more leave with the next call.
    pub(super) fn of(cluster: &Cluster) -> (Arc<Self>, u64) {
        static HOLDERS: AtomicU64 = AtomicU64::new(0);
        static CLUSTERS: OnceLock<Mutex<Clusters>> = OnceLock::new();
        let holder = HOLDERS.fetch_add(1, Ordering::Relaxed);
        let key = (Handle::current().id(), cluster.clone());
        let mut clusters = CLUSTERS
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        clusters.retain(|_, shared| shared.strong_count() > 0);
        if let Some(shared) = clusters.get(&key).and_then(Weak::upgrade) {
            return (shared, holder);
        }
        let link = Link::open(cluster.clone());
        let shared = Arc::new(Self {
            registrar: Registrar::new(link.clone()),
            shelves: Shelves::new(link.clone()),
            link,
        });
        clusters.insert(key, Arc::downgrade(&shared));
        (shared, holder)
    }
}
