//! The nodes that this process wants to be there, each kept by a task of its own, so that one which is refused stops no other.
//! What is wanted lives here alone: a new session, a server that comes back empty, somebody's deletion all lead to the same
//! attempt to make what is wanted true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use wubbo_core::Tasks;

use super::backend::{Backend, Live};
use super::link::Link;
use super::node::{Node, keep};

/// What should be true of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    Present,
    Absent,
}

/// What was reached last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reached {
    /// No attempt ended yet.
    Nothing,
    Goal(Goal),
    /// The attempt failed for this reason; the next one follows by itself.
    Failed(Goal, String),
}

/// All wanted nodes of one cluster, by their paths.
#[derive(Debug)]
pub(crate) struct Registrar<B: Backend> {
    link: Link<B::Live>,
    entries: Mutex<BTreeMap<String, Entry>>,
}

#[derive(Debug)]
struct Entry {
    node: Arc<Node>,
    /// The registry values that announced it. One node may be announced by several, and stays for the last.
    holders: BTreeSet<u64>,
    goal: watch::Sender<Goal>,
    reached: watch::Receiver<Reached>,
    /// Runs [`keep`].
    _tasks: Tasks,
}

impl<B: Backend> Registrar<B> {
    pub(crate) fn new(link: Link<B::Live>) -> Self {
        Self {
            link,
            entries: Mutex::default(),
        }
    }

    /// Wants `node` for `holder` and waits until it is there.
    ///
    /// # Errors
    /// Why it was not made within `limit`. It stays wanted, and is made when that becomes possible.
    pub(crate) async fn announce(
        &self,
        holder: u64,
        node: Node,
        limit: Duration,
    ) -> Result<(), String> {
        let reached = {
            let mut entries = self.lock();
            sweep(&mut entries);
            let entry = entries
                .entry(node.path())
                .or_insert_with(|| Entry::start(&self.link, node));
            entry.holders.insert(holder);
            entry.aim(Goal::Present);
            entry.reached.clone()
        };
        self.wait(reached, Goal::Present, limit).await
    }

    /// Ends the wish of `holder` for the node at `path`, and waits until it is gone if nobody else wants it.
    ///
    /// # Errors
    /// Why it was not removed within `limit`. It is removed when that becomes possible.
    pub(crate) async fn withdraw(
        &self,
        holder: u64,
        path: &str,
        limit: Duration,
    ) -> Result<(), String> {
        let reached = {
            let mut entries = self.lock();
            let Some(entry) = entries.get_mut(path) else {
                return Ok(());
            };
            if !entry.leave(holder) {
                return Ok(());
            }
            entry.reached.clone()
        };
        let withdrawn = self.wait(reached, Goal::Absent, limit).await;
        sweep(&mut self.lock());
        withdrawn
    }

    /// Ends the wish of `holder` for the node at `path` without waiting.
    pub(crate) fn cancel(&self, holder: u64, path: &str) {
        if let Some(entry) = self.lock().get_mut(path) {
            entry.leave(holder);
        }
    }

    /// Ends every wish of `holder` without waiting. A node that was announced to stay (`dynamic=false`) stays.
    pub(crate) fn end(&self, holder: u64) {
        let mut entries = self.lock();
        entries.retain(|_, entry| {
            let stays = entry.node.stays && entry.holders.remove(&holder);
            entry.leave(holder);
            !(stays && entry.holders.is_empty())
        });
    }

    async fn wait(
        &self,
        mut reached: watch::Receiver<Reached>,
        goal: Goal,
        limit: Duration,
    ) -> Result<(), String> {
        let decided = reached.wait_for(|reached| match reached {
            Reached::Nothing => false,
            Reached::Goal(found) | Reached::Failed(found, _) => *found == goal,
        });
        match timeout(limit, decided).await {
            Ok(Ok(reached)) => match &*reached {
                Reached::Failed(_, reason) => Err(reason.clone()),
                _ => Ok(()),
            },
            Ok(Err(_)) => Err("was closed".into()),
            Err(_) => Err(unreachable::<B>(&self.link)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn start<L: Live>(link: &Link<L>, node: Node) -> Self {
        let node = Arc::new(node);
        let (goal, goals) = watch::channel(Goal::Present);
        let (sender, reached) = watch::channel(Reached::Nothing);
        let tasks = Tasks::new("registry entry");
        tasks.spawn(keep(link.clone(), Arc::clone(&node), goals, sender));
        Self {
            node,
            holders: BTreeSet::new(),
            goal,
            reached,
            _tasks: tasks,
        }
    }

    /// Whether `holder` was the last.
    fn leave(&mut self, holder: u64) -> bool {
        let last = self.holders.remove(&holder) && self.holders.is_empty();
        if last {
            self.aim(Goal::Absent);
        }
        last
    }

    fn aim(&self, goal: Goal) {
        self.goal.send_if_modified(|aimed| {
            let turned = *aimed != goal;
            *aimed = goal;
            turned
        });
    }

    fn is_done(&self) -> bool {
        self.holders.is_empty() && *self.reached.borrow() == Reached::Goal(Goal::Absent)
    }
}

/// Forgets the nodes that nobody wants and that are gone.
fn sweep(entries: &mut BTreeMap<String, Entry>) {
    entries.retain(|_, entry| !entry.is_done());
}

/// Why nothing was heard in time, for the caller.
pub(crate) fn unreachable<B: Backend>(link: &Link<B::Live>) -> String {
    let name = B::NAME;
    let reason = link
        .reason()
        .map_or(String::new(), |reason| format!(" ({reason})"));
    format!("it cannot be reached{reason}; is {name} up and its port open from here?")
}
