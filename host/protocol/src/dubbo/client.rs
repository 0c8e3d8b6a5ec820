//! The consumer's side: one connection per address, shared by every invoker of it, or as many of its own as `connections` says.

mod connection;
mod outbox;
mod peer;
mod pending;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
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
use super::tls;
use peer::Peer;

/// Most connections that one reference may have to a provider; each is a task and a socket.
const CONNECTIONS_MAX: usize = 16_384;

/// The addresses that this process has invokers of, under TLS or not.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<HashMap<(String, bool), Weak<Peer>>>);

impl Peers {
    /// An invoker of the provider at `url`, over the address's one connection unless the URL asks for some of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Config`]: a URL without a host; a number of connections that is none; certificates of no use.
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
        let config = config.of_reference(url);
        let own = connections(url)?;
        let tls = url.get_bool(keys::SSL_ENABLED, false);
        if tls {
            tls::check_client(&config.ssl)?;
        }
        let peers: Box<[Arc<Peer>]> = if own == 0 {
            Box::new([self.shared(url, &config, tls, counters)])
        } else {
            let address = url.address(keys::DEFAULT_PORT);
            let peer = |_| Peer::new(address.clone(), config.clone(), tls, counters.clone());
            (0..own).map(peer).collect()
        };
        if !url.get_bool(keys::LAZY, true) {
            peers.iter().for_each(|peer| peer.connect());
        }
        Ok(Arc::new(DubboInvoker {
            url: url.clone(),
            peers,
            next: AtomicUsize::new(0),
            payload: config.payload,
        }))
    }

    fn shared(
        &self,
        url: &Url,
        config: &DubboConfig,
        tls: bool,
        counters: &Arc<Counters>,
    ) -> Arc<Peer> {
        let place = (url.address(keys::DEFAULT_PORT), tls);
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = peers.get(&place).and_then(Weak::upgrade);
        let peer = known.unwrap_or_else(|| {
            peers.retain(|_, peer| peer.strong_count() > 0);
            let peer = Peer::new(place.0.clone(), config.clone(), tls, counters.clone());
            peers.insert(place, Arc::downgrade(&peer));
            peer
        });
        peer.widen(config.payload);
        peer
    }
}

/// How many connections of its own `url` asks for.
fn connections(url: &Url) -> Result<usize, Error> {
    let refused = |why: &dyn fmt::Display| {
        let key = keys::CONNECTIONS;
        let message = format!("{key} of {url:?}: {why}; 0 to {CONNECTIONS_MAX} is wanted");
        Error::new(ErrorKind::Config, message)
    };
    match url.get_parsed::<usize>(keys::CONNECTIONS) {
        Ok(own) if own.is_none_or(|own| own <= CONNECTIONS_MAX) => Ok(own.unwrap_or(0)),
        Ok(_) => Err(refused(&"too many")),
        Err(error) => Err(refused(&error)),
    }
}

/// A provider behind its address's connection.
struct DubboInvoker {
    url: Url,
    /// At least one.
    peers: Box<[Arc<Peer>]>,
    /// Whose turn it is.
    next: AtomicUsize,
    payload: usize,
}

impl fmt::Debug for DubboInvoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DubboInvoker")
            .field("url", &self.url)
            .field("peers", &self.peers)
            .finish()
    }
}

impl Invoker for DubboInvoker {
    fn url(&self) -> &Url {
        &self.url
    }

    fn is_available(&self) -> bool {
        self.peers.iter().any(|peer| peer.is_available())
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
        let Some(peer) = self.peer() else {
            return Err(Error::new(
                ErrorKind::Destroyed,
                "an invoker without a peer",
            ));
        };
        let connection = match peer.connected() {
            Some(connection) => connection,
            None => timeout_at(deadline, peer.connection())
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
            outgoing.encode_apart(out)
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
        response::decode(status, &body, peer.address())
    }

    /// The next in turn, one that is there if any is.
    fn peer(&self) -> Option<&Peer> {
        if let [only] = &*self.peers {
            return Some(only);
        }
        let first = self.next.fetch_add(1, Ordering::Relaxed) % self.peers.len().max(1);
        let (behind, ahead) = self.peers.split_at_checked(first)?;
        let mut turn = ahead.iter().chain(behind);
        let available = turn.clone().find(|peer| peer.is_available());
        available.or_else(|| turn.next()).map(|peer| &**peer)
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
            self.url.address(keys::DEFAULT_PORT),
            invocation.service(),
            started.elapsed().as_millis(),
        );
        Error::new(kind, message)
    }
}
