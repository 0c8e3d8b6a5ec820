//! The provider's side: a listener, its connections and their common limits.

mod accept;
mod connection;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use wubbo_core::{BoxFuture, Error, ErrorKind, Handler, Listener, Tasks, Url, keys};

use super::config::DubboConfig;
use super::tls;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long a listener that drains must have been quiet before it closes: calls that were on their way are still answered.
const QUIET: Duration = Duration::from_millis(200);
/// How often a drain looks (Dubbo Java: 10 ms).
const LOOK: Duration = Duration::from_millis(10);

/// What the connections of one listener share.
#[derive(Debug)]
struct Shared {
    config: DubboConfig,
    tls: Option<tls::Provider>,
    handler: Arc<dyn Handler>,
    in_flight: AtomicUsize,
    /// Reads that brought something so far; a drain waits until it stands still, or a large request on its way would be cut off.
    reads: AtomicU64,
}

impl Shared {
    /// Takes a place among the calls in flight; `None` when there is none left.
    fn enter(self: &Arc<Self>) -> Option<InFlight> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let place = InFlight(self.clone());
        (before < self.config.in_flight_total).then_some(place)
    }

    fn count_read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }
}

/// A place among the calls in flight, given back when dropped.
#[derive(Debug)]
struct InFlight(Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A bound listener of the dubbo protocol.
#[derive(Debug)]
pub(crate) struct DubboListener {
    address: SocketAddr,
    shared: Arc<Shared>,
    draining: watch::Sender<bool>,
    accept: Tasks,
    _connections: Arc<Tasks>,
}

/// Binds the address of `url` and serves `handler`. What the URL says counts before `config`.
pub(crate) fn bind(
    url: &Url,
    config: &DubboConfig,
    handler: Arc<dyn Handler>,
) -> Result<DubboListener, Error> {
    let config = config.of_listener(url);
    // In front of the bind: with a certificate that is none, nothing is bound.
    let tls = match url.get_bool(keys::SSL_ENABLED, false) {
        true => Some(tls::Provider::new(&config.ssl)?),
        false => None,
    };
    let (listener, address) = open(url).map_err(|error| {
        let place = url.address(keys::DEFAULT_PORT);
        Error::with_source(
            ErrorKind::Config,
            format!("cannot listen on dubbo://{place}"),
            error,
        )
    })?;
    let shared = Arc::new(Shared {
        config,
        tls,
        handler,
        in_flight: AtomicUsize::new(0),
        reads: AtomicU64::new(0),
    });
    let (draining, _) = watch::channel(false);
    let accept = Tasks::new("dubbo accept");
    let connections = Arc::new(Tasks::new("dubbo connections"));
    accept.spawn(accept::accept(
        listener,
        shared.clone(),
        draining.clone(),
        connections.clone(),
    ));
    Ok(DubboListener {
        address,
        shared,
        draining,
        accept,
        _connections: connections,
    })
}

fn open(url: &Url) -> std::io::Result<(TcpListener, SocketAddr)> {
    let place = url.address(keys::DEFAULT_PORT);
    let address: SocketAddr = place
        .replace("localhost:", "127.0.0.1:")
        .parse()
        .map_err(|_| {
            std::io::Error::other("the host of a listener is an IP address, or 0.0.0.0 for all")
        })?;
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart must not wait for connections of the last run; two listeners at once are still refused.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

impl Listener for DubboListener {
    fn local_addr(&self) -> SocketAddr {
        self.address
    }

    fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    fn drain(self: Box<Self>, limit: Duration) -> BoxFuture<'static, usize> {
        Box::pin(async move {
            let until = Instant::now() + limit;
            // Closes the accepting socket, and every connection says that it takes no new calls.
            self.draining.send_replace(true);
            self.accept.join(limit).await;
            let mut seen = self.shared.reads.load(Ordering::Relaxed);
            let mut quiet = Instant::now();
            // What is written counts as in flight until the consumer's socket has it.
            while quiet.elapsed() < QUIET && Instant::now() < until {
                sleep(LOOK.min(limit)).await;
                let reads = self.shared.reads.load(Ordering::Relaxed);
                if reads != seen || self.in_flight() > 0 {
                    (seen, quiet) = (reads, Instant::now());
                }
            }
            self.in_flight()
        })
    }
}
