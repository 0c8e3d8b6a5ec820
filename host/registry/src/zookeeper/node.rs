//! One node of ours: made, watched, made again, removed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use zookeeper_client::{CreateMode, Error, OneshotWatcher};

use super::follow::{is_connection, remedy};
use super::link::{Backoff, Link, Live};
use super::registrar::{Goal, Reached};

/// How long after an unclear failure the same connection is asked again, should it still be there.
const SAME_CONNECTION: Duration = Duration::from_secs(1);

/// Whose a node is that has the name of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Nobody,
    Us,
    /// A session of this process that is gone at the server, or will be.
    FormerUs,
    Other,
    /// It belongs to no session and stays until it is removed.
    Everybody,
}

/// A node that announces something.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) directory: String,
    pub(super) name: String,
    /// Directories that must exist beside its own.
    pub(super) further: Vec<String>,
    /// How long it lives: with our session, or until it is removed (`dynamic=false`).
    pub(super) mode: CreateMode,
}

impl Node {
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.directory, self.name)
    }

    /// Whether it outlives us.
    pub(super) fn stays(&self) -> bool {
        self.mode == CreateMode::Persistent
    }

    /// Makes it ours. `claim` takes it from another session, too: so does Dubbo, since it can only be what a former life of this
    /// process left behind. It is done once per announcement; two processes that announce the same would otherwise fight for ever.
    async fn make(&self, live: &Live, claim: bool) -> Result<(), Error> {
        let path = self.path();
        let options = self.mode.with_acls(live.acls());
        loop {
            match live.ask(live.client.create(&path, b"", &options)).await {
                Ok(_) => return Ok(()),
                Err(Error::NoNode) => self.make_directories(live).await?,
                Err(Error::NodeExists) => match self.owner(live, &path).await? {
                    Owner::Nobody => {}
                    Owner::Us => return Ok(()),
                    Owner::Everybody if self.stays() => return Ok(()),
                    Owner::Other if !claim => return Ok(()),
                    Owner::FormerUs | Owner::Other | Owner::Everybody => {
                        // In one step, so that no subscriber sees it missing.
                        let mut step = live.client.new_multi_writer();
                        step.add_delete(&path, None)?;
                        step.add_create(&path, b"", &options)?;
                        let done = step.commit();
                        match live.ask(async { done.await.map_err(Error::from) }).await {
                            Ok(_) => return Ok(()),
                            Err(Error::NoNode | Error::NodeExists) => {}
                            Err(error) => return Err(error),
                        }
                    }
                },
                Err(error) => return Err(error),
            }
        }
    }

    async fn make_directories(&self, live: &Live) -> Result<(), Error> {
        let options = CreateMode::Persistent.with_acls(live.acls());
        for directory in self.further.iter().chain([&self.directory]) {
            live.ask(live.client.mkdir(directory, &options)).await?;
        }
        Ok(())
    }

    async fn owner(&self, live: &Live, path: &str) -> Result<Owner, Error> {
        let stat = live.ask(live.client.check_stat(path)).await?;
        Ok(match stat.map(|stat| stat.ephemeral_owner) {
            None => Owner::Nobody,
            Some(0) => Owner::Everybody,
            Some(owner) if live.is_ours(owner) => Owner::Us,
            Some(owner) if live.was_ours(owner) => Owner::FormerUs,
            Some(_) => Owner::Other,
        })
    }

    /// A watch for its end; `None` when it is already gone.
    async fn watch(&self, live: &Live) -> Result<Option<OneshotWatcher>, Error> {
        let path = self.path();
        let (stat, watcher) = live.ask(live.client.check_and_watch_stat(&path)).await?;
        Ok(stat.map(|_| watcher))
    }

    /// Removes it if it is ours.
    async fn remove(&self, live: &Live) -> Result<(), Error> {
        let path = self.path();
        let ours = match self.owner(live, &path).await? {
            Owner::Us | Owner::FormerUs => true,
            Owner::Everybody => self.stays(),
            Owner::Nobody | Owner::Other => false,
        };
        if !ours {
            return Ok(());
        }
        match live.ask(live.client.delete(&path, None)).await {
            Err(Error::NoNode) => Ok(()),
            removed => removed,
        }
    }
}

/// Keeps `node` as `goals` says, until the task is ended by its owner.
pub(super) async fn keep(
    mut link: Link,
    node: Arc<Node>,
    mut goals: watch::Receiver<Goal>,
    reached: watch::Sender<Reached>,
) {
    let mut backoff = Backoff::default();
    // Taken from another session once, when it is announced.
    let mut claim = true;
    loop {
        let goal = *goals.borrow_and_update();
        let live = tokio::select! {
            live = link.live() => live,
            () = turned(&mut goals) => continue,
        };
        let attempt = async {
            match goal {
                Goal::Absent => node.remove(&live).await.map(|()| None),
                Goal::Present => {
                    node.make(&live, claim).await?;
                    node.watch(&live).await
                }
            }
        };
        match attempt.await {
            Ok(watcher) => {
                backoff.reset();
                claim = goal == Goal::Absent;
                reached.send_replace(Reached::Goal(goal));
                let vanished = async {
                    match (goal, watcher) {
                        (Goal::Present, Some(watcher)) => drop(watcher.changed().await),
                        (Goal::Present, None) => {}
                        (Goal::Absent, _) => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    () = link.lost() => {}
                    () = turned(&mut goals) => {}
                    () = vanished => {}
                }
            }
            Err(error) => {
                let again = if is_connection(&error) {
                    Instant::now() + SAME_CONNECTION
                } else {
                    let (path, remedy) = (&node.directory, remedy(&error));
                    let reason = format!("node in {path} was refused: {error}; {remedy}");
                    if reached.borrow().clone() != Reached::Failed(goal, reason.clone()) {
                        tracing::warn!(path, %error, remedy, "registry entry cannot be written, it is tried again");
                    }
                    reached.send_replace(Reached::Failed(goal, reason));
                    backoff.next()
                };
                tokio::select! {
                    biased;
                    () = link.lost() => {}
                    () = turned(&mut goals) => {}
                    () = sleep_until(again) => {}
                }
            }
        }
    }
}

/// Waits for another goal. For ever when nobody can set one any more: the task is then ended by its owner.
async fn turned(goals: &mut watch::Receiver<Goal>) {
    if goals.changed().await.is_err() {
        std::future::pending().await
    }
}
