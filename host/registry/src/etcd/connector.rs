//! One connection to etcd after the other, with the same lease as long as that lives.
//!
//! The lease is our session: it is kept alive over the connection, and its answers tell whether the connection lives. A connection
//! goes to one server; the next one is tried when that is lost.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Client, ConnectOptions, Error, LeaseKeepAliveStream, LeaseKeeper};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use super::live::{EtcdLive, Lease};
use super::refusal::{Meaning, explain, meaning};
use super::tls;
use super::watches::Watches;
use crate::tree::link::{Connector, Failure, Users};
use crate::tree::settings::Cluster;

/// How long an answer is waited for: a third of the lease, within these bounds.
const SILENCE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];
/// How long ending a lease may take at the end; then the server ends it by its time.
const FAREWELL: Duration = Duration::from_secs(1);
/// How many of our former leases are remembered to know their entries by.
const FORMER_MAX: usize = 64;

/// Makes the connections.
pub(super) struct EtcdConnector {
    cluster: Cluster,
    /// The server to be tried next.
    next: usize,
    /// The lease to take up again.
    lease: Option<Lease>,
    epoch: u64,
    former: VecDeque<i64>,
}

/// A connection with our lease in it.
pub(super) struct Connection {
    client: Client,
    lease: Lease,
    keeper: LeaseKeeper,
    answers: LeaseKeepAliveStream,
}

/// How a connection ends.
enum End {
    /// Nobody is left.
    Closed,
    Lost,
    /// The lease is gone at the server.
    Expired,
}

impl EtcdConnector {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            next: 0,
            lease: None,
            epoch: 0,
            former: VecDeque::new(),
        }
    }

    /// Connects to one server and makes sure of the lease.
    async fn attempt(&mut self, server: &str) -> Result<Connection, Failure> {
        let silence = silence(self.cluster.session);
        let mut options = ConnectOptions::new()
            .with_connect_timeout(silence)
            .with_require_leader(true);
        if let Some((user, password)) = self.cluster.identity.0.split_once(':') {
            options = options
                .with_user(user, password)
                .with_auto_token_refresh(true);
        }
        let scheme = match &self.cluster.tls {
            None => "http",
            Some(files) => {
                let tls = tls::options(files).map_err(Failure::Unreachable)?;
                options = options.with_tls(tls);
                "https"
            }
        };
        let unreachable = |error: Error| Failure::Unreachable(explain(&error));
        let client = Client::connect([format!("{scheme}://{server}")], Some(options))
            .await
            .map_err(unreachable)?;
        let mut leases = client.lease_client();
        let lease = match self.lease {
            Some(lease) => lease,
            None => {
                let seconds = i64::try_from(self.cluster.session.as_secs()).unwrap_or(i64::MAX);
                let granted = leases.grant(seconds, None).await.map_err(unreachable)?;
                let seconds = u64::try_from(granted.ttl()).unwrap_or(1).max(1);
                let lease = Lease {
                    id: granted.id(),
                    time: Duration::from_secs(seconds),
                };
                self.epoch += 1;
                self.lease = Some(lease);
                lease
            }
        };
        match leases.keep_alive(lease.id).await {
            Ok((keeper, answers)) => Ok(Connection {
                client,
                lease,
                keeper,
                answers,
            }),
            // This is how the library says that it does not live.
            Err(Error::LeaseKeepAliveError(_)) => Err(self.forget_lease()),
            Err(error) if meaning(&error) == Meaning::NoLease => Err(self.forget_lease()),
            Err(error) => Err(unreachable(error)),
        }
    }

    /// The lease is gone at the server: whatever was bound to it must be made anew.
    fn forget_lease(&mut self) -> Failure {
        if let Some(lease) = self.lease.take() {
            if self.former.len() == FORMER_MAX {
                self.former.pop_front();
            }
            self.former.push_back(lease.id);
        }
        Failure::Expired
    }
}

impl Connector for EtcdConnector {
    type Live = EtcdLive;
    type Connection = Connection;

    async fn connect(&mut self) -> Result<Connection, Failure> {
        let servers: Vec<String> = self
            .cluster
            .addresses
            .split(',')
            .map(str::to_owned)
            .collect();
        let mut reasons = Vec::new();
        for _ in &servers {
            let Some(server) = servers.get(self.next % servers.len()) else {
                break;
            };
            let limit = silence(self.cluster.session) * 2;
            match timeout(limit, self.attempt(server)).await {
                Ok(Err(Failure::Unreachable(reason))) => {
                    reasons.push(format!("{server}: {reason}"))
                }
                Ok(done) => return done,
                Err(_) => reasons.push(format!("{server}: no answer within {limit:?}")),
            }
            self.next += 1;
        }
        Err(Failure::Unreachable(reasons.join("; ")))
    }

    async fn serve(&mut self, connection: Connection, users: &Users<EtcdLive>) {
        let Connection {
            client,
            lease,
            mut keeper,
            mut answers,
        } = connection;
        let (watches, doubt) = (Watches::new(), Arc::new(Notify::new()));
        let former: Arc<[i64]> = self.former.iter().copied().collect();
        users.show(EtcdLive::new(
            client.kv_client(),
            (lease, silence(lease.time)),
            (self.epoch, former),
            watches.clone(),
            Arc::clone(&doubt),
        ));
        let end = tokio::select! {
            () = users.closed() => End::Closed,
            end = heartbeat(lease, &mut keeper, &mut answers, &doubt) => end,
            () = watches.run(client.watch_client()) => End::Lost,
        };
        users.hide();
        match end {
            End::Lost => {}
            End::Expired => {
                let registry = users.name();
                tracing::warn!(%registry, "lease of the registry is gone, entries are made anew");
                self.forget_lease();
            }
            End::Closed => {
                // The server removes our entries with it, at once.
                let ended = timeout(FAREWELL, client.lease_client().revoke(lease.id)).await;
                if ended.is_err() {
                    tracing::warn!(registry = %users.name(), "registry does not answer; our entries go with their lease");
                }
            }
        }
    }
}

/// Keeps the lease alive every third of its time, and when `doubt` says that it may be gone.
async fn heartbeat(
    lease: Lease,
    keeper: &mut LeaseKeeper,
    answers: &mut LeaseKeepAliveStream,
    doubt: &Notify,
) -> End {
    let pause = lease.time / 3;
    let mut due = Instant::now() + pause;
    let mut expected: Option<Instant> = None;
    loop {
        let timer = sleep_until(expected.unwrap_or(due));
        let ask = tokio::select! {
            answer = answers.message() => match answer {
                Ok(Some(answer)) if answer.ttl() > 0 => {
                    expected = None;
                    false
                }
                Ok(Some(_)) => return End::Expired,
                Ok(None) | Err(_) => return End::Lost,
            },
            () = timer => match expected {
                Some(_) => return End::Lost,
                None => true,
            },
            () = doubt.notified() => expected.is_none(),
        };
        if ask {
            if keeper.keep_alive().await.is_err() {
                return End::Lost;
            }
            let now = Instant::now();
            expected = Some(now + silence(lease.time));
            due = now + pause;
        }
    }
}

fn silence(session: Duration) -> Duration {
    let [least, most] = SILENCE;
    (session / 3).clamp(least, most)
}
