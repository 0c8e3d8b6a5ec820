//! What references announce about themselves: an entry each under the category `consumers`, as Dubbo Java makes it, for operators and
//! admin tools. No call waits for it or fails because of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wubbo_core::{Registry, Tasks, Url};

use crate::publish::{Published, consumer_url};

/// How long taking the entries back may take at the end; then they go with the registry's session.
const WITHDRAW_MAX: Duration = Duration::from_secs(5);
/// Entries that are taken back at one time.
const AT_ONCE: usize = 32;

/// The entries. Dropping it leaves them to the registries' values, which take them back.
#[derive(Debug)]
pub(crate) struct ConsumerEntries {
    announced: Mutex<Vec<(Arc<dyn Registry>, Url)>>,
    tasks: Tasks,
}

impl Default for ConsumerEntries {
    fn default() -> Self {
        Self {
            announced: Mutex::default(),
            tasks: Tasks::new("consumer entries"),
        }
    }
}

impl ConsumerEntries {
    /// Announces `reference` to a service with these methods at `registry` in the background, unless one of them says `register=false`.
    pub(crate) fn announce(
        &self,
        registry: &Arc<dyn Registry>,
        reference: &Url,
        methods: Option<&str>,
    ) {
        let Some(url) = consumer_url(reference, registry.url(), methods) else {
            return;
        };
        let entry = (registry.clone(), url.clone());
        self.lock().push(entry);
        let registry = registry.clone();
        self.tasks.spawn(async move {
            if let Err(error) = registry.register(&url).await {
                tracing::warn!(%error, "a consumer is not announced; its calls do not need it");
            }
        });
    }

    /// Takes every entry back, as far as that can be done in time.
    pub(crate) async fn withdraw(&self) {
        // What is not announced yet must not come after it was taken back.
        self.tasks.join(WITHDRAW_MAX).await;
        let entries = std::mem::take(&mut *self.lock());
        for part in entries.chunks(entries.len().div_ceil(AT_ONCE).max(1)) {
            let mut part = Published::of(part.to_vec());
            self.tasks.spawn(async move { part.withdraw().await });
        }
        if self.tasks.join(WITHDRAW_MAX).await > 0 {
            tracing::warn!(
                "entries of consumers could not be taken back in time; they go with the registry's session"
            );
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Arc<dyn Registry>, Url)>> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
