//! An address and its one connection: made by the first call, made again with growing pauses when it breaks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::client::TlsStream;
use wubbo_core::{Error, ErrorKind, Tasks};

use super::super::config::DubboConfig;
use super::super::counters::Counters;
use super::super::tls;
use super::connection::{Connection, run};

/// First pause after a connection could not be made.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// Longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// A connection that lasted so long was a good one: the pauses start from the first again. A provider that accepts and closes at once is
/// left alone for longer and longer, like one that does not accept.
const STABLE: Duration = Duration::from_secs(1);

/// What a call finds.
#[derive(Clone, Debug)]
enum State {
    /// Nobody asked for a connection yet.
    Idle,
    /// The first one is being made.
    Connecting,
    /// Another one is being made after an attempt failed or the connection broke.
    Reconnecting,
    /// There is one.
    Up(Arc<Connection>),
    /// The last attempt failed, or the connection broke; the next attempt comes after a pause.
    Down(Arc<str>),
}

/// A provider's address. Dropped with its last invoker, which closes the connection.
#[derive(Debug)]
pub(super) struct Peer {
    address: Arc<str>,
    state: watch::Receiver<State>,
    wanted: Arc<Notify>,
    /// Largest body that is read; 0 is no limit.
    payload: Arc<AtomicUsize>,
    _connector: Tasks,
}

impl Peer {
    /// A peer without a connection yet.
    pub(super) fn new(
        address: String,
        config: DubboConfig,
        tls: bool,
        counters: Arc<Counters>,
    ) -> Arc<Self> {
        let (sender, state) = watch::channel(State::Idle);
        let address: Arc<str> = address.into();
        let wanted = Arc::new(Notify::new());
        let payload = Arc::new(AtomicUsize::new(config.payload));
        let connector = Tasks::new("dubbo connector");
        connector.spawn(
            Connector {
                address: address.clone(),
                config,
                tls,
                counters,
                state: sender,
                wanted: wanted.clone(),
                payload: payload.clone(),
            }
            .run(),
        );
        Arc::new(Self {
            address,
            state,
            wanted,
            payload,
            _connector: connector,
        })
    }

    /// Reads bodies of up to `payload` bytes from now on, if that is more than before. In Dubbo Java the first reference to an address
    /// decides for all (live-peer fact LJ-22); here the widest does.
    pub(super) fn widen(&self, payload: usize) {
        // 0 is no limit, so it is the widest: as `usize::MAX` after one step down.
        let wider =
            |known: usize| (payload.wrapping_sub(1) > known.wrapping_sub(1)).then_some(payload);
        // Refused when it was wide enough.
        let _wide_enough = self
            .payload
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, wider);
    }

    /// Makes the connection now, for calls to come.
    pub(super) fn connect(&self) {
        self.wanted.notify_one();
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Whether a call has a chance: there is a connection that takes calls, or nothing speaks against making one. An address that failed
    /// has none before it is connected again: else each attempt on a dead provider would draw the calls of that moment to it.
    pub(super) fn is_available(&self) -> bool {
        match &*self.state.borrow() {
            State::Up(connection) => !connection.is_draining(),
            State::Idle | State::Connecting => true,
            State::Reconnecting | State::Down(_) => false,
        }
    }

    /// The connection, when there is one that takes calls.
    pub(super) fn connected(&self) -> Option<Arc<Connection>> {
        match &*self.state.borrow() {
            State::Up(connection) if !connection.is_draining() => Some(connection.clone()),
            _ => None,
        }
    }

    /// The connection; waits while one is being made.
    ///
    /// # Errors
    /// [`ErrorKind::Connect`] with the address and the cause, at once while the pause after a failure lasts.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, Error> {
        let mut state = self.state.clone();
        self.wanted.notify_one();
        let settled = state.wait_for(|state| match state {
            State::Up(connection) => !connection.is_draining(),
            State::Down(_) => true,
            State::Idle | State::Connecting | State::Reconnecting => false,
        });
        match settled.await.as_deref() {
            Ok(State::Up(connection)) => Ok(connection.clone()),
            Ok(State::Down(cause)) => {
                let message = format!("cannot connect to dubbo://{}: {cause}", self.address);
                Err(Error::new(ErrorKind::Connect, message))
            }
            _ => Err(Error::new(
                ErrorKind::Destroyed,
                format!("the client of {} was shut down", self.address),
            )),
        }
    }
}

/// A connection as it was made.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The task that makes and drives the connection.
struct Connector {
    address: Arc<str>,
    config: DubboConfig,
    tls: bool,
    counters: Arc<Counters>,
    state: watch::Sender<State>,
    wanted: Arc<Notify>,
    payload: Arc<AtomicUsize>,
}

impl Connector {
    async fn run(self) {
        self.wanted.notified().await;
        let mut pause = BACKOFF_FIRST;
        // Connections that drain still answer what they owe.
        let old = Tasks::new("dubbo connections");
        self.state.send_replace(State::Connecting);
        loop {
            let since = Instant::now();
            let cause = match self.connect().await {
                Ok(stream) => self.up(&old, stream).await,
                Err(cause) => {
                    self.counters
                        .connections_failed
                        .fetch_add(1, Ordering::Relaxed);
                    if pause == BACKOFF_FIRST {
                        tracing::warn!(provider = %self.address, cause, "cannot connect; trying again with growing pauses");
                    }
                    self.down(cause, pause).await;
                    pause = (pause * 2).min(BACKOFF_MAX);
                    continue;
                }
            };
            tracing::info!(provider = %self.address, cause, "the connection ended");
            if since.elapsed() >= STABLE {
                pause = BACKOFF_FIRST;
            }
            // A provider that closes is likely to be gone; one that is not is found again after the pause.
            self.down(cause, pause).await;
            pause = (pause * 2).min(BACKOFF_MAX);
        }
    }

    /// Serves calls with a connection until it takes no more; why it does not.
    async fn up(&self, old: &Tasks, stream: Stream) -> String {
        self.counters
            .connections_made
            .fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection::new(
            self.address.clone(),
            &self.config,
            self.counters.clone(),
            self.payload.clone(),
        ));
        tracing::debug!(provider = %self.address, "connected");
        let (driven, config) = (connection.clone(), self.config.clone());
        let (ended, end) = oneshot::channel();
        old.spawn(async move {
            let cause = match stream {
                Stream::Plain(stream) => run(&driven, stream.into_split(), &config).await,
                Stream::Tls(stream) => run(&driven, tokio::io::split(stream), &config).await,
            };
            // Nobody listens any more to a connection that drained.
            let _drained_before = ended.send(cause);
        });
        self.state.send_replace(State::Up(connection.clone()));
        tokio::select! {
            cause = end => cause.unwrap_or_else(|_| "its task ended".to_owned()),
            () = connection.drained.notified() => "the provider takes no new calls".to_owned(),
        }
    }

    /// Tells callers why there is no connection, until it is time for the next attempt.
    async fn down(&self, cause: String, pause: Duration) {
        self.state.send_replace(State::Down(cause.into()));
        sleep(jittered(pause)).await;
        self.state.send_replace(State::Reconnecting);
    }

    async fn connect(&self) -> Result<Stream, String> {
        let limit = self.config.connect_timeout;
        match timeout(limit, self.stream()).await {
            Ok(stream) => stream.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} ms", limit.as_millis())),
        }
    }

    async fn stream(&self) -> io::Result<Stream> {
        let stream = TcpStream::connect(&*self.address).await?;
        stream.set_nodelay(true)?;
        // On loopback a port that nobody listens on may be the one that we were given to connect from.
        if stream.local_addr()? == stream.peer_addr()? {
            return Err(io::Error::other("connected to itself"));
        }
        if !self.tls {
            return Ok(Stream::Plain(stream));
        }
        let host = self.address.rsplit_once(':').map_or("", |(host, _)| host);
        let stream = tls::connect(&self.config.ssl, host, stream).await?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}

/// Between half and the whole of `pause`, so that consumers do not come back all at once.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
