//! One connection per cluster and runtime, however many registry values name it. Not per process alone: the tasks behind it
//! end with the runtime that they were started on.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::runtime::{Handle, Id};

use super::backend::Backend;
use super::link::Link;
use super::registrar::Registrar;
use super::settings::Cluster;
use super::shelves::Shelves;

/// What the registry values of one cluster have in common. The session is closed with it.
#[derive(Debug)]
pub(crate) struct Shared<B: Backend> {
    pub(crate) link: Link<B::Live>,
    pub(crate) registrar: Registrar<B>,
    pub(crate) shelves: Arc<Shelves<B>>,
}

/// By runtime, kind of server and cluster.
type Clusters = HashMap<(Id, &'static str, Cluster), Weak<dyn Any + Send + Sync>>;

impl<B: Backend> Shared<B> {
    /// The one of this cluster, with a number for the new user of it; those that nobody holds any more leave with the next call.
    pub(crate) fn of(cluster: &Cluster) -> (Arc<Self>, u64) {
        static HOLDERS: AtomicU64 = AtomicU64::new(0);
        static CLUSTERS: OnceLock<Mutex<Clusters>> = OnceLock::new();
        let holder = HOLDERS.fetch_add(1, Ordering::Relaxed);
        let key = (Handle::current().id(), B::NAME, cluster.clone());
        let mut clusters = CLUSTERS
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        clusters.retain(|_, shared| shared.strong_count() > 0);
        let known = clusters.get(&key).and_then(Weak::upgrade);
        if let Some(Ok(shared)) = known.map(Arc::downcast) {
            return (shared, holder);
        }
        let link = Link::open::<B>(cluster.clone());
        let shared = Arc::new(Self {
            registrar: Registrar::new(link.clone()),
            shelves: Shelves::new(link.clone()),
            link,
        });
        let weak: Weak<Self> = Arc::downgrade(&shared);
        clusters.insert(key, weak);
        (shared, holder)
    }
}
