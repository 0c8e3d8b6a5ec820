//! The connection to one cluster and the session in it: kept by one task, shared by everybody who names the cluster.
//!
//! The client library reconnects by itself, but with a pause that doubles up to the session's time-out, and its task cannot be
//! ended. So each connection is one client here: when it is lost its task is ended, and the next client takes the same session
//! up again. A session that is still alive at the server keeps its entries; one that expired is replaced by a new one.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use spawns_core::{Spawn, Task};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use wubbo_core::Tasks;
use zookeeper_client::{Acls, Client, Error, SessionInfo, SessionState};

use super::settings::Cluster;

/// Silence after which a connection is given up, at most; the library's own rule is 2/5 of the session's time-out, which would
/// be 24 s of Dubbo's 60 s. It pings at 3/8 of this.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Pause before the second attempt to connect; doubles up to [`RETRY_MAX`]. Each is varied by a fifth, so that a cluster that
/// comes back is not met by everybody at once.
const RETRY_MIN: Duration = Duration::from_millis(250);
/// The longest pause: a registry that is back is used again within about a second.
const RETRY_MAX: Duration = Duration::from_secs(1);
/// A connection that was lost sooner is not replaced at once: a server that takes and drops it would be asked without a pause.
const STEADY: Duration = Duration::from_secs(1);
/// How long closing a session may take at the end; then the server ends it by its time-out.
const FAREWELL: Duration = Duration::from_secs(1);
/// How many of our former sessions are remembered to know their entries by. Only those within one session time-out matter.
const FORMER_MAX: usize = 64;

/// One living connection.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) client: Client,
    /// Counts the sessions: a new number means that everything of the former one is gone or will go.
    pub(super) epoch: u64,
    /// Ids of our former sessions, whose entries may still be there.
    former: Arc<[i64]>,
    cluster: Arc<Cluster>,
}

impl Live {
    /// Whether the owner of an ephemeral node is a session that we had before.
    pub(super) fn was_ours(&self, owner: i64) -> bool {
        self.former.contains(&owner)
    }

    pub(super) fn is_ours(&self, owner: i64) -> bool {
        self.client.session_id().0 == owner
    }

    /// Who may use the nodes that we make: everybody, or those with our user and password (as Dubbo Java 3).
    pub(super) fn acls(&self) -> Acls<'static> {
        if self.cluster.identity.0.is_empty() {
            Acls::anyone_all()
        } else {
            Acls::creator_all()
        }
    }

    /// Awaits the answer to one request; a server that does not answer within the session's time-out has lost it.
    ///
    /// # Errors
    /// As the request; `ConnectionLoss` when time is up.
    pub(super) async fn ask<T>(
        &self,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match timeout(self.client.session_timeout(), request).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::ConnectionLoss),
        }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("session", &self.client.session_id())
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// The connection as its users see it. The session is closed when the last of these is gone.
#[derive(Debug, Clone)]
pub(super) struct Link {
    state: watch::Receiver<State>,
}

/// The connection, or that there is none, since when.
#[derive(Debug)]
struct State {
    live: Option<Live>,
    since: Instant,
}

impl State {
    fn now(live: Option<Live>) -> Self {
        let since = Instant::now();
        Self { live, since }
    }
}

impl Link {
    /// Starts to connect. Must be called on a tokio runtime.
    pub(super) fn open(cluster: Cluster) -> Self {
        // The process owns the keepers: each outlives its last link by the time that closing a session takes, one second at most.
        static KEEPERS: OnceLock<Tasks> = OnceLock::new();
        let (state, receiver) = watch::channel(State::now(None));
        let keeper = Keeper {
            cluster: Arc::new(cluster),
            state,
            session: None,
            epoch: 0,
            former: VecDeque::new(),
        };
        KEEPERS
            .get_or_init(|| Tasks::new("zookeeper sessions"))
            .spawn(keeper.run());
        Self { state: receiver }
    }

    pub(super) fn is_live(&self) -> bool {
        self.state.borrow().live.is_some()
    }

    /// How much of `limit` an operation should wait: all of it over a connection, and without one only as long as that is new.
    /// A process that shuts down during an outage would else wait for each of its entries.
    pub(super) fn patience(&self, limit: Duration) -> Duration {
        let state = self.state.borrow();
        match state.live {
            Some(_) => limit,
            None => limit.saturating_sub(state.since.elapsed()),
        }
    }

    /// Waits for a connection. For ever when the runtime is shutting down: the waiting task ends with it.
    pub(super) async fn live(&mut self) -> Live {
        loop {
            if let Some(live) = self.state.borrow_and_update().live.clone() {
                return live;
            }
            self.moved().await;
        }
    }

    /// Waits until the connection that was seen last is lost.
    pub(super) async fn lost(&mut self) {
        self.moved().await;
    }

    async fn moved(&mut self) {
        if self.state.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// The task behind a [`Link`].
struct Keeper {
    cluster: Arc<Cluster>,
    state: watch::Sender<State>,
    /// The session to take up again.
    session: Option<SessionInfo>,
    epoch: u64,
    former: VecDeque<i64>,
}

/// The client's task, taken from the library instead of being started detached.
type Service = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Keeper {
    async fn run(mut self) {
        let mut troubled = false;
        let mut pause = RETRY_MIN;
        while !self.state.is_closed() {
            match self.connect().await {
                Ok((client, service)) => {
                    tracing::info!(registry = %self.name(), session = %client.session_id(), "registry is connected");
                    (troubled, pause) = (false, RETRY_MIN);
                    let began = Instant::now();
                    self.serve(client, service).await;
                    if began.elapsed() < STEADY {
                        self.rest(pause).await;
                    }
                }
                Err(Error::SessionExpired) if self.session.is_some() => self.forget_session(),
                Err(_) if self.state.is_closed() => return,
                Err(error) => {
                    if !std::mem::replace(&mut troubled, true) {
                        tracing::warn!(
                            registry = %self.name(), %error,
                            "registry cannot be reached, the last lists stay; is ZooKeeper up and its port open from here?"
                        );
                    }
                    self.rest(pause).await;
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
    }

    /// Waits before the next attempt, or until nobody is left.
    async fn rest(&self, pause: Duration) {
        let vary = 0.8 + fastrand::f64() * 0.4;
        tokio::select! {
            () = sleep(pause.mul_f64(vary)) => {}
            () = self.state.closed() => {}
        }
    }

    /// One attempt over all servers, to take the session up again or to begin one.
    async fn connect(&mut self) -> Result<(Client, Service), Error> {
        let cluster = Arc::clone(&self.cluster);
        let silence = (cluster.session * 2 / 5).min(SILENCE_MAX);
        let mut connector = Client::connector()
            .with_session_timeout(cluster.session)
            .with_connection_timeout(silence)
            .with_fail_eagerly();
        if !cluster.identity.0.is_empty() {
            connector = connector.with_auth("digest", cluster.identity.0.as_bytes());
        }
        if let Some(session) = &self.session {
            connector = connector.with_session(session.clone());
        }
        let mut connecting = pin!(connector.connect(&cluster.addresses));
        let capture = Capture::default();
        let connected = poll_fn(|context| {
            let _scope = spawns_core::enter(&capture);
            connecting.as_mut().poll(context)
        });
        let client = tokio::select! {
            client = connected => client?,
            () = self.state.closed() => return Err(Error::ClientClosed),
        };
        match capture.take() {
            Some(service) => Ok((client, service)),
            None => Err(Error::ClientClosed),
        }
    }

    /// Runs the client until its connection is lost, its session expires or nobody is left.
    async fn serve(&mut self, client: Client, service: Service) {
        if self.session.is_none() {
            self.epoch += 1;
        }
        self.session = Some(client.session().clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(service);
        let mut states = client.state_watcher();
        let live = Live {
            client,
            epoch: self.epoch,
            former: self.former.iter().copied().collect(),
            cluster: Arc::clone(&self.cluster),
        };
        // Another server of the cluster may lag behind what the session saw at the last one.
        let synced = tokio::select! {
            synced = live.ask(live.client.sync("/")) => synced.is_ok(),
            _ = tasks.join_next() => false,
        };
        if synced {
            self.state.send_replace(State::now(Some(live)));
            let closed = tokio::select! {
                () = self.state.closed() => true,
                () = lost(&mut states) => false,
                _ = tasks.join_next() => false,
            };
            // First: whoever waits for news from this connection must hear of its end before its task is gone.
            let last = self.state.send_replace(State::now(None));
            if closed {
                drop((last, states));
                // With the last handle gone the client closes its session, and the server removes our entries at once.
                let ended = timeout(FAREWELL, tasks.join_next()).await;
                if ended.is_err() {
                    tracing::warn!(registry = %self.name(), "registry does not answer; our entries go with the session's time-out");
                }
                return;
            }
        }
        tasks.shutdown().await;
        tracing::info!(registry = %self.name(), "connection to the registry is lost, the last lists stay");
    }

    /// The session is gone at the server: whatever was bound to it must be made anew.
    fn forget_session(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        tracing::warn!(registry = %self.name(), session = %session.id(), "registry session expired, entries are made anew");
        if self.former.len() == FORMER_MAX {
            self.former.pop_front();
        }
        self.former.push_back(session.id().0);
    }

    fn name(&self) -> impl fmt::Display {
        format!("zookeeper://{}", self.cluster.addresses)
    }
}

async fn lost(states: &mut zookeeper_client::StateWatcher) {
    let mut state = states.peek_state();
    while state == SessionState::SyncConnected {
        state = states.changed().await;
    }
}

/// Takes what a poll wants to start as a task.
#[derive(Default)]
struct Capture(Mutex<Option<Service>>);

impl Capture {
    fn take(&self) -> Option<Service> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Spawn for Capture {
    fn spawn(&self, task: Task) {
        let service = Box::into_pin(task.future);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(service);
    }
}

/// When an operation that failed is tried again: after 3 s, 6 s, 9 s and so on up to 30 s (spec F-94), varied by a tenth.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(super) fn next(&mut self) -> Instant {
        self.failures = (self.failures + 1).min(10);
        let vary = 0.9 + fastrand::f64() * 0.2;
        Instant::now() + Duration::from_secs(3 * u64::from(self.failures)).mul_f64(vary)
    }

    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}
