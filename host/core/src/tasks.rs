//! The owner of background tasks: nothing runs detached, and what its owner drops, ends.

use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// A set of tasks that are aborted when their owner is dropped.
///
/// Finished tasks are reaped at the next [`Tasks::spawn`], so the set does not grow with the number of tasks ever started.
pub struct Tasks {
    name: &'static str,
    set: Mutex<JoinSet<()>>,
}

impl Tasks {
    /// An empty set; `name` appears in the log when one of its tasks panics.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            set: Mutex::new(JoinSet::new()),
        }
    }

    /// Starts `task` on the current runtime.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = set.try_join_next() {
            report(self.name, ended);
        }
        set.spawn(task);
    }

    /// How many tasks have not been reaped yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.set
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether no task is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until every task ended, for `limit` at most; then aborts the rest. Returns how many were aborted.
    ///
    /// # Cancel safety
    /// When the future is dropped the tasks that were still running are aborted.
    pub async fn join(&self, limit: Duration) -> usize {
        let mut set = std::mem::take(&mut *self.set.lock().unwrap_or_else(PoisonError::into_inner));
        let until = Instant::now() + limit;
        while let Ok(Some(ended)) = timeout_at(until, set.join_next()).await {
            report(self.name, ended);
        }
        let left = set.len();
        set.shutdown().await;
        left
    }
}

fn report(owner: &'static str, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(owner, %error, "a background task panicked");
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("name", &self.name)
            .field("len", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn join_waits_for_the_quick_and_aborts_the_slow() {
        let tasks = Tasks::new("test");
        tasks.spawn(async {});
        tasks.spawn(std::future::pending());
        assert_eq!(tasks.join(Duration::from_secs(1)).await, 1);
        assert!(tasks.is_empty());
    }

    #[tokio::test]
    async fn dropping_the_owner_ends_its_tasks() {
        let (alive, mut gone) = tokio::sync::mpsc::channel::<()>(1);
        let tasks = Tasks::new("test");
        tasks.spawn(async move {
            let _held = alive;
            std::future::pending::<()>().await;
        });
        drop(tasks);
        assert!(gone.recv().await.is_none());
    }
}
