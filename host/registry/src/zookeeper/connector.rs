//! One connection to ZooKeeper after the other, in the same session as long as that lives.
//!
//! The client library reconnects by itself, but with a pause that doubles up to the session's time-out, and its task cannot be
//! ended. So each connection is one client here: when it is lost its task is ended, and the next client takes the same session
//! up again.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use spawns_core::{Spawn, Task};
use tokio::task::JoinSet;
use tokio::time::timeout;
use zookeeper_client::{Client, Error, SessionInfo, SessionState};

use super::live::ZookeeperLive;
use super::watch::{Ended, Service};
use crate::tree::link::{Connector, Failure, Users};
use crate::tree::settings::Cluster;

/// Silence after which a connection is given up, at most; the library's own rule is 2/5 of the session's time-out, which would
/// be 24 s of Dubbo's 60 s. It pings at 3/8 of this.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// How long closing a session may take at the end; then the server ends it by its time-out.
const FAREWELL: Duration = Duration::from_secs(1);
/// How many of our former sessions are remembered to know their entries by. Only those within one session time-out matter.
const FORMER_MAX: usize = 64;

/// Makes the connections.
pub(super) struct ZookeeperConnector {
    cluster: Cluster,
    /// The session to take up again.
    session: Option<SessionInfo>,
    epoch: u64,
    former: VecDeque<i64>,
}

impl ZookeeperConnector {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            session: None,
            epoch: 0,
            former: VecDeque::new(),
        }
    }

    /// The session is gone at the server: whatever was bound to it must be made anew.
    fn forget_session(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        if self.former.len() == FORMER_MAX {
            self.former.pop_front();
        }
        self.former.push_back(session.id().0);
    }
}

impl Connector for ZookeeperConnector {
    type Live = ZookeeperLive;
    type Connection = (Client, Service);

    async fn connect(&mut self) -> Result<(Client, Service), Failure> {
        let cluster = self.cluster.clone();
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
        match connected.await {
            Ok(client) => match capture.take() {
                Some(service) => Ok((client, service)),
                None => Err(Failure::Unreachable("its task is missing".to_owned())),
            },
            Err(Error::SessionExpired) if self.session.is_some() => {
                self.forget_session();
                Err(Failure::Expired)
            }
            Err(error) => Err(Failure::Unreachable(error.to_string())),
        }
    }

    async fn serve(&mut self, (client, service): (Client, Service), users: &Users<ZookeeperLive>) {
        if self.session.is_none() {
            self.epoch += 1;
        }
        self.session = Some(client.session().clone());
        let mut tasks = JoinSet::new();
        let ended = Ended::default();
        tasks.spawn(ended.note(service));
        let mut states = client.state_watcher();
        let former: Arc<[i64]> = self.former.iter().copied().collect();
        let live = ZookeeperLive::new(client, self.epoch, former, ended, &self.cluster);
        // Another server of the cluster may lag behind what the session saw at the last one.
        let synced = tokio::select! {
            synced = live.sync("/") => synced.is_ok(),
            _ = tasks.join_next() => false,
        };
        if synced {
            users.show(live);
            let closed = tokio::select! {
                () = users.closed() => true,
                () = lost(&mut states) => false,
                _ = tasks.join_next() => false,
            };
            users.hide();
            if closed {
                drop(states);
                // With the last handle gone the client closes its session, and the server removes our entries at once.
                let ended = timeout(FAREWELL, tasks.join_next()).await;
                if ended.is_err() {
                    tracing::warn!(registry = %users.name(), "registry does not answer; our entries go with the session's time-out");
                }
                return;
            }
        }
        tasks.shutdown().await;
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
