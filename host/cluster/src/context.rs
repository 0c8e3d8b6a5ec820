//! What a directory needs to know about policies.

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
    /// Tells that configurators or their rules changed ([`wubbo_core::PolicySet::configuration`]), after they were published: every
    /// list is then made anew. `None`: they never do.
    pub configuration: Option<watch::Receiver<u64>>,
}
