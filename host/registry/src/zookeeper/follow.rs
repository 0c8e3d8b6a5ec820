//! One node's children or text, read again whenever they change: the loop under every subscription.
//!
//! A watch of ZooKeeper fires once, so each reading sets the next one with the same request; nothing can change in between
//! unseen. A node that does not exist yet is watched for its making.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use zookeeper_client::{Error, OneshotWatcher};

use super::link::{Backoff, Link, Live};

/// Changes within this after a reading are read together: a thousand providers that start make some dozens of readings.
const BURST: Duration = Duration::from_millis(50);
/// How long after an unclear failure the same connection is asked again, should it still be there.
const SAME_CONNECTION: Duration = Duration::from_secs(1);

/// What follows one node.
pub(super) trait Follower: Send {
    /// What a reading gives.
    type Found: Send;

    /// The node's path.
    fn path(&self) -> &str;

    /// Reads the node and sets the watch for its next change.
    fn read(&self, live: &Live) -> impl Future<Output = Reading<Self::Found>> + Send;

    /// Takes what was read over `live`. An instant asks for a reading at that time, changed or not.
    fn found(&mut self, live: &Live, found: Self::Found) -> Option<Instant>;
}

pub(super) type Reading<T> = Result<(T, OneshotWatcher), Error>;

/// Follows until the task is ended by its owner.
pub(super) async fn follow(mut link: Link, mut follower: impl Follower) {
    let mut backoff = Backoff::default();
    let mut told = None;
    loop {
        let live = link.live().await;
        let again = match follower.read(&live).await {
            Ok((found, watcher)) => {
                backoff.reset();
                told = None;
                let read = Instant::now();
                let again = follower.found(&live, found);
                // The link's end comes first: when it is lost the watch has nobody left to fire it.
                tokio::select! {
                    biased;
                    () = link.lost() => continue,
                    _event = watcher.changed() => {}
                    () = at(again) => {}
                }
                read + BURST
            }
            Err(error) if is_connection(&error) => Instant::now() + SAME_CONNECTION,
            Err(error) => {
                if told.as_ref() != Some(&error) {
                    tracing::warn!(path = follower.path(), %error, remedy = remedy(&error), "registry node cannot be read, the last list stays");
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

/// The children of `path`; none when it does not exist.
pub(super) async fn children(live: &Live, path: &str) -> Reading<Vec<String>> {
    loop {
        match live.ask(live.client.list_and_watch_children(path)).await {
            Err(Error::NoNode) => {
                if let Some(watcher) = absent(live, path).await? {
                    return Ok((Vec::new(), watcher));
                }
            }
            found => return found,
        }
    }
}

/// The bytes of `path`; `None` when it does not exist.
pub(super) async fn bytes(live: &Live, path: &str) -> Reading<Option<Vec<u8>>> {
    loop {
        match live.ask(live.client.get_and_watch_data(path)).await {
            Err(Error::NoNode) => {
                if let Some(watcher) = absent(live, path).await? {
                    return Ok((None, watcher));
                }
            }
            found => return found.map(|(bytes, _, watcher)| (Some(bytes), watcher)),
        }
    }
}

/// A watch for the making of `path`; `None` when it was made in the meantime.
async fn absent(live: &Live, path: &str) -> Result<Option<OneshotWatcher>, Error> {
    let (stat, watcher) = live.ask(live.client.check_and_watch_stat(path)).await?;
    Ok(stat.is_none().then_some(watcher))
}

/// Whether `error` is about the connection or the session, and not about what was asked.
pub(super) fn is_connection(error: &Error) -> bool {
    !matches!(
        error,
        Error::NoNode
            | Error::NoAuth
            | Error::BadVersion
            | Error::NoChildrenForEphemerals
            | Error::NodeExists
            | Error::NotEmpty
            | Error::InvalidAcl
            | Error::NotReadOnly
            | Error::QuotaExceeded
            | Error::Throttled
            | Error::BadArguments(_)
            | Error::Unimplemented
            | Error::UnexpectedErrorCode(_)
    )
}

/// What an operator can do about `error`.
pub(super) fn remedy(error: &Error) -> &'static str {
    match error {
        Error::NoAuth | Error::InvalidAcl | Error::AuthFailed => {
            "the node's ACL refuses us: put the user and password of its owner into the registry's address (zookeeper://user:password@host:2181)"
        }
        Error::QuotaExceeded => "raise the quota of the root node at ZooKeeper",
        Error::NotReadOnly => "the server is read-only: its ensemble has lost its majority",
        Error::NoChildrenForEphemerals => {
            "somebody made a parent node ephemeral: delete it at ZooKeeper"
        }
        _ => "see the log of the ZooKeeper server",
    }
}
