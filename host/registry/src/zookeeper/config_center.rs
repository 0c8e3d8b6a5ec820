//! The config center at ZooKeeper, where Dubbo Java and its admin console keep rules: the text of the node
//! `/<namespace>/config/<group>/<key>`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};
use wubbo_core::{BoxFuture, ConfigCenter, ConfigSubscription, Error, ErrorKind, Tasks, Url};

use super::follow::{Follower, Reading, bytes, follow};
use super::link::Live;
use super::path::{Root, is_name};
use super::settings::{self, CONFIG_CENTER};
use super::shared::Shared;

/// Longest text of a key, as in every config center; it is also what a server sends at most, as it is shipped.
const TEXT_BYTES_MAX: usize = 1024 * 1024;
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
    if bytes.len() > TEXT_BYTES_MAX {
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
            read(&vec![b'x'; TEXT_BYTES_MAX + 1])
                .unwrap_err()
                .contains("more than")
        );
    }
}
