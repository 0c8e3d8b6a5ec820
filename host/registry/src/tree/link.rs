//! The connection to one cluster and the session in it: kept by one task, shared by everybody who names the cluster.
//!
//! A connection that is lost is replaced by another one that takes the same session up again. A session that is still alive at
//! the server keeps its entries; one that expired is replaced by a new one.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use wubbo_core::Tasks;

use super::backend::{Backend, Live};
use super::settings::Cluster;

/// Pause before the second attempt to connect; doubles up to [`RETRY_MAX`]. Each is varied by a fifth, so that a cluster that
/// comes back is not met by everybody at once.
const RETRY_MIN: Duration = Duration::from_millis(250);
/// The longest pause: a registry that is back is used again within about a second.
const RETRY_MAX: Duration = Duration::from_secs(1);
/// Only a connection that lived this long starts the pauses anew: a server that takes and drops connections is asked no more often
/// than one that refuses them.
const STEADY: Duration = RETRY_MIN;

/// Makes connections, one after the other.
pub(crate) trait Connector: Send + 'static {
    type Live: Live;
    /// What an attempt gives.
    type Connection: Send;

    /// One attempt over all servers, to take the session up again or to begin one.
    fn connect(&mut self) -> impl Future<Output = Result<Self::Connection, Failure>> + Send;

    /// Shows the connection to the link's users until it is lost, its session expires or nobody is left; then, in this order,
    /// hides it and ends it.
    fn serve(
        &mut self,
        connection: Self::Connection,
        users: &Users<Self::Live>,
    ) -> impl Future<Output = ()> + Send;
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The session is gone at the server: the next attempt begins another one.
    Expired,
    /// For this reason.
    Unreachable(String),
}

/// The connection as its users see it. The session is closed when the last of these is gone.
#[derive(Debug, Clone)]
pub(crate) struct Link<L> {
    state: watch::Receiver<State<L>>,
}

/// The connection, or that there is none, since when and why.
#[derive(Debug)]
struct State<L> {
    live: Option<L>,
    since: Instant,
    reason: Option<Arc<str>>,
}

impl<L: Live> Link<L> {
    /// Starts to connect. Must be called on a tokio runtime.
    pub(crate) fn open<B: Backend<Live = L>>(cluster: Cluster) -> Self {
        // The process owns the keepers: each outlives its last link by the time that closing a session takes, one second at most.
        static KEEPERS: OnceLock<Tasks> = OnceLock::new();
        let (users, link) = Self::pair(format!("{} {}", B::NAME, cluster.addresses));
        KEEPERS
            .get_or_init(|| Tasks::new("registry sessions"))
            .spawn(keep(B::connector(cluster), users));
        link
    }

    /// A link that nobody keeps yet, `name` being its registry's in the log.
    pub(super) fn pair(name: String) -> (Users<L>, Self) {
        let (state, receiver) = watch::channel(State {
            live: None,
            since: Instant::now(),
            reason: None,
        });
        (Users { state, name }, Self { state: receiver })
    }

    pub(crate) fn is_live(&self) -> bool {
        self.state.borrow().live.is_some()
    }

    /// Why there is no connection, if that is known.
    pub(crate) fn reason(&self) -> Option<Arc<str>> {
        self.state.borrow().reason.clone()
    }

    /// How much of `limit` an operation should wait: all of it over a connection, and without one only as long as that is new.
    /// A process that shuts down during an outage would else wait for each of its entries.
    pub(crate) fn patience(&self, limit: Duration) -> Duration {
        let state = self.state.borrow();
        match state.live {
            Some(_) => limit,
            None => limit.saturating_sub(state.since.elapsed()),
        }
    }

    /// Waits for a connection. For ever when the runtime is shutting down: the waiting task ends with it.
    pub(crate) async fn live(&mut self) -> L {
        loop {
            if let Some(live) = self.state.borrow_and_update().live.clone() {
                return live;
            }
            self.moved().await;
        }
    }

    /// Waits until the connection that was seen last is lost.
    pub(crate) async fn lost(&mut self) {
        self.moved().await;
    }

    async fn moved(&mut self) {
        if self.state.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Those who hold the link, as its keeper sees them.
pub(crate) struct Users<L> {
    state: watch::Sender<State<L>>,
    name: String,
}

impl<L> Users<L> {
    /// Lets them use a connection.
    pub(crate) fn show(&self, live: L) {
        tracing::info!(registry = self.name, "registry is connected");
        self.state.send_replace(State {
            live: Some(live),
            since: Instant::now(),
            reason: None,
        });
    }

    /// Tells them that the connection is gone. Comes before its end: they must hear of it from here, and not from a watch that
    /// has nobody left to fire it.
    pub(crate) fn hide(&self) {
        let shown = self.state.send_if_modified(|state| {
            let shown = state.live.take().is_some();
            if shown {
                state.since = Instant::now();
            }
            shown
        });
        if shown && !self.state.is_closed() {
            tracing::info!(
                registry = self.name,
                "connection to the registry is lost, the last lists stay"
            );
        }
    }

    /// Waits until nobody is left.
    pub(crate) async fn closed(&self) {
        self.state.closed().await;
    }

    fn explain(&self, reason: &str) {
        self.state.send_if_modified(|state| {
            state.reason = Some(reason.into());
            false
        });
    }

    /// The registry's name in the log.
    pub(crate) fn name(&self) -> impl fmt::Display {
        &self.name
    }
}

/// Keeps a connection until nobody is left.
pub(super) async fn keep<C: Connector>(mut connector: C, users: Users<C::Live>) {
    let mut troubled = false;
    let mut pause = RETRY_MIN;
    while !users.state.is_closed() {
        let attempt = tokio::select! {
            attempt = connector.connect() => attempt,
            () = users.closed() => return,
        };
        match attempt {
            Ok(connection) => {
                troubled = false;
                let began = Instant::now();
                connector.serve(connection, &users).await;
                if began.elapsed() >= STEADY {
                    pause = RETRY_MIN;
                    continue;
                }
            }
            Err(Failure::Expired) => {
                let registry = users.name();
                tracing::warn!(%registry, "registry session expired, entries are made anew");
                continue;
            }
            Err(Failure::Unreachable(reason)) => {
                if !std::mem::replace(&mut troubled, true) {
                    tracing::warn!(
                        registry = %users.name(), reason,
                        "registry cannot be reached, the last lists stay; is it up and its port open from here?"
                    );
                }
                users.explain(&reason);
            }
        }
        let vary = 0.8 + fastrand::f64() * 0.4;
        tokio::select! {
            () = sleep(pause.mul_f64(vary)) => {}
            () = users.closed() => {}
        }
        pause = (pause * 2).min(RETRY_MAX);
    }
}

/// When an operation that failed is tried again: after 3 s, 6 s, 9 s and so on up to 30 s (spec F-94), varied by a tenth.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) fn next(&mut self) -> Instant {
        self.failures = (self.failures + 1).min(10);
        let vary = 0.9 + fastrand::f64() * 0.2;
        Instant::now() + Duration::from_secs(3 * u64::from(self.failures)).mul_f64(vary)
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}
