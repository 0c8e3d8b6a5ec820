//! No call meets a table that the policies have not seen.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::watch;
use tokio::task::JoinSet;
use wubbo_core::{
    Applies, Candidates, Invocation, Request, Router, RouterEntry, Routing, ServiceKey,
};

use super::*;

/// Remembers what it was told.
#[derive(Debug, Default)]
pub(super) struct FakeSink {
    /// The versions that it has taken, to the end.
    pub(super) taken: Mutex<BTreeSet<u64>>,
    /// What happened, in order: token and word.
    pub(super) events: Mutex<Vec<(u64, &'static str)>>,
    /// How often the weights of a table were told.
    pub(super) weights: AtomicUsize,
    /// How long it takes to take a table.
    pub(super) delay: Duration,
    /// Whether it never does.
    pub(super) stuck: AtomicBool,
}

impl FakeSink {
    fn note(&self, token: u64, word: &'static str) {
        self.events.lock().unwrap().push((token, word));
    }

    pub(super) fn words(&self) -> Vec<&'static str> {
        let events = self.events.lock().unwrap();
        events.iter().map(|(_, word)| *word).collect()
    }
}

impl TableSink for FakeSink {
    fn deliver<'a>(&'a self, table: &'a Arc<ProviderTable>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.note(table.token(), "deliver");
            if self.stuck.load(Ordering::Relaxed) {
                pending::<()>().await;
            }
            tokio::time::sleep(self.delay).await;
            self.taken.lock().unwrap().insert(table.version());
            self.note(table.token(), "taken");
        })
    }

    fn weights_changed<'a>(&'a self, table: &'a Arc<ProviderTable>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            assert!(self.taken.lock().unwrap().contains(&table.version()));
            self.weights.fetch_add(1, Ordering::Relaxed);
        })
    }

    fn forget(&self, token: u64) {
        self.note(token, "forget");
    }
}

pub(super) fn context(sink: &Arc<FakeSink>) -> DirectoryContext {
    DirectoryContext {
        tables: Some(sink.clone()),
        ..DirectoryContext::default()
    }
}

/// A router that knows who must have seen a table before it does, and counts those that nobody has.
#[derive(Debug)]
struct Checker {
    sink: Arc<FakeSink>,
    seen: Mutex<BTreeSet<u64>>,
    untaken: AtomicUsize,
}

impl Router for Checker {
    fn name(&self) -> &str {
        "checker"
    }

    fn route(&self, routing: &Routing<'_>, candidates: &mut Candidates) {
        let version = routing.table.version();
        assert_eq!(candidates.count(), routing.table.rows().len());
        self.seen.lock().unwrap().insert(version);
        if !self.sink.taken.lock().unwrap().contains(&version) {
            self.untaken.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Calls run over a list that changes all the time, together with the configuration; how many tables they met, and how many of their
/// routings were over tables that `sink` had not taken.
async fn race(sink: Arc<FakeSink>, context: DirectoryContext) -> (usize, usize) {
    let checker = Arc::new(Checker {
        sink,
        seen: Mutex::default(),
        untaken: AtomicUsize::new(0),
    });
    let policies = context.policies.clone();
    let (told, configuration) = watch::channel(0);
    let context = DirectoryContext {
        configuration: configuration.into(),
        ..context
    };
    let set = |configuration| {
        let entry = RouterEntry {
            router: checker.clone(),
            order: 0,
            applies: Applies::default(),
        };
        let set = PolicySet::default().with_routers(vec![entry]);
        Arc::new(set.with_configurators(configuration, vec![]))
    };
    policies.publish(set(0));
    let (sender, directory) = directory(&Fake::healthy(), "", context);
    let directory = Arc::new(directory);
    announce(&sender, providers(1));
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
    let over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let cluster = Failover::new(Retry::Retryable).join(directory.clone());
        let (policies, over) = (policies.clone(), over.clone());
        callers.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let mut request = Request::new(ServiceKey::new(SERVICE, "", ""), "test");
                request.policies = policies.load();
                let call = Invocation::new(request, Url::default());
                cluster.invoke(call).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    for round in 0..100 {
        announce(&sender, providers(round % 7 + 1));
        if round % 5 == 0 {
            policies.publish(set(round as u64));
            told.send_modify(|told| *told += 1);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    over.store(true, Ordering::Relaxed);
    callers.join_all().await;
    let seen = checker.seen.lock().unwrap().len();
    (seen, checker.untaken.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn calls_never_meet_a_table_that_was_not_taken() {
    let sink = Arc::new(FakeSink {
        delay: Duration::from_micros(200),
        ..FakeSink::default()
    });
    let (seen, untaken) = race(sink.clone(), context(&sink)).await;
    assert!(seen > 10, "the race was none: {seen} tables");
    assert_eq!(untaken, 0, "of {seen} tables");
}

/// The check finds what it is for: with nobody told, every call is over a table that was not taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_table_that_was_not_taken_is_noticed() {
    let (seen, untaken) = race(Arc::default(), DirectoryContext::default()).await;
    assert!(seen > 10 && untaken >= seen, "{seen} tables, {untaken}");
}

#[tokio::test]
async fn tables_are_forgotten_when_the_directory_goes_and_never_delivered_after() {
    let sink = Arc::new(FakeSink::default());
    let (sender, registry) = directory(&Fake::healthy(), "", context(&sink));
    announce(&sender, providers(2));
    assert!(registry.wait_ready(Duration::from_secs(5)).await);
    let token = registry.list().table.token();
    assert_ne!(token, 0);
    drop(registry);
    until("forgotten", || sink.words().contains(&"forget")).await;
    announce(&sender, providers(3));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(
        *sink.events.lock().unwrap(),
        ["deliver", "taken", "forget"].map(|word| (token, word))
    );

    // In the midst of a delivery, too.
    sink.stuck.store(true, Ordering::Relaxed);
    let (sender, registry) = directory(&Fake::healthy(), "", context(&sink));
    announce(&sender, providers(2));
    until("a delivery has begun", || sink.words().len() == 4).await;
    drop(registry);
    until("forgotten", || sink.words().len() == 5).await;
    let events = sink.events.lock().unwrap();
    assert_eq!(events[3].1, "deliver");
    assert_eq!(events[4], (events[3].0, "forget"));
    assert_ne!(events[4].0, token, "another reference, another token");
}

#[tokio::test(start_paused = true)]
async fn policies_that_never_take_a_table_delay_it_and_no_more() {
    let sink = Arc::new(FakeSink::default());
    sink.stuck.store(true, Ordering::Relaxed);
    let (sender, directory) = directory(&Fake::healthy(), "", context(&sink));
    announce(&sender, providers(2));
    let almost = POLICY_LIMIT - Duration::from_millis(5);
    assert!(!directory.wait_ready(almost).await);
    assert!(directory.wait_ready(Duration::from_millis(10)).await);
    assert_eq!(directory.list().invokers.len(), 2);
    // The next one is delivered again.
    sink.stuck.store(false, Ordering::Relaxed);
    announce(&sender, providers(3));
    until("the next list", || directory.list().invokers.len() == 3).await;
    assert_eq!(sink.words(), ["deliver", "deliver", "taken"]);
}

#[tokio::test]
async fn direct_providers_are_delivered_before_the_first_call_and_forgotten_after_the_last() {
    let sink = Arc::new(FakeSink {
        delay: Duration::from_millis(5),
        ..FakeSink::default()
    });
    let fake = Fake::healthy();
    let fixed = StaticDirectory::new(
        reference(""),
        &providers(3),
        &fake.protocols(),
        context(&sink),
    );
    assert_eq!(fixed.list().table.token(), 0, "nobody has seen it yet");
    assert!(fixed.wait_ready(Duration::from_secs(5)).await);
    let list = fixed.list();
    assert_eq!(list.invokers.len(), 3);
    assert!(sink.taken.lock().unwrap().contains(&list.table.version()));
    drop(fixed);
    until("forgotten", || sink.words().last() == Some(&"forget")).await;
}
