//! The two ends of a call: who can be called, and who answers what came in.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::{Invocation, Outcome, Request, Url};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A callable endpoint: one provider, or a cluster of them. Object safe, Send + Sync.
///
/// Called once per attempt (a provider) or once per call (a cluster); must not block the thread.
pub trait Invoker: Send + Sync + fmt::Debug {
    /// The endpoint's URL.
    fn url(&self) -> &Url;

    /// Whether a call has a chance now; a load balancer's choice that is not available is picked again.
    fn is_available(&self) -> bool;

    /// Calls and waits for the answer, until the invocation's deadline at most.
    ///
    /// # Cancel safety
    /// When the future is dropped the caller is gone: a pending answer is forgotten and later dropped.
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Outcome>;
}

/// What a listener hands incoming calls to: the services of a provider, or a gateway. Object safe, Send + Sync.
///
/// Called once per request, concurrently; must not block the thread. It chooses the policies that the call sees.
pub trait Handler: Send + Sync + fmt::Debug {
    /// Answers one request. For a one-way request the outcome is dropped.
    ///
    /// # Cancel safety
    /// The future is dropped when the deadline passes or the listener is closed with its drain time over.
    fn handle(&self, request: Request) -> BoxFuture<'_, Outcome>;
}
