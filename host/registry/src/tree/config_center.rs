//! The config center where Dubbo Java and its admin console keep rules: the text of the node
//! `/<namespace>/config/<group>/<key>`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};
use wubbo_core::{BoxFuture, ConfigCenter, ConfigSubscription, Error, ErrorKind, Tasks, Url};

use super::backend::{Backend, Live, Reading, Trouble};
use super::follow::{Follower, follow};
use super::path::{Root, is_name};
use super::registrar::unreachable;
use super::settings::{self, CONFIG_CENTER};
use super::shared::Shared;
use crate::config::{TEXT_BYTES_MAX, check_length};

/// Dubbo's group of rules; also meant by an empty one.
const DEFAULT_GROUP: &str = "dubbo";

/// A config center at a cluster of servers. It shares the connection of the registries there.
///
/// Dropping the value ends its subscriptions.
#[derive(Debug)]
pub(crate) struct TreeConfigCenter<B: Backend> {
    url: Url,
    root: Root,
    /// How long a first text is waited for.
    timeout: Duration,
    shared: Arc<Shared<B>>,
    /// Its end is that of every subscription.
    open: watch::Sender<()>,
}

impl<B: Backend> TreeConfigCenter<B> {
    /// Opens the config center that `address` names, such as `zookeeper://h1:2181?backup=h2:2181&namespace=dubbo`. It is
    /// connected in the background. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the address cannot be one. A cluster that is out of reach now is no error.
    pub(crate) fn open(address: &str) -> Result<Self, Error> {
        let (url, settings) = settings::read::<B>(CONFIG_CENTER, address)?;
        let (shared, _) = Shared::of(&settings.cluster);
        Ok(Self {
            url,
            root: settings.namespace,
            timeout: settings.timeout,
            shared,
            open: watch::Sender::new(()),
        })
    }

    /// Whether [`TreeConfigCenter::open`] takes `address`; nothing is connected.
    ///
    /// # Errors
    /// As [`TreeConfigCenter::open`].
    pub(crate) fn check(address: &str) -> Result<(), Error> {
        settings::read::<B>(CONFIG_CENTER, address).map(|_| ())
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
    async fn live(&self) -> Result<B::Live, Refused> {
        let mut link = self.shared.link.clone();
        let limit = link.patience(self.timeout);
        let live = timeout(limit, link.live()).await;
        live.map_err(|_| Refused::Server(Trouble::Connection))
    }

    async fn read_text(&self, path: &str) -> Result<Option<Arc<str>>, Refused> {
        let found = self.live().await?.bytes_now(path).await?;
        found.map(|(bytes, _)| utf8(bytes)).transpose()
    }

    async fn replace_text(
        &self,
        path: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<bool, Refused> {
        let live = self.live().await?;
        let found = live.bytes_now(path).await?;
        if found.as_ref().map(|(bytes, _)| &**bytes) != from.map(str::as_bytes) {
            return Ok(false);
        }
        let version = found.map(|(_, version)| version);
        if version.is_none() && to.is_none() {
            return Ok(true);
        }
        let to = to.map(str::as_bytes);
        Ok(live.write(path, version, to).await?)
    }

    fn failed(&self, what: &str, path: &str, refused: &Refused) -> Error {
        let reason = match refused {
            Refused::Bytes(reason) => (*reason).to_owned(),
            Refused::Server(Trouble::Connection) => unreachable::<B>(&self.shared.link),
            Refused::Server(Trouble::Refused { error, remedy }) => format!("{error}; {remedy}"),
        };
        let center = &self.url;
        let message = format!("config center {center:?}: cannot {what} {path}: {reason}");
        Error::new(ErrorKind::Registry, message)
    }
}

/// Why a text was not read or written.
enum Refused {
    Server(Trouble),
    Bytes(&'static str),
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self::Server(trouble)
    }
}

fn utf8(bytes: Vec<u8>) -> Result<Arc<str>, Refused> {
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        return Err(Refused::Bytes(
            "it has more than 1 MiB: shorten it, or remove the node",
        ));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(Refused::Bytes(
            "its bytes are not UTF-8: look at what wrote them, or remove the node",
        )),
    }
}

impl<B: Backend> ConfigCenter for TreeConfigCenter<B> {
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
            let tasks = Tasks::new("registry text");
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

impl<L: Live> Follower<L> for Text {
    type Found = Option<Vec<u8>>;

    fn path(&self) -> &str {
        &self.path
    }

    fn read(&self, live: &L) -> impl Future<Output = Reading<Self::Found>> + Send {
        live.bytes(&self.path)
    }

    fn found(&mut self, _live: &L, found: Self::Found) -> Option<Instant> {
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

    #[test]
    fn what_is_read_is_a_text_of_at_most_1_mib() {
        let refused = |bytes: Vec<u8>| match utf8(bytes) {
            Err(Refused::Bytes(reason)) => reason,
            _ => "",
        };
        assert_eq!(refused(vec![b'x'; 1024 * 1024]), "");
        assert!(refused(vec![b'x'; 1024 * 1024 + 1]).contains("more than 1 MiB"));
        assert!(refused(vec![0xff]).contains("not UTF-8"));
    }
}
