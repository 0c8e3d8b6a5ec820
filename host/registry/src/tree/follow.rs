//! One node's children or text, read again whenever they change: the loop under every subscription.
//!
//! Each reading comes with what tells of the next change, so nothing can change in between unseen.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::backend::{Live, Reading, Trouble};
use super::link::{Backoff, Link};

/// Changes within this after a reading are read together: a thousand providers that start make some dozens of readings.
const BURST: Duration = Duration::from_millis(50);
/// How long after an unclear failure the same connection is asked again, should it still be there.
const SAME_CONNECTION: Duration = Duration::from_secs(1);

/// What follows one node.
pub(crate) trait Follower<L>: Send {
    /// What a reading gives.
    type Found: Send;

    /// The node's path.
    fn path(&self) -> &str;

    /// Reads the node and sets the watch for its next change.
    fn read(&self, live: &L) -> impl Future<Output = Reading<Self::Found>> + Send;

    /// Takes what was read over `live`. An instant asks for a reading at that time, changed or not.
    fn found(&mut self, live: &L, found: Self::Found) -> Option<Instant>;
}

/// Follows until the task is ended by its owner.
pub(crate) async fn follow<L: Live>(mut link: Link<L>, mut follower: impl Follower<L>) {
    let mut backoff = Backoff::default();
    let mut told = None;
    loop {
        let live = link.live().await;
        let done = match follower.read(&live).await {
            Ok((found, changed)) => {
                backoff.reset();
                let read = Instant::now();
                let again = follower.found(&live, found);
                // The link's end comes first: when it is lost the watch has nobody left to fire it.
                tokio::select! {
                    biased;
                    () = link.lost() => continue,
                    changed = changed => changed.map(|()| read + BURST),
                    () = at(again) => Ok(read + BURST),
                }
            }
            Err(trouble) => Err(trouble),
        };
        let again = match done {
            Ok(again) => {
                told = None;
                again
            }
            Err(Trouble::Connection) => Instant::now() + SAME_CONNECTION,
            Err(Trouble::Refused { error, remedy }) => {
                if told.as_ref() != Some(&error) {
                    tracing::warn!(
                        path = follower.path(),
                        error,
                        remedy,
                        "registry node cannot be read, the last list stays"
                    );
                }
                told = Some(error);
                backoff.next()
            }
        };
        tokio::select! {
            biased;
            () = link.lost() => {}
            () = sleep_until(again) => {}
        }
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
