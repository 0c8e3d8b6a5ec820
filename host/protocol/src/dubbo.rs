//! The dubbo protocol: `DubboProtocol` in both roles.

mod annotate;
mod attachments;
mod call;
mod client;
mod codec;
mod config;
mod counters;
mod decimal;
mod describe;
pub mod descriptor;
mod event;
mod framing;
mod head;
mod header;
mod reencode;
mod request;
mod response;
mod server;
mod socket;
mod tls;
mod unsent;

use std::sync::Arc;

use wubbo_core::{BoxFuture, Error, Handler, Invoker, Listener, Protocol, Url};

pub use annotate::annotate;
pub use codec::Codec;
pub use config::DubboConfig;
pub use counters::DubboCounts;
pub use describe::{Content, Frame, describe};
pub use reencode::reencode;
pub use tls::SslConfig;

/// The dubbo protocol with hessian2. Send + Sync; its invokers share one connection per address.
#[derive(Debug)]
pub struct DubboProtocol {
    config: DubboConfig,
    counters: Arc<counters::Counters>,
    peers: client::Peers,
}

impl DubboProtocol {
    /// The protocol with `config`. Nothing is opened.
    #[must_use]
    pub fn new(config: DubboConfig) -> Self {
        Self {
            config,
            counters: Arc::default(),
            peers: client::Peers::default(),
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> DubboCounts {
        self.counters.read()
    }
}

impl Protocol for DubboProtocol {
    fn name(&self) -> &str {
        "dubbo"
    }

    fn refer(&self, url: &Url) -> Result<Arc<dyn Invoker>, Error> {
        self.peers.refer(url, &self.config, &self.counters)
    }

    fn bind<'a>(
        &'a self,
        url: &'a Url,
        handler: Arc<dyn Handler>,
    ) -> BoxFuture<'a, Result<Box<dyn Listener>, Error>> {
        Box::pin(async move {
            let listener = server::bind(url, &self.config, handler)?;
            Ok(Box::new(listener) as Box<dyn Listener>)
        })
    }
}

#[cfg(test)]
mod tests;
