//! A wire protocol: how calls reach a provider, and how they come in.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::{BoxFuture, Error, Handler, Invoker, Url};

/// A wire protocol in both roles. Object safe, Send + Sync.
pub trait Protocol: Send + Sync + fmt::Debug {
    /// The URL scheme, such as `dubbo`.
    fn name(&self) -> &str;

    /// An invoker of the provider at `url` (merged with the reference's parameters). Does not connect: the connection is shared by
    /// address, made by the first call, and closed when the last invoker of the address is dropped.
    ///
    /// # Errors
    /// The URL has no usable address.
    fn refer(&self, url: &Url) -> Result<Arc<dyn Invoker>, Error>;

    /// Listens at the host and port of `url` and hands requests to `handler`.
    ///
    /// # Errors
    /// The address cannot be bound; the message names it.
    fn bind<'a>(
        &'a self,
        url: &'a Url,
        handler: Arc<dyn Handler>,
    ) -> BoxFuture<'a, Result<Box<dyn Listener>, Error>>;
}

/// An open listener. Dropping it closes it and its connections at once.
pub trait Listener: Send + Sync + fmt::Debug {
    /// The bound address; its port is the real one when 0 was asked for.
    fn local_addr(&self) -> SocketAddr;

    /// Calls being answered now.
    fn in_flight(&self) -> usize;

    /// Stops accepting, tells every consumer not to send more (read-only event), lets calls in flight end within `limit`, then
    /// closes. Returns how many calls were cut off.
    fn drain(self: Box<Self>, limit: Duration) -> BoxFuture<'static, usize>;
}
