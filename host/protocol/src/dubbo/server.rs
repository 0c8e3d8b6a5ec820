//! The provider's side: a listener, its connections and their common limits.

mod connection;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};
use wubbo_core::{BoxFuture, Error, ErrorKind, Handler, Listener, Tasks, Url, keys};

use super::config::DubboConfig;
use connection::Connection;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long a listener that drains must have been quiet before it closes: calls that were on their way are still answered.
const QUIET: Duration = Duration::from_millis(200);
/// Pause after a failed accept, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the connections of one listener share.
#[derive(Debug)]
struct Shared {
    config: DubboConfig,
    handler: Arc<dyn Handler>,
    in_flight: AtomicUsize,
    /// Requests read so far; a drain waits until it stands still.
    requests: AtomicU64,
    idle: Notify,
}

impl Shared {
    /// Takes a place among the calls in flight; `None` when there is none left.
    fn enter(self: &Arc<Self>) -> Option<InFlight> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let place = InFlight(self.clone());
        (before < self.config.in_flight_total).then_some(place)
    }
}

/// A place among the calls in flight, given back when dropped.
#[derive(Debug)]
struct InFlight(Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle.notify_waiters();
        }
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

/// Binds the address of `url` and serves `handler`.
pub(crate) fn bind(
    url: &Url,
    config: DubboConfig,
    handler: Arc<dyn Handler>,
) -> Result<DubboListener, Error> {
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
        handler,
        in_flight: AtomicUsize::new(0),
        requests: AtomicU64::new(0),
        idle: Notify::new(),
    });
    let (draining, _) = watch::channel(false);
    let (accept, connections) = (
        Tasks::new("dubbo accept"),
        Arc::new(Tasks::new("dubbo connections")),
    );
    accept.spawn(serve(
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

async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    draining: watch::Sender<bool>,
    connections: Arc<Tasks>,
) {
    let places = Arc::new(Semaphore::new(shared.config.connections_max));
    let mut stopped = draining.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|draining| *draining) => return,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!(%remote, max = shared.config.connections_max, "too many connections; this one is closed");
            continue;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%remote, %error, "TCP_NODELAY");
        }
        let local = stream.local_addr().ok();
        let connection = Connection::new(shared.clone(), remote, local, draining.subscribe());
        connections.spawn(async move {
            connection.run(stream).await;
            drop(place);
        });
    }
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
            loop {
                let seen = self.shared.requests.load(Ordering::Relaxed);
                let idle = self.shared.idle.notified();
                if self.shared.in_flight.load(Ordering::Relaxed) > 0
                    && timeout_at(until, idle).await.is_err()
                {
                    break;
                }
                let quiet = timeout(
                    QUIET.min(until.saturating_duration_since(Instant::now())),
                    std::future::pending::<()>(),
                );
                let _always_late = quiet.await;
                let still = self.shared.requests.load(Ordering::Relaxed) == seen;
                if (still && self.shared.in_flight.load(Ordering::Relaxed) == 0)
                    || Instant::now() >= until
                {
                    break;
                }
            }
            self.shared.in_flight.load(Ordering::Relaxed)
        })
    }
}
