//! What ZooKeeper is asked over one connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use zookeeper_client::{Acls, Client, CreateMode, Error, OneshotWatcher};

use super::watch::Ended;
use crate::tree::backend::{Changed, Live, Reading, Trouble};
use crate::tree::node::{Node, Owner};
use crate::tree::settings::Cluster;

/// One living connection.
#[derive(Clone)]
pub(crate) struct ZookeeperLive {
    client: Client,
    epoch: u64,
    /// Ids of our former sessions, whose entries may still be there.
    former: Arc<[i64]>,
    /// Of the client's task.
    ended: Ended,
    /// Whether we have an identity.
    known: bool,
}

impl ZookeeperLive {
    pub(super) fn new(
        client: Client,
        epoch: u64,
        former: Arc<[i64]>,
        ended: Ended,
        cluster: &Cluster,
    ) -> Self {
        let known = !cluster.identity.0.is_empty();
        Self {
            client,
            epoch,
            former,
            ended,
            known,
        }
    }

    /// Lets the server that we are connected to see what the others know.
    pub(super) async fn sync(&self, path: &str) -> Result<(), Error> {
        self.ask(self.client.sync(path)).await
    }

    /// Who may use the nodes that we make: everybody, or those with our user and password (as Dubbo Java 3).
    fn acls(&self) -> Acls<'static> {
        if self.known {
            Acls::creator_all()
        } else {
            Acls::anyone_all()
        }
    }

    /// Awaits the answer to one request; a server that does not answer within the session's time-out has lost it.
    ///
    /// # Errors
    /// As the request; `ConnectionLoss` when time is up.
    async fn ask<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match timeout(self.client.session_timeout(), request).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::ConnectionLoss),
        }
    }

    async fn made(&self, node: &Node, claim: bool) -> Result<(), Error> {
        let path = node.path();
        let mode = match node.stays {
            true => CreateMode::Persistent,
            false => CreateMode::Ephemeral,
        };
        let options = mode.with_acls(self.acls());
        loop {
            match self.ask(self.client.create(&path, b"", &options)).await {
                Ok(_) => return Ok(()),
                Err(Error::NoNode) => self.make_directories(node).await?,
                Err(Error::NodeExists) => match self.owner(&path).await? {
                    None => {}
                    Some(owner) if !node.replaces(owner, claim) => return Ok(()),
                    Some(_) => {
                        // In one step, so that no subscriber sees it missing.
                        let mut step = self.client.new_multi_writer();
                        step.add_delete(&path, None)?;
                        step.add_create(&path, b"", &options)?;
                        let done = step.commit();
                        match self.ask(async { done.await.map_err(Error::from) }).await {
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

    async fn make_directories(&self, node: &Node) -> Result<(), Error> {
        let options = CreateMode::Persistent.with_acls(self.acls());
        for directory in node.further.iter().chain([&node.directory]) {
            self.ask(self.client.mkdir(directory, &options)).await?;
        }
        Ok(())
    }

    /// `None` when there is no such node.
    async fn owner(&self, path: &str) -> Result<Option<Owner>, Error> {
        let stat = self.ask(self.client.check_stat(path)).await?;
        Ok(stat.map(|stat| match stat.ephemeral_owner {
            0 => Owner::Everybody,
            owner if owner == self.client.session_id().0 => Owner::Us,
            owner if self.former.contains(&owner) => Owner::FormerUs,
            _ => Owner::Other,
        }))
    }

    async fn removed(&self, node: &Node) -> Result<(), Error> {
        let path = node.path();
        let owner = self.owner(&path).await?;
        if !owner.is_some_and(|owner| node.is_ours(owner)) {
            return Ok(());
        }
        match self.ask(self.client.delete(&path, None)).await {
            Err(Error::NoNode) => Ok(()),
            removed => removed,
        }
    }

    async fn written(
        &self,
        path: &str,
        version: Option<i64>,
        to: Option<&[u8]>,
    ) -> Result<(), Error> {
        // The library's versions have the width of ZooKeeper's.
        let version = version.and_then(|version| i32::try_from(version).ok());
        match (version, to) {
            (None, None) => Ok(()),
            (None, Some(to)) => {
                let options = CreateMode::Persistent.with_acls(self.acls());
                if let Some((directory, _)) = path.rsplit_once('/') {
                    self.ask(self.client.mkdir(directory, &options)).await?;
                }
                let made = self.client.create(path, to, &options);
                self.ask(made).await.map(drop)
            }
            (Some(_), Some(to)) => {
                let set = self.client.set_data(path, to, version);
                self.ask(set).await.map(drop)
            }
            (Some(_), None) => self.ask(self.client.delete(path, version)).await,
        }
    }

    /// A watch for the making of `path`; `None` when it was made in the meantime.
    async fn absent(&self, path: &str) -> Result<Option<OneshotWatcher>, Error> {
        let (stat, watcher) = self.ask(self.client.check_and_watch_stat(path)).await?;
        Ok(stat.is_none().then_some(watcher))
    }
}

impl Live for ZookeeperLive {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn session(&self) -> Duration {
        self.client.session_timeout()
    }

    async fn make(&self, node: &Node, claim: bool) -> Result<Changed, Trouble> {
        self.made(node, claim).await?;
        let path = node.path();
        let (stat, watcher) = self.ask(self.client.check_and_watch_stat(&path)).await?;
        Ok(match stat {
            Some(_) => self.ended.fired(watcher),
            None => Box::pin(std::future::ready(Ok(()))),
        })
    }

    async fn remove(&self, node: &Node) -> Result<(), Trouble> {
        Ok(self.removed(node).await?)
    }

    async fn names(&self, directory: &str) -> Reading<Vec<String>> {
        loop {
            match self
                .ask(self.client.list_and_watch_children(directory))
                .await
            {
                Err(Error::NoNode) => {
                    if let Some(watcher) = self.absent(directory).await? {
                        return Ok((Vec::new(), self.ended.fired(watcher)));
                    }
                }
                found => {
                    return Ok(found.map(|(names, watcher)| (names, self.ended.fired(watcher)))?);
                }
            }
        }
    }

    async fn interfaces(&self, root: &str) -> Reading<Vec<String>> {
        self.names(root).await
    }

    async fn bytes(&self, path: &str) -> Reading<Option<Vec<u8>>> {
        loop {
            match self.ask(self.client.get_and_watch_data(path)).await {
                Err(Error::NoNode) => {
                    if let Some(watcher) = self.absent(path).await? {
                        return Ok((None, self.ended.fired(watcher)));
                    }
                }
                found => {
                    return Ok(found
                        .map(|(bytes, _, watcher)| (Some(bytes), self.ended.fired(watcher)))?);
                }
            }
        }
    }

    async fn bytes_now(&self, path: &str) -> Result<Option<(Vec<u8>, i64)>, Trouble> {
        // The server that we are connected to may lag behind the one that somebody else wrote to.
        self.sync(path).await?;
        match self.ask(self.client.get_data(path)).await {
            Ok((bytes, stat)) => Ok(Some((bytes, stat.version.into()))),
            Err(Error::NoNode) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn write(
        &self,
        path: &str,
        version: Option<i64>,
        to: Option<&[u8]>,
    ) -> Result<bool, Trouble> {
        match self.written(path, version, to).await {
            Ok(()) => Ok(true),
            // Somebody came between.
            Err(Error::BadVersion | Error::NoNode | Error::NodeExists) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl fmt::Debug for ZookeeperLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZookeeperLive")
            .field("session", &self.client.session_id())
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        if is_connection(&error) {
            return Self::Connection;
        }
        Self::Refused {
            remedy: remedy(&error),
            error: error.to_string(),
        }
    }
}

/// Whether `error` is about the connection or the session, and not about what was asked.
pub(crate) fn is_connection(error: &Error) -> bool {
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
pub(crate) fn remedy(error: &Error) -> &'static str {
    match error {
        Error::NoAuth | Error::InvalidAcl | Error::AuthFailed => {
            "the node's ACL refuses us: put the user and password of its owner into the registry's address (zookeeper://user:password@host:2181)"
        }
        Error::NotEmpty => "it has nodes below it: remove them at ZooKeeper",
        Error::QuotaExceeded => "raise the quota of the root node at ZooKeeper",
        Error::NotReadOnly => "the server is read-only: its ensemble has lost its majority",
        Error::NoChildrenForEphemerals => {
            "somebody made a parent node ephemeral: delete it at ZooKeeper"
        }
        _ => "see the log of the ZooKeeper server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F-22: what is tried again over the next connection, and what is for an operator to mend.
    #[test]
    fn every_error_has_its_meaning() {
        for (error, expected) in [
            (Error::NoNode, "see the log"),
            (
                Error::NoChildrenForEphemerals,
                "made a parent node ephemeral",
            ),
            (Error::NodeExists, "see the log"),
            (Error::NotEmpty, "nodes below it"),
            (Error::NoAuth, "user and password"),
            (Error::InvalidAcl, "user and password"),
            (Error::QuotaExceeded, "quota"),
            (Error::NotReadOnly, "lost its majority"),
            (Error::UnexpectedErrorCode(-999), "see the log"),
            (Error::ConnectionLoss, "connection"),
            (Error::SessionExpired, "connection"),
            (Error::SessionMoved, "connection"),
            (Error::ClientClosed, "connection"),
            (Error::Timeout, "connection"),
            (Error::NoHosts, "connection"),
        ] {
            let text = error.to_string();
            let found = match Trouble::from(error) {
                Trouble::Connection => "connection",
                Trouble::Refused { remedy, .. } => remedy,
            };
            assert!(found.contains(expected), "{text}: {found}");
        }
    }
}
