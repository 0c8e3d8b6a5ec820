//! The consumer's side: one connection per address, shared by every invoker of it.

mod connection;
mod outbox;
mod peer;
mod pending;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::time::timeout_at;
use wubbo_core::{
    BoxFuture, Error, ErrorKind, Invocation, Invoker, Outcome, RpcResult, Status, Url, keys,
};

use super::config::DubboConfig;
use super::counters::Counters;
use super::{request, response};
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
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = peers.get(&address).and_then(Weak::upgrade);
        let peer = known.unwrap_or_else(|| {
            peers.retain(|_, peer| peer.strong_count() > 0);
            let peer = Peer::new(address.clone(), config.clone(), counters.clone());
            peers.insert(address, Arc::downgrade(&peer));
            peer
        });
        let payload = usize::try_from(url.get_int(
            keys::PAYLOAD,
            i64::try_from(config.payload).unwrap_or(i64::MAX),
        ));
        Ok(Arc::new(DubboInvoker {
            url: url.clone(),
            peer,
            payload: payload.unwrap_or(config.payload),
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
        let deadline = invocation.deadline();
        let connecting = self.peer.connection();
        let connection = match deadline {
            Some(deadline) => timeout_at(deadline.instant(), connecting)
                .await
                .unwrap_or_else(|_| {
                    Err(self.late(
                        &invocation,
                        ErrorKind::ClientTimeout,
                        "no connection was made",
                    ))
                })?,
            None => connecting.await?,
        };
        let one_way = invocation.request().one_way;
        let encode = |out: &mut bytes::BytesMut, id: i64| {
            request::encode(out, id, &invocation, &self.url, self.payload)
        };
        if one_way {
            connection.send(encode)?;
            return Ok(RpcResult::null());
        }
        let waiting = connection.ask(encode)?;
        let (status, body) = match deadline {
            Some(deadline) => timeout_at(deadline.instant(), waiting)
                .await
                .unwrap_or_else(|_| {
                    Err(self.late(&invocation, ErrorKind::ServerTimeout, "no answer came"))
                })?,
            None => waiting.await?,
        };
        self.answer(status, &body)
    }

    fn answer(&self, status: Status, body: &bytes::Bytes) -> Outcome {
        response::decode(status, body, self.peer.address())
    }

    /// Dubbo Java's words for a call that waited too long; the address tells whose fault it was.
    fn late(&self, invocation: &Invocation, kind: ErrorKind, what: &str) -> Error {
        let millis = self.url.get_method_duration_ms(
            invocation.method(),
            keys::TIMEOUT,
            keys::DEFAULT_TIMEOUT_MS,
        );
        let message = format!(
            "Invoke remote method timeout. method: {}, provider: dubbo://{}/{}, cause: {what} within the call's time (timeout={millis} ms)",
            invocation.method(),
            self.peer.address(),
            invocation.service(),
        );
        Error::new(kind, message)
    }
}
