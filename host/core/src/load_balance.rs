//! Load balancing: which of the candidates gets the call.

use std::fmt;

use crate::{Candidates, Invocation, ProviderTable};

/// A policy that picks one provider. Object safe, Send + Sync.
pub trait LoadBalance: Send + Sync + fmt::Debug {
    /// The balancer's Dubbo key, such as `random`.
    fn name(&self) -> &str;

    /// The index of the chosen row; `None` when it cannot say, and the cluster picks uniformly. Runs on a worker thread, once per
    /// attempt; an index that is no candidate counts as `None`.
    fn select(
        &self,
        invocation: &Invocation,
        table: &ProviderTable,
        candidates: &Candidates,
    ) -> Option<usize>;
}
