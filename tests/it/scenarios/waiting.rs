//! Scenarios 2.1 to 2.3: a consumer that waits for providers, and one of whose services nobody ever provides.

use std::time::{Duration, Instant};

use wubbo_tests::java::{Line, installed};
use wubbo_tests::length::full;

use super::calls::{Calls, failed_at, failures, shares, whoami};
use super::providers::{Local, Remote};
use super::scene::{AT_ONCE, Consumer, HOSTS, SOON, Scene, Session, length};
use super::witness;
use crate::server::Kind;

/// How often the server is asked during a wait.
const LOOK: Duration = Duration::from_millis(250);
/// The report's load.
const RATE: u32 = 50;

on_both! {
    scenario_2_1_f93_f94_f95_a_consumer_is_there_before_its_provider: consumer_first;
    scenario_2_2_f97_f114_a_second_provider_joins: second_joins;
    scenario_2_3_f95_f98_a_service_without_providers_disturbs_nobody: unprovided_is_harmless;
}

/// What went on between consumer and server during a wait.
struct Quiet {
    session: String,
    connections: usize,
    requests: Option<u64>,
    looks: u32,
}

impl Quiet {
    async fn begin(scene: &Scene) -> Self {
        Self {
            session: scene.session().await,
            connections: scene.proxy.connections().0,
            requests: scene.requests(),
            looks: 0,
        }
    }

    /// The session is still the one that it was. A server that does not answer in time says nothing.
    fn look(&mut self, scene: &Scene) {
        for session in scene.sessions() {
            assert_eq!(session, self.session, "another session");
            self.looks += 1;
        }
    }

    fn end(self, scene: &Scene, waited: Duration) {
        let log = &scene.log;
        let seconds = waited.as_secs();
        let (session, looks) = (&self.session, self.looks);
        assert!(looks > 0, "the server never showed a session");
        log.figure(
            &format!("sessions of the consumer in {seconds} s, asked {looks} times"),
            format_args!("1 ({session})"),
            "1",
        );
        let connections = scene.proxy.connections().0 - self.connections;
        log.figure("connections made anew meanwhile", connections, "0");
        // On a machine that stood still for long a connection may be given up; that its session stays is asserted always.
        assert!(connections == 0 || !full(), "{connections} new connections");
        if let (Some(before), Some(after)) = (self.requests, scene.requests()) {
            let requests = after.saturating_sub(before);
            log.figure(
                "requests of the consumer meanwhile, pings included",
                requests,
                "no polling",
            );
        }
    }
}

impl Scene {
    fn requests(&self) -> Option<u64> {
        witness::requests(&self.server, Session::Consumer.ms(self.kind))
    }
}

/// 2.1 (F-93, F-94, F-95, F-29, F-111). The report's consumer polled in growing pauses; ours is told by the registry, so there is no schedule to be seen.
async fn consumer_first(kind: Kind) {
    let title = "consumer first, provider later";
    let Some(scene) = Scene::start(kind, "2.1", title).await else {
        return;
    };
    let log = &scene.log;
    let consumer = scene.consumer().await;
    let mut quiet = Quiet::begin(&scene).await;
    let wait = length(Duration::from_secs(2), Duration::from_secs(300));
    let began = Instant::now();
    while began.elapsed() < wait {
        quiet.look(&scene);
        Consumer::nobody(&consumer.service).await;
        tokio::time::sleep(LOOK).await;
    }
    consumer.nobody_at_all(log).await;
    assert!(consumer.lists.now().urls.is_empty());
    let session = quiet.session.clone();
    quiet.end(&scene, wait);

    let _jsonrpc = scene.jsonrpc(HOSTS[0], 10324).await;
    let since = Instant::now();
    let provider = Local::start(&scene, HOSTS[0], "p1").await;
    let listed = consumer
        .lists
        .wait("the provider is listed", since, |list| list.callable() == 1)
        .await;
    log.within(
        "from the provider's start to the consumer's list",
        listed,
        SOON,
    );
    let (answered, _) = consumer.first_answer(since).await;
    log.within(
        "from the list to the first answer",
        answered.saturating_sub(listed),
        SOON,
    );
    log.until("the jsonrpc entry is listed, too", async || {
        consumer.lists.now().urls.len() == 2
    })
    .await;
    let mut seen = Vec::new();
    for _ in 0..20 {
        seen.push(whoami(&consumer.service).await);
    }
    let shares = shares(&seen);
    log.figure(
        "answers to 20 calls, with a jsonrpc entry in the list",
        format_args!("{shares:?}"),
        "all of the dubbo provider (F-29, F-111)",
    );
    assert_eq!(shares["p1"], 20);
    assert_eq!(scene.session().await, session);
    provider.stop().await;
    log.done();
}

/// 2.2 (F-97, F-114). At ZooKeeper the second one is a real Java provider, where there is a JDK.
async fn second_joins(kind: Kind) {
    let title = "a second provider joins";
    let Some(scene) = Scene::start(kind, "2.2", title).await else {
        return;
    };
    let log = &scene.log;
    let consumer = scene.consumer().await;
    let _first = Local::start(&scene, HOSTS[0], "p1").await;
    let _jsonrpc = scene.jsonrpc(HOSTS[0], 10324).await;
    consumer.first_answer(Instant::now()).await;
    let calls = Calls::start(&consumer.service, RATE);

    let _jsonrpc_2 = scene.jsonrpc(HOSTS[1], 14014).await;
    let java = match kind {
        Kind::Zookeeper => installed(Line::Dubbo3).unwrap(),
        Kind::Etcd => None,
    };
    let (mut java_provider, mut own) = (None, None);
    let mut since = Instant::now();
    let what = match java {
        Some(java) => {
            let address = scene.server.address("");
            let provider = java.provider_at(address.trim_end_matches('?'), "p2");
            java_provider = Some(provider.unwrap());
            since = Instant::now();
            log.say("a provider of Dubbo Java 3.3.6 says that it serves");
            "from the Java provider's word that it serves to the consumer's list"
        }
        None => {
            own = Some(Local::start(&scene, HOSTS[1], "p2").await);
            "from the provider's start to the consumer's list"
        }
    };
    let listed = consumer
        .lists
        .wait("both are listed", since, |list| list.callable() == 2)
        .await;
    log.within(what, listed, SOON);
    assert_eq!(consumer.lists.now().urls.len(), 4, "two jsonrpc entries");
    log.until("the second one is called", async || {
        shares(&calls.since(since)).get("p2") > Some(&10)
    })
    .await;
    let seen = calls.stop().await;
    assert_eq!(failed_at(&seen, &[]), 0);
    log.figure("calls during the change", seen.len(), "all answered");

    let count = if full() { 10_000 } else { 1000 };
    let mut seen = Vec::new();
    for _ in 0..count {
        seen.push(whoami(&consumer.service).await);
    }
    assert!(failures(&seen).is_empty(), "{:?}", failures(&seen));
    let shares = shares(&seen);
    let least = if full() {
        count * 45 / 100
    } else {
        count * 30 / 100
    };
    let accepted = format!("each at least {least}");
    log.figure(
        &format!("shares of {count} calls"),
        format_args!("{shares:?}"),
        &accepted,
    );
    assert!(shares.len() == 2 && shares.values().all(|share| *share >= least));
    drop((java_provider, own));
    log.done();
}

/// 2.3 (F-95, F-98).
async fn unprovided_is_harmless(kind: Kind) {
    let title = "a service without providers disturbs nobody";
    let Some(scene) = Scene::start(kind, "2.3", title).await else {
        return;
    };
    let log = &scene.log;
    let consumer = scene.consumer().await;
    let _first = Local::start(&scene, HOSTS[0], "p1").await;
    let _second = Remote::start(&scene, "127.0.0.2:0", "p2");
    consumer.first_answer(Instant::now()).await;
    let mut quiet = Quiet::begin(&scene).await;
    let calls = Calls::start(&consumer.service, RATE);
    let wait = length(Duration::from_secs(3), Duration::from_secs(600));
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    while began.elapsed() < wait {
        quiet.look(&scene);
        slowest = slowest.max(Consumer::nobody(&consumer.unprovided).await);
        tokio::time::sleep(LOOK).await;
    }
    let seen = calls.stop().await;
    assert_eq!(failed_at(&seen, &[]), 0);
    log.figure(
        "calls of the other service, failed",
        format_args!("{} calls, 0 failed", seen.len()),
        "0 failed",
    );
    quiet.end(&scene, wait);
    log.within("the slowest \"no provider\"", slowest, AT_ONCE);
    log.done();
}
