//! The providers of one service, and the strategy that makes them look like one.

use std::fmt;
use std::sync::Arc;

use crate::{Candidates, Invoker, ProviderTable, Url};

/// One state of a directory: the table that policies see, and at the same indices the endpoints that they do not.
#[derive(Debug, Default)]
pub struct ProviderList {
    /// What routers and balancers choose from.
    pub table: Arc<ProviderTable>,
    /// Who is called; as long as the table.
    pub invokers: Vec<Arc<dyn Invoker>>,
    /// Entries that were announced and cannot be called: protocols not spoken, a gateway's own, malformed.
    pub skipped: usize,
    /// Why, of the first of these, each with its address; only a few, each short.
    pub skipped_because: Vec<String>,
    /// The registries that announce them, in the order in which they were given; empty where there are not several.
    pub registries: Vec<ListedRegistry>,
}

impl ProviderList {
    /// Whether the provider of `row` takes calls now; not one outside of the list.
    #[must_use]
    pub fn is_available(&self, row: usize) -> bool {
        let invoker = self.invokers.get(row);
        invoker.is_some_and(|invoker| invoker.is_available())
    }
}

/// One of several registries behind a list.
#[derive(Clone, Debug)]
pub struct ListedRegistry {
    /// Its address, with the parameters by which calls choose one (`preferred`, `zone`, `weight`).
    pub url: Url,
    /// The providers that it announces.
    pub rows: Candidates,
}

/// A live list of providers. Object safe, Send + Sync.
pub trait Directory: Send + Sync + fmt::Debug {
    /// The reference's URL.
    fn url(&self) -> &Url;

    /// The registry that fills it, as an operator would write it; empty for direct URLs.
    fn registry(&self) -> &str;

    /// The state now; called once per attempt, without a lock.
    fn list(&self) -> Arc<ProviderList>;
}

/// A fault-tolerance strategy: `failover`, `failfast` and so on. Object safe, Send + Sync.
pub trait Cluster: Send + Sync + fmt::Debug {
    /// The strategy's Dubbo key.
    fn name(&self) -> &str;

    /// Folds `directory` into one invoker.
    fn join(&self, directory: Arc<dyn Directory>) -> Arc<dyn Invoker>;
}
