//! What an attempt was given, and what every call was served under: providers that write down each attempt that they see, behind the
//! cluster of a client whose policies are wasm files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use wubbo::contract::Stub;
use wubbo::{CallOptions, Client, PluginsConfig};
use wubbo_cluster::{DirectoryContext, Failover, Retry, StaticDirectory};
use wubbo_core::{
    BoxFuture, Candidates, Cluster, Error, ErrorKind, Handler, Listener, Outcome, PolicySet,
    PolicySlot, Protocol, Registry, Request, Router, RouterEntry, Routing, RpcResult, ServiceKey,
    Url,
};
use wubbo_hessian2::Value;
use wubbo_protocol::{DubboConfig, DubboProtocol};
use wubbo_registry::{MemoryConfigCenter, MemoryRegistry};
use wubbo_tests::plugin_files::{fixture, fixture_named, put};
use wubbo_tests::scratch::Scratch;

use super::scene::SERVICE;

/// The attachment by which attempts of one call are told together.
const CALL: &str = "call";
/// Attempts of a call over several providers, the default: each is another one's.
const ATTEMPTS: usize = 3;
/// Attempts of a call that a rule leaves one provider: it is tried again once.
const ATTEMPTS_ON_ONE: usize = 2;

/// One attempt as its provider saw it.
#[derive(Debug, Clone, PartialEq)]
struct Attempt {
    provider: usize,
    attachments: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Every attempt by call, in order.
#[derive(Debug, Default)]
struct Seen(Mutex<BTreeMap<String, Vec<Attempt>>>);

/// A provider that takes its time, and answers a call only after it was tried often enough.
#[derive(Debug)]
struct Provider {
    number: usize,
    pause: Duration,
    /// Attempts that a call needs: it is refused before.
    attempts: usize,
    seen: Arc<Seen>,
}

impl Handler for Provider {
    fn handle(&self, request: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let text = |entry: wubbo_core::Entry<'_>| {
                (
                    entry.key.to_owned(),
                    entry.text.unwrap_or_default().to_owned(),
                )
            };
            let mut attachments: BTreeMap<_, _> = request.attachments.iter().map(text).collect();
            // What is left of the time, and the length of the frame, differ by their nature.
            attachments.remove("timeout");
            attachments.remove("input");
            let call = attachments.get(CALL).cloned().unwrap_or_default();
            let attempt = Attempt {
                provider: self.number,
                attachments,
                body: request.body.to_raw()?.bytes.to_vec(),
            };
            tokio::time::sleep(self.pause).await;
            let mut seen = self.seen.0.lock().unwrap();
            let attempts = seen.entry(call).or_default();
            attempts.push(attempt);
            if attempts.len() < self.attempts {
                return Err(Error::new(ErrorKind::ServerError, "not yet"));
            }
            Ok(RpcResult::value(Value::from("done")))
        })
    }
}

/// Three providers on ports of their own.
struct Providers {
    seen: Arc<Seen>,
    urls: Vec<String>,
    _listeners: Vec<Box<dyn Listener>>,
}

impl Providers {
    async fn start(pause: Duration, attempts: usize) -> Self {
        let seen = Arc::new(Seen::default());
        let (mut urls, mut listeners) = (Vec::new(), Vec::new());
        for number in 0..3 {
            let handler = Arc::new(Provider {
                number,
                pause,
                attempts,
                seen: Arc::clone(&seen),
            });
            let protocol = DubboProtocol::new(DubboConfig::default());
            let any = Url::parse("dubbo://127.0.0.1:0").unwrap();
            let listener = protocol.bind(&any, handler).await.unwrap();
            urls.push(format!("dubbo://{}", listener.local_addr()));
            listeners.push(listener);
        }
        Self {
            seen,
            urls,
            _listeners: listeners,
        }
    }

    fn attempts(&self, call: &str) -> Vec<Attempt> {
        self.seen
            .0
            .lock()
            .unwrap()
            .get(call)
            .cloned()
            .unwrap_or_default()
    }

    fn forget(&self) {
        self.seen.0.lock().unwrap().clear();
    }
}

fn service() -> ServiceKey {
    ServiceKey::new(SERVICE, "", "1.0.0")
}

/// A client whose policies are these modules alone, in the memory registry and under the memory config center of that name.
async fn client(folder: &Scratch, name: &str, modules: &[(&str, Vec<u8>)]) -> Client {
    let dir: PathBuf = folder.folder("plugins.d").unwrap();
    for (name, module) in modules {
        put(&dir, &format!("{name}.wasm"), module).unwrap();
    }
    let plugins = PluginsConfig {
        dir: Some(dir),
        builtins: false,
        ..PluginsConfig::default()
    };
    let address = format!("memory:{name}");
    let client = Client::builder("attempts").plugins(plugins);
    let client = client.registry(&address).config_center(&address);
    let client = client
        .parameter("retries", "2")
        .parameter("timeout", "10000");
    client.build().await.unwrap()
}

async fn call(stub: &Stub, number: u64) -> Result<Value, String> {
    let options = CallOptions::new()
        .timeout(Duration::from_secs(10))
        .attachment(CALL, number.to_string())
        .attachment("gone", "here");
    let stub = stub.clone().with(options);
    let answer = stub
        .invoke("echo", &["java.lang.String"], vec![Value::from("x")])
        .await;
    answer.map_err(|error| error.to_string())
}

#[tokio::test]
async fn what_one_attempt_was_given_is_absent_in_the_next() {
    let folder = Scratch::new("attempts").unwrap();
    let providers = Providers::start(Duration::ZERO, ATTEMPTS).await;
    let stamped = client(
        &folder,
        "attempts",
        &[("stamp", fixture("stamp-per-attempt"))],
    )
    .await;
    let stamped = stamped
        .direct_stub(&service(), &providers.urls.join(";"))
        .unwrap();
    for number in 0..10 {
        assert_eq!(call(&stamped, number).await.unwrap(), Value::from("done"));
        let attempts = providers.attempts(&number.to_string());
        assert_eq!(attempts.len(), ATTEMPTS);
        let has = |attempt: usize, key: &str| attempts[attempt].attachments.contains_key(key);
        let stamps = |key: &str| [has(0, key), has(1, key), has(2, key)];
        assert_eq!(stamps("first"), [true, false, false], "{attempts:?}");
        assert_eq!(stamps("second"), [false, true, false], "{attempts:?}");
        assert_eq!(stamps("gone"), [false, true, true], "{attempts:?}");
        // The argument too: rewritten for the first, as the caller gave it for the others.
        assert_eq!(attempts[0].body, b"\x07changed");
        assert_eq!([&attempts[1].body, &attempts[2].body], [b"\x01x", b"\x01x"]);
        // But for the stamp the second and the third are the same.
        let mut second = attempts[1].attachments.clone();
        second.remove("second");
        assert_eq!(second, attempts[2].attachments);
    }
}

/// What became of the calls of a load.
#[derive(Debug, Default)]
struct Verdict {
    calls: usize,
    /// Calls that found no provider, or met two of them: two routers or two attempts did not go by one version of the rules.
    mixed: usize,
    /// Calls during which another rule was written.
    spanning: usize,
    /// Calls by provider.
    by_provider: [usize; 3],
    first: Option<String>,
}

/// Calls without a pause until the time is over, from several callers, while `change` makes another rule count.
async fn load(stub: &Stub, providers: &Providers, time: Duration, change: impl Fn(u64)) -> Verdict {
    let until = Instant::now() + time;
    let (changes, numbers) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let (stub, changes, numbers) = (stub.clone(), Arc::clone(&changes), Arc::clone(&numbers));
        callers.spawn(async move {
            let mut calls = Vec::new();
            while Instant::now() < until {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let before = changes.load(Ordering::Relaxed);
                let answer = call(&stub, number).await;
                if answer.is_err() {
                    // A failure that takes no time must not keep everybody else from running.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                calls.push((number, answer, changes.load(Ordering::Relaxed) != before));
            }
            calls
        });
    }
    let mut next = tokio::time::interval(Duration::from_millis(10));
    while Instant::now() < until {
        next.tick().await;
        change(changes.fetch_add(1, Ordering::Relaxed) + 1);
    }
    let mut verdict = Verdict::default();
    for (number, answer, spanned) in callers.join_all().await.into_iter().flatten() {
        verdict.note(&answer, &providers.attempts(&number.to_string()), spanned);
    }
    verdict
}

impl Verdict {
    fn note(&mut self, answer: &Result<Value, String>, attempts: &[Attempt], spanned: bool) {
        self.calls += 1;
        self.spanning += usize::from(spanned);
        let at: Vec<usize> = attempts.iter().map(|attempt| attempt.provider).collect();
        let one = at.windows(2).all(|pair| pair[0] == pair[1]) && at.len() == ATTEMPTS_ON_ONE;
        match at.first() {
            Some(&provider) if one && answer.is_ok() => self.by_provider[provider] += 1,
            _ => {
                self.mixed += 1;
                self.first
                    .get_or_insert_with(|| format!("{answer:?} at {at:?}"));
            }
        }
    }
}

/// Providers in a memory registry, a rule under a memory config center, and two routers that keep the provider of the rule's digit: a
/// call finds somebody only if both go by one rule, and stays with him through its two attempts only if those do.
struct Ruled {
    folder: Scratch,
    providers: Providers,
    rules: MemoryConfigCenter,
    _registry: MemoryRegistry,
}

impl Ruled {
    async fn start(name: &str, pause: Duration) -> Self {
        let providers = Providers::start(pause, ATTEMPTS_ON_ONE).await;
        let registry = MemoryRegistry::open(name);
        for url in &providers.urls {
            let url =
                format!("{url}/{SERVICE}?interface={SERVICE}&version=1.0.0&category=providers");
            registry.register(&Url::parse(&url).unwrap()).await.unwrap();
        }
        let ruled = Self {
            folder: Scratch::new(name).unwrap(),
            providers,
            rules: MemoryConfigCenter::open(name),
            _registry: registry,
        };
        ruled.rule(0);
        ruled
    }

    fn rule(&self, number: u64) {
        let key = format!("{SERVICE}:1.0.0:.condition-router");
        let text = (number % 3).to_string();
        self.rules.publish(&key, "dubbo", &text).unwrap();
    }

    async fn client(&self, name: &str) -> Client {
        let routers = ["first", "second"];
        let routers = routers.map(|name| (name, fixture_named("router-by-rule", name)));
        client(&self.folder, name, &routers).await
    }
}

/// On one thread, where nothing runs between the making of the client and its first reference.
#[tokio::test]
async fn a_rule_that_was_there_before_the_client_counts_from_the_first_call_on() {
    let ruled = Ruled::start("there-before", Duration::ZERO).await;
    let client = ruled.client("there-before").await;
    let stub = client.stub(&service()).await.unwrap();
    let mut verdict = Verdict::default();
    for number in 0..9 {
        let answer = call(&stub, number).await;
        verdict.note(
            &answer,
            &ruled.providers.attempts(&number.to_string()),
            false,
        );
    }
    assert_eq!((verdict.calls, verdict.mixed), (9, 0), "{verdict:?}");
    assert!(verdict.by_provider.contains(&9), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_served_under_one_version_of_the_rules() {
    let ruled = Ruled::start("one-version", Duration::from_millis(10)).await;
    let client = ruled.client("one-version").await;
    let stub = client.stub(&service()).await.unwrap();
    let change = |number: u64| ruled.rule(number);
    let verdict = load(&stub, &ruled.providers, Duration::from_secs(5), change).await;
    println!("rules changed 100 times a second for 5 s: {verdict:?}");
    assert_eq!(verdict.mixed, 0, "{verdict:?}");
    assert!(
        verdict.spanning > 100,
        "too few calls span a change: {verdict:?}"
    );
    assert!(
        verdict.by_provider.iter().all(|calls| *calls > 10),
        "{verdict:?}"
    );
}

/// A router published the wrong way: it reads the rule of the moment instead of belonging to one version.
#[derive(Debug)]
struct BrokenPublish(&'static str, Arc<AtomicU64>);

impl Router for BrokenPublish {
    fn name(&self) -> &str {
        self.0
    }

    fn route(&self, routing: &Routing<'_>, candidates: &mut Candidates) {
        let kept = usize::try_from(self.1.load(Ordering::Relaxed) % 3).unwrap();
        let rows = 0..routing.table.rows().len();
        rows.filter(|row| *row != kept)
            .for_each(|row| candidates.remove(row));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routers_that_read_the_rule_of_the_moment_are_caught_by_the_same_detector() {
    let providers = Providers::start(Duration::from_millis(10), ATTEMPTS_ON_ONE).await;
    let current = Arc::new(AtomicU64::new(0));
    let entry = |name| RouterEntry {
        router: Arc::new(BrokenPublish(name, Arc::clone(&current))),
        order: 0,
        applies: wubbo_core::Applies::default(),
    };
    let routers = vec![entry("first"), entry("second")];
    let policies = Arc::new(PolicySlot::new(PolicySet::default().with_routers(routers)));
    let reference = Url::parse(&format!(
        "consumer://127.0.0.1/{SERVICE}?version=1.0.0&retries=2"
    ))
    .unwrap();
    let path = |url: &String| Url::parse(&format!("{url}/{SERVICE}?version=1.0.0")).unwrap();
    let urls: Vec<Url> = providers.urls.iter().map(path).collect();
    let protocol: Arc<dyn Protocol> = Arc::new(DubboProtocol::new(DubboConfig::default()));
    let directory = StaticDirectory::new(
        reference,
        &urls,
        &[protocol],
        DirectoryContext {
            policies: policies.clone(),
            ..DirectoryContext::default()
        },
    );
    let cluster = Failover::new(Retry::Retryable).join(Arc::new(directory));
    let stub = Stub::new(cluster, policies);
    // As long as nothing changes, nothing is mixed.
    // The first calls may find the reference without its providers yet.
    let _warm = load(&stub, &providers, Duration::from_millis(300), |_| ()).await;
    providers.forget();
    let still = load(&stub, &providers, Duration::from_millis(300), |_| ()).await;
    assert!(still.calls > 10 && still.mixed == 0, "{still:?}");
    providers.forget();
    let change = |number: u64| current.store(number, Ordering::Relaxed);
    let verdict = load(&stub, &providers, Duration::from_secs(1), change).await;
    println!("the control: {verdict:?}");
    assert!(
        verdict.mixed > 20 && verdict.mixed * 2 > verdict.calls,
        "{verdict:?}"
    );
}
