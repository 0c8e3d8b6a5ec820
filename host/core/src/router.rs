//! Routing: which providers a call may go to.

use std::fmt;

use crate::{Candidates, Invocation, ProviderTable, Remarks, Url};

/// One attempt as routers and balancers see it: the call, and the providers it is about. Nothing in it changes while they look.
#[derive(Clone, Copy, Debug)]
pub struct Routing<'a> {
    /// The call, with what the call filters did to it.
    pub invocation: &'a Invocation,
    /// The consumer's URL: the reference with its own parameters, before a provider's are merged in.
    pub consumer: &'a Url,
    /// Every provider of the service; candidates are indices into it.
    pub table: &'a ProviderTable,
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// Where reasons are written down when somebody asked for them; `None` on the ordinary path.
    pub remarks: Option<&'a Remarks>,
}

/// A rule that narrows the providers of a call. Object safe, Send + Sync.
pub trait Router: Send + Sync + fmt::Debug {
    /// The router's Dubbo key, such as `tag`.
    fn name(&self) -> &str;

    /// Takes candidates out. Runs on a worker thread, once per attempt, over a table that it was given before (see
    /// [`crate::TableSink`]); a router that fails leaves its input as it was. Leaving nobody is a legal answer.
    fn route(&self, routing: &Routing<'_>, candidates: &mut Candidates);
}
