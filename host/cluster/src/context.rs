//! What a directory needs to know about policies.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use wubbo_core::{PolicySlot, TableSink};

/// How long policies may take over a new list: to configure its URLs, and then to take its table. After it the list is published
/// without them, since a provider that is gone must not be called on a plugin's account.
pub(crate) const POLICY_LIMIT: Duration = Duration::from_secs(10);

/// The policies around a directory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct DirectoryContext {
    /// Where the policies of the moment are; the configurators in it are applied to every provider's URL.
    pub policies: Arc<PolicySlot>,
    /// Who must have seen a table before a call is routed over it; `None`: nobody.
    pub tables: Option<Arc<dyn TableSink>>,
    /// Tells that configurators or their rules changed, after they were published: every list is then made anew.
    pub configuration: ConfigurationWatch,
}

/// Tells when [`wubbo_core::PolicySet::configuration`] is another one. Cheap to clone; the default one never tells.
#[derive(Clone, Debug, Default)]
pub struct ConfigurationWatch(Option<watch::Receiver<u64>>);

impl ConfigurationWatch {
    /// Waits for the next change that was not seen yet; for ever when there will be none.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn changed(&mut self) {
        let told = match &mut self.0 {
            Some(receiver) => receiver.changed().await.is_ok(),
            None => false,
        };
        if !told {
            pending().await
        }
    }
}

impl From<watch::Receiver<u64>> for ConfigurationWatch {
    fn from(receiver: watch::Receiver<u64>) -> Self {
        Self(Some(receiver))
    }
}
