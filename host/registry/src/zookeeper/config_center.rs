//! The config center at ZooKeeper, where Dubbo Java and its admin console keep rules: the text of the node
//! `/<namespace>/config/<group>/<key>`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};
use wubbo_core::{BoxFuture, ConfigCenter, ConfigSubscription, Error, ErrorKind, Tasks, Url};
use zookeeper_client::{CreateMode, Error as ZookeeperError};

use super::follow::{Follower, Reading, bytes, follow, is_connection, remedy};
use super::link::Live;
use super::path::{Root, is_name};
use super::settings::{self, CONFIG_CENTER};
use super::shared::Shared;
use crate::config::{TEXT_BYTES_MAX, check_length};

/// Dubbo's group of rules; also meant by an empty one.
const DEFAULT_GROUP: &str = "dubbo";

/// A config center at a ZooKeeper cluster. It shares the connection of the registries there.
///
/// Dropping the value ends its subscriptions.
#[derive(Debug)]
pub struct ZookeeperConfigCenter {
    url: Url,
    root: Root,
    /// How long a first text is waited for.
    timeout: Duration,
    shared: Arc<Shared>,
    /// Its end is that of every subscription.
    open: watch::Sender<()>,
}

impl ZookeeperConfigCenter {
    /// Opens the config center that `address` names, such as `zookeeper://h1:2181?backup=h2:2181&namespace=dubbo`. It is
    /// connected in the background. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the address cannot be one. A cluster that is out of reach now is no error.
    pub fn open(address: &str) -> Result<Self, Error> {
        let (url, settings) = settings::read(CONFIG_CENTER, address)?;
        let (shared, _) = Shared::of(&settings.cluster);
        Ok(Self {
            url,
            root: settings.namespace,
            timeout: settings.timeout,
            shared,
            open: watch::Sender::new(()),
        })
    }

    /// Whether [`ZookeeperConfigCenter::open`] takes `address`; nothing is connected.
    ///
    /// # Errors
    /// As [`ZookeeperConfigCenter::open`].
    pub fn check(address: &str) -> Result<(), Error> {
        settings::read(CONFIG_CENTER, address).map(|_| ())
    }

    fn path(&self, key: &str, group: &str) -> Result<String, Error> {
        let group = if group.is_empty() {
            DEFAULT_GROUP
        } else {
            group
        };
        for (what, name) in [("key", key), ("group", group)] {
            if !is_name(name) {
                let message = format!(
                    "config center {:?}: {what} {name:?} cannot be the name of a node",
                    self.url
                );
                return Err(Error::new(ErrorKind::Config, message));
            }
        }
        Ok(format!("{}/{key}", self.root.child("config", group)))
    }

    /// The connection, if there is one in time.
    async fn live(&self) -> Result<Live, Refused> {
        let mut link = self.shared.link.clone();
        let limit = link.patience(self.timeout);
        let live = timeout(limit, link.live()).await;
        live.map_err(|_| Refused::Zookeeper(ZookeeperError::ConnectionLoss))
    }

    /// Bytes and version of the node at `path`, as the cluster has them now; `None` without a node.
    async fn bytes(&self, live: &Live, path: &str) -> Result<Option<(Vec<u8>, i32)>, Refused> {
        // The server that we are connected to may lag behind the one that somebody else wrote to.
        live.ask(live.client.sync(path)).await?;
        match live.ask(live.client.get_data(path)).await {
            Ok((bytes, stat)) => Ok(Some((bytes, stat.version))),
            Err(ZookeeperError::NoNode) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn read_text(&self, path: &str) -> Result<Option<Arc<str>>, Refused> {
        let found = self.bytes(&self.live().await?, path).await?;
        found.map(|(bytes, _)| utf8(bytes)).transpose()
    }

    async fn replace_text(
        &self,
        path: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<bool, Refused> {
        let live = self.live().await?;
        let found = self.bytes(&live, path).await?;
        if found.as_ref().map(|(bytes, _)| &**bytes) != from.map(str::as_bytes) {
            return Ok(false);
        }
        let client = &live.client;
        let written = match (found, to) {
            (None, None) => Ok(()),
            (None, Some(to)) => {
                let options = CreateMode::Persistent.with_acls(live.acls());
                if let Some((directory, _)) = path.rsplit_once('/') {
                    live.ask(client.mkdir(directory, &options)).await?;
                }
                let made = live.ask(client.create(path, to.as_bytes(), &options)).await;
                made.map(drop)
            }
            (Some((_, version)), Some(to)) => {
                let set = client.set_data(path, to.as_bytes(), Some(version));
                live.ask(set).await.map(drop)
            }
            (Some((_, version)), None) => live.ask(client.delete(path, Some(version))).await,
        };
        match written {
            Ok(()) => Ok(true),
            // Somebody came between.
            Err(
                ZookeeperError::BadVersion | ZookeeperError::NoNode | ZookeeperError::NodeExists,
            ) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn failed(&self, what: &str, path: &str, refused: &Refused) -> Error {
        let reason = match refused {
            Refused::Bytes(reason) => (*reason).to_owned(),
            Refused::Zookeeper(ZookeeperError::NotEmpty) => {
                "it has nodes below it: remove them at ZooKeeper".to_owned()
            }
            Refused::Zookeeper(error) if is_connection(error) => {
                "it cannot be reached; is ZooKeeper up and its port open from here?".to_owned()
            }
            Refused::Zookeeper(error) => format!("{error}; {}", remedy(error)),
        };
        let center = &self.url;
        let message = format!("config center {center:?}: cannot {what} {path}: {reason}");
        Error::new(ErrorKind::Registry, message)
    }
}

/// Why a text was not read or written.
enum Refused {
    Zookeeper(ZookeeperError),
    Bytes(&'static str),
}

impl From<ZookeeperError> for Refused {
    fn from(error: ZookeeperError) -> Self {
        Self::Zookeeper(error)
    }
}

fn utf8(bytes: Vec<u8>) -> Result<Arc<str>, Refused> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(Refused::Bytes(
            "its bytes are not UTF-8: look at what wrote them, or remove the node",
        )),
    }
}

impl ConfigCenter for ZookeeperConfigCenter {
    fn subscribe<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
    ) -> BoxFuture<'a, Result<ConfigSubscription, Error>> {
        Box::pin(async move {
            let path = self.path(key, group)?;
            let (texts, mut receiver) = watch::channel(None);
            let (read, first) = oneshot::channel();
            let text = Text {
                path,
                texts,
                read: Some(read),
            };
            let following = follow(self.shared.link.clone(), text);
            let mut open = self.open.subscribe();
            let tasks = Tasks::new("zookeeper text");
            tasks.spawn(async move {
                tokio::select! {
                    () = following => {}
                    _ = open.changed() => {}
                }
            });
            // So that who asks right afterwards gets the text that is there; an outage delays nobody twice.
            let patience = self.shared.link.patience(self.timeout);
            let _late = timeout(patience, first).await;
            // What `current` gives now is no change any more.
            receiver.mark_unchanged();
            Ok(ConfigSubscription::new(receiver, tasks))
        })
    }

    fn read<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<str>>, Error>> {
        Box::pin(async move {
            let path = self.path(key, group)?;
            let text = self.read_text(&path).await;
            text.map_err(|refused| self.failed("read", &path, &refused))
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
        from: Option<&'a str>,
        to: Option<&'a str>,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let path = self.path(key, group)?;
            check_length(key, to.unwrap_or_default())?;
            let replaced = self.replace_text(&path, from, to).await;
            replaced.map_err(|refused| self.failed("write", &path, &refused))
        })
    }
}

/// Reads the text of one key.
struct Text {
    path: String,
    texts: watch::Sender<Option<Arc<str>>>,
    /// Told at the first reading.
    read: Option<oneshot::Sender<()>>,
}

impl Follower for Text {
    type Found = Option<Vec<u8>>;

    fn path(&self) -> &str {
        &self.path
    }

    fn read(&self, live: &Live) -> impl Future<Output = Reading<Self::Found>> + Send {
        bytes(live, &self.path)
    }

    fn found(&mut self, _live: &Live, found: Self::Found) -> Option<Instant> {
        match text(found) {
            Ok(text) => {
                self.texts.send_if_modified(|last| {
                    let news = *last != text;
                    *last = text;
                    news
                });
            }
            Err(reason) => {
                let path = &self.path;
                tracing::warn!(path, reason, "a rule cannot be read, its last text stays");
            }
        }
        if let Some(read) = self.read.take() {
            let _nobody_waits = read.send(());
        }
        None
    }
}

/// The text in `bytes`; nothing but white space is none, as no node is.
fn text(bytes: Option<Vec<u8>>) -> Result<Option<Arc<str>>, String> {
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        return Err(format!("has more than {TEXT_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| format!("is not UTF-8: {error}"))?;
    Ok((!text.trim().is_empty()).then(|| text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_text() {
        let read = |bytes: &[u8]| text(Some(bytes.to_vec()));
        assert_eq!(text(None), Ok(None));
        assert_eq!(read(b""), Ok(None));
        assert_eq!(read(b" \n"), Ok(None));
        assert_eq!(read(b"a: 1\n").unwrap().as_deref(), Some("a: 1\n"));
        assert!(read(b"\xff").unwrap_err().contains("is not UTF-8"));
        assert!(
            read(&vec![b'x'; 1024 * 1024 + 1])
                .unwrap_err()
                .contains("more than")
        );
    }
}
