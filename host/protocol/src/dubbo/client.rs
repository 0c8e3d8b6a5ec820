//! The consumer's side: one connection per address, shared by every invoker of it.

mod connection;
mod outbox;
mod peer;
mod pending;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::{Instant, timeout_at};
use wubbo_core::{
    BoxFuture, Deadline, Error, ErrorKind, Invocation, Invoker, Outcome, RpcResult, Url, keys,
};

use super::config::DubboConfig;
use super::counters::Counters;
use super::request::Outgoing;
use super::response;
use peer::Peer;

/// The addresses that this process has invokers of.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<HashMap<String, Weak<Peer>>>);

impl Peers {
    /// An invoker of the provider at `url` over the address's one connection.
    pub(crate) fn refer(
        &self,
        url: &Url,
        config: &DubboConfig,
        counters: &Arc<Counters>,
    ) -> Result<Arc<dyn Invoker>, Error> {
        if url.host().is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("a provider without a host: {url:?}"),
            ));
        }
        let address = url.address(keys::DEFAULT_PORT);
        let payload = config.payload_of(url);
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = peers.get(&address).and_then(Weak::upgrade);
        let peer = known.unwrap_or_else(|| {
            peers.retain(|_, peer| peer.strong_count() > 0);
            let peer = Peer::new(address.clone(), config.clone(), counters.clone(), payload);
            peers.insert(address, Arc::downgrade(&peer));
            peer
        });
        peer.widen(payload);
        Ok(Arc::new(DubboInvoker {
            url: url.clone(),
            peer,
            payload,
        }))
    }
}

/// A provider behind its address's connection.
struct DubboInvoker {
    url: Url,
    peer: Arc<Peer>,
    payload: usize,
}

impl fmt::Debug for DubboInvoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DubboInvoker")
            .field("url", &self.url)
            .field("peer", &self.peer)
            .finish()
    }
}

impl Invoker for DubboInvoker {
    fn url(&self) -> &Url {
        &self.url
    }

    fn is_available(&self) -> bool {
        self.peer.is_available()
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        Box::pin(self.call(invocation))
    }
}

impl DubboInvoker {
    async fn call(&self, invocation: Invocation) -> Outcome {
        let started = Instant::now();
        // Every wait on a peer has an end: without a deadline the time-out of the provider's URL counts.
        let deadline = invocation
            .deadline()
            .map_or_else(|| started + self.timeout(&invocation), Deadline::instant);
        let connection = match self.peer.connected() {
            Some(connection) => connection,
            None => timeout_at(deadline, self.peer.connection())
                .await
                .unwrap_or_else(|_| {
                    let cause = "no connection was made";
                    Err(self.late(&invocation, ErrorKind::ClientTimeout, cause, started))
                })?,
        };
        let encode = |out: &mut BytesMut, id: i64| {
            let outgoing = Outgoing {
                id,
                invocation: &invocation,
                remaining: deadline.saturating_duration_since(started),
                url: &self.url,
                payload: self.payload,
            };
            outgoing.encode(out)
        };
        if invocation.request().one_way {
            let written = timeout_at(deadline, connection.send(encode)).await;
            return match written {
                Ok(written) => written.map(|()| RpcResult::null()),
                Err(_) => {
                    // It is still written if the provider goes on reading, so it may run.
                    let cause = "the provider did not read it";
                    Err(self.late(&invocation, ErrorKind::ServerTimeout, cause, started))
                }
            };
        }
        let (status, body) = timeout_at(deadline, connection.ask(encode)?)
            .await
            .unwrap_or_else(|_| {
                Err(self.late(
                    &invocation,
                    ErrorKind::ServerTimeout,
                    "no answer came",
                    started,
                ))
            })?;
        response::decode(status, &body, self.peer.address())
    }

    /// The time-out that the URL says for the method of this call.
    fn timeout(&self, invocation: &Invocation) -> Duration {
        let method = invocation.method();
        Duration::from_millis(self.url.get_method_duration_ms(
            method,
            keys::TIMEOUT,
            keys::DEFAULT_TIMEOUT_MS,
        ))
    }

    /// Dubbo Java's words for a call that waited too long; the address tells whose fault it was.
    fn late(
        &self,
        invocation: &Invocation,
        kind: ErrorKind,
        cause: &str,
        started: Instant,
    ) -> Error {
        let message = format!(
            "Invoke remote method timeout. method: {}, provider: dubbo://{}/{}, cause: {cause} in the {} ms that were left of the call's time",
            invocation.method(),
            self.peer.address(),
            invocation.service(),
            started.elapsed().as_millis(),
        );
        Error::new(kind, message)
    }
}
