//! Routing: which providers a call may go to.

use std::fmt;
use std::sync::Arc;

use crate::{Candidates, Invocation, ProviderTable};

/// A rule that narrows the providers of a call. Object safe, Send + Sync.
pub trait Router: Send + Sync + fmt::Debug {
    /// The router's Dubbo key, such as `tag`.
    fn name(&self) -> &str;

    /// Told of a new table before any call is routed over it; off the call path.
    fn on_providers(&self, table: &Arc<ProviderTable>);

    /// Takes candidates out. Runs on a worker thread, once per attempt; a router that fails leaves its input as it was.
    fn route(&self, invocation: &Invocation, table: &ProviderTable, candidates: &mut Candidates);
}
