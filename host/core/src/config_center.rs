//! Where rules and dynamic configuration are kept.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::{BoxFuture, Error};

/// A stream of one key's text: the latest wins; `None` when the key does not exist. Dropping it ends the subscription.
pub struct ConfigSubscription {
    texts: watch::Receiver<Option<Arc<str>>>,
    _guard: Box<dyn Any + Send + Sync>,
}

impl ConfigSubscription {
    /// A subscription fed by the sender of `texts`; `guard` is dropped with it.
    pub fn new(texts: watch::Receiver<Option<Arc<str>>>, guard: impl Any + Send + Sync) -> Self {
        Self {
            texts,
            _guard: Box::new(guard),
        }
    }

    /// The text now.
    #[must_use]
    pub fn current(&self) -> Option<Arc<str>> {
        self.texts.borrow().clone()
    }

    /// Waits for the next change; `false` when the config center was closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn changed(&mut self) -> bool {
        self.texts.changed().await.is_ok()
    }
}

impl fmt::Debug for ConfigSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigSubscription")
            .field("current", &*self.texts.borrow())
            .finish()
    }
}

/// A config center. Object safe, Send + Sync. Called when a reference or service is made, and by operators' commands; never per
/// call.
pub trait ConfigCenter: Send + Sync + fmt::Debug {
    /// Follows the text under `key` in `group` (Dubbo's default group is `dubbo`).
    ///
    /// # Errors
    /// The subscription cannot be made at all; an outage is no error.
    fn subscribe<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
    ) -> BoxFuture<'a, Result<ConfigSubscription, Error>>;

    /// The text under `key` in `group` as the config center has it now, byte for byte; `None` when there is nothing under that
    /// key. Unlike a subscriber it sees a text of nothing but white space.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Config`] for a key or group that cannot be one, [`crate::ErrorKind::Registry`] when the config center
    /// cannot be asked or what is there is no text.
    fn read<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<str>>, Error>>;

    /// Puts `to` under `key` in `group` if `from` is there, in one step that no other writer of this config center can come
    /// between; `None` stands for nothing under that key. Answers whether `from` was there; if not, nothing was changed.
    ///
    /// # Errors
    /// As [`ConfigCenter::read`], and [`crate::ErrorKind::Config`] for a text above 1 MiB. After an
    /// [`crate::ErrorKind::Registry`] the text may or may not have been written: read it before going on.
    fn replace<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
        from: Option<&'a str>,
        to: Option<&'a str>,
    ) -> BoxFuture<'a, Result<bool, Error>>;
}
