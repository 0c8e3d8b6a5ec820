//! One node of ours: made, watched, made again, removed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::backend::{Live, Trouble};
use super::link::{Backoff, Link};
use super::registrar::{Goal, Reached};

/// How long after an unclear failure the same connection is asked again, should it still be there.
const SAME_CONNECTION: Duration = Duration::from_secs(1);

/// A node that announces something.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) directory: String,
    pub(crate) name: String,
    /// Directories that must exist beside its own.
    pub(crate) further: Vec<String>,
    /// Whether it lives until it is removed (`dynamic=false`), and not with our session.
    pub(crate) stays: bool,
}

impl Node {
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.directory, self.name)
    }

    /// Whether ours takes the place of one that belongs to `owner`.
    pub(crate) fn replaces(&self, owner: Owner, claim: bool) -> bool {
        match owner {
            Owner::Us => false,
            Owner::FormerUs => true,
            Owner::Other => claim,
            Owner::Everybody => !self.stays,
        }
    }

    /// Whether it is for us to remove one that belongs to `owner`.
    pub(crate) fn is_ours(&self, owner: Owner) -> bool {
        match owner {
            Owner::Us | Owner::FormerUs => true,
            Owner::Everybody => self.stays,
            Owner::Other => false,
        }
    }
}

/// Whose a node is that has the name of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Us,
    /// A session of this process that is gone at the server, or will be.
    FormerUs,
    Other,
    /// It belongs to no session and stays until it is removed.
    Everybody,
}

/// Keeps `node` as `goals` says, until the task is ended by its owner.
pub(crate) async fn keep<L: Live>(
    mut link: Link<L>,
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
                Goal::Absent => live.remove(&node).await.map(|()| None),
                Goal::Present => live.make(&node, claim).await.map(Some),
            }
        };
        match attempt.await {
            Ok(vanished) => {
                backoff.reset();
                claim = goal == Goal::Absent;
                reached.send_replace(Reached::Goal(goal));
                let vanished = async {
                    match vanished {
                        Some(vanished) => drop(vanished.await),
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    () = link.lost() => {}
                    () = turned(&mut goals) => {}
                    () = vanished => {}
                }
            }
            Err(trouble) => {
                let again = match trouble {
                    Trouble::Connection => Instant::now() + SAME_CONNECTION,
                    Trouble::Refused { error, remedy } => {
                        let path = &node.directory;
                        let reason = format!("node in {path} was refused: {error}; {remedy}");
                        if *reached.borrow() != Reached::Failed(goal, reason.clone()) {
                            tracing::warn!(
                                path,
                                error,
                                remedy,
                                "registry entry cannot be written, it is tried again"
                            );
                        }
                        reached.send_replace(Reached::Failed(goal, reason));
                        backoff.next()
                    }
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
