//! Load balancing: which of the candidates gets the call.

use std::fmt;

use crate::{Candidates, Routing};

/// What a balancer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The row that gets the call; one that is no candidate counts as [`Choice::Unable`].
    Row(usize),
    /// None of the candidates should get it: the caller is told that no provider is available.
    Nobody,
    /// The balancer failed; the cluster picks uniformly.
    Unable,
}

/// A policy that picks one provider. Object safe, Send + Sync.
pub trait LoadBalance: Send + Sync + fmt::Debug {
    /// The balancer's Dubbo key, such as `random`.
    fn name(&self) -> &str;

    /// Chooses among `candidates`, of which there are at least two. Runs on a worker thread, once per attempt, over a table that it
    /// was given before (see [`crate::TableSink`]).
    fn select(&self, routing: &Routing<'_>, candidates: &Candidates) -> Choice;
}
