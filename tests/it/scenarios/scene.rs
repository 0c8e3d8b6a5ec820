//! What every scenario has: a registry's server, a proxy in the consumer's way to it, and the consumer itself, a client of this process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wubbo::Client;
use wubbo::contract::Stub;
use wubbo::core::{ErrorKind, Registry, ServiceKey};
use wubbo_tests::length::full;

use super::calls::{Call, whoami};
use super::lists::Lists;
use super::log::Log;
use super::witness;
use crate::proxy::Proxy;
use crate::server::{Kind, Server};

/// The service that is called; the report's SUS.
pub(super) const SERVICE: &str = "org.wubbo.demo.EchoService";
/// The service that nobody ever provides; the report's AKS.
const UNPROVIDED: &str = "im.youni.token.api.AccessKeyService";
/// Where the report's two hosts are.
pub(super) const HOSTS: [&str; 2] = ["127.0.0.1", "127.0.0.2"];
/// What the report asks for between a change at the registry and the consumer's list, and from there to a call.
pub(super) const SOON: Duration = Duration::from_secs(1);
/// "At once": no time-out is waited for.
pub(super) const AT_ONCE: Duration = Duration::from_secs(1);
/// A call is not to fail because the machine is busy.
const CALL_TIMEOUT_MS: &str = "10000";

/// One scenario on one registry.
pub(super) struct Scene {
    pub(super) kind: Kind,
    pub(super) server: Server,
    pub(super) proxy: Proxy,
    pub(super) log: Log,
}

/// How long sessions live, as the server grants them: differently, so that the server's own lists tell them apart.
#[derive(Clone, Copy)]
pub(super) enum Session {
    /// Of the consumer.
    Consumer,
    /// Of a provider that lives.
    Steady,
    /// Of a provider that is to die.
    Brief,
    /// Of entries that the scenario makes itself.
    Foreign,
}

impl Session {
    pub(super) fn ms(self, kind: Kind) -> u64 {
        match (kind, self) {
            (Kind::Zookeeper, Self::Consumer) => 4000,
            (Kind::Zookeeper, Self::Steady) => 3800,
            (Kind::Zookeeper, Self::Foreign) => 3600,
            (Kind::Etcd, Self::Consumer) => 10_000,
            (Kind::Etcd, Self::Steady) => 9000,
            (Kind::Etcd, Self::Foreign) => 8000,
            (_, Self::Brief) => 2000,
        }
    }
}

/// The consumer with both references, and the lists of its session.
pub(super) struct Consumer {
    _client: Client,
    pub(super) service: Stub,
    pub(super) unprovided: Stub,
    pub(super) lists: Lists,
}

/// Tells a scenario on a runtime of its own; the scenario itself may block, it has this thread.
pub(super) fn run(scenario: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(scenario);
}

/// `long` with `WUBBO_FULL=on`, else `scaled`.
pub(super) fn length(scaled: Duration, long: Duration) -> Duration {
    if full() { long } else { scaled }
}

impl Scene {
    /// Starts the registry. `None` when there is none of this kind on this machine.
    pub(super) async fn start(
        kind: Kind,
        scenario: &'static str,
        title: &'static str,
    ) -> Option<Self> {
        let server = kind.own()?;
        let proxy = Proxy::to(&server).await;
        let log = Log::new(scenario, title, kind);
        log.say(format_args!("{} is up", kind.name()));
        Some(Self {
            kind,
            server,
            proxy,
            log,
        })
    }

    /// The registry's address for whoever has such a session, past the proxy.
    pub(super) fn address(&self, session: Session) -> String {
        self.server
            .address(&format!("session={}", session.ms(self.kind)))
    }

    /// Starts the consumer behind the proxy: it makes one attempt per call.
    pub(super) async fn consumer(&self) -> Consumer {
        let session = Session::Consumer.ms(self.kind);
        let address = self.proxy.address(&format!("session={session}"));
        let lists = Lists::of(&address).await;
        let client = Client::builder("cmg")
            .registry(&address)
            .parameter("retries", "0")
            .parameter("timeout", CALL_TIMEOUT_MS)
            // Shares are those of providers that are warm.
            .parameter("warmup", "0")
            .build()
            .await
            .unwrap();
        let service = ServiceKey::new(SERVICE, "", "1.0.0");
        let service = client.stub(&service).await.unwrap();
        let unprovided = ServiceKey::new(UNPROVIDED, "", "");
        let unprovided = client.stub(&unprovided).await.unwrap();
        self.log
            .until("the consumer is connected", async || lists.is_connected())
            .await;
        Consumer {
            _client: client,
            service,
            unprovided,
            lists,
        }
    }

    /// The sessions of the consumer, as the server knows them.
    pub(super) fn sessions(&self) -> Vec<String> {
        let sessions = witness::sessions(&self.server, Session::Consumer.ms(self.kind));
        sessions.into_iter().collect()
    }

    /// The only session of the consumer.
    pub(super) async fn session(&self) -> String {
        self.log
            .until("the server knows one session of the consumer", async || {
                self.sessions().len() == 1
            })
            .await;
        self.sessions().concat()
    }

    /// Announces an entry of a provider that speaks JSON-RPC, which the consumer does not; it goes with the answer.
    pub(super) async fn jsonrpc(&self, host: &str, pid: u32) -> Arc<dyn Registry> {
        let registry = wubbo_registry::open(&self.address(Session::Foreign)).await;
        let registry = registry.unwrap();
        let entry = format!(
            "jsonrpc://{host}:30880/{SERVICE}2?anyhost=true&application=status-dubbo-p&default.threads=100&dubbo=2.5.3\
             &interface={SERVICE}&methods=logout,updateLocale,heartbeat,clearStatus,login0,login&pid={pid}\
             &revision=0.0.5&server=jetty&side=provider&timestamp=1470730434282&version=1.0.0"
        );
        registry.register(&entry.parse().unwrap()).await.unwrap();
        self.log
            .say(format_args!("a jsonrpc entry at {host} is announced"));
        registry
    }
}

impl Consumer {
    /// Calls until a call succeeds; how long after `since` the first one ended that did, and who answered.
    pub(super) async fn first_answer(&self, since: Instant) -> (Duration, String) {
        loop {
            let call = whoami(&self.service).await;
            if let Ok(name) = call.outcome {
                return (since.elapsed(), name);
            }
            assert!(since.elapsed() < Duration::from_secs(40), "{call:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asserts that a call is told at once that there is no provider; how long that took.
    pub(super) async fn nobody(stub: &Stub) -> Duration {
        let call = whoami(stub).await;
        refused(&call);
        call.took
    }

    /// Asserts that calls of both references are refused at once, as soon as the last list has reached them.
    pub(super) async fn nobody_at_all(&self, log: &Log) {
        log.until("calls see that nobody is listed", async || {
            let call = whoami(&self.service).await;
            let failure = call.outcome.unwrap_err();
            failure.kind == Some(ErrorKind::NoProvider)
        })
        .await;
        let slowest = Self::nobody(&self.service).await;
        let slowest = slowest.max(Self::nobody(&self.unprovided).await);
        log.within("\"no provider\" is said", slowest, AT_ONCE);
    }
}

fn refused(call: &Call) {
    let failure = call.outcome.as_ref().unwrap_err();
    assert_eq!(failure.kind, Some(ErrorKind::NoProvider), "{failure:?}");
    assert!(
        failure.text.contains("no provider available"),
        "{failure:?}"
    );
}
