//! An address and its one connection: made by the first call, made again with growing pauses when it breaks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use wubbo_core::{Error, ErrorKind, Tasks};

use super::super::config::DubboConfig;
use super::super::counters::Counters;
use super::connection::{Connection, run};

/// First pause after a connection could not be made.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// Longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// What a call finds.
#[derive(Clone, Debug)]
enum State {
    /// Nobody asked for a connection yet.
    Idle,
    /// One is being made.
    Connecting,
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
    _connector: Tasks,
}

impl Peer {
    pub(super) fn new(address: String, config: DubboConfig, counters: Arc<Counters>) -> Arc<Self> {
        let (sender, state) = watch::channel(State::Idle);
        let address: Arc<str> = address.into();
        let wanted = Arc::new(Notify::new());
        let connector = Tasks::new("dubbo connector");
        connector.spawn(
            Connector {
                address: address.clone(),
                config,
                counters,
                state: sender,
                wanted: wanted.clone(),
            }
            .run(),
        );
        Arc::new(Self {
            address,
            state,
            wanted,
            _connector: connector,
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Whether a call has a chance: there is a connection that takes calls, or nothing speaks against making one.
    pub(super) fn is_available(&self) -> bool {
        match &*self.state.borrow() {
            State::Up(connection) => !connection.is_draining(),
            State::Idle | State::Connecting => true,
            State::Down(_) => false,
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
        if let State::Up(connection) = &*self.state.borrow()
            && !connection.is_draining()
        {
            return Ok(connection.clone());
        }
        let mut state = self.state.clone();
        self.wanted.notify_one();
        let settled = state.wait_for(|state| match state {
            State::Up(connection) => !connection.is_draining(),
            State::Down(_) => true,
            State::Idle | State::Connecting => false,
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

/// The task that makes and drives the connection.
struct Connector {
    address: Arc<str>,
    config: DubboConfig,
    counters: Arc<Counters>,
    state: watch::Sender<State>,
    wanted: Arc<Notify>,
}

impl Connector {
    async fn run(self) {
        self.wanted.notified().await;
        let mut pause = BACKOFF_FIRST;
        // Connections that drain still answer what they owe.
        let old = Tasks::new("dubbo draining");
        loop {
            self.state.send_replace(State::Connecting);
            let stream = match self.connect().await {
                Ok(stream) => stream,
                Err(cause) => {
                    self.counters
                        .connections_failed
                        .fetch_add(1, Ordering::Relaxed);
                    if pause == BACKOFF_FIRST {
                        tracing::warn!(provider = %self.address, cause, "cannot connect; trying again with growing pauses");
                    }
                    self.state.send_replace(State::Down(cause.into()));
                    sleep(jittered(pause)).await;
                    pause = (pause * 2).min(BACKOFF_MAX);
                    continue;
                }
            };
            pause = BACKOFF_FIRST;
            self.counters
                .connections_made
                .fetch_add(1, Ordering::Relaxed);
            let connection = Arc::new(Connection::new(
                &self.address,
                &self.config,
                self.counters.clone(),
            ));
            self.state.send_replace(State::Up(connection.clone()));
            tracing::debug!(provider = %self.address, "connected");

            let (driven, config) = (connection.clone(), self.config.clone());
            let (ended, mut end) = watch::channel(None);
            old.spawn(async move {
                let cause = run(&driven, stream, &config).await;
                ended.send_replace(Some(cause));
            });
            let cause = tokio::select! {
                cause = end.wait_for(Option::is_some) => {
                    cause.ok().and_then(|cause| cause.clone()).unwrap_or_default()
                }
                () = connection.drained.notified() => "the provider takes no new calls".to_owned(),
            };
            tracing::info!(provider = %self.address, cause, "the connection ended");
            // A provider that closes is likely to be gone; one that is not is found again after the shortest pause.
            self.state.send_replace(State::Down(cause.into()));
            sleep(jittered(BACKOFF_FIRST)).await;
        }
    }

    async fn connect(&self) -> Result<TcpStream, String> {
        let stream = match timeout(
            self.config.connect_timeout,
            TcpStream::connect(&*self.address),
        )
        .await
        {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => {
                return Err(format!(
                    "no answer within {} ms",
                    self.config.connect_timeout.as_millis()
                ));
            }
        };
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        Ok(stream)
    }
}

/// Between half and the whole of `pause`, so that consumers do not come back all at once.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
