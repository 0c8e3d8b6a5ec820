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

/// A config center. Object safe, Send + Sync. Called when a reference or service is made; never per call.
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
}
